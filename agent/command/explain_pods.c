#include "agent/command/explain_pods.h"

#include "analysis/base/text.h"
#include "providers/kube/tree.h"

#include <stdlib.h>
#include <string.h>

#define REVISION "deployment.kubernetes.io/revision"

/* From bad to worse; what is worst makes the sentence. */
enum ailment {
	AILMENT_NONE,
	AILMENT_CREATING,
	AILMENT_UNREADY,
	AILMENT_SCALED,
	AILMENT_CONFIG,
	AILMENT_CRASH,
	AILMENT_IMAGE,
	AILMENT_UNSCHEDULABLE,
	AILMENT_QUOTA,
};

static const char *const causes[] = {
	[AILMENT_CREATING] = "creating",
	[AILMENT_UNREADY] = "unready",
	[AILMENT_SCALED] = "scaled",
	[AILMENT_CONFIG] = "config",
	[AILMENT_CRASH] = "crash",
	[AILMENT_IMAGE] = "image",
	[AILMENT_UNSCHEDULABLE] = "unschedulable",
	[AILMENT_QUOTA] = "quota",
};

struct search {
	const struct explain_world *world;
	struct explain_answer *answer;
	enum ailment worst;
	const char *text;
	size_t n_told; /* pods */
};

static struct instant time_of(const json_t *object, const char *path)
{
	struct instant time = {0};

	if (!instant_parse(kube_tree_text(object, path), &time, NULL))
		return (struct instant){0};
	return time;
}

/* "Pod cart-1": of a fact. */
static const char *about(struct search *search, const char *kind, const json_t *object)
{
	return arena_format(&search->answer->arena, "%s %s", kind,
	                    kube_tree_text(object, "metadata/name"));
}

/* Keep TEXT, "pod cart-1 …", when it is worse than what was found before. */
static void find(struct search *search, enum ailment ailment, const char *kind,
                 const json_t *object, const char *text)
{
	if (ailment <= search->worst)
		return;
	search->worst = ailment;
	search->text = arena_format(&search->answer->arena, "%s %s %s", kind,
	                            kube_tree_text(object, "metadata/name"), text);
}

static void tell_pod(struct search *search, enum ailment ailment, const json_t *pod,
                     const char *text)
{
	find(search, ailment, "pod", pod, text);
	if (search->n_told++ < EXPLAIN_PODS_MAX)
		explain_fact_add(search->answer, about(search, "Pod", pod), "%s", text);
}

static bool is_owned(const json_t *object, const json_t *owner)
{
	const json_t *refs = kube_tree_find(object, "metadata/ownerReferences");
	const char *uid = kube_tree_text(owner, "metadata/uid");

	for (size_t i = 0; i < json_array_size(refs); i++) {
		if (strcmp(kube_tree_text(json_array_get(refs, i), "uid"), uid) == 0)
			return true;
	}
	return false;
}

/* The ReplicaSet of the Deployment's present template. */
static const json_t *newest_set(const struct explain_workload *workload)
{
	const json_t *newest = NULL;
	long most = -1;

	for (size_t i = 0; i < json_array_size(workload->replica_sets); i++) {
		const json_t *set = json_array_get(workload->replica_sets, i);
		long revision = strtol(kube_tree_value(kube_tree_find(set, "metadata/annotations"),
		                                       REVISION),
		                       NULL, 10);

		if (is_owned(set, workload->deployment) && revision > most) {
			most = revision;
			newest = set;
		}
	}
	return newest;
}

/* One pod -------------------------------------------------------------------------------------- */

static enum ailment ailment_of(const char *reason)
{
	static const struct {
		const char *reason;
		enum ailment ailment;
	} rows[] = {
		{"ImagePullBackOff", AILMENT_IMAGE},
		{"ErrImagePull", AILMENT_IMAGE},
		{"InvalidImageName", AILMENT_IMAGE},
		{"ErrImageNeverPull", AILMENT_IMAGE},
		{"CrashLoopBackOff", AILMENT_CRASH},
		{"RunContainerError", AILMENT_CRASH},
		{"CreateContainerError", AILMENT_CONFIG},
		{"CreateContainerConfigError", AILMENT_CONFIG},
	};

	for (size_t i = 0; i < array_length(rows); i++) {
		if (strcmp(rows[i].reason, reason) == 0)
			return rows[i].ailment;
	}
	return AILMENT_CREATING;
}

/* "for 3m", since the pod is not ready, or was made. */
static const char *lasting(const struct search *search, const json_t *pod,
                           char ret[EXPLAIN_AGE_MAX])
{
	const json_t *unready = kube_tree_condition(pod, "Ready", "False");
	struct instant since = time_of(unready, "lastTransitionTime");

	if (!instant_is_set(since))
		since = time_of(pod, "metadata/creationTimestamp");
	return explain_age(search->world->now, since, ret);
}

static void tell_waiting(struct search *search, const json_t *pod, const json_t *container)
{
	const char *reason = kube_tree_text(container, "state/waiting/reason");
	const char *message = kube_tree_text(container, "state/waiting/message");
	const json_t *last = kube_tree_find(container, "lastState/terminated");
	enum ailment ailment = ailment_of(reason);
	char age[EXPLAIN_AGE_MAX];
	char text[EXPLAIN_TEXT_MAX];

	lasting(search, pod, age);
	if (ailment == AILMENT_CRASH && last)
		text_format(
			text, sizeof(text),
			"is %s for %s: container %s ended %d times, last with exit code %d (%s)",
			reason, age, kube_tree_text(container, "name"),
			kube_tree_whole(container, "restartCount", 0),
			kube_tree_whole(last, "exitCode", 0), kube_tree_text(last, "reason"));
	else if (*reason)
		text_format(text, sizeof(text), "is %s for %s%s%.300s", reason, age,
		            *message ? ": " : "", message);
	else
		text_format(text, sizeof(text), "is being created for %s", age);
	tell_pod(search, ailment, pod, text);
}

/* The first container that waits, init containers first; NULL when none does. */
static const json_t *find_waiting(const json_t *pod)
{
	static const char *const lists[] = {"status/initContainerStatuses",
	                                    "status/containerStatuses"};

	for (size_t i = 0; i < array_length(lists); i++) {
		const json_t *list = kube_tree_find(pod, lists[i]);

		for (size_t j = 0; j < json_array_size(list); j++) {
			if (kube_tree_find(json_array_get(list, j), "state/waiting"))
				return json_array_get(list, j);
		}
	}
	return NULL;
}

static const char *find_unready(const json_t *pod)
{
	const json_t *list = kube_tree_find(pod, "status/containerStatuses");

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *container = json_array_get(list, i);

		if (json_is_false(json_object_get(container, "ready")))
			return kube_tree_text(container, "name");
	}
	return "";
}

static void look_at_pod(struct search *search, const json_t *pod)
{
	const json_t *unscheduled = kube_tree_condition(pod, "PodScheduled", "False");
	const json_t *waiting = find_waiting(pod);
	const char *phase = kube_tree_text(pod, "status/phase");
	char age[EXPLAIN_AGE_MAX];
	char text[EXPLAIN_TEXT_MAX];

	if (*kube_tree_text(pod, "metadata/deletionTimestamp") ||
	    kube_tree_condition(pod, "Ready", "True"))
		return;
	lasting(search, pod, age);
	if (unscheduled) {
		explain_age(search->world->now, time_of(unscheduled, "lastTransitionTime"), age);
		text_format(text, sizeof(text), "is Pending for %s, on no node: %.360s", age,
		            kube_tree_text(unscheduled, "message"));
		tell_pod(search, AILMENT_UNSCHEDULABLE, pod, text);
	} else if (strcmp(phase, "Failed") == 0) {
		text_format(text, sizeof(text), "has failed: %s: %.360s",
		            kube_tree_text(pod, "status/reason"),
		            kube_tree_text(pod, "status/message"));
		tell_pod(search, AILMENT_CRASH, pod, text);
	} else if (waiting) {
		tell_waiting(search, pod, waiting);
	} else if (strcmp(phase, "Running") == 0) {
		text_format(text, sizeof(text),
		            "runs, but container %s is not ready for %s: its "
		            "readiness probe does not pass",
		            find_unready(pod), age);
		tell_pod(search, AILMENT_UNREADY, pod, text);
	} else {
		text_format(text, sizeof(text), "is being created for %s", age);
		tell_pod(search, AILMENT_CREATING, pod, text);
	}
}

/* All of them ---------------------------------------------------------------------------------- */

static void look_at_failure(struct search *search, const char *kind, const json_t *object)
{
	const json_t *failure = kube_tree_condition(object, "ReplicaFailure", "True");
	char age[EXPLAIN_AGE_MAX];
	char text[EXPLAIN_TEXT_MAX];

	if (!failure)
		return;
	explain_age(search->world->now, time_of(failure, "lastTransitionTime"), age);
	text_format(text, sizeof(text), "cannot make pods for %s: %.380s", age,
	            kube_tree_text(failure, "message"));
	find(search, AILMENT_QUOTA, kind, object, text);
	explain_fact_add(search->answer, about(search, kind, object), "%s", text);
}

const char *explain_pods_find(const struct explain_world *world,
                              const struct explain_workload *workload,
                              struct explain_answer *answer, const char **ret_cause)
{
	struct search search = {.world = world, .answer = answer};
	const json_t *set = newest_set(workload);
	/* A DaemonSet's pods are its own. */
	const json_t *owner = kube_tree_find(workload->deployment, "spec/updateStrategy")
	                              ? workload->deployment
	                              : set;

	if (kube_tree_whole(workload->deployment, "spec/replicas", 1) == 0)
		find(&search, AILMENT_SCALED, "deployment", workload->deployment,
		     "is scaled to zero");
	if (json_is_true(kube_tree_find(workload->deployment, "spec/paused")))
		find(&search, AILMENT_SCALED, "deployment", workload->deployment,
		     "is paused: its rollout does not go on");
	look_at_failure(&search, "ReplicaSet", set);
	if (search.worst != AILMENT_QUOTA)
		look_at_failure(&search, "Deployment", workload->deployment);
	for (size_t i = 0; owner && i < json_array_size(workload->pods); i++) {
		const json_t *pod = json_array_get(workload->pods, i);

		if (is_owned(pod, owner))
			look_at_pod(&search, pod);
	}
	if (search.n_told > EXPLAIN_PODS_MAX)
		explain_fact_add(answer, "Pods", "%zu more are not ready",
		                 search.n_told - EXPLAIN_PODS_MAX);
	*ret_cause = search.worst ? causes[search.worst] : NULL;
	return search.text;
}
