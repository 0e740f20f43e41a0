#include "agent/command/plan_world.h"

#include "agent/agent.h"
#include "agent/command/plan_clean.h"
#include "agent/demo/cluster.h"
#include "agent/demo/sim_http.h"
#include "agent/demo/sim_loop.h"
#include "agent/history_memory.h"
#include "providers/kube/tree.h"

#include <stdlib.h>
#include <string.h>

#define MANAGER        "serin"
#define USER_AGENT     MANAGER "/plan"
#define SETTLE_SECONDS 30
#define BEGUN_SECONDS  5   /* an analysis that has begun is seen after so long */
#define QUIET_SECONDS  20  /* nothing is written by an agent at rest */
#define STUCK_SECONDS  120 /* nor for so long by one that waits for something */

struct plan_world {
	struct plan_world_options options;
	struct sim_loop *sim;
	struct apiserver *server;
	struct cluster *cluster;
	struct alarm roll;
	struct agent *agent;
	struct sim_http *http;
	struct history *history;
	struct plan_clean clean; /* UIDs of the live cluster and theirs here */
	struct instant written;  /* when the agent wrote last */
	size_t n_objects;
};

static const char *const selector_labels[] = {"app", "name", "app.kubernetes.io/name", NULL};

/* Metrics are not known. */
static struct http_reply on_web(void *user, const struct http_request *request, struct arena *arena)
{
	struct http_reply reply = {0};

	(void)user;
	(void)request;
	(void)arena;
	(void)err_set(&reply.error, ERR_TRANSPORT, "a plan asks no metrics");
	return reply;
}

static const char *find_agent(const struct http_request *request)
{
	for (size_t i = 0; i < request->n_headers; i++) {
		if (strcasecmp(request->headers[i].name, "User-Agent") == 0)
			return request->headers[i].value;
	}
	return "";
}

static struct apiserver_fault on_after(void *user, const struct http_request *request,
                                       const struct http_reply *reply)
{
	struct plan_world *world = user;

	if (request->method != HTTP_GET && reply->status < 300 &&
	    strcmp(find_agent(request), USER_AGENT) == 0 && !strstr(request->url, "/leases"))
		world->written = sim_loop_now(world->sim);
	return (struct apiserver_fault){0};
}

/* The controllers act, and again when pods become ready. */
static void on_roll(struct alarm *alarm)
{
	struct plan_world *world = container_of(alarm, struct plan_world, roll);

	(void)cluster_step(world->cluster, sim_loop_now(world->sim));
	alarm_start(sim_loop_seam(world->sim), alarm, span_ms(500));
}

struct plan_world *plan_world_new(const struct plan_world_options *options)
{
	struct plan_world *world = calloc(1, sizeof(*world));
	struct apiserver_options server = {
		.seed = 1,
		.is_immediate = true,
		.hooks = {.after = on_after, .user = world},
	};

	if (!world)
		abort();
	world->options = *options;
	world->sim = sim_loop_new(options->now, 1);
	world->server = apiserver_new(&server);
	world->cluster = cluster_new(&(struct cluster_options){
		.server = world->server, .delay = span_ms(20), .has_endpoints = true});
	world->roll.ring = on_roll;
	alarm_start(sim_loop_seam(world->sim), &world->roll, span_ms(0));
	return world;
}

struct plan_world *plan_world_free(struct plan_world *world)
{
	if (!world)
		return NULL;
	agent_free(world->agent);
	sim_http_free(world->http);
	history_memory_free(world->history);
	/* What is on its way lands, then the streams end. */
	sim_loop_run(world->sim, instant_after(sim_loop_now(world->sim), span_seconds(1)));
	alarm_cancel(&world->roll);
	cluster_free(world->cluster);
	apiserver_free(world->server);
	sim_loop_free(world->sim);
	plan_clean_fini(&world->clean);
	free(world);
	return NULL;
}

/* Objects ------------------------------------------------------------------------------------- */

static const struct apiserver_resource *find_resource(const struct plan_world *world,
                                                      const json_t *object)
{
	const char *version = kube_tree_text(object, "apiVersion");
	const char *kind = kube_tree_text(object, "kind");
	const struct apiserver_resource *resource;

	for (size_t i = 0; (resource = apiserver_resource_at(world->server, i)); i++) {
		size_t length = strlen(resource->group);
		bool is_group = length > 0 ? strncmp(version, resource->group, length) == 0 &&
		                                     version[length] == '/'
		                           : !strchr(version, '/');

		if (is_group && strcmp(resource->kind, kind) == 0)
			return resource;
	}
	return NULL;
}

/* Serve one write; the answer's sentence is the error. */
static bool write_object(struct plan_world *world, enum http_method method, const char *url,
                         const json_t *object, struct err *err)
{
	struct arena arena = {0};
	char *body = json_dumps(object, JSON_COMPACT);
	struct apiserver_letter letter = {.method = method, .url = url, .body = body};
	struct http_reply reply;
	json_t *answer;
	bool is_done;

	reply = apiserver_write_inside(world->server, &letter, &arena, sim_loop_now(world->sim));
	is_done = reply.status < 300;
	if (!is_done) {
		answer = json_loadb(reply.body ? reply.body : "", reply.body_length, 0, NULL);
		(void)err_set(err, ERR_INVALID, "%s %s: %.300s", kube_tree_text(object, "kind"),
		              kube_tree_text(object, "metadata/name"),
		              kube_tree_text(answer, "message"));
		json_decref(answer);
	}
	free(body);
	arena_fini(&arena);
	return is_done;
}

/* "/apis/apps/v1/namespaces/shop/deployments", or one object's below it. */
static const char *url_of(const struct apiserver_resource *resource, const char *k8s_namespace,
                          const char *name, struct arena *arena)
{
	const char *head = *resource->group ? arena_format(arena, "/apis/%s/%s", resource->group,
	                                                   resource->version)
	                                    : arena_format(arena, "/api/%s", resource->version);
	const char *space =
		resource->is_namespaced ? arena_format(arena, "/namespaces/%s", k8s_namespace) : "";

	return arena_format(arena, "%s%s/%s%s%s", head, space, resource->plural, name ? "/" : "",
	                    name ? name : "");
}

/* A name that makes a path and nothing else of it. */
static bool is_plain(const char *name)
{
	return *name && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789.-") == strlen(name) &&
	       strstr(name, "..") == NULL;
}

/* A copy with namespace, without what the server fills in. */
static json_t *prepare(const struct plan_world *world, const json_t *object,
                       const struct apiserver_resource *resource)
{
	static const char *const served[] = {"resourceVersion", "uid",        "managedFields",
	                                     "generation",      "selfLink",   "creationTimestamp",
	                                     "ownerReferences", "finalizers", "deletionTimestamp"};
	json_t *copy = json_deep_copy(object);
	json_t *metadata = json_object_get(copy, "metadata");

	for (size_t i = 0; i < array_length(served); i++)
		json_object_del(metadata, served[i]);
	if (resource->is_namespaced && json_is_object(metadata) &&
	    !json_object_get(metadata, "namespace"))
		kube_tree_set_text(metadata, "namespace", world->options.k8s_namespace);
	return copy;
}

/* Where the object goes; false when its names cannot be used. */
static bool place_object(const struct apiserver_resource *resource, const json_t *object,
                         const char **ret_list, const char **ret_own, struct arena *arena,
                         struct err *err)
{
	const char *name = kube_tree_text(object, "metadata/name");
	const char *space = kube_tree_text(object, "metadata/namespace");

	if (!is_plain(name) || (resource->is_namespaced && !is_plain(space)))
		return err_set(err, ERR_INVALID,
		               "%s: metadata.name: expected a name, got \"%.40s\" in namespace "
		               "\"%.40s\"",
		               resource->kind, name, space);
	*ret_list = url_of(resource, space, NULL, arena);
	*ret_own = url_of(resource, space, name, arena);
	return true;
}

static const json_t *find_object(const struct plan_world *world,
                                 const struct apiserver_resource *resource, const json_t *object)
{
	return apiserver_find(world->server, resource->plural,
	                      resource->is_namespaced ? kube_tree_text(object, "metadata/namespace")
	                                              : "",
	                      kube_tree_text(object, "metadata/name"));
}

static bool has_room(struct plan_world *world, struct err *err)
{
	if (world->n_objects++ < PLAN_WORLD_OBJECTS_MAX)
		return true;
	return err_set(err, ERR_LIMIT, "expected at most %d objects", PLAN_WORLD_OBJECTS_MAX);
}

bool plan_world_put_live(struct plan_world *world, const json_t *object, struct err *err)
{
	const struct apiserver_resource *resource = find_resource(world, object);
	const json_t *status = json_object_get(object, "status");
	struct arena arena = {0};
	const char *list = NULL;
	const char *own = NULL;
	json_t *copy;
	bool is_done;

	if (!resource || find_object(world, resource, object))
		return true;
	copy = plan_clean_enter(&world->clean, prepare(world, object, resource));
	is_done = has_room(world, err) && place_object(resource, copy, &list, &own, &arena, err) &&
	          write_object(world, HTTP_POST, list, copy, err);
	if (is_done)
		plan_clean_note(&world->clean, kube_tree_text(object, "metadata/uid"),
		                kube_tree_text(find_object(world, resource, copy), "metadata/uid"));
	/* The controllers here make the status of the others. */
	if (is_done && status && resource->is_custom && resource->has_status)
		is_done = write_object(world, HTTP_PATCH, arena_format(&arena, "%s/status", own),
		                       copy, err);
	json_decref(copy);
	arena_fini(&arena);
	return is_done;
}

bool plan_world_put(struct plan_world *world, const json_t *object, bool *ret_is_taken,
                    struct err *err)
{
	const struct apiserver_resource *resource = find_resource(world, object);
	struct arena arena = {0};
	const char *list = NULL;
	const char *own = NULL;
	bool is_there;
	bool is_done;
	json_t *copy;

	*ret_is_taken = resource != NULL;
	if (!resource)
		return true;
	copy = prepare(world, object, resource);
	json_object_del(copy, "status");
	is_there = find_object(world, resource, copy) != NULL;
	is_done = has_room(world, err) && place_object(resource, copy, &list, &own, &arena, err) &&
	          write_object(world, is_there ? HTTP_PATCH : HTTP_POST, is_there ? own : list,
	                       copy, err);
	json_decref(copy);
	arena_fini(&arena);
	return is_done;
}

/* Time ---------------------------------------------------------------------------------------- */

static void pass_seconds(struct plan_world *world, int seconds)
{
	sim_loop_run(world->sim, instant_after(sim_loop_now(world->sim), span_seconds(seconds)));
}

void plan_world_settle(struct plan_world *world)
{
	pass_seconds(world, SETTLE_SECONDS);
}

static void start_agent(struct plan_world *world)
{
	struct loop *loop = sim_loop_seam(world->sim);
	struct sim_http_options http = {
		.loop = loop,
		.server = world->server,
		.latency = span_ms(4),
		.web = on_web,
		.agent = USER_AGENT,
	};
	struct agent_settings settings = {
		.options =
			{
				.selector_labels = selector_labels,
				.ingress_annotation_prefix = "nginx.ingress.kubernetes.io",
				.default_provider = world->options.default_provider,
				.metrics_server = "http://prometheus:9090",
				.field_manager = MANAGER,
				.track_configs = true,
			},
		.lease_namespace = "kube-system",
		.lease_name = "flagger-leader-election",
		.identity = "plan",
	};
	struct agent_seams seams = {.loop = loop};

	world->http = sim_http_new(&http);
	world->history = history_memory_new(loop);
	seams.http = sim_http_seam(world->http);
	seams.history = world->history;
	world->agent = agent_new(&seams, &settings);
	world->written = sim_loop_now(world->sim);
	agent_start(world->agent);
}

/* Its analysis has begun: what follows depends on what metrics say. */
static bool is_analysed(const json_t *canary)
{
	return strcmp(kube_tree_text(canary, "status/phase"), "Progressing") == 0 &&
	       (kube_tree_whole(canary, "status/canaryWeight", 0) > 0 ||
	        kube_tree_whole(canary, "status/iterations", 0) > 0);
}

static bool is_resting(const json_t *canary)
{
	static const char *const phases[] = {"Initialized", "Succeeded", "Failed"};
	const char *phase = kube_tree_text(canary, "status/phase");

	for (size_t i = 0; i < array_length(phases); i++) {
		if (strcmp(phases[i], phase) == 0)
			return true;
	}
	return kube_tree_condition(canary, "Ready", "False");
}

static bool is_over(const struct plan_world *world, int seconds)
{
	int64_t quiet = instant_between(world->written, sim_loop_now(world->sim)).ms / 1000;
	bool is_begun = seconds >= BEGUN_SECONDS;
	bool is_quiet = quiet >= QUIET_SECONDS;
	const json_t *canary;

	for (size_t i = 0; (canary = apiserver_at(world->server, "canaries", i)); i++) {
		if (is_analysed(canary) ? !is_begun : !(is_quiet && is_resting(canary)))
			return quiet >= STUCK_SECONDS;
	}
	return true;
}

void plan_world_run(struct plan_world *world)
{
	int seconds = 0;

	start_agent(world);
	while (seconds < PLAN_WORLD_SECONDS_MAX && !is_over(world, seconds)) {
		pass_seconds(world, 1);
		seconds++;
	}
}

const struct apiserver *plan_world_server(const struct plan_world *world)
{
	return world->server;
}

json_t *plan_world_describe(const struct plan_world *world)
{
	return plan_clean_describe(&world->clean, world->server);
}
