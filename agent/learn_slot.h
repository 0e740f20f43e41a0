/* What is known of any one object, and which of two observations is the newer; a part of learn.c.
 */
#ifndef AGENT_LEARN_SLOT_H
#define AGENT_LEARN_SLOT_H

#include "agent/canary.h"

/* metadata.resourceVersion and metadata.uid, borrowed; "" for none. */
const char *learn_slot_version(const json_t *object);
const char *learn_slot_uid(const json_t *object);

/* OBJECT is an older version than KNOWN_VERSION of the same object. */
bool learn_slot_is_older(const char *known_uid, const char *known_version, const json_t *object);

/* It was observed just now. */
void learn_slot_known(struct canary *canary, struct fact_slot *slot);

/* The object that was known, with that UID, is gone: what flights that are on their way bring of it
 * is older. */
void learn_slot_bury(struct canary *canary, struct fact_slot *slot, const char *uid);

/*
 * OBJECT was seen to be gone: what speaks of it now, replies of writes that its deletion overtook
 * and events that are told again, is older, however often. It is read again, since an etcd restore
 * brings objects back.
 */
bool learn_slot_is_gone(struct fact_slot *slot, const json_t *object);

/* A flight that began after that brings the object, which is learnt next: it counts. */
void learn_slot_answered(struct fact_slot *slot);

#endif
