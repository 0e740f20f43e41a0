#include "providers/wire/document.h"

#include "analysis/base/number.h"
#include "providers/wire/document_scalar.h"
#include "providers/wire/place.h"
#include "providers/wire/tree.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define KEY_SHOWN_MAX 40

struct document_stream {
	const char *bytes;
	size_t length;
	yaml_parser_t parser;
	bool has_parser;
	bool is_started; /* something was read */
	bool is_over;
	struct place_table *places; /* NULL: not noted */
};

struct document_stream *document_stream_new(const char *bytes, size_t length)
{
	struct document_stream *stream = calloc(1, sizeof(*stream));

	if (!stream)
		abort();
	stream->bytes = bytes;
	stream->length = length;
	return stream;
}

struct document_stream *document_stream_free(struct document_stream *stream)
{
	if (stream && stream->has_parser)
		yaml_parser_delete(&stream->parser);
	if (stream)
		place_table_free(stream->places);
	free(stream);
	return NULL;
}

void document_stream_note_places(struct document_stream *stream)
{
	if (!stream->places)
		stream->places = place_table_new();
}

const struct place_table *document_stream_places(const struct document_stream *stream)
{
	return stream->places;
}

void document_stream_freep(struct document_stream **stream)
{
	*stream = document_stream_free(*stream);
}

static struct place place_of(yaml_mark_t mark)
{
	return (struct place){.line = mark.line + 1, .column = mark.column + 1};
}

/* An event that frees what it holds at the end of its scope. */
static void event_fini(yaml_event_t *event)
{
	yaml_event_delete(event);
}

static bool refuse(yaml_mark_t mark, struct err *err, enum err_kind kind, const char *text)
{
	return err_set(err, kind, "line %zu, column %zu: %s", mark.line + 1, mark.column + 1, text);
}

static bool next_event(struct document_stream *stream, yaml_event_t *ret, struct err *err)
{
	const yaml_parser_t *parser = &stream->parser;
	yaml_mark_t mark;

	if (yaml_parser_parse(&stream->parser, ret))
		return true;
	if (parser->error == YAML_MEMORY_ERROR)
		abort();
	if (parser->error == YAML_READER_ERROR)
		return err_set(err, ERR_MALFORMED, "byte %zu: %s", parser->problem_offset,
		               parser->problem);
	mark = parser->problem_mark;
	return err_set(err, ERR_MALFORMED, "line %zu, column %zu: %s%s%s", mark.line + 1,
	               mark.column + 1, parser->context ? parser->context : "",
	               parser->context ? ": " : "", parser->problem ? parser->problem : "not YAML");
}

/* Scalars -------------------------------------------------------------------------------------- */

struct tag {
	const char *name;
	json_type type;
};

static const struct tag scalar_tags[] = {
	{YAML_BOOL_TAG, JSON_TRUE},
	{YAML_INT_TAG, JSON_INTEGER},
	{YAML_FLOAT_TAG, JSON_REAL},
	{YAML_NULL_TAG, JSON_NULL},
};

/* Whether VALUE, read as a plain scalar, is what the tag says; an integer is a float, too. */
static bool agrees(const json_t *value, const char *name)
{
	for (size_t i = 0; i < array_length(scalar_tags); i++) {
		if (strcmp(scalar_tags[i].name, name) != 0)
			continue;
		return json_typeof(value) == scalar_tags[i].type ||
		       (json_is_false(value) && scalar_tags[i].type == JSON_TRUE) ||
		       (json_is_integer(value) && scalar_tags[i].type == JSON_REAL);
	}
	return false;
}

static bool read_scalar(const yaml_event_t *event, json_t **ret, struct err *err)
{
	const char *text = (const char *)event->data.scalar.value;
	const char *tag = (const char *)event->data.scalar.tag;
	bool is_text = tag ? strcmp(tag, YAML_STR_TAG) == 0 || strcmp(tag, "!") == 0
	                   : event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	json_t *value;

	if (strlen(text) != event->data.scalar.length)
		return refuse(event->start_mark, err, ERR_INVALID, "a NUL character in a text");
	value = is_text ? json_string(text) : document_scalar_new(text);
	if (!value)
		return refuse(event->start_mark, err, ERR_INVALID,
		              "expected a number that JSON can hold, got infinity or NaN");
	if (tag && !is_text && !agrees(value, tag)) {
		json_decref(value);
		return refuse(event->start_mark, err, ERR_INVALID,
		              "the tag is not supported or does not fit its value");
	}
	*ret = value;
	return true;
}

/* Lists and objects ---------------------------------------------------------------------------- */

static bool read_node(struct document_stream *stream, const yaml_event_t *event, int depth,
                      json_t **ret, struct err *err);

static bool read_list(struct document_stream *stream, int depth, json_t **ret, struct err *err)
{
	CLEANUP(tree_freep) json_t *list = json_array();

	for (;;) {
		CLEANUP(event_fini) yaml_event_t event = {0};
		json_t *value;

		if (!next_event(stream, &event, err))
			return false;
		if (event.type == YAML_SEQUENCE_END_EVENT)
			break;
		place_table_enter_element(stream->places, json_array_size(list),
		                          place_of(event.start_mark));
		if (!read_node(stream, &event, depth, &value, err))
			return false;
		place_table_leave(stream->places);
		json_array_append_new(list, value);
	}
	*ret = json_incref(list);
	return true;
}

/* The key that a scalar makes: a number or truth value is written out, as kubectl does it. */
static bool read_key(const yaml_event_t *event, char **ret, struct err *err)
{
	CLEANUP(tree_freep) json_t *key = NULL;
	char number[NUMBER_TEXT_MAX];

	if (event->type == YAML_ALIAS_EVENT)
		return refuse(event->start_mark, err, ERR_INVALID, "aliases are not supported");
	if (event->type != YAML_SCALAR_EVENT)
		return refuse(event->start_mark, err, ERR_INVALID, "expected a text as key");
	if (event->data.scalar.anchor)
		return refuse(event->start_mark, err, ERR_INVALID, "anchors are not supported");
	if (event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
	    strcmp((const char *)event->data.scalar.value, "<<") == 0)
		return refuse(event->start_mark, err, ERR_INVALID, "merge keys are not supported");
	if (!read_scalar(event, &key, err))
		return false;
	if (json_is_null(key))
		return refuse(event->start_mark, err, ERR_INVALID,
		              "expected a text as key, got null");
	if (json_is_string(key))
		*ret = strdup(json_string_value(key));
	else if (json_is_real(key))
		*ret = strdup(number_format(json_real_value(key), number));
	else
		*ret = tree_text(key);
	if (!*ret)
		abort();
	return true;
}

static bool read_member(struct document_stream *stream, const yaml_event_t *key_event, int depth,
                        json_t *object, struct err *err)
{
	CLEANUP(event_fini) yaml_event_t event = {0};
	CLEANUP(tree_text_freep) char *key = NULL;
	json_t *value;

	if (!read_key(key_event, &key, err))
		return false;
	if (json_object_get(object, key))
		return err_set(err, ERR_INVALID,
		               "line %zu, column %zu: the key \"%.*s\" stands twice",
		               key_event->start_mark.line + 1, key_event->start_mark.column + 1,
		               KEY_SHOWN_MAX, key);
	if (!next_event(stream, &event, err))
		return false;
	place_table_enter_member(stream->places, key, place_of(key_event->start_mark),
	                         place_of(event.start_mark));
	if (!read_node(stream, &event, depth, &value, err))
		return false;
	place_table_leave(stream->places);
	if (json_object_set_new(object, key, value) != 0)
		return refuse(key_event->start_mark, err, ERR_INVALID, "the key is no UTF-8");
	return true;
}

static bool read_object(struct document_stream *stream, int depth, json_t **ret, struct err *err)
{
	CLEANUP(tree_freep) json_t *object = json_object();

	for (;;) {
		CLEANUP(event_fini) yaml_event_t event = {0};

		if (!next_event(stream, &event, err))
			return false;
		if (event.type == YAML_MAPPING_END_EVENT)
			break;
		if (!read_member(stream, &event, depth, object, err))
			return false;
	}
	*ret = json_incref(object);
	return true;
}

/* What begins with EVENT. DEPTH: how many lists and objects it lies in. */
static bool read_node(struct document_stream *stream, const yaml_event_t *event, int depth,
                      json_t **ret, struct err *err)
{
	bool is_list = event->type == YAML_SEQUENCE_START_EVENT;
	const char *wanted = is_list ? YAML_SEQ_TAG : YAML_MAP_TAG;
	const char *tag = (const char *)(is_list ? event->data.sequence_start.tag
	                                         : event->data.mapping_start.tag);
	const yaml_char_t *anchor;

	if (event->type == YAML_ALIAS_EVENT)
		return refuse(event->start_mark, err, ERR_INVALID, "aliases are not supported");
	anchor = event->type == YAML_SCALAR_EVENT ? event->data.scalar.anchor
	         : is_list                        ? event->data.sequence_start.anchor
	                                          : event->data.mapping_start.anchor;
	if (anchor)
		return refuse(event->start_mark, err, ERR_INVALID, "anchors are not supported");
	if (event->type == YAML_SCALAR_EVENT)
		return read_scalar(event, ret, err);
	assert(is_list || event->type == YAML_MAPPING_START_EVENT);
	if (tag && strcmp(tag, wanted) != 0)
		return refuse(event->start_mark, err, ERR_INVALID, "the tag is not supported");
	if (depth == DOCUMENT_DEPTH_MAX)
		return refuse(event->start_mark, err, ERR_LIMIT,
		              "more than 64 lists and objects inside each other");
	return is_list ? read_list(stream, depth + 1, ret, err)
	               : read_object(stream, depth + 1, ret, err);
}

/* Streams -------------------------------------------------------------------------------------- */

static bool start(struct document_stream *stream, struct err *err)
{
	if (stream->length > DOCUMENT_BYTES_MAX)
		return err_set(err, ERR_LIMIT, "expected at most %d bytes, got %zu",
		               DOCUMENT_BYTES_MAX, stream->length);
	if (!yaml_parser_initialize(&stream->parser))
		abort();
	stream->has_parser = true;
	yaml_parser_set_encoding(&stream->parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&stream->parser, (const unsigned char *)stream->bytes,
	                             stream->length);
	return true;
}

/* The document that has just started, to its end. */
static bool read_started(struct document_stream *stream, json_t **ret, struct err *err)
{
	CLEANUP(event_fini) yaml_event_t first = {0};
	CLEANUP(event_fini) yaml_event_t last = {0};
	CLEANUP(tree_freep) json_t *value = NULL;

	if (!next_event(stream, &first, err))
		return false;
	place_table_begin(stream->places, place_of(first.start_mark));
	if (!read_node(stream, &first, 0, &value, err) || !next_event(stream, &last, err))
		return false;
	*ret = json_incref(value);
	return true;
}

static bool next_document(struct document_stream *stream, json_t **ret, struct err *err)
{
	for (;;) {
		CLEANUP(event_fini) yaml_event_t event = {0};
		json_t *value;

		if (!next_event(stream, &event, err))
			return false;
		if (event.type == YAML_STREAM_END_EVENT)
			break;
		if (event.type != YAML_DOCUMENT_START_EVENT)
			continue;
		if (!read_started(stream, &value, err))
			return false;
		if (!json_is_null(value)) {
			*ret = value;
			return true;
		}
	}
	stream->is_over = true;
	*ret = NULL;
	return true;
}

bool document_stream_next(struct document_stream *stream, json_t **ret, struct err *err)
{
	if (stream->is_over) {
		*ret = NULL;
		return true;
	}
	if (!stream->is_started && !start(stream, err)) {
		stream->is_over = true;
		return false;
	}
	stream->is_started = true;
	if (next_document(stream, ret, err))
		return true;
	stream->is_over = true;
	return false;
}

bool document_read(const char *bytes, size_t length, json_t **ret, struct err *err)
{
	CLEANUP(document_stream_freep) struct document_stream *stream = NULL;
	CLEANUP(tree_freep) json_t *first = NULL;
	CLEANUP(tree_freep) json_t *second = NULL;

	stream = document_stream_new(bytes, length);
	if (!document_stream_next(stream, &first, err))
		return false;
	if (!first)
		return err_set(err, ERR_MALFORMED, "expected a YAML or JSON document, got nothing");
	if (!document_stream_next(stream, &second, err))
		return false;
	if (second)
		return err_set(err, ERR_MALFORMED, "expected one document, got several");
	*ret = json_incref(first);
	return true;
}

bool document_read_json(const char *bytes, size_t length, size_t max, json_t **ret, struct err *err)
{
	CLEANUP(tree_freep) json_t *tree = NULL;
	json_error_t error;

	if (length > max)
		return err_set(err, ERR_LIMIT, "expected at most %zu bytes, got %zu", max, length);
	tree = json_loadb(bytes, length, JSON_REJECT_DUPLICATES, &error);
	if (!tree)
		return err_set(err, ERR_MALFORMED, "line %d, column %d: %.160s", error.line,
		               error.column, error.text);
	if (!tree_is_shallow(tree, DOCUMENT_DEPTH_MAX))
		return err_set(err, ERR_LIMIT, "more than 64 lists and objects inside each other");
	*ret = json_incref(tree);
	return true;
}
