/*
 * What `decide` wants: questions, or changes, or nothing, with a reason and the time to look again.
 *
 * A plan says everything that is wanted now. An effect that is already under way is not started
 * twice; one that is under way and no longer wanted is cancelled. Effects of one plan are
 * independent of each other.
 */
#ifndef ANALYSIS_PLAN_H
#define ANALYSIS_PLAN_H

#include "analysis/facts.h"

#define PLAN_EFFECTS_MAX (SPEC_CHECKS_MAX + NOTICES_MAX + SPEC_ALERTS_MAX + 18)

enum effect_kind {
	EFFECT_NONE,
	/* questions */
	EFFECT_OBSERVE,       /* read `subject` once, consistently */
	EFFECT_MEASURE,       /* ask check number `index`, for the check due at `check` */
	EFFECT_MEASURE_SHARE, /* ask which share of the requests the canary answered */
	EFFECT_FIND_RELEASE,  /* read the Release named `earlier` */
	EFFECT_ASK_HOOK,      /* ask hook number `index`, for the check due at `check` */
	EFFECT_COMPARE, /* compare the target's template with the newest and the promoted Release's
	                 */
	/* changes */
	EFFECT_CREATE_RELEASE,  /* number, cause, previous, replicas; template read anew and tested
	                           against digest, configs against theirs; an undo takes those of
	                           `earlier` and tests the target against `handled`; the first of an
	                           adoption finds out what the primary with `old_release_uid` runs */
	EFFECT_SAVE_RELEASE,    /* replace the status of Release `release` by `status` */
	EFFECT_WRITE_SERVICE,   /* create or correct the Service `subject`, selecting `backend` */
	EFFECT_WRITE_ROUTE,     /* create or correct the route, canary weight `weight`, with copies
	                           if `is_mirrored` */
	EFFECT_CREATE_PRIMARY,  /* from the template of Release `release`, copies of its configs
	                           first */
	EFFECT_WRITE_PRIMARY,   /* the template of Release `release`, replacing that of
	                           `old_release_uid`; unless it is a retreat, copies first */
	EFFECT_TAKE_PRIMARY,    /* the primary that Flagger made is not garbage-collected with its
	                           Canary any more: its metadata alone */
	EFFECT_SCALE,           /* workload `subject` to `replicas`; the primary's autoscaler: at
	                           least so many; the target's: 0 pins it at no pods, else it is let
	                           go */
	EFFECT_WRITE_SCALER,    /* create or correct the primary's autoscaler, as the target's, with
	                           at least `replicas` pods */
	EFFECT_WRITE_MIRROR,    /* Canary.status */
	EFFECT_WRITE_FINALIZER, /* the Canary's: put it on if `number` is 1, take it off if it is
	                           0 */
	EFFECT_NOTIFY,          /* post notice `notice` as an Event */
	EFFECT_TELL_HOOK,       /* tell hook number `index`, of type event, notice `notice` */
	EFFECT_ALERT,           /* tell receiver number `index` of alerts the alert `notice` */
	EFFECT_REMOVE,          /* delete what we made as `subject` (precondition: its UID) */
	EFFECT_RESTORE,         /* give a taken-over `subject` back as it was */
	EFFECT_ANSWER,          /* tell whoever asked by the Action what became of it */
	EFFECT_REMOVE_RELEASES, /* delete Releases beyond those that are kept, or all at teardown */
};

/* What Canary.status should say. */
struct mirror {
	char phase[24]; /* Flagger's phase names */
	int weight;
	int failed_checks;
	int iterations;
	char last_applied[DIGEST_MAX];
	char last_promoted[DIGEST_MAX];
	char tracked[DIGEST_MAX];      /* of trackedConfigs, which … */
	char tracked_by[NAME_MAX_K8S]; /* … this Release tells; "": it stays as it is */
	struct mirror_cookies cookies;
	char message[SENTENCE_MAX]; /* of condition Promoted */
	char refusal[SENTENCE_MAX]; /* not empty: condition Ready False */
	char refusal_reason[32];
};

/* What is told to whoever asked by an Action. */
struct action_answer {
	char name[NAME_MAX_K8S]; /* the Action's */
	char uid[UID_MAX];
	bool is_refused;
	char text[SENTENCE_MAX];
};

struct effect {
	enum effect_kind kind;
	enum subject subject; /* whose slot counts its failures */
	bool is_retreat; /* waits for no acknowledgement, carries no resourceVersion (but that of a
	                    route that keeps a weight), retries at once */
	size_t index;
	uint64_t question; /* of a hook, in this run; of an alert: its receiver */
	char phase[24];    /* Flagger's, as hooks are told */
	int weight;
	bool is_mirrored;
	struct cookies cookies; /* EFFECT_WRITE_ROUTE */
	int replicas;
	enum backend backend; /* EFFECT_WRITE_SERVICE; of a first Release, where the clients are */
	struct instant check; /* of measurements: the check's due time; of the mirror, notices and
	                         answers: now */
	char release[NAME_MAX_K8S];
	char release_uid[UID_MAX];
	char old_release_uid[UID_MAX];
	char digest[DIGEST_MAX];
	char configs[DIGEST_MAX];  /* EFFECT_CREATE_RELEASE: what they are to hold; of a hook: what
	                              the run's do */
	char resource_version[24]; /* the version it was decided on; "" for none */
	int number;
	int primary_replicas;
	enum release_cause cause;
	struct release_status status; /* EFFECT_SAVE_RELEASE */
	struct mirror mirror;         /* EFFECT_WRITE_MIRROR */
	struct notice notice;         /* EFFECT_NOTIFY, EFFECT_TELL_HOOK, EFFECT_ALERT */
	struct action_answer answer;  /* EFFECT_ANSWER */
	struct action_mark action;    /* EFFECT_CREATE_RELEASE: who asked for it; uid "": nobody */
	char earlier[NAME_MAX_K8S];   /* EFFECT_FIND_RELEASE, and of an undo */
	char earlier_uid[UID_MAX];
	char handled[DIGEST_MAX];
	char handled_configs[DIGEST_MAX];
	struct adoption adoption; /* EFFECT_CREATE_RELEASE */
};

struct plan {
	struct effect *effects; /* room for PLAN_EFFECTS_MAX, given by the caller */
	size_t n_effects;
	struct instant
		wake; /* look again then, if nothing happens before; not set: only on events */
	char reason[SENTENCE_MAX]; /* why this, in a sentence; what is waited for */
};

/* "save release", "measure", …: as it stands in records. */
const char *effect_kind_name(enum effect_kind kind);

/* The effect only reads. */
bool effect_is_question(const struct effect *effect);

/* The plan changes the subject, or is to. */
bool plan_changes(const struct plan *plan, enum subject subject);

/* Both are the same effect: what is under way need not be started again. */
bool effect_is_same(const struct effect *a, const struct effect *b);

#endif
