#include "tests/simulation/witness_cost.h"

#include "tests/simulation/witness_world.h"

#define WINDOW_MS        10000
#define REQUESTS_MAX     500 /* of one agent in a window */
#define PER_FAILURE      4   /* that each failure may add */
#define FAILURES_COUNTED 1000

void witness_cost_left(struct simulation *simulation, int agent,
                       const struct witness_flight *flight, const struct http_request *request)
{
	struct witness *witness = &simulation->witness;
	struct witness_agent *of = &witness->agents[agent];
	struct instant now = witness_world_now(simulation);

	if (instant_between(of->window, now).ms > WINDOW_MS) {
		of->window = now;
		of->n_requests = 0;
		of->n_failures = 0;
	}
	of->n_requests++;
	if (of->n_requests > REQUESTS_MAX + PER_FAILURE * of->n_failures)
		witness_accuse(simulation, "agent-%d sends %d requests in %d ms", agent,
		               of->n_requests, (int)instant_between(of->window, now).ms);
	if (instant_is_set(witness->silent) && !instant_is_before(now, witness->silent) &&
	    !flight->is_lease && !flight->is_watch)
		witness_accuse(simulation, "agent-%d asks at rest: %s %s", agent,
		               http_method_name(request->method), request->url);
}

void witness_cost_failed(struct simulation *simulation, int agent)
{
	struct witness_agent *of = &simulation->witness.agents[agent];

	if (of->n_failures < FAILURES_COUNTED)
		of->n_failures++;
}

void witness_expect_silence(struct simulation *simulation)
{
	simulation->witness.silent = instant_after(witness_world_now(simulation), span_seconds(1));
}
