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

void model_write_mirror(struct model *model, const struct effect *effect)
{
	struct mirror_fact *mirror = &model->truth.mirror;
	char text[80];

	text_copy(mirror->phase, effect->mirror.phase);
	mirror->weight = effect->mirror.weight;
	mirror->failed_checks = effect->mirror.failed_checks;
	mirror->iterations = effect->mirror.iterations;
	text_copy(mirror->last_applied, effect->mirror.last_applied);
	text_copy(mirror->last_promoted, effect->mirror.last_promoted);
	mirror->cookies = effect->mirror.cookies;
	text_copy(mirror->refusal, effect->mirror.refusal);
	text_copy(mirror->refusal_reason, effect->mirror.refusal_reason);
	text_format(text, sizeof(text), "%s w%d i%d f%d", mirror->phase, mirror->weight,
	            mirror->iterations, mirror->failed_checks);
	model_write_down(model, "status", text);
}

void model_measure(struct model *model, const struct effect *effect)
{
	struct sample_fact *sample = &model->view.samples[effect->index];

	*sample = (struct sample_fact){
		.check = effect->check, .kind = SAMPLE_VALUE, .value = model->success_rate};
	model->n_checks++;
	if (model->success_rate < 0) {
		sample->kind = SAMPLE_ABSENT;
		text_copy(sample->text, "no values");
	} else if (model->success_rate > 100) {
		sample->kind = SAMPLE_ERROR;
		text_copy(sample->text, "connection refused");
	}
}

static const char *backend_name(enum backend backend)
{
	return backend == BACKEND_CANARY ? "canary" : "primary";
}

/* " n2": so many, where there are any. */
static void tell_number(const char *what, int64_t number, char ret[SENTENCE_MAX])
{
	size_t used = strlen(ret);

	if (number != 0)
		text_format(ret + used, SENTENCE_MAX - used, " %s%d", what, (int)number);
}

/* Phase and ending, weights, and how many checks, hooks, notices and alerts it has; which times
 * run. */
static void tell_status(const struct release_status *status, char ret[SENTENCE_MAX])
{
	enum release_outcome ending = status->outcome ? status->outcome : status->ending;

	text_format(ret, SENTENCE_MAX, " %s%s%s", release_phase_name(status->phase),
	            ending ? " " : "", release_outcome_name(ending));
	tell_number("from ", status->weight.from, ret);
	tell_number("to ", status->weight.to, ret);
	tell_number("mirrored ", status->weight.is_mirrored, ret);
	tell_number("seen ", status->weight.has_seen, ret);
	tell_number("i", status->iteration, ret);
	tell_number("f", status->failed_checks, ret);
	tell_number("c", (int64_t)status->n_checks, ret);
	tell_number("h", (int64_t)status->n_hooks, ret);
	tell_number("n", (int64_t)status->n_notices, ret);
	tell_number("a", (int64_t)status->n_alerts, ret);
	tell_number("started ", instant_is_set(status->times.started), ret);
	tell_number("unready ", instant_is_set(status->times.not_ready_since), ret);
	tell_number("unmeasured ", instant_is_set(status->times.unmeasured_since), ret);
}

/* Of which Release, and with how many pods. */
static void tell_object(const struct effect *effect, char ret[SENTENCE_MAX])
{
	if (effect->release_uid[0])
		text_format(ret, SENTENCE_MAX, " %s", effect->release_uid);
	tell_number("x", effect->replicas, ret);
}

/* What the effect is to come to. */
static void tell_detail(const struct effect *effect, char ret[SENTENCE_MAX])
{
	ret[0] = '\0';
	if (effect->kind == EFFECT_SAVE_RELEASE)
		tell_status(&effect->status, ret);
	else if (effect->kind == EFFECT_CREATE_RELEASE)
		text_format(ret, SENTENCE_MAX, " %d %s", effect->number,
		            release_cause_name(effect->cause));
	else if (effect->kind == EFFECT_WRITE_SERVICE)
		text_format(ret, SENTENCE_MAX, " %s", backend_name(effect->backend));
	else if (effect->kind == EFFECT_WRITE_ROUTE)
		text_format(ret, SENTENCE_MAX, " %d%s", effect->weight,
		            effect->is_mirrored ? " mirrored" : "");
	else if (effect->kind == EFFECT_SCALE || effect->kind == EFFECT_WRITE_SCALER)
		text_format(ret, SENTENCE_MAX, " %d", effect->replicas);
	else if (effect->kind == EFFECT_CREATE_PRIMARY || effect->kind == EFFECT_WRITE_PRIMARY ||
	         effect->kind == EFFECT_REMOVE)
		tell_object(effect, ret);
	else if (effect->kind == EFFECT_WRITE_MIRROR)
		text_format(ret, SENTENCE_MAX, " %s%s%s", effect->mirror.phase,
		            effect->mirror.refusal[0] ? ": " : "", effect->mirror.refusal);
	else if (effect->kind == EFFECT_ASK_HOOK)
		text_format(ret, SENTENCE_MAX, " %zu (%s)", effect->index, effect->phase);
	else if (effect->kind == EFFECT_MEASURE || effect->kind == EFFECT_TELL_HOOK ||
	         effect->kind == EFFECT_ALERT)
		text_format(ret, SENTENCE_MAX, " %zu", effect->index);
	else if (effect->kind == EFFECT_WRITE_FINALIZER)
		text_format(ret, SENTENCE_MAX, " %s", effect->number ? "on" : "off");
	else if (effect->kind == EFFECT_ANSWER)
		text_format(ret, SENTENCE_MAX, ": %s", effect->answer.text);
	else if (effect->kind == EFFECT_NOTIFY)
		text_format(ret, SENTENCE_MAX, " %.300s", effect->notice.text);
}

/* What stands before the subject; NULL: the kind's name, and no subject. */
static const char *verb_of(const struct effect *effect)
{
	static const char *const verbs[] = {
		[EFFECT_OBSERVE] = "see ",       [EFFECT_SCALE] = "scale ",
		[EFFECT_REMOVE] = "remove ",     [EFFECT_RESTORE] = "restore ",
		[EFFECT_WRITE_SERVICE] = "",     [EFFECT_WRITE_ROUTE] = "",
		[EFFECT_CREATE_PRIMARY] = "",    [EFFECT_WRITE_PRIMARY] = "",
		[EFFECT_TAKE_PRIMARY] = "take ", [EFFECT_REMOVE_RELEASES] = NULL,
	};

	return verbs[effect->kind];
}

const char *model_tell_plan(const struct plan *plan, char ret[MODEL_PLAN_MAX])
{
	char detail[SENTENCE_MAX];
	size_t used = 0;

	ret[0] = '\0';
	for (size_t i = 0; i < plan->n_effects; i++) {
		const struct effect *effect = &plan->effects[i];
		const char *verb = verb_of(effect);

		tell_detail(effect, detail);
		text_format(ret + used, MODEL_PLAN_MAX - used, "%s%s%s%s%s", i > 0 ? "; " : "",
		            verb ? verb : effect_kind_name(effect->kind),
		            verb ? subject_name(effect->subject) : "", detail,
		            effect->is_retreat ? "!" : "");
		used = strlen(ret);
	}
	return ret;
}
