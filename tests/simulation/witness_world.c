#include "tests/simulation/witness_world.h"

#include "analysis/base/text.h"
#include "providers/kube/tree.h"
#include "tests/simulation/front.h"

#include <stdlib.h>
#include <string.h>

#define SETTLE_MS    2000 /* a new leader, or a new process, looks around first */
#define HOLD_MS      5000
#define HOLD_MESH_MS 2000
#define DECIDED_MS   2000 /* from a decision until its last request leaves: history, and reads */

struct span witness_world_hold(const struct truth_canary *canary)
{
	return span_ms(front_is_past_apex(canary) ? HOLD_MESH_MS : HOLD_MS);
}

struct instant witness_world_now(struct simulation *simulation)
{
	return sim_loop_now(simulation->loop);
}

const json_t *witness_world_find(struct simulation *simulation, int canary, const char *plural,
                                 const char *name, const char *suffix)
{
	char text[64];

	text_format(text, sizeof(text), "%s%s", name, suffix);
	return apiserver_find(simulation->server, plural, simulation->truth.canaries[canary].space,
	                      text);
}

const char *witness_world_image(const json_t *template)
{
	const json_t *containers = kube_tree_find(template, "spec/containers");

	return kube_tree_text(json_array_get(containers, 0), "image");
}

/* Of a DaemonSet: none where no node is good enough, else one for each. */
static void count_daemon(const json_t *object, struct witness_workload *ret)
{
	const json_t *selector = kube_tree_find(object, "spec/template/spec/nodeSelector");
	int wanted = kube_tree_whole(object, "status/desiredNumberScheduled", 0);

	ret->replicas = json_object_size(selector) > 0 ? 0 : wanted > 0 ? wanted : 1;
	ret->ready = kube_tree_whole(object, "status/numberReady", 0);
	ret->is_ready = wanted >= ret->replicas &&
	                kube_tree_whole(object, "status/updatedNumberScheduled", 0) >= wanted &&
	                kube_tree_whole(object, "status/numberMisscheduled", 0) == 0;
}

static void count_deployment(const json_t *object, struct witness_workload *ret)
{
	ret->replicas = kube_tree_whole(object, "spec/replicas", 1);
	ret->ready = kube_tree_whole(object, "status/readyReplicas", 0);
	ret->is_ready = kube_tree_whole(object, "status/updatedReplicas", 0) >= ret->replicas &&
	                kube_tree_whole(object, "status/replicas", 0) <= ret->replicas;
}

void witness_world_workload(const json_t *object, struct witness_workload *ret)
{
	const json_t *template = kube_tree_find(object, "spec/template");

	*ret = (struct witness_workload){.is_there = object != NULL};
	if (!object)
		return;
	if (kube_tree_find(object, "spec/updateStrategy"))
		count_daemon(object, ret);
	else
		count_deployment(object, ret);
	ret->is_ready = ret->is_ready && ret->replicas > 0 && ret->ready >= ret->replicas &&
	                kube_tree_whole(object, "status/observedGeneration", 0) >=
	                        kube_tree_whole(object, "metadata/generation", 0);
	text_copy(ret->image, witness_world_image(template));
	text_copy(ret->release,
	          kube_tree_value(kube_tree_find(template, "metadata/annotations"), "flagger-id"));
}

static enum witness_backend backend_of(const struct truth_canary *canary, const json_t *service)
{
	const char *app = kube_tree_text(service, "spec/selector/app");
	size_t length = strlen(canary->name);

	if (strncmp(app, canary->name, length) != 0)
		return WITNESS_BACKEND_NONE;
	if (app[length] == '\0')
		return WITNESS_BACKEND_CANARY;
	return strcmp(app + length, "-primary") == 0 ? WITNESS_BACKEND_PRIMARY
	                                             : WITNESS_BACKEND_NONE;
}

void witness_world_read(struct simulation *simulation, int canary, struct witness_world *ret)
{
	const struct truth_canary *truth = &simulation->truth.canaries[canary];
	const char *name = truth->name;
	const char *service = truth->service;
	const json_t *resource = witness_world_find(simulation, canary, "canaries", name, "");
	char front[FRONT_NAME_MAX];
	const json_t *route = witness_world_find(simulation, canary, front_plural(truth),
	                                         front_name(truth, front), "");

	*ret = (struct witness_world){
		.revision = apiserver_revision(simulation->server),
		.has_canary = resource && !kube_tree_find(resource, "metadata/deletionTimestamp"),
		.generation = kube_tree_whole(resource, "metadata/generation", 0),
		.has_route = route != NULL,
		.weight = front_weight(truth, route),
		.apex = backend_of(truth,
	                           witness_world_find(simulation, canary, "services", service, "")),
		.has_canary_service =
			backend_of(truth, witness_world_find(simulation, canary, "services",
	                                                     service, "-canary")) ==
			WITNESS_BACKEND_CANARY,
	};
	witness_world_workload(witness_world_find(simulation, canary, truth_plural(truth), name,
	                                          ""),
	                       &ret->target);
	witness_world_workload(witness_world_find(simulation, canary, truth_plural(truth), name,
	                                          "-primary"),
	                       &ret->primary);
}

/* The target's pods may get requests. */
static bool are_requested(const struct witness_world *world)
{
	return world->weight > 0 || world->apex == WITNESS_BACKEND_CANARY;
}

void witness_world_note(struct simulation *simulation, int canary)
{
	struct witness_world *old = &simulation->witness.worlds[canary];
	struct witness_times *times = &simulation->witness.times[canary];
	struct instant now = witness_world_now(simulation);
	struct witness_world new;

	/* What is read is all the server's, and its revisions never go back here. */
	if (old->revision == apiserver_revision(simulation->server))
		new = *old;
	else
		witness_world_read(simulation, canary, &new);
	if (new.weight != old->weight)
		times->weight = now;
	/* A hand may write the very weight that stands: from then on it is the hand's. */
	if (((new.weight != old->weight || new.has_route != old->has_route) &&
	     instant_is_before(times->returned, now)) ||
	    instant_is_before(times->returned, simulation->truth.canaries[canary].meddled))
		times->returned_run[0] = '\0';
	if (are_requested(&new) && !are_requested(old))
		times->requested_from = now;
	if (are_requested(&new) || are_requested(old))
		times->requested = now;
	if (strcmp(new.target.image, old->target.image) != 0) {
		times->image_came = times->image;
		times->image = now;
		text_copy(times->image_before, old->target.image);
	}
	if (new.has_canary != old->has_canary)
		times->canary = now;
	if (new.apex != old->apex)
		times->apex = now;
	if (new.has_canary_service != old->has_canary_service)
		times->service = now;
	if (new.generation != old->generation)
		times->edited = now;
	if (new.primary.is_ready || old->primary.is_ready)
		times->primary_full = now;
	if (new.primary.ready > 0 || old->primary.ready > 0)
		times->primary_pods = now;
	if (new.primary.ready == 0 || old->primary.ready == 0)
		times->primary_bare = now;
	if (new.target.ready > 0 || old->target.ready > 0)
		times->target_pods = now;
	if (new.target.replicas > 0 && old->target.replicas == 0)
		times->target_made = now;
	if (!new.primary.is_ready || !old->primary.is_ready)
		times->primary_poor = now;
	if (!new.target.is_ready || !old->target.is_ready)
		times->target_poor = now;
	*old = new;
}

int witness_world_leader(struct simulation *simulation)
{
	const json_t *lease = apiserver_find(simulation->server, "leases", "kube-system",
	                                     "flagger-leader-election");
	const char *holder = kube_tree_text(lease, "spec/holderIdentity");

	for (int i = 0; i < simulation->crew.n_agents; i++) {
		if (strcmp(holder, simulation->crew.agents[i].identity) == 0)
			return i;
	}
	return -1;
}

static void later(struct instant *instant, struct instant other)
{
	if (instant_is_before(*instant, other))
		*instant = other;
}

/* One of the agent's requests about the canary is slow. */
static bool is_waiting(const struct witness_agent *agent, int canary, bool only_retreat,
                       struct instant now)
{
	for (int i = 0; i < agent->n_flights; i++) {
		const struct witness_flight *flight = agent->flights[i];

		if (flight->is_watch || flight->is_metric || flight->is_lease ||
		    (flight->canary >= 0 && flight->canary != canary) ||
		    (only_retreat && !flight->is_retreat))
			continue;
		if (instant_between(flight->left, now).ms > WITNESS_SLOW_MS)
			return true;
	}
	return false;
}

struct instant witness_world_free(struct simulation *simulation, int canary, bool with_watch,
                                  bool only_retreat)
{
	struct witness *witness = &simulation->witness;
	struct instant now = witness_world_now(simulation);
	const struct witness_agent *agent;
	const struct crew_agent *process;
	struct instant free = {0};

	if (witness->leader < 0)
		return free;
	agent = &witness->agents[witness->leader];
	process = &simulation->crew.agents[witness->leader];
	if (!process->agent || instant_is_set(process->kill_at) ||
	    instant_is_before(now, process->paused_until) ||
	    instant_between(agent->lease_sent, now).ms > WITNESS_RENEWED_MS ||
	    is_waiting(agent, canary, only_retreat, now) ||
	    (with_watch && instant_is_before(now, witness->times[canary].struck)))
		return free;
	free = instant_after(witness->led_since, span_ms(SETTLE_MS));
	later(&free, instant_after(process->began, span_ms(SETTLE_MS)));
	later(&free, process->paused_until);
	later(&free, agent->retreat_troubled[canary]);
	if (!only_retreat) {
		later(&free, agent->troubled);
		later(&free, agent->canary_troubled[canary]);
	}
	if (with_watch)
		later(&free, witness->times[canary].struck);
	return free;
}

static bool had(struct simulation *simulation, int canary, const struct witness_flight *flight,
                struct instant since, bool by_watch)
{
	struct instant earliest = instant_after(since, span_ms(DECIDED_MS));
	struct instant free;

	if (!flight || simulation->witness.leader < 0)
		return false;
	free = witness_world_free(simulation, canary, by_watch, false);
	later(&earliest, instant_after(free, span_ms(DECIDED_MS)));
	return !instant_is_before(flight->left, earliest) && instant_is_set(free);
}

bool witness_world_knew(struct simulation *simulation, int canary,
                        const struct witness_flight *flight, struct instant since)
{
	return had(simulation, canary, flight, since, true);
}

bool witness_world_asked(struct simulation *simulation, int canary,
                         const struct witness_flight *flight, struct instant since)
{
	return had(simulation, canary, flight, since, false);
}

uint64_t witness_world_hash(const struct http_request *request)
{
	uint64_t hash = UINT64_C(0xCBF29CE484222325) ^ (uint64_t)request->method;

	for (const char *at = request->url; *at; at++)
		hash = (hash ^ (uint64_t)(unsigned char)*at) * UINT64_C(0x100000001B3);
	return hash;
}

struct witness_flight *witness_world_flight(struct simulation *simulation, int agent,
                                            const struct http_request *request)
{
	struct witness_agent *of = &simulation->witness.agents[agent];
	uint64_t hash = witness_world_hash(request);

	for (int i = 0; i < of->n_flights; i++) {
		if (of->flights[i]->url == hash && !of->flights[i]->is_served)
			return of->flights[i];
	}
	return NULL;
}
