#include "agent/demo/sim_http.h"

#include "analysis/base/buf.h"

#include <stdlib.h>
#include <string.h>

#define LINES_MAX ((size_t)64 * 1024 * 1024)

/* TCP's first wait before it sends again, and its longest here. */
#define AGAIN_MS_MIN 200
#define AGAIN_MS_MAX 30000

/* One exchange: outlives its call when that is cancelled, until it has landed. */
struct trip {
	struct alarm alarm;
	struct sim_http *sim; /* NULL: the client is gone, only the effect is to come */
	struct http_call *call;
	struct http_request request;
	struct arena arena;
	struct http_reply reply;
	struct sim_http_fate fate;
	struct instant due; /* when the reply arrives, or the events */
	struct instant end; /* when the client's patience is over; not set: never */
	struct span again;  /* the wait of TCP after which it was sent last */
	bool is_served;
	/* Of a watch */
	struct apiserver_watch *watch;
	struct buf lines;
	struct buf last; /* what was delivered before them */
	bool is_ended;
	bool is_silent;
	struct trip *next;
	struct trip **link;
	const struct sim_http_options *options;
	struct apiserver *server;
	struct loop *loop;
	struct loop *world;
	struct span half;
};

struct sim_http {
	struct http http; /* the first member */
	struct sim_http_options options;
	struct trip *trips;
	bool is_cut;
	bool is_there_shut;
	bool is_back_shut;
	size_t n_leaving; /* requests that have not arrived yet */
	size_t counts[2];
};

static void unlink_trip(struct trip *trip)
{
	if (!trip->link)
		return;
	*trip->link = trip->next;
	if (trip->next)
		trip->next->link = trip->link;
	trip->link = NULL;
}

static void trip_free(struct trip *trip)
{
	unlink_trip(trip);
	alarm_cancel(&trip->alarm);
	apiserver_watch_cancel(trip->watch);
	buf_fini(&trip->lines);
	buf_fini(&trip->last);
	arena_fini(&trip->arena);
	free(trip);
}

static void copy_request(struct trip *trip, const struct http_request *request)
{
	trip->request = *request;
	trip->request.url = arena_text(&trip->arena, request->url);
	if (request->body)
		trip->request.body = arena_copy(&trip->arena, request->body, request->body_length);
	for (size_t i = 0; i < request->n_headers; i++) {
		trip->request.headers[i].name = arena_text(&trip->arena, request->headers[i].name);
		trip->request.headers[i].value =
			arena_text(&trip->arena, request->headers[i].value);
	}
}

static void finish(struct trip *trip)
{
	struct http_call *call = trip->call;
	struct http_reply reply = trip->reply;
	struct arena arena = trip->arena;

	call->http = NULL;
	call->impl = NULL;
	trip->arena = (struct arena){0};
	trip_free(trip);
	if (!reply.body)
		reply.body = "";
	call->done(call, &reply);
	arena_fini(&arena);
}

/* The way back
 * --------------------------------------------------------------------------------------
 */

static void on_delivery(struct alarm *alarm);

/* Arrive at the process at that time, or as soon as it runs again. */
static void deliver_at(struct trip *trip, struct instant at)
{
	trip->due = at;
	trip->alarm.ring = on_delivery;
	alarm_start(trip->loop, &trip->alarm, instant_between(loop_now(trip->world), at));
}

static void time_out(struct trip *trip)
{
	char length[SPAN_TEXT_MAX];

	trip->reply = (struct http_reply){0};
	err_set(&trip->reply.error, ERR_TRANSPORT, "no answer within %s",
	        span_format(trip->request.timeout, length));
}

/* Nothing will come: the client waits for as long as it wants to. */
static void wait_in_vain(struct trip *trip)
{
	time_out(trip);
	trip->fate.is_reply_lost = true;
	if (instant_is_set(trip->end))
		deliver_at(trip, trip->end);
}

/* The next time TCP tries, while the way is shut. False when the client gives up before. */
static bool try_again(struct trip *trip, struct instant *ret_at)
{
	struct instant at;

	trip->again.ms = trip->again.ms == 0 ? AGAIN_MS_MIN : 2 * trip->again.ms;
	if (trip->again.ms > AGAIN_MS_MAX)
		trip->again.ms = AGAIN_MS_MAX;
	at = instant_after(loop_now(trip->world), trip->again);
	if (instant_is_set(trip->end) && !instant_is_before(at, trip->end))
		return false;
	*ret_at = at;
	return true;
}

static bool is_shut(const struct trip *trip, bool is_there)
{
	if (!trip->sim || trip->request.peer != HTTP_PEER_KUBE)
		return false;
	return is_there ? trip->sim->is_there_shut : trip->sim->is_back_shut;
}

/* Lines, and what follows from them. */
static void hand_over(struct trip *trip)
{
	struct buf lines = trip->lines;
	struct http_call *call = trip->call;
	bool is_taken = true;

	buf_fini(&trip->last);
	trip->lines = (struct buf){.max = LINES_MAX};
	if (lines.length > 0)
		is_taken = call->bytes(call, lines.bytes, lines.length);
	if (call->impl != trip) { /* cancelled from inside */
		buf_fini(&lines);
		return;
	}
	trip->last = lines;
	if (!is_taken)
		err_set(&trip->reply.error, ERR_MALFORMED, "the stream was refused by its reader");
	if (!is_taken || trip->is_ended)
		finish(trip);
}

static void on_delivery(struct alarm *alarm)
{
	struct trip *trip = container_of(alarm, struct trip, alarm);
	struct instant now = loop_now(trip->world);
	struct instant at;
	bool is_held = instant_is_before(trip->due, now);

	if (is_held && instant_is_set(trip->end) && instant_is_before(trip->end, now)) {
		time_out(trip); /* a process that was paused looks at its alarms first */
	} else if (is_held) {
		deliver_at(trip, now);
		return;
	} else if (is_shut(trip, false) && !trip->fate.is_reply_lost) {
		if (try_again(trip, &at))
			deliver_at(trip, at);
		else
			wait_in_vain(trip);
		return;
	}
	trip->again.ms = 0;
	if (trip->watch)
		hand_over(trip);
	else
		finish(trip);
}

/* Watches
 * ------------------------------------------------------------------------------------------ */

/* What becomes of the lines that wait. */
static void suffer(struct trip *trip, enum sim_http_stream fate)
{
	static const char expired[] =
		"{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"apiVersion\":\"v1\","
		"\"metadata\":{},\"status\":\"Failure\",\"message\":\"too old resource version\","
		"\"reason\":\"Expired\",\"code\":410}}\n";

	switch (fate) {
	case SIM_HTTP_STREAM_CARRIED:
	case SIM_HTTP_STREAM_LATE:
		break;
	case SIM_HTTP_STREAM_REPLAYED:
		if (!buf_add(&trip->lines, trip->last.bytes, trip->last.length))
			abort();
		break;
	case SIM_HTTP_STREAM_SILENT:
		trip->is_silent = true;
		break;
	case SIM_HTTP_STREAM_LOST:
		trip->is_silent = true;
		trip->is_ended = true;
		err_set(&trip->reply.error, ERR_TRANSPORT, "the connection was reset");
		break;
	case SIM_HTTP_STREAM_EXPIRED:
		trip->is_silent = true;
		trip->is_ended = true;
		if (!buf_add(&trip->lines, expired, sizeof(expired) - 1))
			abort();
		break;
	}
}

static void on_deliver(void *user, const char *bytes, size_t length)
{
	struct trip *trip = user;
	struct span late = trip->half;
	enum sim_http_stream fate = SIM_HTTP_STREAM_CARRIED;

	if (trip->is_silent)
		return;
	if (!trip->alarm.loop && trip->options->stream && length > 0) {
		struct span more = {0};

		fate = trip->options->stream(trip->options->user, &trip->request, &more);
		late.ms += fate == SIM_HTTP_STREAM_LATE ? more.ms : 0;
	}
	suffer(trip, fate);
	if (fate == SIM_HTTP_STREAM_SILENT)
		return;
	if (length == 0)
		trip->is_ended = true;
	else if (!trip->is_silent && !buf_add(&trip->lines, bytes, length))
		abort();
	if (!trip->alarm.loop)
		deliver_at(trip, instant_after(loop_now(trip->world), late));
}

static void open_watch(struct trip *trip)
{
	trip->watch = apiserver_watch(trip->server, &trip->request, on_deliver, trip, &trip->reply,
	                              &trip->arena, loop_now(trip->world));
	if (!trip->watch)
		deliver_at(trip, instant_after(loop_now(trip->world), trip->half));
	while (trip->watch && apiserver_watch_step(trip->watch))
		;
}

/* Requests
 * ------------------------------------------------------------------------------------------ */

static void on_arrival(struct alarm *alarm);

static void serve(struct trip *trip)
{
	if (trip->request.peer == HTTP_PEER_KUBE)
		trip->reply = apiserver_serve(trip->server, &trip->request, &trip->arena,
		                              loop_now(trip->world));
	else
		trip->reply = trip->options->web(trip->options->user, &trip->request, &trip->arena);
}

/* It has arrived: the reply goes back. */
static void send_back(struct trip *trip)
{
	struct instant at =
		instant_after(instant_after(loop_now(trip->world), trip->half), trip->fate.back);

	if (trip->fate.is_reply_lost ||
	    (instant_is_set(trip->end) && !instant_is_before(at, trip->end))) {
		wait_in_vain(trip);
		return;
	}
	if (trip->fate.is_reset || trip->fate.is_reset_late) {
		trip->reply = (struct http_reply){0};
		err_set(&trip->reply.error, ERR_TRANSPORT, "the connection was reset");
	}
	deliver_at(trip, at);
}

/* The reply of the first was lost with its connection: it is sent on another. */
static void on_second(struct alarm *alarm)
{
	struct trip *trip = container_of(alarm, struct trip, alarm);

	trip->fate.again.ms = 0;
	if (instant_is_before(trip->end, loop_now(trip->world))) {
		wait_in_vain(trip); /* its process was paused for too long */
		return;
	}
	on_arrival(alarm);
}

static void send_again(struct trip *trip)
{
	struct instant at = instant_after(loop_now(trip->world), trip->fate.again);

	if (!instant_is_before(at, trip->end)) {
		wait_in_vain(trip);
		return;
	}
	trip->alarm.ring = on_second;
	alarm_start(trip->loop, &trip->alarm, trip->fate.again);
}

/* The way there is shut. */
static void knock_again(struct trip *trip)
{
	struct instant at;

	if (!try_again(trip, &at)) {
		wait_in_vain(trip);
		return;
	}
	trip->alarm.ring = on_arrival;
	alarm_start(trip->world, &trip->alarm, trip->again);
}

static void on_arrival(struct alarm *alarm)
{
	struct trip *trip = container_of(alarm, struct trip, alarm);

	if (!trip->sim) { /* its client is gone */
		(void)apiserver_serve(trip->server, &trip->request, &trip->arena,
		                      loop_now(trip->world));
		trip_free(trip);
		return;
	}
	if (is_shut(trip, true)) {
		knock_again(trip);
		return;
	}
	trip->again.ms = 0;
	if (!trip->is_served)
		trip->sim->n_leaving--;
	trip->is_served = true;
	if (trip->sim->is_cut && trip->request.peer == HTTP_PEER_KUBE) {
		err_set(&trip->reply.error, ERR_TRANSPORT, "the connection is cut");
	} else if (trip->fate.is_lost) {
		wait_in_vain(trip);
		return;
	} else if (trip->fate.is_reset) {
		send_back(trip);
		return;
	} else if (trip->request.peer == HTTP_PEER_KUBE && apiserver_watch_asked(&trip->request)) {
		open_watch(trip);
		return;
	} else {
		serve(trip);
	}
	if (trip->fate.again.ms > 0 && instant_is_set(trip->end))
		send_again(trip);
	else
		send_back(trip);
}

static void depart(struct trip *trip)
{
	struct instant now = loop_now(trip->world);
	struct span there = span_ms(trip->half.ms + trip->fate.there.ms);

	if (trip->request.timeout.ms > 0)
		trip->end = instant_after(now, trip->request.timeout);
	if (instant_is_set(trip->end) && !instant_is_before(instant_after(now, there), trip->end))
		trip->fate = (struct sim_http_fate){.is_lost = true};
	trip->alarm.ring = on_arrival;
	alarm_start(trip->world, &trip->alarm, trip->fate.is_lost ? trip->half : there);
}

static void on_start(struct http *http, struct http_call *call, const struct http_request *request)
{
	struct sim_http *sim = (struct sim_http *)(void *)http;
	struct trip *trip = calloc(1, sizeof(*trip));

	if (!trip)
		abort();
	trip->sim = sim;
	trip->call = call;
	trip->options = &sim->options;
	trip->server = sim->options.server;
	trip->loop = sim->options.loop;
	trip->world = sim->options.world ? sim->options.world : sim->options.loop;
	trip->half = span_ms(sim->options.latency.ms / 2);
	trip->lines.max = LINES_MAX;
	copy_request(trip, request);
	http_request_add(&trip->request, "User-Agent",
	                 arena_text(&trip->arena,
	                            sim->options.agent ? sim->options.agent : "serin/sim"));
	trip->next = sim->trips;
	if (trip->next)
		trip->next->link = &trip->next;
	trip->link = &sim->trips;
	sim->trips = trip;
	call->http = http;
	call->impl = trip;
	if (request->peer == HTTP_PEER_URL || !apiserver_watch_asked(request))
		sim->counts[request->peer]++;
	if (sim->options.fate)
		trip->fate = sim->options.fate(sim->options.user, &trip->request, sim->n_leaving);
	sim->n_leaving++;
	depart(trip);
}

/* A write that left takes effect when its time comes, whoever waits for it. */
static void abandon(struct trip *trip)
{
	trip->call->http = NULL;
	trip->call->impl = NULL;
	if (!trip->is_served)
		trip->sim->n_leaving--;
	if (trip->is_served || trip->alarm.ring != on_arrival ||
	    trip->request.peer != HTTP_PEER_KUBE || trip->request.method == HTTP_GET ||
	    trip->sim->is_cut || trip->sim->is_there_shut || trip->fate.is_lost ||
	    trip->fate.is_reset) {
		trip_free(trip);
		return;
	}
	unlink_trip(trip);
	trip->sim = NULL;
}

static void on_cancel(struct http *http, struct http_call *call)
{
	(void)http;
	abandon(call->impl);
}

static const struct http_ops ops = {.start = on_start, .cancel = on_cancel};

struct sim_http *sim_http_new(const struct sim_http_options *options)
{
	struct sim_http *sim = calloc(1, sizeof(*sim));

	if (!sim)
		abort();
	sim->http.ops = &ops;
	sim->options = *options;
	return sim;
}

struct sim_http *sim_http_free(struct sim_http *sim)
{
	if (!sim)
		return NULL;
	while (sim->trips)
		abandon(sim->trips);
	free(sim);
	return NULL;
}

struct http *sim_http_seam(struct sim_http *sim)
{
	return &sim->http;
}

void sim_http_cut(struct sim_http *sim, bool is_cut)
{
	sim->is_cut = is_cut;
}

void sim_http_part(struct sim_http *sim, bool is_there_shut, bool is_back_shut)
{
	sim->is_there_shut = is_there_shut;
	sim->is_back_shut = is_back_shut;
}

size_t sim_http_count(const struct sim_http *sim, enum http_peer peer)
{
	return sim->counts[peer];
}
