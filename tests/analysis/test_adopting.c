/* A Canary that Flagger left: what is written first, step by step, and where its run goes on. Each
 * row is one decision. */
#include "tests/analysis/decisions.h"
#include "tests/analysis/given_adoption.h"
#include "tests/analysis/given_canary.h"
#include "tests/analysis/given_route.h"
#include "tests/analysis/given_run.h"
#include "tests/analysis/given_workload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void phase_unset(struct model *model)
{
	put_phase(model, "");
}

static void initializing(struct model *model)
{
	put_phase(model, "Initializing");
}

static void approval(struct model *model)
{
	put_phase(model, "WaitingPromotion");
}

static void flagger_promoting(struct model *model)
{
	put_phase(model, "Promoting");
}

static void flagger_finalising(struct model *model)
{
	put_phase(model, "Finalising");
}

static void canary_cookies(struct model *model)
{
	model->spec.route.sticks = true;
	model->spec.affinity.cookie = "cnry";
	model->truth.route.cookies = (struct cookies){.canary = {"cnry", "kQzrTnbWsd"}};
}

static void no_cookie(struct model *model)
{
	model->spec.affinity.cookie = NULL;
}

static void iteration_1(struct model *model)
{
	model->truth.newest.adoption.iterations = 1;
}

static void iteration_2(struct model *model)
{
	model->truth.newest.adoption.iterations = 2;
}

static void iteration_3(struct model *model)
{
	model->truth.newest.adoption.iterations = 3;
}

static void iteration_back(struct model *model)
{
	model->truth.newest.adoption.iterations = -1;
}

static void failed_less(struct model *model)
{
	model->truth.newest.adoption.failed_checks = -1;
}

static void failed_once(struct model *model)
{
	model->truth.newest.adoption.failed_checks = 1;
}

static void failed_twice(struct model *model)
{
	model->truth.newest.adoption.failed_checks = 2;
}

static void wrote_just_now(struct model *model)
{
	model->truth.flagger_wrote = model->truth.now;
}

static void wrote_before(struct model *model)
{
	model->truth.flagger_wrote.ms = model->truth.now.ms - 20000;
}

static void wrote_much_later(struct model *model)
{
	model->truth.flagger_wrote.ms = model->truth.now.ms + 20001;
}

static void wrote_later(struct model *model)
{
	model->truth.flagger_wrote.ms = model->truth.now.ms + 20000;
}

static void succeeded(struct model *model)
{
	put_phase(model, "Succeeded");
}

static void promoted_already(struct model *model)
{
	text_copy(model->truth.newest.handled, model->truth.newest.digest);
	text_copy(model->truth.target.digest, model->truth.newest.digest);
}

static void tracks(struct model *model)
{
	model->truth.target.has_configs = true;
}

static void owned_no_more(struct model *model)
{
	model->truth.primary.is_owned = false;
}

static const struct decision_row first[] = {
	{"what Flagger promoted",
         {NULL},
         "create release 1 adopted",
         "adopting cart.shop from Flagger, phase Succeeded"},
	{"phase unset: it began and made nothing else",
         {phase_unset},
         "create release 1 init",
         "adopting cart.shop from Flagger, phase Initializing"},
	{"Initializing",
         {initializing},
         "create release 1 init",
         "adopting cart.shop from Flagger, phase Initializing"},
	{"the apex is not seen",
         {apex_unknown},
         "see apex service",
         "the apex service was not seen yet"},
	{"the Releases are not seen",
         {releases_unknown},
         "see releases",
         "the releases was not seen yet"},
	{"the route is not seen", {route_unknown}, "see route", "the route was not seen yet"},
	{"… and has no weights",
         {route_unknown, no_weights},
         "create release 1 adopted",
         "adopting cart.shop from Flagger, phase Succeeded"},
	{"failed: the primary is broken, and clients are with it",
         {phase_failed, primary_dead},
         "create release 1 adopted",
         "adopting cart.shop from Flagger, phase Failed"},
	{"… with the canary, by the route",
         {phase_failed, primary_dead, route_100},
         "",
         "Flagger's promotion failed and left the clients with the canary: adopted once"},
	{"… by the apex",
         {phase_failed, primary_dead, apex_canary},
         "",
         "Flagger's promotion failed and left the clients with the canary: adopted once"},
	{"… and the primary is ready",
         {phase_failed, apex_canary},
         "create release 1 adopted",
         "adopting cart.shop from Flagger, phase Failed"},
	{"another phase, a broken primary and clients away",
         {primary_dead, apex_canary},
         "create release 1 adopted",
         "adopting cart.shop from Flagger, phase Succeeded"},
	{"Flagger wrote just now",
         {wrote_just_now},
         "",
         "Flagger wrote the status of cart.shop at 1970-01-12T13:48:10Z: Serin s",
         20000},
	{"… two intervals ago",
         {wrote_before},
         "create release 1 adopted",
         "adopting cart.shop from Flagger, phase Succeeded"},
	{"… in two intervals",
         {wrote_later},
         "",
         "Flagger wrote the status of cart.shop at 1970-01-12T13:48:30Z: Serin s",
         40000},
	{"… later than that: another clock",
         {wrote_much_later},
         "create release 1 adopted",
         "adopting cart.shop from Flagger, phase Succeeded"},
	{"… just now, and it is quarantined",
         {wrote_just_now, quarantined},
         "write canary status Succeeded: the agent aborted twice while this canary was in hand; it is left alone until its spec changes; notify the agent aborted twice while this canary was in hand; it is left alone until its spec changes",
         "quarantined: the agent aborted twice while this canary was in hand"},
	{"… just now, and no spec was valid",
         {wrote_just_now, no_spec},
         "write canary status Succeeded: spec.analysis: no; notify spec.analysis: no",
         "spec.analysis: no"},
};

static const struct decision_row second[] = {
	{"it is saved",
         {NULL},
         "save release Done promoted started 1",
         "adopted from Flagger in phase Succeeded: what cart-primary.shop runs"},
	{"the Releases are not seen",
         {releases_unknown},
         "see releases",
         "the releases was not seen yet"},
	{"quarantined",
         {quarantined},
         "write canary status Succeeded: the agent aborted twice while this canary was in hand; it is left alone until its spec changes; notify the agent aborted twice while this canary was in hand; it is left alone until its spec changes",
         "quarantined: the agent aborted twice while this canary was in hand"},
	{"no spec was valid",
         {no_spec},
         "write canary status Succeeded: spec.analysis: no; notify spec.analysis: no",
         "spec.analysis: no"},
	{"the route is not seen",
         {route_unknown},
         "save release Done promoted started 1; see route",
         "adopted from Flagger in phase Succeeded: what cart-primary.shop runs"},
	{"the primary is not seen",
         {primary_unknown},
         "save release Done promoted started 1; see primary",
         "adopted from Flagger in phase Succeeded: what cart-primary.shop runs"},
	{"over: the primary is taken over",
         {settled},
         "take primary",
         "taking over cart-primary.shop"},
	{"… it was", {settled, owned_no_more}, ""},
	{"… it is not seen",
         {settled, primary_unknown},
         "see primary",
         "the primary was not seen yet"},
	{"… it is gone",
         {settled, primary_absent},
         "primary release-1 x1",
         "the primary gets the template of Release cart-1"},
	{"… quarantined",
         {settled, quarantined},
         "write canary status Succeeded: the agent aborted twice while this canary was in hand; it is left alone until its spec changes; notify the agent aborted twice while this canary was in hand; it is left alone until its spec changes",
         "quarantined: the agent aborted twice while this canary was in hand"},
	{"… no spec was valid",
         {settled, no_spec},
         "write canary status Succeeded: spec.analysis: no; notify spec.analysis: no",
         "spec.analysis: no"},
};

static const struct decision_row third[] = {
	{"the run goes on",
         {NULL},
         "create release 2 adopted; take primary",
         "going on with the run that Flagger had in phase Progressing"},
	{"the Releases are not seen",
         {releases_unknown},
         "take primary; see releases",
         "the releases was not seen yet"},
	{"another template than it analysed",
         {newer},
         "route 0!; take primary",
         "the route is to give the canary weight 0"},
	{"configs that are not known",
         {tracks},
         "see configs; take primary",
         "reading the ConfigMaps and Secrets that cart.shop refers to"},
	{"Promoting",
         {flagger_promoting},
         "create release 2 adopted; take primary",
         "going on with the run that Flagger had in phase Promoting"},
	{"Finalising",
         {flagger_finalising},
         "create release 2 adopted; take primary",
         "going on with the run that Flagger had in phase Finalising"},
	{"the primary has it, and the phase does not say so",
         {promoted_already},
         "create release 2 adopted; take primary",
         "going on with the run that Flagger had in phase Progressing"},
	{"the target has what the primary runs",
         {reverted},
         "route 0!; take primary",
         "the route is to give the canary weight 0"},
	{"Succeeded: there is none",
         {succeeded},
         "route 0!; take primary",
         "the route is to give the canary weight 0"},
};

static const struct decision_row fourth[] = {
	{"a weight in force",
         {NULL},
         "save release Progressing from 20 to 20 n1 started 1",
         "adopted from Flagger in phase Progressing, canary weight 20"},
	{"the Releases are not seen",
         {releases_unknown},
         "see releases",
         "the releases was not seen yet"},
	{"the route is not seen", {route_unknown}, "see route", "the route was not seen yet"},
	{"quarantined",
         {quarantined},
         "write canary status Progressing: the agent aborted twice while this canary was in hand; it is left alone until its spec changes; notify the agent aborted twice while this canary was in hand; it is left alone until its spec changes",
         "quarantined: the agent aborted twice while this canary was in hand"},
	{"no spec was valid",
         {no_spec},
         "write canary status Progressing: spec.analysis: no; notify spec.analysis: no",
         "spec.analysis: no"},
	{"no weight",
         {route_0},
         "save release Starting n1 started 1 unready 1",
         "adopted from Flagger in phase Progressing, canary weight 0"},
	{"copies",
         {route_0, route_mirrored},
         "save release Progressing mirrored 1 n1 started 1",
         "adopted from Flagger in phase Progressing, canary weight 0"},
	{"copies beside a weight",
         {route_mirrored},
         "save release Progressing from 20 to 20 n1 started 1",
         "adopted from Flagger in phase Progressing, canary weight 20"},
	{"copies where none can be",
         {route_0, route_mirrored, no_weights},
         "save release Starting n1 started 1 unready 1",
         "adopted from Flagger in phase Progressing, canary weight 0"},
	{"one failed check of 2",
         {failed_once},
         "save release Progressing from 20 to 20 f1 n1 started 1",
         "adopted from Flagger in phase Progressing, canary weight 20"},
	{"two",
         {failed_twice},
         "route 0!; save release Retreating rolled_back f2 n3 started 1!",
         "adopted from Flagger with 2 failed checks of 2"},
	{"none, and less",
         {failed_less},
         "save release Progressing from 20 to 20 n1 started 1",
         "adopted from Flagger in phase Progressing, canary weight 20"},
	{"an iteration, of weights",
         {iteration_1},
         "save release Progressing from 20 to 20 n1 started 1",
         "adopted from Flagger in phase Progressing, canary weight 20"},
	{"waits for approval",
         {approval, iteration_back},
         "save release WaitingPromotion from 20 to 20 n1 started 1",
         "adopted from Flagger in phase WaitingPromotion, canary weight 20"},
	{"A/B",
         {ab, route_100, iteration_1},
         "save release Progressing from 100 to 100 i1 n1 started 1",
         "adopted from Flagger in phase Progressing, canary weight 100"},
	{"… of which the status does not know yet",
         {ab, route_100},
         "save release Progressing from 100 to 100 n1 started 1",
         "adopted from Flagger in phase Progressing, canary weight 100"},
	{"… before the first",
         {ab, route_0, iteration_1},
         "save release Starting n1 started 1 unready 1",
         "adopted from Flagger in phase Progressing, canary weight 0"},
	{"… waits for approval",
         {ab, route_100, approval, iteration_1},
         "save release WaitingPromotion from 100 to 100 i2 n1 started 1",
         "adopted from Flagger in phase WaitingPromotion, canary weight 100"},
	{"blue/green",
         {blue_green, route_0, iteration_1},
         "save release Progressing i1 n1 started 1",
         "adopted from Flagger in phase Progressing, canary weight 0"},
	{"… before the first",
         {blue_green, route_0},
         "save release Starting n1 started 1 unready 1",
         "adopted from Flagger in phase Progressing, canary weight 0"},
	{"… the last",
         {blue_green, route_0, iteration_2},
         "save release Progressing i2 n1 started 1",
         "adopted from Flagger in phase Progressing, canary weight 0"},
	{"… after the last, clients with the canary",
         {blue_green, route_100, iteration_3},
         "save release Progressing from 100 to 100 i3 n1 started 1",
         "adopted from Flagger in phase Progressing, canary weight 100"},
	{"… clients with the primary again",
         {blue_green, route_0, iteration_3},
         "save release Starting n1 started 1 unready 1",
         "adopted from Flagger in phase Progressing, canary weight 0"},
	{"… without weights",
         {blue_green, no_weights, route_unknown, iteration_3},
         "save release Progressing i3 n1 started 1",
         "adopted from Flagger in phase Progressing, canary weight 0"},
	{"… waits for approval",
         {blue_green, route_0, approval, iteration_1},
         "save release WaitingPromotion i2 n1 started 1",
         "adopted from Flagger in phase WaitingPromotion, canary weight 0"},
	{"… after all clients went",
         {blue_green, route_100, approval, iteration_2},
         "save release WaitingPromotion from 100 to 100 i3 n1 started 1",
         "adopted from Flagger in phase WaitingPromotion, canary weight 100"},
	{"Promoting",
         {flagger_promoting},
         "save release Promoting from 20 to 20 n1 started 1",
         "adopted from Flagger in phase Promoting, canary weight 20"},
	{"Finalising",
         {flagger_finalising},
         "save release Finalising from 20 n1 started 1",
         "adopted from Flagger in phase Finalising, canary weight 20"},
	{"A/B, an iteration less than none",
         {ab, route_100, iteration_back},
         "save release Progressing from 100 to 100 n1 started 1",
         "adopted from Flagger in phase Progressing, canary weight 100"},
	{"Promoting, with failed checks",
         {flagger_promoting, failed_twice},
         "save release Promoting from 20 to 20 n1 started 1",
         "adopted from Flagger in phase Promoting, canary weight 20"},
	{"Promoting, blue/green",
         {blue_green, route_100, flagger_promoting, iteration_3},
         "save release Promoting from 100 to 100 n1 started 1",
         "adopted from Flagger in phase Promoting, canary weight 100"},
	{"Promoting was saved: the primary is written first",
         {promoting},
         "primary release-2 x2",
         "the primary gets the template of Release cart-2"},
};

static void test_first(void **state)
{
	decisions_check(left, first, array_length(first));
}

static void test_second(void **state)
{
	decisions_check(found, second, array_length(second));
}

static void test_third(void **state)
{
	decisions_check(found_run, third, array_length(third));
}

static void test_fourth(void **state)
{
	decisions_check(run, fourth, array_length(fourth));
}

/* What is saved of the run that is given; the plan must have a save. */
static struct release_status saved(struct model *model)
{
	struct effect effects[PLAN_EFFECTS_MAX];
	struct plan plan = {.effects = effects};

	decide(&model->spec, &model->truth, &plan);
	for (size_t i = 0; i < plan.n_effects; i++) {
		if (effects[i].kind == EFFECT_SAVE_RELEASE)
			return effects[i].status;
	}
	fail_msg("no save: %s", plan.reason);
	return (struct release_status){0};
}

/* The next check is when Flagger's would be: not in the past, and at most an interval away. */
static void test_due(void **state)
{
	static const struct {
		int64_t said; /* ms from now */
		int64_t due;
	} rows[] = {{-5000, 0},   {-1, 0},        {0, 0},        {1, 1},
	            {9999, 9999}, {10000, 10000}, {10001, 10000}};

	for (size_t i = 0; i < array_length(rows); i++) {
		struct model model;
		int64_t now;

		run(&model);
		now = model.truth.now.ms;
		model.truth.newest.adoption.next_check_at.ms = now + rows[i].said;
		assert_int_equal(saved(&model).times.next_check_at.ms - now, rows[i].due);
		model_fini(&model);
	}
}

/* Who has a cookie of Flagger's stays where it is, for as long as the canary has clients. */
static void test_cookies(void **state)
{
	static const struct {
		given *given[3];
		bool is_kept;
	} rows[] = {
		{{canary_cookies}, true},
		{{canary_cookies, route_0}, false},
		{{canary_cookies, no_cookie}, false},
		{{canary_cookies, flagger_promoting}, true},
	};

	for (size_t i = 0; i < array_length(rows); i++) {
		struct release_status status;
		struct model model;

		run(&model);
		for (size_t k = 0; rows[i].given[k]; k++)
			rows[i].given[k](&model);
		status = saved(&model);
		assert_true(cookie_is_set(&status.cookies.canary) == rows[i].is_kept);
		model_fini(&model);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first), cmocka_unit_test(test_second),
		cmocka_unit_test(test_third), cmocka_unit_test(test_fourth),
		cmocka_unit_test(test_due),   cmocka_unit_test(test_cookies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
