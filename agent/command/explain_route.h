/* The weight that the route really has, and who wrote it. */
#ifndef AGENT_COMMAND_EXPLAIN_ROUTE_H
#define AGENT_COMMAND_EXPLAIN_ROUTE_H

#include "agent/command/explain.h"

/* When the route's weight is neither FROM nor TO: that, and whoever wrote it, is the sentence. */
void explain_route(const struct explain_world *world, struct explain_answer *ret, int from, int to);

/* The route as a fact. */
void explain_route_tell(const struct explain_world *world, struct explain_answer *ret);

#endif
