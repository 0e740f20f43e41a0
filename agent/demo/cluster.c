#include "agent/demo/cluster.h"

#include "agent/demo/cluster_inside.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define MOVES_MAX  10000
#define PASSES_MAX 10000

struct cluster *cluster_new(const struct cluster_options *options)
{
	struct cluster *cluster = calloc(1, sizeof(*cluster));

	if (!cluster)
		abort();
	assert(options->server);
	cluster->options = *options;
	cluster_gc_init(cluster);
	return cluster;
}

static void deployment_free(struct cluster_deployment *deployment)
{
	while (deployment->sets) {
		struct cluster_set *set = deployment->sets;

		deployment->sets = set->next;
		cluster_set_free(set);
	}
	json_decref(deployment->object);
	json_decref(deployment->spec);
	free(deployment->namespace);
	free(deployment->name);
	free(deployment->uid);
	free(deployment);
}

struct cluster *cluster_free(struct cluster *cluster)
{
	while (cluster && cluster->deployments) {
		struct cluster_deployment *deployment = cluster->deployments;

		cluster->deployments = deployment->next;
		deployment_free(deployment);
	}
	if (cluster)
		cluster_gc_fini(cluster);
	free(cluster);
	return NULL;
}

bool cluster_send(struct cluster *cluster, enum http_method method, const char *url,
                  const char *type, json_t *body)
{
	char *text = json_dumps(body, JSON_COMPACT);
	struct apiserver_letter letter = {
		.method = method,
		.url = url,
		.body = text,
		.type = type,
		.who = "kube-controller-manager/v1.35.4",
	};
	struct arena arena = {0};
	struct http_reply reply;

	if (!text)
		abort();
	json_decref(body);
	reply = apiserver_write_inside(cluster->options.server, &letter, &arena, cluster->now);
	free(text);
	arena_fini(&arena);
	return reply.status >= 200 && reply.status < 300;
}

static char *kept(const json_t *metadata, const char *key)
{
	const char *text = json_string_value(json_object_get(metadata, key));
	char *copy = strdup(text ? text : "");

	if (!copy)
		abort();
	return copy;
}

static struct cluster_deployment *deployment_of(struct cluster *cluster, const json_t *object)
{
	const json_t *metadata = json_object_get(object, "metadata");
	const char *uid = json_string_value(json_object_get(metadata, "uid"));
	struct cluster_deployment *deployment = cluster->deployments;

	while (deployment && strcmp(deployment->uid, uid) != 0)
		deployment = deployment->next;
	if (deployment)
		return deployment;
	deployment = calloc(1, sizeof(*deployment));
	if (!deployment)
		abort();
	deployment->namespace = kept(metadata, "namespace");
	deployment->name = kept(metadata, "name");
	deployment->uid = kept(metadata, "uid");
	deployment->next = cluster->deployments;
	cluster->deployments = deployment;
	return deployment;
}

/* Let the controller see the object, once it is there for long enough. */
static void look(struct cluster *cluster, struct cluster_deployment *deployment,
                 const json_t *object)
{
	int64_t generation = json_integer_value(
		json_object_get(json_object_get(object, "metadata"), "generation"));
	json_t *spec = json_object_get(object, "spec");

	if (generation != deployment->next_generation) {
		if (deployment->generation == deployment->next_generation)
			deployment->seen_at = instant_after(cluster->now, cluster->options.delay);
		deployment->next_generation = generation;
	}
	if (instant_is_before(cluster->now, deployment->seen_at) ||
	    deployment->generation == generation)
		return;
	deployment->generation = generation;
	json_decref(deployment->spec);
	deployment->spec = json_incref(spec);
	if (deployment->is_daemon)
		cluster_rollout_read_daemon(spec, &deployment->wish);
	else
		cluster_rollout_read(spec, &deployment->wish);
}

static struct instant next_of(const struct cluster *cluster,
                              const struct cluster_deployment *deployment)
{
	const struct cluster_wish *wish = &deployment->wish;
	struct instant end = instant_after(deployment->progress_at, wish->deadline);
	struct instant next = {0};
	const struct cluster_set *set;

	if (deployment->generation != deployment->next_generation)
		next = deployment->seen_at;
	if (instant_is_before(cluster->now, deployment->told_until))
		next = instant_earlier(next, deployment->told_until);
	for (set = deployment->sets; set; set = set->next)
		next = instant_earlier(next, cluster_set_next(set, wish->min_ready, cluster->now));
	if (wish->deadline.ms > 0 && instant_is_before(cluster->now, end) &&
	    deployment->progress != CLUSTER_PROGRESS_COMPLETE &&
	    deployment->progress != CLUSTER_PROGRESS_EXCEEDED)
		next = instant_earlier(next, end);
	return next;
}

/* Remember what was dealt with: nothing is to be done until that changes, or time has come. */
static void settle(struct cluster *cluster, struct cluster_deployment *deployment)
{
	const json_t *object =
		apiserver_find(cluster->options.server, cluster_status_plural(deployment),
	                       deployment->namespace, deployment->name);

	json_decref(deployment->object);
	deployment->object = json_incref((json_t *)(uintptr_t)object);
	deployment->wakes_at = next_of(cluster, deployment);
}

static void reconcile(struct cluster *cluster, const json_t *object, bool is_daemon)
{
	struct cluster_deployment *deployment = deployment_of(cluster, object);
	bool is_awake =
		!deployment->object || (instant_is_set(deployment->wakes_at) &&
	                                !instant_is_before(cluster->now, deployment->wakes_at));
	size_t n_moves = 0;

	deployment->is_there = true;
	deployment->is_daemon = is_daemon;
	if (deployment->object == object && !is_awake)
		return;
	look(cluster, deployment, object);
	while (deployment->spec && cluster_rollout_move(cluster, deployment)) {
		cluster_status_judge(cluster, deployment);
		assert(++n_moves < MOVES_MAX);
	}
	if (deployment->spec) {
		cluster_rollout_tidy(deployment);
		cluster_status_write(cluster, deployment, object);
	}
	if (is_awake || n_moves > 0)
		cluster->is_endpoints_due = true; /* there are other pods, or they are ready */
	settle(cluster, deployment);
}

/* Forget the Deployments that are gone, and their pods. */
static void forget(struct cluster *cluster)
{
	struct cluster_deployment **at = &cluster->deployments;

	while (*at) {
		struct cluster_deployment *deployment = *at;

		if (deployment->is_there) {
			deployment->is_there = false;
			at = &deployment->next;
		} else {
			*at = deployment->next;
			deployment_free(deployment);
			cluster->is_endpoints_due = true;
		}
	}
}

/* Read what was written since the last time. */
static void read_news(struct cluster *cluster)
{
	struct apiserver_news news;

	for (;;) {
		switch (apiserver_read_next(cluster->options.server, &cluster->cursor, &news)) {
		case APISERVER_READ_NONE:
			return;
		case APISERVER_READ_NEWS:
			cluster_gc_note(cluster, &news);
			if (cluster_endpoints_concerned(&news))
				cluster->is_endpoints_due = true;
			cluster->are_routes_due |= cluster_routes_concerned(&news);
			cluster->are_scalers_due |= cluster_scalers_concerned(&news);
			break;
		case APISERVER_READ_LOST:
			cluster_gc_note_all(cluster);
			cluster->is_endpoints_due = true;
			cluster->are_routes_due = true;
			cluster->are_scalers_due = true;
			break;
		}
	}
}

struct instant cluster_step(struct cluster *cluster, struct instant now)
{
	const struct apiserver *server = cluster->options.server;
	struct cluster_deployment *deployment;
	const json_t *object;
	size_t n_passes = 0;

	assert(!instant_is_before(now, cluster->now));
	cluster->now = now;
	if (cluster->revision == apiserver_revision(server) &&
	    (!instant_is_set(cluster->next) || instant_is_before(now, cluster->next)))
		return cluster->next;
	read_news(cluster);
	while (cluster_gc_pass(cluster)) {
		read_news(cluster);
		assert(++n_passes < PASSES_MAX);
	}
	cluster_scalers_act(cluster);
	for (size_t i = 0; (object = apiserver_at(server, "deployments", i)); i++)
		reconcile(cluster, object, false);
	for (size_t i = 0; (object = apiserver_at(server, "daemonsets", i)); i++)
		reconcile(cluster, object, true);
	forget(cluster);
	if (cluster->options.has_endpoints)
		cluster_endpoints_write(cluster);
	cluster_routes_write(cluster);
	cluster->revision = apiserver_revision(server);
	cluster->next = (struct instant){0};
	for (deployment = cluster->deployments; deployment; deployment = deployment->next)
		cluster->next = instant_earlier(cluster->next, deployment->wakes_at);
	return cluster->next;
}

static bool is_selected(const json_t *template, json_t *selector)
{
	const json_t *labels = json_object_get(json_object_get(template, "metadata"), "labels");
	const char *key;
	json_t *value;

	json_object_foreach(selector, key, value)
	{
		if (!json_equal(json_object_get(labels, key), value))
			return false;
	}
	return selector;
}

size_t cluster_select(const struct cluster *cluster, const char *namespace, json_t *selector,
                      struct cluster_pods *ret, size_t max)
{
	const struct cluster_deployment *deployment;
	const struct cluster_set *set;
	size_t n = 0;

	for (deployment = cluster->deployments; deployment; deployment = deployment->next) {
		if (strcmp(deployment->namespace, namespace) != 0)
			continue;
		for (set = deployment->sets; set; set = set->next) {
			if (set->n_pods == 0 || !is_selected(set->template, selector))
				continue;
			if (n++ >= max)
				continue;
			ret[n - 1] = (struct cluster_pods){
				.namespace = deployment->namespace,
				.deployment = deployment->name,
				.template = set->template,
				.n_pods = (size_t)set->n_pods,
				.n_ready = (size_t)cluster_set_ready(set, cluster->now),
			};
		}
	}
	return n;
}

size_t cluster_backends(const struct cluster *cluster, const char *namespace, const char *service,
                        struct cluster_pods *ret, size_t max)
{
	const json_t *object =
		apiserver_find(cluster->options.server, "services", namespace, service);
	json_t *selector = json_object_get(json_object_get(object, "spec"), "selector");

	return selector ? cluster_select(cluster, namespace, selector, ret, max) : 0;
}

size_t cluster_ready_pods(const struct cluster *cluster, const char *namespace, json_t *selector)
{
	struct cluster_pods pods[64];
	size_t n = cluster_select(cluster, namespace, selector, pods, array_length(pods));
	size_t n_ready = 0;

	assert(n <= array_length(pods));
	for (size_t i = 0; i < n; i++)
		n_ready += pods[i].n_ready;
	return n_ready;
}

size_t cluster_break_pods(struct cluster *cluster, const char *namespace, const char *deployment,
                          size_t n)
{
	struct cluster_deployment *at;
	struct cluster_set *set;
	size_t n_broken = 0;

	for (at = cluster->deployments; at; at = at->next) {
		if (strcmp(at->namespace, namespace) != 0 || strcmp(at->name, deployment) != 0)
			continue;
		for (set = at->sets; set; set = set->next)
			n_broken += cluster_set_break(set, n - n_broken, cluster->now);
		json_decref(at->object);
		at->object = NULL;
	}
	cluster->revision = 0; /* look at all of it in the next step */
	return n_broken;
}

size_t cluster_mend_pods(struct cluster *cluster, const char *namespace, const char *deployment)
{
	struct cluster_deployment *at;
	struct cluster_set *set;
	size_t n_mended = 0;

	for (at = cluster->deployments; at; at = at->next) {
		if (strcmp(at->namespace, namespace) != 0 || strcmp(at->name, deployment) != 0)
			continue;
		for (set = at->sets; set; set = set->next)
			n_mended += cluster_set_mend(cluster, set);
		json_decref(at->object);
		at->object = NULL;
	}
	cluster->revision = 0; /* look at all of it in the next step */
	return n_mended;
}
