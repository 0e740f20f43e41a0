#include "agent/served.h"

#include "agent/log.h"
#include "analysis/backoff.h"
#include "providers/kube/group.h"

#include <stdlib.h>

struct served {
	struct http_call call; /* the first member: found again from its address */
	struct alarm again;    /* after a failure */
	struct served_seams seams;
	int failures;
	bool is_asked;
	bool is_known;
	bool has[KUBE_MAX];
};

static void ask(struct served *served)
{
	struct http_request request;

	kube_group_list(&request);
	served->call.lane = HTTP_LANE_READ;
	http_start(served->seams.http, &served->call, &request);
}

static void on_again(struct alarm *alarm)
{
	ask(container_of(alarm, struct served, again));
}

static void on_done(struct http_call *call, const struct http_reply *reply)
{
	struct served *served = (struct served *)(void *)call;
	struct provider_options *options = served->seams.options;
	struct loop *loop = served->seams.loop;
	json_t *groups = kube_group_read(reply);

	if (!groups) {
		served->failures++;
		log_event(served->seams.log, LOG_WARNING, "served.failed",
		          "the API server did not say which versions it serves", LOG_FIELDS({0}));
		alarm_start(loop, &served->again,
		            backoff_delay(served->failures, loop_random(loop)));
		return;
	}
	options->has_old_routes = !kube_group_has(groups, "gateway.networking.k8s.io/v1") &&
	                          kube_group_has(groups, "gateway.networking.k8s.io/v1beta1");
	options->has_splits = kube_group_has(groups, "split.smi-spec.io/v1alpha1");
	options->is_unsure = false;
	for (int kind = KUBE_NONE + 1; kind < KUBE_MAX; kind++)
		served->has[kind] = kube_group_has(groups, kube_api_version((enum kube_kind)kind));
	json_decref(groups);
	served->is_known = true;
	served->seams.known(served->seams.user);
}

struct served *served_new(const struct served_seams *seams)
{
	struct served *served = calloc(1, sizeof(*served));

	if (!served)
		abort();
	served->seams = *seams;
	served->call.done = on_done;
	served->again.ring = on_again;
	seams->options->is_unsure = true;
	return served;
}

struct served *served_free(struct served *served)
{
	if (!served)
		return NULL;
	http_cancel(&served->call);
	alarm_cancel(&served->again);
	free(served);
	return NULL;
}

bool served_knows(struct served *served, enum kube_kind kind)
{
	if (served->is_known ||
	    (kind != KUBE_HTTP_ROUTE && kind != KUBE_HTTP_ROUTE_BETA && kind != KUBE_SPLIT_ALPHA1))
		return true;
	if (!served->is_asked)
		ask(served);
	served->is_asked = true;
	return false;
}

bool served_has(const struct served *served, enum kube_kind kind)
{
	return served->has[kind];
}
