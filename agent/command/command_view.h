/*
 * One canary as people are shown it: its Canary beside its Releases. Only what the resources say;
 * what they do not say is left out.
 */
#ifndef AGENT_COMMAND_COMMAND_VIEW_H
#define AGENT_COMMAND_COMMAND_VIEW_H

#include "agent/command/command_run.h"

#define COMMAND_VIEW_LAST_MAX 5

/* Texts live in an arena or are borrowed from the Canary; never NULL, "" means none. */
struct command_view {
	const json_t *object; /* the Canary */
	const char *name;
	const char *k8s_namespace;
	const char *phase;    /* of the Canary: "Progressing", "Succeeded"; "" before anything */
	const char *message;  /* of its condition Promoted */
	const char *refusal;  /* why its spec is not served */
	const char *target;   /* "Deployment/cart" */
	const char *provider; /* "" when the agent's own default rules */
	bool is_suspended;
	int weight; /* the canary's share as set, percent */
	bool has_seen;
	double seen; /* as the counters say, percent */
	int failed_checks;
	int threshold; /* 0: not known */
	int step;      /* of n_steps; 0: before the first */
	int n_steps;   /* 0: not known */
	struct span interval;
	struct span elapsed;  /* of the run in hand */
	struct span estimate; /* of the whole analysis when every check passes; 0: not known */
	struct instant next_at;
	const char *next;               /* what comes next, a sentence without time */
	const struct command_run *run;  /* the newest release; NULL: none */
	bool is_open;                   /* it is under way */
	const struct command_run *last; /* those before, newest first; without the open one */
	size_t n_last;                  /* at most COMMAND_VIEW_LAST_MAX */
};

struct command_views {
	struct command_view *views;
	size_t n_views;
};

/* The Canaries of ITEMS by namespace and name, with their RUNS. All arguments must outlive what is
 * returned. */
struct command_views command_view_read(const json_t *items, const struct command_runs *runs,
                                       struct instant now, struct arena *arena);

/* As docs/schema/status.json has it: {"canaries": […]}. */
json_t *command_view_tree(const struct command_views *views, struct instant now);

#endif
