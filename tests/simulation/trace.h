/*
 * What a run looks like from outside: what Canary.status says with the weights that stand in the
 * route at that moment, and the Events, each line once.
 */
#ifndef TESTS_SIMULATION_TRACE_H
#define TESTS_SIMULATION_TRACE_H

#include "agent/demo/apiserver.h"
#include "analysis/base/buf.h"

struct trace {
	struct buf states; /* "Progressing w80/20 i0 f0 s20", s: what the status says the weight is;
	                      max is set by the owner */
	struct buf events; /* "N Initialization done! cart.shop" */
	char last[128];
};

/* An agent's REQUEST was served: note what it changed of Canary shop/cart. */
void trace_note(struct trace *trace, const struct apiserver *server,
                const struct http_request *request);

void trace_clear(struct trace *trace);
void trace_fini(struct trace *trace);

#endif
