/*
 * The witness sees every write that is served, every answer that an agent is given and every state
 * of the world, and knows what must never be. The first violation ends the run.
 *
 *   witness.c          what it is told, and the end (the oracle)
 *   witness_world.c    the state of one canary's objects, and how old what an agent knew can be
 *   witness_release.c  the Release: what a run may say of itself
 *   witness_check.c    checks: what was asked, answered and concluded
 *   witness_write.c    who may write what; the primary's template; pods
 *   witness_duty.c     what must happen soon: retreats, withdrawals, clients on pods that answer
 *   witness_stale.c    writes that were decided on something older than what stands
 *   witness_cost.c     requests: never in crowds, none at rest
 *   witness_wire.c     the tap at an agent's network
 */
#ifndef TESTS_SIMULATION_WITNESS_H
#define TESTS_SIMULATION_WITNESS_H

#include "analysis/base/compiler.h"
#include "analysis/release.h"
#include "providers/http.h"
#include "tests/simulation/faults.h"

#include <jansson.h>
#include <stdint.h>

struct simulation;

#define WITNESS_OUTCOMES_MAX (OUTCOME_CANCELLED + 1)
#define WITNESS_AGENTS_MAX   3
#define WITNESS_IMAGE_MAX    32
#define WITNESS_FLIGHTS_MAX  96

/* The newest Release of one canary, as last written. */
struct witness_run {
	char uid[UID_MAX];
	char name[64];
	int number;
	char tag[24]; /* of its template's image */
	enum release_phase phase;
	enum release_outcome outcome;
	enum release_outcome ending;
	int64_t seq;
	int iteration;
	int failed_checks;
	int weight; /* weight.to */
	int weight_from;
	int primary_replicas;
	char image[WITNESS_IMAGE_MAX]; /* of its recorded template */
	struct instant next_check_at;  /* by the clock of whoever wrote it */
	struct instant concluded;      /* the true time of its last step or failed check */
	struct instant made;           /* the true time when it was */
	struct instant written;        /* the true time of its last write … */
	struct instant ended;          /* … and of that which ended it */
	bool is_init;
	bool is_taken_down;
	bool is_approved;        /* confirm-promotion said yes before its last write, once */
	bool is_of_config;       /* its template was handled before: what is new is a config */
	char config[DIGEST_MAX]; /* of what its pods mount; "": nothing */
};

/* A Release that was promoted. */
struct witness_promoted {
	char uid[UID_MAX];
	char image[WITNESS_IMAGE_MAX];
	char config[DIGEST_MAX];
	int number;
};

enum witness_backend {
	WITNESS_BACKEND_NONE, /* no Service, or it selects something else */
	WITNESS_BACKEND_PRIMARY,
	WITNESS_BACKEND_CANARY,
};

struct witness_workload {
	bool is_there;
	int replicas;
	int ready;
	bool is_ready; /* all its pods are of its template, and ready */
	char image[WITNESS_IMAGE_MAX];
	char release[UID_MAX]; /* flagger-id */
};

/* What stands of one canary. */
struct witness_world {
	uint64_t revision; /* of the server, when it was read */
	bool has_canary;   /* the Canary, not being deleted */
	int generation;
	bool has_route;
	int weight;
	enum witness_backend apex;
	bool has_canary_service;
	struct witness_workload target;
	struct witness_workload primary;
};

/* Since when things are, or when they were last so. */
struct witness_times {
	struct instant weight;    /* the live weight changed */
	struct instant requested; /* the target's pods last got requests, by weight or selector */
	struct instant service;   /* the canary's Service came, or went */
	struct instant apex;      /* the apex Service selects what it selects */
	struct instant requested_from; /* … and got them from then on */
	struct instant edited;         /* the Canary's spec changed */
	struct instant image;          /* the target's template changed */
	struct instant canary;         /* the Canary came, or went */
	struct instant primary_full;   /* the primary was last ready */
	struct instant primary_pods;   /* the primary last had a ready pod */
	struct instant primary_bare;   /* … last had none */
	struct instant target_pods;
	struct instant target_made;  /* or to have pods again: those it had before are gone */
	struct instant primary_poor; /* the primary last had pods that were not ready */
	struct instant target_poor;
	struct instant struck;       /* until then watches may not tell */
	struct instant weighed;      /* an agent gave the canary its run's weight … */
	struct instant weighed_from; /* … answers from then on were asked knowing that it had not */
	int weighed_by;              /* … that one */
	struct instant returned;     /* an agent took the weight of a run's later step back … */
	char returned_run[UID_MAX]; /* … of this one; "" once other hands changed the route */
	char image_before[WITNESS_IMAGE_MAX];
	struct instant image_came; /* the one before */
};

enum witness_duty {
	WITNESS_DUTY_RETREAT, /* an answer that reached the threshold was delivered */
	WITNESS_DUTY_EXCESS,  /* the canary gets more requests than it may */
	WITNESS_DUTY_CLIENTS, /* clients are on pods of which none is ready, beside some that are */
	WITNESS_DUTY_APEX,    /* clients are on the canary's pods outside a run */
	WITNESS_DUTY_BEGUN,   /* a retreat wrote its route, and its Release says nothing of it */
	WITNESS_DUTY_FORGOTTEN, /* … for long, whatever the watches told: its list showed it */
	WITNESS_DUTY_AGAIN,     /* a retreat's write of the route was refused */
	WITNESS_DUTY_SERVICE,   /* in a run the canary has weight, and its Service is gone */
	WITNESS_DUTY_FAR,       /* the next check is further ahead than an interval */
	WITNESS_DUTY_MISSING,   /* at rest something of ours is not there */
	WITNESS_DUTY_MAX,
};

/* Of a canary, what an agent writes only as it was last seen. */
enum witness_written {
	WITNESS_WRITTEN_NONE,
	WITNESS_WRITTEN_TARGET,
	WITNESS_WRITTEN_PRIMARY,
	WITNESS_WRITTEN_RELEASE, /* the newest; its seq says in which order it was written */
	WITNESS_WRITTEN_MAX,
};

/* What an answer says; both where that depends on the bounds in force. */
enum witness_verdict {
	WITNESS_VERDICT_NONE, /* nothing measured */
	WITNESS_VERDICT_PASS = 1,
	WITNESS_VERDICT_FAIL = 2,
	WITNESS_VERDICT_EITHER = WITNESS_VERDICT_PASS | WITNESS_VERDICT_FAIL,
};

/* The last answer that an agent was given to one question about one canary. */
struct witness_told {
	enum witness_verdict verdict;
	struct instant asked;      /* when the question left, by the agent's clock */
	struct instant asked_most; /* … or by what that said before it jumped, if that is later */
	struct instant asked_truly; /* … and by the true one */
	struct instant told;        /* when it came back, by that too */
};

#define WITNESS_QUESTIONS 2 /* success, duration; the share decides nothing */

/* One request on its way, as its agent sees it. */
struct witness_flight {
	struct instant left;
	struct instant lands_until;   /* it takes effect before, or never */
	struct instant clock;         /* the agent's */
	struct instant clock_most;    /* … or as it was before it jumped, if that is later */
	uint64_t url;                 /* hashed with its method */
	int canary;                   /* or -1 */
	int question;                 /* to the metrics; -1: none of those that decide */
	enum hook_type hook;          /* that is called */
	enum witness_written written; /* or read */
	char version[24];             /* … as it stood when this left */
	bool is_of_newest;            /* … which this was decided on */
	bool is_overtaken;            /* … and it was another one when this was served */
	bool is_watch;
	bool is_lease;
	bool is_renewal; /* a write of the lease */
	bool is_metric;
	bool is_template; /* how the metrics are asked */
	bool is_retreat;  /* of the route, the Release or the apex: what a retreat writes */
	bool is_front;    /* of the route */
	bool is_write;    /* to the API server, and not of the lease */
	bool is_served;   /* it took effect, or was refused */
};

/* What became of the last write of it is not known. */
struct witness_doubt {
	struct instant since; /* not set: it was read since then, or there is none */
	char version[24];     /* what stood when that write left */
};

/* The last answer of a hook. */
struct witness_heard {
	enum hook_result result;
	struct instant asked;
};

struct witness_agent {
	struct span offset; /* of its clock */
	struct span offset_before;
	struct instant offset_changed;
	struct instant lease_sent;  /* the last renewal that was answered left then */
	struct instant lands_until; /* a write that it gave up may take effect before */
	struct instant watch_troubled;
	struct instant troubled; /* the last request that failed or was slow came back */
	struct instant canary_troubled[FAULT_CANARIES_MAX];
	struct instant retreat_troubled[FAULT_CANARIES_MAX]; /* only those of a retreat */
	struct witness_told told[FAULT_CANARIES_MAX][WITNESS_QUESTIONS];
	struct witness_heard heard[FAULT_CANARIES_MAX][HOOK_EVENT + 1];
	struct witness_doubt doubts[FAULT_CANARIES_MAX][WITNESS_WRITTEN_MAX];
	struct instant looked[FAULT_CANARIES_MAX]; /* its last answer to a GET of the route */
	struct witness_flight *flights[WITNESS_FLIGHTS_MAX];
	int n_flights;
	struct instant window;
	int n_requests; /* in the window */
	int n_failures;
};

struct witness {
	struct witness_run runs[FAULT_CANARIES_MAX];
	struct witness_promoted promoted[FAULT_CANARIES_MAX];
	struct witness_promoted before[FAULT_CANARIES_MAX];
	struct witness_world worlds[FAULT_CANARIES_MAX];
	struct witness_times times[FAULT_CANARIES_MAX];
	struct instant duties[FAULT_CANARIES_MAX][WITNESS_DUTY_MAX]; /* since when */
	struct witness_agent agents[WITNESS_AGENTS_MAX];
	int leader;      /* whom the Lease names; -1: none of them */
	int leader_life; /* … in which of its lives: a process that came back leads anew */
	struct instant led_since; /* since when */
	bool is_posthumous;       /* what is served was sent by a process that is gone */
	struct instant silent;    /* when set: from then on nobody but the lease is asked */
	uint64_t n_releases;
	uint64_t n_decisions;
	uint64_t n_requests;
	uint64_t outcomes[WITNESS_OUTCOMES_MAX];
	/* People wrote over the Lease of this holder: it may write for its own time yet. */
	struct instant lease_excused_until;
	char lease_excused[24];
	char violation[400];
};

/* Something that must never be was seen; the first one stands. */
void witness_accuse(struct simulation *simulation, const char *format, ...) PRINTF_LIKE(2, 3);

/* An agent's request is about to be served, or was. */
void witness_before(struct simulation *simulation, const struct http_request *request);
void witness_after(struct simulation *simulation, const struct http_request *request,
                   const struct http_reply *reply);

/* An agent's request leaves, and its answer is handed over (NULL: cancelled). FLIGHT is kept by the
 * caller between the two. */
void witness_left(struct simulation *simulation, int agent, struct witness_flight *flight,
                  const struct http_request *request);
void witness_came(struct simulation *simulation, int agent, struct witness_flight *flight,
                  const struct http_reply *reply);

/* The metrics server answered. */
void witness_answer(struct simulation *simulation, int canary, const struct http_reply *reply);

/* A fault struck. */
void witness_struck(struct simulation *simulation, enum fault kind, int canary);

/* The world changed. */
void witness_look(struct simulation *simulation);

/* Time passed: what was due by now? Called every second or so. */
void witness_tick(struct simulation *simulation);

/* All is done and told: from now on an agent has nothing to ask but its lease. */
void witness_expect_silence(struct simulation *simulation);

/* Everything came to its end, as far as the oracle is concerned; else ret_why says what is not. */
bool witness_is_content(struct simulation *simulation, char *ret_why, size_t size) MUST_USE;

#endif
