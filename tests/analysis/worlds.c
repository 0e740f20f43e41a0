#include "tests/analysis/worlds.h"

#include "analysis/base/text.h"
#include "tests/analysis/worlds_check.h"

#include <stdio.h>
#include <string.h>

#define INTERVAL 10000
#define CHECKS   2

/* One thing that varies; a value of it is put into a world by its name in the table at the end. */
struct dimension {
	const char *name;
	unsigned size;
	bool (*put)(struct world *world, unsigned value);
};

static bool put_strategy(struct world *world, unsigned value)
{
	struct canary_spec *spec = &world->spec;

	*spec = (struct canary_spec){
		.name = "cart",
		.k8s_namespace = "shop",
		.target = "cart",
		.primary = "cart-primary",
		.provider = "nginx",
		.route = {.weighs = true, .matches = true, .mirrors = true, .hold = span_ms(5000)},
		.strategy = STRATEGY_CANARY,
		.step_weight = 60,
		.max_weight = 90,
		.threshold = 2,
		.interval = span_ms(INTERVAL),
		.progress_deadline = span_ms(60000),
		.primary_ready_percent = 100,
		.canary_ready_percent = 100,
		.checks = {{.name = "request-success-rate",
	                    .kind = CHECK_SUCCESS_RATE,
	                    .has_min = true,
	                    .min = 99},
	                   {.name = "request-duration",
	                    .kind = CHECK_DURATION,
	                    .has_max = true,
	                    .max = 500}},
		.n_checks = CHECKS,
	};
	world->strategy = value;
	switch (value) {
	case 0:
		return true;
	case 1:
		spec->route.names_primary = true;
		spec->step_weights[0] = 30;
		spec->step_weights[1] = 60;
		spec->n_step_weights = 2;
		spec->step_weight_promotion = 25;
		spec->route.sticks = true;
		spec->affinity = (struct affinity_spec){.cookie = "cnry", .primary_cookie = "prim"};
		spec->step_weight = 0;
		return true;
	case 2:
		spec->strategy = STRATEGY_AB;
		spec->iterations = 2;
		return true;
	case 3:
		spec->route.names_primary = true;
		spec->strategy = STRATEGY_BLUE_GREEN;
		spec->iterations = 2;
		return true;
	case 4:
		spec->strategy = STRATEGY_BLUE_GREEN;
		spec->iterations = 2;
		spec->provider = "kubernetes";
		spec->route = (struct route_ability){.hold = span_ms(2000)};
		return true;
	case 5:
		spec->skip_analysis = true;
		return true;
	case 6:
		spec->mirror = true;
		return true;
	default:
		spec->strategy = STRATEGY_BLUE_GREEN;
		spec->iterations = 2;
		spec->mirror = true;
		return true;
	}
}

/* The weights of the run, by strategy (the value of put_strategy) and step: the first, the last,
 * one further or beside after an edit, none, and one step back. */
static void put_step(struct world *world, unsigned step)
{
	static const struct {
		int from;
		int to;
		int iteration;
		bool is_mirrored;
	} rows[][5] = {
		{{0, 60, 0}, {60, 100, 0}, {60, 90, 0}, {60, 0, 0}},
		{{0, 30, 0}, {30, 60, 0}, {30, 45, 0}, {60, 0, 0}, {60, 35, 0}},
		{{0, 100, 1}, {100, 100, 2}, {100, 100, 3}, {100, 0, 2}},
		{{0, 0, 1}, {0, 0, 2}, {0, 100, 3}, {100, 0, 3}},
		{{0, 0, 1}, {0, 0, 2}, {0, 0, 3}, {0, 0, 3}},
		{{0, 60, 0}, {60, 100, 0}, {60, 90, 0}, {60, 0, 0}},
		{{0, 0, 0, true}, {0, 60, 0}, {60, 90, 0}, {60, 0, 0}},
		{{0, 0, 1, true}, {0, 0, 2, true}, {0, 100, 3}, {100, 0, 3}},
	};
	struct release_status *status = &world->facts.newest.status;

	status->weight.from = rows[world->strategy][step].from;
	status->weight.to = rows[world->strategy][step].to;
	status->weight.is_mirrored = rows[world->strategy][step].is_mirrored;
	status->iteration = rows[world->strategy][step].iteration;
	if (!world->spec.affinity.cookie || status->weight.to == 0)
		return;
	status->cookies.canary = cookie_of(step == 0 ? "cnry" : "older", "1");
	status->cookies.primary = cookie_of("prim", "2");
}

/* Those of this run, none, or those of the run before. */
static struct cookies cookies_on_route(const struct world *world, unsigned value)
{
	struct cookies cookies = world->facts.newest.status.cookies;

	if (!world->spec.affinity.cookie || value == 6 || value == 8)
		return (struct cookies){0};
	if (!cookie_is_set(&cookies.canary))
		return world->facts.former.cookies;
	if (world->facts.route.weight == 0)
		cookies.primary = (struct cookie){0};
	return cookies;
}

static bool put_release(struct world *world, unsigned value)
{
	static const struct {
		enum release_cause cause;
		enum release_phase phase;
		enum release_outcome ending;
		enum release_outcome outcome;
		unsigned step; /* of put_step; 0 where none is */
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
		{CAUSE_REVISION, PHASE_PROGRESSING, OUTCOME_NONE, OUTCOME_NONE, 0},
		{CAUSE_REVISION, PHASE_PROGRESSING, OUTCOME_NONE, OUTCOME_NONE, 1},
		{CAUSE_REVISION, PHASE_PROGRESSING, OUTCOME_NONE, OUTCOME_NONE, 2},
		{CAUSE_REVISION, PHASE_PROMOTING, OUTCOME_NONE, OUTCOME_NONE, 1},
		{CAUSE_REVISION, PHASE_PROMOTING, OUTCOME_NONE, OUTCOME_NONE, 3}, /* withdrawn */
		{CAUSE_REVISION, PHASE_FINALISING, OUTCOME_NONE, OUTCOME_NONE},
		{CAUSE_REVISION, PHASE_RETREATING, OUTCOME_ROLLED_BACK, OUTCOME_NONE},
		{CAUSE_REVISION, PHASE_RETREATING, OUTCOME_SUPERSEDED, OUTCOME_NONE},
		{CAUSE_REVISION, PHASE_RETREATING, OUTCOME_FAILED_PROMOTION, OUTCOME_NONE},
		{CAUSE_REVISION, PHASE_DONE, OUTCOME_NONE, OUTCOME_PROMOTED},
		{CAUSE_REVISION, PHASE_DONE, OUTCOME_ROLLED_BACK, OUTCOME_ROLLED_BACK},
		{CAUSE_REVISION, PHASE_DONE, OUTCOME_NONE, OUTCOME_NONE}, /* nobody writes this */
		{CAUSE_REVISION, PHASE_DONE, OUTCOME_SUPERSEDED, OUTCOME_SUPERSEDED},
		{CAUSE_REVISION, PHASE_PROMOTING, OUTCOME_NONE, OUTCOME_NONE, 4}, /* a step back */
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
	newest->target_replicas = newest->primary_replicas = 2;
	facts->n_releases = is_first ? 1 : 13;
	if (world->spec.affinity.cookie)
		text_copy(facts->draw, "3");
	if (world->spec.affinity.cookie && !is_first)
		facts->former =
			(struct former_fact){.number = 1, .cookies.canary = cookie_of("cnry", "0")};
	newest->status.phase = rows[value].phase;
	newest->status.ending = rows[value].ending;
	newest->status.outcome = rows[value].outcome;
	newest->status.seq = 5;
	if (rows[value].phase != PHASE_NONE)
		newest->status.times.started = worlds_ago(100000);
	if (rows[value].phase == PHASE_PROGRESSING || rows[value].phase == PHASE_PROMOTING)
		put_step(world, rows[value].step);
	if (rows[value].step == 4 && world->spec.step_weight_promotion == 0)
		return false;
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
		text_copy(world->facts.change.digest, newest->cause == CAUSE_INIT ? "v2" : "v3");
		return newest->name[0] != '\0';
	case 8: /* the promoted one again */
		put_pods(target, 2, 2, true);
		text_copy(target->digest, world->facts.promoted.digest);
		return world->facts.promoted.name[0] != '\0' && strcmp(newest->digest, "v1") != 0;
	case 9:  /* its rollout may leave it without a pod */
	case 10: /* … too small to cover the primary's */
	case 11: /* … not ready to */
		put_pods(target, value == 10 ? 1 : 2, value == 9 ? 2 : 1, true);
		target->may_empty = true;
		return true;
	default: /* other fields only: defaults that were filled in */
		put_pods(target, 2, 2, true);
		text_copy(target->digest, "v2-defaulted");
		text_copy(world->facts.change.digest, "v2-defaulted");
		world->facts.change.kind = CHANGE_DEFAULTS;
		return newest->name[0] != '\0';
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
		break;
	case 3:
	case 6: /* none ready */
		put_pods(primary, 2, 0, true);
		break;
	default: /* some old pods serve */
		put_pods(primary, 2, 1, false);
		primary->may_empty = true;
		break;
	}
	return !is_new || facts->newest.name[0] != '\0';
}

static bool put_apex(struct world *world, unsigned value)
{
	struct service_fact *apex = &world->facts.apex;

	world->facts.primary_service = (struct service_fact){
		.slot.state = FACT_KNOWN, .backend = BACKEND_PRIMARY, .is_exact = true};
	world->facts.canary_service = (struct service_fact){
		.slot.state = FACT_KNOWN, .backend = BACKEND_CANARY, .is_exact = true};
	world->facts.primary_service.is_ours = value != 1; /* the user's own */
	world->facts.canary_service.is_ours = value != 1;
	apex->slot.state = FACT_KNOWN;
	apex->is_exact = true;
	apex->is_ours = true;
	apex->backend = BACKEND_PRIMARY;
	apex->since = worlds_ago(60000);
	switch (value) {
	case 0:
		return true;
	case 1:
		apex->backend = BACKEND_CANARY;
		if (world->spec.route.names_primary)
			world->facts.primary_service.backend = BACKEND_CANARY;
		return true;
	case 2: /* just now; where both count, one of two writes was seen */
		apex->since = worlds_ago(100);
		if (world->spec.route.names_primary)
			world->facts.primary_service.backend = BACKEND_CANARY;
		return true;
	case 3:
		*apex = (struct service_fact){0};
		return true;
	case 4:
		*apex = (struct service_fact){.slot.state = FACT_ABSENT};
		world->facts.canary_service.slot.state = FACT_ABSENT;
		return true;
	default: /* near the end of a teardown; given back with another selector */
		apex->backend = value == 5 ? BACKEND_CANARY : BACKEND_NONE;
		apex->is_ours = value == 5;
		world->facts.canary_service.slot.state = FACT_ABSENT;
		world->facts.primary_service.slot.state = FACT_ABSENT;
		return true;
	}
}

/* In the numbers of the run: nothing, the step before, this one, more, less. */
static bool put_route(struct world *world, unsigned value)
{
	const struct release_status *status = &world->facts.newest.status;
	struct route_fact *route = &world->facts.route;
	bool has_step = status->weight.from > 0 || status->weight.to > 0;
	int from = has_step ? status->weight.from : 30;
	int to = has_step ? status->weight.to : 60;
	const struct {
		int weight;
		bool is_ours;
		bool is_exact;
		int64_t age;
	} rows[] = {
		{0, true, true, 60000},       {0, false, true, 60000},
		{from, true, true, 60000},    {to, true, true, 60000},
		{to, true, true, 100},        {to + 5, false, true, 60000},
		{to - 7, false, true, 60000}, {to, true, false, 60000},
		{0, true, true, 100},         {0, false, false, 0}, /* the next two are not known */
		{0, false, false, 0},         {0, true, true, 60000}, /* with copies */
		{to, false, true, 60000}};

	if (value == 9)
		return world->spec.route.weighs;
	route->slot.state = value == 10 ? FACT_ABSENT : FACT_KNOWN;
	if (!world->spec.route.weighs) {
		route->is_exact = true;
		return value == 0;
	}
	if (value == 10)
		return true;
	route->is_mirrored = value > 10;
	if (value == 4 && world->strategy == 1)
		text_copy(route->pending, "the Gateway says no");
	route->weight = rows[value].weight;
	route->is_ours = rows[value].is_ours;
	route->is_made = value != 5; /* the user's own, taken over */
	route->is_exact = rows[value].is_exact;
	route->since = worlds_ago(rows[value].age);
	route->cookies = cookies_on_route(world, value);
	if ((value == 2 || value == 3) && route->weight == 0)
		return false; /* as the first */
	return route->weight >= 0 && route->weight <= SPEC_WEIGHT_FULL;
}

/* Of one subject after another: the last look at it failed, then the last write of it did. */
static bool put_failure(struct world *world, unsigned value)
{
	static const enum subject subjects[] = {
		SUBJECT_PRIMARY, SUBJECT_APEX,   SUBJECT_PRIMARY_SERVICE, SUBJECT_CANARY_SERVICE,
		SUBJECT_ROUTE,   SUBJECT_CANARY, SUBJECT_RELEASES,        SUBJECT_TARGET,
	};
	struct fact_slot *slot = facts_slot(&world->facts, subjects[value / 2]);

	if (subjects[value / 2] == SUBJECT_ROUTE && !world->spec.route.weighs)
		return false;
	if (value % 2 == 0) {
		slot->state = FACT_FAILED;
		return true;
	}
	slot->failures = 1;
	slot->retry_at = worlds_ago(-700);
	return slot->state == FACT_KNOWN || slot->state == FACT_ABSENT;
}

/* Things that are rarely so, one at a time. */
static bool put_rare(struct world *world, unsigned value)
{
	struct facts *facts = &world->facts;

	facts->now = (struct instant){WORLDS_NOW};
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
		text_copy(facts->refusal,
		          "spec.analysis.threshold: expected a whole number, got 1.5");
		text_copy(facts->refusal_reason, "InvalidSpec");
		return true;
	case 6: /* a write of the Release with unknown outcome */
		facts->releases.state = FACT_UNKNOWN;
		return true;
	case 7: /* the route cannot be written just now */
		facts->route.slot.failures = 2;
		facts->route.slot.retry_at = worlds_ago(-700);
		return true;
	case 8: /* no valid spec was ever seen */
		facts->has_spec = false;
		world->spec = (struct canary_spec){0};
		text_copy(facts->refusal, "spec.targetRef.name: expected a text, got nothing");
		text_copy(facts->refusal_reason, "InvalidSpec");
		return true;
	case 9: /* the Releases were not listed yet */
		facts->releases.state = FACT_FAILED;
		return facts->newest.name[0] == '\0';
	case 10:
		text_copy(facts->target.refusal, "it refers to ConfigMap x: not served yet");
		return true;
	case 11: /* … and now the Canary is gone */
		facts->has_spec = false;
		facts->is_deleted = true;
		world->spec = (struct canary_spec){0};
		return true;
	case 12: /* deleted, and not all of it was seen yet */
		facts->is_deleted = true;
		facts->canary_service.slot.state = FACT_FAILED;
		return true;
	case 13: /* something is to be told; it was told; it cannot be */
	case 14:
	case 15:
		facts->newest.status.notices[0] = (struct notice){.id = 60, .text = "told"};
		facts->newest.status.n_notices = 1;
		text_copy(facts->notices_release, facts->newest.uid);
		facts->notices_delivered = value == 14 ? 60 : 59;
		facts->events.failures = value == 15;
		facts->events.retry_at = worlds_ago(-700);
		return facts->newest.name[0] != '\0';
	case 32: /* another hand changed the route for the ninth time, just now */
		facts->route.rival =
			(struct rival_fact){.edits = 9, .last = worlds_ago(500), .by = "helm"};
		return world->spec.route.weighs && facts->route.slot.state == FACT_KNOWN;
	default:
		return put_failure(world, value - 16);
	}
}

static const struct dimension dimensions[] = {
	{"rare", 33, NULL},           {"check", 16, worlds_check},   {"route", 13, put_route},
	{"apex", 7, put_apex},        {"primary", 8, put_primary},   {"target", 13, put_target},
	{"release", 23, put_release}, {"strategy", 8, put_strategy},
};

uint64_t worlds_count(void)
{
	uint64_t count = 1;

	for (size_t i = 0; i < array_length(dimensions); i++)
		count *= dimensions[i].size;
	return count;
}

/* Rare things are rare: each is tried with a few values of the others only. */
static bool is_tried(const unsigned *values)
{
	bool is_progressing = values[6] >= 9 && values[6] <= 11;

	/* Copies are wanted in two phases only, and to be removed whatever the strategy is. */
	if (values[7] >= 6 && (values[6] < 8 || values[6] > 13))
		return false;
	if (values[2] >= 11 && values[7] != 0 && values[7] < 6)
		return false;
	/* A service that was given back is a matter of teardowns. */
	if (values[3] == 6 && values[0] != 2 && values[0] != 12)
		return false;
	if (values[0] == 0)
		return true;
	if (is_progressing ? values[1] != 4 && values[1] != 6 : values[1] != 1)
		return false;
	if (values[0] == 2 || values[0] == 12) /* a teardown has an order of its own */
		return values[2] != 1 && values[2] != 4 && values[7] % 2 == 0;
	return (values[2] == 0 || values[2] == 3 || values[2] >= 9) && values[3] != 2 &&
	       values[3] != 4 && values[7] % 2 == 0;
}

/* All of them, but not the many samples that no world has: most of the walk's time went there. */
static void clear(struct facts *facts)
{
	size_t from = offsetof(struct facts, samples) + CHECKS * sizeof(facts->samples[0]);
	size_t to = offsetof(struct facts, share);

	memset(facts, 0, from);
	memset((char *)facts + to, 0, sizeof(*facts) - to);
}

bool worlds_make(uint64_t number, struct world *ret)
{
	unsigned values[array_length(dimensions)];

	for (size_t i = 0; i < array_length(dimensions); i++) {
		values[i] = (unsigned)(number % dimensions[i].size);
		number /= dimensions[i].size;
	}
	if (!is_tried(values))
		return false;
	clear(&ret->facts);
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
