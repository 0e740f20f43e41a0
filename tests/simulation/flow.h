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
void flow_perturb_all(const struct flow *flows, size_t n_flows);

/* What is before many flows: the usual cast without a Canary, and one agent; then the Canary,
 * initialised. */
void flow_start(struct stage *stage);
void flow_initialise(struct stage *stage, const char *provider, const char *analysis);

/* What happens in many flows, to Deployment and Canary "cart": a version that is good, one that is
 * too slow, one whose pods get ready only as a canary's so that its promotion fails, the end. */
void flow_push_v2(struct stage *stage);
void flow_push_slow(struct stage *stage);
void flow_push_bad_primary(struct stage *stage);
void flow_delete_canary(struct stage *stage);

/* Fail the test unless an hour passes without a request beside lease and watches. */
void flow_expect_rest(struct stage *stage);

#endif
