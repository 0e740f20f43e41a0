#include "agent/command/report_course.h"

#include "agent/command/command_run.h"
#include "agent/command/report_past.h"
#include "agent/history_verify.h"
#include "analysis/base/compiler.h"
#include "providers/kube/tree.h"
#include "providers/wire/tree.h"

#include <stdlib.h>
#include <string.h>

#define WHOLE 100

static json_t *new_row(const char *at, const char *kind)
{
	static const char *const unknown[] = {"what", "result", "value", "min", "max", "detail"};
	json_t *row = kube_tree_object();

	kube_tree_set(row, "at", command_run_text_tree(at));
	kube_tree_set_text(row, "kind", kind);
	for (size_t i = 0; i < array_length(unknown); i++)
		kube_tree_set(row, unknown[i], json_null());
	return row;
}

/* By time, and of one time as they came: times are of one form, so texts do. */
static void sort_rows(json_t *rows)
{
	for (size_t i = 1; i < json_array_size(rows); i++) {
		json_t *row = json_incref(json_array_get(rows, i));
		size_t to = i;

		while (to > 0 && strcmp(kube_tree_value(json_array_get(rows, to - 1), "at"),
		                        kube_tree_value(row, "at")) > 0)
			to--;
		if (to < i &&
		    (json_array_remove(rows, i) != 0 || json_array_insert(rows, to, row) != 0))
			abort();
		json_decref(row);
	}
}

static void carry(json_t *row, const char *key, const json_t *from, const char *member)
{
	json_t *value = json_object_get(from, member);

	kube_tree_set(row, key, value ? json_incref(value) : json_null());
}

/* R13 ----------------------------------------------------------------------------------------- */

static void add_weights(const json_t *report, const char *series, const char *what, json_t *rows)
{
	const json_t *points = json_object_get(report, series);

	for (size_t i = 0; i < json_array_size(points); i++) {
		const json_t *point = json_array_get(points, i);
		json_t *row = new_row(kube_tree_value(point, "at"), "traffic");

		kube_tree_set_text(row, "what", what);
		carry(row, "value", point, "percent");
		kube_tree_append(rows, row);
	}
}

static void add_samples(const json_t *check, json_t *rows)
{
	const json_t *samples = json_object_get(check, "samples");

	for (size_t i = 0; i < json_array_size(samples); i++) {
		const json_t *sample = json_array_get(samples, i);
		json_t *row = new_row(kube_tree_value(sample, "at"), "metric");

		carry(row, "what", check, "name");
		carry(row, "result", sample, "verdict");
		carry(row, "value", sample, "value");
		carry(row, "min", sample, "min");
		carry(row, "max", sample, "max");
		carry(row, "detail", check, "query");
		kube_tree_append(rows, row);
	}
}

static void add_events(const json_t *report, json_t *rows)
{
	const json_t *events = json_object_get(report, "events");

	for (size_t i = 0; i < json_array_size(events); i++) {
		const json_t *event = json_array_get(events, i);
		json_t *row = new_row(kube_tree_value(event, "at"), kube_tree_value(event, "kind"));

		carry(row, "detail", event, "text");
		kube_tree_append(rows, row);
	}
}

/* What can be told no more. */
static void add_pruned(const json_t *report, json_t *rows)
{
	const json_t *pruned = json_object_get(report, "pruned");
	json_t *row;

	if (!json_is_object(pruned))
		return;
	row = new_row(kube_tree_value(pruned, "at"), "pruned");
	kube_tree_set_text(row, "what", "rounds whose facts were removed by retention");
	carry(row, "value", pruned, "rounds");
	kube_tree_append(rows, row);
}

static void add_end(const json_t *release, json_t *rows)
{
	json_t *row;

	if (!*kube_tree_value(release, "outcome"))
		return;
	row = new_row(kube_tree_value(release, "finished"), "end");
	carry(row, "what", release, "name");
	carry(row, "result", release, "outcome");
	carry(row, "detail", release, "reason");
	kube_tree_append(rows, row);
}

/* The newest of that name, which may be in more than one namespace. */
static const json_t *find(const struct report_source *source, const char *name)
{
	for (size_t i = 0; i < json_array_size(source->releases); i++) {
		const json_t *release = json_array_get(source->releases, i);

		if (strcmp(kube_tree_value(release, "name"), name) == 0)
			return release;
	}
	return NULL;
}

bool report_course_timeline(const struct report_source *source, json_t *rows, struct err *err)
{
	CLEANUP(tree_freep) json_t *report = NULL;
	const json_t *release = find(source, source->words[0]);
	const json_t *checks;

	if (!release)
		return err_set(err, ERR_INVALID, "no release \"%s\"", source->words[0]);
	if (!source->read(source->user, kube_tree_value(release, "namespace"), source->words[0],
	                  &report, err))
		return false;
	checks = json_object_get(report, "checks");
	add_weights(report, "set", "set", rows);
	add_weights(report, "seen", "seen", rows);
	for (size_t i = 0; i < json_array_size(checks); i++)
		add_samples(json_array_get(checks, i), rows);
	add_events(report, rows);
	add_pruned(report, rows);
	add_end(release, rows);
	sort_rows(rows);
	return true;
}

/* R16 ----------------------------------------------------------------------------------------- */

static void add_splits(const json_t *report, const char *series, const char *origin, json_t *rows)
{
	const json_t *points = json_object_get(report, series);
	const json_t *release = json_object_get(report, "release");

	for (size_t i = 0; i < json_array_size(points); i++) {
		const json_t *point = json_array_get(points, i);
		double percent = json_number_value(json_object_get(point, "percent"));
		json_t *row = kube_tree_object();

		carry(row, "at", point, "at");
		carry(row, "namespace", release, "namespace");
		carry(row, "canary", release, "canary");
		carry(row, "release", release, "name");
		kube_tree_set_text(row, "origin", origin);
		kube_tree_set(row, "primaryPercent", json_real(WHOLE - percent));
		kube_tree_set(row, "canaryPercent", json_real(percent));
		carry(row, "who", point, "by");
		kube_tree_append(rows, row);
	}
}

/* "VirtualService/reviews: v1 90 %, v2 10 %" of the first rule that divides requests. */
static const char *split_text(const json_t *split, struct arena *arena)
{
	const json_t *rule = json_array_get(json_object_get(split, "rules"), 0);
	const json_t *backends = json_object_get(rule, "backends");
	const char *text = arena_format(arena, "%s/%s", kube_tree_value(split, "kind"),
	                                kube_tree_value(split, "name"));

	if (!rule)
		return arena_format(arena, "%s %s", text, kube_tree_value(split, "result"));
	for (size_t i = 0; i < json_array_size(backends); i++) {
		const json_t *backend = json_array_get(backends, i);
		const char *name = kube_tree_value(backend, "name");

		text = arena_format(arena, "%.600s%s %.100s %.0f %%", text, i > 0 ? "," : ":",
		                    *name ? name : "the others",
		                    json_number_value(json_object_get(backend, "share")) * WHOLE);
	}
	return text;
}

/* What others wrote into routes that no Canary has. */
static void add_observed(const struct report_source *source, json_t *rows)
{
	for (size_t i = json_array_size(source->splits); i > 0; i--) {
		const json_t *split = json_array_get(source->splits, i - 1);
		json_t *row = kube_tree_object();

		carry(row, "at", split, "at");
		carry(row, "namespace", split, "namespace");
		carry(row, "origin", split, "origin");
		carry(row, "who", split, "by");
		kube_tree_set_text(row, "split", split_text(split, source->arena));
		kube_tree_append(rows, row);
	}
}

bool report_course_traffic(const struct report_source *source, json_t *rows, struct err *err)
{
	int n_read = 0;

	for (size_t i = 0; i < json_array_size(source->releases); i++) {
		const json_t *release = json_array_get(source->releases, i);
		CLEANUP(tree_freep) json_t *report = NULL;

		if (!report_past_is_of(release, source->words[0]) ||
		    n_read++ >= REPORT_LIST_COURSES_MAX)
			continue;
		if (!source->read(source->user, kube_tree_value(release, "namespace"),
		                  kube_tree_value(release, "name"), &report, err))
			return false;
		add_splits(report, "set", "serin", rows);
		add_splits(report, "seen", "seen", rows);
		add_splits(report, "edits", "external", rows);
	}
	add_observed(source, rows);
	sort_rows(rows);
	return true;
}

/* R17 ----------------------------------------------------------------------------------------- */

bool report_course_audit(const struct report_source *source, json_t *rows, struct err *err)
{
	const struct history_witnesses nobody = {0};
	struct history_verdict verdict = {0};
	json_t *row;

	if (!history_verify(source->path, &nobody, &verdict, err))
		return false;
	row = kube_tree_object();
	kube_tree_set(row, "intact", json_boolean(verdict.is_intact));
	kube_tree_set(row, "entries", json_integer(verdict.n_records));
	kube_tree_set(row, "derived", json_integer(verdict.n_derived));
	kube_tree_set(row, "pruned", json_integer(verdict.n_pruned));
	kube_tree_set(row, "entry", verdict.seq > 0 ? json_integer(verdict.seq) : json_null());
	kube_tree_set(row, "problem", command_run_text_tree(verdict.what));
	kube_tree_append(rows, row);
	return true;
}
