/*
 * Session affinity (analysis.sessionAffinity): which cookies a route should know. They stand in the
 * Release first, as a weight does; the route follows.
 */
#ifndef ANALYSIS_AFFINITY_H
#define ANALYSIS_AFFINITY_H

#include "analysis/thought.h"

/*
 * The cookies that the route should have beside WEIGHT: above 0 those of the run; at 0 the one to
 * take away from clients, of this run or the one before. None where no affinity is asked for.
 */
struct cookies affinity_cookies(const struct thought *thought, int weight);

/*
 * STATUS, to be saved with a new weight above 0, gets the cookies of its step: the run's canary
 * cookie is made once, and again by another name when cookieName was edited; the primary's is new
 * with each step (D-43).
 */
void affinity_turn(const struct thought *thought, struct release_status *status);

#endif
