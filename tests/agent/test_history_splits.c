/* Splits of others in the history: what is no news is left out, the rest is in the chain, and is
 * read back newest first. */
#include "agent/history_read.h"
#include "agent/history_schema.h"
#include "agent/history_splits.h"
#include "providers/kube/tree.h"
#include "providers/wire/tree.h"
#include "tests/agent/history_desk.h"
#include "tests/agent/split_desk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROWS "SELECT COUNT(*) FROM traffic_change"

static int desk_new(void **state)
{
	*state = history_desk_new();
	return 0;
}

static int desk_free(void **state)
{
	history_desk_free(*state);
	return 0;
}

static void write_all(struct desk *desk, const int *percents, size_t n)
{
	history_desk_open(desk);
	for (size_t i = 0; i < n; i++)
		split_desk_write(desk->history, percents[i]);
	assert_int_equal(history_desk_close(desk), 0);
}

/* An agent that begins anew sees what it saw before; there and back are two changes. */
static void test_news(void **state)
{
	static const int first[] = {100, 90, 90, 100};
	static const int again[] = {100, 100, 0, 0, 100};
	struct desk *desk = *state;

	write_all(desk, first, array_length(first));
	assert_int_equal(history_desk_number(desk, ROWS), 3);
	write_all(desk, again, array_length(again));
	assert_int_equal(history_desk_number(desk, ROWS), 5);
	history_desk_check_intact(desk, 5 + 1); /* and a gap: it began anew */
	assert_int_equal(history_desk_number(desk,
	                                     "SELECT COUNT(*) FROM audit_log WHERE action ="
	                                     " 'traffic.observe'"),
	                 5);
}

static json_t *read_splits(struct desk *desk, const struct history_splits_filter *filter,
                           int64_t *next)
{
	struct err err = {0};
	sqlite3 *db = NULL;
	json_t *tree = NULL;

	assert_true(history_read_open(desk->path, &db, &err));
	if (!history_splits_read(db, filter, &tree, next, &err))
		fail_msg("%s", err.text);
	history_read_close(db);
	return tree;
}

static void test_read(void **state)
{
	static const int percents[] = {100, 90, 50, 0};
	struct history_splits_filter filter = {.n_max = 3};
	struct desk *desk = *state;
	CLEANUP(tree_freep) json_t *page = NULL;
	CLEANUP(tree_freep) json_t *rest = NULL;
	const json_t *change;
	int64_t next = 0;

	write_all(desk, percents, array_length(percents));
	page = read_splits(desk, &filter, &next);
	assert_int_equal(json_array_size(json_object_get(page, "splits")), 3);
	change = json_array_get(json_object_get(page, "splits"), 0);
	assert_string_equal(kube_tree_text(change, "result"), "removed");
	assert_true(json_is_null(json_object_get(change, "by")));
	assert_true(json_is_null(json_object_get(change, "rules")));
	change = json_array_get(json_object_get(page, "splits"), 2);
	assert_string_equal(kube_tree_text(change, "by"), "kubectl-edit");
	assert_string_equal(kube_tree_text(change, "origin"), "external");
	assert_string_equal(kube_tree_text(change, "at"), "2025-11-21T08:01:00.000Z");
	assert_true(next > 0);
	filter.before = next;
	rest = read_splits(desk, &filter, &next);
	assert_int_equal(json_array_size(json_object_get(rest, "splits")), 1);
	assert_int_equal(next, 0);
	filter = (struct history_splits_filter){
		.k8s_namespace = "shop", .name = "ratings", .n_max = 9};
	json_decref(rest);
	rest = read_splits(desk, &filter, &next);
	assert_int_equal(json_array_size(json_object_get(rest, "splits")), 0);
}

static void write_object(struct history *history, const char *uid, const char *kind,
                         enum history_split_result result)
{
	const struct history_split split = {
		.api = "v1",
		.kind = kind,
		.k8s_namespace = uid[0] == 'x' ? "else" : "shop",
		.name = uid,
		.uid = uid,
		.resource_version = "7",
		.author = "jane",
		.result = result,
		.applied_at = {1000},
		.seen_at = {1000},
		.split = "{\"rules\":[]}",
	};

	history_split(history, &split);
}

static void write_list(struct history *history, const char *space, const char *kind,
                       const char *present)
{
	const struct history_split list = {
		.api = "v1",
		.kind = kind,
		.k8s_namespace = space,
		.name = "",
		.uid = "",
		.resource_version = "",
		.author = "",
		.result = HISTORY_SPLIT_LISTED,
		.applied_at = {5000},
		.seen_at = {5000},
		.split = present,
	};

	history_split(history, &list);
}

/* What went while no agent ran is told when the next one has listed its kind, and once. */
static void test_listed(void **state)
{
	static const char present[] = "{\"stays\":1,\"shy\":0}";
	struct history_splits_filter filter = {.n_max = 2};
	struct desk *desk = *state;
	CLEANUP(tree_freep) json_t *page = NULL;
	const json_t *change;
	int64_t next = 0;

	history_desk_open(desk);
	write_object(desk->history, "goes", "VirtualService", HISTORY_SPLIT_OBSERVED);
	write_object(desk->history, "stays", "VirtualService", HISTORY_SPLIT_OBSERVED);
	write_object(desk->history, "shy", "VirtualService", HISTORY_SPLIT_OBSERVED);
	write_object(desk->history, "went", "VirtualService", HISTORY_SPLIT_OBSERVED);
	write_object(desk->history, "went", "VirtualService", HISTORY_SPLIT_REMOVED);
	write_object(desk->history, "other kind", "Ingress", HISTORY_SPLIT_OBSERVED);
	write_object(desk->history, "x elsewhere", "VirtualService", HISTORY_SPLIT_OBSERVED);
	assert_int_equal(history_desk_close(desk), 0);
	assert_int_equal(history_desk_number(desk, ROWS), 7);
	history_desk_open(desk);
	/* cut off, it says nothing */
	write_list(desk->history, "shop", "VirtualService", "{\"sta");
	write_list(desk->history, "shop", "VirtualService", present);
	write_list(desk->history, "shop", "VirtualService", present);
	assert_int_equal(history_desk_close(desk), 0);
	assert_int_equal(history_desk_number(desk, ROWS), 9);
	history_desk_check_intact(desk, 9 + 1);
	page = read_splits(desk, &filter, &next);
	change = json_array_get(json_object_get(page, "splits"), 0);
	assert_string_equal(kube_tree_text(change, "name"), "shy");
	assert_string_equal(kube_tree_text(change, "result"), "left");
	change = json_array_get(json_object_get(page, "splits"), 1);
	assert_string_equal(kube_tree_text(change, "name"), "goes");
	assert_string_equal(kube_tree_text(change, "result"), "removed");
	assert_string_equal(kube_tree_text(change, "objectUid"), "goes");
	assert_string_equal(kube_tree_text(change, "at"), "1970-01-01T00:00:05.000Z");
	/* of all namespaces */
	history_desk_open(desk);
	write_list(desk->history, "", "VirtualService", present);
	assert_int_equal(history_desk_close(desk), 0);
	assert_int_equal(history_desk_number(desk, ROWS), 10);
}

/* A text over the limit is cut, and said to be. */
static void test_cut(void **state)
{
	struct desk *desk = *state;
	char *text = calloc(1, HISTORY_ROUND_MAX + 1000);
	const struct history_split split = {
		.api = "v1",
		.kind = "VirtualService",
		.k8s_namespace = "shop",
		.name = "big",
		.uid = "vs-2",
		.resource_version = "7",
		.author = "",
		.result = HISTORY_SPLIT_OBSERVED,
		.applied_at = {7},
		.seen_at = {7},
		.split = text,
	};
	CLEANUP(tree_freep) json_t *page = NULL;
	int64_t next;

	assert_non_null(text);
	memset(text, 'x', HISTORY_ROUND_MAX + 999);
	history_desk_open(desk);
	history_split(desk->history, &split);
	history_desk_close(desk);
	free(text);
	assert_int_equal(history_desk_number(desk, "SELECT is_cut FROM traffic_change"), 1);
	history_desk_check_intact(desk, 1);
	page = read_splits(desk, &(struct history_splits_filter){.n_max = 1}, &next);
	assert_true(json_is_null(
		json_object_get(json_array_get(json_object_get(page, "splits"), 0), "rules")));
}

/* A file of before has none, and the next agent goes on in it. */
static void test_old(void **state)
{
	static const int percents[] = {90};
	struct desk *desk = *state;
	struct history_fault fault = {0};
	CLEANUP(tree_freep) json_t *page = NULL;
	sqlite3 *db = NULL;
	int64_t next;

	for (size_t version = 1; version < HISTORY_SCHEMA_VERSION; version++) {
		assert_int_equal(sqlite3_open(desk->path, &db), SQLITE_OK);
		assert_true(history_schema_migrate(db, history_schema_steps, version,
		                                   (struct instant){7}, &fault));
		sqlite3_close(db);
		json_decref(page);
		page = read_splits(desk, &(struct history_splits_filter){.n_max = 1}, &next);
		assert_int_equal(json_array_size(json_object_get(page, "splits")), 0);
		history_desk_check_intact(desk, 0);
	}
	write_all(desk, percents, 1);
	assert_int_equal(history_desk_number(desk, ROWS), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_news, desk_new, desk_free),
		cmocka_unit_test_setup_teardown(test_read, desk_new, desk_free),
		cmocka_unit_test_setup_teardown(test_listed, desk_new, desk_free),
		cmocka_unit_test_setup_teardown(test_cut, desk_new, desk_free),
		cmocka_unit_test_setup_teardown(test_old, desk_new, desk_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
