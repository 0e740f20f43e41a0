/*
 * Who changes ConfigMaps and Secrets: their metadata is followed, in namespaces whose canaries
 * refer to some, so that nothing is asked while nothing changes. Where the agent may not watch
 * them, that is found out, and tried again after a while; meanwhile they are read once an interval.
 */
#ifndef AGENT_CONFIG_WATCH_H
#define AGENT_CONFIG_WATCH_H

#include "agent/follow.h"

#define CONFIG_WATCH_AGAIN_MS 600000 /* after a refusal */

struct config_watch;

struct config_watch_seams {
	struct loop *loop;
	struct http *http;
	struct log *log;
	struct metrics *metrics;
	/* NAME of that namespace changed or went; NULL: any may have. */
	void (*changed)(void *user, const char *k8s_namespace, enum kube_kind kind,
	                const char *name);
	/* It may be covered no more. */
	void (*lapsed)(void *user, const char *k8s_namespace);
	void *user;
};

/* SEAMS are copied. */
struct config_watch *config_watch_new(const struct config_watch_seams *seams);
struct config_watch *config_watch_free(struct config_watch *watch);

/* What becomes of KIND, KUBE_CONFIG_MAP or KUBE_SECRET, in that namespace is told from now on, as
 * soon as it can be; true: it is. */
bool config_watch_covers(struct config_watch *watch, const char *k8s_namespace,
                         enum kube_kind kind);

/* List all anew: the lease was won. */
void config_watch_list(struct config_watch *watch);

#endif
