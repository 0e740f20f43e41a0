/* Another hand that writes the route: counted, named, and kept for the record; a part of learn.c.
 */
#ifndef AGENT_LEARN_RIVAL_H
#define AGENT_LEARN_RIVAL_H

#include "agent/canary.h"

/* A write of the route begins: what it wants is no other's change. */
void learn_rival_wish(struct canary *canary, const struct effect *effect);

/*
 * The route was BEFORE and is now as canary->facts.route says; OBJECT is it now, and
 * edition->route what was kept of it, which may be NULL. What another hand changed is counted in
 * the facts and in the metrics, told in the log, and kept as before and after in
 * canary->rival_edit for the next round's record.
 */
void learn_rival_compare(struct canary *canary, const struct route_fact *before,
                         const json_t *object, const json_t *part);

/* The route was BEFORE and is gone: when the Canary is there, that was another hand, too. Who it
 * was nobody says. */
void learn_rival_removed(struct canary *canary, const struct route_fact *before);

#endif
