/*
 * What is really so, and what must therefore become of it: the canaries, the versions that people
 * push, how good each is, and the oracle that names the end.
 *
 * A version's image is "web:<n>-<quality>", so that its quality can be read from any template.
 */
#ifndef TESTS_SIMULATION_TRUTH_H
#define TESTS_SIMULATION_TRUTH_H

#include "analysis/base/instant.h"
#include "tests/simulation/faults.h"

#include <jansson.h>
#include <stdbool.h>

enum quality {
	QUALITY_GOOD,
	QUALITY_SLOW,    /* answers after 2 s */
	QUALITY_FAILING, /* 500 for a tenth of the requests */
	QUALITY_STUCK,   /* its pods never become ready */
	QUALITY_WEAK,    /* … as the primary's, which canaries do not show */
	QUALITY_MAX,
};

#define TRUTH_TAG_MAX      24
#define TRUTH_VERSIONS_MAX 64
#define TRUTH_STEPS_MAX    3
#define TRUTH_ANY_REPLICAS (-2)
#define TRUTH_SILENCE_MS   110000 /* for so long a watch may be silent before it is opened again */

/* A version that was pushed, and what happened to the runs that analysed it. */
struct truth_version {
	char tag[TRUTH_TAG_MAX];
	/*
	 * Something happened that may rightly end a run of it otherwise than its quality says. A
	 * good one: its check failed as often as the threshold says (the metrics were wrong, its
	 * pods broke), no check was measured, or pods were not ready, for as long as the deadline.
	 * A bad one: an answer spoke for it, because other pods stood behind its Service, or it
	 * was never analysed.
	 */
	bool may_fail;
	bool may_pass;
	int n_fails; /* answers that speak against it, which its quality does not explain */
	struct instant dark_since; /* a check was not measured, and none was since; 0: all were */
	char excuse[80];
};

/* How the metrics are asked. */
enum truth_asking {
	TRUTH_ASK_BUILTIN,
	TRUTH_ASK_INLINE,   /* of the pods themselves, so also at weight 0 */
	TRUTH_ASK_TEMPLATE, /* the same with a MetricTemplate */
};

struct truth_canary {
	char name[16];     /* of Canary and Deployment; no name is part of another */
	char service[24];  /* of the apex Service */
	const char *space; /* namespace */
	const char *provider;
	enum truth_asking asking;
	bool asks_tightly;          /* other bounds, with which each version is as good or bad */
	unsigned hooks;             /* 1 << HOOK_…: of which types it has one */
	bool has_alerts;            /* to a chat of its own */
	bool has_cookies;           /* clients of the canary stay there, by a cookie */
	bool has_scaler;            /* a HorizontalPodAutoscaler "<name>-load" of the target */
	bool has_config;            /* a ConfigMap "<name>-env", which its pods mount */
	int config;                 /* … what it holds */
	bool is_daemon;             /* its target is a DaemonSet */
	bool skips;                 /* skipAnalysis */
	struct instant skips_until; /* an agent may still believe so: its watch was silent */
	bool empties;               /* a rollout takes away all pods before it makes new ones */
	bool is_invalid;            /* its spec was spoilt */
	int interval;               /* seconds */
	int threshold;              /* 0 counts as 1 */
	int threshold_least;        /* … the least of those that an agent may go by */
	int deadline;               /* progressDeadlineSeconds */
	int deadline_least;
	struct instant edited;      /* one of the two, the last time */
	int steps[TRUTH_STEPS_MAX]; /* stepWeights */
	int n_steps;
	int step;       /* stepWeight; 0: not by this */
	int max;        /* maxWeight; 0: not set */
	int iterations; /* blue/green */
	int replicas;
	int target_port;
	bool is_there;   /* the Canary exists and is not being deleted */
	bool is_leaving; /* it was deleted: what is ours must go */
	bool has_target;
	bool is_led_astray; /* somebody gave the apex Service another selector, or took its pods */
	bool is_stripped;   /* a mark of ours was taken off an object, which is then not ours */
	/* What somebody else wrote into the target since the last Release was made; -1: nothing,
	 * TRUTH_ANY_REPLICAS: a number that is not known. */
	int foreign_replicas;
	bool is_scaled_away;         /* somebody gave the target no pods, for a while */
	struct instant broken_since; /* pods are, or the target is away; 0: all is well */
	int n_versions;
	int n_meddled;              /* times in a row that somebody else wrote the route */
	struct instant meddled;     /* … the last one */
	struct instant borne_until; /* … and until then it may be left as it is */
	struct truth_version versions[TRUTH_VERSIONS_MAX];
	int live;     /* the version that the target has */
	int promoted; /* the one that the primary has; -1: none yet */
};

struct truth {
	struct truth_canary canaries[FAULT_CANARIES_MAX];
	int n_canaries;
};

/* The cast of a seed. */
void truth_init(struct truth *truth, uint64_t seed);

/* One canary with these settings (name, provider, steps, …); its first version is good. */
void truth_alone(struct truth *truth, const struct truth_canary *canary);

/* "3-good" */
const char *truth_live(const struct truth_canary *canary);
/* The version in an image or tag ("web:3-good"), or NULL. */
struct truth_version *truth_version_find(struct truth_canary *canary, const char *image_or_tag);
enum quality truth_quality(const char *image_or_tag);
const char *quality_name(enum quality quality);

/* The next version of that quality; it is live from now on. False when there were too many. */
bool truth_push(struct truth_canary *canary, enum quality quality);

/* An earlier version is live again. */
void truth_revert(struct truth_canary *canary, int version);

/* Runs of the version may end badly, or well, whatever its quality. VERSION may be NULL. */
void truth_may_fail(struct truth_version *version, const char *why);
void truth_may_pass(struct truth_version *version, const char *why);

/* Somebody else set the target's replicas. */
void truth_scaled(struct truth_canary *canary, int replicas);

/* Somebody else wrote the route: from the fourth time in a row on what they changed is put right
 * with waits. */
void truth_meddled(struct truth_canary *canary, struct instant now);

/* An answer spoke against a version whose quality does not explain it. */
void truth_failed(struct truth_canary *canary, struct truth_version *version);

/* People write another threshold or deadline: runs may go by those before for a while, and what
 * failed already counts by the new threshold; what was not measured, by the deadline before. */
void truth_edited(struct truth_canary *canary, int threshold, int deadline, struct instant now);

/* A question of its check was not answered; a check of it was measured; its run ended badly. */
void truth_unmeasured(struct truth_version *version, struct instant now);
void truth_measured(struct truth_version *version);
void truth_ended(const struct truth_canary *canary, struct truth_version *version,
                 struct instant now);

/* Pods of the canary's are broken, and will be until END. */
void truth_broken(struct truth_canary *canary, struct truth_version *version, struct instant now,
                  struct instant end);

/* "deployments", or "daemonsets" */
const char *truth_plural(const struct truth_canary *canary);

/* The canary whose name stands in a text ("/apis/…/cart-primary", a query), or -1. */
int truth_find(const struct truth *truth, const char *text);

/* truth_manifest.c: JSON manifests; texts are owned by the caller (free). */
char *truth_workload(const struct truth_canary *canary);
char *truth_ingress(const struct truth_canary *canary);
char *truth_resource(const struct truth_canary *canary);
char *truth_metric_template(const struct truth_canary *canary);
char *truth_config(const struct truth_canary *canary);
char *truth_scaler(const struct truth_canary *canary);
char *truth_alert_provider(const struct truth_canary *canary);
/* Its spec.analysis, as a merge patch of the Canary with the fields that people edit. */
char *truth_edit(const struct truth_canary *canary);

#endif
