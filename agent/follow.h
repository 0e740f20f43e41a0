/*
 * One collection of the API server, followed: a consistent list, then a watch from there, resumed
 * after each end, listed again after a 410, and reopened when neither event nor bookmark comes for
 * 90 s.
 */
#ifndef AGENT_FOLLOW_H
#define AGENT_FOLLOW_H

#include "agent/http.h"
#include "agent/loop.h"
#include "providers/kube/api.h"

struct log;
struct metrics;
struct follow;

enum follow_event {
	FOLLOW_NONE,
	FOLLOW_BEGUN,   /* a list begins, from its first page */
	FOLLOW_LISTED,  /* an object of a consistent list */
	FOLLOW_SYNCED,  /* the list is complete: what was not in it is not there. No object */
	FOLLOW_CHANGED, /* added or modified since */
	FOLLOW_DELETED, /* with the object as it last was */
};

/* OBJECT is borrowed. Follows must not be freed from inside. */
typedef void follow_sink(void *user, enum kube_kind kind, enum follow_event event,
                         const json_t *object);

struct follow_seams {
	struct loop *loop;
	struct http *http;
	struct log *log;
	struct metrics *metrics;
	const char *k8s_namespace; /* NULL: all */
	const char *labels;        /* what the list is narrowed by; NULL: nothing */
	const char *fields;        /* the same, by fields */
	bool is_metadata;          /* metadata alone is of interest */
	follow_sink *sink;
	/* A list or a watch failed, and is tried again: by STATUS, 0 for no answer. NULL: nobody
	 * asks. Not to be freed from inside. */
	void (*failed)(void *user, int status);
	void *user;
};

/* Prepare to follow KIND. SEAMS outlives it. */
struct follow *follow_new(const struct follow_seams *seams, enum kube_kind kind);

/* Stop and free; accepts NULL, returns NULL. */
struct follow *follow_free(struct follow *follow);

/* List anew, then watch; also when it is under way already. */
void follow_list(struct follow *follow);

/* What failed and waits to be tried again is tried at once: the server answers. */
void follow_hurry(struct follow *follow);

/* Forget that it was listed; what is under way goes on until follow_list, and counts for nothing.
 */
void follow_reset(struct follow *follow);

/* It was not asked to list since the start, or since it was forgotten. */
bool follow_is_due(const struct follow *follow);

/* A list was completed since the last follow_list. */
bool follow_is_synced(const struct follow *follow);

enum kube_kind follow_kind(const struct follow *follow);

/* Why nothing comes since the last attempt failed; "" when something came since. Valid until the
 * loop turns. */
const char *follow_trouble(const struct follow *follow);

#endif
