#include "tests/simulation/totals.h"

#include "agent/version.h"

#include <inttypes.h>

/* Strikes of each pair in so many releases. */
#define WANTED   100
#define RELEASES 1000000

static void add_result(struct simulation_result *sum, const struct simulation_result *result)
{
	sum->n_disturbances += result->n_disturbances;
	sum->n_releases += result->n_releases;
	sum->n_decisions += result->n_decisions;
	sum->n_requests += result->n_requests;
	sum->simulated.ms += result->simulated.ms;
	for (int phase = 0; phase < FAULT_PHASE_MAX; phase++) {
		for (int kind = 0; kind < FAULT_MAX; kind++)
			sum->counts[phase][kind] += result->counts[phase][kind];
	}
	for (int i = 0; i < WITNESS_OUTCOMES_MAX; i++)
		sum->outcomes[i] += result->outcomes[i];
}

/* Seeds FIRST to LAST, too. */
static void span_seeds(struct totals *totals, uint64_t first, uint64_t last)
{
	if (totals->n_seeds == 0 || first < totals->first)
		totals->first = first;
	if (totals->n_seeds == 0 || last > totals->last)
		totals->last = last;
}

void totals_add(struct totals *totals, uint64_t seed, const struct simulation_result *result)
{
	span_seeds(totals, seed, seed);
	totals->n_seeds++;
	totals->n_failed += result->violation[0] != '\0';
	totals->digest += result->digest;
	add_result(&totals->sum, result);
}

void totals_merge(struct totals *totals, const struct totals *other)
{
	if (other->n_seeds > 0)
		span_seeds(totals, other->first, other->last);
	totals->n_seeds += other->n_seeds;
	totals->n_failed += other->n_failed;
	totals->digest += other->digest;
	add_result(&totals->sum, &other->sum);
}

static void print_count(uint64_t count, enum fault kind, enum fault_phase phase, FILE *stream)
{
	if (count == 0 && !fault_is_possible(kind, phase))
		(void)fprintf(stream, " %11s", "-");
	else
		(void)fprintf(stream, " %11" PRIu64, count);
}

/* The pairs, of those that can be, that would be struck less than 100 times in a million releases.
 */
static void print_rare(const struct simulation_result *sum, FILE *stream)
{
	uint64_t releases = sum->n_releases < RELEASES ? sum->n_releases : RELEASES;
	unsigned n = 0;

	for (int kind = 1; kind < FAULT_MAX; kind++) {
		for (int phase = 0; phase < FAULT_PHASE_MAX; phase++) {
			uint64_t count = sum->counts[phase][kind];

			if (count * RELEASES >= WANTED * releases ||
			    !fault_is_possible((enum fault)kind, (enum fault_phase)phase))
				continue;
			(void)fprintf(
				stream, "%s%s in %s (%" PRIu64 ")",
				n++ == 0
					? "less than 100 times, or at this rate so in 1000000 releases: "
					: ", ",
				fault_name((enum fault)kind),
				fault_phase_name((enum fault_phase)phase), count);
		}
	}
	if (n > 0)
		(void)fprintf(stream, "\n");
}

static void print_coverage(const struct simulation_result *sum, FILE *stream)
{
	(void)fprintf(stream, "%-22s", "fault \\ phase");
	for (int phase = 0; phase < FAULT_PHASE_MAX; phase++)
		(void)fprintf(stream, " %11s", fault_phase_name((enum fault_phase)phase));
	(void)fprintf(stream, "\n");
	for (int kind = 1; kind < FAULT_MAX; kind++) {
		(void)fprintf(stream, "%-22s", fault_name((enum fault)kind));
		for (int phase = 0; phase < FAULT_PHASE_MAX; phase++)
			print_count(sum->counts[phase][kind], (enum fault)kind,
			            (enum fault_phase)phase, stream);
		(void)fprintf(stream, "\n");
	}
}

void totals_print(const struct totals *totals, double seconds, FILE *stream)
{
	const struct simulation_result *sum = &totals->sum;
	const uint64_t *outcomes = sum->outcomes;

	print_coverage(sum, stream);
	print_rare(sum, stream);
	(void)fprintf(stream, "commit " VERSION_COMMIT);
	if (totals->storm > 0)
		(void)fprintf(stream, ", storm %g", totals->storm);
	(void)fprintf(stream, ", seeds %" PRIu64 " to %" PRIu64 "\n", totals->first, totals->last);
	(void)fprintf(stream,
	              "%" PRIu64 " seeds, %" PRIu64 " releases (%.0f a second), %" PRIu64
	              " disturbances, %" PRIu64 " decisions, %" PRIu64 " requests\n",
	              totals->n_seeds, sum->n_releases, (double)sum->n_releases / seconds,
	              sum->n_disturbances, sum->n_decisions, sum->n_requests);
	(void)fprintf(stream,
	              "promoted %" PRIu64 ", rolled back %" PRIu64 ", superseded %" PRIu64
	              ", failed promotion %" PRIu64 ", skipped %" PRIu64 ", cancelled %" PRIu64
	              "\n",
	              outcomes[OUTCOME_PROMOTED], outcomes[OUTCOME_ROLLED_BACK],
	              outcomes[OUTCOME_SUPERSEDED], outcomes[OUTCOME_FAILED_PROMOTION],
	              outcomes[OUTCOME_SKIPPED], outcomes[OUTCOME_CANCELLED]);
	(void)fprintf(stream,
	              "%.0f simulated hours in %.0f s: %.0f s per second; digest %016" PRIx64
	              "; %" PRIu64 " violations\n",
	              (double)sum->simulated.ms / 3.6e6, seconds,
	              (double)sum->simulated.ms / 1000 / seconds, totals->digest, totals->n_failed);
}
