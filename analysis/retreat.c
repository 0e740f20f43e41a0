#include "analysis/retreat.h"

#include "analysis/traffic.h"

#include <stdarg.h>
#include <stdio.h>

void retreat_begin(struct thought *thought, struct release_status *status,
                   enum release_outcome ending, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(status->reason, sizeof(status->reason), format, args);
	va_end(args);
	status->phase = PHASE_RETREATING;
	status->ending = ending;
	status->weight.from = status->weight.to;
	status->weight.to = 0;
	thought_because(thought, "%s", status->reason);
	if (ending == OUTCOME_FAILED_PROMOTION) {
		traffic_selects(thought, BACKEND_CANARY, true);
	} else {
		traffic_weighs(thought, 0, true);
		traffic_selects(thought, traffic_backend(thought), true);
	}
	thought_save(thought, status, true);
}
