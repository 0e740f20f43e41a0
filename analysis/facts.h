/*
 * What is known about one canary. Each item is untried, known, absent or failed; a failed answer is
 * a fact too. The facts are the continuation: `decide` is called with them after every answer and
 * every event, and nothing else is remembered.
 *
 * Facts are values of fixed size. Who observes fills them in; a newer observation replaces an older
 * one.
 */
#ifndef ANALYSIS_FACTS_H
#define ANALYSIS_FACTS_H

#include "analysis/release.h"

enum fact_state {
	FACT_UNKNOWN, /* not asked yet, or made stale by a write with unknown outcome */
	FACT_KNOWN,
	FACT_ABSENT, /* asked: there is none */
	FACT_FAILED, /* asked: no usable answer; retry_at says when to ask again */
};

/* What is observed or written; each has its own slot. */
enum subject {
	SUBJECT_NONE,
	SUBJECT_CANARY,  /* the Canary resource; its status is a mirror */
	SUBJECT_TARGET,  /* the workload that people edit */
	SUBJECT_PRIMARY, /* the one that serves */
	SUBJECT_APEX,    /* Service that clients use */
	SUBJECT_PRIMARY_SERVICE,
	SUBJECT_CANARY_SERVICE,
	SUBJECT_ROUTE,  /* the provider's traffic object */
	SUBJECT_SCALER, /* the target's autoscaler, which people edit */
	SUBJECT_PRIMARY_SCALER,
	SUBJECT_RELEASES,      /* all Releases of the canary */
	SUBJECT_CHANGE,        /* how the target's template differs from the Releases' */
	SUBJECT_CONFIGS,       /* the ConfigMaps and Secrets that the target refers to */
	SUBJECT_EVENTS,        /* what is told to people; written, never read */
	SUBJECT_ACTION,        /* what a person asks for and was not answered yet */
	SUBJECT_EARLIER,       /* the Release that an undo would bring back */
	SUBJECT_FORMER_SCALER, /* the autoscaler that the Canary named before, and the primary's of
	                          then */
	SUBJECT_MAX,
};

/*
 * The state of one item and of the effects on it. After `failures` failed effects in a row, none is
 * begun before retry_at, but a retreat that did not fail itself. A write with conflict or unknown
 * outcome makes the item FACT_UNKNOWN: it is read once, consistently, before anything else is
 * planned for it.
 */
struct fact_slot {
	enum fact_state state;
	bool is_written; /* a write of it left and was not answered: it may still take effect */
	int failures;
	struct instant retry_at;
	bool is_forward;          /* the last failure was of no retreat: it holds no retreat up */
	struct instant read_at;   /* when it was last asked for; a watch does not count */
	char error[SENTENCE_MAX]; /* the last failure, for people */
	char gone_uid[UID_MAX];   /* the object that was last seen to be gone; "" for none */
};

struct workload_fact {
	struct fact_slot slot;
	char uid[UID_MAX];
	char resource_version[24];
	bool is_observed; /* the status speaks of the current spec (observedGeneration) */
	int replicas;     /* wanted; of a DaemonSet one at least, unless it is to have none */
	int updated;
	int total; /* pods of any template */
	int ready;
	struct instant ready_since; /* when it was first seen to have a ready pod; of the agent's */
	int available;
	char digest[DIGEST_MAX];   /* of the template, without our own annotations */
	char release_uid[UID_MAX]; /* the template's flagger-id; "" when none */
	char image[96];            /* of the first container, cut; for sentences */
	bool has_configs;          /* of a target: its template refers to configs, and they are
	                              tracked */
	bool is_daemon;            /* a DaemonSet: its pods are counted by nodes */
	bool may_empty;            /* its rollout strategy may leave it without a ready pod */
	bool is_owned; /* it would be garbage-collected with the Canary: Flagger made it */
	char refusal[SENTENCE_MAX]; /* not empty: this workload cannot be served, and why */
};

enum backend {
	BACKEND_NONE, /* the selector matches neither */
	BACKEND_PRIMARY,
	BACKEND_CANARY,
};

struct service_fact {
	struct fact_slot slot;
	char uid[UID_MAX];
	char resource_version[24];
	enum backend backend; /* whose pods the selector takes */
	bool is_exact;        /* ports and owned metadata are as wanted */
	bool is_ours;         /* carries our label: we may remove it */
	struct instant since; /* when this backend was first seen */
};

/* Another hand that changes the route while we keep it; counted by whoever observes. */
struct rival_fact {
	int edits;           /* changes in a row, each soon after the one before (rival.h) */
	struct instant last; /* of them */
	char by[64];         /* its name in managedFields; "": they do not say */
	int64_t lowered_seq; /* of the Release when it lowered the weight that was there; 0: it did
	                        not, or the weight was written since */
};

struct route_fact {
	struct fact_slot slot;
	char uid[UID_MAX];
	char resource_version[24];
	int weight;       /* the canary's share 0..100; for A/B 100 means the matching requests */
	bool is_mirrored; /* copies of the requests go to the canary, beside weight 0 */
	struct cookies cookies;     /* that it knows; a canary cookie that leads to the canary is a
	                               weight of at least 1 */
	bool is_exact;              /* everything beside the weight is as wanted */
	bool is_ours;               /* the weight was last written by our manager */
	bool is_made;               /* it carries our label: we may remove it */
	bool has_more;              /* what we made to stand with it is there, or may be */
	char pending[SENTENCE_MAX]; /* not empty: what routes has not taken it in as it is, and
	                               why */
	char doubt[192];      /* not empty: it was taken in, and requests may yet pass it by */
	struct instant since; /* when this weight was first seen */
	struct rival_fact rival;
};

/* An autoscaler: of the target, or the primary's, which is made from it. */
struct scaler_fact {
	struct fact_slot slot;
	char uid[UID_MAX];
	char resource_version[24];
	int least;         /* pods that it keeps at least */
	int most;          /* … and at most; 0: it does not say */
	int primary_least; /* of the target's: what the primary's should say, … */
	int primary_most;
	bool is_pinned;  /* it was told to hold its workload at no pods */
	bool is_exact;   /* of the primary's: all beside `least` is as wanted */
	bool is_ours;    /* it carries our label: we may remove it */
	bool is_foreign; /* of the primary's: somebody else's, for something else */
};

/* What the Canary named before an edit: it is to be let go, and what was made from it goes. */
struct former_scaler_fact {
	struct fact_slot slot;
	enum scaler_kind kind; /* SCALER_NONE: nothing is left of any */
};

enum sample_kind {
	SAMPLE_NONE,
	SAMPLE_VALUE,
	SAMPLE_ABSENT, /* answered: no data */
	SAMPLE_ERROR,  /* not measured */
};

/* The answer to one check, valid only for the check that is due at `check`. */
struct sample_fact {
	struct instant check;
	enum sample_kind kind;
	double value;
	char text[SENTENCE_MAX]; /* of an error or of no data: what was said */
};

/* The answer to one hook's question; it counts only while that question is still asked. */
struct hook_fact {
	uint64_t question; /* of the hook, in this run */
	struct instant check;
	struct instant refused; /* when it last said no to this question; kept by a later yes */
	enum hook_result result;
	char text[SENTENCE_MAX]; /* why it says no */
};

/* What a receiver of alerts was told of the newest Release. */
struct alert_fact {
	uint64_t receiver;       /* 0: this one is free */
	int64_t told;            /* all alerts up to this id; or they were given up */
	int64_t failed;          /* the last one that was given up */
	bool is_deaf;            /* … which was the last one of all */
	char text[SENTENCE_MAX]; /* why */
};

/* Whether the target's template really differs from a Release's; valid for this pair of digests
 * only. */
enum change_kind {
	CHANGE_UNKNOWN,
	CHANGE_REAL,
	CHANGE_DEFAULTS, /* only added fields, and the workload's revision did not move */
};

struct change_fact {
	struct fact_slot slot;
	char digest[DIGEST_MAX]; /* of the target when compared */
	enum change_kind kind;
};

/* What the target's tracked ConfigMaps and Secrets held when they were last read. */
struct config_fact {
	struct fact_slot slot;
	char template[DIGEST_MAX]; /* of the target's template then: valid for no other */
	char digest[DIGEST_MAX];   /* of which there are and what they hold; "" for none */
	bool is_watched;           /* a change is told, and makes the slot FACT_UNKNOWN */
};

/* The Action that is next to be answered. */
struct action_fact {
	struct fact_slot slot;
	char name[NAME_MAX_K8S];
	char uid[UID_MAX]; /* "": nobody asks for anything */
	char resource_version[24];
	enum verb verb;
	bool is_full; /* promote */
	int to;       /* undo: the number of a Release; 0: the one promoted before */
	char by[PERSON_MAX];
	char why[WHY_MAX];
	char canary_uid[UID_MAX];
	char release[NAME_MAX_K8S]; /* the newest Release that the person saw */
	char release_uid[UID_MAX];
	char refusal[SENTENCE_MAX]; /* not empty: it cannot be read, and why */
};

/* A Release that was asked for by name. */
struct earlier_fact {
	struct fact_slot slot;
	struct release_ref ref; /* its name is the one asked for, be it there or not */
	enum release_outcome outcome;
	char action[UID_MAX]; /* for which Action it was asked */
};

/* "name=value" of the cookies; "" for none. */
struct mirror_cookies {
	char present[COOKIE_NAME_SIZE + COOKIE_VALUE_SIZE];  /* of the canary, in this run */
	char previous[COOKIE_NAME_SIZE + COOKIE_VALUE_SIZE]; /* … that is taken away now */
	char primary[COOKIE_NAME_SIZE + COOKIE_VALUE_SIZE];
};

/* What Canary.status says, to write it only when it differs. A reason for something only where no
 * Release is: at an adoption. */
struct mirror_fact {
	char phase[24];
	int weight;
	int failed_checks;
	int iterations;
	struct instant moved; /* lastTransitionTime */
	char last_applied[DIGEST_MAX];
	char last_promoted[DIGEST_MAX];
	char tracked[DIGEST_MAX]; /* of trackedConfigs; "": it has none */
	struct mirror_cookies cookies;
	bool has_refusal;           /* condition Ready=False stands */
	char refusal[SENTENCE_MAX]; /* its message */
	char refusal_reason[32];    /* its reason */
};

/* Of the newest Release before the present one that had any: their clients may still have them. */
struct former_fact {
	int number; /* of that Release; 0: there is none */
	struct cookies cookies;
};

struct facts {
	struct instant now;
	char draw[COOKIE_DRAW_SIZE]; /* random, in hex, and not used yet; "" where none is needed */

	/* The Canary */
	struct fact_slot canary;
	char canary_uid[UID_MAX];
	int64_t canary_generation;
	bool is_deleted;
	bool has_finalizer; /* Flagger's and ours: deleted, it stays until that is taken off */
	bool is_quarantined;
	char refusal[SENTENCE_MAX]; /* not empty: the live spec is invalid; the spec given is the
	                               last valid one */
	char refusal_reason[32];    /* "InvalidSpec", … */
	char warning[SENTENCE_MAX]; /* not empty: the live spec is accepted, but hardly meant so */
	int64_t warned_generation;  /* of the Canary, whose warning was told by this process */
	bool has_spec;              /* a valid spec was ever seen; false: the spec given is empty */
	bool is_moved; /* an edit of target, provider, service or ingress waits for the run's end */
	struct mirror_fact mirror;
	struct instant flagger_wrote; /* Canary.status, last, by managedFields; not set: never */

	/* The world */
	struct workload_fact target;
	struct workload_fact primary;
	struct service_fact apex;
	struct service_fact primary_service;
	struct service_fact canary_service;
	struct route_fact route;
	struct scaler_fact scaler; /* of the target */
	struct scaler_fact primary_scaler;
	struct former_scaler_fact former_scaler;

	/* The Releases: the slot speaks of the list */
	struct fact_slot releases;
	int n_releases;        /* how many there are */
	struct release newest; /* name "" when there is none */
	struct release_ref
		promoted; /* the newest with outcome promoted or skipped; name "" when none */

	struct former_fact former;

	/* What people ask for, one after another */
	struct action_fact action;
	struct earlier_fact earlier;

	/* Answers of the check under way */
	struct sample_fact samples[SPEC_CHECKS_MAX];
	struct hook_fact hooks[SPEC_HOOKS_MAX]; /* in the order of the spec */
	struct sample_fact share;
	struct change_fact change;
	struct config_fact configs;

	/* Notices of the newest Release up to this id were delivered */
	struct fact_slot events;
	char notices_release[UID_MAX];
	int64_t notices_delivered;
	/* … to its event hooks: all before this id, and of this one the hooks before that index */
	char hooks_release[UID_MAX];
	int64_t hooks_told;
	size_t hooks_next;
	bool is_hook_deaf; /* the last event hook that was told did not take it */
	/* … as alerts */
	char alerts_release[UID_MAX];
	struct alert_fact alerts[SPEC_ALERTS_MAX];
};

/* The slot of a subject. */
struct fact_slot *facts_slot(struct facts *facts, enum subject subject);

/* What the target's tracked configs hold is known. */
bool facts_knows_configs(const struct facts *facts);

/* The target has the template that is promoted, and its configs hold what they held then, as far as
 * that is known. */
bool facts_is_promoted(const struct facts *facts);

/* It is promoted, or it is what was undone: nothing is to be analysed. */
bool facts_is_back(const struct facts *facts);

/* The same with the newest Release: what it releases, … */
bool facts_is_newest(const struct facts *facts);

/* … and what it left in the target, being an undo. */
bool facts_is_undone(const struct facts *facts);

/* "target", "apex", …: as it stands in records and sentences. */
const char *subject_name(enum subject subject);

#endif
