#include "tests/agent/history_desk.h"

#include "agent/history_facts.h"
#include "agent/history_verify.h"
#include "agent/journal.h"
#include "analysis/decide.h"
#include "providers/record_shapes.h"
#include "providers/wire/tree.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define VFS_NAME "slow"

struct desk *history_desk_new(void)
{
	struct desk *desk = calloc(1, sizeof(*desk));

	assert_non_null(desk);
	snprintf(desk->directory, sizeof(desk->directory), "/tmp/history-test-XXXXXX");
	assert_non_null(mkdtemp(desk->directory));
	snprintf(desk->path, sizeof(desk->path), "%s/history.db", desk->directory);
	pthread_mutex_init(&desk->lock, NULL);
	pthread_cond_init(&desk->posted, NULL);
	slow_vfs_init(&desk->vfs, VFS_NAME);
	return desk;
}

static void directory_remove(const char *path)
{
	DIR *directory = opendir(path);
	const struct dirent *entry;
	char name[512];

	assert_non_null(directory);
	while ((entry = readdir(directory))) {
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		unlink(name);
	}
	closedir(directory);
	assert_int_equal(rmdir(path), 0);
}

void history_desk_free(struct desk *desk)
{
	history_sqlite_free(desk->history, span_seconds(60));
	slow_vfs_fini(&desk->vfs);
	pthread_cond_destroy(&desk->posted);
	pthread_mutex_destroy(&desk->lock);
	directory_remove(desk->directory);
	history_facts_base_fini(&desk->facts_base);
	free(desk);
}

static void on_post(void *user)
{
	struct desk *desk = user;

	pthread_mutex_lock(&desk->lock);
	desk->n_posts++;
	pthread_cond_signal(&desk->posted);
	pthread_mutex_unlock(&desk->lock);
}

void history_desk_open(struct desk *desk)
{
	char boot[16];
	struct err err;
	const struct history_sqlite_options options = {
		.path = desk->path,
		.chain = desk->chain ? desk->chain : "cluster-a/serin",
		.actor = "serin/pod-1",
		.boot = boot,
		.opened_at = {DESK_EPOCH},
		.vfs = VFS_NAME,
		.retry_min = span_ms(1),
		.retry_max = span_ms(2),
		.keep = desk->keep,
		.post = on_post,
		.user = desk,
	};

	snprintf(boot, sizeof(boot), "b%05u", ++desk->n_starts);
	assert_null(desk->history);
	desk->history = history_sqlite_new(&options, &err);
	assert_non_null(desk->history);
}

size_t history_desk_close(struct desk *desk)
{
	size_t n_left = history_sqlite_free(desk->history, span_seconds(60));

	desk->history = NULL;
	return n_left;
}

static void on_acked(void *user, const char *uid)
{
	struct desk *desk = user;

	assert_false(desk->is_in_call);
	assert_true(desk->n_acks < DESK_ACKS_MAX);
	snprintf(desk->acks[desk->n_acks++], sizeof(desk->acks[0]), "%s", uid);
}

void history_desk_round(struct desk *desk, unsigned number)
{
	char uid[16];
	const struct history_round round = {
		.uid = uid,
		.k8s_namespace = "shop",
		.canary = "podinfo",
		.canary_uid = "0b1c",
		.release = "podinfo-2",
		.release_seq = 2,
		.decided_at = {DESK_EPOCH + (int64_t)number * 10},
		.decide_version = "1",
		.reason = "weight 10 \"holds\"\n\tuntil the next check",
		.spec = "{\"analysis\":{\"maxWeight\":50}}",
		.facts = "{\"weight\":10}",
		.plan = "{\"changes\":[\"set weight\"]}",
	};

	snprintf(uid, sizeof(uid), "r%05u", number);
	desk->is_in_call = true;
	history_round(desk->history, &round, on_acked, desk);
	desk->is_in_call = false;
}

void history_desk_decision(struct desk *desk, unsigned number)
{
	const struct canary_spec spec = {
		.name = "podinfo",
		.k8s_namespace = "shop",
		.target = "podinfo",
		.primary = "podinfo-primary",
		.provider = "nginx",
		.route = {.weighs = true},
		.strategy = STRATEGY_CANARY,
		.threshold = 1,
	};
	struct facts *facts = calloc(1, sizeof(*facts));
	struct effect *effects = calloc(PLAN_EFFECTS_MAX, sizeof(*effects));
	struct plan plan = {.effects = effects};
	char *texts[3];
	char uid[16];
	json_t *json;

	assert_true(facts && effects);
	facts->now = (struct instant){DESK_EPOCH + (int64_t)number * 10};
	facts->has_spec = true;
	facts->canary.state = FACT_KNOWN;
	facts->target.slot.state = number % 3 == 0 ? FACT_KNOWN : FACT_UNKNOWN;
	facts->target.replicas = (int)number;
	decide(&spec, facts, &plan);
	json = record_write(&record_spec_shape, &spec);
	texts[0] = tree_text(json);
	json_decref(json);
	json = record_write(&record_facts_shape, facts);
	texts[1] = history_facts_write(json, NULL, &desk->facts_base);
	json_decref(json);
	json = journal_plan(&plan);
	texts[2] = tree_text(json);
	json_decref(json);
	(void)snprintf(uid, sizeof(uid), "r%05u", number);
	history_round(desk->history,
	              &(struct history_round){
			      .uid = uid,
			      .k8s_namespace = "shop",
			      .canary = "podinfo",
			      .canary_uid = "0b1c",
			      .release = "podinfo-2",
			      .release_seq = 2,
			      .decided_at = facts->now,
			      .decide_version = DECIDE_VERSION,
			      .reason = plan.reason,
			      .spec = texts[0],
			      .base = desk->facts_base.text,
			      .facts = texts[1],
			      .plan = texts[2],
		      },
	              NULL, NULL);
	for (int i = 0; i < 3; i++)
		free(texts[i]);
	free(effects);
	free(facts);
}

void history_desk_effect(struct desk *desk, unsigned number, enum history_kind kind,
                         const char *key)
{
	char uid[16];
	const struct history_effect effect = {
		.round_uid = uid,
		.kind = kind,
		.key = key,
		.detail = "{\"status\":200}",
		.result = kind == HISTORY_ANSWER ? "ok" : "",
		.at = {DESK_EPOCH + (int64_t)number * 10 + 1},
	};

	snprintf(uid, sizeof(uid), "r%05u", number);
	desk->is_in_call = true;
	history_effect(desk->history, &effect);
	desk->is_in_call = false;
}

static void history_desk_turn(struct desk *desk)
{
	pthread_mutex_lock(&desk->lock);
	while (desk->n_posts == 0)
		pthread_cond_wait(&desk->posted, &desk->lock);
	desk->n_posts = 0;
	pthread_mutex_unlock(&desk->lock);
	history_sqlite_deliver(desk->history);
}

void history_desk_prune(struct desk *desk, struct span after)
{
	struct history_sqlite_pruned pruned;

	while (history_sqlite_waiting(desk->history) > 0)
		history_desk_turn(desk);
	history_sqlite_prune(desk->history, (struct instant){DESK_EPOCH + after.ms});
	for (;;) {
		history_sqlite_pruned(desk->history, &pruned);
		if (!pruned.is_under_way)
			return;
		history_desk_turn(desk);
	}
}

void history_desk_wait_acks(struct desk *desk, unsigned n)
{
	while (desk->n_acks < n)
		history_desk_turn(desk);
	assert_int_equal(desk->n_acks, n);
}

void history_desk_wait_state(struct desk *desk, const char *text)
{
	while (!strstr(history_state(desk->history), text))
		history_desk_turn(desk);
}

void history_desk_exec(struct desk *desk, const char *sql)
{
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(desk->path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	sqlite3_close(db);
}

long history_desk_number(struct desk *desk, const char *sql)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *row = NULL;
	long number;

	assert_int_equal(sqlite3_open(desk->path, &db), SQLITE_OK);
	if (sqlite3_prepare_v2(db, sql, -1, &row, NULL) != SQLITE_OK ||
	    sqlite3_step(row) != SQLITE_ROW)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	number = (long)sqlite3_column_int64(row, 0);
	sqlite3_finalize(row);
	sqlite3_close(db);
	return number;
}

void history_desk_check_intact(struct desk *desk, long n)
{
	struct history_verdict verdict;
	struct err err;

	if (!history_verify(desk->path, NULL, &verdict, &err))
		fail_msg("%s", err.text);
	if (!verdict.is_intact)
		fail_msg("%s", verdict.what);
	assert_int_equal(verdict.n_records, n);
}

int history_desk_set_up(void **state)
{
	*state = history_desk_new();
	return 0;
}

int history_desk_tear_down(void **state)
{
	history_desk_free(*state);
	return 0;
}
