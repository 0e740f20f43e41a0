#include "tests/simulation/witness_wire.h"

#include "analysis/base/compiler.h"
#include "tests/simulation/simulation.h"
#include "tests/simulation/witness_lease.h"

#include <stdlib.h>

/* One exchange: between its owner's call and the network's. */
struct tap {
	struct http_call inner;
	struct http_call *outer; /* NULL: over */
	struct instant ended;
	struct witness_wire *wire;
	struct witness_flight flight;
	struct tap *next;
};

struct witness_wire {
	struct http http; /* the first member */
	struct http *network;
	struct simulation *simulation;
	int agent;
	struct tap *taps;
};

/* Whoever carries a call may look at it until it has returned: what is over goes at a later time.
 */
static void sweep(struct witness_wire *wire)
{
	struct instant now = sim_loop_now(wire->simulation->loop);
	struct tap **link = &wire->taps;

	while (*link) {
		struct tap *tap = *link;

		if (tap->outer || tap->ended.ms == now.ms) {
			link = &tap->next;
			continue;
		}
		*link = tap->next;
		free(tap);
	}
}

static struct http_call *take_off(struct tap *tap)
{
	struct http_call *outer = tap->outer;

	tap->outer = NULL;
	tap->ended = sim_loop_now(tap->wire->simulation->loop);
	outer->http = NULL;
	outer->impl = NULL;
	return outer;
}

static void on_done(struct http_call *call, const struct http_reply *reply)
{
	struct tap *tap = container_of(call, struct tap, inner);
	struct witness_wire *wire = tap->wire;
	struct http_call *outer = take_off(tap);

	witness_came(wire->simulation, wire->agent, &tap->flight, reply);
	outer->done(outer, reply);
}

static bool on_bytes(struct http_call *call, const char *bytes, size_t length)
{
	struct tap *tap = container_of(call, struct tap, inner);

	return tap->outer->bytes(tap->outer, bytes, length);
}

static void on_start(struct http *http, struct http_call *call, const struct http_request *request)
{
	struct witness_wire *wire = container_of(http, struct witness_wire, http);
	struct tap *tap = calloc(1, sizeof(*tap));

	if (!tap)
		abort();
	sweep(wire);
	tap->wire = wire;
	tap->outer = call;
	tap->inner.done = on_done;
	tap->inner.bytes = call->bytes ? on_bytes : NULL;
	tap->inner.lane = call->lane;
	tap->next = wire->taps;
	wire->taps = tap;
	call->http = http;
	call->impl = tap;
	witness_left(wire->simulation, wire->agent, &tap->flight, request);
	http_start(wire->network, &tap->inner, request);
}

static void cancel(struct tap *tap)
{
	witness_came(tap->wire->simulation, tap->wire->agent, &tap->flight, NULL);
	(void)take_off(tap);
	http_cancel(&tap->inner);
	if (tap->flight.is_write && tap->wire->simulation->crew.agents[tap->wire->agent].agent)
		crew_tempt(tap->wire->simulation, tap->wire->agent);
}

static void on_cancel(struct http *http, struct http_call *call)
{
	(void)http;
	cancel(call->impl);
}

static const struct http_ops ops = {.start = on_start, .cancel = on_cancel};

struct witness_wire *witness_wire_new(struct simulation *simulation, int agent, struct http *http)
{
	struct witness_wire *wire = calloc(1, sizeof(*wire));

	if (!wire)
		abort();
	wire->http.ops = &ops;
	wire->network = http;
	wire->simulation = simulation;
	wire->agent = agent;
	witness_lease_begin(&simulation->witness.agents[agent]);
	return wire;
}

struct witness_wire *witness_wire_free(struct witness_wire *wire)
{
	if (!wire)
		return NULL;
	while (wire->taps) {
		struct tap *tap = wire->taps;

		wire->taps = tap->next;
		if (tap->outer)
			cancel(tap);
		free(tap);
	}
	free(wire);
	return NULL;
}

struct http *witness_wire_seam(struct witness_wire *wire)
{
	return &wire->http;
}
