/* Which requests a rule of a VirtualService takes: lists of conditions, any of which suffices. */
#ifndef PROVIDERS_TRAFFIC_ISTIO_MATCH_H
#define PROVIDERS_TRAFFIC_ISTIO_MATCH_H

#include <jansson.h>

/*
 * The requests that both ANALYSIS (analysis.match) and SERVICE (a rule's own match) take, a new
 * list: each entry of one with each of the other. What both name, the analysis says; nothing that
 * the rule asks for is dropped, so a request that the rule would not take is never taken. An empty
 * SERVICE takes all.
 */
json_t *istio_match_merge(const json_t *analysis, const json_t *service);

#endif
