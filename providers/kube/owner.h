/* Whose an object is: owner references of Canaries, and the marks that we put on what we make. */
#ifndef PROVIDERS_KUBE_OWNER_H
#define PROVIDERS_KUBE_OWNER_H

#include "providers/canary_world.h"

#include <jansson.h>

/* When anybody last wrote FIELD ("f:spec/f:template") of OBJECT, as it stands there; "": never, or
 * nobody says. */
const char *kube_owner_last_write(const json_t *object, const char *field);

/* The Canary of this name owns OBJECT: Flagger made it. */
bool kube_owner_is_canary(const json_t *object, const char *canary);

/* OBJECT carries our label with this Canary's UID. */
bool kube_owner_is_ours(const json_t *object, const struct canary_world *world);

/* OBJECT carries our label: of this Canary, or of one of the same name that was deleted before it
 * was made again. */
bool kube_owner_is_marked(const json_t *object);

/* Append to PATCH the step that takes this Canary's owner reference off OBJECT; none when there is
 * none. */
void kube_owner_remove(json_t *patch, const json_t *object, const char *canary);

/*
 * managedFields: the manager that wrote FIELD ("f:spec/f:http") last is MANAGER; with entries that
 * do not say what they have, the last writer of anything.
 */
bool kube_owner_wrote_last(const json_t *object, const char *manager, const char *field);

/* managedFields: who wrote OBJECT last but MANAGER, its status apart, into RET; "" when they do not
 * say. */
void kube_owner_last_other(const json_t *object, const char *manager, char *ret, size_t size);

/* managedFields: when MANAGER wrote OBJECT's status last; not set: never. */
struct instant kube_owner_wrote_status(const json_t *object, const char *manager);

/* Put the two annotations that keep Flux from undoing what we write. */
void kube_owner_set_flux(json_t *annotations);

#endif
