#include "analysis/release.h"

#include "analysis/base/compiler.h"

#include <string.h>

static const char *const phases[] = {
	[PHASE_NONE] = "",
	[PHASE_WAITING] = "Waiting",
	[PHASE_STARTING] = "Starting",
	[PHASE_PROGRESSING] = "Progressing",
	[PHASE_WAITING_PROMOTION] = "WaitingPromotion",
	[PHASE_PROMOTING] = "Promoting",
	[PHASE_FINALISING] = "Finalising",
	[PHASE_RETREATING] = "Retreating",
	[PHASE_DONE] = "Done",
};

static const char *const outcomes[] = {
	[OUTCOME_NONE] = "",
	[OUTCOME_PROMOTED] = "promoted",
	[OUTCOME_ROLLED_BACK] = "rolled_back",
	[OUTCOME_SUPERSEDED] = "superseded",
	[OUTCOME_FAILED_PROMOTION] = "failed_promotion",
	[OUTCOME_SKIPPED] = "skipped",
	[OUTCOME_CANCELLED] = "cancelled",
};

static const char *const causes[] = {
	[CAUSE_NONE] = "",
	[CAUSE_INIT] = "init",
	[CAUSE_REVISION] = "revision",
};

/* The index of NAME in NAMES, 0 when it is none of them. */
static size_t find(const char *const *names, size_t n_names, const char *name)
{
	for (size_t i = 1; i < n_names; i++) {
		if (strcmp(names[i], name) == 0)
			return i;
	}
	return 0;
}

const char *release_phase_name(enum release_phase phase)
{
	return phases[phase];
}

const char *release_outcome_name(enum release_outcome outcome)
{
	return outcomes[outcome];
}

const char *release_cause_name(enum release_cause cause)
{
	return causes[cause];
}

enum release_phase release_phase_find(const char *name)
{
	size_t found = find(phases, array_length(phases), name);

	return (enum release_phase)found;
}

enum release_outcome release_outcome_find(const char *name)
{
	size_t found = find(outcomes, array_length(outcomes), name);

	return (enum release_outcome)found;
}

enum release_cause release_cause_find(const char *name)
{
	size_t found = find(causes, array_length(causes), name);

	return (enum release_cause)found;
}

bool release_is_open(const struct release *release)
{
	return release->name[0] != '\0' && release->status.outcome == OUTCOME_NONE;
}

bool release_is_promoted(const struct release *release)
{
	return release->status.outcome == OUTCOME_PROMOTED ||
	       release->status.outcome == OUTCOME_SKIPPED;
}
