#include "tests/simulation/witness_hook.h"

#include "tests/simulation/receivers.h"
#include "tests/simulation/witness_world.h"

#include <string.h>

void witness_hook_left(struct simulation *simulation, int agent,
                       const struct witness_flight *flight)
{
	const struct witness_agent *of = &simulation->witness.agents[agent];

	if (flight->hook == HOOK_EVENT)
		return;
	for (int i = 0; i < of->n_flights; i++) {
		const struct witness_flight *other = of->flights[i];

		if (other != flight && other->hook == flight->hook &&
		    other->canary == flight->canary)
			witness_accuse(simulation, "agent-%d asks a hook of %s twice at once: %s",
			               agent, simulation->truth.canaries[flight->canary].name,
			               hook_type_name(flight->hook));
	}
}

void witness_hook_came(struct simulation *simulation, int agent,
                       const struct witness_flight *flight, const struct http_reply *reply)
{
	struct witness_heard *heard;

	if (flight->canary < 0 || !reply)
		return;
	heard = &simulation->witness.agents[agent].heard[flight->canary][flight->hook];
	heard->result =
		reply->error.kind == ERR_NONE && reply->status < 300 ? HOOK_PASS : HOOK_FAIL;
	heard->asked = flight->left;
	/* The answer came while the process was stopped, which then found its time to be up. */
	if (reply->error.kind == ERR_TRANSPORT &&
	    instant_is_before(flight->left, simulation->crew.agents[agent].paused_until))
		receivers_excuse(simulation, flight->hook, flight->canary);
}

/* What the hook said since the run's last step, to this agent's process or one before it; pending:
 * nothing. */
static enum hook_result heard_of(struct simulation *simulation, int agent, int canary,
                                 enum hook_type type)
{
	const struct witness_run *old = &simulation->witness.runs[canary];
	const struct witness_heard *heard = &simulation->witness.agents[agent].heard[canary][type];

	if (instant_is_before(heard->asked, old->concluded) ||
	    instant_is_before(heard->asked, old->made))
		return HOOK_PENDING;
	return heard->result;
}

/* … to this process. */
static enum hook_result heard_now(struct simulation *simulation, int agent, int canary,
                                  enum hook_type type)
{
	const struct witness_heard *heard = &simulation->witness.agents[agent].heard[canary][type];

	if (instant_is_before(heard->asked, simulation->crew.agents[agent].began))
		return HOOK_PENDING;
	return heard_of(simulation, agent, canary, type);
}

/* A save may come after the process that sent it has died. */
bool witness_hook_fails(struct simulation *simulation, int agent, int canary)
{
	return heard_of(simulation, agent, canary, HOOK_PRE_ROLLOUT) == HOOK_FAIL ||
	       heard_of(simulation, agent, canary, HOOK_ROLLOUT) == HOOK_FAIL;
}

static void expect(struct simulation *simulation, int agent, int canary, enum hook_type type,
                   enum hook_result wanted)
{
	const struct witness_run *run = &simulation->witness.runs[canary];

	if ((simulation->truth.canaries[canary].hooks & 1U << type) == 0 ||
	    heard_now(simulation, agent, canary, type) == wanted)
		return;
	witness_accuse(simulation, "%s: a step, but its %s hook said %s", run->name,
	               hook_type_name(type),
	               hook_result_name(heard_now(simulation, agent, canary, type)));
}

static bool is_checking(enum release_phase phase)
{
	return phase == PHASE_PROGRESSING || phase == PHASE_WAITING_PROMOTION;
}

/* The promotion, or what comes right before it in blue/green. */
static bool is_promotion(const struct truth_canary *truth, const struct witness_run *old,
                         const struct witness_run *run)
{
	if (truth->iterations > 0)
		return run->iteration > truth->iterations && run->iteration > old->iteration;
	return run->phase == PHASE_PROMOTING;
}

void witness_hook_concluded(struct simulation *simulation, int agent, int canary,
                            struct witness_run *run)
{
	const struct truth_canary *truth = &simulation->truth.canaries[canary];
	const struct witness_run *old = &simulation->witness.runs[canary];
	bool is_canary = truth->iterations == 0;
	bool is_step = is_checking(old->phase) &&
	               (run->iteration > old->iteration || run->phase == PHASE_PROMOTING ||
	                (is_checking(run->phase) && run->weight > old->weight));

	run->is_approved |=
		heard_of(simulation, agent, canary, HOOK_CONFIRM_PROMOTION) == HOOK_PASS;
	if (run->is_init || simulation->witness.is_posthumous || truth->skips ||
	    instant_is_before(witness_world_now(simulation), truth->skips_until) ||
	    instant_is_before(witness_world_now(simulation),
	                      simulation->witness.times[canary].struck))
		return;
	if (old->phase < PHASE_STARTING && run->phase == PHASE_STARTING)
		expect(simulation, agent, canary, HOOK_CONFIRM_ROLLOUT, HOOK_PASS);
	if (old->phase == PHASE_STARTING && run->phase == PHASE_PROGRESSING) {
		expect(simulation, agent, canary, HOOK_PRE_ROLLOUT, HOOK_PASS);
		expect(simulation, agent, canary, HOOK_ROLLBACK, HOOK_FAIL);
		if (is_canary)
			expect(simulation, agent, canary, HOOK_CONFIRM_TRAFFIC_INCREASE, HOOK_PASS);
	}
	if (!is_step)
		return;
	expect(simulation, agent, canary, HOOK_ROLLOUT, HOOK_PASS);
	expect(simulation, agent, canary, HOOK_ROLLBACK, HOOK_FAIL);
	if (is_canary && old->phase == PHASE_PROGRESSING)
		expect(simulation, agent, canary, HOOK_CONFIRM_TRAFFIC_INCREASE, HOOK_PASS);
	/* Of a run once: people may ask for more iterations after the last one. */
	if (is_promotion(truth, old, run) && !old->is_approved)
		expect(simulation, agent, canary, HOOK_CONFIRM_PROMOTION, HOOK_PASS);
}
