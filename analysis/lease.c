#include "analysis/lease.h"

struct instant lease_end(const struct lease_facts *facts)
{
	if (!facts->is_known || !facts->is_present || !facts->is_held || !facts->is_mine)
		return (struct instant){0};
	if (!instant_is_set(facts->renewed))
		return (struct instant){0};
	return instant_after(facts->renewed, facts->duration);
}

bool lease_allows(const struct lease_facts *facts, struct span timeout)
{
	struct instant end = lease_end(facts);

	if (!instant_is_set(end) || facts->is_stopping)
		return false;
	return instant_between(facts->now, end).ms > timeout.ms + LEASE_SKEW_MS;
}

static struct lease_plan step(enum lease_step step)
{
	return (struct lease_plan){.step = step};
}

/* Another holds it: look again after a while, take it when its record did not change for its
 * duration. */
static struct lease_plan wait(const struct lease_facts *facts)
{
	struct instant expiry = instant_after(facts->changed, facts->duration);
	struct instant next = instant_after(facts->now, span_ms(LEASE_RETRY_MS));

	if (!instant_is_before(facts->now, expiry))
		return step(LEASE_STEP_TAKE);
	return (struct lease_plan){.wake = instant_earlier(next, expiry)};
}

struct lease_plan lease_decide(const struct lease_facts *facts)
{
	struct instant due;

	if (!facts->is_known)
		return step(facts->is_stopping ? LEASE_STEP_NONE : LEASE_STEP_READ);
	if (facts->is_stopping)
		return step(facts->is_mine && facts->is_held && !facts->is_writing
		                    ? LEASE_STEP_RELEASE
		                    : LEASE_STEP_NONE);
	if (!facts->is_present)
		return step(LEASE_STEP_CREATE);
	if (!facts->is_held)
		return step(LEASE_STEP_TAKE);
	if (!facts->is_mine)
		return wait(facts);
	due = instant_after(facts->renewed, span_ms(LEASE_RETRY_MS));
	if (instant_is_set(facts->renewed) && instant_is_before(facts->now, due))
		return (struct lease_plan){.wake = due};
	return step(LEASE_STEP_RENEW);
}
