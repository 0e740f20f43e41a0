/* What people ask of a run: what is done next, and why. Each row is one decision. */
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

static void put_ending(struct model *model, enum release_outcome ending)
{
	model->truth.newest.status.phase = PHASE_RETREATING;
	model->truth.newest.status.ending = ending;
	text_copy(model->truth.newest.status.reason, "it failed");
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

static void ask_abort(struct model *model)
{
	model_ask(model, VERB_ABORT, "it smells");
}

static void action_refused(struct model *model)
{
	text_copy(model->truth.action.refusal, "spec.by: expected a text");
}

static void of_another(struct model *model)
{
	text_copy(model->truth.action.canary_uid, "canary-0");
}

static void deleted(struct model *model)
{
	model->truth.is_deleted = true;
}

static void quarantined(struct model *model)
{
	model->truth.is_quarantined = true;
}

static void no_spec(struct model *model)
{
	model->truth.has_spec = false;
	text_copy(model->truth.refusal, "spec.analysis: no");
}

static void no_verb(struct model *model)
{
	model->truth.action.verb = VERB_NONE;
}

static void ask_pause(struct model *model)
{
	model_ask(model, VERB_PAUSE, "lunch");
}

static void done(struct model *model)
{
	model->truth.newest.status.actions[0].verb = model->truth.action.verb;
	text_copy(model->truth.newest.status.actions[0].uid, model->truth.action.uid);
	model->truth.newest.status.n_actions = 1;
}

static void action_unknown(struct model *model)
{
	model->truth.action.slot.state = FACT_UNKNOWN;
}

static void releases_unknown(struct model *model)
{
	model->truth.releases.state = FACT_UNKNOWN;
}

static void no_release(struct model *model)
{
	model->truth.newest = (struct release){0};
	model->truth.promoted = (struct release_ref){0};
}

static void releases_absent(struct model *model)
{
	model->truth.releases.state = FACT_ABSENT;
}

static void saw_another(struct model *model)
{
	text_copy(model->truth.action.release_uid, "release-1");
	text_copy(model->truth.action.release, "cart-1");
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

static void saw_none(struct model *model)
{
	text_copy(model->truth.action.release_uid, "");
	text_copy(model->truth.action.release, "");
}

static void retreating(struct model *model)
{
	put_ending(model, OUTCOME_ROLLED_BACK);
}

static void starting(struct model *model)
{
	model->truth.newest.status.phase = PHASE_STARTING;
}

static void init(struct model *model)
{
	model->truth.newest.cause = CAUSE_INIT;
	model->truth.promoted = (struct release_ref){0};
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

static void promoting(struct model *model)
{
	model->truth.newest.status.phase = PHASE_PROMOTING;
	put_step(model, 20, 40, 60000);
}

static void phase_none(struct model *model)
{
	model->truth.newest.status.phase = PHASE_NONE;
}

static void undo(struct model *model)
{
	model->truth.newest.cause = CAUSE_UNDO;
}

static void ask_resume(struct model *model)
{
	model_ask(model, VERB_RESUME, "lunch is over");
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

static void suspended(struct model *model)
{
	model->spec.suspend = true;
}

static void ask_full(struct model *model)
{
	model_ask(model, VERB_PROMOTE, "hurry");
	model->truth.action.is_full = true;
}

static void service_absent(struct model *model)
{
	model->truth.canary_service = (struct service_fact){.slot.state = FACT_ABSENT};
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

static const struct row {
	const char *what;
	given *given[7];
	const char *plan;
	const char *because; /* how the reason begins */
} rows[] = {
	{"nobody asks",
         {progressing, early},
         "write canary status Progressing",
         "waiting for the next check"},
	{"it cannot be read",
         {progressing, early, ask_abort, action_refused},
         "write canary status Progressing; answer action: spec.by: expected a text",
         "waiting for the next check"},
	{"of another Canary",
         {progressing, early, ask_abort, of_another},
         "write canary status Progressing; answer action: the Canary that was meant is deleted",
         "waiting for the next check"},
	{"deleted",
         {progressing, ask_abort, deleted},
         "route 0!; save release Retreating cancelled from 20!; answer action: the Canary that was meant is deleted",
         "the Canary was deleted"},
	{"quarantined",
         {progressing, ask_abort, quarantined},
         "write canary status Progressing: the agent aborted twice while this canary was in hand; it is left alone until its spec changes; notify the agent aborted twice while this canary was in hand; it is left alone until its spec changes; answer action: the Canary is quarantined: the agent aborted twice while it was in hand",
         "quarantined: the agent aborted twice while this canary was in hand"},
	{"no spec",
         {progressing, ask_abort, no_spec},
         "write canary status Progressing: spec.analysis: no; notify spec.analysis: no; answer action: spec.analysis: no",
         "spec.analysis: no"},
	{"no verb",
         {progressing, early, ask_abort, no_verb},
         "write canary status Progressing; answer action: spec.verb: no word that this version knows",
         "waiting for the next check"},
	{"not known whether it was answered",
         {progressing, early, ask_pause, done, action_unknown},
         "write canary status Progressing; see action",
         "waiting for the next check"},
	{"the Releases unseen",
         {progressing, early, ask_pause, releases_unknown},
         "write canary status Progressing; see releases",
         "waiting for the next check"},
	{"the Releases unseen, an abort",
         {progressing, early, ask_abort, releases_unknown},
         "route 0!; save release Retreating rolled_back from 20 n2!; see releases",
         "aborted by alice: it smells"},
	{"no Releases",
         {ask_pause, no_release, releases_absent},
         "answer action: the Canary has no release yet",
         "deployment cart-primary.shop exists and no Release tells what it runs:"},
	{"no Releases, unseen",
         {ask_abort, no_release, releases_unknown},
         "see releases",
         "the releases was not seen yet"},
	{"saw another",
         {progressing, early, ask_abort, saw_another},
         "write canary status Progressing; answer action: cart-1 is no longer the newest: cart-2 is (under way); look again",
         "waiting for the next check"},
	{"saw another, it is over",
         {judged, ask_abort, saw_another},
         "write canary status Failed; answer action: cart-1 is no longer the newest: cart-2 is (went back); look again",
         "nothing to do"},
	{"saw none",
         {progressing, early, ask_abort, saw_none},
         "write canary status Progressing; answer action: what was seen is no longer the newest: cart-2 is (under way); look again",
         "waiting for the next check"},
	{"abort at rest",
         {judged, ask_abort},
         "write canary status Failed; answer action: cart-2 went back already: ",
         "nothing to do"},
	{"abort in a retreat",
         {retreating, ask_abort},
         "scale target 0; answer action: cart-2 goes back already: it failed",
         "scaling the target to 0"},
	{"abort in a first run",
         {starting, init, ask_abort},
         "primary release-2; answer action: cart-2 is the first release: there is nothing to go back to",
         "the primary gets the template of Release cart-2"},
	{"pause",
         {progressing, early, ask_pause},
         "save release Progressing to 20 n1",
         "paused by alice: lunch"},
	{"pause, once more",
         {progressing, early, paused, ask_pause},
         "write canary status Progressing; answer action: cart-2 is held already, by bob",
         "waiting for the next check"},
	{"pause, let through",
         {progressing, early, full, ask_pause},
         "save release Progressing to 20 n1",
         "paused by alice: lunch"},
	{"pause in the promotion",
         {promoting, ask_pause},
         "primary release-2; answer action: cart-2 is being promoted and cannot be held any more: abort brings the old template back",
         "the primary gets the template of Release cart-2"},
	{"pause an undo",
         {phase_none, undo, ask_pause},
         "save release  n1",
         "paused by alice: lunch"},
	{"pause at rest",
         {judged, ask_pause},
         "write canary status Failed; answer action: cart-2 is over: it went back",
         "nothing to do"},
	{"resume",
         {progressing, early, paused, ask_resume},
         "save release Progressing to 20 n1",
         "resumed by alice: lunch is over"},
	{"resume what is not held",
         {progressing, early, ask_resume},
         "write canary status Progressing; answer action: cart-2 is not held",
         "waiting for the next check"},
	{"promote",
         {progressing, early, ask_promote},
         "save release Progressing from 20 to 40 n2",
         "Advance cart.shop canary weight 40"},
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
         "Advance cart.shop canary weight 40"},
	{"promote before the first step",
         {starting, target_down, ask_promote},
         "scale target 2; answer action: cart-2 has not begun its first step: the canary is not ready, or traffic is not where it must be",
         "scaling the target to 2"},
	{"promote while waiting",
         {phase_waiting, due, gate_rollout, hook_was_no, hook_no, ask_promote},
         "write canary status Waiting; answer action: cart-2 waits at the gate gate: approve opens it",
         "waiting for approval: confirm-rollout gate says no: no"},
	{"promote at rest",
         {judged, ask_promote},
         "write canary status Failed; answer action: cart-2 is over: it went back",
         "nothing to do"},
	{"promote in the promotion",
         {promoting, ask_promote},
         "primary release-2; answer action: cart-2 is being promoted already",
         "the primary gets the template of Release cart-2"},
	{"promote, suspended",
         {progressing, early, suspended, ask_promote},
         "write canary status Progressing; answer action: the Canary is suspended (spec.suspend)",
         "skipping canary run as object is suspended"},
	{"promote in full",
         {progressing, early, ask_full},
         "save release Progressing to 20 n1",
         "told to promote without further steps by alice: hurry"},
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
         "primary release-2; answer action: cart-2 is the first release: it has no steps",
         "the primary gets the template of Release cart-2"},
	{"approve",
         {progressing, due, gate_increase, hook_was_no, hook_no, ask_approve},
         "save release Progressing to 20 h1 n1",
         "gate gate approved by alice: fine"},
	{"approve, no gate",
         {progressing, early, ask_approve},
         "write canary status Progressing; answer action: no gate of cart-2 waits for an answer",
         "waiting for the next check"},
	{"approve at rest",
         {judged, ask_approve},
         "write canary status Failed; answer action: cart-2 is over: it went back",
         "nothing to do"},
	{"approve the first weight",
         {starting, due, gate_increase, hook_was_no, hook_no, ask_approve},
         "save release Starting h1 n1",
         "gate gate approved by alice: fine"},
	{"approve the promotion",
         {waiting_promotion, due, gate_promotion, hook_was_no, hook_no, ask_approve},
         "save release WaitingPromotion from 20 to 40 h1 n1",
         "gate gate approved by alice: fine"},
	{"approve the rollout",
         {phase_waiting, due, gate_rollout, hook_was_no, hook_no, ask_approve},
         "save release Waiting h1 n1",
         "gate gate approved by alice: fine"},
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

		put(&model);
		for (size_t j = 0; row->given[j]; j++)
			row->given[j](&model);
		decide(&model.spec, &model.truth, &plan);
		if (strcmp(model_tell_plan(&plan, text), row->plan) != 0 ||
		    strncmp(plan.reason, row->because, strlen(row->because)) != 0)
			fail_msg("%s: %s (%s)\nexpected %s (%s)", row->what, text, plan.reason,
			         row->plan, row->because);
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
