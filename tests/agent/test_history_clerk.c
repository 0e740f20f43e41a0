/* Reading the history by a thread: what is read, what hangs, and what nobody waits for. */
#include "agent/history_clerk.h"
#include "agent/history_memory.h"
#include "agent/history_sqlite.h"
#include "agent/loop_ev.h"
#include "analysis/base/compiler.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct room {
	struct loop_ev *loop;
	struct history *history;
	struct history_clerk *clerk;
	struct alarm late;
	int n_done;
	int n_freed;
	pthread_mutex_t lock;
	pthread_cond_t begun;
	bool is_held; /* readers wait */
	int n_readers;
	int n_left; /* that wait no more */
};

struct job {
	struct history_clerk_job base;
	struct room *room;
	bool holds;
	int n_rounds;
	char first[64];
	char text[ERR_TEXT_MAX];
	bool is_read;
};

static void on_round(void *user, const struct history_read_round *round)
{
	struct job *job = user;

	if (job->n_rounds++ == 0)
		(void)snprintf(job->first, sizeof(job->first), "%s %s", round->round.uid,
		               round->round.facts);
}

static bool read_job(struct history_clerk_job *base, sqlite3 *db, struct err *err)
{
	struct job *job = (struct job *)(void *)base;
	struct room *room = job->room;
	const struct history_read_filter all = {0};

	(void)pthread_mutex_lock(&room->lock);
	room->n_readers++;
	(void)pthread_cond_broadcast(&room->begun);
	while (job->holds && room->is_held)
		(void)pthread_cond_wait(&room->begun, &room->lock);
	room->n_left++;
	(void)pthread_cond_broadcast(&room->begun);
	(void)pthread_mutex_unlock(&room->lock);
	return history_read_rounds(db, &all, on_round, job, err);
}

/* Jobs are the tests' own, not the heap's. */
static void on_done(struct history_clerk_job *base, bool is_read, const struct err *err)
{
	struct job *job = (struct job *)(void *)base;

	job->is_read = is_read;
	if (!err) {
		job->room->n_freed++;
		return;
	}
	(void)snprintf(job->text, sizeof(job->text), "%s", err->text);
	job->room->n_done++;
	loop_ev_stop(job->room->loop);
}

static struct job job_of(struct room *room, bool holds)
{
	return (struct job){
		.base = {.read = read_job, .done = on_done},
		.room = room,
		.holds = holds,
	};
}

static void on_late(struct alarm *alarm)
{
	fail_msg("nothing happened");
}

static void open_clerk(struct room *room, const char *path)
{
	const struct history_clerk_settings settings = {
		.loop = room->loop,
		.path = path,
		.memory = room->history,
	};
	struct err err = {0};

	room->clerk = history_clerk_new(&settings, &err);
	if (!room->clerk)
		fail_msg("%s", err.text);
}

static int open_room(void **state)
{
	struct room *room = calloc(1, sizeof(*room));

	assert_non_null(room);
	room->loop = loop_ev_new(NULL);
	room->history = history_memory_new(loop_ev_seam(room->loop));
	room->late.ring = on_late;
	alarm_start(loop_ev_seam(room->loop), &room->late, span_seconds(30));
	(void)pthread_mutex_init(&room->lock, NULL);
	(void)pthread_cond_init(&room->begun, NULL);
	open_clerk(room, "");
	*state = room;
	return 0;
}

static int shut_room(void **state)
{
	struct room *room = *state;

	history_clerk_free(room->clerk, span_seconds(10));
	history_memory_free(room->history);
	alarm_cancel(&room->late);
	loop_ev_free(room->loop);
	(void)pthread_mutex_destroy(&room->lock);
	(void)pthread_cond_destroy(&room->begun);
	free(room);
	return 0;
}

static void add_round(struct history *history, const char *uid)
{
	const struct history_round round = {
		.uid = uid,
		.k8s_namespace = "shop",
		.canary = "cart",
		.canary_uid = "c-1",
		.release = "cart-2",
		.decided_at = {1763712000000},
		.decide_version = "1",
		.reason = "so",
		.spec = "{}",
		.facts = "{\"a\":1}",
		.plan = "{}",
	};

	history_round(history, &round, NULL, NULL);
}

static void run_until(struct room *room, int n_done)
{
	while (room->n_done < n_done)
		loop_ev_run(room->loop);
}

/* What is only in memory is read as a file is; what comes later is not in it. */
static void test_memory(void **state)
{
	struct room *room = *state;
	struct job job = job_of(room, false);
	struct job empty = job_of(room, false);

	assert_true(history_clerk_start(room->clerk, &empty.base));
	add_round(room->history, "r-1");
	add_round(room->history, "r-2");
	assert_true(history_clerk_start(room->clerk, &job.base));
	add_round(room->history, "r-3");
	run_until(room, 2);
	assert_true(empty.is_read);
	assert_int_equal(empty.n_rounds, 0);
	assert_true(job.is_read);
	assert_int_equal(job.n_rounds, 2);
	assert_string_equal(job.first, "r-2 {\"a\":1}");
}

/* An effect whose round is gone from memory is left out, and the rest read. */
static void test_orphan(void **state)
{
	struct room *room = *state;
	struct job job = job_of(room, false);
	const struct history_effect effect = {
		.round_uid = "long gone",
		.kind = HISTORY_CHANGE,
		.key = "notify",
		.detail = "{}",
		.result = "",
		.at = {1763712000000},
	};

	history_effect(room->history, &effect);
	add_round(room->history, "r-1");
	assert_true(history_clerk_start(room->clerk, &job.base));
	run_until(room, 1);
	assert_string_equal(job.text, "");
	assert_int_equal(job.n_rounds, 1);
}

static void test_no_file(void **state)
{
	struct room *room = *state;
	struct job job = job_of(room, false);

	history_clerk_free(room->clerk, span_seconds(10));
	open_clerk(room, "/nowhere/history.db");
	assert_true(history_clerk_start(room->clerk, &job.base));
	run_until(room, 1);
	assert_false(job.is_read);
	assert_non_null(strstr(job.text, "/nowhere/history.db: unable to open"));
}

static void await(struct room *room, const int *count, int n)
{
	(void)pthread_mutex_lock(&room->lock);
	while (*count < n)
		(void)pthread_cond_wait(&room->begun, &room->lock);
	(void)pthread_mutex_unlock(&room->lock);
}

static void let_go(struct room *room)
{
	(void)pthread_mutex_lock(&room->lock);
	room->is_held = false;
	(void)pthread_cond_broadcast(&room->begun);
	(void)pthread_mutex_unlock(&room->lock);
}

/* One that hangs holds up the others, of which there are few; the loop goes on. */
static void test_too_many(void **state)
{
	struct room *room = *state;
	struct job jobs[HISTORY_CLERK_JOBS_MAX + 1];

	room->is_held = true;
	for (size_t i = 0; i < array_length(jobs); i++) {
		jobs[i] = job_of(room, i == 0);
		assert_true(history_clerk_start(room->clerk, &jobs[i].base) ==
		            (i < HISTORY_CLERK_JOBS_MAX));
	}
	await(room, &room->n_readers, 1);
	/* nobody waits for this one any more, so it is not even begun */
	jobs[1].base.is_unwanted = true;
	let_go(room);
	run_until(room, HISTORY_CLERK_JOBS_MAX);
	assert_false(jobs[1].is_read);
	assert_true(jobs[2].is_read);
	assert_int_equal(room->n_readers, HISTORY_CLERK_JOBS_MAX - 1);
	assert_true(history_clerk_start(room->clerk, &jobs[0].base));
	run_until(room, HISTORY_CLERK_JOBS_MAX + 1);
}

/* At the end what waits is given back, and what was read and not yet told. */
static void test_end(void **state)
{
	struct room *room = *state;
	struct job first = job_of(room, false);
	struct job second = job_of(room, false);

	assert_true(history_clerk_start(room->clerk, &first.base));
	assert_true(history_clerk_start(room->clerk, &second.base));
	await(room, &room->n_readers, 1);
	room->clerk = history_clerk_free(room->clerk, span_seconds(10));
	assert_int_equal(room->n_freed, 2);
	assert_int_equal(room->n_done, 0);
}

/* A thread that hangs is left behind with its job, and the others given back. */
static void test_hung(void **state)
{
	static struct job hung; /* the thread has it until it ends */
	struct room *room = *state;
	struct job waiting = job_of(room, false);

	hung = job_of(room, true);
	room->is_held = true;
	assert_true(history_clerk_start(room->clerk, &hung.base));
	await(room, &room->n_readers, 1);
	assert_true(history_clerk_start(room->clerk, &waiting.base));
	room->clerk = history_clerk_free(room->clerk, span_ms(20));
	assert_int_equal(room->n_freed, 1);
	let_go(room);
	await(room, &room->n_left, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_memory, open_room, shut_room),
		cmocka_unit_test_setup_teardown(test_orphan, open_room, shut_room),
		cmocka_unit_test_setup_teardown(test_no_file, open_room, shut_room),
		cmocka_unit_test_setup_teardown(test_too_many, open_room, shut_room),
		cmocka_unit_test_setup_teardown(test_end, open_room, shut_room),
		cmocka_unit_test_setup_teardown(test_hung, open_room, shut_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
