#include "tests/analysis/model_action.h"

#include "analysis/base/text.h"
#include "tests/analysis/model_tell.h"

#include <assert.h>
#include <string.h>

void model_ask(struct model *model, enum verb verb, const char *why)
{
	struct action_fact *action = &model->truth.action;

	*action = (struct action_fact){.slot.state = FACT_KNOWN, .verb = verb};
	text_format(action->uid, sizeof(action->uid), "action-%d", ++model->n_actions);
	text_format(action->name, sizeof(action->name), "cart-%s-%d", verb_name(verb),
	            model->n_actions);
	text_copy(action->by, "alice");
	text_copy(action->why, why);
	text_copy(action->canary_uid, model->truth.canary_uid);
	text_copy(action->release, model->truth.newest.name);
	text_copy(action->release_uid, model->truth.newest.uid);
}

void model_answer(struct model *model, const struct effect *effect)
{
	model_write_down(model, effect->answer.is_refused ? "refused" : "accepted",
	                 effect->answer.text);
	assert(strcmp(effect->answer.uid, model->truth.action.uid) == 0);
	model->truth.action = (struct action_fact){0};
	model->n_answers++;
}

void model_find_release(struct model *model, const struct effect *effect)
{
	struct earlier_fact *earlier = &model->view.earlier;

	*earlier = (struct earlier_fact){.slot.state = FACT_ABSENT};
	text_copy(earlier->ref.name, effect->earlier);
	text_copy(earlier->action, effect->answer.uid);
	for (int number = 1; number < MODEL_RELEASES_MAX; number++) {
		if (strcmp(model->kept[number].name, effect->earlier) != 0)
			continue;
		earlier->ref = release_ref_of(&model->kept[number]);
		earlier->outcome = model->kept[number].status.outcome;
		earlier->slot.state = FACT_KNOWN;
	}
}
