/*
 * The real side of agent/http.h: libcurl on the loop. Each lane has connections of its own, which
 * no call of another lane can occupy, not even as a stream of HTTP/2. Between a lane and one
 * address, only so many calls are under way at once; the others wait for their turn, while their
 * timeout runs.
 *
 * Beyond what http.h says: for a call with `bytes`, reply_max bounds only the body of a reply that
 * is not 2xx, since a watch has no end; a request with a body is sent at most once; redirects are
 * followed for a GET to an absolute URL alone.
 */
#ifndef AGENT_HTTP_CURL_H
#define AGENT_HTTP_CURL_H

#include "agent/http.h"

struct credentials;
struct http_curl;
struct loop_ev;

#define HTTP_CURL_CALLS_MAX \
 64 /* under way at once between a lane and one address; watches: no limit */
#define HTTP_CURL_WAIT_MAX (24 * 3600) /* seconds of Retry-After; more counts as this */
#define HTTP_CURL_PENDING_MAX \
 (64 * 1024 * 1024) /* bytes that come for a call in one turn of the loop */

/* Outlive the service; texts are copied. */
struct http_curl_settings {
	struct loop_ev *loop;
	struct credentials *credentials; /* NULL: a call to HTTP_PEER_KUBE is ERR_INVALID */
	const char *user_agent;
};

struct http_curl *http_curl_new(const struct http_curl_settings *settings);

/* Ends all calls as http_cancel does; accepts NULL, returns NULL. */
struct http_curl *http_curl_free(struct http_curl *http);

/* The seam. Lives as long as the service. */
struct http *http_curl_seam(struct http_curl *http);

#endif
