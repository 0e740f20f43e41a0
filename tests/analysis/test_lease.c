#include "analysis/base/compiler.h"
#include "analysis/lease.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW 1000000

/* Facts of an agent, what it does next and when it thinks again (0: not asked). */
static const struct {
	const char *what;
	struct lease_facts facts;
	enum lease_step step;
	int64_t wake;
} rows[] = {
	{"just started", {.now = {NOW}}, LEASE_STEP_READ, 0},
	{"… and stopping already", {.now = {NOW}, .is_stopping = true}, LEASE_STEP_NONE, 0},
	{"there is none", {.now = {NOW}, .is_known = true}, LEASE_STEP_CREATE, 0},
	{"nobody holds it",
         {.now = {NOW}, .is_known = true, .is_present = true},
         LEASE_STEP_TAKE,
         0},
	{"nobody holds it, and we stop",
         {.now = {NOW}, .is_known = true, .is_present = true, .is_stopping = true},
         LEASE_STEP_NONE,
         0},
	{"another holds it: look again soon",
         {.now = {NOW},
          .is_known = true,
          .is_present = true,
          .is_held = true,
          .duration = {15000},
          .changed = {NOW}},
         LEASE_STEP_NONE,
         NOW + LEASE_RETRY_MS},
	{"… no later than its end",
         {.now = {NOW},
          .is_known = true,
          .is_present = true,
          .is_held = true,
          .duration = {15000},
          .changed = {NOW - 14000}},
         LEASE_STEP_NONE,
         NOW + 1000},
	{"… it says nothing any more",
         {.now = {NOW},
          .is_known = true,
          .is_present = true,
          .is_held = true,
          .duration = {15000},
          .changed = {NOW - 15000}},
         LEASE_STEP_TAKE,
         0},
	{"… and we stop",
         {.now = {NOW},
          .is_known = true,
          .is_present = true,
          .is_held = true,
          .duration = {15000},
          .changed = {NOW - 15000},
          .is_stopping = true},
         LEASE_STEP_NONE,
         0},
	{"ours, renewed just now",
         {.now = {NOW},
          .is_known = true,
          .is_present = true,
          .is_held = true,
          .is_mine = true,
          .duration = {15000},
          .renewed = {NOW}},
         LEASE_STEP_NONE,
         NOW + LEASE_RETRY_MS},
	{"ours, due",
         {.now = {NOW},
          .is_known = true,
          .is_present = true,
          .is_held = true,
          .is_mine = true,
          .duration = {15000},
          .renewed = {NOW - LEASE_RETRY_MS}},
         LEASE_STEP_RENEW,
         0},
	{"ours from before a restart: renewed before it counts",
         {.now = {NOW},
          .is_known = true,
          .is_present = true,
          .is_held = true,
          .is_mine = true,
          .duration = {15000}},
         LEASE_STEP_RENEW,
         0},
	{"ours, and we stop",
         {.now = {NOW},
          .is_known = true,
          .is_present = true,
          .is_held = true,
          .is_mine = true,
          .duration = {15000},
          .renewed = {NOW},
          .is_stopping = true},
         LEASE_STEP_RELEASE,
         0},
	{"ours, and we stop once our writes are over",
         {.now = {NOW},
          .is_known = true,
          .is_present = true,
          .is_held = true,
          .is_mine = true,
          .duration = {15000},
          .renewed = {NOW},
          .is_writing = true,
          .is_stopping = true},
         LEASE_STEP_NONE,
         0},
	{"handed over, and we stop",
         {.now = {NOW}, .is_known = true, .is_present = true, .is_mine = true, .is_stopping = true},
         LEASE_STEP_NONE,
         0},
};

static void test_decide(void **state)
{
	for (size_t i = 0; i < array_length(rows); i++) {
		struct lease_plan plan = lease_decide(&rows[i].facts);

		if (plan.step != rows[i].step || plan.wake.ms != rows[i].wake)
			fail_msg("%s: step %d, wake %lld", rows[i].what, plan.step,
			         (long long)plan.wake.ms);
	}
}

static void test_allows(void **state)
{
	const struct lease_facts ours = {
		.now = {NOW},
		.is_known = true,
		.is_present = true,
		.is_held = true,
		.is_mine = true,
		.duration = {15000},
		.renewed = {NOW - 1000},
	};
	struct lease_facts facts = ours;

	assert_int_equal(lease_end(&facts).ms, NOW + 14000);
	assert_true(lease_allows(&facts, span_ms(12999)));
	assert_false(lease_allows(&facts,
	                          span_ms(13000))); /* with the skew it could end in time, or not */
	facts.is_stopping = true;
	assert_false(lease_allows(&facts, span_ms(1)));
	facts = ours;
	facts.is_mine = false;
	assert_int_equal(lease_end(&facts).ms, 0);
	assert_false(lease_allows(&facts, span_ms(1)));
	facts = ours;
	facts.is_held = false;
	assert_int_equal(lease_end(&facts).ms, 0);
	facts = ours;
	facts.is_present = false;
	assert_int_equal(lease_end(&facts).ms, 0);
	facts = ours;
	facts.is_known = false;
	assert_int_equal(lease_end(&facts).ms, 0);
	facts = ours;
	facts.renewed = (struct instant){0};
	assert_int_equal(lease_end(&facts).ms, 0);
}

/*
 * A model: agents that act on `lease_decide` alone, one object with a version, clocks that started
 * at different times and run up to 6 % apart, requests that take time, replies that are lost,
 * agents that stand still or start anew. An agent writes whenever it may; its writes last TIMEOUT
 * at most. Two at once is the failure that must not be.
 */
#define SEEDS   2000
#define STEPS   1500
#define STEP_MS 100 /* of real time */
#define TIMEOUT 3000
#define AGENTS  3

struct object {
	int version;
	int holder; /* 0: none */
	bool is_present;
};

struct agent {
	struct lease_facts facts;
	int64_t clock_offset;
	int64_t clock_rate;   /* in thousandths */
	int64_t asleep_until; /* real time */
	int seen_version;
	int64_t flight_ends; /* real time; 0: nothing under way */
	enum lease_step flight;
	int flight_version;    /* of the object when it was decided */
	int64_t flight_began;  /* its clock */
	int64_t writing_until; /* real time */
};

struct model {
	uint64_t random;
	int64_t now;
	struct object object;
	struct agent agents[AGENTS];
	unsigned n_writes;
	unsigned n_handovers;
	int last_writer;
};

static unsigned pick(struct model *model, unsigned n)
{
	model->random = model->random * 6364136223846793005U + 1442695040888963407U;
	return (unsigned)(model->random >> 33) % n;
}

static struct instant clock_of(const struct model *model, const struct agent *agent)
{
	return (struct instant){agent->clock_offset + model->now * agent->clock_rate / 1000};
}

/* The object as AGENT number I sees it now. */
static void look(struct model *model, int i)
{
	struct agent *agent = &model->agents[i];
	struct lease_facts *facts = &agent->facts;

	if (!facts->is_known || agent->seen_version != model->object.version)
		facts->changed = clock_of(model, agent);
	if (!(facts->is_mine && model->object.holder == i + 1))
		facts->renewed = (struct instant){0};
	agent->seen_version = model->object.version;
	facts->is_known = true;
	facts->is_present = model->object.is_present;
	facts->is_held = model->object.holder != 0;
	facts->is_mine = model->object.holder == i + 1;
	facts->duration = span_ms(LEASE_DURATION_MS);
}

/* The server carries out what is under way, if nobody was faster; the reply may be lost. */
static void land(struct model *model, int i, bool has_reply)
{
	struct agent *agent = &model->agents[i];
	enum lease_step flight = agent->flight;
	bool is_first = agent->flight_version == model->object.version;

	agent->flight_ends = 0;
	if (flight != LEASE_STEP_READ && is_first) {
		model->object.version++;
		model->object.is_present = true;
		model->object.holder = flight == LEASE_STEP_RELEASE ? 0 : i + 1;
	}
	if (!has_reply)
		return;
	look(model, i);
	if (is_first && (flight == LEASE_STEP_CREATE || flight == LEASE_STEP_TAKE ||
	                 flight == LEASE_STEP_RENEW))
		agent->facts.renewed = (struct instant){agent->flight_began};
}

static void restart(struct model *model, struct agent *agent)
{
	agent->facts = (struct lease_facts){0};
	agent->flight_ends = 0;
	agent->seen_version = -1;
	agent->clock_offset = 1000000 + pick(model, 1000000);
}

static void disturb(struct model *model, struct agent *agent)
{
	switch (pick(model, 400)) {
	case 0: /* it crashes and comes back; its writes may still land */
		restart(model, agent);
		break;
	case 1: /* it stands still */
	case 2:
		agent->asleep_until = model->now + pick(model, 40000);
		break;
	case 3:
		agent->facts.is_stopping = true;
		break;
	case 4:
		if (agent->facts.is_stopping)
			restart(model, agent);
		break;
	default:
		break;
	}
}

static void act(struct model *model, int i)
{
	struct agent *agent = &model->agents[i];
	struct lease_plan plan;

	disturb(model, agent);
	if (model->now < agent->asleep_until)
		return;
	if (agent->flight_ends != 0 && model->now >= agent->flight_ends)
		land(model, i, pick(model, 5) != 0);
	agent->facts.now = clock_of(model, agent);
	agent->facts.is_writing = model->now < agent->writing_until;
	if (lease_allows(&agent->facts, span_ms(TIMEOUT))) {
		agent->writing_until = model->now + TIMEOUT;
		model->n_writes++;
		model->n_handovers += model->last_writer != i;
		model->last_writer = i;
	}
	if (agent->flight_ends != 0)
		return;
	plan = lease_decide(&agent->facts);
	if (plan.step == LEASE_STEP_NONE && plan.wake.ms != 0 && pick(model, 10) == 0)
		plan.step = LEASE_STEP_READ; /* a watch tells, or the next look does */
	if (plan.step == LEASE_STEP_NONE)
		return;
	agent->flight = plan.step;
	agent->flight_version = agent->seen_version;
	agent->flight_began = agent->facts.now.ms;
	agent->flight_ends = model->now + 1 + pick(model, 2500);
}

static void run(struct model *model, uint64_t seed, int n_agents)
{
	*model = (struct model){.random = seed, .now = 1, .last_writer = -1};
	for (int i = 0; i < n_agents; i++) {
		model->agents[i].clock_rate = 970 + (int64_t)pick(model, 61);
		restart(model, &model->agents[i]);
	}
	for (int step = 0; step < STEPS; step++, model->now += STEP_MS) {
		int n_writing = 0;

		for (int i = 0; i < n_agents; i++) {
			act(model, i);
			n_writing += model->now < model->agents[i].writing_until;
		}
		if (n_writing > 1)
			fail_msg("seed %llu, step %d: %d agents write", (unsigned long long)seed,
			         step, n_writing);
	}
}

static void test_never_two_writers(void **state)
{
	struct model model;
	unsigned n_writes = 0;
	unsigned n_handovers = 0;

	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		run(&model, seed, 2 + (int)(seed % 2));
		n_writes += model.n_writes;
		n_handovers += model.n_handovers;
	}
	/* The model is worth something: they do write, and the lease does change hands. */
	assert_in_range(n_writes, SEEDS * 100, UINT32_MAX);
	assert_in_range(n_handovers, SEEDS * 2, UINT32_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decide),
		cmocka_unit_test(test_allows),
		cmocka_unit_test(test_never_two_writers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
