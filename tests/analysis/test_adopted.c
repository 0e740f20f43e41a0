/* What the first Releases of a Canary that Flagger left say, and what becomes of it when it is
 * deleted. */
#include "analysis/mirror.h"
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

/* The Release that is created. */
static struct effect created(struct model *model)
{
	struct effect effects[PLAN_EFFECTS_MAX];
	struct plan plan = {.effects = effects};

	decide(&model->spec, &model->truth, &plan);
	for (size_t i = 0; i < plan.n_effects; i++) {
		if (effects[i].kind == EFFECT_CREATE_RELEASE)
			return effects[i];
	}
	fail_msg("no Release: %s", plan.reason);
	return (struct effect){0};
}

/* When Flagger would have looked next stands in the first Release, if its status says when it
 * looked last. */
static void test_next_check(void **state)
{
	struct model model;

	left(&model);
	assert_int_equal(created(&model).adoption.next_check_at.ms, model.truth.now.ms + 10000);
	model.truth.mirror.moved = (struct instant){0};
	assert_false(instant_is_set(created(&model).adoption.next_check_at));
	model_fini(&model);
}

/* An initialisation that is gone on with knows whom the clients are with. */
static void test_clients(void **state)
{
	struct model model;

	left(&model);
	assert_int_equal(created(&model).backend, BACKEND_NONE);
	text_copy(model.truth.mirror.phase, "Initializing");
	assert_int_equal(created(&model).backend, BACKEND_PRIMARY);
	model_fini(&model);
}

/* A run whose template the primary has already is of what the primary runs, whatever the target
 * has: it is promoted. Any other is of what the target has. */
static void test_run(void **state)
{
	static const struct {
		const char *phase;
		const char *handled; /* the digest of what Flagger analysed; the primary runs v1 */
		const char *configs;
		const char *goes_on_in;
		bool is_earlier;
	} rows[] = {
		{"Progressing", "v2", "", "Progressing", false},
		{"WaitingPromotion", "v2", "", "WaitingPromotion", false},
		{"Promoting", "v2", "", "Promoting", true},
		{"Finalising", "v2", "", "Finalising", true},
		{"Progressing", "v1", "", "Promoting", true},
		{"Progressing", "v1", "other configs", "Progressing", false},
	};

	for (size_t i = 0; i < array_length(rows); i++) {
		struct effect effect;
		struct model model;

		found_run(&model);
		put_phase(&model, rows[i].phase);
		text_copy(model.truth.newest.handled, rows[i].handled);
		text_copy(model.truth.newest.handled_configs, rows[i].configs);
		model.truth.promoted = release_ref_of(&model.truth.newest);
		text_copy(model.truth.target.digest, rows[i].handled);
		effect = created(&model);
		assert_string_equal(effect.adoption.phase, rows[i].goes_on_in);
		assert_string_equal(effect.earlier, rows[i].is_earlier ? "cart-1" : "");
		assert_string_equal(effect.adoption.primary_id,
		                    rows[i].is_earlier ? "flaggers" : "");
		model_fini(&model);
	}
}

/* Deleted, after Flagger rolled v2 back. */
static void rejected(struct model *model)
{
	found_run(model);
	put_phase(model, "Failed");
	model->truth.route.weight = 0;
	deleted(model);
}

/* Until the first save nothing but Flagger's word is in Canary.status. */
static void test_phase(void **state)
{
	struct model model;

	run(&model);
	text_copy(model.truth.mirror.phase, "WaitingPromotion");
	assert_string_equal(mirror_phase(&model.spec, &model.truth), "WaitingPromotion");
	model.truth.newest.status.phase = PHASE_PROMOTING;
	assert_string_equal(mirror_phase(&model.spec, &model.truth), "Promoting");
	model_fini(&model);
	/* Of what was found it is the last word, too. */
	rejected(&model);
	assert_string_equal(mirror_phase(&model.spec, &model.truth), "Failed");
	model_fini(&model);
}

static void handled_v1(struct model *model)
{
	text_copy(model->truth.newest.handled, "v1");
}

static void not_found(struct model *model)
{
	text_copy(model->truth.newest.previous, "cart-0");
}

static void succeeded(struct model *model)
{
	put_phase(model, "Succeeded");
}

static const struct decision_row rows[] = {
	{"the target has what was rolled back",
         {NULL},
         "take primary",
         "the Canary is deleted, but cart.shop has a template that was rolled ba"},
	{"Flagger did not roll it back",
         {succeeded},
         "apex service canary; take primary",
         "the apex service is to select the canary's pods"},
	{"it has another template",
         {target_v3},
         "compare templates; apex service canary; take primary",
         "the apex service is to select the canary's pods"},
	{"it has what the primary runs",
         {handled_v1, reverted},
         "apex service canary; take primary",
         "the apex service is to select the canary's pods"},
	{"it was adopted in a run",
         {not_found},
         "apex service canary; take primary",
         "the apex service is to select the canary's pods"},
	{"the primary has no ready pod",
         {primary_dead},
         "apex service canary; take primary",
         "the apex service is to select the canary's pods"},
};

static void test_deleted(void **state)
{
	decisions_check(rejected, rows, array_length(rows));
}

/* An initialisation that Flagger began is gone on with, and the target has another template. */
static void initialising(struct model *model)
{
	decisions_run(model);
	starting(model);
	init(model);
	text_copy(model->truth.newest.adoption.primary_id, "flaggers");
	text_copy(model->truth.primary.release_uid, "flaggers");
	newer(model);
}

static void own(struct model *model)
{
	model->truth.newest.adoption.primary_id[0] = '\0';
}

static void apex_unseen(struct model *model)
{
	model->truth.apex = (struct service_fact){.slot.state = FACT_UNKNOWN};
}

static void at_the_end(struct model *model)
{
	model->truth.newest.status.phase = PHASE_FINALISING;
}

static void a_revision(struct model *model)
{
	model->truth.newest.cause = CAUSE_REVISION;
}

static const struct decision_row initialisations[] = {
	{"clients are with the primary",
         {NULL},
         "save release Finalising",
         "the primary is ready; clients go to it next"},
	{"Flagger did not begin it",
         {own},
         "save release Retreating superseded n1!",
         "New revision detected! Restarting analysis for cart.shop"},
	{"the apex selects the target",
         {apex_canary},
         "save release Retreating superseded n1!",
         "New revision detected! Restarting analysis for cart.shop"},
	{"there is no apex",
         {apex_absent},
         "save release Retreating superseded n1!",
         "New revision detected! Restarting analysis for cart.shop"},
	{"the apex is not seen",
         {apex_unseen},
         "save release Finalising; see apex service",
         "the primary is ready; clients go to it next"},
	{"the primary is not seen",
         {primary_unknown},
         "write canary status Initializing; see primary",
         "the primary was not seen yet"},
	{"the primary is gone",
         {primary_absent},
         "apex service canary; save release Retreating superseded n1!",
         "New revision detected! Restarting analysis for cart.shop"},
	{"the primary is broken",
         {primary_dead},
         "apex service canary; save release Retreating superseded n1!",
         "New revision detected! Restarting analysis for cart.shop"},
	{"clients go to the primary", {at_the_end}, "scale target 0", "scaling the target to 0"},
	{"… which is not seen",
         {at_the_end, primary_unknown},
         "write canary status Initializing; see primary",
         "the primary was not seen yet"},
	{"… which is gone",
         {at_the_end, primary_absent},
         "apex service canary; save release Retreating superseded n1!",
         "New revision detected! Restarting analysis for cart.shop"},
	{"… and Flagger did not begin it",
         {at_the_end, own},
         "scale target 0",
         "scaling the target to 0"},
	{"a revision",
         {a_revision},
         "save release Retreating superseded n1!",
         "New revision detected! Restarting analysis for cart.shop"},
};

static void test_initialisations(void **state)
{
	decisions_check(initialising, initialisations, array_length(initialisations));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_next_check), cmocka_unit_test(test_run),
		cmocka_unit_test(test_clients),    cmocka_unit_test(test_initialisations),
		cmocka_unit_test(test_phase),      cmocka_unit_test(test_deleted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
