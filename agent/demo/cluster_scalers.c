#include "agent/demo/cluster_inside.h"
#include "providers/kube/tree.h"

#include <stdlib.h>
#include <string.h>

#define PAUSED "autoscaling.keda.sh/paused-replicas"
#define LOAD   "demo.serin.dev/pods" /* how many pods the metrics ask for */

static const char hpas[] = "horizontalpodautoscalers";
static const char scaled_objects[] = "scaledobjects";

bool cluster_scalers_concerned(const struct apiserver_news *news)
{
	return strcmp(news->resource->plural, hpas) == 0 ||
	       strcmp(news->resource->plural, scaled_objects) == 0 ||
	       strcmp(news->resource->plural, "deployments") == 0;
}

static int within(int number, int least, int most)
{
	if (number > most)
		return most;
	return number < least ? least : number;
}

static int load_of(const json_t *object, int fallback)
{
	const char *load = kube_tree_value(kube_tree_find(object, "metadata/annotations"), LOAD);

	return *load ? (int)strtol(load, NULL, 10) : fallback;
}

/* How many pods it wants where there are REPLICAS. Of none it lets the workload sleep. */
static int hpa_wants(const json_t *object, int replicas)
{
	const json_t *spec = json_object_get(object, "spec");

	if (replicas == 0)
		return 0;
	return within(load_of(object, replicas), kube_tree_whole(spec, "minReplicas", 1),
	              kube_tree_whole(spec, "maxReplicas", 1));
}

/* The triggers always have something to ask for, so it wakes a workload up unless it is paused. */
static int scaled_object_wants(const json_t *object, int replicas)
{
	const json_t *spec = json_object_get(object, "spec");
	const char *paused =
		kube_tree_value(kube_tree_find(object, "metadata/annotations"), PAUSED);
	int least = kube_tree_whole(spec, "minReplicaCount", 0);

	if (*paused)
		return (int)strtol(paused, NULL, 10);
	return within(load_of(object, replicas), least > 1 ? least : 1,
	              kube_tree_whole(spec, "maxReplicaCount", 100));
}

static void act(struct cluster *cluster, const json_t *object, bool is_hpa)
{
	const char *space = kube_tree_text(object, "metadata/namespace");
	const char *name = kube_tree_text(object, "spec/scaleTargetRef/name");
	const json_t *target = apiserver_find(cluster->options.server, "deployments", space, name);
	int replicas = kube_tree_whole(target, "spec/replicas", 1);
	int wanted = is_hpa ? hpa_wants(object, replicas) : scaled_object_wants(object, replicas);
	struct arena arena = {0};

	if (target && wanted != replicas)
		(void)cluster_send(cluster, HTTP_PATCH,
		                   arena_format(&arena,
		                                "/apis/apps/v1/namespaces/%s/deployments/%s", space,
		                                name),
		                   "application/merge-patch+json",
		                   json_pack("{s:{s:i}}", "spec", "replicas", wanted));
	arena_fini(&arena);
}

void cluster_scalers_act(struct cluster *cluster)
{
	const struct apiserver *server = cluster->options.server;
	const json_t *object;

	if (!cluster->are_scalers_due)
		return;
	cluster->are_scalers_due = false;
	for (size_t i = 0; (object = apiserver_at(server, hpas, i)); i++)
		act(cluster, object, true);
	for (size_t i = 0; (object = apiserver_at(server, scaled_objects, i)); i++)
		act(cluster, object, false);
}
