#include "agent/command/report_past.h"

#include "agent/command/command_run.h"
#include "providers/kube/tree.h"

#include <string.h>

/* Rows ---------------------------------------------------------------------------------------- */

bool report_past_is_of(const json_t *release, const char *canary)
{
	return !*canary || strcmp(kube_tree_value(release, "canary"), canary) == 0;
}

bool report_past_is_promoted(const json_t *release)
{
	const char *outcome = kube_tree_value(release, "outcome");

	return strcmp(outcome, "promoted") == 0 || strcmp(outcome, "skipped") == 0;
}

/* "v2" of "registry:5000/shop/cart:v2@sha256:…,sidecar:v9"; without a tag the image's name. */
static const char *tag_of(const char *image, struct arena *arena)
{
	const char *name = command_run_short_image(image);
	size_t length = strcspn(name, ",@");
	const char *colon = memchr(name, ':', length);

	if (!*image)
		return "";
	if (colon && (size_t)(colon - name) + 1 < length) {
		length -= (size_t)(colon + 1 - name);
		name = colon + 1;
	}
	return arena_copy(arena, name, length);
}

const char *report_past_version(const json_t *release, struct arena *arena)
{
	const char *version = kube_tree_text(release, "source/version");

	return *version ? version : tag_of(kube_tree_value(release, "toImage"), arena);
}

static struct instant time_of(const json_t *object, const char *path)
{
	struct instant at = {0};

	(void)instant_parse(kube_tree_text(object, path), &at, NULL);
	return at;
}

static json_t *between_tree(struct instant from, struct instant until)
{
	if (!instant_is_set(from) || !instant_is_set(until) || instant_is_before(until, from))
		return json_null();
	return json_integer(instant_between(from, until).ms);
}

/* Text, number or null of the release, under another name. */
static void carry(json_t *row, const char *key, const json_t *release, const char *path)
{
	json_t *value = kube_tree_find(release, path);

	kube_tree_set(row, key, value ? json_incref(value) : json_null());
}

static void put_people(json_t *row, const json_t *release, struct arena *arena)
{
	const json_t *actions = json_object_get(release, "actions");
	size_t n = json_array_size(actions);
	const json_t *last = json_array_get(actions, n > 0 ? n - 1 : 0);
	const char *approver = "";

	for (size_t i = 0; i < n; i++) {
		const json_t *action = json_array_get(actions, i);
		const char *verb = kube_tree_value(action, "verb");

		if (strcmp(verb, "approve") == 0 || strcmp(verb, "promote") == 0)
			approver = kube_tree_value(action, "by");
	}
	kube_tree_set(row, "approvedBy", command_run_text_tree(approver));
	kube_tree_set(row, "by",
	              command_run_text_tree(last ? arena_format(arena, "%s (%s)",
	                                                        kube_tree_value(last, "by"),
	                                                        kube_tree_value(last, "verb"))
	                                         : ""));
}

static void put_times(json_t *row, const json_t *release, struct instant now)
{
	struct instant started = time_of(release, "started");
	struct instant finished = time_of(release, "finished");

	kube_tree_set(row, "tookMs",
	              between_tree(started, instant_is_set(finished) ? finished : now));
	kube_tree_set(row, "leadMs",
	              report_past_is_promoted(release)
	                      ? between_tree(time_of(release, "source/created"), finished)
	                      : json_null());
}

json_t *report_past_row(const json_t *release, struct instant now, struct arena *arena)
{
	static const struct {
		const char *key;
		const char *path;
	} carried[] = {
		{"namespace", "namespace"},
		{"canary", "canary"},
		{"release", "name"},
		{"cause", "cause"},
		{"started", "started"},
		{"finished", "finished"},
		{"image", "toImage"},
		{"imageDigest", "source/imageDigest"},
		{"commit", "source/commit"},
		{"repository", "source/repository"},
		{"author", "source/author"},
		{"change", "source/change"},
		{"build", "source/build"},
		{"outcome", "outcome"},
		{"phase", "phase"},
		{"reason", "reason"},
		{"strategy", "strategy"},
		{"provider", "provider"},
		{"failedChecks", "failedChecks"},
		{"threshold", "threshold"},
	};
	const char *version = report_past_version(release, arena);
	json_t *row = kube_tree_object();

	for (size_t i = 0; i < array_length(carried); i++)
		carry(row, carried[i].key, release, carried[i].path);
	kube_tree_set(row, "version", command_run_text_tree(version));
	kube_tree_set(row, "to", command_run_text_tree(version));
	kube_tree_set(row, "from",
	              command_run_text_tree(tag_of(kube_tree_value(release, "fromImage"), arena)));
	put_people(row, release, arena);
	put_times(row, release, now);
	return row;
}

/* R03, R12 ------------------------------------------------------------------------------------ */

bool report_past_releases(const struct report_source *source, json_t *rows, struct err *err)
{
	for (size_t i = 0; i < json_array_size(source->releases); i++) {
		const json_t *release = json_array_get(source->releases, i);

		if (report_past_is_of(release, source->words[0]))
			kube_tree_append(rows,
			                 report_past_row(release, source->now, source->arena));
	}
	return true;
}

/* R14 ----------------------------------------------------------------------------------------- */

static void add_decision(json_t *rows, const json_t *release, const char *subject,
                         const char *decision)
{
	json_t *row = kube_tree_object();

	carry(row, "namespace", release, "namespace");
	carry(row, "release", release, "name");
	kube_tree_set_text(row, "subject", subject);
	kube_tree_set_text(row, "decision", decision);
	kube_tree_set(row, "at", json_null());
	kube_tree_set(row, "who", json_null());
	kube_tree_set(row, "via", json_null());
	kube_tree_set(row, "comment", json_null());
	kube_tree_append(rows, row);
}

/* What it waits for. */
static void add_pending(json_t *rows, const json_t *release, struct arena *arena)
{
	const char *gate = kube_tree_value(release, "gate");

	if (*kube_tree_value(release, "outcome"))
		return;
	if (*gate)
		add_decision(rows, release, arena_format(arena, "gate %s", gate), "pending");
	if (json_is_true(json_object_get(release, "paused")))
		add_decision(rows, release, "pause", "pending");
}

static void add_action(json_t *rows, const json_t *release, const json_t *action)
{
	const char *verb = kube_tree_value(action, "verb");
	bool is_refusal = strcmp(verb, "reject") == 0 || strcmp(verb, "abort") == 0;
	json_t *row;

	if (strcmp(verb, "pause") == 0 || strcmp(verb, "resume") == 0)
		return;
	add_decision(rows, release, verb, is_refusal ? "rejected" : "approved");
	row = json_array_get(rows, json_array_size(rows) - 1);
	carry(row, "at", action, "at");
	carry(row, "who", action, "by");
	kube_tree_set_text(row, "via", "action");
	carry(row, "comment", action, "reason");
}

bool report_past_approvals(const struct report_source *source, json_t *rows, struct err *err)
{
	for (size_t i = 0; i < json_array_size(source->releases); i++) {
		const json_t *release = json_array_get(source->releases, i);
		const json_t *actions = json_object_get(release, "actions");

		if (!report_past_is_of(release, source->words[0]))
			continue;
		add_pending(rows, release, source->arena);
		for (size_t k = json_array_size(actions); k > 0; k--)
			add_action(rows, release, json_array_get(actions, k - 1));
	}
	return true;
}

/* R18 ----------------------------------------------------------------------------------------- */

struct delivery {
	json_int_t n_releases;
	json_int_t n_promoted;
	json_int_t n_rolled_back;
	json_int_t n_leads;
	json_int_t lead;    /* ms, of all */
	json_int_t restore; /* ms, of all that were rolled back */
};

/* Of the canary that FIRST is of, from there on. */
static void count(const struct report_source *source, size_t first, struct delivery *ret)
{
	const json_t *of = json_array_get(source->releases, first);

	for (size_t i = first; i < json_array_size(source->releases); i++) {
		const json_t *release = json_array_get(source->releases, i);
		const char *outcome = kube_tree_value(release, "outcome");
		json_t *row;

		if (!*outcome || strcmp(kube_tree_value(release, "cause"), "init") == 0 ||
		    !report_past_is_of(release, kube_tree_value(of, "canary")) ||
		    strcmp(kube_tree_value(release, "namespace"),
		           kube_tree_value(of, "namespace")) != 0)
			continue;
		row = report_past_row(release, source->now, source->arena);
		ret->n_releases++;
		ret->n_promoted += report_past_is_promoted(release);
		if (json_is_integer(json_object_get(row, "leadMs"))) {
			ret->n_leads++;
			ret->lead += json_integer_value(json_object_get(row, "leadMs"));
		}
		if (strcmp(outcome, "rolled_back") == 0 ||
		    strcmp(outcome, "failed_promotion") == 0) {
			ret->n_rolled_back++;
			ret->restore += json_integer_value(json_object_get(row, "tookMs"));
		}
		json_decref(row);
	}
}

static json_t *mean_tree(json_int_t sum, json_int_t n)
{
	return n > 0 ? json_integer(sum / n) : json_null();
}

static void add_delivery(const struct report_source *source, size_t first, json_t *rows)
{
	const json_t *release = json_array_get(source->releases, first);
	struct delivery sum = {0};
	json_t *row;

	count(source, first, &sum);
	if (sum.n_releases == 0)
		return;
	row = kube_tree_object();
	carry(row, "namespace", release, "namespace");
	carry(row, "canary", release, "canary");
	kube_tree_set(row, "releases", json_integer(sum.n_releases));
	kube_tree_set(row, "promoted", json_integer(sum.n_promoted));
	kube_tree_set(row, "rolledBack", json_integer(sum.n_rolled_back));
	kube_tree_set(row, "changeFailureRate",
	              json_real((double)sum.n_rolled_back / (double)sum.n_releases));
	kube_tree_set(row, "leadMs", mean_tree(sum.lead, sum.n_leads));
	kube_tree_set(row, "restoreMs", mean_tree(sum.restore, sum.n_rolled_back));
	kube_tree_append(rows, row);
}

bool report_past_delivery(const struct report_source *source, json_t *rows, struct err *err)
{
	json_t *seen = kube_tree_object();

	for (size_t i = 0; i < json_array_size(source->releases); i++) {
		const json_t *release = json_array_get(source->releases, i);
		const char *key =
			arena_format(source->arena, "%s/%s", kube_tree_value(release, "namespace"),
		                     kube_tree_value(release, "canary"));

		if (json_object_get(seen, key) || !report_past_is_of(release, source->words[0]))
			continue;
		kube_tree_set(seen, key, json_true());
		add_delivery(source, i, rows);
	}
	json_decref(seen);
	return true;
}
