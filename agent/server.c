#include "agent/server.h"

#include "agent/loop_ev.h"
#include "agent/metrics.h"
#include "agent/server_inside.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <ev.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define MS_PER_SECOND 1000
#define IDLE_SECONDS  15 /* between two requests of a connection, beside what the next one takes */

struct server {
	struct server_settings settings;
	struct ev_loop *backend;
	struct MHD_Daemon *daemon;
	struct ev_io watcher;
	struct ev_timer timer;
	struct server_inside inside;
	bool is_due; /* a connection was closed, or is woken, since the last look */
};

/* A connection, which is cut when it takes too long. libmicrohttpd itself only notices silence. */
struct guest {
	struct ev_timer patience;
	struct server *server;
	int fd;
};

struct route {
	const char *path;
	const char *type;
	unsigned int status_of_false;
};

#define PLAIN "text/plain; charset=utf-8"

static const struct route routes[] = {
	{"/metrics", METRICS_TEXT_TYPE, MHD_HTTP_INTERNAL_SERVER_ERROR},
	{"/healthz", PLAIN, MHD_HTTP_SERVICE_UNAVAILABLE},
	{"/readyz", PLAIN, MHD_HTTP_SERVICE_UNAVAILABLE},
};

/*
 * Let libmicrohttpd do what it can now, and see when it wants to be called next. At its limit it
 * stops listening, and listens again at the beginning of a call after one left: nobody else would
 * make that call.
 */
static void serve(struct server *server)
{
	MHD_UNSIGNED_LONG_LONG after_ms;

	do {
		server->is_due = false;
		(void)MHD_run(server->daemon);
	} while (server->is_due);
	ev_timer_stop(server->backend, &server->timer);
	if (MHD_get_timeout(server->daemon, &after_ms) != MHD_YES)
		return;
	ev_timer_set(&server->timer, (double)after_ms / MS_PER_SECOND, 0.);
	ev_timer_start(server->backend, &server->timer);
}

static void on_event(struct ev_loop *backend, struct ev_io *watcher, int events)
{
	serve(watcher->data);
}

static void on_timer(struct ev_loop *backend, struct ev_timer *watcher, int events)
{
	serve(watcher->data);
}

static void on_impatient(struct ev_loop *backend, struct ev_timer *watcher, int events)
{
	struct guest *guest = watcher->data;

	(void)shutdown(guest->fd, SHUT_RDWR); /* libmicrohttpd sees the end, and closes */
}

static void give(struct guest *guest, int seconds)
{
	ev_timer_stop(guest->server->backend, &guest->patience);
	ev_timer_set(&guest->patience, seconds, 0.);
	ev_timer_start(guest->server->backend, &guest->patience);
}

static struct guest *guest_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *context =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return context->socket_context;
}

static void on_connection(void *user, struct MHD_Connection *connection, void **ret_context,
                          enum MHD_ConnectionNotificationCode code)
{
	struct server *server = user;
	struct guest *guest = *ret_context;

	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		ev_timer_stop(server->backend, &guest->patience);
		free(guest);
		server->is_due = true;
		return;
	}
	guest = calloc(1, sizeof(*guest));
	if (!guest)
		abort();
	guest->server = server;
	guest->fd =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	ev_timer_init(&guest->patience, on_impatient, 0., 0.);
	guest->patience.data = guest;
	give(guest, SERVER_REQUEST_SECONDS);
	*ret_context = guest;
}

static void on_completed(void *user, struct MHD_Connection *connection, void **context,
                         enum MHD_RequestTerminationCode code)
{
	struct guest *guest = guest_of(connection);

	if (*context)
		server_exchange_free(*context);
	*context = NULL;
	give(guest, IDLE_SECONDS + SERVER_REQUEST_SECONDS);
}

static void on_stir(struct server_inside *inside)
{
	struct server *server = container_of(inside, struct server, inside);

	server->is_due = true;
	ev_timer_stop(server->backend, &server->timer);
	ev_timer_set(&server->timer, 0., 0.);
	ev_timer_start(server->backend, &server->timer);
}

static void on_give(struct server_inside *inside, struct MHD_Connection *connection, int seconds)
{
	give(guest_of(connection), seconds);
}

/* Takes the body. */
static enum MHD_Result answer(struct MHD_Connection *connection, unsigned int status,
                              const char *type, struct buf *body)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(body->length, body->bytes, MHD_RESPMEM_MUST_FREE);
	enum MHD_Result result;

	if (!response)
		abort();
	(void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	(void)MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		(void)MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result refuse(struct MHD_Connection *connection, unsigned int status,
                              const char *text)
{
	struct buf body = {.max = SERVER_BODY_MAX};
	bool fits = buf_add(&body, text, strlen(text));

	assert(fits);
	return answer(connection, status, PLAIN, &body);
}

static bool write_body(const struct server *server, size_t route, struct buf *body)
{
	const struct server_settings *settings = &server->settings;
	bool (*const writers[])(void *user, struct buf *body) = {
		settings->metrics,
		settings->is_healthy,
		settings->is_ready,
	};

	static_assert(array_length(writers) == array_length(routes), "one writer for each route");
	return writers[route](settings->user, body);
}

/* A page that is none of ours. */
static enum MHD_Result hand_over(struct server *server, struct MHD_Connection *connection,
                                 const char *url, void **context)
{
	struct server_exchange *exchange;

	if (!server->settings.asked)
		return refuse(connection, MHD_HTTP_NOT_FOUND,
		              "not here: /metrics /healthz /readyz\n");
	exchange = server_exchange_new(&server->inside, connection, url);
	*context = exchange;
	server->settings.asked(server->settings.user, exchange);
	return server_exchange_proceed(exchange);
}

static enum MHD_Result on_request(void *user, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_length, void **context)
{
	struct server *server = user;

	give(guest_of(connection), SERVER_EXCHANGE_SECONDS);
	if (*context)
		return server_exchange_proceed(*context);
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return refuse(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD\n");
	for (size_t i = 0; i < array_length(routes); i++) {
		struct buf body = {.max = SERVER_BODY_MAX};
		bool is_fine;

		if (strcmp(url, routes[i].path) != 0)
			continue;
		is_fine = write_body(server, i, &body);
		return answer(connection, is_fine ? MHD_HTTP_OK : routes[i].status_of_false,
		              routes[i].type, &body);
	}
	return hand_over(server, connection, url, context);
}

/*
 * libmicrohttpd's default is SO_REUSEADDR without SO_REUSEPORT, as it should be: a program that was
 * killed can be started again at once, and no two can listen on one port.
 */
static struct MHD_Daemon *listen_on(struct server *server, const struct sockaddr *address,
                                    unsigned int family)
{
	return MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | family,
	                        (uint16_t)server->settings.port, NULL, NULL, on_request, server,
	                        MHD_OPTION_CONNECTION_LIMIT, (unsigned int)SERVER_CONNECTIONS_MAX,
	                        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)SERVER_MEMORY_MAX,
	                        MHD_OPTION_CONNECTION_TIMEOUT,
	                        (unsigned int)SERVER_EXCHANGE_SECONDS, MHD_OPTION_NOTIFY_CONNECTION,
	                        on_connection, server, MHD_OPTION_NOTIFY_COMPLETED, on_completed,
	                        server, address ? MHD_OPTION_SOCK_ADDR : MHD_OPTION_END, address,
	                        MHD_OPTION_END);
}

static bool start(struct server *server, struct err *err)
{
	const char *text = server->settings.address;
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)server->settings.port),
	};

	if (text && inet_pton(AF_INET, text, &address.sin_addr) != 1)
		return err_set(err, ERR_INVALID, "listen on \"%s\": expected an IPv4 address",
		               text);
	if (text)
		server->daemon = listen_on(server, (const struct sockaddr *)&address, 0);
	else
		server->daemon = listen_on(server, NULL, MHD_USE_DUAL_STACK);
	if (!server->daemon && !text) /* there may be no IPv6 */
		server->daemon = listen_on(server, NULL, 0);
	if (!server->daemon)
		return err_set(err, ERR_SYSTEM, "listen on %s:%d: %s", text ? text : "*",
		               server->settings.port, strerror(errno));
	return true;
}

struct server *server_new(const struct server_settings *settings, struct err *err)
{
	struct server *server = calloc(1, sizeof(*server));
	int fd;

	if (!server)
		abort();
	server->settings = *settings;
	server->backend = loop_ev_backend(settings->loop);
	server->inside = (struct server_inside){.stir = on_stir, .give = on_give};
	ev_timer_init(&server->timer, on_timer, 0., 0.);
	server->timer.data = server;
	if (!start(server, err)) {
		free(server);
		return NULL;
	}
	server->settings.address = NULL; /* the caller's */
	fd = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
	ev_io_init(&server->watcher, on_event, fd, EV_READ);
	server->watcher.data = server;
	ev_io_start(server->backend, &server->watcher);
	return server;
}

struct server *server_free(struct server *server)
{
	if (!server)
		return NULL;
	server_exchange_wake_all(&server->inside);
	ev_io_stop(server->backend, &server->watcher);
	ev_timer_stop(server->backend, &server->timer);
	MHD_stop_daemon(server->daemon);
	free(server);
	return NULL;
}

int server_port(const struct server *server)
{
	return MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
}
