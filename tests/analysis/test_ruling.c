/* Each verb in each state of a run: carried out, done already, or refused with the sentence why. */
#include "analysis/actions.h"
#include "analysis/base/text.h"
#include "analysis/ruling.h"
#include "analysis/thought.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct state {
	const char *name;
	enum release_cause cause;
	enum release_phase phase;
	enum release_outcome ending;
	enum release_outcome outcome;
	bool is_paused;
};

static const struct state states[] = {
	{"starting", CAUSE_REVISION, PHASE_STARTING, OUTCOME_NONE, OUTCOME_NONE, false},
	{"progressing", CAUSE_REVISION, PHASE_PROGRESSING, OUTCOME_NONE, OUTCOME_NONE, false},
	{"paused", CAUSE_REVISION, PHASE_PROGRESSING, OUTCOME_NONE, OUTCOME_NONE, true},
	{"promoting", CAUSE_REVISION, PHASE_PROMOTING, OUTCOME_NONE, OUTCOME_NONE, false},
	{"finalising", CAUSE_REVISION, PHASE_FINALISING, OUTCOME_NONE, OUTCOME_NONE, false},
	{"retreating", CAUSE_REVISION, PHASE_RETREATING, OUTCOME_ROLLED_BACK, OUTCOME_NONE, false},
	{"promoted", CAUSE_REVISION, PHASE_DONE, OUTCOME_NONE, OUTCOME_PROMOTED, false},
	{"rolled back", CAUSE_REVISION, PHASE_DONE, OUTCOME_NONE, OUTCOME_ROLLED_BACK, false},
	{"first", CAUSE_INIT, PHASE_STARTING, OUTCOME_NONE, OUTCOME_NONE, false},
};

/* For each verb a letter for each state: A is carried out, D is done already, R is refused. */
static const struct {
	enum verb verb;
	bool is_full;
	const char *letters;
	const char *comment;
} rulings[] = {
	{VERB_PROMOTE, false, "RAADDRDRR", "a step needs one under way"},
	{VERB_PROMOTE, true, "AAADDRDRR", "what remains, from any phase before the promotion"},
	{VERB_ABORT, false, "AAAAADRDR", "whatever is under way goes back"},
	{VERB_PAUSE, false, "AADRRRRRR", "a promotion cannot be held"},
	{VERB_RESUME, false, "DDADDRRRD", "what is not held goes on"},
	{VERB_RETRY, false, "RRRRRRRAR", "what went back may try again"},
	{VERB_UNDO, false, "RRRRRRAAR", "at rest"},
	{VERB_APPROVE, false, "RRRRRRRRR", "no gate waits"},
	{VERB_REJECT, false, "RRRRRRRRR", "no gate waits"},
};

static void put_ready(struct workload_fact *workload, const char *digest, const char *uid)
{
	*workload = (struct workload_fact){.slot.state = FACT_KNOWN,
	                                   .is_observed = true,
	                                   .replicas = 2,
	                                   .updated = 2,
	                                   .total = 2,
	                                   .ready = 2,
	                                   .available = 2};
	text_copy(workload->digest, digest);
	text_copy(workload->release_uid, uid);
}

static void put_state(struct facts *facts, const struct state *state)
{
	struct release *newest = &facts->newest;
	bool is_promoted = state->outcome == OUTCOME_PROMOTED;

	*facts = (struct facts){.now = {1000000}, .has_spec = true};
	facts->canary.state = FACT_KNOWN;
	facts->releases.state = FACT_KNOWN;
	text_copy(facts->canary_uid, "canary-1");
	text_copy(newest->name, "cart-3");
	text_copy(newest->uid, "release-3");
	text_copy(newest->digest, "v3");
	newest->number = 3;
	newest->cause = state->cause;
	newest->status.phase = state->phase;
	newest->status.ending = state->ending;
	newest->status.outcome = state->outcome;
	text_copy(newest->status.paused.action, state->is_paused ? "action-0" : "");
	if (state->cause != CAUSE_INIT) {
		text_copy(facts->promoted.name, is_promoted ? "cart-3" : "cart-2");
		text_copy(facts->promoted.digest, is_promoted ? "v3" : "v2");
		text_copy(facts->promoted.previous, is_promoted ? "cart-2" : "cart-1");
	}
	put_ready(&facts->target, "v3", "");
	put_ready(&facts->primary, "", "release-2");
	facts->earlier.slot.state = FACT_KNOWN;
	facts->earlier.outcome = OUTCOME_PROMOTED;
	text_copy(facts->earlier.ref.name, facts->promoted.previous);
	text_copy(facts->earlier.ref.digest, "v0");
	text_copy(facts->earlier.action, "action-1");
}

static void put_action(struct facts *facts, enum verb verb)
{
	struct action_fact *action = &facts->action;

	*action = (struct action_fact){.slot.state = FACT_KNOWN, .verb = verb};
	text_copy(action->name, "cart-1");
	text_copy(action->uid, "action-1");
	text_copy(action->by, "alice");
	text_copy(action->canary_uid, "canary-1");
	text_copy(action->release, "cart-3");
	text_copy(action->release_uid, "release-3");
}

static const struct canary_spec spec = {
	.name = "cart",
	.k8s_namespace = "shop",
	.target = "cart",
	.primary = "cart-primary",
	.primary_ready_percent = 100,
	.canary_ready_percent = 100,
};

/* The ruling in FACTS; the text into RET. */
static enum ruling_kind ruling_of(const struct facts *facts, char *ret)
{
	struct effect *effects = calloc(PLAN_EFFECTS_MAX, sizeof(*effects));
	struct plan plan = {.effects = effects};
	struct thought thought = {.spec = &spec, .facts = facts, .plan = &plan};

	assert_non_null(effects);
	ruling_find(&thought);
	free(effects);
	text_cut(ret, SENTENCE_MAX, thought.ruling.text);
	return thought.ruling.kind;
}

static void test_rulings(void **state)
{
	static const char letters[] = {[RULING_NONE] = '-',
	                               [RULING_ACT] = 'A',
	                               [RULING_DONE] = 'D',
	                               [RULING_REFUSED] = 'R'};

	for (size_t i = 0; i < array_length(rulings); i++) {
		char seen[array_length(states) + 1] = "";

		for (size_t j = 0; j < array_length(states); j++) {
			struct facts facts;
			char text[SENTENCE_MAX];
			enum ruling_kind kind;

			put_state(&facts, &states[j]);
			put_action(&facts, rulings[i].verb);
			facts.action.is_full = rulings[i].is_full;
			kind = ruling_of(&facts, text);
			seen[j] = letters[kind];
			/* Who is refused is told why. */
			assert_int_equal(text[0] == '\0', kind == RULING_ACT);
		}
		if (strcmp(seen, rulings[i].letters) != 0)
			fail_msg("%s (%s): expected %s, got %s", verb_name(rulings[i].verb),
			         rulings[i].comment, rulings[i].letters, seen);
	}
}

/* What is refused, and the sentence. */
static void put_gone(struct facts *facts)
{
	text_copy(facts->action.release, "cart-2");
	text_copy(facts->action.release_uid, "release-2");
}

static void put_other_canary(struct facts *facts)
{
	text_copy(facts->action.canary_uid, "canary-0");
}

static void put_unreadable(struct facts *facts)
{
	text_copy(facts->action.refusal, "spec.requestedBy: more than 343 bytes");
}

static void put_verb(struct facts *facts)
{
	facts->action.verb = VERB_NONE;
}

static void put_quarantine(struct facts *facts)
{
	facts->is_quarantined = true;
}

static void put_unready(struct facts *facts)
{
	facts->target.ready = facts->target.available = 1;
}

static void put_undo(struct facts *facts)
{
	put_state(facts, &states[6]);
	put_action(facts, VERB_UNDO);
}

static void put_absent(struct facts *facts)
{
	put_undo(facts);
	facts->earlier.slot.state = FACT_ABSENT;
}

static void put_failed(struct facts *facts)
{
	put_undo(facts);
	facts->earlier.outcome = OUTCOME_ROLLED_BACK;
}

static void put_same(struct facts *facts)
{
	put_undo(facts);
	text_copy(facts->earlier.ref.digest, "v3");
}

static void put_itself(struct facts *facts)
{
	put_undo(facts);
	facts->action.to = 3;
}

static void put_none_before(struct facts *facts)
{
	put_undo(facts);
	facts->promoted.previous[0] = '\0';
}

static void test_refusals(void **state)
{
	static const struct {
		void (*put)(struct facts *facts);
		const char *text;
	} rows[] = {
		{put_gone, "cart-2 is no longer the newest: cart-3 is (under way); look again"},
		{put_other_canary, "the Canary that was meant is deleted"},
		{put_unreadable, "spec.requestedBy: more than 343 bytes"},
		{put_verb, "spec.verb: no word that this version knows"},
		{put_quarantine,
	         "the Canary is quarantined: the agent aborted twice while it was in hand"},
		{put_unready,
	         "cart-3 cannot take a step now: waiting for rollout to finish: 1 of 2 "
	         "(readyThreshold 100%) updated replicas are available"},
		{put_absent, "there is no cart-2 any more"},
		{put_failed, "cart-2 was never promoted: rolled_back"},
		{put_same, "cart-2 has the template that is promoted (cart-3)"},
		{put_itself, "cart-3 is what is promoted"},
		{put_none_before, "there is none before cart-3"},
	};

	for (size_t i = 0; i < array_length(rows); i++) {
		struct facts facts;
		char text[SENTENCE_MAX];

		put_state(&facts, &states[1]);
		put_action(&facts, VERB_PROMOTE);
		rows[i].put(&facts);
		assert_int_equal(ruling_of(&facts, text), RULING_REFUSED);
		assert_string_equal(text, rows[i].text);
	}
}

/* A stale list of Releases stops no abort, and every other verb. */
static void test_stale(void **state)
{
	for (enum verb verb = VERB_PROMOTE; verb <= VERB_REJECT; verb++) {
		struct facts facts;
		char text[SENTENCE_MAX];

		put_state(&facts, &states[1]);
		put_action(&facts, verb);
		facts.releases.state = FACT_UNKNOWN;
		assert_int_equal(ruling_of(&facts, text),
		                 verb == VERB_ABORT ? RULING_ACT : RULING_NONE);
	}
}

/* A Release remembers the newest; the oldest give way. */
static void test_marks(void **state)
{
	struct release_status status = {0};
	struct facts facts;
	struct thought thought = {.spec = &spec, .facts = &facts};

	put_state(&facts, &states[1]);
	for (int i = 0; i < ACTIONS_KEPT_MAX + 3; i++) {
		put_action(&facts, VERB_PAUSE);
		text_format(facts.action.uid, sizeof(facts.action.uid), "action-%d", i);
		actions_mark(&thought, &status);
	}
	assert_int_equal(status.n_actions, ACTIONS_KEPT_MAX);
	assert_string_equal(status.actions[0].uid, "action-3");
	assert_string_equal(status.actions[ACTIONS_KEPT_MAX - 1].uid, "action-10");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rulings),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_stale),
		cmocka_unit_test(test_marks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
