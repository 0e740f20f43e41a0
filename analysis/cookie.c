#include "analysis/cookie.h"

#include "analysis/base/text.h"

#include <string.h>

bool cookie_is_set(const struct cookie *cookie)
{
	return cookie->name[0] != '\0';
}

bool cookie_is_same(const struct cookie *a, const struct cookie *b)
{
	return strcmp(a->name, b->name) == 0 && strcmp(a->value, b->value) == 0;
}

bool cookie_are_same(const struct cookies *a, const struct cookies *b)
{
	return cookie_is_same(&a->canary, &b->canary) && cookie_is_same(&a->earlier, &b->earlier) &&
	       cookie_is_same(&a->primary, &b->primary);
}

struct cookie cookie_of(const char *name, const char *draw)
{
	struct cookie cookie;

	text_copy(cookie.name, name);
	text_format(cookie.value, sizeof(cookie.value), COOKIE_PREFIX "%s", draw);
	return cookie;
}

bool cookie_is_ours(const char *value)
{
	size_t length = strlen(COOKIE_PREFIX);
	size_t n_digits;

	if (strncmp(value, COOKIE_PREFIX, length) != 0)
		return false;
	n_digits = strspn(value + length, "0123456789abcdef");
	return n_digits == COOKIE_DRAW_SIZE - 1 && value[length + n_digits] == '\0';
}

bool cookie_is_drawn(const struct cookies *cookies, const char *draw)
{
	struct cookie drawn = cookie_of("", draw);

	return strcmp(cookies->canary.value, drawn.value) == 0 ||
	       strcmp(cookies->primary.value, drawn.value) == 0;
}
