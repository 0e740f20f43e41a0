/*
 * Which requests a rule of an HTTPRoute or GRPCRoute takes, from what a Canary asks for: lists of
 * conditions, any of which suffices. gateway_check.c refuses before what cannot be said here.
 */
#ifndef PROVIDERS_TRAFFIC_GATEWAY_MATCH_H
#define PROVIDERS_TRAFFIC_GATEWAY_MATCH_H

#include <jansson.h>
#include <stdbool.h>

#define GATEWAY_MATCHES_MAX 64 /* of a rule, as the API has it */

/*
 * The matches of SERVICE (service.match), a new list. Entries that ask for nothing that a route
 * knows are left out; of an HTTPRoute at least one stays, the path "/".
 */
json_t *gateway_match_new(const json_t *service, bool is_grpc);

/*
 * The requests that both ANALYSIS (analysis.match) and MATCHES (of a rule) take, a new list: each
 * entry of one with each of the other. A header that both name is what the analysis says; nothing
 * else that the rule asks for is dropped. MATCHES empty or NULL: all requests.
 */
json_t *gateway_match_merge(const json_t *analysis, const json_t *matches, bool is_grpc);

/*
 * A gRPC path, "/shop.v1.Cart/Add" or "/shop.v1.Cart/", taken apart: the service's name, not
 * terminated, and the method, "" for any. False: it is none.
 */
bool gateway_match_split(const char *path, const char **ret_service, size_t *ret_length,
                         const char **ret_method);

#endif
