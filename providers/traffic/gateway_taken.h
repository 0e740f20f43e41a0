/*
 * A user's own route that is taken over: what is ours in its annotations, and its spec as it was,
 * kept as Flagger keeps it, to give the object back.
 */
#ifndef PROVIDERS_TRAFFIC_GATEWAY_TAKEN_H
#define PROVIDERS_TRAFFIC_GATEWAY_TAKEN_H

#include "providers/canary_world.h"

#include <jansson.h>

#define GATEWAY_TAKEN_ORIGINAL "flagger.kubernetes.io/original-configuration"
/* The values that annotations of the user's had before ours, as a JSON object; null: none. */
#define GATEWAY_TAKEN_BEFORE "serin.dev/annotations-before"
#define GATEWAY_TAKEN_RULES  "serin.dev/added-rules" /* a JSON list of matches */

/* LIVE says that it was taken over. */
bool gateway_taken_is(const json_t *live);

/* The annotations of LIVE when it is taken over, a new object, with RULES as the note of added
 * rules. Its spec and what is ours are noted once. */
json_t *gateway_taken_annotations(const json_t *live, const json_t *rules);

/* The note of added rules, and the spec as it was, new references; NULL: none. */
json_t *gateway_taken_rules(const json_t *live);
json_t *gateway_taken_original(const json_t *live);

/* Append to PATCH the steps that take what is ours out of LIVE's annotations. */
void gateway_taken_restore(json_t *patch, const json_t *live);

#endif
