/* Label and field selectors. */
#ifndef AGENT_DEMO_APISERVER_SELECT_H
#define AGENT_DEMO_APISERVER_SELECT_H

#include "analysis/base/arena.h"
#include "analysis/base/err.h"

#include <jansson.h>

struct apiserver_select_label;
struct apiserver_select_field;

/* Zero selects everything. */
struct apiserver_select {
	struct apiserver_select_label *labels;
	struct apiserver_select_field *fields;
};

/*
 * Read a label selector ("a=b,c!=d,e in (f,g),h notin (i),j,!k") and a field selector
 * ("metadata.name=a"), either may be NULL. The texts are copied into the arena. Refuses what it
 * cannot read and fields that the server does not select by.
 */
bool apiserver_select_labels(struct apiserver_select *select, struct arena *arena, const char *text,
                             struct err *err);
bool apiserver_select_fields(struct apiserver_select *select, struct arena *arena, const char *text,
                             const char *plural, struct err *err);

bool apiserver_select_matches(const struct apiserver_select *select, const json_t *object);

/* Do these labels match a label selector? labels may be NULL. */
bool apiserver_select_matches_labels(const struct apiserver_select *select, const json_t *labels);

/* Does it select everything? */
bool apiserver_select_is_empty(const struct apiserver_select *select);

#endif
