/*
 * One request that is answered when its answer is there: with a page, or with a stream that goes
 * on. All on the loop; the server's connection waits meanwhile and costs nothing.
 */
#ifndef AGENT_SERVER_EXCHANGE_H
#define AGENT_SERVER_EXCHANGE_H

#include "analysis/base/buf.h"

#include <stdbool.h>

#define SERVER_EXCHANGE_PENDING_MAX \
 (256 * 1024) /* bytes of a stream that its reader did not take; more: it is cut off */

struct server_exchange;

/* A page. */
struct server_exchange_answer {
	unsigned int status; /* 200, 404, … */
	const char *type;    /* of the body; outlives the exchange */
	struct buf *body;    /* its bytes are taken */
	const char *link;    /* the header Link; NULL: none. Copied */
	int retry_seconds;   /* the header Retry-After; 0: none */
};

/* The path as asked, escapes undone: "/api/v1/canaries". */
const char *server_exchange_path(const struct server_exchange *exchange);

/* An argument of the query, escapes undone, or a header; NULL when it was not given. */
const char *server_exchange_query(const struct server_exchange *exchange, const char *name);
const char *server_exchange_header(const struct server_exchange *exchange, const char *name);

/* An argument of the query that is not among NAMES (NULL ends them), or NULL. */
const char *server_exchange_stranger(const struct server_exchange *exchange,
                                     const char *const *names);

/* The connection comes from this machine's loopback itself, 127.0.0.1 or ::1. */
bool server_exchange_is_near(const struct server_exchange *exchange);

/* Call GONE from the loop when the exchange is over, whatever ended it; it is not to be used after
 * that. */
void server_exchange_own(struct server_exchange *exchange, void (*gone)(void *user), void *user);

/* Answer; once, at any time until it is gone. */
void server_exchange_answer(struct server_exchange *exchange,
                            const struct server_exchange_answer *answer);

/* Answer with a stream instead, of 200 and this type. */
void server_exchange_stream(struct server_exchange *exchange, const char *type);

/* Send bytes of the stream as soon as its reader takes them. False: too many wait for it already,
 * and it is cut off. */
bool server_exchange_send(struct server_exchange *exchange, const char *bytes, size_t length);

/* End the stream after what was sent. */
void server_exchange_end(struct server_exchange *exchange);

#endif
