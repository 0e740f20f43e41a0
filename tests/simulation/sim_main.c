/*
 * serin-sim: runs seeds, as many or for as long as told, and says what they met. A seed that fails
 * is cut down to its shortest prefix and told in words.
 */
#include "tests/simulation/simulation.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct settings {
	uint64_t first;
	uint64_t n_seeds;
	double seconds; /* 0: until the seeds are done */
	uint64_t limit;
	bool is_told;
};

struct totals {
	struct simulation_result sum;
	uint64_t n_seeds;
	uint64_t n_failed;
	uint64_t n_faults;
};

static double elapsed(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void add(struct totals *totals, const struct simulation_result *result)
{
	totals->n_seeds++;
	totals->sum.n_disturbances += result->n_disturbances;
	totals->sum.n_releases += result->n_releases;
	totals->sum.n_decisions += result->n_decisions;
	totals->sum.n_requests += result->n_requests;
	totals->sum.simulated.ms += result->simulated.ms;
	for (int phase = 0; phase < FAULT_PHASE_MAX; phase++) {
		for (int kind = 0; kind < FAULT_MAX; kind++)
			totals->sum.counts[phase][kind] += result->counts[phase][kind];
	}
	for (int i = 0; i < WITNESS_OUTCOMES_MAX; i++)
		totals->sum.outcomes[i] += result->outcomes[i];
}

static void print_coverage(const struct totals *totals)
{
	printf("%-22s", "fault \\ phase");
	for (int phase = 0; phase < FAULT_PHASE_MAX; phase++)
		printf(" %11s", fault_phase_name((enum fault_phase)phase));
	printf("\n");
	for (int kind = 1; kind < FAULT_MAX; kind++) {
		printf("%-22s", fault_name((enum fault)kind));
		for (int phase = 0; phase < FAULT_PHASE_MAX; phase++)
			printf(" %11" PRIu64, totals->sum.counts[phase][kind]);
		printf("\n");
	}
}

static void print_totals(const struct totals *totals, double seconds)
{
	const struct simulation_result *sum = &totals->sum;

	print_coverage(totals);
	printf("%" PRIu64 " seeds, %" PRIu64 " releases (%.0f a second), %" PRIu64
	       " disturbances, %" PRIu64 " decisions, %" PRIu64 " requests\n",
	       totals->n_seeds, sum->n_releases, (double)sum->n_releases / seconds,
	       sum->n_disturbances, sum->n_decisions, sum->n_requests);
	printf("promoted %" PRIu64 ", rolled back %" PRIu64 ", superseded %" PRIu64
	       ", failed promotion %" PRIu64 ", skipped %" PRIu64 ", cancelled %" PRIu64 "\n",
	       sum->outcomes[OUTCOME_PROMOTED], sum->outcomes[OUTCOME_ROLLED_BACK],
	       sum->outcomes[OUTCOME_SUPERSEDED], sum->outcomes[OUTCOME_FAILED_PROMOTION],
	       sum->outcomes[OUTCOME_SKIPPED], sum->outcomes[OUTCOME_CANCELLED]);
	printf("%.1f simulated hours in %.0f s: %.0f s per second; %" PRIu64 " violations\n",
	       (double)sum->simulated.ms / 3.6e6, seconds,
	       (double)sum->simulated.ms / 1000 / seconds, totals->n_failed);
}

/* The smallest limit with which the seed still fails: the shortest prefix. */
static uint64_t shorten(uint64_t seed, uint64_t limit)
{
	uint64_t low = 1;
	struct simulation_result result;

	while (low < limit) {
		uint64_t middle = low + (limit - low) / 2;

		simulation_run(&(struct simulation_options){.seed = seed, .limit = middle},
		               &result);
		if (result.violation[0] != '\0')
			limit = middle;
		else
			low = middle + 1;
	}
	return limit;
}

static void tell(uint64_t seed, const struct simulation_result *failed)
{
	uint64_t limit = shorten(seed, failed->n_disturbances > 0 ? failed->n_disturbances : 1);
	struct simulation_result result;

	printf("seed %" PRIu64 " fails: %s\n", seed, failed->violation);
	simulation_run(&(struct simulation_options){.seed = seed, .limit = limit, .stream = stdout},
	               &result);
	printf("seed %" PRIu64 ", %" PRIu64 " of %" PRIu64
	       " disturbances: %s\nagain: serin-sim --seed %" PRIu64 " --limit %" PRIu64
	       " --tell\n",
	       seed, limit, failed->n_disturbances,
	       result.violation[0] ? result.violation : failed->violation, seed, limit);
}

static int run_all(const struct settings *settings)
{
	double begin = elapsed();
	struct totals totals = {0};

	for (uint64_t i = 0; i < settings->n_seeds; i++) {
		struct simulation_options options = {
			.seed = settings->first + i,
			.limit = settings->limit,
			.stream = settings->is_told ? stdout : NULL,
		};
		struct simulation_result result;

		if (settings->seconds > 0 && elapsed() - begin > settings->seconds)
			break;
		simulation_run(&options, &result);
		add(&totals, &result);
		if (result.violation[0] == '\0')
			continue;
		totals.n_failed++;
		if (!settings->is_told)
			tell(options.seed, &result);
		if (totals.n_failed >= 5)
			break;
	}
	print_totals(&totals, elapsed() - begin);
	return totals.n_failed > 0;
}

int main(int argc, char **argv)
{
	struct settings settings = {.first = 1, .n_seeds = 100};

	for (int i = 1; i < argc; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : "";

		if (strcmp(argv[i], "--tell") == 0) {
			settings.is_told = true;
			continue;
		}
		if (strcmp(argv[i], "--seed") == 0) {
			settings.first = strtoull(value, NULL, 10);
			settings.n_seeds = 1;
		} else if (strcmp(argv[i], "--first") == 0) {
			settings.first = strtoull(value, NULL, 10);
		} else if (strcmp(argv[i], "--seeds") == 0) {
			settings.n_seeds = strtoull(value, NULL, 10);
		} else if (strcmp(argv[i], "--seconds") == 0) {
			settings.seconds = strtod(value, NULL);
			settings.n_seeds = UINT64_MAX;
		} else if (strcmp(argv[i], "--limit") == 0) {
			settings.limit = strtoull(value, NULL, 10);
		} else {
			(void)fprintf(stderr, "serin-sim: no option \"%s\"\n", argv[i]);
			return 2;
		}
		i++;
	}
	return run_all(&settings);
}
