/* Steps that people ask for: what is done next, and why. Each row is one decision. */
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

/* On the way from one weight to the next, which holds since MS. */
static void put_step(struct model *model, int from, int to, int64_t ms)
{
	model->truth.newest.status.weight.from = from;
	model->truth.newest.status.weight.to = to;
	model->truth.route.weight = to;
	model->truth.route.since.ms = model->truth.now.ms - ms;
	model->truth.newest.status.times.next_check_at.ms = model->truth.now.ms + 5000;
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

static void progressing(struct model *model)
{
	model->truth.newest.status.phase = PHASE_PROGRESSING;
	put_step(model, 0, 20, 60000);
}

static void early(struct model *model)
{
	put_due(model, -1);
}

static void ask_promote(struct model *model)
{
	model_ask(model, VERB_PROMOTE, "hurry");
}

static void route_0(struct model *model)
{
	model->truth.route.weight = 0;
}

static void target_unknown(struct model *model)
{
	model->truth.target.slot.state = FACT_UNKNOWN;
}

static void primary_unknown(struct model *model)
{
	model->truth.primary.slot.state = FACT_UNKNOWN;
}

static void target_half(struct model *model)
{
	put_pods(&model->truth.target, 2, 1);
}

static void primary_half(struct model *model)
{
	put_pods(&model->truth.primary, 2, 1);
}

static void paused(struct model *model)
{
	text_copy(model->truth.newest.status.paused.action, "action-9");
	text_copy(model->truth.newest.status.paused.by, "bob");
}

static void starting(struct model *model)
{
	model->truth.newest.status.phase = PHASE_STARTING;
}

static void target_down(struct model *model)
{
	put_pods(&model->truth.target, 0, 0);
}

static void phase_waiting(struct model *model)
{
	model->truth.newest.status.phase = PHASE_WAITING;
}

static void due(struct model *model)
{
	put_due(model, 0);
}

static void gate_rollout(struct model *model)
{
	model_hook(model, HOOK_CONFIRM_ROLLOUT, NULL);
}

static void hook_was_no(struct model *model)
{
	put_record(model, HOOK_FAIL);
}

static void hook_no(struct model *model)
{
	put_answer(model, HOOK_FAIL);
}

static void over(struct model *model)
{
	model->truth.newest.status.phase = PHASE_DONE;
	model->truth.newest.status.outcome = OUTCOME_ROLLED_BACK;
}

static void judged(struct model *model)
{
	over(model);
	text_copy(model->truth.mirror.last_applied, "v2");
}

static void promoting(struct model *model)
{
	model->truth.newest.status.phase = PHASE_PROMOTING;
	put_step(model, 20, 40, 60000);
}

static void suspended(struct model *model)
{
	model->spec.suspend = true;
}

static void ask_full(struct model *model)
{
	model_ask(model, VERB_PROMOTE, "hurry");
	model->truth.action.is_full = true;
}

static void full(struct model *model)
{
	text_copy(model->truth.newest.status.full.action, "action-9");
}

static void service_absent(struct model *model)
{
	model->truth.canary_service = (struct service_fact){.slot.state = FACT_ABSENT};
}

static void init(struct model *model)
{
	model->truth.newest.cause = CAUSE_INIT;
	model->truth.promoted = (struct release_ref){0};
}

static void gate_increase(struct model *model)
{
	model_hook(model, HOOK_CONFIRM_TRAFFIC_INCREASE, NULL);
}

static void ask_approve(struct model *model)
{
	model_ask(model, VERB_APPROVE, "fine");
}

static void waiting_promotion(struct model *model)
{
	model->truth.newest.status.phase = PHASE_WAITING_PROMOTION;
	put_step(model, 20, 40, 60000);
}

static void gate_promotion(struct model *model)
{
	model_hook(model, HOOK_CONFIRM_PROMOTION, NULL);
}

static void second_step(struct model *model)
{
	model->truth.newest.status.phase = PHASE_PROGRESSING;
	put_step(model, 20, 40, 60000);
}

static void route_60(struct model *model)
{
	model->truth.route.weight = 60;
}

static void ask_pause(struct model *model)
{
	model_ask(model, VERB_PAUSE, "lunch");
}

static const struct row {
	const char *what;
	given *given[7];
	const char *plan;
	const char *because; /* how the reason begins */
	int64_t wake;        /* ms from now; 0: none */
} rows[] = {
	{"promote",
         {progressing, early, ask_promote},
         "save release Progressing from 20 to 40 n2",
         "Advance cart.shop canary weight 40",
         1},
	{"promote, not placed",
         {progressing, early, route_0, ask_promote},
         "route 20; save release Progressing from 20 to 40 n2",
         "Advance cart.shop canary weight 40"},
	{"promote, unseen target",
         {progressing, early, target_unknown, ask_promote},
         "write canary status Progressing; see target",
         "the target was not seen yet"},
	{"promote, unseen primary",
         {progressing, early, primary_unknown, ask_promote},
         "apex service canary; see primary",
         "the apex service is to select the canary's pods"},
	{"promote, the canary broken",
         {progressing, early, target_half, ask_promote},
         "save release Progressing to 20 unready 1; answer action: cart-2 cannot take a step now: waiting for rollout to finish: 1 of 2 (readyThreshold 100%) updated replicas are available",
         "canary deployment cart.shop not ready: waiting for rollout to finish: "},
	{"promote, the primary broken",
         {progressing, early, primary_half, ask_promote},
         "save release Progressing to 20 unready 1; answer action: cart-2 cannot take a step now: waiting for rollout to finish: 1 of 2 (readyThreshold 100%) updated replicas are available",
         "cart-primary.shop not ready: waiting for rollout to finish: 1 of 2 (re"},
	{"promote, paused",
         {progressing, early, paused, ask_promote},
         "save release Progressing from 20 to 40 n2",
         "Advance cart.shop canary weight 40",
         1},
	{"promote before the first step",
         {starting, target_down, ask_promote},
         "scale target 2; answer action: cart-2 has not begun its first step: the canary is not ready, or traffic is not where it must be",
         "scaling the target to 2"},
	{"promote while waiting",
         {phase_waiting, due, gate_rollout, hook_was_no, hook_no, ask_promote},
         "write canary status Waiting; answer action: cart-2 waits at the gate gate: approve opens it",
         "waiting for approval: confirm-rollout gate says no: no",
         10000},
	{"promote at rest",
         {judged, ask_promote},
         "write canary status Failed; answer action: cart-2 is over: it went back",
         "nothing to do"},
	{"promote in the promotion",
         {promoting, ask_promote},
         "primary release-2 x2; answer action: cart-2 is being promoted already",
         "the primary gets the template of Release cart-2"},
	{"promote, suspended",
         {progressing, early, suspended, ask_promote},
         "write canary status Progressing; answer action: the Canary is suspended (spec.suspend)",
         "skipping canary run as object is suspended"},
	{"promote in full",
         {progressing, early, ask_full},
         "save release Progressing to 20 n1",
         "told to promote without further steps by alice: hurry",
         1},
	{"promote in full, once more",
         {progressing, full, service_absent, ask_full},
         "canary service canary; answer action: cart-2 is to be promoted already, by ",
         "the canary service is to select the canary's pods"},
	{"promote in full, before",
         {starting, target_down, ask_full},
         "scale target 2; save release Starting n1",
         "told to promote without further steps by alice: hurry"},
	{"promote in full, suspended",
         {progressing, early, suspended, ask_full},
         "write canary status Progressing; answer action: the Canary is suspended (spec.suspend)",
         "skipping canary run as object is suspended"},
	{"promote in full, a first run",
         {starting, init, ask_full},
         "primary release-2 x2; answer action: cart-2 is the first release: it has no steps",
         "the primary gets the template of Release cart-2"},
	{"approve",
         {progressing, due, gate_increase, hook_was_no, hook_no, ask_approve},
         "save release Progressing to 20 h1 n1",
         "gate gate approved by alice: fine",
         10000},
	{"approve, no gate",
         {progressing, early, ask_approve},
         "write canary status Progressing; answer action: no gate of cart-2 waits for an answer",
         "waiting for the next check",
         1},
	{"approve at rest",
         {judged, ask_approve},
         "write canary status Failed; answer action: cart-2 is over: it went back",
         "nothing to do"},
	{"approve the first weight",
         {starting, due, gate_increase, hook_was_no, hook_no, ask_approve},
         "save release Starting h1 n1",
         "gate gate approved by alice: fine",
         10000},
	{"approve the promotion",
         {waiting_promotion, due, gate_promotion, hook_was_no, hook_no, ask_approve},
         "save release WaitingPromotion from 20 to 40 h1 n1",
         "gate gate approved by alice: fine",
         10000},
	{"approve the rollout",
         {phase_waiting, due, gate_rollout, hook_was_no, hook_no, ask_approve},
         "save release Waiting h1 n1",
         "gate gate approved by alice: fine",
         10000},
	{"promote, the last step",
         {second_step, early, ask_promote},
         "save release Promoting from 20 to 40 n2",
         "Copying cart.shop template spec to cart-primary.shop",
         1},
	{"pause, while a weight was raised",
         {progressing, early, route_60, ask_pause},
         "route 20!; save release Progressing to 20 n1",
         "paused by alice: lunch"},
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
