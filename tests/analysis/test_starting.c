/* A run before its first step: what is done next, and why. Each row is one decision. */
#include "analysis/base/text.h"
#include "analysis/hooks.h"
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

/* The check is due since MS. */
static void put_due(struct model *model, int64_t ms)
{
	model->truth.newest.status.times.next_check_at.ms = model->truth.now.ms - ms;
}

/* The last hook's answer to what is asked now. */
static void put_answer(struct model *model, enum hook_result result)
{
	size_t i = model->spec.n_hooks - 1;
	struct thought thought = {.spec = &model->spec, .facts = &model->truth};

	model->truth.hooks[i] = (struct hook_fact){
		.question = hooks_question(&thought, i),
		.check = model->truth.newest.status.times.next_check_at,
		.result = result,
		.text = "no",
	};
	if (result == HOOK_FAIL)
		model->truth.hooks[i].refused = model->truth.now;
}

/* What came of the last hook, as the Release has it. */
static void put_record(struct model *model, enum hook_result result)
{
	size_t i = model->spec.n_hooks - 1;
	struct release_status *status = &model->truth.newest.status;
	struct thought thought = {.spec = &model->spec, .facts = &model->truth};

	status->hooks[status->n_hooks++] = (struct hook_record){
		.type = model->spec.hooks[i].type,
		.result = result,
		.question = hooks_question(&thought, i),
	};
}

static void starting(struct model *model)
{
	model->truth.newest.status.phase = PHASE_STARTING;
}

static void target_unknown(struct model *model)
{
	model->truth.target.slot.state = FACT_UNKNOWN;
}

static void target_down(struct model *model)
{
	put_pods(&model->truth.target, 0, 0);
}

static void target_waits(struct model *model)
{
	put_pods(&model->truth.target, 2, 0);
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

static void unready_just(struct model *model)
{
	model->truth.newest.status.times.not_ready_since.ms = model->truth.now.ms - 59999;
}

static void target_just_ready(struct model *model)
{
	model->truth.target.ready_since = model->truth.now;
}

static void mesh(struct model *model)
{
	model->spec.route.names_primary = true;
}

static void route_20(struct model *model)
{
	model->truth.route.weight = 20;
}

static void route_just_now(struct model *model)
{
	model->truth.route.since = model->truth.now;
}

static void apex_canary(struct model *model)
{
	model->truth.apex.backend = BACKEND_CANARY;
}

static void service_absent(struct model *model)
{
	model->truth.canary_service = (struct service_fact){.slot.state = FACT_ABSENT};
}

static void route_pending_long(struct model *model)
{
	text_copy(model->truth.route.pending, "Gateway says no");
	model->truth.route.since.ms = 1;
}

static void route_pending(struct model *model)
{
	text_copy(model->truth.route.pending, "Gateway says no");
}

static void primary_absent(struct model *model)
{
	model->truth.primary = (struct workload_fact){.slot.state = FACT_ABSENT};
}

static void paused(struct model *model)
{
	text_copy(model->truth.newest.status.paused.action, "action-9");
	text_copy(model->truth.newest.status.paused.by, "bob");
}

static void full(struct model *model)
{
	text_copy(model->truth.newest.status.full.action, "action-9");
}

static void skipped(struct model *model)
{
	model->spec.skip_analysis = true;
}

static void gate_increase(struct model *model)
{
	model_hook(model, HOOK_CONFIRM_TRAFFIC_INCREASE, NULL);
}

static void no_steps(struct model *model)
{
	model->spec.step_weight = 0;
	model->spec.max_weight = 0;
}

static void blue_green(struct model *model)
{
	model->spec.strategy = STRATEGY_BLUE_GREEN;
	model->spec.iterations = 2;
}

static void ab(struct model *model)
{
	model->spec.strategy = STRATEGY_AB;
	model->spec.iterations = 2;
	model->truth.newest.status.weight.to = 100;
}

static void pre_rollout(struct model *model)
{
	model_hook(model, HOOK_PRE_ROLLOUT, NULL);
}

static void due(struct model *model)
{
	put_due(model, 0);
}

static void hook_no(struct model *model)
{
	put_answer(model, HOOK_FAIL);
}

static void hook_yes(struct model *model)
{
	put_answer(model, HOOK_PASS);
}

static void early(struct model *model)
{
	put_due(model, -1);
}

static void muted(struct model *model)
{
	model->spec.hooks[0].is_muted = true;
}

static void hook_was_no(struct model *model)
{
	put_record(model, HOOK_FAIL);
}

static void rollback(struct model *model)
{
	model_hook(model, HOOK_ROLLBACK, NULL);
}

static void init(struct model *model)
{
	model->truth.newest.cause = CAUSE_INIT;
	model->truth.promoted = (struct release_ref){0};
}

static void primary_new(struct model *model)
{
	text_copy(model->truth.primary.release_uid, model->truth.newest.uid);
}

static void primary_half(struct model *model)
{
	put_pods(&model->truth.primary, 2, 1);
}

static void primary_unknown(struct model *model)
{
	model->truth.primary.slot.state = FACT_UNKNOWN;
}

static void target_large(struct model *model)
{
	put_pods(&model->truth.target, 3, 3);
}

static void route_young(struct model *model)
{
	model->truth.route.since.ms = model->truth.now.ms - 9999;
}

static void reach(struct model *model)
{
	model->spec.route.reach = span_ms(30000);
}

static const struct row {
	const char *what;
	given *given[7];
	const char *plan;
	const char *because; /* how the reason begins */
	int64_t wake;        /* ms from now; 0: none */
} rows[] = {
	{"starting",
         {starting},
         "save release Progressing to 20 n2",
         "Advance cart.shop canary weight 20"},
	{"the target is not seen",
         {starting, target_unknown},
         "write canary status Progressing; see target",
         "the target was not seen yet"},
	{"it has no pods", {starting, target_down}, "scale target 2", "scaling the target to 2"},
	{"pods on their way",
         {starting, target_waits},
         "save release Starting unready 1",
         "canary deployment cart.shop not ready: waiting for rollout to finish: "},
	{"… for too long",
         {starting, target_waits, unready_read, receiver},
         "save release Retreating rolled_back n2 a1 unready 1!",
         "canary deployment cart.shop not ready: waiting for rollout to finish: "},
	{"… not read since",
         {starting, target_waits, unready_long},
         "see primary; write canary status Progressing",
         "canary deployment cart.shop not ready: waiting for rollout to finish: "},
	{"… not too long yet",
         {starting, target_waits, unready_just},
         "write canary status Progressing",
         "canary deployment cart.shop not ready: waiting for rollout to finish: ",
         1},
	{"ready just now",
         {starting, target_just_ready, mesh},
         "save release Progressing to 20 n2",
         "Advance cart.shop canary weight 20"},
	{"a weight", {starting, route_20}, "route 0!", "the route is to give the canary weight 0"},
	{"a weight till just now",
         {starting, route_just_now},
         "write canary status Progressing",
         "waiting until the new weight holds everywhere",
         1000},
	{"the apex with the canary",
         {starting, apex_canary},
         "apex service primary",
         "the apex service is to select the primary's pods"},
	{"a Service is gone, and the route is late",
         {starting, service_absent, route_pending_long, unready_read},
         "canary service canary",
         "the canary service is to select the canary's pods"},
	{"the route is not taken in",
         {starting, route_pending, unready_read},
         "save release Retreating rolled_back n2 unready 1!",
         "the route is not taken in yet: Gateway says no"},
	{"the primary is gone",
         {starting, primary_absent},
         "primary release-1 x2; save release Starting unready 1",
         "the primary gets the template of Release cart-1"},
	{"paused", {starting, paused}, "write canary status Progressing", "paused by bob"},
	{"paused, with a deadline",
         {starting, paused, unready_just},
         "save release Starting",
         "paused by bob"},
	{"let through",
         {starting, full},
         "save release Promoting n1",
         "the analysis is skipped: promoting"},
	{"skipped",
         {starting, skipped},
         "save release Promoting n1",
         "the analysis is skipped: promoting"},
	{"skipped, with a gate",
         {starting, skipped, gate_increase},
         "save release Promoting n1",
         "the analysis is skipped: promoting"},
	{"no step to take",
         {starting, no_steps},
         "save release Promoting n1",
         "the analysis is skipped: promoting"},
	{"blue/green",
         {starting, blue_green},
         "save release Progressing i1 n2",
         "Advance cart.shop canary iteration 1/2"},
	{"A/B",
         {starting, ab},
         "save release Progressing to 100 i1 n2",
         "Advance cart.shop canary iteration 1/2"},
	{"pre-rollout",
         {starting, pre_rollout},
         "ask hook 0 (Progressing); write canary status Progressing",
         "asking the hooks of the first step"},
	{"… says no",
         {starting, due, pre_rollout, hook_no},
         "save release Starting f1 h1 n1",
         "Halt cart.shop advancement pre-rollout check gate failed no (failed ch"},
	{"… says yes",
         {starting, due, pre_rollout, hook_yes},
         "save release Progressing to 20 h1 n2",
         "Advance cart.shop canary weight 20"},
	{"… not due",
         {starting, early, pre_rollout},
         "write canary status Progressing",
         "waiting for the next check",
         1},
	{"… ready again, and hooks to be asked",
         {starting, pre_rollout, unready_just},
         "save release Starting",
         "nothing to do"},
	{"the gate of the first weight",
         {starting, gate_increase},
         "ask hook 0 (Progressing); write canary status Progressing",
         "asking the hooks of the first step"},
	{"… says no",
         {starting, due, gate_increase, hook_no, receiver},
         "save release Starting h1 n1 a1",
         "Halt cart.shop advancement waiting for traffic increase approval gate"},
	{"… says no, muted",
         {starting, due, gate_increase, muted, hook_no, receiver},
         "save release Starting h1 n1",
         "Halt cart.shop advancement waiting for traffic increase approval gate"},
	{"… said no already",
         {starting, due, gate_increase, hook_was_no, hook_no},
         "write canary status Progressing",
         "waiting for approval: confirm-traffic-increase gate says no: no",
         10000},
	{"… of blue/green is not asked",
         {starting, blue_green, gate_increase},
         "save release Progressing i1 n2",
         "Advance cart.shop canary iteration 1/2"},
	{"a rollback hook",
         {starting, rollback},
         "ask hook 0 (Progressing); write canary status Progressing",
         "asking the hooks of the first step"},
	{"… says yes",
         {starting, due, rollback, hook_yes},
         "save release Retreating rolled_back h1 n3!",
         "Rolling back cart.shop manual webhook invoked"},
	{"… says no",
         {starting, due, rollback, hook_no},
         "save release Progressing to 20 h1 n2",
         "Advance cart.shop canary weight 20"},
	{"an init",
         {starting, init, primary_new},
         "save release Finalising",
         "the primary is ready; clients go to it next"},
	{"… its primary is on its way",
         {starting, init, primary_new, primary_half},
         "save release Starting unready 1",
         "cart-primary.shop not ready: waiting for rollout to finish: 1 of 2 (re"},
	{"… for too long",
         {starting, init, primary_new, primary_half, unready_read},
         "write canary status Initializing",
         "cart-primary.shop not ready: waiting for rollout to finish: 1 of 2 (re"},
	{"… is not seen",
         {starting, init, primary_unknown},
         "write canary status Initializing; see primary",
         "the primary was not seen yet"},
	{"… was ready before",
         {starting, init, primary_new, unready_just},
         "save release Finalising",
         "the primary is ready; clients go to it next"},
	{"it has more pods than before",
         {starting, target_large},
         "save release Progressing to 20 n2",
         "Advance cart.shop canary weight 20"},
	{"ready again, and a rollback hook",
         {starting, rollback, unready_just},
         "save release Starting",
         "nothing to do"},
	{"ready again, and a gate",
         {starting, gate_increase, unready_just},
         "save release Starting",
         "nothing to do"},
	{"ready again, skipped",
         {starting, skipped, pre_rollout, unready_just},
         "save release Promoting n1",
         "the analysis is skipped: promoting"},
	{"an init with hooks, ready again",
         {starting, init, primary_new, pre_rollout, unready_just},
         "save release Finalising",
         "the primary is ready; clients go to it next"},
	{"the route is not taken in, not read",
         {starting, route_pending, unready_long},
         "see route; write canary status Progressing",
         "waiting until the route is taken in: Gateway says no"},
	{"the route is not taken in, not late",
         {starting, route_pending},
         "write canary status Progressing",
         "waiting until the route is taken in: Gateway says no"},
	{"the route is not taken in, just written",
         {starting, route_pending, route_young, unready_read},
         "write canary status Progressing",
         "waiting until the route is taken in: Gateway says no",
         1},
	{"pods that nobody knows yet",
         {starting, reach, target_just_ready},
         "write canary status Progressing",
         "waiting until the new pods are known to those who send requests",
         30000},
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
