#include "analysis/backoff.h"

#define FREE_CONFLICTS 3

/* FIRST doubled FAILURES - 1 times, at most MOST. */
static int64_t doubled(int64_t first, int64_t most, int failures)
{
	int64_t delay = first;

	for (int i = 1; i < failures && delay < most; i++)
		delay *= 2;
	return delay < most ? delay : most;
}

struct span backoff_delay(int failures, uint64_t seed)
{
	int64_t delay = doubled(1000, 60000, failures);

	return span_ms(delay - (int64_t)(seed % (uint64_t)(delay / 5)));
}

struct span backoff_conflict(int failures)
{
	if (failures <= FREE_CONFLICTS)
		return span_ms(0);
	return span_ms(doubled(100, 1000, failures - FREE_CONFLICTS));
}

struct span backoff_retreat(int failures)
{
	return span_ms(doubled(100, 1000, failures));
}
