/*
 * Those who are no agents: people who push, revert, edit, delete and recreate, and tools that
 * restore what they own.
 */
#ifndef TESTS_SIMULATION_PEOPLE_H
#define TESTS_SIMULATION_PEOPLE_H

#include "agent/loop.h"
#include "tests/simulation/dice.h"
#include "tests/simulation/faults.h"

struct simulation;

/* Those who look after one canary. */
struct people_team {
	struct simulation *simulation;
	int canary;
	struct alarm next; /* their next deed */
	int n_left;        /* deeds before them */
};

struct people {
	struct dice dice;
	struct people_team teams[FAULT_CANARIES_MAX];
};

void people_init(struct simulation *simulation);
void people_fini(struct simulation *simulation);

/* Opportunities for foreign edits; called every now and then. */
void people_weather(struct simulation *simulation);

/* They did all they wanted. */
bool people_are_done(const struct simulation *simulation);

#endif
