#include "tests/analysis/worlds.h"

#include "analysis/base/text.h"

#include <stdio.h>
#include <string.h>

#define NOW      1000000000
#define INTERVAL 10000

/* One thing that varies; a value of it is put into a world by its name in the table at the end. */
struct dimension {
	const char *name;
	unsigned size;
	bool (*put)(struct world *world, unsigned value);
};

static struct instant ago(int64_t ms)
{
	return (struct instant){NOW - ms};
}

static bool put_strategy(struct world *world, unsigned value)
{
	struct canary_spec *spec = &world->spec;

	*spec = (struct canary_spec){
		.name = "cart",
		.k8s_namespace = "shop",
		.target = "cart",
		.primary = "cart-primary",
		.provider = "nginx",
		.route = {.weighs = true, .matches = true, .hold = span_ms(5000)},
		.strategy = STRATEGY_CANARY,
		.step_weight = 30,
		.max_weight = 60,
		.threshold = 2,
		.interval = span_ms(INTERVAL),
		.progress_deadline = span_ms(60000),
		.primary_ready_percent = 100,
		.canary_ready_percent = 100,
		.checks = {{.name = "request-success-rate", .kind = CHECK_SUCCESS_RATE, .has_min = true, .min = 99},
			   {.name = "request-duration", .kind = CHECK_DURATION, .has_max = true, .max = 500}},
		.n_checks = 2,
	};
	switch (value) {
	case 0:
		return true;
	case 1:
		spec->step_weights[0] = 30;
		spec->step_weights[1] = 60;
		spec->n_step_weights = 2;
		spec->step_weight = 0;
		return true;
	case 2:
		spec->strategy = STRATEGY_AB;
		spec->iterations = 2;
		return true;
	case 3:
		spec->strategy = STRATEGY_BLUE_GREEN;
		spec->iterations = 2;
		return true;
	case 4:
		spec->strategy = STRATEGY_BLUE_GREEN;
		spec->iterations = 2;
		spec->provider = "kubernetes";
		spec->route = (struct route_ability){.hold = span_ms(2000)};
		return true;
	default:
		spec->skip_analysis = true;
		return true;
	}
}

static bool put_release(struct world *world, unsigned value)
{
	static const struct {
		enum release_cause cause;
		enum release_phase phase;
		enum release_outcome ending;
		enum release_outcome outcome;
	} rows[] = {
		{CAUSE_NONE, PHASE_NONE, OUTCOME_NONE, OUTCOME_NONE},
		{CAUSE_INIT, PHASE_NONE, OUTCOME_NONE, OUTCOME_NONE},
		{CAUSE_INIT, PHASE_STARTING, OUTCOME_NONE, OUTCOME_NONE},
		{CAUSE_INIT, PHASE_FINALISING, OUTCOME_NONE, OUTCOME_NONE},
		{CAUSE_INIT, PHASE_RETREATING, OUTCOME_SUPERSEDED, OUTCOME_NONE},
		{CAUSE_INIT, PHASE_DONE, OUTCOME_SUPERSEDED, OUTCOME_SUPERSEDED},
		{CAUSE_INIT, PHASE_DONE, OUTCOME_NONE, OUTCOME_PROMOTED},
		{CAUSE_REVISION, PHASE_NONE, OUTCOME_NONE, OUTCOME_NONE},
		{CAUSE_REVISION, PHASE_STARTING, OUTCOME_NONE, OUTCOME_NONE},
		{CAUSE_REVISION, PHASE_PROGRESSING, OUTCOME_NONE, OUTCOME_NONE},
		{CAUSE_REVISION, PHASE_PROMOTING, OUTCOME_NONE, OUTCOME_NONE},
		{CAUSE_REVISION, PHASE_FINALISING, OUTCOME_NONE, OUTCOME_NONE},
		{CAUSE_REVISION, PHASE_RETREATING, OUTCOME_ROLLED_BACK, OUTCOME_NONE},
		{CAUSE_REVISION, PHASE_RETREATING, OUTCOME_SUPERSEDED, OUTCOME_NONE},
		{CAUSE_REVISION, PHASE_RETREATING, OUTCOME_FAILED_PROMOTION, OUTCOME_NONE},
		{CAUSE_REVISION, PHASE_DONE, OUTCOME_NONE, OUTCOME_PROMOTED},
		{CAUSE_REVISION, PHASE_DONE, OUTCOME_ROLLED_BACK, OUTCOME_ROLLED_BACK},
	};
	struct facts *facts = &world->facts;
	struct release *newest = &facts->newest;
	bool is_first = rows[value].cause == CAUSE_INIT;

	facts->releases.state = rows[value].cause == CAUSE_NONE ? FACT_ABSENT : FACT_KNOWN;
	if (rows[value].cause == CAUSE_NONE)
		return true;
	text_copy(newest->name, is_first ? "cart-1" : "cart-2");
	text_copy(newest->uid, is_first ? "release-1" : "release-2");
	text_copy(newest->digest, is_first ? "v1" : "v2");
	text_copy(newest->resource_version, "9");
	newest->number = is_first ? 1 : 2;
	newest->cause = rows[value].cause;
	newest->target_replicas = 2;
	newest->primary_replicas = 2;
	newest->status.phase = rows[value].phase;
	newest->status.ending = rows[value].ending;
	newest->status.outcome = rows[value].outcome;
	newest->status.seq = 5;
	if (rows[value].phase != PHASE_NONE)
		newest->status.times.started = ago(100000);
	if (rows[value].phase == PHASE_PROGRESSING || rows[value].phase == PHASE_PROMOTING) {
		newest->status.weight.from = 30;
		newest->status.weight.to = 60;
	}
	if (!is_first) {
		text_copy(facts->promoted.name, "cart-1");
		text_copy(facts->promoted.uid, "release-1");
		text_copy(facts->promoted.digest, "v1");
	}
	if (rows[value].outcome == OUTCOME_PROMOTED) {
		text_copy(facts->promoted.name, newest->name);
		text_copy(facts->promoted.uid, newest->uid);
		text_copy(facts->promoted.digest, newest->digest);
	}
	return true;
}

/* Fill in counts: READY pods of REPLICAS, of the newest template when IS_UPDATED. */
static void put_pods(struct workload_fact *workload, int replicas, int ready, bool is_updated)
{
	workload->slot.state = FACT_KNOWN;
	workload->is_observed = true;
	workload->replicas = replicas;
	workload->updated = is_updated ? replicas : 0;
	workload->total = replicas;
	workload->ready = ready;
	workload->available = ready;
	text_copy(workload->resource_version, "7");
}

static bool put_target(struct world *world, unsigned value)
{
	struct workload_fact *target = &world->facts.target;
	const struct release *newest = &world->facts.newest;
	const char *digest = newest->name[0] ? newest->digest : "v1";

	text_copy(target->digest, digest);
	switch (value) {
	case 0:
		return true;
	case 1:
		target->slot.state = FACT_FAILED;
		return true;
	case 2:
		target->slot.state = FACT_ABSENT;
		return true;
	case 3:
		put_pods(target, 0, 0, true);
		return true;
	case 4:
		put_pods(target, 2, 0, true);
		return true;
	case 5:
		put_pods(target, 2, 2, true);
		return true;
	case 6: /* a newer revision */
		put_pods(target, 2, 1, false);
		text_copy(target->digest, "v3");
		text_copy(world->facts.change.digest, "v3");
		world->facts.change.kind = CHANGE_REAL;
		return newest->name[0] != '\0';
	case 7: /* a newer one, not compared yet */
		put_pods(target, 2, 2, true);
		text_copy(target->digest, "v3");
		return newest->name[0] != '\0';
	case 8: /* the promoted one again */
		put_pods(target, 2, 2, true);
		text_copy(target->digest, world->facts.promoted.digest);
		return world->facts.promoted.name[0] != '\0' && strcmp(newest->digest, "v1") != 0;
	default:
		put_pods(target, 2, 2, true);
		target->may_empty = true;
		return true;
	}
}

static bool put_primary(struct world *world, unsigned value)
{
	struct workload_fact *primary = &world->facts.primary;
	const struct facts *facts = &world->facts;
	bool is_new = value >= 5;

	text_copy(primary->release_uid, is_new ? facts->newest.uid : facts->promoted.uid);
	switch (value) {
	case 0:
		return true;
	case 1:
		primary->slot.state = FACT_ABSENT;
		return true;
	case 2:
	case 5:
		put_pods(primary, 2, 2, true);
		return !is_new || facts->newest.name[0] != '\0';
	case 3:
	case 6: /* none ready */
		put_pods(primary, 2, 0, true);
		return !is_new || facts->newest.name[0] != '\0';
	case 4:
	case 7: /* some old pods serve */
		put_pods(primary, 2, 1, false);
		return !is_new || facts->newest.name[0] != '\0';
	default:
		return false;
	}
}

static bool put_apex(struct world *world, unsigned value)
{
	struct service_fact *apex = &world->facts.apex;

	world->facts.primary_service =
		(struct service_fact){.slot.state = FACT_KNOWN, .backend = BACKEND_PRIMARY, .is_exact = true};
	world->facts.canary_service =
		(struct service_fact){.slot.state = FACT_KNOWN, .backend = BACKEND_CANARY, .is_exact = true};
	apex->slot.state = FACT_KNOWN;
	apex->is_exact = true;
	apex->backend = BACKEND_PRIMARY;
	apex->since = ago(60000);
	switch (value) {
	case 0:
		return true;
	case 1:
		apex->backend = BACKEND_CANARY;
		return true;
	case 2:
		apex->since = ago(100);
		return true;
	case 3:
		*apex = (struct service_fact){0};
		return true;
	default:
		*apex = (struct service_fact){.slot.state = FACT_ABSENT};
		world->facts.canary_service.slot.state = FACT_ABSENT;
		return true;
	}
}

static bool put_route(struct world *world, unsigned value)
{
	struct route_fact *route = &world->facts.route;
	static const struct {
		int weight;
		bool is_ours;
		bool is_exact;
		int64_t age;
	} rows[] = {{0, true, true, 60000},  {0, false, true, 60000}, {30, true, true, 60000},
		    {60, true, true, 60000}, {60, true, true, 100},   {90, false, true, 60000},
		    {10, false, true, 60000}, {60, true, false, 60000}};

	if (!world->spec.route.weighs) {
		route->slot.state = FACT_KNOWN;
		route->is_exact = true;
		return value == 0;
	}
	if (value == 8)
		return true;
	if (value == 9) {
		route->slot.state = FACT_ABSENT;
		return true;
	}
	route->slot.state = FACT_KNOWN;
	route->weight = rows[value].weight;
	route->is_ours = rows[value].is_ours;
	route->is_exact = rows[value].is_exact;
	route->since = ago(rows[value].age);
	return true;
}

static void put_sample(struct world *world, size_t index, enum sample_kind kind, double value)
{
	struct sample_fact *sample = &world->facts.samples[index];

	sample->check = world->facts.newest.status.times.next_check_at;
	sample->kind = kind;
	sample->value = value;
	if (kind != SAMPLE_VALUE)
		text_copy(sample->text, "no answer");
}

/* When the check is, what was answered, which deadlines run. */
static bool put_check(struct world *world, unsigned value)
{
	struct release_status *status = &world->facts.newest.status;
	bool is_open = release_is_open(&world->facts.newest);

	status->times.next_check_at = value == 0 ? ago(-5000) : ago(1);
	switch (value) {
	case 0: /* not due */
	case 1: /* due, nothing asked */
		return true;
	case 2: /* half answered, well */
		put_sample(world, 0, SAMPLE_VALUE, 99.5);
		break;
	case 3: /* all well, the share not seen yet */
		put_sample(world, 0, SAMPLE_VALUE, 99.5);
		put_sample(world, 1, SAMPLE_VALUE, 20);
		break;
	case 4: /* all well */
		put_sample(world, 0, SAMPLE_VALUE, 99.5);
		put_sample(world, 1, SAMPLE_VALUE, 20);
		world->facts.share =
			(struct sample_fact){.check = ago(1), .kind = SAMPLE_VALUE, .value = 0.6};
		break;
	case 5: /* the second fails, the first is still asked */
		put_sample(world, 1, SAMPLE_VALUE, 900);
		break;
	case 6: /* … for the last time */
		put_sample(world, 1, SAMPLE_VALUE, 900);
		status->failed_checks = 1;
		break;
	case 7:
		put_sample(world, 0, SAMPLE_ABSENT, 0);
		put_sample(world, 1, SAMPLE_ERROR, 0);
		world->facts.share = (struct sample_fact){.check = ago(1), .kind = SAMPLE_ERROR};
		break;
	case 8: /* unmeasured for too long */
		status->times.unmeasured_since = ago(60001);
		break;
	case 9: /* answers of an older check count for nothing */
		put_sample(world, 0, SAMPLE_VALUE, 0);
		world->facts.samples[0].check = ago(20000);
		break;
	case 10: /* the clock jumped */
		status->times.next_check_at = ago(-500000);
		break;
	case 11:
		status->times.not_ready_since = ago(1000);
		break;
	default:
		status->times.not_ready_since = ago(60001);
		break;
	}
	return is_open;
}

/* Things that are rarely so, one at a time. */
static bool put_rare(struct world *world, unsigned value)
{
	struct facts *facts = &world->facts;

	facts->now = (struct instant){NOW};
	facts->has_spec = true;
	facts->canary.state = FACT_KNOWN;
	text_copy(facts->canary_uid, "canary-1");
	facts->canary_generation = 1;
	switch (value) {
	case 0:
		return true;
	case 1:
		world->spec.suspend = true;
		return true;
	case 2:
		facts->is_deleted = true;
		return true;
	case 3:
		facts->is_quarantined = true;
		return true;
	case 4:
		facts->is_moved = true;
		return true;
	case 5:
		text_copy(facts->refusal, "spec.analysis.threshold: expected a whole number, got 1.5");
		text_copy(facts->refusal_reason, "InvalidSpec");
		return true;
	case 6: /* a write of the Release with unknown outcome */
		facts->releases.state = FACT_UNKNOWN;
		return true;
	case 7: /* the route cannot be written just now */
		facts->route.slot.failures = 2;
		facts->route.slot.retry_at = ago(-700);
		return true;
	case 8: /* no valid spec was ever seen */
		facts->has_spec = false;
		text_copy(facts->refusal, "spec.targetRef.name: expected a text, got nothing");
		text_copy(facts->refusal_reason, "InvalidSpec");
		return facts->newest.name[0] == '\0';
	case 9: /* the Releases were not listed yet */
		facts->releases.state = FACT_FAILED;
		return facts->newest.name[0] == '\0';
	default:
		text_copy(facts->target.refusal, "it refers to ConfigMap x: not served yet");
		return true;
	}
}

static const struct dimension dimensions[] = {
	{"rare", 11, NULL},	 {"check", 13, put_check},   {"route", 10, put_route},	{"apex", 5, put_apex},
	{"primary", 8, put_primary}, {"target", 10, put_target}, {"release", 17, put_release},
	{"strategy", 6, put_strategy},
};

uint64_t worlds_count(void)
{
	uint64_t count = 1;

	for (size_t i = 0; i < array_length(dimensions); i++)
		count *= dimensions[i].size;
	return count;
}

bool worlds_make(uint64_t number, struct world *ret)
{
	unsigned values[array_length(dimensions)];

	memset(&ret->facts, 0, sizeof(ret->facts));
	for (size_t i = 0; i < array_length(dimensions); i++) {
		values[i] = (unsigned)(number % dimensions[i].size);
		number /= dimensions[i].size;
	}
	/* Rare things are rare: they are tried where the check is one of the first few. */
	if (values[0] != 0 && values[1] != 1 && values[1] != 4 && values[1] != 6)
		return false;
	for (size_t i = array_length(dimensions); i-- > 1;) {
		if (!dimensions[i].put(ret, values[i]))
			return false;
	}
	return put_rare(ret, values[0]);
}

void worlds_describe(uint64_t number, char *ret, size_t size)
{
	size_t used = 0;

	for (size_t i = 0; i < array_length(dimensions); i++) {
		text_format(ret + used, size - used, "%s %u  ", dimensions[i].name,
			    (unsigned)(number % dimensions[i].size));
		number /= dimensions[i].size;
		used = strlen(ret);
	}
}
