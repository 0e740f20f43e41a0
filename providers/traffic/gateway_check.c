#include "providers/traffic/gateway_check.h"

#include "providers/kube/canary_analysis.h"
#include "providers/kube/canary_warning.h"
#include "providers/traffic/gateway_match.h"
#include "providers/wire/pattern.h"

#include <stdint.h>
#include <string.h>

#define PARENTS_MAX 32
#define HOSTS_MAX   16
#define MIRRORS_MAX 8
#define CONDITIONS  16 /* headers or query parameters of a match, as the API has it */
#define NAME_LENGTH 253
#define TEXT_LENGTH 1024
#define TIME_DIGITS 5
#define TIME_PARTS  4

/* What the parts of the check hand on. */
struct check {
	struct arena *arena;
	struct kube_canary *canary;
	bool is_grpc;
};

/* Parents ---------------------------------------------------------------------------------------
 */

static bool parent_check(const struct field *parent, struct err *err)
{
	struct field name = field_member(parent, "name");
	struct field group = field_member(parent, "group");
	struct field kind = field_member(parent, "kind");
	struct field space = field_member(parent, "namespace");
	struct field section = field_member(parent, "sectionName");
	struct field port = field_member(parent, "port");
	const char *text = NULL;
	int number = 0;

	if (!json_is_object(parent->json))
		return field_expect(parent, "an object with a name", err);
	if (!kube_node_name(&name, NAME_LENGTH, &text, err))
		return false;
	if (!text)
		return field_expect(&name, "a Gateway's or a Service's name", err);
	return kube_node_text(&group, NAME_LENGTH, &text, err) &&
	       kube_node_text(&kind, NAME_LENGTH, &text, err) &&
	       kube_node_label(&space, KUBE_CANARY_NAME_MAX, &text, err) &&
	       kube_node_name(&section, NAME_LENGTH, &text, err) &&
	       kube_node_whole(&port, 1, 65535, &number, err);
}

/* A Service without an address is no parent: nobody calls it as a whole. */
static bool headless_check(const struct field *service, const struct field *parent,
                           const struct kube_canary *canary, struct err *err)
{
	struct field headless = field_member(service, "headless");
	const char *kind = json_string_value(json_object_get(parent->json, "kind"));
	const char *name = json_string_value(json_object_get(parent->json, "name"));

	return !json_is_true(headless.json) || !kind || strcmp(kind, "Service") != 0 || !name ||
	       strcmp(name, canary->apex) != 0 ||
	       field_refuse(&headless, err, ERR_INVALID,
	                    "expected false: the apex Service is a parent of the route and needs "
	                    "an address");
}

static bool parents_check(const struct field *spec, const struct field *service,
                          const struct kube_canary *canary, struct err *err)
{
	struct field refs = field_member(service, "gatewayRefs");
	struct field route = field_member(spec, "routeRef");
	size_t n_refs;

	if (!kube_node_list(&refs, PARENTS_MAX, &n_refs, err))
		return false;
	if (n_refs == 0 && !route.json)
		return field_refuse(&refs, err, ERR_INVALID,
		                    "expected a Gateway or a Service as parent of the route, or "
		                    "spec.routeRef, got none");
	for (size_t i = 0; i < n_refs; i++) {
		struct field parent = field_element(&refs, i);

		if (!parent_check(&parent, err) || !headless_check(service, &parent, canary, err))
			return false;
	}
	return true;
}

static bool route_check(const struct field *spec, bool *ret_is_grpc, struct err *err)
{
	struct field route = field_member(spec, "routeRef");
	struct field kind = field_member(&route, "kind");
	struct field name = field_member(&route, "name");
	const char *kind_text = "";
	const char *name_text = NULL;

	if (!route.json)
		return true;
	if (!kube_node_object(&route, err) ||
	    !kube_node_text(&kind, NAME_LENGTH, &kind_text, err) ||
	    !kube_node_name(&name, NAME_LENGTH, &name_text, err))
		return false;
	*ret_is_grpc = strcmp(kind_text, "GRPCRoute") == 0;
	if (!*ret_is_grpc && strcmp(kind_text, "HTTPRoute") != 0)
		return field_expect(&kind, "HTTPRoute or GRPCRoute", err);
	return name_text || field_expect(&name, "the route's name", err);
}

/* Matches ---------------------------------------------------------------------------------------
 */

/* {exact} or {regex}: routes know no other. */
static bool value_check(const struct field *value, struct err *err)
{
	struct field exact = field_member(value, "exact");
	struct field regex = field_member(value, "regex");
	const char *text = "";
	struct err why = {0};

	if (!json_is_object(value->json) || json_object_size(value->json) != 1 ||
	    !(exact.json || regex.json))
		return field_refuse(
			value, err, ERR_INVALID,
			"expected exact or regex alone: a route cannot match otherwise");
	if (!kube_node_text(exact.json ? &exact : &regex, TEXT_LENGTH, &text, err))
		return false;
	if (!*text)
		return field_expect(exact.json ? &exact : &regex, "a text", err);
	return exact.json || pattern_check(text, &why) ||
	       field_refuse(&regex, err, why.kind, "%s", why.text);
}

static bool values_check(const struct field *values, struct err *err)
{
	const char *name;
	json_t *value;

	if (!kube_node_object(values, err))
		return false;
	if (json_object_size(values->json) > CONDITIONS)
		return field_refuse(values, err, ERR_LIMIT, "expected at most %d, got %zu",
		                    CONDITIONS, json_object_size(values->json));
	/* jansson's iteration macro wants a mutable object; nothing is changed */
	json_object_foreach((json_t *)(uintptr_t)values->json, name, value)
	{
		struct field member = field_member(values, name);

		if (!*name || strlen(name) > NAME_LENGTH)
			return field_refuse(values, err, ERR_LIMIT,
			                    "expected names of 1 to %d characters", NAME_LENGTH);
		if (!value_check(&member, err))
			return false;
	}
	return true;
}

static bool refuse_of_grpc(const struct field *node, struct err *err)
{
	return !node->json || field_refuse(node, err, ERR_INVALID, "a GRPCRoute cannot say it");
}

static bool uri_check(const struct check *check, const struct field *uri, struct err *err)
{
	static const char *const kinds[] = {"exact", "prefix", "regex"};
	const char *service;
	const char *method;
	const char *text = "";
	size_t length;

	if (!uri->json)
		return true;
	for (size_t i = 0; i < array_length(kinds); i++) {
		struct field node = field_member(uri, kinds[i]);
		struct err why = {0};

		if (!node.json || json_object_size(uri->json) != 1)
			continue;
		if (!kube_node_text(&node, TEXT_LENGTH, &text, err))
			return false;
		if (i == 2 && check->is_grpc)
			return refuse_of_grpc(&node, err);
		if (i == 2)
			return pattern_check(text, &why) ||
			       field_refuse(&node, err, why.kind, "%s", why.text);
		if (*text != '/')
			return field_expect(&node, "a path that begins with /", err);
		return !check->is_grpc || (i == 1 && strcmp(text, "/") == 0) ||
		       gateway_match_split(text, &service, &length, &method) ||
		       field_expect(&node, "/SERVICE/ or /SERVICE/METHOD", err);
	}
	return field_refuse(uri, err, ERR_INVALID, "expected one of exact, prefix and regex");
}

static bool method_check(const struct field *method, struct err *err)
{
	struct field exact = field_member(method, "exact");
	const char *text = "";

	if (!method->json)
		return true;
	if (!json_is_object(method->json) || json_object_size(method->json) != 1 || !exact.json)
		return field_refuse(method, err, ERR_INVALID,
		                    "expected exact alone: a route cannot match otherwise");
	return kube_node_text(&exact, NAME_LENGTH, &text, err);
}

/* One of service.match: what a route does not know only makes the rule wider, as in Flagger. */
static bool service_entry_check(const struct check *check, const struct field *entry,
                                struct err *err)
{
	static const char *const ignored[] = {"scheme",       "authority",       "port",
	                                      "sourceLabels", "sourceNamespace", "withoutHeaders"};
	struct field uri = field_member(entry, "uri");
	struct field method = field_member(entry, "method");
	struct field headers = field_member(entry, "headers");
	struct field query = field_member(entry, "queryParams");

	if (!json_is_object(entry->json))
		return field_expect(entry, "an object", err);
	for (size_t i = 0; i < array_length(ignored); i++) {
		struct field node = field_member(entry, ignored[i]);

		if (node.json)
			kube_canary_warning_add(check->canary, check->arena, &node,
			                        "a route cannot match it: ignored");
	}
	if (check->is_grpc && (!refuse_of_grpc(&method, err) || !refuse_of_grpc(&query, err)))
		return false;
	return uri_check(check, &uri, err) && method_check(&method, err) &&
	       values_check(&headers, err) && values_check(&query, err);
}

/* One of analysis.match: what cannot be said would give the canary to others. */
static bool analysis_entry_check(const struct check *check, const struct field *entry,
                                 struct err *err)
{
	struct field labels = field_member(entry, "sourceLabels");
	struct field headers = field_member(entry, "headers");
	struct field query = field_member(entry, "queryParams");

	if (!json_is_object(entry->json))
		return field_expect(entry, "an object with headers or queryParams", err);
	if (labels.json)
		return field_refuse(&labels, err, ERR_INVALID,
		                    "a route cannot match it, expected headers or queryParams");
	if (check->is_grpc && !refuse_of_grpc(&query, err))
		return false;
	if (json_object_size(headers.json) == 0 && json_object_size(query.json) == 0)
		return field_refuse(entry, err, ERR_INVALID,
		                    "expected a header or a query parameter: all requests would "
		                    "go to the canary");
	return values_check(&headers, err) && values_check(&query, err);
}

static bool matches_check(const struct check *check, const struct field *service,
                          const struct field *analysis, struct err *err)
{
	struct field general = field_member(service, "match");
	struct field special = field_member(analysis, "match");
	size_t n_general;
	size_t n_special;

	if (!kube_node_list(&general, GATEWAY_MATCHES_MAX, &n_general, err) ||
	    !kube_node_list(&special, GATEWAY_MATCHES_MAX, &n_special, err))
		return false;
	for (size_t i = 0; i < n_general; i++) {
		struct field entry = field_element(&general, i);

		if (!service_entry_check(check, &entry, err))
			return false;
	}
	for (size_t i = 0; i < n_special; i++) {
		struct field entry = field_element(&special, i);

		if (!analysis_entry_check(check, &entry, err))
			return false;
	}
	return n_general * n_special <= GATEWAY_MATCHES_MAX ||
	       field_refuse(&special, err, ERR_LIMIT,
	                    "%zu entries with %zu of spec.service.match are more than the %d of a "
	                    "rule",
	                    n_special, n_general, GATEWAY_MATCHES_MAX);
}

/* What is done to requests ----------------------------------------------------------------------
 */

/* "1m30s": whole numbers of at most 5 digits, as the API has it. */
static bool is_time(const char *text)
{
	int n_parts = 0;

	for (; *text && n_parts < TIME_PARTS; n_parts++) {
		size_t n_digits = strspn(text, "0123456789");

		text += n_digits;
		if (n_digits == 0 || n_digits > TIME_DIGITS)
			return false;
		if (strncmp(text, "ms", 2) == 0)
			text += 2;
		else if (*text && strchr("hms", *text))
			text++;
		else
			return false;
	}
	return n_parts > 0 && !*text;
}

static bool times_check(const struct field *service, struct err *err)
{
	static const char *const keys[] = {"timeout", "backendTimeout"};

	for (size_t i = 0; i < array_length(keys); i++) {
		struct field node = field_member(service, keys[i]);
		const char *text = "";

		if (!kube_node_text(&node, TEXT_LENGTH, &text, err))
			return false;
		if (*text && !is_time(text))
			return field_expect(&node, "a time like 10s or 1m30s, of whole numbers",
			                    err);
	}
	return true;
}

static bool mirrors_check(const struct field *service, struct err *err)
{
	struct field mirrors = field_member(service, "mirror");
	size_t n_mirrors;

	if (!kube_node_list(&mirrors, MIRRORS_MAX, &n_mirrors, err))
		return false;
	for (size_t i = 0; i < n_mirrors; i++) {
		struct field mirror = field_element(&mirrors, i);
		struct field ref = field_member(&mirror, "backendRef");
		struct field name = field_member(&ref, "name");
		const char *text = NULL;

		if (!kube_node_name(&name, NAME_LENGTH, &text, err))
			return false;
		if (!text)
			return field_expect(&name, "the name of a Service", err);
	}
	return true;
}

/* A prefix can be replaced only where each match has one. */
static bool rewrite_check(const struct field *service, struct err *err)
{
	struct field rewrite = field_member(service, "rewrite");
	struct field type = field_member(&rewrite, "type");
	struct field match = field_member(service, "match");
	const char *text = "";

	if (!kube_node_object(&rewrite, err) || !kube_node_text(&type, NAME_LENGTH, &text, err))
		return false;
	if (strcmp(text, "ReplacePrefixMatch") != 0)
		return true;
	for (size_t i = 0; i < json_array_size(match.json); i++) {
		struct field entry = field_element(&match, i);
		struct field uri = field_member(&entry, "uri");
		struct field prefix = field_member(&uri, "prefix");

		if (uri.json && !prefix.json)
			return field_refuse(&type, err, ERR_INVALID,
			                    "ReplacePrefixMatch needs uri.prefix in each entry of "
			                    "spec.service.match");
	}
	return true;
}

/* What a GRPCRoute has no words for is left out, and said. */
static void warn_of_grpc(const struct check *check, const struct field *service)
{
	static const char *const keys[] = {"timeout", "backendTimeout", "rewrite", "corsPolicy"};

	for (size_t i = 0; i < array_length(keys) && check->is_grpc; i++) {
		struct field node = field_member(service, keys[i]);

		if (node.json)
			kube_canary_warning_add(check->canary, check->arena, &node,
			                        "a GRPCRoute cannot say it: ignored");
	}
}

static void warn_of_origins(const struct check *check, const struct field *service)
{
	struct field cors = field_member(service, "corsPolicy");
	struct field origins = field_member(&cors, "allowOrigins");

	for (size_t i = 0; i < json_array_size(origins.json); i++) {
		struct field origin = field_element(&origins, i);

		if (!json_object_get(origin.json, "exact"))
			kube_canary_warning_add(check->canary, check->arena, &origin,
			                        "a route knows exact origins only: ignored");
	}
}

bool gateway_check_rules(const struct field *spec, struct arena *arena, struct kube_canary *canary,
                         struct err *err)
{
	struct check check = {.arena = arena, .canary = canary};
	struct field service = field_member(spec, "service");
	struct field analysis = kube_canary_analysis_find(spec);
	struct field hosts = field_member(&service, "hosts");

	if (!route_check(spec, &check.is_grpc, err) ||
	    !kube_node_text_list(&hosts, HOSTS_MAX, err) ||
	    !matches_check(&check, &service, &analysis, err) || !times_check(&service, err) ||
	    !mirrors_check(&service, err) || !rewrite_check(&service, err))
		return false;
	warn_of_grpc(&check, &service);
	warn_of_origins(&check, &service);
	return true;
}

bool gateway_check(const struct field *spec, struct arena *arena, struct kube_canary *canary,
                   struct err *err)
{
	struct field service = field_member(spec, "service");

	return parents_check(spec, &service, canary, err) &&
	       gateway_check_rules(spec, arena, canary, err);
}
