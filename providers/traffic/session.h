/*
 * Session affinity as proxies understand it: what stands in Set-Cookie, and the pattern that knows
 * a client by its Cookie header; the same for all providers.
 *
 * Above weight 0 a route has, in this order: a rule for whoever has the canary's cookie (all to the
 * canary), one for whoever has the primary's (all to the primary), and the weighted one, whose
 * destinations hand the cookies out. At weight 0 a rule for whoever still has the canary's cookie
 * takes it away; nobody is sent to the canary.
 */
#ifndef PROVIDERS_TRAFFIC_SESSION_H
#define PROVIDERS_TRAFFIC_SESSION_H

#include "analysis/base/arena.h"
#include "providers/canary_world.h"

#include <jansson.h>

#define SESSION_HEADER "Set-Cookie"

/* Which cookie a response sets. */
enum session_kind {
	SESSION_NONE,
	SESSION_CANARY,  /* for sessionAffinity.maxAge */
	SESSION_PRIMARY, /* for one interval: then the next step's has another value */
	SESSION_GONE,    /* taken away */
};

/* A rule that knows clients by their cookies. */
struct session_rule {
	const struct cookie *cookies[2]; /* any of them */
	size_t n_cookies;
	int share;                  /* of their requests for the canary: 0 or 100 */
	const struct cookie *taken; /* it takes this one away; NULL: none */
};

#define SESSION_RULES_MAX 2

/* The rules beside the weighted one, before it; returns how many. COOKIES outlive them. */
size_t session_rules(const struct cookies *cookies, int weight,
                     struct session_rule ret[SESSION_RULES_MAX]);

/* The text of Set-Cookie, owned by ARENA: the attributes are those of the Canary, whatever KIND is,
 * or a browser would not take the same cookie away. */
const char *session_text(const struct canary_world *world, const struct cookie *cookie,
                         enum session_kind kind, struct arena *arena);

/* The whole Cookie header of a client that has COOKIE, in RE2's syntax, owned by ARENA. */
const char *session_pattern(const struct cookie *cookie, struct arena *arena);

/* The conditions of RULE on the header named HEADER, a new list as analysis.match is one. */
json_t *session_match(const struct session_rule *rule, const char *header);

/* The cookie that PATTERN knows, when it is one of ours, or of a run of Flagger's that goes on here
 * (also in Flagger's form of a pattern). */
bool session_pattern_read(const char *pattern, struct cookie *ret);

/* TEXT of a Set-Cookie sets a cookie of ours. */
bool session_is_ours(const char *text);

/* TEXT takes a cookie away, whosever it is. */
bool session_is_gone(const char *text);

/* Reading -------------------------------------------------------------------------------------- */

/* What a route's rules say of clients, one after another. */
struct session_reading {
	struct cookies cookies;
	int weight;     /* the most that a rule without cookies gives the canary */
	bool has_stuck; /* some clients go to the canary by their cookie */
};

/* The cookie of ours that one of a rule's conditions asks for; false: none. */
typedef bool session_match_read(const json_t *match, struct cookie *ret);

/* The cookies of ours that MATCHES ask for, at most 2, in RET; how many. 0: one asks for something
 * else. */
size_t session_cookies(const json_t *matches, session_match_read *read, struct cookie ret[2]);

/* One rule: the cookies that it asks for (N 0: none of ours, or not of all clients), the canary's
 * SHARE of it, and whether it takes a cookie away. */
void session_read(struct session_reading *reading, const struct cookie *cookies, size_t n,
                  int share, bool is_gone);

/* What the canary gets of all: at least 1 while some clients stick to it. */
int session_weight(const struct session_reading *reading);

#endif
