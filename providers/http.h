/*
 * HTTP messages as plain values. Nothing here sends anything: providers build requests and read
 * replies, the agent carries them.
 */
#ifndef PROVIDERS_HTTP_H
#define PROVIDERS_HTTP_H

#include "analysis/base/arena.h"
#include "analysis/base/instant.h"

#include <stdbool.h>
#include <stddef.h>

#define HTTP_HEADERS_MAX 32

enum http_method {
	HTTP_METHOD_NONE,
	HTTP_GET,
	HTTP_POST,
	HTTP_PUT,
	HTTP_PATCH,
	HTTP_DELETE,
};

struct http_header {
	const char *name;
	const char *value;
};

/* Whose address and credentials complete the request. */
enum http_peer {
	HTTP_PEER_URL,  /* url is absolute; only the headers below are sent */
	HTTP_PEER_KUBE, /* url is a path with query ("/api/v1/pods?limit=500"); the agent adds
	                   address and credentials */
};

struct http_request {
	enum http_peer peer;
	enum http_method method;
	const char *url;
	struct http_header headers[HTTP_HEADERS_MAX];
	size_t n_headers;
	const char *body; /* NULL: none */
	size_t body_length;
	struct span timeout; /* for the whole exchange; 0: none (a watch) */
	size_t reply_max;    /* a longer body is ERR_LIMIT */
	bool insecure;       /* do not verify the peer's certificate */
	const char *proxy; /* a URL that HTTP_PEER_URL is asked through; NULL: the environment's */
};

struct http_reply {
	struct err error; /* kind other than ERR_NONE: no reply arrived, the rest is empty */
	int status;       /* 200, 404, … */
	const char *body; /* never NULL when a reply arrived; NUL follows */
	size_t body_length;
	struct span retry_after; /* of a 429 or 503; 0: not said */
	struct instant date;     /* the peer's clock, in whole seconds; not set: not said */
};

/* Add a header; name and value must outlive the request. Asserts that there is room. */
void http_request_add(struct http_request *request, const char *name, const char *value);

/* "GET", "PATCH", … */
const char *http_method_name(enum http_method method);

#endif
