#include "agent/demo/sim_pulse.h"

#include "analysis/base/compiler.h"

static void on_bookmark(struct alarm *alarm)
{
	struct sim_pulse *pulse = container_of(alarm, struct sim_pulse, bookmark);

	apiserver_bookmark(pulse->server);
	apiserver_tick(pulse->server, sim_loop_now(pulse->sim));
	alarm_start(sim_loop_seam(pulse->sim), alarm, pulse->bookmarks);
}

static void on_roll(struct alarm *alarm)
{
	struct sim_pulse *pulse = container_of(alarm, struct sim_pulse, roll);
	struct instant now = sim_loop_now(pulse->sim);
	struct instant next = cluster_step(pulse->cluster, now);

	if (instant_is_set(next))
		alarm_start(sim_loop_seam(pulse->sim), alarm, instant_between(now, next));
}

void sim_pulse_start(struct sim_pulse *pulse)
{
	pulse->bookmark.ring = on_bookmark;
	pulse->roll.ring = on_roll;
	alarm_start(sim_loop_seam(pulse->sim), &pulse->bookmark, pulse->bookmarks);
}

void sim_pulse_stir(struct sim_pulse *pulse)
{
	alarm_start(sim_loop_seam(pulse->sim), &pulse->roll, span_ms(0));
}

void sim_pulse_cancel(struct sim_pulse *pulse)
{
	alarm_cancel(&pulse->bookmark);
	alarm_cancel(&pulse->roll);
}
