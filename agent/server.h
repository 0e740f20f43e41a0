/*
 * What others ask us: /metrics, /healthz and /readyz over HTTP, on the loop, and what somebody else
 * answers (agent/api.h). GET and HEAD only. A stranger can hold few connections, and none for long
 * without asking something whole.
 */
#ifndef AGENT_SERVER_H
#define AGENT_SERVER_H

#include "analysis/base/buf.h"
#include "analysis/base/err.h"

#include <stdbool.h>

struct loop_ev;
struct server;
struct server_exchange;

#define SERVER_CONNECTIONS_MAX 128
#define SERVER_MEMORY_MAX \
 (16 * 1024)                       /* bytes of a request's head; more is answered with 431 or 413 */
#define SERVER_REQUEST_SECONDS  5  /* until a request is whole */
#define SERVER_EXCHANGE_SECONDS 60 /* until an answer is taken */
#define SERVER_BODY_MAX         (64 * 1024 * 1024) /* of our own answers */

/* Texts are copied. */
struct server_settings {
	struct loop_ev *loop;
	const char *address; /* "127.0.0.1"; NULL: all addresses, of IPv6 too where there is any */
	int port;            /* 0: the kernel chooses */
	/*
	 * Write the answer's body. False makes /healthz and /readyz a 503 with that body, and
	 * /metrics a 500. Called from the loop.
	 */
	bool (*metrics)(void *user, struct buf *body);
	bool (*is_healthy)(void *user, struct buf *body);
	bool (*is_ready)(void *user, struct buf *body);
	/* A GET or HEAD of any other path, to be answered now or later; NULL: there is none. */
	void (*asked)(void *user, struct server_exchange *exchange);
	void *user;
};

/* Listen. NULL on failure (ERR_SYSTEM), which names address and port. */
struct server *server_new(const struct server_settings *settings, struct err *err);

/* Close all connections; accepts NULL, returns NULL. Not from inside a callback. */
struct server *server_free(struct server *server);

/* The port that is listened on. */
int server_port(const struct server *server);

#endif
