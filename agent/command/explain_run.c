#include "agent/command/explain_run.h"

#include "agent/command/explain_pods.h"
#include "agent/command/explain_route.h"
#include "analysis/base/number.h"
#include "analysis/base/text.h"
#include "analysis/strategy.h"
#include "analysis/target.h"
#include "analysis/verdict.h"
#include "analysis/workload.h"
#include "providers/kube/canary.h"
#include "providers/kube/release.h"
#include "providers/kube/tree.h"
#include "providers/kube/workload.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* The run that is told of. */
struct run {
	const struct explain_world *world;
	struct explain_answer *answer;
	struct release release;
	struct canary_spec spec; /* that rules it; zero when it cannot be read */
};

static const json_t *find_newest(const json_t *releases)
{
	const json_t *newest = NULL;
	int most = 0;

	for (size_t i = 0; i < json_array_size(releases); i++) {
		const json_t *release = json_array_get(releases, i);

		if (kube_release_number(release) > most) {
			most = kube_release_number(release);
			newest = release;
		}
	}
	return newest;
}

/* The spec that the Release keeps, else the Canary's. */
static void read_spec(struct run *run, const json_t *release)
{
	const struct explain_world *world = run->world;
	struct provider_options options = {.default_provider = explain_provider(world),
	                                   .metrics_server = ""};
	struct kube_canary *canary = arena_alloc(&run->answer->arena, sizeof(*canary));
	const json_t *policy = kube_tree_find(release, "status/policy/spec");
	json_t *object = json_copy(world->canary);

	if (policy)
		json_object_set_new(object, "spec", json_deep_copy(policy));
	if (kube_canary_read(object, &options, &run->answer->arena, canary, NULL))
		run->spec = canary->spec;
	json_decref(object);
}

/* Readiness ------------------------------------------------------------------------------------ */

static struct workload_fact read_workload(const struct explain_workload *workload)
{
	const struct provider_options options = {.selector_labels = (const char *const[]){NULL}};
	struct workload_fact fact = {0};

	if (workload->deployment)
		kube_workload_read(workload->deployment, &options, false, &fact);
	fact.slot.state = workload->deployment ? FACT_KNOWN : FACT_ABSENT;
	return fact;
}

/* "Deployment cart" */
static const char *about_workload(const struct run *run, const struct explain_workload *workload)
{
	return arena_format(&run->answer->arena, "%s %s", target_kind_name(run->spec.target_kind),
	                    workload->name);
}

static void tell_workload(const struct run *run, const struct explain_workload *workload)
{
	struct workload_fact fact = read_workload(workload);
	const char *about;

	if (!workload->is_known || !workload->name)
		return;
	about = about_workload(run, workload);
	if (workload->deployment && run->spec.target_kind == TARGET_SERVICE)
		explain_fact_add(run->answer, about, "it is there");
	else if (workload->deployment)
		explain_fact_add(run->answer, about,
		                 "%d wanted, %d updated, %d ready, %d available, image %s",
		                 fact.replicas, fact.updated, fact.ready, fact.available,
		                 fact.image);
	else
		explain_fact_add(run->answer, about, "there is none");
}

/* "; deadline in 7m": of what began at SINCE. */
static const char *deadline_of(const struct run *run, struct instant since)
{
	struct instant end = instant_after(since, run->spec.progress_deadline);
	struct instant now = run->world->now;
	char age[EXPLAIN_AGE_MAX];

	if (!instant_is_set(since) || run->spec.progress_deadline.ms == 0)
		return "";
	if (instant_is_before(now, end))
		return arena_format(&run->answer->arena, "; deadline in %s",
		                    explain_age(end, now, age));
	return arena_format(&run->answer->arena, "; deadline passed %s ago",
	                    explain_age(now, end, age));
}

/* Whether WORKLOAD, "PREFIX NAME.NAMESPACE", is ready; else that is the sentence. */
static bool is_ready(struct run *run, const struct explain_workload *workload, int percent,
                     const char *prefix)
{
	struct workload_fact fact = read_workload(workload);
	struct instant since = run->release.status.times.not_ready_since;
	char why[SENTENCE_MAX];
	const char *cause = NULL;
	const char *pods = NULL;

	if (!workload->is_known || workload_is_ready(&fact, percent > 0 ? percent : 100, why))
		return true;
	if (workload->deployment)
		pods = explain_pods_find(run->world, workload, run->answer, &cause);
	explain_say(run->answer, cause ? cause : "rollout", "%s%.80s.%.63s not ready: %s%s", prefix,
	            workload->name, run->world->k8s_namespace, pods ? pods : why,
	            deadline_of(run, since));
	if (pods)
		explain_fact_add(run->answer, about_workload(run, workload), "%s", why);
	return false;
}

/* An open run ---------------------------------------------------------------------------------- */

static const char *name_step(const struct run *run)
{
	const struct release_status *status = &run->release.status;
	struct arena *arena = &run->answer->arena;

	if (run->spec.strategy == STRATEGY_AB || run->spec.strategy == STRATEGY_BLUE_GREEN)
		return arena_format(arena, "iteration %d of %d", status->iteration,
		                    run->spec.iterations);
	return arena_format(arena, "weight %d of %d", status->weight.to,
	                    run->spec.max_weight ? run->spec.max_weight : SPEC_WEIGHT_FULL);
}

/* "the next check is in 20s" */
static const char *name_next_check(const struct run *run)
{
	struct instant check = run->release.status.times.next_check_at;
	struct instant now = run->world->now;
	char age[EXPLAIN_AGE_MAX];

	if (!instant_is_set(check))
		return "no check is due yet";
	if (instant_is_before(now, check))
		return arena_format(&run->answer->arena, "the next check is in %s",
		                    explain_age(check, now, age));
	return arena_format(&run->answer->arena, "a check is due since %s",
	                    explain_age(now, check, age));
}

/* A gate that stands closed in the Release; false when none does. */
static bool explain_gate(struct run *run)
{
	const struct release_status *status = &run->release.status;

	for (size_t i = 0; i < status->n_hooks; i++) {
		const struct hook_record *hook = &status->hooks[i];

		if (hook->result != HOOK_FAIL || (hook->type != HOOK_CONFIRM_ROLLOUT &&
		                                  hook->type != HOOK_CONFIRM_TRAFFIC_INCREASE &&
		                                  hook->type != HOOK_CONFIRM_PROMOTION))
			continue;
		explain_say(run->answer, "gate",
		            "waiting for approval: %s hook %s says no, and is asked again every "
		            "%" PRId64 "s",
		            hook_type_name(hook->type), hook->name, run->spec.interval.ms / 1000);
		return true;
	}
	return false;
}

/* A person holds the run; false when nobody does. */
static bool explain_paused(struct run *run)
{
	const struct standing *paused = &run->release.status.paused;

	if (!release_is_paused(&run->release))
		return false;
	explain_say(run->answer, "paused",
	            "held at %s by %s%s%s, until it is resumed; its checks go on", name_step(run),
	            paused->by, paused->why[0] ? ": " : "", paused->why);
	return true;
}

static void explain_starting(struct run *run)
{
	const struct explain_world *world = run->world;
	bool is_init = run->release.cause == CAUSE_INIT;

	if (!is_ready(run, &world->primary, run->spec.primary_ready_percent, "primary "))
		return;
	if (!is_init &&
	    !is_ready(run, &world->target, run->spec.canary_ready_percent, "canary deployment "))
		return;
	if (explain_gate(run) || explain_paused(run))
		return;
	explain_say(run->answer, is_init ? "initialising" : "starting", "%s",
	            is_init ? "the primary is ready; clients go to it next"
	                    : "the canary is ready; the first step is taken next");
}

static void explain_progressing(struct run *run)
{
	const struct release_status *status = &run->release.status;
	const struct explain_world *world = run->world;

	if (!is_ready(run, &world->primary, run->spec.primary_ready_percent, "primary ") ||
	    !is_ready(run, &world->target, run->spec.canary_ready_percent, "canary deployment "))
		return;
	if (instant_is_set(status->times.unmeasured_since)) {
		explain_say(run->answer, "unmeasured", "held at %s: %s%s", name_step(run),
		            status->reason, deadline_of(run, status->times.unmeasured_since));
		return;
	}
	if (explain_gate(run) || explain_paused(run))
		return;
	if (run->spec.strategy == STRATEGY_CANARY)
		explain_route(world, run->answer, status->weight.from, status->weight.to);
	if (status->n_checks > 0 && status->failed_checks > 0 &&
	    strncmp(status->reason, "Halt ", 5) == 0)
		explain_say(run->answer, "failed-check", "held at %s: %s; %s", name_step(run),
		            status->reason, name_next_check(run));
	explain_say(run->answer, "progressing",
	            "the analysis goes on: %s, %d failed check%s of %d; %s", name_step(run),
	            status->failed_checks, status->failed_checks == 1 ? "" : "s",
	            run->spec.threshold, name_next_check(run));
}

/* The requests come back to a primary that is ready, a step an interval. */
static void explain_way_back(struct run *run)
{
	const struct release_status *status = &run->release.status;
	struct instant now = run->world->now;
	struct instant next = status->times.next_check_at;
	char age[EXPLAIN_AGE_MAX];

	explain_say(
		run->answer, "promoting",
		"the checks passed: the canary's %d%% come back to the primary in steps of %d; the "
		"next is %s%s",
		status->weight.to, run->spec.step_weight_promotion,
		instant_is_before(now, next) ? "in " : "due",
		instant_is_before(now, next) ? explain_age(next, now, age) : "");
}

static void explain_promoting(struct run *run)
{
	const struct release_status *status = &run->release.status;

	if (!is_ready(run, &run->world->primary, run->spec.primary_ready_percent,
	              "promoting: primary "))
		return;
	if (status->weight.to > 0 && strategy_back(&run->spec, SPEC_WEIGHT_FULL) > 0)
		explain_way_back(run);
	else
		explain_say(run->answer, "promoting", "the checks passed: %s", status->reason);
}

static void explain_leaving(struct run *run)
{
	const struct release_status *status = &run->release.status;

	if (!is_ready(run, &run->world->primary, run->spec.primary_ready_percent, "primary "))
		return;
	if (status->phase == PHASE_RETREATING)
		explain_say(run->answer, "retreating", "traffic goes back to the primary: %s",
		            status->reason);
	else
		explain_say(run->answer, "finalising", "%s",
		            *status->reason ? status->reason
		                            : "all traffic goes to the primary, then the canary is "
		                              "scaled down");
}

static void explain_open(struct run *run)
{
	switch (run->release.status.phase) {
	case PHASE_NONE:
	case PHASE_STARTING:
		explain_starting(run);
		break;
	case PHASE_WAITING:
		explain_gate(run);
		break;
	case PHASE_WAITING_PROMOTION:
	case PHASE_PROGRESSING:
		explain_progressing(run);
		break;
	case PHASE_PROMOTING:
		explain_promoting(run);
		break;
	case PHASE_FINALISING:
	case PHASE_RETREATING:
	case PHASE_DONE:
		explain_leaving(run);
		break;
	}
}

/* A run that is over --------------------------------------------------------------------------- */

static void explain_over(struct run *run)
{
	const struct release_status *status = &run->release.status;
	const char *name = run->release.name;
	struct explain_answer *answer = run->answer;
	char age[EXPLAIN_AGE_MAX];

	explain_age(run->world->now, status->times.finished, age);
	explain_route(run->world, answer, 0, 0);
	switch (status->outcome) {
	case OUTCOME_ROLLED_BACK:
		explain_say(answer, "rolled-back", "%s was rolled back %s ago: %s", name, age,
		            status->reason);
		break;
	case OUTCOME_FAILED_PROMOTION:
		explain_say(answer, "failed-promotion", "%s failed %s ago: %s", name, age,
		            status->reason);
		break;
	case OUTCOME_SUPERSEDED:
		explain_say(answer, "superseded",
		            "%s gave way to a newer revision %s ago, which begins next", name, age);
		break;
	case OUTCOME_CANCELLED:
		explain_say(answer, "cancelled",
		            "%s was cancelled %s ago: the target went back to what the primary "
		            "runs",
		            name, age);
		break;
	case OUTCOME_SKIPPED:
		explain_say(answer, "skipped", "%s was promoted %s ago without analysis", name,
		            age);
		break;
	case OUTCOME_PROMOTED:
	case OUTCOME_NONE: /* not asked */
		if (run->release.cause == CAUSE_INIT)
			explain_say(answer, "initialized",
			            "%s was initialized %s ago: the primary serves, and the next "
			            "change of deployment %.100s.%.63s starts an analysis",
			            run->world->name, age, run->world->target.name,
			            run->world->k8s_namespace);
		else
			explain_say(answer, "promoted",
			            "%s was promoted %s ago: all its checks passed", name, age);
		break;
	}
}

/* A new revision waits for a primary that is not ready (condition PrimaryNotReady). */
static void explain_waiting(struct run *run)
{
	const json_t *list = kube_tree_find(run->world->canary, "status/conditions");

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *row = json_array_get(list, i);
		struct workload_fact fact = read_workload(&run->world->primary);
		const char *cause = NULL;
		const char *pods = NULL;
		char why[SENTENCE_MAX] = "";

		if (strcmp(kube_tree_text(row, "reason"), "PrimaryNotReady") != 0)
			continue;
		if (run->world->primary.deployment)
			pods = explain_pods_find(run->world, &run->world->primary, run->answer,
			                         &cause);
		if (!workload_is_ready(&fact, 100, why) && !pods)
			pods = why;
		explain_say(run->answer, "PrimaryNotReady", "%s%s%s",
		            kube_tree_text(row, "message"), pods ? ": " : "", pods ? pods : "");
	}
}

/* Facts ---------------------------------------------------------------------------------------- */

static void tell_release(struct run *run)
{
	const struct release *release = &run->release;
	const struct release_status *status = &release->status;
	const char *about = arena_format(&run->answer->arena, "Release %s", release->name);
	char age[EXPLAIN_AGE_MAX];

	explain_age(run->world->now, status->times.started, age);
	if (release_is_open(release))
		explain_fact_add(run->answer, about, "%s, phase %s%s%s: %s",
		                 release_cause_name(release->cause),
		                 release_phase_name(status->phase), *age ? ", begun " : "",
		                 *age ? arena_format(&run->answer->arena, "%s ago", age) : "",
		                 status->reason);
	else
		explain_fact_add(run->answer, about, "%s, %s: %s",
		                 release_cause_name(release->cause),
		                 release_outcome_name(status->outcome), status->reason);
	if (status->weight.has_seen)
		explain_fact_add(run->answer, about, "weight %d set, %.1f%% of the requests seen",
		                 status->weight.to, status->weight.seen_share * 100);
}

/* Four digits after the point are enough to tell a value from its bound. */
static const char *round_value(double value, char ret[NUMBER_TEXT_MAX])
{
	return number_format(fabs(value) < 1e9 ? round(value * 1e4) / 1e4 : value, ret);
}

/* Who asked for what, and why. */
static void tell_actions(struct run *run)
{
	const struct release_status *status = &run->release.status;

	for (size_t i = 0; i <= status->n_actions; i++) {
		const struct action_mark *mark =
			i == 0 ? &run->release.action : &status->actions[i - 1];
		char age[EXPLAIN_AGE_MAX];

		if (mark->verb == VERB_NONE)
			continue;
		explain_age(run->world->now, mark->at, age);
		explain_fact_add(run->answer, "Action", "%s by %s %s ago%s%s",
		                 verb_name(mark->verb), mark->by, age, mark->why[0] ? ": " : "",
		                 mark->why);
	}
}

static void tell_hooks(struct run *run)
{
	const struct release_status *status = &run->release.status;

	for (size_t i = 0; i < status->n_hooks; i++) {
		const struct hook_record *hook = &status->hooks[i];

		explain_fact_add(run->answer,
		                 arena_format(&run->answer->arena, "Hook %s", hook->name), "%s: %s",
		                 hook_type_name(hook->type), hook_result_name(hook->result));
	}
}

static void tell_checks(struct run *run)
{
	const struct release_status *status = &run->release.status;

	for (size_t i = 0; i < status->n_checks; i++) {
		const struct check_result *check = &status->checks[i];
		struct arena *arena = &run->answer->arena;
		char number[3][NUMBER_TEXT_MAX];
		const char *value =
			check->has_value ? round_value(check->value, number[0]) : "no value";
		const char *least = check->has_min
		                            ? arena_format(arena, ", at least %s",
		                                           number_format(check->min, number[1]))
		                            : "";
		const char *most = check->has_max
		                           ? arena_format(arena, ", at most %s",
		                                          number_format(check->max, number[2]))
		                           : "";

		explain_fact_add(run->answer, arena_format(arena, "Check %s", check->name),
		                 "%s%s%s: %s", value, least, most, verdict_name(check->verdict));
	}
}

#define FLAGGER_ID "spec/template/metadata/annotations/flagger-id"

static void explain_none(const struct explain_world *world, struct explain_answer *ret)
{
	if (!world->releases)
		return;
	if (world->primary.deployment && kube_tree_find(world->primary.deployment, FLAGGER_ID))
		explain_say(ret, "adopting",
		            "deployment %.100s.%.63s is Flagger's: it is taken over when Flagger "
		            "has written nothing for two intervals",
		            world->primary.name, world->k8s_namespace);
	else if (world->primary.deployment)
		explain_say(ret, "not-adopted",
		            "deployment %.100s.%.63s exists and no Release tells what it runs: not "
		            "adopted, nothing is touched",
		            world->primary.name, world->k8s_namespace);
	explain_say(ret, "not-begun", "the agent has not begun with %s/%s yet: it has no Release",
	            world->k8s_namespace, world->name);
}

void explain_run(const struct explain_world *world, struct explain_answer *ret)
{
	const json_t *newest = find_newest(world->releases);
	struct run run = {.world = world, .answer = ret};
	struct err err = {0};

	if (!newest) {
		explain_none(world, ret);
		return;
	}
	if (!kube_release_read(newest, &run.release, &err)) {
		explain_say(ret, "unreadable", "%s", err.text);
		return;
	}
	read_spec(&run, newest);
	tell_release(&run);
	tell_checks(&run);
	tell_actions(&run);
	tell_hooks(&run);
	tell_workload(&run, &world->target);
	tell_workload(&run, &world->primary);
	explain_waiting(&run);
	if (release_is_open(&run.release))
		explain_open(&run);
	else
		explain_over(&run);
	explain_route_tell(world, ret);
}
