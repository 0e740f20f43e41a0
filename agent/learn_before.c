#include "agent/learn_before.h"

#include "agent/learn_slot.h"

#include <stdlib.h>

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
