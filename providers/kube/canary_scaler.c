#include "providers/kube/canary_scaler.h"

#include "providers/kube/node.h"

#include <limits.h>
#include <string.h>

#define TEXT_MAX  253
#define NAME_MOST (TEXT_MAX - (sizeof("-primary") - 1))

static bool kind_read(const struct field *ref, enum scaler_kind *ret, struct err *err)
{
	struct field kind = field_member(ref, "kind");
	const char *text = "";

	if (!kube_node_text(&kind, TEXT_MAX, &text, err))
		return false;
	if (strcmp(text, "HorizontalPodAutoscaler") == 0)
		*ret = SCALER_HPA;
	else if (strcmp(text, "ScaledObject") == 0)
		*ret = SCALER_KEDA;
	else
		return field_expect(&kind, "HorizontalPodAutoscaler or ScaledObject", err);
	return true;
}

/* What the primary's is to say instead of the target's. */
static bool replicas_check(const struct field *ref, struct err *err)
{
	struct field replicas = field_member(ref, "primaryScalerReplicas");
	struct field least = field_member(&replicas, "minReplicas");
	struct field most = field_member(&replicas, "maxReplicas");
	int min = 1;
	int max = INT_MAX;

	if (!kube_node_object(&replicas, err) || !kube_node_whole(&least, 1, INT_MAX, &min, err) ||
	    !kube_node_whole(&most, 1, INT_MAX, &max, err))
		return false;
	return min <= max || field_refuse(&least, err, ERR_INVALID,
	                                  "expected at most maxReplicas (%d), got %d", max, min);
}

bool kube_canary_scaler_read(const struct field *spec, struct arena *arena, struct canary_spec *ret,
                             struct err *err)
{
	struct field ref = field_member(spec, "autoscalerRef");
	struct field name = field_member(&ref, "name");
	struct field queries = field_member(&ref, "primaryScalerQueries");
	const char *text = NULL;

	if (!ref.json)
		return true;
	if (ret->target_kind == TARGET_DAEMON_SET)
		return field_refuse(&ref, err, ERR_INVALID,
		                    "expected none: how many pods a DaemonSet has is for its nodes "
		                    "to say");
	if (ret->target_kind == TARGET_SERVICE)
		return field_refuse(&ref, err, ERR_INVALID, "expected none: a Service has no pods");
	if (!kube_node_object(&ref, err) || !kind_read(&ref, &ret->scaler_kind, err) ||
	    !kube_node_name(&name, NAME_MOST, &text, err) || !replicas_check(&ref, err) ||
	    !kube_node_text_map(&queries, err))
		return false;
	if (!text)
		return field_expect(&name, "the autoscaler's name", err);
	ret->scaler = arena_text(arena, text);
	ret->primary_scaler = arena_format(arena, "%s-primary", text);
	return true;
}
