#include "tests/analysis/model_tell.h"

#include "analysis/base/text.h"

#include <string.h>

void model_write_down(struct model *model, const char *kind, const char *text)
{
	size_t used = strlen(model->trace);

	text_format(model->trace + used, sizeof(model->trace) - used, "%s %s\n", kind, text);
}

bool model_is_hung(const struct model *model, const struct effect *effect)
{
	size_t i = 0;

	while (i < array_length(model->hung) && !effect_is_same(&model->hung[i], effect))
		i++;
	return i < array_length(model->hung);
}

void model_notify(struct model *model, const struct effect *effect)
{
	struct facts *view = &model->view;

	model_write_down(model, effect->notice.is_warning ? "W" : "N", effect->notice.text);
	if (effect->notice.id < 0) {
		view->warned_generation = -effect->notice.id;
		return;
	}
	text_copy(view->notices_release, effect->release_uid);
	view->notices_delivered = effect->notice.id;
}

void model_ask_hook(struct model *model, const struct effect *effect)
{
	const struct hook_spec *hook = &model->spec.hooks[effect->index];
	struct hook_fact *fact;
	char text[120];

	if (model_is_hung(model, effect))
		return;
	model->n_asked[hook->type]++;
	text_format(text, sizeof(text), "%s %s (%s)", hook_type_name(hook->type), hook->name,
	            effect->phase);
	model_write_down(model, "ask", text);
	if (model->says[hook->type] == HOOK_PENDING) {
		model->hung[0] = *effect;
		return;
	}
	fact = &model->view.hooks[effect->index];
	if (model->says[hook->type] == HOOK_FAIL)
		fact->refused = model->truth.now;
	else if (fact->question != effect->question)
		fact->refused = (struct instant){0};
	fact->question = effect->question;
	fact->check = effect->check;
	fact->result = model->says[hook->type];
	text_copy(fact->text, "closed");
}

void model_tell_hook(struct model *model, const struct effect *effect)
{
	char text[SENTENCE_MAX + 80];

	if (model_is_hung(model, effect))
		return;
	model->n_asked[HOOK_EVENT]++;
	text_format(text, sizeof(text), "%s (%s): %s", model->spec.hooks[effect->index].name,
	            effect->phase, effect->notice.text);
	model_write_down(model, "tell", text);
	if (model->says[HOOK_EVENT] == HOOK_PENDING) {
		model->hung[1] = *effect;
		return;
	}
	text_copy(model->view.hooks_release, effect->release_uid);
	model->view.hooks_told = effect->notice.id;
	model->view.hooks_next = effect->index + 1;
	model->view.is_hook_deaf = model->says[HOOK_EVENT] == HOOK_FAIL;
}

void model_alert(struct model *model, const struct effect *effect)
{
	struct facts *view = &model->view;
	struct alert_fact *fact = &view->alerts[effect->index];
	char text[SENTENCE_MAX + 80];

	if (model_is_hung(model, effect))
		return;
	text_format(text, sizeof(text), "%zu %s%s: %s", effect->index,
	            severity_name(effect->notice.severity), effect->notice.has_details ? "+" : "",
	            effect->notice.text);
	model_write_down(model, "alert", text);
	model->n_alerts++;
	if (!model->ear) {
		model->hung[2] = *effect;
		return;
	}
	if (strcmp(view->alerts_release, effect->release_uid) != 0)
		memset(view->alerts, 0, sizeof(view->alerts));
	text_copy(view->alerts_release, effect->release_uid);
	fact->receiver = effect->question;
	fact->told = effect->notice.id;
	fact->is_deaf = model->ear[0] != '\0';
	fact->failed = fact->is_deaf ? effect->notice.id : fact->failed;
	text_copy(fact->text, model->ear);
}
