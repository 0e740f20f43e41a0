/*
 * Reading and building JSON of the cluster, where what is absent or of another type is an ordinary
 * answer. (Where it must be refused with its path: node.h.) Out of memory aborts.
 */
#ifndef PROVIDERS_KUBE_TREE_H
#define PROVIDERS_KUBE_TREE_H

#include <jansson.h>
#include <stdbool.h>

/* What stands at PATH ("spec/template/metadata"; no key with a slash), borrowed; NULL: nothing, or
 * null. ROOT may be NULL. */
json_t *kube_tree_find(const json_t *root, const char *path);

/* The text at PATH, borrowed; "" when there is none. */
const char *kube_tree_text(const json_t *root, const char *path);

/* The condition TYPE of an object's status whose status is STATUS ("False"; NULL: any), borrowed;
 * NULL when there is none. */
const json_t *kube_tree_condition(const json_t *object, const char *type, const char *status);

/* The text of KEY (with any bytes) in MAP, borrowed; "" when there is none. MAP may be NULL. */
const char *kube_tree_value(const json_t *map, const char *key);

/* The number at PATH; FALLBACK when there is none or it does not fit. */
int kube_tree_whole(const json_t *root, const char *path, int fallback);

/* Whether KEY of OBJECT is a number, and which; 0 when it is none. */
void kube_tree_number(const json_t *object, const char *key, bool *ret_has, double *ret);

/* Put VALUE, which is taken, under KEY. */
void kube_tree_set(json_t *object, const char *key, json_t *value);

/* Put a text; bytes that are no UTF-8 become '?'. */
void kube_tree_set_text(json_t *object, const char *key, const char *text);

/* The same, but nothing for no text: NULL or "". */
void kube_tree_set_some(json_t *object, const char *key, const char *text);

void kube_tree_set_whole(json_t *object, const char *key, json_int_t value);

/* A new, empty object or list. */
json_t *kube_tree_object(void);
json_t *kube_tree_list(void);

/* Append VALUE, which is taken. */
void kube_tree_append(json_t *list, json_t *value);

/* A deep copy; an empty object for NULL. */
json_t *kube_tree_copy(const json_t *object);

/* AFTER is BEFORE, but for fields of objects that only AFTER has: what a server filled in. */
bool kube_tree_is_grown(const json_t *before, const json_t *after);

/* TEXT begins with PREFIX. */
bool kube_tree_is_prefix(const char *prefix, const char *text);

/*
 * Steps of a JSON patch, appended to the list PATCH; VALUE is taken. PATH is a JSON pointer as it
 * is to stand there.
 */
void kube_tree_patch(json_t *patch, const char *op, const char *path, json_t *value);
/* In PATH the JSON pointer of member KEY, whatever it has in it, behind PREFIX. A key of metadata
 * has at most 317 bytes. */
#define KUBE_TREE_POINTER_MAX 768
void kube_tree_pointer(char path[KUBE_TREE_POINTER_MAX], const char *prefix, const char *key);
void kube_tree_patch_text(json_t *patch, const char *op, const char *path, const char *value);

#endif
