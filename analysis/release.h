/*
 * The Release: the state of one run, as kept in the cluster (docs/architecture.md). The one thing
 * that is read back; everything else is derived from it or observed. Bodies (the template, config
 * names, the Canary spec that rules the run) stay in the object: providers/kube/release.c knows
 * them.
 */
#ifndef ANALYSIS_RELEASE_H
#define ANALYSIS_RELEASE_H

#include "analysis/cookie.h"
#include "analysis/spec.h"
#include "analysis/verb.h"
#include "analysis/verdict.h"

#include <stdint.h>

#define NAME_MAX_K8S 254 /* a DNS subdomain and its NUL */
#define DIGEST_MAX   65  /* SHA-256 in hex and its NUL */
#define SENTENCE_MAX 320 /* a text for people */
#define NOTICES_MAX  12  /* undelivered ones that are kept; the oldest give way */
#define ALERTS_MAX   8   /* the same of those for the receivers of alerts */

enum release_cause {
	CAUSE_NONE,
	CAUSE_INIT,     /* the Canary's first */
	CAUSE_REVISION, /* the target's template changed */
	CAUSE_CONFIG,   /* what its tracked ConfigMaps and Secrets hold changed */
	CAUSE_RETRY,    /* a person wants the target's template analysed again */
	CAUSE_UNDO,     /* a person wants an earlier Release's template back */
	CAUSE_ADOPTED,  /* what Flagger left: first what its primary runs, then the run that it had
	                   under way, if there was one (analysis/adoption.h) */
};

enum release_phase {
	PHASE_NONE,
	PHASE_WAITING,           /* a confirm-rollout gate is closed: nothing moved yet */
	PHASE_STARTING,          /* canary (or, for init, primary) is being made ready */
	PHASE_PROGRESSING,       /* steps and checks */
	PHASE_WAITING_PROMOTION, /* … and a confirm-promotion gate is closed */
	PHASE_PROMOTING,         /* the primary gets the recorded template */
	PHASE_FINALISING,        /* traffic goes back to the primary, the canary down */
	PHASE_RETREATING,        /* traffic goes back to what is proven */
	PHASE_DONE,
};

enum release_outcome {
	OUTCOME_NONE, /* the run is open */
	OUTCOME_PROMOTED,
	OUTCOME_ROLLED_BACK,
	OUTCOME_SUPERSEDED,
	OUTCOME_FAILED_PROMOTION,
	OUTCOME_SKIPPED, /* promoted without analysis */
	OUTCOME_CANCELLED,
};

/* The last value of one check, beside its bounds. */
struct check_result {
	char name[64]; /* cut */
	bool has_value;
	bool has_min;
	bool has_max;
	double value;
	double min;
	double max;
	enum verdict verdict;
};

/* A hook of this step, and what came of it. */
struct hook_record {
	enum hook_type type;
	enum hook_result result;
	uint64_t question; /* of the hook in this run */
	char name[48];     /* cut */
	bool is_approved;  /* by a person, for the next step */
};

/* A sentence for people that is still to be delivered; `id` grows within the Release. */
struct notice {
	int64_t id;
	bool is_warning;
	enum severity severity; /* of an alert; none: an Event */
	bool has_details;       /* an alert that also says what the Canary is */
	char text[SENTENCE_MAX];
};

/* What a person asked for and what goes on until it is taken back. */
struct standing {
	char action[UID_MAX];
	char by[PERSON_MAX];
	char why[WHY_MAX];
};

/* status of the resource: what a write replaces as a whole. */
struct release_status {
	enum release_phase phase;
	int64_t seq;
	struct {
		struct instant started;
		struct instant next_check_at;
		struct instant not_ready_since;
		struct instant unmeasured_since;
		struct instant finished;
	} times;
	struct {
		int from;
		int to;
		bool is_mirrored; /* copies go to the canary, whose weight is 0 */
		bool has_seen;
		double seen_share; /* 0..1 of the requests, as the counters say */
	} weight;
	struct cookies cookies; /* that the route hands out with this weight */
	int iteration;
	int failed_checks;
	struct check_result checks[SPEC_CHECKS_MAX];
	size_t n_checks;
	struct hook_record hooks[SPEC_HOOKS_MAX];
	size_t n_hooks;
	struct notice notices[NOTICES_MAX];
	size_t n_notices;
	struct notice alerts[ALERTS_MAX];
	size_t n_alerts;
	/* A person holds the run, or lets it skip what remains; action "": nobody does. */
	struct standing paused;
	struct standing full;
	struct action_mark actions[ACTIONS_KEPT_MAX]; /* carried out, the newest last */
	size_t n_actions;
	enum release_outcome ending; /* of PHASE_RETREATING and after: the outcome it heads for */
	enum release_outcome outcome;
	bool is_taken_down; /* a teardown took what it is made of: no primary can be made from it */
	char reason[SENTENCE_MAX];
};

/* What Flagger left in the Canary's status, and the primary's identity; phase "": nothing. */
struct adoption {
	char phase[24];
	int weight;
	int iterations;
	int failed_checks;
	struct instant next_check_at;
	char last_applied[DIGEST_MAX];
	char last_promoted[DIGEST_MAX];
	char primary_id[UID_MAX]; /* the flagger-id of the primary that runs this Release; "": its
	                             UID, as with every other */
};

/* release.tracked where Flagger's hash of a config is not known: none is written then. */
#define RELEASE_UNTRACKED "?"

/* A Release as observed. */
struct release {
	char name[NAME_MAX_K8S];
	int number; /* the n of "<canary>-<n>" */
	char uid[UID_MAX];
	char resource_version[24];
	char canary_uid[UID_MAX]; /* of the Canary that made it; "": it was recorded before that was
	                           */
	enum release_cause cause;
	char digest[DIGEST_MAX];     /* of the recorded template */
	char hash[DIGEST_MAX];       /* … as Flagger 1.44 has it; "": it is not known */
	char configs[DIGEST_MAX];    /* of its tracked configs; "" when there are none */
	char tracked[DIGEST_MAX];    /* of what Flagger's status says of them; "": nothing */
	char previous[NAME_MAX_K8S]; /* the promoted Release to fall back to, "" for none */
	char handled[DIGEST_MAX];    /* of the target's template, which an undo leaves as it is;
	                                "" for none */
	char handled_configs[DIGEST_MAX]; /* … and of what its configs held */
	struct action_mark action;        /* that made it; uid "": none */
	struct adoption adoption;
	int target_replicas;
	int primary_replicas; /* the capacity to keep during the run */
	struct release_status status;
};

/* What is remembered of a Release that is over. */
struct release_ref {
	char name[NAME_MAX_K8S];
	char uid[UID_MAX];
	char digest[DIGEST_MAX];
	char configs[DIGEST_MAX];
	char handled[DIGEST_MAX];
	char handled_configs[DIGEST_MAX];
	char previous[NAME_MAX_K8S];
	char primary_id[UID_MAX];
	char hash[DIGEST_MAX]; /* Flagger's hash of its template; "": it is not known */
	char tracked[DIGEST_MAX];
	int number;
};

/* Names as they stand in the resource ("Progressing", "rolled_back", "no_data", "revision"); "" for
 * none. */
const char *release_phase_name(enum release_phase phase);
const char *release_outcome_name(enum release_outcome outcome);
const char *release_cause_name(enum release_cause cause);

/* The value with that name; the zero value when there is none. */
enum release_phase release_phase_find(const char *name);
enum release_outcome release_outcome_find(const char *name);
enum release_cause release_cause_find(const char *name);

/* The run is open: it exists and has no outcome. */
bool release_is_open(const struct release *release);

/* A person holds the run; lets it skip what remains. */
bool release_is_paused(const struct release *release);
bool release_is_full(const struct release *release);

/* The Action with this UID was carried out: it stands in the Release. NULL: it was not. */
const struct action_mark *release_find_action(const struct release *release, const char *uid);

/* The flagger-id of the primary's template when it runs this Release. */
const char *release_id(const struct release *release);
const char *release_ref_id(const struct release_ref *ref);

/* Made from what Flagger left at rest or half-way: it says what the primary runs. */
bool release_is_found(const struct release *release);

/* What is remembered of RELEASE. */
struct release_ref release_ref_of(const struct release *release);

/* The primary got this Release's template for good: outcome promoted or skipped. */
bool release_is_promoted(const struct release *release);

#endif
