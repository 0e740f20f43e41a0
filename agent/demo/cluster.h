/*
 * The controllers of a cluster, simulated beside an API server: they roll Deployments and
 * DaemonSets out, collect the garbage of deleted owners, keep EndpointSlices and scale as
 * autoscalers say, in the caller's time. ReplicaSets and pods are no objects of the API; their
 * counts can be asked for here.
 *
 * As the real ones: observedGeneration, RollingUpdate (maxSurge rounded up, maxUnavailable down,
 * proportional scaling) and Recreate, minReadySeconds, progressDeadlineSeconds, paused, conditions
 * Available and Progressing, the annotation deployment.kubernetes.io/revision, old templates found
 * again; counts of zero are left out of the status. Simpler: a pod that is scaled away is gone at
 * once.
 */
#ifndef AGENT_DEMO_CLUSTER_H
#define AGENT_DEMO_CLUSTER_H

#include "agent/demo/apiserver.h"

#include <jansson.h>

/* How many nodes there are for the pods of DaemonSets. */
#define CLUSTER_NODES 2

/* More pods of one Deployment than this are not simulated; the rest is never created. */
#define CLUSTER_PODS_MAX 1000

struct cluster;

/* What becomes of a pod. */
struct cluster_behaviour {
	bool is_never_ready;
	struct span ready_after;  /* its creation */
	struct span breaks_after; /* being ready; 0: never */
};

struct cluster_options {
	struct apiserver *server; /* must outlive the cluster */
	struct span delay;        /* from a write until a controller acts on it */
	struct span lag; /* from then until a Deployment's status has its ReplicaSet's counts */
	/* Asked for each pod that is created; template is the pod template. NULL: ready after one
	 * second. */
	struct cluster_behaviour (*behaviour)(void *user, const json_t *template);
	void *user;
	bool has_endpoints; /* keep EndpointSlices for Services with a selector */
};

struct cluster *cluster_new(const struct cluster_options *options);

/* Accepts NULL, returns NULL. */
struct cluster *cluster_free(struct cluster *cluster);

/*
 * Let the controllers act on all that is there. Returns when they want to be called again even if
 * nothing is written, 0 for never. Time does not run backwards.
 */
struct instant cluster_step(struct cluster *cluster, struct instant now);

/* Pods with one template. Texts and template are valid until the next step. */
struct cluster_pods {
	const char *namespace;
	const char *deployment;
	const json_t *template;
	size_t n_pods;
	size_t n_ready;
};

/*
 * The pods whose labels match a selector (label: value; NULL selects none, {} all), by template, as
 * of the last step: at most MAX are written, the number found is returned.
 */
size_t cluster_select(const struct cluster *cluster, const char *namespace, json_t *selector,
                      struct cluster_pods *ret, size_t max);

/* The same for what a Service selects; none when there is no such Service. */
size_t cluster_backends(const struct cluster *cluster, const char *namespace, const char *service,
                        struct cluster_pods *ret, size_t max);

/* The ready pods among those that a selector selects. */
size_t cluster_ready_pods(const struct cluster *cluster, const char *namespace, json_t *selector);

/* Make N ready pods of a Deployment unready for good, from the next step on. Returns how many there
 * were. */
size_t cluster_break_pods(struct cluster *cluster, const char *namespace, const char *deployment,
                          size_t n);

/* Replace the pods of a Deployment that are not ready, and would not be, by new ones. Returns how
 * many there were. */
size_t cluster_mend_pods(struct cluster *cluster, const char *namespace, const char *deployment);

#endif
