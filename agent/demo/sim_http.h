/*
 * The simulated side of agent/http.h: requests for the API server go to the in-tree one, others to
 * a function that plays the metrics server. A request takes effect after half of the latency, its
 * reply arrives after the other half; one that is cancelled on its way still takes effect when its
 * time comes, as on a real network.
 *
 * What is on its way does not care whether the process is paused: only the delivery to its owner
 * waits for it. A call ends when its request's timeout is over, as http_curl.c does; a request that
 * has not arrived by then never does.
 */
#ifndef AGENT_DEMO_SIM_HTTP_H
#define AGENT_DEMO_SIM_HTTP_H

#include "agent/demo/apiserver.h"
#include "agent/http.h"
#include "agent/loop.h"

struct sim_http;

/* What becomes of one exchange on its way; all zero: nothing but the latency. */
struct sim_http_fate {
	struct span there;  /* on top of the latency, until it arrives */
	struct span back;   /* … and until its reply does */
	struct span again;  /* not 0: the first reply is lost, and it arrives again so much later */
	bool is_lost;       /* it never arrives; nobody tells its client */
	bool is_reply_lost; /* it takes effect, the reply never arrives */
	bool is_reset;      /* the connection breaks before the effect, and the client knows */
	bool is_reset_late; /* … and after it */
};

/* What becomes of a watch when events are on their way. */
enum sim_http_stream {
	SIM_HTTP_STREAM_CARRIED,
	SIM_HTTP_STREAM_LATE,     /* these and all after them come later */
	SIM_HTTP_STREAM_LOST,     /* these are lost and the connection breaks */
	SIM_HTTP_STREAM_SILENT,   /* these and all after them are lost; the client does not know */
	SIM_HTTP_STREAM_REPLAYED, /* what came just before comes again, then these */
	SIM_HTTP_STREAM_EXPIRED,  /* instead of these an ERROR event of 410, and the end */
};

struct sim_http_options {
	struct loop *loop;  /* the process's: deliveries wait while it is paused */
	struct loop *world; /* the true time; NULL: the same loop */
	struct apiserver *server;
	struct span latency; /* of a request and its reply together */
	/* Answer a request for an absolute URL; texts live in the arena. */
	struct http_reply (*web)(void *user, const struct http_request *request,
	                         struct arena *arena);
	/* The fate of an exchange that begins beside N_OTHERS that have not arrived yet. NULL: none
	 * has one. */
	struct sim_http_fate (*fate)(void *user, const struct http_request *request,
	                             size_t n_others);
	/* The same for events of a watch; ret_late is how late for SIM_HTTP_STREAM_LATE. NULL: all
	 * are carried. */
	enum sim_http_stream (*stream)(void *user, const struct http_request *request,
	                               struct span *ret_late);
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

/*
 * Let nothing pass to the API server, from it, or both; nobody is told. What would have arrived is
 * sent again as TCP does, at growing distances, so it may still come when that ends.
 */
void sim_http_part(struct sim_http *sim, bool is_there_shut, bool is_back_shut);

/* Requests begun, by peer; watches are not counted. */
size_t sim_http_count(const struct sim_http *sim, enum http_peer peer);

#endif
