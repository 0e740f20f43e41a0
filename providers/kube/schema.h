/*
 * Objects against the schemas of manifests/crd-*.yaml, which are compiled in: what the API server
 * would refuse, and what it would drop without a word. Each finding has its path.
 */
#ifndef PROVIDERS_KUBE_SCHEMA_H
#define PROVIDERS_KUBE_SCHEMA_H

#include "analysis/base/err.h"

#include <jansson.h>

#define KUBE_SCHEMA_DEPTH_MAX 64 /* what is deeper is not looked at */

/* The schema (openAPIV3Schema) of "Canary", "MetricTemplate" or "AlertProvider"; NULL for others.
 * Owned by the caller. */
json_t *kube_schema_new(const char *kind);

/* Takes one finding; FOUND->text is "PATH: what was expected, what came". */
typedef void kube_schema_tell(void *user, const struct err *found, bool is_unknown);

/*
 * Tell what of OBJECT the schema does not allow: wrong types, values that are not among those
 * listed, numbers and lengths out of bounds, missing fields, and fields it does not know
 * (is_unknown), with the nearest name it knows at that place. metadata is not looked at.
 */
void kube_schema_check(const json_t *schema, const json_t *object, kube_schema_tell *tell,
                       void *user);

#endif
