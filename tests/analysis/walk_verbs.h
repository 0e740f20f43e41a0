/* The walk's worlds once more, with a person who asks for something, or who holds the run. */
#ifndef TESTS_ANALYSIS_WALK_VERBS_H
#define TESTS_ANALYSIS_WALK_VERBS_H

#include "tests/analysis/worlds.h"

struct walk_verbs {
	struct world world;     /* the one under way, with its Action */
	struct effect *effects; /* two plans: without the Action, and with it */
	struct plan plain;
	struct plan plan;
	uint64_t n_worlds;
	uint64_t n_acted; /* in which the verb was carried out */
};

/* Effects for two plans are allocated; give them up. */
void walk_verbs_init(struct walk_verbs *verbs);
void walk_verbs_fini(struct walk_verbs *verbs);

/* Decide in WORLD with a verb made from NUMBER; what is broken, or NULL. */
const char *walk_verbs_check(struct walk_verbs *verbs, const struct world *world, uint64_t number);

#endif
