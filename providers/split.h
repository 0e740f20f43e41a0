/*
 * How an object that somebody else keeps divides requests: a VirtualService, an HTTPRoute, a
 * GRPCRoute, a TrafficSplit, or an Ingress that ingress-nginx takes for a canary. For the record,
 * not for deciding: what is written stands there as it is, beside the shares that it means.
 */
#ifndef PROVIDERS_SPLIT_H
#define PROVIDERS_SPLIT_H

#include "providers/canary_world.h"
#include "providers/kube/api.h"

#include <jansson.h>

#define SPLIT_ANNOTATION   "serin.dev/observe" /* "true" on the object, or on its namespace */
#define SPLIT_RULES_MAX    64                  /* rules of one object; what follows is left out */
#define SPLIT_BACKENDS_MAX 32                  /* of one rule; the same */
#define SPLIT_AUTHOR_MAX   128                 /* a field manager's name; 128 is the API's limit */

/* The kinds that can be read, in the order of the table; KUBE_NONE after the last. */
enum kube_kind split_kind(size_t index);

/* OBJECT carries the annotation; "false" says that its namespace's is not meant for it. */
bool split_is_asked(const json_t *object);
bool split_is_declined(const json_t *object);

/*
 * What OBJECT says, a new object: {"rules": [{"name", "match", "backends": [{"name", "weight",
 * "share"}]}], "left_out"}. A rule's name is its own, or the host and path of an Ingress, or what
 * it is for ("tcp"); "match" is as written, and absent when all requests are meant. A backend's
 * name is as written, a subset behind a slash; "" are those that no canary Ingress takes. "weight"
 * is as written, "" where nothing is written. Shares are of the rule's requests, from 0 to 1.
 * "left_out" counts what was over the limits. NULL: it divides nothing.
 */
json_t *split_read(enum kube_kind kind, const json_t *object,
                   const struct provider_options *options);

/* Who wrote what split_read reads last, and when, by managedFields; "" and not set: they do not
 * say. */
struct split_author {
	char name[SPLIT_AUTHOR_MAX + 1];
	struct instant at;
};
struct split_author split_author(enum kube_kind kind, const json_t *object,
                                 const struct provider_options *options);

/* The split in one line, for people: "reviews/v1 90 %, reviews/v2 10 %; …"; cut to SIZE. */
void split_tell(const json_t *split, char *ret, size_t size);

#endif
