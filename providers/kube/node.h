/*
 * Fields of a resource of the cluster, beside what providers/wire/field.h reads of any JSON: absent
 * is always fine here and leaves *ret alone, so that a default can be put there before; texts are
 * borrowed from the JSON value.
 */
#ifndef PROVIDERS_KUBE_NODE_H
#define PROVIDERS_KUBE_NODE_H

#include "providers/wire/field.h"

/* A whole number from MIN to MAX; 10.0 is one, 12.5 and 1e308 are refused (D-40). */
bool kube_node_whole(const struct field *node, int min, int max, int *ret, struct err *err);

/* A text of at most MAX bytes (ERR_LIMIT beyond), without control characters but tabs and line
 * ends. */
bool kube_node_text(const struct field *node, size_t max, const char **ret, struct err *err);

/* An object. */
bool kube_node_object(const struct field *node, struct err *err);

/* A list of at most MAX elements (ERR_LIMIT beyond); *ret is its length, 0 when absent. */
bool kube_node_list(const struct field *node, size_t max, size_t *ret, struct err *err);

/* An object whose values are all texts. */
bool kube_node_text_map(const struct field *node, struct err *err);

/* A list of at most MAX texts. */
bool kube_node_text_list(const struct field *node, size_t max, struct err *err);

/* The name of an object: a DNS subdomain ("a.b-c") of at most MAX bytes (ERR_LIMIT beyond). */
bool kube_node_name(const struct field *node, size_t max, const char **ret, struct err *err);

/* The same without dots, as Services and namespaces want it. */
bool kube_node_label(const struct field *node, size_t max, const char **ret, struct err *err);

#endif
