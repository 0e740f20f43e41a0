#include "analysis/base/text.h"
#include "analysis/decide.h"
#include "analysis/phase/phase.h"
#include "analysis/readiness.h"
#include "analysis/traffic.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW 1000000

struct desk {
	struct canary_spec spec;
	struct facts facts;
	struct plan plan;
	struct thought thought;
	struct effect effects[PLAN_EFFECTS_MAX];
};

static void put_ready(struct workload_fact *workload)
{
	*workload = (struct workload_fact){.slot.state = FACT_KNOWN,
	                                   .is_observed = true,
	                                   .replicas = 2,
	                                   .updated = 2,
	                                   .total = 2,
	                                   .ready = 2,
	                                   .available = 2};
}

static int set_up(void **state)
{
	struct desk *desk = calloc(1, sizeof(*desk));

	if (!desk)
		return -1;
	desk->spec = (struct canary_spec){.target = "cart",
	                                  .primary = "cart-primary",
	                                  .k8s_namespace = "shop",
	                                  .progress_deadline = {60000},
	                                  .primary_ready_percent = 100,
	                                  .canary_ready_percent = 50,
	                                  .route = {.weighs = true, .hold = {5000}}};
	desk->plan.effects = desk->effects;
	desk->thought =
		(struct thought){.spec = &desk->spec, .facts = &desk->facts, .plan = &desk->plan};
	desk->facts.now = (struct instant){NOW};
	desk->facts.releases.state = FACT_KNOWN;
	put_ready(&desk->facts.target);
	put_ready(&desk->facts.primary);
	*state = desk;
	return 0;
}

static int tear_down(void **state)
{
	free(*state);
	return 0;
}

static void clear(struct desk *desk)
{
	desk->plan.n_effects = 0;
	desk->plan.reason[0] = '\0';
	desk->plan.wake = (struct instant){0};
}

/* Thoughts */

static void test_reason(void **state)
{
	struct desk *desk = *state;

	assert_true(thought_because(&desk->thought, "first %d", 1));
	assert_true(thought_because(&desk->thought, "second"));
	assert_string_equal(desk->plan.reason, "first 1");
}

static void test_wake(void **state)
{
	struct desk *desk = *state;

	thought_wake(&desk->thought, (struct instant){200});
	thought_wake(&desk->thought, (struct instant){100});
	thought_wake(&desk->thought, (struct instant){300});
	assert_int_equal(desk->plan.wake.ms, 100);
}

static void test_passed(void **state)
{
	struct desk *desk = *state;

	assert_true(thought_passed(&desk->thought, (struct instant){NOW - 10}, span_ms(10)));
	assert_int_equal(desk->plan.wake.ms, 0);
	assert_false(thought_passed(&desk->thought, (struct instant){NOW - 9}, span_ms(10)));
	assert_int_equal(desk->plan.wake.ms, NOW + 1);
	assert_int_equal(thought_since(&desk->thought, (struct instant){NOW - 7}).ms, 7);
	assert_int_equal(thought_since(&desk->thought, (struct instant){0}).ms, 0);
}

/* A wish for what rests after a failure is a wake; a second write of the same replaces the first.
 */
static void test_want(void **state)
{
	struct desk *desk = *state;
	struct effect route = {.kind = EFFECT_WRITE_ROUTE, .subject = SUBJECT_ROUTE, .weight = 10};
	const struct effect look = {.kind = EFFECT_OBSERVE, .subject = SUBJECT_ROUTE};
	const struct effect measure = {.kind = EFFECT_MEASURE};

	thought_want(&desk->thought, &route);
	route.weight = 0;
	thought_want(&desk->thought, &route);
	thought_want(&desk->thought, &look);
	thought_want(&desk->thought, &measure);
	thought_want(&desk->thought, &measure);
	assert_int_equal(desk->plan.n_effects, 4);
	assert_int_equal(desk->effects[0].weight, 0);
	clear(desk);
	desk->facts.route.slot.failures = 1;
	desk->facts.route.slot.retry_at = (struct instant){NOW + 5};
	thought_want(&desk->thought, &route);
	assert_int_equal(desk->plan.n_effects, 0);
	assert_int_equal(desk->plan.wake.ms, NOW + 5);
	desk->facts.route.slot.retry_at = (struct instant){NOW};
	thought_want(&desk->thought, &route);
	assert_int_equal(desk->plan.n_effects, 1);
	clear(desk);
	/* A retreat rests only when it failed itself. */
	route.is_retreat = true;
	desk->facts.route.slot.retry_at = (struct instant){NOW + 5};
	thought_want(&desk->thought, &route);
	assert_int_equal(desk->plan.n_effects, 0);
	desk->facts.route.slot.is_forward = true;
	thought_want(&desk->thought, &route);
	assert_int_equal(desk->plan.n_effects, 1);
}

static void test_knows(void **state)
{
	struct desk *desk = *state;

	assert_true(thought_knows(&desk->thought, SUBJECT_TARGET));
	desk->facts.target.slot.state = FACT_ABSENT;
	assert_true(thought_knows(&desk->thought, SUBJECT_TARGET));
	desk->facts.target.slot.state = FACT_FAILED;
	assert_false(thought_knows(&desk->thought, SUBJECT_TARGET));
	assert_string_equal(desk->plan.reason, "the target was not seen yet");
}

/* The oldest give way; ids grow, also within one save. */
static void test_notices(void **state)
{
	struct release_status status = {.seq = 2};

	for (int i = 0; i < NOTICES_MAX + 3; i++)
		thought_notice(&status, i % 2 == 1, "notice %d", i);
	assert_int_equal(status.n_notices, NOTICES_MAX);
	assert_string_equal(status.notices[0].text, "notice 3");
	assert_true(status.notices[0].is_warning);
	for (size_t i = 1; i < status.n_notices; i++)
		assert_true(status.notices[i].id > status.notices[i - 1].id);
	status = (struct release_status){.seq = 2};
	thought_notice(&status, false, "x");
	assert_int_equal(status.notices[0].id, 2 * NOTICES_MAX);
}

static void test_next_status(void **state)
{
	struct desk *desk = *state;
	struct release_status *status = &desk->facts.newest.status;

	text_copy(desk->facts.newest.uid, "release-1");
	status->seq = 7;
	thought_notice(status, false, "told");
	thought_notice(status, false, "untold");
	text_copy(desk->facts.notices_release, "release-0");
	desk->facts.notices_delivered = status->notices[0].id;
	assert_int_equal(thought_next_status(&desk->thought).n_notices, 2);
	text_copy(desk->facts.notices_release, "release-1");
	assert_int_equal(thought_next_status(&desk->thought).n_notices, 1);
	assert_string_equal(thought_next_status(&desk->thought).notices[0].text, "untold");
	assert_int_equal(thought_next_status(&desk->thought).seq, 8);
}

/* A forward save starts from the Release as it is; a retreat waits for no look at it. */
static void test_save(void **state)
{
	struct desk *desk = *state;
	const struct release_status status = {.seq = 1};

	desk->facts.releases.state = FACT_UNKNOWN;
	thought_save(&desk->thought, &status, false);
	assert_int_equal(desk->plan.n_effects, 0);
	thought_save(&desk->thought, &status, true);
	assert_int_equal(desk->plan.n_effects, 1);
}

static void test_capacity(void **state)
{
	struct desk *desk = *state;

	assert_int_equal(thought_run_replicas(&desk->thought), 1);
	desk->facts.newest.primary_replicas = 3;
	assert_int_equal(thought_run_replicas(&desk->thought), 3);
	desk->facts.newest.target_replicas = 2;
	assert_int_equal(thought_run_replicas(&desk->thought), 2);
}

static void test_scaled(void **state)
{
	struct desk *desk = *state;

	text_copy(desk->facts.primary.resource_version, "5");
	assert_true(thought_scaled(&desk->thought, SUBJECT_TARGET, 2));
	assert_false(thought_scaled(&desk->thought, SUBJECT_PRIMARY, 3));
	assert_int_equal(desk->effects[0].subject, SUBJECT_PRIMARY);
	assert_int_equal(desk->effects[0].replicas, 3);
	assert_string_equal(desk->effects[0].resource_version, "5");
	/* What is there is enough, unless it is to end and more may come. */
	desk->facts.target.slot.is_written = true;
	assert_true(thought_scaled(&desk->thought, SUBJECT_TARGET, 2));
	desk->facts.target.replicas = 0;
	assert_false(thought_scaled(&desk->thought, SUBJECT_TARGET, 0));
	desk->facts.target.slot.is_written = false;
	assert_true(thought_scaled(&desk->thought, SUBJECT_TARGET, 0));
	desk->facts.target.replicas = 2;
	/* Pods go only while it is known that the run is open. */
	desk->facts.releases.state = FACT_KNOWN;
	desk->facts.releases.is_written = true;
	clear(desk);
	assert_false(thought_scaled(&desk->thought, SUBJECT_TARGET, 0));
	assert_int_equal(desk->plan.n_effects, 0);
	desk->facts.releases.is_written = false;
	assert_false(thought_scaled(&desk->thought, SUBJECT_TARGET, 0));
	assert_int_equal(desk->plan.n_effects, 1);
	desk->facts.target.slot.state = FACT_ABSENT;
	assert_true(
		thought_scaled(&desk->thought, SUBJECT_TARGET, 5)); /* there is nothing to scale */
	desk->facts.target.slot.state = FACT_UNKNOWN;
	assert_false(thought_scaled(&desk->thought, SUBJECT_TARGET, 5));
}

/* Readiness */

static void assert_readiness(struct desk *desk, bool with_canary, enum readiness expected,
                             const char *why)
{
	char said[SENTENCE_MAX];

	clear(desk);
	assert_int_equal(readiness_check(&desk->thought, with_canary, said), expected);
	assert_string_equal(said, why);
}

static void test_ready(void **state)
{
	struct desk *desk = *state;

	assert_readiness(desk, true, READINESS_READY, "");
	desk->facts.target.available = 1; /* half of two: enough for the canary */
	assert_readiness(desk, true, READINESS_READY, "");
	desk->facts.target.slot.state = FACT_UNKNOWN;
	assert_readiness(desk, true, READINESS_UNKNOWN, "");
	assert_readiness(desk, false, READINESS_READY, "");
	desk->facts.primary.slot.state = FACT_FAILED;
	assert_readiness(desk, false, READINESS_UNKNOWN, "");
}

/* Flagger's texts (2.9.1): first the primary's. */
static void test_why(void **state)
{
	struct desk *desk = *state;

	desk->facts.target.available = 0;
	assert_readiness(
		desk, true, READINESS_WAITING,
		"canary deployment cart.shop not ready: waiting for rollout to finish: 0 of 2 "
		"(readyThreshold 50%) updated replicas are available");
	desk->facts.primary.available = 1;
	assert_readiness(
		desk, true, READINESS_WAITING,
		"cart-primary.shop not ready: waiting for rollout to finish: 1 of 2 (readyThreshold 100%) "
		"updated replicas are available");
}

static void test_deadline(void **state)
{
	struct desk *desk = *state;
	struct release_status *status = &desk->facts.newest.status;
	const struct release_status *saved = &desk->effects[0].status;
	char why[SENTENCE_MAX];

	desk->facts.primary.available = 0;
	/* noted when first seen; a check under way starts over */
	status->times.next_check_at = (struct instant){NOW - 5};
	assert_int_equal(readiness_check(&desk->thought, false, why), READINESS_WAITING);
	assert_int_equal(desk->plan.n_effects, 1);
	assert_int_equal(saved->times.not_ready_since.ms, NOW);
	assert_int_equal(saved->times.next_check_at.ms, NOW);
	/* one that is not due stays */
	clear(desk);
	status->times.next_check_at = (struct instant){NOW + 5};
	assert_int_equal(readiness_check(&desk->thought, false, why), READINESS_WAITING);
	assert_int_equal(saved->times.next_check_at.ms, NOW + 5);
	/* the deadline runs, to the millisecond */
	clear(desk);
	status->times.not_ready_since = (struct instant){NOW - 59999};
	assert_int_equal(readiness_check(&desk->thought, false, why), READINESS_WAITING);
	assert_int_equal(desk->plan.n_effects, 0);
	assert_int_equal(desk->plan.wake.ms, NOW + 1);
	/* what is known may be old: it is asked for once more */
	status->times.not_ready_since = (struct instant){NOW - 60000};
	desk->facts.primary.slot.read_at = (struct instant){NOW - 1};
	assert_int_equal(readiness_check(&desk->thought, false, why), READINESS_WAITING);
	assert_int_equal(desk->plan.n_effects, 1);
	assert_int_equal(desk->effects[0].kind, EFFECT_OBSERVE);
	assert_int_equal(desk->effects[0].subject, SUBJECT_PRIMARY);
	/* but for what is being written, which will tell */
	clear(desk);
	thought_want(&desk->thought,
	             &(struct effect){.kind = EFFECT_CREATE_PRIMARY, .subject = SUBJECT_PRIMARY});
	assert_int_equal(readiness_check(&desk->thought, false, why), READINESS_WAITING);
	assert_int_equal(desk->plan.n_effects, 1);
	assert_int_equal(desk->effects[0].kind, EFFECT_CREATE_PRIMARY);
	desk->facts.primary.slot.read_at = (struct instant){NOW};
	assert_int_equal(readiness_check(&desk->thought, false, why), READINESS_LATE);
	/* but not where nothing is decided on it */
	clear(desk);
	desk->facts.primary.slot.read_at = (struct instant){NOW - 1};
	desk->facts.newest.cause = CAUSE_INIT;
	assert_int_equal(readiness_check(&desk->thought, false, why), READINESS_LATE);
	assert_int_equal(desk->plan.n_effects, 0);
}

/* Traffic */

static void test_weighs(void **state)
{
	struct desk *desk = *state;
	struct route_fact *route = &desk->facts.route;

	assert_false(traffic_weighs(&desk->thought, 10, false)); /* looks first */
	assert_int_equal(desk->plan.n_effects, 0);
	assert_false(traffic_weighs(&desk->thought, 0, true)); /* a retreat does not */
	assert_int_equal(desk->plan.n_effects, 1);
	assert_true(desk->effects[0].is_retreat);
	clear(desk);
	*route = (struct route_fact){.slot.state = FACT_KNOWN, .weight = 10, .is_exact = true};
	assert_true(traffic_weighs(&desk->thought, 10, false));
	assert_int_equal(traffic_live_weight(&desk->thought), 10);
	route->is_exact = false;
	assert_false(traffic_weighs(&desk->thought, 10, false));
	assert_true(traffic_weighs(&desk->thought, 10, true)); /* the weight is all that matters */
	route->slot.state = FACT_ABSENT;
	assert_true(traffic_weighs(&desk->thought, 0, true));
	assert_int_equal(traffic_live_weight(&desk->thought), 0);
	desk->spec.route.weighs = false;
	route->slot.state = FACT_KNOWN;
	assert_true(traffic_weighs(&desk->thought, 50, false));
	assert_int_equal(traffic_live_weight(&desk->thought), 0);
}

/* Copies go with weight 0; a wanted weight takes them off, in a retreat too. */
static void test_mirrors(void **state)
{
	struct desk *desk = *state;
	struct route_fact *route = &desk->facts.route;

	*route = (struct route_fact){.slot.state = FACT_KNOWN, .is_exact = true};
	assert_false(traffic_mirrors(&desk->thought));
	assert_int_equal(desk->plan.n_effects, 1);
	assert_true(desk->effects[0].is_mirrored);
	assert_false(desk->effects[0].is_retreat);
	clear(desk);
	route->is_mirrored = true;
	assert_true(traffic_mirrors(&desk->thought));
	assert_false(traffic_weighs(&desk->thought, 0, false));
	assert_false(desk->effects[0].is_mirrored);
	clear(desk);
	assert_false(traffic_weighs(&desk->thought, 0, true));
	assert_true(desk->effects[0].is_retreat);
}

/* A retreat moves the selector, and is content when it is moved: what else is wrong about the
 * Service is not its errand (it patched without end). */
static void test_selects(void **state)
{
	struct desk *desk = *state;
	struct service_fact *apex = &desk->facts.apex;

	*apex = (struct service_fact){.slot.state = FACT_KNOWN, .backend = BACKEND_CANARY};
	assert_false(traffic_selects(&desk->thought, BACKEND_PRIMARY, true));
	assert_int_equal(desk->plan.n_effects, 1);
	clear(desk);
	apex->backend = BACKEND_PRIMARY;
	assert_true(traffic_selects(&desk->thought, BACKEND_PRIMARY, true));
	assert_int_equal(desk->plan.n_effects, 0);
	assert_false(traffic_selects(&desk->thought, BACKEND_PRIMARY, false));
}

/* A provider without weights has no route that could be read. */
static void test_no_route(void **state)
{
	struct desk *desk = *state;

	desk->facts.route = (struct route_fact){.slot.state = FACT_UNKNOWN};
	desk->facts.has_spec = true;
	desk->spec.route.weighs = false;
	decide(&desk->spec, &desk->facts, &desk->plan);
	for (size_t i = 0; i < desk->plan.n_effects; i++)
		assert_int_not_equal(desk->effects[i].subject, SUBJECT_ROUTE);
}

/* A run that is open, in PHASE. */
static void put_run(struct desk *desk, enum release_phase phase)
{
	struct release *newest = &desk->facts.newest;

	desk->facts.has_spec = true;
	desk->facts.canary.state = FACT_KNOWN;
	text_copy(newest->name, "cart-2");
	text_copy(newest->uid, "release-2");
	newest->number = 2;
	newest->cause = CAUSE_REVISION;
	newest->status.phase = phase;
	text_copy(desk->facts.promoted.name, "cart-1");
	text_copy(desk->facts.promoted.uid, "release-1");
}

static size_t count_of(const struct desk *desk, enum effect_kind kind, enum subject subject)
{
	size_t n = 0;

	for (size_t i = 0; i < desk->plan.n_effects; i++)
		n += desk->effects[i].kind == kind && desk->effects[i].subject == subject;
	return n;
}

/* A promotion that fails sends clients to the canary: nothing sends them back in the same breath
 * (the apex was written to and fro while the Release could not be saved). */
static void test_late_promotion(void **state)
{
	struct desk *desk = *state;
	struct service_fact *apex = &desk->facts.apex;

	put_run(desk, PHASE_PROMOTING);
	text_copy(desk->facts.primary.release_uid, "release-2");
	desk->facts.primary.available = 1;
	desk->facts.primary.slot.read_at = (struct instant){NOW};
	desk->facts.newest.status.times.not_ready_since = (struct instant){NOW - 60000};
	*apex = (struct service_fact){
		.slot.state = FACT_KNOWN, .backend = BACKEND_PRIMARY, .is_exact = true};
	phase_promoting(&desk->thought);
	assert_int_equal(count_of(desk, EFFECT_SAVE_RELEASE, SUBJECT_RELEASES), 1);
	assert_int_equal(count_of(desk, EFFECT_WRITE_SERVICE, SUBJECT_APEX), 1);
	clear(desk);
	apex->backend = BACKEND_CANARY;
	phase_promoting(&desk->thought);
	assert_int_equal(count_of(desk, EFFECT_SAVE_RELEASE, SUBJECT_RELEASES), 1);
	assert_int_equal(count_of(desk, EFFECT_WRITE_SERVICE, SUBJECT_APEX), 0);
}

/* A retreat's save whose outcome is not known goes again without a look; but the Release is looked
 * at beside it, since a save that was written already is refused for ever. */
static void test_retreat_in_doubt(void **state)
{
	struct desk *desk = *state;

	put_run(desk, PHASE_PROGRESSING);
	desk->facts.is_moved = true;
	decide(&desk->spec, &desk->facts, &desk->plan);
	assert_int_equal(count_of(desk, EFFECT_SAVE_RELEASE, SUBJECT_RELEASES), 1);
	assert_int_equal(count_of(desk, EFFECT_OBSERVE, SUBJECT_RELEASES), 0);
	clear(desk);
	desk->facts.releases.state = FACT_UNKNOWN;
	decide(&desk->spec, &desk->facts, &desk->plan);
	assert_int_equal(count_of(desk, EFFECT_SAVE_RELEASE, SUBJECT_RELEASES), 1);
	assert_int_equal(count_of(desk, EFFECT_OBSERVE, SUBJECT_RELEASES), 1);
}

static void test_holds(void **state)
{
	struct desk *desk = *state;

	desk->facts.route = (struct route_fact){.slot.state = FACT_KNOWN, .since = {NOW - 5000}};
	desk->facts.apex.since = (struct instant){NOW - 5000};
	assert_true(traffic_holds(&desk->thought));
	desk->facts.route.since.ms++;
	assert_false(traffic_holds(&desk->thought));
	assert_int_equal(desk->plan.wake.ms, NOW + 1);
	desk->spec.route.weighs = false;
	assert_true(traffic_holds(&desk->thought));
	desk->facts.apex.since.ms++;
	assert_false(traffic_holds(&desk->thought));
}

/* Who serves, by phase: p primary, c canary, as ready pods. */
static const struct {
	enum release_phase phase;
	enum release_outcome ending;
	bool may_empty;
	bool has_primary;
	bool has_canary;
	enum backend backend;
} backends[] = {
	{PHASE_STARTING, OUTCOME_NONE, false, false, true,
         BACKEND_PRIMARY}, /* the canary is unproven */
	{PHASE_PROGRESSING, OUTCOME_NONE, false, true, true, BACKEND_PRIMARY},
	{PHASE_PROGRESSING, OUTCOME_NONE, false, false, true, BACKEND_CANARY},
	{PHASE_PROGRESSING, OUTCOME_NONE, false, true, false, BACKEND_PRIMARY},
	{PHASE_PROGRESSING, OUTCOME_NONE, false, false, false, BACKEND_PRIMARY}, /* as it is */
	{PHASE_PROMOTING, OUTCOME_NONE, false, true, true, BACKEND_PRIMARY},
	{PHASE_PROMOTING, OUTCOME_NONE, true, true, true, BACKEND_PRIMARY}, /* not written yet */
	{PHASE_RETREATING, OUTCOME_ROLLED_BACK, false, true, true, BACKEND_PRIMARY},
	{PHASE_RETREATING, OUTCOME_FAILED_PROMOTION, false, true, true, BACKEND_CANARY},
	{PHASE_RETREATING, OUTCOME_FAILED_PROMOTION, false, true, false, BACKEND_PRIMARY},
	{PHASE_DONE, OUTCOME_NONE, false, true, true, BACKEND_PRIMARY},
};

static void test_backend(void **state)
{
	struct desk *desk = *state;
	struct facts *facts = &desk->facts;

	text_copy(facts->newest.name, "cart-2");
	text_copy(facts->newest.uid, "release-2");
	text_copy(facts->promoted.uid, "release-1");
	facts->newest.cause = CAUSE_REVISION;
	for (size_t i = 0; i < array_length(backends); i++) {
		facts->newest.status.phase = backends[i].phase;
		facts->newest.status.ending = backends[i].ending;
		facts->target.may_empty = backends[i].may_empty;
		facts->primary.ready = backends[i].has_primary ? 2 : 0;
		facts->target.ready = backends[i].has_canary ? 2 : 0;
		if (traffic_backend(&desk->thought) != backends[i].backend)
			fail_msg("row %zu", i);
	}
	facts->newest.status.phase = PHASE_PROMOTING; /* written, and its pods are being replaced */
	text_copy(facts->primary.release_uid, "release-2");
	facts->primary.ready = 1;
	facts->primary.updated = 1;
	facts->target.ready = 2;
	facts->target.may_empty = true;
	assert_int_equal(traffic_backend(&desk->thought), BACKEND_CANARY);
	facts->primary.updated = 2;
	assert_int_equal(traffic_backend(&desk->thought), BACKEND_PRIMARY);
	facts->newest.status.phase = PHASE_PROGRESSING;
	facts->primary.ready = 0;
	facts->target.ready = 0;
	facts->apex.backend = BACKEND_CANARY; /* nobody serves: no switch for nothing */
	assert_int_equal(traffic_backend(&desk->thought), BACKEND_CANARY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_reason, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_wake, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_passed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_want, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_knows, set_up, tear_down),
		cmocka_unit_test(test_notices),
		cmocka_unit_test_setup_teardown(test_next_status, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_save, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_capacity, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_scaled, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_ready, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_why, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_deadline, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_weighs, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_mirrors, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_selects, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_route, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_late_promotion, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_retreat_in_doubt, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_holds, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_backend, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
