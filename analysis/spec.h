/*
 * A Canary resource as `decide` sees it: typed, defaults filled in, limits checked.
 *
 * Query texts, addresses and object bodies are not here: decisions do not depend on them.
 * providers/kube/canary.c fills a spec from JSON; every refusal it makes names the field's path.
 */
#ifndef ANALYSIS_SPEC_H
#define ANALYSIS_SPEC_H

#include "analysis/base/instant.h"
#include "analysis/hook.h"
#include "analysis/severity.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SPEC_STEPS_MAX   100
#define SPEC_CHECKS_MAX  32
#define SPEC_HOOKS_MAX   32
#define SPEC_ALERTS_MAX  8
#define SPEC_WEIGHT_FULL 100

enum strategy {
	STRATEGY_NONE,
	STRATEGY_CANARY,     /* weights rise by steps */
	STRATEGY_AB,         /* matching requests go to the canary, counted in iterations */
	STRATEGY_BLUE_GREEN, /* no live traffic until the last iteration passed */
};

enum check_kind {
	CHECK_NONE,
	CHECK_SUCCESS_RATE, /* builtin, percent */
	CHECK_DURATION,     /* builtin, milliseconds */
	CHECK_VALUE,        /* inline query or MetricTemplate */
};

/* One metric of analysis.metrics[] that is asked (an entry with a builtin name and a query is two
 * checks). */
struct check_spec {
	const char *name;
	enum check_kind kind;
	bool has_min;
	bool has_max;
	double min; /* inclusive */
	double max; /* inclusive */
};

/* Where and how it is called is not decided on: providers/kube/canary_webhook.h. */
struct hook_spec {
	const char *name;
	enum hook_type type;
	uint64_t question; /* of type, name, URL and metadata: another one is another question */
	bool is_muted;     /* muteAlert: that it is closed is no alert */
};

/* Where alerts go. By which AlertProvider: providers/kube/canary_alert.h. */
struct alert_spec {
	enum severity severity; /* the least one that it is told */
	uint64_t receiver;      /* of severity and AlertProvider: another one is another receiver;
	                           never 0 */
};

/* What people edit. */
enum target_kind {
	TARGET_DEPLOYMENT,
	TARGET_DAEMON_SET, /* a pod on each node that it may run on, or, told so, on none */
	TARGET_SERVICE, /* no pods of ours: its spec is what is analysed, and it is the apex; what
	                   the primary's and the canary's Services are is copied from it */
};

/* Who sets the number of pods, if not the Canary's user. */
enum scaler_kind {
	SCALER_NONE,
	SCALER_HPA,  /* HorizontalPodAutoscaler: leaves a workload without pods alone */
	SCALER_KEDA, /* ScaledObject: has to be told to */
};

/* What the traffic provider can do; filled in from its table row. */
struct route_ability {
	bool weighs;        /* it can give the canary a share; false: there is no route object
	                       (`kubernetes`) */
	bool matches;       /* it can send matching requests to the canary */
	bool sticks;        /* it can keep a client where it was sent, by cookies */
	bool mirrors;       /* it can copy requests to the canary, whose answers nobody gets */
	bool names_primary; /* its objects send requests to the primary's Service, past the apex:
	                       what that selects is where clients are */
	struct span reach;  /* how long after pods got ready those who send requests may not know
	                       of them: endpoints are told on another way than routes */
	struct span hold; /* measured: how long after a write the old weights may still be served */
};

/* Whom cookies keep; what else is said of them (age, path) is not decided on. */
struct affinity_spec {
	const char *cookie; /* of those whom the canary answered; NULL: nobody is kept */
	const char
		*primary_cookie; /* of those whom the primary answered; NULL: they are not kept */
};

/* All texts are owned by whoever filled the spec (one arena per generation). */
struct canary_spec {
	const char *name;
	const char *k8s_namespace;
	enum target_kind target_kind;
	const char *target;   /* its name */
	const char *primary;  /* "<target>-primary" */
	const char *provider; /* "nginx", "kubernetes" */
	enum scaler_kind scaler_kind;
	const char *scaler;         /* of the target; NULL: none */
	const char *primary_scaler; /* "<scaler>-primary" */
	struct route_ability route;
	bool suspend;
	bool reverts; /* revertOnDeletion: the deleted Canary stays until all is given back */
	bool skip_analysis;
	bool no_data_fails; /* analysis.noData: fail */
	enum strategy strategy;
	bool mirror; /* analysis.mirror: copies of requests, before the first weight or during the
	                iterations of blue/green */
	struct affinity_spec affinity;
	int step_weight;
	int max_weight; /* 1..100 */
	int step_weights[SPEC_STEPS_MAX];
	size_t n_step_weights;
	int step_weight_promotion; /* 0..100: how far each step back goes; 0: all at once */
	int iterations;
	int threshold; /* >= 1: the failed check that ends the run */
	struct span interval;
	struct span progress_deadline;
	int primary_ready_percent; /* 1..100 */
	int canary_ready_percent;  /* 1..100 */
	struct check_spec checks[SPEC_CHECKS_MAX];
	size_t n_checks;
	struct hook_spec hooks[SPEC_HOOKS_MAX];
	size_t n_hooks;
	struct alert_spec alerts[SPEC_ALERTS_MAX];
	size_t n_alerts;
};

#endif
