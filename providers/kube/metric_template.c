#include "providers/kube/metric_template.h"

#include "providers/kube/node.h"
#include "providers/kube/secret.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#define WORD_MAX         64
#define URL_LENGTH_MAX   2048
#define HEADER_VALUE_MAX 4096

static bool type_read(const struct field *provider, struct arena *arena, const char **ret,
                      struct err *err)
{
	struct field node = field_member(provider, "type");
	const char *type = "";

	if (!kube_node_text(&node, WORD_MAX, &type, err))
		return false;
	if (strcmp(type, "prometheus") != 0)
		return field_expect(&node, "prometheus (others are not served yet)", err);
	*ret = arena_text(arena, type);
	return true;
}

static bool address_read(const struct field *provider, struct arena *arena, const char **ret,
                         struct err *err)
{
	struct field node = field_member(provider, "address");
	const char *address = "";

	if (!kube_node_text(&node, URL_LENGTH_MAX, &address, err))
		return false;
	if ((strncmp(address, "http://", 7) != 0 && strncmp(address, "https://", 8) != 0) ||
	    strpbrk(address, " \t\r\n"))
		return field_expect(&node, "a URL that begins with http:// or https://", err);
	*ret = arena_text(arena, address);
	return true;
}

/* A name as RFC 9110 has it, without what only the client may set. */
static bool is_header_name(const char *name)
{
	static const char letters[] =
		"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	static const char *const ours[] = {"content-length", "transfer-encoding", "connection"};
	size_t length = strlen(name);

	if (length == 0 || length > WORD_MAX || strspn(name, letters) != length)
		return false;
	for (size_t i = 0; i < array_length(ours); i++) {
		if (strcasecmp(name, ours[i]) == 0)
			return false;
	}
	return true;
}

static bool header_values_read(const struct field *values, struct arena *arena,
                               struct kube_metric_template *ret, struct err *err)
{
	size_t n_values;

	if (!kube_node_list(values, KUBE_METRIC_TEMPLATE_HEADERS_MAX, &n_values, err))
		return false;
	for (size_t i = 0; i < n_values; i++) {
		struct field node = field_element(values, i);
		const char *value = NULL;

		if (!kube_node_text(&node, HEADER_VALUE_MAX, &value, err))
			return false;
		if (!value || strpbrk(value, "\r\n"))
			return field_expect(&node, "a text of one line", err);
		if (ret->n_headers == KUBE_METRIC_TEMPLATE_HEADERS_MAX)
			return field_refuse(values, err, ERR_LIMIT,
			                    "expected at most %d headers in all",
			                    KUBE_METRIC_TEMPLATE_HEADERS_MAX);
		ret->headers[ret->n_headers++] = (struct http_header){
			.name = arena_text(arena, values->key),
			.value = arena_text(arena, value),
		};
	}
	return true;
}

static bool headers_read(const struct field *provider, struct arena *arena,
                         struct kube_metric_template *ret, struct err *err)
{
	struct field headers = field_member(provider, "headers");
	const char *key;
	json_t *value;

	if (!kube_node_object(&headers, err))
		return false;
	/* jansson's iteration macro wants a mutable object; nothing is changed */
	json_object_foreach((json_t *)(uintptr_t)headers.json, key, value)
	{
		struct field values = field_member(&headers, key);

		if (!is_header_name(key))
			return field_refuse(&values, err, ERR_INVALID,
			                    "expected the name of a request header");
		if (!header_values_read(&values, arena, ret, err))
			return false;
	}
	return true;
}

static bool query_read(const struct field *spec, struct arena *arena, const char **ret,
                       struct err *err)
{
	struct field node = field_member(spec, "query");
	const char *query = "";

	if (!kube_node_text(&node, KUBE_METRIC_TEMPLATE_QUERY_MAX, &query, err))
		return false;
	if (!*query)
		return field_expect(&node, "a query", err);
	*ret = arena_text(arena, query);
	return true;
}

bool kube_metric_template_read(const json_t *object, struct arena *arena,
                               struct kube_metric_template *ret, struct err *err)
{
	struct field root = field_root(object, "");
	struct field spec = field_member(&root, "spec");
	struct field provider = field_member(&spec, "provider");
	struct field insecure = field_member(&provider, "insecureSkipVerify");
	struct kube_metric_template found = {0};

	if (!json_is_object(spec.json))
		return field_expect(&spec, "an object with provider and query", err);
	if (!json_is_object(provider.json))
		return field_expect(&provider, "an object with type and address", err);
	if (!type_read(&provider, arena, &found.type, err) ||
	    !address_read(&provider, arena, &found.address, err) ||
	    !headers_read(&provider, arena, &found, err) ||
	    !kube_secret_ref_read(&provider, arena, &found.secret, err) ||
	    !field_optional_flag(&insecure, &found.insecure, err) ||
	    !query_read(&spec, arena, &found.query, err))
		return false;
	*ret = found;
	return true;
}

bool kube_metric_template_secret_read(const json_t *secret, struct arena *arena,
                                      struct kube_metric_credentials *ret, struct err *err)
{
	struct kube_metric_credentials found = {0};

	if (!kube_secret_read(secret, "token", arena, &found.token, err))
		return false;
	if (found.token) {
		*ret = found;
		return true;
	}
	if (!kube_secret_read(secret, "username", arena, &found.username, err) ||
	    !kube_secret_read(secret, "password", arena, &found.password, err))
		return false;
	if (!found.username || !found.password)
		return err_set(err, ERR_INVALID,
		               "data.%s: expected token, or username and password, got nothing",
		               found.username   ? "password"
		               : found.password ? "username"
		                                : "token");
	*ret = found;
	return true;
}
