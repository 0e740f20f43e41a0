#include "tests/simulation/faults.h"

#include "analysis/base/compiler.h"

#include <stdint.h>
#include <string.h>

#define BURST_FACTOR 12
#define BURST_MS_MAX 20000

/* Of each kind: its name, and its chance per opportunity in ordinary weather. */
static const struct kind {
	const char *name;
	double rate;
} kinds[FAULT_MAX] = {
	[FAULT_LATENCY] = {"latency", 0.02},
	[FAULT_LOST] = {"request lost", 0.004},
	[FAULT_REPLY_LOST] = {"reply lost", 0.006},
	[FAULT_RESET] = {"reset before", 0.005},
	[FAULT_RESET_LATE] = {"reset after", 0.008},
	[FAULT_RESENT] = {"sent twice", 0.008},
	[FAULT_REORDER] = {"reordered", 0.02},
	[FAULT_PARTITION] = {"partition", 0.003},
	[FAULT_CONFLICT] = {"409", 0.012},
	[FAULT_GONE] = {"410", 0.004},
	[FAULT_BUSY] = {"429", 0.005},
	[FAULT_ERROR] = {"500 before", 0.005},
	[FAULT_ERROR_LATE] = {"500 after", 0.01},
	[FAULT_COMPACTION] = {"compaction", 0.003},
	[FAULT_STALE_LIST] = {"stale list", 0.2},
	[FAULT_WATCH_LATE] = {"watch late", 0.006},
	[FAULT_WATCH_LOST] = {"watch lost", 0.004},
	[FAULT_WATCH_SILENT] = {"watch silent", 0.0015},
	[FAULT_WATCH_REPLAYED] = {"watch replayed", 0.005},
	[FAULT_CRASH] = {"crash", 0.0002},
	[FAULT_RESTART] = {"restart", 0.0015},
	[FAULT_PAUSE] = {"pause", 0.003},
	[FAULT_SKEW] = {"clock skew", 0.2},
	[FAULT_JUMP] = {"clock jump", 0.0004},
	[FAULT_USURPED] = {"lease usurped", 0.002},
	[FAULT_DISK_SLOW] = {"disk slow", 0.02},
	[FAULT_DISK_HUNG] = {"disk hung", 0.002},
	[FAULT_DISK_FULL] = {"disk full", 0.002},
	[FAULT_DISK_TORN] = {"disk torn", 0.3},
	[FAULT_DISK_READ_ONLY] = {"disk read-only", 0.002},
	[FAULT_DISK_WIPED] = {"disk wiped", 0.2},
	[FAULT_METRICS_DOWN] = {"metrics down", 0.03},
	[FAULT_METRICS_SLOW] = {"metrics slow", 0.03},
	[FAULT_METRICS_EMPTY] = {"metrics empty", 0.03},
	[FAULT_METRICS_NAN] = {"metrics NaN", 0.03},
	[FAULT_METRICS_SERIES] = {"metrics two series", 0.02},
	[FAULT_METRICS_RESET] = {"metrics counter reset", 0.01},
	[FAULT_METRICS_GARBAGE] = {"metrics garbage", 0.02},
	[FAULT_EDIT_WEIGHT] = {"edit of weight", 0.01},
	[FAULT_EDIT_REPLICAS] = {"edit of replicas", 0.008},
	[FAULT_EDIT_SELECTOR] = {"edit of selector", 0.005},
	[FAULT_EDIT_LABELS] = {"edit of labels", 0.01},
	[FAULT_EDIT_REMOVE] = {"removal", 0.004},
	[FAULT_GITOPS] = {"GitOps restore", 0.01},
	[FAULT_PODS_BREAK] = {"pods break", 0.004},
	[FAULT_GATE_CLOSED] = {"gate closed", 0.06},
	[FAULT_HOOK_NO] = {"hook says no", 0.04},
	[FAULT_HOOK_SILENT] = {"hook silent", 0.04},
	[FAULT_HOOK_DOWN] = {"hook down", 0.03},
	[FAULT_HOOK_ROLLBACK] = {"hook calls back", 0.02},
};

static const char *const phase_names[FAULT_PHASE_MAX] = {
	[FAULT_PHASE_ABSENT] = "absent",         [FAULT_PHASE_INIT] = "init",
	[FAULT_PHASE_STARTING] = "Starting",     [FAULT_PHASE_PROGRESSING] = "Progressing",
	[FAULT_PHASE_PROMOTING] = "Promoting",   [FAULT_PHASE_FINALISING] = "Finalising",
	[FAULT_PHASE_RETREATING] = "Retreating", [FAULT_PHASE_REST] = "rest",
	[FAULT_PHASE_TEARDOWN] = "teardown",
};

/* Half of the kinds stay away; the others are rare, usual or frequent. */
void faults_init(struct faults *faults, uint64_t seed, int n_canaries, uint64_t limit)
{
	static const double factors[] = {0.3, 1, 3};
	struct dice dice = dice_init(seed, "weather");

	*faults = (struct faults){
		.dice = dice_init(seed, "faults"),
		.n_canaries = n_canaries,
		.limit = limit > 0 ? limit : UINT64_MAX,
	};
	for (int kind = 1; kind < FAULT_MAX; kind++) {
		bool is_there = dice_chance(&dice, 0.5);
		double factor = factors[dice_between(&dice, 0, 2)];

		faults->rates[kind] = is_there ? kinds[kind].rate * factor : 0;
	}
}

void faults_storm(struct faults *faults, double factor)
{
	for (int kind = FAULT_EDIT_WEIGHT; kind <= FAULT_PODS_BREAK; kind++)
		faults->rates[kind] *= factor;
}

void faults_still(struct faults *faults, int n_canaries)
{
	faults->n_canaries = n_canaries;
	memset(faults->rates, 0, sizeof(faults->rates));
}

static void count(struct faults *faults, enum fault kind, int canary)
{
	for (int i = 0; i < faults->n_canaries; i++) {
		if (canary < 0 || canary == i)
			faults->counts[faults->phases[i]][kind]++;
	}
}

bool faults_strike(struct faults *faults, enum fault kind, int canary, struct instant now)
{
	return faults_strike_at(faults, kind, canary, now, 1);
}

bool faults_strike_at(struct faults *faults, enum fault kind, int canary, struct instant now,
                      double factor)
{
	bool is_burst = instant_is_before(now, faults->burst_until[kind]);
	double rate = faults->rates[kind] * factor * (is_burst ? BURST_FACTOR : 1);

	if (faults->is_calm || rate <= 0 || !dice_chance(&faults->dice, rate))
		return false;
	if (faults->n_disturbances >= faults->limit)
		return false;
	if (!is_burst && dice_chance(&faults->dice, 0.2))
		faults->burst_until[kind] =
			instant_after(now, span_ms(dice_between(&faults->dice, 100, BURST_MS_MAX)));
	faults->n_disturbances++;
	faults->last = now;
	count(faults, kind, canary);
	if (faults->struck)
		faults->struck(faults->user, kind, canary);
	return true;
}

bool faults_deed(struct faults *faults, struct instant now)
{
	if (faults->is_calm || faults->n_disturbances >= faults->limit)
		return false;
	faults->n_disturbances++;
	faults->last = now;
	return true;
}

bool fault_is_possible(enum fault kind, enum fault_phase phase)
{
	bool is_judged = phase == FAULT_PHASE_STARTING || phase == FAULT_PHASE_PROGRESSING;

	if (kind == FAULT_GATE_CLOSED)
		return is_judged || phase == FAULT_PHASE_ABSENT;
	if (kind == FAULT_HOOK_ROLLBACK)
		return is_judged;
	return phase != FAULT_PHASE_TEARDOWN ||
	       (kind != FAULT_EDIT_SELECTOR && kind != FAULT_HOOK_NO && kind != FAULT_HOOK_SILENT &&
	        kind != FAULT_HOOK_DOWN);
}

const char *fault_name(enum fault kind)
{
	return kinds[kind].name;
}

const char *fault_phase_name(enum fault_phase phase)
{
	return phase_names[phase];
}
