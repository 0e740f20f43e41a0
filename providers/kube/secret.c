#include "providers/kube/secret.h"

#include "providers/kube/node.h"

#include <stdint.h>
#include <string.h>

#define NAME_LENGTH_MAX 253

/* The value of a base64 digit, -1 for anything else. */
static int digit_value(char digit)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = digit ? strchr(digits, digit) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* TEXT of LENGTH base64 digits as bytes with a NUL after them; NULL when it is none. */
static char *base64_decode(const char *text, size_t length, struct arena *arena, size_t *ret_length)
{
	char *bytes = arena_alloc(arena, length / 4 * 3 + 1);
	size_t n_digits = length;
	size_t used = 0;
	uint32_t bits = 0;

	while (n_digits > 0 && length - n_digits < 2 && text[n_digits - 1] == '=')
		n_digits--;
	if (length % 4 != 0)
		return NULL;
	for (size_t i = 0; i < n_digits; i++) {
		int value = digit_value(text[i]);

		if (value < 0)
			return NULL;
		bits = bits << 6 | (uint32_t)value;
		if (i % 4 > 0)
			bytes[used++] = (char)(bits >> (6 - 2 * (i % 4)) & 0xff);
	}
	*ret_length = used;
	return bytes;
}

bool kube_secret_read(const json_t *secret, const char *key, struct arena *arena, const char **ret,
                      struct err *err)
{
	const json_t *value = json_object_get(json_object_get(secret, "data"), key);
	size_t length = json_string_length(value);
	size_t n_bytes = 0;
	char *bytes;

	if (!value || json_is_null(value))
		return true;
	if (!json_is_string(value))
		return err_set(err, ERR_INVALID, "data.%s: expected a text in base64", key);
	if (length / 4 * 3 > KUBE_SECRET_TEXT_MAX)
		return err_set(err, ERR_LIMIT, "data.%s: expected at most %d bytes, got %zu", key,
		               KUBE_SECRET_TEXT_MAX, length / 4 * 3);
	bytes = base64_decode(json_string_value(value), length, arena, &n_bytes);
	if (!bytes)
		return err_set(err, ERR_INVALID, "data.%s: expected a text in base64", key);
	for (size_t i = 0; i < n_bytes; i++) {
		if ((unsigned char)bytes[i] < 0x20 || bytes[i] == 0x7f)
			return err_set(err, ERR_INVALID,
			               "data.%s: expected one line, got a control character or a "
			               "line end (made with echo?)",
			               key);
	}
	if (n_bytes > 0)
		*ret = bytes;
	return true;
}

bool kube_secret_ref_read(const struct field *owner, struct arena *arena, const char **ret,
                          struct err *err)
{
	struct field ref = field_member(owner, "secretRef");
	struct field name = field_member(&ref, "name");
	const char *text = NULL;

	if (!kube_node_object(&ref, err) || !kube_node_name(&name, NAME_LENGTH_MAX, &text, err))
		return false;
	if (ref.json && !text)
		return field_expect(&name, "the Secret's name", err);
	*ret = arena_text(arena, text);
	return true;
}
