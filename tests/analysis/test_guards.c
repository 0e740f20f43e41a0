/* What comes before the phases: what is done next, and why. Each row is one decision. */
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

static void put_sample(struct model *model, enum sample_kind kind, double value)
{
	model->truth.samples[0] = (struct sample_fact){
		.check = model->truth.newest.status.times.next_check_at,
		.kind = kind,
		.value = value,
		.text = "silence",
	};
}

static void quarantined(struct model *model)
{
	model->truth.is_quarantined = true;
}

static void progressing(struct model *model)
{
	model->truth.newest.status.phase = PHASE_PROGRESSING;
	put_step(model, 0, 20, 60000);
}

static void due(struct model *model)
{
	put_due(model, 0);
}

static void no_release(struct model *model)
{
	model->truth.newest = (struct release){0};
	model->truth.promoted = (struct release_ref){0};
}

static void canary_unseen(struct model *model)
{
	model->truth.canary.state = FACT_UNKNOWN;
}

static void releases_unknown(struct model *model)
{
	model->truth.releases.state = FACT_UNKNOWN;
}

static void early(struct model *model)
{
	put_due(model, -1);
}

static void no_spec(struct model *model)
{
	model->truth.has_spec = false;
	text_copy(model->truth.refusal, "spec.analysis: no");
}

static void deleted(struct model *model)
{
	model->truth.is_deleted = true;
}

static void promoting(struct model *model)
{
	model->truth.newest.status.phase = PHASE_PROMOTING;
	put_step(model, 20, 40, 60000);
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

static void init(struct model *model)
{
	model->truth.newest.cause = CAUSE_INIT;
	model->truth.promoted = (struct release_ref){0};
}

static void primary_half(struct model *model)
{
	put_pods(&model->truth.primary, 2, 1);
}

static void over(struct model *model)
{
	model->truth.newest.status.phase = PHASE_DONE;
	model->truth.newest.status.outcome = OUTCOME_ROLLED_BACK;
}

static void ask_abort(struct model *model)
{
	model_ask(model, VERB_ABORT, "it smells");
}

static void receiver(struct model *model)
{
	model_receiver(model, SEVERITY_INFO);
}

static void primary_written(struct model *model)
{
	model->truth.primary.slot.is_written = true;
}

static void nothing_promoted(struct model *model)
{
	model->truth.promoted = (struct release_ref){0};
}

static void primary_unknown(struct model *model)
{
	model->truth.primary.slot.state = FACT_UNKNOWN;
}

static void route_unknown(struct model *model)
{
	model->truth.route.slot.state = FACT_UNKNOWN;
}

static void target_absent(struct model *model)
{
	model->truth.target = (struct workload_fact){.slot.state = FACT_ABSENT};
}

static void moved(struct model *model)
{
	model->truth.is_moved = true;
}

static void newer(struct model *model)
{
	text_copy(model->truth.target.digest, "v3");
	text_copy(model->truth.change.digest, "v3");
	model->truth.change.kind = CHANGE_REAL;
}

static void undo(struct model *model)
{
	model->truth.newest.cause = CAUSE_UNDO;
}

static void judged(struct model *model)
{
	over(model);
	text_copy(model->truth.mirror.last_applied, "v2");
}

static void primary_absent(struct model *model)
{
	model->truth.primary = (struct workload_fact){.slot.state = FACT_ABSENT};
}

static void reverted(struct model *model)
{
	text_copy(model->truth.target.digest, "v1");
}

static void configs(struct model *model)
{
	text_copy(model->truth.newest.configs, "blue");
	text_copy(model->truth.configs.digest, "blue");
	put_configs(model);
}

static void configs_unread(struct model *model)
{
	configs(model);
	model->truth.configs.slot.state = FACT_UNKNOWN;
}

static void unsure(struct model *model)
{
	text_copy(model->truth.target.digest, "v3");
}

static void suspended(struct model *model)
{
	model->spec.suspend = true;
}

static void apex_canary(struct model *model)
{
	model->truth.apex.backend = BACKEND_CANARY;
}

static void primary_dead(struct model *model)
{
	put_pods(&model->truth.primary, 2, 0);
}

static void starting(struct model *model)
{
	model->truth.newest.status.phase = PHASE_STARTING;
}

static void retreating(struct model *model)
{
	put_ending(model, OUTCOME_ROLLED_BACK);
}

static void failed(struct model *model)
{
	put_sample(model, SAMPLE_VALUE, 50);
}

static void route_20(struct model *model)
{
	model->truth.route.weight = 20;
}

static const struct row {
	const char *what;
	given *given[6];
	const char *plan;
	const char *because; /* how the reason begins */
	int64_t wake;        /* ms from now; 0: none */
} rows[] = {
	{"quarantined",
         {quarantined, progressing, due},
         "write canary status Progressing: the agent aborted twice while this canary was in hand; it is left alone until its spec changes; notify the agent aborted twice while this canary was in hand; it is left alone until its spec changes",
         "quarantined: the agent aborted twice while this canary was in hand"},
	{"the Canary is not seen, no Release is known",
         {no_release, canary_unseen},
         "see canary",
         "the canary was not seen yet"},
	{"the Releases are not seen, none is known",
         {no_release, releases_unknown},
         "see releases",
         "the releases was not seen yet"},
	{"neither is seen",
         {no_release, releases_unknown, canary_unseen},
         "see canary; see releases",
         "the canary was not seen yet"},
	{"the Canary is not seen, a run is under way",
         {progressing, canary_unseen, early},
         "see canary",
         "waiting for the next check",
         1},
	{"no spec",
         {no_spec, progressing},
         "write canary status Progressing: spec.analysis: no; notify spec.analysis: no",
         "spec.analysis: no"},
	{"deleted in a run",
         {progressing, deleted},
         "route 0!; save release Retreating cancelled from 20!",
         "the Canary was deleted"},
	{"deleted while the primary gets the template",
         {promoting, primary_new, deleted},
         "route 0!",
         "the route is to give the canary weight 0"},
	{"deleted in the first run",
         {finalising, init, primary_half, deleted},
         "save release Retreating cancelled!",
         "the Canary was deleted"},
	{"deleted when the first is settled",
         {finalising, init, deleted},
         "apex service canary",
         "the apex service is to select the canary's pods"},
	{"deleted without a spec", {progressing, no_spec, deleted}, "", "the Canary is deleted"},
	{"deleted at rest",
         {over, deleted},
         "apex service canary",
         "the apex service is to select the canary's pods"},
	{"aborted",
         {progressing, ask_abort, receiver},
         "route 0!; save release Retreating rolled_back from 20 n2 a1!",
         "aborted by alice: it smells"},
	{"aborted in the promotion",
         {promoting, ask_abort},
         "route 0!; save release Retreating rolled_back from 40 n2!",
         "aborted by alice: it smells"},
	{"aborted when the primary has it",
         {promoting, primary_new, ask_abort},
         "apex service canary!; save release Retreating failed_promotion from 40 n2!",
         "aborted by alice: it smells"},
	{"aborted when it is written",
         {promoting, primary_written, ask_abort},
         "apex service canary!; save release Retreating failed_promotion from 40 n2!",
         "aborted by alice: it smells"},
	{"aborted when nothing was promoted",
         {promoting, nothing_promoted, ask_abort},
         "apex service canary!; save release Retreating failed_promotion from 40 n2!",
         "aborted by alice: it smells"},
	{"aborted, the primary unseen",
         {promoting, primary_unknown, ask_abort},
         "apex service canary!; save release Retreating failed_promotion from 40 n2!; see primary",
         "aborted by alice: it smells"},
	{"aborted, the route unseen",
         {progressing, route_unknown, ask_abort},
         "route 0!; save release Retreating rolled_back from 20 n2!",
         "aborted by alice: it smells"},
	{"the target is gone",
         {progressing, target_absent},
         "route 0!; save release Retreating cancelled from 20 n1!",
         "deployment cart.shop was deleted"},
	{"… at rest",
         {over, target_absent},
         "write canary status Failed",
         "deployment cart.shop not found"},
	{"… in the promotion",
         {promoting, primary_new, target_absent},
         "route 0!; save release Promoting from 40!",
         "the route is to give the canary weight 0"},
	{"moved",
         {progressing, moved},
         "route 0!; save release Retreating cancelled from 20!",
         "spec.targetRef, provider, service or ingressRef was edited: the run en"},
	{"… at rest", {over, moved}, "write canary status Failed", "nothing to do"},
	{"… in the promotion",
         {promoting, primary_new, moved},
         "save release Finalising from 40 n1",
         "Routing all traffic to primary"},
	{"newer",
         {progressing, newer},
         "route 0!; save release Retreating superseded from 20 n1!",
         "New revision detected! Restarting analysis for cart.shop"},
	{"newer, an undo",
         {undo, promoting, newer},
         "route 0!; save release Promoting from 40!",
         "the route is to give the canary weight 0"},
	{"newer at rest",
         {judged, newer},
         "create release 3 revision",
         "New revision detected! Scaling up cart.shop"},
	{"newer in the first run",
         {finalising, init, primary_half, newer},
         "save release Retreating superseded n1!",
         "New revision detected! Restarting analysis for cart.shop"},
	{"newer, settled", {finalising, init, newer}, "scale target 0", "scaling the target to 0"},
	{"newer, the primary gone in the first run",
         {finalising, init, primary_absent, newer},
         "save release Retreating superseded n1!",
         "New revision detected! Restarting analysis for cart.shop"},
	{"reverted",
         {progressing, reverted},
         "route 0!; save release Retreating cancelled from 20!",
         "the target has the promoted template again: nothing is left to analyse"},
	{"reverted, an undo",
         {undo, promoting, reverted},
         "primary release-2 x2",
         "the primary gets the template of Release cart-2"},
	{"reverted at rest", {judged, reverted}, "write canary status Failed", "nothing to do"},
	{"reverted, configs unread",
         {progressing, reverted, configs_unread},
         "see configs; write canary status Progressing",
         "waiting for the next check",
         5000},
	{"not compared",
         {progressing, unsure},
         "compare templates; write canary status Progressing",
         "waiting for the next check",
         5000},
	{"not compared, an undo",
         {promoting, undo, unsure},
         "compare templates; primary release-2 x2",
         "the primary gets the template of Release cart-2"},
	{"suspended",
         {progressing, suspended, due},
         "write canary status Progressing",
         "skipping canary run as object is suspended"},
	{"suspended, the apex with the canary",
         {progressing, suspended, apex_canary},
         "apex service primary",
         "the apex service is to select the primary's pods"},
	{"suspended, the primary dead",
         {progressing, suspended, primary_dead},
         "apex service canary",
         "the apex service is to select the canary's pods"},
	{"suspended before the first step",
         {starting, suspended, apex_canary},
         "write canary status Progressing",
         "skipping canary run as object is suspended"},
	{"suspended in the first run",
         {finalising, init, suspended, apex_canary},
         "write canary status Initializing",
         "skipping canary run as object is suspended"},
	{"suspended in a retreat",
         {retreating, suspended},
         "scale target 0",
         "scaling the target to 0"},
	{"suspended at rest",
         {judged, suspended},
         "write canary status Failed",
         "skipping canary run as object is suspended"},
	{"suspended, newer",
         {progressing, suspended, newer},
         "route 0!; save release Retreating superseded from 20 n1!",
         "New revision detected! Restarting analysis for cart.shop"},
	{"suspended, promoting",
         {promoting, suspended, newer, primary_new},
         "route 0!",
         "the route is to give the canary weight 0"},
	{"suspended, failed",
         {progressing, suspended, due, failed},
         "write canary status Progressing",
         "skipping canary run as object is suspended"},
	{"newer in the first run, clients with the target",
         {finalising, init, primary_half, newer, apex_canary},
         "save release Retreating superseded n1!",
         "New revision detected! Restarting analysis for cart.shop"},
	{"newer in the first run, a weight",
         {finalising, init, primary_half, newer, route_20},
         "save release Retreating superseded n1!",
         "New revision detected! Restarting analysis for cart.shop"},
	{"quarantined, unseen",
         {quarantined, progressing, route_unknown},
         "write canary status Progressing: the agent aborted twice while this canary was in hand; it is left alone until its spec changes; notify the agent aborted twice while this canary was in hand; it is left alone until its spec changes",
         "quarantined: the agent aborted twice while this canary was in hand"},
	{"quarantined, not compared",
         {quarantined, progressing, unsure},
         "write canary status Progressing: the agent aborted twice while this canary was in hand; it is left alone until its spec changes; notify the agent aborted twice while this canary was in hand; it is left alone until its spec changes",
         "quarantined: the agent aborted twice while this canary was in hand"},
	{"deleted, configs not read",
         {judged, configs_unread, deleted},
         "apex service canary",
         "the apex service is to select the canary's pods"},
	{"suspended at rest, the apex with the canary",
         {judged, suspended, apex_canary},
         "write canary status Failed",
         "skipping canary run as object is suspended"},
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
