/*
 * What just happened, for those who look on: the newest events, numbered, in memory and bounded. It
 * listens where the agent tells and observes, and changes nothing there.
 *
 * Glossary. *Round*: a decision that begins something, with its reason. *Told*: a sentence that the
 * agent also writes as a Kubernetes Event. *Release*: a Release as it is now.
 */
#ifndef AGENT_API_FEED_H
#define AGENT_API_FEED_H

#include "agent/follow.h"
#include "agent/history.h"

#include <stdint.h>

struct api_feed;

#define API_FEED_EVENTS_MAX 1024              /* kept; older ones go */
#define API_FEED_BYTES_MAX  (2 * 1024 * 1024) /* and their texts */

struct api_feed_event {
	uint64_t number;           /* from 1, without gaps */
	const char *type;          /* "round", "told", "release", "reset" */
	const char *k8s_namespace; /* "" concerns all */
	const char *canary;
	const char *text; /* JSON, one line */
};

/* What it hears is also handed to BEHIND, which is the history. */
struct api_feed *api_feed_new(struct loop *loop, struct history *behind);

/* Accepts NULL, returns NULL. */
struct api_feed *api_feed_free(struct api_feed *feed);

/* The history for an agent: BEHIND, overheard. */
struct history *api_feed_history(struct api_feed *feed);

/* What the agent follows; a follow_sink with the feed as user. */
void api_feed_see(void *user, enum kube_kind kind, enum follow_event event, const json_t *object);

/* Call HEARD at each new event; from the loop, while the event is valid. */
void api_feed_listen(struct api_feed *feed,
                     void (*heard)(void *user, const struct api_feed_event *event), void *user);

/* The number of the newest event; 0: none yet. */
uint64_t api_feed_newest(const struct api_feed *feed);

/* The event NUMBER, or NULL: it is gone, or yet to come. Valid until the next event. */
const struct api_feed_event *api_feed_find(const struct api_feed *feed, uint64_t number);

#endif
