/*
 * A stage for whole agents: the in-tree API server with its controllers, a metrics server, and
 * agents that come and go, in one process and virtual time.
 */
#ifndef TESTS_SIMULATION_STAGE_H
#define TESTS_SIMULATION_STAGE_H

#include "agent/agent.h"
#include "agent/demo/apiserver.h"
#include "agent/demo/sim_http.h"
#include "agent/demo/sim_loop.h"

#include <jansson.h>
#include <stdio.h>

#define STAGE_AGENTS 2

/* What happens to one write of an agent. */
enum stage_fault {
	STAGE_FAULT_NONE,
	STAGE_FAULT_CRASH,    /* it takes effect, then the agent is killed; another starts with an
	                         empty disk */
	STAGE_FAULT_LOST,     /* it takes effect, its reply is lost */
	STAGE_FAULT_CONFLICT, /* 409, no effect */
	STAGE_FAULT_TEST, /* 422 of a failed JSON-patch test, no effect; other writes go through */
	STAGE_FAULT_MAX,
};

struct stage;
struct trace;

struct stage *stage_new(uint64_t seed);
struct stage *stage_free(struct stage *stage);

/* Agent NUMBER (0 or 1) starts, with nothing but the cluster to know from; or is killed. */
void stage_start(struct stage *stage, int number);
void stage_kill(struct stage *stage, int number);
struct agent *stage_agent(struct stage *stage, int number);
struct loop *stage_loop(struct stage *stage, int number);
struct sim_http *stage_http(struct stage *stage, int number);
struct history *stage_history(struct stage *stage, int number); /* a hung_history */

struct sim_loop *stage_sim(struct stage *stage);
struct apiserver *stage_server(struct stage *stage);
struct cluster *stage_cluster(struct stage *stage);

/* A person writes; asserts that it was accepted. BODY is JSON, for HTTP_PATCH a merge
 * patch, or a JSON patch when it is a list. */
void stage_write(struct stage *stage, enum http_method method, const char *url, const char *body);

/* The usual cast in namespace shop: Deployment cart with image VERSION, an Ingress, and a Canary of
 * that provider. */
void stage_deploy(struct stage *stage, const char *version);
void stage_canary(struct stage *stage, const char *provider, const char *analysis);

/* The same with a DaemonSet, whose spec.updateStrategy is UPDATE as JSON; the Canary of a target of
 * that KIND. */
void stage_deploy_daemon(struct stage *stage, const char *update, const char *version);
void stage_canary_of(struct stage *stage, const char *kind, const char *provider,
                     const char *analysis);

/* The same of the Deployment with the autoscaler "load" of that kind. */
void stage_canary_scaled(struct stage *stage, const char *scaler, const char *provider,
                         const char *analysis);

/* A new image for the target. */
void stage_push(struct stage *stage, const char *version);
void stage_push_daemon(struct stage *stage, const char *version);

/* Canary.status.phase, "" for none. */
const char *stage_phase(struct stage *stage);

/* What was seen of the Canary from outside since the start, or since trace_clear. */
struct trace *stage_trace(struct stage *stage);

/* An object as stored, or NULL. */
const json_t *stage_find(struct stage *stage, const char *plural, const char *name);

/* What the metrics server says from now on: NaN for no data. */
void stage_metrics(struct stage *stage, double success_rate, double duration_ms);
void stage_metrics_down(struct stage *stage, bool is_down);

/* What the agents of the stage count. */
const struct metrics *stage_measured(const struct stage *stage);

/* When it answered last. */
struct instant stage_answered(const struct stage *stage);

/*
 * The receivers of hooks at http://hooks/PATH: from now on those whose path begins with PATH answer
 * STATUS and BODY; 0: they take the request and are silent. Before, each answers 200.
 */
void stage_hook(struct stage *stage, const char *path, int status, const char *body);

/* Agents that start from now on have --config-copies=flagger. */
void stage_keep_copy_names(struct stage *stage);

/* What agents that start from now on log and record goes to STREAM, which is the caller's. */
void stage_listen(struct stage *stage, FILE *stream);

/* The calls since the start, one per line: path and phase, or an alert's
 * text. */
const char *stage_hooks(struct stage *stage);

/* Run for so long, or until Canary.status.phase is PHASE; false when it is not after SECONDS. */
void stage_run(struct stage *stage, int seconds);
void stage_run_ms(struct stage *stage, int ms);
bool stage_run_to(struct stage *stage, const char *phase, int seconds);

/* The Nth write (from 1) that agents make from now on meets FAULT. */
void stage_fault(struct stage *stage, enum stage_fault fault, size_t nth);

/* From now on removals whose URL has PART, which is the caller's, arrive so much later, and replies
 * of hooks and patches and events of watches so. */
void stage_slow(struct stage *stage, const char *part, int ms);

/* What agents read at URLs that end with PART, which is the caller's, is from now on answered with
 * 503; NULL: no more. */
void stage_break(struct stage *stage, const char *part);

/* Writes that agents made since the last call of stage_fault, leases aside. */
size_t stage_writes(const struct stage *stage);

/* Writes of an agent that took effect while the Lease named another: what a process that is paused
 * meanwhile had sent already may come so late, and then fails its tests. */
size_t stage_strays(const struct stage *stage);

/*
 * The cluster as text, without what differs from run to run: times, versions, uids. Owned by the
 * caller.
 */
char *stage_describe(struct stage *stage);

/* The steps that Releases took since the start: phase, weight, iteration and failed checks, one per
 * line, each once. */
const char *stage_steps(struct stage *stage);

#endif
