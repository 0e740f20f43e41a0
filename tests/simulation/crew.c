#include "tests/simulation/crew.h"

#include "agent/log.h"
#include "analysis/base/text.h"
#include "tests/simulation/hung_history.h"
#include "tests/simulation/simulation.h"
#include "tests/simulation/source.h"
#include "tests/simulation/witness_wire.h"

#include <string.h>
#include <strings.h>

static const char *const selector_labels[] = {"app", "name", "app.kubernetes.io/name", NULL};

static void start(struct crew_agent *agent)
{
	struct simulation *simulation = agent->simulation;
	struct sim_http_options http = {
		.loop = agent->loop,
		.server = simulation->server,
		.latency = span_ms(4),
		.web = source_answer,
		.user = simulation,
		.agent = agent->user_agent,
	};
	struct agent_settings settings = {
		.options =
			{
				.selector_labels = selector_labels,
				.ingress_annotation_prefix = "nginx.ingress.kubernetes.io",
				.default_provider = "nginx",
				.metrics_server = "http://prometheus:9090",
				.field_manager = "serin",
				.track_configs = true,
			},
		.lease_namespace = "kube-system",
		.lease_name = "flagger-leader-election",
		.identity = agent->name,
	};
	struct agent_seams seams = {.loop = agent->loop};

	story_tell(&simulation->story, agent->name, "starts");
	agent->http = sim_http_new(&http);
	agent->history = hung_history_new(agent->loop);
	agent->wire = witness_wire_new(simulation, agent->number, sim_http_seam(agent->http));
	seams.http = witness_wire_seam(agent->wire);
	seams.history = agent->history;
	if (simulation->story.stream)
		agent->log = log_new(&(struct log_settings){.loop = agent->loop,
		                                            .stream = simulation->story.stream,
		                                            .form = LOG_FORM_TEXT,
		                                            .level = LOG_DEBUG});
	seams.log = agent->log;
	agent->agent = agent_new(&seams, &settings);
	agent->began = sim_loop_now(simulation->loop);
	agent_start(agent->agent);
}

static void stop(struct crew_agent *agent)
{
	agent->simulation->witness.n_decisions += hung_history_rounds(agent->history);
	agent->agent = agent_free(agent->agent);
	agent->wire = witness_wire_free(agent->wire);
	agent->http = sim_http_free(agent->http);
	agent->history = hung_history_free(agent->history);
	agent->log = log_free(agent->log);
}

static void on_start(struct alarm *alarm)
{
	struct crew_agent *agent = container_of(alarm, struct crew_agent, start);

	if (!agent->agent)
		start(agent);
}

void crew_init(struct simulation *simulation, int n_agents)
{
	simulation->crew.n_agents = n_agents;
	for (int i = 0; i < n_agents; i++) {
		struct crew_agent *agent = &simulation->crew.agents[i];

		agent->simulation = simulation;
		agent->number = i;
		text_format(agent->name, sizeof(agent->name), "agent-%d", i);
		text_format(agent->user_agent, sizeof(agent->user_agent), "serin/%d", i);
		agent->loop = sim_loop_seam_new(simulation->loop, span_ms(0));
		agent->start.ring = on_start;
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
	}
}

void crew_weather(struct simulation *simulation)
{
	struct instant now = sim_loop_now(simulation->loop);
	struct dice *dice = &simulation->faults.dice;

	for (int i = 0; i < simulation->crew.n_agents; i++) {
		struct crew_agent *agent = &simulation->crew.agents[i];

		if (!agent->agent)
			continue;
		if (faults_strike(&simulation->faults, FAULT_PAUSE, -1, now)) {
			struct span length = span_ms(dice_between(dice, 1000, 60000));

			story_tell(&simulation->story, agent->name, "is paused for %d ms",
			           (int)length.ms);
			agent->paused_until = instant_after(now, length);
			sim_loop_pause(agent->loop, agent->paused_until);
		}
		if (faults_strike(&simulation->faults, FAULT_CRASH, -1, now))
			agent->is_doomed = true;
	}
	crew_sweep(simulation);
}

void crew_sweep(struct simulation *simulation)
{
	struct dice *dice = &simulation->faults.dice;

	for (int i = 0; i < simulation->crew.n_agents; i++) {
		struct crew_agent *agent = &simulation->crew.agents[i];

		if (!agent->is_doomed)
			continue;
		agent->is_doomed = false;
		story_tell(&simulation->story, agent->name, "crashes");
		stop(agent);
		sim_loop_pause(agent->loop, (struct instant){0});
		alarm_start(sim_loop_seam(simulation->loop), &agent->start,
		            span_ms(dice_between(dice, 100, 20000)));
	}
}

void crew_mend(struct simulation *simulation)
{
	for (int i = 0; i < simulation->crew.n_agents; i++) {
		struct crew_agent *agent = &simulation->crew.agents[i];

		sim_loop_pause(agent->loop, (struct instant){0});
		alarm_cancel(&agent->start);
		if (!agent->agent)
			start(agent);
	}
}

int crew_sender(const struct http_request *request)
{
	for (size_t i = 0; i < request->n_headers; i++) {
		if (strcasecmp(request->headers[i].name, "User-Agent") == 0 &&
		    strncmp(request->headers[i].value, "serin/", 6) == 0)
			return request->headers[i].value[6] - '0';
	}
	return -1;
}
