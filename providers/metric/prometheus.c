/*
 * Prometheus, and what speaks its query API: Thanos, Mimir, VictoriaMetrics.
 *
 * The query goes as it is (a collapsed line break would make a comment swallow the rest), in the
 * body of a POST, since a long query does not fit into an address. Some gateways let nothing but
 * GET pass; they answer 405, and the query then goes in the address.
 */
#include "analysis/base/number.h"
#include "analysis/base/text.h"
#include "providers/metric_source.h"
#include "providers/wire/document.h"
#include "providers/wire/field.h"
#include "providers/wire/tree.h"
#include "providers/wire/url.h"

#include <math.h>
#include <openssl/evp.h>
#include <string.h>
#include <strings.h>

#define TIMEOUT_SECONDS 5
#define SERIES_MAX      1048576 /* more do not fit into a reply */
#define EXCERPT_MAX     120     /* bytes of a foreign answer in an error */
#define CREDENTIAL_MAX  16384

/* Asking -------------------------------------------------------------------------------------- */

/* "Basic …" of a user with a password. */
static const char *basic(const char *username, const char *password, struct arena *arena)
{
	const char *pair = arena_format(arena, "%s:%s", username, password);
	size_t length = strlen(pair);
	char *text = arena_alloc(arena, 6 + (length + 2) / 3 * 4 + 1);

	memcpy(text, "Basic ", 6);
	EVP_EncodeBlock((unsigned char *)text + 6, (const unsigned char *)pair, (int)length);
	return text;
}

/* A credential that can stand in a header. */
static bool check_credential(const char *text, const char *what, struct err *err)
{
	if (!text)
		return err_set(err, ERR_INVALID, "prometheus credentials do not contain a %s",
		               what);
	if (strlen(text) > CREDENTIAL_MAX)
		return err_set(err, ERR_LIMIT, "expected a %s of at most %d bytes, got %zu", what,
		               CREDENTIAL_MAX, strlen(text));
	for (; *text; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return err_set(err, ERR_INVALID,
			               "expected a %s without line ends and control characters",
			               what);
	}
	return true;
}

/* The Authorization header's value; NULL in *ret when there are no credentials. */
static bool authorize(const struct metric_question *question, struct arena *arena, const char **ret,
                      struct err *err)
{
	*ret = NULL;
	if (question->token) {
		*ret = arena_format(arena, "Bearer %s", question->token);
		return check_credential(question->token, "token", err);
	}
	if (!question->username && !question->password)
		return true;
	if (!check_credential(question->username, "username", err) ||
	    !check_credential(question->password, "password", err))
		return false;
	*ret = basic(question->username, question->password, arena);
	return true;
}

/* Headers that say something about the request itself are ours. */
static bool is_ours(const char *name, bool has_credentials)
{
	static const char *const names[] = {"Content-Type", "Content-Length", "Transfer-Encoding",
	                                    "Accept"};

	for (size_t i = 0; i < array_length(names); i++) {
		if (strcasecmp(names[i], name) == 0)
			return true;
	}
	return has_credentials && strcasecmp("Authorization", name) == 0;
}

/* "query=…" */
static bool write_form(const char *query, struct arena *arena, const char **ret, size_t *ret_length,
                       struct err *err)
{
	struct buf form = {.max = 3 * (size_t)METRIC_QUERY_MAX + 6};
	bool is_ok = buf_add(&form, "query=", 6) && url_escape(query, strlen(query), &form);

	if (is_ok) {
		*ret = arena_copy(arena, form.bytes, form.length);
		*ret_length = form.length;
	}
	buf_fini(&form);
	return is_ok || err_set(err, ERR_LIMIT, "the query is too long");
}

static bool prometheus_ask(const struct metric_question *question, struct arena *arena,
                           struct http_request *ret, struct err *err)
{
	struct http_request request = {
		.peer = HTTP_PEER_URL,
		.method = question->only_reads ? HTTP_GET : HTTP_POST,
		.timeout = span_seconds(TIMEOUT_SECONDS),
		.reply_max = METRIC_REPLY_MAX,
		.insecure = question->insecure,
	};
	const char *authorization = NULL;
	const char *form = "";
	size_t length = 0;

	if (!url_join(question->address, "api/v1/query", arena, &request.url, err) ||
	    !authorize(question, arena, &authorization, err) ||
	    !write_form(question->query, arena, &form, &length, err))
		return false;
	http_request_add(&request, "Accept", "application/json");
	for (size_t i = 0; i < question->n_headers; i++) {
		if (!is_ours(question->headers[i].name, authorization))
			http_request_add(&request, question->headers[i].name,
			                 question->headers[i].value);
	}
	if (authorization)
		http_request_add(&request, "Authorization", authorization);
	if (question->only_reads) {
		request.url = arena_format(arena, "%s?%s", request.url, form);
	} else {
		http_request_add(&request, "Content-Type", "application/x-www-form-urlencoded");
		request.body = form;
		request.body_length = length;
	}
	*ret = request;
	return true;
}

/* Reading ------------------------------------------------------------------------------------- */

/* The beginning of a foreign text as plain ASCII, white space run together. */
static const char *excerpt(const char *text, size_t length, char ret[EXCERPT_MAX + 4])
{
	size_t used = 0;

	for (size_t i = 0; i < length && used < EXCERPT_MAX; i++) {
		unsigned char byte = (unsigned char)text[i];
		bool is_blank = byte == ' ' || (byte >= '\t' && byte <= '\r');

		if (is_blank && (used == 0 || ret[used - 1] == ' '))
			continue;
		ret[used++] = is_blank ? ' ' : byte < 0x20 || byte >= 0x7f ? '?' : text[i];
	}
	text_format(ret + used, 4, "%s", used == EXCERPT_MAX ? "..." : "");
	return ret;
}

/* What Prometheus itself says about a failure ("bad_data: invalid parameter …"), or the beginning.
 */
static const char *explain(const struct http_reply *reply, char ret[EXCERPT_MAX + 4])
{
	CLEANUP(tree_freep) json_t *root = NULL;
	const char *error;

	if (!document_read_json(reply->body, reply->body_length, METRIC_REPLY_MAX, &root, NULL))
		return excerpt(reply->body, reply->body_length, ret);
	error = json_string_value(json_object_get(root, "error"));
	if (!error)
		return excerpt(reply->body, reply->body_length, ret);
	return excerpt(error, strlen(error), ret);
}

static bool refuse_status(const struct http_reply *reply, struct err *err)
{
	char text[EXCERPT_MAX + 4];

	(void)explain(reply, text);
	if (reply->status >= 300 && reply->status < 400)
		return err_set(err, ERR_STATUS,
		               "the metrics server answered %d, a redirect, which is not followed: "
		               "use the address it leads to",
		               reply->status);
	return err_set(err, ERR_STATUS, "the metrics server answered %d%s%s", reply->status,
	               *text ? ": " : "", text);
}

/* A number in the text that stands second in [time, "value"]. */
static bool read_pair(const struct field *pair, struct sample_fact *ret, struct err *err)
{
	struct field element = field_element(pair, 1);
	const char *text = json_string_value(element.json);
	size_t length;
	double value;

	if (!field_list(pair, 2, &length, err))
		return false;
	if (!text || !number_parse(text, &value))
		return field_expect(&element, "a number in a text", err);
	if (isinf(value))
		return field_expect(&element, "a finite number (is something divided by zero?)",
		                    err);
	*ret = (struct sample_fact){.kind = SAMPLE_VALUE, .value = value};
	if (isnan(value)) {
		*ret = (struct sample_fact){.kind = SAMPLE_ABSENT};
		text_copy(ret->text, "no values found");
	}
	return true;
}

static bool read_vector(const struct field *result, struct sample_fact *ret, struct err *err)
{
	struct field series;
	struct field value;
	size_t n_series;

	if (!field_list(result, SERIES_MAX, &n_series, err))
		return false;
	if (n_series > 1)
		return err_set(err, ERR_INVALID,
		               "query returned multiple values: %zu series, expected one",
		               n_series);
	if (n_series == 0) {
		*ret = (struct sample_fact){.kind = SAMPLE_ABSENT};
		text_copy(ret->text, "no values found");
		return true;
	}
	series = field_element(result, 0);
	if (!field_object(&series, err))
		return false;
	value = field_member(&series, "value");
	if (field_is_absent(&value) && json_object_get(series.json, "histogram"))
		return field_refuse(
			&series, err, ERR_INVALID,
			"expected a value, got a native histogram: take a quantile, sum "
			"or count of it");
	return read_pair(&value, ret, err);
}

static bool read_result(const struct field *root, struct sample_fact *ret, struct err *err)
{
	struct field answer = field_member(root, "data");
	struct field type = field_member(&answer, "resultType");
	struct field result = field_member(&answer, "result");
	const char *name = json_string_value(type.json);

	if (!field_object(&answer, err))
		return false;
	if (name && strcmp(name, "vector") == 0)
		return read_vector(&result, ret, err);
	if (name && strcmp(name, "scalar") == 0)
		return read_pair(&result, ret, err);
	if (name && strcmp(name, "matrix") == 0)
		return err_set(
			err, ERR_INVALID,
			"query returned multiple values: a range of samples (matrix), expected "
			"one value");
	return field_expect(&type, "vector or scalar", err);
}

static bool prometheus_read(const struct http_reply *reply, struct sample_fact *ret,
                            struct err *err)
{
	CLEANUP(tree_freep) json_t *json = NULL;
	char text[EXCERPT_MAX + 4];
	const char *status;
	struct field root;
	struct err why = {0};

	if (reply->status < 200 || reply->status > 299)
		return refuse_status(reply, err);
	if (!document_read_json(reply->body, reply->body_length, METRIC_REPLY_MAX, &json, &why)) {
		if (why.kind == ERR_LIMIT)
			return err_set(err, ERR_LIMIT, "the metrics server's answer: %s", why.text);
		return err_set(err, ERR_MALFORMED,
		               "expected JSON from the metrics server, got \"%s\" (%.80s)",
		               excerpt(reply->body, reply->body_length, text), why.text);
	}
	root = field_root(json, "");
	if (!field_object(&root, err))
		return err_wrap(err, "the metrics server's answer");
	status = json_string_value(json_object_get(json, "status"));
	if (status && strcmp(status, "error") == 0)
		return err_set(err, ERR_STATUS, "the metrics server answered: %s",
		               explain(reply, text));
	return read_result(&root, ret, err);
}

const struct metric_source metric_source_prometheus = {
	.name = "prometheus",
	.ask = prometheus_ask,
	.read = prometheus_read,
};
