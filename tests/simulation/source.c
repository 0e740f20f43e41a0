#include "tests/simulation/source.h"

#include "analysis/base/text.h"
#include "analysis/spec.h"
#include "tests/simulation/front.h"
#include "tests/simulation/simulation.h"

#include <stdlib.h>
#include <string.h>

#define OUTAGE_MS_MAX 15000

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
	if (strstr(query, "custom_"))
		return strstr(query, "custom_duration") ? QUESTION_DURATION : QUESTION_SUCCESS;
	if (strstr(query, "increase"))
		return QUESTION_SHARE;
	return strstr(query, "duration_seconds_sum") || strstr(query, "histogram_quantile")
	               ? QUESTION_DURATION
	               : QUESTION_SUCCESS;
}

/* The agents' view of an answer. */
enum answer {
	ANSWER_NONE, /* not measured */
	ANSWER_GOOD,
	ANSWER_BAD,
};

/* One question about a canary, and what stands behind it. */
struct inquiry {
	struct simulation *simulation;
	struct truth_canary *canary;
	struct truth_version *version; /* whose run is open, or NULL */
	int index;
	enum question question;
	bool is_custom; /* asks the pods, not the controller */
	struct instant now;
};

static int live_weight(const struct inquiry *inquiry)
{
	const struct truth_canary *canary = inquiry->canary;
	char name[FRONT_NAME_MAX];

	return front_weight(canary,
	                    apiserver_find(inquiry->simulation->server, front_plural(canary),
	                                   canary->space, front_name(canary, name)));
}

/* The pods that answer the canary's requests. */
static size_t pods_of(const struct inquiry *inquiry, struct cluster_pods *ret, size_t max)
{
	const struct truth_canary *canary = inquiry->canary;
	char name[40];
	json_t *selector;
	size_t n_pods;

	if (front_is_weighed(canary) || inquiry->is_custom) {
		text_format(name, sizeof(name), "%s-canary", canary->service);
		return cluster_backends(inquiry->simulation->cluster, canary->space, name, ret,
		                        max);
	}
	selector = json_pack("{s:s}", "app", canary->name);
	n_pods = cluster_select(inquiry->simulation->cluster, canary->space, selector, ret, max);
	json_decref(selector);
	return n_pods;
}

static const char *image_of(const json_t *template)
{
	const json_t *containers = json_object_get(json_object_get(template, "spec"), "containers");
	const char *image =
		json_string_value(json_object_get(json_array_get(containers, 0), "image"));

	return image ? image : "";
}

/* The value of what is asked; false when nobody made a request. */
static bool measure(const struct inquiry *inquiry, double *ret)
{
	struct cluster_pods pods[16];
	size_t n = pods_of(inquiry, pods, array_length(pods));
	bool is_weighed = front_is_weighed(inquiry->canary) && !inquiry->is_custom;
	int weight = is_weighed ? live_weight(inquiry) : SPEC_WEIGHT_FULL;
	double sum = 0;
	double n_ready = 0;

	if (inquiry->question == QUESTION_SHARE) {
		*ret = weight / 100.0;
		return true;
	}
	for (size_t i = 0; i < n && i < array_length(pods); i++) {
		enum quality quality = truth_quality(image_of(pods[i].template));

		n_ready += (double)pods[i].n_ready;
		sum += (double)pods[i].n_ready * (inquiry->question == QUESTION_DURATION
		                                          ? behaviour[quality].duration
		                                          : behaviour[quality].success);
	}
	/* Requests for a Service without pods are answered 503 by the controller. */
	*ret = n_ready > 0 ? sum / n_ready : 0;
	return weight > 0 && (n_ready > 0 || (is_weighed && inquiry->question == QUESTION_SUCCESS));
}

/* Between what is good and what is bad, whatever bounds people chose. */
static enum answer answer_of(enum question question, double value)
{
	if (question == QUESTION_DURATION)
		return value > 100 ? ANSWER_BAD : ANSWER_GOOD;
	return value < 100 ? ANSWER_BAD : ANSWER_GOOD;
}

/* Remember what the answer does to the run that asks. */
static void note(const struct inquiry *inquiry, enum answer answer)
{
	enum quality quality =
		inquiry->version ? truth_quality(inquiry->version->tag) : QUALITY_GOOD;
	bool is_bad = (quality == QUALITY_SLOW && inquiry->question == QUESTION_DURATION) ||
	              (quality == QUALITY_FAILING && inquiry->question == QUESTION_SUCCESS);

	if (inquiry->question == QUESTION_SHARE)
		return;
	if (answer == ANSWER_NONE)
		truth_unmeasured(inquiry->version, inquiry->now);
	else if (answer == ANSWER_BAD && !is_bad)
		truth_failed(inquiry->canary, inquiry->version);
	else if (answer == ANSWER_GOOD && is_bad)
		truth_may_pass(inquiry->version,
		               "an answer spoke for it: other pods were behind its Service");
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

static void refuse(struct http_reply *reply, int status, const char *body)
{
	reply->status = status;
	reply->body = body;
	reply->body_length = strlen(body);
}

/* The server is away, or says no. */
static void be_down(struct simulation *simulation, struct http_reply *reply)
{
	static const int statuses[] = {503, 429, 422, 502};
	int64_t which = dice_between(&simulation->people.edits, -1, 3);

	if (which < 0)
		err_set(&reply->error, ERR_TRANSPORT, "connect to prometheus:9090: refused");
	else
		refuse(reply, statuses[which], "{\"status\":\"error\",\"error\":\"too much\"}");
}

/* What is wrong with the server as it is asked: for a while, or just now. */
static enum fault trouble_of(const struct inquiry *inquiry)
{
	static const enum fault kinds[] = {FAULT_METRICS_DOWN,   FAULT_METRICS_SLOW,
	                                   FAULT_METRICS_EMPTY,  FAULT_METRICS_NAN,
	                                   FAULT_METRICS_SERIES, FAULT_METRICS_GARBAGE};
	const struct source_outage *outage = &inquiry->simulation->outage;

	if (instant_is_before(inquiry->now, outage->until))
		return outage->kind;
	for (size_t i = 0; i < array_length(kinds); i++) {
		if (faults_strike(&inquiry->simulation->faults, kinds[i], inquiry->index,
		                  inquiry->now))
			return kinds[i];
	}
	return FAULT_NONE;
}

/* The ways in which a metrics server is of no use; true when the trouble is one of them. */
static bool fail(const struct inquiry *inquiry, enum fault trouble, struct http_reply *reply,
                 struct arena *arena)
{
	if (trouble == FAULT_METRICS_DOWN)
		be_down(inquiry->simulation, reply);
	else if (trouble == FAULT_METRICS_SLOW)
		err_set(&reply->error, ERR_TRANSPORT, "prometheus:9090: timed out");
	else if (trouble == FAULT_METRICS_EMPTY)
		say(reply, arena, "");
	else if (trouble == FAULT_METRICS_NAN)
		say(reply, arena, "{\"metric\":{},\"value\":[1,\"NaN\"]}");
	else if (trouble == FAULT_METRICS_SERIES)
		say(reply, arena,
		    arena_format(arena, "%s,%s", series(arena, 50), series(arena, 100)));
	else if (trouble == FAULT_METRICS_GARBAGE)
		refuse(reply, 200, "<html>bad gateway</html>");
	else
		return false;
	note(inquiry, ANSWER_NONE);
	return true;
}

/* A counter that began anew makes a value far from the truth, but never a better one. */
static double after_reset(const struct inquiry *inquiry, enum fault trouble, double value)
{
	if (inquiry->question == QUESTION_SHARE)
		return value;
	if (trouble != FAULT_METRICS_RESET &&
	    !faults_strike(&inquiry->simulation->faults, FAULT_METRICS_RESET, inquiry->index,
	                   inquiry->now))
		return value;
	return inquiry->question == QUESTION_DURATION ? 86400000 : -7;
}

static void answer(const struct inquiry *inquiry, struct http_reply *reply, struct arena *arena)
{
	enum fault trouble = trouble_of(inquiry);
	double value;

	if (fail(inquiry, trouble, reply, arena))
		return;
	if (!measure(inquiry, &value)) {
		note(inquiry, ANSWER_NONE);
		say(reply, arena, "");
		return;
	}
	value = after_reset(inquiry, trouble, value);
	note(inquiry, answer_of(inquiry->question, value));
	say(reply, arena, series(arena, value));
}

struct http_reply source_answer(void *user, const struct http_request *request, struct arena *arena)
{
	struct simulation *simulation = user;
	const char *query = request->body ? request->body : request->url;
	int canary = truth_find(&simulation->truth, query);
	struct inquiry inquiry = {
		.simulation = simulation,
		.index = canary,
		.question = question_of(query),
		.is_custom = strstr(query, "custom_") != NULL,
		.now = sim_loop_now(simulation->loop),
	};
	struct http_reply reply = {0};

	if (receivers_are_called(request))
		return receivers_answer(simulation, request, arena);
	if (canary < 0) {
		say(&reply, arena, "");
		return reply;
	}
	inquiry.canary = &simulation->truth.canaries[canary];
	inquiry.version = people_run_version(simulation, canary);
	answer(&inquiry, &reply, arena);
	witness_answer(simulation, canary, &reply);
	return reply;
}

void source_weather(struct simulation *simulation)
{
	struct dice *dice = &simulation->people.edits;
	struct instant now = sim_loop_now(simulation->loop);
	enum fault kind =
		FAULT_METRICS_DOWN +
		(unsigned)dice_between(dice, 0, FAULT_METRICS_GARBAGE - FAULT_METRICS_DOWN);

	if (simulation->faults.is_calm) {
		simulation->outage.until = (struct instant){0};
		return;
	}
	if (!dice_chance(dice, 0.3) || !faults_strike(&simulation->faults, kind, -1, now))
		return;
	simulation->outage = (struct source_outage){
		.kind = kind,
		.until = instant_after(now, span_ms(dice_between(dice, 100, OUTAGE_MS_MAX))),
	};
}
