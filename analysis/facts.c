#include "analysis/facts.h"

#include <assert.h>
#include <string.h>

static const char *const names[SUBJECT_MAX] = {
	[SUBJECT_NONE] = "",
	[SUBJECT_CANARY] = "canary",
	[SUBJECT_TARGET] = "target",
	[SUBJECT_PRIMARY] = "primary",
	[SUBJECT_APEX] = "apex service",
	[SUBJECT_PRIMARY_SERVICE] = "primary service",
	[SUBJECT_CANARY_SERVICE] = "canary service",
	[SUBJECT_ROUTE] = "route",
	[SUBJECT_SCALER] = "autoscaler",
	[SUBJECT_PRIMARY_SCALER] = "primary autoscaler",
	[SUBJECT_RELEASES] = "releases",
	[SUBJECT_CHANGE] = "change of template",
	[SUBJECT_CONFIGS] = "configs",
	[SUBJECT_EVENTS] = "events",
	[SUBJECT_ACTION] = "action",
	[SUBJECT_EARLIER] = "earlier release",
	[SUBJECT_FORMER_SCALER] = "former autoscaler",
};

struct fact_slot *facts_slot(struct facts *facts, enum subject subject)
{
	switch (subject) {
	case SUBJECT_CANARY:
		return &facts->canary;
	case SUBJECT_TARGET:
		return &facts->target.slot;
	case SUBJECT_PRIMARY:
		return &facts->primary.slot;
	case SUBJECT_APEX:
		return &facts->apex.slot;
	case SUBJECT_PRIMARY_SERVICE:
		return &facts->primary_service.slot;
	case SUBJECT_CANARY_SERVICE:
		return &facts->canary_service.slot;
	case SUBJECT_ROUTE:
		return &facts->route.slot;
	case SUBJECT_SCALER:
		return &facts->scaler.slot;
	case SUBJECT_PRIMARY_SCALER:
		return &facts->primary_scaler.slot;
	case SUBJECT_CHANGE:
		return &facts->change.slot;
	case SUBJECT_CONFIGS:
		return &facts->configs.slot;
	case SUBJECT_EVENTS:
		return &facts->events;
	case SUBJECT_ACTION:
		return &facts->action.slot;
	case SUBJECT_EARLIER:
		return &facts->earlier.slot;
	case SUBJECT_FORMER_SCALER:
		return &facts->former_scaler.slot;
	case SUBJECT_RELEASES:
	case SUBJECT_NONE:
	case SUBJECT_MAX:
		break;
	}
	assert(subject == SUBJECT_RELEASES);
	return &facts->releases;
}

const char *subject_name(enum subject subject)
{
	assert(subject < SUBJECT_MAX);
	return names[subject];
}

bool facts_knows_configs(const struct facts *facts)
{
	return facts->target.has_configs && facts->configs.slot.state == FACT_KNOWN &&
	       strcmp(facts->configs.template, facts->target.digest) == 0;
}

/* Of the newest Release's template only defaults were filled in, which makes no other of it. What
 * an undo left in the target is compared with another one. */
static bool is_grown(const struct facts *facts)
{
	return facts->change.kind == CHANGE_DEFAULTS && facts->newest.cause != CAUSE_UNDO &&
	       strcmp(facts->change.digest, facts->target.digest) == 0;
}

static bool has_template(const struct facts *facts, const char *digest)
{
	return strcmp(facts->target.digest, digest) == 0 ||
	       (is_grown(facts) && strcmp(facts->newest.digest, digest) == 0);
}

/* Of configs that cannot be read nothing is concluded: a run does not end for that. */
static bool is_of(const struct facts *facts, const char *digest, const char *configs)
{
	return facts->target.slot.state == FACT_KNOWN && has_template(facts, digest) &&
	       (!facts_knows_configs(facts) || strcmp(facts->configs.digest, configs) == 0);
}

/* So it was left by an undo. */
static bool is_handled(const struct facts *facts, const char *digest, const char *configs)
{
	return digest[0] && is_of(facts, digest, configs);
}

bool facts_is_promoted(const struct facts *facts)
{
	const struct release_ref *promoted = &facts->promoted;

	return promoted->name[0] != '\0' && is_of(facts, promoted->digest, promoted->configs);
}

bool facts_is_back(const struct facts *facts)
{
	const struct release_ref *promoted = &facts->promoted;

	return facts_is_promoted(facts) ||
	       is_handled(facts, promoted->handled, promoted->handled_configs);
}

bool facts_is_newest(const struct facts *facts)
{
	const struct release *newest = &facts->newest;

	return newest->name[0] != '\0' && is_of(facts, newest->digest, newest->configs);
}

bool facts_is_undone(const struct facts *facts)
{
	const struct release *newest = &facts->newest;

	return is_handled(facts, newest->handled, newest->handled_configs);
}
