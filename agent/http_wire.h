/* A pool of connections that libcurl keeps, and the sockets and timeouts it wants watched for them.
 */
#ifndef AGENT_HTTP_WIRE_H
#define AGENT_HTTP_WIRE_H

#include <curl/curl.h>
#include <ev.h>
#include <stddef.h>
#include <sys/queue.h>

struct http_wire {
	CURLM *multi; /* transfers are added and removed here, never from inside libcurl */
	struct ev_loop *backend;
	struct ev_timer timer;
	TAILQ_HEAD(, connection) connections;
};

/* Keep at most CONNECTIONS_MAX idle ones. The wire stays where it is until fini. */
void http_wire_init(struct http_wire *wire, struct ev_loop *backend, size_t connections_max);

/* All transfers are removed before. */
void http_wire_fini(struct http_wire *wire);

#endif
