/* Steps that people ask for: what is done next, and why. Each row is one decision. */
#include "tests/analysis/decisions.h"
#include "tests/analysis/given_canary.h"
#include "tests/analysis/given_check.h"
#include "tests/analysis/given_hook.h"
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

static const struct decision_row rows[] = {
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

static void test_rows(void **state)
{
	decisions_check(decisions_run, rows, array_length(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
