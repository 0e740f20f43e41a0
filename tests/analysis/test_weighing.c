/* The weight in force: what is done next, and why. Each row is one decision. */
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

static void put_share(struct model *model, enum sample_kind kind)
{
	model->truth.share = (struct sample_fact){
		.check = model->truth.newest.status.times.next_check_at,
		.kind = kind,
		.value = 0.25,
	};
}

static void second_step(struct model *model)
{
	model->truth.newest.status.phase = PHASE_PROGRESSING;
	put_step(model, 20, 40, 60000);
}

static void route_20(struct model *model)
{
	model->truth.route.weight = 20;
}

static void early(struct model *model)
{
	put_due(model, -1);
}

static void route_0(struct model *model)
{
	model->truth.route.weight = 0;
}

static void route_foreign(struct model *model)
{
	model->truth.route.is_ours = false;
}

static void due(struct model *model)
{
	put_due(model, 0);
}

static void passed(struct model *model)
{
	put_sample(model, SAMPLE_VALUE, 100);
}

static void shared(struct model *model)
{
	put_share(model, SAMPLE_VALUE);
}

static void route_60(struct model *model)
{
	model->truth.route.weight = 60;
}

static void failed(struct model *model)
{
	put_sample(model, SAMPLE_VALUE, 50);
}

static void route_unknown(struct model *model)
{
	model->truth.route.slot.state = FACT_UNKNOWN;
}

static void progressing(struct model *model)
{
	model->truth.newest.status.phase = PHASE_PROGRESSING;
	put_step(model, 0, 20, 60000);
}

static void service_absent(struct model *model)
{
	model->truth.canary_service = (struct service_fact){.slot.state = FACT_ABSENT};
}

static void route_fought(struct model *model)
{
	model->truth.route.rival.edits = 5;
	model->truth.route.rival.last.ms = model->truth.now.ms - 500;
	text_copy(model->truth.route.rival.by, "helm");
}

static void route_mirrored(struct model *model)
{
	model->truth.route.is_mirrored = true;
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

static void route_inexact(struct model *model)
{
	model->truth.route.is_exact = false;
}

static void once_failed(struct model *model)
{
	model->truth.newest.status.failed_checks = 1;
}

static void route_fought_less(struct model *model)
{
	route_fought(model);
	model->truth.route.rival.edits = 3;
}

static void route_fought_before(struct model *model)
{
	route_fought(model);
	model->truth.route.rival.last.ms = model->truth.now.ms - 60000;
}

static void route_fought_long(struct model *model)
{
	route_fought(model);
	model->truth.route.rival.edits = 4;
}

static void route_fought_more(struct model *model)
{
	route_fought(model);
	model->truth.route.rival.edits = 6;
}

static void route_fought_on_and_on(struct model *model)
{
	route_fought(model);
	model->truth.route.rival.edits = 20;
	model->truth.route.rival.last.ms = model->truth.now.ms - 26000;
}

static void route_fought_by_nobody(struct model *model)
{
	route_fought(model);
	text_copy(model->truth.route.rival.by, "");
}

static const struct row {
	const char *what;
	given *given[9];
	const char *plan;
	const char *because; /* how the reason begins */
	int64_t wake;        /* ms from now; 0: none */
} rows[] = {
	{"another lowered it",
         {second_step, route_20, early},
         "route 40",
         "the route is to give the canary weight 40"},
	{"… lower still",
         {second_step, route_0, early},
         "save release Retreating rolled_back from 40 n1!",
         "a retreat was begun before the agent restarted"},
	{"… and took it",
         {second_step, route_0, route_foreign, early},
         "write canary status Progressing",
         "waiting for the next check",
         1},
	{"… to where it came from",
         {second_step, route_20, due, passed, shared},
         "route 40",
         "the route is to give the canary weight 40"},
	{"… lower, and the check passes",
         {second_step, route_60, second_step, route_0, route_foreign, due, passed, shared},
         "save release Progressing to 40 seen 1 c1 n1",
         "the route was changed to weight 0 by another writer: back to 40"},
	{"… lower, and it fails",
         {second_step, route_0, route_foreign, due, failed},
         "save release Progressing from 20 to 40 f1 c1 n1",
         "Halt cart.shop advancement success rate 50.00% < 99% (failed check 1 o"},
	{"another raised it",
         {second_step, route_60, early},
         "route 40!",
         "the route is to give the canary weight 40"},
	{"… where the route is not seen",
         {second_step, route_60, route_unknown, early},
         "write canary status Progressing; see route",
         "the route was not seen yet"},
	{"a retreat was begun",
         {second_step, route_0, early, due},
         "save release Retreating rolled_back from 40 n1!",
         "a retreat was begun before the agent restarted"},
	{"the first step is not there",
         {progressing, route_0, early},
         "route 20",
         "the route is to give the canary weight 20"},
	{"… nor a Service",
         {progressing, route_0, service_absent, early},
         "canary service canary",
         "the canary service is to select the canary's pods"},
	{"another fights",
         {second_step, route_60, route_fought, due, passed, shared},
         "save release Progressing from 20 to 40 seen 1 c1 n1",
         "helm changes the route again and again, 5 times so far: it is put righ",
         1500},
	{"… and it holds",
         {second_step, route_fought, due, passed, shared},
         "save release Promoting from 20 to 40 seen 1 c1 n1",
         "Copying cart.shop template spec to cart-primary.shop"},
	{"… lower",
         {second_step, route_0, route_foreign, route_fought, due, passed, shared},
         "save release Progressing to 40 seen 1 c1 n1",
         "the route was changed to weight 0 by another writer: back to 40"},
	{"… with copies",
         {second_step, route_mirrored, route_fought, due, passed, shared},
         "save release Progressing from 20 to 40 seen 1 c1 n1",
         "helm changes the route again and again, 5 times so far: it is put righ",
         1500},
	{"no weights",
         {progressing, no_weights, due, passed},
         "save release Progressing from 20 to 40 c1 n1",
         "Advance cart.shop canary weight 40"},
	{"no weights, not asked",
         {progressing, no_weights, due},
         "measure 0; write canary status Progressing",
         "asking the metrics"},
	{"copies",
         {copies, early, route_mirrored},
         "write canary status Progressing",
         "waiting for the next check",
         1},
	{"copies, not sent yet",
         {copies, early},
         "route 0 mirrored",
         "the route is to send the canary copies of the requests"},
	{"copies, no Service",
         {copies, early, service_absent},
         "canary service canary",
         "the canary service is to select the canary's pods"},
	{"copies, checked",
         {copies, due, route_mirrored, passed},
         "save release Progressing to 20 c1 n1",
         "Advance cart.shop canary weight 20"},
	{"copies, asked",
         {copies, due, route_mirrored},
         "measure 0; write canary status Progressing",
         "asking the metrics"},
	{"copies, a weight",
         {copies, early, route_20},
         "route 0!",
         "the route is to give the canary weight 0"},
	{"blue/green",
         {blue_green, progressing, due, passed},
         "save release Progressing from 20 to 20 i1 c1 n1",
         "Advance cart.shop canary iteration 1/2"},
	{"blue/green, no weights",
         {blue_green, no_weights, progressing, due, passed},
         "save release Progressing from 20 to 20 i1 c1 n1",
         "Advance cart.shop canary iteration 1/2"},
	{"A/B",
         {progressing, ab, due, passed},
         "save release Progressing from 20 to 100 c1 n1",
         "the route was changed to weight 20 by another writer: back to 100"},
	{"the route is not exact",
         {progressing, early, route_inexact},
         "route 20",
         "the route is to give the canary weight 20"},
	{"… another raised it, too",
         {progressing, early, route_60, route_inexact},
         "route 20!",
         "the route is to give the canary weight 20"},
	{"no weight, no retreat",
         {second_step, no_weights, route_0, early},
         "write canary status Progressing",
         "waiting for the next check",
         1},
	{"no route, no retreat",
         {second_step, route_0, route_unknown, early},
         "write canary status Progressing; see route",
         "the route was not seen yet"},
	{"fails in a fight",
         {progressing, once_failed, due, failed, route_fought},
         "route 0!; save release Retreating rolled_back from 20 f2 c1 n3!",
         "Halt cart.shop advancement success rate 50.00% < 99%"},
	{"fails, the weight is off",
         {progressing, once_failed, due, failed, route_0},
         "save release Retreating rolled_back from 20 f2 c1 n3!",
         "Halt cart.shop advancement success rate 50.00% < 99%"},
	{"fails, copies are left",
         {progressing, once_failed, due, failed, route_0, route_mirrored},
         "route 0!; save release Retreating rolled_back from 20 f2 c1 n3!",
         "Halt cart.shop advancement success rate 50.00% < 99%"},
	{"fails in a fight, off",
         {progressing, once_failed, due, failed, route_0, route_fought},
         "save release Retreating rolled_back from 20 f2 c1 n3!",
         "Halt cart.shop advancement success rate 50.00% < 99%"},
	{"fails, route unseen",
         {progressing, once_failed, due, failed, route_unknown},
         "route 0!; save release Retreating rolled_back from 20 f2 c1 n3!",
         "Halt cart.shop advancement success rate 50.00% < 99%"},
	{"a short fight",
         {progressing, route_60, route_fought_less},
         "route 20!",
         "the route is to give the canary weight 20"},
	{"a fight of long ago",
         {progressing, route_60, route_fought_before},
         "route 20!",
         "the route is to give the canary weight 20"},
	{"a fight that began",
         {second_step, route_60, route_fought_long},
         "write canary status Progressing",
         "helm changes the route again and again, 4 times so far: it is put righ",
         500},
	{"a fight that goes on",
         {second_step, route_60, route_fought_more},
         "write canary status Progressing",
         "helm changes the route again and again, 6 times so far: it is put righ",
         3500},
	{"a fight without end",
         {second_step, route_60, route_fought_on_and_on},
         "write canary status Progressing",
         "helm changes the route again and again, 20 times so far: it is put rig",
         4000},
	{"a fight with nobody",
         {second_step, route_60, route_fought_by_nobody},
         "write canary status Progressing",
         "another writer changes the route again and again, 5 times so far: it i",
         1500},
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
