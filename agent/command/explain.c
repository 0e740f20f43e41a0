#include "agent/command/explain.h"

#include "agent/command/explain_run.h"
#include "analysis/base/text.h"
#include "providers/kube/canary.h"
#include "providers/kube/lease.h"
#include "providers/kube/owner.h"
#include "providers/kube/tree.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define UUID_LENGTH     36
#define INTERVALS_QUIET 2 /* after Flagger's last word, until Serin acts */
#define LEASE_PATIENCE  3 /* lease durations without renewal until its holder is taken for dead */

/* Parts for explain_*.c ------------------------------------------------------------------------ */

PRINTF_LIKE(2, 0)
static const char *write_text(struct arena *arena, const char *format, va_list args)
{
	char text[EXPLAIN_TEXT_MAX];

	(void)vsnprintf(text, sizeof(text), format, args);
	return arena_format(arena, "%s", text);
}

const char *explain_provider(const struct explain_world *world)
{
	if (world->default_provider)
		return world->default_provider;
	return kube_tree_find(world->canary, "spec/ingressRef") ? "nginx" : "kubernetes";
}

void explain_fact_add(struct explain_answer *answer, const char *about, const char *format, ...)
{
	va_list args;

	if (answer->n_facts == EXPLAIN_FACTS_MAX)
		return;
	va_start(args, format);
	answer->facts[answer->n_facts++] = (struct explain_fact){
		.about = arena_text(&answer->arena, about),
		.text = write_text(&answer->arena, format, args),
	};
	va_end(args);
}

void explain_say(struct explain_answer *answer, const char *cause, const char *format, ...)
{
	va_list args;

	if (answer->sentence)
		return;
	va_start(args, format);
	answer->cause = cause;
	answer->sentence = write_text(&answer->arena, format, args);
	va_end(args);
}

const char *explain_age(struct instant now, struct instant then, char ret[EXPLAIN_AGE_MAX])
{
	long long seconds = instant_between(then, now).ms / 1000;

	if (!instant_is_set(then)) {
		ret[0] = '\0';
		return ret;
	}
	if (seconds < 0)
		seconds = 0;
	if (seconds < 60)
		text_format(ret, EXPLAIN_AGE_MAX, "%llds", seconds);
	else if (seconds < 3600)
		text_format(ret, EXPLAIN_AGE_MAX,
		            seconds % 60 && seconds < 600 ? "%lldm%llds" : "%lldm", seconds / 60,
		            seconds % 60);
	else if (seconds < 86400)
		text_format(ret, EXPLAIN_AGE_MAX, "%lldh%lldm", seconds / 3600, seconds / 60 % 60);
	else
		text_format(ret, EXPLAIN_AGE_MAX, "%lldd%lldh", seconds / 86400,
		            seconds / 3600 % 24);
	return ret;
}

/* Who serves ----------------------------------------------------------------------------------- */

/* Flagger's identity ends in "_" and a UUID with its dashes, ours in sixteen digits. */
static bool is_flagger(const char *holder)
{
	const char *dash = strrchr(holder, '_');
	size_t n_dashes = 0;

	if (!dash || strlen(dash + 1) != UUID_LENGTH)
		return false;
	for (const char *at = dash + 1; *at; at++) {
		if (*at == '-')
			n_dashes++;
		else if (!isxdigit((unsigned char)*at))
			return false;
	}
	return n_dashes == 4;
}

static void explain_lease(const struct explain_world *world, struct explain_answer *ret)
{
	struct kube_lease lease = {0};
	struct err err = {0};
	char age[EXPLAIN_AGE_MAX];

	if (!world->is_lease_known)
		return;
	if (world->lease && !kube_lease_read(world->lease, &lease, &err)) {
		explain_fact_add(ret, "Lease", "%s", err.text);
		return;
	}
	explain_age(world->now, lease.renewed, age);
	if (!lease.holder[0]) {
		explain_say(ret, "no-leader",
		            "nobody serves canaries: the lease %s is held by nobody",
		            world->lease_name);
		explain_fact_add(ret, "Lease", "%s: %s", world->lease_name,
		                 world->lease ? "given up by its last holder"
		                              : "it does not exist");
		return;
	}
	if (is_flagger(lease.holder))
		explain_say(ret, "flagger-leads",
		            "Flagger serves canaries: %.200s holds the lease %s, Serin stands by",
		            lease.holder, world->lease_name);
	else if (instant_is_set(lease.renewed) &&
	         instant_between(lease.renewed, world->now).ms > lease.duration.ms * LEASE_PATIENCE)
		explain_say(ret, "leader-dead",
		            "nobody serves canaries: %.200s, which holds the lease %s, was last "
		            "heard of %s ago",
		            lease.holder, world->lease_name, age);
	explain_fact_add(ret, "Lease", "%s: held by %.200s, renewed %s ago", world->lease_name,
	                 lease.holder, *age ? age : "never");
}

/* The Canary ----------------------------------------------------------------------------------- */

static void explain_canary(const struct explain_world *world, struct explain_answer *ret)
{
	const char *phase = kube_tree_text(world->canary, "status/phase");
	char age[EXPLAIN_AGE_MAX];
	struct instant since = {0};

	if (!instant_parse(kube_tree_text(world->canary, "status/lastTransitionTime"), &since,
	                   NULL))
		since = (struct instant){0};
	explain_age(world->now, since, age);
	explain_fact_add(ret, "Canary", "phase %s%s%s, weight %d, failed checks %d",
	                 *phase ? phase : "none yet", *age ? " for " : "", age,
	                 kube_tree_whole(world->canary, "status/canaryWeight", 0),
	                 kube_tree_whole(world->canary, "status/failedChecks", 0));
}

/* A spec that is refused, told by the agent or seen here first. */
static void explain_refusal(const struct explain_world *world, struct explain_answer *ret)
{
	struct provider_options options = {.default_provider = explain_provider(world),
	                                   .metrics_server = ""};
	const json_t *refusal = kube_tree_condition(world->canary, "Ready", "False");
	const char *reason = kube_tree_text(refusal, "reason");
	struct kube_canary *canary = arena_alloc(&ret->arena, sizeof(*canary));
	bool has_run = json_array_size(world->releases) > 0;
	struct err err = {0};

	if (refusal && strcmp(reason, "PrimaryNotReady") != 0) {
		explain_say(ret, reason, "%s", kube_tree_text(refusal, "message"));
		explain_fact_add(ret, "Canary", "Ready is False, reason %s", reason);
		if (has_run && strcmp(reason, "InvalidSpec") == 0)
			explain_fact_add(ret, "Canary", "goes on under its last valid spec");
		return;
	}
	if (!refusal && !kube_canary_read(world->canary, &options, &ret->arena, canary, &err))
		explain_say(ret, "InvalidSpec", "%s (the agent has not said so yet)", err.text);
}

/* Flagger is at work on it, as its status says. */
static void explain_flagger(const struct explain_world *world, struct explain_answer *ret)
{
	const char *text = kube_tree_text(world->canary, "spec/analysis/interval");
	struct instant wrote = kube_owner_wrote_status(world->canary, "flagger");
	struct span interval;
	char age[EXPLAIN_AGE_MAX];

	if (!span_parse(text, &interval, NULL))
		interval = span_seconds(60);
	if (!instant_is_set(wrote) ||
	    instant_between(wrote, world->now).ms >= INTERVALS_QUIET * interval.ms)
		return;
	explain_say(ret, "flagger-writes",
	            "Flagger wrote the status of %.100s/%.100s %s ago: Serin stands by and writes "
	            "nothing",
	            world->k8s_namespace, world->name, explain_age(world->now, wrote, age));
}

static void explain_head(const struct explain_world *world, struct explain_answer *ret)
{
	const char *deleted = kube_tree_text(world->canary, "metadata/deletionTimestamp");
	struct instant since = {0};
	char age[EXPLAIN_AGE_MAX];

	if (*deleted && instant_parse(deleted, &since, NULL))
		explain_say(ret, "deleted",
		            "the Canary was deleted %s ago: the target comes back, then what was "
		            "made for it goes",
		            explain_age(world->now, since, age));
	explain_flagger(world, ret);
	explain_refusal(world, ret);
	if (json_is_true(kube_tree_find(world->canary, "spec/suspend")))
		explain_say(ret, "suspended",
		            "spec.suspend is true: the canary is left as it is until that is taken "
		            "back");
}

/* What it stands on ---------------------------------------------------------------------------- */

static void explain_absences(const struct explain_world *world, struct explain_answer *ret)
{
	if (world->target.is_known && !world->target.deployment)
		explain_say(ret, "no-target", "deployment %.100s.%.63s not found",
		            world->target.name, world->k8s_namespace);
	if (world->is_ingress_known && world->ingress_name && !world->ingress)
		explain_say(ret, "no-ingress",
		            "ingress %.100s.%.63s, which spec.ingressRef names, not found",
		            world->ingress_name, world->k8s_namespace);
}

void explain_answer(const struct explain_world *world, struct explain_answer *ret)
{
	explain_lease(world, ret);
	explain_canary(world, ret);
	explain_head(world, ret);
	explain_absences(world, ret);
	explain_run(world, ret);
	for (size_t i = 0; i < world->n_missing; i++)
		explain_fact_add(ret, "not read", "%s", world->missing[i]);
	explain_say(ret, "unknown", "nothing is known that holds %s/%s up", world->k8s_namespace,
	            world->name);
}

void explain_answer_fini(struct explain_answer *answer)
{
	arena_fini(&answer->arena);
	answer->n_facts = 0;
	answer->sentence = NULL;
}

void explain_world_fini(struct explain_world *world)
{
	json_t *trees[] = {
		world->canary,
		world->releases,
		world->target.pods,
		world->target.replica_sets,
		world->target.deployment,
		world->primary.pods,
		world->primary.replica_sets,
		world->primary.deployment,
		world->ingress,
		world->route,
		world->lease,
	};

	for (size_t i = 0; i < array_length(trees); i++)
		json_decref(trees[i]);
	arena_fini(&world->arena);
	*world = (struct explain_world){0};
}
