/* One decision in four that agents record is derived again from its record, and is the same. */
#ifndef TESTS_SIMULATION_SIM_DERIVE_H
#define TESTS_SIMULATION_SIM_DERIVE_H

#include "agent/history.h"

/* Aborts, with words, when it is not. */
void sim_derive_round(const struct history_round *round);

#endif
