#include "analysis/retreat.h"

#include "analysis/traffic.h"
#include "analysis/workload.h"

#include <stdarg.h>
#include <stdio.h>

/* Where clients are safe while the primary has a template that failed: with the canary that was
 * analysed. */
static enum backend refuge(const struct thought *thought)
{
	const struct facts *facts = thought->facts;

	if (!workload_serves(&facts->target) || traffic_leaves_canary(thought))
		return traffic_backend(thought);
	return BACKEND_CANARY;
}

void retreat_begin(struct thought *thought, struct release_status *status,
                   enum release_outcome ending, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(status->reason, sizeof(status->reason), format, args);
	va_end(args);
	status->phase = PHASE_RETREATING;
	status->paused = (struct standing){0};
	status->full = (struct standing){0};
	status->ending = ending;
	status->weight.from = status->weight.to;
	status->weight.to = 0;
	status->weight.is_mirrored = false;
	thought_because(thought, "%s", status->reason);
	if (thought->facts->newest.cause == CAUSE_INIT) {
		traffic_rescues(thought); /* an earlier first run may have moved clients */
		thought_save(thought, status, true);
		return;
	}
	if (ending == OUTCOME_FAILED_PROMOTION) {
		traffic_selects(thought, refuge(thought), true);
		if (traffic_leaves_canary(thought))
			traffic_withdraws(thought);
	} else {
		traffic_withdraws(thought);
		traffic_selects(thought, traffic_backend(thought), true);
	}
	thought_save(thought, status, true);
}
