/*
 * What people ask for: whole flows with the verbs in them.
 * Lines as in test_flows.c; "accepted" and "refused" are the answers of Actions.
 */
#include "analysis/base/text.h"
#include "tests/analysis/happen.h"
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
