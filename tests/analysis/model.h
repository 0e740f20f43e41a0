/*
 * A tiny cluster for whole flows: it carries out the effects of plans at once, pods become ready
 * after a while, and time goes where the plan wants to be woken or something happens. What is told
 * to people and what Canary.status says is written down, one line each, to be compared as a text.
 */
#ifndef TESTS_ANALYSIS_MODEL_H
#define TESTS_ANALYSIS_MODEL_H

#include "analysis/decide.h"

#define MODEL_TRACE_MAX    16384
#define MODEL_EVENTS       8
#define MODEL_RELEASES_MAX 32

/* Pods are ready after that. */
#define MODEL_READY_MS 3000

struct model;

/* Something that happens from outside. */
struct model_event {
	int64_t at_ms; /* since the start of `model_run` */
	void (*happens)(struct model *model);
};

struct model {
	struct canary_spec spec;
	struct facts truth; /* what is in the cluster */
	struct facts view;  /* what the agent knows of it */
	struct effect *effects;
	int64_t started_ms;
	int64_t target_ready_ms; /* when its pods are; 0: nothing pending */
	int64_t primary_ready_ms;
	bool is_primary_broken; /* pods of a new template never become ready */
	bool is_canary_broken;
	int route_pending_from; /* a weight from which on nobody takes the route in; 0: none */
	void (*meddles)(struct model *model); /* another hand, after each write of the route */
	void (*lies)(struct facts *view);     /* about what is not known, before each decision */
	double success_rate; /* the only check, min 99; below 0: no data, above 100: an error */
	enum hook_result says[HOOK_EVENT + 1]; /* what hooks of a type answer; rollback: no */
	int n_asked[HOOK_EVENT + 1];
	struct effect hung[3]; /* the hook that was asked, and that was told, and the alert that
	                          never get an answer */
	int n_saves;           /* of Releases */
	int n_draws;
	int n_decisions;
	int restart_at;    /* the decision before which the agent starts anew; 0: never */
	bool is_forgetful; /* it starts anew before each */
	const char *ear;   /* what receivers of alerts answer; "": that they took it; NULL: never */
	int n_alerts;
	const char *found; /* of an adoption: the digest of what the primary runs */
	bool is_unseen;    /* … and Flagger did not see what is in the target */
	int n_unserved;    /* decisions after which clients were with pods that do not answer, while
	                      others would */
	int max_weight_seen;
	int primary_load; /* pods that the primary's autoscaler would give it, -1: none; 0: as many
	                     as there are */
	int n_woken;      /* how often the target's ScaledObject woke it up */
	int n_checks;
	struct release kept[MODEL_RELEASES_MAX]; /* those that are over, by number */
	int n_actions;
	int n_answers;
	char trace[MODEL_TRACE_MAX];
};

/* A cluster where v1 runs in the target and no Release exists; canary strategy, nginx. */
void model_init(struct model *model);

/* Free what the model needs. */
void model_fini(struct model *model);

/* Initialise the Canary, then forget the trace. */
void model_initialise(struct model *model);

/* Let EVENTS (ended by a zero) happen and the agent decide, for that time. */
void model_run(struct model *model, int64_t for_ms, const struct model_event *events);

/* Somebody, alice, asks for VERB, having seen the newest Release, and says why. */
void model_ask(struct model *model, enum verb verb, const char *why);
/* The spec gets one more hook, named as its type unless NAME is given. */
void model_hook(struct model *model, enum hook_type type, const char *name);

/* The spec gets one more receiver of alerts. */
void model_receiver(struct model *model, enum severity severity);

/* Somebody applies a new template, "v2". */
void model_apply(struct model *model, const char *digest);

#endif
