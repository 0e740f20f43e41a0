/* Session affinity in a VirtualService: rules that match a Cookie header, and destinations that set
 * cookies. (What both say is session.h's.) */
#ifndef PROVIDERS_TRAFFIC_ISTIO_SESSION_H
#define PROVIDERS_TRAFFIC_ISTIO_SESSION_H

#include "providers/traffic/session.h"

/* The conditions of RULE, a new list as analysis.match is one. */
json_t *istio_session_match(const struct session_rule *rule);

/* The cookies of ours that RULE, of a VirtualService, asks for, in RET; how many. 0 when it takes a
 * request without one. */
size_t istio_session_cookies(const json_t *rule, struct cookie ret[2]);

/* What ENTRY of a route sets as a cookie; "" for nothing. */
const char *istio_session_set_cookie(const json_t *entry);

/* ENTRY of a route sets COOKIE. */
void istio_session_put(const struct canary_world *world, json_t *entry, const struct cookie *cookie,
                       enum session_kind kind);

/* ENTRY sets none of our cookies any more; what else it does to headers stays. */
void istio_session_strip(json_t *entry);

/* ROUTE, of primary and canary in this order and with WEIGHT for the latter, hands out COOKIES. */
void istio_session_hand_out(const struct canary_world *world, json_t *route,
                            const struct cookies *cookies, int weight);

/* ROUTE, of primary and canary in this order, does what RULE says. */
void istio_session_apply(const struct canary_world *world, json_t *route,
                         const struct session_rule *rule);

#endif
