#include "tests/simulation/source.h"

#include "tests/simulation/simulation.h"

#include <string.h>

enum question {
	QUESTION_SUCCESS,
	QUESTION_DURATION,
	QUESTION_SHARE,
};

/* Of a version's quality: percent of good answers and milliseconds. */
static const struct {
	double success;
	double duration;
} behaviour[QUALITY_MAX] = {
	[QUALITY_GOOD] = {100, 20},  [QUALITY_SLOW] = {100, 2000}, [QUALITY_FAILING] = {90, 20},
	[QUALITY_STUCK] = {100, 20}, [QUALITY_WEAK] = {100, 20},
};

static enum question question_of(const char *query)
{
	if (strstr(query, "increase"))
		return QUESTION_SHARE;
	return strstr(query, "duration_seconds_sum") || strstr(query, "histogram_quantile")
	               ? QUESTION_DURATION
	               : QUESTION_SUCCESS;
}

static double truth_of(const struct truth_canary *canary, enum question question)
{
	enum quality quality = truth_quality(truth_live(canary));

	if (question == QUESTION_SHARE)
		return 0.1;
	return question == QUESTION_DURATION ? behaviour[quality].duration
	                                     : behaviour[quality].success;
}

static void say(struct http_reply *reply, struct arena *arena, const char *result)
{
	reply->status = 200;
	reply->body = arena_format(
		arena,
		"{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[%s]}}",
		result);
	reply->body_length = strlen(reply->body);
}

static const char *series(struct arena *arena, double value)
{
	return arena_format(arena, "{\"metric\":{},\"value\":[1,\"%g\"]}", value);
}

/* The ways in which a metrics server is of no use; true when one of them came. */
static bool fail(struct simulation *simulation, int canary, struct http_reply *reply,
                 struct arena *arena)
{
	struct faults *faults = &simulation->faults;
	struct instant now = sim_loop_now(simulation->loop);

	if (faults_strike(faults, FAULT_METRICS_DOWN, canary, now)) {
		err_set(&reply->error, ERR_TRANSPORT, "connect to prometheus:9090: refused");
	} else if (faults_strike(faults, FAULT_METRICS_EMPTY, canary, now)) {
		say(reply, arena, "");
	} else if (faults_strike(faults, FAULT_METRICS_NAN, canary, now)) {
		say(reply, arena, "{\"metric\":{},\"value\":[1,\"NaN\"]}");
	} else if (faults_strike(faults, FAULT_METRICS_SERIES, canary, now)) {
		say(reply, arena,
		    arena_format(arena, "%s,%s", series(arena, 50), series(arena, 100)));
	} else if (faults_strike(faults, FAULT_METRICS_RESET, canary, now)) {
		say(reply, arena, series(arena, -7));
	} else if (faults_strike(faults, FAULT_METRICS_GARBAGE, canary, now)) {
		reply->status = 200;
		reply->body = "<html>bad gateway</html>";
		reply->body_length = strlen(reply->body);
	} else {
		return false;
	}
	truth_excuse(&simulation->truth.canaries[canary], "the metrics lied");
	return true;
}

struct http_reply source_answer(void *user, const struct http_request *request, struct arena *arena)
{
	struct simulation *simulation = user;
	const char *query = request->body ? request->body : request->url;
	int canary = truth_find(&simulation->truth, query);
	struct http_reply reply = {0};

	if (canary < 0) {
		say(&reply, arena, "");
		return reply;
	}
	if (!fail(simulation, canary, &reply, arena))
		say(&reply, arena,
		    series(arena,
		           truth_of(&simulation->truth.canaries[canary], question_of(query))));
	witness_answer(simulation, canary, &reply);
	return reply;
}
