/*
 * ConfigMaps and Secrets that a pod template refers to, and the copies of them that the primary's
 * pods use: what was analysed is what they get, whatever becomes of the original.
 *
 * What a Release says of one is an entry: {kind, name, optional, digest, copy,
 * flaggerHash}. Digest "" is an
 * optional one that was not there; its copy is never made, so that it stays away from the primary.
 * No data is in it.
 */
#ifndef PROVIDERS_KUBE_CONFIG_H
#define PROVIDERS_KUBE_CONFIG_H

#include "providers/canary_world.h"
#include "providers/kube/api.h"

#include <jansson.h>

#define KUBE_CONFIG_MAX      64 /* different ones in one template */
#define KUBE_CONFIG_TRACKING "flagger.app/config-tracking"

/* TEMPLATE, of pods, refers to some. */
bool kube_config_is_referred(const json_t *template);

/*
 * Those that TEMPLATE refers to, each once, sorted by kind and name: {kind, name, optional}, in a
 * new list. Optional only where every reference is. ERR_LIMIT: more than KUBE_CONFIG_MAX.
 */
bool kube_config_list(const json_t *template, json_t **ret_list, struct err *err);

/* The object that ENTRY, or a reference to it, speaks of; its copy, when IS_COPY. Borrows from it.
 */
struct kube_ref kube_config_ref(const struct canary_world *world, const json_t *entry,
                                bool is_copy);

/* OBJECT takes part: it has no annotation against it, and a Secret is of a type that people write.
 */
bool kube_config_is_tracked(const json_t *object);

/* Of what OBJECT holds: data, binaryData, and the type of a Secret. */
void kube_config_digest(const json_t *object, char ret[DIGEST_MAX]);

/* What the Release is to say of REFERENCE, whose object is OBJECT; NULL: there is none. */
json_t *kube_config_entry(const struct canary_world *world, const json_t *reference,
                          const json_t *object);

/* Note in ENTRY what OBJECT holds; NULL: there is none. */
void kube_config_describe(json_t *entry, const json_t *object);

/* Of ENTRIES: which there are and what they hold; "" for none. */
void kube_config_digest_all(const json_t *entries, char ret[DIGEST_MAX]);

/* Of ENTRY, or a reference: its key in status.trackedConfigs of Flagger's. */
void kube_config_tracked_key(const json_t *entry, char ret[NAME_MAX_K8S + 16]);

/* What status.trackedConfigs says of ENTRIES, as a new map; of those that are there. False, and
 * NULL: Flagger's hash of one is not known. */
bool kube_config_tracked(const json_t *entries, json_t **ret_map);

/* Of MAP, a status.trackedConfigs; "" of none, and of an empty one. */
void kube_config_tracked_digest(const json_t *map, char ret[DIGEST_MAX]);

/* The copy of SOURCE that ENTRY names, as a new object. */
json_t *kube_config_copy(const struct canary_world *world, const json_t *entry,
                         const json_t *source);

/* In SPEC, of pods, references to the originals of ENTRIES become references to the copies. */
void kube_config_rename(json_t *spec, const json_t *entries);

/* The copy that ENTRY names is one of Flagger's, "<name>-primary": whatever it holds, the primary
 * had it. */
bool kube_config_is_found(const json_t *entry);

/* TEMPLATE refers to NAME of that kind. */
bool kube_config_is_used(const json_t *template, const char *kind, const char *name);

#endif
