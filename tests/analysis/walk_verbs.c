#include "tests/analysis/walk_verbs.h"

#include "analysis/base/text.h"
#include "tests/analysis/walk_look.h"

#include <stdlib.h>
#include <string.h>

#define UID "action-1"

void walk_verbs_init(struct walk_verbs *verbs)
{
	*verbs =
		(struct walk_verbs){.effects = calloc(2 * PLAN_EFFECTS_MAX, sizeof(struct effect))};
	if (!verbs->effects)
		abort();
	verbs->plain.effects = verbs->effects;
	verbs->plan.effects = verbs->effects + PLAN_EFFECTS_MAX;
}

void walk_verbs_fini(struct walk_verbs *verbs)
{
	free(verbs->effects);
}

/* Every verb, seen on the newest Release and, less often, on another; a few were carried out. */
static void put_action(struct facts *facts, uint64_t number)
{
	struct action_fact *action = &facts->action;
	struct release *newest = &facts->newest;

	*action = (struct action_fact){.slot.state = number % 13 ? FACT_KNOWN : FACT_UNKNOWN};
	action->verb = (enum verb)(VERB_PROMOTE + (number / 7) % VERB_REJECT);
	action->is_full = number % 2 == 0;
	text_copy(action->name, "cart-x");
	text_copy(action->uid, UID);
	text_copy(action->by, "alice");
	text_copy(action->canary_uid, number % 17 ? facts->canary_uid : "another");
	text_copy(action->release, newest->name);
	text_copy(action->release_uid, number % 11 ? newest->uid : "another");
	facts->earlier =
		(struct earlier_fact){.slot.state = FACT_KNOWN, .outcome = OUTCOME_PROMOTED};
	text_copy(facts->earlier.action, UID);
	text_copy(facts->earlier.ref.name, "cart-0");
	text_copy(facts->earlier.ref.digest, "v0");
	text_copy(facts->promoted.previous, facts->promoted.name[0] ? "cart-0" : "");
	if (number % 5 == 0)
		text_copy(newest->status.paused.action, "action-0");
	if (number % 19 == 0 && newest->name[0]) {
		newest->status.n_actions = 1;
		newest->status.actions[0].verb = action->verb;
		text_copy(newest->status.actions[0].uid, UID);
	}
}

static bool is_handled(const struct facts *facts)
{
	return release_find_action(&facts->newest, UID) != NULL;
}

/* The verb is one for what is there. */
static bool is_due(const struct facts *facts)
{
	return facts->has_spec && !facts->is_quarantined && !facts->is_deleted &&
	       !is_handled(facts) && strcmp(facts->action.canary_uid, facts->canary_uid) == 0 &&
	       facts->newest.name[0] && strcmp(facts->action.release_uid, facts->newest.uid) == 0;
}

static bool marks(const struct effect *save)
{
	const struct release_status *status = &save->status;

	return status->n_actions > 0 &&
	       strcmp(status->actions[status->n_actions - 1].uid, UID) == 0;
}

/* An abort takes all traffic back in this very plan, whatever else is the case. */
static const char *check_abort(const struct walk_verbs *verbs)
{
	const struct facts *facts = &verbs->world.facts;
	const struct release_status *status = &facts->newest.status;
	const struct effect *save = find(&verbs->plan, EFFECT_SAVE_RELEASE, SUBJECT_RELEASES);
	const struct effect *route = find(&verbs->plan, EFFECT_WRITE_ROUTE, SUBJECT_ROUTE);
	bool is_raised = facts->route.slot.state == FACT_UNKNOWN ||
	                 (facts->route.slot.state == FACT_KNOWN && facts->route.weight > 0);

	if (!is_due(facts) || facts->action.verb != VERB_ABORT ||
	    !release_is_open(&facts->newest) || facts->newest.cause == CAUSE_INIT ||
	    status->phase == PHASE_RETREATING || facts->releases.failures > 0)
		return NULL;
	if (!save || !save->is_retreat || save->status.phase != PHASE_RETREATING)
		return "an abort that is no retreat";
	if (!marks(save) || !strstr(save->status.reason, "alice"))
		return "an abort that does not say by whom";
	if (save->status.paused.action[0])
		return "an aborted run that is held";
	if (status->phase < PHASE_PROMOTING && verbs->world.spec.route.weighs && is_raised &&
	    facts->route.slot.failures == 0 && (!route || route->weight != 0 || !route->is_retreat))
		return "an abort that leaves requests to the canary";
	return NULL;
}

/* Whoever holds a run holds it: nothing rises, nothing is promoted, whatever passes. */
static const char *check_paused(const struct walk_verbs *verbs, const struct plan *plan)
{
	const struct release *newest = &verbs->world.facts.newest;
	const struct effect *save = find(plan, EFFECT_SAVE_RELEASE, SUBJECT_RELEASES);

	if (!release_is_paused(newest) || !save || marks(save) || !release_is_open(newest) ||
	    newest->cause == CAUSE_INIT || newest->status.phase > PHASE_WAITING_PROMOTION)
		return NULL;
	if (save->status.phase == PHASE_PROMOTING)
		return "a run that is held, and promoted";
	if (save->status.weight.to > newest->status.weight.to ||
	    save->status.iteration > newest->status.iteration)
		return "a run that is held, and takes a step";
	return NULL;
}

/* What is carried out is said by the write that does it, and answered only after. */
static const char *check_order(const struct walk_verbs *verbs)
{
	const struct facts *facts = &verbs->world.facts;
	const struct effect *save = find(&verbs->plan, EFFECT_SAVE_RELEASE, SUBJECT_RELEASES);
	const struct effect *create = find(&verbs->plan, EFFECT_CREATE_RELEASE, SUBJECT_RELEASES);
	const struct effect *answer = find(&verbs->plan, EFFECT_ANSWER, SUBJECT_ACTION);
	bool is_made = create && create->action.uid[0];
	bool is_saved = save && marks(save) && !is_handled(facts);

	if (answer && (is_made || is_saved))
		return "an answer before what was asked for stands in a Release";
	if (answer && (answer->answer.text[0] == '\0' || facts->action.slot.state != FACT_KNOWN))
		return "an answer without a sentence, or to what may have one";
	if ((is_made || is_saved) && !is_due(facts))
		return "a verb that is not for this Release";
	if (is_saved && is_made)
		return "a verb that is carried out twice";
	if (is_made && (release_is_open(&facts->newest) || verbs->world.spec.suspend ||
	                facts->refusal[0] || facts->target.slot.state != FACT_KNOWN))
		return "a Release by hand where none may begin";
	if (is_made && create->cause == CAUSE_UNDO &&
	    (strcmp(create->digest, "v0") != 0 ||
	     strcmp(create->handled, facts->target.digest) != 0))
		return "an undo of something else";
	return NULL;
}

/* A retreat that is due is not put off, by no verb. */
static const char *check_retreat(const struct walk_verbs *verbs)
{
	const struct effect *before = find(&verbs->plain, EFFECT_SAVE_RELEASE, SUBJECT_RELEASES);
	const struct effect *after = find(&verbs->plan, EFFECT_SAVE_RELEASE, SUBJECT_RELEASES);

	if (before && before->is_retreat && (!after || !after->is_retreat))
		return "a retreat that a verb puts off";
	return NULL;
}

/* Who is quarantined, deleted or without a valid spec is left alone. */
static const char *check_still(const struct walk_verbs *verbs)
{
	const struct facts *facts = &verbs->world.facts;

	if (is_due(facts))
		return NULL;
	for (size_t i = 0; i < verbs->plan.n_effects; i++) {
		const struct effect *effect = &verbs->plan.effects[i];

		if (effect->subject == SUBJECT_ACTION || effect->subject == SUBJECT_EVENTS ||
		    effect_is_question(effect))
			continue;
		if (!plan_changes(&verbs->plain, effect->subject))
			return "a verb that is refused, and changes something";
	}
	return NULL;
}

const char *walk_verbs_check(struct walk_verbs *verbs, const struct world *world, uint64_t number)
{
	const char *broken;

	verbs->world = *world;
	put_action(&verbs->world.facts, number);
	decide(&verbs->world.spec, &verbs->world.facts, &verbs->plan);
	verbs->world.facts.action.uid[0] = '\0';
	decide(&verbs->world.spec, &verbs->world.facts, &verbs->plain);
	text_copy(verbs->world.facts.action.uid, UID);
	verbs->n_worlds++;
	verbs->n_acted += !plan_changes(&verbs->plain, SUBJECT_RELEASES) &&
	                  plan_changes(&verbs->plan, SUBJECT_RELEASES);
	broken = check_abort(verbs);
	broken = broken ? broken : check_paused(verbs, &verbs->plain);
	broken = broken ? broken : check_paused(verbs, &verbs->plan);
	broken = broken ? broken : check_order(verbs);
	broken = broken ? broken : check_retreat(verbs);
	return broken ? broken : check_still(verbs);
}
