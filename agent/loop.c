#include "agent/loop.h"

#include <assert.h>

struct instant loop_now(struct loop *loop)
{
	return loop->ops->now(loop);
}

struct span loop_uptime(struct loop *loop)
{
	return loop->ops->uptime(loop);
}

void alarm_start(struct loop *loop, struct alarm *alarm, struct span after)
{
	assert(alarm->ring);
	assert(!alarm->loop || alarm->loop == loop);
	loop->ops->start(loop, alarm, after);
}

void alarm_cancel(struct alarm *alarm)
{
	if (alarm->loop)
		alarm->loop->ops->cancel(alarm->loop, alarm);
}

uint64_t loop_random(struct loop *loop)
{
	return loop->ops->random(loop);
}
