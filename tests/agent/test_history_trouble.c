/* The history on disks that hang, fill up, lie or are somebody else's: the loop's side never waits.
 */
#include "agent/history_aside.h"
#include "agent/history_read.h"
#include "agent/history_verify.h"
#include "analysis/base/compiler.h"
#include "tests/agent/history_desk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define N_EXTRA 300u

static double milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* How long the calls took that the loop made. */
struct stopwatch {
	unsigned n_calls;
	unsigned n_slow; /* 1 ms or more: on a shared machine the scheduler may take a few */
	double longest;
};

static void stopwatch_add(struct stopwatch *watch, double since)
{
	double took = milliseconds() - since;

	watch->n_calls++;
	watch->n_slow += took >= 1.0;
	if (took > watch->longest)
		watch->longest = took;
}

/*
 * A sync that hangs for as long as the test likes stands for one of 30 s: everything the loop calls
 * returns at once, what is over the bound is counted, and all the rest is written and acknowledged
 * when the disk comes back.
 */
static void test_hung(void **state)
{
	struct desk *desk = *state;
	struct stopwatch watch = {0};
	char waiting[64];

	history_desk_open(desk);
	history_desk_round(desk, 0);
	history_desk_wait_acks(desk, 1);
	slow_vfs_hang(&desk->vfs, true);
	history_desk_round(desk, 1);
	slow_vfs_wait(&desk->vfs);
	for (unsigned i = 2; i <= HISTORY_QUEUE_MAX + N_EXTRA; i++) {
		double since = milliseconds();

		history_desk_round(desk, i);
		stopwatch_add(&watch, since);
		since = milliseconds();
		history_sqlite_deliver(desk->history);
		stopwatch_add(&watch, since);
		if (i % 64 != 0)
			continue;
		since = milliseconds();
		assert_non_null(history_state(desk->history));
		stopwatch_add(&watch, since);
	}
	assert_int_equal(desk->n_acks, 1);
	assert_int_equal(history_sqlite_waiting(desk->history), HISTORY_QUEUE_MAX + 1);
	snprintf(waiting, sizeof(waiting), "; %d records wait; %u records lost",
	         HISTORY_QUEUE_MAX + 1, N_EXTRA);
	assert_non_null(strstr(history_state(desk->history),
	                       "the disk has not answered since 2026-11-21T"));
	assert_non_null(strstr(history_state(desk->history), waiting));
	print_message("%u calls while the disk hung: longest %.3f ms, %u of 1 ms or more\n",
	              watch.n_calls, watch.longest, watch.n_slow);
	assert_true(watch.n_slow * 100 < watch.n_calls);

	slow_vfs_hang(&desk->vfs, false);
	history_desk_wait_acks(desk, HISTORY_QUEUE_MAX + 1);
	for (unsigned i = 0; i <= HISTORY_QUEUE_MAX; i++)
		assert_int_equal(atol(desk->acks[i] + 1), i);
	history_desk_round(desk, 9000);
	history_desk_wait_acks(desk, HISTORY_QUEUE_MAX + 2);
	assert_string_equal(history_state(desk->history), "ok; 300 records lost");
	assert_int_equal(history_sqlite_waiting(desk->history), 0);
	history_desk_close(desk);
	history_desk_check_intact(desk, HISTORY_QUEUE_MAX + 3);
	/* The gap stands where the records would, and says how many and from when to when. */
	assert_int_equal(history_desk_number(desk, "SELECT n_records FROM gap WHERE kind = 'lost'"),
	                 N_EXTRA);
	assert_int_equal(history_desk_number(desk, "SELECT from_at FROM gap"),
	                 1795236300000 + (HISTORY_QUEUE_MAX + 1) * 10);
	assert_int_equal(history_desk_number(desk, "SELECT until_at FROM gap"),
	                 1795236300000 + (HISTORY_QUEUE_MAX + (long)N_EXTRA) * 10);
	assert_int_equal(history_desk_number(desk,
	                                     "SELECT seq FROM audit_log WHERE entity = 'gap'"),
	                 HISTORY_QUEUE_MAX + 2);
}

/* The queue is bounded by memory too. */
static void test_bytes(void **state)
{
	struct desk *desk = *state;
	char *facts = calloc(1, 200001);
	const struct history_round round = {
		.uid = "r", .facts = facts, .decided_at = {1795236300000}};
	size_t n_fit = HISTORY_QUEUE_BYTES_MAX / 200000;
	size_t n_lost = 0;

	assert_non_null(facts);
	memset(facts, 'x', 200000);
	slow_vfs_hang(&desk->vfs, true);
	history_desk_open(desk);
	for (size_t i = 0; i < n_fit + 10; i++) {
		history_round(desk->history, &round, NULL, NULL);
		n_lost += strstr(history_state(desk->history), "lost") != NULL;
	}
	assert_in_range(n_lost, 9, 11);
	slow_vfs_hang(&desk->vfs, false);
	assert_int_equal(history_desk_close(desk), 0);
	free(facts);
	assert_in_range(history_desk_number(desk, "SELECT n_records FROM gap WHERE kind = 'lost'"),
	                9, 11);
}

/* Closing on a disk that hangs gives up in time; the thread cleans up after itself later. */
static void test_abandoned(void **state)
{
	struct desk *desk = *state;
	double since;

	history_desk_open(desk);
	history_desk_round(desk, 1);
	history_desk_wait_acks(desk, 1);
	slow_vfs_hang(&desk->vfs, true);
	history_desk_round(desk, 2);
	slow_vfs_wait(&desk->vfs);
	history_desk_round(desk, 3);
	history_desk_effect(desk, 3, HISTORY_CHANGE, "set weight");
	desk->n_posts = 0;
	since = milliseconds();
	assert_int_equal(history_sqlite_free(desk->history, span_ms(20)), 3);
	assert_true(milliseconds() - since < 10000);
	desk->history = NULL;
	slow_vfs_hang(&desk->vfs, false);
	slow_vfs_wait_closed(&desk->vfs);
	assert_int_equal(desk->n_posts, 0);
	history_desk_check_intact(desk, 4); /* the disk did come back */
}

static void test_failing(void **state)
{
	/* What the disk answers, and what people read. */
	static const struct {
		int code;
		const char *text;
	} rows[] = {
		{SQLITE_FULL, "database or disk is full; "},
		{SQLITE_IOERR_WRITE, "disk I/O error"},
		{SQLITE_IOERR_FSYNC, "disk I/O error"},
		{SQLITE_READONLY, "attempt to write a readonly database; "},
	};
	struct desk *desk = *state;
	unsigned n = 0;

	for (size_t i = 0; i < array_length(rows); i++) {
		struct stopwatch watch = {0};

		history_desk_open(desk);
		history_desk_round(desk, ++n);
		history_desk_wait_acks(desk, n);
		slow_vfs_fail(&desk->vfs, rows[i].code);
		history_desk_round(desk, ++n);
		history_desk_wait_state(desk, rows[i].text);
		for (unsigned more = 0; more < 100; more++) {
			double since = milliseconds();

			history_desk_round(desk, ++n);
			stopwatch_add(&watch, since);
		}
		assert_non_null(strstr(history_state(desk->history), "; 101 records wait"));
		assert_int_equal(desk->n_acks, n - 101);
		assert_true(watch.n_slow <= 5);
		slow_vfs_fail(&desk->vfs, SQLITE_OK);
		history_desk_wait_acks(desk, n);
		assert_string_equal(history_state(desk->history), "ok");
		history_desk_close(desk);
		/* Each process but the first says that it began. */
		history_desk_check_intact(desk, (long)(n + i));
	}
}

/* Closing on a disk that fails does not use up the patience, and says what was left. */
static void test_close_failing(void **state)
{
	struct desk *desk = *state;

	history_desk_open(desk);
	history_desk_round(desk, 1);
	history_desk_wait_acks(desk, 1);
	slow_vfs_fail(&desk->vfs, SQLITE_FULL);
	history_desk_round(desk, 2);
	history_desk_round(desk, 3);
	history_desk_wait_state(desk, "full");
	assert_int_equal(history_desk_close(desk), 2);
	slow_vfs_fail(&desk->vfs, SQLITE_OK);
	history_desk_check_intact(desk, 1);
}

static void test_read_only(void **state)
{
	struct desk *desk = *state;

	history_desk_open(desk);
	history_desk_round(desk, 1);
	history_desk_close(desk);
	slow_vfs_protect(&desk->vfs, true);
	history_desk_open(desk);
	history_desk_round(desk, 2);
	history_desk_wait_state(desk, "the file can only be opened for reading; 1 records wait");
	slow_vfs_protect(&desk->vfs, false);
	history_desk_wait_acks(desk, 1); /* the first came too late for an acknowledgement */
	history_desk_wait_state(desk, "ok");
	history_desk_close(desk);
	history_desk_check_intact(desk, 3);
}

static void test_no_directory(void **state)
{
	struct desk *desk = *state;
	struct err err;

	assert_true(history_sqlite_check(desk->path, &err));
	snprintf(desk->path, sizeof(desk->path), "%s/none/history.db", desk->directory);
	assert_false(history_sqlite_check(desk->path, &err));
	assert_non_null(strstr(err.text, "/none/: No such file or directory"));
	history_desk_open(desk);
	history_desk_round(desk, 1);
	history_desk_wait_state(desk, "unable to open database file");
	assert_int_equal(history_desk_close(desk), 1);
}

static void file_write(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	for (int i = 0; i < 200; i++)
		fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static void test_corrupt(void **state)
{
	struct desk *desk = *state;
	char aside[256];

	file_write(desk->path, "this is no database. ");
	history_desk_open(desk);
	history_desk_round(desk, 1);
	history_desk_wait_acks(desk, 1);
	snprintf(aside, sizeof(aside), "ok; corrupt file moved aside to %s.corrupt-20261121T0",
	         desk->path);
	assert_non_null(strstr(history_state(desk->history), aside));
	history_desk_close(desk);
	history_desk_check_intact(desk, 2);
	assert_int_equal(
		history_desk_number(desk, "SELECT seq FROM audit_log WHERE action = 'gap.moved'"),
		1);

	/* A second one in the same second does not overwrite the first. */
	file_write(desk->path, "neither is this. ");
	history_desk_open(desk);
	history_desk_wait_state(desk, "Z-2");
	history_desk_close(desk);
	history_desk_check_intact(desk, 1);
}

/* A log that stayed behind would be played into the new file. */
static void test_aside(void **state)
{
	struct desk *desk = *state;
	char log[256];
	char aside[HISTORY_ASIDE_PATH_MAX];
	char aside_log[HISTORY_ASIDE_PATH_MAX + 8];
	struct err err;

	snprintf(log, sizeof(log), "%s-wal", desk->path);
	file_write(desk->path, "file");
	file_write(log, "log");
	assert_true(history_aside_move(desk->path, "corrupt", (struct instant){1795236300000},
	                               aside, &err));
	snprintf(aside_log, sizeof(aside_log), "%s-wal", aside);
	assert_non_null(strstr(aside, "/history.db.corrupt-20261121T"));
	assert_int_equal(access(aside, F_OK), 0);
	assert_int_equal(access(aside_log, F_OK), 0);
	assert_int_not_equal(access(desk->path, F_OK), 0);
	assert_int_not_equal(access(log, F_OK), 0);
}

/* Damage found in the middle of writing: what waits goes into the new file. */
static void test_corrupt_later(void **state)
{
	struct desk *desk = *state;

	history_desk_open(desk);
	history_desk_round(desk, 1);
	history_desk_wait_acks(desk, 1);
	slow_vfs_fail(&desk->vfs, SQLITE_CORRUPT);
	history_desk_round(desk, 2);
	history_desk_wait_state(desk, "database disk image is malformed; 1 records wait");
	slow_vfs_fail(&desk->vfs, SQLITE_OK);
	history_desk_wait_acks(desk, 2);
	assert_non_null(strstr(history_state(desk->history), "ok; corrupt file moved aside to "));
	history_desk_close(desk);
	assert_int_equal(
		history_desk_number(desk, "SELECT COUNT(*) FROM round WHERE uid = 'r00002'"), 1);
	history_desk_check_intact(desk,
	                          history_desk_number(desk, "SELECT COUNT(*) FROM audit_log"));
}

static void test_foreign(void **state)
{
	struct desk *desk = *state;
	const char *aside;

	history_desk_exec(desk,
	                  "CREATE TABLE wine (name TEXT); INSERT INTO wine VALUES ('merlot')");
	history_desk_open(desk);
	history_desk_round(desk, 1);
	history_desk_wait_acks(desk, 1);
	aside = strstr(history_state(desk->history), "/tmp/");
	assert_non_null(strstr(aside, ".foreign-2026"));
	snprintf(desk->path, sizeof(desk->path), "%s", aside);
	history_desk_close(desk);
	assert_int_equal(history_desk_number(desk, "SELECT COUNT(*) FROM wine"), 1);
}

static void test_held(void **state)
{
	struct desk *desk = *state;
	sqlite3 *db = NULL;

	history_desk_open(desk);
	history_desk_round(desk, 1);
	history_desk_wait_acks(desk, 1);
	/* An agent that runs is no hindrance: what is committed is read, its log included. */
	history_desk_check_intact(desk, 1);
	history_desk_close(desk);

	assert_int_equal(sqlite3_open(desk->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE", NULL,
	                              NULL, NULL),
	                 SQLITE_OK);
	history_desk_open(desk);
	history_desk_round(desk, 2);
	history_desk_wait_state(desk, "another process holds the file");
	sqlite3_close(db);
	history_desk_wait_acks(desk, 2);
	history_desk_close(desk);
	history_desk_check_intact(desk, 3);
}

/* A record that the schema refuses does not stand in the way of the others. */
static void test_refused(void **state)
{
	struct desk *desk = *state;

	history_desk_open(desk);
	history_desk_close(desk);
	history_desk_exec(desk,
	                  "CREATE TRIGGER no_two BEFORE INSERT ON round WHEN NEW.uid = 'r00002'"
	                  " BEGIN SELECT RAISE(ABORT, 'no two'); END");
	history_desk_open(desk);
	for (unsigned i = 1; i <= 3; i++)
		history_desk_round(desk, i);
	history_desk_wait_acks(desk, 3);
	assert_int_equal(history_desk_close(desk), 0);
	history_desk_check_intact(desk, 3);
	assert_int_equal(
		history_desk_number(
			desk,
			"SELECT COUNT(*) FROM gap WHERE kind = 'refused' AND round_uid = 'r00002'"
			" AND detail = 'no two'"),
		1);
	assert_int_equal(history_desk_number(desk, "SELECT COUNT(*) FROM round"), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_hung, history_desk_set_up,
	                                        history_desk_tear_down),
		cmocka_unit_test_setup_teardown(test_bytes, history_desk_set_up,
	                                        history_desk_tear_down),
		cmocka_unit_test_setup_teardown(test_abandoned, history_desk_set_up,
	                                        history_desk_tear_down),
		cmocka_unit_test_setup_teardown(test_failing, history_desk_set_up,
	                                        history_desk_tear_down),
		cmocka_unit_test_setup_teardown(test_close_failing, history_desk_set_up,
	                                        history_desk_tear_down),
		cmocka_unit_test_setup_teardown(test_read_only, history_desk_set_up,
	                                        history_desk_tear_down),
		cmocka_unit_test_setup_teardown(test_no_directory, history_desk_set_up,
	                                        history_desk_tear_down),
		cmocka_unit_test_setup_teardown(test_corrupt, history_desk_set_up,
	                                        history_desk_tear_down),
		cmocka_unit_test_setup_teardown(test_aside, history_desk_set_up,
	                                        history_desk_tear_down),
		cmocka_unit_test_setup_teardown(test_corrupt_later, history_desk_set_up,
	                                        history_desk_tear_down),
		cmocka_unit_test_setup_teardown(test_foreign, history_desk_set_up,
	                                        history_desk_tear_down),
		cmocka_unit_test_setup_teardown(test_held, history_desk_set_up,
	                                        history_desk_tear_down),
		cmocka_unit_test_setup_teardown(test_refused, history_desk_set_up,
	                                        history_desk_tear_down),
	};

	return cmocka_run_group_tests_name("history_trouble", tests, NULL, NULL);
}
