#include "tests/simulation/witness_stale.h"

#include "analysis/base/text.h"
#include "providers/kube/tree.h"
#include "tests/simulation/witness_world.h"
#include "tests/simulation/witness_write.h"

#include <string.h>

/* What of CANARY a URL names. */
static enum witness_written find_written(const struct simulation *simulation, int index,
                                         const struct witness_path *path)
{
	const struct truth_canary *canary = &simulation->truth.canaries[index];

	if (strcmp(path->plural, "releases") == 0)
		return strcmp(path->name, simulation->witness.runs[index].name) == 0
		               ? WITNESS_WRITTEN_RELEASE
		               : WITNESS_WRITTEN_NONE;
	if (strcmp(path->plural, truth_plural(canary)) != 0)
		return WITNESS_WRITTEN_NONE;
	if (witness_write_is_named(canary->name, path->name, ""))
		return WITNESS_WRITTEN_TARGET;
	return witness_write_is_named(canary->name, path->name, "-primary")
	               ? WITNESS_WRITTEN_PRIMARY
	               : WITNESS_WRITTEN_NONE;
}

static const char *version_of(struct simulation *simulation, const struct witness_flight *flight)
{
	const struct truth_canary *canary = &simulation->truth.canaries[flight->canary];
	const char *plural = truth_plural(canary);
	const char *name = canary->name;
	const char *suffix = flight->written == WITNESS_WRITTEN_PRIMARY ? "-primary" : "";

	if (flight->written == WITNESS_WRITTEN_RELEASE) {
		plural = "releases";
		name = simulation->witness.runs[flight->canary].name;
	}
	return kube_tree_text(witness_world_find(simulation, flight->canary, plural, name, suffix),
	                      "metadata/resourceVersion");
}

/* A retreat waits for nobody, and writes over whatever stands; so does a promotion that a newer
 * revision overtakes, as it takes the traffic back. */
static bool is_retreating(const struct simulation *simulation, const struct witness_flight *flight)
{
	const struct witness_run *run = &simulation->witness.runs[flight->canary];
	const char *image = simulation->witness.worlds[flight->canary].target.image;

	return run->outcome == OUTCOME_NONE &&
	       (run->phase == PHASE_RETREATING ||
	        (run->phase == PHASE_PROMOTING && strcmp(image, run->image) != 0));
}

/* The body of a write has this text. */
static bool is_in(const struct http_request *request, const char *text)
{
	return request->body && strstr(request->body, text);
}

/* Nobody could tell the agent what became of the write: nothing stands that is newer, and it read
 * nothing. */
static bool is_doubted(struct simulation *simulation, int agent,
                       const struct witness_flight *flight)
{
	const struct witness_doubt *doubt =
		&simulation->witness.agents[agent].doubts[flight->canary][flight->written];

	return instant_is_set(doubt->since) && strcmp(doubt->version, flight->version) == 0 &&
	       !instant_is_before(doubt->since, simulation->crew.agents[agent].began) &&
	       !instant_is_before(doubt->since, simulation->witness.led_since);
}

/* All of a kind is listed. */
static void see_list(struct witness_agent *of, const char *url)
{
	bool is_releases = strstr(url, "/releases") != NULL;
	bool is_workloads = strstr(url, "/deployments") || strstr(url, "/daemonsets");

	for (int i = 0; i < FAULT_CANARIES_MAX; i++) {
		struct witness_doubt *doubts = of->doubts[i];

		if (is_releases)
			doubts[WITNESS_WRITTEN_RELEASE].since = (struct instant){0};
		if (is_workloads) {
			doubts[WITNESS_WRITTEN_TARGET].since = (struct instant){0};
			doubts[WITNESS_WRITTEN_PRIMARY].since = (struct instant){0};
		}
	}
}

static void see_write(struct simulation *simulation, int agent, struct witness_flight *flight,
                      const struct http_request *request)
{
	char quoted[28];

	text_copy(flight->version, version_of(simulation, flight));
	text_format(quoted, sizeof(quoted), "\"%s\"", flight->version);
	flight->is_of_newest = flight->version[0] != '\0' && is_in(request, quoted);
	if (is_doubted(simulation, agent, flight) && !is_retreating(simulation, flight) &&
	    !is_in(request, "Retreating"))
		witness_accuse(simulation,
		               "%s: written again (%s), and what became of the write before was "
		               "not looked at",
		               simulation->truth.canaries[flight->canary].name, request->url);
}

void witness_stale_left(struct simulation *simulation, int agent, struct witness_flight *flight,
                        const struct http_request *request)
{
	struct witness_agent *of = &simulation->witness.agents[agent];
	struct witness_path path;

	if (request->peer != HTTP_PEER_KUBE || flight->is_lease)
		return;
	witness_write_parse(request->url, &path);
	if (flight->canary >= 0)
		flight->written = find_written(simulation, flight->canary, &path);
	if (request->method == HTTP_GET && path.name[0] == '\0')
		see_list(of, request->url);
	else if (flight->written == WITNESS_WRITTEN_NONE)
		return;
	else if (request->method == HTTP_GET)
		of->doubts[flight->canary][flight->written].since = (struct instant){0};
	else if (request->method == HTTP_PATCH)
		see_write(simulation, agent, flight, request);
}

void witness_stale_came(struct simulation *simulation, int agent,
                        const struct witness_flight *flight, const struct http_reply *reply)
{
	struct witness_doubt *doubt;

	if (!flight->is_of_newest || reply->error.kind == ERR_NONE)
		return;
	doubt = &simulation->witness.agents[agent].doubts[flight->canary][flight->written];
	doubt->since = witness_world_now(simulation);
	text_copy(doubt->version, flight->version);
}

void witness_stale_asked(struct simulation *simulation, struct witness_flight *flight)
{
	if (flight && flight->version[0] != '\0' && flight->written != WITNESS_WRITTEN_RELEASE)
		flight->is_overtaken = strcmp(flight->version, version_of(simulation, flight)) != 0;
}

void witness_stale_served(struct simulation *simulation, const struct witness_flight *flight)
{
	if (!flight || !flight->is_overtaken || is_retreating(simulation, flight))
		return;
	witness_accuse(simulation, "%s: %s is written as if it had not changed meanwhile",
	               simulation->truth.canaries[flight->canary].name,
	               flight->written == WITNESS_WRITTEN_PRIMARY ? "the primary" : "the target");
}
