/* A flow of a whole agent, once as it should be, then once for each write and each kind of fault.
 */
#ifndef TESTS_SIMULATION_FLOW_H
#define TESTS_SIMULATION_FLOW_H

#include "tests/simulation/stage.h"

/* What happens before, what is looked at, and the phase it ends in ("": the Canary is gone). */
struct flow {
	const char *name;
	void (*before)(struct stage *stage);
	void (*happen)(struct stage *stage);
	const char *ends_in;
};

/* Fail the test unless every fault leads to the same cluster, by the same steps. */
void flow_perturb(const struct flow *flow);

#endif
