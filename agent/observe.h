/*
 * Splits of routes that have no Canary, for the record: objects that carry the annotation
 * serin.dev/observe, or whose namespace does, are followed, and how they divide requests is
 * recorded when it changes, with the field manager that wrote it. Nothing is decided from it, and
 * nothing is written to the cluster. Only an agent that leads and was asked to (--observe) does it.
 */
#ifndef AGENT_OBSERVE_H
#define AGENT_OBSERVE_H

#include "agent/history.h"
#include "agent/http.h"
#include "agent/loop.h"
#include "providers/canary_world.h"
#include "providers/kube/api.h"

struct log;
struct metrics;
struct observe;
struct served;

#define OBSERVE_MAX 1000 /* objects at once; of more nothing is recorded, and the log says so */

struct observe_seams {
	struct loop *loop;
	struct http *http;
	struct history *history;
	struct log *log;
	struct metrics *metrics;
	const char *k8s_namespace; /* NULL: all; else annotations of namespaces are not read */
	const struct provider_options *options;
	struct served *served;
	/* A Canary has this object: its rounds tell of it. */
	bool (*has_canary)(void *user, enum kube_kind kind, const char *k8s_namespace,
	                   const char *name);
	void *user;
};

/* SEAMS is copied; what it points to outlives it. */
struct observe *observe_new(const struct observe_seams *seams);

/* Stop and free; accepts NULL, returns NULL. */
struct observe *observe_free(struct observe *observe);

/* The lease is ours: begin, or go on. It may be called before it is known what is served; then
 * nothing happens until it is called again. */
void observe_start(struct observe *observe);

/* The lease is lost: follow nothing, and forget what was seen. */
void observe_stop(struct observe *observe);

#endif
