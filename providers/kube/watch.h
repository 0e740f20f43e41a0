/*
 * The stream of a watch: bytes in, events out. However the bytes are split, the events are the
 * same.
 *
 * A stream that failed stays failed: the caller opens a new one. An unfinished last line is no
 * event.
 */
#ifndef PROVIDERS_KUBE_WATCH_H
#define PROVIDERS_KUBE_WATCH_H

#include "analysis/base/buf.h"
#include "analysis/base/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define KUBE_WATCH_LINE_MAX ((size_t)4 * 1024 * 1024)

enum kube_watch_type {
	KUBE_WATCH_NONE,
	KUBE_WATCH_ADDED,
	KUBE_WATCH_MODIFIED,
	KUBE_WATCH_DELETED,
	KUBE_WATCH_BOOKMARK, /* only metadata.resourceVersion of the object is meant */
	KUBE_WATCH_EXPIRED,  /* 410: list again; the object is a Status */
	KUBE_WATCH_ERROR,    /* another refusal; the object is a Status */
};

struct kube_watch_event {
	enum kube_watch_type type;
	json_t *object; /* borrowed; json_incref to keep it */
};

/* Called for each event in order; it must not end the watch that calls it. */
typedef void kube_watch_sink(void *context, const struct kube_watch_event *event);

struct kube_watch {
	struct buf line;
	struct err err; /* kind other than ERR_NONE: it failed */
};

/* Begin a stream whose lines have at most LINE_MAX bytes. */
void kube_watch_init(struct kube_watch *watch, size_t line_max);
void kube_watch_fini(struct kube_watch *watch);

/*
 * Take in the next bytes. ERR_LIMIT: a line is too long; ERR_MALFORMED: a line is no event. The
 * events before that were delivered.
 */
bool kube_watch_feed(struct kube_watch *watch, const char *bytes, size_t length,
                     kube_watch_sink *sink, void *context, struct err *err);

#endif
