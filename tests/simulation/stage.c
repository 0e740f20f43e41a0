#include "tests/simulation/stage.h"

#include "agent/demo/sim_pulse.h"
#include "agent/demo/sim_settings.h"
#include "agent/log.h"
#include "agent/metrics.h"
#include "analysis/base/buf.h"
#include "analysis/base/text.h"
#include "providers/kube/tree.h"
#include "tests/simulation/hung_history.h"
#include "tests/simulation/stage_hooks.h"
#include "tests/simulation/trace.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START       INT64_C(1700000000000)
#define BOOKMARK_MS 60000
#define STEPS_MAX   (256 * 1024)

struct actor {
	struct agent *agent;
	struct sim_http *http;
	struct history *history;
	struct loop *loop;
	char name[16];
};

struct stage {
	struct sim_loop *sim;
	struct apiserver *server;
	struct cluster *cluster;
	struct sim_pulse pulse;
	struct actor actors[STAGE_AGENTS];
	double success_rate;
	double duration_ms;
	bool is_metrics_down;
	struct instant answered; /* when the metrics server answered last */
	enum stage_fault fault;
	size_t fault_at;
	size_t n_writes;
	size_t n_strays;
	int crashed; /* number of the agent to kill, or -1 */
	struct stage_hooks hooks;
	struct buf steps;
	char last_step[256];
	struct trace trace;
	char phase[32];
	struct log *log;
	struct metrics *metrics;
	FILE *ear; /* NULL: nobody listens */
	bool keeps_copy_names;
	const char *slow; /* part of the URL of what is slow; NULL: nothing is */
	struct span slow_by;
	const char *broken; /* the end of the URL of what cannot be read; NULL: all can be */
};

/* Hooks ---------------------------------------------------------------------------------------- */

static struct sim_http_fate fate(void *user, const struct http_request *request, size_t n_others)
{
	struct stage *stage = user;
	struct span late = span_ms(0);
	bool is_removal = request->method == HTTP_DELETE;
	bool is_answer = stage_hooks_are_called(request) || request->method == HTTP_PATCH;

	if (stage->slow && strstr(request->url, stage->slow))
		late = stage->slow_by;
	return (struct sim_http_fate){
		.there = is_removal ? late : span_ms(0),
		.back = is_answer ? late : span_ms(0),
		.is_reply_lost = stage_hooks_are_silent(&stage->hooks, request),
	};
}

static enum sim_http_stream carry(void *user, const struct http_request *request,
                                  struct span *ret_late)
{
	struct stage *stage = user;

	if (!stage->slow || !strstr(request->url, stage->slow))
		return SIM_HTTP_STREAM_CARRIED;
	*ret_late = stage->slow_by;
	return SIM_HTTP_STREAM_LATE;
}

void stage_slow(struct stage *stage, const char *part, int ms)
{
	stage->slow = part;
	stage->slow_by = span_ms(ms);
}

void stage_break(struct stage *stage, const char *part)
{
	stage->broken = part;
}

static bool is_broken(const struct stage *stage, const struct http_request *request)
{
	size_t length = strlen(request->url);
	size_t end = stage->broken ? strlen(stage->broken) : 0;

	return stage->broken && request->method == HTTP_GET && length >= end &&
	       strcmp(request->url + length - end, stage->broken) == 0;
}

void stage_hook(struct stage *stage, const char *path, int status, const char *body)
{
	stage_hooks_set(&stage->hooks, path, status, body);
}

const char *stage_hooks(struct stage *stage)
{
	return buf_text(&stage->hooks.calls);
}

/* The metrics server
 * ----------------------------------------------------------------------------------- */

static struct http_reply web(void *user, const struct http_request *request, struct arena *arena)
{
	struct stage *stage = user;
	struct http_reply reply = {.status = 200};
	const char *query = request->body ? request->body : request->url;
	bool is_duration =
		strstr(query, "histogram_quantile") || strstr(query, "duration_seconds_sum");
	double value = is_duration ? stage->duration_ms : stage->success_rate;

	if (stage_hooks_are_called(request))
		return stage_hooks_answer(&stage->hooks, request);
	stage->answered = sim_loop_now(stage->sim);
	if (stage->is_metrics_down) {
		err_set(&reply.error, ERR_TRANSPORT, "connect to prometheus:9090: refused");
		reply.status = 0;
		return reply;
	}
	reply.body =
		isnan(value)
			? arena_text(
				  arena,
				  "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[]}}")
			: arena_format(
				  arena,
				  "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[{"
				  "\"metric\":{},\"value\":[1,\"%g\"]}]}}",
				  value);
	reply.body_length = strlen(reply.body);
	return reply;
}

/* Faults and records of writes
 * ---------------------------------------------------------------------------- */

static const char *header_of(const struct http_request *request, const char *name)
{
	for (size_t i = 0; i < request->n_headers; i++) {
		if (strcasecmp(request->headers[i].name, name) == 0)
			return request->headers[i].value;
	}
	return "";
}

static int actor_of(const struct http_request *request)
{
	const char *agent = header_of(request, "User-Agent");

	return strcmp(agent, "serin/1") == 0 ? 1 : 0;
}

static bool is_counted(const struct http_request *request)
{
	return request->method != HTTP_GET &&
	       strncmp(header_of(request, "User-Agent"), "serin/", 6) == 0 &&
	       strstr(request->url, "/leases") == NULL;
}

/* The Lease names whoever writes. */
static void check_holder(struct stage *stage, const struct http_request *request)
{
	const json_t *lease =
		apiserver_find(stage->server, "leases", "kube-system", "flagger-leader-election");
	const char *holder = json_string_value(
		json_object_get(json_object_get(lease, "spec"), "holderIdentity"));

	if (!holder || strcmp(holder, stage->actors[actor_of(request)].name) != 0)
		stage->n_strays++;
}

static struct apiserver_fault on_before(void *user, const struct http_request *request)
{
	struct stage *stage = user;

	if (is_broken(stage, request))
		return (struct apiserver_fault){.kind = APISERVER_FAULT_STATUS, .status = 503};
	if (!is_counted(request))
		return (struct apiserver_fault){0};
	if (++stage->n_writes != stage->fault_at)
		return (struct apiserver_fault){0};
	/* 409 to a POST would say that it is there already. */
	if (stage->fault == STAGE_FAULT_CONFLICT && request->method != HTTP_POST)
		return (struct apiserver_fault){.kind = APISERVER_FAULT_STATUS, .status = 409};
	if (stage->fault == STAGE_FAULT_TEST &&
	    strcmp(header_of(request, "Content-Type"), "application/json-patch+json") == 0)
		return (struct apiserver_fault){.kind = APISERVER_FAULT_STATUS, .status = 422};
	return (struct apiserver_fault){0};
}

static int64_t integer_of(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

/* The Release that a request was about, as it is now; NULL when it is gone. */
static const json_t *release_of(const struct stage *stage, const struct http_request *request)
{
	const char *namespace = strstr(request->url, "/namespaces/");
	const char *name = strstr(request->url, "/releases/");
	char texts[2][256];

	namespace += strlen("/namespaces/");
	name += strlen("/releases/");
	text_format(texts[0], sizeof(texts[0]), "%.*s", (int)strcspn(namespace, "/"), namespace);
	text_format(texts[1], sizeof(texts[1]), "%.*s", (int)strcspn(name, "/?"), name);
	return apiserver_find(stage->server, "releases", texts[0], texts[1]);
}

/* A Release was written: note its step, if it is another than the last. */
static void note_step(struct stage *stage, const struct http_request *request)
{
	const json_t *release = release_of(stage, request);
	const json_t *status = json_object_get(release, "status");
	const json_t *counters = json_object_get(status, "counters");
	char step[256];

	text_format(step, sizeof(step), "%s %s to %d iteration %d failed %d %s\n",
	            kube_tree_value(json_object_get(release, "metadata"), "name"),
	            kube_tree_value(status, "phase"),
	            (int)integer_of(json_object_get(status, "weight"), "to"),
	            (int)integer_of(counters, "iteration"),
	            (int)integer_of(counters, "failedChecks"), kube_tree_value(status, "outcome"));
	if (strcmp(step, stage->last_step) != 0) {
		text_copy(stage->last_step, step);
		if (!buf_add(&stage->steps, step, strlen(step)))
			abort();
	}
}

static struct apiserver_fault on_after(void *user, const struct http_request *request,
                                       const struct http_reply *reply)
{
	struct stage *stage = user;

	if (!is_counted(request))
		return (struct apiserver_fault){0};
	if (reply->status == 200 && strstr(request->url, "/releases/"))
		note_step(stage, request);
	if (reply->status < 300) {
		check_holder(stage, request);
		trace_note(&stage->trace, stage->server, request);
	}
	if (stage->n_writes != stage->fault_at)
		return (struct apiserver_fault){0};
	if (stage->fault == STAGE_FAULT_CRASH)
		stage->crashed = actor_of(request);
	if (stage->fault == STAGE_FAULT_CRASH || stage->fault == STAGE_FAULT_LOST)
		return (struct apiserver_fault){.kind = APISERVER_FAULT_LOST};
	return (struct apiserver_fault){0};
}

/* The cluster's own life
 * ------------------------------------------------------------------------------------ */

/* Images tagged "stuck…" never become ready; all others after a second. */
static struct cluster_behaviour behave(void *user, const json_t *template)
{
	const json_t *containers = json_object_get(json_object_get(template, "spec"), "containers");
	const char *image = kube_tree_value(json_array_get(containers, 0), "image");
	bool is_primary =
		strstr(kube_tree_value(json_object_get(json_object_get(template, "metadata"),
	                                               "labels"),
	                               "app"),
	               "-primary") != NULL;

	(void)user;
	if (strstr(image, ":stuck") || (is_primary && strstr(image, ":bad-primary")))
		return (struct cluster_behaviour){.is_never_ready = true};
	return (struct cluster_behaviour){.ready_after = span_seconds(1)};
}

struct stage *stage_new(uint64_t seed)
{
	struct stage *stage = calloc(1, sizeof(*stage));
	struct apiserver_options options = {
		.seed = seed,
		.is_immediate = true,
		.hooks = {.before = on_before, .after = on_after, .user = stage},
	};

	if (!stage)
		abort();
	stage->sim = sim_loop_new((struct instant){START}, seed);
	stage->server = apiserver_new(&options);
	stage->metrics = metrics_new();
	stage->cluster = cluster_new(&(struct cluster_options){
		.server = stage->server,
		.delay = span_ms(20),
		.lag = span_ms(100),
		.behaviour = behave,
		.has_endpoints = true,
	});
	stage->steps.max = STEPS_MAX;
	stage->hooks.calls.max = STEPS_MAX;
	stage->trace.states.max = STEPS_MAX;
	stage->trace.events.max = STEPS_MAX;
	stage->success_rate = 100;
	stage->duration_ms = 20;
	stage->crashed = -1;
	for (int i = 0; i < STAGE_AGENTS; i++) {
		text_format(stage->actors[i].name, sizeof(stage->actors[i].name), "agent-%d", i);
		stage->actors[i].loop = sim_loop_seam_new(stage->sim, span_ms(0));
	}
	stage->pulse = (struct sim_pulse){
		.sim = stage->sim,
		.server = stage->server,
		.cluster = stage->cluster,
		.bookmarks = span_ms(BOOKMARK_MS),
	};
	sim_pulse_start(&stage->pulse);
	return stage;
}

struct stage *stage_free(struct stage *stage)
{
	if (!stage)
		return NULL;
	for (int i = 0; i < STAGE_AGENTS; i++)
		stage_kill(stage, i);
	while (sim_loop_step(stage->sim, instant_after(sim_loop_now(stage->sim), span_ms(1000))))
		;
	sim_pulse_cancel(&stage->pulse);
	cluster_free(stage->cluster);
	apiserver_free(stage->server);
	sim_loop_free(stage->sim);
	buf_fini(&stage->steps);
	buf_fini(&stage->hooks.calls);
	trace_fini(&stage->trace);
	metrics_free(stage->metrics);
	log_free(stage->log);
	free(stage);
	return NULL;
}

/* Agents
 * ------------------------------------------------------------------------------------------------------
 */

void stage_start(struct stage *stage, int number)
{
	struct actor *actor = &stage->actors[number];
	struct sim_http_options http = {
		.loop = actor->loop,
		.server = stage->server,
		.latency = span_ms(4),
		.web = web,
		.fate = fate,
		.stream = carry,
		.user = stage,
		.agent = number == 0 ? "serin/0" : "serin/1",
	};
	struct agent_settings settings = sim_settings(actor->name);
	struct agent_seams seams = {
		.loop = actor->loop, .log = stage->log, .metrics = stage->metrics};

	settings.options.keeps_copy_names = stage->keeps_copy_names;
	settings.observes = stage->ear != NULL; /* who listens hears of splits, too */
	assert(!actor->agent);
	actor->http = sim_http_new(&http);
	actor->history = hung_history_new(actor->loop);
	hung_history_copy(actor->history, stage->ear);
	seams.http = sim_http_seam(actor->http);
	seams.history = actor->history;
	actor->agent = agent_new(&seams, &settings);
	agent_start(actor->agent);
}

void stage_keep_copy_names(struct stage *stage)
{
	stage->keeps_copy_names = true;
}

void stage_listen(struct stage *stage, FILE *stream)
{
	struct log_settings settings = {
		.loop = stage->actors[0].loop,
		.stream = stream,
		.form = LOG_FORM_JSON,
		.level = LOG_DEBUG,
	};

	assert(!stage->log);
	stage->log = log_new(&settings);
	stage->ear = stream;
}

void stage_kill(struct stage *stage, int number)
{
	struct actor *actor = &stage->actors[number];

	actor->agent = agent_free(actor->agent);
	actor->http = sim_http_free(actor->http);
	actor->history = hung_history_free(actor->history);
}

const struct metrics *stage_measured(const struct stage *stage)
{
	return stage->metrics;
}

struct agent *stage_agent(struct stage *stage, int number)
{
	return stage->actors[number].agent;
}

struct loop *stage_loop(struct stage *stage, int number)
{
	return stage->actors[number].loop;
}

struct sim_http *stage_http(struct stage *stage, int number)
{
	return stage->actors[number].http;
}

struct history *stage_history(struct stage *stage, int number)
{
	return stage->actors[number].history;
}

struct sim_loop *stage_sim(struct stage *stage)
{
	return stage->sim;
}

struct apiserver *stage_server(struct stage *stage)
{
	return stage->server;
}

/* People
 * ----------------------------------------------------------------------------------------------------
 */

void stage_write(struct stage *stage, enum http_method method, const char *url, const char *body)
{
	struct arena arena = {0};
	struct apiserver_letter letter = {
		.method = method,
		.url = url,
		.body = body,
		.type = body && body[0] == '[' ? "application/json-patch+json" : NULL,
	};
	struct http_reply reply;

	reply = apiserver_write_inside(stage->server, &letter, &arena, sim_loop_now(stage->sim));
	if (reply.status >= 300)
		fprintf(stderr, "%s %s: %d %s\n", http_method_name(method), url, reply.status,
		        reply.body);
	assert(reply.status < 300);
	arena_fini(&arena);
	sim_pulse_stir(&stage->pulse);
}

const json_t *stage_find(struct stage *stage, const char *plural, const char *name)
{
	return apiserver_find(stage->server, plural, "shop", name);
}

struct cluster *stage_cluster(struct stage *stage)
{
	return stage->cluster;
}

struct trace *stage_trace(struct stage *stage)
{
	return &stage->trace;
}

const char *stage_phase(struct stage *stage)
{
	const json_t *status = json_object_get(stage_find(stage, "canaries", "cart"), "status");

	text_copy(stage->phase, kube_tree_value(status, "phase"));
	return stage->phase;
}

void stage_metrics(struct stage *stage, double success_rate, double duration_ms)
{
	stage->success_rate = success_rate;
	stage->duration_ms = duration_ms;
}

void stage_metrics_down(struct stage *stage, bool is_down)
{
	stage->is_metrics_down = is_down;
}

/* Time
 * -----------------------------------------------------------------------------------------------------------
 */

/* One event; false when there is none before END. */
static bool step(struct stage *stage, struct instant end)
{
	uint64_t before = apiserver_revision(stage->server);

	if (!sim_loop_step(stage->sim, end))
		return false;
	if (stage->crashed >= 0) {
		int number = stage->crashed;

		stage->crashed = -1;
		stage_kill(stage, number);
		stage_start(stage, number);
	}
	if (apiserver_revision(stage->server) != before)
		sim_pulse_stir(&stage->pulse);
	return true;
}

void stage_run(struct stage *stage, int seconds)
{
	struct instant end = instant_after(sim_loop_now(stage->sim), span_seconds(seconds));

	while (step(stage, end))
		;
}

void stage_run_ms(struct stage *stage, int ms)
{
	struct instant end = instant_after(sim_loop_now(stage->sim), span_ms(ms));

	while (step(stage, end))
		;
}

struct instant stage_answered(const struct stage *stage)
{
	return stage->answered;
}

bool stage_run_to(struct stage *stage, const char *phase, int seconds)
{
	struct instant end = instant_after(sim_loop_now(stage->sim), span_seconds(seconds));

	while (strcmp(stage_phase(stage), phase) != 0) {
		if (!step(stage, end))
			return false;
	}
	return true;
}

void stage_fault(struct stage *stage, enum stage_fault fault, size_t nth)
{
	stage->fault = fault;
	stage->fault_at = nth;
	stage->n_writes = 0;
}

size_t stage_writes(const struct stage *stage)
{
	return stage->n_writes;
}

size_t stage_strays(const struct stage *stage)
{
	return stage->n_strays;
}

const char *stage_steps(struct stage *stage)
{
	return buf_text(&stage->steps);
}
