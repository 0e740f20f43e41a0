#include "agent/http_wire.h"

#include <stdlib.h>

#define MS_PER_SECOND 1000

/* A socket that libcurl wants watched. */
struct connection {
	TAILQ_ENTRY(connection) others;
	struct ev_io watcher;
	struct http_wire *wire;
};

static void on_event(struct ev_loop *backend, struct ev_io *watcher, int events)
{
	struct connection *connection = watcher->data;
	int what = (events & EV_READ ? CURL_CSELECT_IN : 0) |
	           (events & EV_WRITE ? CURL_CSELECT_OUT : 0);
	int n_running;

	(void)curl_multi_socket_action(connection->wire->multi, watcher->fd, what, &n_running);
}

static void on_due(struct ev_loop *backend, struct ev_timer *watcher, int events)
{
	struct http_wire *wire = watcher->data;
	int n_running;

	(void)curl_multi_socket_action(wire->multi, CURL_SOCKET_TIMEOUT, 0, &n_running);
}

static int on_timer_wanted(CURLM *multi, long after_ms, void *user)
{
	struct http_wire *wire = user;
	struct ev_loop *backend = wire->backend;

	ev_timer_stop(backend, &wire->timer);
	if (after_ms < 0)
		return 0;
	ev_now_update(backend);
	ev_timer_set(&wire->timer, (double)after_ms / MS_PER_SECOND, 0.);
	ev_timer_start(backend, &wire->timer);
	return 0;
}

static void connection_free(struct connection *connection)
{
	ev_io_stop(connection->wire->backend, &connection->watcher);
	TAILQ_REMOVE(&connection->wire->connections, connection, others);
	free(connection);
}

static struct connection *connection_new(struct http_wire *wire, curl_socket_t fd)
{
	struct connection *connection = calloc(1, sizeof(*connection));

	if (!connection)
		abort();
	connection->wire = wire;
	ev_io_init(&connection->watcher, on_event, fd, 0);
	connection->watcher.data = connection;
	TAILQ_INSERT_TAIL(&wire->connections, connection, others);
	(void)curl_multi_assign(wire->multi, fd, connection);
	return connection;
}

static int on_socket_wanted(CURL *curl, curl_socket_t fd, int what, void *user, void *socket_user)
{
	struct http_wire *wire = user;
	struct connection *connection = socket_user;
	int events = (what & CURL_POLL_IN ? EV_READ : 0) | (what & CURL_POLL_OUT ? EV_WRITE : 0);

	if (what == CURL_POLL_REMOVE) {
		if (connection)
			connection_free(connection);
		return 0;
	}
	if (!connection)
		connection = connection_new(wire, fd);
	ev_io_stop(wire->backend, &connection->watcher);
	ev_io_set(&connection->watcher, fd, events);
	ev_io_start(wire->backend, &connection->watcher);
	return 0;
}

void http_wire_init(struct http_wire *wire, struct ev_loop *backend, size_t connections_max)
{
	wire->backend = backend;
	wire->multi = curl_multi_init();
	if (!wire->multi)
		abort();
	TAILQ_INIT(&wire->connections);
	ev_timer_init(&wire->timer, on_due, 0., 0.);
	wire->timer.data = wire;
	(void)curl_multi_setopt(wire->multi, CURLMOPT_SOCKETFUNCTION, on_socket_wanted);
	(void)curl_multi_setopt(wire->multi, CURLMOPT_SOCKETDATA, wire);
	(void)curl_multi_setopt(wire->multi, CURLMOPT_TIMERFUNCTION, on_timer_wanted);
	(void)curl_multi_setopt(wire->multi, CURLMOPT_TIMERDATA, wire);
	(void)curl_multi_setopt(wire->multi, CURLMOPT_MAXCONNECTS, (long)connections_max);
}

void http_wire_fini(struct http_wire *wire)
{
	(void)curl_multi_cleanup(wire->multi);
	while (!TAILQ_EMPTY(&wire->connections))
		connection_free(TAILQ_FIRST(&wire->connections));
	ev_timer_stop(wire->backend, &wire->timer);
}
