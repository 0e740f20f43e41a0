/* Time as types: a point and a length, both in milliseconds. Nobody in this ring reads a clock. */
#ifndef ANALYSIS_BASE_INSTANT_H
#define ANALYSIS_BASE_INSTANT_H

#include "analysis/base/err.h"

#include <stdbool.h>
#include <stdint.h>

/* A point on the wall clock: milliseconds since 1970-01-01 UTC. Zero means "never" or "not set". */
struct instant {
	int64_t ms;
};

/* A length of time. */
struct span {
	int64_t ms;
};

static inline struct span span_seconds(int64_t seconds)
{
	return (struct span){seconds * 1000};
}

static inline struct span span_ms(int64_t ms)
{
	return (struct span){ms};
}

static inline bool instant_is_set(struct instant instant)
{
	return instant.ms != 0;
}

static inline struct instant instant_after(struct instant instant, struct span span)
{
	return (struct instant){instant.ms + span.ms};
}

/* The time from A to B; negative when B is earlier. */
static inline struct span instant_between(struct instant a, struct instant b)
{
	return (struct span){b.ms - a.ms};
}

static inline bool instant_is_before(struct instant a, struct instant b)
{
	return a.ms < b.ms;
}

/* The earlier of two, where "not set" is later than anything. */
struct instant instant_earlier(struct instant a, struct instant b);

/*
 * Read a Go duration ("1m30s", "250ms", "0"): decimal numbers with the units ns us µs ms s m h and
 * an optional sign (Go's time.ParseDuration). Fractions of a millisecond are cut off. Refuses what
 * Go refuses and more than 100 years.
 */
bool span_parse(const char *text, struct span *ret, struct err *err);

#define SPAN_TEXT_MAX 32

/* Write as Go would print a duration ("1.515s", "500ms", "1m1s", "0s") into ret; returns ret. */
const char *span_format(struct span span, char ret[SPAN_TEXT_MAX]);

#define INSTANT_TEXT_MAX 32

/* Read RFC 3339 with any fraction and zone ("2026-11-21T04:45:00.123Z"); years 1970 to 9999. */
bool instant_parse(const char *text, struct instant *ret, struct err *err);

/* Write as RFC 3339 in UTC with milliseconds ("2026-11-21T04:45:00.123Z"); returns ret. */
const char *instant_format(struct instant instant, char ret[INSTANT_TEXT_MAX]);

/* Write as RFC 3339 in UTC with whole seconds, as Kubernetes writes metav1.Time; returns ret. */
const char *instant_format_seconds(struct instant instant, char ret[INSTANT_TEXT_MAX]);

#endif
