#include "agent/demo/apiserver_inside.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Objects of one resource in order; a shelf, or a copy of one on its way back in time. */
struct row {
	json_t **objects;
	size_t n;
};

static int compare(const json_t *object, const char *namespace, const char *name)
{
	int order = strcmp(apiserver_meta_text(object, "namespace"), namespace);

	return order ? order : strcmp(apiserver_meta_text(object, "name"), name);
}

/* Where the object is, or would be. */
static size_t position(const struct row *row, const char *namespace, const char *name,
                       bool *ret_is_there)
{
	size_t low = 0;
	size_t high = row->n;

	*ret_is_there = false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = compare(row->objects[middle], namespace, name);

		if (order == 0)
			*ret_is_there = true;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static size_t position_of(const struct row *row, const json_t *object, bool *ret_is_there)
{
	return position(row, apiserver_meta_text(object, "namespace"),
	                apiserver_meta_text(object, "name"), ret_is_there);
}

/* The row must have room for one more. */
static void row_put(struct row *row, json_t *object)
{
	bool is_there;
	size_t at = position_of(row, object, &is_there);

	if (!is_there) {
		memmove(row->objects + at + 1, row->objects + at,
		        (row->n - at) * sizeof(*row->objects));
		row->n++;
	}
	row->objects[at] = object;
}

static void row_remove(struct row *row, const json_t *object)
{
	bool is_there;
	size_t at = position_of(row, object, &is_there);

	assert(is_there);
	row->n--;
	memmove(row->objects + at, row->objects + at + 1, (row->n - at) * sizeof(*row->objects));
}

static void *grown(void *array, size_t *size, size_t item)
{
	*size = *size ? *size * 2 : 16;
	array = realloc(array, *size * item);
	if (!array)
		abort();
	return array;
}

/* Put an object on its shelf, or take it away (object NULL); references move. */
static void shelf_set(struct apiserver_shelf *shelf, const json_t *before, json_t *object)
{
	struct row row = {shelf->objects, shelf->n_objects};

	if (object && shelf->n_objects == shelf->size)
		row.objects = shelf->objects =
			grown(shelf->objects, &shelf->size, sizeof(json_t *));
	if (object)
		row_put(&row, object);
	else
		row_remove(&row, before);
	shelf->n_objects = row.n;
}

struct apiserver_shelf *apiserver_store_shelf(const struct apiserver *server, const char *plural)
{
	for (size_t i = 0; i < server->options.n_resources; i++) {
		if (strcmp(server->shelves[i].resource->plural, plural) == 0)
			return &server->shelves[i];
	}
	return NULL;
}

json_t *apiserver_store_find(const struct apiserver_shelf *shelf, const char *namespace,
                             const char *name)
{
	struct row row = {shelf->objects, shelf->n_objects};
	bool is_there;
	size_t at = position(&row, namespace ? namespace : "", name, &is_there);

	return is_there ? shelf->objects[at] : NULL;
}

static void change_fini(struct apiserver_change *change)
{
	json_decref(change->before);
	json_decref(change->after);
}

/* Forget the N oldest changes. */
static void changes_drop(struct apiserver *server, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		server->compacted = server->changes[i].revision;
		change_fini(&server->changes[i]);
	}
	if (n == 0)
		return;
	server->n_changes -= n;
	memmove(server->changes, server->changes + n, server->n_changes * sizeof(*server->changes));
}

static void change_add(struct apiserver *server, struct apiserver_change change)
{
	if (server->n_changes == server->changes_size)
		server->changes =
			grown(server->changes, &server->changes_size, sizeof(*server->changes));
	server->changes[server->n_changes++] = change;
	if (server->n_changes >= 2 * server->options.history_max)
		changes_drop(server, server->n_changes - server->options.history_max);
}

static void set_revision(json_t *object, uint64_t revision)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%" PRIu64, revision);
	json_object_set_new(json_object_get(object, "metadata"), "resourceVersion",
	                    json_string(text));
}

uint64_t apiserver_store_put(struct apiserver *server, struct apiserver_shelf *shelf,
                             json_t *object)
{
	json_t *before = apiserver_store_find(shelf, apiserver_meta_text(object, "namespace"),
	                                      apiserver_meta_text(object, "name"));

	set_revision(object, ++server->revision);
	shelf_set(shelf, before, object); /* the reference to before moves into the change */
	change_add(server, (struct apiserver_change){
				   .revision = server->revision,
				   .shelf = shelf,
				   .before = before,
				   .after = json_incref(object),
			   });
	return server->revision;
}

json_t *apiserver_store_remove(struct apiserver *server, struct apiserver_shelf *shelf,
                               const json_t *object)
{
	json_t *before = apiserver_store_find(shelf, apiserver_meta_text(object, "namespace"),
	                                      apiserver_meta_text(object, "name"));
	json_t *last = json_deep_copy(object);

	assert(before);
	set_revision(last, ++server->revision);
	shelf_set(shelf, before, NULL);
	change_add(server, (struct apiserver_change){
				   .revision = server->revision,
				   .shelf = shelf,
				   .before = before,
				   .after = json_incref(last),
				   .is_deletion = true,
			   });
	return last;
}

/* Undo a change in a row that holds borrowed objects. */
static void undo(struct row *row, const struct apiserver_change *change)
{
	if (change->before)
		row_put(row, change->before);
	else
		row_remove(row, change->after);
}

json_t **apiserver_store_snapshot(const struct apiserver *server,
                                  const struct apiserver_shelf *shelf, uint64_t revision,
                                  struct arena *arena, size_t *ret_n)
{
	struct row row = {NULL, shelf->n_objects};
	size_t n_later = 0;

	for (size_t i = server->n_changes; i > 0; i--) {
		if (server->changes[i - 1].revision <= revision)
			break;
		n_later++;
	}
	row.objects = arena_alloc(arena, (shelf->n_objects + n_later + 1) * sizeof(json_t *));
	if (shelf->n_objects)
		memcpy(row.objects, shelf->objects, shelf->n_objects * sizeof(json_t *));
	for (size_t i = 0; i < n_later; i++) {
		const struct apiserver_change *change = &server->changes[server->n_changes - 1 - i];

		if (change->shelf == shelf)
			undo(&row, change);
	}
	*ret_n = row.n;
	return row.objects;
}

const struct apiserver_change *apiserver_store_next(const struct apiserver *server,
                                                    uint64_t revision)
{
	size_t low = 0;
	size_t high = server->n_changes;

	if (revision >= server->revision)
		return NULL;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (server->changes[middle].revision <= revision)
			low = middle + 1;
		else
			high = middle;
	}
	return low < server->n_changes ? &server->changes[low] : NULL;
}

enum apiserver_read apiserver_read_next(const struct apiserver *server,
                                        struct apiserver_cursor *cursor, struct apiserver_news *ret)
{
	const struct apiserver_change *change;

	if (cursor->n_rewinds != server->n_rewinds || cursor->revision < server->compacted) {
		*cursor = (struct apiserver_cursor){server->revision, server->n_rewinds};
		return APISERVER_READ_LOST;
	}
	change = apiserver_store_next(server, cursor->revision);
	if (!change)
		return APISERVER_READ_NONE;
	cursor->revision = change->revision;
	*ret = (struct apiserver_news){
		.resource = change->shelf->resource,
		.before = change->before,
		.after = change->after,
		.is_deletion = change->is_deletion,
	};
	return APISERVER_READ_NEWS;
}

void apiserver_compact(struct apiserver *server, uint64_t revision)
{
	size_t n = 0;

	while (n < server->n_changes && server->changes[n].revision <= revision)
		n++;
	changes_drop(server, n);
	if (revision > server->compacted && revision <= server->revision)
		server->compacted = revision;
}

bool apiserver_rewind(struct apiserver *server, uint64_t revision)
{
	if (revision < server->compacted || revision > server->revision)
		return false;
	apiserver_watch_end_all(server);
	server->n_rewinds++;
	while (server->n_changes && server->changes[server->n_changes - 1].revision > revision) {
		struct apiserver_change *change = &server->changes[--server->n_changes];

		shelf_set(change->shelf, change->after, change->before);
		if (!change->is_deletion)
			json_decref(change->after); /* what the shelf held */
		json_decref(change->after);
	}
	server->revision = revision;
	server->lag = server->lag > revision ? 0 : server->lag;
	return true;
}

void apiserver_store_fini(struct apiserver *server)
{
	changes_drop(server, server->n_changes);
	free(server->changes);
	for (size_t i = 0; i < server->options.n_resources; i++) {
		struct apiserver_shelf *shelf = &server->shelves[i];

		for (size_t j = 0; j < shelf->n_objects; j++)
			json_decref(shelf->objects[j]);
		free(shelf->objects);
	}
	free(server->shelves);
}
