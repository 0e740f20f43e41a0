/*
 * The demo's users and their NGINX: requests that come to an Ingress, drawn from a seeded
 * generator, are split between the Services by the live annotations of the canary Ingress, and
 * answered by the pods that stand behind them. Counted as ingress-nginx counts them.
 *
 * How fast and how well a pod answers depends on its image's tag alone: v3 and whatever holds
 * "slow" answers late, v4 and whatever holds "broken" answers one request of twenty with 500, all
 * others answer well.
 */
#ifndef AGENT_DEMO_DEMO_TRAFFIC_H
#define AGENT_DEMO_DEMO_TRAFFIC_H

#include "agent/demo/apiserver.h"
#include "agent/demo/cluster.h"
#include "agent/demo/demo_series.h"

#include <stdint.h>

#define DEMO_TRAFFIC_TICK_MS      100
#define DEMO_TRAFFIC_VERSIONS_MAX 16
#define DEMO_TRAFFIC_TAG_MAX      32

struct demo_traffic;

/* Everything outlives the traffic; texts are borrowed. */
struct demo_traffic_options {
	const struct apiserver *server;
	const struct cluster *cluster;
	struct demo_series_store *series;
	const char *k8s_namespace;
	const char *ingress; /* the canary's is INGRESS-canary */
	uint64_t seed;
	unsigned per_tick; /* requests in a tick on average */
};

struct demo_traffic *demo_traffic_new(const struct demo_traffic_options *options);

/* Accepts NULL, returns NULL. */
struct demo_traffic *demo_traffic_free(struct demo_traffic *traffic);

/* The requests of one tick. */
void demo_traffic_tick(struct demo_traffic *traffic);

/* What one version answered since the start. */
struct demo_traffic_version {
	char tag[DEMO_TRAFFIC_TAG_MAX];
	uint64_t n_requests;
	uint64_t n_slow;   /* later than half a second */
	uint64_t n_errors; /* 5xx */
};

/* The version of that tag; zeros when it never answered. "": no pod at all, 503 from NGINX itself.
 */
struct demo_traffic_version demo_traffic_version(const struct demo_traffic *traffic,
                                                 const char *tag);

struct demo_traffic_counts {
	uint64_t n_requests;
	uint64_t n_canary; /* those that the canary's backend answered */
};

/* Since the start, and in the last ten seconds. */
struct demo_traffic_counts demo_traffic_all(const struct demo_traffic *traffic);
struct demo_traffic_counts demo_traffic_recent(const struct demo_traffic *traffic);

/* The share that the canary Ingress asks for now, 0 to 100. */
int demo_traffic_weight(const struct demo_traffic *traffic);

#endif
