/* The receivers of hooks on a stage, at http://hooks/PATH. */
#ifndef TESTS_SIMULATION_STAGE_HOOKS_H
#define TESTS_SIMULATION_STAGE_HOOKS_H

#include "analysis/base/buf.h"
#include "providers/http.h"

#define STAGE_HOOKS_MAX 8

struct stage_hooks {
	struct {
		char path[32];
		int status;
		char body[64];
	} receivers[STAGE_HOOKS_MAX];
	size_t n_receivers;
	struct buf calls; /* "PATH PHASE", of an event "PATH PHASE: MESSAGE", of an alert its text,
	                     a line each; its max is set by the owner */
};

/* From now on those whose path begins with PATH answer so; STATUS 0: not at all. */
void stage_hooks_set(struct stage_hooks *hooks, const char *path, int status, const char *body);

bool stage_hooks_are_called(const struct http_request *request);

/* The request is for one that never answers. */
bool stage_hooks_are_silent(const struct stage_hooks *hooks, const struct http_request *request);

struct http_reply stage_hooks_answer(struct stage_hooks *hooks, const struct http_request *request);

#endif
