/* A Canary that is deleted: what is done next, by what of it is there. Each row is one decision. */
#include "analysis/base/text.h"
#include "tests/analysis/model.h"
#include "tests/analysis/model_tell.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

typedef void given(struct facts *facts);

static void put_pods(struct workload_fact *workload, int replicas, int ready)
{
	workload->is_observed = true;
	workload->replicas = replicas;
	workload->total = replicas;
	workload->updated = replicas;
	workload->ready = ready;
	workload->available = ready;
}

static void target_back(struct facts *facts)
{
	put_pods(&facts->target, 2, 2);
}

static void target_larger(struct facts *facts)
{
	put_pods(&facts->target, 3, 3);
}

static void target_smaller(struct facts *facts)
{
	put_pods(&facts->target, 1, 1);
}

static void target_waits(struct facts *facts)
{
	put_pods(&facts->target, 2, 0);
}

static void target_one(struct facts *facts)
{
	put_pods(&facts->target, 2, 1);
}

static void target_absent(struct facts *facts)
{
	facts->target = (struct workload_fact){.slot.state = FACT_ABSENT};
}

static void target_unknown(struct facts *facts)
{
	facts->target = (struct workload_fact){.slot.state = FACT_UNKNOWN};
}

static void target_newer(struct facts *facts)
{
	text_copy(facts->target.digest, "v9");
}

static void apex_back(struct facts *facts)
{
	facts->apex.backend = BACKEND_CANARY;
}

static void apex_back_just_now(struct facts *facts)
{
	facts->apex.backend = BACKEND_CANARY;
	facts->apex.since = facts->now;
}

static void apex_elsewhere(struct facts *facts)
{
	facts->apex.backend = BACKEND_NONE;
}

static void apex_foreign(struct facts *facts)
{
	facts->apex.is_ours = false;
}

static void apex_absent(struct facts *facts)
{
	facts->apex = (struct service_fact){.slot.state = FACT_ABSENT};
}

static void apex_unknown(struct facts *facts)
{
	facts->apex = (struct service_fact){.slot.state = FACT_UNKNOWN};
}

static void route_weight(struct facts *facts)
{
	facts->route.weight = 20;
}

static void route_absent(struct facts *facts)
{
	facts->route = (struct route_fact){.slot.state = FACT_ABSENT};
}

static void route_unknown(struct facts *facts)
{
	facts->route.slot.state = FACT_UNKNOWN;
}

static void route_foreign(struct facts *facts)
{
	facts->route.is_made = false;
}

static void route_has_more(struct facts *facts)
{
	facts->route.has_more = true;
}

static void services_absent(struct facts *facts)
{
	facts->canary_service = (struct service_fact){.slot.state = FACT_ABSENT};
	facts->primary_service = (struct service_fact){.slot.state = FACT_ABSENT};
}

static void services_foreign(struct facts *facts)
{
	facts->canary_service.is_ours = false;
	facts->primary_service.is_ours = false;
}

static void services_unknown(struct facts *facts)
{
	facts->canary_service.slot.state = FACT_UNKNOWN;
	facts->primary_service.slot.state = FACT_UNKNOWN;
}

static void primary_absent(struct facts *facts)
{
	facts->primary = (struct workload_fact){.slot.state = FACT_ABSENT};
}

static void primary_unknown(struct facts *facts)
{
	facts->primary.slot.state = FACT_UNKNOWN;
}

static void primary_foreign(struct facts *facts)
{
	text_copy(facts->primary.release_uid, "somebody");
}

static void primary_plain(struct facts *facts)
{
	text_copy(facts->primary.release_uid, "");
}

static void primary_promoted(struct facts *facts)
{
	text_copy(facts->primary.release_uid, "release-1");
}

static void primary_half(struct facts *facts)
{
	put_pods(&facts->primary, 2, 1);
}

static void primary_dead(struct facts *facts)
{
	put_pods(&facts->primary, 2, 0);
}

static void nothing_promoted(struct facts *facts)
{
	facts->promoted = (struct release_ref){0};
}

static void run_open(struct facts *facts)
{
	facts->newest.number = 2;
	text_copy(facts->newest.name, "cart-2");
	text_copy(facts->newest.uid, "release-2");
	text_copy(facts->newest.digest, "v2");
	facts->newest.cause = CAUSE_REVISION;
	facts->newest.status.outcome = OUTCOME_NONE;
	facts->newest.status.phase = PHASE_FINALISING;
	text_copy(facts->primary.release_uid, "release-2");
	text_copy(facts->target.digest, "v2");
}

static void rolled_back(struct facts *facts)
{
	run_open(facts);
	facts->newest.status.phase = PHASE_DONE;
	facts->newest.status.ending = OUTCOME_ROLLED_BACK;
	facts->newest.status.outcome = OUTCOME_ROLLED_BACK;
	text_copy(facts->primary.release_uid, "release-1");
}

static void failed_promotion(struct facts *facts)
{
	rolled_back(facts);
	facts->newest.status.ending = OUTCOME_FAILED_PROMOTION;
	facts->newest.status.outcome = OUTCOME_FAILED_PROMOTION;
}

static void no_spec(struct facts *facts)
{
	facts->has_spec = false;
}

static void never_begun(struct facts *facts)
{
	facts->newest.status = (struct release_status){0};
	facts->n_releases = 1;
}

static void one_of_two(struct facts *facts)
{
	never_begun(facts);
	facts->n_releases = 2;
}

static void no_release(struct facts *facts)
{
	facts->newest = (struct release){0};
	facts->n_releases = 1;
}

static void begun(struct facts *facts)
{
	never_begun(facts);
	facts->newest.status.times.started = facts->now;
}

static const struct row {
	const char *what;
	given *given[8];
	const char *plan;
} rows[] = {
	/* the target first */
	{"at rest", {NULL}, "scale target 2"},
	{"pods on their way", {target_waits}, ""},
	{"fewer than the primary's", {target_smaller}, "scale target 2"},
	{"more are left", {target_larger}, "apex service canary"},
	{"back", {target_back}, "apex service canary"},
	{"back, unseen route", {target_back, route_unknown}, "route 0!"},
	{"a weight is taken off first", {target_back, route_weight}, "route 0!"},
	{"unseen", {target_unknown}, "see target"},
	{"the primary unseen", {target_back, primary_unknown}, "see primary"},
	{"the apex unseen", {target_back, apex_unknown}, "see apex service"},
	{"the primary gone, no pods", {primary_absent}, "scale target 2"},
	{"the primary gone, pods wanted", {primary_absent, target_waits}, "apex service canary"},
	{"the primary gone, nothing promoted",
         {primary_absent, nothing_promoted},
         "apex service canary"},
	/* what was rolled back gets nobody */
	{"rolled back", {rolled_back, target_back}, ""},
	{"failed promotion", {failed_promotion, target_back}, ""},
	{"rolled back, clients there",
         {rolled_back, target_back, apex_back},
         "apex service primary"},
	{"rolled back, no primary",
         {rolled_back, target_back, primary_dead},
         "apex service canary"},
	{"rolled back, another template",
         {rolled_back, target_back, target_newer},
         "compare templates; apex service canary"},
	{"rolled back, no target", {rolled_back, target_absent}, "remove route route-uid"},
	/* the primary meanwhile */
	{"half promoted", {run_open, target_waits, primary_half}, "primary release-1"},
	{"half promoted, and clients with the target",
         {run_open, target_waits, primary_half, apex_back},
         "primary release-1; apex service primary"},
	{"promoted and ready", {run_open, target_waits}, ""},
	{"not of this run", {run_open, target_waits, primary_half, primary_foreign}, ""},
	{"has it back", {run_open, target_waits, primary_half, primary_promoted}, ""},
	{"half, nothing promoted before",
         {run_open, target_waits, primary_half, nothing_promoted},
         ""},
	{"half, the target serves", {run_open, target_smaller, primary_half}, "scale target 2"},
	{"one pod serves", {target_one, apex_back}, ""},
	{"the target unseen, half promoted",
         {run_open, target_unknown, primary_half},
         "see target"},
	{"the primary gone, fewer pods", {primary_absent, target_smaller}, "apex service canary"},
	/* clients */
	{"wait for clients", {target_back, apex_back_just_now}, ""},
	{"own selector, ours", {target_back, apex_elsewhere}, "apex service canary"},
	{"own selector, given back",
         {target_back, apex_elsewhere, apex_foreign},
         "remove route route-uid"},
	{"not ours, selects the primary", {target_back, apex_foreign}, "apex service canary"},
	{"no apex", {target_back, apex_absent}, "remove route route-uid"},
	{"no target", {target_absent}, "remove route route-uid"},
	/* the route */
	{"route", {target_back, apex_back}, "remove route route-uid"},
	{"a route with more", {target_back, apex_back, route_has_more}, "remove route route-uid"},
	{"taken over, with more",
         {target_back, apex_back, route_foreign, route_has_more},
         "remove route route-uid"},
	{"gone, with more", {target_back, apex_back, route_absent, route_has_more}, "remove route"},
	/* what is left */
	{"gone",
         {target_back, apex_back, route_absent},
         "remove canary service canary-uid; remove primary service service-uid; "
         "remove primary primary-uid"},
	{"not ours to remove",
         {target_back, apex_back, route_foreign, services_foreign},
         "remove primary primary-uid"},
	{"services unseen",
         {target_back, apex_back, route_absent, services_unknown},
         "remove primary primary-uid; see primary service; see canary service"},
	{"a primary of the open run",
         {run_open, target_back, apex_back, route_absent, services_absent},
         "remove primary primary-uid"},
	{"of the promoted one",
         {run_open, target_back, apex_back, route_absent, services_absent, primary_promoted},
         "remove primary primary-uid"},
	{"somebody's",
         {target_back, apex_back, route_absent, services_absent, primary_foreign},
         "remove releases"},
	{"… where nothing is promoted: of a first run",
         {target_back, apex_back, route_absent, services_absent, primary_foreign, nothing_promoted},
         "remove primary primary-uid"},
	{"of no Release",
         {target_back, apex_back, route_absent, services_absent, primary_plain, nothing_promoted},
         "remove releases"},
	{"of no Release, and one promoted",
         {target_back, apex_back, route_absent, services_absent, primary_plain},
         "remove releases"},
	/* the apex at last */
	{"no primary any more",
         {target_back, apex_back, route_absent, services_absent, primary_absent},
         "restore apex service"},
	{"given back",
         {target_back, apex_back, route_absent, services_absent, primary_absent, apex_foreign},
         "remove releases"},
	{"no apex at all",
         {target_back, apex_absent, route_absent, services_absent, primary_absent},
         "remove releases"},
	{"no target: clients are not left with a primary that is gone",
         {target_absent, route_absent, services_absent, primary_absent},
         "apex service canary"},
	{"… nor when another made it",
         {target_absent, route_absent, services_absent, primary_absent, apex_foreign},
         "apex service canary"},
	{"… but are while it is there",
         {target_absent, route_absent, services_absent, primary_foreign},
         "remove releases"},
	{"no target, an own selector",
         {target_absent, route_absent, services_absent, primary_absent, apex_elsewhere},
         "restore apex service"},
	/* without a spec nothing is known of what was made */
	{"no spec", {no_spec}, ""},
	{"no spec, never begun", {no_spec, never_begun}, "remove releases"},
	{"no spec, begun", {no_spec, begun}, ""},
	{"no spec, more Releases", {no_spec, one_of_two}, ""},
	{"no spec, none", {no_spec, no_release}, ""},
	{"no Release", {no_release}, ""},
};

static void put(struct model *model)
{
	struct facts *facts = &model->truth;

	model_init(model);
	model_initialise(model);
	facts->is_deleted = true;
	facts->now.ms += 60000;
	text_copy(facts->route.uid, "route-uid");
	text_copy(facts->canary_service.uid, "canary-uid");
	text_copy(facts->primary_service.uid, "service-uid");
	text_copy(facts->primary.uid, "primary-uid");
	facts->n_releases = 1;
	facts->newest.status.n_notices = 0;
}

static void test_rows(void **state)
{
	struct effect effects[PLAN_EFFECTS_MAX];
	struct plan plan = {.effects = effects};
	char text[MODEL_PLAN_MAX];

	for (size_t i = 0; i < array_length(rows); i++) {
		struct model model;

		put(&model);
		for (size_t j = 0; rows[i].given[j]; j++)
			rows[i].given[j](&model.truth);
		decide(&model.spec, &model.truth, &plan);
		if (strcmp(model_tell_plan(&plan, text), rows[i].plan) != 0)
			fail_msg("%s: %s, expected %s (%s)", rows[i].what, text, rows[i].plan,
			         plan.reason);
		model_fini(&model);
	}
}

/* Where there are no weights, no route is looked for. */
static void test_without_weights(void **state)
{
	struct effect effects[PLAN_EFFECTS_MAX];
	struct plan plan = {.effects = effects};
	char text[MODEL_PLAN_MAX];
	struct model model;

	put(&model);
	target_back(&model.truth);
	apex_back(&model.truth);
	model.spec.route.weighs = false;
	decide(&model.spec, &model.truth, &plan);
	assert_string_equal(model_tell_plan(&plan, text),
	                    "remove canary service canary-uid; remove primary service service-uid; "
	                    "remove primary primary-uid");
	model_fini(&model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_without_weights),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
