/*
 * The seam of the network, client side: carries one http_request to its end. http_curl.c is the
 * real side (libcurl multi on the loop); a simulated side replaces it whole.
 */
#ifndef AGENT_HTTP_H
#define AGENT_HTTP_H

#include "providers/http.h"

struct http;

/* Which connections may carry a call: a write must not queue behind a watch or a slow read. */
enum http_lane {
	HTTP_LANE_READ,
	HTTP_LANE_WRITE,
	HTTP_LANE_WATCH,
	HTTP_LANE_METRICS,
};

/*
 * One exchange under way, embedded in its owner; zero it before first use. The request's texts are
 * copied by http_start. Exactly one call of `done` follows, from the loop and never from inside
 * http_start, unless http_cancel comes first, after which none follows.
 */
struct http_call {
	void (*done)(struct http_call *call, const struct http_reply *reply);
	/* Not NULL: the body of a 2xx reply is handed over as it comes and `done` gets an empty
	 * one. Return false to end the call (`done` then reports ERR_MALFORMED). */
	bool (*bytes)(struct http_call *call, const char *bytes, size_t length);
	enum http_lane lane;
	struct http *http; /* set while under way */
	void *impl;
};

struct http_ops {
	void (*start)(struct http *http, struct http_call *call,
	              const struct http_request *request);
	void (*cancel)(struct http *http, struct http_call *call);
};

/* The first member of every implementation. */
struct http {
	const struct http_ops *ops;
};

/* Start an exchange. */
void http_start(struct http *http, struct http_call *call, const struct http_request *request);

/* End it without an answer; accepts a call that is not under way. Whether the server acted is
 * unknown. */
void http_cancel(struct http_call *call);

#endif
