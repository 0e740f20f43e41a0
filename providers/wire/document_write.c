#include "providers/wire/document_write.h"

#include "providers/wire/document.h"
#include "providers/wire/document_scalar.h"
#include "providers/wire/tree.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define NUMBER_MAX 64

static int on_bytes(void *user, unsigned char *bytes, size_t length)
{
	return buf_add(user, bytes, length) ? 1 : 0;
}

/* An event that was made is taken by the emitter; one that could not be made is lack of memory. */
static bool emit(yaml_emitter_t *emitter, yaml_event_t *event, int is_made)
{
	if (!is_made)
		abort();
	if (yaml_emitter_emit(emitter, event))
		return true;
	if (emitter->error == YAML_MEMORY_ERROR)
		abort();
	return false;
}

/* Does TEXT, written plainly, stay a text? */
static bool is_plain(const char *text)
{
	json_t *value = document_scalar_new(text);
	bool is_text = json_is_string(value);

	json_decref(value);
	return is_text && *text;
}

static bool emit_scalar(yaml_emitter_t *emitter, const char *text, size_t length,
                        yaml_scalar_style_t style)
{
	yaml_event_t event;
	yaml_char_t *bytes = NULL;

	memcpy(&bytes, &text, sizeof(bytes)); /* libyaml copies it, though its type is not const */
	return emit(emitter, &event,
	            yaml_scalar_event_initialize(&event, NULL, NULL, bytes, (int)length, 1, 1,
	                                         style));
}

static bool emit_text(yaml_emitter_t *emitter, const char *text, size_t length)
{
	yaml_scalar_style_t style = YAML_PLAIN_SCALAR_STYLE;

	if (memchr(text, '\n', length))
		style = YAML_LITERAL_SCALAR_STYLE;
	else if (strlen(text) != length || !is_plain(text))
		style = YAML_DOUBLE_QUOTED_SCALAR_STYLE;
	return emit_scalar(emitter, text, length, style);
}

static bool emit_value(yaml_emitter_t *emitter, const json_t *value);

static bool emit_map(yaml_emitter_t *emitter, const json_t *map)
{
	const char *key;
	json_t *value;
	yaml_event_t event;

	if (!emit(emitter, &event,
	          yaml_mapping_start_event_initialize(&event, NULL, NULL, 1,
	                                              json_object_size(map) > 0
	                                                      ? YAML_BLOCK_MAPPING_STYLE
	                                                      : YAML_FLOW_MAPPING_STYLE)))
		return false;
	/* jansson's iterators want a tree that may be changed */
	json_object_foreach((json_t *)(uintptr_t)map, key, value)
	{
		if (!emit_text(emitter, key, strlen(key)) || !emit_value(emitter, value))
			return false;
	}
	return emit(emitter, &event, yaml_mapping_end_event_initialize(&event));
}

static bool emit_list(yaml_emitter_t *emitter, const json_t *list)
{
	yaml_event_t event;

	if (!emit(emitter, &event,
	          yaml_sequence_start_event_initialize(&event, NULL, NULL, 1,
	                                               json_array_size(list) > 0
	                                                       ? YAML_BLOCK_SEQUENCE_STYLE
	                                                       : YAML_FLOW_SEQUENCE_STYLE)))
		return false;
	for (size_t i = 0; i < json_array_size(list); i++)
		if (!emit_value(emitter, json_array_get(list, i)))
			return false;
	return emit(emitter, &event, yaml_sequence_end_event_initialize(&event));
}

/* A number as JSON writes it. */
static bool emit_number(yaml_emitter_t *emitter, const json_t *value)
{
	char text[NUMBER_MAX];
	size_t flags = JSON_ENCODE_ANY | JSON_REAL_PRECISION(15); /* 99.91, as people wrote it */
	size_t length = json_dumpb(value, text, sizeof(text), flags);

	return emit_scalar(emitter, text, length < sizeof(text) ? length : 0,
	                   YAML_PLAIN_SCALAR_STYLE);
}

static bool emit_value(yaml_emitter_t *emitter, const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return emit_map(emitter, value);
	case JSON_ARRAY:
		return emit_list(emitter, value);
	case JSON_STRING:
		return emit_text(emitter, json_string_value(value), json_string_length(value));
	case JSON_INTEGER:
	case JSON_REAL:
		return emit_number(emitter, value);
	case JSON_TRUE:
		return emit_scalar(emitter, "true", 4, YAML_PLAIN_SCALAR_STYLE);
	case JSON_FALSE:
		return emit_scalar(emitter, "false", 5, YAML_PLAIN_SCALAR_STYLE);
	case JSON_NULL:
		break;
	}
	return emit_scalar(emitter, "null", 4, YAML_PLAIN_SCALAR_STYLE);
}

static bool emit_document(yaml_emitter_t *emitter, const json_t *tree)
{
	yaml_event_t event;

	return emit(emitter, &event,
	            yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING)) &&
	       emit(emitter, &event,
	            yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1)) &&
	       emit_value(emitter, tree) &&
	       emit(emitter, &event, yaml_document_end_event_initialize(&event, 1)) &&
	       emit(emitter, &event, yaml_stream_end_event_initialize(&event));
}

bool document_write_yaml(const json_t *tree, struct buf *ret, struct err *err)
{
	yaml_emitter_t emitter;
	bool is_fine;

	if (!tree_is_shallow(tree, DOCUMENT_DEPTH_MAX))
		return err_set(err, ERR_LIMIT,
		               "expected at most %d lists and objects inside each other",
		               DOCUMENT_DEPTH_MAX);
	if (!yaml_emitter_initialize(&emitter))
		abort();
	yaml_emitter_set_output(&emitter, on_bytes, ret);
	yaml_emitter_set_unicode(&emitter, 1);
	yaml_emitter_set_width(&emitter, -1);
	is_fine = emit_document(&emitter, tree);
	yaml_emitter_delete(&emitter);
	if (is_fine)
		return true;
	return err_set(err, ERR_LIMIT, "expected at most %zu bytes of YAML", ret->max);
}
