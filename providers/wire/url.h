/* Addresses of HTTP servers: checking, joining with a path, escaping. */
#ifndef PROVIDERS_WIRE_URL_H
#define PROVIDERS_WIRE_URL_H

#include "analysis/base/arena.h"
#include "analysis/base/buf.h"
#include "analysis/base/err.h"

#include <stdbool.h>
#include <stddef.h>

#define URL_TEXT_MAX 2048 /* bytes of an address */

/*
 * Whether TEXT is an absolute http or https address: "http://HOST[:PORT][/PATH][?QUERY]", with
 * optional "USER:PASSWORD@" before the host and no blanks or control characters. Errors never show
 * the password.
 */
bool url_check(const char *text, struct err *err);

/*
 * BASE with PATH (without a leading "/") below its own path: "https://u:p@thanos/prom/?x=1" and
 * "api/v1/query" give "https://u:p@thanos/prom/api/v1/query". User information is kept, query and
 * fragment of the base are dropped. *ret is owned by the arena.
 */
bool url_join(const char *base, const char *path, struct arena *arena, const char **ret,
              struct err *err);

/* TEXT as a value in a form or a query string: blanks become "+", all but A-Z a-z 0-9 - _ . ~
 * "%XX". False when the buffer's maximum would be passed; part of it may then have been added. */
bool url_escape(const char *text, size_t length, struct buf *ret) MUST_USE;

/* ADDRESS as it may be shown to people: without user information and query, cut. Owned by the
 * arena. */
const char *url_shown(const char *address, struct arena *arena);

#endif
