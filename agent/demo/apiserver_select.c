#include "agent/demo/apiserver_select.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define SPACES " \t"

enum select_operator {
	SELECT_NONE,
	SELECT_EXISTS,
	SELECT_ABSENT,
	SELECT_IN,
	SELECT_NOT_IN,
};

struct select_value {
	const char *text;
	struct select_value *next;
};

struct apiserver_select_label {
	const char *key;
	enum select_operator op;
	struct select_value *values;
	struct apiserver_select_label *next;
};

struct apiserver_select_field {
	const char *path; /* "metadata.name" */
	const char *value;
	bool is_negated;
	struct apiserver_select_field *next;
};

static size_t skip_spaces(const char *at)
{
	return strspn(at, SPACES);
}

/* A copy without the spaces around it. */
static const char *trimmed(struct arena *arena, const char *text, size_t length)
{
	size_t lead = 0;

	while (lead < length && strchr(SPACES, text[lead]))
		lead++;
	while (length > lead && strchr(SPACES, text[length - 1]))
		length--;
	return arena_copy(arena, text + lead, length - lead);
}

static void value_add(struct apiserver_select_label *label, struct arena *arena, const char *text,
                      size_t length)
{
	struct select_value *value = arena_alloc(arena, sizeof(*value));

	value->text = trimmed(arena, text, length);
	value->next = label->values;
	label->values = value;
}

/* "in (a, b)" behind a key; *at moves behind the closing parenthesis. */
static bool parse_set(struct apiserver_select_label *label, struct arena *arena, const char **at,
                      struct err *err)
{
	const char *open = *at + strcspn(*at, "(");
	const char *close = *open ? open + strcspn(open, ")") : open;

	if (*close != ')')
		return err_set(err, ERR_INVALID, "expected '(' and ')' in \"%s\"", *at);
	for (const char *item = open + 1; item <= close;) {
		size_t length = strcspn(item, ",)");

		value_add(label, arena, item, length);
		item += length + 1;
	}
	*at = close + 1;
	return true;
}

/* Does WORD stand here, followed by a space or a parenthesis? */
static bool is_word(const char *at, const char *word)
{
	size_t length = strlen(word);

	return strncmp(at, word, length) == 0 && at[length] && strchr(SPACES "(", at[length]);
}

/* What stands behind the key; *at moves to the comma or the end. */
static bool parse_operator(struct apiserver_select_label *label, struct arena *arena,
                           const char **at, struct err *err)
{
	const char *text = *at + skip_spaces(*at);
	size_t length;

	if (is_word(text, "in") || is_word(text, "notin")) {
		label->op = *text == 'i' ? SELECT_IN : SELECT_NOT_IN;
		*at = text;
		return parse_set(label, arena, at, err);
	}
	if (*text == '\0' || *text == ',') {
		label->op = SELECT_EXISTS;
		*at = text;
		return true;
	}
	label->op = *text == '!' ? SELECT_NOT_IN : SELECT_IN;
	length = strspn(text, "!=");
	if (length == 0 || length > 2 || (*text == '!' && length == 1))
		return err_set(err, ERR_INVALID, "unable to parse requirement: found '%s'", text);
	text += length;
	length = strcspn(text, ",");
	value_add(label, arena, text, length);
	*at = text + length;
	return true;
}

static bool parse_label(struct apiserver_select_label *label, struct arena *arena, const char **at,
                        struct err *err)
{
	const char *text = *at + skip_spaces(*at);
	bool is_absent = *text == '!';
	size_t length;

	text += is_absent;
	length = strcspn(text, SPACES ",=!(");
	if (length == 0)
		return err_set(err, ERR_INVALID, "unable to parse requirement: no key in \"%s\"",
		               *at);
	label->key = arena_copy(arena, text, length);
	*at = text + length;
	if (!is_absent)
		return parse_operator(label, arena, at, err);
	label->op = SELECT_ABSENT;
	*at += skip_spaces(*at);
	return true;
}

bool apiserver_select_labels(struct apiserver_select *select, struct arena *arena, const char *text,
                             struct err *err)
{
	const char *at = text ? text : "";

	at += skip_spaces(at);
	while (*at) {
		struct apiserver_select_label *label = arena_alloc(arena, sizeof(*label));

		if (!parse_label(label, arena, &at, err))
			return false;
		at += skip_spaces(at);
		if (*at != '\0' && *at != ',')
			return err_set(err, ERR_INVALID, "unable to parse requirement: found '%s'",
			               at);
		at += *at == ',';
		label->next = select->labels;
		select->labels = label;
	}
	return true;
}

/* Does the server select this resource by this field? */
static bool field_is_known(const char *plural, const char *path)
{
	static const struct {
		const char *plural;
		const char *path;
	} known[] = {
		{"pods", "spec.nodeName"},
		{"pods", "status.phase"},
		{"pods", "status.podIP"},
		{"events", "involvedObject.kind"},
		{"events", "involvedObject.namespace"},
		{"events", "involvedObject.name"},
		{"events", "involvedObject.uid"},
		{"events", "reason"},
		{"events", "type"},
		{"secrets", "type"},
	};

	if (strcmp(path, "metadata.name") == 0 || strcmp(path, "metadata.namespace") == 0)
		return true;
	for (size_t i = 0; i < array_length(known); i++) {
		if (strcmp(known[i].plural, plural) == 0 && strcmp(known[i].path, path) == 0)
			return true;
	}
	return false;
}

bool apiserver_select_fields(struct apiserver_select *select, struct arena *arena, const char *text,
                             const char *plural, struct err *err)
{
	for (const char *at = text ? text : ""; *at;) {
		struct apiserver_select_field *field = arena_alloc(arena, sizeof(*field));
		size_t length = strcspn(at, ",");
		size_t key = strcspn(at, "!=,");
		size_t sign = strspn(at + key, "!=");

		if (key >= length || sign == 0 || sign > 2)
			return err_set(err, ERR_INVALID,
			               "invalid selector: '%s'; can't understand '%.*s'", text,
			               (int)length, at);
		field->path = arena_copy(arena, at, key);
		field->is_negated = at[key] == '!';
		field->value = arena_copy(arena, at + key + sign, length - key - sign);
		field->next = select->fields;
		select->fields = field;
		if (!field_is_known(plural, field->path))
			return err_set(err, ERR_INVALID, "field label not supported: %s",
			               field->path);
		at += length;
		at += *at == ',';
	}
	return true;
}

static bool is_among(const struct select_value *values, const char *text)
{
	for (; values; values = values->next) {
		if (strcmp(values->text, text) == 0)
			return true;
	}
	return false;
}

static bool label_matches(const struct apiserver_select_label *label, const char *value)
{
	switch (label->op) {
	case SELECT_EXISTS:
		return value;
	case SELECT_ABSENT:
		return !value;
	case SELECT_IN:
		return value && is_among(label->values, value);
	case SELECT_NOT_IN:
		return !value || !is_among(label->values, value);
	case SELECT_NONE:
		break;
	}
	abort();
}

bool apiserver_select_matches_labels(const struct apiserver_select *select, const json_t *labels)
{
	const struct apiserver_select_label *label;

	for (label = select->labels; label; label = label->next) {
		if (!label_matches(label, json_string_value(json_object_get(labels, label->key))))
			return false;
	}
	return true;
}

static const char *field_value(const json_t *object, const char *path)
{
	const char *dot = strchr(path, '.');
	const json_t *value = object;

	if (dot) {
		char parent[64];
		size_t length = (size_t)(dot - path);

		assert(length < sizeof(parent));
		memcpy(parent, path, length);
		parent[length] = '\0';
		value = json_object_get(object, parent);
		path = dot + 1;
	}
	value = json_object_get(value, path);
	return json_is_string(value) ? json_string_value(value) : "";
}

bool apiserver_select_matches(const struct apiserver_select *select, const json_t *object)
{
	const json_t *metadata = json_object_get(object, "metadata");
	const struct apiserver_select_field *field;

	for (field = select->fields; field; field = field->next) {
		bool is_equal = strcmp(field_value(object, field->path), field->value) == 0;

		if (is_equal == field->is_negated)
			return false;
	}
	return apiserver_select_matches_labels(select, json_object_get(metadata, "labels"));
}

bool apiserver_select_is_empty(const struct apiserver_select *select)
{
	return !select->labels && !select->fields;
}
