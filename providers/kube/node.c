#include "providers/kube/node.h"

#include "analysis/base/text.h"

#include <stdint.h>
#include <string.h>

bool kube_node_whole(const struct field *node, int min, int max, int *ret, struct err *err)
{
	char expected[64];
	int64_t number;

	if (field_is_absent(node))
		return true;
	text_format(expected, sizeof(expected), "a whole number from %d to %d", min, max);
	if (!field_whole(node, min, max, &number, NULL))
		return field_expect(node, expected, err);
	*ret = (int)number;
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

bool kube_node_text(const struct field *node, size_t max, const char **ret, struct err *err)
{
	const char *text = json_string_value(node->json);
	size_t length = json_string_length(node->json);

	if (!node->json)
		return true;
	if (!text)
		return field_expect(node, "a text", err);
	if (length > max)
		return field_refuse(node, err, ERR_LIMIT,
		                    "expected at most %zu characters, got %zu", max, length);
	if (strlen(text) != length || !is_plain(text))
		return field_expect(node, "a text without control characters", err);
	*ret = text;
	return true;
}

bool kube_node_object(const struct field *node, struct err *err)
{
	return field_is_absent(node) || field_object(node, err);
}

bool kube_node_list(const struct field *node, size_t max, size_t *ret, struct err *err)
{
	if (!field_is_absent(node))
		return field_list(node, max, ret, err);
	*ret = 0;
	return true;
}

bool kube_node_text_map(const struct field *node, struct err *err)
{
	const char *key;
	json_t *value;

	if (!kube_node_object(node, err))
		return false;
	/* jansson's iteration macro wants a mutable object; nothing is changed */
	json_object_foreach((json_t *)(uintptr_t)node->json, key, value)
	{
		struct field field = field_member(node, key);

		if (!json_is_string(value))
			return field_expect(&field, "a text", err);
	}
	return true;
}

bool kube_node_text_list(const struct field *node, size_t max, struct err *err)
{
	size_t n_texts;

	if (!kube_node_list(node, max, &n_texts, err))
		return false;
	for (size_t i = 0; i < n_texts; i++) {
		struct field text = field_element(node, i);

		if (!json_is_string(text.json))
			return field_expect(&text, "a text", err);
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

static bool name_read(const struct field *node, size_t max, bool dots, const char **ret,
                      struct err *err)
{
	const char *text = NULL;

	if (!kube_node_text(node, max, &text, err))
		return false;
	if (!text)
		return true;
	if (!is_name(text, dots))
		return field_expect(node,
		                    dots ? "a name (lower case letters, digits, - and .)"
		                         : "a name (lower case letters, digits and -)",
		                    err);
	*ret = text;
	return true;
}

bool kube_node_name(const struct field *node, size_t max, const char **ret, struct err *err)
{
	return name_read(node, max, true, ret, err);
}

bool kube_node_label(const struct field *node, size_t max, const char **ret, struct err *err)
{
	return name_read(node, max, false, ret, err);
}
