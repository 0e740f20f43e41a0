/*
 * What people ask for: whole flows with the verbs in them, and each verb in each state of a run.
 * Lines as in test_flows.c; "accepted" and "refused" are the answers of Actions.
 */
#include "analysis/actions.h"
#include "analysis/base/text.h"
#include "analysis/ruling.h"
#include "tests/analysis/model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BEGUN                                      \
 "scale target 2\n"                                \
 "status Progressing w0 i0 f0\n"                   \
 "N New revision detected! Scaling up cart.shop\n" \
 "route 20\n"                                      \
 "status Progressing w20 i0 f0\n"                  \
 "N Starting canary analysis for cart.shop\n"      \
 "N Advance cart.shop canary weight 20\n"

#define PROMOTED(weight)                                    \
 "primary release-2\n"                                      \
 "status Promoting w" weight                                \
 " i0 f0\n"                                                 \
 "N Copying cart.shop template spec to cart-primary.shop\n" \
 "route 0\n"                                                \
 "status Finalising w0 i0 f0\n"                             \
 "N Routing all traffic to primary\n"                       \
 "scale target 0\n"                                         \
 "status Succeeded w0 i0 f0\n"                              \
 "N Promotion completed! Scaling down cart.shop\n"

/* All traffic is on the primary before anything else is said. */
static const char trace_abort[] = BEGUN
	"route 0\n"
	"status Progressing w0 i0 f0\n"
	"W Rolling back cart.shop aborted by alice: errors in the log\n"
	"accepted cart-2 goes back: all traffic to the primary\n"
	"W Canary failed! Scaling down cart.shop\n"
	"scale target 0\n"
	"status Failed w0 i0 f0\n";

static const char trace_pause[] = BEGUN
	"N cart.shop paused by alice: a look at the log\n"
	"accepted cart-2 is held at weight 20; its checks go on\n"
	"N cart.shop resumed by alice\n"
	"accepted cart-2 goes on\n"
	"route 40\n"
	"status Progressing w40 i0 f0\n"
	"N Advance cart.shop canary weight 40\n" PROMOTED("40");

/* The next step comes at once; nothing was skipped but the rest of this one. */
static const char trace_promote[] = BEGUN
	"route 40\n"
	"accepted cart-2 goes on: Advance cart.shop canary weight 40\n"
	"status Progressing w40 i0 f0\n"
	"N cart.shop told to take the next step by alice: fixes the fire\n"
	"N Advance cart.shop canary weight 40\n" PROMOTED("40");

static void abort_it(struct model *model)
{
	model_ask(model, VERB_ABORT, "errors in the log");
}

static void pause_it(struct model *model)
{
	model_ask(model, VERB_PAUSE, "a look at the log");
}

static void resume_it(struct model *model)
{
	model_ask(model, VERB_RESUME, "");
}

static void promote_it(struct model *model)
{
	model_ask(model, VERB_PROMOTE, "fixes the fire");
}

static void promote_fully(struct model *model)
{
	model_ask(model, VERB_PROMOTE, "fixes the fire");
	model->truth.action.is_full = true;
}

static void retry_it(struct model *model)
{
	model_ask(model, VERB_RETRY, "it was the database");
}

static void undo_it(struct model *model)
{
	model_ask(model, VERB_UNDO, "customers complain");
}

static void apply_v2(struct model *model)
{
	model_apply(model, "v2");
}

static void apply_v3(struct model *model)
{
	model_apply(model, "v3");
}

static void fail_canary(struct model *model)
{
	model->success_rate = 50;
}

static void run(struct model *model, int64_t for_ms, const struct model_event *events)
{
	model_init(model);
	model_initialise(model);
	model_run(model, for_ms, events);
}

static void test_abort(void **state)
{
	struct model model;
	const struct model_event events[] = {{1000, apply_v2}, {9000, abort_it}, {0, NULL}};

	run(&model, 60000, events);
	assert_string_equal(model.trace, trace_abort);
	assert_string_equal(model.truth.newest.status.reason,
	                    "aborted by alice: errors in the log");
	assert_int_equal(model.truth.newest.status.n_actions, 1);
	assert_string_equal(model.truth.newest.status.actions[0].by, "alice");
	assert_int_equal(model.n_unserved, 0);
	model_fini(&model);
}

/* Checks go on, steps do not: two intervals pass at the same weight. */
static void test_pause(void **state)
{
	struct model model;
	const struct model_event events[] = {
		{1000, apply_v2}, {9000, pause_it}, {42000, resume_it}, {0, NULL}};

	run(&model, 120000, events);
	assert_string_equal(model.trace, trace_pause);
	assert_true(model.n_checks >= 5);
	model_fini(&model);
}

/* A canary that fails is taken back while a person looks at it. */
static void test_pause_fails(void **state)
{
	struct model model;
	const struct model_event events[] = {
		{1000, apply_v2}, {9000, pause_it}, {12000, fail_canary}, {0, NULL}};

	run(&model, 120000, events);
	assert_int_equal(model.truth.newest.status.outcome, OUTCOME_ROLLED_BACK);
	assert_int_equal(model.max_weight_seen, 20);
	assert_false(release_is_paused(&model.truth.newest));
	model_fini(&model);
}

/* … before its first step it is held with no traffic, however long, and goes on after. */
static void test_pause_early(void **state)
{
	struct model model;
	const struct model_event events[] = {{1000, apply_v2}, {2000, pause_it}, {0, NULL}};
	const struct model_event later[] = {{1000, resume_it}, {0, NULL}};

	run(&model, 199000, events);
	assert_int_equal(model.truth.newest.status.phase, PHASE_STARTING);
	assert_int_equal(model.truth.newest.status.times.not_ready_since.ms, 0);
	assert_int_equal(model.max_weight_seen, 0);
	model_run(&model, 100000, later);
	assert_int_equal(model.truth.newest.status.outcome, OUTCOME_PROMOTED);
	model_fini(&model);
}

static void test_promote(void **state)
{
	struct model model;
	const struct model_event events[] = {{1000, apply_v2}, {9000, promote_it}, {0, NULL}};

	run(&model, 120000, events);
	assert_string_equal(model.trace, trace_promote);
	model_fini(&model);
}

/* From whatever phase before: no check is asked, the canary's pods are waited for. */
static void test_promote_full(void **state)
{
	static const int64_t times[] = {1500, 2000, 9000};

	for (size_t i = 0; i < array_length(times); i++) {
		struct model model;
		const struct model_event events[] = {
			{1000, apply_v2}, {times[i], promote_fully}, {0, NULL}};

		run(&model, 60000, events);
		assert_int_equal(model.n_answers, 1);
		assert_int_equal(model.truth.newest.status.outcome, OUTCOME_SKIPPED);
		assert_int_equal(model.n_checks, 0);
		assert_string_equal(model.truth.promoted.digest, "v2");
		assert_int_equal(model.n_unserved, 0);
		model_fini(&model);
	}
}

/* Readiness is not skipped: the deadline ends the run. */
static void test_promote_unready(void **state)
{
	struct model model;
	const struct model_event events[] = {{1000, apply_v2}, {2000, promote_fully}, {0, NULL}};

	model_init(&model);
	model_initialise(&model);
	model.is_canary_broken = true;
	model_run(&model, 120000, events);
	assert_int_equal(model.truth.newest.status.outcome, OUTCOME_ROLLED_BACK);
	assert_string_equal(model.truth.primary.release_uid, "release-1");
	model_fini(&model);
}

/* After an abort the same template is analysed again when a person wants it, by a new Release. */
static void test_retry(void **state)
{
	struct model model;
	const struct model_event events[] = {
		{1000, apply_v2}, {9000, abort_it}, {40000, retry_it}, {0, NULL}};

	run(&model, 140000, events);
	assert_int_equal(model.truth.newest.number, 3);
	assert_int_equal(model.truth.newest.cause, CAUSE_RETRY);
	assert_string_equal(model.truth.newest.action.by, "alice");
	assert_int_equal(model.truth.newest.status.outcome, OUTCOME_PROMOTED);
	assert_string_equal(model.truth.promoted.digest, "v2");
	assert_int_equal(model.n_answers, 2);
	model_fini(&model);
}

static const char trace_undo[] =
	"accepted cart-3 puts the earlier template into the primary; the target is left as it is, "
	"and its template counts as handled\n"
	"primary release-3\n"
	"status Promoting w0 i0 f0\n"
	"W cart.shop undone by alice: customers complain\n"
	"N Copying an earlier template spec to cart-primary.shop\n"
	"status Succeeded w0 i0 f0\n"
	"N Routing all traffic to primary\n"
	"N Promotion completed! Scaling down cart.shop\n";

/* The target has v2 all the time, and no run comes of it; a v3 does start one. */
static void test_undo(void **state)
{
	struct model model;
	const struct model_event events[] = {{1000, apply_v2}, {0, NULL}};
	const struct model_event later[] = {{1000, undo_it}, {0, NULL}};
	const struct model_event newer[] = {{1000, apply_v3}, {0, NULL}};

	run(&model, 100000, events);
	assert_string_equal(model.truth.promoted.digest, "v2");
	model.trace[0] = '\0';
	model_run(&model, 100000, later);
	assert_string_equal(model.trace, trace_undo);
	assert_string_equal(model.truth.promoted.digest, "v1");
	assert_string_equal(model.truth.promoted.handled, "v2");
	assert_string_equal(model.truth.target.digest, "v2");
	assert_int_equal(model.truth.newest.number, 3);
	model_run(&model, 100000, newer);
	assert_int_equal(model.truth.newest.number, 4);
	assert_string_equal(model.truth.promoted.digest, "v3");
	model_fini(&model);
}

/* … also when every decision is the first one of a new agent. */
static void test_undo_forgetful(void **state)
{
	struct model model;
	const struct model_event events[] = {{1000, apply_v2}, {0, NULL}};
	const struct model_event later[] = {{1000, undo_it}, {0, NULL}};

	run(&model, 100000, events);
	model.is_forgetful = true;
	model_run(&model, 100000, later);
	assert_int_equal(model.truth.newest.number, 3);
	assert_string_equal(model.truth.promoted.digest, "v1");
	assert_int_equal(model.n_unserved, 0);
	model_fini(&model);
}

/* What was undone may be analysed again, and is promoted if it passes. */
static void test_undo_retry(void **state)
{
	struct model model;
	const struct model_event events[] = {{1000, apply_v2}, {0, NULL}};
	const struct model_event later[] = {{1000, undo_it}, {60000, retry_it}, {0, NULL}};

	run(&model, 100000, events);
	model_run(&model, 200000, later);
	assert_int_equal(model.truth.newest.number, 4);
	assert_string_equal(model.truth.promoted.digest, "v2");
	model_fini(&model);
}

/* A primary that becomes empty while it is replaced is covered by what clients have now. */
static void test_undo_recreate(void **state)
{
	struct model model;
	const struct model_event events[] = {{1000, apply_v2}, {0, NULL}};
	const struct model_event later[] = {{1000, undo_it}, {0, NULL}};

	model_init(&model);
	model.truth.target.may_empty = true;
	model_initialise(&model);
	model.truth.primary.may_empty = true;
	model_run(&model, 100000, events);
	model_run(&model, 100000, later);
	assert_string_equal(model.truth.promoted.digest, "v1");
	assert_int_equal(model.n_unserved, 0);
	assert_int_equal(model.truth.target.replicas, 0);
	model_fini(&model);
}

/* In the middle of a promotion the primary gets its proven template back. */
static void test_abort_promotion(void **state)
{
	struct model model;
	const struct model_event events[] = {{1000, apply_v2}, {0, NULL}};
	const struct model_event later[] = {{0, abort_it}, {0, NULL}};

	model_init(&model);
	model_initialise(&model);
	model.is_primary_broken = true;
	model_run(&model, 45000, events);
	assert_int_equal(model.truth.newest.status.phase, PHASE_PROMOTING);
	model_run(&model, 60000, later);
	assert_int_equal(model.truth.newest.status.outcome, OUTCOME_FAILED_PROMOTION);
	assert_string_equal(model.truth.primary.release_uid, "release-1");
	assert_int_equal(model.n_unserved, 0);
	model_fini(&model);
}

/* A crash before any of the decisions changes nothing: the verb is carried out and answered once.
 */
static void test_restarts(void **state)
{
	for (int at = 1; at < 60; at++) {
		struct model model;
		const struct model_event events[] = {{1000, apply_v2},
		                                     {9000, pause_it},
		                                     {30000, abort_it},
		                                     {60000, retry_it},
		                                     {0, NULL}};

		model_init(&model);
		model_initialise(&model);
		model.restart_at = at;
		model_run(&model, 200000, events);
		assert_int_equal(model.truth.newest.number, 3);
		assert_int_equal(model.truth.newest.status.outcome, OUTCOME_PROMOTED);
		assert_int_equal(model.n_answers, 3);
		model_fini(&model);
	}
}

/* Gates
 * ------------------------------------------------------------------------------------------- */

static void approve_it(struct model *model)
{
	model_ask(model, VERB_APPROVE, "looks good");
}

static void reject_it(struct model *model)
{
	model_ask(model, VERB_REJECT, "not on a Friday");
}

/* A Canary with a closed gate of TYPE. */
static void begin_gated(struct model *model, enum hook_type type)
{
	model_init(model);
	model_initialise(model);
	model_hook(model, type, NULL);
	model->says[type] = HOOK_FAIL;
}

static const enum hook_type gates[] = {HOOK_CONFIRM_ROLLOUT, HOOK_CONFIRM_TRAFFIC_INCREASE,
                                       HOOK_CONFIRM_PROMOTION};

/* The gate goes on saying no, and a person is asked only once for a rollout or a promotion, but for
 * each weight. */
static void test_approve(void **state)
{
	static const int n_approvals[] = {1, 3, 1};

	for (size_t i = 0; i < array_length(gates); i++) {
		struct model model;
		const struct model_event events[] = {{1000, apply_v2}, {0, NULL}};
		const struct model_event approval[] = {{1000, approve_it}, {0, NULL}};

		begin_gated(&model, gates[i]);
		model_run(&model, 90000, events);
		for (int n = 0; n < n_approvals[i]; n++) {
			assert_true(release_is_open(&model.truth.newest));
			assert_int_not_equal(model.truth.newest.status.phase, PHASE_PROMOTING);
			model_run(&model, 90000, approval);
		}
		assert_int_equal(model.truth.newest.status.outcome, OUTCOME_PROMOTED);
		assert_int_equal(model.n_answers, n_approvals[i]);
		model_fini(&model);
	}
}

/* … before every decision the agent starts anew. */
static void test_approve_forgetful(void **state)
{
	for (size_t i = 0; i < array_length(gates); i++) {
		struct model model;
		const struct model_event events[] = {{1000, apply_v2}, {0, NULL}};
		const struct model_event approval[] = {{1000, approve_it}, {0, NULL}};

		begin_gated(&model, gates[i]);
		model_run(&model, 60000, events);
		model.restart_at = model.n_decisions + 2;
		model_run(&model, 60000, approval);
		assert_int_equal(model.n_answers, 1);
		assert_string_equal(model.truth.newest.status.actions[0].by, "alice");
		assert_true(gates[i] == HOOK_CONFIRM_TRAFFIC_INCREASE ||
		            model.truth.newest.status.outcome == OUTCOME_PROMOTED);
		model_fini(&model);
	}
}

static void test_reject(void **state)
{
	for (size_t i = 0; i < array_length(gates); i++) {
		struct model model;
		const struct model_event events[] = {
			{1000, apply_v2}, {90000, reject_it}, {0, NULL}};

		begin_gated(&model, gates[i]);
		model_run(&model, 150000, events);
		assert_int_equal(model.truth.newest.status.outcome, OUTCOME_ROLLED_BACK);
		assert_string_equal(model.truth.newest.status.reason,
		                    "gate gate rejected by alice: not on a Friday");
		assert_int_equal(model.truth.route.weight, 0);
		assert_int_equal(model.n_answers, 1);
		model_fini(&model);
	}
}

/* A step past a closed gate is no step: it is refused. All that remains may be skipped, gates too.
 */
static void test_promote_gated(void **state)
{
	for (size_t i = 0; i < array_length(gates); i++) {
		struct model model;
		const struct model_event events[] = {
			{1000, apply_v2}, {90000, promote_it}, {0, NULL}};
		const struct model_event later[] = {{1000, promote_fully}, {0, NULL}};

		begin_gated(&model, gates[i]);
		model_run(&model, 150000, events);
		assert_non_null(strstr(model.trace,
		                       "refused cart-2 waits at the gate gate: approve opens it"));
		assert_true(release_is_open(&model.truth.newest));
		model_run(&model, 60000, later);
		assert_int_equal(model.truth.newest.status.outcome, OUTCOME_SKIPPED);
		model_fini(&model);
	}
}

/* Each verb in each state
 * ------------------------------------------------------------------------- */

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
		cmocka_unit_test(test_abort),
		cmocka_unit_test(test_pause),
		cmocka_unit_test(test_pause_fails),
		cmocka_unit_test(test_pause_early),
		cmocka_unit_test(test_promote),
		cmocka_unit_test(test_promote_full),
		cmocka_unit_test(test_promote_unready),
		cmocka_unit_test(test_retry),
		cmocka_unit_test(test_undo),
		cmocka_unit_test(test_undo_forgetful),
		cmocka_unit_test(test_undo_retry),
		cmocka_unit_test(test_undo_recreate),
		cmocka_unit_test(test_abort_promotion),
		cmocka_unit_test(test_restarts),
		cmocka_unit_test(test_approve),
		cmocka_unit_test(test_approve_forgetful),
		cmocka_unit_test(test_reject),
		cmocka_unit_test(test_promote_gated),
		cmocka_unit_test(test_rulings),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_stale),
		cmocka_unit_test(test_marks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
