#include "tests/simulation/oracle.h"

#include "analysis/base/text.h"
#include "providers/kube/config.h"
#include "providers/kube/owner.h"
#include "tests/simulation/front.h"
#include "tests/simulation/simulation.h"
#include "tests/simulation/witness_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCALERS "horizontalpodautoscalers"

/* The objects of one canary as they are. */
struct sight {
	struct simulation *simulation;
	struct truth_canary *canary;
	const struct witness_run *run;
	const json_t *resource;
	const json_t *target;
	const json_t *primary;
	const json_t *route;
};

static const json_t *find(const struct sight *sight, const char *plural, const char *base,
                          const char *suffix)
{
	char name[64];

	(void)snprintf(name, sizeof(name), "%s%s", base, suffix);
	return apiserver_find(sight->simulation->server, plural, sight->canary->space, name);
}

static const json_t *at(const json_t *object, const char *a, const char *b)
{
	return json_object_get(json_object_get(object, a), b);
}

static const char *text_of(const json_t *value)
{
	const char *text = json_string_value(value);

	return text ? text : "";
}

static int number_at(const json_t *object, const char *a, const char *b)
{
	return (int)json_integer_value(at(object, a, b));
}

static const char *image_of(const json_t *deployment)
{
	const json_t *containers = at(at(deployment, "spec", "template"), "spec", "containers");

	return text_of(json_object_get(json_array_get(containers, 0), "image"));
}

/* The end -----------------------------------------------------------------------------------------
 */

/* WAS_JUDGED: the live version was analysed and refused. A target that cannot serve may also have
 * become so after all was gone, or somebody removed the primary that was kept: that no teardown
 * takes a primary that serves away beside it, the witness sees at each write. */
struct oracle_end oracle_name(const struct truth_canary *canary, bool was_judged)
{
	const struct truth_version *live = &canary->versions[canary->live];
	enum quality quality = truth_quality(live->tag);
	bool is_stuck = quality == QUALITY_STUCK;
	bool is_first = canary->promoted < 0;

	if (!canary->is_there)
		return (struct oracle_end){
			.is_gone = true,
			.is_kept = is_stuck || (was_judged && !is_first),
		};
	if (is_first && (is_stuck || quality == QUALITY_WEAK))
		return (struct oracle_end){.is_waiting = true};
	if (is_stuck || quality == QUALITY_WEAK)
		return (struct oracle_end){
			.may_be_live = canary->promoted == canary->live,
			.may_be_other = true,
		};
	return (struct oracle_end){
		.may_be_live = quality == QUALITY_GOOD || live->may_pass ||
	                       canary->promoted == canary->live,
		.may_be_other = quality != QUALITY_GOOD || live->may_fail,
	};
}

void oracle_begin(struct truth_canary *canary, bool is_init)
{
	canary->foreign_replicas = -1;
	if (is_init)
		canary->promoted = -1;
}

const char *oracle_judge(struct truth_canary *canary, const char *tag, enum release_outcome outcome,
                         bool is_init)
{
	struct truth_version *version = truth_version_find(canary, tag);
	enum quality quality = truth_quality(tag);
	bool is_bad = quality == QUALITY_SLOW || quality == QUALITY_FAILING;

	if (!version)
		return "it was of a version that nobody pushed";
	switch (outcome) {
	case OUTCOME_PROMOTED:
	case OUTCOME_SKIPPED:
		canary->promoted = (int)(version - canary->versions);
		return is_bad && !is_init && !version->may_pass ? "a bad version was promoted" : "";
	case OUTCOME_ROLLED_BACK:
		return quality == QUALITY_GOOD && !version->may_fail
		               ? "a good version was rolled back"
		               : "";
	case OUTCOME_FAILED_PROMOTION:
		return quality != QUALITY_WEAK && !version->may_fail
		               ? "a version was not promoted that could be"
		               : "";
	case OUTCOME_SUPERSEDED:
	case OUTCOME_CANCELLED:
	case OUTCOME_NONE:
		break;
	}
	return "";
}

/* What is not so ----------------------------------------------------------------------------------
 */

static const char *selector_of(const struct sight *sight, const char *suffix)
{
	const json_t *service = find(sight, "services", sight->canary->service, suffix);

	return text_of(json_object_get(at(service, "spec", "selector"), "app"));
}

static bool selects(const struct sight *sight, const char *service, const char *pods)
{
	char wanted[32];

	text_format(wanted, sizeof(wanted), "%s%s", sight->canary->name, pods);
	return strcmp(selector_of(sight, service), wanted) == 0;
}

static struct witness_workload workload(const json_t *object)
{
	struct witness_workload workload;

	witness_world_workload(object, &workload);
	return workload;
}

static bool is_ready(const json_t *object)
{
	return workload(object).is_ready;
}

static bool has_copies(const struct sight *sight)
{
	char prefix[40];
	const json_t *config;

	(void)snprintf(prefix, sizeof(prefix), "%s-env-primary-", sight->canary->name);
	for (size_t i = 0; (config = apiserver_at(sight->simulation->server, "configmaps", i));
	     i++) {
		if (strncmp(text_of(at(config, "metadata", "name")), prefix, strlen(prefix)) == 0)
			return true;
	}
	return false;
}

/* Somebody else sent the target's pods away, before a first run touched them: they are not ours to
 * bring back. */
static bool is_sent_away(const struct sight *sight)
{
	return workload(sight->target).replicas == 0 &&
	       !kube_owner_wrote_last(sight->target, "serin", "f:spec/f:replicas");
}

static const char *trouble_gone(const struct sight *sight)
{
	const struct truth_canary *canary = sight->canary;

	if (sight->resource)
		return "it was deleted, and is still there";
	if (sight->primary)
		return "it was deleted, and its primary is left";
	if (sight->route)
		return "it was deleted, and its route is left";
	if (find(sight, "destinationrules", canary->service, "-primary") ||
	    find(sight, "destinationrules", canary->service, "-canary"))
		return "it was deleted, and what stood with its route is left";
	if (has_copies(sight))
		return "it was deleted, and copies of its config are left";
	if (find(sight, SCALERS, canary->name, "-load-primary"))
		return "it was deleted, and its primary's autoscaler is left";
	if (find(sight, "services", canary->service, "-primary") ||
	    find(sight, "services", canary->service, "-canary"))
		return "it was deleted, and a Service is left";
	if (sight->run->name[0] != '\0' && find(sight, "releases", sight->run->name, ""))
		return "it was deleted, and a Release is left";
	if (find(sight, "services", canary->service, "") && !selects(sight, "", ""))
		return "it was deleted, and its apex does not select the target";
	if (!is_ready(sight->target) && truth_quality(truth_live(canary)) != QUALITY_STUCK &&
	    !is_sent_away(sight))
		return "it was deleted, and its target is not ready";
	return "";
}

/* A primary of this version is never ready. */
static bool is_no_primary(const char *image)
{
	enum quality quality = truth_quality(image);

	return quality == QUALITY_STUCK || quality == QUALITY_WEAK;
}

/* Before the first promotion people gave the target pods that never serve, where a rollout takes
 * away all that were there, or none of which was ready yet; and the primary was made of those, or
 * of others before them that are never ready: nobody has others. Pods of before that the primary's
 * rollout left serve on, and clients are led to them. */
static bool is_hopeless(const struct sight *sight, bool has_service)
{
	const struct simulation *simulation = sight->simulation;
	size_t index = (size_t)(sight->canary - simulation->truth.canaries);
	const struct witness_times *times = &simulation->witness.times[index];
	const char *image = image_of(sight->primary);
	bool is_led = selects(sight, "", "-primary");
	bool is_best = workload(sight->primary).ready > 0 ? is_led || !has_service : !is_led;

	return (sight->canary->empties ||
	        !instant_is_before(times->target_made, times->target_pods)) &&
	       sight->canary->promoted < 0 &&
	       truth_quality(truth_live(sight->canary)) == QUALITY_STUCK &&
	       (!sight->primary || is_no_primary(image)) && is_best;
}

static const char *trouble_kept(const struct sight *sight)
{
	/* Who deletes the Canary may delete its Service too. */
	bool has_service = find(sight, "services", sight->canary->service, "");

	/* Of a rollout that is stuck the pods before it serve on; the primary of a first run may be
	 * as stuck. */
	if (((selects(sight, "", "") || !has_service) && workload(sight->target).ready > 0) ||
	    is_hopeless(sight, has_service))
		return "";
	if (!is_ready(sight->primary))
		return "its target cannot serve, and its primary is not ready";
	return selects(sight, "", "-primary") || !has_service
	               ? ""
	               : "its target cannot serve, and its apex does not select the primary";
}

static const char *trouble_waiting(const struct sight *sight)
{
	if (sight->run->outcome != OUTCOME_NONE && sight->run->name[0] != '\0')
		return "its first run ended without a primary that is ready";
	if (sight->run->name[0] != '\0' && strcmp(sight->run->tag, truth_live(sight->canary)) != 0)
		return "its first run is of another version, and goes on";
	/* Clients whom a run before led to a primary that was ready stay with what is left of it.
	 */
	if (!sight->canary->is_led_astray && workload(sight->primary).ready == 0 &&
	    find(sight, "services", sight->canary->service, "") && selects(sight, "", "-primary"))
		return "its clients went to a primary that was never ready";
	return "";
}

/* A Canary made anew while the Releases of the one before were removed begins with what is left of
 * them, which is over. */
static bool is_run_gone(const struct sight *sight)
{
	return sight->run->name[0] != '\0' && !find(sight, "releases", sight->run->name, "");
}

/* The phase that the newest Release's outcome asks for. */
static bool is_phase_true(const struct sight *sight)
{
	const char *phase = text_of(at(sight->resource, "status", "phase"));
	enum release_outcome outcome = sight->run->outcome;

	if (is_run_gone(sight))
		return strcmp(phase, "Initialized") == 0 || strcmp(phase, "Succeeded") == 0;
	if (outcome == OUTCOME_ROLLED_BACK || outcome == OUTCOME_FAILED_PROMOTION)
		return strcmp(phase, "Failed") == 0;
	return strcmp(phase, sight->run->is_init ? "Initialized" : "Succeeded") == 0;
}

static bool has_failed(const struct witness_run *run)
{
	return run->outcome == OUTCOME_ROLLED_BACK || run->outcome == OUTCOME_FAILED_PROMOTION;
}

/* The newest run refused the version that the target has, with what its config holds. */
static bool is_refused(const struct sight *sight)
{
	char digest[DIGEST_MAX] = "";

	if (sight->canary->has_config)
		kube_config_digest(find(sight, "configmaps", sight->canary->name, "-env"), digest);
	return has_failed(sight->run) && strcmp(sight->run->tag, truth_live(sight->canary)) == 0 &&
	       strcmp(sight->run->config, digest) == 0;
}

/* How the newest Release ended, against which version the primary runs. */
static const char *trouble_run(const struct sight *sight, bool is_live)
{
	bool is_of_live = strcmp(sight->run->tag, truth_live(sight->canary)) == 0;
	enum release_outcome outcome = sight->run->outcome;

	if (!is_live && !is_refused(sight))
		return "the live version was neither promoted nor refused";
	if (is_live && is_of_live && !(sight->run->is_of_config && has_failed(sight->run)) &&
	    outcome != OUTCOME_PROMOTED && outcome != OUTCOME_SKIPPED)
		return "it serves the live version, and its run ended otherwise";
	return "";
}

/* What the primary's pods mount holds what people wrote last, unless the newest run refused that.
 */
static bool is_config_old(const struct sight *sight)
{
	const json_t *pods = at(at(sight->primary, "spec", "template"), "spec", "volumes");
	const char *name = text_of(at(json_array_get(pods, 0), "configMap", "name"));
	const char *mode = text_of(at(find(sight, "configmaps", name, ""), "data", "mode"));

	return sight->canary->has_config && !is_refused(sight) &&
	       strtol(mode, NULL, 10) != sight->canary->config;
}

static const char *trouble_world(const struct sight *sight)
{
	const struct truth_canary *canary = sight->canary;
	int replicas = workload(sight->target).replicas;

	if (canary->has_scaler && !find(sight, SCALERS, canary->name, "-load-primary"))
		return "its primary's autoscaler is missing";
	if (front_is_weighed(canary) && !sight->route)
		return "its route is missing";
	if (front_is_weighed(canary) && front_weight(canary, sight->route) != 0)
		return "its route has a weight";
	if (!selects(sight, "", "-primary"))
		return "its apex does not select the primary";
	if (!selects(sight, "-primary", "-primary") || !selects(sight, "-canary", ""))
		return "a Service of it selects other pods";
	if (replicas != 0 && replicas != canary->foreign_replicas &&
	    canary->foreign_replicas != TRUTH_ANY_REPLICAS)
		return "its target has pods";
	if (!is_ready(sight->primary))
		return "its primary is not ready";
	if (number_at(sight->resource, "status", "canaryWeight") != 0)
		return "its status speaks of a weight";
	return is_phase_true(sight) ? "" : "its phase is another";
}

static const char *trouble_there(const struct sight *sight, const struct oracle_end *end)
{
	const struct truth_canary *canary = sight->canary;
	const char *image = image_of(sight->primary);
	bool is_live;
	const char *why;

	if (sight->run->outcome == OUTCOME_NONE && !is_run_gone(sight))
		return "its run is not over";
	if (!sight->primary || strncmp(image, "web:", 4) != 0)
		return "it has no primary";
	is_live = strcmp(image + 4, truth_live(canary)) == 0;
	if (canary->promoted < 0 || strcmp(image + 4, canary->versions[canary->promoted].tag) != 0)
		return "its primary runs what was not promoted";
	if (is_live && !end->may_be_live)
		return "a bad version is promoted";
	if (!is_live && !end->may_be_other)
		return "a good version is not promoted";
	if (is_live && is_config_old(sight))
		return "its primary has another config than people wrote";
	why = trouble_run(sight, is_live);
	return why[0] != '\0' ? why : trouble_world(sight);
}

/* The newest run refused the version that the target has. */
static bool was_judged(const struct sight *sight)
{
	const json_t *release = find(sight, "releases", sight->run->name, "");
	const char *ending = text_of(at(release, "status", "ending"));

	return (strcmp(ending, "rolled_back") == 0 || strcmp(ending, "failed_promotion") == 0) &&
	       strcmp(sight->run->tag, truth_live(sight->canary)) == 0;
}

const char *oracle_trouble(struct simulation *simulation, int index)
{
	struct sight sight = {
		.simulation = simulation,
		.canary = &simulation->truth.canaries[index],
		.run = &simulation->witness.runs[index],
	};
	const char *name = sight.canary->name;
	char front[FRONT_NAME_MAX];
	struct oracle_end end;
	const char *why;

	sight.resource = find(&sight, "canaries", name, "");
	sight.target = find(&sight, truth_plural(sight.canary), name, "");
	sight.primary = find(&sight, truth_plural(sight.canary), name, "-primary");
	sight.route = find(&sight, front_plural(sight.canary), front_name(sight.canary, front), "");
	end = oracle_name(sight.canary, was_judged(&sight));
	if (end.is_gone || end.is_kept) {
		why = end.is_gone ? trouble_gone(&sight) : trouble_kept(&sight);
		return end.is_gone && end.is_kept && why[0] != '\0' ? trouble_kept(&sight) : why;
	}
	return end.is_waiting ? trouble_waiting(&sight) : trouble_there(&sight, &end);
}
