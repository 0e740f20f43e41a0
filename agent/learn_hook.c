#include "agent/learn_hook.h"

#include "analysis/base/text.h"

#include <string.h>

static void learn_told(struct facts *facts, const struct effect *effect, bool is_pass)
{
	text_copy(facts->hooks_release, effect->release_uid);
	facts->hooks_told = effect->notice.id;
	facts->hooks_next = effect->index + 1;
	facts->is_hook_deaf = !is_pass;
}

static void learn_answer(struct canary *canary, const struct effect *effect, bool is_pass,
                         const char *text)
{
	struct hook_fact *fact = &canary->facts.hooks[effect->index];

	if (fact->question != effect->question)
		fact->refused = (struct instant){0};
	if (!is_pass)
		fact->refused = canary_now(canary);
	fact->question = effect->question;
	fact->check = effect->check;
	fact->result = is_pass ? HOOK_PASS : HOOK_FAIL;
	text_copy(fact->text, text);
}

void learn_hook_step(struct canary *canary)
{
	const struct release *newest = &canary->facts.newest;
	struct instant step = newest->status.times.next_check_at;

	if (strcmp(canary->stepped, newest->uid) == 0 && canary->step.ms == step.ms)
		return;
	text_copy(canary->stepped, newest->uid);
	canary->step = step;
	for (size_t i = 0; i < SPEC_HOOKS_MAX; i++) {
		canary->facts.hooks[i].refused = (struct instant){0};
		canary->facts.hooks[i].check = (struct instant){0};
	}
}

bool learn_hook_result(struct canary *canary, const struct effect *effect,
                       const struct act_result *result)
{
	/* There always is an answer: one that could not be called said no. */
	bool is_pass = result->outcome == ACT_OK && result->hook == HOOK_PASS;

	if (effect->kind == EFFECT_TELL_HOOK)
		learn_told(&canary->facts, effect, is_pass);
	else if (effect->kind == EFFECT_ASK_HOOK)
		learn_answer(canary, effect, is_pass, result->text);
	else
		return false;
	return true;
}
