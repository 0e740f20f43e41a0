#include "providers/kube/canary_istio.h"

#include "providers/traffic/istio_match.h"
#include "providers/wire/pattern.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#define ENTRIES_MAX KUBE_CANARY_ISTIO_ENTRIES_MAX
#define TEXT_LENGTH KUBE_CANARY_ISTIO_TEXT_MAX
#define TIME_LENGTH 32

/* One pattern in RE2's syntax, which Envoy takes. */
static bool regex_check(const struct field *regex, const char *text, struct err *err)
{
	struct err why = {0};
	const char *foreign;

	if (!pattern_check(text, &why))
		return field_refuse(regex, err, why.kind, "%s", why.text);
	foreign = pattern_find_foreign(text);
	return !foreign || field_refuse(regex, err, ERR_INVALID,
	                                "%s is unknown to RE2, which Istio matches with", foreign);
}

/* {exact}, {prefix} or {regex}; a header may say nothing: then it must be there. */
static bool value_check(const struct field *value, bool may_be_empty, struct err *err)
{
	static const char *const kinds[] = {"exact", "prefix", "regex"};
	struct field suffix = field_member(value, "suffix");
	const char *text = "";

	if (suffix.json)
		return field_refuse(&suffix, err, ERR_INVALID,
		                    "Istio has no such match, expected regex, like .*%.40s",
		                    json_is_string(suffix.json) ? json_string_value(suffix.json)
		                                                : "");
	if (!json_is_object(value->json))
		return field_expect(value, "an object with exact, prefix or regex", err);
	if (json_object_size(value->json) == 0 && may_be_empty)
		return true;
	for (size_t i = 0; i < array_length(kinds); i++) {
		struct field node = field_member(value, kinds[i]);

		if (!node.json || json_object_size(value->json) != 1)
			continue;
		return kube_node_text(&node, TEXT_LENGTH, &text, err) &&
		       (strcmp(kinds[i], "regex") != 0 || regex_check(&node, text, err));
	}
	return field_refuse(value, err, ERR_INVALID, "expected one of exact, prefix and regex");
}

static bool values_check(const struct field *entry, const char *key, bool may_be_empty,
                         struct err *err)
{
	struct field values = field_member(entry, key);
	const char *name;
	json_t *value;

	if (!kube_node_object(&values, err))
		return false;
	/* jansson's iteration macro wants a mutable object; nothing is changed */
	json_object_foreach((json_t *)(uintptr_t)values.json, name, value)
	{
		struct field member = field_member(&values, name);

		if (strlen(name) > TEXT_LENGTH || json_object_size(values.json) > ENTRIES_MAX)
			return field_refuse(&values, err, ERR_LIMIT,
			                    "expected at most %d names of at most %d characters",
			                    ENTRIES_MAX, TEXT_LENGTH);
		if (!value_check(&member, may_be_empty, err))
			return false;
	}
	return true;
}

static bool entry_check(const struct field *entry, struct err *err)
{
	static const char *const texts[] = {"uri", "scheme", "method", "authority"};
	struct field labels = field_member(entry, "sourceLabels");
	struct field gateways = field_member(entry, "gateways");

	if (!json_is_object(entry->json))
		return field_expect(entry, "an object", err);
	for (size_t i = 0; i < array_length(texts); i++) {
		struct field value = field_member(entry, texts[i]);

		if (value.json && !value_check(&value, false, err))
			return false;
	}
	return values_check(entry, "headers", true, err) &&
	       values_check(entry, "withoutHeaders", true, err) &&
	       values_check(entry, "queryParams", false, err) && kube_node_text_map(&labels, err) &&
	       kube_node_text_list(&gateways, ENTRIES_MAX, err);
}

static bool match_check(const struct field *match, struct err *err)
{
	size_t n_entries;

	if (!kube_node_list(match, ENTRIES_MAX, &n_entries, err))
		return false;
	for (size_t i = 0; i < n_entries; i++) {
		struct field entry = field_element(match, i);

		if (!entry_check(&entry, err))
			return false;
	}
	return true;
}

/* Beside ENTRY, Istio would take requests that analysis.match does not mean. */
static bool is_wider(const struct field *entry, const struct field *service, struct err *err)
{
	struct field labels = field_member(entry, "sourceLabels");
	json_auto_t *one = json_pack("[O]", entry->json);

	for (size_t i = 0; i < json_array_size(service->json); i++) {
		struct field other = field_element(service, i);
		struct field gateways = field_member(&other, "gateways");
		json_auto_t *alone = json_pack("[O]", other.json);
		json_auto_t *merged = istio_match_merge(one, alone);

		if (json_equal(merged, alone)) {
			(void)field_refuse(entry, err, ERR_INVALID,
			                   "it is no more than spec.service.match[%zu] asks: all "
			                   "requests would go to the canary",
			                   i);
			return true;
		}
		if (json_object_size(labels.json) > 0 && json_array_size(gateways.json) > 0) {
			(void)field_refuse(&labels, err, ERR_INVALID,
			                   "Istio does not look at it where "
			                   "spec.service.match[%zu].gateways is set: all requests "
			                   "would go to the canary",
			                   i);
			return true;
		}
	}
	return false;
}

static bool analysis_match_check(const struct field *match, const struct field *service,
                                 struct err *err)
{
	static const char *const known[] = {"headers", "queryParams", "sourceLabels"};
	size_t n_entries;

	if (!match_check(match, err) || !kube_node_list(match, ENTRIES_MAX, &n_entries, err))
		return false;
	for (size_t i = 0; i < n_entries; i++) {
		struct field entry = field_element(match, i);
		size_t n_asked = 0;
		size_t n_known = 0;

		for (size_t j = 0; j < array_length(known); j++) {
			struct field value = field_member(&entry, known[j]);

			n_known += value.json ? 1 : 0;
			n_asked += json_object_size(value.json);
		}
		if (n_asked == 0 || n_known != json_object_size(entry.json))
			return field_refuse(&entry, err, ERR_INVALID,
			                    "expected headers, queryParams or sourceLabels, and "
			                    "nothing else, that tell the requests for the canary");
		if (is_wider(&entry, service, err))
			return false;
	}
	return true;
}

static bool delegation_check(const struct field *service, struct err *err)
{
	struct field delegation = field_member(service, "delegation");
	struct field hosts = field_member(service, "hosts");
	struct field gateways = field_member(service, "gateways");
	bool is_delegate = false;

	if (!field_optional_flag(&delegation, &is_delegate, err))
		return false;
	if (is_delegate && (json_array_size(hosts.json) > 0 || json_array_size(gateways.json) > 0))
		return field_refuse(&delegation, err, ERR_INVALID,
		                    "expected neither hosts nor gateways beside true: the "
		                    "VirtualService that delegates has them");
	return true;
}

static bool service_check(const struct field *service, struct err *err)
{
	static const char *const objects[] = {"rewrite", "retries", "headers", "corsPolicy",
	                                      "trafficPolicy"};
	struct field hosts = field_member(service, "hosts");
	struct field gateways = field_member(service, "gateways");
	struct field match = field_member(service, "match");
	struct field timeout = field_member(service, "timeout");
	const char *text;

	for (size_t i = 0; i < array_length(objects); i++) {
		struct field object = field_member(service, objects[i]);

		if (!kube_node_object(&object, err))
			return false;
	}
	return kube_node_text_list(&hosts, ENTRIES_MAX, err) &&
	       kube_node_text_list(&gateways, ENTRIES_MAX, err) &&
	       kube_node_text(&timeout, TIME_LENGTH, &text, err) && match_check(&match, err) &&
	       delegation_check(service, err);
}

/* TCP has nothing but weights. */
static bool tcp_check(const struct field *service, const struct field *match,
                      const struct field *mirror, struct err *err)
{
	struct field protocol = field_member(service, "appProtocol");
	const char *text = json_string_value(protocol.json);

	if (!text || strcasecmp(text, "tcp") != 0)
		return true;
	if (json_array_size(match->json) > 0)
		return field_refuse(match, err, ERR_INVALID,
		                    "expected none: TCP has no headers to match");
	if (json_is_true(mirror->json))
		return field_refuse(mirror, err, ERR_INVALID,
		                    "expected false: Istio does not mirror TCP");
	return true;
}

bool kube_canary_istio_check(const struct field *spec, const struct field *analysis,
                             const struct kube_canary *canary, struct err *err)
{
	struct field service = field_member(spec, "service");
	struct field service_match = field_member(&service, "match");
	struct field match = field_member(analysis, "match");
	struct field mirror = field_member(analysis, "mirror");
	struct field percent = field_member(analysis, "mirrorWeight");
	int weight = 0;

	if (!service_check(&service, err) || !tcp_check(&service, &match, &mirror, err) ||
	    !kube_node_whole(&percent, 0, SPEC_WEIGHT_FULL, &weight, err))
		return false;
	return canary->spec.strategy != STRATEGY_AB ||
	       analysis_match_check(&match, &service_match, err);
}
