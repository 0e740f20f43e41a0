#include "agent/learn_alert.h"

#include "analysis/base/text.h"

#include <string.h>

/* What is known of that receiver; a new one takes the place of none, or of one that is no more. */
static struct alert_fact *find_fact(struct facts *facts, const struct effect *effect)
{
	size_t at = 0;

	if (strcmp(facts->alerts_release, effect->release_uid) != 0) {
		text_copy(facts->alerts_release, effect->release_uid);
		memset(facts->alerts, 0, sizeof(facts->alerts));
	}
	while (at < SPEC_ALERTS_MAX && facts->alerts[at].receiver != effect->question &&
	       facts->alerts[at].receiver != 0)
		at++;
	return &facts->alerts[at < SPEC_ALERTS_MAX ? at : effect->index];
}

bool learn_alert_result(struct canary *canary, const struct effect *effect,
                        const struct act_result *result)
{
	struct alert_fact *fact;

	if (effect->kind != EFFECT_ALERT)
		return false;
	fact = find_fact(&canary->facts, effect);
	if (fact->receiver != effect->question)
		*fact = (struct alert_fact){.receiver = effect->question};
	fact->told = effect->notice.id;
	/* One that could not be told was given up. */
	fact->is_deaf = result->outcome != ACT_OK;
	if (fact->is_deaf) {
		fact->failed = effect->notice.id;
		text_copy(fact->text, result->text);
	}
	return true;
}
