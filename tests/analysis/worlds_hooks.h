/*
 * Hooks laid over a small world: a spec with one of each type, what was answered so far, and the
 * phases in which gates are waited for.
 */
#ifndef TESTS_ANALYSIS_WORLDS_HOOKS_H
#define TESTS_ANALYSIS_WORLDS_HOOKS_H

#include "tests/analysis/worlds.h"

#define WORLDS_HOOKS 18

/* What is so of the hooks of a world. */
struct world_hooks {
	enum hook_result says[HOOK_EVENT + 1]; /* for the check that is due */
	bool is_closed;                        /* a gate said no less than an interval ago */
	bool is_told;                          /* … and that stands in the Release */
	bool is_undone;                        /* a post-rollout hook of a run that is over */
};

/* Lay variation VALUE over WORLD; false for one that cannot be. */
bool worlds_hooks_put(struct world *world, unsigned value, struct world_hooks *ret);

#endif
