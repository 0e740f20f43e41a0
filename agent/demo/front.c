#include "agent/demo/front.h"

#include "analysis/base/buf.h"

#include <arpa/inet.h>
#include <assert.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BODY_MAX   (4 * 1024 * 1024)  /* beyond what the server takes, so that it can refuse */
#define STREAM_MAX (64 * 1024 * 1024) /* a reader that falls behind so far is cut off */

struct front {
	struct front_options options;
	struct MHD_Daemon *daemon;
	struct front_stream *streams;
};

/* One request while it is read. */
struct front_exchange {
	char *url; /* as sent, with query */
	struct buf body;
	bool is_begun;
};

/* One open watch. */
struct front_stream {
	struct front_stream *next;
	struct front *front;
	struct MHD_Connection *connection;
	struct apiserver_watch *watch;
	struct buf out;
	bool is_suspended;
	bool is_ended;
};

static void *on_uri(void *user, const char *uri, struct MHD_Connection *connection)
{
	struct front_exchange *exchange = calloc(1, sizeof(*exchange));

	(void)user;
	(void)connection;
	if (!exchange)
		abort();
	exchange->url = strdup(uri);
	exchange->body.max = BODY_MAX;
	if (!exchange->url)
		abort();
	return exchange;
}

static void on_completed(void *user, struct MHD_Connection *connection, void **at,
                         enum MHD_RequestTerminationCode why)
{
	struct front_exchange *exchange = *at;

	(void)user;
	(void)connection;
	(void)why;
	if (!exchange)
		return;
	buf_fini(&exchange->body);
	free(exchange->url);
	free(exchange);
	*at = NULL;
}

static void resume(struct front_stream *stream)
{
	if (!stream->is_suspended)
		return;
	stream->is_suspended = false;
	MHD_resume_connection(stream->connection);
}

static void on_deliver(void *user, const char *bytes, size_t length)
{
	struct front_stream *stream = user;

	if (length == 0 || !buf_add(&stream->out, bytes, length))
		stream->is_ended = true;
	resume(stream);
}

static ssize_t on_read(void *user, uint64_t position, char *bytes, size_t max)
{
	struct front_stream *stream = user;
	size_t length = stream->out.length < max ? stream->out.length : max;

	(void)position;
	if (length) {
		memcpy(bytes, stream->out.bytes, length);
		buf_drop(&stream->out, length);
		return (ssize_t)length;
	}
	if (stream->is_ended)
		return MHD_CONTENT_READER_END_OF_STREAM;
	stream->is_suspended = true;
	MHD_suspend_connection(stream->connection);
	return 0;
}

static void on_stream_end(void *user)
{
	struct front_stream *stream = user;
	struct front_stream **at = &stream->front->streams;

	while (*at && *at != stream)
		at = &(*at)->next;
	if (*at)
		*at = stream->next;
	(void)apiserver_watch_cancel(stream->watch);
	buf_fini(&stream->out);
	free(stream);
}

static void fill_headers(struct MHD_Connection *connection, struct http_request *request)
{
	static const char *const names[] = {"Accept", "Content-Type", "User-Agent"};

	for (size_t i = 0; i < array_length(names); i++) {
		const char *value =
			MHD_lookup_connection_value(connection, MHD_HEADER_KIND, names[i]);

		if (value)
			http_request_add(request, names[i], value);
	}
}

static enum http_method method_of(const char *name)
{
	for (enum http_method method = HTTP_GET; method <= HTTP_DELETE; method++) {
		if (strcmp(http_method_name(method), name) == 0)
			return method;
	}
	return HTTP_METHOD_NONE;
}

/* The server's clock, which is seldom that on the wall. */
static void add_date(struct MHD_Response *response, struct instant now)
{
	time_t seconds = (time_t)(now.ms / 1000);
	char text[64];
	struct tm tm;

	if (gmtime_r(&seconds, &tm) &&
	    strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &tm) > 0)
		(void)MHD_add_response_header(response, "Date", text);
}

static enum MHD_Result send_reply(struct MHD_Connection *connection, const struct http_reply *reply,
                                  struct instant now)
{
	struct MHD_Response *response;
	enum MHD_Result result;
	char seconds[32];

	if (reply->error.kind != ERR_NONE)
		return MHD_NO; /* closes the connection without an answer */
	response = MHD_create_response_from_buffer(
		reply->body_length, (void *)(uintptr_t)reply->body, MHD_RESPMEM_MUST_COPY);
	if (!response)
		abort();
	(void)MHD_add_response_header(response, "Content-Type", "application/json");
	add_date(response, now);
	if (reply->retry_after.ms > 0) {
		(void)snprintf(seconds, sizeof(seconds), "%lld",
		               (long long)(reply->retry_after.ms + 999) / 1000);
		(void)MHD_add_response_header(response, "Retry-After", seconds);
	}
	result = MHD_queue_response(connection, (unsigned)reply->status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result open_stream(struct front *front, struct MHD_Connection *connection,
                                   const struct http_request *request, struct arena *arena)
{
	struct front_stream *stream = calloc(1, sizeof(*stream));
	struct MHD_Response *response;
	struct instant now = front->options.now(front->options.user);
	struct http_reply reply;
	enum MHD_Result result;

	if (!stream)
		abort();
	stream->front = front;
	stream->connection = connection;
	stream->out.max = STREAM_MAX;
	stream->watch = apiserver_watch(front->options.server, request, on_deliver, stream, &reply,
	                                arena, now);
	if (!stream->watch) {
		free(stream);
		return send_reply(connection, &reply, now);
	}
	stream->next = front->streams;
	front->streams = stream;
	response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 16384, on_read, stream,
	                                             on_stream_end);
	if (!response)
		abort();
	(void)MHD_add_response_header(response, "Content-Type", "application/json");
	add_date(response, now);
	result = MHD_queue_response(connection, 200, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result serve(struct front *front, struct MHD_Connection *connection,
                             const char *method, const struct front_exchange *exchange)
{
	struct http_request request = {
		.peer = HTTP_PEER_KUBE,
		.method = method_of(method),
		.url = exchange->url,
		.body = exchange->body.length ? exchange->body.bytes : NULL,
		.body_length = exchange->body.length,
	};
	struct instant now = front->options.now(front->options.user);
	struct arena arena = {0};
	struct http_reply reply;
	enum MHD_Result result;

	fill_headers(connection, &request);
	if (apiserver_watch_asked(&request)) {
		result = open_stream(front, connection, &request, &arena);
	} else {
		reply = apiserver_serve(front->options.server, &request, &arena, now);
		result = send_reply(connection, &reply, now);
	}
	arena_fini(&arena);
	return result;
}

static enum MHD_Result on_request(void *user, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_length, void **at)
{
	struct front_exchange *exchange = *at;

	(void)url;
	(void)version;
	if (!exchange->is_begun) {
		exchange->is_begun = true;
		return MHD_YES;
	}
	if (*upload_length == 0)
		return serve(user, connection, method, exchange);
	/* What does not fit is dropped: the body is then too long for the server anyway. */
	if (!buf_add(&exchange->body, upload, *upload_length))
		exchange->body.max = exchange->body.length;
	*upload_length = 0;
	return MHD_YES;
}

struct front *front_new(const struct front_options *options, struct err *err)
{
	struct front *front = calloc(1, sizeof(*front));
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(options->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};

	if (!front)
		abort();
	front->options = *options;
	front->daemon = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_SUPPRESS_DATE_NO_CLOCK,
		options->port, NULL, NULL, on_request, front, MHD_OPTION_SOCK_ADDR,
		(struct sockaddr *)&address, MHD_OPTION_URI_LOG_CALLBACK, on_uri, NULL,
		MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_END);
	if (front->daemon)
		return front;
	free(front);
	(void)err_set(err, ERR_SYSTEM, "cannot listen on 127.0.0.1:%u", options->port);
	return NULL;
}

struct front *front_free(struct front *front)
{
	struct front_stream *stream;

	if (!front)
		return NULL;
	for (stream = front->streams; stream; stream = stream->next) {
		stream->is_ended = true;
		resume(stream);
	}
	MHD_stop_daemon(front->daemon);
	assert(!front->streams);
	free(front);
	return NULL;
}

uint16_t front_port(const struct front *front)
{
	return MHD_get_daemon_info(front->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
}

int front_fd(const struct front *front)
{
	return MHD_get_daemon_info(front->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
}

struct span front_timeout(const struct front *front)
{
	MHD_UNSIGNED_LONG_LONG ms;

	if (MHD_get_timeout(front->daemon, &ms) == MHD_NO)
		return span_ms(-1);
	return span_ms((int64_t)ms);
}

void front_run(struct front *front)
{
	do {
		(void)MHD_run(front->daemon);
		apiserver_pump(front->options.server);
	} while (front_timeout(front).ms == 0);
}

void front_wait(struct front *front, struct span longest)
{
	struct pollfd poll_fd = {.fd = front_fd(front), .events = POLLIN};
	struct span timeout = front_timeout(front);

	if (timeout.ms >= 0 && timeout.ms < longest.ms)
		longest = timeout;
	(void)poll(&poll_fd, 1, (int)longest.ms);
	front_run(front);
}
