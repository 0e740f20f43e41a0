/* What people ask of a run: what is done next, and why. Each row is one decision. */
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

static void over_promoted(struct model *model)
{
	model->truth.newest.status.phase = PHASE_DONE;
	model->truth.newest.status.outcome = OUTCOME_PROMOTED;
}

static const struct row {
	const char *what;
	given *given[6];
	const char *plan;
	const char *because; /* how the reason begins */
	int64_t wake;        /* ms from now; 0: none */
} rows[] = {
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
