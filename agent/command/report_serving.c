/*
 * What serves is what was promoted last, and beside it the newest release while it is under way: to
 * the part of the requests that its weight says.
 */
#include "agent/command/report_serving.h"

#include "agent/command/command_run.h"
#include "agent/command/report_past.h"
#include "analysis/strategy.h"
#include "providers/kube/tree.h"

#include <stdlib.h>
#include <string.h>

#define WHOLE 100

/* A canary by its newest release and the one that the primary has. */
struct standing_canary {
	const char *k8s_namespace;
	const char *name;
	const json_t *newest;
	const json_t *served; /* NULL: not among the releases that are known */
};

struct standing_canaries {
	struct standing_canary *list;
	size_t n;
};

static bool is_same(const json_t *a, const json_t *b)
{
	return strcmp(kube_tree_value(a, "canary"), kube_tree_value(b, "canary")) == 0 &&
	       strcmp(kube_tree_value(a, "namespace"), kube_tree_value(b, "namespace")) == 0;
}

/* From the newest back to the one that its canary began with: what was before that is of another
 * canary that had the name. */
static const json_t *find_served(const json_t *releases, size_t newest)
{
	const json_t *of = json_array_get(releases, newest);

	for (size_t i = newest; i < json_array_size(releases); i++) {
		const json_t *release = json_array_get(releases, i);

		if (!is_same(of, release))
			continue;
		if (report_past_is_promoted(release))
			return release;
		if (strcmp(kube_tree_value(release, "cause"), "init") == 0)
			return NULL;
	}
	return NULL;
}

static int compare(const void *a, const void *b)
{
	const struct standing_canary *left = a;
	const struct standing_canary *right = b;
	int order = strcmp(left->k8s_namespace, right->k8s_namespace);

	return order ? order : strcmp(left->name, right->name);
}

/* By namespace and name. */
static struct standing_canaries find_canaries(const struct report_source *source)
{
	size_t n_releases = json_array_size(source->releases);
	struct standing_canaries canaries = {
		.list = arena_alloc(source->arena, (n_releases + 1) * sizeof(*canaries.list)),
	};
	json_t *seen = kube_tree_object();

	for (size_t i = 0; i < n_releases; i++) {
		const json_t *release = json_array_get(source->releases, i);
		const char *k8s_namespace = kube_tree_value(release, "namespace");
		const char *name = kube_tree_value(release, "canary");
		const char *key = arena_format(source->arena, "%s/%s", k8s_namespace, name);

		if (json_object_get(seen, key))
			continue;
		kube_tree_set(seen, key, json_true());
		canaries.list[canaries.n++] = (struct standing_canary){
			.k8s_namespace = k8s_namespace,
			.name = name,
			.newest = release,
			.served = find_served(source->releases, i),
		};
	}
	json_decref(seen);
	qsort(canaries.list, canaries.n, sizeof(*canaries.list), compare);
	return canaries;
}

static bool is_open(const json_t *release)
{
	return !*kube_tree_value(release, "outcome");
}

/* Of the newest release: what its route said, else what it was told. */
static int weight_of(const struct standing_canary *canary)
{
	int set = kube_tree_whole(canary->newest, "traffic/weight", 0);

	return canary->newest == canary->served || !is_open(canary->newest)
	               ? 0
	               : kube_tree_whole(canary->newest, "traffic/route", set);
}

/* The weight is one of requests that match, and the others stay with the primary. */
static bool is_by_match(const struct standing_canary *canary)
{
	return weight_of(canary) > 0 &&
	       strcmp(kube_tree_value(canary->newest, "strategy"), strategy_name(STRATEGY_AB)) == 0;
}

/* R05, R09, R19 ------------------------------------------------------------------------------- */

static json_t *serving_row(const struct report_source *source, const struct standing_canary *canary,
                           const json_t *release, int weight)
{
	bool is_canary = release && release != canary->served;
	json_t *row = release ? report_past_row(release, source->now, source->arena)
	                      : report_past_row(canary->newest, source->now, source->arena);

	if (!release) { /* the image is known, and no more of it */
		const char *const unknown[] = {"release", "version",    "imageDigest", "commit",
		                               "author",  "change",     "build",       "repository",
		                               "by",      "approvedBy", "finished"};

		for (size_t i = 0; i < array_length(unknown); i++)
			kube_tree_set(row, unknown[i], json_null());
		kube_tree_set(row, "version", json_incref(json_object_get(row, "from")));
		kube_tree_set(row, "image",
		              command_run_text_tree(kube_tree_value(canary->newest, "fromImage")));
	}
	kube_tree_set_text(row, "role", is_canary ? "canary" : "primary");
	kube_tree_set(row, "of",
	              command_run_text_tree(!is_by_match(canary) ? "all requests"
	                                    : is_canary          ? "those that match"
	                                                         : "the others"));
	kube_tree_set(row, "weight", json_integer(weight));
	kube_tree_set(row, "since",
	              json_incref(json_object_get(row, is_canary ? "started" : "finished")));
	kube_tree_set(row, "evidence",
	              command_run_text_tree(kube_tree_value(release ? release : canary->newest,
	                                                    is_canary ? "phase" : "outcome")));
	return row;
}

static void add_serving(const struct report_source *source, const struct standing_canary *canary,
                        json_t *rows)
{
	int weight = weight_of(canary);
	int rest = is_by_match(canary) ? WHOLE : WHOLE - weight;

	if (!canary->served && strcmp(kube_tree_value(canary->newest, "cause"), "init") == 0)
		return; /* it begins: nobody is led by us yet */
	kube_tree_append(rows, serving_row(source, canary, canary->served, rest));
	if (weight > 0)
		kube_tree_append(rows, serving_row(source, canary, canary->newest, weight));
}

bool report_serving_versions(const struct report_source *source, json_t *rows, struct err *err)
{
	struct standing_canaries canaries = find_canaries(source);

	for (size_t i = 0; i < canaries.n; i++) {
		if (report_past_is_of(canaries.list[i].newest, source->words[0]))
			add_serving(source, &canaries.list[i], rows);
	}
	return true;
}

/* WHAT is an image or its end, a version, a digest, or a commit that may be cut. */
static bool is_meant(const json_t *row, const char *what)
{
	const char *image = kube_tree_value(row, "image");
	const char *digest = kube_tree_value(row, "imageDigest");
	const char *commit = kube_tree_value(row, "commit");
	const char *hex = strchr(digest, ':');
	size_t length = strlen(what);
	size_t bare = strcspn(image, "@");

	return strcmp(kube_tree_value(row, "version"), what) == 0 || strcmp(image, what) == 0 ||
	       strcmp(digest, what) == 0 || (hex && strcmp(hex + 1, what) == 0) ||
	       (bare > length && image[bare - length - 1] == '/' &&
	        strncmp(image + bare - length, what, length) == 0) ||
	       (bare == length && strncmp(image, what, length) == 0) ||
	       (length >= COMMAND_SOURCE_COMMIT_MIN && strncasecmp(commit, what, length) == 0);
}

bool report_serving_where(const struct report_source *source, json_t *rows, struct err *err)
{
	struct standing_canaries canaries = find_canaries(source);
	json_t *all = kube_tree_list();

	for (size_t i = 0; i < canaries.n; i++)
		add_serving(source, &canaries.list[i], all);
	for (size_t i = 0; i < json_array_size(all); i++) {
		json_t *row = json_array_get(all, i);

		if (is_meant(row, source->words[0]))
			kube_tree_append(rows, json_incref(row));
	}
	json_decref(all);
	return true;
}

/* R01 ----------------------------------------------------------------------------------------- */

static void put_version(json_t *row, const char *key, const json_t *release, struct arena *arena)
{
	kube_tree_set(row, key,
	              command_run_text_tree(release ? report_past_version(release, arena) : ""));
}

bool report_serving_state(const struct report_source *source, json_t *rows, struct err *err)
{
	struct standing_canaries canaries = find_canaries(source);

	for (size_t i = 0; i < canaries.n; i++) {
		const struct standing_canary *canary = &canaries.list[i];
		json_t *row;

		if (!report_past_is_of(canary->newest, source->words[0]))
			continue;
		row = report_past_row(canary->newest, source->now, source->arena);
		put_version(row, "scheduled", canary->newest, source->arena);
		put_version(row, "serving", canary->served, source->arena);
		kube_tree_set(row, "weight", json_integer(weight_of(canary)));
		if (is_open(canary->newest))
			kube_tree_set(row, "outcome", json_incref(json_object_get(row, "phase")));
		kube_tree_append(rows, row);
	}
	return true;
}

/* R04 ----------------------------------------------------------------------------------------- */

static const struct standing_canary *find_in(const struct standing_canaries *canaries,
                                             const char *k8s_namespace, const char *name)
{
	for (size_t i = 0; i < canaries->n; i++) {
		if (strcmp(canaries->list[i].k8s_namespace, k8s_namespace) == 0 &&
		    strcmp(canaries->list[i].name, name) == 0)
			return &canaries->list[i];
	}
	return NULL;
}

static const char *difference_of(const json_t *row, bool has_a, bool has_b)
{
	if (!has_a || !has_b)
		return has_a ? "only_in_a" : "only_in_b";
	if (!json_equal(json_object_get(row, "aScheduled"), json_object_get(row, "bScheduled")))
		return "scheduled_differs";
	return json_equal(json_object_get(row, "aServing"), json_object_get(row, "bServing"))
	               ? "same"
	               : "serving_differs";
}

static void add_pair(const struct report_source *source, const struct standing_canaries *canaries,
                     const char *name, json_t *rows)
{
	const struct standing_canary *a = find_in(canaries, source->words[0], name);
	const struct standing_canary *b = find_in(canaries, source->words[1], name);
	json_t *row = kube_tree_object();

	kube_tree_set_text(row, "canary", name);
	put_version(row, "aScheduled", a ? a->newest : NULL, source->arena);
	put_version(row, "aServing", a ? a->served : NULL, source->arena);
	put_version(row, "bScheduled", b ? b->newest : NULL, source->arena);
	put_version(row, "bServing", b ? b->served : NULL, source->arena);
	kube_tree_set_text(row, "difference", difference_of(row, a != NULL, b != NULL));
	kube_tree_append(rows, row);
}

bool report_serving_compare(const struct report_source *source, json_t *rows, struct err *err)
{
	struct standing_canaries canaries = find_canaries(source);

	for (size_t i = 0; i < canaries.n; i++) {
		const struct standing_canary *canary = &canaries.list[i];
		bool is_a = strcmp(canary->k8s_namespace, source->words[0]) == 0;
		bool is_b = strcmp(canary->k8s_namespace, source->words[1]) == 0;

		if (is_a || (is_b && !find_in(&canaries, source->words[0], canary->name)))
			add_pair(source, &canaries, canary->name, rows);
	}
	return true;
}

/* R11 ----------------------------------------------------------------------------------------- */

static void add_finding(const struct standing_canary *canary, const char *kind, json_t *expected,
                        json_t *actual, const char *at, json_t *rows)
{
	json_t *row = kube_tree_object();

	kube_tree_set_text(row, "namespace", canary->k8s_namespace);
	kube_tree_set_text(row, "canary", canary->name);
	kube_tree_set_text(row, "kind", kind);
	kube_tree_set(row, "expected", expected);
	kube_tree_set(row, "actual", actual);
	kube_tree_set(row, "detected", command_run_text_tree(at));
	kube_tree_append(rows, row);
}

static json_t *version_tree(const struct report_source *source, const json_t *release)
{
	return command_run_text_tree(release ? report_past_version(release, source->arena) : "");
}

/* What is said of the finding that was added last. */
static void set_evidence(json_t *rows, const char *evidence)
{
	kube_tree_set(json_array_get(rows, json_array_size(rows) - 1), "evidence",
	              command_run_text_tree(evidence));
}

/* The target wants what the newest release brought; it went back, or a person brought another. */
static void find_version_drift(const struct report_source *source,
                               const struct standing_canary *canary, json_t *rows)
{
	const json_t *newest = canary->newest;
	const char *outcome = kube_tree_value(newest, "outcome");
	const char *at = kube_tree_value(newest, "finished");
	const json_t *action = json_array_get(json_object_get(newest, "actions"), 0);

	if (strcmp(kube_tree_value(newest, "cause"), "undo") == 0 &&
	    report_past_is_promoted(newest)) {
		add_finding(canary, "version", json_null(), version_tree(source, newest), at, rows);
		set_evidence(rows, arena_format(source->arena,
		                                "brought back by %s: the target has "
		                                "a newer template",
		                                kube_tree_value(action, "by")));
		return;
	}
	if (strcmp(outcome, "rolled_back") != 0 && strcmp(outcome, "failed_promotion") != 0)
		return;
	add_finding(canary, "version", version_tree(source, newest),
	            version_tree(source, canary->served), at, rows);
	set_evidence(rows, arena_format(source->arena, "%s %s: %s", kube_tree_value(newest, "name"),
	                                outcome, kube_tree_value(newest, "reason")));
}

/* Somebody else wrote the route. */
static void find_traffic_drift(const struct report_source *source,
                               const struct standing_canary *canary, json_t *rows)
{
	const json_t *traffic = json_object_get(canary->newest, "traffic");
	const char *by = kube_tree_value(traffic, "editedBy");
	int route = kube_tree_whole(traffic, "route", -1);
	int weight = kube_tree_whole(traffic, "weight", 0);

	if (!*by)
		return;
	add_finding(canary, "traffic", json_integer(weight), json_integer(route),
	            kube_tree_value(traffic, "editedAt"), rows);
	set_evidence(rows, arena_format(source->arena, "changed by %s%s", by,
	                                route == weight ? ", and put back" : ""));
}

bool report_serving_drift(const struct report_source *source, json_t *rows, struct err *err)
{
	struct standing_canaries canaries = find_canaries(source);

	for (size_t i = 0; i < canaries.n; i++) {
		if (!report_past_is_of(canaries.list[i].newest, source->words[0]))
			continue;
		find_version_drift(source, &canaries.list[i], rows);
		find_traffic_drift(source, &canaries.list[i], rows);
	}
	return true;
}
