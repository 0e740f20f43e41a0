#include "tests/simulation/witness_write.h"

#include "analysis/base/text.h"
#include "providers/kube/config.h"
#include "providers/kube/owner.h"
#include "providers/kube/tree.h"
#include "providers/kube/workload.h"
#include "tests/simulation/front.h"
#include "tests/simulation/witness_release.h"
#include "tests/simulation/witness_world.h"

#include <string.h>

#define SETTLED_HOLDS 3

static const char *take_word(const char *at, char *ret, size_t size)
{
	size_t length = strcspn(at, "/?");

	text_format(ret, size, "%.*s", (int)length, at);
	return at[length] == '/' ? at + length + 1 : at + length;
}

void witness_write_parse(const char *url, struct witness_path *ret)
{
	const char *at = strstr(url, "/namespaces/");
	char namespace[24];

	*ret = (struct witness_path){0};
	if (!at)
		return;
	at = take_word(at + strlen("/namespaces/"), namespace, sizeof(namespace));
	at = take_word(at, ret->plural, sizeof(ret->plural));
	at = take_word(at, ret->name, sizeof(ret->name));
	(void)take_word(at, ret->subresource, sizeof(ret->subresource));
}

bool witness_write_is_named(const char *base, const char *name, const char *suffix)
{
	size_t length = strlen(base);

	return strncmp(name, base, length) == 0 && strcmp(name + length, suffix) == 0;
}

static bool is_workload(const struct truth_canary *canary, const struct witness_path *path)
{
	return strcmp(path->plural, truth_plural(canary)) == 0;
}

/* The patch of a target touches its replicas, or where its pods may be, and nothing else. */
static bool is_scaling(const struct http_request *request)
{
	json_t *patch = json_loadb(request->body, request->body_length, 0, NULL);
	bool is_scaling = json_is_array(patch);

	for (size_t i = 0; i < json_array_size(patch); i++) {
		const json_t *step = json_array_get(patch, i);

		is_scaling = is_scaling &&
		             (strcmp(kube_tree_text(step, "op"), "test") == 0 ||
		              strcmp(kube_tree_text(step, "path"), "/spec/replicas") == 0 ||
		              strcmp(kube_tree_text(step, "path"),
		                     "/spec/template/spec/nodeSelector") == 0);
	}
	json_decref(patch);
	return is_scaling;
}

/* The route, and what stands with it in a mesh. */
static bool is_front(const struct truth_canary *canary, const struct witness_path *path)
{
	char name[FRONT_NAME_MAX];

	if (strcmp(path->plural, front_plural(canary)) == 0)
		return strcmp(front_name(canary, name), path->name) == 0;
	return front_is_mesh(canary) && strcmp(path->plural, "destinationrules") == 0 &&
	       (witness_write_is_named(canary->service, path->name, "-primary") ||
	        witness_write_is_named(canary->service, path->name, "-canary"));
}

/* The primary's autoscaler. */
static bool is_scaler(const struct truth_canary *canary, const struct witness_path *path)
{
	return canary->has_scaler && strcmp(path->plural, "horizontalpodautoscalers") == 0 &&
	       witness_write_is_named(canary->name, path->name, "-load-primary");
}

/* A copy of what its pods mount, for the primary's. */
static bool is_copy(const struct truth_canary *canary, const struct witness_path *path)
{
	char prefix[40];

	text_format(prefix, sizeof(prefix), "%s-env-primary-", canary->name);
	return canary->has_config && strcmp(path->plural, "configmaps") == 0 &&
	       strncmp(path->name, prefix, strlen(prefix)) == 0;
}

static bool may_patch(const struct truth_canary *canary, const struct witness_path *path,
                      const struct http_request *request)
{
	bool is_status = strcmp(path->subresource, "status") == 0;

	if (strcmp(path->plural, "canaries") == 0)
		return is_status && witness_write_is_named(canary->name, path->name, "");
	if (strcmp(path->plural, "releases") == 0)
		return is_status;
	if (is_status)
		return false;
	if (is_workload(canary, path))
		return witness_write_is_named(canary->name, path->name, "-primary") ||
		       (witness_write_is_named(canary->name, path->name, "") &&
		        is_scaling(request));
	if (strcmp(path->plural, "services") == 0)
		return witness_write_is_named(canary->service, path->name, "") ||
		       witness_write_is_named(canary->service, path->name, "-primary") ||
		       witness_write_is_named(canary->service, path->name, "-canary");
	return is_front(canary, path) || is_scaler(canary, path) || is_copy(canary, path);
}

static bool may_create(const struct truth_canary *canary, const struct witness_path *path,
                       const struct http_request *request)
{
	json_t *object = json_loadb(request->body, request->body_length, 0, NULL);
	struct witness_path made = *path;
	bool may;

	text_copy(made.name, kube_tree_text(object, "metadata/name"));
	json_decref(object);
	if (strcmp(path->plural, "releases") == 0)
		return true;
	may = (strcmp(path->plural, "services") == 0 || is_front(canary, &made) ||
	       is_scaler(canary, &made) || is_copy(canary, &made) || is_workload(canary, path)) &&
	      may_patch(canary, &made, request);
	return may &&
	       !(is_workload(canary, path) && witness_write_is_named(canary->name, made.name, ""));
}

/* What was made goes only with its Canary; the apex Service and the target stay. */
static bool may_delete(struct simulation *simulation, int index, const struct witness_path *path,
                       const struct witness_flight *flight)
{
	const struct truth_canary *canary = &simulation->truth.canaries[index];
	const struct witness *witness = &simulation->witness;

	if (strcmp(path->plural, "releases") == 0) {
		witness_release_removed(simulation, index, path->name, flight);
		return true;
	}
	if (is_copy(canary, path))
		return true;
	if (witness->worlds[index].has_canary &&
	    witness_world_knew(simulation, index, flight, witness->times[index].canary))
		return false;
	if (is_front(canary, path) || is_scaler(canary, path))
		return true;
	if (strcmp(path->plural, "services") == 0)
		return witness_write_is_named(canary->service, path->name, "-primary") ||
		       witness_write_is_named(canary->service, path->name, "-canary");
	return is_workload(canary, path) &&
	       witness_write_is_named(canary->name, path->name, "-primary");
}

void witness_write_asked(struct simulation *simulation, int agent, int canary,
                         const struct http_request *request, const struct witness_flight *flight)
{
	const struct truth_canary *truth;
	struct witness_path path;
	bool may = false;

	witness_write_parse(request->url, &path);
	if (strcmp(path.plural, "leases") == 0 ||
	    (strcmp(path.plural, "events") == 0 && request->method == HTTP_POST))
		return;
	/* What a POST makes is named in its body. */
	if (canary < 0 && request->method == HTTP_POST && request->body)
		canary = truth_find(&simulation->truth, request->body);
	truth = canary >= 0 ? &simulation->truth.canaries[canary] : NULL;
	if (truth && request->method == HTTP_PATCH)
		may = may_patch(truth, &path, request);
	else if (truth && request->method == HTTP_POST)
		may = may_create(truth, &path, request);
	else if (truth && request->method == HTTP_DELETE)
		may = may_delete(simulation, canary, &path, flight);
	if (!may)
		witness_accuse(simulation, "agent-%d writes what is not its own: %s %s", agent,
		               http_method_name(request->method), request->url);
}

/* A run that moves clients. */
static bool is_running(const struct witness_run *run)
{
	return run->uid[0] && run->outcome == OUTCOME_NONE && !run->is_init &&
	       run->phase >= PHASE_PROGRESSING;
}

/* Nobody else asked for the target's pods: who does that as they are sent away is believed. */
static bool are_ours(struct simulation *simulation, int canary)
{
	const struct truth_canary *truth = &simulation->truth.canaries[canary];
	const json_t *target =
		witness_world_find(simulation, canary, truth_plural(truth), truth->name, "");

	return kube_owner_wrote_last(target, "serin", "f:spec/f:replicas");
}

/* Whatever the target's status says: is none of its pods ready, though we asked for some? */
static bool has_no_pods(struct simulation *simulation, int canary, const struct witness_world *new)
{
	json_t *selector = json_pack("{s:s}", "app", simulation->truth.canaries[canary].name);
	size_t n_ready = cluster_ready_pods(simulation->cluster,
	                                    simulation->truth.canaries[canary].space, selector);

	json_decref(selector);
	return n_ready == 0 && new->target.replicas > 0 && are_ours(simulation, canary);
}

/* Of two that people let write, one may not know yet what the other made of the newest Release. */
static bool is_of_two(struct simulation *simulation, int canary,
                      const struct witness_flight *flight)
{
	const struct witness *witness = &simulation->witness;

	return instant_is_before(witness_world_now(simulation), witness->lease_excused_until) &&
	       !witness_world_knew(simulation, canary, flight, witness->runs[canary].written);
}

static void check_weight(struct simulation *simulation, int canary, const struct witness_world *old,
                         const struct witness_world *new, const struct witness_flight *flight)
{
	struct witness *witness = &simulation->witness;
	const struct witness_run *run = &witness->runs[canary];
	const char *name = simulation->truth.canaries[canary].name;

	if (new->weight <= old->weight)
		return;
	/* While promoting, too, a foreign edit is put right with the weight in force. */
	if (!is_running(run) || run->phase < PHASE_PROGRESSING || run->phase > PHASE_PROMOTING ||
	    run->weight != new->weight) {
		/* It was asked for when it left, and what takes it back is on its way; or a foreign
		 * edit is put right by whoever was not told that the step to a higher one is saved.
		 */
		if ((!is_running(run) && !is_of_two(simulation, canary, flight)) ||
		    (run->phase == PHASE_PROGRESSING && run->weight < run->weight_from) ||
		    run->weight_from != new->weight ||
		    witness_world_knew(simulation, canary, flight, run->written))
			witness_accuse(simulation, "%s: weight %d while %s is %s and says %d", name,
			               new->weight, run->name, release_phase_name(run->phase),
			               run->weight);
		return;
	}
	if (!new->has_canary_service &&
	    witness_world_knew(simulation, canary, flight, witness->times[canary].service))
		witness_accuse(simulation, "%s: weight %d without the canary's Service", name,
		               new->weight);
	if (new->target.ready == 0 &&
	    witness_world_knew(simulation, canary, flight, witness->times[canary].target_pods))
		witness_accuse(simulation, "%s: weight %d without a ready canary", name,
		               new->weight);
	if (new->target.ready > 0 && has_no_pods(simulation, canary, new))
		witness_accuse(simulation, "%s: weight %d for pods that are gone", name,
		               new->weight);
	if (strcmp(new->target.image, run->image) != 0 &&
	    witness_world_knew(simulation, canary, flight, witness->times[canary].image))
		witness_accuse(simulation, "%s: weight %d for %s, while %s is of %s", name,
		               new->weight, new->target.image, run->name, run->image);
}

/* The run's weight is given: for the first time since it was saved, or after another hand took it.
 */
static void note_weighed(struct simulation *simulation, int agent, int canary,
                         const struct witness_world *old, const struct witness_world *new,
                         const struct witness_flight *flight)
{
	const struct witness_run *run = &simulation->witness.runs[canary];
	struct witness_times *times = &simulation->witness.times[canary];
	bool is_first = instant_is_before(times->weighed, run->written) &&
	                instant_is_before(simulation->truth.canaries[canary].meddled, run->written);

	if (!flight || new->weight == old->weight || new->weight != run->weight)
		return;
	times->weighed = witness_world_now(simulation);
	times->weighed_from = is_first ? run->written : flight->left;
	times->weighed_by = agent;
}

/* A weight that was taken back within a run is a retreat begun, which every process finishes. */
static void check_return(struct simulation *simulation, int canary, const struct witness_world *old,
                         const struct witness_world *new, const struct witness_flight *flight)
{
	const struct witness_run *run = &simulation->witness.runs[canary];
	struct witness_times *times = &simulation->witness.times[canary];

	if (new->weight == 0 && old->weight > 0 && is_running(run) &&
	    run->phase == PHASE_PROGRESSING && run->weight > 0 && run->weight_from > 0) {
		times->returned = witness_world_now(simulation);
		text_copy(times->returned_run, run->uid);
		if (simulation->witness.leader >= 0)
			crew_tempt(simulation, simulation->witness.leader);
	} else if (new->weight > old->weight && run->uid[0] &&
	           strcmp(times->returned_run, run->uid) == 0 &&
	           witness_world_knew(simulation, canary, flight, times->returned)) {
		witness_accuse(simulation, "%s: weight %d in %s, whose retreat had begun",
		               simulation->truth.canaries[canary].name, new->weight, run->name);
	}
}

static bool may_empty(struct simulation *simulation, int canary, const char *suffix)
{
	const char *name = simulation->truth.canaries[canary].name;
	const json_t *object =
		witness_world_find(simulation, canary,
	                           truth_plural(&simulation->truth.canaries[canary]), name, suffix);
	struct provider_options options = {0};
	struct workload_fact fact = {0};

	if (!object)
		return false;
	kube_workload_read(object, &options, false, &fact);
	return fact.may_empty;
}

/* Nothing is promoted yet: clients belong to the target, unless they were led to a primary that can
 * take them. */
static bool is_before_first(const struct witness *witness, int canary)
{
	const struct witness_run *run = &witness->runs[canary];

	return run->uid[0] &&
	       (run->outcome == OUTCOME_NONE ? run->is_init : !witness->promoted[canary].uid[0]);
}

/* Clients are sent to the canary's pods. */
static void check_apex(struct simulation *simulation, int canary, const struct witness_world *old,
                       const struct witness_world *new, const struct witness_flight *flight)
{
	struct witness *witness = &simulation->witness;
	const struct witness_run *run = &witness->runs[canary];
	const struct witness_times *times = &witness->times[canary];
	const char *name = simulation->truth.canaries[canary].name;

	if (new->apex != WITNESS_BACKEND_CANARY || old->apex == new->apex)
		return;
	if (new->target.ready > 0 && new->primary.ready > 0 && has_no_pods(simulation, canary, new))
		witness_accuse(simulation, "%s: clients to pods that are gone", name);
	if (!new->has_canary) {
		if (new->target.ready == 0 && new->primary.ready > 0 &&
		    witness_world_knew(simulation, canary, flight, times->target_pods))
			witness_accuse(
				simulation,
				"%s: a teardown gives clients to a target without a ready pod",
				name);
		return;
	}
	/* It left while the Canary before this one was being taken down. */
	if (!witness_world_knew(simulation, canary, flight, times->canary))
		return;
	if (is_before_first(witness, canary)) {
		if (old->apex == WITNESS_BACKEND_PRIMARY && new->primary.ready > 0 &&
		    witness_world_knew(simulation, canary, flight, times->primary_bare))
			witness_accuse(simulation,
			               "%s: clients taken from a first primary that serves", name);
		return;
	}
	if (!is_running(run)) {
		witness_accuse(simulation, "%s: clients to the canary outside a run", name);
		return;
	}
	if (new->primary.ready > 0 && strcmp(new->target.image, run->image) != 0 &&
	    strcmp(new->target.image, witness->promoted[canary].image) != 0 &&
	    run->ending != OUTCOME_FAILED_PROMOTION &&
	    witness_world_knew(simulation, canary, flight, times->image))
		witness_accuse(simulation,
		               "%s: clients to a newer revision beside a primary that serves",
		               name);
	if (run->phase == PHASE_PROGRESSING && new->primary.ready > 0 &&
	    witness_world_knew(simulation, canary, flight, times->primary_poor))
		witness_accuse(simulation, "%s: clients to a canary beside a primary that serves",
		               name);
	if (run->phase == PHASE_PROMOTING && new->primary.is_ready &&
	    !may_empty(simulation, canary, "") && !may_empty(simulation, canary, "-primary") &&
	    witness_world_knew(simulation, canary, flight, times->primary_poor))
		witness_accuse(simulation, "%s: clients moved where nothing becomes empty", name);
	if (new->target.ready == 0 && new->primary.ready > 0 &&
	    witness_world_knew(simulation, canary, flight, times->target_pods))
		witness_accuse(simulation, "%s: clients to a canary without a ready pod", name);
}

/* Pods were left to a next run, and none follows: the target has the promoted template. */
static bool is_left(const struct witness *witness, int canary, const struct witness_world *old)
{
	return witness->runs[canary].outcome == OUTCOME_SUPERSEDED &&
	       !witness->runs[canary].is_init &&
	       strcmp(old->target.image, witness->promoted[canary].image) == 0;
}

/* It was on its way when the newest Release was last written. */
static bool is_earlier(const struct simulation *simulation, int canary,
                       const struct witness_flight *flight)
{
	return flight && instant_is_before(flight->left, simulation->witness.runs[canary].written);
}

/* It left before the run was over, whose last save was on its way, too. */
static bool is_of_end(const struct witness_run *run, const struct witness_flight *flight)
{
	return flight && run->outcome != OUTCOME_NONE &&
	       instant_is_before(flight->left, run->ended);
}

/* Pods that began with what a config held before go before the run begins; it may be superseded
 * while that is on its way. */
static bool is_renewed(const struct simulation *simulation, int canary,
                       const struct witness_flight *flight)
{
	const struct witness_run *run = &simulation->witness.runs[canary];
	bool is_late = run->outcome == OUTCOME_SUPERSEDED && is_earlier(simulation, canary, flight);

	return simulation->truth.canaries[canary].has_config && !run->is_init &&
	       (is_late || (run->outcome == OUTCOME_NONE && run->phase == PHASE_NONE));
}

static void check_target(struct simulation *simulation, int canary, const struct witness_world *old,
                         const struct witness_world *new, const struct witness_flight *flight)
{
	struct witness *witness = &simulation->witness;
	const struct witness_run *run = &witness->runs[canary];
	const struct witness_agent *agent =
		&witness->agents[witness->leader < 0 ? 0 : witness->leader];
	struct instant requested = witness->times[canary].requested;
	struct instant now = witness_world_now(simulation);
	const char *name = simulation->truth.canaries[canary].name;

	if (strcmp(new->target.image, old->target.image) != 0)
		witness_accuse(simulation, "%s: an agent changed the target's template", name);
	if (new->target.replicas >= old->target.replicas)
		return;
	if (new->target.replicas != 0)
		witness_accuse(simulation, "%s: the target scaled down from %d to %d", name,
		               old->target.replicas, new->target.replicas);
	if (!is_left(witness, canary, old) && !is_of_end(run, flight) &&
	    !is_renewed(simulation, canary, flight) && !is_of_two(simulation, canary, flight) &&
	    (run->outcome != OUTCOME_NONE ||
	     (run->phase != PHASE_FINALISING && run->phase != PHASE_RETREATING)))
		witness_accuse(simulation, "%s: the target scaled down in %s", name,
		               release_phase_name(run->phase));
	if (new->primary.ready == 0 && flight &&
	    witness_world_knew(simulation, canary, flight, witness->times[canary].primary_pods))
		witness_accuse(simulation,
		               "%s: the target scaled down behind a primary that does not serve",
		               name);
	/* A clock that jumped makes times short; requests by other hands come as they come, and
	 * may go unseen. */
	if (instant_between(requested, now).ms <
	            SETTLED_HOLDS * witness_world_hold(&simulation->truth.canaries[canary]).ms &&
	    !instant_is_before(requested, agent->offset_changed) &&
	    witness_world_knew(simulation, canary, flight, witness->times[canary].requested_from) &&
	    new->has_route)
		witness_accuse(simulation,
		               "%s: the target scaled down %d ms after its last request", name,
		               (int)instant_between(requested, now).ms);
	if ((new->weight > 0 || new->apex == WITNESS_BACKEND_CANARY) &&
	    witness_world_knew(simulation, canary, flight, witness->times[canary].weight))
		witness_accuse(simulation, "%s: the target scaled down while clients may go to it",
		               name);
}

/* The template of the Release that is being promoted, or of the one that was. */
static void check_template(struct simulation *simulation, int canary,
                           const struct witness_world *new, bool is_late)
{
	struct witness *witness = &simulation->witness;
	const struct witness_run *run = &witness->runs[canary];
	const struct witness_promoted *promoted = &witness->promoted[canary];
	const char *name = simulation->truth.canaries[canary].name;
	bool is_of_run = strcmp(new->primary.release, run->uid) == 0;

	if (is_of_run && strcmp(new->primary.image, run->image) == 0 &&
	    run->outcome == OUTCOME_NONE &&
	    (run->phase == PHASE_PROMOTING || (run->is_init && run->phase == PHASE_STARTING)))
		return;
	if (strcmp(new->primary.release, promoted->uid) == 0 && promoted->uid[0] &&
	    strcmp(new->primary.image, promoted->image) == 0)
		return;
	if (is_late)
		return;
	witness_accuse(simulation, "%s: the primary gets %s of %s, while %s is %s", name,
	               new->primary.image, new->primary.release, run->name,
	               release_phase_name(run->phase));
}

/* The target is what RUN is about: it has its template, and its config holds what was recorded. */
static bool is_of_run(struct simulation *simulation, int canary,
                      const struct witness_workload *target, const struct witness_run *run)
{
	const char *name = simulation->truth.canaries[canary].name;
	const json_t *config = witness_world_find(simulation, canary, "configmaps", name, "-env");
	char digest[DIGEST_MAX];

	if (strcmp(target->image, run->image) != 0)
		return false;
	if (run->config[0] == '\0')
		return true;
	if (!config)
		return false;
	kube_config_digest(config, digest);
	return strcmp(digest, run->config) == 0;
}

static void check_primary(struct simulation *simulation, int canary,
                          const struct witness_world *old, const struct witness_world *new,
                          const struct witness_flight *flight)
{
	const struct witness_run *run = &simulation->witness.runs[canary];
	const char *name = simulation->truth.canaries[canary].name;
	struct instant apex = simulation->witness.times[canary].apex;
	int least = run->primary_replicas < old->primary.replicas ? run->primary_replicas
	                                                          : old->primary.replicas;
	bool is_late;

	if (!new->primary.is_there)
		return;
	if (old->primary.is_there && new->primary.replicas < least &&
	    !(run->is_init && !witness_world_knew(simulation, canary, flight, run->written)))
		witness_accuse(simulation, "%s: the primary scaled down from %d to %d", name,
		               old->primary.replicas, new->primary.replicas);
	if (old->primary.is_there && strcmp(new->primary.release, old->primary.release) == 0 &&
	    strcmp(new->primary.image, old->primary.image) == 0)
		return;
	/* One that is made, or a first one, may have been asked for before its run ended: nothing
	 * recalls it. What was on its way when people ended the promotion is taken back. */
	is_late = ((!old->primary.is_there || run->is_init) &&
	           !witness_world_knew(simulation, canary, flight, run->written)) ||
	          is_of_two(simulation, canary, flight) ||
	          (run->phase == PHASE_RETREATING && run->ending == OUTCOME_FAILED_PROMOTION &&
	           is_earlier(simulation, canary, flight));
	check_template(simulation, canary, new, is_late);
	if (old->primary.is_there && old->primary.ready > 0 && new->target.ready > 0 &&
	    new->apex == WITNESS_BACKEND_PRIMARY &&is_running(run) &&
	    run->phase == PHASE_PROMOTING &&is_of_run(simulation, canary, &new->target, run) &&
	    may_empty(simulation, canary, "-primary") && flight &&
	    (instant_between(apex, witness_world_now(simulation)).ms > WITNESS_UNTOLD_MS ||
	     witness_world_knew(simulation, canary, flight, apex)))
		witness_accuse(
			simulation,
			"%s: a primary replaced that may become empty, while clients go to it",
			name);
}

/* A teardown takes the primary away. */
static void check_removal(struct simulation *simulation, int canary,
                          const struct witness_world *old, const struct witness_world *new,
                          const struct witness_flight *flight)
{
	if (new->has_canary || new->primary.is_there || old->primary.ready == 0 ||
	    !new->target.is_there || new->target.ready > 0 ||
	    !witness_world_knew(simulation, canary, flight,
	                        simulation->witness.times[canary].target_pods))
		return;
	witness_accuse(
		simulation,
		"%s: a teardown removes a primary that serves, beside a target that does not",
		simulation->truth.canaries[canary].name);
}

void witness_write_done(struct simulation *simulation, int agent, int canary,
                        const struct witness_flight *flight)
{
	const struct witness_world *old = &simulation->witness.worlds[canary];
	struct witness_world new;

	witness_world_read(simulation, canary, &new);
	check_weight(simulation, canary, old, &new, flight);
	note_weighed(simulation, agent, canary, old, &new, flight);
	check_return(simulation, canary, old, &new, flight);
	check_apex(simulation, canary, old, &new, flight);
	check_target(simulation, canary, old, &new, flight);
	check_primary(simulation, canary, old, &new, flight);
	check_removal(simulation, canary, old, &new, flight);
}
