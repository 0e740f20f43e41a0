#include "tests/simulation/witness_lease.h"

#include "providers/kube/tree.h"
#include "tests/simulation/simulation.h"

#include <string.h>

void witness_lease_begin(struct witness_agent *agent)
{
	agent->lands_until = (struct instant){0};
}

/* The patch names nobody as the holder. */
static bool is_giving_back(const struct http_request *request)
{
	json_t *patch = json_loads(request->body ? request->body : "", 0, NULL);
	bool is_empty = false;
	const json_t *step;
	size_t i;

	json_array_foreach(patch, i, step) is_empty |=
		strcmp(kube_tree_text(step, "path"), "/spec/holderIdentity") == 0 &&
		kube_tree_text(step, "value")[0] == '\0';
	json_decref(patch);
	return is_empty;
}

static bool is_writing(const struct witness_agent *agent)
{
	for (int i = 0; i < agent->n_flights; i++) {
		if (agent->flights[i]->is_write && !agent->flights[i]->is_served)
			return true;
	}
	return false;
}

void witness_lease_left(struct simulation *simulation, int agent,
                        const struct witness_flight *flight, const struct http_request *request)
{
	const struct witness_agent *of = &simulation->witness.agents[agent];

	if (flight->is_write &&
	    instant_between(of->lease_sent, flight->left).ms + request->timeout.ms >
	            WITNESS_LEASE_MS)
		witness_accuse(simulation, "agent-%d writes %s, which may land after its lease",
		               agent, request->url);
	if (!flight->is_renewal || !is_giving_back(request))
		return;
	if (is_writing(of) || instant_is_before(flight->left, of->lands_until))
		witness_accuse(simulation,
		               "agent-%d gives the lease back while a write of its own may land",
		               agent);
}

void witness_lease_given_up(struct witness_agent *agent, const struct witness_flight *flight)
{
	if (flight->is_write && !flight->is_served &&
	    instant_is_before(agent->lands_until, flight->lands_until))
		agent->lands_until = flight->lands_until;
}
