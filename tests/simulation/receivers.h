/*
 * The receivers of hooks, at http://hooks/CANARY/TYPE, and of alerts, at …/alert: they agree,
 * unless a gate is closed for a while, the dice make them refuse, break or be silent, or somebody
 * calls for a rollback.
 */
#ifndef TESTS_SIMULATION_RECEIVERS_H
#define TESTS_SIMULATION_RECEIVERS_H

#include "agent/demo/sim_http.h"
#include "analysis/hook.h"
#include "tests/simulation/faults.h"

struct simulation;

struct receivers {
	struct instant closed_until[FAULT_CANARIES_MAX]; /* all gates of a canary */
};

/* The type of the hook that is called; HOOK_NONE when it is none. */
enum hook_type receivers_called(const struct http_request *request);

/* Some receiver is called: of a hook, or of alerts. */
bool receivers_are_called(const struct http_request *request);

/* What it answers. */
struct http_reply receivers_answer(struct simulation *simulation,
                                   const struct http_request *request, struct arena *arena);

/* It may never answer, though it was called. */
struct sim_http_fate receivers_fate(struct simulation *simulation,
                                    const struct http_request *request);

/* If a hook of this type is a check, one will fail that the version's quality does not explain. */
void receivers_excuse(struct simulation *simulation, enum hook_type type, int canary);

#endif
