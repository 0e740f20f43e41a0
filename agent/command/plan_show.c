#include "agent/command/plan_show.h"

#include "agent/command/command_print.h"
#include "agent/command/plan_diff.h"
#include "providers/kube/tree.h"
#include "providers/wire/document_write.h"
#include "providers/wire/tree.h"

#include <stdlib.h>
#include <string.h>

#define YAML_MAX (8 * 1024 * 1024) /* of one object */
#define DIFF_MAX (16 * 1024 * 1024)

struct counts {
	size_t n_created;
	size_t n_changed;
	size_t n_deleted;
};

/* How each canary ended ------------------------------------------------------------------------ */

static json_t *describe_canary(const json_t *canary)
{
	const json_t *refusal = kube_tree_condition(canary, "Ready", "False");
	const char *phase = kube_tree_text(canary, "status/phase");
	const char *message = "";

	if (refusal)
		message = kube_tree_text(refusal, "message");
	else if (!*phase)
		message = "the agent does not begin: see `serin explain`";
	else if (strcmp(phase, "Progressing") == 0)
		message = "what follows depends on what the metrics say";
	return json_pack("{s:s, s:s, s:s, s:s}", "namespace",
	                 kube_tree_text(canary, "metadata/namespace"), "name",
	                 kube_tree_text(canary, "metadata/name"), "phase", phase, "message",
	                 message);
}

static json_t *describe_canaries(const struct apiserver *server)
{
	json_t *list = kube_tree_list();
	const json_t *canary;

	for (size_t i = 0; (canary = apiserver_at(server, "canaries", i)); i++)
		kube_tree_append(list, describe_canary(canary));
	return list;
}

/* Events by the time they were posted: their names end in growing numbers, their order is by name.
 */
static json_t *describe_events(const struct apiserver *server)
{
	json_t *list = kube_tree_list();
	const json_t *event;

	for (size_t i = 0; (event = apiserver_at(server, "events", i)); i++)
		kube_tree_append(list, json_pack("{s:s, s:s, s:s}", "object",
		                                 kube_tree_text(event, "involvedObject/name"),
		                                 "type", kube_tree_text(event, "type"), "message",
		                                 kube_tree_text(event, "message")));
	return list;
}

/* Objects -------------------------------------------------------------------------------------- */

static const char *name_action(const json_t *before, const json_t *after)
{
	if (!before)
		return "create";
	return after ? "change" : "delete";
}

static void count(struct counts *counts, const json_t *before, const json_t *after)
{
	if (!before)
		counts->n_created++;
	else if (!after)
		counts->n_deleted++;
	else
		counts->n_changed++;
}

/* The diff of one object; "" when it is too large to tell. Owned by the caller's buffer. */
static void write_diff(const json_t *before, const json_t *after, struct buf *ret)
{
	struct buf old = {.max = YAML_MAX};
	struct buf new = {.max = YAML_MAX};

	if ((before && !document_write_yaml(before, &old, NULL)) ||
	    (after && !document_write_yaml(after, &new, NULL)) ||
	    !plan_diff_write(buf_text(&old), buf_text(&new), ret))
		buf_drop(ret, ret->length);
	buf_fini(&old);
	buf_fini(&new);
}

static json_t *describe_change(const char *name, const json_t *before, const json_t *after)
{
	struct buf diff = {.max = DIFF_MAX};
	json_t *row;

	write_diff(before, after, &diff);
	row = json_pack("{s:s, s:s, s:s}", "object", name, "action", name_action(before, after),
	                "diff", buf_text(&diff));
	if (row && before)
		kube_tree_set(row, "before", kube_tree_copy(before));
	if (row && after)
		kube_tree_set(row, "after", kube_tree_copy(after));
	buf_fini(&diff);
	return row;
}

/* The objects of both that are not the same, in order of their names. */
static json_t *describe_changes(const json_t *before, const json_t *after, struct counts *counts)
{
	json_t *all = json_copy((json_t *)(uintptr_t)before);
	json_t *list = kube_tree_list();
	char *names;
	json_t *sorted;

	json_object_update_missing(all, (json_t *)(uintptr_t)after);
	names = json_dumps(all, JSON_SORT_KEYS | JSON_COMPACT);
	sorted = names ? json_loads(names, 0, NULL) : NULL;
	for (void *at = json_object_iter(sorted); at; at = json_object_iter_next(sorted, at)) {
		const char *name = json_object_iter_key(at);
		const json_t *old = json_object_get(before, name);
		const json_t *new = json_object_get(after, name);

		if (json_equal(old, new))
			continue;
		count(counts, old, new);
		kube_tree_append(list, describe_change(name, old, new));
	}
	json_decref(sorted);
	free(names);
	json_decref(all);
	return list;
}

/* Text ----------------------------------------------------------------------------------------- */

static enum command_print_colour colour_of(char sign)
{
	switch (sign) {
	case '+':
		return COMMAND_PRINT_GOOD;
	case '-':
		return COMMAND_PRINT_BAD;
	case '@':
		return COMMAND_PRINT_DIM;
	default:
		return COMMAND_PRINT_PLAIN;
	}
}

static void write_lines(const struct command_call *call, const char *text)
{
	while (*text) {
		size_t length = strcspn(text, "\n");
		enum command_print_colour colour = colour_of(*text);
		char *line = strndup(text, length);

		if (!line)
			abort();
		(void)fputs(command_print_paint(call, colour), call->out);
		(void)command_print_text(call, line, 0);
		(void)fprintf(call->out, "%s\n", command_print_unpaint(call, colour));
		free(line);
		text += length + (text[length] == '\n');
	}
}

static void write_changes(const struct command_call *call, const json_t *changes)
{
	for (size_t i = 0; i < json_array_size(changes); i++) {
		const json_t *row = json_array_get(changes, i);
		const char *name = kube_tree_text(row, "object");

		(void)fprintf(call->out, "--- %s\n+++ %s\n",
		              json_object_get(row, "before") ? name : "/dev/null",
		              json_object_get(row, "after") ? name : "/dev/null");
		write_lines(call, kube_tree_text(row, "diff"));
	}
}

static void write_canaries(const struct command_call *call, const json_t *canaries)
{
	for (size_t i = 0; i < json_array_size(canaries); i++) {
		const json_t *row = json_array_get(canaries, i);
		const char *phase = kube_tree_text(row, "phase");
		const char *message = kube_tree_text(row, "message");

		(void)fprintf(call->out, "Canary %s/%s: %s%s", kube_tree_text(row, "namespace"),
		              kube_tree_text(row, "name"), phase, *phase && *message ? ": " : "");
		(void)command_print_text(call, message, 0);
		(void)fputc('\n', call->out);
	}
}

static void write_events(const struct command_call *call, const json_t *events)
{
	for (size_t i = 0; i < json_array_size(events); i++) {
		const json_t *row = json_array_get(events, i);

		(void)fprintf(call->out, "Event %s: ", kube_tree_text(row, "type"));
		(void)command_print_text(call, kube_tree_text(row, "message"), 0);
		(void)fputc('\n', call->out);
	}
}

enum command_exit plan_show_write(const struct command_call *call, const struct plan_world *world,
                                  const json_t *before, const json_t *after)
{
	const struct apiserver *server = plan_world_server(world);
	struct counts counts = {0};
	CLEANUP(tree_freep) json_t *canaries = describe_canaries(server);
	CLEANUP(tree_freep) json_t *events = describe_events(server);
	CLEANUP(tree_freep) json_t *changes = describe_changes(before, after, &counts);
	CLEANUP(tree_freep) json_t *tree = NULL;

	if (command_print_is_tree(call)) {
		tree = json_pack("{s:O, s:O, s:O}", "canaries", canaries, "objects", changes,
		                 "events", events);
		command_print_tree(call, tree);
	} else {
		write_changes(call, changes);
		write_events(call, events);
		write_canaries(call, canaries);
		(void)fprintf(call->out, "%zu to create, %zu to change, %zu to delete\n",
		              counts.n_created, counts.n_changed, counts.n_deleted);
	}
	return json_array_size(changes) > 0 ? COMMAND_CHANGES : COMMAND_OK;
}
