/* What a ScaledObject asks, made to ask of the primary. */
#ifndef PROVIDERS_KUBE_SCALER_QUERY_H
#define PROVIDERS_KUBE_SCALER_QUERY_H

#include <jansson.h>

/*
 * In each of TRIGGERS, which is changed, metadata.query becomes the one that QUERIES (NULL: none)
 * has for the trigger's name; else in it TARGET and its "-canary" become its "-primary", which
 * stays as it is. A trigger without name, metadata or query is left alone.
 */
void kube_scaler_query_rename(json_t *triggers, const json_t *queries, const char *target);

#endif
