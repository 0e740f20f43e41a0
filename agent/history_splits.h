/* What a history tells of splits that others made: objects that divide requests and have no
 * Canary. For people and programs; nothing is decided from it. */
#ifndef AGENT_HISTORY_SPLITS_H
#define AGENT_HISTORY_SPLITS_H

#include "analysis/base/err.h"

#include <jansson.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct history_splits_filter {
	const char *k8s_namespace; /* NULL: any */
	const char *name;          /* of the object; NULL: any */
	int64_t before;            /* a place in the order, from *ret_next; 0: the newest first */
	size_t n_max;              /* at most so many */
};

/*
 * The changes that pass FILTER, newest first, as docs/schema/splits.json has them, in *RET, owned
 * by the caller. *RET_NEXT: where to go on; 0: there are no more.
 */
bool history_splits_read(sqlite3 *db, const struct history_splits_filter *filter, json_t **ret,
                         int64_t *ret_next, struct err *err);

#endif
