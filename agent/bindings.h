/*
 * Which canary names which object: an object belongs to one canary at most, but for what is only
 * looked at, and what is seen of it is learned by those that name it. A part of fleet.c.
 */
#ifndef AGENT_BINDINGS_H
#define AGENT_BINDINGS_H

#include "agent/canary.h"
#include "agent/follow.h"

#include <stddef.h>

/* All zero: nothing is bound. Each canary's are removed before it is freed: then it is empty. */
struct bindings {
	void *tree;
};

/* As what a canary names an object. */
struct binding {
	enum kube_kind kind;
	enum subject subject; /* SUBJECT_NONE: beside the route */
	size_t index;         /* … its place in the provider's list */
	bool is_shared;       /* the user's, which other canaries may name, too */
};

/* Bind the object NAME of the canary's namespace to it. The other canary that has it already, and
 * keeps it, unless both share it; else NULL. */
struct canary *bindings_add(struct bindings *bindings, struct canary *canary,
                            const struct binding *as, const char *name);

/* Some canary has the object. */
bool bindings_has(const struct bindings *bindings, enum kube_kind kind, const char *k8s_namespace,
                  const char *name);

/* Of CANARY nothing is bound any more. */
void bindings_remove(struct bindings *bindings, const struct canary *canary);

/* An object was seen or is gone: whoever names it learns it. EPOCH numbers the list under way. */
void bindings_take(struct bindings *bindings, enum kube_kind kind, enum follow_event event,
                   const json_t *object, unsigned epoch);

/* A list of a kind begins: what is learned from now on it does not take back. */
void bindings_begin(struct bindings *bindings, enum kube_kind kind);

/* The list EPOCH of a kind is complete: what it did not show is not there. */
void bindings_end(struct bindings *bindings, enum kube_kind kind, unsigned epoch);

/* What is known of objects of KIND may not be so any more. */
void bindings_doubt(struct bindings *bindings, enum kube_kind kind);

#endif
