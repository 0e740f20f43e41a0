/* What is seen of the route and of the objects beside it; a part of learn.c. */
#ifndef AGENT_LEARN_ROUTE_H
#define AGENT_LEARN_ROUTE_H

#include "agent/canary.h"

/* The route; OBJECT NULL: it is not there. */
void learn_route_object(struct canary *canary, const json_t *object);

/* The route may be another object than was thought: nothing is known of it. */
void learn_route_forget(struct canary *canary);

/* The object number INDEX beside it; OBJECT NULL: it is not there. */
void learn_route_beside(struct canary *canary, size_t index, const json_t *object);

#endif
