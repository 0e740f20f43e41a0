/* A history that somebody reads, or wants to write, while an agent has it. */
#include "agent/history_export.h"
#include "agent/history_read.h"
#include "agent/history_verify.h"
#include "tests/agent/history_desk.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define HELD "another process holds the file; "

/* An agent in a process of its own: it writes until it is killed. */
struct agent {
	pid_t pid;
	int begun; /* a byte comes when ten rounds are on disk */
};

static _Noreturn void agent_run(struct desk *desk, int begun)
{
	unsigned n = 0;

	history_desk_open(desk);
	for (;;) {
		history_desk_round(desk, ++n % 5000);
		history_desk_wait_acks(desk, 1);
		desk->n_acks = 0;
		if (n == 10 && write(begun, "", 1) != 1)
			_exit(1);
	}
}

static void agent_start(struct agent *agent, struct desk *desk)
{
	int ends[2];
	char byte;

	assert_int_equal(pipe(ends), 0);
	agent->pid = fork();
	assert_true(agent->pid >= 0);
	if (agent->pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails kills nobody */
		agent_run(desk, ends[1]);
	}
	agent->begun = ends[0];
	close(ends[1]);
	assert_int_equal(read(agent->begun, &byte, 1), 1);
}

static void agent_kill(struct agent *agent)
{
	int status = 0;

	assert_int_equal(kill(agent->pid, SIGKILL), 0);
	assert_int_equal(waitpid(agent->pid, &status, 0), agent->pid);
	close(agent->begun);
}

/* How many entries there are, all of them intact. */
static int64_t count(const char *path)
{
	struct history_verdict verdict = {0};
	struct err err = {0};

	if (!history_verify(path, NULL, &verdict, &err))
		fail_msg("%s", err.text);
	if (!verdict.is_intact)
		fail_msg("%s", verdict.what);
	return verdict.n_records;
}

static void beside(const struct desk *desk, const char *suffix, char ret[160])
{
	(void)snprintf(ret, 160, "%s%s", desk->path, suffix);
}

/* The desk knows its file by this name from now on. */
static void use_link(struct desk *desk, const char *link)
{
	assert_true(strlen(link) < sizeof(desk->path));
	memcpy(desk->path, link, strlen(link) + 1);
}

static int64_t size_of_log(const struct desk *desk)
{
	char path[160];
	struct stat status;

	beside(desk, "-wal", path);
	return stat(path, &status) == 0 ? (int64_t)status.st_size : -1;
}

/* Always a whole transaction, also while the log goes into the file; from another process, then
 * from the agent's own. */
static void test_reader(void **state)
{
	struct desk *desk = *state;
	struct agent agent;
	int64_t before = 10;
	unsigned n_written = 0;

	agent_start(&agent, desk);
	for (int i = 0; i < 40 || before <= 20; i++) {
		int64_t now = count(desk->path);

		assert_true(now >= before); /* time does not run backwards */
		before = now;
	}
	agent_kill(&agent);
	assert_true(count(desk->path) >= before);

	history_desk_open(desk);
	for (int i = 0; i < 60; i++) {
		int64_t now;

		for (int n = 0; n < 60; n++)
			history_desk_round(desk, 10000 + ++n_written);
		now = count(desk->path);
		assert_true(now >= before);
		before = now;
	}
	history_desk_wait_acks(desk, n_written);
	assert_int_equal(history_desk_close(desk), 0);
	assert_true(count(desk->path) >= n_written);
}

/* A log that a killed agent left behind is read, also when its index is gone; nothing of what was
 * acknowledged is lost, and the next agent goes on at once. */
static void test_killed(void **state)
{
	struct desk *desk = *state;
	struct agent agent;
	char index[160];
	int64_t n;

	agent_start(&agent, desk);
	agent_kill(&agent);
	assert_true(size_of_log(desk) > 0);
	n = count(desk->path);
	assert_true(n >= 10);
	beside(desk, "-shm", index);
	assert_int_equal(unlink(index), 0);
	assert_int_equal(count(desk->path), n);
	assert_true(size_of_log(desk) > 0); /* a reader takes nothing out of it */
	history_desk_open(desk);
	history_desk_round(desk, 6000);
	history_desk_wait_acks(desk, 1);
	history_desk_close(desk);
	assert_int_equal(count(desk->path), n + 2); /* that it began, and the round */
	assert_int_equal(size_of_log(desk), -1);
}

/* The second agent waits, also when it knows the file by a link, and takes over from one that was
 * killed. */
static void test_two_agents(void **state)
{
	struct desk *desk = *state;
	struct agent agent;
	char link[160];
	int64_t n;

	agent_start(&agent, desk);
	beside(desk, "-link", link);
	assert_int_equal(symlink(desk->path, link), 0);
	use_link(desk, link);
	history_desk_open(desk);
	history_desk_round(desk, 6000);
	history_desk_wait_state(desk, HELD "1 records wait");
	n = count(desk->path);
	agent_kill(&agent);
	history_desk_wait_acks(desk, 1);
	history_desk_wait_state(desk, "ok");
	history_desk_close(desk);
	assert_true(count(desk->path) >= n + 2);
	assert_int_equal(history_desk_number(desk, "SELECT COUNT(*) FROM gap"), 1);
}

/* An agent that only reads the same file does not count as one, whatever it holds. */
static void test_reader_keeps_nobody_out(void **state)
{
	struct desk *desk = *state;
	sqlite3 *db = NULL;
	struct err err;

	history_desk_open(desk);
	history_desk_round(desk, 1);
	history_desk_wait_acks(desk, 1);
	assert_true(history_read_open(desk->path, &db, &err));
	history_desk_close(desk); /* the log stays: it is still read */
	history_desk_open(desk);
	history_desk_round(desk, 2);
	history_desk_wait_acks(desk, 2);
	assert_string_equal(history_state(desk->history), "ok");
	history_read_close(db);
	history_desk_close(desk);
	assert_int_equal(count(desk->path), 3);
}

/* Write N rounds of about 100 KiB. */
static void write_large(struct desk *desk, unsigned n)
{
	static char facts[100001];
	unsigned n_acks = desk->n_acks;

	memset(facts, 'x', sizeof(facts) - 1);
	for (unsigned i = 0; i < n; i++) {
		char uid[24];
		const struct history_round round = {
			.uid = uid, .facts = facts, .decided_at = {1795236300000}};

		(void)snprintf(uid, sizeof(uid), "large-%u-%u", n_acks, i);
		history_round(desk->history, &round, NULL, NULL);
		if (i % 20 == 19) { /* what has an acknowledgement is on disk with all before it */
			history_desk_round(desk, 1000 * (n_acks + 1) + i);
			history_desk_wait_acks(desk, desk->n_acks + 1);
		}
	}
}

/* While a reader stands still the log grows, and nobody waits; after it, the log begins anew. */
static void test_still_reader(void **state)
{
	struct desk *desk = *state;
	sqlite3 *db = NULL;
	struct err err;
	int64_t n;

	history_desk_open(desk);
	write_large(desk, 200);
	n = size_of_log(desk);
	assert_in_range(n, 1, 12 << 20); /* of 20 MiB written */
	assert_true(history_read_open(desk->path, &db, &err));
	write_large(desk, 400);
	n = size_of_log(desk);
	assert_true(n > 30 << 20);
	history_read_close(db);
	write_large(desk, 60);
	n = size_of_log(desk);
	assert_in_range(n, 1, 16 << 20);
	history_desk_close(desk);
	assert_int_equal(size_of_log(desk), -1);
	(void)count(desk->path);
}

/* What an export takes is what was there when it began, each entry once; the one who takes the
 * lines may be as slow as he likes: here, slow enough to write as much as the log can hold. */
struct taker {
	struct desk *desk;
	int n;
};

static bool on_line(void *user, const char *line)
{
	struct taker *taker = user;
	char seq[32];

	(void)snprintf(seq, sizeof(seq), "\"seq\":%d,", ++taker->n);
	assert_non_null(strstr(line, seq));
	if (taker->n == 150)
		write_large(taker->desk, 300);
	return true;
}

static void test_export(void **state)
{
	struct desk *desk = *state;
	struct taker taker = {.desk = desk};
	sqlite3 *db = NULL;
	struct err err;

	history_desk_open(desk);
	for (unsigned i = 0; i < 350; i++)
		history_desk_round(desk, i);
	history_desk_wait_acks(desk, 350);
	assert_true(history_read_open(desk->path, &db, &err));
	assert_true(history_export(db, on_line, &taker, &err));
	history_read_close(db);
	assert_int_equal(taker.n, 350);
	assert_in_range(size_of_log(desk), 1, 16 << 20); /* nobody stood in its way */
	history_desk_close(desk);
}

/* A file that was closed in order is read where nothing can be written. */
static void test_read_only_folder(void **state)
{
	struct desk *desk = *state;
	int status = 0;
	pid_t child;

	history_desk_open(desk);
	history_desk_round(desk, 1);
	history_desk_close(desk);
	assert_int_equal(chmod(desk->directory, 0555), 0);
	assert_int_equal(chmod(desk->path, 0444), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct history_verdict verdict = {0};

		if (getuid() == 0 && setuid(65534) != 0)
			_exit(2);
		_exit(!history_verify(desk->path, NULL, &verdict, NULL) || !verdict.is_intact);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(chmod(desk->directory, 0755), 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* What a link names is put aside beside itself, and the link stays what it is. */
static void test_aside(void **state)
{
	struct desk *desk = *state;
	char link[160];
	char aside[200];
	struct stat status;
	FILE *file = fopen(desk->path, "w");

	assert_non_null(file);
	for (int i = 0; i < 100; i++)
		fputs("this is no database. ", file);
	assert_int_equal(fclose(file), 0);
	beside(desk, "-link", link);
	assert_int_equal(symlink(desk->path, link), 0);
	(void)snprintf(aside, sizeof(aside), "ok; corrupt file moved aside to %s.corrupt-",
	               desk->path);
	use_link(desk, link);
	history_desk_open(desk);
	history_desk_round(desk, 1);
	history_desk_wait_acks(desk, 1);
	assert_non_null(strstr(history_state(desk->history), aside));
	history_desk_close(desk);
	assert_int_equal(lstat(link, &status), 0);
	assert_true(S_ISLNK(status.st_mode));
	assert_int_equal(count(link), 2);
}

/* A lock that cannot be had for another reason is told, and the history is not put aside for it. */
static void test_bad_lock(void **state)
{
	struct desk *desk = *state;
	char lock[160];
	FILE *file;

	history_desk_open(desk);
	history_desk_round(desk, 1);
	history_desk_close(desk);
	beside(desk, "-agent", lock);
	file = fopen(lock, "w");
	assert_non_null(file);
	for (int i = 0; i < 100; i++)
		fputs("this is no database. ", file);
	assert_int_equal(fclose(file), 0);
	history_desk_open(desk);
	history_desk_round(desk, 2);
	history_desk_wait_state(desk, "-agent: file is not a database; 1 records wait");
	assert_int_equal(unlink(lock), 0);
	history_desk_wait_state(desk, "ok");
	assert_string_equal(history_state(desk->history), "ok");
	history_desk_close(desk);
	assert_int_equal(count(desk->path), 3);
}

/* The anchor is the entry of the newest round that was acknowledged. */
static void test_anchor(void **state)
{
	struct desk *desk = *state;
	struct history_anchor anchor = {0};
	struct history_verdict verdict = {0};
	struct history_witness witness = {.name = "release shop/cart-1"};
	const struct history_witnesses witnesses = {.list = &witness, .n = 1};

	history_desk_open(desk);
	assert_false(history_anchor(desk->history, &anchor));
	history_desk_round(desk, 1);
	history_desk_effect(desk, 1, HISTORY_CHANGE, "write route");
	history_desk_round(desk, 2);
	history_desk_wait_acks(desk, 2);
	assert_true(history_anchor(desk->history, &anchor));
	history_desk_effect(desk, 2, HISTORY_CHANGE, "write route");
	history_desk_close(desk);
	assert_string_equal(anchor.chain, "cluster-a/serin");
	assert_int_equal(anchor.seq, 3);
	witness.anchor = anchor;
	assert_true(history_verify(desk->path, &witnesses, &verdict, NULL));
	assert_true(verdict.is_intact);
	assert_int_equal(verdict.n_anchored, 3);
	assert_int_equal(verdict.n_records, 4);
	witness.anchor.chain[0] = 'x'; /* another agent's */
	assert_true(history_verify(desk->path, &witnesses, &verdict, NULL));
	assert_true(verdict.is_intact);
	assert_int_equal(verdict.n_strangers, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_reader, history_desk_set_up,
	                                        history_desk_tear_down),
		cmocka_unit_test_setup_teardown(test_killed, history_desk_set_up,
	                                        history_desk_tear_down),
		cmocka_unit_test_setup_teardown(test_two_agents, history_desk_set_up,
	                                        history_desk_tear_down),
		cmocka_unit_test_setup_teardown(test_reader_keeps_nobody_out, history_desk_set_up,
	                                        history_desk_tear_down),
		cmocka_unit_test_setup_teardown(test_still_reader, history_desk_set_up,
	                                        history_desk_tear_down),
		cmocka_unit_test_setup_teardown(test_export, history_desk_set_up,
	                                        history_desk_tear_down),
		cmocka_unit_test_setup_teardown(test_read_only_folder, history_desk_set_up,
	                                        history_desk_tear_down),
		cmocka_unit_test_setup_teardown(test_aside, history_desk_set_up,
	                                        history_desk_tear_down),
		cmocka_unit_test_setup_teardown(test_anchor, history_desk_set_up,
	                                        history_desk_tear_down),
		cmocka_unit_test_setup_teardown(test_bad_lock, history_desk_set_up,
	                                        history_desk_tear_down),
	};

	return cmocka_run_group_tests_name("history_beside", tests, NULL, NULL);
}
