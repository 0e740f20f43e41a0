#include "providers/kube/watch.h"

#include "providers/kube/tree.h"

#include <string.h>

static const char *const names[] = {
	[KUBE_WATCH_NONE] = "",
	[KUBE_WATCH_ADDED] = "ADDED",
	[KUBE_WATCH_MODIFIED] = "MODIFIED",
	[KUBE_WATCH_DELETED] = "DELETED",
	[KUBE_WATCH_BOOKMARK] = "BOOKMARK",
};

void kube_watch_init(struct kube_watch *watch, size_t line_max)
{
	*watch = (struct kube_watch){.line = {.max = line_max}};
}

void kube_watch_fini(struct kube_watch *watch)
{
	buf_fini(&watch->line);
}

static enum kube_watch_type type_of(const char *name, const json_t *object)
{
	for (size_t i = KUBE_WATCH_ADDED; i < array_length(names); i++) {
		if (strcmp(names[i], name) == 0)
			return (enum kube_watch_type)i;
	}
	if (strcmp(name, "ERROR") != 0)
		return KUBE_WATCH_NONE;
	return kube_tree_whole(object, "code", 0) == 410 ? KUBE_WATCH_EXPIRED : KUBE_WATCH_ERROR;
}

static bool read_line(struct kube_watch *watch, kube_watch_sink *sink, void *context)
{
	json_error_t where;
	json_auto_t *root = NULL;
	struct kube_watch_event event;
	const char *name;

	if (watch->line.length == 0)
		return true;
	root = json_loadb(watch->line.bytes, watch->line.length, 0, &where);
	if (!root)
		return err_set(&watch->err, ERR_MALFORMED, "watch: column %d: %s", where.column,
		               where.text);
	name = kube_tree_text(root, "type");
	event.object = kube_tree_find(root, "object");
	event.type = type_of(name, event.object);
	if (event.type == KUBE_WATCH_NONE)
		return err_set(&watch->err, ERR_MALFORMED,
		               "watch: type: expected ADDED, MODIFIED, DELETED, BOOKMARK or ERROR");
	if (!json_is_object(event.object))
		return err_set(&watch->err, ERR_MALFORMED, "watch: object: expected an object");
	sink(context, &event);
	return true;
}

/* Take in the beginning of BYTES up to the line's end, if it is there; returns how many bytes that
 * were. */
static size_t take_line(struct kube_watch *watch, const char *bytes, size_t length,
                        bool *ret_is_whole)
{
	const char *end = memchr(bytes, '\n', length);
	size_t taken = end ? (size_t)(end - bytes) : length;

	*ret_is_whole = end != NULL;
	if (!buf_add(&watch->line, bytes, taken))
		(void)err_set(&watch->err, ERR_LIMIT, "watch: a line of more than %zu bytes",
		              watch->line.max);
	return end ? taken + 1 : taken;
}

bool kube_watch_feed(struct kube_watch *watch, const char *bytes, size_t length,
                     kube_watch_sink *sink, void *context, struct err *err)
{
	bool is_whole;

	while (length > 0 && watch->err.kind == ERR_NONE) {
		size_t taken = take_line(watch, bytes, length, &is_whole);

		bytes += taken;
		length -= taken;
		if (!is_whole || watch->err.kind != ERR_NONE)
			continue;
		(void)read_line(watch, sink, context);
		buf_drop(&watch->line, watch->line.length);
	}
	if (watch->err.kind == ERR_NONE)
		return true;
	return err_set(err, watch->err.kind, "%s", watch->err.text);
}
