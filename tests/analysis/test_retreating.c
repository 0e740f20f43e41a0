/* On the way back: what is done next, and why. Each row is one decision. */
#include "analysis/base/text.h"
#include "tests/analysis/model.h"
#include "tests/analysis/model_tell.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

typedef void given(struct model *model);

static void put_pods(struct workload_fact *workload, int replicas, int ready)
{
	workload->is_observed = true;
	workload->replicas = replicas;
	workload->total = replicas;
	workload->updated = replicas;
	workload->ready = ready;
	workload->available = ready;
}

static void put_ending(struct model *model, enum release_outcome ending)
{
	model->truth.newest.status.phase = PHASE_RETREATING;
	model->truth.newest.status.ending = ending;
	text_copy(model->truth.newest.status.reason, "it failed");
}

static void retreating(struct model *model)
{
	put_ending(model, OUTCOME_ROLLED_BACK);
}

static void route_unknown(struct model *model)
{
	model->truth.route.slot.state = FACT_UNKNOWN;
}

static void route_20(struct model *model)
{
	model->truth.route.weight = 20;
}

static void route_mirrored(struct model *model)
{
	model->truth.route.is_mirrored = true;
}

static void route_just_now(struct model *model)
{
	model->truth.route.since = model->truth.now;
}

static void route_written(struct model *model)
{
	model->truth.route.slot.is_written = true;
}

static void apex_written(struct model *model)
{
	model->truth.apex.slot.is_written = true;
}

static void mesh(struct model *model)
{
	model->spec.route.names_primary = true;
}

static void primary_service_written(struct model *model)
{
	model->truth.primary_service.slot.is_written = true;
}

static void primary_dead(struct model *model)
{
	put_pods(&model->truth.primary, 2, 0);
}

static void primary_absent(struct model *model)
{
	model->truth.primary = (struct workload_fact){.slot.state = FACT_ABSENT};
}

static void target_down(struct model *model)
{
	put_pods(&model->truth.target, 0, 0);
}

static void deleted(struct model *model)
{
	model->truth.is_deleted = true;
}

static void superseded(struct model *model)
{
	put_ending(model, OUTCOME_SUPERSEDED);
}

static void init(struct model *model)
{
	model->truth.newest.cause = CAUSE_INIT;
	model->truth.promoted = (struct release_ref){0};
}

static void apex_canary(struct model *model)
{
	model->truth.apex.backend = BACKEND_CANARY;
}

static void apex_unknown(struct model *model)
{
	model->truth.apex.slot.state = FACT_UNKNOWN;
}

static void apex_none(struct model *model)
{
	model->truth.apex.backend = BACKEND_NONE;
}

static void apex_inexact(struct model *model)
{
	model->truth.apex.is_exact = false;
}

static void failed_promotion(struct model *model)
{
	put_ending(model, OUTCOME_FAILED_PROMOTION);
}

static void primary_new(struct model *model)
{
	text_copy(model->truth.primary.release_uid, model->truth.newest.uid);
}

static void primary_half(struct model *model)
{
	put_pods(&model->truth.primary, 2, 1);
}

static void newer(struct model *model)
{
	text_copy(model->truth.target.digest, "v3");
	text_copy(model->truth.change.digest, "v3");
	model->truth.change.kind = CHANGE_REAL;
}

static void primary_service_canary(struct model *model)
{
	model->truth.primary_service.backend = BACKEND_CANARY;
}

static void primary_service_absent(struct model *model)
{
	model->truth.primary_service = (struct service_fact){.slot.state = FACT_ABSENT};
}

static void primary_service_just_now(struct model *model)
{
	model->truth.primary_service.since = model->truth.now;
}

static void no_weights(struct model *model)
{
	model->spec.route.weighs = false;
}

static void route_absent(struct model *model)
{
	model->truth.route = (struct route_fact){.slot.state = FACT_ABSENT};
}

static void route_pending(struct model *model)
{
	text_copy(model->truth.route.pending, "Gateway says no");
}

static void route_pending_long(struct model *model)
{
	text_copy(model->truth.route.pending, "Gateway says no");
	model->truth.route.since.ms = 1;
}

static void route_fought(struct model *model)
{
	model->truth.route.rival.edits = 5;
	model->truth.route.rival.last.ms = model->truth.now.ms - 500;
	text_copy(model->truth.route.rival.by, "helm");
}

static void route_recent(struct model *model)
{
	model->truth.route.since.ms = model->truth.now.ms - 10000;
}

static void apex_just_now(struct model *model)
{
	model->truth.apex.since = model->truth.now;
}

static void post_rollout(struct model *model)
{
	model_hook(model, HOOK_POST_ROLLOUT, NULL);
}

static void route_2s(struct model *model)
{
	model->truth.route.since.ms = model->truth.now.ms - 2000;
}

static void no_replicas(struct model *model)
{
	model->truth.newest.primary_replicas = 0;
}

static void apex_absent(struct model *model)
{
	model->truth.apex = (struct service_fact){.slot.state = FACT_ABSENT};
}

static const struct row {
	const char *what;
	given *given[6];
	const char *plan;
	const char *because; /* how the reason begins */
	int64_t wake;        /* ms from now; 0: none */
} rows[] = {
	{"retreating", {retreating}, "scale target 0", "scaling the target to 0"},
	{"… the route is not seen",
         {retreating, route_unknown},
         "route 0!",
         "the route is to give the canary weight 0"},
	{"… a weight is left",
         {retreating, route_20},
         "route 0!",
         "the route is to give the canary weight 0"},
	{"… copies are left",
         {retreating, route_mirrored},
         "route 0!",
         "the route is to give the canary weight 0"},
	{"… just taken off",
         {retreating, route_just_now},
         "write canary status Progressing",
         "waiting until the new weight holds everywhere",
         1000},
	{"… a write is under way",
         {retreating, route_written},
         "write canary status Progressing",
         "waiting until the new weight holds everywhere"},
	{"… a write of the apex",
         {retreating, apex_written},
         "write canary status Progressing",
         "waiting until the new weight holds everywhere"},
	{"… a write of a Service",
         {retreating, mesh, primary_service_written},
         "write canary status Progressing",
         "waiting until the new weight holds everywhere"},
	{"… the primary has no pod",
         {retreating, primary_dead},
         "apex service canary!",
         "the apex service is to select the canary's pods"},
	{"… the primary is gone",
         {retreating, primary_absent},
         "primary release-1 x2!; apex service canary!",
         "the primary gets the template of Release cart-1"},
	{"… no pod is left",
         {retreating, target_down},
         "save release Done rolled_back",
         "it failed"},
	{"… with hooks behind it",
         {retreating, target_down, deleted},
         "",
         "the Canary is deleted, but cart.shop has a template that was rolled ba"},
	{"… superseded", {superseded}, "save release Done superseded", "it failed"},
	{"… superseded, not held",
         {superseded, route_just_now},
         "write canary status Progressing",
         "waiting until the new weight holds everywhere",
         1000},
	{"… superseded, no pod",
         {superseded, primary_dead},
         "apex service canary!",
         "the apex service is to select the canary's pods"},
	{"… an init", {retreating, init}, "save release Done rolled_back", "it failed"},
	{"… clients with the canary",
         {retreating, apex_canary},
         "apex service primary!",
         "the apex service is to select the primary's pods"},
	{"… the apex is not seen",
         {retreating, apex_unknown},
         "apex service primary!",
         "the apex service was not seen yet"},
	{"… the apex is somewhere",
         {retreating, apex_none},
         "apex service primary!",
         "the apex service is to select the primary's pods"},
	{"… the apex is not exact",
         {retreating, apex_inexact},
         "scale target 0",
         "scaling the target to 0"},
	{"failed promotion",
         {failed_promotion, primary_new},
         "apex service canary!; primary release-1!",
         "the apex service is to select the canary's pods"},
	{"… put back",
         {failed_promotion, route_20},
         "route 0!",
         "the route is to give the canary weight 0"},
	{"… on its way back",
         {failed_promotion, primary_half, apex_canary},
         "write canary status Progressing",
         "the primary has its proven template back: waiting for rollout to finis"},
	{"… back, clients with the canary",
         {failed_promotion, apex_canary},
         "apex service primary!",
         "the apex service is to select the primary's pods"},
	{"… back", {failed_promotion}, "scale target 0", "scaling the target to 0"},
	{"… nothing is left",
         {failed_promotion, target_down},
         "save release Done failed_promotion",
         "it failed"},
	{"… a newer revision",
         {failed_promotion, newer, primary_new, route_20},
         "primary release-1!; route 0!",
         "the primary gets the template of Release cart-1"},
	{"… a newer revision, no pod",
         {failed_promotion, newer, primary_new, primary_dead, route_20},
         "apex service canary!; primary release-1!",
         "the apex service is to select the canary's pods"},
	{"… the primary is gone",
         {failed_promotion, primary_absent},
         "apex service canary!; primary release-1 x2!",
         "the apex service is to select the canary's pods"},
	{"in a mesh: the primary's Service",
         {retreating, mesh, primary_service_canary},
         "primary service primary!",
         "the primary service is to select the primary's pods"},
	{"in a mesh: it is gone",
         {retreating, mesh, primary_service_absent},
         "scale target 0",
         "scaling the target to 0"},
	{"in a mesh: it holds since now",
         {retreating, mesh, primary_service_just_now},
         "write canary status Progressing",
         "waiting until the new weight holds everywhere",
         1000},
	{"not in a mesh: nobody asks",
         {retreating, primary_service_just_now},
         "scale target 0",
         "scaling the target to 0"},
	{"no weights",
         {retreating, no_weights, route_20},
         "scale target 0",
         "scaling the target to 0"},
	{"the route is not there",
         {retreating, route_absent},
         "scale target 0",
         "scaling the target to 0"},
	{"the route waits",
         {retreating, route_pending},
         "scale target 0",
         "scaling the target to 0"},
	{"… for long",
         {retreating, route_pending_long},
         "scale target 0",
         "scaling the target to 0"},
	{"another writes it",
         {retreating, route_20, route_fought},
         "write canary status Progressing",
         "helm changes the route again and again, 5 times so far: it is put righ",
         500},
	{"the route waits, lately",
         {retreating, route_pending, route_recent},
         "write canary status Progressing",
         "waiting until the route is taken in: Gateway says no",
         50000},
	{"a failed promotion, the route waits",
         {failed_promotion, route_pending, route_recent},
         "write canary status Progressing",
         "waiting until the route is taken in: Gateway says no",
         50000},
	{"a superseded run, the apex just now",
         {superseded, apex_just_now},
         "write canary status Progressing",
         "waiting until the new weight holds everywhere",
         1000},
	{"hooks after it",
         {retreating, target_down, post_rollout},
         "save release Done rolled_back h1",
         "it failed"},
	{"no hooks after what is superseded",
         {superseded, post_rollout},
         "save release Done superseded",
         "it failed"},
	{"no hooks after an init",
         {retreating, init, post_rollout},
         "save release Done rolled_back",
         "it failed"},
	{"taken off 2 s ago",
         {retreating, route_2s},
         "write canary status Progressing",
         "waiting until the new weight holds everywhere",
         1000},
	{"the primary is gone, with no pods before",
         {retreating, primary_absent, no_replicas},
         "primary release-1 x1!; apex service canary!",
         "the primary gets the template of Release cart-1"},
	{"the apex is gone",
         {retreating, apex_absent},
         "apex service primary",
         "the apex service is to select the primary's pods"},
};

/* A run of v2, with the canary's pods up and clients with the primary. */
static void put(struct model *model)
{
	struct facts *facts = &model->truth;

	model_init(model);
	model_initialise(model);
	facts->now.ms += 600000;
	facts->n_releases = 2;
	facts->newest = (struct release){.number = 2,
	                                 .name = "cart-2",
	                                 .uid = "release-2",
	                                 .digest = "v2",
	                                 .cause = CAUSE_REVISION,
	                                 .target_replicas = 2,
	                                 .primary_replicas = 2};
	text_copy(facts->target.digest, "v2");
	put_pods(&facts->target, 2, 2);
	facts->target.ready_since.ms = 1;
}

static void test_rows(void **state)
{
	struct effect effects[PLAN_EFFECTS_MAX];
	struct plan plan = {.effects = effects};
	char text[MODEL_PLAN_MAX];

	for (size_t i = 0; i < array_length(rows); i++) {
		const struct row *row = &rows[i];
		struct model model;
		int64_t wake;

		put(&model);
		for (size_t j = 0; row->given[j]; j++)
			row->given[j](&model);
		decide(&model.spec, &model.truth, &plan);
		wake = instant_is_set(plan.wake) ? plan.wake.ms - model.truth.now.ms : 0;
		if (strcmp(model_tell_plan(&plan, text), row->plan) != 0 || wake != row->wake ||
		    strncmp(plan.reason, row->because, strlen(row->because)) != 0)
			fail_msg("%s: %s (%s) %d\nexpected %s (%s) %d", row->what, text,
			         plan.reason, (int)wake, row->plan, row->because, (int)row->wake);
		model_fini(&model);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
