#include "agent/history_clerk.h"

#include "agent/history_memory.h"
#include "agent/history_rows.h"
#include "agent/history_schema.h"
#include "agent/loop_ev.h"
#include "analysis/base/compiler.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define STEPS_BETWEEN 20000 /* of SQLite, before a job is looked at that may be unwanted */
#define NS_PER_MS     1000000
#define NS_PER_SECOND 1000000000

/* What the thread and the loop share; it outlives the clerk when the thread hangs. */
struct desk {
	pthread_mutex_t lock;
	pthread_cond_t work;  /* for the thread */
	pthread_cond_t ended; /* for the loop, at the end */
	struct history_clerk_job *waiting;
	struct history_clerk_job *finished;
	bool is_ending;
	bool has_ended;
	bool is_left;                /* nobody waits for the thread: it frees the desk */
	char *path;                  /* NULL: in memory */
	struct history_clerk *clerk; /* not when it is left */
};

struct history_clerk {
	struct desk *desk;
	struct loop_ev *loop;
	struct loop_ev_post bell;
	struct history *memory;
	size_t n_jobs;
};

static void desk_free(struct desk *desk)
{
	pthread_mutex_destroy(&desk->lock);
	pthread_cond_destroy(&desk->work);
	pthread_cond_destroy(&desk->ended);
	free(desk->path);
	free(desk);
}

static void append(struct history_clerk_job **list, struct history_clerk_job *job)
{
	while (*list)
		list = &(*list)->next;
	job->next = NULL;
	*list = job;
}

static struct history_clerk_job *take_first(struct history_clerk_job **list)
{
	struct history_clerk_job *job = *list;

	if (job)
		*list = job->next;
	return job;
}

/* In the thread --------------------------------------------------------------------------------
 */

/* A record that the tables refuse is missing in what is read, as it would be in a file. */
static bool fill(sqlite3 *db, const struct history_record *records, struct history_fault *fault)
{
	struct history_rows rows = {.chain = "memory", .actor = "memory", .boot = "memory"};
	bool is_fine = history_schema_migrate(db, history_schema_steps, HISTORY_SCHEMA_VERSION,
	                                      (struct instant){1}, fault) &&
	               history_rows_prepare(&rows, db, fault) && history_rows_find(&rows, fault) &&
	               sqlite3_exec(db, "BEGIN", NULL, NULL, NULL) == SQLITE_OK;

	for (const struct history_record *record = records; is_fine && record;
	     record = record->next) {
		is_fine = history_rows_write(&rows, record, fault) ||
		          fault->kind == HISTORY_FAULT_RECORD;
	}
	history_rows_finish(&rows);
	return is_fine && sqlite3_exec(db, "COMMIT; BEGIN", NULL, NULL, NULL) == SQLITE_OK;
}

static bool open_memory(const struct history_record *records, sqlite3 **ret, struct err *err)
{
	struct history_fault fault = {0};
	sqlite3 *db = NULL;

	if (sqlite3_open_v2(":memory:", &db,
	                    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MEMORY,
	                    NULL) == SQLITE_OK &&
	    fill(db, records, &fault)) {
		*ret = db;
		return true;
	}
	if (fault.kind == HISTORY_FAULT_NONE)
		history_fault_set(&fault, db);
	sqlite3_close_v2(db);
	return err_set(err, ERR_SYSTEM, "%s", fault.text);
}

static int on_progress(void *user)
{
	const struct history_clerk_job *job = user;

	return job->is_unwanted ? 1 : 0;
}

static void read_one(const struct desk *desk, struct history_clerk_job *job)
{
	sqlite3 *db = NULL;

	if (job->is_unwanted) {
		(void)err_set(&job->err, ERR_TRANSPORT, "nobody waits for it any more");
	} else if (desk->path ? history_read_open(desk->path, &db, &job->err)
	                      : open_memory(job->records, &db, &job->err)) {
		sqlite3_progress_handler(db, STEPS_BETWEEN, on_progress, job);
		job->is_read = job->read(job, db, &job->err);
	}
	history_read_close(db);
	job->records = history_record_free(job->records);
}

static void *work(void *user)
{
	struct desk *desk = user;
	struct history_clerk_job *job;
	bool is_left;

	pthread_mutex_lock(&desk->lock);
	while (!desk->is_ending) {
		job = take_first(&desk->waiting);
		if (!job) {
			pthread_cond_wait(&desk->work, &desk->lock);
			continue;
		}
		pthread_mutex_unlock(&desk->lock);
		read_one(desk, job);
		pthread_mutex_lock(&desk->lock);
		append(&desk->finished, job);
		if (!desk->is_ending)
			loop_ev_post(desk->clerk->loop, &desk->clerk->bell);
	}
	desk->has_ended = true;
	is_left = desk->is_left;
	pthread_cond_signal(&desk->ended);
	pthread_mutex_unlock(&desk->lock);
	if (is_left)
		desk_free(desk);
	return NULL;
}

/* On the loop ----------------------------------------------------------------------------------
 */

static void on_bell(struct loop_ev_post *bell)
{
	struct history_clerk *clerk = container_of(bell, struct history_clerk, bell);
	struct history_clerk_job *jobs;
	struct history_clerk_job *job;

	pthread_mutex_lock(&clerk->desk->lock);
	jobs = clerk->desk->finished;
	clerk->desk->finished = NULL;
	pthread_mutex_unlock(&clerk->desk->lock);
	while ((job = take_first(&jobs)) != NULL) {
		clerk->n_jobs--;
		job->done(job, job->is_read, &job->err);
	}
}

static struct desk *desk_new(struct history_clerk *clerk, const char *path)
{
	struct desk *desk = calloc(1, sizeof(*desk));
	pthread_condattr_t attributes;

	if (!desk)
		abort();
	desk->clerk = clerk;
	pthread_mutex_init(&desk->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&desk->work, NULL);
	pthread_cond_init(&desk->ended, &attributes);
	pthread_condattr_destroy(&attributes);
	desk->path = path[0] ? strdup(path) : NULL;
	if (path[0] && !desk->path)
		abort();
	return desk;
}

struct history_clerk *history_clerk_new(const struct history_clerk_settings *settings,
                                        struct err *err)
{
	struct history_clerk *clerk = calloc(1, sizeof(*clerk));
	pthread_t thread;
	int code;

	if (!clerk)
		abort();
	clerk->loop = settings->loop;
	clerk->memory = settings->memory;
	clerk->bell.call = on_bell;
	clerk->desk = desk_new(clerk, settings->path);
	code = pthread_create(&thread, NULL, work, clerk->desk);
	if (code == 0) {
		pthread_detach(thread);
		return clerk;
	}
	desk_free(clerk->desk);
	free(clerk);
	(void)err_set(err, ERR_SYSTEM, "no thread to read the history: %s", strerror(code));
	return NULL;
}

/* The oldest first. */
static struct history_record *copy_records(struct history *memory)
{
	struct history_record *first = NULL;
	struct history_record **end = &first;

	for (const struct history_record *record = history_memory_first(memory); record;
	     record = record->next) {
		if (record->kind == HISTORY_RECORD_ROUND)
			*end = history_record_round(&record->round);
		else if (record->kind == HISTORY_RECORD_EFFECT)
			*end = history_record_effect(&record->effect);
		else if (record->kind == HISTORY_RECORD_SPLIT)
			*end = history_record_split(&record->split);
		else
			continue;
		end = &(*end)->next;
	}
	return first;
}

bool history_clerk_start(struct history_clerk *clerk, struct history_clerk_job *job)
{
	if (clerk->n_jobs >= HISTORY_CLERK_JOBS_MAX)
		return false;
	clerk->n_jobs++;
	if (!clerk->desk->path)
		job->records = copy_records(clerk->memory);
	pthread_mutex_lock(&clerk->desk->lock);
	append(&clerk->desk->waiting, job);
	pthread_cond_signal(&clerk->desk->work);
	pthread_mutex_unlock(&clerk->desk->lock);
	return true;
}

static void drop(struct history_clerk_job **list)
{
	struct history_clerk_job *job;

	while ((job = take_first(list)) != NULL) {
		job->records = history_record_free(job->records);
		job->done(job, false, NULL);
	}
}

/* Wait for the thread; under its lock. */
static void await_end(struct desk *desk, struct span patience)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += patience.ms / 1000;
	until.tv_nsec += patience.ms % 1000 * NS_PER_MS;
	if (until.tv_nsec >= NS_PER_SECOND) {
		until.tv_sec++;
		until.tv_nsec -= NS_PER_SECOND;
	}
	while (!desk->has_ended && pthread_cond_timedwait(&desk->ended, &desk->lock, &until) == 0)
		;
}

struct history_clerk *history_clerk_free(struct history_clerk *clerk, struct span patience)
{
	struct desk *desk;
	bool has_ended;

	if (!clerk)
		return NULL;
	desk = clerk->desk;
	pthread_mutex_lock(&desk->lock);
	desk->is_ending = true;
	pthread_cond_signal(&desk->work);
	await_end(desk, patience);
	drop(&desk->finished);
	drop(&desk->waiting);
	has_ended = desk->has_ended;
	desk->is_left = !has_ended;
	pthread_mutex_unlock(&desk->lock);
	loop_ev_post_cancel(clerk->loop, &clerk->bell);
	if (has_ended)
		desk_free(desk);
	free(clerk);
	return NULL;
}
