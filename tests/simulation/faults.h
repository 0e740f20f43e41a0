/*
 * What goes wrong, how often, and in which phase it struck. Each seed has a weather of its own:
 * some kinds of faults stay away, some are frequent, and each comes in bursts, since faults that
 * come together find more than faults that come alone.
 *
 * A disturbance is a fault that strikes or a deed of people. They are numbered in order; after the
 * LIMITth none follows, which is how a failure is cut down to its shortest prefix.
 */
#ifndef TESTS_SIMULATION_FAULTS_H
#define TESTS_SIMULATION_FAULTS_H

#include "analysis/base/instant.h"
#include "tests/simulation/dice.h"

#include <stddef.h>

enum fault {
	FAULT_NONE,
	/* The network between an agent and the API server */
	FAULT_LATENCY,    /* a request and its reply are slow */
	FAULT_LOST,       /* a request never arrives; its client waits until its timeout */
	FAULT_REPLY_LOST, /* it takes effect, the reply never arrives */
	FAULT_RESET,      /* the connection breaks before the effect; the client knows at once */
	FAULT_RESET_LATE, /* … and after the effect */
	FAULT_RESENT,     /* a kept connection died: the request is sent again, and arrives twice */
	FAULT_REORDER,    /* requests begun together arrive in another order */
	FAULT_PARTITION,  /* nothing passes for a while, in one direction or both */
	/* The API server */
	FAULT_CONFLICT,       /* 409 */
	FAULT_GONE,           /* 410 to a LIST or a watch */
	FAULT_BUSY,           /* 429 with Retry-After */
	FAULT_ERROR,          /* 500 before the effect */
	FAULT_ERROR_LATE,     /* 500 or 504 after the effect */
	FAULT_COMPACTION,     /* the history that watches would need is forgotten */
	FAULT_STALE_LIST,     /* LISTs from a cache are answered as of some time ago */
	FAULT_WATCH_LATE,     /* events come late */
	FAULT_WATCH_LOST,     /* events are lost, and the stream with them */
	FAULT_WATCH_SILENT,   /* the stream stays open and says nothing */
	FAULT_WATCH_REPLAYED, /* events come again */
	/* The agent's process */
	FAULT_CRASH,   /* at any crossing of a seam */
	FAULT_RESTART, /* stopped in order, and started again */
	FAULT_PAUSE,   /* the process stops for 1 to 60 s, time goes on */
	FAULT_SKEW,    /* its clock is off */
	FAULT_JUMP,    /* its clock jumps */
	FAULT_USURPED, /* somebody else takes the Lease */
	/* The disk of the history */
	FAULT_DISK_SLOW,
	FAULT_DISK_HUNG,
	FAULT_DISK_FULL,
	FAULT_DISK_TORN, /* a crash leaves only a part of what was not yet synced */
	FAULT_DISK_READ_ONLY,
	FAULT_DISK_WIPED, /* the agent starts with an empty one */
	/* The metrics */
	FAULT_METRICS_DOWN,
	FAULT_METRICS_SLOW,
	FAULT_METRICS_EMPTY,
	FAULT_METRICS_NAN,
	FAULT_METRICS_SERIES,  /* two series where one was asked for */
	FAULT_METRICS_RESET,   /* a counter began anew: a value far from the truth */
	FAULT_METRICS_GARBAGE, /* 200 with a body that is no answer */
	/* Other hands */
	FAULT_EDIT_WEIGHT,
	FAULT_EDIT_REPLICAS,
	FAULT_EDIT_SELECTOR,
	FAULT_EDIT_LABELS,
	FAULT_EDIT_REMOVE, /* an object that we made is deleted */
	FAULT_GITOPS,      /* a tool restores what it owns */
	FAULT_PODS_BREAK,  /* pods of the primary or the canary break */
	/* The receivers of hooks */
	FAULT_GATE_CLOSED,   /* a gate is closed for a while */
	FAULT_HOOK_NO,       /* it refuses, or is broken */
	FAULT_HOOK_SILENT,   /* it is called, and never answers */
	FAULT_HOOK_DOWN,     /* the connection breaks */
	FAULT_HOOK_ROLLBACK, /* somebody calls for a rollback */
	FAULT_MAX,
};

/* The phases in which a canary can be struck. */
enum fault_phase {
	FAULT_PHASE_ABSENT, /* no Release yet, or no Canary */
	FAULT_PHASE_INIT,   /* the first Release, until it is over */
	FAULT_PHASE_STARTING,
	FAULT_PHASE_PROGRESSING,
	FAULT_PHASE_PROMOTING,
	FAULT_PHASE_FINALISING,
	FAULT_PHASE_RETREATING,
	FAULT_PHASE_REST,
	FAULT_PHASE_TEARDOWN, /* the Canary is deleted, not everything of it is gone */
	FAULT_PHASE_MAX,
};

#define FAULT_CANARIES_MAX 8

struct faults {
	struct dice dice;
	double rates[FAULT_MAX]; /* chance per opportunity; 0: this kind stays away */
	struct instant burst_until[FAULT_MAX];
	enum fault_phase phases[FAULT_CANARIES_MAX]; /* kept up to date by the witness */
	int n_canaries;
	uint64_t counts[FAULT_PHASE_MAX][FAULT_MAX];
	uint64_t n_disturbances;
	uint64_t limit;      /* disturbances; the rest does not happen */
	bool is_calm;        /* nothing strikes any more */
	struct instant last; /* when the last disturbance happened */
	/* Told of each fault that strikes; may be NULL. */
	void (*struck)(void *user, enum fault kind, int canary);
	void *user;
};

/* The weather of a seed. LIMIT 0: none. */
void faults_init(struct faults *faults, uint64_t seed, int n_canaries, uint64_t limit);

/* What people and other tools do to what agents look after comes FACTOR times as often. */
void faults_storm(struct faults *faults, double factor);

/* No weather at all, for tests that make their own. */
void faults_still(struct faults *faults, int n_canaries);

/*
 * Does this kind strike now? CANARY is the one it concerns, or -1 for all of them: so it is
 * counted. A fault that is not worth its name at this place must not be asked for.
 */
bool faults_strike(struct faults *faults, enum fault kind, int canary, struct instant now);

/* The same at a weak spot, where it strikes FACTOR times as often. */
bool faults_strike_at(struct faults *faults, enum fault kind, int canary, struct instant now,
                      double factor);

/* The same for a deed of people, which has a chance of its own: may it happen? */
bool faults_deed(struct faults *faults, struct instant now);

/*
 * Can this kind strike in this phase at all? Gates are asked before a run and while it is judged,
 * and only a run that is judged can be called back; no hook is called for a Canary that is deleted,
 * but one that was on its way; and a teardown has taken away what a wrong selector would be in.
 */
bool fault_is_possible(enum fault kind, enum fault_phase phase);

/* "crash", "409", …, and "Starting", …. */
const char *fault_name(enum fault kind);
const char *fault_phase_name(enum fault_phase phase);

#endif
