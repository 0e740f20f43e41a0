/*
 * The seam of evidence: an append-only store of what was asked, answered, decided, written and what
 * came of it. It is proof, never state: losing it loses past evidence and changes no behaviour.
 * history_sqlite.c is the real side (one writer thread, SQLite in WAL mode with full sync); a
 * simulated side replaces it whole.
 */
#ifndef AGENT_HISTORY_H
#define AGENT_HISTORY_H

#include "analysis/base/instant.h"

#include <stdbool.h>
#include <stddef.h>

struct history;

#define HISTORY_ROUND_MAX \
 (256 * 1024) /* bytes of one record's texts; longer: cut, and marked as cut */
#define HISTORY_QUEUE_MAX \
 4096 /* records that wait for the disk; more: dropped, and the gap counted */
#define HISTORY_QUEUE_BYTES_MAX (32 * 1024 * 1024) /* bytes of all that wait; the same */

/* What one thought of `decide` led to. Texts are copied. */
struct history_round {
	const char *uid; /* sortable and unique: made by the agent */
	const char *k8s_namespace;
	const char *canary;
	const char *canary_uid;
	const char *release; /* name of the Release in hand, "" when none */
	int64_t release_seq;
	struct instant decided_at;
	const char *decide_version;
	const char *reason;
	const char *spec; /* JSON: what decide got */
	const char *base; /* JSON: facts that many rounds share, stored once; "": facts stand alone,
	                     and are less than decide got */
	const char *facts; /* JSON: what decide got, as a merge patch (RFC 7396) of base */
	const char *plan;  /* JSON: what it answered */
};

enum history_kind {
	HISTORY_UNKNOWN,
	HISTORY_QUESTION, /* an effect that reads was begun */
	HISTORY_CHANGE,   /* an effect that writes was begun */
	HISTORY_ANSWER,   /* the outcome of either */
};

/* One effect of a round, or its outcome. Texts are copied. */
struct history_effect {
	const char *round_uid; /* the round that planned it */
	enum history_kind kind;
	const char *key;    /* what it is about: "observe route", "metric request-duration", "save
	                       release" */
	const char *detail; /* JSON: request or reply in brief, query, raw values, error */
	const char *result; /* of an answer: "ok", "conflict", "failed", "cancelled", "unknown";
	                       else "" */
	struct instant at;
};

enum history_split_result {
	HISTORY_SPLIT_NONE,
	HISTORY_SPLIT_OBSERVED, /* it divides requests so */
	HISTORY_SPLIT_REMOVED,  /* it is gone, or divides none any more */
	HISTORY_SPLIT_LEFT,     /* nobody asks for it any more, or a canary has it */
	HISTORY_SPLIT_LISTED,   /* of no one object: a kind was listed for the first time */
};

/* How an object divides requests that no canary of ours has: seen, not done. Texts are copied. */
struct history_split {
	const char *api;  /* "networking.istio.io/v1beta1" */
	const char *kind; /* "VirtualService" */
	const char *k8s_namespace;
	const char *name;
	const char *uid; /* the object's */
	const char *resource_version;
	const char *author; /* a field manager; "": nobody says */
	enum history_split_result result;
	struct instant applied_at; /* when the author wrote; else when it was seen */
	struct instant seen_at;
	/* JSON, as providers/split.h has it; "{}" when it is not observed. Of a list: {UID: 1} of
	 * each object that is there, 0 if it is not to be observed any more. */
	const char *split;
};

/* The chain of the evidence up to one entry, for keeping outside the file: who keeps it can show
 * later that nothing up to there was changed or cut off. */
#define HISTORY_ANCHOR_CHAIN_MAX 256
#define HISTORY_ANCHOR_HASH_MAX  65
struct history_anchor {
	char chain[HISTORY_ANCHOR_CHAIN_MAX]; /* the writer's name */
	int64_t seq;                          /* of the entry, from 1 */
	char hash[HISTORY_ANCHOR_HASH_MAX];   /* its hash, in hex */
};

struct history_ops {
	/* Append a round; `acked` is called once from the loop when it is on disk (or never, when
	 * the store hangs). */
	void (*round)(struct history *history, const struct history_round *round,
	              void (*acked)(void *user, const char *uid), void *user);
	void (*effect)(struct history *history, const struct history_effect *effect);
	/* NULL: not kept. */
	void (*split)(struct history *history, const struct history_split *split);
	/* Forget a waiting acknowledgement: no call of `acked` with this user follows. */
	void (*forget)(struct history *history, void *user);
	/* Mark that a round's effects went ahead of the disk (no acknowledgement within a second).
	 */
	void (*gap)(struct history *history, const char *round_uid, struct instant at);
	/* One line for `status` and /readyz: "ok", or what is wrong ("database or disk is full; 312
	 * records wait"). */
	const char *(*state)(struct history *history);
	/* The entry of the newest round that was acknowledged; NULL: this store has no chain. */
	bool (*anchor)(struct history *history, struct history_anchor *ret);
};

/* The first member of every implementation. */
struct history {
	const struct history_ops *ops;
};

/* Append a round; `acked` (may be NULL) is called as history_ops.round says, never from inside this
 * call. */
void history_round(struct history *history, const struct history_round *round,
                   void (*acked)(void *user, const char *uid), void *user);

/* Append an effect that was begun, or the outcome of one. Never waits. */
void history_effect(struct history *history, const struct history_effect *effect);

/* Append what was seen of somebody else's object; a store that outlives the agent leaves out what
 * is no news since the last of that object. Of a list (its `k8s_namespace` "": of all) it tells
 * what an agent before saw and is not there any more, as removed or left. Never waits. */
void history_split(struct history *history, const struct history_split *split);

/* Forget a waiting acknowledgement: no call of `acked` with this user follows. */
void history_forget(struct history *history, void *user);

/* Mark that a round's effects went ahead of the disk. */
void history_gap(struct history *history, const char *round_uid, struct instant at);

/*
 * One line for `status` and /readyz. It begins with "ok" while records reach the disk ("ok", "ok;
 * 12 records lost"); valid until the next call with this history.
 */
const char *history_state(struct history *history);

/* The entry of the newest round that is on disk and acknowledged; false when there is none. */
bool history_anchor(struct history *history, struct history_anchor *ret);

#endif
