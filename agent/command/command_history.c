#include "agent/command/command_api.h"
#include "agent/command/command_choice.h"
#include "agent/command/command_client.h"
#include "agent/command/command_evidence.h"
#include "agent/command/command_flags.h"
#include "agent/command/command_print.h"
#include "agent/command/command_releases.h"
#include "agent/command/command_rows.h"
#include "agent/command/command_run.h"
#include "agent/command/command_splits.h"
#include "analysis/base/text.h"
#include "providers/kube/tree.h"
#include "providers/wire/tree.h"

#include <stdlib.h>
#include <string.h>

#define COLUMNS 14
#define BY      8  /* left out when nobody acted */
#define SOURCE  11 /* this and what follows: when it is known of one of them */

static const struct command_print_column columns[COLUMNS] = {
	{.title = "NAMESPACE", .is_cut = true},
	{.title = "RELEASE", .is_cut = true, .least = 12},
	{.title = "FROM", .is_cut = true, .least = 12},
	{.title = "TO", .is_cut = true, .least = 12},
	{.title = "AGE"},
	{.title = "STARTED", .is_wide = true},
	{.title = "TOOK"},
	{.title = "OUTCOME", .least = 12},
	{.title = "BY", .is_cut = true},
	{.title = "CHECK", .is_cut = true},
	{.title = "REASON", .is_wide = true, .is_cut = true},
	{.title = "COMMIT", .is_wide = true, .is_cut = true},
	{.title = "AUTHOR", .is_wide = true, .is_cut = true},
	{.title = "CHANGE", .is_wide = true, .is_cut = true},
};

static const struct command_flag flags[] = {
	{"file", 'f', "FILE",
         "read a history file instead of the cluster, also while an agent writes to it"},
	{"all", 0, NULL, "initialisations too: the release that each canary begins with"},
	{"since", 0, "AGE", "only those that ended since, or are open: 90m, 7d, 2026-11-20"},
	{"result", 0, "WORD", "only what ended so; more than one with commas"},
	{"splits", 0, NULL,
         "instead, how routes that no Canary has divide requests, of the object NAME"},
	COMMAND_API_FLAG,
};

/* One call. */
struct history {
	struct command_call *call;
	struct command_choice choice;
	struct command_client *client;   /* of the cluster */
	struct command_client_list list; /* its Releases */
	const char *where;
	json_t *seen; /* with -w: names to the versions that were shown */
	bool is_shown;
};

static enum command_print_colour colour_of(const struct command_run *run)
{
	switch (run->release.status.outcome) {
	case OUTCOME_PROMOTED:
	case OUTCOME_SKIPPED:
		return COMMAND_PRINT_GOOD;
	case OUTCOME_ROLLED_BACK:
	case OUTCOME_FAILED_PROMOTION:
		return COMMAND_PRINT_BAD;
	case OUTCOME_NONE:
		return COMMAND_PRINT_WAIT;
	case OUTCOME_SUPERSEDED:
	case OUTCOME_CANCELLED:
		break;
	}
	return COMMAND_PRINT_PLAIN;
}

static const char *source_of(const struct command_run *run, enum command_source_fact fact)
{
	return run->source[fact] ? run->source[fact] : "";
}

static void add(struct command_print_table *table, const struct command_call *call,
                const struct command_run *run, size_t skipped, bool has_deeds)
{
	bool is_wide = call->flags.form == COMMAND_FORM_WIDE;
	const struct release_status *status = &run->release.status;
	char started[INSTANT_TEXT_MAX] = "";
	char age[COMMAND_RUN_SPAN_MAX] = "";
	char took[COMMAND_RUN_SPAN_MAX];
	const struct action_mark *deed = command_run_deed(run);
	char by[PERSON_MAX + 16] = "";
	char bound[COMMAND_RUN_BOUND_MAX];
	char check[COMMAND_RUN_BOUND_MAX + 80] = "";
	const char *cells[COLUMNS] = {
		run->k8s_namespace,
		run->release.name,
		*run->from_image && !is_wide ? command_run_short_image(run->from_image)
					     : run->from_image,
		*run->to_image && !is_wide ? command_run_short_image(run->to_image) : run->to_image,
		age,
		started,
		command_run_span(command_run_length(run, command_now(call)), took),
		command_run_word(run),
		by,
		check,
		*run->trouble ? run->trouble : status->reason,
		source_of(run, COMMAND_SOURCE_COMMIT),
		source_of(run, COMMAND_SOURCE_AUTHOR),
		source_of(run, COMMAND_SOURCE_CHANGE),
	};

	if (instant_is_set(status->times.started)) {
		(void)instant_format_seconds(status->times.started, started);
		(void)command_run_span(instant_between(status->times.started, command_now(call)),
		                       age);
	}
	if (deed)
		text_format(by, sizeof(by), "%s (%s)", deed->by, verb_name(deed->verb));
	if (run->has_deciding)
		text_format(check, sizeof(check), "%s %s", run->deciding.name,
		            command_run_bound(&run->deciding, bound));
	if (!has_deeds)
		memmove(&cells[BY], &cells[BY + 1], (COLUMNS - BY - 1) * sizeof(cells[0]));
	command_print_table_add(table, cells + skipped, colour_of(run));
}

/* Somebody acted on one of them; rows that are appended later have the column anyway. */
static bool has_deeds(const struct command_call *call, const struct command_runs *runs)
{
	for (size_t i = 0; i < runs->n_runs; i++) {
		if (command_run_deed(&runs->runs[i]))
			return true;
	}
	return call->flags.is_watching;
}

static bool has_source(const struct command_call *call, const struct command_runs *runs)
{
	for (size_t i = 0; i < runs->n_runs; i++) {
		if (*source_of(&runs->runs[i], COMMAND_SOURCE_COMMIT) ||
		    *source_of(&runs->runs[i], COMMAND_SOURCE_AUTHOR) ||
		    *source_of(&runs->runs[i], COMMAND_SOURCE_CHANGE))
			return true;
	}
	return call->flags.is_watching;
}

static void show_table(const struct command_call *call, const struct command_runs *runs,
                       bool is_first)
{
	size_t skipped = call->flags.is_everywhere || command_value(call, "file") ? 0 : 1;
	bool is_personal = has_deeds(call, runs);
	bool is_traced = has_source(call, runs);
	struct command_print_column chosen[COLUMNS];
	struct command_print_table *table;
	size_t n_columns = 0;

	if (runs->n_runs == 0)
		return;
	for (size_t i = skipped; i < COLUMNS; i++) {
		if ((i != BY || is_personal) && (i < SOURCE || is_traced))
			chosen[n_columns++] = columns[i];
	}
	table = command_print_table_new(call, chosen, n_columns);
	if (!is_first)
		command_print_table_continue(table);
	for (size_t i = 0; i < runs->n_runs; i++)
		add(table, call, &runs->runs[i], skipped, is_personal);
	command_print_table_write(table);
	command_print_table_free(table);
}

static void keep_chosen(const struct history *history, struct command_runs *runs)
{
	command_releases_keep(runs, &history->choice, command_value(history->call, "all") != NULL,
	                      command_now(history->call));
}

/* Drop the runs that were shown as they are. */
static void keep_changed(struct history *history, struct command_runs *runs)
{
	size_t n_kept = 0;

	for (size_t i = 0; i < runs->n_runs; i++) {
		const struct command_run *run = &runs->runs[i];
		const char *version = kube_tree_text(run->object, "metadata/resourceVersion");
		char key[600];

		(void)snprintf(key, sizeof(key), "%s/%s", run->k8s_namespace, run->release.name);
		if (strcmp(kube_tree_value(history->seen, key), version) == 0)
			continue;
		kube_tree_set_text(history->seen, key, version);
		runs->runs[n_kept++] = *run;
	}
	runs->n_runs = n_kept;
}

static void show(const struct command_call *call, struct command_runs *runs, bool is_first)
{
	CLEANUP(tree_freep) json_t *tree = NULL;

	command_releases_sort(runs);
	if (!command_print_is_tree(call)) {
		show_table(call, runs, is_first);
		return;
	}
	tree = command_releases_tree(runs);
	command_print_tree(call, tree);
}

/* Why there is none to show of those that were found. */
static const char *why_none(const struct history *history, size_t n_found)
{
	if (n_found == 0)
		return "";
	if (history->choice.results || history->choice.age.ms > 0 ||
	    instant_is_set(history->choice.since))
		return " that --since and --result let through";
	return ", only initialisations: --all";
}

/* Show RUNS, once. */
static enum command_exit conclude(const struct history *history, struct command_runs *runs)
{
	const struct command_call *call = history->call;
	size_t n_found = runs->n_runs;

	keep_chosen(history, runs);
	if (n_found == 0 && call->n_words > 0)
		return command_say(call, COMMAND_NOT_FOUND, "no release of canary \"%s\" in %s",
		                   call->words[0], history->where);
	show(call, runs, true);
	if (runs->n_runs == 0 && !command_print_is_tree(call))
		return command_say(call, COMMAND_OK, "no releases in %s%s", history->where,
		                   why_none(history, n_found));
	return COMMAND_OK;
}

static enum command_exit run_file(struct history *history, struct arena *arena)
{
	const struct command_call *call = history->call;
	const char *path = command_value(call, "file");
	struct command_evidence_filter filter = {
		.k8s_namespace = *call->flags.k8s_namespace ? call->flags.k8s_namespace : NULL,
		.canary = call->n_words > 0 ? call->words[0] : NULL,
	};
	struct command_runs runs = {0};
	size_t n_unreadable = 0;
	struct err err = {0};

	if (call->flags.is_watching)
		return command_say(call, COMMAND_USAGE, "expected --file or --watch, got both");
	if (!command_evidence_read(path, &filter, arena, &runs, &n_unreadable, &err))
		return command_fail(call, &err);
	if (n_unreadable > 0)
		(void)command_say(call, COMMAND_OK, "%s: %zu rounds cannot be read", path,
		                  n_unreadable);
	history->where = path;
	return conclude(history, &runs);
}

#define ASKED_MAX 500 /* of the agent's API */

/* The same choice is made there. */
static bool ask_agent(struct history *history, const char *where, json_t **ret, struct err *err)
{
	struct command_call *call = history->call;
	struct command_api api;
	const char *rest;
	bool is_fine;

	history->client = command_api_client(call, where, err);
	if (!history->client)
		return false;
	is_fine = command_api_init(&api, call, history->client, where, err);
	if (is_fine) {
		rest = arena_format(
			&api.arena, "releases?limit=%d%s%s%s%s", ASKED_MAX,
			command_api_argument(&api, "canary",
		                             call->n_words > 0 ? call->words[0] : NULL),
			command_api_argument(&api, "since", command_value(call, "since")),
			command_api_argument(&api, "result", command_value(call, "result")),
			command_api_argument(&api, "all",
		                             command_value(call, "all") ? "true" : NULL));
		is_fine = command_api_get(&api, command_api_path(&api, call, rest), ret, err);
	}
	command_api_fini(&api);
	return is_fine;
}

static enum command_exit run_agent(struct history *history, struct arena *arena)
{
	CLEANUP(tree_freep) json_t *tree = NULL;
	const struct command_call *call = history->call;
	struct command_runs runs;
	struct err err = {0};

	if (call->flags.is_watching || command_value(call, "file"))
		return command_say(call, COMMAND_USAGE, "expected --api, --file or --watch alone");
	if (!ask_agent(history, command_value(call, "api"), &tree, &err))
		return command_fail(call, &err);
	history->where = "the agent's history";
	if (command_print_is_tree(call) && tree) {
		command_print_tree(call, tree);
		return COMMAND_OK;
	}
	runs = command_releases_read(tree, arena);
	return conclude(history, &runs);
}

/* The releases were read, or have changed. */
static bool on_changed(void *user)
{
	struct history *history = user;
	struct command_call *call = history->call;
	bool is_redrawn = command_print_is_redrawn(call);
	struct arena arena = {0};
	struct command_runs runs = command_run_read(history->list.items, &arena);

	keep_chosen(history, &runs);
	if (is_redrawn)
		(void)fputs(COMMAND_PRINT_CLEAR, call->out);
	else
		keep_changed(history, &runs);
	if (runs.n_runs > 0 || is_redrawn || !history->is_shown) {
		show(call, &runs, !history->is_shown || is_redrawn);
		history->is_shown = runs.n_runs > 0 || command_print_is_tree(call);
	}
	arena_fini(&arena);
	return fflush(call->out) == 0 && !ferror(call->out);
}

static enum command_exit follow(struct history *history)
{
	struct span every =
		span_ms(command_print_is_redrawn(history->call) ? COMMAND_PRINT_BEAT : 0);
	struct err err = {0};
	bool is_fine;

	history->seen = kube_tree_object();
	is_fine = command_client_follow(history->client, &history->list, 1, every, on_changed,
	                                history, &err);
	json_decref(history->seen);
	return is_fine ? COMMAND_OK : command_fail(history->call, &err);
}

static enum command_exit run_cluster(struct history *history, struct arena *arena)
{
	const struct command_call *call = history->call;
	const char *k8s_namespace = command_client_namespace(history->client);
	struct command_runs runs;
	struct err err = {0};

	history->where = k8s_namespace ? arena_format(arena, "namespace \"%s\"", k8s_namespace)
	                               : "any namespace";
	history->list.kind = KUBE_RELEASE;
	history->list.k8s_namespace = k8s_namespace;
	if (call->n_words > 0)
		history->list.labels = arena_format(arena, KUBE_LABEL_CANARY "=%s", call->words[0]);
	if (call->flags.is_watching)
		return follow(history);
	if (!command_client_read(history->client, &history->list, &err))
		return command_fail(call, &err);
	runs = command_run_read(history->list.items, arena);
	return conclude(history, &runs);
}

static enum command_exit run(struct command_call *call)
{
	struct history history = {.call = call};
	struct arena arena = {0};
	struct err err = {0};
	enum command_exit status;

	if (command_value(call, "splits"))
		return command_splits(call);
	if (call->n_words > 0 && !command_flags_is_name(call->words[0]))
		return command_say(call, COMMAND_USAGE, "\"%.100s\": expected the name of a canary",
		                   call->words[0]);
	if (!command_choice_parse(command_value(call, "since"), command_value(call, "result"),
	                          &history.choice, &err))
		return command_say(call, COMMAND_USAGE, "%s", err.text);
	if (command_value(call, "api")) {
		status = run_agent(&history, &arena);
		command_client_free(history.client);
	} else if (command_value(call, "file")) {
		status = run_file(&history, &arena);
	} else {
		history.client = command_client_new(call, &err);
		status = history.client ? run_cluster(&history, &arena) : command_fail(call, &err);
		command_client_list_fini(&history.list);
		command_client_free(history.client);
	}
	arena_fini(&arena);
	return status;
}

const struct command command_history = {
	.name = "history",
	.summary = "List releases: what was promoted, what was rolled back and why",
	.words = "[NAME]",
	.text = "The Releases of a Canary, or of the namespace, newest first; the cluster keeps the "
		"newest ten of\neach. --file reads the evidence that an agent wrote (its --history), "
		"and --api asks the agent for\nits newest 500, with the query of the check that decided. -o wide adds whole images and the "
		"reason.\n\nResults are " COMMAND_CHOICE_RESULTS ".\n",
	.example = "history cart -n shop --since 7d --result rolled_back,failed_promotion",
	.takes = COMMAND_TAKES_CLUSTER | COMMAND_TAKES_NAMESPACE | COMMAND_TAKES_ALL |
                 COMMAND_TAKES_OUTPUT | COMMAND_TAKES_WIDE | COMMAND_TAKES_WATCH |
                 COMMAND_TAKES_HEADERS,
	.n_words_max = 1,
	.flags = flags,
	.n_flags = array_length(flags),
	.run = run,
};
