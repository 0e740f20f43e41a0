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

/* Of a round; its spec is given by digest, and so is the base of its facts, "" for none. Replaces
 * what RET holds; RET's max must be HISTORY_PAYLOAD_MAX. */
void history_payload_round(const struct history_round *round, const char *spec_sha256,
                           const char *base_sha256, bool is_cut, struct buf *ret);

/* Of an effect; KIND as stored. */
void history_payload_effect(const char *uid, const char *kind, const struct history_effect *effect,
                            bool is_cut, struct buf *ret);

/* Of a split; ORIGIN and RESULT as stored. */
void history_payload_split(const char *uid, const char *origin, const char *result,
                           const struct history_split *split, bool is_cut, struct buf *ret);

/* Of a gap; KIND as stored. */
void history_payload_gap(const char *uid, const char *kind, const struct history_gap *gap,
                         struct buf *ret);

#endif
