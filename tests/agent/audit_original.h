/* A history that is to be forged: rounds with decisions, effects and gaps, and anchors kept
 * elsewhere. */
#ifndef TESTS_AGENT_AUDIT_ORIGINAL_H
#define TESTS_AGENT_AUDIT_ORIGINAL_H

#include "agent/history_verify.h"
#include "tests/agent/history_desk.h"

#define AUDIT_ROUNDS      14
#define AUDIT_ANCHORS     3
#define AUDIT_ENTRIES_MAX 120

/* One entry as it was written. */
struct audit_entry {
	char entity[16];
	char uid[64];
};

struct audit_original {
	unsigned char *image; /* without its triggers */
	sqlite3_int64 size;
	int n; /* entries */
	struct audit_entry entries[AUDIT_ENTRIES_MAX + 1];
	char anchor_names[AUDIT_ANCHORS][32];
	struct history_witness anchors[AUDIT_ANCHORS];
	int anchored; /* the last of them */
	bool is_pruned;
};

/* Write it with DESK, and read it; IS_PRUNED: with two prunes in it, both anchored. RET->image is
 * freed with sqlite3_free. */
void audit_original_read(struct desk *desk, bool is_pruned, struct audit_original *ret);

/* A copy in memory, in which everything is allowed. */
void audit_original_open(const struct audit_original *original, sqlite3 **ret);

/* The first column of the first row of TEXT, "" when there is none. */
void audit_original_text(sqlite3 *db, const char *text, char *ret, size_t size);

#endif
