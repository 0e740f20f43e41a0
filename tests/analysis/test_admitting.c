/* A run that was created: what is done before it begins, and why. Each row is one decision. */
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

/* Tracked, and known: as they were promoted. */
static void put_configs(struct model *model)
{
	struct facts *facts = &model->truth;

	facts->target.has_configs = true;
	facts->configs.slot.state = FACT_KNOWN;
	facts->configs.slot.read_at = facts->now;
	text_copy(facts->configs.template, facts->target.digest);
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

static void phase_none(struct model *model)
{
	model->truth.newest.status.phase = PHASE_NONE;
}

static void init(struct model *model)
{
	model->truth.newest.cause = CAUSE_INIT;
	model->truth.promoted = (struct release_ref){0};
}

static void primary_absent(struct model *model)
{
	model->truth.primary = (struct workload_fact){.slot.state = FACT_ABSENT};
}

static void gate_rollout(struct model *model)
{
	model_hook(model, HOOK_CONFIRM_ROLLOUT, NULL);
}

static void hook_no(struct model *model)
{
	put_answer(model, HOOK_FAIL);
}

static void receiver(struct model *model)
{
	model_receiver(model, SEVERITY_INFO);
}

static void muted(struct model *model)
{
	model->spec.hooks[0].is_muted = true;
}

static void hook_yes(struct model *model)
{
	put_answer(model, HOOK_PASS);
}

static void full(struct model *model)
{
	text_copy(model->truth.newest.status.full.action, "action-9");
}

static void undo(struct model *model)
{
	model->truth.newest.cause = CAUSE_UNDO;
}

static void configs(struct model *model)
{
	text_copy(model->truth.newest.configs, "blue");
	text_copy(model->truth.configs.digest, "blue");
	put_configs(model);
}

static void target_down(struct model *model)
{
	put_pods(&model->truth.target, 0, 0);
}

static void target_going(struct model *model)
{
	put_pods(&model->truth.target, 0, 0);
	model->truth.target.total = 1;
}

static void target_unobserved(struct model *model)
{
	put_pods(&model->truth.target, 0, 0);
	model->truth.target.is_observed = false;
}

static void target_absent(struct model *model)
{
	model->truth.target = (struct workload_fact){.slot.state = FACT_ABSENT};
}

static void target_unknown(struct model *model)
{
	model->truth.target.slot.state = FACT_UNKNOWN;
}

static void route_20(struct model *model)
{
	model->truth.route.weight = 20;
}

static void route_just_now(struct model *model)
{
	model->truth.route.since = model->truth.now;
}

static void primary_dead(struct model *model)
{
	put_pods(&model->truth.primary, 2, 0);
}

static void starting(struct model *model)
{
	model->truth.newest.status.phase = PHASE_STARTING;
}

static void phase_waiting(struct model *model)
{
	model->truth.newest.status.phase = PHASE_WAITING;
}

static void due(struct model *model)
{
	put_due(model, 0);
}

static void early(struct model *model)
{
	put_due(model, -1);
}

static void started(struct model *model)
{
	model->truth.newest.status.times.started.ms = 77;
}

static void rollback(struct model *model)
{
	model_hook(model, HOOK_ROLLBACK, NULL);
}

static void service_absent(struct model *model)
{
	model->truth.canary_service = (struct service_fact){.slot.state = FACT_ABSENT};
}

static void target_wanted(struct model *model)
{
	put_pods(&model->truth.target, 2, 0);
	model->truth.target.total = 0;
}

static void by_config(struct model *model)
{
	model->truth.newest.cause = CAUSE_CONFIG;
}

static void mirror_empty(struct model *model)
{
	model->truth.mirror = (struct mirror_fact){0};
}

static void mirror_failed(struct model *model)
{
	text_copy(model->truth.mirror.phase, "Failed");
}

static const struct row {
	const char *what;
	given *given[6];
	const char *plan;
	const char *because; /* how the reason begins */
	int64_t wake;        /* ms from now; 0: none */
} rows[] = {
	{"just created",
         {phase_none},
         "save release Starting n1 started 1 unready 1",
         "New revision detected, progressing canary analysis."},
	{"… of an init",
         {phase_none, init, primary_absent},
         "save release Starting started 1 unready 1",
         "New Deployment detected, starting initialization."},
	{"… with a gate",
         {phase_none, gate_rollout},
         "ask hook 0 (Initialized)",
         "asking whether the run may begin"},
	{"… which says no",
         {phase_none, gate_rollout, hook_no, receiver},
         "save release Waiting h1 n1 a1 started 1",
         "Halt cart.shop advancement waiting for approval gate"},
	{"… which says no, muted",
         {phase_none, gate_rollout, muted, hook_no, receiver},
         "save release Waiting h1 n1 started 1",
         "Halt cart.shop advancement waiting for approval gate"},
	{"… which says yes",
         {phase_none, gate_rollout, hook_yes},
         "save release Starting h1 n2 started 1 unready 1",
         "New revision detected, progressing canary analysis."},
	{"… let through by a person",
         {phase_none, gate_rollout, full},
         "save release Starting n1 started 1 unready 1",
         "New revision detected, progressing canary analysis."},
	{"an undo asks nobody",
         {phase_none, gate_rollout, undo},
         "save release Promoting n2 started 1",
         "undone by "},
	{"configs: pods that run already go",
         {phase_none, configs},
         "scale target 0",
         "scaling the target to 0",
         10000},
	{"configs: no pod runs",
         {phase_none, configs, target_down},
         "save release Starting n1 started 1 unready 1",
         "New revision detected, progressing canary analysis.",
         10000},
	{"configs: one is going",
         {phase_none, configs, target_going},
         "write canary status Progressing",
         "the canary's pods go: those of this run begin with its configs",
         10000},
	{"configs: the status is old",
         {phase_none, configs, target_unobserved},
         "write canary status Progressing",
         "the canary's pods go: those of this run begin with its configs",
         10000},
	{"configs: no target",
         {phase_none, configs, target_absent},
         "save release Retreating cancelled n1!",
         "deployment cart.shop was deleted"},
	{"configs: the target is not seen",
         {phase_none, configs, target_unknown},
         "write canary status Progressing; see target",
         "the target was not seen yet"},
	{"configs: a weight is there",
         {phase_none, configs, route_20},
         "route 0!",
         "the route is to give the canary weight 0",
         10000},
	{"configs: it was there just now",
         {phase_none, configs, route_just_now},
         "write canary status Progressing",
         "waiting until the new weight holds everywhere",
         3000},
	{"configs: the primary has no pod",
         {phase_none, configs, primary_dead},
         "write canary status Progressing",
         "cart-primary.shop has no ready pod: the canary's stay",
         10000},
	{"configs: an undo takes no pod",
         {phase_none, configs, undo},
         "save release Promoting n2 started 1",
         "undone by ",
         10000},
	{"configs: a run that began keeps its pods",
         {starting, configs},
         "save release Progressing to 20 n2",
         "Advance cart.shop canary weight 20",
         10000},
	{"configs: nor one that waits",
         {phase_waiting, configs, gate_rollout, due, hook_yes},
         "save release Starting h1 n2 started 1 unready 1",
         "New revision detected, progressing canary analysis.",
         10000},
	{"waits for approval",
         {phase_waiting, gate_rollout, early},
         "write canary status Waiting",
         "waiting for the next check",
         1},
	{"… asks again",
         {phase_waiting, gate_rollout, due},
         "ask hook 0 (Waiting); write canary status Waiting",
         "asking whether the run may begin"},
	{"… and hears yes",
         {phase_waiting, gate_rollout, due, hook_yes, started},
         "save release Starting h1 n2 started 1 unready 1",
         "New revision detected, progressing canary analysis."},
	{"… and hears no",
         {phase_waiting, gate_rollout, due, hook_no},
         "write canary status Waiting",
         "waiting for approval: confirm-rollout gate says no: no",
         10000},
	{"… a rollback hook is asked",
         {phase_waiting, gate_rollout, hook_yes, rollback, due},
         "ask hook 1 (Waiting); write canary status Waiting",
         "nothing to do"},
	{"… and says yes",
         {phase_waiting, gate_rollout, rollback, due, hook_yes},
         "save release Retreating rolled_back h1 n3!",
         "Rolling back cart.shop manual webhook invoked"},
	{"… the primary is gone meanwhile",
         {phase_waiting, gate_rollout, early, primary_absent},
         "primary release-1 x2",
         "waiting for the next check",
         1},
	{"… the route was raised",
         {phase_waiting, gate_rollout, early, route_20},
         "route 0!",
         "waiting for the next check",
         1},
	{"… a Service is gone",
         {phase_waiting, gate_rollout, early, service_absent},
         "canary service canary",
         "waiting for the next check",
         1},
	{"… and the route, as it begins",
         {phase_waiting, gate_rollout, due, hook_yes, route_20},
         "save release Starting h1 n2 started 1 unready 1",
         "New revision detected, progressing canary analysis."},
	{"no gate, route raised",
         {phase_none, route_20},
         "save release Starting n1 started 1 unready 1",
         "New revision detected, progressing canary analysis."},
	{"configs: pods are wanted, none is there",
         {phase_none, configs, target_wanted},
         "scale target 0",
         "scaling the target to 0",
         10000},
	{"an init asks nobody",
         {phase_none, init, primary_absent, gate_rollout},
         "save release Starting started 1 unready 1",
         "New Deployment detected, starting initialization."},
	{"nor is a rollback hook heard before it waits",
         {phase_none, rollback, hook_yes},
         "save release Starting h1 n1 started 1 unready 1",
         "New revision detected, progressing canary analysis."},
	{"the gate of a changed config",
         {phase_none, by_config, gate_rollout},
         "ask hook 0 (Initialized)",
         "asking whether the run may begin"},
	{"the gate, nothing was mirrored yet",
         {phase_none, gate_rollout, mirror_empty},
         "ask hook 0 (Initialized)",
         "asking whether the run may begin"},
	{"the gate, after a run that failed",
         {phase_none, gate_rollout, mirror_failed},
         "ask hook 0 (Failed)",
         "asking whether the run may begin"},
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
