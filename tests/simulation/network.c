#include "tests/simulation/network.h"

#include "analysis/base/compiler.h"
#include "analysis/base/text.h"
#include "tests/simulation/front.h"
#include "tests/simulation/simulation.h"

#include <string.h>

#define LATENCY_MS     4000
#define REORDER_MS     40
#define RESENT_MS      3000
#define WATCH_LATE_MS  15000
#define REVISIONS_BACK 40 /* how far a cache lags */
#define REFUSED_MS     8000
#define UNMIRRORED_MS  60000
#define REPENTED_MS    2000
#define REMOVED_MS     15 /* from a write until somebody removes what it made */

/* How much more often faults strike where they hurt most. */
#define OFTEN_AT_RELEASE 5   /* a Release is made */
#define OFTEN_AT_RETREAT 5   /* a retreat is written */
#define OFTEN_AT_ROUTE   300 /* … and its machine dies, when its route is written and no more */
#define OFTEN_AT_STEP    4   /* … of a later step: what every process then finishes */
#define OFTEN_AT_OBJECT  4   /* what was written is removed before its writer knows */
#define OFTEN_AT_READ    0.2 /* a process stops between a question and what follows from it */

static bool strike(struct simulation *simulation, enum fault kind, int canary)
{
	return faults_strike(&simulation->faults, kind, canary, sim_loop_now(simulation->loop));
}

static bool strike_at(struct simulation *simulation, enum fault kind, int canary, double factor)
{
	return faults_strike_at(&simulation->faults, kind, canary, sim_loop_now(simulation->loop),
	                        factor);
}

static struct span between(struct simulation *simulation, int64_t low, int64_t high)
{
	return span_ms(dice_between(&simulation->faults.dice, low, high));
}

/* Mostly short. */
static struct span latency(struct simulation *simulation)
{
	bool is_short = dice_chance(&simulation->faults.dice, 0.6);

	return between(simulation, 1, is_short ? 100 : LATENCY_MS);
}

/* It has to retreat, and this is how. */
static bool is_retreat(struct simulation *simulation, const struct http_request *request,
                       int canary)
{
	return canary >= 0 && request->method == HTTP_PATCH &&
	       instant_is_set(simulation->witness.duties[canary][WITNESS_DUTY_RETREAT]) &&
	       (strstr(request->url, "/releases/") || front_is_url(request->url));
}

/* Where a fault hurts more. */
static double weakness(struct simulation *simulation, const struct http_request *request,
                       int canary)
{
	if (request->method == HTTP_POST && strstr(request->url, "/releases"))
		return OFTEN_AT_RELEASE;
	return is_retreat(simulation, request, canary) ? OFTEN_AT_RETREAT : 1;
}

static void on_removal(struct alarm *alarm)
{
	struct network *network = container_of(alarm, struct network, removal);
	struct simulation *simulation = container_of(network, struct simulation, network);

	people_remove(simulation, network->removed_canary, network->removed_url);
}

/* What an agent changes is removed, and it hears of that before it has its reply. */
static bool may_remove(struct simulation *simulation, const struct http_request *request,
                       int canary)
{
	const char *url = request->url;
	bool is_workload = strstr(url, "/deployments/") || strstr(url, "/daemonsets/");

	return canary >= 0 && request->method == HTTP_PATCH && !simulation->network.removal.loop &&
	       simulation->truth.canaries[canary].is_there &&
	       (front_is_url(url) || strstr(url, "/services/") ||
	        (is_workload && strstr(url, "-primary")));
}

static void remove_behind(struct simulation *simulation, const struct http_request *request,
                          int canary, struct sim_http_fate *fate)
{
	struct network *network = &simulation->network;

	network->removed_canary = canary;
	text_format(network->removed_url, sizeof(network->removed_url), "%.*s",
	            (int)strcspn(request->url, "?"), request->url);
	fate->back = between(simulation, 2 * REMOVED_MS, LATENCY_MS);
	alarm_start(sim_loop_seam(simulation->loop), &network->removal,
	            span_ms(fate->there.ms + between(simulation, 3, REMOVED_MS).ms));
}

/* A process stops between its question and what follows from it. */
static void stop_at(struct simulation *simulation, const struct http_request *request, int canary)
{
	int agent = crew_sender(request);

	if (canary >= 0 && agent >= 0 && request->method == HTTP_GET &&
	    strike_at(simulation, FAULT_PAUSE, canary, OFTEN_AT_READ))
		crew_pause(simulation, agent);
}

struct sim_http_fate network_fate(void *user, const struct http_request *request, size_t n_others)
{
	struct simulation *simulation = user;
	bool is_write = request->method != HTTP_GET;
	struct sim_http_fate fate = {0};
	double often;
	int canary;

	if (request->peer != HTTP_PEER_KUBE)
		return receivers_fate(simulation, request);
	if (simulation->faults.is_calm)
		return fate;
	canary = truth_find(&simulation->truth, request->url);
	if (n_others > 0 && strike(simulation, FAULT_REORDER, canary))
		fate.there = between(simulation, 1, REORDER_MS);
	if (strike(simulation, FAULT_LATENCY, canary)) {
		fate.there.ms += latency(simulation).ms;
		fate.back = latency(simulation);
	}
	stop_at(simulation, request, canary);
	often = weakness(simulation, request, canary);
	if (strike_at(simulation, FAULT_RESET, canary, often))
		fate.is_reset = true;
	else if (strike_at(simulation, FAULT_LOST, canary, often)) {
		fate.is_lost = true;
		if (apiserver_watch_asked(request)) /* nobody answers, and nobody says so */
			people_struck(simulation, FAULT_WATCH_SILENT);
	} else if (is_write && strike_at(simulation, FAULT_REPLY_LOST, canary, often))
		fate.is_reply_lost = true;
	else if (is_write && strike_at(simulation, FAULT_RESET_LATE, canary, often))
		fate.is_reset_late = true;
	else if (is_write && strike_at(simulation, FAULT_RESENT, canary, often))
		fate.again = between(simulation, 1, RESENT_MS);
	else if (may_remove(simulation, request, canary) &&
	         strike_at(simulation, FAULT_EDIT_REMOVE, canary, OFTEN_AT_OBJECT))
		remove_behind(simulation, request, canary, &fate);
	return fate;
}

enum sim_http_stream network_stream(void *user, const struct http_request *request,
                                    struct span *ret_late)
{
	struct simulation *simulation = user;

	if (simulation->faults.is_calm)
		return SIM_HTTP_STREAM_CARRIED;
	if (strike(simulation, FAULT_WATCH_LATE, -1)) {
		*ret_late = between(simulation, 10, WATCH_LATE_MS);
		return SIM_HTTP_STREAM_LATE;
	}
	if (strike(simulation, FAULT_WATCH_LOST, -1))
		return SIM_HTTP_STREAM_LOST;
	if (strike(simulation, FAULT_WATCH_SILENT, -1))
		return SIM_HTTP_STREAM_SILENT;
	if (strike(simulation, FAULT_WATCH_REPLAYED, -1))
		return SIM_HTTP_STREAM_REPLAYED;
	return strike(simulation, FAULT_GONE, -1) ? SIM_HTTP_STREAM_EXPIRED
	                                          : SIM_HTTP_STREAM_CARRIED;
}

/* What a server is when it is too old for a question: the next page of a LIST, or a watch. */
static bool may_be_gone(const struct http_request *request)
{
	return request->method == HTTP_GET &&
	       (apiserver_watch_asked(request) || strstr(request->url, "continue="));
}

static struct apiserver_fault status(int code, struct span retry_after)
{
	return (struct apiserver_fault){
		.kind = APISERVER_FAULT_STATUS,
		.status = code,
		.retry_after = retry_after,
	};
}

static int broken(struct simulation *simulation)
{
	static const int codes[] = {500, 503, 504};

	return codes[dice_between(&simulation->faults.dice, 0, 2)];
}

/* A cache that lags answers whoever is content with any version. */
static void lag(struct simulation *simulation)
{
	struct instant now = sim_loop_now(simulation->loop);
	bool is_stale = instant_is_before(now, simulation->network.stale_until);

	apiserver_lag(simulation->server, is_stale ? simulation->network.stale_revision : 0);
}

void network_start(struct simulation *simulation)
{
	struct dice *dice = &simulation->faults.dice;
	uint64_t revision = apiserver_revision(simulation->server);
	uint64_t back;

	if (!strike(simulation, FAULT_STALE_LIST, -1))
		return;
	back = (uint64_t)dice_between(dice, 1, REVISIONS_BACK);
	simulation->network.stale_revision = revision > back ? revision - back : 1;
	simulation->network.stale_until = instant_after(sim_loop_now(simulation->loop),
	                                                span_ms(dice_between(dice, 500, 60000)));
}

static bool is_mirror(const struct http_request *request, int canary)
{
	return canary >= 0 && request->method == HTTP_PATCH && strstr(request->url, "/canaries/");
}

/* Refused: at a weak spot for a while, by what else has to agree to a write. */
static bool is_refused(struct simulation *simulation, const struct http_request *request,
                       int canary)
{
	struct instant now = sim_loop_now(simulation->loop);
	struct network *network = &simulation->network;

	if (canary >= 0 && request->method != HTTP_GET &&
	    instant_is_before(now, network->refused_until[canary]))
		return true;
	if (is_mirror(request, canary) && instant_is_before(now, network->unmirrored_until[canary]))
		return true;
	if (!strike_at(simulation, FAULT_ERROR, canary, weakness(simulation, request, canary)))
		return false;
	if (is_retreat(simulation, request, canary))
		network->refused_until[canary] =
			instant_after(now, between(simulation, 1, REFUSED_MS));
	if (is_mirror(request, canary))
		network->unmirrored_until[canary] =
			instant_after(now, between(simulation, 1, UNMIRRORED_MS));
	return true;
}

/* An agent took the weight of a later step back, just now. */
static bool is_taken_back(struct simulation *simulation, int canary)
{
	const struct witness_times *times = &simulation->witness.times[canary];

	return strcmp(times->returned_run, simulation->witness.runs[canary].uid) == 0 &&
	       times->returned.ms == sim_loop_now(simulation->loop).ms;
}

/* The route of a retreat is written, its Release is not: here its machine dies, and what it sent
 * comes no further. Whatever it was for, and though that be taken back, every process finishes a
 * retreat of a later step. */
static void die_at_route(struct simulation *simulation, const struct http_request *request,
                         int canary)
{
	const struct witness_run *run = &simulation->witness.runs[canary < 0 ? 0 : canary];
	double often = OFTEN_AT_ROUTE;

	if (canary < 0 || !front_is_url(request->url) || run->phase != PHASE_PROGRESSING)
		return;
	if (run->uid[0] && is_taken_back(simulation, canary))
		often *= OFTEN_AT_STEP;
	else if (!is_retreat(simulation, request, canary))
		return;
	if (!strike_at(simulation, FAULT_CRASH, canary, often))
		return;
	simulation->network.refused_until[canary] =
		instant_after(sim_loop_now(simulation->loop), span_ms(100));
	crew_kill(simulation, crew_sender(request));
	if (often > OFTEN_AT_ROUTE)
		people_repent(simulation, canary, between(simulation, 1, REPENTED_MS));
}

struct apiserver_fault network_before(struct simulation *simulation,
                                      const struct http_request *request)
{
	struct apiserver_fault none = {0};
	int canary;

	if (simulation->faults.is_calm)
		return none;
	canary = truth_find(&simulation->truth, request->url);
	if (may_be_gone(request) && strike(simulation, FAULT_GONE, canary))
		return status(410, span_ms(0));
	if (request->method != HTTP_GET && request->method != HTTP_POST &&
	    strike(simulation, FAULT_CONFLICT, canary))
		return status(409, span_ms(0));
	if (strike(simulation, FAULT_BUSY, canary))
		return status(429, span_seconds(1));
	if (is_refused(simulation, request, canary))
		return status(broken(simulation), span_ms(0));
	lag(simulation);
	return none;
}

struct apiserver_fault network_after(struct simulation *simulation,
                                     const struct http_request *request)
{
	int canary;

	if (simulation->faults.is_calm || request->method == HTTP_GET)
		return (struct apiserver_fault){0};
	canary = truth_find(&simulation->truth, request->url);
	die_at_route(simulation, request, canary);
	if (strike(simulation, FAULT_ERROR_LATE, canary))
		return status(broken(simulation), span_ms(0));
	return (struct apiserver_fault){0};
}

void network_init(struct simulation *simulation)
{
	simulation->network.removal.ring = on_removal;
}

void network_fini(struct simulation *simulation)
{
	alarm_cancel(&simulation->network.removal);
}

void network_weather(struct simulation *simulation)
{
	uint64_t revision = apiserver_revision(simulation->server);

	if (strike(simulation, FAULT_COMPACTION, -1))
		apiserver_compact(simulation->server,
		                  revision -
		                          (uint64_t)dice_between(&simulation->faults.dice, 0, 20));
}
