#include "analysis/ruling.h"

#include "analysis/base/text.h"
#include "analysis/configs.h"
#include "analysis/hooks.h"
#include "analysis/target.h"
#include "analysis/workload.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void rule(struct thought *thought, enum ruling_kind kind, const char *format, ...)
	PRINTF_LIKE(3, 4);

static void rule(struct thought *thought, enum ruling_kind kind, const char *format, ...)
{
	va_list args;

	thought->ruling.kind = kind;
	va_start(args, format);
	(void)vsnprintf(thought->ruling.text, sizeof(thought->ruling.text), format, args);
	va_end(args);
}

static void act(struct thought *thought)
{
	thought->ruling.kind = RULING_ACT;
}

/* Verbs for the open run
 * -------------------------------------------------------------------------- */

static const char *ended(const struct release *newest)
{
	return release_is_promoted(newest) ? "was promoted" : "went back";
}

/* The run is over, or traffic goes back already: nothing to hold or to hurry. */
static bool is_over(struct thought *thought)
{
	const struct release *newest = &thought->facts->newest;

	if (!release_is_open(newest))
		rule(thought, RULING_REFUSED, "%.100s is over: it %s", newest->name, ended(newest));
	else if (newest->status.phase == PHASE_RETREATING)
		rule(thought, RULING_REFUSED, "%.100s goes back already: %.180s", newest->name,
		     newest->status.reason);
	else
		return false;
	return true;
}

static bool is_promoting(const struct release *newest)
{
	return newest->status.phase == PHASE_PROMOTING || newest->status.phase == PHASE_FINALISING;
}

static void rule_abort(struct thought *thought)
{
	const struct release *newest = &thought->facts->newest;

	if (release_is_promoted(newest))
		rule(thought, RULING_REFUSED,
		     "%.100s was promoted already: undo puts the one before it back", newest->name);
	else if (!release_is_open(newest))
		rule(thought, RULING_DONE, "%.100s went back already: %.180s", newest->name,
		     newest->status.reason);
	else if (newest->status.phase == PHASE_RETREATING)
		rule(thought, RULING_DONE, "%.100s goes back already: %.180s", newest->name,
		     newest->status.reason);
	else if (newest->cause == CAUSE_INIT)
		rule(thought, RULING_REFUSED,
		     "%.100s is the first release: there is nothing to go back to", newest->name);
	else
		act(thought);
}

static void rule_pause(struct thought *thought)
{
	const struct release *newest = &thought->facts->newest;

	if (is_over(thought))
		return;
	if (newest->cause == CAUSE_INIT)
		rule(thought, RULING_REFUSED, "%.100s is the first release: it has no steps",
		     newest->name);
	else if (is_promoting(newest))
		rule(thought, RULING_REFUSED,
		     "%.100s is being promoted and cannot be held any more: abort brings the old "
		     "template back",
		     newest->name);
	else if (release_is_paused(newest))
		rule(thought, RULING_DONE, "%.100s is held already, by %.120s", newest->name,
		     newest->status.paused.by);
	else
		act(thought);
}

static void rule_resume(struct thought *thought)
{
	const struct release *newest = &thought->facts->newest;

	if (is_over(thought))
		return;
	if (!release_is_paused(newest))
		rule(thought, RULING_DONE, "%.100s is not held", newest->name);
	else
		act(thought);
}

/* One step further needs pods that can take it; a promotion waits for them by itself. */
static void rule_step(struct thought *thought)
{
	const struct facts *facts = thought->facts;
	char why[SENTENCE_MAX];
	size_t gate;

	if (hooks_gate(thought, &gate))
		rule(thought, RULING_REFUSED, "%.100s waits at the gate %.100s: approve opens it",
		     facts->newest.name, thought->spec->hooks[gate].name);
	else if (facts->newest.status.phase != PHASE_PROGRESSING)
		rule(thought, RULING_REFUSED,
		     "%.100s has not begun its first step: the canary is not ready, or traffic is "
		     "not where it must be",
		     facts->newest.name);
	else if (facts->target.slot.state != FACT_KNOWN || facts->primary.slot.state != FACT_KNOWN)
		return;
	else if (!workload_is_ready(&facts->target, thought->spec->canary_ready_percent, why) ||
	         !workload_is_ready(&facts->primary, thought->spec->primary_ready_percent, why))
		rule(thought, RULING_REFUSED, "%.100s cannot take a step now: %.180s",
		     facts->newest.name, why);
	else
		act(thought);
}

static void rule_promote(struct thought *thought)
{
	const struct release *newest = &thought->facts->newest;

	if (release_is_promoted(newest))
		rule(thought, RULING_DONE, "%.100s was promoted already", newest->name);
	else if (is_over(thought))
		return;
	else if (is_promoting(newest))
		rule(thought, RULING_DONE, "%.100s is being promoted already", newest->name);
	else if (newest->cause == CAUSE_INIT)
		rule(thought, RULING_REFUSED, "%.100s is the first release: it has no steps",
		     newest->name);
	else if (thought->spec->suspend)
		rule(thought, RULING_REFUSED, "the Canary is suspended (spec.suspend)");
	else if (!thought->facts->action.is_full)
		rule_step(thought);
	else if (release_is_full(newest))
		rule(thought, RULING_DONE, "%.100s is to be promoted already, by %.120s",
		     newest->name, newest->status.full.by);
	else
		act(thought);
}

static void rule_gate(struct thought *thought)
{
	size_t gate;

	if (is_over(thought))
		return;
	if (hooks_gate(thought, &gate))
		act(thought);
	else
		rule(thought, RULING_REFUSED, "no gate of %.100s waits for an answer",
		     thought->facts->newest.name);
}

/* Verbs that make a Release
 * ----------------------------------------------------------------------- */

/* Nothing of this kind can begin now, and why. */
static bool is_busy(struct thought *thought)
{
	const struct facts *facts = thought->facts;

	if (release_is_open(&facts->newest))
		rule(thought, RULING_REFUSED, "%.100s is under way: abort it first, or wait",
		     facts->newest.name);
	else if (thought->spec->suspend)
		rule(thought, RULING_REFUSED, "the Canary is suspended (spec.suspend)");
	else if (facts->promoted.name[0] == '\0')
		rule(thought, RULING_REFUSED, "nothing was promoted yet");
	else if (facts->refusal[0])
		rule(thought, RULING_REFUSED, "%s", facts->refusal);
	else if (facts->target.slot.state == FACT_ABSENT)
		rule(thought, RULING_REFUSED, "%s %.100s.%.63s not found",
		     target_kind_word(thought->spec->target_kind), thought->spec->target,
		     thought->spec->k8s_namespace);
	else if (facts->target.refusal[0])
		rule(thought, RULING_REFUSED, "%s", facts->target.refusal);
	else
		return false;
	return true;
}

static void rule_retry(struct thought *thought)
{
	const struct facts *facts = thought->facts;
	char why[SENTENCE_MAX];

	if (is_busy(thought) || facts->target.slot.state != FACT_KNOWN || thought->is_unsure)
		return;
	if (configs_are_asked(facts))
		return;
	if (facts->target.has_configs && !facts_knows_configs(facts))
		rule(thought, RULING_REFUSED, "%.250s", facts->configs.slot.error);
	else if (facts_is_promoted(facts))
		rule(thought, RULING_REFUSED,
		     "the target has the promoted template (%.100s): there is nothing to analyse",
		     facts->promoted.name);
	else if (thought->is_newer)
		rule(thought, RULING_REFUSED,
		     "the target has a newer revision: it begins by itself");
	else if (facts->primary.slot.state != FACT_KNOWN)
		return;
	else if (!workload_is_ready(&facts->primary, thought->spec->primary_ready_percent, why))
		rule(thought, RULING_REFUSED, "the primary is not ready: %.200s", why);
	else
		act(thought);
}

/* Look at the Release that an undo brings back; true when it is known. */
static bool knows_earlier(struct thought *thought, const char *name)
{
	const struct facts *facts = thought->facts;
	const struct earlier_fact *earlier = &facts->earlier;
	struct effect effect = {.kind = EFFECT_FIND_RELEASE, .subject = SUBJECT_EARLIER};

	if (strcmp(earlier->ref.name, name) == 0 &&
	    strcmp(earlier->action, facts->action.uid) == 0 &&
	    (earlier->slot.state == FACT_KNOWN || earlier->slot.state == FACT_ABSENT))
		return true;
	text_copy(effect.earlier, name);
	text_copy(effect.answer.uid, facts->action.uid);
	thought_want(thought, &effect);
	return false;
}

static void rule_earlier(struct thought *thought, const char *name)
{
	const struct facts *facts = thought->facts;
	const struct earlier_fact *earlier = &facts->earlier;

	if (!knows_earlier(thought, name))
		return;
	if (earlier->slot.state == FACT_ABSENT)
		rule(thought, RULING_REFUSED, "there is no %.100s any more", name);
	else if (earlier->outcome != OUTCOME_PROMOTED && earlier->outcome != OUTCOME_SKIPPED)
		rule(thought, RULING_REFUSED, "%.100s was never promoted: %s", name,
		     earlier->outcome == OUTCOME_NONE ? "it is not over"
		                                      : release_outcome_name(earlier->outcome));
	else if (strcmp(earlier->ref.digest, facts->promoted.digest) == 0 &&
	         strcmp(earlier->ref.configs, facts->promoted.configs) == 0)
		rule(thought, RULING_REFUSED, "%.100s has the template that is promoted (%.100s)",
		     name, facts->promoted.name);
	else
		act(thought);
}

static void rule_undo(struct thought *thought)
{
	const struct facts *facts = thought->facts;
	const char *name = facts->promoted.previous;
	char numbered[NAME_MAX_K8S];

	if (is_busy(thought) || facts->target.slot.state != FACT_KNOWN)
		return;
	if (facts->action.to > 0) {
		text_format(numbered, sizeof(numbered), "%.200s-%d", thought->spec->name,
		            facts->action.to);
		name = numbered;
	}
	if (name[0] == '\0')
		rule(thought, RULING_REFUSED, "there is none before %.100s", facts->promoted.name);
	else if (strcmp(name, facts->promoted.name) == 0)
		rule(thought, RULING_REFUSED, "%.100s is what is promoted", name);
	else
		rule_earlier(thought, name);
}

/* All of them
 * ------------------------------------------------------------------------------------- */

typedef void verb_rule(struct thought *thought);

static verb_rule *const rules[] = {
	[VERB_PROMOTE] = rule_promote, [VERB_ABORT] = rule_abort, [VERB_PAUSE] = rule_pause,
	[VERB_RESUME] = rule_resume,   [VERB_RETRY] = rule_retry, [VERB_UNDO] = rule_undo,
	[VERB_APPROVE] = rule_gate,    [VERB_REJECT] = rule_gate,
};

/* What it led to, for whoever asked; the Release may have gone on since. */
static void rule_done(struct thought *thought, const struct action_mark *mark)
{
	const struct release *newest = &thought->facts->newest;
	const char *name = newest->name;
	int weight = newest->status.weight.to;

	switch (mark->verb) {
	case VERB_PROMOTE:
		if (strcmp(newest->status.full.action, mark->uid) == 0)
			rule(thought, RULING_DONE,
			     "%.100s is promoted as soon as its canary is ready", name);
		else
			rule(thought, RULING_DONE, "%.100s goes on: %.180s", name,
			     newest->status.reason);
		return;
	case VERB_ABORT:
	case VERB_REJECT:
		rule(thought, RULING_DONE, "%.100s goes back: all traffic to the primary", name);
		return;
	case VERB_PAUSE:
		rule(thought, RULING_DONE, "%.100s is held at weight %d; its checks go on", name,
		     weight);
		return;
	case VERB_RESUME:
	case VERB_APPROVE:
		rule(thought, RULING_DONE, "%.100s goes on", name);
		return;
	case VERB_RETRY:
		rule(thought, RULING_DONE, "%.100s analyses the target's template again", name);
		return;
	case VERB_UNDO:
		rule(thought, RULING_DONE,
		     "%.100s puts the earlier template into the primary; the target is left as it "
		     "is, and its template counts as handled",
		     name);
		return;
	case VERB_NONE:
		break;
	}
	assert(false && "a verb that was never carried out");
}

/* What holds for every verb; true when the ruling is made. */
static bool is_ruled(struct thought *thought)
{
	const struct facts *facts = thought->facts;
	const struct action_fact *action = &facts->action;
	const struct action_mark *mark = release_find_action(&facts->newest, action->uid);

	if (mark && mark->verb != VERB_NONE)
		rule_done(thought, mark);
	else if (action->refusal[0])
		rule(thought, RULING_REFUSED, "%s", action->refusal);
	else if (facts->is_deleted || strcmp(action->canary_uid, facts->canary_uid) != 0)
		rule(thought, RULING_REFUSED, "the Canary that was meant is deleted");
	else if (facts->is_quarantined)
		rule(thought, RULING_REFUSED,
		     "the Canary is quarantined: the agent aborted twice while it was in hand");
	else if (!facts->has_spec)
		rule(thought, RULING_REFUSED, "%s", facts->refusal);
	else if (action->verb == VERB_NONE)
		rule(thought, RULING_REFUSED, "spec.verb: no word that this version knows");
	else
		return false;
	return true;
}

void ruling_find(struct thought *thought)
{
	const struct facts *facts = thought->facts;
	const struct action_fact *action = &facts->action;
	bool is_listed =
		facts->releases.state == FACT_KNOWN || facts->releases.state == FACT_ABSENT;

	if (action->uid[0] == '\0' || is_ruled(thought))
		return;
	/* An abort waits for no look at what is known: it would be carried out on the same run. */
	if (!is_listed && (facts->newest.name[0] == '\0' || action->verb != VERB_ABORT))
		return;
	if (facts->newest.name[0] == '\0')
		rule(thought, RULING_REFUSED, "the Canary has no release yet");
	else if (strcmp(action->release_uid, facts->newest.uid) != 0)
		rule(thought, RULING_REFUSED,
		     "%.100s is no longer the newest: %.100s is (%s); look again",
		     action->release[0] ? action->release : "what was seen", facts->newest.name,
		     release_is_open(&facts->newest) ? "under way" : ended(&facts->newest));
	else
		rules[action->verb](thought);
}

bool ruling_wants(const struct thought *thought, enum verb verb)
{
	return thought->ruling.kind == RULING_ACT && thought->facts->action.verb == verb;
}
