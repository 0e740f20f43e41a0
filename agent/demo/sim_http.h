/*
 * The simulated side of agent/http.h: requests for the API server go to the in-tree one, others to
 * a function that plays the metrics server. A request takes effect after half of the latency, its
 * reply arrives after the other half; one that is cancelled on its way still takes effect when its
 * time comes, as on a real network.
 */
#ifndef AGENT_DEMO_SIM_HTTP_H
#define AGENT_DEMO_SIM_HTTP_H

#include "agent/demo/apiserver.h"
#include "agent/http.h"
#include "agent/loop.h"

struct sim_http;

struct sim_http_options {
	struct loop *loop; /* the true time */
	struct apiserver *server;
	struct span latency; /* of a request and its reply together */
	/* Answer a request for an absolute URL; texts live in the arena. */
	struct http_reply (*web)(void *user, const struct http_request *request,
	                         struct arena *arena);
	void *user;
	const char *agent; /* user agent of the requests */
};

struct sim_http *sim_http_new(const struct sim_http_options *options);

/* Ends all calls without their done; requests on their way still land. Accepts NULL, returns NULL.
 */
struct sim_http *sim_http_free(struct sim_http *sim);

struct http *sim_http_seam(struct sim_http *sim);

/* Cut (true) or mend (false) the connection to the API server: calls end with a transport error
 * after the latency. */
void sim_http_cut(struct sim_http *sim, bool is_cut);

/* Requests begun, by peer; watches are not counted. */
size_t sim_http_count(const struct sim_http *sim, enum http_peer peer);

#endif
