/* The history on disks that work, and what is kept, found and proven afterwards. */
#include "agent/history_chain.h"
#include "agent/history_memory.h"
#include "agent/history_read.h"
#include "agent/history_schema.h"
#include "agent/history_verify.h"
#include "analysis/base/compiler.h"
#include "tests/agent/history_desk.h"
#include "tests/agent/split_desk.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void on_effect_read(void *user, const struct history_effect *effect)
{
	char *seen = user;
	size_t length = strlen(seen);

	snprintf(seen + length, 256 - length, "%d:%s:%s ", (int)effect->kind, effect->key,
	         effect->result);
}

static void on_round_read(void *user, const struct history_read_round *round)
{
	char *seen = user;
	size_t length = strlen(seen);

	assert_string_equal(round->round.facts, "{\"weight\":10}");
	assert_string_equal(round->round.spec, "{\"analysis\":{\"maxWeight\":50}}");
	assert_false(round->is_cut);
	snprintf(seen + length, 256 - length, "%s%s ", round->round.uid,
	         round->is_ahead ? "!" : "");
}

static void test_append(void **state)
{
	struct desk *desk = *state;
	sqlite3 *db = NULL;
	struct err err;
	char rounds[256] = "";
	char effects[256] = "";

	history_desk_open(desk);
	for (unsigned i = 1; i <= 3; i++) {
		history_desk_round(desk, i);
		history_desk_effect(desk, i, HISTORY_QUESTION, "observe route");
		history_desk_effect(desk, i, HISTORY_ANSWER, "observe route");
	}
	history_gap(desk->history, "r00002", (struct instant){1795236301000});
	history_desk_wait_acks(desk, 3);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(desk->acks[i][5], '1' + (int)i);
	assert_string_equal(history_state(desk->history), "ok");
	assert_int_equal(history_desk_close(desk), 0);

	history_desk_check_intact(desk, 10);
	assert_int_equal(history_desk_number(desk, "SELECT COUNT(*) FROM canary_spec"), 1);
	assert_true(history_read_open(desk->path, &db, &err));
	assert_true(history_read_rounds(db,
	                                &(struct history_read_filter){
						.k8s_namespace = "shop",
						.canary = "podinfo",
						.n_max = 2,
					},
	                                on_round_read, rounds, &err));
	assert_true(history_read_effects(db, "r00003", on_effect_read, effects, &err));
	history_read_close(db);
	assert_string_equal(rounds, "r00003 r00002! ");
	assert_string_equal(effects, "1:observe route: 3:observe route:ok ");
}

static void test_forget(void **state)
{
	struct desk *desk = *state;

	history_desk_open(desk);
	slow_vfs_hang(&desk->vfs, true);
	history_desk_round(desk, 1);
	history_desk_round(desk, 2);
	history_forget(desk->history, desk);
	history_desk_round(desk, 3);
	slow_vfs_hang(&desk->vfs, false);
	history_desk_wait_acks(desk, 1);
	assert_string_equal(desk->acks[0], "r00003");
	history_desk_close(desk);
	history_desk_check_intact(desk, 3);
}

static void test_restart(void **state)
{
	struct desk *desk = *state;

	for (unsigned i = 1; i <= 3; i++) {
		history_desk_open(desk);
		history_desk_round(desk, i);
		history_desk_effect(desk, i, HISTORY_CHANGE, "set weight");
		assert_int_equal(history_desk_close(desk), 0); /* close drains */
		/* Each but the first says that it began. */
		history_desk_check_intact(desk, 3 * (long)i - 1);
	}
	assert_int_equal(history_desk_number(desk, "SELECT MAX(seq) FROM audit_log"), 8);
	assert_int_equal(history_desk_number(desk, "SELECT COUNT(*) FROM gap WHERE kind = 'began'"),
	                 2);
	assert_int_equal(history_desk_number(desk, "SELECT COUNT(DISTINCT chain) FROM audit_log"),
	                 1);
}

/* Each process of the agent has a chain of its own, and says all the same that it began in a file
 * of others. */
static void test_row_62_restart_with_its_own_chain(void **state)
{
	static const char *const chains[] = {"serin_1", "serin_2", "serin_3"};
	struct desk *desk = *state;

	for (unsigned i = 0; i < array_length(chains); i++) {
		desk->chain = chains[i];
		history_desk_open(desk);
		history_desk_round(desk, i + 1);
		assert_int_equal(history_desk_close(desk), 0);
	}
	assert_int_equal(history_desk_number(desk, "SELECT COUNT(*) FROM gap WHERE kind = 'began'"),
	                 2);
	assert_int_equal(history_desk_number(desk,
	                                     "SELECT COUNT(*) FROM audit_log WHERE chain = "
	                                     "'serin_3' AND entity = 'gap' AND seq = 1"),
	                 1);
	assert_int_equal(history_desk_number(desk, "SELECT COUNT(DISTINCT chain) FROM audit_log"),
	                 3);
}

/* A record that comes again (a commit whose outcome was unknown) is not written twice. */
static void test_again(void **state)
{
	struct desk *desk = *state;

	history_desk_open(desk);
	history_desk_round(desk, 1);
	history_desk_round(desk, 1);
	history_desk_wait_acks(desk, 2);
	history_desk_close(desk);
	history_desk_check_intact(desk, 1);
}

static void test_cut(void **state)
{
	struct desk *desk = *state;
	size_t length = HISTORY_ROUND_MAX + 7;
	char *facts = malloc(length + 1);
	struct history_round round = {.uid = "r1", .plan = "{}", .facts = facts};

	assert_non_null(facts);
	for (size_t i = 0; i < length; i++)
		facts[i] = i % 2 ? '\xa9' : '\xc3'; /* é, in two bytes */
	facts[length] = '\0';
	history_desk_open(desk);
	history_round(desk->history, &round, NULL, NULL);
	round.uid = "r2";
	facts[HISTORY_ROUND_MAX - 4] = '\0'; /* uid and plan take four bytes */
	history_round(desk->history, &round, NULL, NULL);
	assert_int_equal(history_desk_close(desk), 0);
	free(facts);
	history_desk_check_intact(desk, 2);
	assert_int_equal(history_desk_number(desk, "SELECT is_cut FROM round WHERE uid = 'r1'"), 1);
	assert_int_equal(history_desk_number(desk, "SELECT is_cut FROM round WHERE uid = 'r2'"), 0);
	assert_int_equal(
		history_desk_number(desk,
	                            "SELECT length(facts_json) FROM round_facts WHERE round_id"
	                            " = (SELECT id FROM round WHERE uid = 'r1')"),
		(HISTORY_ROUND_MAX - 4) / 2); /* characters, all whole */
}

static void test_migrate(void **state)
{
	struct desk *desk = *state;
	enum {
		NEXT = HISTORY_SCHEMA_VERSION + 1,
	};
	const char *const steps[] = {
		history_schema_steps[0],
		history_schema_steps[1],
		history_schema_steps[2],
		history_schema_steps[3],
		"ALTER TABLE gap ADD COLUMN note TEXT NOT NULL DEFAULT '';",
		"ALTER TABLE gap ADD COLUMN other TEXT; SELECT no_such_column FROM gap;",
	};
	struct history_fault fault = {0};
	sqlite3 *db = NULL;

	history_desk_open(desk);
	history_desk_round(desk, 1);
	history_desk_close(desk);
	assert_int_equal(history_desk_number(desk, "PRAGMA user_version"), HISTORY_SCHEMA_VERSION);
	assert_int_equal(sqlite3_open(desk->path, &db), SQLITE_OK);
	assert_true(history_schema_migrate(db, steps, NEXT, (struct instant){7}, &fault));
	assert_true(history_schema_migrate(db, steps, NEXT, (struct instant){8},
	                                   &fault)); /* nothing to do */
	assert_false(history_schema_migrate(db, steps, NEXT + 1, (struct instant){9}, &fault));
	assert_non_null(strstr(fault.text, "no_such_column"));
	sqlite3_close(db);
	assert_int_equal(history_desk_number(desk, "PRAGMA user_version"), NEXT);
	assert_int_equal(history_desk_number(desk, "SELECT MAX(version) FROM schema_version"),
	                 NEXT);
	assert_int_equal(
		history_desk_number(desk,
	                            "SELECT COUNT(*) FROM pragma_table_info('gap') WHERE name IN"
	                            " ('note', 'other')"),
		1);
	assert_int_equal(history_desk_number(desk, "SELECT COUNT(*) FROM round"), 1);

	/* To this agent it is a file from the future. */
	history_desk_open(desk);
	history_desk_round(desk, 2);
	history_desk_wait_acks(desk, 1);
	assert_non_null(strstr(history_state(desk->history), "ok; newer file moved aside to "));
	history_desk_close(desk);
	history_desk_check_intact(desk, 2);
}

static void test_guards(void **state)
{
	/* Each is refused by the file itself. */
	static const char *const changes[] = {
		"UPDATE round SET reason = ''",
		"DELETE FROM round",
		"UPDATE round_effect SET result = ''",
		"DELETE FROM round_effect",
		"DELETE FROM gap",
		"DELETE FROM round_facts",
		"UPDATE round_facts SET facts_json = ''",
		"UPDATE round_effect SET detail_json = ''",
		"UPDATE traffic_change SET author = ''",
		"DELETE FROM traffic_change",
		"UPDATE canary_spec SET spec_json = ''",
		"DELETE FROM audit_log",
		("INSERT INTO audit_log SELECT chain, seq + 2, ts, actor, action, entity, entity_uid, payload,"
	         " payload_sha256, hash, 'x' FROM audit_log"),
	};
	struct desk *desk = *state;
	sqlite3 *db = NULL;

	history_desk_open(desk);
	history_desk_round(desk, 1);
	history_desk_effect(desk, 1, HISTORY_CHANGE, "set weight");
	history_gap(desk->history, "r00001", (struct instant){1});
	split_desk_write(desk->history, 90);
	history_desk_close(desk);
	assert_int_equal(sqlite3_open(desk->path, &db), SQLITE_OK);
	for (size_t i = 0; i < array_length(changes); i++) {
		if (sqlite3_exec(db, changes[i], NULL, NULL, NULL) != SQLITE_CONSTRAINT)
			fail_msg("not refused: %s", changes[i]);
	}
	sqlite3_close(db);
}

static void test_tamper(void **state)
{
	/* What somebody who owns the file does, and what is found. */
	static const struct {
		const char *sql;
		const char *what;
		long seq;
	} rows[] = {
		{"DROP TRIGGER round_no_update; UPDATE round SET reason = 'none' WHERE uid = 'r00002'",
	         "round \"r00002\" was changed", 3},
		{"DROP TRIGGER round_facts_no_update; UPDATE round_facts SET facts_json = '{}' WHERE round_id = 2",
	         "round \"r00002\" was changed", 3},
		{"DROP TRIGGER round_effect_no_update; UPDATE round_effect SET result = 'ok'",
	         "round_effect \"b00001/0000000002\" was changed", 2},
		{"DROP TRIGGER round_no_delete; DELETE FROM round WHERE uid = 'r00003'",
	         "round \"r00003\" is missing", 5},
		{"DROP TRIGGER audit_log_no_update; UPDATE audit_log SET payload = '{}' WHERE seq = 4",
	         "its payload was changed", 4},
		{"DROP TRIGGER audit_log_no_update; UPDATE audit_log SET actor = 'nobody' WHERE seq = 4",
	         "expected hash", 4},
		{"DROP TRIGGER audit_log_no_delete; DELETE FROM audit_log WHERE seq = 1",
	         "expected entry 1, got 2", 1},
		{"DROP TRIGGER canary_spec_no_update; UPDATE canary_spec SET spec_json = '{}'",
	         "entry 1 of chain \"cluster-a/serin\": canary_spec \"", 1},
		{"INSERT INTO gap (uid, kind, round_uid, n_records, from_at, until_at, detail)"
	         " VALUES ('x', 'lost', '', 1, 1, 1, '')",
	         "gap has 1 rows, but the chain knows 0", 0},
	};

	(void)state;
	for (size_t i = 0; i < array_length(rows); i++) {
		struct desk *desk = history_desk_new();
		struct history_verdict verdict;
		struct err err;

		history_desk_open(desk);
		for (unsigned n = 1; n <= 3; n++) {
			history_desk_round(desk, n);
			history_desk_effect(desk, n, HISTORY_CHANGE, "set weight");
		}
		history_desk_close(desk);
		history_desk_check_intact(desk, 6);
		history_desk_exec(desk, rows[i].sql);
		assert_true(history_verify(desk->path, NULL, &verdict, &err));
		assert_false(verdict.is_intact);
		if (!strstr(verdict.what, rows[i].what) || verdict.seq != rows[i].seq)
			fail_msg("%s: got entry %ld: %s", rows[i].sql, (long)verdict.seq,
			         verdict.what);
		history_desk_free(desk);
	}
}

/* By hand: printf '9:cluster-a,1:1,2:12,1:p,1:a,1:e,1:u,1:x,1:y,' | sha256sum */
static void test_hash(void **state)
{
	const struct history_chain_entry entry = {
		.chain = "cluster-a",
		.seq = 1,
		.ts = 12,
		.actor = "p",
		.action = "a",
		.entity = "e",
		.entity_uid = "u",
		.payload_sha256 = "x",
		.prev_hash = "y",
	};
	char hash[HISTORY_CHAIN_DIGEST_SIZE];

	(void)state;
	history_chain_hash(&entry, hash);
	assert_string_equal(hash,
	                    "340162211d63e0a0b41e66b63821c10db5e4a5938f7e6178e5d8bcd00ac25538");
}

/* Killed after N bytes: all that was acknowledged is there, what is there is a prefix, and the
 * chain goes on. */
static _Noreturn void killed_child(struct desk *desk, long n_bytes, unsigned *n_acked)
{
	desk->vfs.n_bytes_left = n_bytes;
	history_desk_open(desk);
	for (unsigned i = 1; i <= 30; i++) {
		history_desk_round(desk, i);
		history_desk_effect(desk, i, HISTORY_CHANGE, "set weight");
		if (i % 3 != 0)
			continue;
		history_desk_wait_acks(desk, i);
		*(volatile unsigned *)n_acked = i;
	}
	history_desk_close(desk);
	_exit(0);
}

static void test_killed(void **state)
{
	unsigned *n_acked = mmap(NULL, sizeof(*n_acked), PROT_READ | PROT_WRITE,
	                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned n_killed = 0;
	int status = 0;

	(void)state;
	assert_ptr_not_equal(n_acked, MAP_FAILED);
	for (long n_bytes = 100; !WIFEXITED(status) || n_bytes == 100; n_bytes += 9973) {
		struct desk *desk = history_desk_new();
		pid_t child;
		long n_rounds;

		*n_acked = 0;
		child = fork();
		assert_true(child >= 0);
		if (child == 0)
			killed_child(desk, n_bytes, n_acked);
		assert_int_equal(waitpid(child, &status, 0), child);
		n_killed += WIFSIGNALED(status);
		assert_true(WIFEXITED(status) || WTERMSIG(status) == SIGKILL);

		history_desk_open(desk);
		assert_int_equal(history_desk_close(desk), 0);
		n_rounds = history_desk_number(desk, "SELECT COUNT(*) FROM round");
		assert_true(n_rounds >= (long)*n_acked);
		assert_int_equal(
			history_desk_number(
				desk,
				"SELECT COUNT(*) FROM round WHERE uid <> printf('r%05d', id)"),
			0);
		history_desk_check_intact(
			desk, history_desk_number(desk, "SELECT COUNT(*) FROM audit_log"));
		/* What the killed one may have lost is marked, unless it left nothing. */
		assert_int_equal(history_desk_number(desk, "SELECT COUNT(*) FROM gap"),
		                 n_rounds > 0);

		history_desk_open(desk);
		history_desk_round(desk, 99);
		assert_int_equal(history_desk_close(desk), 0);
		history_desk_check_intact(
			desk, history_desk_number(desk, "SELECT COUNT(*) FROM audit_log"));
		history_desk_free(desk);
	}
	print_message("killed in mid-write at %u places\n", n_killed);
	assert_true(n_killed > 10);
	munmap(n_acked, sizeof(*n_acked));
}

/* The log is beside the file that a link names, and what is in it is read. */
static void test_link(void **state)
{
	struct desk *desk = *state;
	char link[160];
	char seen[256] = "";
	struct err err;
	sqlite3 *db = NULL;
	int status = 0;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		history_desk_open(desk);
		history_desk_round(desk, 1);
		history_desk_wait_acks(desk, 1);
		_exit(0); /* as if killed: the log stays */
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	snprintf(link, sizeof(link), "%s-link", desk->path);
	assert_int_equal(symlink(desk->path, link), 0);
	assert_true(history_read_open(link, &db, &err));
	assert_true(history_read_rounds(db, &(struct history_read_filter){.n_max = 9},
	                                on_round_read, seen, &err));
	history_read_close(db);
	unlink(link);
	assert_string_equal(seen, "r00001 ");
}

/* In memory
 * ----------------------------------------------------------------------------------------------------
 */

/* A loop that turns when the test says so, with room for one alarm. */
struct still_loop {
	struct loop base;
	struct alarm *alarm;
};

static void on_alarm_start(struct loop *loop, struct alarm *alarm, struct span after)
{
	assert_int_equal(after.ms, 0);
	alarm->loop = loop;
	container_of(loop, struct still_loop, base)->alarm = alarm;
}

static void on_alarm_cancel(struct loop *loop, struct alarm *alarm)
{
	alarm->loop = NULL;
	container_of(loop, struct still_loop, base)->alarm = NULL;
}

static const struct loop_ops still_ops = {.start = on_alarm_start, .cancel = on_alarm_cancel};

static void on_memory_acked(void *user, const char *uid)
{
	unsigned *n_acked = user;

	assert_true(uid[0] == 'r');
	++*n_acked;
}

static void test_memory(void **state)
{
	struct still_loop loop = {.base = {&still_ops}};
	struct history *history = history_memory_new(&loop.base);
	struct history_round round = {.uid = "r1", .reason = "first"};
	const struct history_effect effect = {
		.round_uid = "r1", .kind = HISTORY_CHANGE, .key = "save"};
	unsigned n_acked = 0;
	unsigned n_forgotten = 0;

	(void)state;
	assert_string_equal(history_state(history), "kept in memory only, 0 rounds");
	history_round(history, &round, on_memory_acked, &n_acked);
	history_round(history, &round, on_memory_acked, &n_forgotten);
	history_effect(history, &effect);
	history_gap(history, "r1", (struct instant){5});
	history_forget(history, &n_forgotten);
	assert_int_equal(n_acked, 0);
	assert_non_null(loop.alarm);
	loop.alarm->ring(loop.alarm);
	assert_int_equal(n_acked, 1);
	assert_int_equal(n_forgotten, 0);
	assert_string_equal(history_memory_first(history)->round.reason, "first");
	round.reason = "next";
	for (unsigned i = 0; i < HISTORY_MEMORY_MAX; i++)
		history_round(history, &round, NULL, NULL);
	assert_string_equal(history_memory_first(history)->round.reason, "next");
	assert_string_equal(history_state(history), "kept in memory only, 4096 rounds");
	history_memory_free(history);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_append, history_desk_set_up,
	                                        history_desk_tear_down),
		cmocka_unit_test_setup_teardown(test_forget, history_desk_set_up,
	                                        history_desk_tear_down),
		cmocka_unit_test_setup_teardown(test_restart, history_desk_set_up,
	                                        history_desk_tear_down),
		cmocka_unit_test_setup_teardown(test_row_62_restart_with_its_own_chain,
	                                        history_desk_set_up, history_desk_tear_down),
		cmocka_unit_test_setup_teardown(test_again, history_desk_set_up,
	                                        history_desk_tear_down),
		cmocka_unit_test_setup_teardown(test_cut, history_desk_set_up,
	                                        history_desk_tear_down),
		cmocka_unit_test_setup_teardown(test_migrate, history_desk_set_up,
	                                        history_desk_tear_down),
		cmocka_unit_test_setup_teardown(test_guards, history_desk_set_up,
	                                        history_desk_tear_down),
		cmocka_unit_test(test_tamper),
		cmocka_unit_test(test_hash),
		cmocka_unit_test(test_killed),
		cmocka_unit_test_setup_teardown(test_link, history_desk_set_up,
	                                        history_desk_tear_down),
		cmocka_unit_test(test_memory),
	};

	return cmocka_run_group_tests_name("history", tests, NULL, NULL);
}
