#include "agent/command/command_splits.h"

#include "agent/command/command_api.h"
#include "agent/command/command_flags.h"
#include "agent/command/command_print.h"
#include "agent/command/command_run.h"
#include "agent/history_read.h"
#include "agent/history_splits.h"
#include "providers/kube/tree.h"
#include "providers/split.h"
#include "providers/wire/tree.h"

#include <string.h>

#define CHANGES_MAX 500
#define COLUMNS     6
#define LINE_MAX    1024

static const struct command_print_column columns[COLUMNS] = {
	{.title = "NAMESPACE", .is_cut = true},
	{.title = "OBJECT", .is_cut = true, .least = 12},
	{.title = "AGE"},
	{.title = "SEEN", .is_wide = true},
	{.title = "BY", .is_cut = true},
	{.title = "SPLIT", .is_cut = true, .least = 12},
};

static const char *words_of(const json_t *change, char ret[LINE_MAX])
{
	const char *result = kube_tree_text(change, "result");

	if (strcmp(result, "removed") == 0)
		return "removed";
	if (strcmp(result, "left") == 0)
		return "observed no more";
	split_tell(change, ret, LINE_MAX);
	return ret;
}

static void show(const struct command_call *call, const json_t *changes)
{
	struct command_print_table *table = command_print_table_new(call, columns, COLUMNS);
	size_t index;
	json_t *change;

	json_array_foreach(changes, index, change)
	{
		struct instant at = {0};
		char object[512];
		char words[LINE_MAX];
		char age[COMMAND_RUN_SPAN_MAX];

		(void)instant_parse(kube_tree_text(change, "at"), &at, NULL);
		(void)snprintf(object, sizeof(object), "%s/%s", kube_tree_text(change, "kind"),
		               kube_tree_text(change, "name"));
		command_print_table_add(
			table,
			(const char *const[]){
				kube_tree_text(change, "namespace"), object,
				command_run_span(instant_between(at, command_now(call)), age),
				kube_tree_text(change, "seenAt"), kube_tree_text(change, "by"),
				words_of(change, words)},
			COMMAND_PRINT_PLAIN);
	}
	command_print_table_write(table);
	command_print_table_free(table);
}

static bool read_file(const struct command_call *call, json_t **ret, struct err *err)
{
	const struct history_splits_filter filter = {
		.k8s_namespace = *call->flags.k8s_namespace ? call->flags.k8s_namespace : NULL,
		.name = call->n_words > 0 ? call->words[0] : NULL,
		.n_max = CHANGES_MAX,
	};
	sqlite3 *db = NULL;
	int64_t next;
	bool is_fine;

	if (!history_read_open(command_value(call, "file"), &db, err))
		return false;
	is_fine = history_splits_read(db, &filter, ret, &next, err);
	history_read_close(db);
	return is_fine;
}

static bool ask_agent(struct command_call *call, json_t **ret, struct err *err)
{
	const char *where = command_value(call, "api");
	const char *name = call->n_words > 0 ? call->words[0] : NULL;
	struct command_client *client = command_api_client(call, where, err);
	struct command_api api;
	const char *rest;
	bool is_fine;

	if (!client)
		return false;
	is_fine = command_api_init(&api, call, client, where, err);
	if (is_fine) {
		rest = arena_format(&api.arena, "splits?limit=%d%s", CHANGES_MAX,
		                    command_api_argument(&api, "name", name));
		is_fine = command_api_get(&api, command_api_path(&api, call, rest), ret, err);
	}
	command_api_fini(&api);
	command_client_free(client);
	return is_fine;
}

enum command_exit command_splits(struct command_call *call)
{
	CLEANUP(tree_freep) json_t *tree = NULL;
	bool has_file = command_value(call, "file") != NULL;
	struct err err = {0};
	bool is_read;

	if (call->flags.is_watching || command_value(call, "since") ||
	    command_value(call, "result") || command_value(call, "all") ||
	    has_file == (command_value(call, "api") != NULL))
		return command_say(call, COMMAND_USAGE,
		                   "expected --splits with either --file or --api, and no other "
		                   "choice: the cluster does not keep them");
	is_read = has_file ? read_file(call, &tree, &err) : ask_agent(call, &tree, &err);
	if (!is_read)
		return command_fail(call, &err);
	if (command_print_is_tree(call)) {
		command_print_tree(call, tree);
		return COMMAND_OK;
	}
	if (json_array_size(json_object_get(tree, "splits")) == 0)
		return command_say(call, COMMAND_OK,
		                   "no splits: the agent records them with --observe, of objects "
		                   "that ask for it by " SPLIT_ANNOTATION);
	show(call, json_object_get(tree, "splits"));
	return COMMAND_OK;
}
