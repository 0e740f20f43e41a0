/*
 * Of each release the newest round shows how it stands in the end, the oldest one what ran before
 * it, and the one that planned the retreat which check decided; the question to that check was
 * asked in a round before.
 */
#include "agent/command/command_evidence.h"

#include "agent/history_facts.h"
#include "agent/history_part.h"
#include "agent/history_read.h"
#include "agent/journal.h"
#include "agent/journal_action.h"
#include "analysis/base/text.h"
#include "providers/kube/tree.h"
#include "providers/wire/tree.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

struct reading {
	sqlite3 *db;
	struct arena *arena;
	struct command_run *runs;
	size_t n_runs;
	size_t size;
	size_t n_unreadable;
	struct command_run *run; /* of the release in hand; NULL: nothing of it could be read yet */
	struct err err;          /* set: no further round counts */
	struct history_facts_base base; /* of the round that was read last */
	struct history_facts_base spec;
};

/* The deciding sample while its question is sought. */
struct search {
	struct command_run *run;
	struct arena *arena;
	char key[160];
};

static int whole(const json_t *object, const char *key)
{
	json_int_t value = json_integer_value(json_object_get(object, key));

	return value < INT_MIN || value > INT_MAX ? 0 : (int)value;
}

static struct instant instant_of(const json_t *object, const char *key)
{
	return (struct instant){json_integer_value(json_object_get(object, key))};
}

/* What of its hooks says whether it waits. */
static void read_hooks(const json_t *newest, struct release_status *status)
{
	const json_t *hooks = json_object_get(newest, "hooks");

	for (size_t i = 0; i < json_array_size(hooks) && i < SPEC_HOOKS_MAX; i++) {
		const json_t *hook = json_array_get(hooks, i);
		struct hook_record *record = &status->hooks[status->n_hooks++];

		record->type = hook_type_find(kube_tree_value(hook, "type"));
		record->result = hook_result_find(kube_tree_value(hook, "result"));
		record->is_approved = json_is_true(json_object_get(hook, "approved"));
		text_copy(record->name, kube_tree_value(hook, "name"));
	}
}

/* The release as the facts of its newest round show it. */
static void read_status(const json_t *newest, struct release *release)
{
	struct release_status *status = &release->status;

	release->cause = release_cause_find(kube_tree_value(newest, "cause"));
	text_copy(release->digest, kube_tree_value(newest, "digest"));
	text_copy(release->uid, kube_tree_value(newest, "uid"));
	text_copy(release->previous, kube_tree_value(newest, "previous"));
	status->phase = release_phase_find(kube_tree_value(newest, "phase"));
	status->ending = release_outcome_find(kube_tree_value(newest, "ending"));
	status->outcome = release_outcome_find(kube_tree_value(newest, "outcome"));
	status->seq = json_integer_value(json_object_get(newest, "seq"));
	status->weight.from = whole(newest, "from");
	status->weight.to = whole(newest, "to");
	status->failed_checks = whole(newest, "failedChecks");
	status->iteration = whole(newest, "iteration");
	status->times.started = instant_of(newest, "started");
	status->times.finished = instant_of(newest, "finished");
	text_copy(status->reason, kube_tree_value(newest, "reason"));
	status->weight.has_seen = json_is_true(json_object_get(newest, "hasSeen"));
	status->weight.seen_share = json_number_value(json_object_get(newest, "seenShare"));
	read_hooks(newest, status);
	journal_action_read(newest, release);
}

static struct command_run *add_run(struct reading *reading, const struct history_round *round,
                                   const json_t *newest)
{
	struct command_run *run;

	if (reading->n_runs >= COMMAND_EVIDENCE_RUNS_MAX) {
		(void)err_set(&reading->err, ERR_LIMIT,
		              "more than %d releases; name a canary, or a namespace with -n",
		              COMMAND_EVIDENCE_RUNS_MAX);
		return NULL;
	}
	if (reading->n_runs == reading->size) {
		reading->size = reading->size ? reading->size * 2 : 16;
		reading->runs = reallocarray(reading->runs, reading->size, sizeof(*reading->runs));
		if (!reading->runs)
			abort();
	}
	run = &reading->runs[reading->n_runs++];
	*run = (struct command_run){
		.canary = arena_text(reading->arena, round->canary),
		.canary_uid = arena_text(reading->arena, round->canary_uid),
		.k8s_namespace = arena_text(reading->arena, round->k8s_namespace),
		.from_image = "",
		.to_image = "",
		.from_digest = "",
		.query = "",
		.trouble = "",
	};
	text_copy(run->release.name, round->release);
	read_status(newest, &run->release);
	return run;
}

struct check_result command_evidence_check(const json_t *spec, const json_t *sample)
{
	const char *kind = kube_tree_value(sample, "kind");
	struct check_result check = {.verdict = VERDICT_PASS};

	text_copy(check.name, kube_tree_value(spec, "name"));
	kube_tree_number(spec, "min", &check.has_min, &check.min);
	kube_tree_number(spec, "max", &check.has_max, &check.max);
	kube_tree_number(sample, "value", &check.has_value, &check.value);
	if (!*kind)
		check.verdict = VERDICT_UNKNOWN; /* not answered yet, unlike those after it */
	else if (strcmp(kind, "value") != 0)
		check.verdict = strcmp(kind, "error") == 0 ? VERDICT_ERROR : VERDICT_NO_DATA;
	else if ((check.has_min && check.value < check.min) ||
	         (check.has_max && check.value > check.max))
		check.verdict = VERDICT_FAIL;
	return check;
}

/* Does PLAN begin the way back of a release that was still on its way forward in the facts? */
static bool is_rolling_back(const json_t *plan, const json_t *newest)
{
	const json_t *effects = json_object_get(plan, "effects");

	if (*kube_tree_value(newest, "ending") || *kube_tree_value(newest, "outcome"))
		return false;
	for (size_t i = 0; i < json_array_size(effects); i++) {
		const char *ending = kube_tree_text(json_array_get(effects, i), "status/ending");

		if (release_outcome_find(ending) == OUTCOME_ROLLED_BACK)
			return true;
	}
	return false;
}

static void read_deciding(struct command_run *run, const json_t *spec, const json_t *facts)
{
	const json_t *checks = json_object_get(spec, "checks");
	const json_t *samples = json_object_get(facts, "samples");

	for (size_t i = 0; i < json_array_size(samples) && i < json_array_size(checks); i++) {
		struct check_result check = command_evidence_check(json_array_get(checks, i),
		                                                   json_array_get(samples, i));

		if (check.verdict == VERDICT_PASS || check.verdict == VERDICT_UNKNOWN ||
		    (run->has_deciding && check.verdict != VERDICT_FAIL))
			continue;
		run->has_deciding = true;
		run->deciding = check;
		if (check.verdict == VERDICT_FAIL)
			return;
	}
}

static void on_effect(void *user, const struct history_effect *effect)
{
	struct search *search = user;
	CLEANUP(tree_freep) json_t *detail = NULL;

	if (effect->kind != HISTORY_ANSWER || strcmp(effect->key, search->key) != 0 ||
	    !history_part_read(effect->detail, &detail, NULL))
		return;
	search->run->query = arena_text(search->arena, kube_tree_value(detail, "query"));
}

static void find_query(struct reading *reading, struct command_run *run, const char *round_uid)
{
	struct search search = {.run = run, .arena = reading->arena};

	if (!run->has_deciding || *run->query)
		return;
	text_format(search.key, sizeof(search.key), "measure %s", run->deciding.name);
	(void)history_read_effects(reading->db, round_uid, on_effect, &search, &reading->err);
}

/* What the oldest round says is what was there when the run began. */
static void read_images(struct command_run *run, const json_t *facts, struct arena *arena)
{
	const char *from = kube_tree_text(facts, "primary/image");
	const char *to = kube_tree_text(facts, "target/image");

	if (*to)
		run->to_image = arena_text(arena, to);
	run->from_image = *from && run->release.cause != CAUSE_INIT ? arena_text(arena, from) : "";
}

static json_t *read_facts(struct reading *reading, const struct history_round *round)
{
	json_t *facts = NULL;

	return history_facts_read_next(&reading->base, round->base, round->facts, &facts, NULL)
	               ? facts
	               : NULL;
}

/* Most rounds have one spec: it is read as a base that nothing changes. */
static json_t *read_spec(struct reading *reading, const struct history_round *round)
{
	json_t *spec = NULL;

	return history_facts_read_next(&reading->spec, round->spec, "{}", &spec, NULL) ? spec
	                                                                               : NULL;
}

/* By which rules it was judged in the end. */
static void read_rules(struct command_run *run, const json_t *rules, struct arena *arena)
{
	run->strategy = arena_text(arena, kube_tree_value(rules, "strategy"));
	run->provider = arena_text(arena, kube_tree_value(rules, "provider"));
	run->threshold = whole(rules, "threshold");
}

/* Where the weight really stood, and who else set it. */
static void read_route(struct command_run *run, const json_t *facts, struct arena *arena)
{
	const json_t *route = json_object_get(facts, "route");
	const json_t *rival = json_object_get(route, "rival");

	run->route.is_known = strcmp(kube_tree_value(route, "state"), "known") == 0;
	run->route.weight = whole(route, "weight");
	if (whole(rival, "edits") <= 0)
		return;
	run->route.by = arena_text(arena, kube_tree_value(rival, "by"));
	if (!*run->route.by)
		run->route.by = "somebody";
	run->route.edited = instant_of(rival, "last");
}

/* How it stands in the end. */
static void on_newest(void *user, const struct history_read_round *read)
{
	struct reading *reading = user;
	CLEANUP(tree_freep) json_t *facts = read_facts(reading, &read->round);
	CLEANUP(tree_freep) json_t *spec = read_spec(reading, &read->round);

	if (reading->err.kind != ERR_NONE || reading->run)
		return;
	if (!facts) {
		reading->n_unreadable++;
		return;
	}
	reading->run = add_run(reading, &read->round, json_object_get(facts, "newest"));
	if (!reading->run)
		return;
	read_images(reading->run, facts, reading->arena);
	read_route(reading->run, facts, reading->arena);
	read_rules(reading->run, spec, reading->arena);
}

/* What it brings and where that comes from, when the round tells how it was made: the template of
 * an undo is not the target's. */
static void read_made(struct command_run *run, const json_t *made, struct arena *arena)
{
	const char *images = command_run_images(made, arena);

	if (*images)
		run->to_image = images;
	for (int i = 0; made && i < COMMAND_SOURCE_FACTS; i++)
		run->source[i] =
			arena_text(arena, command_source_find(made, (enum command_source_fact)i));
}

/* What ran before it. */
static void on_oldest(void *user, const struct history_read_round *read)
{
	struct reading *reading = user;
	CLEANUP(tree_freep) json_t *facts = read_facts(reading, &read->round);

	if (!facts)
		return;
	read_images(reading->run, facts, reading->arena);
	read_made(reading->run, json_object_get(facts, JOURNAL_MADE), reading->arena);
}

/* Newest first: which check decided it, and what was asked for that. */
static void on_round(void *user, const struct history_read_round *read)
{
	struct reading *reading = user;
	const struct history_round *round = &read->round;
	struct command_run *run = reading->run;
	CLEANUP(tree_freep) json_t *spec = NULL;
	CLEANUP(tree_freep) json_t *facts = NULL;
	CLEANUP(tree_freep) json_t *plan = NULL;

	if (reading->err.kind != ERR_NONE)
		return;
	if (!run->has_deciding && strstr(round->plan, "\"rolled_back\"")) {
		facts = read_facts(reading, round);
		spec = read_spec(reading, round);
		if (!facts || !spec || !history_part_read(round->plan, &plan, NULL)) {
			reading->n_unreadable++;
			return;
		}
		if (is_rolling_back(plan, json_object_get(facts, "newest")))
			read_deciding(run, spec, facts);
	}
	find_query(reading, run, round->uid);
}

/* Three looks into a release, of which two see one round each. */
static bool read_release(struct reading *reading, const struct history_read_release *release,
                         struct err *err)
{
	struct history_read_filter filter = {
		.k8s_namespace = release->k8s_namespace,
		.canary = release->canary,
		.release = release->name,
		.canary_uid = release->canary_uid,
		.n_max = 1,
	};

	size_t n_unreadable = reading->n_unreadable;

	reading->run = NULL;
	if (!history_read_rounds(reading->db, &filter, on_newest, reading, err))
		return false;
	filter.n_max = 0;
	if (!reading->run)
		reading->n_unreadable = n_unreadable; /* counted below */
	if (!reading->run && !history_read_rounds(reading->db, &filter, on_newest, reading, err))
		return false; /* the newest of those that can be read */
	if (!reading->run)
		return true;
	if (reading->run->release.status.ending == OUTCOME_ROLLED_BACK &&
	    !history_read_rounds(reading->db, &filter, on_round, reading, err))
		return false;
	filter.n_max = 1;
	filter.is_oldest_first = true;
	return history_read_rounds(reading->db, &filter, on_oldest, reading, err);
}

static bool is_wanted(const struct command_evidence_filter *filter,
                      const struct history_read_release *release)
{
	return *release->name &&
	       (!filter->release || strcmp(filter->release, release->name) == 0) &&
	       (!filter->canary || strcmp(filter->canary, release->canary) == 0) &&
	       (!filter->k8s_namespace ||
	        strcmp(filter->k8s_namespace, release->k8s_namespace) == 0);
}

/* Beyond all names that FILTER can mean: "cart-2", or those that begin with "cart-". */
static bool is_beyond(const struct command_evidence_filter *filter,
                      const struct history_read_release *release)
{
	size_t length;
	int code;

	if (filter->release)
		return strcmp(release->name, filter->release) > 0;
	if (!filter->canary)
		return false;
	length = strlen(filter->canary);
	code = strncmp(release->name, filter->canary, length);
	return code > 0 || (code == 0 && release->name[length] > '-');
}

static bool read_releases(struct reading *reading, const struct command_evidence_filter *filter,
                          struct err *err)
{
	struct history_read_release release = {0};
	const char *first = filter->release ? filter->release : filter->canary;
	bool is_found = true;

	if (first) /* where its names begin: rounds with that name have a namespace */
		text_copy(release.name, first);
	while (history_read_releases(reading->db, &release, &release, &is_found, err)) {
		if (!is_found || is_beyond(filter, &release) || reading->err.kind != ERR_NONE)
			return true;
		if (is_wanted(filter, &release) && !read_release(reading, &release, err))
			return false;
	}
	return false;
}

static void take_runs(struct reading *reading, struct command_runs *ret)
{
	*ret = (struct command_runs){.n_runs = reading->n_runs};
	if (reading->n_runs == 0)
		return;
	ret->runs = arena_alloc(reading->arena, reading->n_runs * sizeof(*ret->runs));
	memcpy(ret->runs, reading->runs, reading->n_runs * sizeof(*ret->runs));
}

bool command_evidence_read_open(sqlite3 *db, const struct command_evidence_filter *filter,
                                struct arena *arena, struct command_runs *ret,
                                size_t *ret_n_unreadable, struct err *err)
{
	struct reading reading = {.db = db, .arena = arena};
	bool is_fine = read_releases(&reading, filter, err);

	if (is_fine && reading.err.kind != ERR_NONE)
		is_fine = err_set(err, reading.err.kind, "%s", reading.err.text);
	if (is_fine) {
		take_runs(&reading, ret);
		*ret_n_unreadable = reading.n_unreadable;
	}
	history_facts_base_fini(&reading.base);
	history_facts_base_fini(&reading.spec);
	free(reading.runs);
	return is_fine;
}

bool command_evidence_read(const char *path, const struct command_evidence_filter *filter,
                           struct arena *arena, struct command_runs *ret, size_t *ret_n_unreadable,
                           struct err *err)
{
	sqlite3 *db;
	bool is_fine;

	if (!history_read_open(path, &db, err))
		return false;
	is_fine = command_evidence_read_open(db, filter, arena, ret, ret_n_unreadable, err) ||
	          err_wrap(err, "%s", path);
	history_read_close(db);
	return is_fine;
}
