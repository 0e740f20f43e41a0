/* One request in libcurl's words: its options, its headers, and where it goes. */
#ifndef AGENT_HTTP_EASY_H
#define AGENT_HTTP_EASY_H

#include "agent/credentials.h"
#include "providers/http.h"

#include <curl/curl.h>

#define HTTP_EASY_CONNECT_SECONDS 5      /* to resolve, connect and agree on TLS */
#define HTTP_EASY_REDIRECTS_MAX   5      /* of a GET to an absolute URL; the API server gets none */
#define HTTP_EASY_LOST_MS         30000L /* a peer whose kernel is silent that long is gone */

/* Zero it, then init. */
struct http_easy {
	CURL *curl;
	char *origin;     /* "https://10.0.0.1:443": who may share a connection */
	const char *peer; /* inside origin: "10.0.0.1:443" */
	struct curl_slist *headers;
	struct curl_slist *connect_to;
	char *body;
	size_t body_length;
	size_t body_sent;
	bool can_redirect;
	int n_redirects;
	char detail[CURL_ERROR_SIZE];
};

/*
 * Prepare a transfer of REQUEST. VIEW: the API server's address and our credentials, for
 * HTTP_PEER_KUBE, else unused. Refuses (ERR_INVALID) addresses that are neither http nor https and
 * headers with line ends. A request with a body is sent at most once, also when libcurl would like
 * to send it again over another connection. On failure the caller still calls http_easy_fini.
 */
bool http_easy_init(struct http_easy *easy, const struct http_request *request,
                    const struct credentials_view *view, const char *user_agent, struct err *err);

/*
 * Whether the reply that just came is a redirect to follow. Prepares the next transfer; to another
 * host go neither credentials nor any other header of ours but Accept. Going round too often, or to
 * what is not http, is an error.
 */
bool http_easy_redirect(struct http_easy *easy, bool *ret_is_redirect, struct err *err);

/* Frees everything, wiping secrets; accepts what init left behind. The transfer belongs to no multi
 * any more. */
void http_easy_fini(struct http_easy *easy);

#endif
