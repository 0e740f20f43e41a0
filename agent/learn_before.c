#include "agent/learn_before.h"

#include "agent/learn_slot.h"

#include <stdlib.h>

char *learn_before_version(struct canary *canary, enum subject subject, size_t index)
{
	struct facts *facts = &canary->facts;

	switch (subject) {
	case SUBJECT_TARGET:
		return facts->target.resource_version;
	case SUBJECT_PRIMARY:
		return facts->primary.resource_version;
	case SUBJECT_APEX:
		return facts->apex.resource_version;
	case SUBJECT_PRIMARY_SERVICE:
		return facts->primary_service.resource_version;
	case SUBJECT_CANARY_SERVICE:
		return facts->canary_service.resource_version;
	case SUBJECT_ROUTE:
		return facts->route.resource_version;
	case SUBJECT_SCALER:
		return facts->scaler.resource_version;
	case SUBJECT_PRIMARY_SCALER:
		return facts->primary_scaler.resource_version;
	case SUBJECT_NONE:
		return canary->edition && index < TRAFFIC_BESIDE_MAX
		               ? canary->edition->world.beside_versions[index]
		               : NULL;
	case SUBJECT_CANARY:
	case SUBJECT_RELEASES:
	case SUBJECT_CHANGE:
	case SUBJECT_CONFIGS:
	case SUBJECT_EVENTS:
	case SUBJECT_ACTION:
	case SUBJECT_EARLIER:
	case SUBJECT_FORMER_SCALER:
	case SUBJECT_MAX:
		break;
	}
	return NULL;
}

void learn_before_keep(struct canary *canary)
{
	learn_before_forget(canary);
	if (canary->facts.newest.name[0] == '\0')
		return;
	canary->before = malloc(sizeof(*canary->before));
	if (!canary->before)
		abort();
	*canary->before = canary->facts.newest;
}

void learn_before_forget(struct canary *canary)
{
	free(canary->before);
	canary->before = NULL;
}

void learn_before_check(const struct canary *canary, const json_t *object, struct release *release)
{
	const struct release *before = canary->before;

	if (before && learn_slot_is_older(before->uid, before->resource_version, object))
		*release = *before;
}
