/* How long to wait before trying again. */
#ifndef ANALYSIS_BACKOFF_H
#define ANALYSIS_BACKOFF_H

#include "analysis/base/instant.h"

#include <stdint.h>

/*
 * The wait after FAILURES failures in a row (1: the first): 1 s doubling to 60 s, spread by up to a
 * fifth with the random bits of SEED, so that many canaries do not come back at once.
 */
struct span backoff_delay(int failures, uint64_t seed);

/* The same after a conflict: none three times, then 0.1 s doubling to 1 s. */
struct span backoff_conflict(int failures);

/* The same for a retreat that got no usable answer: 0.1 s doubling to 1 s. */
struct span backoff_retreat(int failures);

#endif
