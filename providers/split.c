#include "providers/split.h"

#include "analysis/base/buf.h"
#include "analysis/base/compiler.h"
#include "analysis/base/text.h"
#include "providers/kube/tree.h"
#include "providers/traffic/smi_split.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FIELDS_MAX    3
#define INGRESS_TOTAL 100 /* of canary-weight, unless canary-weight-total says more */
#define SHARE_DIGITS  1e6
#define LINE_MAX      1024

/* One kind: how it is read, and the managed fields that hold what is read. */
struct kind_row {
	enum kube_kind kind;
	json_t *(*read)(const json_t *object, const struct provider_options *options);
	const char *fields[FIELDS_MAX];
};

/* A split being read ----------------------------------------------------------------------------
 */

struct reading {
	json_t *rules;
	size_t n_left_out;
};

static json_t *rule_new(const char *name, const json_t *match)
{
	json_t *rule = kube_tree_object();

	kube_tree_set_text(rule, "name", name);
	if (match)
		kube_tree_set(rule, "match", json_deep_copy(match));
	kube_tree_set(rule, "backends", kube_tree_list());
	return rule;
}

/* A weight as text: "90", "900m"; "" for none. */
static void write_weight(const json_t *weight, char *ret, size_t size)
{
	if (json_is_string(weight))
		text_format(ret, size, "%s", json_string_value(weight));
	else if (json_is_integer(weight))
		text_format(ret, size, "%lld", (long long)json_integer_value(weight));
	else if (json_is_real(weight))
		text_format(ret, size, "%.12g", json_real_value(weight));
	else
		text_format(ret, size, "%s", "");
}

/* PART of what becomes shares once all backends are there. */
static void add_backend(struct reading *reading, json_t *rule, const char *name,
                        const json_t *weight, double part)
{
	json_t *backends = json_object_get(rule, "backends");
	json_t *backend;
	char text[64];

	if (json_array_size(backends) >= SPLIT_BACKENDS_MAX) {
		reading->n_left_out++;
		return;
	}
	write_weight(weight, text, sizeof(text));
	backend = kube_tree_object();
	kube_tree_set_text(backend, "name", name);
	kube_tree_set_text(backend, "weight", text);
	kube_tree_set(backend, "share", json_real(part));
	kube_tree_append(backends, backend);
}

/* Shares of ALL, rounded to what a text of them holds. */
static void conclude_rule(struct reading *reading, json_t *rule, double all)
{
	json_t *backends = json_object_get(rule, "backends");
	size_t index;
	json_t *backend;

	if (json_array_size(backends) == 0) {
		json_decref(rule);
		return;
	}
	if (json_array_size(reading->rules) >= SPLIT_RULES_MAX) {
		reading->n_left_out++;
		json_decref(rule);
		return;
	}
	json_array_foreach(backends, index, backend)
	{
		json_t *share = json_object_get(backend, "share");
		double part = all > 0 ? json_real_value(share) / all : 0;

		(void)json_real_set(share, round(part * SHARE_DIGITS) / SHARE_DIGITS);
	}
	kube_tree_append(reading->rules, rule);
}

static json_t *conclude(struct reading *reading)
{
	json_t *split;

	if (json_array_size(reading->rules) == 0) {
		json_decref(reading->rules);
		return NULL;
	}
	split = kube_tree_object();
	kube_tree_set(split, "rules", reading->rules);
	if (reading->n_left_out > 0)
		kube_tree_set_whole(split, "left_out", (json_int_t)reading->n_left_out);
	return split;
}

/* A weight that is a whole number; FALLBACK where none is written, nothing for what is odd. */
static double part_of(const json_t *weight, int fallback)
{
	json_int_t number = json_integer_value(weight);

	if (!weight || json_is_null(weight))
		return fallback;
	return number > 0 ? (double)number : 0;
}

/* Istio -----------------------------------------------------------------------------------------
 */

static void read_destinations(struct reading *reading, const json_t *rule, const char *protocol)
{
	const json_t *list = json_object_get(rule, "route");
	const char *name = kube_tree_text(rule, "name");
	json_t *ours;
	double all = 0;

	ours = rule_new(*name || strcmp(protocol, "http") == 0 ? name : protocol,
	                json_object_get(rule, "match"));
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *one = json_array_get(list, i);
		const json_t *weight = json_object_get(one, "weight");
		const char *host = kube_tree_text(one, "destination/host");
		const char *subset = kube_tree_text(one, "destination/subset");
		/* one alone gets all, whatever is written */
		double part = json_array_size(list) == 1 ? 1 : part_of(weight, 0);
		char backend[512];

		text_format(backend, sizeof(backend), "%s%s%s", host, *subset ? "/" : "", subset);
		add_backend(reading, ours, backend, weight, part);
		all += part;
	}
	conclude_rule(reading, ours, all);
}

static json_t *read_virtual_service(const json_t *object, const struct provider_options *options)
{
	static const char *const protocols[] = {"http", "tls", "tcp"};
	const json_t *spec = json_object_get(object, "spec");
	struct reading reading = {.rules = kube_tree_list()};

	(void)options;
	for (size_t i = 0; i < array_length(protocols); i++) {
		const json_t *rules = json_object_get(spec, protocols[i]);

		for (size_t j = 0; j < json_array_size(rules); j++)
			read_destinations(&reading, json_array_get(rules, j), protocols[i]);
	}
	return conclude(&reading);
}

/* Gateway API -----------------------------------------------------------------------------------
 */

static void read_backends(struct reading *reading, const json_t *rule)
{
	const json_t *list = json_object_get(rule, "backendRefs");
	json_t *ours = rule_new(kube_tree_text(rule, "name"), json_object_get(rule, "matches"));
	double all = 0;

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *one = json_array_get(list, i);
		const json_t *weight = json_object_get(one, "weight");
		const char *space = kube_tree_text(one, "namespace");
		double part = part_of(weight, 1);
		char backend[512];

		text_format(backend, sizeof(backend), "%s%s%s", kube_tree_text(one, "name"),
		            *space ? "." : "", space);
		add_backend(reading, ours, backend, weight, part);
		all += part;
	}
	conclude_rule(reading, ours, all);
}

static json_t *read_route(const json_t *object, const struct provider_options *options)
{
	const json_t *rules = kube_tree_find(object, "spec/rules");
	struct reading reading = {.rules = kube_tree_list()};

	(void)options;
	for (size_t i = 0; i < json_array_size(rules); i++)
		read_backends(&reading, json_array_get(rules, i));
	return conclude(&reading);
}

/* SMI -------------------------------------------------------------------------------------------
 */

static json_t *read_traffic_split(const json_t *object, const struct provider_options *options)
{
	const json_t *list = kube_tree_find(object, "spec/backends");
	struct reading reading = {.rules = kube_tree_list()};
	json_t *rule = rule_new(kube_tree_text(object, "spec/service"),
	                        kube_tree_find(object, "spec/matches"));
	double all = 0;

	(void)options;
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *one = json_array_get(list, i);
		int64_t part = smi_split_weight(one);

		add_backend(&reading, rule, kube_tree_text(one, "service"),
		            json_object_get(one, "weight"), (double)part);
		all += (double)part;
	}
	conclude_rule(&reading, rule, all);
	return conclude(&reading);
}

/* ingress-nginx ---------------------------------------------------------------------------------
 */

static json_t *annotation(const json_t *object, const struct provider_options *options,
                          const char *name)
{
	char key[320];

	text_format(key, sizeof(key), "%s/%s", options->ingress_annotation_prefix, name);
	return json_object_get(kube_tree_find(object, "metadata/annotations"), key);
}

/* A number of requests of all; what the controller cannot read is nothing, and more than all is
 * all: both seen on the real one. */
static double number_of(const json_t *text, double fallback, double most)
{
	const char *digits = json_string_value(text);
	char *end;
	long number;

	if (!digits)
		return fallback;
	number = strtol(digits, &end, 10);
	if (end == digits || *end != '\0' || number < 0)
		return fallback;
	return most > 0 && (double)number > most ? most : (double)number;
}

/* Who gets the canary besides its share. */
static json_t *ingress_match(const json_t *object, const struct provider_options *options)
{
	static const char *const names[] = {"canary-by-header", "canary-by-header-value",
	                                    "canary-by-header-pattern", "canary-by-cookie"};
	json_t *match = kube_tree_object();

	for (size_t i = 0; i < array_length(names); i++) {
		json_t *value = annotation(object, options, names[i]);

		if (value)
			kube_tree_set(match, names[i], json_incref(value));
	}
	if (json_object_size(match) > 0)
		return match;
	json_decref(match);
	return NULL;
}

static void read_path(struct reading *reading, const json_t *object,
                      const struct provider_options *options, const char *host, const json_t *path)
{
	const json_t *weight = annotation(object, options, "canary-weight");
	double all =
		number_of(annotation(object, options, "canary-weight-total"), INGRESS_TOTAL, 0);
	double part = number_of(weight, 0, all);
	json_auto_t *match = ingress_match(object, options);
	char name[512];
	json_t *rule;

	text_format(name, sizeof(name), "%s%s", host, kube_tree_text(path, "path"));
	rule = rule_new(name, match);
	add_backend(reading, rule, kube_tree_text(path, "backend/service/name"), weight, part);
	add_backend(reading, rule, "", NULL, all - part);
	conclude_rule(reading, rule, all);
}

static json_t *read_ingress(const json_t *object, const struct provider_options *options)
{
	const json_t *rules = kube_tree_find(object, "spec/rules");
	const char *canary = json_string_value(annotation(object, options, "canary"));
	struct reading reading = {.rules = kube_tree_list()};

	if (!canary || strcmp(canary, "true") != 0)
		return conclude(&reading);
	for (size_t i = 0; i < json_array_size(rules); i++) {
		const json_t *rule = json_array_get(rules, i);
		const json_t *paths = kube_tree_find(rule, "http/paths");

		for (size_t j = 0; j < json_array_size(paths); j++)
			read_path(&reading, object, options, kube_tree_text(rule, "host"),
			          json_array_get(paths, j));
	}
	return conclude(&reading);
}

/* All kinds -------------------------------------------------------------------------------------
 */

static const struct kind_row kinds[] = {
	{KUBE_VIRTUAL_SERVICE,
         read_virtual_service,
         {"f:spec/f:http", "f:spec/f:tls", "f:spec/f:tcp"}},
	{KUBE_HTTP_ROUTE, read_route, {"f:spec/f:rules"}},
	{KUBE_HTTP_ROUTE_BETA, read_route, {"f:spec/f:rules"}},
	{KUBE_GRPC_ROUTE, read_route, {"f:spec/f:rules"}},
	{KUBE_SPLIT_ALPHA1, read_traffic_split, {"f:spec/f:backends"}},
	{KUBE_SPLIT_ALPHA2, read_traffic_split, {"f:spec/f:backends"}},
	{KUBE_SPLIT_ALPHA3, read_traffic_split, {"f:spec/f:backends"}},
	{KUBE_INGRESS, read_ingress, {"f:spec/f:rules"}},
};

enum kube_kind split_kind(size_t index)
{
	return index < array_length(kinds) ? kinds[index].kind : KUBE_NONE;
}

static const struct kind_row *row_of(enum kube_kind kind)
{
	for (size_t i = 0; i < array_length(kinds); i++) {
		if (kinds[i].kind == kind)
			return &kinds[i];
	}
	return NULL;
}

static const char *answer_of(const json_t *object)
{
	return kube_tree_value(kube_tree_find(object, "metadata/annotations"), SPLIT_ANNOTATION);
}

bool split_is_asked(const json_t *object)
{
	return strcmp(answer_of(object), "true") == 0;
}

bool split_is_declined(const json_t *object)
{
	return strcmp(answer_of(object), "false") == 0;
}

json_t *split_read(enum kube_kind kind, const json_t *object,
                   const struct provider_options *options)
{
	const struct kind_row *row = row_of(kind);

	return row && object ? row->read(object, options) : NULL;
}

/* Author ----------------------------------------------------------------------------------------
 */

/* The annotations that make an Ingress a canary's. */
static bool has_canary_key(const json_t *entry, const struct provider_options *options)
{
	json_t *fields = kube_tree_find(entry, "fieldsV1/f:metadata/f:annotations");
	char prefix[320];
	const char *key;
	json_t *value;

	text_format(prefix, sizeof(prefix), "f:%s/canary", options->ingress_annotation_prefix);
	json_object_foreach(fields, key, value)
	{
		if (kube_tree_is_prefix(prefix, key))
			return true;
	}
	return false;
}

/* An entry that does not say what it has counts as having all. */
static bool has_split(const struct kind_row *row, const json_t *entry,
                      const struct provider_options *options)
{
	const json_t *fields = json_object_get(entry, "fieldsV1");

	if (kube_tree_text(entry, "subresource")[0] != '\0')
		return false;
	if (json_object_size(fields) == 0)
		return true;
	for (size_t i = 0; i < FIELDS_MAX && row->fields[i]; i++) {
		if (kube_tree_find(fields, row->fields[i]))
			return true;
	}
	return row->kind == KUBE_INGRESS && has_canary_key(entry, options);
}

struct split_author split_author(enum kube_kind kind, const json_t *object,
                                 const struct provider_options *options)
{
	const json_t *entries = kube_tree_find(object, "metadata/managedFields");
	const struct kind_row *row = row_of(kind);
	struct split_author author = {0};

	for (size_t i = 0; row && i < json_array_size(entries); i++) {
		const json_t *entry = json_array_get(entries, i);
		struct instant at = {0};

		(void)instant_parse(kube_tree_text(entry, "time"), &at, NULL);
		if (!has_split(row, entry, options) || instant_is_before(at, author.at))
			continue;
		text_format(author.name, sizeof(author.name), "%s",
		            kube_tree_text(entry, "manager"));
		author.at = at;
	}
	return author;
}

/* In words --------------------------------------------------------------------------------------
 */

/* False: the line is full. */
static bool tell_rule(struct buf *line, const json_t *rule)
{
	const json_t *backends = json_object_get(rule, "backends");
	bool has_room = true;

	for (size_t i = 0; i < json_array_size(backends) && has_room; i++) {
		const json_t *backend = json_array_get(backends, i);
		const char *name = kube_tree_text(backend, "name");

		has_room =
			buf_format(line, "%s%s %.4g %%", i > 0 ? ", " : "", *name ? name : "others",
		                   100 * json_number_value(json_object_get(backend, "share")));
	}
	return has_room &&
	       (!json_object_get(rule, "match") || buf_format(line, " (some requests)"));
}

void split_tell(const json_t *split, char *ret, size_t size)
{
	const json_t *rules = json_object_get(split, "rules");
	CLEANUP(buf_fini) struct buf line = {.max = LINE_MAX};
	bool has_room = true;

	for (size_t i = 0; i < json_array_size(rules) && has_room; i++)
		has_room = (i == 0 || buf_format(&line, "; ")) &&
		           tell_rule(&line, json_array_get(rules, i));
	text_format(ret, size, "%s", buf_text(&line));
}
