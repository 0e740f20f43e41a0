#include "agent/command/command_run.h"

#include "analysis/base/number.h"
#include "analysis/base/text.h"
#include "analysis/strategy.h"
#include "providers/kube/release.h"
#include "providers/kube/tree.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define IMAGES_MAX 8     /* containers that are named */
#define ROUNDING   10000 /* of values for people */

/* Reading ------------------------------------------------------------------------------------- */

const char *command_run_images(const json_t *object, struct arena *arena)
{
	const json_t *containers = kube_tree_find(object, "spec/template/spec/containers");
	const char *images = "";

	for (size_t i = 0; i < json_array_size(containers) && i < IMAGES_MAX; i++) {
		const char *image = kube_tree_text(json_array_get(containers, i), "image");

		images = arena_format(arena, "%s%s%.500s", images, *images && *image ? "," : "",
		                      image);
	}
	return images;
}

const struct check_result *command_run_deciding(const struct release_status *status)
{
	const struct check_result *lesser = NULL;

	if (status->ending != OUTCOME_ROLLED_BACK && status->outcome != OUTCOME_ROLLED_BACK)
		return NULL;
	for (size_t i = 0; i < status->n_checks; i++) {
		const struct check_result *check = &status->checks[i];

		if (check->verdict == VERDICT_FAIL)
			return check;
		if (!lesser &&
		    (check->verdict == VERDICT_NO_DATA || check->verdict == VERDICT_ERROR))
			lesser = check;
	}
	return lesser;
}

static void read_one(struct command_run *run, const json_t *object, struct arena *arena)
{
	const struct check_result *deciding;
	struct err err = {0};

	run->object = object;
	run->canary = kube_tree_text(object, "spec/canary/name");
	run->canary_uid = kube_tree_text(object, "spec/canary/uid");
	run->k8s_namespace = kube_tree_text(object, "metadata/namespace");
	run->to_image = command_run_images(object, arena);
	run->from_image = "";
	run->from_digest = "";
	run->query = "";
	run->trouble = "";
	for (int i = 0; i < COMMAND_SOURCE_FACTS; i++)
		run->source[i] = command_source_find(object, (enum command_source_fact)i);
	if (!kube_release_read(object, &run->release, &err)) {
		run->trouble = arena_text(arena, err.text);
		text_copy(run->release.name, kube_tree_text(object, "metadata/name"));
		run->release.number = kube_release_number(object);
		return;
	}
	run->provider = kube_tree_text(object, "status/policy/spec/provider");
	if (json_array_size(kube_tree_find(object, "status/policy/spec/analysis/match")) > 0)
		run->strategy = strategy_name(STRATEGY_AB); /* as far as it matters who sees it */
	run->threshold = kube_tree_whole(object, "status/policy/spec/analysis/threshold", 0);
	deciding = command_run_deciding(&run->release.status);
	run->has_deciding = deciding != NULL && !command_run_is_aborted(run);
	if (run->has_deciding)
		run->deciding = *deciding;
}

static int compare(const void *a, const void *b)
{
	const struct command_run *left = a;
	const struct command_run *right = b;
	int order = strcmp(left->k8s_namespace, right->k8s_namespace);

	if (order == 0)
		order = strcmp(left->canary, right->canary);
	if (order == 0)
		order = (right->release.number > left->release.number) -
		        (right->release.number < left->release.number);
	return order;
}

/* What ran before: the Release that this one would fall back to. */
static void find_previous(struct command_runs *runs, size_t index)
{
	struct command_run *run = &runs->runs[index];

	if (!*run->release.previous)
		return;
	for (size_t i = index + 1; i < runs->n_runs; i++) {
		const struct command_run *other = &runs->runs[i];

		if (strcmp(other->canary, run->canary) != 0 ||
		    strcmp(other->k8s_namespace, run->k8s_namespace) != 0)
			return;
		if (strcmp(other->release.name, run->release.previous) != 0)
			continue;
		run->from_image = other->to_image;
		run->from_digest = other->release.digest;
		return;
	}
}

struct command_runs command_run_read(const json_t *items, struct arena *arena)
{
	struct command_runs runs = {.n_runs = json_array_size(items)};

	if (runs.n_runs == 0)
		return runs;
	runs.runs = arena_alloc(arena, runs.n_runs * sizeof(*runs.runs));
	for (size_t i = 0; i < runs.n_runs; i++)
		read_one(&runs.runs[i], json_array_get(items, i), arena);
	qsort(runs.runs, runs.n_runs, sizeof(*runs.runs), compare);
	for (size_t i = 0; i < runs.n_runs; i++)
		find_previous(&runs, i);
	return runs;
}

struct span command_run_length(const struct command_run *run, struct instant now)
{
	struct instant started = run->release.status.times.started;
	struct instant finished = run->release.status.times.finished;
	struct instant end = instant_is_set(finished) ? finished : now;

	if (!instant_is_set(started) || instant_is_before(end, started))
		return span_ms(0);
	return instant_between(started, end);
}

/* Trees --------------------------------------------------------------------------------------- */

json_t *command_run_text_tree(const char *text)
{
	json_t *holder;
	json_t *value;

	if (!*text)
		return json_null();
	holder = kube_tree_object();
	kube_tree_set_text(holder, "text", text); /* what is no UTF-8 becomes '?' */
	value = json_incref(json_object_get(holder, "text"));
	json_decref(holder);
	return value;
}

json_t *command_run_time_tree(struct instant instant)
{
	char text[INSTANT_TEXT_MAX];

	return instant_is_set(instant) ? json_string(instant_format(instant, text)) : json_null();
}

static json_t *number_tree(bool has, double value)
{
	return has && isfinite(value) ? json_real(value) : json_null();
}

json_t *command_run_check_tree(const struct check_result *check)
{
	json_t *tree = kube_tree_object();

	kube_tree_set(tree, "name", command_run_text_tree(check->name));
	kube_tree_set(tree, "value", number_tree(check->has_value, check->value));
	kube_tree_set(tree, "min", number_tree(check->has_min, check->min));
	kube_tree_set(tree, "max", number_tree(check->has_max, check->max));
	kube_tree_set(tree, "verdict", command_run_text_tree(verdict_name(check->verdict)));
	return tree;
}

static json_t *actions_tree(const struct command_run *run)
{
	const struct release_status *status = &run->release.status;
	json_t *tree = kube_tree_list();

	for (size_t i = 0; i <= status->n_actions; i++) {
		const struct action_mark *mark =
			i == 0 ? &run->release.action : &status->actions[i - 1];
		json_t *item;

		if (mark->verb == VERB_NONE)
			continue;
		item = kube_tree_object();
		kube_tree_set(item, "verb", command_run_text_tree(verb_name(mark->verb)));
		kube_tree_set(item, "by", command_run_text_tree(mark->by));
		kube_tree_set(item, "reason", command_run_text_tree(mark->why));
		kube_tree_set(item, "at", command_run_time_tree(mark->at));
		kube_tree_append(tree, item);
	}
	return tree;
}

static json_t *source_tree(const struct command_run *run)
{
	json_t *tree = kube_tree_object();

	for (int i = 0; i < COMMAND_SOURCE_FACTS; i++)
		kube_tree_set(tree, command_source_name((enum command_source_fact)i),
		              command_run_text_tree(run->source[i] ? run->source[i] : ""));
	return tree;
}

static json_t *whole_tree(bool is_known, int value)
{
	return is_known ? json_integer(value) : json_null();
}

static json_t *traffic_tree(const struct command_run *run)
{
	const struct release_status *status = &run->release.status;
	json_t *tree = kube_tree_object();

	kube_tree_set(tree, "weight", whole_tree(true, status->weight.to));
	kube_tree_set(tree, "route", whole_tree(run->route.is_known, run->route.weight));
	kube_tree_set(tree, "seenPercent",
	              number_tree(status->weight.has_seen, status->weight.seen_share * 100));
	kube_tree_set(tree, "editedBy", command_run_text_tree(run->route.by ? run->route.by : ""));
	kube_tree_set(tree, "editedAt", command_run_time_tree(run->route.edited));
	return tree;
}

/* How it was analysed, and how far it came. */
static void put_analysis(json_t *tree, const struct command_run *run)
{
	const struct hook_record *gate = command_run_gate(run);

	kube_tree_set(tree, "strategy", command_run_text_tree(run->strategy ? run->strategy : ""));
	kube_tree_set(tree, "provider", command_run_text_tree(run->provider ? run->provider : ""));
	kube_tree_set(tree, "failedChecks", json_integer(run->release.status.failed_checks));
	kube_tree_set(tree, "threshold", whole_tree(run->threshold > 0, run->threshold));
	kube_tree_set(tree, "gate", command_run_text_tree(gate ? gate->name : ""));
	kube_tree_set(tree, "traffic", traffic_tree(run));
}

json_t *command_run_tree(const struct command_run *run)
{
	const struct release_status *status = &run->release.status;
	json_t *tree = kube_tree_object();
	json_t *check = json_null();

	if (run->has_deciding) {
		check = command_run_check_tree(&run->deciding);
		kube_tree_set(check, "query", command_run_text_tree(run->query));
	}
	kube_tree_set(tree, "name", command_run_text_tree(run->release.name));
	kube_tree_set(tree, "canary", command_run_text_tree(run->canary));
	kube_tree_set(tree, "namespace", command_run_text_tree(run->k8s_namespace));
	kube_tree_set(tree, "cause", command_run_text_tree(release_cause_name(run->release.cause)));
	kube_tree_set(tree, "started", command_run_time_tree(status->times.started));
	kube_tree_set(tree, "finished", command_run_time_tree(status->times.finished));
	kube_tree_set(tree, "fromImage", command_run_text_tree(run->from_image));
	kube_tree_set(tree, "toImage", command_run_text_tree(run->to_image));
	kube_tree_set(tree, "digest", command_run_text_tree(run->release.digest));
	kube_tree_set(tree, "phase", command_run_text_tree(release_phase_name(status->phase)));
	kube_tree_set(tree, "outcome",
	              command_run_text_tree(release_outcome_name(status->outcome)));
	kube_tree_set(tree, "reason",
	              command_run_text_tree(*run->trouble ? run->trouble : status->reason));
	kube_tree_set(tree, "check", check);
	kube_tree_set(tree, "paused", json_boolean(release_is_paused(&run->release)));
	kube_tree_set(tree, "actions", actions_tree(run));
	kube_tree_set(tree, "source", source_tree(run));
	put_analysis(tree, run);
	return tree;
}

/* Words --------------------------------------------------------------------------------------- */

const struct action_mark *command_run_deed(const struct command_run *run)
{
	const struct release_status *status = &run->release.status;

	if (status->n_actions > 0)
		return &status->actions[status->n_actions - 1];
	return run->release.action.verb != VERB_NONE ? &run->release.action : NULL;
}

const struct hook_record *command_run_gate(const struct command_run *run)
{
	const struct release_status *status = &run->release.status;

	for (size_t i = 0; status->outcome == OUTCOME_NONE && i < status->n_hooks; i++) {
		const struct hook_record *hook = &status->hooks[i];

		if ((hook->type == HOOK_CONFIRM_ROLLOUT || hook->type == HOOK_CONFIRM_PROMOTION ||
		     hook->type == HOOK_CONFIRM_TRAFFIC_INCREASE) &&
		    hook->result == HOOK_FAIL && !hook->is_approved)
			return hook;
	}
	return NULL;
}

bool command_run_is_aborted(const struct command_run *run)
{
	const struct action_mark *deed = command_run_deed(run);

	return deed && (deed->verb == VERB_ABORT || deed->verb == VERB_REJECT);
}

const char *command_run_word(const struct command_run *run)
{
	const struct release_status *status = &run->release.status;

	if (*run->trouble)
		return "unreadable";
	switch (status->outcome) {
	case OUTCOME_PROMOTED:
		if (run->release.cause == CAUSE_UNDO)
			return "brought back";
		return run->release.cause == CAUSE_INIT ? "initialized" : "promoted";
	case OUTCOME_ROLLED_BACK:
		return "ROLLED BACK";
	case OUTCOME_SUPERSEDED:
		return "superseded";
	case OUTCOME_FAILED_PROMOTION:
		return "FAILED PROMOTION";
	case OUTCOME_SKIPPED:
		return "promoted unchecked";
	case OUTCOME_CANCELLED:
		return "cancelled";
	case OUTCOME_NONE:
		break;
	}
	return status->phase == PHASE_NONE ? "Starting" : release_phase_name(status->phase);
}

/* VALUE with four digits after the point, unless that would make it BOUND, which it is not. */
static void write_value(double value, double bound, char ret[NUMBER_TEXT_MAX])
{
	double rounded = round(value * ROUNDING) / ROUNDING;
	bool is_bound = !(rounded < bound) && !(rounded > bound);

	number_format(is_bound ? value : rounded, ret);
}

const char *command_run_bound(const struct check_result *check, char ret[COMMAND_RUN_BOUND_MAX])
{
	char value[NUMBER_TEXT_MAX];
	char min[NUMBER_TEXT_MAX];
	char max[NUMBER_TEXT_MAX];

	write_value(check->value, check->has_min ? check->min : check->max, value);
	number_format(check->min, min);
	number_format(check->max, max);
	if (!check->has_value)
		text_format(ret, COMMAND_RUN_BOUND_MAX, "%s",
		            check->verdict == VERDICT_ERROR ? "no answer" : "no data");
	else if (check->has_min && check->has_max)
		text_format(ret, COMMAND_RUN_BOUND_MAX, "%s, expected %s to %s", value, min, max);
	else if (check->has_min)
		text_format(ret, COMMAND_RUN_BOUND_MAX, "%s %s min %s", value,
		            check->value < check->min ? "<" : ">=", min);
	else if (check->has_max)
		text_format(ret, COMMAND_RUN_BOUND_MAX, "%s %s max %s", value,
		            check->value > check->max ? ">" : "<=", max);
	else
		text_format(ret, COMMAND_RUN_BOUND_MAX, "%s", value);
	return ret;
}

const char *command_run_short_image(const char *image)
{
	const char *end = strchr(image, '@');
	const char *at = image;

	if (!*image)
		return "?";
	for (const char *c = image; *c && *c != ',' && (!end || c < end); c++)
		if (*c == '/')
			at = c + 1;
	return at;
}

const char *command_run_span(struct span span, char ret[COMMAND_RUN_SPAN_MAX])
{
	int64_t seconds = span.ms < 0 ? 0 : (span.ms + 500) / 1000;
	int64_t minutes = seconds / 60;
	int64_t hours = minutes / 60;

	if (minutes == 0)
		text_format(ret, COMMAND_RUN_SPAN_MAX, "%" PRId64 "s", seconds);
	else if (hours == 0 && seconds % 60 != 0)
		text_format(ret, COMMAND_RUN_SPAN_MAX, "%" PRId64 "m%" PRId64 "s", minutes,
		            seconds % 60);
	else if (hours == 0)
		text_format(ret, COMMAND_RUN_SPAN_MAX, "%" PRId64 "m", minutes);
	else if (hours < 48 && minutes % 60 != 0)
		text_format(ret, COMMAND_RUN_SPAN_MAX, "%" PRId64 "h%" PRId64 "m", hours,
		            minutes % 60);
	else if (hours < 48)
		text_format(ret, COMMAND_RUN_SPAN_MAX, "%" PRId64 "h", hours);
	else
		text_format(ret, COMMAND_RUN_SPAN_MAX, "%" PRId64 "d", hours / 24);
	return ret;
}
