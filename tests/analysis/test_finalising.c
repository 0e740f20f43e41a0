/* When the primary has the template: what is done next, and why. Each row is one decision. */
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

static void primary_new(struct model *model)
{
	text_copy(model->truth.primary.release_uid, model->truth.newest.uid);
}

static void finalising(struct model *model)
{
	model->truth.newest.status.phase = PHASE_FINALISING;
	model->truth.newest.status.weight.from = 40;
	primary_new(model);
}

static void route_0(struct model *model)
{
	model->truth.route.weight = 0;
}

static void route_just_now(struct model *model)
{
	model->truth.route.since = model->truth.now;
}

static void target_down(struct model *model)
{
	put_pods(&model->truth.target, 0, 0);
}

static void route_40(struct model *model)
{
	model->truth.route.weight = 40;
}

static void primary_half(struct model *model)
{
	put_pods(&model->truth.primary, 2, 1);
}

static void unready_long(struct model *model)
{
	model->truth.newest.status.times.not_ready_since.ms = model->truth.now.ms - 60000;
}

static void unready_read(struct model *model)
{
	unready_long(model);
	model->truth.target.slot.read_at = model->truth.now;
	model->truth.primary.slot.read_at = model->truth.now;
	model->truth.route.slot.read_at = model->truth.now;
}

static void receiver(struct model *model)
{
	model_receiver(model, SEVERITY_INFO);
}

static void route_60(struct model *model)
{
	model->truth.route.weight = 60;
}

static void primary_absent(struct model *model)
{
	model->truth.primary = (struct workload_fact){.slot.state = FACT_ABSENT};
}

static void newer(struct model *model)
{
	text_copy(model->truth.target.digest, "v3");
	text_copy(model->truth.change.digest, "v3");
	model->truth.change.kind = CHANGE_REAL;
}

static void unsure(struct model *model)
{
	text_copy(model->truth.target.digest, "v3");
}

static void releases_unknown(struct model *model)
{
	model->truth.releases.state = FACT_UNKNOWN;
}

static void releases_written(struct model *model)
{
	model->truth.releases.is_written = true;
}

static void service_absent(struct model *model)
{
	model->truth.canary_service = (struct service_fact){.slot.state = FACT_ABSENT};
}

static void apex_canary(struct model *model)
{
	model->truth.apex.backend = BACKEND_CANARY;
}

static void skipped(struct model *model)
{
	model->spec.skip_analysis = true;
}

static void full(struct model *model)
{
	text_copy(model->truth.newest.status.full.action, "action-9");
}

static void undo(struct model *model)
{
	model->truth.newest.cause = CAUSE_UNDO;
}

static void init(struct model *model)
{
	model->truth.newest.cause = CAUSE_INIT;
	model->truth.promoted = (struct release_ref){0};
}

static void primary_just_ready(struct model *model)
{
	model->truth.primary.ready_since = model->truth.now;
}

static void mesh(struct model *model)
{
	model->spec.route.names_primary = true;
}

static void reach(struct model *model)
{
	model->spec.route.reach = span_ms(30000);
}

static void target_absent(struct model *model)
{
	model->truth.target = (struct workload_fact){.slot.state = FACT_ABSENT};
}

static const struct row {
	const char *what;
	given *given[6];
	const char *plan;
	const char *because; /* how the reason begins */
	int64_t wake;        /* ms from now; 0: none */
} rows[] = {
	{"finalising", {finalising}, "scale target 0", "scaling the target to 0"},
	{"… the route is back", {finalising, route_0}, "scale target 0", "scaling the target to 0"},
	{"… just now",
         {finalising, route_0, route_just_now},
         "write canary status Finalising",
         "waiting until the new weight holds everywhere",
         3000},
	{"… no client is left",
         {finalising, route_0, target_down},
         "save release Done promoted from 40 n1",
         "Promotion completed! Scaling down cart.shop"},
	{"… the primary is on its way again",
         {finalising, route_40, primary_half},
         "save release Finalising from 40 unready 1",
         "cart-primary.shop not ready: waiting for rollout to finish: 1 of 2 (re"},
	{"… for too long",
         {finalising, primary_half, unready_read, receiver},
         "apex service canary!; save release Retreating failed_promotion n1 a1 unready 1!",
         "Promotion of cart.shop failed, primary not ready: cart-primary.shop no"},
	{"… a weight was raised",
         {finalising, primary_half, route_60},
         "save release Finalising from 40 unready 1; route 40!",
         "cart-primary.shop not ready: waiting for rollout to finish: 1 of 2 (re"},
	{"… the primary is gone",
         {finalising, primary_absent},
         "save release Finalising from 40 unready 1; primary release-2 x2; apex service canary",
         "cart-primary.shop not ready: waiting for rollout to finish: there is n"},
	{"… a newer revision",
         {finalising, newer, primary_half, route_40},
         "save release Finalising from 40 unready 1; route 0!",
         "cart-primary.shop not ready: waiting for rollout to finish: 1 of 2 (re"},
	{"… unsure",
         {finalising, unsure, route_0},
         "compare templates; write canary status Finalising",
         "whether the target has a newer revision is not known yet"},
	{"… the Release is not seen",
         {finalising, route_0, releases_unknown},
         "write canary status Finalising; see releases",
         "waiting for the answer to a save of the Release"},
	{"… the Release is written",
         {finalising, route_0, releases_written},
         "write canary status Finalising",
         "waiting for the answer to a save of the Release"},
	{"… a Service is gone",
         {finalising, route_0, service_absent},
         "canary service canary",
         "the canary service is to select the canary's pods"},
	{"… the apex is with the canary",
         {finalising, route_0, apex_canary},
         "apex service primary",
         "the apex service is to select the primary's pods"},
	{"… skipped",
         {finalising, skipped, route_0, target_down, receiver},
         "save release Done skipped from 40 n1 a1",
         "Promotion completed! Canary analysis was skipped for cart.shop"},
	{"… let through",
         {finalising, full, route_0, target_down, receiver},
         "save release Done skipped from 40 n1 a1",
         "Promotion completed! Canary analysis was skipped for cart.shop"},
	{"… an undo",
         {finalising, undo, route_0, target_down, receiver},
         "save release Done promoted from 40 n1 a1",
         "Promotion completed! Scaling down cart.shop"},
	{"… of an init",
         {finalising, init, route_0, receiver},
         "scale target 0",
         "scaling the target to 0"},
	{"… of an init, down",
         {finalising, init, route_0, target_down, receiver},
         "save release Done promoted from 40 n1 a1",
         "Initialization done! cart.shop"},
	{"… of an init, not ready",
         {finalising, init, route_0, primary_half, primary_new},
         "save release Finalising from 40 unready 1",
         "cart-primary.shop not ready: waiting for rollout to finish: 1 of 2 (re"},
	{"… of an init, not ready for long",
         {finalising, init, route_0, primary_half, unready_read},
         "write canary status Initializing",
         "cart-primary.shop not ready: waiting for rollout to finish: 1 of 2 (re"},
	{"… of an init, a weight",
         {finalising, init, route_40, primary_half},
         "save release Finalising from 40 unready 1",
         "cart-primary.shop not ready: waiting for rollout to finish: 1 of 2 (re"},
	{"… ready just now",
         {finalising, init, route_0, primary_just_ready, mesh},
         "scale target 0",
         "scaling the target to 0"},
	{"of an init, a weight was raised",
         {finalising, init, primary_half, route_60},
         "save release Finalising from 40 unready 1",
         "cart-primary.shop not ready: waiting for rollout to finish: 1 of 2 (re"},
	{"pods that nobody knows yet",
         {finalising, route_0, reach, primary_just_ready},
         "scale target 0",
         "scaling the target to 0"},
	{"of an init, pods that nobody knows yet",
         {finalising, init, route_0, reach, primary_just_ready},
         "write canary status Initializing",
         "waiting until the new pods are known to those who send requests",
         30000},
	{"for too long, no target",
         {finalising, primary_half, unready_read, target_absent},
         "save release Retreating failed_promotion n1 unready 1!",
         "Promotion of cart.shop failed, primary not ready: cart-primary.shop no"},
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
