#include "tests/simulation/witness.h"

#include "analysis/base/text.h"
#include "tests/simulation/front.h"
#include "tests/simulation/oracle.h"
#include "tests/simulation/simulation.h"
#include "tests/simulation/witness_check.h"
#include "tests/simulation/witness_cost.h"
#include "tests/simulation/witness_duty.h"
#include "tests/simulation/witness_hook.h"
#include "tests/simulation/witness_lease.h"
#include "tests/simulation/witness_release.h"
#include "tests/simulation/witness_stale.h"
#include "tests/simulation/witness_world.h"
#include "tests/simulation/witness_write.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const json_t *at(const json_t *object, const char *a, const char *b)
{
	return json_object_get(json_object_get(object, a), b);
}

static const char *text_at(const json_t *object, const char *a, const char *b)
{
	const char *text = json_string_value(at(object, a, b));

	return text ? text : "";
}

void witness_accuse(struct simulation *simulation, const char *format, ...)
{
	struct witness *witness = &simulation->witness;
	va_list args;

	if (witness->violation[0] != '\0')
		return;
	va_start(args, format);
	(void)vsnprintf(witness->violation, sizeof(witness->violation), format, args);
	va_end(args);
	story_tell(&simulation->story, "witness", "VIOLATION: %s", witness->violation);
}

/* What follows a prefix; the whole text when it has another. */
static const char *text_after(const char *text, const char *prefix)
{
	size_t length = strlen(prefix);

	return strncmp(text, prefix, length) == 0 ? text + length : text;
}

/* The Lease names whoever writes. */
static void check_writer(struct simulation *simulation, const struct http_request *request)
{
	const char *life = crew_sender_life(request);
	const struct witness *witness = &simulation->witness;
	bool is_excused =
		instant_is_before(sim_loop_now(simulation->loop), witness->lease_excused_until);
	const json_t *lease = apiserver_find(simulation->server, "leases", "kube-system",
	                                     "flagger-leader-election");
	const char *holder = text_at(lease, "spec", "holderIdentity");

	if (is_excused && strcmp(text_after(witness->lease_excused, "agent-"), life) == 0)
		return;
	if (strcmp(text_after(holder, "agent-"), life) != 0)
		witness_accuse(simulation, "agent-%s writes %s while the lease is of \"%s\"", life,
		               request->url, holder);
}

void witness_before(struct simulation *simulation, const struct http_request *request)
{
	int sender = crew_sender(request);
	struct witness_flight *flight;
	int canary;

	simulation->witness.n_requests++;
	if (sender < 0 || request->method == HTTP_GET || strstr(request->url, "/leases"))
		return;
	canary = truth_find(&simulation->truth, request->url);
	flight = witness_world_flight(simulation, sender, request);
	check_writer(simulation, request);
	witness_stale_asked(simulation, flight);
	witness_write_asked(simulation, sender, canary, request, flight);
}

/* The name of what a POST made. */
static void name_made(const struct http_reply *reply, struct witness_path *path)
{
	json_t *object = json_loadb(reply->body, reply->body_length, 0, NULL);

	text_copy(path->name, text_at(object, "metadata", "name"));
	json_decref(object);
}

static void see_leader(struct simulation *simulation)
{
	struct witness *witness = &simulation->witness;
	int leader = witness_world_leader(simulation);
	int life = leader < 0 ? 0 : simulation->crew.agents[leader].life;

	if (leader == witness->leader && life == witness->leader_life)
		return;
	witness->leader = leader;
	witness->leader_life = life;
	witness->led_since = sim_loop_now(simulation->loop);
	witness_duty_forget(simulation);
}

/* The flight that was served: a second time nobody waits for it. */
static const struct witness_flight *serve(struct simulation *simulation, int agent,
                                          const struct http_request *request)
{
	struct witness_flight *found = witness_world_flight(simulation, agent, request);

	if (found)
		found->is_served = true;
	return found;
}

void witness_after(struct simulation *simulation, const struct http_request *request,
                   const struct http_reply *reply)
{
	int sender = crew_sender(request);
	const struct witness_flight *flight;
	struct witness_path path;
	int canary;

	if (sender < 0 || request->method == HTTP_GET)
		return;
	flight = serve(simulation, sender, request);
	simulation->witness.is_posthumous =
		strcmp(text_after(simulation->crew.agents[sender].identity, "agent-"),
	               crew_sender_life(request)) != 0;
	if (reply->status >= 300)
		return;
	witness_write_parse(request->url, &path);
	if (strcmp(path.plural, "leases") == 0) {
		see_leader(simulation);
		return;
	}
	if (request->method == HTTP_POST && strcmp(path.plural, "events") != 0)
		name_made(reply, &path);
	canary = truth_find(&simulation->truth, path.name);
	if (canary < 0)
		return;
	if (strcmp(path.plural, "releases") == 0 && request->method != HTTP_DELETE)
		witness_release_written(simulation, sender, canary, path.name, flight);
	else if (strcmp(path.plural, "releases") != 0)
		witness_write_done(simulation, sender, canary, flight);
	witness_stale_served(simulation, flight);
	if (strcmp(path.subresource, "status") == 0 && strcmp(path.plural, "releases") == 0)
		witness_history_served(simulation, request,
		                       witness_world_find(simulation, canary, "releases", path.name,
		                                          ""));
	witness_world_note(simulation, canary);
	witness_duty_note(simulation, canary);
}

/* The agent's clock, and whether it jumped. */
static struct instant read_clock(struct simulation *simulation, int agent)
{
	struct witness_agent *of = &simulation->witness.agents[agent];
	struct instant now = sim_loop_now(simulation->loop);
	struct instant clock = loop_now(simulation->crew.agents[agent].loop);
	struct span offset = instant_between(now, clock);

	if (offset.ms != of->offset.ms) {
		of->offset_before = of->offset;
		of->offset = offset;
		of->offset_changed = now;
	}
	return clock;
}

/* A question belongs to a check that may have begun before the clock jumped: another one left
 * before it, or what to ask was read first. */
static struct instant latest_clock(const struct witness_agent *of, struct instant now)
{
	struct instant clock = instant_after(now, of->offset);
	struct instant before = instant_after(now, of->offset_before);

	if (!instant_is_set(of->offset_changed) ||
	    instant_between(of->offset_changed, now).ms >= WITNESS_JUMP_MS)
		return clock;
	return instant_is_before(clock, before) ? before : clock;
}

void witness_left(struct simulation *simulation, int agent, struct witness_flight *flight,
                  const struct http_request *request)
{
	struct witness_agent *of = &simulation->witness.agents[agent];
	bool is_metric = request->peer == HTTP_PEER_URL;
	enum hook_type hook = receivers_called(request);
	bool is_question = is_metric && !receivers_are_called(request);
	const char *about = is_question && request->body ? request->body : request->url;

	*flight = (struct witness_flight){
		.left = sim_loop_now(simulation->loop),
		.clock = read_clock(simulation, agent),
		.url = witness_world_hash(request),
		.canary = truth_find(&simulation->truth, about),
		.question = is_question ? witness_check_question(about) : -1,
		.hook = hook,
		.is_metric = is_metric,
		.is_template = strstr(request->url, "/metrictemplates/") != NULL,
		.is_watch = !is_metric && apiserver_watch_asked(request),
		.is_lease = !is_metric && strstr(request->url, "/leases") != NULL,
		.is_renewal = request->method != HTTP_GET && strstr(request->url, "/leases"),
		.is_write = !is_metric && request->method != HTTP_GET &&
	                    !strstr(request->url, "/leases"),
		.is_front = !is_metric && front_is_url(request->url),
		.is_retreat = request->method == HTTP_PATCH &&
	                      (strstr(request->url, "/releases/") || front_is_url(request->url)),
	};
	flight->clock_most = latest_clock(of, flight->left);
	flight->lands_until = instant_after(flight->left, request->timeout);
	witness_lease_left(simulation, agent, flight, request);
	witness_cost_left(simulation, agent, flight, request);
	witness_duty_sent(simulation, flight);
	witness_stale_left(simulation, agent, flight, request);
	if (hook != HOOK_NONE && flight->canary >= 0)
		witness_hook_left(simulation, agent, flight);
	if (of->n_flights < WITNESS_FLIGHTS_MAX)
		of->flights[of->n_flights++] = flight;
}

static void forget(struct witness_agent *agent, const struct witness_flight *flight)
{
	for (int i = 0; i < agent->n_flights; i++) {
		if (agent->flights[i] != flight)
			continue;
		memmove(&agent->flights[i], &agent->flights[i + 1],
		        (size_t)(agent->n_flights - i - 1) * sizeof(agent->flights[0]));
		agent->n_flights--;
		return;
	}
}

static void see_trouble(struct witness_agent *agent, const struct witness_flight *flight,
                        struct instant now)
{
	for (int i = 0; i < FAULT_CANARIES_MAX; i++) {
		if (flight->canary >= 0 && flight->canary != i)
			continue;
		agent->canary_troubled[i] = now;
		if (flight->is_retreat)
			agent->retreat_troubled[i] = now;
	}
	if (flight->canary < 0)
		agent->troubled = now;
}

/* Who lost the lease forgets the answers to a check under way; who just kept it does not. */
static void doubt_told(struct witness_agent *agent)
{
	for (int i = 0; i < FAULT_CANARIES_MAX; i++) {
		for (int j = 0; j < WITNESS_QUESTIONS; j++) {
			if (agent->told[i][j].verdict != WITNESS_VERDICT_NONE)
				agent->told[i][j].verdict = WITNESS_VERDICT_EITHER;
		}
	}
}

/* A renewal came back: when it left is what counts; after a gap the agent begins anew. */
static void see_renewal(struct simulation *simulation, struct witness_agent *agent,
                        const struct witness_flight *flight, struct instant now)
{
	if (instant_between(agent->lease_sent, now).ms > WITNESS_RENEWED_MS) {
		agent->troubled = now;
		for (int i = 0; i < FAULT_CANARIES_MAX; i++)
			agent->retreat_troubled[i] = now;
	}
	/* It lost the lease and won it again, as if another had: it lists all before it decides. */
	if (instant_between(agent->lease_sent, now).ms >= WITNESS_LEASE_MS) {
		doubt_told(agent);
		witness_duty_forget(simulation);
	}
	agent->lease_sent = flight->left;
}

/* The canary's route was taken back, and its Release does not say so yet. */
static bool is_half_back(const struct simulation *simulation, const struct witness_flight *flight)
{
	const struct witness *witness = &simulation->witness;

	return flight->canary >= 0 && witness->runs[flight->canary].uid[0] != '\0' &&
	       strcmp(witness->times[flight->canary].returned_run,
	              witness->runs[flight->canary].uid) == 0;
}

void witness_came(struct simulation *simulation, int agent, struct witness_flight *flight,
                  const struct http_reply *reply)
{
	struct witness_agent *of = &simulation->witness.agents[agent];
	struct instant now = sim_loop_now(simulation->loop);
	bool has_failed;

	(void)read_clock(simulation, agent);
	forget(of, flight);
	if (!reply) {
		witness_lease_given_up(of, flight);
		return;
	}
	has_failed =
		reply->error.kind != ERR_NONE || (reply->status >= 400 && reply->status != 404);
	if (has_failed)
		witness_cost_failed(simulation, agent);
	witness_duty_refused(simulation, flight, reply);
	witness_stale_came(simulation, agent, flight, reply);
	if (flight->is_front && !flight->is_write && flight->canary >= 0)
		of->looked[flight->canary] = now;
	if (has_failed && flight->is_retreat && !flight->is_front &&
	    is_half_back(simulation, flight))
		crew_tempt(simulation, agent);
	/* What asks for a measurement could not be read, or nobody was awake when its answer came:
	 * so nothing was measured. */
	if (has_failed && flight->canary >= 0 &&
	    (flight->is_template || (flight->is_metric && flight->question >= 0)))
		truth_unmeasured(people_run_version(simulation, flight->canary), flight->left);
	if (flight->hook != HOOK_NONE) {
		witness_hook_came(simulation, agent, flight, reply);
		return;
	}
	if (flight->is_metric) {
		witness_check_told(simulation, agent, flight, reply);
		return;
	}
	if (flight->is_lease) {
		if (flight->is_renewal && reply->status < 300 && !has_failed)
			see_renewal(simulation, of, flight, now);
		return;
	}
	if (has_failed && flight->is_watch)
		of->watch_troubled = now;
	else if (has_failed || instant_between(flight->left, now).ms > WITNESS_SLOW_MS)
		see_trouble(of, flight, now);
}

void witness_answer(struct simulation *simulation, int canary, const struct http_reply *reply)
{
	story_tell(&simulation->story, "metrics", "about %s: %d %.60s",
	           simulation->truth.canaries[canary].name, reply->status,
	           reply->body ? reply->body + (reply->body_length > 60 ? 60 : 0) : "");
}

/* A watch that says nothing is opened anew after 90 s. */
void witness_struck(struct simulation *simulation, enum fault kind, int canary)
{
	struct instant until =
		instant_after(sim_loop_now(simulation->loop), span_ms(WITNESS_UNTOLD_MS));

	bool is_of_watch = kind == FAULT_WATCH_LATE || kind == FAULT_WATCH_LOST ||
	                   kind == FAULT_WATCH_SILENT || kind == FAULT_GONE ||
	                   kind == FAULT_COMPACTION || kind == FAULT_STALE_LIST ||
	                   kind == FAULT_PARTITION || kind == FAULT_PAUSE;

	/* What concerns no canary may be the opening of a watch. */
	if (!is_of_watch && (canary >= 0 || kind > FAULT_ERROR_LATE))
		return;
	for (int i = 0; i < simulation->truth.n_canaries; i++) {
		if (canary < 0 || canary == i)
			simulation->witness.times[i].struck = until;
	}
}

void witness_look(struct simulation *simulation)
{
	see_leader(simulation);
	for (int i = 0; i < simulation->truth.n_canaries; i++) {
		simulation->faults.phases[i] = witness_release_phase(
			&simulation->witness.runs[i], &simulation->truth.canaries[i]);
		witness_world_note(simulation, i);
		witness_duty_note(simulation, i);
	}
}

void witness_tick(struct simulation *simulation)
{
	for (int i = 0; i < simulation->truth.n_canaries; i++)
		witness_duty_check(simulation, i);
}

bool witness_is_content(struct simulation *simulation, char *ret_why, size_t size)
{
	for (int i = 0; i < simulation->truth.n_canaries; i++) {
		const struct truth_canary *canary = &simulation->truth.canaries[i];
		const char *why = oracle_trouble(simulation, i);

		if (why[0] != '\0') {
			(void)snprintf(ret_why, size, "%s: %s (live %s, excuse \"%s\")",
			               canary->name, why, truth_live(canary),
			               canary->versions[canary->live].excuse);
			return false;
		}
	}
	return true;
}
