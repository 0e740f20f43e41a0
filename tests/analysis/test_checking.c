/* Steps and checks: what is done next, and why. Each row is one decision. */
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

static void put_share(struct model *model, enum sample_kind kind)
{
	model->truth.share = (struct sample_fact){
		.check = model->truth.newest.status.times.next_check_at,
		.kind = kind,
		.value = 0.25,
	};
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

static void passed(struct model *model)
{
	put_sample(model, SAMPLE_VALUE, 100);
}

static void shared(struct model *model)
{
	put_share(model, SAMPLE_VALUE);
}

static void share_before(struct model *model)
{
	put_share(model, SAMPLE_VALUE);
	model->truth.share.check.ms--;
}

static void share_unknown(struct model *model)
{
	put_share(model, SAMPLE_ERROR);
}

static void answered_before(struct model *model)
{
	put_sample(model, SAMPLE_VALUE, 100);
	model->truth.samples[0].check.ms--;
}

static void second_step(struct model *model)
{
	model->truth.newest.status.phase = PHASE_PROGRESSING;
	put_step(model, 20, 40, 60000);
}

static void far(struct model *model)
{
	put_due(model, -10001);
}

static void early(struct model *model)
{
	put_due(model, -1);
}

static void route_unknown(struct model *model)
{
	model->truth.route.slot.state = FACT_UNKNOWN;
}

static void route_just_now(struct model *model)
{
	model->truth.route.since = model->truth.now;
}

static void target_half(struct model *model)
{
	put_pods(&model->truth.target, 2, 1);
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

static void primary_half(struct model *model)
{
	put_pods(&model->truth.primary, 2, 1);
}

static void primary_absent(struct model *model)
{
	model->truth.primary = (struct workload_fact){.slot.state = FACT_ABSENT};
}

static void service_absent(struct model *model)
{
	model->truth.canary_service = (struct service_fact){.slot.state = FACT_ABSENT};
}

static void unready_just(struct model *model)
{
	model->truth.newest.status.times.not_ready_since.ms = model->truth.now.ms - 59999;
}

static void failed(struct model *model)
{
	put_sample(model, SAMPLE_VALUE, 50);
}

static void once_failed(struct model *model)
{
	model->truth.newest.status.failed_checks = 1;
}

static void route_60(struct model *model)
{
	model->truth.route.weight = 60;
}

static void primary_dead(struct model *model)
{
	put_pods(&model->truth.primary, 2, 0);
}

static void no_data(struct model *model)
{
	put_sample(model, SAMPLE_ABSENT, 0);
}

static void unmeasured_long(struct model *model)
{
	model->truth.newest.status.times.unmeasured_since.ms = model->truth.now.ms - 60000;
}

static void unmeasured(struct model *model)
{
	model->truth.newest.status.times.unmeasured_since.ms = model->truth.now.ms - 10000;
}

static void no_answer(struct model *model)
{
	put_sample(model, SAMPLE_ERROR, 0);
}

static void paused(struct model *model)
{
	text_copy(model->truth.newest.status.paused.action, "action-9");
	text_copy(model->truth.newest.status.paused.by, "bob");
}

static void route_0(struct model *model)
{
	model->truth.route.weight = 0;
}

static void route_foreign(struct model *model)
{
	model->truth.route.is_ours = false;
}

static void full(struct model *model)
{
	text_copy(model->truth.newest.status.full.action, "action-9");
}

static void ab(struct model *model)
{
	model->spec.strategy = STRATEGY_AB;
	model->spec.iterations = 2;
	model->truth.newest.status.weight.to = 100;
}

static void route_100(struct model *model)
{
	model->truth.route.weight = 100;
}

static void route_pending_long(struct model *model)
{
	text_copy(model->truth.route.pending, "Gateway says no");
	model->truth.route.since.ms = 1;
}

static void no_weights(struct model *model)
{
	model->spec.route.weighs = false;
}

static void read_primary(struct model *model)
{
	model->truth.primary.slot.read_at = model->truth.now;
}

static void read_target(struct model *model)
{
	model->truth.target.slot.read_at = model->truth.now;
}

static void route_pending(struct model *model)
{
	text_copy(model->truth.route.pending, "Gateway says no");
}

static void reasoned(struct model *model)
{
	text_copy(model->truth.newest.status.reason, "no values");
}

static void nothing_promoted(struct model *model)
{
	model->truth.promoted = (struct release_ref){0};
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

static void configs_failed(struct model *model)
{
	configs_unread(model);
	model->truth.configs.slot.failures = 3;
	text_copy(model->truth.configs.slot.error, "no configmap");
}

static const struct row {
	const char *what;
	given *given[8];
	const char *plan;
	const char *because; /* how the reason begins */
	int64_t wake;        /* ms from now; 0: none */
} rows[] = {
	{"not due",
         {progressing},
         "write canary status Progressing",
         "waiting for the next check",
         5000},
	{"due",
         {progressing, due},
         "measure 0; measure share; write canary status Progressing",
         "asking the metrics"},
	{"… answered",
         {progressing, due, passed, shared},
         "save release Progressing from 20 to 40 seen 1 c1 n1",
         "Advance cart.shop canary weight 40"},
	{"… without the share",
         {progressing, due, passed},
         "measure share; write canary status Progressing",
         "asking the metrics"},
	{"… the share of an earlier one",
         {progressing, due, passed, share_before},
         "measure share; write canary status Progressing",
         "asking the metrics"},
	{"… the share is not known",
         {progressing, due, passed, share_unknown},
         "save release Progressing from 20 to 40 c1 n1",
         "Advance cart.shop canary weight 40"},
	{"… an earlier answer",
         {progressing, due, answered_before, shared},
         "measure 0; write canary status Progressing",
         "asking the metrics"},
	{"… at the second step",
         {second_step, due, passed, shared},
         "save release Promoting from 20 to 40 seen 1 c1 n1",
         "Copying cart.shop template spec to cart-primary.shop"},
	{"… a day away",
         {progressing, far},
         "save release Progressing to 20",
         "the next check was further ahead than one interval"},
	{"… an interval away",
         {progressing, early},
         "write canary status Progressing",
         "waiting for the next check",
         1},
	{"… while the route is not seen",
         {progressing, due, passed, shared, route_unknown},
         "write canary status Progressing; see route",
         "the route was not seen yet"},
	{"… while it just rose",
         {progressing, due, passed, shared, route_just_now},
         "write canary status Progressing",
         "waiting until the new weight holds everywhere",
         1000},
	{"… while the canary breaks",
         {progressing, due, passed, shared, target_half},
         "save release Progressing to 20 unready 1",
         "canary deployment cart.shop not ready: waiting for rollout to finish: "},
	{"… while the canary breaks for long",
         {progressing, unready_read, target_half, receiver},
         "route 0!; save release Retreating rolled_back from 20 n2 a1 unready 1!",
         "canary deployment cart.shop not ready: waiting for rollout to finish: "},
	{"… while the primary breaks",
         {progressing, due, passed, shared, primary_half},
         "save release Progressing to 20 unready 1",
         "cart-primary.shop not ready: waiting for rollout to finish: 1 of 2 (re"},
	{"… while the primary is gone",
         {progressing, due, primary_absent},
         "primary release-1 x2; apex service canary; save release Progressing to 20 unready 1",
         "the primary gets the template of Release cart-1"},
	{"… a Service is gone",
         {progressing, due, passed, shared, service_absent},
         "canary service canary",
         "the canary service is to select the canary's pods"},
	{"… ready again",
         {progressing, due, unready_just},
         "save release Progressing to 20",
         "nothing to do"},
	{"… ready again, not due",
         {progressing, unready_just},
         "save release Progressing to 20",
         "nothing to do"},
	{"failed",
         {progressing, due, failed},
         "save release Progressing to 20 f1 c1 n1",
         "Halt cart.shop advancement success rate 50.00% < 99% (failed check 1 o"},
	{"… for the second time",
         {progressing, due, once_failed, failed, receiver},
         "route 0!; save release Retreating rolled_back from 20 f2 c1 n3 a1!",
         "Halt cart.shop advancement success rate 50.00% < 99%"},
	{"… without the share",
         {progressing, due, failed, route_60},
         "save release Progressing to 20 f1 c1 n1; route 20!",
         "Halt cart.shop advancement success rate 50.00% < 99% (failed check 1 o"},
	{"… and the primary broke",
         {progressing, due, failed, primary_dead},
         "save release Progressing to 20 f1 c1 n1; apex service canary",
         "Halt cart.shop advancement success rate 50.00% < 99% (failed check 1 o"},
	{"no data",
         {progressing, due, no_data, shared},
         "save release Progressing to 20 seen 1 c1 n1 unmeasured 1",
         "Halt advancement no values found for nginx metric request-success-rate"},
	{"… for long",
         {progressing, due, no_data, shared, unmeasured_long, receiver},
         "route 0!; save release Retreating rolled_back from 20 seen 1 c1 n2 a1 unmeasured 1!",
         "Halt advancement no values found for nginx metric request-success-rate"},
	{"… not for long",
         {progressing, due, no_data, shared, unmeasured},
         "save release Progressing to 20 seen 1 c1 n1 unmeasured 1",
         "Halt advancement no values found for nginx metric request-success-rate",
         50000},
	{"… for long, not due",
         {progressing, unmeasured_long, early},
         "route 0!; save release Retreating rolled_back from 20 n1 unmeasured 1!",
         "no check was measured within the progress deadline"},
	{"… for long, due",
         {progressing, unmeasured_long, due},
         "measure 0; measure share; write canary status Progressing",
         "asking the metrics"},
	{"… and now some",
         {progressing, due, passed, shared, unmeasured_long},
         "save release Progressing from 20 to 40 seen 1 c1 n1",
         "Advance cart.shop canary weight 40"},
	{"no answer",
         {progressing, due, no_answer, shared},
         "save release Progressing to 20 seen 1 c1 n1 unmeasured 1",
         "Prometheus query failed: silence"},
	{"paused",
         {progressing, paused, due, passed, shared},
         "save release Progressing to 20 seen 1 c1",
         "the checks pass; paused by bob"},
	{"paused, fails",
         {progressing, paused, due, failed},
         "save release Progressing to 20 f1 c1 n1",
         "Halt cart.shop advancement success rate 50.00% < 99% (failed check 1 o"},
	{"paused, lowered",
         {second_step, paused, route_0, route_foreign, due, passed, shared},
         "save release Progressing to 40 seen 1 c1 n1",
         "the route was changed to weight 0 by another writer: back to 40"},
	{"let through",
         {progressing, full},
         "save release Promoting to 20 n1",
         "Copying cart.shop template spec to cart-primary.shop"},
	{"let through, not there",
         {progressing, full, service_absent},
         "canary service canary",
         "the canary service is to select the canary's pods"},
	{"A/B, all matching requests",
         {progressing, ab, route_100, due, passed},
         "save release Progressing from 100 to 100 i1 c1 n1",
         "Advance cart.shop canary iteration 1/2"},
	{"not taken in, late",
         {progressing, early, route_pending_long, unready_read},
         "route 0!; save release Retreating rolled_back from 20 n2 unready 1!",
         "the route is not taken in yet: Gateway says no"},
	{"not taken in, where nothing weighs",
         {progressing, early, no_weights, route_pending_long, unready_read},
         "save release Progressing to 20",
         "nothing to do"},
	{"not taken in, not seen",
         {progressing, early, route_unknown, route_pending_long, unready_read},
         "save release Progressing to 20; see route",
         "the route was not seen yet"},
	{"not ready, only the primary was read",
         {progressing, early, target_half, unready_long, read_primary},
         "see target; write canary status Progressing",
         "canary deployment cart.shop not ready: waiting for rollout to finish: "},
	{"not ready, nothing but the route was not read",
         {progressing, early, target_half, unready_long, read_primary, read_target},
         "route 0!; save release Retreating rolled_back from 20 n2 unready 1!",
         "canary deployment cart.shop not ready: waiting for rollout to finish: "},
	{"… and it waits",
         {progressing, early, target_half, route_pending, unready_long, read_primary, read_target},
         "see route; write canary status Progressing",
         "canary deployment cart.shop not ready: waiting for rollout to finish: "},
	{"not measured for long, as it was said",
         {progressing, unmeasured_long, early, reasoned},
         "route 0!; save release Retreating rolled_back from 20 n1 unmeasured 1!",
         "no values"},
	{"nothing was promoted, the primary is gone",
         {progressing, early, primary_absent, nothing_promoted},
         "apex service canary; save release Progressing to 20 unready 1",
         "the apex service is to select the canary's pods"},
	{"configs that fail",
         {progressing, early, configs_failed},
         "see configs; write canary status Progressing",
         "waiting for the next check",
         1},
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
