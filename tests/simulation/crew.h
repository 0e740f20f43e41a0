/*
 * The agents of a simulation, and what happens to their processes.
 */
#ifndef TESTS_SIMULATION_CREW_H
#define TESTS_SIMULATION_CREW_H

#include "agent/agent.h"
#include "agent/demo/sim_http.h"
#include "tests/simulation/mortal.h"
#include "tests/simulation/witness_history.h"

#define CREW_MAX 3

struct sim_disk;
struct simulation;

struct crew_agent {
	struct simulation *simulation;
	int number;
	char name[16];       /* "agent-0" */
	int life;            /* how often it was started */
	char identity[24];   /* of this life: "agent-0.3" */
	char user_agent[24]; /* "serin/0.3" */
	struct loop *loop;
	struct sim_http *http;
	struct witness_wire *wire; /* between the agent and its network */
	struct sim_disk *disk;     /* outlives its processes */
	struct witness_line line;
	struct agent *agent; /* NULL: not running */
	struct log *log;     /* where the story is told; else NULL */
	struct alarm start;  /* when it comes back */
	struct instant paused_until;
	struct instant began;
	struct mortal mortal;       /* between its code and its seams */
	struct span skew;           /* of its clock */
	struct instant wrong_until; /* its clock jumped; not set: it is right but for the skew */
	struct instant shut_until;  /* it is cut off; not set: it is not */
	struct instant kill_at;     /* it is stopping: and is killed then; not set: it is not */
	bool is_doomed;             /* it died; it is taken away when its code has returned */
	bool has_stopped;           /* in order */
	bool is_to_stop;            /* in order, when its code has returned */
	struct instant tempted_until;
};

struct crew {
	struct crew_agent agents[CREW_MAX];
	int n_agents;
	struct span slowest; /* the clock that was behind most, of all processes so far … */
	struct span fastest; /* … and the one that was ahead most */
};

void crew_init(struct simulation *simulation, int n_agents);
void crew_fini(struct simulation *simulation);

/* Opportunities for their faults; called every now and then. */
void crew_weather(struct simulation *simulation);

/* The process stops for a while; its machine dies, and what it sent is still on its way. */
void crew_pause(struct simulation *simulation, int agent);
void crew_kill(struct simulation *simulation, int agent);

/* Something stands half done: now a crash, or a stop in order, would hurt, and is more likely. */
void crew_tempt(struct simulation *simulation, int agent);

/* Take away those that died in the last event. */
void crew_sweep(struct simulation *simulation);

/* Everything that is wrong with processes, clocks, disks and connections ends; all run. */
void crew_mend(struct simulation *simulation);

/* Who sent the request: the number of an agent, or -1. */
int crew_sender(const struct http_request *request);

/* Its life, as in its identity ("0.3" of "agent-0.3"); "" for no agent. */
const char *crew_sender_life(const struct http_request *request);

#endif
