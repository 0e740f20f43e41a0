#include "tests/simulation/crew.h"

#include "agent/demo/sim_settings.h"
#include "agent/log.h"
#include "analysis/base/text.h"
#include "tests/simulation/sim_disk.h"
#include "tests/simulation/simulation.h"
#include "tests/simulation/source.h"
#include "tests/simulation/witness_wire.h"

#include <string.h>
#include <strings.h>

#define SKEW_MS           30000
#define JUMP_MS           600000
#define WRONG_MS          120000 /* from a jump of a clock until it is put right */
#define PAUSE_MS          60000
#define PAUSE_AT_CROSSING 0.03 /* of the chance that a second has */
#define SHUT_MS           90000
#define TEMPTED           400 /* times as likely */
#define TEMPTED_MS        20
#define GRACE_MS          30000 /* from the wish that it stops until it is killed */

static void pause_process(struct crew_agent *agent, struct instant now)
{
	struct simulation *simulation = agent->simulation;
	struct span length = span_ms(dice_between(&simulation->faults.dice, 1000, PAUSE_MS));

	story_tell(&simulation->story, agent->name, "is paused for %d ms", (int)length.ms);
	agent->paused_until = instant_after(now, length);
	sim_loop_pause(agent->loop, agent->paused_until);
}

void crew_pause(struct simulation *simulation, int agent)
{
	struct instant now = sim_loop_now(simulation->loop);

	if (instant_is_before(simulation->crew.agents[agent].paused_until, now))
		pause_process(&simulation->crew.agents[agent], now);
}

void crew_kill(struct simulation *simulation, int agent)
{
	if (simulation->crew.agents[agent].agent)
		simulation->crew.agents[agent].is_doomed = true;
}

/* Asked at each crossing of a seam: there a process dies, or stops in the midst of what it does. */
static bool dies(void *user)
{
	struct crew_agent *agent = user;
	struct simulation *simulation = agent->simulation;
	struct faults *faults = &simulation->faults;
	struct instant now = sim_loop_now(simulation->loop);

	if (dice_chance(&faults->dice, PAUSE_AT_CROSSING) &&
	    instant_is_before(agent->paused_until, now) &&
	    faults_strike(faults, FAULT_PAUSE, -1, now))
		pause_process(agent, now);
	if (!faults_strike_at(faults, FAULT_CRASH, -1, now,
	                      instant_is_before(now, agent->tempted_until) ? TEMPTED : 1))
		return false;
	agent->is_doomed = true;
	return true;
}

/* A process of its own: its identity, and a clock that is not quite right. */
static void begin_life(struct crew_agent *agent)
{
	struct simulation *simulation = agent->simulation;
	struct instant now = sim_loop_now(simulation->loop);

	agent->life++;
	agent->has_stopped = agent->is_to_stop = false;
	agent->tempted_until = (struct instant){0};
	agent->skew = span_ms(0);
	agent->shut_until = agent->kill_at = (struct instant){0};
	agent->paused_until = agent->wrong_until = (struct instant){0};
	text_format(agent->identity, sizeof(agent->identity), "%s.%d", agent->name, agent->life);
	text_format(agent->user_agent, sizeof(agent->user_agent), "serin/%d.%d", agent->number,
	            agent->life);
	network_start(simulation);
	if (faults_strike(&simulation->faults, FAULT_SKEW, -1, now))
		agent->skew = span_ms(dice_between(&simulation->faults.dice, -SKEW_MS, SKEW_MS));
	if (agent->skew.ms < simulation->crew.slowest.ms)
		simulation->crew.slowest = agent->skew;
	if (agent->skew.ms > simulation->crew.fastest.ms)
		simulation->crew.fastest = agent->skew;
	sim_loop_skew(agent->loop, agent->skew);
}

static void start(struct crew_agent *agent)
{
	struct simulation *simulation = agent->simulation;
	struct sim_http_options http = {
		.loop = agent->loop,
		.world = sim_loop_seam(simulation->loop),
		.server = simulation->server,
		.latency = span_ms(4),
		.web = source_answer,
		.fate = network_fate,
		.stream = network_stream,
		.user = simulation,
		.agent = agent->user_agent,
	};
	struct agent_settings settings = sim_settings(agent->identity);
	struct agent_seams seams = {.loop = &agent->mortal.loop.seam};

	begin_life(agent);
	story_tell(&simulation->story, agent->name, "starts");
	agent->http = sim_http_new(&http);
	agent->wire = witness_wire_new(simulation, agent->number, sim_http_seam(agent->http));
	mortal_init(&agent->mortal, agent->loop,
	            witness_line_init(&agent->line, simulation, agent->number,
	                              witness_wire_seam(agent->wire)),
	            sim_disk_start(agent->disk, agent->loop));
	agent->mortal.dies = dies;
	agent->mortal.user = agent;
	seams.http = &agent->mortal.http.seam;
	seams.history = &agent->mortal.history.seam;
	if (simulation->story.stream)
		agent->log = log_new(&(struct log_settings){.loop = agent->loop,
		                                            .stream = simulation->story.stream,
		                                            .form = LOG_FORM_TEXT,
		                                            .level = LOG_DEBUG});
	seams.log = agent->log;
	agent->agent = agent_new(&seams, &settings);
	agent->began = sim_loop_now(simulation->loop);
	witness_look(simulation); /* whom the Lease names may be no more */
	agent_start(agent->agent);
}

static void stop(struct crew_agent *agent)
{
	agent->agent = agent_free(agent->agent);
	agent->wire = witness_wire_free(agent->wire);
	agent->http = sim_http_free(agent->http);
	sim_disk_stop(agent->disk);
	agent->log = log_free(agent->log);
}

static void on_start(struct alarm *alarm)
{
	struct crew_agent *agent = container_of(alarm, struct crew_agent, start);

	if (!agent->agent)
		start(agent);
}

static void on_accuse(void *user, const char *what)
{
	witness_accuse(user, "%s", what);
}

/* One seed in 25 has the real file, which costs more. */
static struct sim_disk *disk_new(struct crew_agent *agent)
{
	struct simulation *simulation = agent->simulation;
	struct dice dice = dice_init(simulation->options.seed, "disk");

	return sim_disk_new(&(struct sim_disk_options){
		.loop = simulation->loop,
		.faults = &simulation->faults,
		.truth = &simulation->truth,
		.seed = simulation->options.seed,
		.name = agent->name,
		.is_real = dice_chance(&dice, 0.04),
		.is_lying = simulation->options.has_lying_disks,
		.accuse = on_accuse,
		.user = simulation,
	});
}

void crew_init(struct simulation *simulation, int n_agents)
{
	simulation->crew.n_agents = n_agents;
	for (int i = 0; i < n_agents; i++) {
		struct crew_agent *agent = &simulation->crew.agents[i];

		agent->simulation = simulation;
		agent->number = i;
		text_format(agent->name, sizeof(agent->name), "agent-%d", i);
		agent->loop = sim_loop_seam_new(simulation->loop, span_ms(0));
		agent->start.ring = on_start;
		agent->disk = disk_new(agent);
		start(agent);
	}
}

void crew_fini(struct simulation *simulation)
{
	for (int i = 0; i < simulation->crew.n_agents; i++) {
		struct crew_agent *agent = &simulation->crew.agents[i];

		alarm_cancel(&agent->start);
		if (agent->agent)
			stop(agent);
		simulation->witness.n_decisions += sim_disk_rounds(agent->disk);
		agent->disk = sim_disk_free(agent->disk);
	}
}

/* Its stop in order is over. */
static void on_stopped(void *user)
{
	struct crew_agent *agent = user;

	agent->is_doomed = true;
	agent->has_stopped = true;
}

static void shut(struct crew_agent *agent, struct instant now)
{
	struct simulation *simulation = agent->simulation;
	struct dice *dice = &simulation->faults.dice;
	struct span length = span_ms(dice_between(dice, 1000, SHUT_MS));
	int64_t way = dice_between(dice, 0, 3);

	story_tell(&simulation->story, agent->name, "is cut off%s for %d ms",
	           way == 0   ? " on the way there"
	           : way == 1 ? " on the way back"
	                      : "",
	           (int)length.ms);
	agent->shut_until = instant_after(now, length);
	sim_http_part(agent->http, way != 1, way != 0);
}

/* Deadlines go by clocks: whatever runs while one is wrong may miss them. */
static void excuse_all(struct simulation *simulation)
{
	for (int i = 0; i < simulation->truth.n_canaries; i++) {
		struct truth_canary *canary = &simulation->truth.canaries[i];
		const char *analysed = simulation->witness.runs[i].tag;

		truth_may_fail(&canary->versions[canary->live], "a clock jumped");
		truth_may_fail(truth_version_find(canary, analysed), "a clock jumped");
	}
}

/* It is wrong for a while, then it is put right, which is a jump too. */
static void jump(struct crew_agent *agent, struct instant now)
{
	struct simulation *simulation = agent->simulation;
	struct dice *dice = &simulation->faults.dice;
	struct span length = span_ms(dice_between(dice, -JUMP_MS, JUMP_MS));

	story_tell(&simulation->story, agent->name, "its clock jumps by %d ms", (int)length.ms);
	sim_loop_skew(agent->loop, span_ms(agent->skew.ms + length.ms));
	agent->wrong_until = instant_after(now, span_ms(dice_between(dice, 1000, WRONG_MS)));
	excuse_all(simulation);
}

static void put_right(struct crew_agent *agent, struct instant now)
{
	if (!instant_is_set(agent->wrong_until))
		return;
	excuse_all(agent->simulation);
	if (instant_is_before(now, agent->wrong_until))
		return;
	story_tell(&agent->simulation->story, agent->name, "its clock is put right");
	sim_loop_skew(agent->loop, agent->skew);
	agent->wrong_until = (struct instant){0};
}

/* What began earlier ends. */
static void pass_on(struct crew_agent *agent, struct instant now)
{
	put_right(agent, now);
	if (instant_is_set(agent->shut_until) && !instant_is_before(now, agent->shut_until)) {
		sim_http_part(agent->http, false, false);
		agent->shut_until = (struct instant){0};
	}
	if (instant_is_set(agent->kill_at) && !instant_is_before(now, agent->kill_at))
		agent->is_doomed = true;
}

static void be_stopped(struct crew_agent *agent, struct instant now)
{
	story_tell(&agent->simulation->story, agent->name, "is told to stop");
	agent->kill_at = instant_after(now, span_ms(GRACE_MS));
	agent_stop(agent->agent, on_stopped, agent);
}

static bool may_be_stopped(const struct crew_agent *agent, struct instant now)
{
	return agent->agent && !agent->is_doomed && !instant_is_set(agent->kill_at) &&
	       !instant_is_before(now, agent->paused_until);
}

static void suffer(struct crew_agent *agent, struct instant now)
{
	struct faults *faults = &agent->simulation->faults;

	if (faults_strike(faults, FAULT_PAUSE, -1, now))
		pause_process(agent, now);
	if (!instant_is_set(agent->shut_until) && faults_strike(faults, FAULT_PARTITION, -1, now))
		shut(agent, now);
	if (!instant_is_set(agent->wrong_until) && faults_strike(faults, FAULT_JUMP, -1, now))
		jump(agent, now);
	if (may_be_stopped(agent, now) && faults_strike(faults, FAULT_RESTART, -1, now))
		be_stopped(agent, now);
}

void crew_tempt(struct simulation *simulation, int agent)
{
	struct crew_agent *process = &simulation->crew.agents[agent];
	struct instant now = sim_loop_now(simulation->loop);

	process->tempted_until = instant_after(now, span_ms(TEMPTED_MS));
	if (may_be_stopped(process, now) && !process->is_to_stop &&
	    faults_strike_at(&simulation->faults, FAULT_RESTART, -1, now, TEMPTED))
		process->is_to_stop = true;
}

void crew_weather(struct simulation *simulation)
{
	struct instant now = sim_loop_now(simulation->loop);

	for (int i = 0; i < simulation->crew.n_agents; i++) {
		struct crew_agent *agent = &simulation->crew.agents[i];

		if (!agent->agent)
			continue;
		pass_on(agent, now);
		if (!agent->is_doomed && !simulation->faults.is_calm)
			suffer(agent, now);
	}
	crew_sweep(simulation);
}

void crew_sweep(struct simulation *simulation)
{
	struct dice *dice = &simulation->faults.dice;

	for (int i = 0; i < simulation->crew.n_agents; i++) {
		struct crew_agent *agent = &simulation->crew.agents[i];

		if (agent->is_to_stop && may_be_stopped(agent, sim_loop_now(simulation->loop)))
			be_stopped(agent, sim_loop_now(simulation->loop));
		agent->is_to_stop = false;
		if (!agent->is_doomed)
			continue;
		agent->is_doomed = false;
		story_tell(&simulation->story, agent->name,
		           instant_is_set(agent->kill_at) ? "is gone" : "crashes");
		if (!agent->has_stopped)
			sim_disk_crash(agent->disk);
		stop(agent);
		sim_loop_pause(agent->loop, (struct instant){0});
		alarm_start(sim_loop_seam(simulation->loop), &agent->start,
		            span_ms(dice_between(dice, 100, 20000)));
	}
}

void crew_mend(struct simulation *simulation)
{
	struct instant now = sim_loop_now(simulation->loop);

	for (int i = 0; i < simulation->crew.n_agents; i++) {
		struct crew_agent *agent = &simulation->crew.agents[i];

		if (instant_is_before(now, agent->paused_until))
			agent->paused_until = now; /* it goes on from here */
		sim_loop_pause(agent->loop, (struct instant){0});
		sim_disk_mend(agent->disk);
		/* A clock that is put right jumps. */
		if (agent->skew.ms != 0 || instant_is_set(agent->wrong_until))
			people_struck(simulation, FAULT_SKEW);
		agent->skew = span_ms(0);
		agent->shut_until = agent->wrong_until = (struct instant){0};
		sim_loop_skew(agent->loop, agent->skew);
		alarm_cancel(&agent->start);
		if (!agent->agent)
			start(agent);
		else
			sim_http_part(agent->http, false, false);
	}
}

const char *crew_sender_life(const struct http_request *request)
{
	for (size_t i = 0; i < request->n_headers; i++) {
		if (strcasecmp(request->headers[i].name, "User-Agent") == 0 &&
		    strncmp(request->headers[i].value, "serin/", 6) == 0)
			return request->headers[i].value + 6;
	}
	return "";
}

int crew_sender(const struct http_request *request)
{
	const char *life = crew_sender_life(request);

	return life[0] != '\0' ? life[0] - '0' : -1;
}
