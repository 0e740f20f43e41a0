#include "tests/simulation/witness_release.h"

#include "analysis/base/text.h"
#include "providers/kube/pod_template.h"
#include "providers/kube/release.h"
#include "providers/kube/tree.h"
#include "tests/simulation/oracle.h"
#include "tests/simulation/witness_check.h"
#include "tests/simulation/witness_hook.h"
#include "tests/simulation/witness_world.h"

#include <string.h>

#define KEPT          10 /* of the newest */
#define KEPT_PROMOTED 2

enum fault_phase witness_release_phase(const struct witness_run *run,
                                       const struct truth_canary *canary)
{
	static const enum fault_phase phases[] = {
		[PHASE_NONE] = FAULT_PHASE_ABSENT,
		[PHASE_WAITING] = FAULT_PHASE_STARTING,
		[PHASE_STARTING] = FAULT_PHASE_STARTING,
		[PHASE_PROGRESSING] = FAULT_PHASE_PROGRESSING,
		[PHASE_WAITING_PROMOTION] = FAULT_PHASE_PROGRESSING,
		[PHASE_PROMOTING] = FAULT_PHASE_PROMOTING,
		[PHASE_FINALISING] = FAULT_PHASE_FINALISING,
		[PHASE_RETREATING] = FAULT_PHASE_RETREATING,
		[PHASE_DONE] = FAULT_PHASE_REST,
	};

	if (canary->is_leaving)
		return FAULT_PHASE_TEARDOWN;
	if (run->is_init && run->phase < PHASE_DONE)
		return FAULT_PHASE_INIT;
	return phases[run->phase];
}

static void read_status(const json_t *status, struct witness_run *run)
{
	const char *next = kube_tree_text(status, "times/nextCheckAt");

	run->phase = release_phase_find(kube_tree_text(status, "phase"));
	run->outcome = release_outcome_find(kube_tree_text(status, "outcome"));
	run->ending = release_outcome_find(kube_tree_text(status, "ending"));
	run->seq = kube_tree_whole(status, "seq", 0);
	run->iteration = kube_tree_whole(status, "counters/iteration", 0);
	run->failed_checks = kube_tree_whole(status, "counters/failedChecks", 0);
	run->weight = kube_tree_whole(status, "weight/to", 0);
	run->weight_from = kube_tree_whole(status, "weight/from", 0);
	if (next[0])
		(void)instant_parse(next, &run->next_check_at, NULL);
}

/* "3-good" of "web:3-good" */
static const char *tag_of(const char *image)
{
	const char *colon = strchr(image, ':');

	return colon ? colon + 1 : "";
}

static void read_release(const json_t *release, const struct witness_run *old,
                         struct witness_run *run)
{
	const char *uid = kube_tree_text(release, "metadata/uid");

	/* What never changes is read once. */
	if (strcmp(uid, old->uid) == 0) {
		*run = *old;
	} else {
		*run = (struct witness_run){0};
		text_copy(run->uid, uid);
		text_copy(run->name, kube_tree_text(release, "metadata/name"));
		run->number = kube_release_number(release);
		run->is_init = strcmp(kube_tree_text(release, "spec/cause"), "init") == 0;
		run->is_of_config = strcmp(kube_tree_text(release, "spec/cause"), "config") == 0;
		text_copy(run->config,
		          kube_tree_text(json_array_get(kube_tree_find(release, "spec/configs"), 0),
		                         "digest"));
		run->primary_replicas = kube_tree_whole(release, "spec/primaryReplicas", 0);
		text_copy(run->image,
		          witness_world_image(kube_tree_find(release, "spec/template")));
		text_copy(run->tag, tag_of(run->image));
	}
	read_status(kube_tree_find(release, "status"), run);
	run->is_taken_down = kube_release_is_taken_down(release);
}

static void check_step(struct simulation *simulation, const struct witness_run *old,
                       const struct witness_run *new)
{
	if (new->seq != old->seq + 1)
		witness_accuse(simulation, "%s: seq %d follows %d", new->name, (int)new->seq,
		               (int)old->seq);
	if (old->outcome != OUTCOME_NONE &&
	    (new->outcome != old->outcome || new->phase != old->phase ||
	     new->weight != old->weight))
		witness_accuse(simulation, "%s: changed after its outcome", new->name);
	if (new->phase < old->phase &&
	    (old->phase != PHASE_WAITING_PROMOTION || new->phase != PHASE_PROGRESSING))
		witness_accuse(simulation, "%s: %s after %s", new->name,
		               release_phase_name(new->phase), release_phase_name(old->phase));
	if (new->iteration < old->iteration || new->failed_checks < old->failed_checks)
		witness_accuse(simulation, "%s: a counter goes down", new->name);
	if (new->iteration > old->iteration + 1 || new->failed_checks > old->failed_checks + 1)
		witness_accuse(simulation, "%s: a counter leaps", new->name);
	if (new->weight < old->weight &&new->phase >= PHASE_PROGRESSING &&new->phase <=
	    PHASE_WAITING_PROMOTION)
		witness_accuse(simulation, "%s: a step back, from %d to %d", new->name, old->weight,
		               new->weight);
	if (new->outcome != OUTCOME_NONE &&new->phase != PHASE_DONE)
		witness_accuse(simulation, "%s: an outcome in %s", new->name,
		               release_phase_name(new->phase));
	if (old->ending != OUTCOME_NONE && new->ending != old->ending)
		witness_accuse(simulation, "%s: its ending changed", new->name);
	if (old->ending != OUTCOME_NONE &&
	    new->outcome != OUTCOME_NONE &&new->outcome != old->ending)
		witness_accuse(simulation, "%s: ends otherwise than its retreat", new->name);
}

/* It records what the target had, and names it rightly. */
static void check_template(struct simulation *simulation, int canary, const json_t *release,
                           const struct witness_run *run, const struct witness_flight *flight)
{
	const struct witness_world *world = &simulation->witness.worlds[canary];
	const struct witness_times *times = &simulation->witness.times[canary];
	char digest[DIGEST_MAX];

	if (!kube_pod_template_digest(kube_tree_find(release, "spec/template"), digest, NULL) ||
	    strcmp(digest, kube_tree_text(release, "spec/digest")) != 0)
		witness_accuse(simulation, "%s: its digest is not that of its template", run->name);
	if (strcmp(run->image, world->target.image) == 0)
		return;
	/* One that was there for a moment only may be followed by another before the reply. */
	if (witness_world_knew(simulation, canary, flight, times->image) ||
	    (strcmp(run->image, times->image_before) != 0 &&
	     witness_world_knew(simulation, canary, flight, times->image_came)))
		witness_accuse(simulation, "%s: made of %s while the target has %s", run->name,
		               run->image, world->target.image);
}

/* It is still there, and not another one of that name. */
static bool is_there(struct simulation *simulation, int canary, const struct witness_run *run)
{
	const json_t *release = witness_world_find(simulation, canary, "releases", run->name, "");

	return release && strcmp(kube_tree_text(release, "metadata/uid"), run->uid) == 0;
}

/* A teardown was cut short, and whoever comes again goes on from what was promoted, as long as that
 * can be made. */
static bool is_kept(struct simulation *simulation, int canary,
                    const struct witness_promoted *promoted)
{
	char suffix[16];
	const json_t *release;

	text_format(suffix, sizeof(suffix), "-%d", promoted->number);
	release = witness_world_find(simulation, canary, "releases",
	                             simulation->truth.canaries[canary].name, suffix);
	return release && promoted->uid[0] && !kube_release_is_taken_down(release) &&
	       strcmp(kube_tree_text(release, "metadata/uid"), promoted->uid) == 0;
}

/* Only what was served by a Canary that is gone, and by no primary any more, is taken down. */
static void check_taken_down(struct simulation *simulation, int canary, const json_t *release,
                             const struct witness_flight *flight)
{
	const struct witness_world *world = &simulation->witness.worlds[canary];
	const struct witness_times *times = &simulation->witness.times[canary];

	if (world->has_canary && witness_world_knew(simulation, canary, flight, times->canary))
		witness_accuse(simulation, "%s is taken down while its Canary is there",
		               kube_tree_text(release, "metadata/name"));
	if (world->primary.is_there &&
	    witness_world_knew(simulation, canary, flight, times->primary_pods))
		witness_accuse(simulation, "%s is taken down before its primary",
		               kube_tree_text(release, "metadata/name"));
}

static void check_new(struct simulation *simulation, int canary, const json_t *release,
                      const struct witness_run *run, const struct witness_flight *flight)
{
	struct witness *witness = &simulation->witness;
	const struct witness_run *old = &witness->runs[canary];
	const struct witness_promoted *promoted = &witness->promoted[canary];

	bool has_old = is_there(simulation, canary, old);
	bool is_down = has_old && kube_release_is_taken_down(witness_world_find(
					  simulation, canary, "releases", old->name, ""));

	/* A life before: its Releases are gone, the promoted one last of all, or taken down. */
	if (!is_kept(simulation, canary, promoted) && (!has_old || is_down))
		witness->promoted[canary] = (struct witness_promoted){0};
	if (!has_old)
		witness->before[canary] = (struct witness_promoted){0};
	if (has_old && old->outcome == OUTCOME_NONE)
		witness_accuse(simulation, "%s is made while %s is open", run->name, old->name);
	if (has_old && run->number <= old->number)
		witness_accuse(simulation, "%s is made after %s", run->name, old->name);
	check_template(simulation, canary, release, run, flight);
	if (run->is_init) {
		if (has_old && promoted->uid[0])
			witness_accuse(simulation, "%s initialises again", run->name);
		return;
	}
	if (strcmp(run->image, promoted->image) == 0 && strcmp(run->config, promoted->config) == 0)
		witness_accuse(simulation, "%s: a run for what is promoted already", run->name);
	if (!witness->worlds[canary].primary.is_ready &&
	    witness_world_knew(simulation, canary, flight, witness->times[canary].primary_full))
		witness_accuse(simulation, "%s starts beside a primary that is not ready",
		               run->name);
}

/* A run came to its end. */
static void finish(struct simulation *simulation, int canary, const struct witness_run *run)
{
	struct witness *witness = &simulation->witness;
	struct truth_canary *truth = &simulation->truth.canaries[canary];
	struct instant now = witness_world_now(simulation);
	const char *why;

	/* One process noted since when, and another one, by its own clock, that it was too long. */
	now = instant_after(now,
	                    span_ms(simulation->crew.fastest.ms - simulation->crew.slowest.ms));
	truth_ended(truth, truth_version_find(truth, run->tag), now);
	why = oracle_judge(truth, run->tag, run->outcome, run->is_init);
	if (why[0] != '\0')
		witness_accuse(simulation, "%s (%s): %s", run->name, run->tag, why);
	witness->n_releases++;
	witness->outcomes[run->outcome]++;
	if (run->outcome != OUTCOME_PROMOTED && run->outcome != OUTCOME_SKIPPED)
		return;
	witness->before[canary] = witness->promoted[canary];
	text_copy(witness->promoted[canary].uid, run->uid);
	text_copy(witness->promoted[canary].image, run->image);
	text_copy(witness->promoted[canary].config, run->config);
	witness->promoted[canary].number = run->number;
}

/* It gives up for pods that are not ready: when that is due, it asks whether they still are not. */
static void check_late(struct simulation *simulation, int canary, const json_t *release,
                       const struct witness_run *run, const struct witness_flight *flight)
{
	const struct witness_times *times = &simulation->witness.times[canary];
	const struct witness_world *world = &simulation->witness.worlds[canary];
	struct instant poor = instant_is_before(times->target_poor, times->primary_poor)
	                              ? times->primary_poor
	                              : times->target_poor;

	if (run->phase != PHASE_RETREATING ||
	    !strstr(kube_tree_text(release, "status/reason"), "not ready:"))
		return;
	if (world->target.is_ready && world->primary.is_ready &&
	    witness_world_asked(simulation, canary, flight, poor))
		witness_accuse(simulation, "%s: given up for pods that are ready for %d ms",
		               run->name,
		               (int)instant_between(poor, witness_world_now(simulation)).ms);
}

void witness_release_written(struct simulation *simulation, int agent, int canary, const char *name,
                             const struct witness_flight *flight)
{
	struct witness *witness = &simulation->witness;
	const json_t *release = witness_world_find(simulation, canary, "releases", name, "");
	struct witness_run *old = &witness->runs[canary];
	struct witness_run run;

	if (!release)
		return;
	read_release(release, old, &run);
	/* A check was measured: the run moved on, or counted it, and it was no hook that said no.
	 */
	if (run.iteration != old->iteration || run.weight > old->weight ||
	    (run.failed_checks != old->failed_checks &&
	     !strstr(kube_tree_text(release, "status/reason"), "external check")))
		truth_measured(truth_version_find(&simulation->truth.canaries[canary], run.tag));
	if (strcmp(old->uid, run.uid) != 0) {
		if (run.number < old->number &&
		    release_outcome_find(kube_tree_text(release, "status/outcome")) != OUTCOME_NONE)
			return; /* the last word of one before */
		check_new(simulation, canary, release, &run, flight);
		oracle_begin(&simulation->truth.canaries[canary], run.is_init);
		*old = (struct witness_run){0};
		run.made = witness_world_now(simulation);
	} else if (run.seq == old->seq && run.phase == old->phase) {
		if (run.is_taken_down && !old->is_taken_down)
			check_taken_down(simulation, canary, release, flight);
		old->is_taken_down = run.is_taken_down;
		return; /* the same write again, which changes nothing */
	} else {
		check_step(simulation, old, &run);
		if (run.phase != old->phase)
			check_late(simulation, canary, release, &run, flight);
		witness_hook_concluded(simulation, agent, canary, &run);
		witness_check_concluded(simulation, agent, canary, &run, flight);
	}
	run.written = witness_world_now(simulation);
	if (run.outcome != OUTCOME_NONE && old->outcome == OUTCOME_NONE) {
		run.ended = run.written;
		finish(simulation, canary, &run);
	}
	*old = run;
}

/* Those of the canary with a higher number; with PROMOTED, only those that were promoted. */
static int count_newer(struct simulation *simulation, int canary, int number, bool promoted)
{
	const char *name = simulation->truth.canaries[canary].name;
	int n_newer = 0;

	for (int i = number + 1; i <= simulation->witness.runs[canary].number; i++) {
		char suffix[16];
		const json_t *release;
		enum release_outcome outcome;

		text_format(suffix, sizeof(suffix), "-%d", i);
		release = witness_world_find(simulation, canary, "releases", name, suffix);
		outcome = release_outcome_find(kube_tree_text(release, "status/outcome"));
		n_newer += release &&
		           (!promoted || outcome == OUTCOME_PROMOTED || outcome == OUTCOME_SKIPPED);
	}
	return n_newer;
}

void witness_release_removed(struct simulation *simulation, int canary, const char *name,
                             const struct witness_flight *flight)
{
	const json_t *release = witness_world_find(simulation, canary, "releases", name, "");
	enum release_outcome outcome;
	int number;

	if (!release || !simulation->witness.worlds[canary].has_canary ||
	    !witness_world_knew(simulation, canary, flight,
	                        simulation->witness.times[canary].canary))
		return;
	outcome = release_outcome_find(kube_tree_text(release, "status/outcome"));
	number = kube_release_number(release);
	if (outcome == OUTCOME_NONE)
		witness_accuse(simulation, "%s is removed while it is open", name);
	if (count_newer(simulation, canary, number, false) < KEPT)
		witness_accuse(simulation, "%s is removed, one of the newest", name);
	if ((outcome == OUTCOME_PROMOTED || outcome == OUTCOME_SKIPPED) &&
	    count_newer(simulation, canary, number, true) < KEPT_PROMOTED)
		witness_accuse(simulation, "%s is removed, one of those to fall back to", name);
}
