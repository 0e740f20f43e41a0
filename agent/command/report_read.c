/* Rounds come newest first, so each series is filled from its end. */
#include "agent/command/report_read.h"

#include "agent/command/command_evidence.h"
#include "agent/history_facts.h"
#include "agent/history_part.h"
#include "agent/history_read.h"
#include "agent/journal.h"
#include "analysis/base/compiler.h"
#include "analysis/base/text.h"
#include "providers/kube/tree.h"
#include "providers/wire/tree.h"

#include <string.h>

struct reading {
	sqlite3 *db;
	const char *release;
	int64_t started; /* ms */
	json_t *set;     /* weights */
	json_t *seen;
	json_t *checks;
	json_t *events;
	json_t *edits;
	struct history_facts_base base; /* of the round before */
	struct history_facts_base spec;
	size_t n_points;
	size_t n_pruned;       /* rounds that retention took the facts from */
	struct instant pruned; /* when, the last of them */
	struct err err;        /* set: no further round counts */
};

static void set_time(json_t *point, int64_t ms)
{
	kube_tree_set(point, "at", command_run_time_tree((struct instant){ms}));
}

/* Put POINT, which is taken, before all that SERIES has. */
static void put_first(struct reading *reading, json_t *series, json_t *point)
{
	if (++reading->n_points > REPORT_READ_POINTS_MAX)
		(void)err_set(&reading->err, ERR_LIMIT, "more than %d samples and events",
		              REPORT_READ_POINTS_MAX);
	if (json_array_insert_new(series, 0, point) != 0)
		abort();
}

static bool is_at(const json_t *point, int64_t ms)
{
	CLEANUP(tree_freep) json_t *time = command_run_time_tree((struct instant){ms});

	return json_equal(json_object_get(point, "at"), time);
}

/* Weights
 * --------------------------------------------------------------------------------------- */

/* A weight stands from the first round that has it. */
static void read_set(struct reading *reading, const json_t *newest, int64_t now)
{
	json_t *first = json_array_get(reading->set, 0);
	int weight = kube_tree_whole(newest, "to", 0);
	json_t *point;

	if (first && kube_tree_whole(first, "percent", -1) == weight) {
		set_time(first, now);
		return;
	}
	point = kube_tree_object();
	set_time(point, now);
	kube_tree_set_whole(point, "percent", weight);
	put_first(reading, reading->set, point);
}

static void read_seen(struct reading *reading, const json_t *share)
{
	int64_t at = json_integer_value(json_object_get(share, "check"));
	const json_t *value = json_object_get(share, "value");
	json_t *point;

	if (at < reading->started || !json_is_number(value) ||
	    is_at(json_array_get(reading->seen, 0), at))
		return;
	point = kube_tree_object();
	set_time(point, at);
	kube_tree_set(point, "percent", json_real(json_number_value(value) * 100));
	put_first(reading, reading->seen, point);
}

/* Checks
 * ---------------------------------------------------------------------------------------- */

static json_t *find_check(const struct reading *reading, const struct check_result *result)
{
	json_t *check;

	for (size_t i = 0; i < json_array_size(reading->checks); i++) {
		check = json_array_get(reading->checks, i);
		if (strcmp(kube_tree_value(check, "name"), result->name) == 0)
			return check;
	}
	check = command_run_check_tree(result);
	(void)json_object_del(check, "value");
	(void)json_object_del(check, "verdict");
	kube_tree_set(check, "query", json_null());
	kube_tree_set(check, "samples", kube_tree_list());
	kube_tree_append(reading->checks, check);
	return check;
}

static void read_samples(struct reading *reading, const json_t *spec, const json_t *facts)
{
	const json_t *checks = json_object_get(spec, "checks");
	const json_t *samples = json_object_get(facts, "samples");

	for (size_t i = 0; i < json_array_size(samples) && i < json_array_size(checks); i++) {
		const json_t *sample = json_array_get(samples, i);
		int64_t at = json_integer_value(json_object_get(sample, "check"));
		struct check_result result =
			command_evidence_check(json_array_get(checks, i), sample);
		json_t *series = json_object_get(find_check(reading, &result), "samples");
		json_t *point;

		if (at < reading->started || is_at(json_array_get(series, 0), at))
			continue;
		point = command_run_check_tree(&result); /* with the bounds of its own time */
		(void)json_object_del(point, "name");
		set_time(point, at);
		put_first(reading, series, point);
	}
}

/* Events
 * ---------------------------------------------------------------------------------------- */

/* What was told of once more is told of where it began. */
static void add_event(struct reading *reading, const char *kind, int64_t at, const char *text)
{
	json_t *first = json_array_get(reading->events, 0);
	json_t *event;

	if (first && strcmp(kube_tree_value(first, "kind"), kind) == 0 &&
	    strcmp(kube_tree_value(first, "text"), text) == 0) {
		set_time(first, at);
		return;
	}
	event = kube_tree_object();
	set_time(event, at);
	kube_tree_set_text(event, "kind", kind);
	kube_tree_set_text(event, "text", text);
	put_first(reading, reading->events, event);
}

static void read_query(struct reading *reading, const json_t *detail)
{
	for (size_t i = 0; i < json_array_size(reading->checks); i++) {
		json_t *check = json_array_get(reading->checks, i);

		if (strcmp(kube_tree_value(check, "name"), kube_tree_value(detail, "check")) == 0 &&
		    *kube_tree_value(detail, "query"))
			kube_tree_set_text(check, "query", kube_tree_value(detail, "query"));
	}
}

static void on_effect(void *user, const struct history_effect *effect)
{
	struct reading *reading = user;
	CLEANUP(tree_freep) json_t *detail = NULL;
	bool is_told = effect->kind == HISTORY_CHANGE && strcmp(effect->key, "notify") == 0;
	bool is_measured =
		effect->kind == HISTORY_ANSWER && strncmp(effect->key, "measure ", 8) == 0;
	bool is_asked = effect->kind == HISTORY_ANSWER && strncmp(effect->key, "ask hook ", 9) == 0;
	char text[SENTENCE_MAX + 160];

	if ((!is_told && !is_measured && !is_asked) || reading->err.kind != ERR_NONE ||
	    !history_part_read(effect->detail, &detail, NULL))
		return;
	if (is_told) {
		add_event(reading, "told", effect->at.ms, kube_tree_value(detail, "text"));
	} else if (is_measured) {
		read_query(reading, detail);
	} else {
		text_format(text, sizeof(text), "%.150s: %.60s%s%.250s", effect->key + 9,
		            kube_tree_value(detail, "result"),
		            *kube_tree_value(detail, "text") ? ": " : "",
		            kube_tree_value(detail, "text"));
		add_event(reading, "hook", effect->at.ms, text);
	}
}

/* Another hand changed the route. */
static void read_edit(struct reading *reading, const json_t *edited)
{
	int64_t at = json_integer_value(json_object_get(edited, "at"));
	const char *by = kube_tree_value(edited, "by");
	int from = kube_tree_whole(edited, "before/weight", 0);
	int to = kube_tree_whole(edited, "after/weight", 0);
	char text[SENTENCE_MAX];
	json_t *edit;

	if (!edited)
		return;
	edit = kube_tree_object();
	set_time(edit, at);
	kube_tree_set(edit, "by", command_run_text_tree(by));
	kube_tree_set_whole(edit, "from", from);
	kube_tree_set_whole(edit, "percent", to);
	put_first(reading, reading->edits, edit);
	if (from == to)
		text_format(text, sizeof(text), "%.100s changed the route beside its weight",
		            *by ? by : "somebody");
	else
		text_format(text, sizeof(text), "%.100s changed the canary's weight from %d to %d",
		            *by ? by : "somebody", from, to);
	add_event(reading, "edit", at, text);
}

/* What the facts of a round tell. */
static void read_facts(struct reading *reading, const struct history_read_round *read)
{
	CLEANUP(tree_freep) json_t *spec = NULL;
	CLEANUP(tree_freep) json_t *facts = NULL;
	const json_t *newest;

	/* A spec, too, is a patch of the one before: of nothing. */
	if (!history_facts_read_next(&reading->spec, read->round.spec, "{}", &spec, NULL) ||
	    !history_facts_read_next(&reading->base, read->round.base, read->round.facts, &facts,
	                             NULL))
		return;
	newest = json_object_get(facts, "newest");
	if (strcmp(kube_tree_value(newest, "name"), reading->release) != 0)
		return;
	read_set(reading, newest, read->round.decided_at.ms);
	read_seen(reading, json_object_get(facts, "share"));
	read_samples(reading, spec, facts);
	read_edit(reading, json_object_get(facts, JOURNAL_EDITED));
}

/* Without facts: the weight that the plan was to save. */
static void read_plan(struct reading *reading, const struct history_round *round)
{
	CLEANUP(tree_freep) json_t *plan = NULL;
	const json_t *effects;

	if (!history_part_read(round->plan, &plan, NULL))
		return;
	effects = json_object_get(plan, "effects");
	for (size_t i = 0; i < json_array_size(effects); i++) {
		const json_t *effect = json_array_get(effects, i);

		if (strcmp(kube_tree_value(effect, "kind"), "save release") == 0 &&
		    strcmp(kube_tree_value(effect, "release"), reading->release) == 0)
			read_set(reading, json_object_get(effect, "status"), round->decided_at.ms);
	}
}

static void on_round(void *user, const struct history_read_round *read)
{
	struct reading *reading = user;

	if (reading->err.kind != ERR_NONE)
		return;
	if (!instant_is_set(read->pruned)) {
		read_facts(reading, read);
	} else {
		reading->n_pruned++;
		read_plan(reading, &read->round);
		if (instant_is_before(reading->pruned, read->pruned))
			reading->pruned = read->pruned;
	}
	(void)history_read_effects(reading->db, read->round.uid, on_effect, reading, &reading->err);
}

/* What people did stands in the release. */
static void add_actions(struct reading *reading, const json_t *release)
{
	const json_t *actions = json_object_get(release, "actions");

	for (size_t i = 0; i < json_array_size(actions); i++) {
		const json_t *action = json_array_get(actions, i);
		const char *reason = kube_tree_value(action, "reason");
		json_t *event = kube_tree_object();
		char text[SENTENCE_MAX + 160];

		text_format(text, sizeof(text), "%s by %.120s%s%.300s",
		            kube_tree_value(action, "verb"), kube_tree_value(action, "by"),
		            *reason ? ": " : "", reason);
		kube_tree_set_text(event, "at", kube_tree_value(action, "at"));
		kube_tree_set_text(event, "kind", "person");
		kube_tree_set_text(event, "text", text);
		put_first(reading, reading->events, event);
	}
}

static void sort_events(json_t *events)
{
	/* Insertion: all but what people did is in order. Times are of one form, so texts do. */
	for (size_t i = 1; i < json_array_size(events); i++) {
		json_t *event = json_incref(json_array_get(events, i));
		const char *at = kube_tree_value(event, "at");
		size_t to = i;

		while (to > 0 &&
		       strcmp(kube_tree_value(json_array_get(events, to - 1), "at"), at) > 0)
			to--;
		if (to < i && (json_array_remove(events, i) != 0 ||
		               json_array_insert(events, to, event) != 0))
			abort();
		json_decref(event);
	}
}

static bool read_rounds(struct reading *reading, const struct command_run *run, struct err *err)
{
	const struct history_read_filter filter = {
		.k8s_namespace = run->k8s_namespace,
		.canary = run->canary,
		.release = run->release.name,
		.canary_uid = run->canary_uid,
	};
	bool is_read = history_read_rounds(reading->db, &filter, on_round, reading, err);

	history_facts_base_fini(&reading->base);
	history_facts_base_fini(&reading->spec);
	if (!is_read)
		return false;
	return reading->err.kind == ERR_NONE ||
	       err_set(err, reading->err.kind, "%s", reading->err.text);
}

/* The run that is meant, or NULL. */
static bool find(const struct command_runs *runs, const char *name, const struct command_run **ret,
                 struct err *err)
{
	*ret = NULL;
	for (size_t i = 0; i < runs->n_runs; i++) {
		const struct command_run *run = &runs->runs[i];

		if (strcmp(run->release.name, name) != 0)
			continue;
		if (*ret && strcmp((*ret)->k8s_namespace, run->k8s_namespace) != 0)
			return err_set(err, ERR_INVALID,
			               "%s is in namespace %s and in %s: -n says which", name,
			               run->k8s_namespace, (*ret)->k8s_namespace);
		if (!*ret || instant_is_before((*ret)->release.status.times.started,
		                               run->release.status.times.started))
			*ret = run;
	}
	return true;
}

/* What can be told no more. */
static json_t *pruned_of(const struct reading *reading)
{
	json_t *tree;

	if (reading->n_pruned == 0)
		return json_null();
	tree = kube_tree_object();
	kube_tree_set(tree, "at", command_run_time_tree(reading->pruned));
	kube_tree_set(tree, "rounds", json_integer((json_int_t)reading->n_pruned));
	return tree;
}

static bool build(sqlite3 *db, const struct command_run *run, json_t **ret, struct err *err)
{
	json_t *report = kube_tree_object();
	json_t *release = command_run_tree(run);
	struct reading reading = {
		.db = db,
		.release = run->release.name,
		.started = run->release.status.times.started.ms,
		.set = kube_tree_list(),
		.seen = kube_tree_list(),
		.checks = kube_tree_list(),
		.events = kube_tree_list(),
		.edits = kube_tree_list(),
	};

	kube_tree_set(report, "release", release);
	kube_tree_set(report, "set", reading.set);
	kube_tree_set(report, "seen", reading.seen);
	kube_tree_set(report, "checks", reading.checks);
	kube_tree_set(report, "events", reading.events);
	kube_tree_set(report, "edits", reading.edits);
	if (!read_rounds(&reading, run, err)) {
		json_decref(report);
		return false;
	}
	kube_tree_set(report, "pruned", pruned_of(&reading));
	add_actions(&reading, release);
	sort_events(reading.events);
	*ret = report;
	return true;
}

bool report_read_open(sqlite3 *db, const char *k8s_namespace, const char *release, json_t **ret,
                      struct err *err)
{
	const char *dash = strrchr(release, '-');
	struct arena arena = {0};
	struct command_evidence_filter filter = {
		.k8s_namespace = k8s_namespace,
		.canary = dash ? arena_format(&arena, "%.*s", (int)(dash - release), release)
	                       : release,
		.release = release,
	};
	const struct command_run *run = NULL;
	struct command_runs runs = {0};
	size_t n_unreadable = 0;
	bool is_fine;

	*ret = NULL;
	is_fine = command_evidence_read_open(db, &filter, &arena, &runs, &n_unreadable, err) &&
	          find(&runs, release, &run, err) && (!run || build(db, run, ret, err));
	arena_fini(&arena);
	return is_fine;
}

bool report_read(const char *path, const char *k8s_namespace, const char *release, json_t **ret,
                 struct err *err)
{
	sqlite3 *db;
	bool is_fine;

	if (!history_read_open(path, &db, err))
		return false;
	is_fine =
		report_read_open(db, k8s_namespace, release, ret, err) || err_wrap(err, "%s", path);
	history_read_close(db);
	return is_fine;
}
