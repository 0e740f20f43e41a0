#include "providers/kube/node.h"

#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define DEPTH_MAX     16 /* of a path in an error; what is above is left out */
#define SHOWN_MAX     40 /* bytes of a foreign text in an error */
#define PATH_TEXT_MAX 192

struct kube_node kube_node_root(const json_t *object)
{
	return (struct kube_node){.json = json_is_null(object) ? NULL : object};
}

struct kube_node kube_node_field(const struct kube_node *parent, const char *key)
{
	const json_t *value = json_object_get(parent->json, key);

	return (struct kube_node){
		.json = json_is_null(value) ? NULL : value,
		.parent = parent,
		.key = key,
	};
}

struct kube_node kube_node_element(const struct kube_node *parent, size_t index)
{
	const json_t *value = json_array_get(parent->json, index);

	return (struct kube_node){
		.json = json_is_null(value) ? NULL : value,
		.parent = parent,
		.index = index,
	};
}

/* TEXT into ret as plain ASCII, cut at SHOWN_MAX bytes. */
static void show(const char *text, char ret[static SHOWN_MAX + 4])
{
	size_t length = 0;

	for (; text[length] && length < SHOWN_MAX; length++) {
		unsigned char byte = (unsigned char)text[length];

		ret[length] = byte < 0x20 || byte >= 0x7f ? '?' : text[length];
	}
	snprintf(ret + length, 4, "%s", text[length] ? "..." : "");
}

static void path_format(const struct kube_node *node, char *ret, size_t size)
{
	const struct kube_node *chain[DEPTH_MAX];
	size_t n_chain = 0;
	size_t used = 0;

	ret[0] = '\0';
	for (; node->parent && n_chain < DEPTH_MAX; node = node->parent)
		chain[n_chain++] = node;
	while (n_chain > 0 && used < size) {
		char key[SHOWN_MAX + 4];
		int length;

		node = chain[--n_chain];
		if (node->key) {
			show(node->key, key);
			length = snprintf(ret + used, size - used, "%s%s", used ? "." : "", key);
		} else {
			length = snprintf(ret + used, size - used, "[%zu]", node->index);
		}
		used += (size_t)length;
	}
}

bool kube_node_refuse(const struct kube_node *node, struct err *err, enum err_kind kind,
                      const char *format, ...)
{
	char path[PATH_TEXT_MAX];
	char text[ERR_TEXT_MAX - PATH_TEXT_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	path_format(node, path, sizeof(path));
	if (!*path)
		return err_set(err, kind, "%s", text);
	return err_set(err, kind, "%s: %s", path, text);
}

bool kube_node_expect(const struct kube_node *node, struct err *err, const char *expected)
{
	char shown[SHOWN_MAX + 4];
	char got[SHOWN_MAX + 8];

	if (!node->json) {
		snprintf(got, sizeof(got), "nothing");
	} else if (json_is_string(node->json)) {
		show(json_string_value(node->json), shown);
		snprintf(got, sizeof(got), "\"%s\"", shown);
	} else if (json_is_integer(node->json)) {
		snprintf(got, sizeof(got), "%lld", (long long)json_integer_value(node->json));
	} else if (json_is_real(node->json)) {
		snprintf(got, sizeof(got), "%.15g", json_real_value(node->json));
	} else if (json_is_boolean(node->json)) {
		snprintf(got, sizeof(got), "%s", json_is_true(node->json) ? "true" : "false");
	} else {
		snprintf(got, sizeof(got), "%s",
		         json_is_object(node->json) ? "an object" : "a list");
	}
	return kube_node_refuse(node, err, ERR_INVALID, "expected %s, got %s", expected, got);
}

bool kube_node_whole(const struct kube_node *node, int min, int max, int *ret, struct err *err)
{
	double number = json_number_value(node->json);
	char expected[64];

	if (!node->json)
		return true;
	snprintf(expected, sizeof(expected), "a whole number from %d to %d", min, max);
	if (!json_is_number(node->json) || !(number >= min && number <= max) ||
	    islessgreater(number, trunc(number)))
		return kube_node_expect(node, err, expected);
	*ret = (int)number;
	return true;
}

bool kube_node_number(const struct kube_node *node, double *ret, struct err *err)
{
	if (!node->json)
		return true;
	if (!json_is_number(node->json))
		return kube_node_expect(node, err, "a number");
	*ret = json_number_value(node->json);
	return true;
}

bool kube_node_flag(const struct kube_node *node, bool *ret, struct err *err)
{
	if (!node->json)
		return true;
	if (!json_is_boolean(node->json))
		return kube_node_expect(node, err, "true or false");
	*ret = json_is_true(node->json);
	return true;
}

static bool is_plain(const char *text)
{
	for (; *text; text++) {
		unsigned char byte = (unsigned char)*text;

		if ((byte < 0x20 && !strchr("\t\r\n", *text)) || byte == 0x7f)
			return false;
	}
	return true;
}

bool kube_node_text(const struct kube_node *node, size_t max, const char **ret, struct err *err)
{
	const char *text = json_string_value(node->json);
	size_t length = json_string_length(node->json);

	if (!node->json)
		return true;
	if (!text)
		return kube_node_expect(node, err, "a text");
	if (length > max)
		return kube_node_refuse(node, err, ERR_LIMIT,
		                        "expected at most %zu characters, got %zu", max, length);
	if (strlen(text) != length || !is_plain(text))
		return kube_node_expect(node, err, "a text without control characters");
	*ret = text;
	return true;
}

bool kube_node_object(const struct kube_node *node, struct err *err)
{
	if (node->json && !json_is_object(node->json))
		return kube_node_expect(node, err, "an object");
	return true;
}

bool kube_node_list(const struct kube_node *node, size_t max, size_t *ret, struct err *err)
{
	size_t length = json_array_size(node->json);

	if (node->json && !json_is_array(node->json))
		return kube_node_expect(node, err, "a list");
	if (length > max)
		return kube_node_refuse(node, err, ERR_LIMIT,
		                        "expected at most %zu entries, got %zu", max, length);
	*ret = length;
	return true;
}

bool kube_node_text_map(const struct kube_node *node, struct err *err)
{
	const char *key;
	json_t *value;

	if (!kube_node_object(node, err))
		return false;
	/* jansson's iteration macro wants a mutable object; nothing is changed */
	json_object_foreach((json_t *)(uintptr_t)node->json, key, value)
	{
		struct kube_node field = kube_node_field(node, key);

		if (!json_is_string(value))
			return kube_node_expect(&field, err, "a text");
	}
	return true;
}

bool kube_node_text_list(const struct kube_node *node, size_t max, struct err *err)
{
	size_t n_texts;

	if (!kube_node_list(node, max, &n_texts, err))
		return false;
	for (size_t i = 0; i < n_texts; i++) {
		struct kube_node text = kube_node_element(node, i);

		if (!json_is_string(text.json))
			return kube_node_expect(&text, err, "a text");
	}
	return true;
}

static bool is_alphanumeric(char letter)
{
	return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9');
}

/* Labels of lower case letters, digits and inner dashes, joined by single dots when DOTS allows
 * them. */
static bool is_name(const char *text, bool dots)
{
	bool inner = false; /* the last character was a letter or digit */

	for (size_t i = 0; text[i]; i++) {
		bool is_end = text[i + 1] == '\0' || text[i + 1] == '.';

		if (text[i] == '.') {
			if (!dots || !inner)
				return false;
			inner = false;
		} else if (is_alphanumeric(text[i])) {
			inner = true;
		} else if (text[i] != '-' || i == 0 || text[i - 1] == '.' || is_end) {
			return false;
		}
	}
	return inner;
}

static bool name_read(const struct kube_node *node, size_t max, bool dots, const char **ret,
                      struct err *err)
{
	const char *text = NULL;

	if (!kube_node_text(node, max, &text, err))
		return false;
	if (!text)
		return true;
	if (!is_name(text, dots))
		return kube_node_expect(node, err,
		                        dots ? "a name (lower case letters, digits, - and .)"
		                             : "a name (lower case letters, digits and -)");
	*ret = text;
	return true;
}

bool kube_node_name(const struct kube_node *node, size_t max, const char **ret, struct err *err)
{
	return name_read(node, max, true, ret, err);
}

bool kube_node_label(const struct kube_node *node, size_t max, const char **ret, struct err *err)
{
	return name_read(node, max, false, ret, err);
}
