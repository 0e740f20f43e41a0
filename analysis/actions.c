#include "analysis/actions.h"

#include "analysis/base/text.h"
#include "analysis/configs.h"
#include "analysis/hooks.h"
#include "analysis/phase/phase.h"
#include "analysis/ruling.h"

#include <string.h>

const char *actions_who(const char *by, const char *why, char *ret)
{
	if (why[0])
		text_format(ret, SENTENCE_MAX, "%.120s: %.120s", by, why);
	else
		text_format(ret, SENTENCE_MAX, "%.120s", by);
	return ret;
}

static struct action_mark mark_of(const struct thought *thought)
{
	const struct action_fact *action = &thought->facts->action;
	struct action_mark mark = {.verb = action->verb, .at = thought->facts->now};

	text_copy(mark.uid, action->uid);
	text_copy(mark.by, action->by);
	text_copy(mark.why, action->why);
	return mark;
}

void actions_mark(const struct thought *thought, struct release_status *status)
{
	if (status->n_actions == ACTIONS_KEPT_MAX) {
		memmove(&status->actions[0], &status->actions[1],
		        (ACTIONS_KEPT_MAX - 1) * sizeof(status->actions[0]));
		status->n_actions--;
	}
	status->actions[status->n_actions++] = mark_of(thought);
}

static struct standing standing_of(const struct action_fact *action)
{
	struct standing standing = {0};

	text_copy(standing.action, action->uid);
	text_copy(standing.by, action->by);
	text_copy(standing.why, action->why);
	return standing;
}

static void tell(const struct thought *thought, struct release_status *status, const char *what)
{
	const struct action_fact *action = &thought->facts->action;
	char who[SENTENCE_MAX];

	text_format(status->reason, sizeof(status->reason), "%s by %.250s", what,
	            actions_who(action->by, action->why, who));
	thought_notice(status, false, "%.60s.%.63s %.180s", thought->spec->name,
	               thought->spec->k8s_namespace, status->reason);
}

static void promote(struct thought *thought, struct release_status *status)
{
	status->paused = (struct standing){0};
	if (thought->facts->action.is_full) {
		tell(thought, status, "told to promote without further steps");
		status->full = standing_of(&thought->facts->action);
		return;
	}
	tell(thought, status, "told to take the next step");
	phase_progressing_step(thought, status);
}

/* The gate counts as open, and is come to at once. */
static void approve(struct thought *thought, struct release_status *status)
{
	char what[SENTENCE_MAX];
	size_t gate = 0;

	if (!hooks_gate(thought, &gate))
		return;
	text_format(what, sizeof(what), "gate %.100s approved", thought->spec->hooks[gate].name);
	tell(thought, status, what);
	hooks_approve(thought, status, gate);
	status->times.next_check_at = thought->facts->now;
}

static bool change(struct thought *thought, struct release_status *status)
{
	if (ruling_wants(thought, VERB_PAUSE)) {
		tell(thought, status, "paused");
		status->paused = standing_of(&thought->facts->action);
		status->full = (struct standing){0};
	} else if (ruling_wants(thought, VERB_RESUME)) {
		tell(thought, status, "resumed");
		status->paused = (struct standing){0};
	} else if (ruling_wants(thought, VERB_APPROVE)) {
		approve(thought, status);
	} else if (ruling_wants(thought, VERB_PROMOTE)) {
		promote(thought, status);
	} else {
		return false;
	}
	return true;
}

static bool is_retreating(const struct plan *plan)
{
	for (size_t i = 0; i < plan->n_effects; i++) {
		if (plan->effects[i].kind == EFFECT_SAVE_RELEASE && plan->effects[i].is_retreat)
			return true;
	}
	return false;
}

static void save(struct thought *thought)
{
	struct release_status status = thought_next_status(thought);

	if (!change(thought, &status))
		return;
	actions_mark(thought, &status);
	thought_save(thought, &status, false);
	text_copy(thought->plan->reason, status.reason);
}

void actions_save(struct thought *thought)
{
	if (thought->ruling.kind == RULING_ACT && !is_retreating(thought->plan))
		save(thought);
}

void actions_release(struct thought *thought)
{
	const struct facts *facts = thought->facts;
	bool is_undo = facts->action.verb == VERB_UNDO;
	struct effect effect = thought_release(thought, is_undo ? CAUSE_UNDO : CAUSE_RETRY);
	char who[SENTENCE_MAX];

	/* An undo waits for no config that cannot be read. */
	if ((!is_undo || configs_are_asked(facts)) && !configs_known(thought))
		return;
	effect.action = mark_of(thought);
	text_copy(effect.configs, configs_digest(facts));
	if (is_undo) {
		text_copy(effect.digest, facts->earlier.ref.digest);
		text_copy(effect.configs, facts->earlier.ref.configs);
		text_copy(effect.earlier, facts->earlier.ref.name);
		text_copy(effect.earlier_uid, facts->earlier.ref.uid);
		text_copy(effect.handled, facts->target.digest);
		text_copy(effect.handled_configs, configs_digest(facts));
	}
	thought_want(thought, &effect);
	thought_because(thought, "%s wanted by %.250s", verb_name(facts->action.verb),
	                actions_who(facts->action.by, facts->action.why, who));
}

static void want_answer(struct thought *thought)
{
	const struct action_fact *action = &thought->facts->action;
	struct effect effect = {
		.kind = EFFECT_ANSWER,
		.subject = SUBJECT_ACTION,
		.check = thought->facts->now,
		.answer.is_refused = thought->ruling.kind == RULING_REFUSED,
	};

	text_copy(effect.answer.name, action->name);
	text_copy(effect.answer.uid, action->uid);
	text_copy(effect.answer.text, thought->ruling.text);
	text_copy(effect.resource_version, action->resource_version);
	thought_want(thought, &effect);
}

/* Whether it was answered is not known. */
static void observe(struct thought *thought)
{
	struct effect effect = {.kind = EFFECT_OBSERVE, .subject = SUBJECT_ACTION};

	text_copy(effect.answer.name, thought->facts->action.name);
	text_copy(effect.answer.uid, thought->facts->action.uid);
	thought_want(thought, &effect);
}

void actions_answer(struct thought *thought)
{
	const struct action_fact *action = &thought->facts->action;

	if (action->uid[0] == '\0')
		return;
	if (action->slot.state != FACT_KNOWN)
		observe(thought);
	else if (thought->ruling.kind == RULING_DONE || thought->ruling.kind == RULING_REFUSED)
		want_answer(thought);
}
