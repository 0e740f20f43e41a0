#include "providers/wire/url.h"

#include <string.h>
#include <strings.h>

/* Where the parts of an address begin; each ends where the next begins. */
struct url_parts {
	const char *authority;
	const char *host; /* behind the user information */
	const char *path; /* "/…" or "" */
	const char *end;  /* of the path */
};

static bool find_parts(const char *text, struct url_parts *ret)
{
	const char *at;

	if (strncasecmp(text, "http://", 7) == 0)
		ret->authority = text + 7;
	else if (strncasecmp(text, "https://", 8) == 0)
		ret->authority = text + 8;
	else
		return false;
	ret->path = ret->authority + strcspn(ret->authority, "/?#");
	ret->end = ret->path + strcspn(ret->path, "?#");
	ret->host = ret->authority;
	for (at = ret->authority; at < ret->path; at++) {
		if (*at == '@')
			ret->host = at + 1;
	}
	return true;
}

/* "", ":9090" */
static bool is_port(const char *text, const char *end)
{
	unsigned port = 0;

	if (text == end)
		return true;
	if (*text++ != ':' || text == end || end - text > 5)
		return false;
	for (; text < end; text++) {
		if (*text < '0' || *text > '9')
			return false;
		port = port * 10 + (unsigned)(*text - '0');
	}
	return port >= 1 && port <= 65535;
}

/* "prometheus", "10.0.0.1:9090", "[::1]:9090" */
static bool is_host(const char *text, const char *end)
{
	size_t length;

	if (*text == '[') {
		length = strspn(text + 1, "0123456789abcdefABCDEF:.");
		return length > 0 && text[1 + length] == ']' && is_port(text + length + 2, end);
	}
	length = strspn(text, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-._");
	return length > 0 && is_port(text + length, end);
}

static bool check_parts(const char *text, struct url_parts *ret, struct err *err)
{
	struct arena arena = {0};

	if (strlen(text) > URL_TEXT_MAX)
		return err_set(err, ERR_LIMIT, "expected an address of at most %d bytes, got %zu",
		               URL_TEXT_MAX, strlen(text));
	for (const char *at = text; *at; at++) {
		if (*at > 0x20 && *at < 0x7f)
			continue;
		return err_set(
			err, ERR_INVALID,
			"expected an http or https address, got one with a blank, control or "
			"non-ASCII character at byte %zu",
			(size_t)(at - text));
	}
	if (find_parts(text, ret) && is_host(ret->host, ret->path))
		return true;
	(void)err_set(err, ERR_INVALID, "expected an http or https address, got \"%s\"",
	              url_shown(text, &arena));
	arena_fini(&arena);
	return false;
}

bool url_check(const char *text, struct err *err)
{
	struct url_parts parts = {0};

	return check_parts(text, &parts, err);
}

bool url_join(const char *base, const char *path, struct arena *arena, const char **ret,
              struct err *err)
{
	struct url_parts parts = {0};
	const char *end;

	if (!check_parts(base, &parts, err))
		return false;
	for (end = parts.end; end > parts.path && end[-1] == '/'; end--)
		;
	*ret = arena_format(arena, "%.*s/%s", (int)(end - base), base, path);
	return true;
}

bool url_escape(const char *text, size_t length, struct buf *ret)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < length; i++) {
		unsigned char byte = (unsigned char)text[i];
		char escaped[3] = {'%', digits[byte >> 4], digits[byte & 15]};
		bool is_plain = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
		                (byte >= 'A' && byte <= 'Z') || byte == '-' || byte == '_' ||
		                byte == '.' || byte == '~';
		bool fits = is_plain      ? buf_add(ret, &text[i], 1)
		            : byte == ' ' ? buf_add(ret, "+", 1)
		                          : buf_add(ret, escaped, 3);

		if (!fits)
			return false;
	}
	return true;
}

const char *url_shown(const char *address, struct arena *arena)
{
	struct url_parts parts = {0};
	const char *at = strrchr(address, '@');

	if (!find_parts(address, &parts))
		return arena_format(arena, "%.120s", at ? at + 1 : address);
	return arena_format(arena, "%.*s%.*s", (int)(parts.authority - address), address,
	                    (int)(parts.end - parts.host > 120 ? 120 : parts.end - parts.host),
	                    parts.host);
}
