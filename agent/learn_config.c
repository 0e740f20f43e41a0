#include "agent/learn_config.h"

#include "agent/learn.h"
#include "agent/learn_slot.h"
#include "analysis/base/text.h"

#include <string.h>

void learn_config(struct canary *canary, const struct config_fact *configs)
{
	struct config_fact *fact = &canary->facts.configs;

	text_copy(fact->template, configs->template);
	text_copy(fact->digest, configs->digest);
	fact->slot.failures = 0;
	learn_slot_known(canary, &fact->slot);
	/* The target changed meanwhile, and its watch is late. */
	if (strcmp(fact->template, canary->facts.target.digest) != 0)
		learn_doubt(canary, SUBJECT_TARGET);
}

void learn_config_failure(struct canary *canary, const struct effect *effect)
{
	if (effect->kind == EFFECT_CREATE_RELEASE || effect->kind == EFFECT_CREATE_PRIMARY ||
	    effect->kind == EFFECT_WRITE_PRIMARY)
		learn_doubt(canary, SUBJECT_CONFIGS);
}
