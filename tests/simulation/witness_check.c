#include "tests/simulation/witness_check.h"

#include "analysis/rival.h"
#include "tests/simulation/front.h"
#include "tests/simulation/witness_hook.h"
#include "tests/simulation/witness_world.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SUCCESS_MIN        99 /* or, asked tightly, */
#define SUCCESS_MIN_TIGHT  100
#define DURATION_MAX       500
#define DURATION_MAX_TIGHT 100
#define EDITED_MS          70000
#define FORGOTTEN_MS       2000
#define EDITED_LONG_MS     200000 /* with watches that are silent, and stale lists */

enum question {
	QUESTION_SUCCESS,
	QUESTION_DURATION,
};

int witness_check_question(const char *query)
{
	if (strstr(query, "custom_"))
		return strstr(query, "custom_duration") ? QUESTION_DURATION : QUESTION_SUCCESS;
	if (strstr(query, "increase"))
		return -1;
	return strstr(query, "duration_seconds_sum") || strstr(query, "histogram_quantile")
	               ? QUESTION_DURATION
	               : QUESTION_SUCCESS;
}

/* What one finite number says. */
static enum witness_verdict judge(const struct http_reply *reply, int question)
{
	const char *at = NULL;
	char *end;
	double value;
	bool passes;
	bool fails;

	if (reply->error.kind == ERR_NONE && reply->status == 200 && reply->body)
		at = strstr(reply->body, "\"value\":[1,\"");
	if (!at || strstr(at + 1, "\"value\":"))
		return WITNESS_VERDICT_NONE;
	at += strlen("\"value\":[1,\"");
	value = strtod(at, &end);
	if (end == at || *end != '"' || !isfinite(value))
		return WITNESS_VERDICT_NONE;
	passes = question == QUESTION_DURATION ? value <= DURATION_MAX_TIGHT
	                                       : value >= SUCCESS_MIN_TIGHT;
	fails = question == QUESTION_DURATION ? value > DURATION_MAX : value < SUCCESS_MIN;
	return passes  ? WITNESS_VERDICT_PASS
	       : fails ? WITNESS_VERDICT_FAIL
	               : WITNESS_VERDICT_EITHER;
}

/* The spec that is in force may be another than the one that stands. */
static bool was_edited(struct simulation *simulation, int canary)
{
	const struct witness_times *times = &simulation->witness.times[canary];
	struct instant now = witness_world_now(simulation);

	return instant_between(times->edited, now).ms < EDITED_MS ||
	       instant_is_before(now, times->struck);
}

/* Checks go on, also while a promotion waits. */
static bool is_checking(const struct witness_run *run)
{
	return run->phase == PHASE_PROGRESSING || run->phase == PHASE_WAITING_PROMOTION;
}

/* The failing answer that ends the run. */
static bool is_last_straw(struct simulation *simulation, int agent,
                          const struct witness_flight *flight)
{
	struct witness *witness = &simulation->witness;
	const struct witness_run *run = &witness->runs[flight->canary];
	int threshold = simulation->truth.canaries[flight->canary].threshold;

	return !was_edited(simulation, flight->canary) && agent == witness->leader &&
	       is_checking(run) && run->uid[0] && run->outcome == OUTCOME_NONE &&
	       !instant_is_before(flight->left, run->written) &&
	       !instant_is_before(flight->clock, run->next_check_at) &&
	       run->failed_checks + 1 >= (threshold > 0 ? threshold : 1);
}

void witness_check_told(struct simulation *simulation, int agent,
                        const struct witness_flight *flight, const struct http_reply *reply)
{
	struct witness *witness = &simulation->witness;
	struct witness_told *told;

	if (flight->question < 0 || flight->canary < 0)
		return;
	told = &witness->agents[agent].told[flight->canary][flight->question];
	told->verdict = judge(reply, flight->question);
	told->asked = flight->clock;
	told->asked_most = flight->clock_most;
	told->asked_truly = flight->left;
	told->told = witness_world_now(simulation);
	if (told->verdict == WITNESS_VERDICT_FAIL && is_last_straw(simulation, agent, flight) &&
	    !instant_is_set(witness->duties[flight->canary][WITNESS_DUTY_RETREAT]))
		witness->duties[flight->canary][WITNESS_DUTY_RETREAT] =
			witness_world_now(simulation);
}

/* Of one check: asked by this process, after it was due, if only by what its clock said before it
 * jumped, and after what was concluded last. */
static bool is_of_check(struct simulation *simulation, const struct witness_told *told,
                        const struct witness_run *old, const struct crew_agent *process)
{
	return !instant_is_before(told->asked_most, old->next_check_at) &&
	       !instant_is_before(told->asked_truly, old->concluded) &&
	       (simulation->witness.is_posthumous ||
	        !instant_is_before(told->asked_truly, process->began));
}

static void check_due(struct simulation *simulation, int agent, int canary,
                      const struct witness_run *run)
{
	const struct witness_run *old = &simulation->witness.runs[canary];
	int interval = simulation->truth.canaries[canary].interval;
	bool is_edited = was_edited(simulation, canary);
	const struct witness_agent *of = &simulation->witness.agents[agent];
	struct instant now = witness_world_now(simulation);
	struct instant clock = instant_after(now, of->offset);

	if (instant_is_set(of->offset_changed) &&
	    instant_between(of->offset_changed, now).ms < WITNESS_JUMP_MS)
		return;
	if (instant_is_before(clock, old->next_check_at))
		witness_accuse(simulation, "%s: a check counts %d ms before it is due", run->name,
		               (int)instant_between(clock, old->next_check_at).ms);
	if (run->phase == PHASE_PROGRESSING && !is_edited &&
	    instant_between(old->next_check_at, run->next_check_at).ms < interval * 1000)
		witness_accuse(simulation, "%s: the next check follows after %d ms", run->name,
		               (int)instant_between(old->next_check_at, run->next_check_at).ms);
}

/* The failed check that reaches the threshold ends the run, in the same write. */
static void check_threshold(struct simulation *simulation, int canary,
                            const struct witness_run *run)
{
	const struct truth_canary *truth = &simulation->truth.canaries[canary];
	int threshold = truth->threshold > 0 ? truth->threshold : 1;

	if (run->failed_checks >= threshold && is_checking(run) && !truth->is_invalid &&
	    !was_edited(simulation, canary))
		witness_accuse(simulation, "%s: goes on after %d failed checks of %d", run->name,
		               run->failed_checks, threshold);
}

/* Asked while nobody knew what became of a save, which may have begun the check anew. */
static bool is_of_unknown(const struct witness_agent *of, int canary,
                          const struct witness_told *told)
{
	struct span since = instant_between(of->canary_troubled[canary], told->asked_truly);

	return since.ms >= 0 && since.ms < FORGOTTEN_MS;
}

/* A later check is set while the run goes on; nobody edited it or meddled with its clock. */
static bool is_next(struct simulation *simulation, int agent, int canary,
                    const struct witness_run *run, const struct witness_flight *flight)
{
	const struct witness_agent *of = &simulation->witness.agents[agent];
	const struct witness_run *old = &simulation->witness.runs[canary];
	struct instant now = witness_world_now(simulation);

	return flight && old->phase == PHASE_PROGRESSING && run->phase == PHASE_PROGRESSING &&
	       instant_is_before(old->next_check_at, run->next_check_at) &&
	       instant_between(simulation->witness.times[canary].edited, now).ms >=
	               EDITED_LONG_MS &&
	       !simulation->witness.is_posthumous &&
	       (!instant_is_set(of->offset_changed) ||
	        instant_between(of->offset_changed, now).ms >= WITNESS_JUMP_MS);
}

/* It came before the save left, which was decided with it, and after the one before. */
static bool is_in_time(const struct witness_agent *of, int canary, const struct witness_told *told,
                       const struct witness_run *old, const struct witness_flight *flight)
{
	return !instant_is_before(told->asked, old->next_check_at) &&
	       instant_is_before(old->written, told->asked_truly) &&
	       !instant_is_before(flight->left, told->told) &&
	       instant_between(told->told, flight->left).ms < FORGOTTEN_MS &&
	       !is_of_unknown(of, canary, told);
}

/* A later check is set, and nothing of this one was counted: so no answer to it may have failed,
 * but for one that came too late for the save, or that was forgotten while the lease was lost. */
static void check_counted(struct simulation *simulation, int agent, int canary,
                          const struct witness_run *run, const struct witness_flight *flight)
{
	const struct witness_agent *of = &simulation->witness.agents[agent];
	const struct witness_run *old = &simulation->witness.runs[canary];
	const struct witness_told *told = of->told[canary];

	if (!is_next(simulation, agent, canary, run, flight))
		return;
	for (int i = 0; i < WITNESS_QUESTIONS; i++) {
		if (told[i].verdict == WITNESS_VERDICT_FAIL &&
		    is_in_time(of, canary, &told[i], old, flight) &&
		    is_of_check(simulation, &told[i], old, &simulation->crew.agents[agent]))
			witness_accuse(simulation, "%s: a check failed, and is not counted",
			               run->name);
	}
}

/* An answer counts that was asked before the run's weight had held, by whoever gave it. Of two that
 * fight about the route the checks go on meanwhile. */
static void check_held(struct simulation *simulation, int agent, int canary,
                       const struct witness_run *run, const struct witness_told *told)
{
	const struct witness_times *times = &simulation->witness.times[canary];
	const struct truth_canary *truth = &simulation->truth.canaries[canary];
	struct span hold = witness_world_hold(truth);

	if (times->weighed_by != agent || !front_is_weighed(truth) ||
	    !instant_is_before(truth->meddled, times->weighed) || truth->n_meddled > RIVAL_EDITS ||
	    instant_is_before(told->asked_truly, times->weighed_from) ||
	    !instant_is_before(told->asked_truly, instant_after(times->weighed, hold)))
		return;
	witness_accuse(simulation, "%s: a step on what was asked %d ms after its weight was given",
	               run->name, (int)instant_between(times->weighed, told->asked_truly).ms);
}

/* Pods are not ready, or were not a moment ago, as far as the watches told: a check is then begun
 * anew. */
static bool is_poor(const struct simulation *simulation, int canary, struct instant now)
{
	const struct witness_times *times = &simulation->witness.times[canary];
	int64_t moment = instant_is_before(now, times->struck) ? WITNESS_UNTOLD_MS : FORGOTTEN_MS;

	return instant_between(times->target_poor, now).ms < moment ||
	       instant_between(times->primary_poor, now).ms < moment;
}

/* The next check is set as if one had been concluded, whose answers all passed: that is a step,
 * unless the check gave back a weight that another hand had lowered. */
static void check_stepped(struct simulation *simulation, int agent, int canary,
                          const struct witness_run *run, const struct witness_flight *flight)
{
	const struct witness_agent *of = &simulation->witness.agents[agent];
	const struct witness_run *old = &simulation->witness.runs[canary];
	const struct truth_canary *truth = &simulation->truth.canaries[canary];
	const struct witness_told *told = of->told[canary];

	if (!is_next(simulation, agent, canary, run, flight) || truth->hooks != 0 ||
	    !instant_is_before(truth->meddled, old->written) || truth->n_meddled > RIVAL_EDITS ||
	    is_poor(simulation, canary, witness_world_now(simulation)) ||
	    (front_is_weighed(truth) && simulation->witness.worlds[canary].weight != old->weight))
		return;
	for (int i = 0; i < WITNESS_QUESTIONS; i++) {
		if (told[i].verdict != WITNESS_VERDICT_PASS ||
		    !is_in_time(of, canary, &told[i], old, flight) ||
		    !is_of_check(simulation, &told[i], old, &simulation->crew.agents[agent]))
			return;
	}
	witness_accuse(simulation, "%s: each answer of a check passed, and no step is taken",
	               run->name);
}

void witness_check_concluded(struct simulation *simulation, int agent, int canary,
                             struct witness_run *run, const struct witness_flight *flight)
{
	struct witness *witness = &simulation->witness;
	const struct witness_run *old = &witness->runs[canary];
	const struct witness_told *told = witness->agents[agent].told[canary];
	bool fails = run->failed_checks > old->failed_checks;
	bool passes = is_checking(old) &&
	              (run->iteration > old->iteration || run->phase == PHASE_PROMOTING ||
	               (is_checking(run) && run->weight > old->weight));
	int n_failing = 0;
	int n_passing = 0;

	if (!fails && !passes) {
		check_counted(simulation, agent, canary, run, flight);
		check_stepped(simulation, agent, canary, run, flight);
		return;
	}
	for (int i = 0; i < WITNESS_QUESTIONS; i++) {
		if (!is_of_check(simulation, &told[i], old, &simulation->crew.agents[agent]))
			continue;
		n_failing += (told[i].verdict & WITNESS_VERDICT_FAIL) != 0;
		n_passing += (told[i].verdict & WITNESS_VERDICT_PASS) != 0;
		if (passes)
			check_held(simulation, agent, canary, old, &told[i]);
	}
	if (fails && passes)
		witness_accuse(simulation, "%s: one check both fails and passes", run->name);
	if (fails && n_failing == 0 && !witness_hook_fails(simulation, agent, canary))
		witness_accuse(simulation, "%s: a check fails that no answer failed", run->name);
	if (passes && n_passing < WITNESS_QUESTIONS)
		witness_accuse(simulation, "%s: a step on %d of %d passing answers", run->name,
		               n_passing, WITNESS_QUESTIONS);
	if (fails)
		check_threshold(simulation, canary, run);
	check_due(simulation, agent, canary, run);
	run->concluded = witness_world_now(simulation);
}
