#include "agent/command/replay_policy.h"

#include "analysis/base/compiler.h"
#include "analysis/base/text.h"
#include "providers/kube/tree.h"
#include "providers/measure.h"
#include "providers/traffic.h"
#include "providers/wire/tree.h"

#include <stdlib.h>
#include <string.h>

static bool is_of_kind(const json_t *object, const char *kind)
{
	return strcmp(kube_tree_value(object, "kind"), kind) == 0 &&
	       kube_tree_is_prefix("flagger.app/", kube_tree_value(object, "apiVersion"));
}

/* The MetricTemplate that a metric names, borrowed; NULL: it is not among the objects. */
static const json_t *find_template(const json_t *objects, const char *k8s_namespace,
                                   const char *name)
{
	for (size_t i = 0; i < json_array_size(objects); i++) {
		const json_t *object = json_array_get(objects, i);

		if (is_of_kind(object, "MetricTemplate") &&
		    strcmp(kube_tree_text(object, "metadata/name"), name) == 0 &&
		    strcmp(kube_tree_text(object, "metadata/namespace"), k8s_namespace) == 0)
			return object;
	}
	return NULL;
}

/* Its text as the API server would answer with it; the query alone matters, so nobody is asked for
 * its Secret. */
static char *template_body(const json_t *template)
{
	CLEANUP(tree_freep) json_t *copy = kube_tree_copy(template);
	json_t *provider = kube_tree_find(copy, "spec/provider");
	char *text;

	if (json_object_get(provider, "secretRef"))
		(void)json_object_del(provider, "secretRef");
	text = tree_text(copy);
	if (!text)
		abort();
	return text;
}

static bool read_query(const struct canary_world *world, size_t index, const json_t *objects,
                       struct arena *arena, const char **ret, struct err *err)
{
	struct talk talk = {.arena = arena};
	struct http_reply reply = {.status = 200};
	struct measure measure;
	struct kube_metric metric;
	const json_t *template;
	enum talk_step step;
	char *body;

	*ret = "";
	measure_init(&measure, world, index, (struct instant){1});
	step = measure_next(&measure, &talk, NULL);
	if (measure.stage == MEASURE_TEMPLATE &&
	    kube_canary_metric_find(world->object, index, &metric)) {
		template = find_template(objects,
		                         metric.template_namespace ? metric.template_namespace
		                                                   : world->spec->k8s_namespace,
		                         metric.template_name);
		if (!template)
			return true;
		body = template_body(template);
		reply.body = body;
		reply.body_length = strlen(body);
		step = measure_next(&measure, &talk, &reply);
		free(body);
	}
	if (step != TALK_SEND)
		return err_set(err, ERR_INVALID, "check %s: %s", world->spec->checks[index].name,
		               measure.sample.text);
	*ret = measure.query;
	return true;
}

static bool read_queries(const json_t *object, const json_t *objects,
                         const struct provider_options *options, struct arena *arena,
                         struct replay_policy *policy, struct err *err)
{
	const struct kube_canary *canary = &policy->canary;
	struct canary_world *world = arena_alloc(arena, sizeof(*world));

	*world = (struct canary_world){
		.options = options,
		.spec = &canary->spec,
		.object = object,
		.ingress = canary->ingress,
		.traffic = traffic_find(canary->spec.provider, err),
	};
	if (!world->traffic)
		return false;
	text_copy(world->apex, canary->apex);
	text_copy(world->primary_service, canary->primary_service);
	text_copy(world->canary_service, canary->canary_service);
	for (size_t i = 0; i < canary->spec.n_checks; i++) {
		if (!read_query(world, i, objects, arena, &policy->queries[i], err))
			return false;
	}
	return true;
}

static void place(json_t *object, const char *k8s_namespace)
{
	json_t *metadata = json_object_get(object, "metadata");

	if (metadata && !*kube_tree_value(metadata, "namespace"))
		kube_tree_set_text(metadata, "namespace", k8s_namespace);
}

bool replay_policy_read(json_t *objects, const char *k8s_namespace,
                        const struct provider_options *options, struct arena *arena,
                        struct replay_policies *ret, struct err *err)
{
	size_t n_objects = json_array_size(objects);

	*ret = (struct replay_policies){
		.list = arena_alloc(arena, (n_objects + 1) * sizeof(*ret->list)),
	};
	for (size_t i = 0; i < n_objects; i++)
		place(json_array_get(objects, i), k8s_namespace);
	for (size_t i = 0; i < n_objects; i++) {
		const json_t *object = json_array_get(objects, i);
		struct replay_policy *policy = &ret->list[ret->n];

		if (!is_of_kind(object, "Canary"))
			continue;
		if (ret->n == REPLAY_POLICY_MAX)
			return err_set(err, ERR_LIMIT, "expected at most %d Canaries",
			               REPLAY_POLICY_MAX);
		if (!kube_canary_read(object, options, arena, &policy->canary, err) ||
		    !read_queries(object, objects, options, arena, policy, err))
			return err_wrap(err, "Canary %.63s/%.63s",
			                kube_tree_text(object, "metadata/namespace"),
			                kube_tree_text(object, "metadata/name"));
		ret->n++;
	}
	return ret->n > 0 || err_set(err, ERR_INVALID, "there is no Canary in it");
}

const struct replay_policy *replay_policy_find(const struct replay_policies *policies,
                                               const char *k8s_namespace, const char *canary)
{
	for (size_t i = 0; i < policies->n; i++) {
		const struct kube_canary_head *head = &policies->list[i].canary.head;

		if (strcmp(head->name, canary) == 0 &&
		    strcmp(head->k8s_namespace, k8s_namespace) == 0)
			return &policies->list[i];
	}
	return NULL;
}
