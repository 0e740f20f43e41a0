#include "tests/simulation/dice.h"

struct dice dice_init(uint64_t seed, const char *stream)
{
	struct dice dice = {seed * UINT64_C(0x9E3779B97F4A7C15) + 1};

	for (; *stream; stream++)
		dice.state = (dice.state ^ (uint64_t)*stream) * UINT64_C(0x100000001B3);
	return dice;
}

/* splitmix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014. */
uint64_t dice_roll(struct dice *dice)
{
	uint64_t z = dice->state += UINT64_C(0x9E3779B97F4A7C15);

	z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
	return z ^ (z >> 31);
}

bool dice_chance(struct dice *dice, double chance)
{
	return (double)(dice_roll(dice) >> 11) * 0x1.0p-53 < chance;
}

int64_t dice_between(struct dice *dice, int64_t low, int64_t high)
{
	return low + (int64_t)(dice_roll(dice) % (uint64_t)(high - low + 1));
}

int dice_pick(struct dice *dice, const int *weights, int n)
{
	int64_t sum = 0;
	int64_t at;

	for (int i = 0; i < n; i++)
		sum += weights[i];
	if (sum == 0)
		return n - 1;
	at = dice_between(dice, 0, sum - 1);
	for (int i = 0; i < n; i++) {
		at -= weights[i];
		if (at < 0)
			return i;
	}
	return n - 1;
}
