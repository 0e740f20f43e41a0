#include "agent/demo/cluster_inside.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REVISION "deployment.kubernetes.io/revision"

static void add_count(json_t *status, const char *key, int64_t count)
{
	if (count > 0)
		json_object_set_new(status, key, json_integer(count));
}

static const char *reason_of(enum cluster_progress progress)
{
	switch (progress) {
	case CLUSTER_PROGRESS_CREATED:
		return "NewReplicaSetCreated";
	case CLUSTER_PROGRESS_UPDATED:
		return "ReplicaSetUpdated";
	case CLUSTER_PROGRESS_COMPLETE:
		return "NewReplicaSetAvailable";
	case CLUSTER_PROGRESS_EXCEEDED:
		return "ProgressDeadlineExceeded";
	case CLUSTER_PROGRESS_NONE:
		break;
	}
	return "";
}

static json_t *condition(const char *type, bool is_true, const char *reason, struct instant updated,
                         struct instant changed)
{
	char update[INSTANT_TEXT_MAX];
	char change[INSTANT_TEXT_MAX];

	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "type", type, "status",
	                 is_true ? "True" : "False", "lastUpdateTime",
	                 instant_format_seconds(updated, update), "lastTransitionTime",
	                 instant_format_seconds(changed, change), "reason", reason, "message",
	                 reason);
}

static bool is_complete(const struct cluster_deployment *deployment,
                        const struct cluster_counts *counts)
{
	int64_t wanted = deployment->wish.replicas;

	return deployment->current && counts->updated == wanted && counts->replicas == wanted &&
	       counts->available == wanted;
}

/* Has the rollout come nearer since the last time? */
static bool is_nearer(const struct cluster_counts *old, const struct cluster_counts *new)
{
	return new->updated > old->updated ||
	       new->replicas - new->updated < old->replicas - old->updated ||
	       new->ready > old->ready || new->available > old->available;
}

/* A rollout that completed is measured again only when another begins. */
static void judge(struct cluster *cluster, struct cluster_deployment *deployment,
                  const struct cluster_counts *counts)
{
	enum cluster_progress before = deployment->progress;
	struct span deadline = deployment->wish.deadline;
	bool is_over = before == CLUSTER_PROGRESS_COMPLETE && counts->replicas == counts->updated;
	struct instant end = instant_after(deployment->progress_at, deadline);

	if (deadline.ms == 0 || is_over)
		return;
	if (is_complete(deployment, counts)) {
		deployment->progress = CLUSTER_PROGRESS_COMPLETE;
		deployment->progress_at = cluster->now;
	} else if (is_nearer(&deployment->counts, counts)) {
		deployment->progress = CLUSTER_PROGRESS_UPDATED;
		deployment->progress_at = cluster->now;
	} else if (before != CLUSTER_PROGRESS_COMPLETE && !deployment->wish.is_paused &&
	           !instant_is_before(cluster->now, end)) {
		deployment->progress = CLUSTER_PROGRESS_EXCEEDED;
		if (before != CLUSTER_PROGRESS_EXCEEDED)
			deployment->progress_at = cluster->now;
	}
	if ((before == CLUSTER_PROGRESS_EXCEEDED) !=
	            (deployment->progress == CLUSTER_PROGRESS_EXCEEDED) ||
	    !instant_is_set(deployment->progress_changed))
		deployment->progress_changed = cluster->now;
}

void cluster_status_judge(struct cluster *cluster, struct cluster_deployment *deployment)
{
	struct cluster_counts counts = cluster_rollout_count(deployment, cluster->now);

	judge(cluster, deployment, &counts);
	deployment->counts = counts;
}

static json_t *conditions(struct cluster *cluster, struct cluster_deployment *deployment,
                          const struct cluster_counts *counts)
{
	const struct cluster_wish *wish = &deployment->wish;
	bool is_available = counts->available >= wish->replicas - wish->unavailable;
	json_t *list = json_array();

	if (is_available != deployment->is_available ||
	    !instant_is_set(deployment->available_changed))
		deployment->available_changed = cluster->now;
	deployment->is_available = is_available;
	json_array_append_new(list, condition("Available", is_available,
	                                      is_available ? "MinimumReplicasAvailable"
	                                                   : "MinimumReplicasUnavailable",
	                                      deployment->available_changed,
	                                      deployment->available_changed));
	if (wish->deadline.ms > 0 && deployment->progress != CLUSTER_PROGRESS_NONE)
		json_array_append_new(
			list,
			condition("Progressing", deployment->progress != CLUSTER_PROGRESS_EXCEEDED,
		                  reason_of(deployment->progress), deployment->progress_at,
		                  deployment->progress_changed));
	return list;
}

static json_t *status_of(struct cluster *cluster, struct cluster_deployment *deployment,
                         const struct cluster_counts *counts)
{
	json_t *status = json_object();
	int64_t unavailable = deployment->wish.replicas > counts->replicas
	                              ? deployment->wish.replicas
	                              : counts->replicas;

	json_object_set_new(status, "observedGeneration", json_integer(deployment->generation));
	add_count(status, "replicas", counts->replicas);
	add_count(status, "updatedReplicas", counts->updated);
	add_count(status, "readyReplicas", counts->ready);
	add_count(status, "availableReplicas", counts->available);
	add_count(status, "unavailableReplicas", unavailable - counts->available);
	json_object_set_new(status, "conditions", conditions(cluster, deployment, counts));
	return status;
}

const char *cluster_status_plural(const struct cluster_deployment *deployment)
{
	return deployment->is_daemon ? "daemonsets" : "deployments";
}

/* The pods of nodes that none is to be on any more are misscheduled. */
static void write_daemon(struct cluster *cluster, struct cluster_deployment *deployment,
                         const json_t *object)
{
	const struct cluster_counts *counts = &deployment->counts;
	int64_t wanted = deployment->wish.replicas;
	struct arena arena = {0};
	int64_t current;
	json_t *status;

	cluster_status_judge(cluster, deployment);
	current = counts->replicas < wanted ? counts->replicas : wanted;
	status = json_pack("{s:I, s:I, s:I, s:I, s:I}", "observedGeneration",
	                   (json_int_t)deployment->generation, "desiredNumberScheduled",
	                   (json_int_t)wanted, "currentNumberScheduled", (json_int_t)current,
	                   "numberMisscheduled", (json_int_t)(counts->replicas - current),
	                   "numberReady", (json_int_t)counts->ready);
	add_count(status, "updatedNumberScheduled", counts->updated);
	add_count(status, "numberAvailable", counts->available);
	if (!json_equal(status, json_object_get(object, "status")))
		(void)cluster_send(cluster, HTTP_PATCH,
		                   arena_format(&arena,
		                                "/apis/apps/v1/namespaces/%s/daemonsets/%s/status",
		                                deployment->namespace, deployment->name),
		                   "application/json-patch+json",
		                   json_pack("[{s:s, s:s, s:O}]", "op", "add", "path", "/status",
		                             "value", status));
	json_decref(status);
	arena_fini(&arena);
}

static void write_deployment(struct cluster *cluster, struct cluster_deployment *deployment,
                             const json_t *object)
{
	const json_t *annotations =
		json_object_get(json_object_get(object, "metadata"), "annotations");
	const char *told = json_string_value(json_object_get(annotations, REVISION));
	struct cluster_counts counts;
	struct arena arena = {0};
	char revision[32] = "";
	json_t *status;

	cluster_status_judge(cluster, deployment);
	counts = cluster_rollout_told(deployment, cluster->now);
	status = status_of(cluster, deployment, &counts);
	if (deployment->current)
		(void)snprintf(revision, sizeof(revision), "%" PRIu64,
		               deployment->current->revision);
	if (!json_equal(status, json_object_get(object, "status")) ||
	    strcmp(told ? told : "", revision) != 0) {
		json_t *map = annotations ? json_deep_copy(annotations) : json_object();

		json_object_set_new(map, REVISION, json_string(revision));
		(void)cluster_send(cluster, HTTP_PATCH,
		                   arena_format(&arena,
		                                "/apis/apps/v1/namespaces/%s/deployments/%s/status",
		                                deployment->namespace, deployment->name),
		                   "application/json-patch+json",
		                   json_pack("[{s:s, s:s, s:O}, {s:s, s:s, s:o}]", "op", "add",
		                             "path", "/status", "value", status, "op", "add",
		                             "path", "/metadata/annotations", "value", map));
	}
	json_decref(status);
	arena_fini(&arena);
}

void cluster_status_write(struct cluster *cluster, struct cluster_deployment *deployment,
                          const json_t *object)
{
	if (deployment->is_daemon)
		write_daemon(cluster, deployment, object);
	else
		write_deployment(cluster, deployment, object);
}
