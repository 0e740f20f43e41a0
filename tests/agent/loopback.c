#include "tests/agent/loopback.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define INPUT_MAX     (16 * 1024 * 1024)
#define TLS_HANDSHAKE 0x16 /* the first byte of a client that speaks TLS */

void loopback_close(struct visitor *visitor)
{
	struct loopback *server = visitor->server;

	ev_io_stop(server->backend, &visitor->watcher);
	(void)close(visitor->watcher.fd);
	TAILQ_REMOVE(&server->visitors, visitor, others);
	server->n_open--;
	buf_fini(&visitor->input);
	free(visitor);
}

void loopback_reset(struct visitor *visitor)
{
	struct linger now = {.l_onoff = 1};

	(void)setsockopt(visitor->watcher.fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	loopback_close(visitor);
}

static void say_bytes(struct visitor *visitor, const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t sent = send(visitor->watcher.fd, bytes, length, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return; /* the client is gone, which it may be */
		bytes += sent;
		length -= (size_t)sent;
	}
}

void loopback_say(struct visitor *visitor, const char *format, ...)
{
	char *text;
	va_list args;
	int length;

	va_start(args, format);
	length = vasprintf(&text, format, args);
	va_end(args);
	assert(length >= 0);
	say_bytes(visitor, text, (size_t)length);
	free(text);
}

void loopback_answer(struct visitor *visitor, int status, const char *extra, const char *body)
{
	loopback_say(visitor, "HTTP/1.1 %d Said\r\nContent-Length: %zu\r\n%s\r\n%s", status,
	             strlen(body), extra, body);
}

/* The length of the first whole request in the input, 0 while there is none. */
static size_t request_length(const struct visitor *visitor)
{
	const char *text = buf_text(&visitor->input);
	const char *end = strstr(text, "\r\n\r\n");
	const char *length = strcasestr(text, "\r\nContent-Length:");
	size_t need;

	if (!end)
		return 0;
	need = (size_t)(end - text) + 4;
	if (length && length < end)
		need += strtoul(length + strlen("\r\nContent-Length:"), NULL, 10);
	return visitor->input.length >= need ? need : 0;
}

static void on_input(struct ev_loop *backend, struct ev_io *watcher, int events)
{
	struct visitor *visitor = watcher->data;
	struct loopback *server = visitor->server;
	char bytes[65536];
	ssize_t length = recv(watcher->fd, bytes, sizeof(bytes), 0);
	size_t need;
	char *request;
	bool fits;

	if (length <= 0) {
		loopback_close(visitor);
		return;
	}
	fits = buf_add(&visitor->input, bytes, (size_t)length);
	assert(fits);
	if (visitor->input.bytes[0] == TLS_HANDSHAKE) {
		loopback_answer(visitor, 400, "", "not here");
		loopback_close(visitor);
		return;
	}
	need = request_length(visitor);
	if (need == 0)
		return;
	request = strndup(buf_text(&visitor->input), need);
	assert(request);
	buf_drop(&visitor->input, need);
	server->n_requests++;
	visitor->n_requests++;
	server->serve(visitor, request);
	free(request);
}

static void on_connection(struct ev_loop *backend, struct ev_io *watcher, int events)
{
	struct loopback *server = watcher->data;
	int fd = accept(watcher->fd, NULL, NULL);
	struct visitor *visitor = calloc(1, sizeof(*visitor));

	assert(fd >= 0 && visitor);
	visitor->server = server;
	visitor->input.max = INPUT_MAX;
	ev_io_init(&visitor->watcher, on_input, fd, EV_READ);
	visitor->watcher.data = visitor;
	ev_io_start(backend, &visitor->watcher);
	TAILQ_INSERT_TAIL(&server->visitors, visitor, others);
	server->n_connections++;
	server->n_open++;
	if (server->n_open > server->n_open_max)
		server->n_open_max = server->n_open;
	if (server->accepted)
		server->accepted(server);
}

void loopback_start(struct loopback *server, struct ev_loop *backend)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int status;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	status = bind(fd, (struct sockaddr *)&address, size);
	assert(status == 0);
	status = listen(fd, SOMAXCONN);
	assert(status == 0);
	status = getsockname(fd, (struct sockaddr *)&address, &size);
	assert(status == 0);
	server->port = ntohs(address.sin_port);
	server->backend = backend;
	TAILQ_INIT(&server->visitors);
	ev_io_init(&server->watcher, on_connection, fd, EV_READ);
	server->watcher.data = server;
	ev_io_start(backend, &server->watcher);
}

void loopback_stop(struct loopback *server)
{
	while (!TAILQ_EMPTY(&server->visitors))
		loopback_close(TAILQ_FIRST(&server->visitors));
	ev_io_stop(server->backend, &server->watcher);
	(void)close(server->watcher.fd);
}
