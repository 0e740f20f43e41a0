#include "analysis/workload.h"

#include "analysis/base/text.h"

static bool say(char *ret_why, const char *text)
{
	text_format(ret_why, SENTENCE_MAX, "waiting for rollout to finish: %s", text);
	return false;
}

bool workload_is_ready(const struct workload_fact *workload, int percent, char *ret_why)
{
	char text[SENTENCE_MAX / 2];
	int needed = (workload->replicas * percent + 99) / 100;

	if (workload->slot.state != FACT_KNOWN)
		return say(ret_why, workload->slot.state == FACT_ABSENT
		                            ? "there is no such deployment"
		                            : "it was not seen yet");
	if (!workload->is_observed)
		return say(ret_why,
		           workload->is_daemon
		                   ? "observed daemonset generation less than desired generation"
		                   : "observed deployment generation less than desired generation");
	if (workload->replicas <= 0)
		return say(ret_why, "it is scaled to zero");
	if (workload->updated < workload->replicas) {
		text_format(text, sizeof(text), "%d out of %d new %s have been updated",
		            workload->updated, workload->replicas,
		            workload->is_daemon ? "pods" : "replicas");
		return say(ret_why, text);
	}
	if (workload->total > workload->updated) {
		text_format(text, sizeof(text), "%d old replicas are pending termination",
		            workload->total - workload->updated);
		return say(ret_why, text);
	}
	if (workload->available < needed) {
		text_format(text, sizeof(text),
		            "%d of %d (readyThreshold %d%%) updated replicas are available",
		            workload->available, workload->updated, percent);
		return say(ret_why, text);
	}
	return true;
}

bool workload_serves(const struct workload_fact *workload)
{
	return workload->slot.state == FACT_KNOWN && workload->ready > 0;
}

bool workload_is_empty(const struct workload_fact *workload)
{
	return workload->is_observed && workload->total == 0;
}
