/*
 * Whole flows, given a cluster and what happens in it: what people are told, what Canary.status
 * says, and where the requests went, in this order. The lines are Flagger's (canary-controller.md,
 * appendix B); where they differ, the hazard's number says why. Lines: N and W are Events, "status"
 * is Canary.status with weight, iterations and failed checks, the rest are writes.
 */
#include "analysis/base/text.h"
#include "tests/analysis/happen.h"
#include "tests/analysis/model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Appendix B, initialization: the primary is waited for, then clients, then the target goes (D-6).
 */
static const char trace_init[] =
	"primary release-1\n"
	"status Initializing w0 i0 f0\n"
	"apex primary\n"
	"route 0\n"
	"scale target 0\n"
	"status Initialized w0 i0 f0\n"
	"N Initialization done! cart.shop\n";

/* Appendix B, canary: Progressing, steps, Promoting, Finalising, Succeeded. The first step waits
 * for no tick. */
static const char trace_promote[] =
	"scale target 2\n"
	"status Progressing w0 i0 f0\n"
	"N New revision detected! Scaling up cart.shop\n"
	"route 20\n"
	"status Progressing w20 i0 f0\n"
	"N Starting canary analysis for cart.shop\n"
	"N Advance cart.shop canary weight 20\n"
	"route 40\n"
	"status Progressing w40 i0 f0\n"
	"N Advance cart.shop canary weight 40\n"
	"primary release-2\n"
	"status Promoting w40 i0 f0\n"
	"N Copying cart.shop template spec to cart-primary.shop\n"
	"route 0\n"
	"status Finalising w0 i0 f0\n"
	"N Routing all traffic to primary\n"
	"scale target 0\n"
	"status Succeeded w0 i0 f0\n"
	"N Promotion completed! Scaling down cart.shop\n";

/* Appendix B, threshold 2. D-16: the check that reaches the threshold rolls back. */
static const char trace_rollback[] =
	"scale target 2\n"
	"status Progressing w0 i0 f0\n"
	"N New revision detected! Scaling up cart.shop\n"
	"route 20\n"
	"status Progressing w20 i0 f0\n"
	"N Starting canary analysis for cart.shop\n"
	"N Advance cart.shop canary weight 20\n"
	"status Progressing w20 i0 f1\n"
	"W Halt cart.shop advancement success rate 50.00% < 99%\n"
	"route 0\n"
	"status Progressing w0 i0 f2\n"
	"W Halt cart.shop advancement success rate 50.00% < 99%\n"
	"W Rolling back cart.shop failed checks threshold reached 2\n"
	"W Canary failed! Scaling down cart.shop\n"
	"scale target 0\n"
	"status Failed w0 i0 f0\n";

/* Appendix B has Failed w0/100 here. D-1…D-4, D-56: the canary serves until the primary has its
 * template back. */
static const char trace_failed_promotion[] =
	"scale target 2\n"
	"status Progressing w0 i0 f0\n"
	"N New revision detected! Scaling up cart.shop\n"
	"route 20\n"
	"status Progressing w20 i0 f0\n"
	"N Starting canary analysis for cart.shop\n"
	"N Advance cart.shop canary weight 20\n"
	"route 40\n"
	"status Progressing w40 i0 f0\n"
	"N Advance cart.shop canary weight 40\n"
	"primary release-2\n"
	"status Promoting w40 i0 f0\n"
	"N Copying cart.shop template spec to cart-primary.shop\n"
	"apex canary\n"
	"primary release-1\n"
	"status Progressing w0 i0 f0\n"
	"W Promotion of cart.shop failed, primary not ready: cart-primary.shop not ready: waiting for rollout to finish: 0 out of 2 new replicas have been updated\n"
	"apex primary\n"
	"route 0\n"
	"scale target 0\n"
	"status Failed w0 i0 f0\n";

/* … where the primary's rollout empties it, the canary serves before it begins (D-3). */
static const char trace_failed_recreate[] =
	"scale target 2\n"
	"status Progressing w0 i0 f0\n"
	"N New revision detected! Scaling up cart.shop\n"
	"route 20\n"
	"status Progressing w20 i0 f0\n"
	"N Starting canary analysis for cart.shop\n"
	"N Advance cart.shop canary weight 20\n"
	"route 40\n"
	"status Progressing w40 i0 f0\n"
	"N Advance cart.shop canary weight 40\n"
	"apex canary\n"
	"status Promoting w40 i0 f0\n"
	"N Copying cart.shop template spec to cart-primary.shop\n"
	"primary release-2\n"
	"primary release-1\n"
	"status Progressing w0 i0 f0\n"
	"W Promotion of cart.shop failed, primary not ready: cart-primary.shop not ready: waiting for rollout to finish: 0 out of 2 new replicas have been updated\n"
	"apex primary\n"
	"route 0\n"
	"scale target 0\n"
	"status Failed w0 i0 f0\n";

/* Appendix B, second change during canary: weight 0, then a run of its own. */
static const char trace_newer[] =
	"scale target 2\n"
	"status Progressing w0 i0 f0\n"
	"N New revision detected! Scaling up cart.shop\n"
	"route 20\n"
	"status Progressing w20 i0 f0\n"
	"N Starting canary analysis for cart.shop\n"
	"N Advance cart.shop canary weight 20\n"
	"route 40\n"
	"status Progressing w40 i0 f0\n"
	"N Advance cart.shop canary weight 40\n"
	"route 0\n"
	"status Progressing w0 i0 f0\n"
	"N New revision detected! Restarting analysis for cart.shop\n"
	"status Progressing w0 i0 f0\n"
	"N New revision detected! Scaling up cart.shop\n"
	"route 20\n"
	"status Progressing w20 i0 f0\n"
	"N Starting canary analysis for cart.shop\n"
	"N Advance cart.shop canary weight 20\n"
	"route 40\n"
	"status Progressing w40 i0 f0\n"
	"N Advance cart.shop canary weight 40\n"
	"primary release-3\n"
	"status Promoting w40 i0 f0\n"
	"N Copying cart.shop template spec to cart-primary.shop\n"
	"route 0\n"
	"status Finalising w0 i0 f0\n"
	"N Routing all traffic to primary\n"
	"scale target 0\n"
	"status Succeeded w0 i0 f0\n"
	"N Promotion completed! Scaling down cart.shop\n";

/* D-11: not a run to its end, and no second run of what is live: cancelled. */
static const char trace_revert[] =
	"scale target 2\n"
	"status Progressing w0 i0 f0\n"
	"N New revision detected! Scaling up cart.shop\n"
	"route 20\n"
	"status Progressing w20 i0 f0\n"
	"N Starting canary analysis for cart.shop\n"
	"N Advance cart.shop canary weight 20\n"
	"route 40\n"
	"status Progressing w40 i0 f0\n"
	"N Advance cart.shop canary weight 40\n"
	"route 0\n"
	"status Progressing w0 i0 f0\n"
	"scale target 0\n"
	"status Succeeded w0 i0 f0\n";

/* Appendix B, A/B iterations 2. */
static const char trace_ab[] =
	"scale target 2\n"
	"status Progressing w0 i0 f0\n"
	"N New revision detected! Scaling up cart.shop\n"
	"route 100\n"
	"status Progressing w0 i1 f0\n"
	"N Starting canary analysis for cart.shop\n"
	"N Advance cart.shop canary iteration 1/2\n"
	"status Progressing w0 i2 f0\n"
	"N Advance cart.shop canary iteration 2/2\n"
	"primary release-2\n"
	"status Promoting w0 i2 f0\n"
	"N Copying cart.shop template spec to cart-primary.shop\n"
	"route 0\n"
	"status Finalising w0 i0 f0\n"
	"N Routing all traffic to primary\n"
	"scale target 0\n"
	"status Succeeded w0 i0 f0\n"
	"N Promotion completed! Scaling down cart.shop\n";

/* Appendix B, blue/green with a route: the analysis, then all traffic, checked once more. */
static const char trace_blue_green[] =
	"scale target 2\n"
	"status Progressing w0 i0 f0\n"
	"N New revision detected! Scaling up cart.shop\n"
	"status Progressing w0 i1 f0\n"
	"N Starting canary analysis for cart.shop\n"
	"N Advance cart.shop canary iteration 1/2\n"
	"status Progressing w0 i2 f0\n"
	"N Advance cart.shop canary iteration 2/2\n"
	"route 100\n"
	"status Progressing w0 i3 f0\n"
	"N Routing all traffic to canary\n"
	"primary release-2\n"
	"status Promoting w0 i3 f0\n"
	"N Copying cart.shop template spec to cart-primary.shop\n"
	"route 0\n"
	"status Finalising w0 i0 f0\n"
	"N Routing all traffic to primary\n"
	"scale target 0\n"
	"status Succeeded w0 i0 f0\n"
	"N Promotion completed! Scaling down cart.shop\n";

/* … with copies of the requests during the iterations; with all traffic they end. */
static const char trace_blue_green_mirror[] =
	"scale target 2\n"
	"status Progressing w0 i0 f0\n"
	"N New revision detected! Scaling up cart.shop\n"
	"route 0 mirrored\n"
	"status Progressing w0 i1 f0\n"
	"N Starting canary analysis for cart.shop\n"
	"N Advance cart.shop canary iteration 1/2\n"
	"status Progressing w0 i2 f0\n"
	"N Advance cart.shop canary iteration 2/2\n"
	"route 100\n"
	"status Progressing w0 i3 f0\n"
	"N Stop traffic mirroring and route all traffic to canary\n"
	"primary release-2\n"
	"status Promoting w0 i3 f0\n"
	"N Copying cart.shop template spec to cart-primary.shop\n"
	"route 0\n"
	"status Finalising w0 i0 f0\n"
	"N Routing all traffic to primary\n"
	"scale target 0\n"
	"status Succeeded w0 i0 f0\n"
	"N Promotion completed! Scaling down cart.shop\n";

/* canary-controller.md 3.6.1: one step of copies, checked as any, then the weights (D-13). */
static const char trace_mirror[] =
	"scale target 2\n"
	"status Progressing w0 i0 f0\n"
	"N New revision detected! Scaling up cart.shop\n"
	"route 0 mirrored\n"
	"N Starting canary analysis for cart.shop\n"
	"N Advance cart.shop canary weight 0\n"
	"route 20\n"
	"status Progressing w20 i0 f0\n"
	"N Advance cart.shop canary weight 20\n"
	"route 40\n"
	"status Progressing w40 i0 f0\n"
	"N Advance cart.shop canary weight 40\n"
	"primary release-2\n"
	"status Promoting w40 i0 f0\n"
	"N Copying cart.shop template spec to cart-primary.shop\n"
	"route 0\n"
	"status Finalising w0 i0 f0\n"
	"N Routing all traffic to primary\n"
	"scale target 0\n"
	"status Succeeded w0 i0 f0\n"
	"N Promotion completed! Scaling down cart.shop\n";

/* Copies that fail: no client ever got an answer of the canary. */
static const char trace_mirror_rollback[] =
	"scale target 2\n"
	"status Progressing w0 i0 f0\n"
	"N New revision detected! Scaling up cart.shop\n"
	"route 0 mirrored\n"
	"N Starting canary analysis for cart.shop\n"
	"N Advance cart.shop canary weight 0\n"
	"status Progressing w0 i0 f1\n"
	"W Halt cart.shop advancement success rate 50.00% < 99%\n"
	"route 0\n"
	"status Progressing w0 i0 f2\n"
	"W Halt cart.shop advancement success rate 50.00% < 99%\n"
	"W Rolling back cart.shop failed checks threshold reached 2\n"
	"W Canary failed! Scaling down cart.shop\n"
	"scale target 0\n"
	"status Failed w0 i0 f0\n";

/* Appendix B, blue/green on `kubernetes`: one silent step; the apex always selects the primary. */
static const char trace_blue_green_kubernetes[] =
	"scale target 2\n"
	"status Progressing w0 i0 f0\n"
	"N New revision detected! Scaling up cart.shop\n"
	"status Progressing w0 i1 f0\n"
	"N Starting canary analysis for cart.shop\n"
	"N Advance cart.shop canary iteration 1/2\n"
	"status Progressing w0 i2 f0\n"
	"N Advance cart.shop canary iteration 2/2\n"
	"status Progressing w0 i3 f0\n"
	"primary release-2\n"
	"status Promoting w0 i3 f0\n"
	"N Copying cart.shop template spec to cart-primary.shop\n"
	"scale target 0\n"
	"status Succeeded w0 i0 f0\n"
	"N Promotion completed! Scaling down cart.shop\n";

/* What is given, beside the cluster of model.h. */
static void given_nothing(struct model *model)
{
}

static void given_broken_recreate(struct model *model)
{
	model->truth.target.may_empty = true;
	model->truth.primary.may_empty = true;
	model->is_primary_broken = true;
}

static void given_ab(struct model *model)
{
	model->spec.strategy = STRATEGY_AB;
	model->spec.iterations = 2;
}

static void given_blue_green(struct model *model)
{
	model->spec.strategy = STRATEGY_BLUE_GREEN;
	model->spec.iterations = 2;
}

static void given_blue_green_mirror(struct model *model)
{
	given_blue_green(model);
	model->spec.mirror = true;
	model->spec.route.mirrors = true;
}

static void given_mirror(struct model *model)
{
	model->spec.mirror = true;
	model->spec.route.mirrors = true;
}

static void given_failing_mirror(struct model *model)
{
	fail_checks(model);
	given_mirror(model);
}

static void given_kubernetes(struct model *model)
{
	given_blue_green(model);
	model->spec.provider = "kubernetes";
	model->spec.route = (struct route_ability){.hold = {1000}};
}

static const struct model_event revision[] = {{0, apply_v2}, {0}};
static const struct model_event newer[] = {{0, apply_v2}, {20000, apply_v3}, {0}};
static const struct model_event reverted[] = {{0, apply_v2}, {20000, apply_v1}, {0}};

struct flow {
	const char *what;
	void (*given)(struct model *model);
	const struct model_event *when;
	const char *expect;
};

static const struct flow flows[] = {
	{"promote", given_nothing, revision, trace_promote},
	{"rollback", fail_checks, revision, trace_rollback},
	{"failed promotion", break_primary, revision, trace_failed_promotion},
	{"failed promotion of Recreate", given_broken_recreate, revision, trace_failed_recreate},
	{"newer", given_nothing, newer, trace_newer},
	{"revert", given_nothing, reverted, trace_revert},
	{"A/B", given_ab, revision, trace_ab},
	{"blue/green", given_blue_green, revision, trace_blue_green},
	{"blue/green, mirrored", given_blue_green_mirror, revision, trace_blue_green_mirror},
	{"mirror", given_mirror, revision, trace_mirror},
	{"mirror, failing", given_failing_mirror, revision, trace_mirror_rollback},
	{"blue/green on kubernetes", given_kubernetes, revision, trace_blue_green_kubernetes},
};

/* A Canary that is initialised, then GIVEN, then WHEN happens. */
static void begin(struct model *model, void (*given)(struct model *))
{
	model_init(model);
	model_initialise(model);
	given(model);
}

static void test_initialise(void **state)
{
	struct model model;

	model_init(&model);
	model_run(&model, 30000, NULL);
	assert_string_equal(model.trace, trace_init);
	model_fini(&model);
}

static void test_flows(void **state)
{
	struct model model;

	for (size_t i = 0; i < array_length(flows); i++) {
		begin(&model, flows[i].given);
		model_run(&model, 300000, flows[i].when);
		assert_string_equal(model.trace, flows[i].expect);
		assert_int_equal(model.n_unserved, 0);
		model_fini(&model);
	}
}

static void assert_same_end(const struct model *a, const struct model *b)
{
	assert_string_equal(a->truth.mirror.phase, b->truth.mirror.phase);
	assert_string_equal(a->truth.primary.release_uid, b->truth.primary.release_uid);
	assert_int_equal(a->truth.target.replicas, b->truth.target.replicas);
	assert_int_equal(a->truth.route.weight, b->truth.route.weight);
	assert_int_equal(a->truth.route.is_mirrored, b->truth.route.is_mirrored);
	assert_int_equal(a->truth.apex.backend, b->truth.apex.backend);
	assert_int_equal(a->truth.newest.number, b->truth.newest.number);
	assert_int_equal(a->truth.newest.status.outcome, b->truth.newest.status.outcome);
	assert_int_equal(a->truth.newest.status.failed_checks,
	                 b->truth.newest.status.failed_checks);
	assert_int_equal(a->truth.newest.status.iteration, b->truth.newest.status.iteration);
}

/* The agent starts anew before the first decision, before the second, …: the same end, and no step
 * twice. */
static void test_restart_anywhere(void **state)
{
	struct model whole;
	struct model cut;
	int n_points = 0;

	for (size_t i = 0; i < array_length(flows); i++) {
		begin(&whole, flows[i].given);
		model_run(&whole, 300000, flows[i].when);
		for (int point = 1; point <= whole.n_decisions; point++, n_points++) {
			begin(&cut, flows[i].given);
			cut.restart_at = point;
			model_run(&cut, 300000, flows[i].when);
			assert_same_end(&cut, &whole);
			assert_int_equal(cut.n_unserved, 0);
			assert_int_equal(cut.max_weight_seen, whole.max_weight_seen);
			model_fini(&cut);
		}
		model_fini(&whole);
	}
	print_message("# %d points of restart\n", n_points);
}

/* The facts are the continuation: each single decision is made by an agent that knows nothing but
 * the cluster. Only what must be seen for a while cannot be seen so: the hold is none here. */
static void test_forgetful(void **state)
{
	struct model whole;
	struct model forgetful;

	for (size_t i = 0; i < array_length(flows); i++) {
		begin(&whole, flows[i].given);
		model_run(&whole, 300000, flows[i].when);
		begin(&forgetful, flows[i].given);
		forgetful.is_forgetful = true;
		forgetful.spec.route.hold = span_ms(0);
		model_run(&forgetful, 300000, flows[i].when);
		assert_same_end(&forgetful, &whole);
		model_fini(&forgetful);
		model_fini(&whole);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_initialise),
		cmocka_unit_test(test_flows),
		cmocka_unit_test(test_restart_anywhere),
		cmocka_unit_test(test_forgetful),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
