/* One decision in four that agents record is derived again from its record, and is the same; and
 * what it was decided on is no older than what was known before. */
#ifndef TESTS_SIMULATION_SIM_DERIVE_H
#define TESTS_SIMULATION_SIM_DERIVE_H

#include "agent/history.h"
#include "tests/simulation/sim_known.h"

/*
 * Aborts, with words, when it is not the same. KNOWN may be NULL. False: what the process knew
 * before was newer, and WHY says what.
 */
bool sim_derive_round(const struct history_round *round, struct sim_known *known, char *why,
                      size_t size);

#endif
