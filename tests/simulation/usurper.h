/*
 * Somebody else who wants the Lease: a Flagger, which takes it as client-go does, only when it is
 * free or was not renewed for its duration; and people, who write over it or delete it.
 */
#ifndef TESTS_SIMULATION_USURPER_H
#define TESTS_SIMULATION_USURPER_H

#include "analysis/base/instant.h"

#include <stdint.h>

struct simulation;

struct usurper {
	char seen[24];           /* resourceVersion of the Lease as last looked at */
	struct instant seen_at;  /* since when it is that */
	struct instant until;    /* it renews until then; not set: it does not hold it */
	struct instant renew_at; /* next */
};

/* Look at the Lease, take or renew it; called every second. */
void usurper_weather(struct simulation *simulation);

#endif
