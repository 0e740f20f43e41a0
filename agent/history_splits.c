#include "agent/history_splits.h"

#include "agent/history.h"
#include "agent/history_part.h"
#include "agent/history_read.h"
#include "agent/history_row.h"
#include "analysis/base/compiler.h"
#include "analysis/base/instant.h"
#include "providers/kube/tree.h"

static void set_text(json_t *tree, const char *key, sqlite3_stmt *row, int index)
{
	const char *text = (const char *)sqlite3_column_text(row, index);

	if (text && *text)
		kube_tree_set_text(tree, key, text);
	else
		kube_tree_set(tree, key, json_null());
}

static void set_time(json_t *tree, const char *key, sqlite3_stmt *row, int index)
{
	char text[INSTANT_TEXT_MAX];

	kube_tree_set_text(tree, key,
	                   instant_format((struct instant){sqlite3_column_int64(row, index)},
	                                  text));
}

/* What was cut off is no JSON any more, and null; so is what is observed no more. */
static void set_rules(json_t *tree, sqlite3_stmt *row, int index)
{
	const char *text = (const char *)sqlite3_column_text(row, index);
	json_t *split = NULL;
	json_t *rules = NULL;

	if (text && history_part_read(text, &split, NULL))
		rules = json_incref(json_object_get(split, "rules"));
	kube_tree_set(tree, "rules", rules ? rules : json_null());
	kube_tree_set_whole(tree, "leftOut", kube_tree_whole(split, "left_out", 0));
	json_decref(split);
}

static json_t *change_of(sqlite3_stmt *row)
{
	static const char *const names[] = {"apiVersion", "kind",   "namespace", "name",
	                                    "objectUid",  "origin", "by",        "result"};
	json_t *tree = kube_tree_object();

	set_time(tree, "at", row, 1);
	set_time(tree, "seenAt", row, 2);
	for (size_t i = 0; i < array_length(names); i++)
		set_text(tree, names[i], row, 3 + (int)i);
	set_rules(tree, row, 3 + (int)array_length(names));
	return tree;
}

bool history_splits_read(sqlite3 *db, const struct history_splits_filter *filter, json_t **ret,
                         int64_t *ret_next, struct err *err)
{
	static const char sql[] =
		"SELECT id, applied_at, seen_at, object_api, object_kind, k8s_namespace, object_name,"
		" object_uid, origin, author, result, split_json FROM traffic_change"
		" WHERE ($1 IS NULL OR k8s_namespace = $1) AND ($2 IS NULL OR object_name = $2)"
		" AND ($3 = 0 OR id < $3) ORDER BY id DESC LIMIT $4";
	CLEANUP(history_row_free) sqlite3_stmt *row = NULL;
	json_t *list = kube_tree_list();
	int64_t last = 0;
	int code;

	if (sqlite3_prepare_v2(db, sql, -1, &row, NULL) != SQLITE_OK) {
		json_decref(list);
		return history_read_failed(db, err);
	}
	sqlite3_bind_text(row, 1, filter->k8s_namespace, -1, SQLITE_STATIC);
	sqlite3_bind_text(row, 2, filter->name, -1, SQLITE_STATIC);
	sqlite3_bind_int64(row, 3, filter->before);
	sqlite3_bind_int64(row, 4, (sqlite3_int64)filter->n_max + 1);
	*ret_next = 0;
	while ((code = sqlite3_step(row)) == SQLITE_ROW) {
		if (json_array_size(list) == filter->n_max) {
			*ret_next = last;
			continue;
		}
		last = sqlite3_column_int64(row, 0);
		kube_tree_append(list, change_of(row));
	}
	if (code != SQLITE_DONE) {
		json_decref(list);
		return history_read_failed(db, err);
	}
	*ret = kube_tree_object();
	kube_tree_set(*ret, "splits", list);
	return true;
}
