#include "tests/simulation/witness_duty.h"

#include "tests/simulation/front.h"
#include "tests/simulation/witness_world.h"

#include <string.h>

/* From when somebody is free to do it: the second that is promised, and one of backoff. */
#define PATIENCE_MS         2000
#define PATIENCE_MS_AGAIN   1500  /* a retreat's backoff is a second at most */
#define PATIENCE_MS_CALMLY  12000 /* what is no retreat: a forward write, with its backoff */
#define PATIENCE_MS_FAR     70000 /* it looks again after an interval, and the weight holds */
#define PATIENCE_MS_BACKOFF 75000 /* … the longest one: what stood in the way was not ours */

#define FAR_MS 62000 /* the longest interval */

static const struct {
	const char *what;
	int64_t patience_ms;
	bool with_watch;
} duties[WITNESS_DUTY_MAX] = {
	[WITNESS_DUTY_RETREAT] = {"no retreat from the answer that reached the threshold",
                                  PATIENCE_MS, false},
	[WITNESS_DUTY_EXCESS] = {"the canary has more weight than it may", PATIENCE_MS, true},
	[WITNESS_DUTY_CLIENTS] = {"clients are left on pods of which none is ready", PATIENCE_MS,
                                  true},
	[WITNESS_DUTY_APEX] = {"clients are on the canary's pods outside a run", PATIENCE_MS_CALMLY,
                               true},
	[WITNESS_DUTY_BEGUN] = {"a retreat that had begun is not gone on with", PATIENCE_MS, true},
	[WITNESS_DUTY_FORGOTTEN] = {"a retreat that had begun is forgotten", PATIENCE_MS_BACKOFF,
                                    false},
	[WITNESS_DUTY_AGAIN] = {"a retreat's write that was refused is not sent again",
                                PATIENCE_MS_AGAIN, false},
	[WITNESS_DUTY_SERVICE] = {"the canary's Service is gone", PATIENCE_MS_CALMLY, true},
	[WITNESS_DUTY_FAR] = {"its next check is further ahead than an interval", PATIENCE_MS_FAR,
                              true},
	[WITNESS_DUTY_MISSING] = {"something of it is missing", PATIENCE_MS_BACKOFF, true},
};

static bool is_open(const struct witness_run *run)
{
	return run->uid[0] && run->outcome == OUTCOME_NONE;
}

/* The weight that the canary may have, by the law and what really is. */
static int allowed(const struct witness_world *world, const struct witness_run *run,
                   const struct witness_promoted *promoted)
{
	/* Past the steps, pods that went back to what is promoted are as good as the primary's. */
	bool is_newer = strcmp(world->target.image, run->image) != 0 &&
	                (run->phase == PHASE_PROGRESSING ||
	                 strcmp(world->target.image, promoted->image) != 0);

	/* Before the first promotion the target is what served, unless clients were led to a
	 * primary that can take them. */
	if (world->has_canary && (is_open(run) ? run->is_init : !promoted->uid[0]))
		return world->apex == WITNESS_BACKEND_PRIMARY && world->primary.ready > 0 ? 0 : 100;
	if (!is_open(run) || run->phase <= PHASE_STARTING || !world->has_canary)
		return 0;
	if (is_newer && world->primary.ready > 0)
		return 0;
	if (run->phase == PHASE_RETREATING)
		return run->ending == OUTCOME_FAILED_PROMOTION || is_newer ? 100 : 0;
	if (run->phase == PHASE_FINALISING)
		return 100; /* it goes forward: the weight comes off when the primary is ready */
	if (run->phase == PHASE_PROMOTING && run->weight > 0 && run->weight < run->weight_from)
		return run->weight_from; /* the same of a step back */
	return run->weight;
}

static bool has_retreated(const struct witness_world *world, const struct witness_run *run)
{
	return !is_open(run) || (run->phase >= PHASE_RETREATING && world->weight == 0);
}

static bool are_clients_lost(const struct witness_world *world, const struct witness_run *run)
{
	if (!is_open(run) || !world->has_canary)
		return false;
	/* In a first run they are on the primary only if somebody led them there. */
	if (run->is_init)
		return run->phase != PHASE_RETREATING && world->apex == WITNESS_BACKEND_PRIMARY &&
		       world->primary.ready == 0 && world->target.ready > 0;
	if (run->phase <= PHASE_STARTING)
		return false;
	return (world->apex == WITNESS_BACKEND_PRIMARY && world->primary.ready == 0 &&
	        world->target.ready > 0) ||
	       (world->apex == WITNESS_BACKEND_CANARY && world->target.ready == 0 &&
	        world->primary.ready > 0);
}

static bool is_apex_wrong(const struct witness_world *world, const struct witness_run *run,
                          const struct witness *witness, int canary)
{
	return world->apex == WITNESS_BACKEND_CANARY && world->has_canary &&
	       world->primary.ready > 0 && witness->promoted[canary].uid[0] &&
	       (!is_open(run) || run->phase <= PHASE_STARTING);
}

/* Its weight was taken back, and nobody touched the route since. */
static bool is_begun(struct simulation *simulation, int canary)
{
	const struct witness_world *world = &simulation->witness.worlds[canary];
	const struct witness_run *run = &simulation->witness.runs[canary];
	const struct truth_canary *truth = &simulation->truth.canaries[canary];

	return is_open(run) && run->phase == PHASE_PROGRESSING && world->has_canary &&
	       world->has_route && world->weight == 0 && !truth->is_stripped && !truth->skips &&
	       !truth->is_invalid &&
	       strcmp(simulation->witness.times[canary].returned_run, run->uid) == 0;
}

static bool is_missing(struct simulation *simulation, int canary)
{
	const struct witness_world *world = &simulation->witness.worlds[canary];
	const struct witness_run *run = &simulation->witness.runs[canary];
	const struct truth_canary *truth = &simulation->truth.canaries[canary];

	if (!run->uid[0] || is_open(run) || !world->has_canary || !world->target.is_there ||
	    truth->is_invalid || !simulation->witness.promoted[canary].uid[0])
		return false;
	return !world->primary.is_there || !world->has_canary_service ||
	       (!world->has_route && front_is_weighed(truth));
}

/* The canary's share of the requests goes nowhere, and goes on to; or a promotion, which can hand
 * clients back to the canary, has no Service to do it with. */
static bool is_serviceless(struct simulation *simulation, int canary)
{
	const struct witness_world *world = &simulation->witness.worlds[canary];
	const struct witness_run *run = &simulation->witness.runs[canary];
	const struct truth_canary *truth = &simulation->truth.canaries[canary];

	bool is_needed = run->phase == PHASE_PROMOTING || (world->has_route && world->weight > 0);

	return is_open(run) && run->phase >= PHASE_PROGRESSING && run->phase <= PHASE_PROMOTING &&
	       world->has_canary && world->target.is_there && !truth->is_invalid && is_needed &&
	       !world->has_canary_service;
}

/* All stands as a check needs it, and the next one is further ahead than it can be, by the clock of
 * whoever writes. */
static bool is_far(struct simulation *simulation, int canary)
{
	const struct witness *witness = &simulation->witness;
	const struct witness_world *world = &witness->worlds[canary];
	const struct witness_run *run = &witness->runs[canary];
	const struct truth_canary *truth = &simulation->truth.canaries[canary];
	const struct crew_agent *leader;
	struct instant clock;

	if (witness->leader < 0 || !is_open(run) || run->phase != PHASE_PROGRESSING ||
	    !world->has_canary || !world->target.is_ready || !world->primary.is_ready ||
	    strcmp(world->target.image, run->image) != 0 ||
	    (front_is_weighed(truth) && (!world->has_route || world->weight != run->weight)) ||
	    truth->hooks != 0 || truth->is_invalid || truth->is_stripped)
		return false;
	leader = &simulation->crew.agents[witness->leader];
	clock = leader->agent ? loop_now(leader->loop) : run->next_check_at;
	return instant_between(clock, run->next_check_at).ms > FAR_MS;
}

static void set(struct simulation *simulation, int canary, enum witness_duty duty, bool is_due)
{
	struct instant *since = &simulation->witness.duties[canary][duty];

	if (!is_due)
		*since = (struct instant){0};
	else if (!instant_is_set(*since))
		*since = witness_world_now(simulation);
}

void witness_duty_note(struct simulation *simulation, int canary)
{
	struct witness *witness = &simulation->witness;
	const struct witness_world *world = &witness->worlds[canary];
	const struct witness_run *run = &witness->runs[canary];
	bool is_known = run->uid[0] != '\0';
	struct instant retreat = witness->duties[canary][WITNESS_DUTY_RETREAT];
	/* A Canary whose spec is refused is left alone at rest. */
	bool is_kept = is_open(run) || !simulation->truth.canaries[canary].is_invalid;

	set(simulation, canary, WITNESS_DUTY_EXCESS,
	    is_known && is_kept && world->has_route &&
	            world->weight > allowed(world, run, &witness->promoted[canary]));
	set(simulation, canary, WITNESS_DUTY_CLIENTS, are_clients_lost(world, run));
	set(simulation, canary, WITNESS_DUTY_APEX,
	    is_kept && is_apex_wrong(world, run, witness, canary));
	set(simulation, canary, WITNESS_DUTY_BEGUN, is_begun(simulation, canary));
	set(simulation, canary, WITNESS_DUTY_FORGOTTEN, is_begun(simulation, canary));
	set(simulation, canary, WITNESS_DUTY_SERVICE, is_serviceless(simulation, canary));
	set(simulation, canary, WITNESS_DUTY_MISSING, is_missing(simulation, canary));
	if (has_retreated(world, run) || !world->has_canary || run->phase != PHASE_RETREATING)
		set(simulation, canary, WITNESS_DUTY_AGAIN, false);
	/* A write that came between asks all anew. */
	if (has_retreated(world, run) || !world->has_canary ||
	    (run->phase == PHASE_PROGRESSING && instant_is_before(retreat, run->written)))
		set(simulation, canary, WITNESS_DUTY_RETREAT, false);
}

static struct instant later_of(struct instant a, struct instant b)
{
	return instant_is_before(a, b) ? b : a;
}

void witness_duty_check(struct simulation *simulation, int canary)
{
	struct witness *witness = &simulation->witness;
	struct instant now = witness_world_now(simulation);

	set(simulation, canary, WITNESS_DUTY_FAR, is_far(simulation, canary));
	for (enum witness_duty duty = 0; duty < WITNESS_DUTY_MAX; duty++) {
		struct instant since = witness->duties[canary][duty];
		/* Outside a run what somebody edited is put right as all else is. */
		int64_t patience = duties[duty].patience_ms;
		struct instant free;

		if (!is_open(&witness->runs[canary]) && patience < PATIENCE_MS_CALMLY &&
		    duty != WITNESS_DUTY_EXCESS)
			patience = PATIENCE_MS_CALMLY;
		/* Of two that fight about the route the one who puts it right waits. */
		if (duty == WITNESS_DUTY_EXCESS && instant_is_set(since))
			since = later_of(since, simulation->truth.canaries[canary].borne_until);
		if (!instant_is_set(since) || instant_between(since, now).ms <= patience)
			continue;
		free = witness_world_free(simulation, canary, duties[duty].with_watch,
		                          duty == WITNESS_DUTY_RETREAT ||
		                                  duty == WITNESS_DUTY_AGAIN);
		if (!instant_is_set(free) || instant_between(free, now).ms <= patience)
			continue;
		witness_accuse(simulation, "%s: for %d ms %s (weight %d, %s %s says %d)",
		               simulation->truth.canaries[canary].name,
		               (int)instant_between(since, now).ms, duties[duty].what,
		               witness->worlds[canary].weight, witness->runs[canary].name,
		               release_phase_name(witness->runs[canary].phase),
		               witness->runs[canary].weight);
	}
}

void witness_duty_forget(struct simulation *simulation)
{
	for (int i = 0; i < simulation->truth.n_canaries; i++) {
		simulation->witness.duties[i][WITNESS_DUTY_RETREAT] = (struct instant){0};
		simulation->witness.duties[i][WITNESS_DUTY_AGAIN] = (struct instant){0};
	}
}

void witness_duty_refused(struct simulation *simulation, const struct witness_flight *flight,
                          const struct http_reply *reply)
{
	const struct witness *witness = &simulation->witness;
	int canary = flight->canary;

	if (!flight->is_front || canary < 0 || (reply->status != 409 && reply->status != 500) ||
	    witness->runs[canary].phase != PHASE_RETREATING || !is_open(&witness->runs[canary]))
		return;
	set(simulation, canary, WITNESS_DUTY_AGAIN, false);
	set(simulation, canary, WITNESS_DUTY_AGAIN, witness->worlds[canary].weight > 0);
}

void witness_duty_sent(struct simulation *simulation, const struct witness_flight *flight)
{
	if (flight->is_front && flight->canary >= 0)
		set(simulation, flight->canary, WITNESS_DUTY_AGAIN, false);
}
