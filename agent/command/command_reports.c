#include "agent/command/command_reports.h"

#include "agent/command/command_api.h"
#include "agent/command/command_choice.h"
#include "agent/command/command_client.h"
#include "agent/command/command_evidence.h"
#include "agent/command/command_print.h"
#include "agent/command/command_releases.h"
#include "agent/command/report_read.h"
#include "agent/history_read.h"
#include "agent/history_splits.h"
#include "analysis/base/compiler.h"
#include "providers/kube/tree.h"
#include "providers/wire/tree.h"
#include "providers/wire/url.h"

#include <string.h>

#define ASKED_MAX 500 /* releases of the agent's API, or splits; the newest */

/* One report being made. */
struct asking {
	struct command_call *call;
	const struct report_kind *kind;
	const char *canary; /* NULL: any */
	struct command_choice choice;
	struct report_source source;
	struct arena arena;
	json_t *tree;   /* the releases */
	json_t *splits; /* of routes without a Canary */
	/* One of these. */
	sqlite3 *db;
	struct command_client *client;
	struct command_api api;
	bool has_api;
};

/* From a file --------------------------------------------------------------------------------- */

static bool read_of_file(void *user, const char *k8s_namespace, const char *release, json_t **ret,
                         struct err *err)
{
	struct asking *asking = user;

	return report_read_open(asking->db, k8s_namespace, release, ret, err);
}

static const char *chosen_namespace(const struct asking *asking)
{
	const struct command_flags *flags = &asking->call->flags;

	return *flags->k8s_namespace && !flags->is_everywhere ? flags->k8s_namespace : NULL;
}

static void take_runs(struct asking *asking, struct command_runs *runs)
{
	command_releases_keep(runs, &asking->choice, true, command_now(asking->call));
	command_releases_sort(runs);
	asking->tree = command_releases_tree(runs);
}

static bool read_splits(struct asking *asking, struct err *err)
{
	const struct history_splits_filter filter = {
		.k8s_namespace = chosen_namespace(asking),
		.name = asking->canary,
		.n_max = ASKED_MAX,
	};
	int64_t next = 0;

	return !asking->kind->has_splits ||
	       history_splits_read(asking->db, &filter, &asking->splits, &next, err);
}

static bool ask_file(struct asking *asking, const char *path, struct err *err)
{
	const struct command_evidence_filter filter = {
		.k8s_namespace = chosen_namespace(asking),
		.canary = asking->canary,
	};
	struct command_runs runs = {0};
	size_t n_unreadable = 0;

	if (!history_read_open(path, &asking->db, err))
		return false;
	asking->source.path = path;
	asking->source.read = read_of_file;
	if (asking->kind->need == REPORT_NEEDS_FILE)
		return true;
	if (!read_splits(asking, err) ||
	    !command_evidence_read_open(asking->db, &filter, &asking->arena, &runs, &n_unreadable,
	                                err))
		return err_wrap(err, "%s", path);
	if (n_unreadable > 0)
		(void)command_say(asking->call, COMMAND_OK, "%s: %zu rounds cannot be read", path,
		                  n_unreadable);
	take_runs(asking, &runs);
	return true;
}

/* From an agent ------------------------------------------------------------------------------- */

static bool read_of_agent(void *user, const char *k8s_namespace, const char *release, json_t **ret,
                          struct err *err)
{
	struct asking *asking = user;
	const char *path = arena_format(&asking->arena, "/api/v1/namespaces/%s/releases/%s",
	                                k8s_namespace, release);

	return command_api_get(&asking->api, path, ret, err);
}

/* "&since=7d" */
static const char *since_of(struct asking *asking)
{
	CLEANUP(buf_fini) struct buf text = {.max = URL_TEXT_MAX};
	const char *since = command_value(asking->call, "since");

	if (!since || !url_escape(since, strlen(since), &text))
		return "";
	return arena_format(&asking->arena, "&since=%s", buf_text(&text));
}

/* An agent that knows of no splits has none to tell of. */
static bool ask_splits(struct asking *asking, struct err *err)
{
	const char *rest =
		arena_format(&asking->arena, "splits?limit=%d%s%s", ASKED_MAX,
	                     asking->canary ? "&name=" : "", asking->canary ? asking->canary : "");

	return !asking->kind->has_splits ||
	       command_api_get(&asking->api, command_api_path(&asking->api, asking->call, rest),
	                       &asking->splits, err);
}

static bool ask_agent(struct asking *asking, const char *where, struct err *err)
{
	const char *rest = arena_format(&asking->arena, "releases?limit=%d&all=true%s%s%s",
	                                ASKED_MAX, asking->canary ? "&canary=" : "",
	                                asking->canary ? asking->canary : "", since_of(asking));

	asking->client = command_api_client(asking->call, where, err);
	if (!asking->client)
		return false;
	asking->has_api = true;
	if (!command_api_init(&asking->api, asking->call, asking->client, where, err) ||
	    !command_api_get(&asking->api, command_api_path(&asking->api, asking->call, rest),
	                     &asking->tree, err) ||
	    !ask_splits(asking, err))
		return false;
	asking->source.read = read_of_agent;
	if (json_array_size(json_object_get(asking->tree, "releases")) == ASKED_MAX)
		(void)command_say(asking->call, COMMAND_OK, "of the newest %d releases", ASKED_MAX);
	return true;
}

/* From the cluster ---------------------------------------------------------------------------- */

static bool ask_cluster(struct asking *asking, struct err *err)
{
	struct command_client *client = command_client_new(asking->call, err);
	struct command_client_list list = {.kind = KUBE_RELEASE};
	struct command_runs runs;
	bool is_read;

	if (!client)
		return false;
	list.k8s_namespace = command_client_namespace(client);
	if (asking->canary)
		list.labels = arena_format(&asking->arena, KUBE_LABEL_CANARY "=%s", asking->canary);
	is_read = command_client_read(client, &list, err);
	if (is_read) {
		runs = command_run_read(list.items, &asking->arena);
		take_runs(asking, &runs);
	}
	command_client_list_fini(&list);
	command_client_free(client);
	return is_read;
}

/* An agent that can be found, else the cluster alone. */
static bool ask_around(struct asking *asking, struct err *err)
{
	struct err refusal = {0};

	if (ask_agent(asking, COMMAND_API_AUTO, &refusal))
		return true;
	if (asking->kind->need != REPORT_NEEDS_RELEASES)
		return err_set(err, refusal.kind, "no --file was given, and no agent answered: %s",
		               refusal.text);
	(void)command_say(asking->call, COMMAND_OK,
	                  "from the Releases that the cluster keeps: no --file was given, and no "
	                  "agent answered: %s",
	                  refusal.text);
	return ask_cluster(asking, err);
}

/* Showing ------------------------------------------------------------------------------------- */

static void show_table(const struct command_call *call, const struct report_kind *kind,
                       const json_t *rows)
{
	struct command_print_column columns[REPORT_LIST_COLUMNS_MAX] = {0};
	char cells[REPORT_LIST_COLUMNS_MAX][REPORT_LIST_CELL_MAX];
	const char *texts[REPORT_LIST_COLUMNS_MAX] = {0};
	struct command_print_table *table;
	size_t n_columns = 0;

	for (; n_columns < REPORT_LIST_COLUMNS_MAX && kind->columns[n_columns].key; n_columns++)
		columns[n_columns] = (struct command_print_column){
			.title = kind->columns[n_columns].title,
			.is_wide = kind->columns[n_columns].is_wide,
			.is_cut = true,
		};
	table = command_print_table_new(call, columns, n_columns);
	for (size_t i = 0; i < json_array_size(rows); i++) {
		for (size_t k = 0; k < n_columns; k++)
			texts[k] = report_list_cell(json_array_get(rows, i), kind->columns[k].key,
			                            cells[k]);
		command_print_table_add(table, texts, COMMAND_PRINT_PLAIN);
	}
	command_print_table_write(table);
	command_print_table_free(table);
}

static enum command_exit show(const struct asking *asking, const json_t *report)
{
	const struct command_call *call = asking->call;
	const json_t *rows = json_object_get(report, "rows");

	if (command_print_is_tree(call)) {
		command_print_tree(call, report);
		return COMMAND_OK;
	}
	if (json_array_size(rows) == 0)
		return command_say(call, COMMAND_OK, "%s: nothing to tell", asking->kind->id);
	show_table(call, asking->kind, rows);
	return COMMAND_OK;
}

static bool ask(struct asking *asking, struct err *err)
{
	const char *path = command_value(asking->call, "file");
	const char *where = command_value(asking->call, "api");

	if (path)
		return ask_file(asking, path, err);
	return where ? ask_agent(asking, where, err) : ask_around(asking, err);
}

static enum command_exit make(struct asking *asking)
{
	CLEANUP(tree_freep) json_t *report = NULL;
	struct report_source *source = &asking->source;
	struct err err = {0};

	if (!ask(asking, &err))
		return command_fail(asking->call, &err);
	source->releases = json_object_get(asking->tree, "releases");
	source->splits = json_object_get(asking->splits, "splits");
	source->now = command_now(asking->call);
	if (asking->canary && json_array_size(source->releases) == 0 &&
	    json_array_size(source->splits) == 0)
		return command_say(asking->call, COMMAND_NOT_FOUND,
		                   "no release of canary \"%s\" is known", asking->canary);
	if (!report_list_make(asking->kind, source, &report, &err))
		return err.kind == ERR_INVALID
		               ? command_say(asking->call, COMMAND_NOT_FOUND, "%s", err.text)
		               : command_fail(asking->call, &err);
	return show(asking, report);
}

/* What was given fits the report; else it is said and false. */
static bool check_words(struct command_call *call, const struct report_kind *kind)
{
	size_t n_words = call->n_words - 1;

	if (kind->why_not)
		(void)command_say(call, COMMAND_USAGE, "%s (%s): one cluster cannot answer it: %s",
		                  kind->id, kind->question, kind->why_not);
	else if (n_words < kind->n_words_min || n_words > kind->n_words_max)
		(void)command_say(call, COMMAND_USAGE, "expected %s %s%s%s", kind->id,
		                  *kind->words ? kind->words : "alone",
		                  n_words > kind->n_words_max ? ", got " : "",
		                  n_words > kind->n_words_max ? "more" : "");
	else if (command_value(call, "html"))
		(void)command_say(call, COMMAND_USAGE, "--html is for the report of a release");
	else if (command_value(call, "since") && !kind->is_past)
		(void)command_say(call, COMMAND_USAGE, "%s is not about a time: no --since",
		                  kind->id);
	else if (kind->need == REPORT_NEEDS_FILE && !command_value(call, "file"))
		(void)command_say(call, COMMAND_USAGE,
		                  "%s: expected --file FILE, the agent's history", kind->id);
	else
		return true;
	return false;
}

enum command_exit command_reports_run(struct command_call *call, const struct report_kind *kind)
{
	struct asking asking = {.call = call, .kind = kind};
	struct err err = {0};
	enum command_exit status;

	if (!check_words(call, kind))
		return COMMAND_USAGE;
	if (!command_choice_parse(command_value(call, "since"), NULL, &asking.choice, &err))
		return command_say(call, COMMAND_USAGE, "%s", err.text);
	for (size_t i = 0; i < REPORT_LIST_WORDS_MAX; i++)
		asking.source.words[i] = call->n_words > i + 1 ? call->words[i + 1] : "";
	if (strstr(kind->words, "[CANARY]") && *asking.source.words[0])
		asking.canary = asking.source.words[0];
	if (kind->is_everywhere)
		call->flags.is_everywhere = true;
	asking.source.arena = &asking.arena;
	asking.source.user = &asking;
	status = make(&asking);
	json_decref(asking.tree);
	json_decref(asking.splits);
	history_read_close(asking.db);
	if (asking.has_api)
		command_api_fini(&asking.api);
	command_client_free(asking.client);
	arena_fini(&asking.arena);
	return status;
}

enum command_exit command_reports_list(const struct command_call *call)
{
	CLEANUP(tree_freep) json_t *tree = report_list_tree();

	if (command_print_is_tree(call))
		command_print_tree(call, tree);
	else
		command_reports_help(call->out);
	return COMMAND_OK;
}

void command_reports_help(FILE *out)
{
	(void)fputs("Reports about what a cluster has:\n", out);
	for (size_t i = 0; i < report_list_length; i++) {
		if (!report_list[i].why_not)
			(void)fprintf(out, "  %s %-20s %s\n", report_list[i].id,
			              report_list[i].words, report_list[i].question);
	}
	(void)fputs("What one cluster cannot answer:\n", out);
	for (size_t i = 0; i < report_list_length; i++) {
		if (report_list[i].why_not)
			(void)fprintf(out, "  %s %s: %s\n", report_list[i].id,
			              report_list[i].question, report_list[i].why_not);
	}
}

void command_reports_choices(void (*visit)(void *user, const char *word), void *user)
{
	for (size_t i = 0; i < report_list_length; i++) {
		if (!report_list[i].why_not)
			visit(user, report_list[i].id);
	}
}

/* One release --------------------------------------------------------------------------------- */

/* What people did, as events. */
static json_t *events_of(const json_t *release, struct arena *arena)
{
	const json_t *actions = json_object_get(release, "actions");
	json_t *events = kube_tree_list();

	for (size_t i = 0; i < json_array_size(actions); i++) {
		const json_t *action = json_array_get(actions, i);
		const char *reason = kube_tree_value(action, "reason");
		json_t *event = kube_tree_object();

		kube_tree_set_text(event, "at", kube_tree_value(action, "at"));
		kube_tree_set_text(event, "kind", "person");
		kube_tree_set_text(
			event, "text",
			arena_format(arena, "%s by %s%s%s", kube_tree_value(action, "verb"),
		                     kube_tree_value(action, "by"), *reason ? ": " : "", reason));
		kube_tree_append(events, event);
	}
	return events;
}

static json_t *report_of(const json_t *release, struct arena *arena)
{
	static const char *const unknown[] = {"set", "seen", "checks", "edits"};
	json_t *report = kube_tree_object();

	kube_tree_set(report, "release", kube_tree_copy(release));
	kube_tree_set(report, "events", events_of(release, arena));
	kube_tree_set(report, "pruned", json_null());
	for (size_t i = 0; i < array_length(unknown); i++)
		kube_tree_set(report, unknown[i], kube_tree_list());
	return report;
}

bool command_reports_find(struct command_call *call, const char *release, json_t **ret,
                          struct err *err)
{
	struct asking asking = {.call = call};
	bool is_asked = ask_cluster(&asking, err);
	const json_t *list = json_object_get(asking.tree, "releases");

	*ret = NULL;
	for (size_t i = 0; i < json_array_size(list) && !*ret; i++) {
		const json_t *one = json_array_get(list, i);

		if (strcmp(kube_tree_value(one, "name"), release) == 0)
			*ret = report_of(one, &asking.arena);
	}
	json_decref(asking.tree);
	arena_fini(&asking.arena);
	return is_asked;
}
