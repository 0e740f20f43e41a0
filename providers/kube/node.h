/*
 * One place in a resource: a JSON value and the path to it, for readers whose every refusal names
 * the field.
 *
 * A node lives on the stack and points at its parent; the path is only written when something is
 * refused. null counts as absent. The reading functions leave *ret alone when the node is absent,
 * so that a default can be put there before. Texts are borrowed from the JSON value. What a
 * stranger wrote appears in errors cut and as plain ASCII.
 */
#ifndef PROVIDERS_KUBE_NODE_H
#define PROVIDERS_KUBE_NODE_H

#include "analysis/base/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct kube_node {
	const json_t *json; /* NULL: absent */
	const struct kube_node *parent;
	const char *key; /* NULL: the element `index` of a list, or the root */
	size_t index;
};

/* The root; its path is empty. */
struct kube_node kube_node_root(const json_t *object);

/* The field KEY of PARENT, absent when PARENT is no object. KEY and PARENT must outlive the node.
 */
struct kube_node kube_node_field(const struct kube_node *parent, const char *key);

/* The element INDEX of PARENT, absent when there is none. */
struct kube_node kube_node_element(const struct kube_node *parent, size_t index);

/* Set "PATH: TEXT". Returns false. */
bool kube_node_refuse(const struct kube_node *node, struct err *err, enum err_kind kind,
                      const char *format, ...) PRINTF_LIKE(4, 5);

/* Set "PATH: expected EXPECTED, got …" with what is there. Returns false. */
bool kube_node_expect(const struct kube_node *node, struct err *err, const char *expected);

/* A whole number from MIN to MAX; 10.0 is one, 12.5 and 1e308 are refused (D-40). */
bool kube_node_whole(const struct kube_node *node, int min, int max, int *ret, struct err *err);

/* Any number. */
bool kube_node_number(const struct kube_node *node, double *ret, struct err *err);

bool kube_node_flag(const struct kube_node *node, bool *ret, struct err *err);

/* A text of at most MAX bytes (ERR_LIMIT beyond), without control characters but blanks and line
 * ends. */
bool kube_node_text(const struct kube_node *node, size_t max, const char **ret, struct err *err);

/* Absent or an object. */
bool kube_node_object(const struct kube_node *node, struct err *err);

/* Absent or a list of at most MAX elements (ERR_LIMIT beyond); *ret is its length, 0 when absent.
 */
bool kube_node_list(const struct kube_node *node, size_t max, size_t *ret, struct err *err);

/* Absent or an object whose values are all texts. */
bool kube_node_text_map(const struct kube_node *node, struct err *err);

/* Absent or a list of texts. */
bool kube_node_text_list(const struct kube_node *node, size_t max, struct err *err);

/* The name of an object: a DNS subdomain ("a.b-c") of at most MAX bytes (ERR_LIMIT beyond). */
bool kube_node_name(const struct kube_node *node, size_t max, const char **ret, struct err *err);

/* The same without dots, as Services and namespaces want it. */
bool kube_node_label(const struct kube_node *node, size_t max, const char **ret, struct err *err);

#endif
