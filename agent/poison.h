/*
 * Which canary is in hand, in a few bytes that outlive an abort: two aborts on the same one
 * quarantine it. The one exception to "the disk only proves". The bytes live in a file of the state
 * directory, else in /dev/termination-log. In hand means: its objects are being read or its next
 * step decided, a few microseconds without I/O; a process that dies then, however, counts as
 * aborted.
 */
#ifndef AGENT_POISON_H
#define AGENT_POISON_H

#include "analysis/base/err.h"

struct poison;

/* Map PATH, making it when it is missing; what an earlier process left is counted. */
struct poison *poison_new(const char *path, struct err *err);
struct poison *poison_free(struct poison *poison);

/* This canary is in hand from now on; accepts NULL. */
void poison_enter(struct poison *poison, const char *k8s_namespace, const char *name);

/* None is; accepts NULL. */
void poison_leave(struct poison *poison);

/* The canary was in hand at two aborts or more; accepts NULL. */
bool poison_is_quarantined(const struct poison *poison, const char *k8s_namespace,
                           const char *name);

/* Its spec was changed: let it try again; accepts NULL. */
void poison_pardon(struct poison *poison, const char *k8s_namespace, const char *name);

#endif
