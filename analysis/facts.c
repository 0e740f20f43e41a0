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
	[SUBJECT_RELEASES] = "releases",
	[SUBJECT_CHANGE] = "change of template",
	[SUBJECT_CONFIGS] = "configs",
	[SUBJECT_EVENTS] = "events",
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
	case SUBJECT_CHANGE:
		return &facts->change.slot;
	case SUBJECT_CONFIGS:
		return &facts->configs.slot;
	case SUBJECT_EVENTS:
		return &facts->events;
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

/* Of configs that cannot be read nothing is concluded: a run does not end for that. */
static bool is_of(const struct facts *facts, const char *digest, const char *configs)
{
	return facts->target.slot.state == FACT_KNOWN &&
	       strcmp(facts->target.digest, digest) == 0 &&
	       (!facts_knows_configs(facts) || strcmp(facts->configs.digest, configs) == 0);
}

bool facts_is_back(const struct facts *facts)
{
	return facts->promoted.name[0] != '\0' &&
	       is_of(facts, facts->promoted.digest, facts->promoted.configs);
}

bool facts_is_newest(const struct facts *facts)
{
	return facts->newest.name[0] != '\0' &&
	       is_of(facts, facts->newest.digest, facts->newest.configs);
}
