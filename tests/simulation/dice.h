/*
 * Random numbers from one seed, in streams of their own: what one part of the simulation draws
 * never shifts what another one gets.
 */
#ifndef TESTS_SIMULATION_DICE_H
#define TESTS_SIMULATION_DICE_H

#include <stdbool.h>
#include <stdint.h>

struct dice {
	uint64_t state;
};

/* The stream of that name under a seed. */
struct dice dice_init(uint64_t seed, const char *stream);

uint64_t dice_roll(struct dice *dice);

/* True once in 1 / CHANCE times; 0 never, 1 always. */
bool dice_chance(struct dice *dice, double chance);

/* LOW … HIGH, both included. */
int64_t dice_between(struct dice *dice, int64_t low, int64_t high);

/* The index of one of N weights, with that weight; N - 1 when all are 0. */
int dice_pick(struct dice *dice, const int *weights, int n);

#endif
