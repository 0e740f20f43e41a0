#include "tests/simulation/network.h"

#include "tests/simulation/simulation.h"

#include <string.h>

#define LATENCY_MS     4000
#define REORDER_MS     40
#define RESENT_MS      3000
#define WATCH_LATE_MS  15000
#define REVISIONS_BACK 40 /* how far a cache lags */

static bool strike(struct simulation *simulation, enum fault kind, int canary)
{
	return faults_strike(&simulation->faults, kind, canary, sim_loop_now(simulation->loop));
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

struct sim_http_fate network_fate(void *user, const struct http_request *request, size_t n_others)
{
	struct simulation *simulation = user;
	bool is_write = request->method != HTTP_GET;
	struct sim_http_fate fate = {0};
	int canary;

	if (request->peer != HTTP_PEER_KUBE || simulation->faults.is_calm)
		return fate;
	canary = truth_find(&simulation->truth, request->url);
	if (n_others > 0 && strike(simulation, FAULT_REORDER, canary))
		fate.there = between(simulation, 1, REORDER_MS);
	if (strike(simulation, FAULT_LATENCY, canary)) {
		fate.there.ms += latency(simulation).ms;
		fate.back = latency(simulation);
	}
	if (strike(simulation, FAULT_RESET, canary))
		fate.is_reset = true;
	else if (strike(simulation, FAULT_LOST, canary))
		fate.is_lost = true;
	else if (is_write && strike(simulation, FAULT_REPLY_LOST, canary))
		fate.is_reply_lost = true;
	else if (is_write && strike(simulation, FAULT_RESET_LATE, canary))
		fate.is_reset_late = true;
	else if (is_write && strike(simulation, FAULT_RESENT, canary))
		fate.again = between(simulation, 1, RESENT_MS);
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
	if (strike(simulation, FAULT_ERROR, canary))
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
	if (strike(simulation, FAULT_ERROR_LATE, canary))
		return status(broken(simulation), span_ms(0));
	return (struct apiserver_fault){0};
}

void network_weather(struct simulation *simulation)
{
	uint64_t revision = apiserver_revision(simulation->server);

	if (strike(simulation, FAULT_COMPACTION, -1))
		apiserver_compact(simulation->server,
		                  revision -
		                          (uint64_t)dice_between(&simulation->faults.dice, 0, 20));
}
