#include "tests/simulation/witness_history.h"

#include "analysis/base/text.h"
#include "tests/simulation/front.h"
#include "tests/simulation/sim_disk.h"
#include "tests/simulation/simulation.h"
#include "tests/simulation/witness_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HASTE_MS 100
#define KNOWN_MS 3000 /* and nothing troubled the agent since */

/* What is begun ---------------------------------------------------------------------------------
 */

/* The kinds of effects that may write to a URL. */
static const struct {
	const char *part;
	enum effect_kind kinds[6];
} writers[] = {
	{"/releases", {EFFECT_CREATE_RELEASE, EFFECT_SAVE_RELEASE, EFFECT_REMOVE_RELEASES}},
	{"/canaries",
         {EFFECT_WRITE_MIRROR, EFFECT_WRITE_FINALIZER, EFFECT_REMOVE, EFFECT_RESTORE,
          EFFECT_REMOVE_RELEASES}},
	{"/events", {EFFECT_NOTIFY}},
	{"/ingresses", {EFFECT_WRITE_ROUTE, EFFECT_REMOVE, EFFECT_RESTORE}},
	{"/httproutes", {EFFECT_WRITE_ROUTE, EFFECT_REMOVE, EFFECT_RESTORE}},
	{"/trafficsplits", {EFFECT_WRITE_ROUTE, EFFECT_REMOVE, EFFECT_RESTORE}},
	{"/virtualservices", {EFFECT_WRITE_ROUTE, EFFECT_REMOVE, EFFECT_RESTORE}},
	{"/destinationrules", {EFFECT_WRITE_ROUTE, EFFECT_REMOVE, EFFECT_RESTORE}},
	{"/services", {EFFECT_WRITE_SERVICE, EFFECT_REMOVE, EFFECT_RESTORE}},
	{"/configmaps",
         {EFFECT_CREATE_PRIMARY, EFFECT_WRITE_PRIMARY, EFFECT_REMOVE, EFFECT_REMOVE_RELEASES}},
	{"/horizontalpodautoscalers",
         {EFFECT_WRITE_SCALER, EFFECT_SCALE, EFFECT_REMOVE, EFFECT_RESTORE}},
	/* Workloads and what their pods need */
	{"",
         {EFFECT_CREATE_PRIMARY, EFFECT_WRITE_PRIMARY, EFFECT_SCALE, EFFECT_REMOVE,
          EFFECT_RESTORE}},
};

static bool is_writer(const char *url, const struct sim_record *change)
{
	size_t i = 0;

	if (change->act == EFFECT_SAVE_RELEASE && !strstr(url, "/status"))
		return false;
	while (!strstr(url, writers[i].part))
		i++;
	for (size_t k = 0; k < 6; k++) {
		if (writers[i].kinds[k] == change->act && change->act != EFFECT_NONE)
			return true;
	}
	return false;
}

/* The release that a URL names, when it names one. */
static bool is_its_release(const char *url, const char *release)
{
	const char *name = strstr(url, "/releases/");
	size_t length;

	if (!name)
		return true;
	name += strlen("/releases/");
	length = strcspn(name, "/?");
	return release[0] == '\0' ||
	       (strlen(release) == length && strncmp(name, release, length) == 0);
}

static const struct sim_record *round_of(const struct sim_disk *disk, size_t change)
{
	const struct sim_record *effect = sim_disk_record(disk, change);

	for (size_t i = change; i > 0; i--) {
		const struct sim_record *record = sim_disk_record(disk, i - 1);

		if (record->kind == HISTORY_RECORD_ROUND &&
		    strcmp(record->round, effect->round) == 0)
			return record;
	}
	return NULL;
}

/* May this change be written now? */
static bool is_due(const struct sim_disk *disk, size_t change)
{
	const struct sim_record *effect = sim_disk_record(disk, change);
	const struct sim_record *round = round_of(disk, change);

	return round && (effect->is_retreat || round->fate == SIM_RECORD_SYNCED || round->is_ahead);
}

static void note_save(struct simulation *simulation, int agent, size_t index)
{
	struct witness_history *history = &simulation->history;
	const struct sim_disk *disk = simulation->crew.agents[agent].disk;
	const struct sim_record *record = sim_disk_record(disk, index);
	struct witness_save *save;

	if (history->n_saves == history->room) {
		history->room = history->room * 2 + 64;
		history->saves = realloc(history->saves, history->room * sizeof(*save));
		if (!history->saves)
			abort();
	}
	save = &history->saves[history->n_saves++];
	*save = (struct witness_save){
		.agent = agent,
		.life = sim_disk_life(disk),
		.index = index,
		.seq = record->seq,
		.phase = record->phase,
		.outcome = record->outcome,
	};
	text_copy(save->release, record->release);
}

/* A process that does not know the route yet, new or after an edit of the provider, has to read one
 * whose list is atomic before it can write it. */
static bool has_looked(const struct simulation *simulation, int agent, const char *url,
                       const struct sim_record *change)
{
	int canary = truth_find(&simulation->truth, url);
	struct instant looked;

	if (canary < 0 || change->act != EFFECT_WRITE_ROUTE ||
	    !front_is_past_apex(&simulation->truth.canaries[canary]))
		return false;
	looked = simulation->witness.agents[agent].looked[canary];
	return !instant_is_before(looked, change->at) &&
	       instant_between(looked, sim_loop_now(simulation->loop)).ms <= HASTE_MS;
}

/* A retreat's first write leaves with its record, unless its process stood still meanwhile. */
static void check_haste(struct simulation *simulation, int agent, const char *url,
                        const struct sim_record *change)
{
	const struct crew_agent *process = &simulation->crew.agents[agent];
	int64_t waited = instant_between(change->at, sim_loop_now(simulation->loop)).ms;

	if (!change->is_retreat || change->has_left || waited <= HASTE_MS ||
	    (change->act != EFFECT_SAVE_RELEASE && change->act != EFFECT_WRITE_ROUTE &&
	     change->act != EFFECT_WRITE_SERVICE) ||
	    instant_is_before(change->at, process->paused_until) ||
	    has_looked(simulation, agent, url, change))
		return;
	witness_accuse(simulation, "agent-%d writes %s %d ms after it decided to retreat", agent,
	               url, (int)waited);
}

/* The agent has seen for a while that the route gives the canary weight. */
static bool is_weight_known(struct simulation *simulation, int canary)
{
	const struct witness *witness = &simulation->witness;
	struct instant free = witness_world_free(simulation, canary, true, false);
	struct instant since = instant_after(witness->times[canary].weight, span_ms(KNOWN_MS));

	return front_is_weighed(&simulation->truth.canaries[canary]) &&
	       witness->worlds[canary].weight > 0 && instant_is_set(free) &&
	       instant_is_before(instant_after(free, span_ms(KNOWN_MS)),
	                         sim_loop_now(simulation->loop)) &&
	       instant_is_before(since, sim_loop_now(simulation->loop));
}

/* A retreat from the steps takes the weight off in the round that saves it: the route does not wait
 * for the Release. */
static void check_withdrawn(struct simulation *simulation, int agent, int canary, size_t index)
{
	const struct sim_disk *disk = simulation->crew.agents[agent].disk;
	const struct sim_record *save = sim_disk_record(disk, index);
	const struct witness_run *run = &simulation->witness.runs[canary];

	if (!save->is_retreat || save->phase != PHASE_RETREATING || run->is_init ||
	    run->phase != PHASE_PROGRESSING || !is_weight_known(simulation, canary))
		return;
	for (size_t i = sim_disk_count(disk); i > 0; i--) {
		const struct sim_record *record = sim_disk_record(disk, i - 1);

		if (record->kind == HISTORY_RECORD_ROUND && record->boot != save->boot)
			break;
		if (record->effect == HISTORY_CHANGE && record->act == EFFECT_WRITE_ROUTE &&
		    record->is_retreat && strcmp(record->canary, save->canary) == 0 &&
		    (!record->is_ended || strcmp(record->round, save->round) == 0))
			return;
	}
	witness_accuse(simulation, "%s: a retreat is saved, and the route keeps weight %d",
	               run->name, simulation->witness.worlds[canary].weight);
}

/* A write that left needs a change that is recorded, is not over, and need not wait. */
static void check_begun(struct simulation *simulation, int agent, enum http_method method,
                        const char *url)
{
	const struct sim_disk *disk = simulation->crew.agents[agent].disk;
	int canary = truth_find(&simulation->truth, url);
	const char *name = canary >= 0 ? simulation->truth.canaries[canary].name : NULL;
	bool is_early = false;

	for (size_t i = sim_disk_count(disk); i > 0; i--) {
		const struct sim_record *record = sim_disk_record(disk, i - 1);

		if (record->effect != HISTORY_CHANGE || record->is_ended ||
		    !is_writer(url, record) || (name && strcmp(record->canary, name) != 0) ||
		    !is_its_release(url, record->release))
			continue;
		if (is_due(disk, i - 1)) {
			/* What is made anew was looked for first. */
			if (method != HTTP_POST)
				check_haste(simulation, agent, url, record);
			sim_disk_left(simulation->crew.agents[agent].disk, i - 1);
			if (record->act == EFFECT_SAVE_RELEASE)
				note_save(simulation, agent, i - 1);
			if (record->act == EFFECT_SAVE_RELEASE && canary >= 0)
				check_withdrawn(simulation, agent, canary, i - 1);
			return;
		}
		is_early = true;
	}
	witness_accuse(simulation, "agent-%d writes %s, and its history %s", agent, url,
	               is_early ? "has it neither on disk nor marked as ahead"
	                        : "knows nothing of it");
}

static void on_start(struct http *http, struct http_call *call, const struct http_request *request)
{
	struct witness_line *line = (struct witness_line *)(void *)http;

	if (request->method != HTTP_GET && request->peer == HTTP_PEER_KUBE &&
	    !strstr(request->url, "/leases"))
		check_begun(line->simulation, line->agent, request->method, request->url);
	http_start(line->inner, call, request);
}

/* Calls belong to the network below: it is asked to cancel, not this one. */
static const struct http_ops ops = {.start = on_start};

struct http *witness_line_init(struct witness_line *line, struct simulation *simulation, int agent,
                               struct http *inner)
{
	*line = (struct witness_line){
		.http = {&ops}, .inner = inner, .simulation = simulation, .agent = agent};
	return &line->http;
}

void witness_history_fini(struct witness_history *history)
{
	free(history->saves);
}

/* What is served --------------------------------------------------------------------------------
 */

static const char *text_at(const json_t *object, const char *a, const char *b)
{
	const char *text = json_string_value(json_object_get(json_object_get(object, a), b));

	return text ? text : "";
}

void witness_history_served(struct simulation *simulation, const struct http_request *request,
                            const json_t *object)
{
	struct witness_history *history = &simulation->history;
	int64_t seq = json_integer_value(json_object_get(json_object_get(object, "status"), "seq"));
	enum release_phase phase = release_phase_find(text_at(object, "status", "phase"));
	enum release_outcome outcome = release_outcome_find(text_at(object, "status", "outcome"));
	const char *name = text_at(object, "metadata", "name");
	int agent = crew_sender(request);

	/* The mark before a removal is the removal's, which is recorded, and no step of the run: it
	 * is no list of changes, as a save is. */
	if (!strstr(request->url, "/status") || (request->body && request->body[0] == '{'))
		return;
	for (size_t i = history->n_saves; i > 0; i--) {
		struct witness_save *save = &history->saves[i - 1];

		if (save->agent != agent || save->seq != seq || save->phase != phase ||
		    save->outcome != outcome || strcmp(save->release, name) != 0)
			continue;
		save->is_served = true;
		text_copy(save->uid, text_at(object, "metadata", "uid"));
		return;
	}
	witness_accuse(simulation, "%s: agent-%d writes seq %d, %s %s, which it did not record",
	               name, agent, (int)seq, release_phase_name(phase),
	               release_outcome_name(outcome));
}

/* The end ---------------------------------------------------------------------------------------
 */

/* Is it on the disk, or does the disk show that something is missing there? */
static bool is_shown(const struct sim_disk *disk, const struct sim_record *record)
{
	switch (record->fate) {
	case SIM_RECORD_SYNCED:
		return true;
	case SIM_RECORD_DROPPED:
	case SIM_RECORD_LOST:
		/* A later process says when it began. What this one dropped is counted elsewhere.
		 */
		return record->fate == SIM_RECORD_DROPPED || record->boot < sim_disk_boot(disk);
	case SIM_RECORD_WAITING:
		break;
	}
	return false;
}

static void check_saves(struct simulation *simulation)
{
	const struct witness_history *history = &simulation->history;

	for (size_t i = 0; i < history->n_saves; i++) {
		const struct witness_save *save = &history->saves[i];
		const struct sim_disk *disk = simulation->crew.agents[save->agent].disk;
		const struct sim_record *round;

		if (!save->is_served || save->life != sim_disk_life(disk))
			continue;
		round = round_of(disk, save->index);
		if (!round || !is_shown(disk, round) ||
		    !is_shown(disk, sim_disk_record(disk, save->index)))
			witness_accuse(simulation, "%s: seq %d is not in the history of agent-%d",
			               save->release, (int)save->seq, save->agent);
		else if (round->seq != save->seq - 1 || strcmp(round->release, save->release) != 0)
			witness_accuse(simulation,
			               "%s: seq %d was written in a round about %s, seq %d",
			               save->release, (int)save->seq, round->release,
			               (int)round->seq);
	}
}

/* Records that one process dropped are counted by the gaps it wrote. */
static void check_drops(struct simulation *simulation, int agent)
{
	const struct sim_disk *disk = simulation->crew.agents[agent].disk;
	int64_t n_dropped = 0;

	for (size_t i = 0; i < sim_disk_count(disk); i++) {
		const struct sim_record *record = sim_disk_record(disk, i);

		if (record->boot < sim_disk_boot(disk))
			continue;
		n_dropped += record->fate == SIM_RECORD_DROPPED ? 1 : 0;
		n_dropped -= record->n_records;
	}
	if (n_dropped != 0)
		witness_accuse(simulation, "agent-%d dropped %d records more than it says", agent,
		               (int)n_dropped);
}

/* What a save was answered with "ok" was served, to it or to one like it. */
static void check_answers(struct simulation *simulation, int agent)
{
	const struct witness_history *history = &simulation->history;
	const struct sim_disk *disk = simulation->crew.agents[agent].disk;

	for (size_t i = 0; i < sim_disk_count(disk); i++) {
		const struct sim_record *record = sim_disk_record(disk, i);
		bool is_served = false;

		if (record->act != EFFECT_SAVE_RELEASE || !record->is_done)
			continue;
		for (size_t k = 0; k < history->n_saves && !is_served; k++)
			is_served = history->saves[k].seq == record->seq &&
			            history->saves[k].is_served &&
			            strcmp(history->saves[k].release, record->release) == 0;
		if (!is_served)
			witness_accuse(simulation, "%s: agent-%d recorded that seq %d was written",
			               record->release, agent, (int)record->seq);
	}
}

/* Every seq of every Release that there is was written by somebody who recorded it. */
static void check_releases(struct simulation *simulation)
{
	const struct witness_history *history = &simulation->history;
	const json_t *release;

	for (size_t at = 0; (release = apiserver_at(simulation->server, "releases", at)); at++) {
		const char *uid = text_at(release, "metadata", "uid");
		int64_t seq = json_integer_value(
			json_object_get(json_object_get(release, "status"), "seq"));
		int64_t next = 1;

		for (size_t i = 0; i < history->n_saves; i++) {
			const struct witness_save *save = &history->saves[i];

			if (save->is_served && save->seq == next && strcmp(save->uid, uid) == 0)
				next++;
		}
		if (next != seq + 1)
			witness_accuse(simulation, "%s has seq %d, and %d was written by nobody",
			               text_at(release, "metadata", "name"), (int)seq, (int)next);
	}
}

void witness_history_end(struct simulation *simulation)
{
	for (int i = 0; i < simulation->crew.n_agents; i++)
		sim_disk_finish(simulation->crew.agents[i].disk);
	check_saves(simulation);
	check_releases(simulation);
	for (int i = 0; i < simulation->crew.n_agents; i++) {
		check_drops(simulation, i);
		check_answers(simulation, i);
	}
}
