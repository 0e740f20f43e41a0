/*
 * One canary: who it is, what is known of it, and what is under way for it. It decides nothing:
 * tick.c asks `decide` and starts what it wants, learn.c turns answers and events into facts.
 */
#ifndef AGENT_CANARY_H
#define AGENT_CANARY_H

#include "agent/flight.h"
#include "agent/history.h"
#include "agent/history_facts.h"
#include "agent/wishes.h"
#include "analysis/facts.h"
#include "providers/canary_world.h"
#include "providers/kube/api.h"

/* What we want of the route. */
struct route_wish {
	bool is_known; /* anything was written since the agent started */
	int weight;
	bool is_mirrored;
};

struct canary;
struct log;
struct metrics;
struct poison;

#define RELEASES_SEEN_MAX  64 /* more are not counted */
#define CANARY_FLIGHTS_MAX (PLAN_EFFECTS_MAX + 8)
#define ROUND_UID_MAX      40

/* What all canaries of one agent share; outlives them. */
struct canary_host {
	struct flight_seams seams;
	struct history *history;
	struct log *log;
	struct metrics *metrics;
	struct poison *poison; /* NULL: no quarantine */
	const struct provider_options *options;
	struct effect *scratch; /* PLAN_EFFECTS_MAX effects: the plan being made */
	/* The lease is ours: canaries may be thought about. */
	bool (*is_leading)(void *user);
	/* Actions were left out, or came before their Canary: list them again. */
	void (*list_actions)(void *user);
	void *user;
	/* Names that the canary needs were learnt or changed: bind them to watch events. */
	void (*bind)(void *fleet, struct canary *canary);
	/* The canary is deleted and nothing of it is left: it may be freed, in a later turn. */
	void (*finished)(void *fleet, struct canary *canary);
	/* What becomes of configs of KIND in that namespace is told, from now on if it can be. */
	bool (*covers)(void *user, const char *k8s_namespace, enum kube_kind kind);
	/* Objects of this kind concern a canary now. */
	void (*follow)(void *user, enum kube_kind kind);
	void *fleet;
};

/* A spec and what it was read from; one per generation. */
struct canary_edition {
	struct arena arena;
	struct canary_spec spec;
	struct canary_world world;
	json_t *object;
	json_t *target_template;            /* kept only for service.portDiscovery */
	json_t *scaler;                     /* {spec} of the target's autoscaler; NULL: not seen */
	json_t *beside[TRAFFIC_BESIDE_MAX]; /* the objects beside the route, in part */
	json_t *route;                      /* the route, in part; kept for some providers */
	char warning[SENTENCE_MAX];         /* what is accepted, but hardly meant; "" for nothing */
	char *journal;       /* the spec as the history keeps it; NULL: not yet asked for */
	char identity[1024]; /* target, provider, service, ingress: what an open run cannot change
	                      */
};

struct canary {
	const struct canary_host *host;
	char k8s_namespace[64];
	char name[64];
	struct facts facts;
	struct canary_edition *edition;     /* the one in force; NULL: none was ever valid */
	char released_target[NAME_MAX_K8S]; /* the workload that the newest Release is of; "" for
	                                       none */
	enum target_kind released_kind;
	char seen_version[24];          /* the Canary's resourceVersion, as it was seen last */
	struct canary_edition *pending; /* the one that waits for the check, or the run, to end */
	struct flight *flights[CANARY_FLIGHTS_MAX];
	size_t n_flights;
	struct alarm think;        /* think in the next turn, or when the plan wants to wake */
	struct alarm gate;         /* forward changes wait for the record on disk until then */
	char reason[SENTENCE_MAX]; /* of the last plan */
	char round[ROUND_UID_MAX]; /* of the last recorded plan */
	uint64_t n_rounds;
	struct instant wake;    /* of the last plan */
	int64_t clock;          /* how far the wall clock was ahead of the monotonic one */
	char stepped[UID_MAX];  /* the newest Release, and … */
	struct instant step;    /* … since when it waits for its next check */
	char restored[UID_MAX]; /* the Release whose spec was looked at */
	bool is_recalled;       /* the edition is of that one, for the live spec is refused */
	int numbers[RELEASES_SEEN_MAX];       /* of the Releases that there are */
	struct history_facts_base facts_base; /* what the records of rounds share */
	json_t *config_refs; /* ConfigMaps and Secrets that the target refers to, if they
	                        are tracked: kube_config_list; NULL: none */
	char config_refs_of[DIGEST_MAX]; /* … with this template */
	/* Autoscalers: that the edit before left, that the newest Release's spec names, and of
	 * which nothing is left any more. */
	struct canary_scaler left_scaler;
	struct canary_scaler policy_scaler;
	struct canary_scaler done_scaler;
	struct wishes wishes;   /* what people ask for */
	struct route_wish wish; /* what was last written to the route, or is being */
	json_t *rival_edit;     /* another's change of the route, for the next round's record; NULL:
	                           none */
	json_t *made;           /* the newest Release, for the next round's record; NULL: none */
	char made_uid[UID_MAX]; /* of the one that was recorded last */
	bool is_partial;        /* a list of its Releases is under way: not all is known */
	struct release *before; /* the newest one as it was known when that list began; NULL: none
	                           was, or none is under way */
};

struct canary *canary_new(const struct canary_host *host, const char *k8s_namespace,
                          const char *name);

/*
 * The time. When the wall clock jumped since it was last asked for, what the facts remember by it
 * (how long a weight has held, when to try again) jumps with it.
 */
struct instant canary_now(struct canary *canary);

/* Cancel what is under way and free; accepts NULL, returns NULL. */
struct canary *canary_free(struct canary *canary);

/* A removal for an earlier edition, or an earlier Canary, may still take effect: nothing is decided
 * until it is answered. */
bool canary_is_left(const struct canary *canary);

/* Something was learnt: think in the next turn. */
void canary_stir(struct canary *canary);

/* Cancel all that is under way and forget answers: the lease is lost. */
void canary_rest(struct canary *canary);

/* The agent stops: cancel what has written nothing yet, leave the rest to its end. */
void canary_settle_writes(struct canary *canary);

/*
 * The Canary resource as observed. A valid spec comes into force at once, or when the check under
 * way, or for another target or provider the run, has ended. An invalid one leaves the last valid
 * one in force.
 */
void canary_see(struct canary *canary, const json_t *object);

/* SPEC names the target that the Releases are of, or there is no Release. */
bool canary_is_released(const struct canary *canary, const struct canary_spec *spec);

/* The spec names another target than the Releases do: refuse it, nothing of the other one is
 * touched. */
void canary_refuse_target(struct canary *canary);

/* A pending edition comes into force if nothing keeps it waiting any more. */
void canary_settle(struct canary *canary);

/*
 * An open Release as read: after a restart the run goes on under the spec that is kept in it, when
 * the live one is invalid or names another target. One that is over, too, says what was made for a
 * Canary of which no valid spec was seen.
 */
void canary_restore(struct canary *canary, const json_t *release);

/* The name of the object that is SUBJECT, "" when it is not known yet. */
const char *canary_subject_name(const struct canary *canary, enum subject subject);

#endif
