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

/* An answer came to a request for a route; one leaves. */
void witness_duty_refused(struct simulation *simulation, const struct witness_flight *flight,
                          const struct http_reply *reply);
void witness_duty_sent(struct simulation *simulation, const struct witness_flight *flight);

#endif
