#include "agent/flight.h"

#include "analysis/base/text.h"

#include <stdlib.h>
#include <string.h>

struct flight {
	struct http_call call; /* the first member: found again from its address */
	struct alarm soon;
	const struct flight_seams *seams;
	struct effect effect;
	struct act act;
	struct arena arena;
	flight_landed *landed;
	void *user;
	bool is_gated;
	bool is_paused; /* the request is ready, and waits a while */
	bool has_written;
	bool is_left;   /* only the end of the request that is on its way is waited for */
	bool is_outrun; /* its object was seen to be gone meanwhile */
	bool has_result;
	char round[40];
};

static bool is_write(const struct http_request *request)
{
	return request->method != HTTP_GET && request->peer == HTTP_PEER_KUBE;
}

static enum http_lane lane_of(const struct http_request *request)
{
	if (request->peer == HTTP_PEER_URL)
		return HTTP_LANE_METRICS;
	return request->method == HTTP_GET ? HTTP_LANE_READ : HTTP_LANE_WRITE;
}

/* End in the next turn, never from inside whoever led here. */
static void land_soon(struct flight *flight)
{
	flight->has_result = true;
	alarm_start(flight->seams->loop, &flight->soon, span_ms(0));
}

static void refuse(struct flight *flight, const char *why)
{
	flight->act.result.outcome = ACT_FAILED;
	text_copy(flight->act.result.text, why);
	land_soon(flight);
}

static void send(struct flight *flight)
{
	const struct http_request *request = &flight->act.talk.request;

	flight->is_paused = false;
	if (is_write(request)) {
		if (!flight->seams->may_write(flight->seams->user, request->timeout)) {
			refuse(flight, "not written: the lease ends too soon");
			return;
		}
		flight->has_written = true;
	}
	flight->call.lane = lane_of(request);
	http_start(flight->seams->http, &flight->call, request);
}

static void advance(struct flight *flight, const struct http_reply *reply)
{
	struct talk *talk = &flight->act.talk;
	struct err err = {0};
	enum talk_step step;

	talk->pause = span_ms(0);
	step = talk->next(talk, reply, &err);
	if (step != TALK_SEND) {
		if (step == TALK_FAILED && flight->act.result.outcome == ACT_NONE)
			refuse(flight, err.text);
		else
			land_soon(flight);
		return;
	}
	if (talk->pause.ms <= 0) {
		send(flight);
		return;
	}
	flight->is_paused = true;
	alarm_start(flight->seams->loop, &flight->soon, talk->pause);
}

static void on_reply(struct http_call *call, const struct http_reply *reply)
{
	struct flight *flight = (struct flight *)(void *)call;

	if (flight->is_left)
		land_soon(flight);
	else
		advance(flight, reply);
}

static void on_soon(struct alarm *alarm)
{
	struct flight *flight = container_of(alarm, struct flight, soon);

	if (flight->has_result)
		flight_land(flight);
	else if (flight->is_paused)
		send(flight);
	else
		advance(flight, NULL);
}

struct flight *flight_start(const struct flight_seams *seams, const struct canary_world *world,
                            const struct effect *effect, bool is_gated, flight_landed *landed,
                            void *user)
{
	struct flight *flight = calloc(1, sizeof(*flight));

	if (!flight)
		abort();
	flight->seams = seams;
	flight->effect = *effect;
	flight->landed = landed;
	flight->user = user;
	flight->is_gated = is_gated;
	flight->call.done = on_reply;
	flight->soon.ring = on_soon;
	act_init(&flight->act, world, &flight->effect, &flight->arena);
	if (!is_gated)
		alarm_start(seams->loop, &flight->soon, span_ms(0));
	return flight;
}

void flight_release(struct flight *flight)
{
	if (!flight->is_gated)
		return;
	flight->is_gated = false;
	alarm_start(flight->seams->loop, &flight->soon, span_ms(0));
}

const struct effect *flight_effect(const struct flight *flight)
{
	return &flight->effect;
}

bool flight_has_written(const struct flight *flight)
{
	return flight->has_written;
}

bool flight_is_gated(const struct flight *flight)
{
	return flight->is_gated;
}

bool flight_is_over(const struct flight *flight)
{
	return flight->has_result;
}

void flight_land(struct flight *flight)
{
	alarm_cancel(&flight->soon);
	flight->landed(flight->user, flight, &flight->act.result);
}

char *flight_round(struct flight *flight)
{
	return flight->round;
}

/* What clients meet goes forward. Of what is kept and told, each later decision writes too, and
 * that stops it; a retreat waits for nothing. */
static bool is_forward(const struct effect *effect)
{
	return !effect->is_retreat && effect->subject != SUBJECT_CANARY &&
	       effect->subject != SUBJECT_RELEASES && effect->subject != SUBJECT_EVENTS;
}

bool flight_leave(struct flight *flight)
{
	const struct http_request *request = &flight->act.talk.request;

	if (!flight->call.http || !is_write(request) ||
	    (request->method != HTTP_DELETE && !is_forward(&flight->effect)))
		return false;
	flight->is_left = true;
	flight->act.result.outcome = ACT_UNKNOWN;
	text_copy(flight->act.result.text, "what it was for is no more: it is read again");
	return true;
}

bool flight_is_left(const struct flight *flight)
{
	return flight->is_left;
}

void flight_outrun(struct flight *flight)
{
	flight->is_outrun = true;
}

bool flight_is_outrun(const struct flight *flight)
{
	return flight->is_outrun;
}

struct flight *flight_free(struct flight *flight)
{
	if (!flight)
		return NULL;
	if (flight->call.http && is_write(&flight->act.talk.request))
		flight->seams->abandoned(flight->seams->user, flight->act.talk.request.timeout);
	http_cancel(&flight->call);
	alarm_cancel(&flight->soon);
	act_fini(&flight->act);
	arena_fini(&flight->arena);
	free(flight);
	return NULL;
}
