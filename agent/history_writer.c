#include "agent/history_writer.h"

#include "agent/history_file.h"
#include "agent/history_queue.h"
#include "analysis/base/buf.h"

#include <assert.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BATCH_MAX       256                       /* records in one transaction */
#define BATCH_BYTES_MAX (size_t)(4 * 1024 * 1024) /* and their memory */
#define RETRY_MIN_MS    250
#define RETRY_MAX_MS    30000
#define SLOW_MS         1000 /* records older than this that still wait are worth a word */
#define NOTE_SIZE       1100

struct history_writer {
	pthread_mutex_t lock;
	pthread_cond_t work;  /* there is something to write, or it is time to stop */
	pthread_cond_t ended; /* the thread is about to end */
	pthread_t thread;

	/* Under the lock. */
	struct history_queue queue;
	uint64_t written;
	char trouble[HISTORY_FAULT_TEXT_MAX]; /* "" while all is well */
	char note[NOTE_SIZE];
	struct history_anchor anchor; /* its chain is fixed; seq 0: none */
	struct history_sqlite_pruned pruned;
	struct instant prune_at; /* the time that it was last called */
	bool is_closing;         /* write what waits, then end; give up at the first failure */
	bool is_abandoned;       /* the loop has let go: the thread frees everything */
	bool has_ended;

	/* Fixed from the start. */
	void (*post)(void *user);
	void *user;
	struct span retry_min;
	struct span retry_max;
	struct span keep; /* 0: for ever */

	/* The thread's own. */
	struct history_file *file;
	struct history_record *batch; /* taken and not yet written, or NULL */
	unsigned n_failures;          /* in a row */
};

/* The thread's side
 * -------------------------------------------------------------------------------------------- */

/* AFTER from now on the clock that our conditions wait by. */
static struct timespec deadline_after(struct span after)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_sec += (time_t)(after.ms / 1000);
	at.tv_nsec += (long)(after.ms % 1000) * 1000000;
	if (at.tv_nsec >= 1000000000) {
		at.tv_nsec -= 1000000000;
		at.tv_sec++;
	}
	return at;
}

/* With the lock held, which is what makes sure that no post follows history_writer_stop. */
static void writer_post(struct history_writer *writer)
{
	if (!writer->is_abandoned)
		writer->post(writer->user);
}

enum task {
	TASK_END,
	TASK_WRITE,
	TASK_PRUNE,
};

/* Wait for something to do: records, which are taken, come first. */
static enum task writer_take(struct history_writer *writer)
{
	enum task task = TASK_WRITE;

	pthread_mutex_lock(&writer->lock);
	while (!writer->queue.head && !writer->is_closing && !writer->pruned.is_under_way)
		pthread_cond_wait(&writer->work, &writer->lock);
	writer->batch = history_queue_take(&writer->queue, BATCH_MAX, BATCH_BYTES_MAX);
	if (!writer->batch)
		task = writer->is_closing ? TASK_END : TASK_PRUNE;
	pthread_mutex_unlock(&writer->lock);
	return task;
}

/* Remove one portion. What fails is left to the next call of retention. */
static void writer_prune(struct history_writer *writer)
{
	struct history_prune_portion portion = {.is_last = true};
	struct history_sqlite_pruned *pruned = &writer->pruned;
	struct history_fault fault = {0};
	struct instant now;
	bool is_done;

	pthread_mutex_lock(&writer->lock);
	now = writer->prune_at;
	pthread_mutex_unlock(&writer->lock);
	is_done = history_file_prune(writer->file, now, (struct instant){now.ms - writer->keep.ms},
	                             &portion, &fault);
	pthread_mutex_lock(&writer->lock);
	pruned->n_rounds += is_done ? (uint64_t)portion.n_rounds : 0;
	pruned->n_answers += is_done ? (uint64_t)portion.n_answers : 0;
	/* Called again meanwhile: by that time there may be more. */
	pruned->is_under_way = is_done && (!portion.is_last || writer->prune_at.ms != now.ms);
	snprintf(pruned->trouble, sizeof(pruned->trouble), "%s", is_done ? "" : fault.text);
	if (!pruned->is_under_way)
		writer_post(writer);
	pthread_mutex_unlock(&writer->lock);
}

static struct span writer_pause(const struct history_writer *writer)
{
	struct span pause = writer->retry_min;

	for (unsigned i = 1; i < writer->n_failures && pause.ms < writer->retry_max.ms; i++)
		pause.ms *= 2;
	return pause.ms < writer->retry_max.ms ? pause : writer->retry_max;
}

/* Say what is wrong, then rest; false when it is time to end. */
static bool writer_failed(struct history_writer *writer, const struct history_fault *fault)
{
	struct timespec until;
	bool is_closing;

	writer->n_failures++;
	until = deadline_after(writer_pause(writer));
	pthread_mutex_lock(&writer->lock);
	is_closing = writer->is_closing;
	if (strcmp(writer->trouble, fault->text) != 0) {
		memcpy(writer->trouble, fault->text, sizeof(writer->trouble));
		writer_post(writer);
	}
	while (!writer->is_closing &&
	       pthread_cond_timedwait(&writer->work, &writer->lock, &until) == 0)
		;
	pthread_mutex_unlock(&writer->lock);
	return !is_closing;
}

/* All is well; LIST is on disk (NULL: only the file was opened). */
static void writer_settle(struct history_writer *writer, struct history_record *list)
{
	const struct history_rows_head *anchor = history_file_anchor(writer->file);
	const char *note = history_file_note(writer->file);
	uint64_t written = 0;

	writer->n_failures = 0;
	for (const struct history_record *record = list; record; record = record->next)
		written = record->number;
	pthread_mutex_lock(&writer->lock);
	if (list) {
		history_queue_settle(&writer->queue, list);
		writer->written = written;
	}
	if (list || writer->trouble[0] != '\0' || strcmp(writer->note, note) != 0)
		writer_post(writer);
	writer->trouble[0] = '\0';
	snprintf(writer->note, sizeof(writer->note), "%s", note);
	writer->anchor.seq = anchor->seq;
	memcpy(writer->anchor.hash, anchor->hash, sizeof(writer->anchor.hash));
	pthread_mutex_unlock(&writer->lock);
	history_record_free(list);
}

/* Write one batch, or remove one portion; false when it is time to end. */
static bool writer_turn(struct history_writer *writer)
{
	struct history_fault fault;
	struct history_record *batch;

	if (!history_file_open(writer->file, &fault))
		return writer_failed(writer, &fault);
	if (!writer->batch) {
		writer_settle(writer, NULL);
		switch (writer_take(writer)) {
		case TASK_END:
			return false;
		case TASK_PRUNE:
			writer_prune(writer);
			return true;
		case TASK_WRITE:
			break;
		}
	}
	if (!history_file_write(writer->file, writer->batch, &fault))
		return writer_failed(writer, &fault);
	batch = writer->batch;
	writer->batch = NULL;
	writer_settle(writer, batch);
	return true;
}

static void writer_free(struct history_writer *writer)
{
	history_record_free(writer->queue.head);
	pthread_cond_destroy(&writer->ended);
	pthread_cond_destroy(&writer->work);
	pthread_mutex_destroy(&writer->lock);
	free(writer);
}

static void *writer_run(void *user)
{
	struct history_writer *writer = user;
	bool is_abandoned;

	while (writer_turn(writer))
		;
	writer->batch = history_record_free(writer->batch);
	writer->file = history_file_free(writer->file);
	pthread_mutex_lock(&writer->lock);
	writer->has_ended = true;
	is_abandoned = writer->is_abandoned;
	pthread_cond_signal(&writer->ended);
	pthread_mutex_unlock(&writer->lock);
	if (is_abandoned)
		writer_free(writer);
	return NULL;
}

/* The loop's side
 * ---------------------------------------------------------------------------------------------- */

static void writer_init(struct history_writer *writer, const struct history_sqlite_options *options)
{
	pthread_condattr_t monotonic;
	int code = pthread_mutex_init(&writer->lock, NULL);

	code |= pthread_condattr_init(&monotonic);
	code |= pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	code |= pthread_cond_init(&writer->work, &monotonic);
	code |= pthread_cond_init(&writer->ended, &monotonic);
	code |= pthread_condattr_destroy(&monotonic);
	assert(code == 0);
	writer->post = options->post;
	writer->user = options->user;
	writer->retry_min = options->retry_min.ms > 0 ? options->retry_min : span_ms(RETRY_MIN_MS);
	writer->retry_max = options->retry_max.ms > 0 ? options->retry_max : span_ms(RETRY_MAX_MS);
	writer->keep = options->keep;
	writer->file = history_file_new(options);
	snprintf(writer->anchor.chain, sizeof(writer->anchor.chain), "%s", options->chain);
}

struct history_writer *history_writer_start(const struct history_sqlite_options *options,
                                            struct err *err)
{
	struct history_writer *writer = calloc(1, sizeof(*writer));
	sigset_t all;
	sigset_t before;
	int code;

	if (!writer)
		abort();
	writer_init(writer, options);
	/* Signals are the loop's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	code = pthread_create(&writer->thread, NULL, writer_run, writer);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (code == 0)
		return writer;
	history_file_free(writer->file);
	writer_free(writer);
	err_set(err, ERR_SYSTEM, "history: cannot start the writer thread: %s", strerror(code));
	return NULL;
}

uint64_t history_writer_add(struct history_writer *writer, struct history_record *record)
{
	uint64_t number;

	pthread_mutex_lock(&writer->lock);
	number = history_queue_add(&writer->queue, record);
	pthread_cond_signal(&writer->work);
	pthread_mutex_unlock(&writer->lock);
	if (number == 0)
		history_record_free(record);
	return number;
}

void history_writer_prune(struct history_writer *writer, struct instant now)
{
	if (writer->keep.ms <= 0)
		return;
	pthread_mutex_lock(&writer->lock);
	writer->prune_at = now;
	writer->pruned.is_under_way = true;
	pthread_cond_signal(&writer->work);
	pthread_mutex_unlock(&writer->lock);
}

void history_writer_pruned(struct history_writer *writer, struct history_sqlite_pruned *ret)
{
	pthread_mutex_lock(&writer->lock);
	*ret = writer->pruned;
	pthread_mutex_unlock(&writer->lock);
}

uint64_t history_writer_written(struct history_writer *writer)
{
	uint64_t written;

	pthread_mutex_lock(&writer->lock);
	written = writer->written;
	pthread_mutex_unlock(&writer->lock);
	return written;
}

size_t history_writer_waiting(struct history_writer *writer)
{
	size_t n_waiting;

	pthread_mutex_lock(&writer->lock);
	n_waiting = writer->queue.n_waiting;
	pthread_mutex_unlock(&writer->lock);
	return n_waiting;
}

bool history_writer_anchor(struct history_writer *writer, struct history_anchor *ret)
{
	bool has;

	pthread_mutex_lock(&writer->lock);
	has = writer->anchor.seq > 0;
	if (has)
		*ret = writer->anchor;
	pthread_mutex_unlock(&writer->lock);
	return has;
}

static bool queue_is_slow(const struct history_queue *queue)
{
	return queue->n_waiting > 0 && instant_between(queue->oldest, queue->latest).ms > SLOW_MS;
}

void history_writer_state(struct history_writer *writer, char *ret, size_t size)
{
	struct buf text = {.max = size - 1};
	char since[INSTANT_TEXT_MAX];
	bool fits;

	pthread_mutex_lock(&writer->lock);
	if (writer->trouble[0] != '\0')
		fits = buf_format(&text, "%s; %zu records wait", writer->trouble,
		                  writer->queue.n_waiting);
	else if (queue_is_slow(&writer->queue))
		fits = buf_format(&text, "the disk has not answered since %s; %zu records wait",
		                  instant_format(writer->queue.oldest, since),
		                  writer->queue.n_waiting);
	else
		fits = buf_format(&text, "ok");
	if (fits && writer->queue.n_lost > 0)
		fits = buf_format(&text, "; %" PRIu64 " records lost", writer->queue.n_lost);
	if (fits && writer->note[0] != '\0')
		(void)!buf_format(&text, "; %s", writer->note);
	pthread_mutex_unlock(&writer->lock);
	snprintf(ret, size, "%s", buf_text(&text));
	buf_fini(&text);
}

size_t history_writer_stop(struct history_writer *writer, struct span patience)
{
	struct timespec until = deadline_after(patience);
	pthread_t thread = writer->thread;
	size_t n_waiting;
	bool has_ended;

	pthread_mutex_lock(&writer->lock);
	writer->is_closing = true;
	pthread_cond_signal(&writer->work);
	while (!writer->has_ended &&
	       pthread_cond_timedwait(&writer->ended, &writer->lock, &until) == 0)
		;
	has_ended = writer->has_ended;
	writer->is_abandoned = !has_ended;
	n_waiting = writer->queue.n_waiting;
	pthread_mutex_unlock(&writer->lock);
	if (has_ended) {
		pthread_join(thread, NULL);
		writer_free(writer);
	} else {
		pthread_detach(thread); /* from here on everything is the thread's */
	}
	return n_waiting;
}
