#include "agent/http_easy.h"

#include <assert.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#define KEEPALIVE_IDLE_SECONDS     15
#define KEEPALIVE_INTERVAL_SECONDS 5
#define KEEPALIVE_PROBES           3

/* An option that exists, with a value of its type, cannot fail but for lack of memory. */
#define SET(easy, option, value)                                 \
 do {                                                            \
  if (curl_easy_setopt((easy)->curl, option, value) != CURLE_OK) \
   abort();                                                      \
 } while (0)

static void url_freep(CURLU **url)
{
	curl_url_cleanup(*url);
}

static void text_freep(char **text)
{
	curl_free(*text);
}

static char *copy(const char *bytes, size_t length)
{
	char *ret = calloc(1, length + 1);

	if (!ret)
		abort();
	memcpy(ret, bytes, length);
	return ret;
}

/* A silent peer is noticed by the kernel also while we only listen, as in a watch. */
static int on_socket(void *user, curl_socket_t fd, curlsocktype purpose)
{
	static const struct {
		int level;
		int name;
		int value;
	} options[] = {
		{SOL_SOCKET, SO_KEEPALIVE, 1},
		{IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_SECONDS},
		{IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_SECONDS},
		{IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBES},
		{IPPROTO_TCP, TCP_USER_TIMEOUT, HTTP_EASY_LOST_MS},
	};

	/* A kernel without one of them still gives a usable connection. */
	for (size_t i = 0; i < array_length(options); i++)
		(void)setsockopt(fd, options[i].level, options[i].name, &options[i].value,
		                 sizeof(options[i].value));
	return CURL_SOCKOPT_OK;
}

/* Hands the body out once; without a way back, libcurl cannot send it a second time. */
static size_t on_upload(char *to, size_t size, size_t count, void *user)
{
	struct http_easy *easy = user;
	size_t left = easy->body_length - easy->body_sent;
	size_t length = left < size * count ? left : size * count;

	memcpy(to, easy->body + easy->body_sent, length);
	easy->body_sent += length;
	return length;
}

static bool set_origin(struct http_easy *easy, const char *text, struct err *err)
{
	CLEANUP(url_freep) CURLU *url = curl_url();
	CLEANUP(text_freep) char *scheme = NULL;
	CLEANUP(text_freep) char *host = NULL;
	CLEANUP(text_freep) char *port = NULL;
	CURLUcode code = curl_url_set(url, CURLUPART_URL, text, 0);

	if (code != CURLUE_OK)
		return err_set(err, ERR_INVALID, "url: %s", curl_url_strerror(code));
	if (curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
	    (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0))
		return err_set(err, ERR_INVALID, "url: expected http or https, got \"%s\"",
		               scheme ? scheme : "");
	if (curl_url_get(url, CURLUPART_HOST, &host, 0) != CURLUE_OK ||
	    curl_url_get(url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) != CURLUE_OK)
		return err_set(err, ERR_INVALID, "url: expected a host");
	free(easy->origin);
	if (asprintf(&easy->origin, "%s://%s:%s", scheme, host, port) < 0)
		abort();
	easy->peer = easy->origin + strlen(scheme) + strlen("://");
	SET(easy, CURLOPT_URL, text);
	return true;
}

/* Append "NAME: VALUE"; an empty value needs a form of its own. */
static bool add_header(struct http_easy *easy, const char *name, const char *value, struct err *err)
{
	struct curl_slist *longer;
	char *line;

	if (!*name || strpbrk(name, "\r\n:; ") || strpbrk(value, "\r\n"))
		return err_set(err, ERR_INVALID, "header %.40s: expected one line", name);
	if (asprintf(&line, *value ? "%s: %s" : "%s;", name, value) < 0)
		abort();
	longer = curl_slist_append(easy->headers, line);
	if (!longer)
		abort();
	easy->headers = longer;
	explicit_bzero(line, strlen(line));
	free(line);
	return true;
}

/* Take a header away that libcurl would add by itself. */
static void omit_header(struct http_easy *easy, const char *line)
{
	struct curl_slist *longer = curl_slist_append(easy->headers, line);

	if (!longer)
		abort();
	easy->headers = longer;
}

static bool set_headers(struct http_easy *easy, const struct http_request *request, struct err *err)
{
	bool has_type = false;

	for (size_t i = 0; i < request->n_headers; i++) {
		const struct http_header *header = &request->headers[i];

		if (!add_header(easy, header->name, header->value, err))
			return false;
		has_type = has_type || strcasecmp(header->name, "Content-Type") == 0;
	}
	if (!has_type)
		omit_header(easy, "Content-Type:");
	omit_header(easy, "Expect:");
	return true;
}

static void set_body(struct http_easy *easy, const struct http_request *request)
{
	if (request->method == HTTP_GET && !request->body) {
		SET(easy, CURLOPT_HTTPGET, 1L);
		return;
	}
	if (request->body || request->method != HTTP_DELETE) {
		easy->body = copy(request->body ? request->body : "", request->body_length);
		easy->body_length = request->body_length;
		SET(easy, CURLOPT_POST, 1L);
		SET(easy, CURLOPT_READFUNCTION, on_upload);
		SET(easy, CURLOPT_READDATA, easy);
		SET(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_length);
	}
	SET(easy, CURLOPT_CUSTOMREQUEST, http_method_name(request->method));
}

static void set_pem(struct http_easy *easy, CURLoption option, const struct credentials_pem *pem)
{
	struct curl_blob blob = {.len = pem->length, .flags = CURL_BLOB_COPY};

	if (pem->length == 0)
		return;
	/* libcurl copies it, though its type is not const. */
	memcpy(&blob.data, &pem->bytes, sizeof(blob.data));
	SET(easy, option, &blob);
}

static void set_verify(struct http_easy *easy, bool is_insecure)
{
	SET(easy, CURLOPT_SSL_VERIFYPEER, is_insecure ? 0L : 1L);
	SET(easy, CURLOPT_SSL_VERIFYHOST, is_insecure ? 0L : 2L);
}

/* Another name in the certificate than in the address: ask for that name, but connect to the
 * address. */
static bool set_tls_name(struct http_easy *easy, const struct credentials_view *view,
                         const char *path, struct err *err)
{
	const char *port = strrchr(easy->peer, ':') + 1;
	char *rule;
	char *url;
	bool is_fine;

	if (asprintf(&rule, "::%s", easy->peer) < 0 ||
	    asprintf(&url, "https://%s:%s%s", view->tls_server_name, port, path) < 0)
		abort();
	easy->connect_to = curl_slist_append(NULL, rule);
	if (!easy->connect_to)
		abort();
	SET(easy, CURLOPT_CONNECT_TO, easy->connect_to);
	is_fine = set_origin(easy, url, err);
	free(rule);
	free(url);
	return is_fine;
}

static bool set_login(struct http_easy *easy, const struct credentials_view *view, struct err *err)
{
	char *bearer;
	bool is_fine;

	if (*view->username) {
		SET(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
		SET(easy, CURLOPT_USERNAME, view->username);
		SET(easy, CURLOPT_PASSWORD, view->password);
	}
	if (!*view->token)
		return true;
	if (asprintf(&bearer, "Bearer %s", view->token) < 0)
		abort();
	is_fine = add_header(easy, "Authorization", bearer, err);
	explicit_bzero(bearer, strlen(bearer));
	free(bearer);
	return is_fine;
}

static bool set_kube(struct http_easy *easy, const struct http_request *request,
                     const struct credentials_view *view, struct err *err)
{
	char *url;
	bool is_fine;

	assert(view);
	if (request->url[0] != '/')
		return err_set(err, ERR_INVALID, "url: expected a path, got \"%.80s\"",
		               request->url);
	if (asprintf(&url, "%s%s", view->server, request->url) < 0)
		abort();
	is_fine = set_origin(easy, url, err);
	free(url);
	if (is_fine && *view->tls_server_name)
		is_fine = set_tls_name(easy, view, request->url, err);
	if (!is_fine)
		return false;
	set_verify(easy, view->is_insecure || request->insecure);
	if (*view->proxy)
		SET(easy, CURLOPT_PROXY, view->proxy);
	set_pem(easy, CURLOPT_CAINFO_BLOB, &view->ca);
	set_pem(easy, CURLOPT_SSLCERT_BLOB, &view->certificate);
	set_pem(easy, CURLOPT_SSLKEY_BLOB, &view->key);
	return set_login(easy, view, err);
}

static void set_bounds(struct http_easy *easy, const char *user_agent)
{
	SET(easy, CURLOPT_ERRORBUFFER, easy->detail);
	SET(easy, CURLOPT_NOSIGNAL, 1L);
	SET(easy, CURLOPT_CONNECTTIMEOUT, (long)HTTP_EASY_CONNECT_SECONDS);
	SET(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	SET(easy, CURLOPT_FOLLOWLOCATION, 0L);
	SET(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	SET(easy, CURLOPT_SOCKOPTFUNCTION, on_socket);
	SET(easy, CURLOPT_USERAGENT, user_agent);
}

bool http_easy_init(struct http_easy *easy, const struct http_request *request,
                    const struct credentials_view *view, const char *user_agent, struct err *err)
{
	bool is_kube = request->peer == HTTP_PEER_KUBE;

	assert(request->method != HTTP_METHOD_NONE);
	easy->curl = curl_easy_init();
	if (!easy->curl)
		abort();
	set_bounds(easy, user_agent);
	set_verify(easy, request->insecure);
	if (!(is_kube ? set_kube(easy, request, view, err) : set_origin(easy, request->url, err)))
		return false;
	if (!is_kube && request->proxy)
		SET(easy, CURLOPT_PROXY, request->proxy);
	if (!set_headers(easy, request, err))
		return false;
	set_body(easy, request);
	/* Not without TLS: libcurl would wait for the first answer, to see whether it is HTTP/2. */
	SET(easy, CURLOPT_PIPEWAIT, strncmp(easy->origin, "https:", 6) == 0 ? 1L : 0L);
	easy->can_redirect = !is_kube && request->method == HTTP_GET;
	SET(easy, CURLOPT_HTTPHEADER, easy->headers);
	return true;
}

static void wipe_headers(struct curl_slist *headers)
{
	for (struct curl_slist *line = headers; line; line = line->next)
		explicit_bzero(line->data, strlen(line->data));
	curl_slist_free_all(headers);
}

/* Of our headers only Accept, and those that keep libcurl from adding its own. */
static void keep_harmless_headers(struct http_easy *easy)
{
	struct curl_slist *all = easy->headers;

	easy->headers = NULL;
	for (struct curl_slist *line = all; line; line = line->next)
		if (strncasecmp(line->data, "Accept:", strlen("Accept:")) == 0 ||
		    strchr(line->data, ':') == line->data + strlen(line->data) - 1)
			omit_header(easy, line->data);
	SET(easy, CURLOPT_HTTPHEADER, easy->headers);
	wipe_headers(all);
}

static bool is_redirect_status(long status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

bool http_easy_redirect(struct http_easy *easy, bool *ret_is_redirect, struct err *err)
{
	const char *location = NULL;
	char *before;
	char *target;
	bool is_fine;
	long status = 0;

	(void)curl_easy_getinfo(easy->curl, CURLINFO_RESPONSE_CODE, &status);
	(void)curl_easy_getinfo(easy->curl, CURLINFO_REDIRECT_URL, &location);
	*ret_is_redirect = easy->can_redirect && is_redirect_status(status) && location;
	if (!*ret_is_redirect)
		return true;
	if (++easy->n_redirects > HTTP_EASY_REDIRECTS_MAX)
		return err_set(err, ERR_INVALID, "%s: more than %d redirects", easy->peer,
		               HTTP_EASY_REDIRECTS_MAX);
	before = copy(easy->origin, strlen(easy->origin));
	target = copy(location, strlen(location)); /* libcurl's own dies with the next option */
	is_fine = set_origin(easy, target, err);
	if (!is_fine)
		(void)err_wrap(err, "redirect from %s", before);
	else if (strcmp(before, easy->origin) != 0)
		keep_harmless_headers(easy);
	free(before);
	free(target);
	return is_fine;
}

void http_easy_fini(struct http_easy *easy)
{
	if (easy->curl)
		curl_easy_cleanup(easy->curl);
	wipe_headers(easy->headers);
	curl_slist_free_all(easy->connect_to);
	if (easy->body)
		explicit_bzero(easy->body, easy->body_length);
	free(easy->body);
	free(easy->origin);
	*easy = (struct http_easy){0};
}
