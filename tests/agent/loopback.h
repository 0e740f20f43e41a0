/*
 * A server on 127.0.0.1 inside the loop under test: no thread, so a test says what happens between
 * which two steps. It parses as little HTTP/1.1 as it must; what it answers are the test's own
 * bytes, right or wrong.
 */
#ifndef TESTS_AGENT_LOOPBACK_H
#define TESTS_AGENT_LOOPBACK_H

#include "analysis/base/buf.h"

#include <ev.h>
#include <sys/queue.h>

struct loopback;

/* A connection. */
struct visitor {
	TAILQ_ENTRY(visitor) others;
	struct loopback *server;
	struct ev_io watcher;
	struct buf input;
	size_t n_requests; /* on this connection */
};

struct loopback {
	/* Set before start. */
	void (*serve)(struct visitor *visitor,
	              const char *request);        /* head and body of one request */
	void (*accepted)(struct loopback *server); /* may be NULL */
	void *user;
	/* Counted. */
	size_t n_connections;
	size_t n_requests;
	size_t n_open;
	size_t n_open_max;
	/* Its own. */
	struct ev_loop *backend;
	struct ev_io watcher;
	TAILQ_HEAD(, visitor) visitors;
	int port;
};

/* Listen on a port that the kernel chooses. Zeroed but for what is set before. */
void loopback_start(struct loopback *server, struct ev_loop *backend);

/* Close everything. */
void loopback_stop(struct loopback *server);

/* Send text made as by printf. */
void loopback_say(struct visitor *visitor, const char *format, ...) PRINTF_LIKE(2, 3);

/* A whole answer: status line, Content-Length, body; EXTRA are header lines with their ends. */
void loopback_answer(struct visitor *visitor, int status, const char *extra, const char *body);

/* Close, in order or with a reset. The visitor is gone. */
void loopback_close(struct visitor *visitor);
void loopback_reset(struct visitor *visitor);

#endif
