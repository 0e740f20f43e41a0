/*
 * An agent as a value: canaries, the collections they live in, and the lease, over the seams. Two
 * agents run in one process; nothing here is global.
 */
#ifndef AGENT_AGENT_H
#define AGENT_AGENT_H

#include "agent/follow.h"
#include "agent/history.h"
#include "agent/http.h"
#include "agent/loop.h"
#include "providers/canary_world.h"

#include <stdio.h>

struct agent;
struct canary;
struct log;
struct metrics;
struct poison;

/* Outlive the agent. */
struct agent_seams {
	struct loop *loop;
	struct http *http;
	struct history *history;
	struct log *log;
	struct metrics *metrics;
	struct poison *poison; /* NULL: no quarantine */
	follow_sink *seen;     /* told what is followed, too; NULL: nobody is */
	void *seen_user;
};

/* Texts and options outlive the agent. */
struct agent_settings {
	struct provider_options options;
	const char *k8s_namespace; /* NULL: all */
	const char *lease_namespace;
	const char *lease_name;
	const char *identity; /* unique for this process */
	bool observes;        /* splits that no Canary has are recorded, where that is asked for */
};

struct agent *agent_new(const struct agent_seams *seams, const struct agent_settings *settings);

/* Stop at once, as a crash would; accepts NULL, returns NULL. */
struct agent *agent_free(struct agent *agent);

/* Follow the collections and seek the lease. */
void agent_start(struct agent *agent);

/*
 * Stop in order: nothing new is begun, writes under way end, the lease is handed over. STOPPED is
 * called once, from the loop.
 */
void agent_stop(struct agent *agent, void (*stopped)(void *user), void *user);

/* Everything was listed, and the lease is ours or somebody else's. */
bool agent_is_ready(const struct agent *agent);

/* The lease is ours, and all is listed since it was won. */
bool agent_is_leading(struct agent *agent);

/* Who holds the lease; "" for nobody. */
const char *agent_holder(const struct agent *agent);

/* Visit the canaries in no particular order. */
void agent_each(struct agent *agent, void (*visit)(void *user, struct canary *canary), void *user);

/* Bring the gauges that speak of canaries up to date; before they are shown. */
void agent_measure(struct agent *agent);

#endif
