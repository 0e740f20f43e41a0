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
	[SUBJECT_EVENTS] = "events",
	[SUBJECT_ACTION] = "action",
	[SUBJECT_EARLIER] = "earlier release",
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
	case SUBJECT_EVENTS:
		return &facts->events;
	case SUBJECT_ACTION:
		return &facts->action.slot;
	case SUBJECT_EARLIER:
		return &facts->earlier.slot;
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

bool facts_is_back(const struct facts *facts)
{
	const struct release_ref *promoted = &facts->promoted;

	if (facts->target.slot.state != FACT_KNOWN || promoted->name[0] == '\0')
		return false;
	return strcmp(facts->target.digest, promoted->digest) == 0 ||
	       (promoted->handled[0] && strcmp(facts->target.digest, promoted->handled) == 0);
}
