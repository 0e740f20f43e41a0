#include "tests/simulation/mortal.h"

/* True when the crossing has its effect. */
static bool cross(struct mortal *mortal)
{
	if (mortal->is_dead)
		return false;
	mortal->n_crossings++;
	if (mortal->dies && mortal->dies(mortal->user))
		mortal->is_dead = true;
	return !mortal->is_dead;
}

/* Time --------------------------------------------------------------------------------------------
 */

static struct mortal_loop *of_loop(struct loop *loop)
{
	return (struct mortal_loop *)(void *)loop;
}

static struct instant on_now(struct loop *loop)
{
	return loop_now(of_loop(loop)->inner);
}

static struct span on_uptime(struct loop *loop)
{
	return loop_uptime(of_loop(loop)->inner);
}

static uint64_t on_random(struct loop *loop)
{
	return loop_random(of_loop(loop)->inner);
}

/* The loop inside knows an alarm as its own; its owner knows it as ours. */
static void on_alarm(struct loop *loop, struct alarm *alarm, struct span after)
{
	struct mortal_loop *self = of_loop(loop);

	if (!cross(self->mortal))
		return;
	if (alarm->loop)
		alarm->loop = self->inner;
	alarm_start(self->inner, alarm, after);
	alarm->loop = loop;
}

static void on_alarm_cancel(struct loop *loop, struct alarm *alarm)
{
	alarm->loop = of_loop(loop)->inner;
	alarm_cancel(alarm);
}

static const struct loop_ops loop_ops = {
	.now = on_now,
	.uptime = on_uptime,
	.start = on_alarm,
	.cancel = on_alarm_cancel,
	.random = on_random,
};

/* Network -----------------------------------------------------------------------------------------
 */

static void on_http(struct http *http, struct http_call *call, const struct http_request *request)
{
	struct mortal_http *self = (struct mortal_http *)(void *)http;

	if (cross(self->mortal))
		http_start(self->inner, call, request);
}

/* Never asked: a call that was started belongs to the http inside. */
static void on_http_cancel(struct http *http, struct http_call *call)
{
	(void)http;
	http_cancel(call);
}

static const struct http_ops http_ops = {.start = on_http, .cancel = on_http_cancel};

/* Evidence ----------------------------------------------------------------------------------------
 */

static struct mortal_history *of_history(struct history *history)
{
	return (struct mortal_history *)(void *)history;
}

static void on_round(struct history *history, const struct history_round *round,
                     void (*acked)(void *user, const char *uid), void *user)
{
	if (cross(of_history(history)->mortal))
		history_round(of_history(history)->inner, round, acked, user);
}

static void on_effect(struct history *history, const struct history_effect *effect)
{
	if (cross(of_history(history)->mortal))
		history_effect(of_history(history)->inner, effect);
}

static void on_split(struct history *history, const struct history_split *split)
{
	if (cross(of_history(history)->mortal))
		history_split(of_history(history)->inner, split);
}

static void on_forget(struct history *history, void *user)
{
	history_forget(of_history(history)->inner, user);
}

static void on_gap(struct history *history, const char *round_uid, struct instant at)
{
	if (cross(of_history(history)->mortal))
		history_gap(of_history(history)->inner, round_uid, at);
}

static const char *on_state(struct history *history)
{
	return history_state(of_history(history)->inner);
}

static const struct history_ops history_ops = {
	.round = on_round,
	.effect = on_effect,
	.split = on_split,
	.forget = on_forget,
	.gap = on_gap,
	.state = on_state,
};

void mortal_init(struct mortal *mortal, struct loop *loop, struct http *http,
                 struct history *history)
{
	*mortal = (struct mortal){
		.loop = {.seam = {.ops = &loop_ops}, .mortal = mortal, .inner = loop},
		.http = {.seam = {.ops = &http_ops}, .mortal = mortal, .inner = http},
		.history = {.seam = {.ops = &history_ops}, .mortal = mortal, .inner = history},
	};
}
