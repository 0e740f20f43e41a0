/* Session affinity in a route of the Gateway API: rules that match a Cookie header, and backends
 * that set cookies. (What both say is session.h's.) */
#ifndef PROVIDERS_TRAFFIC_GATEWAY_SESSION_H
#define PROVIDERS_TRAFFIC_GATEWAY_SESSION_H

#include "providers/traffic/session.h"

/* The conditions of RULE, a new list as analysis.match is one. */
json_t *gateway_session_match(const struct session_rule *rule);

/* The cookies of ours that RULE, of a route, asks for, in RET; how many. 0 when it takes a request
 * without one. */
size_t gateway_session_cookies(const json_t *rule, struct cookie ret[2]);

/* RULE, of a route, takes a cookie of ours away from whoever has it. */
bool gateway_session_is_taking(const json_t *rule);

/* REF, a backend, sets COOKIE: beside what it does to headers already, since it may have no second
 * modifier. */
void gateway_session_put(const struct canary_world *world, json_t *ref, const struct cookie *cookie,
                         enum session_kind kind);

/* REF sets one of our cookies; a cookie of somebody else. */
bool gateway_session_is_put(const json_t *ref);
bool gateway_session_is_foreign(const json_t *ref);

/* The backends of RULE set none of our cookies any more. */
void gateway_session_strip(json_t *rule);

/* … and those of RULE that set one, where WANTED's do not. */
void gateway_session_strip_beyond(json_t *rule, const json_t *wanted);

/* RULE, fitted, hands out COOKIES beside WEIGHT. */
void gateway_session_hand_out(const struct canary_world *world, json_t *rule,
                              const struct cookies *cookies, int weight);

/* RULE, fitted, does what SESSION says. */
void gateway_session_apply(const struct canary_world *world, json_t *rule,
                           const struct session_rule *session);

#endif
