#include "tests/simulation/witness.h"

#include "analysis/base/text.h"
#include "tests/simulation/oracle.h"
#include "tests/simulation/simulation.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const json_t *find(struct simulation *simulation, const char *plural, const char *space,
                          const char *name)
{
	return apiserver_find(simulation->server, plural, space, name);
}

static const json_t *at(const json_t *object, const char *a, const char *b)
{
	return json_object_get(json_object_get(object, a), b);
}

static const char *text_at(const json_t *object, const char *a, const char *b)
{
	const char *text = json_string_value(at(object, a, b));

	return text ? text : "";
}

static int64_t integer_at(const json_t *object, const char *a, const char *b)
{
	return json_integer_value(at(object, a, b));
}

void witness_accuse(struct simulation *simulation, const char *format, ...)
{
	struct witness *witness = &simulation->witness;
	va_list args;

	if (witness->violation[0] != '\0')
		return;
	va_start(args, format);
	(void)vsnprintf(witness->violation, sizeof(witness->violation), format, args);
	va_end(args);
	story_tell(&simulation->story, "witness", "VIOLATION: %s", witness->violation);
}

/* What follows a prefix; the whole text when it has another. */
static const char *text_after(const char *text, const char *prefix)
{
	size_t length = strlen(prefix);

	return strncmp(text, prefix, length) == 0 ? text + length : text;
}

/* The Lease names whoever writes. */
void witness_before(struct simulation *simulation, const struct http_request *request)
{
	const char *life = crew_sender_life(request);
	const struct witness *witness = &simulation->witness;
	bool is_excused =
		instant_is_before(sim_loop_now(simulation->loop), witness->lease_excused_until);
	const json_t *lease;
	const char *holder;

	simulation->witness.n_requests++;
	if (request->method == HTTP_GET || strstr(request->url, "/leases"))
		return;
	lease = apiserver_find(simulation->server, "leases", "kube-system",
	                       "flagger-leader-election");
	holder = text_at(lease, "spec", "holderIdentity");
	if (is_excused && strcmp(text_after(witness->lease_excused, "agent-"), life) == 0)
		return;
	if (strcmp(text_after(holder, "agent-"), life) != 0)
		witness_accuse(simulation, "agent-%s writes %s while the lease is of \"%s\"", life,
		               request->url, holder);
}

static enum release_phase phase_of(const char *text)
{
	static const char *const names[] = {"",           "Starting",   "Progressing", "Promoting",
	                                    "Finalising", "Retreating", "Done"};

	for (size_t i = 1; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(text, names[i]) == 0)
			return (enum release_phase)i;
	}
	return PHASE_NONE;
}

static enum release_outcome outcome_of(const char *text)
{
	static const char *const names[] = {"",           "promoted",         "rolled_back",
	                                    "superseded", "failed_promotion", "skipped",
	                                    "cancelled"};

	for (size_t i = 1; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(text, names[i]) == 0)
			return (enum release_outcome)i;
	}
	return OUTCOME_NONE;
}

static void check_step(struct simulation *simulation, const struct witness_run *old,
                       const struct witness_run *new)
{
	if (new->seq <= old->seq &&new->seq != 0)
		return; /* the same write, seen again */
	if (new->seq != old->seq + 1)
		witness_accuse(simulation, "%s: seq %d follows %d", new->name, (int)new->seq,
		               (int)old->seq);
	if (old->outcome != OUTCOME_NONE && new->outcome != old->outcome)
		witness_accuse(simulation, "%s: its outcome changed", new->name);
	if (new->phase < old->phase)
		witness_accuse(simulation, "%s: phase %d after %d", new->name, (int)new->phase,
		               (int)old->phase);
	if (new->iteration < old->iteration || new->failed_checks < old->failed_checks)
		witness_accuse(simulation, "%s: a counter goes down", new->name);
	if (new->iteration > old->iteration + 1 || new->failed_checks > old->failed_checks + 1)
		witness_accuse(simulation, "%s: a counter leaps", new->name);
}

static enum fault_phase fault_phase_of(const struct witness_run *run,
                                       const struct truth_canary *canary)
{
	static const enum fault_phase phases[] = {
		[PHASE_NONE] = FAULT_PHASE_ABSENT,
		[PHASE_STARTING] = FAULT_PHASE_STARTING,
		[PHASE_PROGRESSING] = FAULT_PHASE_PROGRESSING,
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

/* The tag of a Release's template. */
static const char *tag_of(const json_t *release)
{
	const json_t *template = at(release, "spec", "template");
	const json_t *containers = at(template, "spec", "containers");
	const char *image =
		json_string_value(json_object_get(json_array_get(containers, 0), "image"));
	const char *colon = image ? strchr(image, ':') : NULL;

	return colon ? colon + 1 : "";
}

/* A run came to its end. */
static void see_end(struct simulation *simulation, int canary, const struct witness_run *run)
{
	const char *why = oracle_judge(&simulation->truth.canaries[canary], run->tag, run->outcome,
	                               run->is_init);

	simulation->witness.n_releases++;
	simulation->witness.outcomes[run->outcome]++;
	if (why[0] != '\0')
		witness_accuse(simulation, "%s (%s): %s", run->name, run->tag, why);
}

static void see_release(struct simulation *simulation, const json_t *release)
{
	const char *name = text_at(release, "metadata", "name");
	int canary = truth_find(&simulation->truth, name);
	struct witness_run run = {0};
	struct witness_run *old;
	const json_t *status = json_object_get(release, "status");

	if (canary < 0)
		return;
	old = &simulation->witness.runs[canary];
	text_copy(run.uid, text_at(release, "metadata", "uid"));
	text_copy(run.name, name);
	text_copy(run.tag, tag_of(release));
	run.is_init = strcmp(text_at(release, "spec", "cause"), "init") == 0;
	run.phase = phase_of(text_at(release, "status", "phase"));
	run.outcome = outcome_of(text_at(release, "status", "outcome"));
	run.seq = integer_at(release, "status", "seq");
	run.iteration = (int)integer_at(status, "counters", "iteration");
	run.failed_checks = (int)integer_at(status, "counters", "failedChecks");
	run.weight = (int)integer_at(status, "weight", "to");
	if (strcmp(old->uid, run.uid) == 0)
		check_step(simulation, old, &run);
	else if (old->outcome == OUTCOME_NONE &&
	         find(simulation, "releases", simulation->truth.canaries[canary].space,
	              old->name) &&
	         strcmp(old->name, name) != 0)
		witness_accuse(simulation, "%s is made while %s is open", name, old->name);
	if (run.outcome != OUTCOME_NONE &&
	    (old->outcome == OUTCOME_NONE || strcmp(old->uid, run.uid) != 0))
		see_end(simulation, canary, &run);
	if (strcmp(old->uid, run.uid) != 0)
		oracle_begin(&simulation->truth.canaries[canary], run.is_init);
	*old = run;
}

void witness_after(struct simulation *simulation, const struct http_request *request,
                   const struct http_reply *reply)
{
	json_t *object;

	if (request->method == HTTP_GET || reply->status >= 300)
		return;
	if (!strstr(request->url, "/releases") || request->method == HTTP_DELETE)
		return;
	object = json_loadb(reply->body, reply->body_length, 0, NULL);
	see_release(simulation, object);
	witness_history_served(simulation, request, object);
	json_decref(object);
}

void witness_answer(struct simulation *simulation, int canary, const struct http_reply *reply)
{
	story_tell(&simulation->story, "metrics", "about %s: %d %.60s",
	           simulation->truth.canaries[canary].name, reply->status,
	           reply->body ? reply->body + (reply->body_length > 60 ? 60 : 0) : "");
}

void witness_look(struct simulation *simulation)
{
	for (int i = 0; i < simulation->truth.n_canaries; i++)
		simulation->faults.phases[i] = fault_phase_of(&simulation->witness.runs[i],
		                                              &simulation->truth.canaries[i]);
}

bool witness_is_content(struct simulation *simulation, char *ret_why, size_t size)
{
	for (int i = 0; i < simulation->truth.n_canaries; i++) {
		const struct truth_canary *canary = &simulation->truth.canaries[i];
		const char *why = oracle_trouble(simulation, i);

		if (why[0] != '\0') {
			(void)snprintf(ret_why, size, "%s: %s (live %s, excuse \"%s\")",
			               canary->name, why, truth_live(canary),
			               canary->versions[canary->live].excuse);
			return false;
		}
	}
	return true;
}
