#include "agent/demo/sim_http.h"

#include "analysis/base/buf.h"

#include <stdlib.h>
#include <string.h>

#define LINES_MAX ((size_t)64 * 1024 * 1024)

/* One exchange: outlives its call when that is cancelled, until it has landed. */
struct trip {
	struct alarm alarm;
	struct sim_http *sim; /* NULL: the client is gone, only the effect is to come */
	struct http_call *call;
	struct http_request request;
	struct arena arena;
	struct http_reply reply;
	bool is_served;
	/* Of a watch */
	struct apiserver_watch *watch;
	struct buf lines;
	bool is_ended;
	struct trip *next;
	struct trip **link;
	const struct sim_http_options *options;
	struct apiserver *server;
	struct loop *loop;
	struct span half;
};

struct sim_http {
	struct http http; /* the first member */
	struct sim_http_options options;
	struct trip *trips;
	bool is_cut;
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

/* Watches
 * ------------------------------------------------------------------------------------------ */

static void on_lines(struct alarm *alarm)
{
	struct trip *trip = container_of(alarm, struct trip, alarm);
	struct buf lines = trip->lines;
	struct http_call *call = trip->call;
	bool is_taken = true;

	trip->lines = (struct buf){.max = LINES_MAX};
	if (lines.length > 0)
		is_taken = call->bytes(call, lines.bytes, lines.length);
	buf_fini(&lines);
	if (call->impl != trip)
		return; /* cancelled from inside */
	if (!is_taken)
		err_set(&trip->reply.error, ERR_MALFORMED, "the stream was refused by its reader");
	if (!is_taken || trip->is_ended)
		finish(trip);
}

static void on_deliver(void *user, const char *bytes, size_t length)
{
	struct trip *trip = user;

	if (length == 0)
		trip->is_ended = true;
	else if (!buf_add(&trip->lines, bytes, length))
		abort();
	if (!trip->alarm.loop)
		alarm_start(trip->loop, &trip->alarm, trip->half);
}

static void open_watch(struct trip *trip)
{
	trip->watch = apiserver_watch(trip->server, &trip->request, on_deliver, trip, &trip->reply,
	                              &trip->arena, loop_now(trip->loop));
	trip->alarm.ring = on_lines;
	if (!trip->watch) {
		trip->is_ended = true;
		alarm_start(trip->loop, &trip->alarm, trip->half);
	}
}

/* Requests
 * ------------------------------------------------------------------------------------------ */

static void on_reply(struct alarm *alarm)
{
	finish(container_of(alarm, struct trip, alarm));
}

static void serve(struct trip *trip)
{
	if (trip->request.peer == HTTP_PEER_KUBE)
		trip->reply = apiserver_serve(trip->server, &trip->request, &trip->arena,
		                              loop_now(trip->loop));
	else
		trip->reply = trip->options->web(trip->options->user, &trip->request, &trip->arena);
}

static void on_arrival(struct alarm *alarm)
{
	struct trip *trip = container_of(alarm, struct trip, alarm);

	if (!trip->sim) { /* its client is gone */
		(void)apiserver_serve(trip->server, &trip->request, &trip->arena,
		                      loop_now(trip->loop));
		trip_free(trip);
		return;
	}
	trip->is_served = true;
	if (trip->sim->is_cut && trip->request.peer == HTTP_PEER_KUBE) {
		err_set(&trip->reply.error, ERR_TRANSPORT, "the connection is cut");
	} else if (trip->request.peer == HTTP_PEER_KUBE && apiserver_watch_asked(&trip->request)) {
		open_watch(trip);
		return;
	} else {
		serve(trip);
	}
	trip->alarm.ring = on_reply;
	alarm_start(trip->loop, &trip->alarm, trip->half);
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
	trip->half = span_ms(sim->options.latency.ms / 2);
	trip->lines.max = LINES_MAX;
	copy_request(trip, request);
	http_request_add(&trip->request, "User-Agent",
	                 sim->options.agent ? sim->options.agent : "serin/sim");
	trip->next = sim->trips;
	if (trip->next)
		trip->next->link = &trip->next;
	trip->link = &sim->trips;
	sim->trips = trip;
	trip->alarm.ring = on_arrival;
	alarm_start(trip->loop, &trip->alarm, trip->half);
	call->http = http;
	call->impl = trip;
	if (request->peer == HTTP_PEER_URL || !apiserver_watch_asked(request))
		sim->counts[request->peer]++;
}

/* A write that left takes effect when its time comes, whoever waits for it. */
static void abandon(struct trip *trip)
{
	trip->call->http = NULL;
	trip->call->impl = NULL;
	if (trip->is_served || trip->request.peer != HTTP_PEER_KUBE ||
	    trip->request.method == HTTP_GET || trip->sim->is_cut) {
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

size_t sim_http_count(const struct sim_http *sim, enum http_peer peer)
{
	return sim->counts[peer];
}
