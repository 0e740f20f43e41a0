/* What server.c and server_exchange.c know of each other. */
#ifndef AGENT_SERVER_INSIDE_H
#define AGENT_SERVER_INSIDE_H

#include "agent/server_exchange.h"

#include <microhttpd.h>

/* The server, as its exchanges see it. */
struct server_inside {
	struct server_exchange *first; /* of those under way */
	/* A connection waits no longer: let libmicrohttpd run in the next turn. */
	void (*stir)(struct server_inside *inside);
	/* The connection has so long for what comes next. */
	void (*give)(struct server_inside *inside, struct MHD_Connection *connection, int seconds);
};

/* A request that was read; freed by server_exchange_free. */
struct server_exchange *server_exchange_new(struct server_inside *inside,
                                            struct MHD_Connection *connection, const char *path);

/* What libmicrohttpd is told: the answer, or to wait for it. */
enum MHD_Result server_exchange_proceed(struct server_exchange *exchange);

/* The request is over; tells its owner. */
void server_exchange_free(struct server_exchange *exchange);

/* The server ends: no connection waits. */
void server_exchange_wake_all(struct server_inside *inside);

#endif
