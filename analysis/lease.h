/*
 * Leader election as a function: who holds the lease, as far as one can tell, and what to do about
 * it.
 *
 * The times in the object are another machine's clock and are not believed: a holder is alive for
 * the lease's duration after its record was last *seen to change* here (as in Kubernetes' client-go
 * leaderelection).
 */
#ifndef ANALYSIS_LEASE_H
#define ANALYSIS_LEASE_H

#include "analysis/base/instant.h"

/* What is known of the lease. Instants are of the local monotonic clock. */
struct lease_facts {
	struct instant now;
	bool is_known;          /* it was read since the start */
	bool is_present;        /* the object exists */
	bool is_held;           /* its holderIdentity is not empty */
	bool is_mine;           /* … and is ours */
	struct span duration;   /* as its holder says; of ours when we hold it */
	struct instant changed; /* when its record was last seen to change */
	struct instant renewed; /* of ours: when the last successful write of it was begun */
	bool is_writing;        /* a write of ours is under way: not yet to be handed over */
	bool is_stopping;       /* we are about to exit */
};

enum lease_step {
	LEASE_STEP_NONE,
	LEASE_STEP_READ,    /* look at it */
	LEASE_STEP_CREATE,  /* there is none: make it ours */
	LEASE_STEP_TAKE,    /* it is free or expired: make it ours */
	LEASE_STEP_RENEW,   /* it is ours: say so again */
	LEASE_STEP_RELEASE, /* it is ours and we stop: hand it over */
};

struct lease_plan {
	enum lease_step step;
	struct instant wake; /* when to think again if step is none */
};

#define LEASE_RETRY_MS    5000  /* between two looks, or two renewals */
#define LEASE_DURATION_MS 15000 /* of ours */
#define LEASE_SKEW_MS     1000 /* how much two machines' clocks may run apart within one duration */

/* What to do about the lease now. */
struct lease_plan lease_decide(const struct lease_facts *facts);

/* The lease is ours until then: a bound that no other agent can be ahead of. Not set: it is not
 * ours. */
struct instant lease_end(const struct lease_facts *facts);

/* A write that may take as long as TIMEOUT may begin: whatever happens, it is over before the lease
 * ends. */
bool lease_allows(const struct lease_facts *facts, struct span timeout);

#endif
