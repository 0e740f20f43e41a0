/* What people ask for after a run, and what they are told: what is done next, and why. Each row is
 * one decision. */
#include "analysis/base/text.h"
#include "tests/analysis/decisions.h"
#include "tests/analysis/given_canary.h"
#include "tests/analysis/given_check.h"
#include "tests/analysis/given_configs.h"
#include "tests/analysis/given_run.h"
#include "tests/analysis/given_verb.h"
#include "tests/analysis/given_workload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void put_earlier(struct model *model, enum release_outcome outcome)
{
	struct earlier_fact *earlier = &model->truth.earlier;

	*earlier = (struct earlier_fact){.slot.state = FACT_KNOWN, .outcome = outcome};
	text_copy(earlier->ref.name, "cart-0");
	text_copy(earlier->ref.digest, "v0");
	text_copy(earlier->action, model->truth.action.uid);
}

static void ask_undo(struct model *model)
{
	model_ask(model, VERB_UNDO, "oh no");
	text_copy(model->truth.promoted.previous, "cart-0");
}

static void earlier(struct model *model)
{
	put_earlier(model, OUTCOME_PROMOTED);
}

static void ask_undo_none(struct model *model)
{
	model_ask(model, VERB_UNDO, "oh no");
}

static void earlier_other(struct model *model)
{
	put_earlier(model, OUTCOME_PROMOTED);
	text_copy(model->truth.earlier.ref.name, "cart-9");
}

static void earlier_asked_before(struct model *model)
{
	put_earlier(model, OUTCOME_PROMOTED);
	text_copy(model->truth.earlier.action, "action-0");
}

static void earlier_unread(struct model *model)
{
	put_earlier(model, OUTCOME_PROMOTED);
	model->truth.earlier.slot.state = FACT_UNKNOWN;
}

static void earlier_gone(struct model *model)
{
	put_earlier(model, OUTCOME_NONE);
	model->truth.earlier.slot.state = FACT_ABSENT;
}

static void earlier_failed(struct model *model)
{
	put_earlier(model, OUTCOME_ROLLED_BACK);
}

static void earlier_open(struct model *model)
{
	put_earlier(model, OUTCOME_NONE);
}

static void earlier_skipped(struct model *model)
{
	put_earlier(model, OUTCOME_SKIPPED);
}

static void earlier_same(struct model *model)
{
	put_earlier(model, OUTCOME_PROMOTED);
	text_copy(model->truth.earlier.ref.digest, "v1");
}

static void earlier_same_but_configs(struct model *model)
{
	earlier_same(model);
	text_copy(model->truth.earlier.ref.configs, "red");
}

static void ask_undo_1(struct model *model)
{
	model_ask(model, VERB_UNDO, "oh no");
	model->truth.action.to = 1;
}

static void ask_undo_2(struct model *model)
{
	model_ask(model, VERB_UNDO, "oh no");
	model->truth.action.to = 2;
}

static void done_full(struct model *model)
{
	done(model);
	text_copy(model->truth.newest.status.full.action, model->truth.action.uid);
}

static const struct decision_row rows[] = {
	{"retry", {judged, ask_retry}, "create release 3 retry", "retry wanted by alice: again"},
	{"retry, while the target's pods are sent away",
         {judged, target_written, ask_retry},
         "write canary status Failed",
         "waiting for the answer to a change of the target"},
	{"undo, while the target's pods are sent away",
         {judged, target_written, ask_undo, earlier},
         "write canary status Failed",
         "waiting for the answer to a change of the target"},
	{"retry in a run",
         {progressing, early, ask_retry},
         "write canary status Progressing; answer action: cart-2 is under way: abort it first, or wait",
         "waiting for the next check",
         1},
	{"retry, suspended",
         {judged, suspended, ask_retry},
         "write canary status Failed; answer action: the Canary is suspended (spec.suspend)",
         "skipping canary run as object is suspended"},
	{"retry, nothing promoted",
         {judged, nothing_promoted, ask_retry},
         "create release 3 init; answer action: nothing was promoted yet",
         "New Deployment detected, starting initialization."},
	{"retry, the spec refused",
         {judged, refused, ask_retry},
         "write canary status Failed: spec.analysis: no; notify spec.analysis: no; answer action: spec.analysis: no",
         "nothing to do"},
	{"retry, no target",
         {judged, target_absent, ask_retry},
         "write canary status Failed; answer action: deployment cart.shop not found",
         "deployment cart.shop not found"},
	{"retry, target refused",
         {judged, target_refused, ask_retry},
         "write canary status Failed: no labels; notify no labels; answer action: no labels",
         "no labels"},
	{"retry, target unseen",
         {judged, target_unknown, ask_retry},
         "write canary status Failed; see target",
         "the target was not seen yet"},
	{"retry, not compared",
         {judged, target_v3, ask_retry},
         "compare templates; write canary status Failed",
         "nothing to do"},
	{"retry, what is promoted",
         {judged, reverted, ask_retry},
         "write canary status Failed; answer action: the target has the promoted template (cart-1): there is nothing to analyse",
         "nothing to do"},
	{"retry, a newer one",
         {judged, newer, ask_retry},
         "create release 3 revision; answer action: the target has a newer revision: it begins by itself",
         "New revision detected! Scaling up cart.shop"},
	{"retry, primary unseen",
         {judged, primary_unknown, ask_retry},
         "write canary status Failed; see primary",
         "the primary was not seen yet"},
	{"retry, primary not ready",
         {judged, primary_half, ask_retry},
         "write canary status Failed; answer action: the primary is not ready: waiting for rollout to finish: 1 of 2 (readyThreshold 100%) updated replicas are available",
         "nothing to do"},
	{"retry, configs",
         {judged, configs, ask_retry},
         "create release 3 retry",
         "retry wanted by alice: again",
         10000},
	{"retry, configs not read",
         {judged, configs_unread, ask_retry},
         "see configs; write canary status Failed",
         "nothing to do"},
	{"undo",
         {judged, ask_undo, earlier},
         "create release 3 undo",
         "undo wanted by alice: oh no"},
	{"undo in a run",
         {progressing, early, ask_undo, earlier},
         "write canary status Progressing; answer action: cart-2 is under way: abort it first, or wait",
         "waiting for the next check",
         1},
	{"undo, none before",
         {judged, ask_undo_none},
         "write canary status Failed; answer action: there is none before cart-1",
         "nothing to do"},
	{"undo, not looked at",
         {judged, ask_undo},
         "find release; write canary status Failed",
         "nothing to do"},
	{"undo, another was looked at",
         {judged, ask_undo, earlier_other},
         "find release; write canary status Failed",
         "nothing to do"},
	{"undo, looked at for another",
         {judged, ask_undo, earlier_asked_before},
         "find release; write canary status Failed",
         "nothing to do"},
	{"undo, not read",
         {judged, ask_undo, earlier_unread},
         "find release; write canary status Failed",
         "nothing to do"},
	{"undo, gone",
         {judged, ask_undo, earlier_gone},
         "write canary status Failed; answer action: there is no cart-0 any more",
         "nothing to do"},
	{"undo, rolled back",
         {judged, ask_undo, earlier_failed},
         "write canary status Failed; answer action: cart-0 was never promoted: rolled_back",
         "nothing to do"},
	{"undo, open",
         {judged, ask_undo, earlier_open},
         "write canary status Failed; answer action: cart-0 was never promoted: it is not over",
         "nothing to do"},
	{"undo, skipped",
         {judged, ask_undo, earlier_skipped},
         "create release 3 undo",
         "undo wanted by alice: oh no"},
	{"undo, the same",
         {judged, ask_undo, earlier_same},
         "write canary status Failed; answer action: cart-0 has the template that is promoted (cart-1)",
         "nothing to do"},
	{"undo, the same but for configs",
         {judged, ask_undo, earlier_same_but_configs},
         "create release 3 undo",
         "undo wanted by alice: oh no"},
	{"undo to what is promoted",
         {judged, ask_undo_1},
         "write canary status Failed; answer action: cart-1 is what is promoted",
         "nothing to do"},
	{"undo to a number",
         {judged, ask_undo_2},
         "find release; write canary status Failed",
         "nothing to do"},
	{"undo, target unseen",
         {judged, target_unknown, ask_undo, earlier},
         "write canary status Failed; see target",
         "the target was not seen yet"},
	{"undo, target gone",
         {judged, target_absent, ask_undo, earlier},
         "write canary status Failed; answer action: deployment cart.shop not found",
         "deployment cart.shop not found"},
	{"undo, suspended",
         {judged, suspended, ask_undo, earlier},
         "write canary status Failed; answer action: the Canary is suspended (spec.suspend)",
         "skipping canary run as object is suspended"},
	{"done: pause",
         {progressing, early, paused, ask_pause, done},
         "write canary status Progressing; answer action: cart-2 is held at weight 20; its checks go on",
         "waiting for the next check",
         1},
	{"done: resume",
         {progressing, early, ask_resume, done},
         "write canary status Progressing; answer action: cart-2 goes on",
         "waiting for the next check",
         1},
	{"done: abort",
         {retreating, ask_abort, done},
         "scale target 0; answer action: cart-2 goes back: all traffic to the primary",
         "scaling the target to 0"},
	{"done: reject",
         {retreating, ask_reject, done},
         "scale target 0; answer action: cart-2 goes back: all traffic to the primary",
         "scaling the target to 0"},
	{"done: approve",
         {progressing, early, ask_approve, done},
         "write canary status Progressing; answer action: cart-2 goes on",
         "waiting for the next check",
         1},
	{"done: promote",
         {progressing, early, ask_promote, done},
         "write canary status Progressing; answer action: cart-2 goes on: ",
         "waiting for the next check",
         1},
	{"done: promote in full",
         {promoting, ask_full, done_full},
         "primary release-2 x2; answer action: cart-2 is promoted as soon as its canary is ready",
         "the primary gets the template of Release cart-2"},
	{"done: retry",
         {progressing, early, ask_retry, done},
         "write canary status Progressing; answer action: cart-2 analyses the target's template again",
         "waiting for the next check",
         1},
	{"done: undo",
         {promoting, undo, ask_undo, done},
         "primary release-2 x2; answer action: cart-2 puts the earlier template into the primary; the target is left as it is, and its template counts as handled",
         "the primary gets the template of Release cart-2"},
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
