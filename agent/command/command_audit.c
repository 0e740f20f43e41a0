/* Is the evidence what the agent wrote? The file proves itself link by link; that its end was not
 * cut off or written anew, the Releases of the cluster witness. */
#include "agent/command/command_client.h"
#include "agent/command/command_print.h"
#include "agent/command/command_rows.h"
#include "agent/command/command_run.h"
#include "agent/history_export.h"
#include "agent/history_read.h"
#include "agent/history_verify.h"
#include "analysis/base/arena.h"
#include "analysis/base/compiler.h"
#include "analysis/base/text.h"
#include "providers/kube/tree.h"
#include "providers/wire/tree.h"

#include <inttypes.h>
#include <string.h>

static const struct command_flag flags[] = {
	{"file", 'f', "FILE", "the history file, also while an agent writes to it"},
	{"offline", 0, NULL, "ask no cluster: nothing is anchored then"},
	{"complete", 0, NULL,
         "the file must hold every chain that a Release names, not only those it has"},
};

static void dbp(sqlite3 **db)
{
	(void)history_read_close(*db);
}

/* The anchors that the Releases keep. */
static void read_witnesses(const json_t *releases, struct arena *arena,
                           struct history_witnesses *ret)
{
	size_t n = json_array_size(releases);
	struct history_witness *list = n > 0 ? arena_alloc(arena, n * sizeof(*list)) : NULL;

	ret->n = 0;
	for (size_t i = 0; i < n; i++) {
		const json_t *release = json_array_get(releases, i);
		const json_t *anchor = kube_tree_find(release, "status/anchor");
		struct history_witness *witness = &list[ret->n];

		if (json_integer_value(json_object_get(anchor, "seq")) <= 0)
			continue;
		*witness = (struct history_witness){
			.name = arena_format(arena, "release %s/%s",
		                             kube_tree_text(release, "metadata/namespace"),
		                             kube_tree_text(release, "metadata/name")),
			.anchor.seq = json_integer_value(json_object_get(anchor, "seq")),
		};
		text_copy(witness->anchor.chain, kube_tree_value(anchor, "chain"));
		text_copy(witness->anchor.hash, kube_tree_value(anchor, "hash"));
		ret->n++;
	}
	ret->list = list;
}

/* Who can witness: nobody is no failure, but said. */
static void ask_cluster(struct command_call *call, struct arena *arena,
                        struct history_witnesses *ret)
{
	struct command_client *client;
	struct command_client_list list = {
		.kind = KUBE_RELEASE,
		.k8s_namespace = *call->flags.k8s_namespace ? call->flags.k8s_namespace : NULL,
	};
	struct err err = {0};

	client = command_client_new(call, &err);
	if (client && command_client_read(client, &list, &err))
		read_witnesses(list.items, arena, ret);
	else
		(void)command_say(call, COMMAND_OK, "no cluster to witness the file: %s", err.text);
	command_client_list_fini(&list);
	command_client_free(client);
}

static void show_tree(const struct command_call *call, const struct history_verdict *verdict)
{
	CLEANUP(tree_freep) json_t *tree = kube_tree_object();

	kube_tree_set(tree, "intact", json_boolean(verdict->is_intact));
	kube_tree_set(tree, "entries", json_integer(verdict->n_records));
	kube_tree_set(tree, "anchored", json_integer(verdict->n_anchored));
	kube_tree_set(tree, "notAnchored", json_integer(verdict->n_records - verdict->n_anchored));
	kube_tree_set(tree, "derived", json_integer(verdict->n_derived));
	kube_tree_set(tree, "notDerivable", json_integer(verdict->n_underivable));
	kube_tree_set(tree, "notDerivableReason", command_run_text_tree(verdict->underivable));
	kube_tree_set(tree, "pruned", json_integer(verdict->n_pruned));
	kube_tree_set(tree, "anchors", json_integer((json_int_t)verdict->n_witnesses));
	kube_tree_set(tree, "anchorsOfOtherFiles", json_integer((json_int_t)verdict->n_strangers));
	kube_tree_set(tree, "entry", verdict->seq > 0 ? json_integer(verdict->seq) : json_null());
	kube_tree_set(tree, "problem", command_run_text_tree(verdict->what));
	command_print_tree(call, tree);
}

static void show_text(const struct command_call *call, const struct history_verdict *verdict)
{
	if (!verdict->is_intact) {
		(void)command_print_text(call, verdict->what, 0);
		(void)fprintf(call->out, "\n%" PRId64 " entries before it are intact.\n",
		              verdict->n_records);
		return;
	}
	(void)fprintf(call->out, "%" PRId64 " entries, intact: every link, hash and row.\n",
	              verdict->n_records);
	(void)fprintf(call->out,
	              "%" PRId64 " of them anchored by %zu Releases, %" PRId64
	              " not anchored yet.\n",
	              verdict->n_anchored, verdict->n_witnesses,
	              verdict->n_records - verdict->n_anchored);
	if (verdict->n_derived > 0)
		(void)fprintf(call->out,
		              "%" PRId64
		              " decisions derived again from their facts, all the same.\n",
		              verdict->n_derived);
	if (verdict->n_underivable > 0)
		(void)fprintf(call->out, "%" PRId64 " decisions this binary cannot derive: %s.\n",
		              verdict->n_underivable, verdict->underivable);
	if (verdict->n_pruned > 0)
		(void)fprintf(call->out,
		              "%" PRId64
		              " rounds whose facts were pruned, as the chain says: not derived "
		              "again.\n",
		              verdict->n_pruned);
	if (verdict->n_strangers > 0)
		(void)fprintf(call->out,
		              "%zu anchors are of chains that are not in this file; --complete "
		              "minds them.\n",
		              verdict->n_strangers);
}

static enum command_exit verify(struct command_call *call, const char *path)
{
	struct history_witnesses witnesses = {
		.are_of_this = command_value(call, "complete") != NULL,
	};
	struct history_verdict verdict = {0};
	struct arena arena = {0};
	struct err err = {0};
	bool is_read;

	/* The anchors first: what is written meanwhile is then in the file, never beyond its end.
	 */
	if (!command_value(call, "offline"))
		ask_cluster(call, &arena, &witnesses);
	is_read = history_verify(path, &witnesses, &verdict, &err);
	arena_fini(&arena);
	if (!is_read)
		return command_fail(call, &err);
	if (command_print_is_tree(call))
		show_tree(call, &verdict);
	else
		show_text(call, &verdict);
	return verdict.is_intact ? COMMAND_OK : COMMAND_REFUSED;
}

static bool write_line(void *user, const char *text)
{
	FILE *out = user;

	return fputs(text, out) >= 0 && fputc('\n', out) != EOF;
}

static enum command_exit export_lines(const struct command_call *call, const char *path)
{
	CLEANUP(dbp) sqlite3 *db = NULL;
	struct err err = {0};

	if (!history_read_open(path, &db, &err))
		return command_fail(call, &err);
	if (!history_export(db, write_line, call->out, &err)) {
		(void)err_wrap(&err, "%s", path);
		return command_fail(call, &err);
	}
	return COMMAND_OK;
}

static enum command_exit run(struct command_call *call)
{
	const char *path = command_value(call, "file");
	bool is_verify = strcmp(call->words[0], "verify") == 0;

	if (!is_verify && strcmp(call->words[0], "export") != 0)
		return command_say(call, COMMAND_USAGE, "\"%.100s\": expected verify or export",
		                   call->words[0]);
	if (!path || !*path)
		return command_say(call, COMMAND_USAGE,
		                   "expected --file FILE, the agent's history");
	return is_verify ? verify(call, path) : export_lines(call, path);
}

const struct command command_audit = {
	.name = "audit",
	.summary = "Prove that a history file is what the agent wrote, or export it",
	.words = "verify|export",
	.text = "verify hashes every entry of the audit chain again, compares every row with its entry, "
		"derives\nevery decision again from its recorded facts, and asks the cluster's "
		"Releases, each of which keeps\nthe hash that the chain had when it was written: "
		"what is older than that cannot have been cut off\nor written anew. The first bad "
		"record is named.\nexport writes one JSON document a line: each "
		"entry with its record.\n",
	.example = "audit verify --file history.db",
	.takes = COMMAND_TAKES_CLUSTER | COMMAND_TAKES_NAMESPACE | COMMAND_TAKES_OUTPUT,
	.n_words_min = 1,
	.n_words_max = 1,
	.flags = flags,
	.n_flags = array_length(flags),
	.run = run,
};
