#include "providers/flagger_hash.h"

#include "analysis/base/buf.h"
#include "analysis/base/text.h"
#include "providers/flagger_layout.h"
#include "providers/flagger_quantity.h"
#include "providers/kube/pod_template.h"
#include "providers/kube/tree.h"
#include "providers/wire/digest.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FNV32_BASIS 2166136261U
#define FNV32_PRIME 16777619U
#define NUMBER_MAX  320 /* bytes of one formatted piece of the text, without what users wrote */
#define JSON_MAX    ((size_t)8 * 1024 * 1024)

/* The text is hashed as it is made. */
struct spew {
	uint32_t hash;
	size_t length;
	bool is_daemon;
	bool is_odd; /* something stands in the template that the text of is not known */
};

/* A part of a row of flagger_layout.h, not ended by a NUL. */
struct part {
	const char *text;
	size_t length;
};

static void put_bytes(struct spew *spew, const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		spew->hash = (spew->hash ^ (unsigned char)bytes[i]) * FNV32_PRIME;
	spew->length += length;
}

static void put_text(struct spew *spew, const char *text)
{
	put_bytes(spew, text, strlen(text));
}

PRINTF_LIKE(2, 3)
static void put(struct spew *spew, const char *format, ...)
{
	char piece[NUMBER_MAX];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(piece, sizeof(piece), format, args);
	va_end(args);
	put_text(spew, piece);
}

/* Types ---------------------------------------------------------------------------------------- */

static bool is(struct part type, const char *name)
{
	return strlen(name) == type.length && strncmp(type.text, name, type.length) == 0;
}

static bool begins(struct part type, const char *prefix)
{
	return type.length > strlen(prefix) && strncmp(type.text, prefix, strlen(prefix)) == 0;
}

static struct part after(struct part type, size_t length)
{
	return (struct part){type.text + length, type.length - length};
}

/* A type as Go prints it. */
static void put_name(struct spew *spew, struct part type)
{
	static const struct {
		const char *type;
		const char *name;
	} names[] = {
		{"string", "string"},
		{"bool", "bool"},
		{"int32", "int32"},
		{"int64", "int64"},
		{"UID", "types.UID"},
		{"Quantity", "resource.Quantity"},
		{"IntOrString", "intstr.IntOrString"},
		{"{string}", "map[string]string"},
		{"{Quantity}", "v1.ResourceList"},
	};

	for (; begins(type, "*"); type = after(type, 1))
		put_text(spew, "*");
	for (; begins(type, "[]"); type = after(type, 2))
		put_text(spew, "[]");
	for (size_t i = 0; i < array_length(names); i++) {
		if (is(type, names[i].type)) {
			put_text(spew, names[i].name);
			return;
		}
	}
	put_text(spew, "v1.");
	put_bytes(spew, type.text, type.length);
}

/* Values --------------------------------------------------------------------------------------- */

/* Nothing and null are the type's zero. */
static void put_bare(struct spew *spew, struct part type, const json_t *value);

static void put_value(struct spew *spew, struct part type, const json_t *value)
{
	put_text(spew, "(");
	put_name(spew, type);
	put_text(spew, ")");
	put_bare(spew, type, value);
}

static void put_quantity(struct spew *spew, const json_t *value)
{
	const char *text = json_is_string(value) ? json_string_value(value) : "0";
	char number[32];
	struct flagger_quantity quantity;

	if (json_is_integer(value)) {
		text_format(number, sizeof(number), "%" JSON_INTEGER_FORMAT,
		            json_integer_value(value));
		text = number;
	}
	if (!flagger_quantity_read(text, &quantity)) {
		spew->is_odd = true;
		return;
	}
	put(spew,
	    "{i:(resource.int64Amount){value:(int64)%" PRId64
	    " scale:(resource.Scale)%d} "
	    "d:(resource.infDecAmount){Dec:(*inf.Dec)<nil>} s:(string)%s Format:(resource.Format)%s}",
	    quantity.value, quantity.scale, quantity.is_kept ? text : "", quantity.format);
}

static void put_port(struct spew *spew, const json_t *value)
{
	bool is_text = json_is_string(value);

	put(spew, "{Type:(intstr.Type)%d IntVal:(int32)%" JSON_INTEGER_FORMAT " StrVal:(string)",
	    is_text ? 1 : 0, json_integer_value(value));
	put_text(spew, is_text ? json_string_value(value) : "");
	put_text(spew, "}");
}

static void put_time(struct spew *spew, const json_t *value)
{
	if (value && !json_is_null(value))
		spew->is_odd = true;
	put_text(spew, "{Time:(time.Time){wall:(uint64)0 ext:(int64)0 loc:(*time.Location)<nil>}}");
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* An empty list or map arrives in Flagger as none. */
static void put_map(struct spew *spew, struct part type, const json_t *map)
{
	struct part element = {type.text + 1, type.length - 2};
	size_t size = json_object_size(map);
	const char **keys;
	const char *key;
	json_t *value;
	size_t n = 0;

	if (size == 0) {
		put_text(spew, "<nil>");
		return;
	}
	keys = calloc(size, sizeof(*keys));
	if (!keys)
		abort();
	json_object_foreach((json_t *)(uintptr_t)map, key, value) keys[n++] = key;
	qsort(keys, n, sizeof(*keys), by_text);
	put_text(spew, "map[");
	for (size_t i = 0; i < n; i++) {
		put_text(spew, i > 0 ? " " : "");
		put_text(spew, keys[i]);
		put_text(spew, ":");
		put_bare(spew, element, json_object_get(map, keys[i]));
	}
	put_text(spew, "]");
	free(keys);
}

static void put_list(struct spew *spew, struct part type, const json_t *list)
{
	if (json_array_size(list) == 0) {
		put_text(spew, "<nil>");
		return;
	}
	put_text(spew, "[");
	for (size_t i = 0; i < json_array_size(list); i++) {
		put_text(spew, i > 0 ? " " : "");
		put_bare(spew, after(type, 2), json_array_get(list, i));
	}
	put_text(spew, "]");
}

/* Split "Name=key:Type" at *REST, and go on after it. */
static bool next_field(const char **rest, struct part *ret_name, struct part *ret_key,
                       struct part *ret_type)
{
	const char *text = *rest;
	size_t length = strcspn(text, " ");
	size_t colon = strcspn(text, ":");
	size_t equals = strcspn(text, "=:");

	if (length == 0)
		return false;
	*ret_name = (struct part){text, equals};
	*ret_key = equals < colon ? (struct part){text + equals + 1, colon - equals - 1}
	                          : (struct part){NULL, 0};
	*ret_type = (struct part){text + colon + 1, length - colon - 1};
	*rest = text + length + (text[length] == ' ');
	return true;
}

/* What the field stands for in OBJECT. */
static const json_t *field_of(const json_t *object, struct part name, struct part key)
{
	char buffer[64];
	bool is_derived = key.text == NULL;

	if (!is_derived && is(key, "."))
		return object;
	text_format(buffer, sizeof(buffer), "%.*s", (int)(is_derived ? name : key).length,
	            (is_derived ? name : key).text);
	if (is_derived && buffer[0] >= 'A' && buffer[0] <= 'Z')
		buffer[0] = (char)(buffer[0] - 'A' + 'a');
	return json_object_get(object, buffer);
}

/* Of a DaemonSet what keeps it without pods is taken out, and an empty map stays one. */
static void put_selector(struct spew *spew, struct part type, const json_t *map)
{
	json_auto_t *copy = kube_tree_copy(map);

	(void)json_object_del(copy, KUBE_TEMPLATE_NOWHERE);
	if (json_object_size(copy) > 0)
		put_value(spew, type, copy);
	else
		put_text(spew, "(map[string]string)map[]");
}

static void put_struct(struct spew *spew, const char *fields, const json_t *object)
{
	const char *rest = fields;
	struct part name;
	struct part key;
	struct part type;

	put_text(spew, "{");
	while (next_field(&rest, &name, &key, &type)) {
		if (name.text != fields)
			put_text(spew, " ");
		put_bytes(spew, name.text, name.length);
		put_text(spew, ":");
		if (spew->is_daemon && is(name, "NodeSelector") && begins(type, "{"))
			put_selector(spew, type, field_of(object, name, key));
		else
			put_value(spew, type, field_of(object, name, key));
	}
	put_text(spew, "}");
}

static void put_bare(struct spew *spew, struct part type, const json_t *value)
{
	const char *fields = flagger_layout_find(type.text, type.length);

	if (begins(type, "*") && (!value || json_is_null(value)))
		put_text(spew, "<nil>");
	else if (begins(type, "*"))
		put_bare(spew, after(type, 1), value);
	else if (begins(type, "[]"))
		put_list(spew, type, value);
	else if (begins(type, "{"))
		put_map(spew, type, value);
	else if (fields)
		put_struct(spew, fields, value);
	else if (is(type, "Quantity"))
		put_quantity(spew, value);
	else if (is(type, "IntOrString"))
		put_port(spew, value);
	else if (is(type, "Time"))
		put_time(spew, value);
	else if (is(type, "bool"))
		put_text(spew, json_is_true(value) ? "true" : "false");
	else if (is(type, "int32") || is(type, "int64"))
		put(spew, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else if (json_is_string(value))
		put_bytes(spew, json_string_value(value), json_string_length(value));
}

/* Hashes --------------------------------------------------------------------------------------- */

static void finish(const struct spew *spew, char ret[FLAGGER_HASH_MAX])
{
	static const char letters[] = "456789bcdf";

	text_format(ret, FLAGGER_HASH_MAX, "%" PRIu32, spew->hash);
	for (char *at = ret; *at; at++)
		*at = letters[*at - '0'];
}

void flagger_hash_text(const char *text, size_t length, char ret[FLAGGER_HASH_MAX])
{
	struct spew spew = {.hash = FNV32_BASIS};

	put_bytes(&spew, text, length);
	finish(&spew, ret);
}

bool flagger_hash_template(const json_t *template, bool is_daemon, char ret[FLAGGER_HASH_MAX],
                           size_t *ret_length)
{
	static const char root[] = "PodTemplateSpec";
	struct spew spew = {.hash = FNV32_BASIS, .is_daemon = is_daemon};

	put_value(&spew, (struct part){root, strlen(root)}, template);
	spew.is_odd |= json_array_size(kube_tree_find(template, "metadata/managedFields")) > 0;
	ret[0] = '\0';
	if (!spew.is_odd)
		finish(&spew, ret);
	*ret_length = spew.length;
	return !spew.is_odd;
}

/* Go's JSON of a map of texts: no blanks, keys sorted, and '<', '>' and '&' as numbers. */
static const char *go_json(const json_t *data, struct buf *buf)
{
	char *text = data ? json_dumps(data, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
	bool is_whole = true;

	if (data && !text)
		abort();
	for (const char *at = text ? text : "null"; *at; at++) {
		if (strchr("<>&", *at))
			is_whole &= buf_format(buf, "\\u00%02x", (unsigned int)*at);
		else
			is_whole &= buf_add(buf, at, 1);
	}
	free(text);
	return is_whole ? buf_text(buf) : "";
}

void flagger_hash_config(const json_t *object, char ret[FLAGGER_CONFIG_MAX])
{
	struct buf buf = {.max = JSON_MAX};
	char digest[DIGEST_TEXT_SIZE];

	text_format(ret, FLAGGER_CONFIG_MAX, "%.16s",
	            digest_text(go_json(json_object_get(object, "data"), &buf), digest));
	buf_fini(&buf);
}
