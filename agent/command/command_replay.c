/* `serin replay`: recorded decisions derived again, and recorded releases judged by another policy.
 */
#include "agent/command/command_choice.h"
#include "agent/command/command_evidence.h"
#include "agent/command/command_file.h"
#include "agent/command/command_flags.h"
#include "agent/command/command_print.h"
#include "agent/command/command_rows.h"
#include "agent/command/replay_judge.h"
#include "agent/command/replay_steps.h"
#include "agent/options.h"
#include "analysis/base/text.h"
#include "providers/kube/tree.h"
#include "providers/wire/tree.h"

#include <stdlib.h>
#include <string.h>

#define COLUMNS     7
#define OBJECTS_MAX 5000

static const struct command_flag flags[] = {
	{"file", 'f', "FILE", "the history file, also while an agent writes to it"},
	{"policy", 0, "PATH",
         "judge recorded releases by the Canaries and MetricTemplates in this file or folder"},
	{"since", 0, "AGE", "with --policy: only those that ended since: 90m, 30d, 2026-11-20"},
	{"mesh-provider", 0, "NAME",
         "provider of canaries that name none, as given to the agent (istio)"},
};

/* One release ------------------------------------------------------------------------------- */

static void show_step(const struct command_call *call, const json_t *step)
{
	const char *result = kube_tree_value(step, "result");
	const char *problem = kube_tree_value(step, "problem");
	bool is_same = strcmp(result, "same") == 0;
	const json_t *effects = json_object_get(step, "effects");

	(void)fprintf(
		call->out, "  %s  %s%-13s%s  ", kube_tree_value(step, "at"),
		command_print_paint(call, is_same ? COMMAND_PRINT_GOOD : COMMAND_PRINT_BAD), result,
		command_print_unpaint(call, is_same ? COMMAND_PRINT_GOOD : COMMAND_PRINT_BAD));
	(void)command_print_text(call, kube_tree_value(step, "reason"), 0);
	for (size_t i = 0; i < json_array_size(effects); i++) {
		(void)fputs(i == 0 ? ": " : ", ", call->out);
		(void)command_print_text(call, json_string_value(json_array_get(effects, i)), 0);
	}
	if (*problem) {
		(void)fputs("\n      ", call->out);
		(void)command_print_text(call, problem, 0);
	}
	(void)fputc('\n', call->out);
}

static json_int_t whole(const json_t *tree, const char *key)
{
	return json_integer_value(json_object_get(tree, key));
}

static enum command_exit replay_release(const struct command_call *call, const char *path)
{
	CLEANUP(tree_freep) json_t *tree = NULL;
	const char *name = call->words[0];
	const json_t *steps;
	struct err err = {0};

	if (!command_flags_is_name(name))
		return command_say(call, COMMAND_USAGE,
		                   "\"%.100s\": expected the name of a release", name);
	if (!replay_steps_read(path, *call->flags.k8s_namespace ? call->flags.k8s_namespace : NULL,
	                       name, &tree, &err))
		return command_fail(call, &err);
	if (!tree)
		return command_say(call, COMMAND_NOT_FOUND, "no release \"%s\" in %s", name, path);
	if (command_print_is_tree(call)) {
		command_print_tree(call, tree);
	} else {
		steps = json_object_get(tree, "decisions");
		(void)fprintf(call->out, "%s\n", name);
		for (size_t i = 0; i < json_array_size(steps); i++)
			show_step(call, json_array_get(steps, i));
		(void)fprintf(call->out,
		              "%lld decisions the same, %lld otherwise, %lld that this binary "
		              "cannot derive.\n",
		              (long long)whole(tree, "same"), (long long)whole(tree, "other"),
		              (long long)whole(tree, "notDerivable"));
	}
	if (whole(tree, "other") > 0)
		return COMMAND_REFUSED;
	if (whole(tree, "same") == 0)
		return command_say(call, COMMAND_FAILED,
		                   "none of its decisions can be derived by this binary");
	return COMMAND_OK;
}

/* Another policy ----------------------------------------------------------------------------- */

/* One call with --policy. */
struct judging {
	struct command_call *call;
	struct arena arena;
	struct replay_policies policies;
	struct command_choice choice;
	sqlite3 *db;
	json_t *rows;
	json_int_t n_back; /* would have been rolled back */
	json_int_t n_on;   /* … promoted */
	json_int_t n_unknown;
};

static bool keep(void *user, json_t *object, struct err *err)
{
	json_t *objects = user;

	json_array_append(objects, object);
	return json_array_size(objects) <= OBJECTS_MAX ||
	       err_set(err, ERR_LIMIT, "expected at most %d objects", OBJECTS_MAX);
}

static bool read_policies(struct judging *judging, json_t *objects, struct err *err)
{
	char *const no_flags[] = {(char[]){"agent"}, NULL};
	const struct command_call *call = judging->call;
	const char *path = command_value(call, "policy");
	const char *provider = command_value(call, "mesh-provider");
	struct provider_options *agent = arena_alloc(&judging->arena, sizeof(*agent));
	struct buf warnings = {.max = OPTIONS_WARNINGS_MAX};
	struct options standard;
	bool is_parsed = options_parse(1, no_flags, &standard, &warnings, err);

	buf_fini(&warnings);
	if (!is_parsed || !command_file_objects(path, keep, objects, err))
		return false;
	agent->default_provider = provider ? provider : standard.mesh_provider;
	agent->metrics_server = standard.metrics_server;
	return replay_policy_read(
		       objects, *call->flags.k8s_namespace ? call->flags.k8s_namespace : "default",
		       agent, &judging->arena, &judging->policies, err) ||
	       err_wrap(err, "%.200s", path);
}

static json_t *row_of(const struct command_run *run, const struct replay_verdict *verdict)
{
	json_t *row = kube_tree_object();

	kube_tree_set_text(row, "namespace", run->k8s_namespace);
	kube_tree_set_text(row, "release", run->release.name);
	kube_tree_set(row, "started", command_run_time_tree(run->release.status.times.started));
	kube_tree_set_text(row, "was", release_outcome_name(run->release.status.outcome));
	kube_tree_set_text(row, "would", replay_judge_word(verdict->end));
	kube_tree_set(row, "at", command_run_time_tree(verdict->at));
	kube_tree_set_whole(row, "weight", verdict->weight);
	kube_tree_set_whole(row, "checks", (json_int_t)verdict->n_checks);
	kube_tree_set(row, "atOtherWeights", json_boolean(verdict->is_elsewhere));
	kube_tree_set(row, "queryAssumed", json_boolean(verdict->is_assumed));
	kube_tree_set_text(row, "reason", verdict->reason);
	return row;
}

/* Analysed, and over. */
static bool is_judged(const struct judging *judging, const struct command_run *run)
{
	const struct release_status *status = &run->release.status;

	return status->outcome != OUTCOME_NONE && run->release.cause != CAUSE_INIT &&
	       run->release.cause != CAUSE_UNDO &&
	       command_choice_takes(&judging->choice, run, command_now(judging->call));
}

static bool judge_runs(struct judging *judging, const struct command_runs *runs, struct err *err)
{
	for (size_t i = 0; i < runs->n_runs; i++) {
		const struct command_run *run = &runs->runs[i];
		const struct replay_policy *policy =
			replay_policy_find(&judging->policies, run->k8s_namespace, run->canary);
		struct replay_verdict verdict;

		if (!policy || !is_judged(judging, run))
			continue;
		if (!replay_judge(judging->db, policy, run, &verdict, err))
			return false;
		judging->n_back += verdict.end == REPLAY_ROLLED_BACK;
		judging->n_on += verdict.end == REPLAY_PROMOTED;
		judging->n_unknown += verdict.end == REPLAY_UNKNOWN;
		kube_tree_append(judging->rows, row_of(run, &verdict));
	}
	return true;
}

static void show_row(struct command_print_table *table, const json_t *row)
{
	const char *would = kube_tree_value(row, "would");
	bool is_back = strcmp(would, "rolled_back") == 0;
	char weight[16];
	char reason[SENTENCE_MAX + 120];
	const char *const cells[COLUMNS] = {
		kube_tree_value(row, "namespace"),
		kube_tree_value(row, "release"),
		kube_tree_value(row, "was"),
		would,
		strcmp(would, "unknown") == 0 ? "" : kube_tree_value(row, "at"),
		weight,
		reason,
	};

	text_format(weight, sizeof(weight), "%d", kube_tree_whole(row, "weight", 0));
	text_format(reason, sizeof(reason), "%.300s%s%s", kube_tree_value(row, "reason"),
	            json_is_true(json_object_get(row, "atOtherWeights"))
	                    ? " (by samples taken at other weights)"
	                    : "",
	            json_is_true(json_object_get(row, "queryAssumed"))
	                    ? " (taking the query for the one that was asked)"
	                    : "");
	command_print_table_add(table, cells, is_back ? COMMAND_PRINT_BAD : COMMAND_PRINT_PLAIN);
}

static void show_judged(const struct judging *judging)
{
	static const struct command_print_column columns[COLUMNS] = {
		{.title = "NAMESPACE", .is_cut = true},
		{.title = "RELEASE", .is_cut = true},
		{.title = "WAS"},
		{.title = "WOULD"},
		{.title = "AT"},
		{.title = "WEIGHT", .is_right = true},
		{.title = "WHY", .is_cut = true},
	};
	const struct command_call *call = judging->call;
	struct command_print_table *table = command_print_table_new(call, columns, COLUMNS);
	size_t n_shown = 0;

	for (size_t i = 0; i < json_array_size(judging->rows); i++) {
		const json_t *row = json_array_get(judging->rows, i);

		if (call->flags.form != COMMAND_FORM_WIDE &&
		    strcmp(kube_tree_value(row, "was"), kube_tree_value(row, "would")) == 0)
			continue;
		show_row(table, row);
		n_shown++;
	}
	if (n_shown > 0)
		command_print_table_write(table);
	command_print_table_free(table);
	(void)fprintf(call->out,
	              "would have rolled back %lld of %zu releases, promoted %lld; of %lld it "
	              "cannot be known\n",
	              (long long)judging->n_back, json_array_size(judging->rows),
	              (long long)judging->n_on, (long long)judging->n_unknown);
}

static void show_tree(const struct judging *judging)
{
	CLEANUP(tree_freep) json_t *tree = kube_tree_object();

	kube_tree_set(tree, "releases", json_incref(judging->rows));
	kube_tree_set(tree, "rolledBack", json_integer(judging->n_back));
	kube_tree_set(tree, "promoted", json_integer(judging->n_on));
	kube_tree_set(tree, "unknown", json_integer(judging->n_unknown));
	command_print_tree(judging->call, tree);
}

/* The oldest first, as they came. */
static int compare(const void *a, const void *b)
{
	const struct command_run *left = a;
	const struct command_run *right = b;
	int64_t earlier = left->release.status.times.started.ms;
	int64_t later = right->release.status.times.started.ms;

	return earlier < later ? -1 : earlier > later;
}

static bool judge(struct judging *judging, const char *path, json_t *objects, struct err *err)
{
	struct command_evidence_filter filter = {
		.k8s_namespace = *judging->call->flags.k8s_namespace
	                                 ? judging->call->flags.k8s_namespace
	                                 : NULL,
		.canary = judging->call->n_words > 0 ? judging->call->words[0] : NULL,
	};
	struct command_runs runs = {0};
	size_t n_unreadable = 0;
	bool is_judged;

	if (!command_choice_parse(command_value(judging->call, "since"), NULL, &judging->choice,
	                          err) ||
	    !read_policies(judging, objects, err) ||
	    !command_evidence_read(path, &filter, &judging->arena, &runs, &n_unreadable, err) ||
	    !history_read_open(path, &judging->db, err))
		return false;
	if (runs.n_runs > 0)
		qsort(runs.runs, runs.n_runs, sizeof(*runs.runs), compare);
	is_judged = judge_runs(judging, &runs, err) || err_wrap(err, "%s", path);
	history_read_close(judging->db);
	return is_judged;
}

static enum command_exit replay_policy(struct command_call *call, const char *path)
{
	CLEANUP(tree_freep) json_t *rows = kube_tree_list();
	CLEANUP(tree_freep) json_t *objects = kube_tree_list();
	struct judging judging = {.call = call, .rows = rows};
	struct err err = {0};
	bool is_done = judge(&judging, path, objects, &err);

	arena_fini(&judging.arena);
	if (!is_done)
		return command_fail(call, &err);
	if (command_print_is_tree(call))
		show_tree(&judging);
	else
		show_judged(&judging);
	return COMMAND_OK;
}

static enum command_exit run(struct command_call *call)
{
	const char *path = command_value(call, "file");
	bool is_policy = command_value(call, "policy") != NULL;

	if (!path || !*path)
		return command_say(call, COMMAND_USAGE,
		                   "expected --file FILE, the agent's history");
	if (is_policy)
		return replay_policy(call, path);
	if (command_value(call, "since"))
		return command_say(call, COMMAND_USAGE, "--since goes with --policy");
	if (call->n_words == 0)
		return command_say(call, COMMAND_USAGE,
		                   "expected the name of a release, or --policy PATH");
	return replay_release(call, path);
}

const struct command command_replay = {
	.name = "replay",
	.summary = "Derive recorded decisions again, or judge releases by another policy",
	.words = "RELEASE|[CANARY]",
	.text = "Of a release, each recorded decision is derived again from its recorded facts, and "
		"told whether it\nis the same. With --policy, each release that is over is judged by "
		"the Canaries in a file or folder:\nwhich would have been rolled back, on the "
		"samples that were recorded. What was not recorded, as\nanother metric, another query "
		"or a step that was never reached, is said and not guessed.\nThose that end as they "
		"did are left out but with -o wide.\n",
	.example = "replay --policy new.yaml --since 30d --file history.db",
	.takes = COMMAND_TAKES_NAMESPACE | COMMAND_TAKES_OUTPUT | COMMAND_TAKES_WIDE,
	.n_words_min = 0,
	.n_words_max = 1,
	.flags = flags,
	.n_flags = array_length(flags),
	.run = run,
};
