#include "analysis/failure.h"

#include "analysis/alert.h"
#include "analysis/base/text.h"
#include "analysis/retreat.h"

void failure_end(struct thought *thought, struct release_status *status, const char *why)
{
	thought_notice(status, true, "Canary failed! Scaling down %.100s.%.63s",
	               thought->spec->name, thought->spec->k8s_namespace);
	retreat_begin(thought, status, OUTCOME_ROLLED_BACK, "%s", why);
}

bool failure_count(struct thought *thought, struct release_status *status, const char *why)
{
	const struct canary_spec *spec = thought->spec;

	status->failed_checks++;
	thought_notice(status, true, "%s", why);
	if (status->failed_checks >= spec->threshold) {
		thought_notice(status, true,
		               "Rolling back %.100s.%.63s failed checks threshold reached %d",
		               spec->name, spec->k8s_namespace, status->failed_checks);
		alert_raise(thought, status, SEVERITY_ERROR, "Failed checks threshold reached %d",
		            status->failed_checks);
		failure_end(thought, status, why);
		return true;
	}
	text_format(status->reason, sizeof(status->reason), "%.240s (failed check %d of %d)", why,
	            status->failed_checks, spec->threshold);
	thought_save(thought, status, false);
	thought_because(thought, "%s", status->reason);
	return false;
}
