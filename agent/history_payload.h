/*
 * What the audit chain says about a row: canonical JSON (sorted keys, no spaces) that names every
 * column, long texts by their SHA-256. The writer makes it from a record, the verifier makes it
 * again from the stored row.
 */
#ifndef AGENT_HISTORY_PAYLOAD_H
#define AGENT_HISTORY_PAYLOAD_H

#include "agent/history_record.h"
#include "analysis/base/buf.h"

#define HISTORY_PAYLOAD_MAX (128 * 1024) /* bytes; above what the limits of a record allow */

/* What of a round is given by digest. */
struct history_payload_digests {
	const char *spec;
	const char *base;  /* of its facts; "": none */
	const char *facts; /* NULL: they are at hand */
};

/* Of a round. Replaces what RET holds; RET's max must be HISTORY_PAYLOAD_MAX. */
void history_payload_round(const struct history_round *round,
                           const struct history_payload_digests *digests, bool is_cut,
                           struct buf *ret);

/* Of an effect; KIND as stored, DETAIL_SHA256 NULL when its detail is at hand. */
void history_payload_effect(const char *uid, const char *kind, const struct history_effect *effect,
                            const char *detail_sha256, bool is_cut, struct buf *ret);

/* What retention removed of the entries FIRST_SEQ to LAST_SEQ of a chain. */
struct history_prune_row {
	const char *uid;
	const char *chain;     /* of them, perhaps of an earlier process */
	struct instant at;     /* of removing */
	struct instant cutoff; /* they were older */
	struct instant until;  /* time of the last entry that was looked at */
	int64_t first_seq;
	int64_t last_seq;
	int64_t n_rounds;   /* that lost their facts */
	int64_t n_answers;  /* of checks, that lost their detail */
	const char *sha256; /* of what their entries have as payload_sha256, in order, each ended
	                       by a newline */
};

/* Of a prune. */
void history_payload_prune(const struct history_prune_row *prune, struct buf *ret);

/* Of a split; ORIGIN and RESULT as stored. */
void history_payload_split(const char *uid, const char *origin, const char *result,
                           const struct history_split *split, bool is_cut, struct buf *ret);

/* Of a gap; KIND as stored. */
void history_payload_gap(const char *uid, const char *kind, const struct history_gap *gap,
                         struct buf *ret);

#endif
