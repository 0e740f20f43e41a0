/* What the tests of hooks begin with, and count. */
#ifndef TESTS_ANALYSIS_HOOKED_H
#define TESTS_ANALYSIS_HOOKED_H

#include "tests/analysis/happen.h"

#include <string.h>

/* One of each type that can hold a run. */
static const enum hook_type all[] = {HOOK_CONFIRM_ROLLOUT,   HOOK_PRE_ROLLOUT,
                                     HOOK_ROLLOUT,           HOOK_CONFIRM_TRAFFIC_INCREASE,
                                     HOOK_CONFIRM_PROMOTION, HOOK_POST_ROLLOUT,
                                     HOOK_ROLLBACK,          HOOK_NONE};

/* A Canary that is initialised, with a hook of each of TYPES (ended by HOOK_NONE). */
static inline void begin(struct model *model, const enum hook_type *types)
{
	model_init(model);
	model_initialise(model);
	for (size_t i = 0; types[i] != HOOK_NONE; i++)
		model_hook(model, types[i], NULL);
}

/* The rollback hook asks for one. */
static inline void call_back(struct model *model)
{
	model->says[HOOK_ROLLBACK] = HOOK_PASS;
}

/* How often WHAT stands in TEXT. */
static inline int count(const char *text, const char *what)
{
	int n = 0;

	for (const char *at = strstr(text, what); at; at = strstr(at + 1, what))
		n++;
	return n;
}

#endif
