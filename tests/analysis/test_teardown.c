/* A Canary that is deleted: what is done next, by what of it is there. Each row is one decision. */
#include "analysis/base/text.h"
#include "tests/analysis/decisions.h"
#include "tests/analysis/given_canary.h"
#include "tests/analysis/given_route.h"
#include "tests/analysis/given_run.h"
#include "tests/analysis/given_verb.h"
#include "tests/analysis/given_workload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void target_back(struct model *model)
{
	put_pods(&model->truth.target, 2, 2);
}

static void target_one(struct model *model)
{
	put_pods(&model->truth.target, 2, 1);
}

static void target_unseen(struct model *model)
{
	model->truth.target = (struct workload_fact){.slot.state = FACT_UNKNOWN};
}

static void target_newer(struct model *model)
{
	text_copy(model->truth.target.digest, "v9");
}

static void apex_back(struct model *model)
{
	model->truth.apex.backend = BACKEND_CANARY;
}

static void apex_back_just_now(struct model *model)
{
	model->truth.apex.backend = BACKEND_CANARY;
	model->truth.apex.since = model->truth.now;
}

static void apex_elsewhere(struct model *model)
{
	model->truth.apex.backend = BACKEND_NONE;
}

static void apex_unseen(struct model *model)
{
	model->truth.apex = (struct service_fact){.slot.state = FACT_UNKNOWN};
}

static void route_not_made(struct model *model)
{
	model->truth.route.is_made = false;
}

static void past_the_apex(struct model *model)
{
	mesh(model);
	model->truth.primary_service.backend = BACKEND_CANARY;
}

static void route_gone_before(struct model *model)
{
	model->truth.route.since.ms = model->truth.now.ms - model->spec.route.hold.ms;
}

static void route_has_more(struct model *model)
{
	model->truth.route.has_more = true;
}

static void target_service(struct model *model)
{
	model->spec.target_kind = TARGET_SERVICE;
}

static void services_absent(struct model *model)
{
	model->truth.canary_service = (struct service_fact){.slot.state = FACT_ABSENT};
	model->truth.primary_service = (struct service_fact){.slot.state = FACT_ABSENT};
}

static void services_foreign(struct model *model)
{
	model->truth.canary_service.is_ours = false;
	model->truth.primary_service.is_ours = false;
}

static void services_unknown(struct model *model)
{
	model->truth.canary_service.slot.state = FACT_UNKNOWN;
	model->truth.primary_service.slot.state = FACT_UNKNOWN;
}

static void primary_plain(struct model *model)
{
	text_copy(model->truth.primary.release_uid, "");
}

static void primary_promoted(struct model *model)
{
	text_copy(model->truth.primary.release_uid, "release-1");
}

static void run_open(struct model *model)
{
	model->truth.newest.number = 2;
	text_copy(model->truth.newest.name, "cart-2");
	text_copy(model->truth.newest.uid, "release-2");
	text_copy(model->truth.newest.digest, "v2");
	model->truth.newest.cause = CAUSE_REVISION;
	model->truth.newest.status.outcome = OUTCOME_NONE;
	model->truth.newest.status.phase = PHASE_FINALISING;
	text_copy(model->truth.primary.release_uid, "release-2");
	text_copy(model->truth.target.digest, "v2");
}

static void run_rolled_back(struct model *model)
{
	run_open(model);
	model->truth.newest.status.phase = PHASE_DONE;
	model->truth.newest.status.ending = OUTCOME_ROLLED_BACK;
	model->truth.newest.status.outcome = OUTCOME_ROLLED_BACK;
	text_copy(model->truth.primary.release_uid, "release-1");
}

static void run_failed_promotion(struct model *model)
{
	run_rolled_back(model);
	model->truth.newest.status.ending = OUTCOME_FAILED_PROMOTION;
	model->truth.newest.status.outcome = OUTCOME_FAILED_PROMOTION;
}

/* Decided, and the primary has not its proven template back yet. */
static void run_retreats(struct model *model)
{
	run_failed_promotion(model);
	model->truth.newest.status.phase = PHASE_RETREATING;
	model->truth.newest.status.outcome = OUTCOME_NONE;
	text_copy(model->truth.primary.release_uid, "release-2");
}

static void without_spec(struct model *model)
{
	model->truth.has_spec = false;
}

static void never_begun(struct model *model)
{
	model->truth.newest.status = (struct release_status){0};
	model->truth.n_releases = 1;
}

static void one_of_two(struct model *model)
{
	never_begun(model);
	model->truth.n_releases = 2;
}

static void no_newest(struct model *model)
{
	model->truth.newest = (struct release){0};
	model->truth.n_releases = 1;
}

static void begun(struct model *model)
{
	never_begun(model);
	model->truth.newest.status.times.started = model->truth.now;
}

static void reverts(struct model *model)
{
	model->spec.reverts = true;
}

static void held(struct model *model)
{
	model->spec.reverts = true;
	model->truth.has_finalizer = true;
}

static void held_by_flagger(struct model *model)
{
	model->truth.has_finalizer = true;
}

static void object_gone(struct model *model)
{
	model->truth.canary.state = FACT_ABSENT;
}

static void releases_gone(struct model *model)
{
	no_newest(model);
	model->truth.n_releases = 0;
	model->truth.releases.state = FACT_ABSENT;
}

static const struct decision_row rows[] = {
	/* the target first */
	{"at rest", {NULL}, "scale target 2"},
	{"pods on their way", {target_waits}, ""},
	{"fewer than the primary's", {target_small}, "scale target 2"},
	{"more are left", {target_large}, "apex service canary"},
	{"back", {target_back}, "apex service canary"},
	{"back, and its scale-down is on its way", {target_back, target_written}, ""},
	{"back, unseen route", {target_back, route_unknown}, "route 0!"},
	{"a weight is taken off first", {target_back, route_20}, "route 0!"},
	{"unseen", {target_unseen}, "see target"},
	{"the primary unseen", {target_back, primary_unknown}, "see primary"},
	{"the apex unseen", {target_back, apex_unseen}, "see apex service"},
	{"the primary gone, no pods", {primary_absent}, "scale target 2"},
	{"the primary gone, pods wanted", {primary_absent, target_waits}, "apex service canary"},
	{"the primary gone, nothing promoted",
         {primary_absent, nothing_promoted},
         "apex service canary"},
	{"the primary gone, nothing promoted, no pods",
         {primary_absent, nothing_promoted, target_down},
         "apex service canary"},
	{"… but clients were led to it",
         {finalising, init, primary_absent, nothing_promoted, target_down},
         "scale target 2"},
	/* what was rolled back gets nobody */
	{"rolled back", {run_rolled_back, target_back}, ""},
	{"failed promotion", {run_failed_promotion, target_back}, ""},
	{"failed promotion, the primary is half of it",
         {run_retreats, target_back, primary_half},
         "primary release-1"},
	{"failed promotion, the primary is ready with it",
         {run_retreats, target_back},
         "primary release-1"},
	{"… and may be left without a pod", {run_retreats, target_back, primary_may_empty}, ""},
	{"failed promotion, nothing promoted before",
         {run_retreats, target_back, primary_half, nothing_promoted},
         ""},
	{"rolled back, clients there",
         {run_rolled_back, target_back, apex_back},
         "apex service primary"},
	{"rolled back, no primary",
         {run_rolled_back, target_back, primary_dead},
         "apex service canary"},
	{"rolled back, another template",
         {run_rolled_back, target_back, target_newer},
         "compare templates; apex service canary"},
	{"rolled back, no target", {run_rolled_back, target_absent}, "remove route route-uid"},
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
	{"half, the target serves", {run_open, target_small, primary_half}, "scale target 2"},
	{"one pod serves", {target_one, apex_back}, ""},
	{"one pod serves, and clients have none",
         {target_one, apex_elsewhere},
         "apex service primary"},
	{"no pod serves, and no apex", {target_waits, apex_absent}, ""},
	{"no pod serves, the apex unseen", {target_waits, apex_unseen}, "see apex service"},
	{"… by a selector that is not ours", {target_one, apex_elsewhere, apex_foreign}, ""},
	{"the target unseen, half promoted", {run_open, target_unseen, primary_half}, "see target"},
	{"the primary gone, fewer pods", {primary_absent, target_small}, "apex service canary"},
	/* clients */
	{"wait for clients", {target_back, apex_back_just_now}, "", .wake = 3000},
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
         {target_back, apex_back, route_not_made, route_has_more},
         "remove route route-uid"},
	{"gone, with more", {target_back, apex_back, route_absent, route_has_more}, "remove route"},
	/* what is left */
	{"gone",
         {target_back, apex_back, route_absent},
         "remove canary service canary-uid; remove primary service service-uid; "
         "remove primary primary-uid"},
	{"a target that is a Service: its primary is the primary's Service",
         {target_back, apex_back, route_absent, target_service},
         "remove canary service canary-uid; remove primary primary-uid"},
	{"gone just now: whoever routes may still go by it",
         {target_back, apex_back, past_the_apex, route_absent, route_just_now},
         "",
         .wake = 1000},
	{"… for as long as a weight holds",
         {target_back, apex_back, past_the_apex, route_absent, route_gone_before},
         "remove canary service canary-uid; remove primary service service-uid; "
         "remove primary primary-uid"},
	{"… by nobody where the apex leads to it",
         {target_back, apex_back, route_absent, route_just_now},
         "remove canary service canary-uid; remove primary service service-uid; "
         "remove primary primary-uid"},
	{"… nor where there are no weights",
         {target_back, apex_back, past_the_apex, no_weights, route_just_now},
         "remove canary service canary-uid; remove primary service service-uid; "
         "remove primary primary-uid"},
	{"given back just now",
         {target_back, apex_back, past_the_apex, route_not_made, route_just_now},
         "",
         .wake = 3000},
	{"no weights, and no route is looked for",
         {target_back, apex_back, no_weights},
         "remove canary service canary-uid; remove primary service service-uid; "
         "remove primary primary-uid"},
	{"not ours to remove",
         {target_back, apex_back, route_not_made, services_foreign},
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
	/* the finalizer */
	{"held while the target comes back", {held}, "scale target 2"},
	{"held while something is left", {held, target_back, apex_back}, "remove route route-uid"},
	{"all is given back",
         {held, target_back, apex_back, route_absent, services_absent, primary_absent,
          apex_foreign},
         "write finalizer off"},
	{"… and the Canary went",
         {held, object_gone, target_back, apex_back, route_absent, services_absent, primary_absent,
          apex_foreign},
         "remove releases"},
	{"Flagger's, and nobody asks for it any more",
         {held_by_flagger},
         "scale target 2; write finalizer off"},
	{"… and all is given back: it is taken off once",
         {held_by_flagger, target_back, apex_back, route_absent, services_absent, primary_absent,
          apex_foreign},
         "write finalizer off"},
	{"asked for too late: a Canary that is deleted takes none", {reverts}, "scale target 2"},
	{"of no Release: Flagger's primary would be collected", {held, releases_gone}, ""},
	{"of no Release, a target", {held, releases_gone, primary_absent}, ""},
	{"of no Release, nothing is left",
         {held, releases_gone, primary_absent, target_absent},
         "write finalizer off"},
	{"of no Release, unseen",
         {held, releases_gone, primary_unknown, target_absent},
         "see primary"},
	{"of no Release, the target unseen",
         {held, releases_gone, primary_absent, target_unseen},
         "see target"},
	{"of no Release, a primary", {held, releases_gone, target_absent}, ""},
	{"of no Release that counts: there is one",
         {held, no_newest, primary_absent, target_absent},
         ""},
	{"of no Release, and not held", {releases_gone, primary_absent, target_absent}, ""},
	/* without a spec nothing is known of what was made */
	{"no spec", {without_spec}, ""},
	{"no spec, never begun", {without_spec, never_begun}, "remove releases"},
	{"no spec, begun", {without_spec, begun}, ""},
	{"no spec, more Releases", {without_spec, one_of_two}, ""},
	{"no spec, none", {without_spec, no_newest}, ""},
	{"no Release", {no_newest}, ""},
};

static void deletion(struct model *model)
{
	struct facts *facts = &model->truth;

	decisions_rest(model);
	facts->is_deleted = true;
	text_copy(facts->route.uid, "route-uid");
	text_copy(facts->canary_service.uid, "canary-uid");
	text_copy(facts->primary_service.uid, "service-uid");
	text_copy(facts->primary.uid, "primary-uid");
}

static void test_rows(void **state)
{
	decisions_check(deletion, rows, array_length(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
