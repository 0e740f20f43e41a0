/* What those who forge a history are made of. */
#ifndef TESTS_AGENT_AUDIT_FORGERY_H
#define TESTS_AGENT_AUDIT_FORGERY_H

#include "tests/agent/audit_original.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

/* One forgery. */
struct forgery {
	const struct audit_original *original;
	sqlite3 *db;
	uint64_t random;
	int lo; /* the first bad entry is one of these */
	int hi;
	char named[128];     /* or this is in the verdict; "" when the entry must be named */
	char told[256];      /* what was done */
	bool is_unwitnessed; /* no anchors are at hand */
};

uint64_t audit_forgery_draw(struct forgery *forgery);

/* From 1 to N. */
int audit_forgery_choose(struct forgery *forgery, int n);

/* FORMAT as sqlite3_mprintf has it. True when a row was changed. */
bool audit_forgery_sql(struct forgery *forgery, const char *format, ...);

/* Write something else into COLUMN of the row of TABLE where WHERE; false when it is the same. */
bool audit_forgery_edit(struct forgery *forgery, const char *table, const char *column,
                        const char *where);

/* The first bad entry is one from LO to HI. */
void audit_forgery_expect(struct forgery *forgery, int lo, int hi);

/* The anchors leave a stretch of entries, one of which was written anew: K is in it. */
void audit_forgery_expect_stretch(struct forgery *forgery, int k);

/* Any column that the chain covers. */
const char *audit_forgery_column(struct forgery *forgery, const char *entity);

/* Number all entries anew and hash them again: the chain is in order. */
bool audit_forgery_rehash(struct forgery *forgery);

#endif
