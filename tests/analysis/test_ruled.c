/* What people ask of a run: what is done next, and why. Each row is one decision. */
#include "analysis/base/text.h"
#include "tests/analysis/decisions.h"
#include "tests/analysis/given_canary.h"
#include "tests/analysis/given_check.h"
#include "tests/analysis/given_run.h"
#include "tests/analysis/given_verb.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void action_refused(struct model *model)
{
	text_copy(model->truth.action.refusal, "spec.by: expected a text");
}

static void of_another(struct model *model)
{
	text_copy(model->truth.action.canary_uid, "canary-0");
}

static void no_verb(struct model *model)
{
	model->truth.action.verb = VERB_NONE;
}

static void action_unknown(struct model *model)
{
	model->truth.action.slot.state = FACT_UNKNOWN;
}

static void saw_another(struct model *model)
{
	text_copy(model->truth.action.release_uid, "release-1");
	text_copy(model->truth.action.release, "cart-1");
}

static void saw_none(struct model *model)
{
	text_copy(model->truth.action.release_uid, "");
	text_copy(model->truth.action.release, "");
}

static void over_promoted(struct model *model)
{
	model->truth.newest.status.phase = PHASE_DONE;
	model->truth.newest.status.outcome = OUTCOME_PROMOTED;
}

static const struct decision_row rows[] = {
	{"nobody asks",
         {progressing, early},
         "write canary status Progressing",
         "waiting for the next check",
         1},
	{"it cannot be read",
         {progressing, early, ask_abort, action_refused},
         "write canary status Progressing; answer action: spec.by: expected a text",
         "waiting for the next check",
         1},
	{"of another Canary",
         {progressing, early, ask_abort, of_another},
         "write canary status Progressing; answer action: the Canary that was meant is deleted",
         "waiting for the next check",
         1},
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
         "waiting for the next check",
         1},
	{"not known whether it was answered",
         {progressing, early, ask_pause, done, action_unknown},
         "write canary status Progressing; see action",
         "waiting for the next check",
         1},
	{"the Releases unseen",
         {progressing, early, ask_pause, releases_unknown},
         "write canary status Progressing; see releases",
         "waiting for the next check",
         1},
	{"the Releases unseen, an abort",
         {progressing, early, ask_abort, releases_unknown},
         "route 0!; save release Retreating rolled_back from 20 n2!; see releases",
         "aborted by alice: it smells"},
	{"no Releases",
         {ask_pause, no_release, releases_absent},
         "create release 1 adopted; answer action: the Canary has no release yet",
         "adopting cart.shop from Flagger, phase Initialized"},
	{"no Releases, unseen",
         {ask_abort, no_release, releases_unknown},
         "see releases",
         "the releases was not seen yet"},
	{"saw another",
         {progressing, early, ask_abort, saw_another},
         "write canary status Progressing; answer action: cart-1 is no longer the newest: cart-2 is (under way); look again",
         "waiting for the next check",
         1},
	{"saw another, it is over",
         {judged, ask_abort, saw_another},
         "write canary status Failed; answer action: cart-1 is no longer the newest: cart-2 is (went back); look again",
         "nothing to do"},
	{"saw none",
         {progressing, early, ask_abort, saw_none},
         "write canary status Progressing; answer action: what was seen is no longer the newest: cart-2 is (under way); look again",
         "waiting for the next check",
         1},
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
         "primary release-2 x2; answer action: cart-2 is the first release: there is nothing to go back to",
         "the primary gets the template of Release cart-2"},
	{"pause",
         {progressing, early, ask_pause},
         "save release Progressing to 20 n1",
         "paused by alice: lunch",
         1},
	{"pause, once more",
         {progressing, early, paused, ask_pause},
         "write canary status Progressing; answer action: cart-2 is held already, by bob",
         "waiting for the next check",
         1},
	{"pause, let through",
         {progressing, early, full, ask_pause},
         "save release Progressing to 20 n1",
         "paused by alice: lunch"},
	{"pause in the promotion",
         {promoting, ask_pause},
         "primary release-2 x2; answer action: cart-2 is being promoted and cannot be held any more: abort brings the old template back",
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
         "resumed by alice: lunch is over",
         1},
	{"resume what is not held",
         {progressing, early, ask_resume},
         "write canary status Progressing; answer action: cart-2 is not held",
         "waiting for the next check",
         1},
	{"saw another, it was promoted",
         {over_promoted, ask_abort, saw_another},
         "write canary status Succeeded; answer action: cart-1 is no longer the newest: cart-2 is (was promoted); look again",
         "nothing to do"},
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
