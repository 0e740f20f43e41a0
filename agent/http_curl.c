#include "agent/http_curl.h"

#include "agent/http_easy.h"
#include "agent/http_fault.h"
#include "agent/http_wire.h"
#include "agent/loop_ev.h"
#include "analysis/base/buf.h"

#include <assert.h>
#include <ev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#define MS_PER_SECOND 1000
#define LANES         (HTTP_LANE_METRICS + 1)

enum progress {
	PROGRESS_NONE,
	PROGRESS_WAITING, /* for a place in its pool */
	PROGRESS_RUNNING, /* in libcurl's hands */
	PROGRESS_ENDED,   /* done is to be called */
};

/* What a call has in its impl. */
struct exchange {
	TAILQ_ENTRY(exchange) in_pool;  /* waiting or running */
	TAILQ_ENTRY(exchange) in_ready; /* when is_ready */
	struct http_curl *service;
	struct http_call *call;
	struct pool *pool; /* NULL when it never got that far, or ended */
	struct http_easy easy;
	struct ev_timer deadline;
	struct span timeout;
	enum progress progress;
	bool is_kube;
	bool is_ready;   /* has bytes or an end to tell */
	bool is_suspect; /* on a connection that let another call wait too long */
	bool is_over;    /* the body is too long */
	struct buf body; /* of a stream: what came and was not handed over yet */
	size_t reply_max;
	struct http_reply reply;
};

TAILQ_HEAD(exchange_list, exchange);

/* The calls between one lane and one address. */
struct pool {
	TAILQ_ENTRY(pool) others;
	struct lane *lane;
	char *origin;
	struct exchange_list waiting;
	struct exchange_list running;
	size_t n_running;
	size_t n_suspect; /* running ones; while there are any, new calls connect anew */
};

/* Connections that are shared by no other lane, and the calls they serve. */
struct lane {
	struct http_curl *service;
	struct http_wire wire;
	size_t calls_max; /* of each pool */
	TAILQ_HEAD(, pool) pools;
};

struct http_curl {
	struct http seam;
	struct ev_loop *backend;
	struct credentials *credentials;
	char *user_agent;
	struct lane lanes[LANES];
	struct ev_prepare drain;
	struct ev_timer again; /* more to tell in the next turn */
	struct exchange_list ready;
	size_t n_ready;
	struct exchange *telling; /* whose owner we are calling; NULL when it cancelled */
};

/* Pools -------------------------------------------------------------------------------------------
 */

static struct pool *pool_get(struct lane *lane, const char *origin)
{
	struct pool *pool;

	TAILQ_FOREACH(pool, &lane->pools, others)
	if (strcmp(pool->origin, origin) == 0)
		return pool;
	pool = calloc(1, sizeof(*pool));
	if (!pool)
		abort();
	pool->lane = lane;
	pool->origin = strdup(origin);
	if (!pool->origin)
		abort();
	TAILQ_INIT(&pool->waiting);
	TAILQ_INIT(&pool->running);
	TAILQ_INSERT_TAIL(&lane->pools, pool, others);
	return pool;
}

static void pool_drop_if_empty(struct pool *pool)
{
	if (!TAILQ_EMPTY(&pool->waiting) || !TAILQ_EMPTY(&pool->running))
		return;
	TAILQ_REMOVE(&pool->lane->pools, pool, others);
	free(pool->origin);
	free(pool);
}

/* Hand waiting calls to libcurl while there is room. */
static void pool_run(struct pool *pool)
{
	while (pool->n_running < pool->lane->calls_max && !TAILQ_EMPTY(&pool->waiting)) {
		struct exchange *exchange = TAILQ_FIRST(&pool->waiting);
		CURL *curl = exchange->easy.curl;

		TAILQ_REMOVE(&pool->waiting, exchange, in_pool);
		TAILQ_INSERT_TAIL(&pool->running, exchange, in_pool);
		pool->n_running++;
		exchange->progress = PROGRESS_RUNNING;
		if (pool->n_suspect > 0)
			(void)curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, 1L);
		(void)curl_multi_add_handle(pool->lane->wire.multi, curl);
	}
}

/*
 * A call waited too long: its connection, and all that run beside it, close as soon as nobody uses
 * them. Without this, a server that is stuck behind a healthy kernel keeps every later stream of
 * HTTP/2 for itself.
 */
static void pool_suspect(struct pool *pool)
{
	struct exchange *exchange;

	TAILQ_FOREACH(exchange, &pool->running, in_pool)
	{
		if (exchange->is_suspect)
			continue;
		exchange->is_suspect = true;
		pool->n_suspect++;
		(void)curl_easy_setopt(exchange->easy.curl, CURLOPT_FORBID_REUSE, 1L);
	}
}

/* Take an exchange out of its pool, and out of libcurl's hands. */
static void pool_leave(struct exchange *exchange)
{
	struct pool *pool = exchange->pool;

	if (exchange->progress == PROGRESS_WAITING) {
		TAILQ_REMOVE(&pool->waiting, exchange, in_pool);
	} else {
		(void)curl_multi_remove_handle(pool->lane->wire.multi, exchange->easy.curl);
		TAILQ_REMOVE(&pool->running, exchange, in_pool);
		pool->n_running--;
		pool->n_suspect -= exchange->is_suspect ? 1 : 0;
	}
	exchange->pool = NULL;
	pool_run(pool);
	pool_drop_if_empty(pool);
}

/* One exchange ------------------------------------------------------------------------------------
 */

/* Its owner has something to hear in the next drain. */
static void set_ready(struct exchange *exchange)
{
	if (exchange->is_ready)
		return;
	exchange->is_ready = true;
	TAILQ_INSERT_TAIL(&exchange->service->ready, exchange, in_ready);
	exchange->service->n_ready++;
}

static void clear_ready(struct exchange *exchange)
{
	if (!exchange->is_ready)
		return;
	exchange->is_ready = false;
	TAILQ_REMOVE(&exchange->service->ready, exchange, in_ready);
	exchange->service->n_ready--;
}

static void end(struct exchange *exchange)
{
	ev_timer_stop(exchange->service->backend, &exchange->deadline);
	if (exchange->pool)
		pool_leave(exchange);
	exchange->progress = PROGRESS_ENDED;
	set_ready(exchange);
}

/* Free it; its call may be started again from here on. */
static void exchange_free(struct exchange *exchange)
{
	struct http_curl *service = exchange->service;

	ev_timer_stop(service->backend, &exchange->deadline);
	if (exchange->pool)
		pool_leave(exchange);
	clear_ready(exchange);
	if (service->telling == exchange)
		service->telling = NULL;
	exchange->call->http = NULL;
	exchange->call->impl = NULL;
	http_easy_fini(&exchange->easy);
	buf_fini(&exchange->body);
	free(exchange);
}

static bool is_stream(const struct exchange *exchange)
{
	return exchange->call->bytes && exchange->reply.status / 100 == 2;
}

/* Keeps what comes; the owner gets it outside of libcurl, where it may cancel. */
static size_t on_body(char *bytes, size_t size, size_t count, void *user)
{
	struct exchange *exchange = user;
	long status = 0;

	(void)curl_easy_getinfo(exchange->easy.curl, CURLINFO_RESPONSE_CODE, &status);
	exchange->reply.status = (int)status;
	exchange->body.max = is_stream(exchange) ? HTTP_CURL_PENDING_MAX : exchange->reply_max;
	if (!buf_add(&exchange->body, bytes, size * count)) {
		exchange->is_over = true;
		return 0;
	}
	if (is_stream(exchange))
		set_ready(exchange);
	return size * count;
}

static void on_deadline(struct ev_loop *backend, struct ev_timer *watcher, int events)
{
	struct exchange *exchange = watcher->data;
	char length[SPAN_TEXT_MAX];

	(void)err_set(&exchange->reply.error, ERR_TRANSPORT, "%s: no %s within %s%s",
	              exchange->easy.peer, exchange->reply.status ? "whole answer" : "answer",
	              span_format(exchange->timeout, length),
	              exchange->progress == PROGRESS_WAITING ? ": still waiting for its turn" : "");
	if (exchange->progress == PROGRESS_RUNNING)
		pool_suspect(exchange->pool);
	end(exchange);
}

static struct instant read_date(CURL *curl)
{
	struct curl_header *header;
	time_t seconds = -1;

	if (curl_easy_header(curl, "Date", 0, CURLH_HEADER, -1, &header) == CURLHE_OK)
		seconds = curl_getdate(header->value, NULL);
	return (struct instant){seconds > 0 ? (int64_t)seconds * 1000 : 0};
}

static void read_reply(struct exchange *exchange)
{
	CURL *curl = exchange->easy.curl;
	curl_off_t wait = 0;
	long status = 0;

	(void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	exchange->reply.status = (int)status;
	exchange->reply.date = read_date(curl);
	if (status == 401 && exchange->is_kube)
		credentials_refused(exchange->service->credentials);
	if (status != 429 && status != 503)
		return;
	(void)curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &wait);
	if (wait > 0)
		exchange->reply.retry_after = span_seconds(
			wait < HTTP_CURL_WAIT_MAX ? (int64_t)wait : HTTP_CURL_WAIT_MAX);
}

/* Go where a redirect points to. False when there is none. */
static bool follow(struct exchange *exchange, struct err *err)
{
	struct lane *lane = exchange->pool->lane;
	bool is_redirect;

	if (!http_easy_redirect(&exchange->easy, &is_redirect, err))
		return false;
	if (!is_redirect)
		return false;
	pool_leave(exchange);
	buf_fini(&exchange->body);
	exchange->reply = (struct http_reply){0};
	exchange->is_suspect = false;
	exchange->progress = PROGRESS_WAITING;
	exchange->pool = pool_get(lane, exchange->easy.origin);
	TAILQ_INSERT_TAIL(&exchange->pool->waiting, exchange, in_pool);
	pool_run(exchange->pool);
	return true;
}

/* libcurl has done its part. */
static void finish(struct exchange *exchange, CURLcode code)
{
	struct err *error = &exchange->reply.error;

	if (exchange->is_over)
		(void)err_set(error, ERR_LIMIT, "%s: status %d with a body of more than %zu bytes",
		              exchange->easy.peer, exchange->reply.status, exchange->body.max);
	else if (code != CURLE_OK)
		http_fault_explain(exchange->easy.curl, code, exchange->easy.peer,
		                   exchange->easy.detail, error);
	else if (follow(exchange, error))
		return;
	else if (error->kind == ERR_NONE)
		read_reply(exchange);
	end(exchange);
}

/* What is told to the owners
 * ------------------------------------------------------------------------------
 */

static void drain_lane(struct lane *lane)
{
	CURLMsg *message;
	int n_left;

	while ((message = curl_multi_info_read(lane->wire.multi, &n_left))) {
		struct exchange *exchange = NULL;

		if (message->msg != CURLMSG_DONE)
			continue;
		(void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &exchange);
		finish(exchange, message->data.result);
	}
}

/* Hand over what came of a stream. False when the owner cancelled, and the exchange is gone. */
static bool tell_bytes(struct exchange *exchange)
{
	struct http_curl *service = exchange->service;
	struct buf taken = exchange->body;
	bool is_wanted;

	exchange->body = (struct buf){.max = taken.max};
	service->telling = exchange;
	is_wanted = exchange->call->bytes(exchange->call, taken.bytes, taken.length);
	buf_fini(&taken);
	if (!service->telling)
		return false;
	service->telling = NULL;
	if (is_wanted)
		return true;
	(void)err_set(&exchange->reply.error, ERR_MALFORMED, "%s: the stream was refused",
	              exchange->easy.peer);
	if (exchange->progress != PROGRESS_ENDED)
		end(exchange);
	return true;
}

static void tell_end(struct exchange *exchange)
{
	struct http_call *call = exchange->call;
	struct http_reply reply = {.error = exchange->reply.error};
	struct buf body = exchange->body;

	if (reply.error.kind == ERR_NONE) {
		reply = exchange->reply;
		reply.body = buf_text(&body);
		reply.body_length = body.length;
	}
	exchange->body = (struct buf){0};
	exchange_free(exchange);
	call->done(call, &reply);
	buf_fini(&body);
}

static void tell(struct exchange *exchange)
{
	clear_ready(exchange);
	if (is_stream(exchange) && exchange->body.length > 0 && !tell_bytes(exchange))
		return;
	if (exchange->progress == PROGRESS_ENDED)
		tell_end(exchange);
}

static void on_again(struct ev_loop *backend, struct ev_timer *watcher, int events)
{
}

/* Before the loop sleeps: the one place where owners hear of anything. */
static void on_drain(struct ev_loop *backend, struct ev_prepare *watcher, int events)
{
	struct http_curl *service = watcher->data;
	size_t n_ready;

	for (size_t i = 0; i < LANES; i++)
		drain_lane(&service->lanes[i]);
	/* As many as there are now: those that become ready meanwhile cannot keep the loop here. */
	for (n_ready = service->n_ready; n_ready > 0 && service->n_ready > 0; n_ready--)
		tell(TAILQ_FIRST(&service->ready));
	if (TAILQ_EMPTY(&service->ready) || ev_is_active(&service->again))
		return;
	ev_timer_set(&service->again, 0., 0.);
	ev_timer_start(backend, &service->again);
}

/* The seam ----------------------------------------------------------------------------------------
 */

static struct http_curl *of(struct http *http)
{
	return container_of(http, struct http_curl, seam);
}

static bool prepare(struct exchange *exchange, const struct http_request *request, struct err *err)
{
	struct http_curl *service = exchange->service;
	const struct credentials_view *view = NULL;

	if (exchange->is_kube) {
		if (!service->credentials)
			return err_set(err, ERR_INVALID, "no credentials for the API server");
		view = credentials_get(service->credentials);
	}
	if (!http_easy_init(&exchange->easy, request, view, service->user_agent, err))
		return false;
	(void)curl_easy_setopt(exchange->easy.curl, CURLOPT_PRIVATE, exchange);
	(void)curl_easy_setopt(exchange->easy.curl, CURLOPT_WRITEFUNCTION, on_body);
	(void)curl_easy_setopt(exchange->easy.curl, CURLOPT_WRITEDATA, exchange);
	return true;
}

static void curl_side_start(struct http *http, struct http_call *call,
                            const struct http_request *request)
{
	struct http_curl *service = of(http);
	struct exchange *exchange = calloc(1, sizeof(*exchange));

	if (!exchange)
		abort();
	exchange->service = service;
	exchange->call = call;
	exchange->is_kube = request->peer == HTTP_PEER_KUBE;
	exchange->timeout = request->timeout;
	exchange->reply_max = request->reply_max;
	ev_timer_init(&exchange->deadline, on_deadline, (double)request->timeout.ms / MS_PER_SECOND,
	              0.);
	exchange->deadline.data = exchange;
	call->http = http;
	call->impl = exchange;
	if (!prepare(exchange, request, &exchange->reply.error)) {
		end(exchange);
		return;
	}
	if (request->timeout.ms > 0) {
		ev_now_update(service->backend);
		ev_timer_start(service->backend, &exchange->deadline);
	}
	exchange->progress = PROGRESS_WAITING;
	exchange->pool = pool_get(&service->lanes[call->lane], exchange->easy.origin);
	TAILQ_INSERT_TAIL(&exchange->pool->waiting, exchange, in_pool);
	pool_run(exchange->pool);
}

/* A watch that is given up may have been given up for its silence. */
static void curl_side_cancel(struct http *http, struct http_call *call)
{
	struct exchange *exchange = call->impl;

	if (call->lane == HTTP_LANE_WATCH && exchange->progress == PROGRESS_RUNNING)
		pool_suspect(exchange->pool);
	exchange_free(exchange);
}

static const struct http_ops ops = {
	.start = curl_side_start,
	.cancel = curl_side_cancel,
};

static void lane_init(struct lane *lane, struct http_curl *service)
{
	lane->service = service;
	lane->calls_max = HTTP_CURL_CALLS_MAX;
	http_wire_init(&lane->wire, service->backend, HTTP_CURL_CALLS_MAX);
	TAILQ_INIT(&lane->pools);
}

struct http_curl *http_curl_new(const struct http_curl_settings *settings)
{
	struct http_curl *service = calloc(1, sizeof(*service));

	if (!service || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		abort();
	service->seam.ops = &ops;
	service->backend = loop_ev_backend(settings->loop);
	service->credentials = settings->credentials;
	service->user_agent = strdup(settings->user_agent);
	if (!service->user_agent)
		abort();
	TAILQ_INIT(&service->ready);
	for (size_t i = 0; i < LANES; i++)
		lane_init(&service->lanes[i], service);
	service->lanes[HTTP_LANE_WATCH].calls_max = SIZE_MAX;
	ev_timer_init(&service->again, on_again, 0., 0.);
	ev_prepare_init(&service->drain, on_drain);
	service->drain.data = service;
	ev_prepare_start(service->backend, &service->drain);
	return service;
}

static void lane_fini(struct lane *lane)
{
	struct pool *pool;

	while ((pool = TAILQ_FIRST(&lane->pools))) {
		/* From the back of the line, so that none moves up meanwhile. */
		struct exchange *exchange = TAILQ_LAST(&pool->waiting, exchange_list);

		exchange_free(exchange ? exchange : TAILQ_FIRST(&pool->running));
	}
	http_wire_fini(&lane->wire);
}

struct http_curl *http_curl_free(struct http_curl *service)
{
	if (!service)
		return NULL;
	for (size_t i = 0; i < LANES; i++)
		lane_fini(&service->lanes[i]);
	while (!TAILQ_EMPTY(&service->ready))
		exchange_free(TAILQ_FIRST(&service->ready));
	ev_prepare_stop(service->backend, &service->drain);
	ev_timer_stop(service->backend, &service->again);
	free(service->user_agent);
	free(service);
	curl_global_cleanup();
	return NULL;
}

struct http *http_curl_seam(struct http_curl *service)
{
	return &service->seam;
}
