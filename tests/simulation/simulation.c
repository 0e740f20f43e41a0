#include "tests/simulation/simulation.h"

#include "analysis/base/text.h"
#include "tests/simulation/witness_world.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define START          INT64_C(1700000000000)
#define BOOKMARK_MS    60000
#define WEATHER_MS     1000
#define TROUBLE_MS_MAX INT64_C(7200000) /* the troubled part */
#define CALM_MS_MAX    INT64_C(3600000) /* until the world has come to its end */
#define STILL_MAX      20000            /* events at one instant */
#define REST_MS        60000            /* the quiet after it */

/* How often there are one, two and three agents. */
static const int crew_sizes[CREW_MAX] = {50, 35, 15};

/* The server's hooks ------------------------------------------------------------------------------
 */

static struct apiserver_fault on_before(void *user, const struct http_request *request)
{
	struct simulation *simulation = user;

	witness_before(simulation, request);
	return network_before(simulation, request);
}

static struct apiserver_fault on_after(void *user, const struct http_request *request,
                                       const struct http_reply *reply)
{
	struct simulation *simulation = user;
	int sender = crew_sender(request);

	story_tell(&simulation->story, simulation->crew.agents[sender].name, "%s %s: %d",
	           http_method_name(request->method), request->url, reply->status);
	witness_after(simulation, request, reply);
	return network_after(simulation, request);
}

/* The cluster's own life
 * ------------------------------------------------------------------------------------ */

static void on_weather(struct alarm *alarm)
{
	struct simulation *simulation = container_of(alarm, struct simulation, weather);

	crew_weather(simulation);
	network_weather(simulation);
	usurper_weather(simulation);
	people_weather(simulation);
	source_weather(simulation);
	witness_tick(simulation);
	alarm_start(sim_loop_seam(simulation->loop), alarm, span_ms(WEATHER_MS));
}

void simulation_stir(struct simulation *simulation)
{
	sim_pulse_stir(&simulation->pulse);
}

static const char *label_app(const json_t *template)
{
	const json_t *labels = json_object_get(json_object_get(template, "metadata"), "labels");
	const char *app = json_string_value(json_object_get(labels, "app"));

	return app ? app : "";
}

/* Pods are as good as their version. */
static struct cluster_behaviour behave(void *user, const json_t *template)
{
	const json_t *containers = json_object_get(json_object_get(template, "spec"), "containers");
	const char *image =
		json_string_value(json_object_get(json_array_get(containers, 0), "image"));
	enum quality quality = truth_quality(image ? image : "");
	bool is_primary = strstr(label_app(template), "-primary") != NULL;

	(void)user;
	return (struct cluster_behaviour){
		.is_never_ready =
			quality == QUALITY_STUCK || (is_primary && quality == QUALITY_WEAK),
		.ready_after = span_seconds(1),
	};
}

bool simulation_write(struct simulation *simulation, const char *who, enum http_method method,
                      const char *url, const char *body)
{
	struct arena arena = {0};
	struct apiserver_letter letter = {
		.method = method,
		.url = url,
		.body = body,
		.who = who,
	};
	struct http_reply reply;
	bool is_accepted;

	reply = apiserver_write_inside(simulation->server, &letter, &arena,
	                               sim_loop_now(simulation->loop));
	is_accepted = reply.status < 300;
	story_tell(&simulation->story, who, "%s %s %s: %d", http_method_name(method), url,
	           method == HTTP_PATCH ? body : "", reply.status);
	arena_fini(&arena);
	simulation_stir(simulation);
	witness_look(simulation);
	return is_accepted;
}

/* One run -----------------------------------------------------------------------------------------
 */

static void on_struck(void *user, enum fault kind, int canary)
{
	struct simulation *simulation = user;

	people_struck(simulation, kind);
	story_tell(&simulation->story, "fault", "%s %s", fault_name(kind),
	           canary >= 0 ? simulation->truth.canaries[canary].name : "");
	witness_struck(simulation, kind, canary);
}

static void set_up(struct simulation *simulation)
{
	uint64_t seed = simulation->options.seed;
	struct dice dice = dice_init(seed, "simulation");
	struct apiserver_options server = {
		.seed = seed,
		.is_immediate = true,
		.log_max = 1,
		.history_max = 2000,
		.hooks = {.before = on_before, .after = on_after, .user = simulation},
	};

	simulation->loop = sim_loop_new((struct instant){START}, seed);
	simulation->server = apiserver_new(&server);
	simulation->cluster = cluster_new(&(struct cluster_options){
		.server = simulation->server,
		.delay = span_ms(20),
		.lag = span_ms(100),
		.behaviour = behave,
		.has_endpoints = true,
	});
	truth_init(&simulation->truth, seed);
	faults_init(&simulation->faults, seed, simulation->truth.n_canaries,
	            simulation->options.limit);
	if (simulation->options.storm > 0)
		faults_storm(&simulation->faults, simulation->options.storm);
	if (simulation->options.alone) {
		truth_alone(&simulation->truth, simulation->options.alone);
		faults_still(&simulation->faults, 1);
	}
	simulation->faults.struck = on_struck;
	simulation->faults.user = simulation;
	story_init(&simulation->story, simulation->options.stream, (struct instant){START});
	simulation->weather.ring = on_weather;
	simulation->pulse = (struct sim_pulse){
		.sim = simulation->loop,
		.server = simulation->server,
		.cluster = simulation->cluster,
		.bookmarks = span_ms(BOOKMARK_MS),
	};
	sim_pulse_start(&simulation->pulse);
	alarm_start(sim_loop_seam(simulation->loop), &simulation->weather, span_ms(WEATHER_MS));
	network_init(simulation);
	people_init(simulation);
	crew_init(simulation, 1 + dice_pick(&dice, crew_sizes, CREW_MAX));
}

static void tear_down(struct simulation *simulation)
{
	crew_fini(simulation);
	people_fini(simulation);
	network_fini(simulation);
	/* What is on its way lands. */
	while (sim_loop_count(simulation->loop) > 3 &&
	       sim_loop_step(simulation->loop,
	                     instant_after(sim_loop_now(simulation->loop), span_ms(60000))))
		;
	sim_pulse_cancel(&simulation->pulse);
	alarm_cancel(&simulation->weather);
	witness_history_fini(&simulation->history);
	cluster_free(simulation->cluster);
	apiserver_free(simulation->server);
	sim_loop_free(simulation->loop);
}

/* One event; false when there is none before END or something must not be. */
static bool step(struct simulation *simulation, struct instant end)
{
	uint64_t before = apiserver_revision(simulation->server);

	if (!sim_loop_step(simulation->loop, end))
		return false;
	if (simulation->story.now.ms != sim_loop_now(simulation->loop).ms)
		simulation->n_still = 0;
	if (++simulation->n_still > STILL_MAX)
		witness_accuse(simulation, "%d events, and time stands still", STILL_MAX);
	simulation->story.now = sim_loop_now(simulation->loop);
	crew_sweep(simulation);
	if (apiserver_revision(simulation->server) != before) {
		simulation_stir(simulation);
		witness_look(simulation);
	}
	return simulation->witness.violation[0] == '\0';
}

static bool is_violated(const struct simulation *simulation)
{
	return simulation->witness.violation[0] != '\0';
}

/* Faults and deeds, until people did all they wanted. */
static void trouble(struct simulation *simulation)
{
	struct instant end = instant_after(sim_loop_now(simulation->loop), span_ms(TROUBLE_MS_MAX));

	while (!people_are_done(simulation) &&
	       simulation->faults.n_disturbances < simulation->faults.limit &&
	       step(simulation, end))
		;
}

/* Nothing strikes any more: the world comes to its end, and is quiet then. */
static void calm(struct simulation *simulation)
{
	struct instant now = sim_loop_now(simulation->loop);
	struct instant end = instant_after(now, span_ms(CALM_MS_MAX));
	char why[300];

	simulation->faults.is_calm = true;
	story_tell(&simulation->story, "weather", "it is calm from here on");
	crew_mend(simulation);
	people_mend_all(simulation);
	while (instant_is_before(now, end) && !is_violated(simulation)) {
		now = instant_after(now, span_ms(10000));
		while (step(simulation, now))
			;
		if (witness_is_content(simulation, why, sizeof(why)))
			break;
	}
	if (!witness_is_content(simulation, why, sizeof(why)))
		witness_accuse(simulation, "it has been calm for %d s: %s",
		               (int)(CALM_MS_MAX / 1000), why);
}

static void rest(struct simulation *simulation)
{
	/* A watch that fell silent in the last moment may have something to tell. */
	struct instant half =
		instant_after(sim_loop_now(simulation->loop), span_ms(WITNESS_UNTOLD_MS + REST_MS));
	struct instant end = instant_after(half, span_ms(REST_MS));
	char why[300];

	while (step(simulation, half))
		;
	if (!is_violated(simulation))
		witness_expect_silence(simulation);
	while (step(simulation, end))
		;
	if (!witness_is_content(simulation, why, sizeof(why)))
		witness_accuse(simulation, "it did not last: %s", why);
	witness_history_end(simulation);
}

static void sum_up(struct simulation *simulation, struct simulation_result *ret)
{
	story_mix(&simulation->story, apiserver_revision(simulation->server));
	*ret = (struct simulation_result){
		.digest = simulation->story.digest,
		.n_disturbances = simulation->faults.n_disturbances,
		.n_releases = simulation->witness.n_releases,
		.n_requests = simulation->witness.n_requests,
		.simulated =
			instant_between((struct instant){START}, sim_loop_now(simulation->loop)),
	};
	memcpy(ret->counts, simulation->faults.counts, sizeof(ret->counts));
	memcpy(ret->outcomes, simulation->witness.outcomes, sizeof(ret->outcomes));
	text_copy(ret->violation, simulation->witness.violation);
}

struct simulation *simulation_begin(const struct simulation_options *options)
{
	struct simulation *simulation = calloc(1, sizeof(*simulation));

	assert(simulation);
	simulation->options = *options;
	set_up(simulation);
	return simulation;
}

void simulation_pass(struct simulation *simulation, struct span time)
{
	struct instant end = instant_after(sim_loop_now(simulation->loop), time);

	while (step(simulation, end))
		;
}

bool simulation_reach(struct simulation *simulation, int canary, enum fault_phase phase,
                      struct span end)
{
	struct instant last = instant_after(sim_loop_now(simulation->loop), end);

	while (simulation->faults.phases[canary] != phase) {
		if (!step(simulation, last))
			return false;
	}
	return true;
}

void simulation_settle(struct simulation *simulation)
{
	calm(simulation);
	if (!is_violated(simulation))
		rest(simulation);
}

void simulation_end(struct simulation *simulation, struct simulation_result *ret)
{
	sum_up(simulation, ret);
	tear_down(simulation);
	ret->n_decisions = simulation->witness.n_decisions;
	free(simulation);
}

void simulation_run(const struct simulation_options *options, struct simulation_result *ret)
{
	struct simulation *simulation = simulation_begin(options);

	trouble(simulation);
	simulation_settle(simulation);
	simulation_end(simulation, ret);
}
