/* What people asked for, as records have it; a part of journal.h. */
#ifndef AGENT_JOURNAL_ACTION_H
#define AGENT_JOURNAL_ACTION_H

#include "analysis/facts.h"

#include <jansson.h>

/* What was carried out, and who holds the run: "actions", "paused", "full" of JSON. */
void journal_action_put_status(json_t *json, const struct release_status *status);

/* The actions of a Release in a record; those that cannot be read are left out. */
void journal_action_read(const json_t *newest, struct release *ret);

#endif
