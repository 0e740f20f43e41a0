#include "analysis/release.h"

#include "analysis/base/text.h"

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
	[CAUSE_NONE] = "",           [CAUSE_INIT] = "init",   [CAUSE_REVISION] = "revision",
	[CAUSE_CONFIG] = "config",   [CAUSE_RETRY] = "retry", [CAUSE_UNDO] = "undo",
	[CAUSE_ADOPTED] = "adopted",
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

bool release_is_paused(const struct release *release)
{
	return release->status.paused.action[0] != '\0';
}

bool release_is_full(const struct release *release)
{
	return release->status.full.action[0] != '\0';
}

const struct action_mark *release_find_action(const struct release *release, const char *uid)
{
	for (size_t i = 0; i < release->status.n_actions; i++) {
		if (strcmp(release->status.actions[i].uid, uid) == 0)
			return &release->status.actions[i];
	}
	return uid[0] && strcmp(release->action.uid, uid) == 0 ? &release->action : NULL;
}

const char *release_id(const struct release *release)
{
	const char *id = release->adoption.primary_id;

	return id[0] ? id : release->uid;
}

const char *release_ref_id(const struct release_ref *ref)
{
	return ref->primary_id[0] ? ref->primary_id : ref->uid;
}

bool release_is_found(const struct release *release)
{
	return release->cause == CAUSE_ADOPTED && release->previous[0] == '\0';
}

struct release_ref release_ref_of(const struct release *release)
{
	struct release_ref ref = {.number = release->number};

	text_copy(ref.name, release->name);
	text_copy(ref.uid, release->uid);
	text_copy(ref.digest, release->digest);
	text_copy(ref.configs, release->configs);
	text_copy(ref.handled, release->handled);
	text_copy(ref.handled_configs, release->handled_configs);
	text_copy(ref.previous, release->previous);
	text_copy(ref.primary_id, release->adoption.primary_id);
	text_copy(ref.tracked, release->tracked);
	text_copy(ref.hash,
	          release_is_found(release) ? release->adoption.last_promoted : release->hash);
	return ref;
}

bool release_is_promoted(const struct release *release)
{
	return release->status.outcome == OUTCOME_PROMOTED ||
	       release->status.outcome == OUTCOME_SKIPPED;
}
