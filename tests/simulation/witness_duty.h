/* What must happen soon. */
#ifndef TESTS_SIMULATION_WITNESS_DUTY_H
#define TESTS_SIMULATION_WITNESS_DUTY_H

#include "tests/simulation/simulation.h"

/* Note what is due since now, and what is done. */
void witness_duty_note(struct simulation *simulation, int canary);

/* Accuse what is overdue. */
void witness_duty_check(struct simulation *simulation, int canary);

/* Another leads, or its process is a new one: it asks anew. */
void witness_duty_forget(struct simulation *simulation);

#endif
