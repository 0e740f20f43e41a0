/*
 * Which versions of the meshes' kinds the cluster serves: asked once, when a canary first needs to
 * know, and again until there is an answer.
 */
#ifndef AGENT_SERVED_H
#define AGENT_SERVED_H

#include "agent/http.h"
#include "agent/loop.h"
#include "providers/canary_world.h"
#include "providers/kube/api.h"

struct log;
struct served;

struct served_seams {
	struct loop *loop;
	struct http *http;
	struct log *log;
	struct provider_options *options;
	void (*known)(void *user); /* the options say what is served; called from the loop, once */
	void *user;
};

/* Its answers go into the options, which say that nothing is known yet. SEAMS is copied. */
struct served *served_new(const struct served_seams *seams);

/* Stop and free; accepts NULL, returns NULL. */
struct served *served_free(struct served *served);

/* Which object a canary needs depends on the answer: KIND is one that may be another. True: it is
 * known, or does not matter; false: it is asked for. */
bool served_knows(struct served *served, enum kube_kind kind);

/* KIND is served, at its version; only of what is known. */
bool served_has(const struct served *served, enum kube_kind kind);

#endif
