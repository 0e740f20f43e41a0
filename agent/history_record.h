/*
 * A record on its way to the store: one block of memory with copies of all texts, cut to the
 * limits. It belongs to whoever holds it; nothing in it is shared, so it may change threads with
 * its owner.
 */
#ifndef AGENT_HISTORY_RECORD_H
#define AGENT_HISTORY_RECORD_H

#include "agent/history.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HISTORY_RECORD_NAME_MAX   512  /* bytes of a uid or a name; Kubernetes allows 253 */
#define HISTORY_RECORD_REASON_MAX 8192 /* bytes of a reason, or of a gap's detail */

enum history_record_kind {
	HISTORY_RECORD_NONE,
	HISTORY_RECORD_ROUND,
	HISTORY_RECORD_EFFECT,
	HISTORY_RECORD_SPLIT,
	HISTORY_RECORD_AHEAD,   /* a gap: effects of a round went ahead of the disk */
	HISTORY_RECORD_LOST,    /* a gap: records were dropped since too many waited */
	HISTORY_RECORD_REFUSED, /* a gap: the store refused one record */
	HISTORY_RECORD_MOVED,   /* a gap: what was written before is in another file */
	HISTORY_RECORD_BEGAN, /* a gap: what the process before did not bring to disk is missing */
};

/* Something that is not in the store, or was late. */
struct history_gap {
	const char *round_uid; /* "" when it is not about one round */
	int64_t n_records;     /* missing; 0 when only late */
	struct instant from;   /* time of the first record concerned */
	struct instant until;  /* and of the last */
	const char *detail;
};

struct history_record {
	struct history_record *next;
	enum history_record_kind kind;
	uint64_t number; /* place in the order of this process, from 1; set by the queue */
	size_t size;     /* bytes of memory */
	bool is_cut;     /* some text was longer than its limit */
	char *refusal;   /* heap: why the store did not take it; written as a gap instead. NULL: not
	                    refused */
	union {
		struct history_round round;
		struct history_effect effect;
		struct history_split split;
		struct history_gap gap;
	};
	char text[];
};

/*
 * Copies. A text that is NULL counts as "". When all texts together pass HISTORY_ROUND_MAX, plan
 * goes before facts before their base before spec; a text is cut between characters of UTF-8. To be
 * freed with history_record_free.
 */
struct history_record *history_record_round(const struct history_round *round);
struct history_record *history_record_effect(const struct history_effect *effect);
struct history_record *history_record_split(const struct history_split *split);
struct history_record *history_record_gap(enum history_record_kind kind,
                                          const struct history_gap *gap);

/* Free a record and all that follow it; accepts NULL, returns NULL. */
struct history_record *history_record_free(struct history_record *list);

/* When it happened; of a gap, its end. */
struct instant history_record_at(const struct history_record *record);

/* The round it belongs to, or "". */
const char *history_record_round_uid(const struct history_record *record);

/* As stored: "ahead", "lost", "refused", "moved", "began". Only for gaps. */
const char *history_record_gap_text(enum history_record_kind kind);

/* As stored: "question", "change", "answer". */
const char *history_record_effect_text(enum history_kind kind);

/* As stored: "observed", "removed", "left"; "listed" is of no row. */
const char *history_record_split_text(enum history_split_result result);

#endif
