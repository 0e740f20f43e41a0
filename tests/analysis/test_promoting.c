/* While the primary gets the template: what is done next, and why. Each row is one decision. */
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

static void promoting(struct model *model)
{
	model->truth.newest.status.phase = PHASE_PROMOTING;
	put_step(model, 20, 40, 60000);
}

static void primary_absent(struct model *model)
{
	model->truth.primary = (struct workload_fact){.slot.state = FACT_ABSENT};
}

static void primary_unknown(struct model *model)
{
	model->truth.primary.slot.state = FACT_UNKNOWN;
}

static void target_unknown(struct model *model)
{
	model->truth.target.slot.state = FACT_UNKNOWN;
}

static void target_absent(struct model *model)
{
	model->truth.target = (struct workload_fact){.slot.state = FACT_ABSENT};
}

static void primary_dead(struct model *model)
{
	put_pods(&model->truth.primary, 2, 0);
}

static void newer(struct model *model)
{
	text_copy(model->truth.target.digest, "v3");
	text_copy(model->truth.change.digest, "v3");
	model->truth.change.kind = CHANGE_REAL;
}

static void route_0(struct model *model)
{
	model->truth.route.weight = 0;
}

static void primary_new(struct model *model)
{
	text_copy(model->truth.primary.release_uid, model->truth.newest.uid);
}

static void route_60(struct model *model)
{
	model->truth.route.weight = 60;
}

static void primary_may_empty(struct model *model)
{
	model->truth.primary.may_empty = true;
}

static void apex_canary(struct model *model)
{
	model->truth.apex.backend = BACKEND_CANARY;
}

static void apex_just_now(struct model *model)
{
	model->truth.apex.since = model->truth.now;
}

static void target_small(struct model *model)
{
	put_pods(&model->truth.target, 1, 1);
}

static void target_half(struct model *model)
{
	put_pods(&model->truth.target, 2, 1);
}

static void target_may_empty(struct model *model)
{
	model->truth.target.may_empty = true;
}

static void undo(struct model *model)
{
	model->truth.newest.cause = CAUSE_UNDO;
}

static void reverted(struct model *model)
{
	text_copy(model->truth.target.digest, "v1");
}

static void mesh(struct model *model)
{
	model->spec.route.names_primary = true;
}

static void target_waits(struct model *model)
{
	put_pods(&model->truth.target, 2, 0);
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

static void unready_just(struct model *model)
{
	model->truth.newest.status.times.not_ready_since.ms = model->truth.now.ms - 59999;
}

static void no_weights(struct model *model)
{
	model->spec.route.weighs = false;
}

static void copies(struct model *model)
{
	model->spec.mirror = true;
	model->spec.route.mirrors = true;
	model->truth.newest.status.phase = PHASE_PROGRESSING;
	model->truth.newest.status.weight.is_mirrored = true;
	put_step(model, 0, 0, 60000);
}

static void primary_foreign(struct model *model)
{
	text_copy(model->truth.primary.release_uid, "somebody");
}

static void target_large(struct model *model)
{
	put_pods(&model->truth.target, 3, 3);
}

static void withdrawn(struct model *model)
{
	model->truth.newest.status.weight.to = 0;
	model->truth.route.weight = 0;
}

static void read_primary(struct model *model)
{
	model->truth.primary.slot.read_at = model->truth.now;
}

static void route_pending(struct model *model)
{
	text_copy(model->truth.route.pending, "Gateway says no");
}

static const struct row {
	const char *what;
	given *given[7];
	const char *plan;
	const char *because; /* how the reason begins */
	int64_t wake;        /* ms from now; 0: none */
} rows[] = {
	{"promoting",
         {promoting},
         "primary release-2 x2",
         "the primary gets the template of Release cart-2"},
	{"the primary is gone",
         {promoting, primary_absent},
         "apex service canary; primary release-2 x2",
         "the apex service is to select the canary's pods"},
	{"the primary is not seen",
         {promoting, primary_unknown},
         "write canary status Promoting; see primary",
         "the primary was not seen yet"},
	{"the target is not seen",
         {promoting, target_unknown},
         "write canary status Promoting; see target",
         "the target was not seen yet"},
	{"neither is seen",
         {promoting, target_unknown, primary_unknown},
         "write canary status Promoting; see target; see primary",
         "the primary was not seen yet"},
	{"the target is gone",
         {promoting, target_absent},
         "route 0!; save release Retreating cancelled from 40 n1!",
         "deployment cart.shop was deleted"},
	{"… and the primary has no pod",
         {promoting, target_absent, primary_dead},
         "route 0!; save release Retreating cancelled from 40 n1!",
         "deployment cart.shop was deleted"},
	{"a newer revision",
         {promoting, newer},
         "route 0!; save release Retreating superseded from 40 n1!",
         "New revision detected! Restarting analysis for cart.shop"},
	{"… when the weight is off",
         {promoting, newer, route_0},
         "save release Retreating superseded from 40 n1!",
         "New revision detected! Restarting analysis for cart.shop"},
	{"… and the primary has no pod",
         {promoting, newer, primary_dead},
         "route 0!; apex service canary!; save release Retreating superseded from 40 n1!",
         "New revision detected! Restarting analysis for cart.shop"},
	{"… and it has the new template",
         {promoting, newer, primary_new},
         "route 0!; save release Promoting from 40!",
         "the route is to give the canary weight 0"},
	{"a weight too high",
         {promoting, route_60},
         "route 40!; primary release-2 x2",
         "the route is to give the canary weight 40"},
	{"a weight too low",
         {promoting, route_0},
         "primary release-2 x2",
         "the primary gets the template of Release cart-2"},
	{"it may become empty",
         {promoting, primary_may_empty},
         "apex service canary",
         "the apex service is to select the canary's pods"},
	{"… the canary covers",
         {promoting, primary_may_empty, apex_canary},
         "primary release-2 x2",
         "the primary gets the template of Release cart-2"},
	{"… since just now",
         {promoting, primary_may_empty, apex_canary, apex_just_now},
         "write canary status Promoting",
         "waiting until the new weight holds everywhere",
         3000},
	{"… with fewer pods",
         {promoting, primary_may_empty, target_small},
         "scale target 2",
         "scaling the target to 2"},
	{"… that are not ready",
         {promoting, primary_may_empty, target_half},
         "write canary status Promoting",
         "the canary is to cover the primary's rollout: waiting for rollout to f"},
	{"the target may become empty",
         {promoting, target_may_empty},
         "apex service canary",
         "the apex service is to select the canary's pods"},
	{"it may become empty, and there is a newer revision",
         {promoting, primary_may_empty, newer, primary_dead},
         "route 0!; apex service canary!; save release Retreating superseded from 40 n1!",
         "New revision detected! Restarting analysis for cart.shop"},
	{"an undo of what is promoted",
         {promoting, undo, primary_may_empty},
         "primary release-2 x2",
         "the primary gets the template of Release cart-2"},
	{"… when the target has what was promoted",
         {promoting, undo, primary_may_empty, reverted},
         "apex service canary",
         "the apex service is to select the canary's pods"},
	{"in a mesh",
         {promoting, primary_may_empty, mesh},
         "apex service canary; primary service canary",
         "the apex service is to select the canary's pods"},
	{"only the canary has pods",
         {promoting, primary_dead},
         "apex service canary; primary release-2 x2",
         "the apex service is to select the canary's pods"},
	{"only the primary has pods",
         {promoting, target_waits, apex_canary},
         "apex service primary; primary release-2 x2",
         "the apex service is to select the primary's pods"},
	{"written",
         {promoting, primary_new},
         "save release Finalising from 40 n1",
         "Routing all traffic to primary"},
	{"… on its way",
         {promoting, primary_new, primary_half},
         "save release Promoting from 20 to 40 unready 1",
         "cart-primary.shop not ready: waiting for rollout to finish: 1 of 2 (re"},
	{"… for too long",
         {promoting, primary_new, primary_half, unready_read, receiver},
         "apex service canary!; save release Retreating failed_promotion from 40 n1 a1 unready 1!",
         "Promotion of cart.shop failed, primary not ready: cart-primary.shop no"},
	{"… for too long, clients with the canary",
         {promoting, primary_new, primary_dead, unready_read},
         "apex service canary!; save release Retreating failed_promotion from 40 n1 unready 1!",
         "Promotion of cart.shop failed, primary not ready: cart-primary.shop no"},
	{"… for too long, no canary",
         {promoting, primary_new, primary_half, target_waits, unready_read},
         "save release Retreating failed_promotion from 40 n1 unready 1!",
         "Promotion of cart.shop failed, primary not ready: cart-primary.shop no"},
	{"… for too long, a newer revision",
         {promoting, primary_new, primary_half, newer, unready_read},
         "route 0!; save release Promoting from 40 unready 1!",
         "the route is to give the canary weight 0"},
	{"… not read since",
         {promoting, primary_new, primary_half, unready_long},
         "see primary; write canary status Promoting",
         "cart-primary.shop not ready: waiting for rollout to finish: 1 of 2 (re"},
	{"… has no pod",
         {promoting, primary_new, primary_dead},
         "save release Promoting from 20 to 40 unready 1; apex service canary",
         "cart-primary.shop not ready: waiting for rollout to finish: 0 of 2 (re"},
	{"… has no pod, nor has the canary",
         {promoting, primary_new, primary_dead, target_waits},
         "save release Promoting from 20 to 40 unready 1",
         "cart-primary.shop not ready: waiting for rollout to finish: 0 of 2 (re"},
	{"… neither, clients with the canary",
         {promoting, primary_new, primary_dead, target_waits, apex_canary},
         "save release Promoting from 20 to 40 unready 1",
         "cart-primary.shop not ready: waiting for rollout to finish: 0 of 2 (re"},
	{"… ready again",
         {promoting, primary_new, unready_just},
         "save release Finalising from 40 n1",
         "Routing all traffic to primary"},
	{"… covered",
         {promoting, primary_new, primary_may_empty, primary_half},
         "save release Promoting from 20 to 40 unready 1; apex service canary",
         "cart-primary.shop not ready: waiting for rollout to finish: 1 of 2 (re"},
	{"… covered, and ready",
         {promoting, primary_new, primary_may_empty, apex_canary},
         "apex service primary; save release Finalising from 40 n1",
         "the apex service is to select the primary's pods"},
	{"… the canary breaks",
         {promoting, primary_new, target_waits},
         "save release Finalising from 40 n1",
         "Routing all traffic to primary"},
	{"… where there are no weights",
         {promoting, primary_new, no_weights},
         "save release Finalising from 40",
         "Routing all traffic to primary"},
	{"the copies end",
         {promoting, primary_new, copies, promoting, route_0},
         "save release Finalising from 40 n1",
         "Routing all traffic to primary"},
	{"somebody's template",
         {promoting, primary_foreign},
         "primary release-2 x2",
         "the primary gets the template of Release cart-2"},
	{"somebody's, empty, and a newer revision",
         {promoting, primary_foreign, primary_may_empty, primary_dead, newer},
         "apex service canary; primary release-2 x2",
         "the apex service is to select the canary's pods"},
	{"it may become empty, the canary is larger",
         {promoting, primary_may_empty, target_large},
         "apex service canary",
         "the apex service is to select the canary's pods"},
	{"withdrawn, a newer revision, not ready",
         {promoting, withdrawn, primary_new, newer, primary_half, unready_just},
         "write canary status Promoting",
         "cart-primary.shop not ready: waiting for rollout to finish: 1 of 2 (re",
         1},
	{"for too long, the route waits",
         {promoting, primary_new, primary_half, unready_long, read_primary, route_pending},
         "apex service canary!; save release Retreating failed_promotion from 40 n1 unready 1!",
         "Promotion of cart.shop failed, primary not ready: cart-primary.shop no"},
	{"for too long, no target",
         {promoting, primary_new, primary_half, unready_read, target_absent, withdrawn},
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
