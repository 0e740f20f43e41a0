/* What a process knows never grows older: of an object it goes on only from newer to newer. */
#ifndef TESTS_SIMULATION_SIM_KNOWN_H
#define TESTS_SIMULATION_SIM_KNOWN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define SIM_KNOWN_MAX 128 /* objects; of more, those seen longest ago are forgotten */

struct sim_known {
	struct {
		char who[80]; /* the Canary's uid and the object's */
		unsigned long long version;
	} rows[SIM_KNOWN_MAX];
	size_t next;
};

/*
 * Note what FACTS, of a round about the Canary of that uid, know. False: one of the objects is
 * known as it was before, and WHY (for people) says which.
 */
bool sim_known_note(struct sim_known *known, const char *canary_uid, json_t *facts, char *why,
                    size_t size);

/* A process lets the Canary go: what it is told of it later it learns anew. */
void sim_known_forget(struct sim_known *known, const char *canary_uid);

/*
 * A run begins, by a plan that creates its Release, only beside a primary that FACTS show as ready,
 * whatever is so meanwhile. False: WHY says how it was known. A first run has no primary.
 */
bool sim_known_begins(const json_t *facts, const char *plan, char *why, size_t size);

#endif
