#include "analysis/base/text.h"
#include "analysis/mirror.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Flagger's phase and message for each state of the newest Release. */
static const struct {
	enum release_cause cause;
	enum release_phase phase;
	enum release_outcome outcome;
	const char *name;
	const char *message;
} rows[] = {
	{CAUSE_INIT, PHASE_NONE, OUTCOME_NONE, "Initializing",
         "New Deployment detected, starting initialization."},
	{CAUSE_INIT, PHASE_FINALISING, OUTCOME_NONE, "Initializing",
         "New Deployment detected, starting initialization."},
	{CAUSE_INIT, PHASE_DONE, OUTCOME_SUPERSEDED, "Initializing",
         "New Deployment detected, starting initialization."},
	{CAUSE_INIT, PHASE_DONE, OUTCOME_CANCELLED, "Initializing",
         "New Deployment detected, starting initialization."},
	{CAUSE_INIT, PHASE_DONE, OUTCOME_PROMOTED, "Initialized",
         "Deployment initialization completed."},
	{CAUSE_REVISION, PHASE_NONE, OUTCOME_NONE, "Progressing",
         "New revision detected, progressing canary analysis."},
	{CAUSE_REVISION, PHASE_STARTING, OUTCOME_NONE, "Progressing",
         "New revision detected, progressing canary analysis."},
	{CAUSE_REVISION, PHASE_PROGRESSING, OUTCOME_NONE, "Progressing",
         "New revision detected, progressing canary analysis."},
	{CAUSE_REVISION, PHASE_RETREATING, OUTCOME_NONE, "Progressing",
         "New revision detected, progressing canary analysis."},
	{CAUSE_REVISION, PHASE_PROMOTING, OUTCOME_NONE, "Promoting",
         "Canary analysis completed, starting primary rolling update."},
	{CAUSE_REVISION, PHASE_FINALISING, OUTCOME_NONE, "Finalising",
         "Canary analysis completed, routing all traffic to primary."},
	{CAUSE_REVISION, PHASE_DONE, OUTCOME_PROMOTED, "Succeeded",
         "Canary analysis completed successfully, promotion finished."},
	{CAUSE_REVISION, PHASE_DONE, OUTCOME_SKIPPED, "Succeeded",
         "Canary analysis completed successfully, promotion finished."},
	{CAUSE_REVISION, PHASE_DONE, OUTCOME_CANCELLED, "Succeeded",
         "Canary analysis completed successfully, promotion finished."},
	{CAUSE_REVISION, PHASE_DONE, OUTCOME_ROLLED_BACK, "Failed",
         "Canary analysis failed, Deployment scaled to zero."},
	{CAUSE_REVISION, PHASE_DONE, OUTCOME_FAILED_PROMOTION, "Failed",
         "Canary analysis failed, Deployment scaled to zero."},
	{CAUSE_REVISION, PHASE_DONE, OUTCOME_SUPERSEDED, "Progressing",
         "New revision detected, progressing canary analysis."},
};

struct desk {
	struct canary_spec spec;
	struct facts facts;
	struct plan plan;
	struct thought thought;
	struct effect effects[PLAN_EFFECTS_MAX];
};

static int set_up(void **state)
{
	struct desk *desk = calloc(1, sizeof(*desk));

	if (!desk)
		return -1;
	desk->spec.strategy = STRATEGY_CANARY;
	desk->plan.effects = desk->effects;
	desk->thought =
		(struct thought){.spec = &desk->spec, .facts = &desk->facts, .plan = &desk->plan};
	desk->facts.has_spec = true;
	desk->facts.canary.state = FACT_KNOWN;
	desk->facts.canary_generation = 4;
	text_copy(desk->facts.canary_uid, "canary-1");
	*state = desk;
	return 0;
}

static int tear_down(void **state)
{
	free(*state);
	return 0;
}

static void put_release(struct desk *desk, enum release_cause cause, enum release_phase phase,
                        enum release_outcome outcome)
{
	struct release *newest = &desk->facts.newest;

	text_copy(newest->name, "cart-2");
	text_copy(newest->uid, "release-2");
	text_copy(newest->digest, "v2");
	newest->cause = cause;
	newest->status.phase = phase;
	newest->status.outcome = outcome;
	newest->status.weight.to = 40;
	newest->status.iteration = 3;
	newest->status.failed_checks = 1;
	text_copy(desk->facts.promoted.digest, "v1");
}

static void test_phases(void **state)
{
	struct desk *desk = *state;
	struct mirror mirror;

	for (size_t i = 0; i < array_length(rows); i++) {
		put_release(desk, rows[i].cause, rows[i].phase, rows[i].outcome);
		mirror = mirror_of(&desk->spec, &desk->facts);
		assert_string_equal(mirror.phase, rows[i].name);
		assert_string_equal(mirror.message, rows[i].message);
		assert_string_equal(mirror.last_applied, "v2");
		assert_string_equal(mirror.last_promoted, "v1");
	}
}

/* Weight and iterations are of an open run; failed checks also of one that was promoted (3.10). */
static void test_counters(void **state)
{
	struct desk *desk = *state;
	struct mirror mirror;

	put_release(desk, CAUSE_REVISION, PHASE_PROGRESSING, OUTCOME_NONE);
	mirror = mirror_of(&desk->spec, &desk->facts);
	assert_int_equal(mirror.weight, 40);
	assert_int_equal(mirror.iterations, 3);
	assert_int_equal(mirror.failed_checks, 1);
	desk->spec.strategy = STRATEGY_AB; /* its 100 is of matching requests only */
	assert_int_equal(mirror_of(&desk->spec, &desk->facts).weight, 0);
	desk->spec.strategy = STRATEGY_CANARY;
	put_release(desk, CAUSE_REVISION, PHASE_FINALISING, OUTCOME_NONE);
	assert_int_equal(mirror_of(&desk->spec, &desk->facts).iterations, 0);
	put_release(desk, CAUSE_REVISION, PHASE_DONE, OUTCOME_PROMOTED);
	mirror = mirror_of(&desk->spec, &desk->facts);
	assert_int_equal(mirror.weight, 0);
	assert_int_equal(mirror.iterations, 0);
	assert_int_equal(mirror.failed_checks, 1);
	put_release(desk, CAUSE_REVISION, PHASE_DONE, OUTCOME_ROLLED_BACK);
	assert_int_equal(mirror_of(&desk->spec, &desk->facts).failed_checks, 0);
}

/* Without a Release the phase stays what it was (adoption); a refusal is told with its reason, the
 * gravest first. */
static void test_refusals(void **state)
{
	struct desk *desk = *state;
	struct mirror mirror;

	text_copy(desk->facts.mirror.phase, "Succeeded");
	text_copy(desk->facts.target.refusal, "it refers to ConfigMap x");
	mirror = mirror_of(&desk->spec, &desk->facts);
	assert_string_equal(mirror.phase, "Succeeded");
	assert_string_equal(mirror.refusal_reason, "InvalidTarget");
	assert_string_equal(mirror.refusal, "it refers to ConfigMap x");
	text_copy(desk->facts.refusal, "spec.a: expected b");
	text_copy(desk->facts.refusal_reason, "InvalidSpec");
	mirror = mirror_of(&desk->spec, &desk->facts);
	assert_string_equal(mirror.refusal_reason, "InvalidSpec");
	assert_string_equal(mirror.refusal, "spec.a: expected b");
	desk->facts.is_quarantined = true;
	assert_string_equal(mirror_of(&desk->spec, &desk->facts).refusal_reason, "Quarantined");
}

static size_t keep(struct desk *desk)
{
	desk->plan.n_effects = 0;
	mirror_keep(&desk->thought);
	return desk->plan.n_effects;
}

/* Written when any of its fields differs, and not again when it says so. */
static void test_written_once(void **state)
{
	struct desk *desk = *state;
	struct mirror_fact *live = &desk->facts.mirror;
	struct mirror_fact right;

	put_release(desk, CAUSE_REVISION, PHASE_PROGRESSING, OUTCOME_NONE);
	assert_int_equal(keep(desk), 1);
	assert_int_equal(desk->effects[0].kind, EFFECT_WRITE_MIRROR);
	*live = (struct mirror_fact){.phase = "Progressing",
	                             .weight = 40,
	                             .failed_checks = 1,
	                             .iterations = 3,
	                             .last_applied = "v2",
	                             .last_promoted = "v1"};
	right = *live;
	assert_int_equal(keep(desk), 0);
	live->phase[0] = 'p';
	assert_int_equal(keep(desk), 1);
	*live = right;
	live->weight++;
	assert_int_equal(keep(desk), 1);
	*live = right;
	live->failed_checks++;
	assert_int_equal(keep(desk), 1);
	*live = right;
	live->iterations++;
	assert_int_equal(keep(desk), 1);
	*live = right;
	live->last_applied[0] = 'x';
	assert_int_equal(keep(desk), 1);
	*live = right;
	live->last_promoted[0] = 'x';
	assert_int_equal(keep(desk), 1);
	desk->facts.is_deleted = true;
	assert_int_equal(keep(desk), 0);
	desk->facts.is_deleted = false;
	desk->facts.canary.state = FACT_UNKNOWN; /* first read, then write */
	assert_int_equal(keep(desk), 0);
}

/* A refusal is one condition and one Event per generation; when it is gone, so is the condition. */
static void test_refusal_is_told_once(void **state)
{
	struct desk *desk = *state;

	text_copy(desk->facts.refusal, "spec.a: expected b");
	text_copy(desk->facts.refusal_reason, "InvalidSpec");
	assert_int_equal(keep(desk), 2);
	assert_int_equal(desk->effects[1].kind, EFFECT_NOTIFY);
	assert_int_equal(desk->effects[1].notice.id, 4);
	assert_true(desk->effects[1].notice.is_warning);
	assert_string_equal(desk->effects[1].notice.text, "spec.a: expected b");
	assert_string_equal(desk->effects[1].release_uid, "canary-1");
	text_copy(desk->facts.mirror.refusal, "spec.a: expected b");
	assert_int_equal(keep(desk), 1); /* its reason is not there yet; the Event was */
	text_copy(desk->facts.mirror.refusal_reason, "InvalidSpec");
	assert_int_equal(keep(desk), 0);
	desk->facts.refusal[0] = '\0';
	assert_int_equal(keep(desk), 1);
	assert_string_equal(desk->effects[0].mirror.refusal, "");
}

/* A warning is one Event per generation, beside whatever else is told. */
static void test_warning_is_told_once(void **state)
{
	struct desk *desk = *state;
	struct facts *facts = &desk->facts;

	text_copy(facts->warning, "spec.a: hardly meant");
	assert_int_equal(keep(desk), 1);
	assert_int_equal(desk->effects[0].kind, EFFECT_NOTIFY);
	assert_int_equal(desk->effects[0].notice.id, -4);
	assert_true(desk->effects[0].notice.is_warning);
	assert_string_equal(desk->effects[0].notice.text, "spec.a: hardly meant");
	assert_string_equal(desk->effects[0].release_uid, "canary-1");
	facts->warned_generation = 4;
	assert_int_equal(keep(desk), 0);
	facts->canary_generation = 5; /* edited */
	assert_int_equal(keep(desk), 1);
	assert_int_equal(desk->effects[0].notice.id, -5);
	desk->spec.suspend = true; /* says nothing */
	assert_int_equal(keep(desk), 0);
	desk->spec.suspend = false;
	facts->is_deleted = true;
	assert_int_equal(keep(desk), 0);
	facts->is_deleted = false;
	facts->canary.state = FACT_UNKNOWN;
	assert_int_equal(keep(desk), 0);
}

/* One Event after another, in their order; those of a run that is over are cleared when all were
 * delivered. */
static void test_notices(void **state)
{
	struct desk *desk = *state;
	struct facts *facts = &desk->facts;

	put_release(desk, CAUSE_REVISION, PHASE_DONE, OUTCOME_PROMOTED);
	facts->canary.state = FACT_UNKNOWN; /* the status is not the matter here */
	facts->releases.state = FACT_KNOWN;
	thought_notice(&facts->newest.status, false, "first");
	thought_notice(&facts->newest.status, true, "second");
	assert_int_equal(keep(desk), 1);
	assert_string_equal(desk->effects[0].notice.text, "first");
	assert_string_equal(desk->effects[0].release_uid, "release-2");
	text_copy(facts->notices_release, "release-1"); /* ids of another Release say nothing */
	facts->notices_delivered = 1000000;
	assert_int_equal(keep(desk), 1);
	assert_string_equal(desk->effects[0].notice.text, "first");
	text_copy(facts->notices_release, "release-2");
	facts->notices_delivered = facts->newest.status.notices[0].id;
	assert_int_equal(keep(desk), 1);
	assert_string_equal(desk->effects[0].notice.text, "second");
	facts->notices_delivered = facts->newest.status.notices[1].id;
	assert_int_equal(keep(desk), 1);
	assert_int_equal(desk->effects[0].kind, EFFECT_SAVE_RELEASE);
	assert_int_equal(desk->effects[0].status.n_notices, 0);
	facts->has_spec = false; /* after a restart beside a spec that is refused */
	assert_int_equal(keep(desk), 0);
	facts->has_spec = true;
	facts->newest.status.outcome =
		OUTCOME_NONE; /* an open run clears them with its next save */
	assert_int_equal(keep(desk), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_phases, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_counters, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_refusals, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_written_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_refusal_is_told_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_warning_is_told_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_notices, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
