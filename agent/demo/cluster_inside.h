/* What the files of the simulated cluster share; for nobody else. */
#ifndef AGENT_DEMO_CLUSTER_INSIDE_H
#define AGENT_DEMO_CLUSTER_INSIDE_H

#include "agent/demo/cluster.h"

#include <stdint.h>

struct cluster_pod {
	struct instant ready_at;  /* 0: never */
	struct instant breaks_at; /* 0: never */
};

/* A ReplicaSet: the pods of one template. */
struct cluster_set {
	struct cluster_set *next; /* the one created before */
	json_t *template;
	uint64_t revision;
	struct cluster_pod pods[CLUSTER_PODS_MAX];
	int64_t n_pods;
	int64_t wanted;       /* the Deployment's replicas when it was last scaled */
	int64_t wanted_surge; /* the same with maxSurge */
};

enum cluster_progress {
	CLUSTER_PROGRESS_NONE,
	CLUSTER_PROGRESS_CREATED,  /* NewReplicaSetCreated */
	CLUSTER_PROGRESS_UPDATED,  /* ReplicaSetUpdated */
	CLUSTER_PROGRESS_COMPLETE, /* NewReplicaSetAvailable */
	CLUSTER_PROGRESS_EXCEEDED, /* ProgressDeadlineExceeded */
};

struct cluster_counts {
	int64_t replicas;
	int64_t updated;
	int64_t ready;
	int64_t available;
};

/* What the spec of a Deployment asks for. */
struct cluster_wish {
	int64_t replicas;
	int64_t surge;
	int64_t unavailable;
	struct span min_ready;
	struct span deadline; /* 0: none */
	bool is_recreate;
	bool is_paused;
	int64_t history; /* empty old sets that are kept */
};

/* A Deployment, or a DaemonSet, whose replicas are its nodes. */
struct cluster_deployment {
	struct cluster_deployment *next;
	char *namespace;
	char *name;
	char *uid;
	bool is_daemon;
	bool is_there;           /* in this step */
	json_t *object;          /* as reconciled last; NULL: look at it in the next step */
	struct instant wakes_at; /* when it changes by itself; 0: never */
	json_t *spec;            /* as the controller last saw it; NULL: not yet */
	int64_t generation;      /* of that spec */
	int64_t next_generation; /* on its way to the controller */
	struct instant seen_at;  /* when it arrives */
	struct cluster_wish wish;
	struct cluster_set *sets;    /* newest first */
	struct cluster_set *current; /* of the spec's template; NULL: none yet */
	struct cluster_counts counts;
	struct cluster_counts told; /* the counts of before, which the status still has */
	struct instant told_until;  /* 0, or past: it has the counts as they are */
	enum cluster_progress progress;
	struct instant progress_at;
	struct instant progress_changed;
	struct instant available_changed;
	bool is_available;
};

/* What the garbage collector knows of the objects. */
struct cluster_garbage {
	json_t *owners;  /* metadata by uid, of all objects */
	size_t *n_bound; /* for each resource: objects with owners or finalizers */
	bool is_due;
};

struct cluster {
	struct cluster_options options;
	struct cluster_deployment *deployments;
	struct cluster_garbage garbage;
	struct apiserver_cursor cursor; /* the writes that were looked at */
	bool is_endpoints_due;
	bool are_routes_due;
	bool are_scalers_due;
	struct instant now;
	struct instant next;
	uint64_t revision; /* of the server after the last step */
};

/* cluster_rollout.c */
/* Read the spec; the template must be an object. */
void cluster_rollout_read(const json_t *spec, struct cluster_wish *ret);
void cluster_rollout_read_daemon(const json_t *spec, struct cluster_wish *ret);
/* One move towards the wish, or false when there is none to make now. */
bool cluster_rollout_move(struct cluster *cluster, struct cluster_deployment *deployment);
/* Drop old sets without pods beyond revisionHistoryLimit. */
void cluster_rollout_tidy(struct cluster_deployment *deployment);
/* What the set's own status says, which is what the Deployment's is made from, lags behind. */
struct cluster_counts cluster_rollout_told(const struct cluster_deployment *deployment,
                                           struct instant now);
struct cluster_counts cluster_rollout_count(const struct cluster_deployment *deployment,
                                            struct instant now);

/* cluster_set.c */
struct cluster_set *cluster_set_new(json_t *template, uint64_t revision);
void cluster_set_free(struct cluster_set *set);
/* Create or remove pods until there are n. Those that are not ready go first, then the newest. */
void cluster_set_scale(struct cluster *cluster, struct cluster_set *set, int64_t n);
int64_t cluster_set_ready(const struct cluster_set *set, struct instant now);
int64_t cluster_set_available(const struct cluster_set *set, struct span min_ready,
                              struct instant now);
/* When one of its pods changes next, 0 for never. */
struct instant cluster_set_next(const struct cluster_set *set, struct span min_ready,
                                struct instant now);
/* Take the readiness of up to n ready pods; returns of how many. */
size_t cluster_set_break(struct cluster_set *set, size_t n, struct instant now);

/* New pods in the place of those that never get ready; returns how many. */
size_t cluster_set_mend(const struct cluster *cluster, struct cluster_set *set);

/* cluster_status.c */
/* "deployments", "daemonsets" */
const char *cluster_status_plural(const struct cluster_deployment *deployment);
/* Compare the counts with the last ones: is the rollout progressing? */
void cluster_status_judge(struct cluster *cluster, struct cluster_deployment *deployment);
/* Write the status, if it changed. */
void cluster_status_write(struct cluster *cluster, struct cluster_deployment *deployment,
                          const json_t *object);

/* cluster_gc.c */
void cluster_gc_init(struct cluster *cluster);
void cluster_gc_fini(struct cluster *cluster);
/* Look at one write, or anew at everything. Both note whether there may be garbage now. */
void cluster_gc_note(struct cluster *cluster, const struct apiserver_news *news);
void cluster_gc_note_all(struct cluster *cluster);
/* One pass, if it is due; true when it wrote something. */
bool cluster_gc_pass(struct cluster *cluster);

/* cluster_endpoints.c */
/* Does this write concern the EndpointSlices? */
bool cluster_endpoints_concerned(const struct apiserver_news *news);
/* Bring them up to date, if it is due. */
void cluster_endpoints_write(struct cluster *cluster);

/* cluster_routes.c: the controller of Gateways and Services that routes of the Gateway API name */
/* Does this write concern it? */
bool cluster_routes_concerned(const struct apiserver_news *news);
/* Say of each route that it is taken in, if it is due. */
void cluster_routes_write(struct cluster *cluster);

/* cluster_scalers.c: HorizontalPodAutoscalers and KEDA's ScaledObjects */
/* Does this write concern them? */
bool cluster_scalers_concerned(const struct apiserver_news *news);
/* Scale Deployments as they say, if it is due. */
void cluster_scalers_act(struct cluster *cluster);

/* cluster.c: a request of the controllers; takes the body's reference. True when it succeeded. */
bool cluster_send(struct cluster *cluster, enum http_method method, const char *url,
                  const char *type, json_t *body);

#endif
