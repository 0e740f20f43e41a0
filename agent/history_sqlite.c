#include "agent/history_sqlite.h"

#include "agent/history_writer.h"
#include "analysis/base/compiler.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STATE_SIZE 2048
#define PATH_SIZE  4096

/* An acknowledgement that is owed. It never leaves the loop: the thread only says how far it got.
 */
struct waiter {
	struct waiter *next;
	uint64_t number; /* of the record; in rising order along the list */
	void (*acked)(void *user, const char *uid);
	void *user;
	char uid[];
};

struct history_sqlite {
	struct history base;
	struct history_writer *writer;
	struct waiter *first;
	struct waiter *last;
	char state[STATE_SIZE];
};

static struct history_sqlite *sqlite_of(struct history *history)
{
	return container_of(history, struct history_sqlite, base);
}

static void waiter_add(struct history_sqlite *sqlite, uint64_t number, const char *uid,
                       void (*acked)(void *user, const char *uid), void *user)
{
	size_t size = strlen(uid) + 1;
	struct waiter *waiter = calloc(1, sizeof(*waiter) + size);

	if (!waiter)
		abort();
	waiter->number = number;
	waiter->acked = acked;
	waiter->user = user;
	memcpy(waiter->uid, uid, size);
	if (sqlite->last)
		sqlite->last->next = waiter;
	else
		sqlite->first = waiter;
	sqlite->last = waiter;
}

static struct waiter *waiter_take(struct history_sqlite *sqlite)
{
	struct waiter *waiter = sqlite->first;

	sqlite->first = waiter->next;
	if (!sqlite->first)
		sqlite->last = NULL;
	return waiter;
}

static void on_round(struct history *history, const struct history_round *round,
                     void (*acked)(void *user, const char *uid), void *user)
{
	struct history_sqlite *sqlite = sqlite_of(history);
	uint64_t number = history_writer_add(sqlite->writer, history_record_round(round));

	if (number != 0 && acked)
		waiter_add(sqlite, number, round->uid, acked, user);
}

static void on_effect(struct history *history, const struct history_effect *effect)
{
	history_writer_add(sqlite_of(history)->writer, history_record_effect(effect));
}

static void on_split(struct history *history, const struct history_split *split)
{
	history_writer_add(sqlite_of(history)->writer, history_record_split(split));
}

static void on_forget(struct history *history, void *user)
{
	struct history_sqlite *sqlite = sqlite_of(history);
	struct waiter *kept = NULL;
	struct waiter **link = &sqlite->first;

	while (*link) {
		struct waiter *waiter = *link;

		if (waiter->user == user) {
			*link = waiter->next;
			free(waiter);
		} else {
			kept = waiter;
			link = &waiter->next;
		}
	}
	sqlite->last = kept;
}

static void on_gap(struct history *history, const char *round_uid, struct instant at)
{
	const struct history_gap gap = {
		.round_uid = round_uid,
		.from = at,
		.until = at,
		.detail = "effects were begun before the round was on disk",
	};

	history_writer_add(sqlite_of(history)->writer,
	                   history_record_gap(HISTORY_RECORD_AHEAD, &gap));
}

static const char *on_state(struct history *history)
{
	struct history_sqlite *sqlite = sqlite_of(history);

	history_writer_state(sqlite->writer, sqlite->state, sizeof(sqlite->state));
	return sqlite->state;
}

static bool on_anchor(struct history *history, struct history_anchor *ret)
{
	return history_writer_anchor(sqlite_of(history)->writer, ret);
}

static const struct history_ops sqlite_ops = {
	.round = on_round,
	.effect = on_effect,
	.split = on_split,
	.forget = on_forget,
	.gap = on_gap,
	.state = on_state,
	.anchor = on_anchor,
};

bool history_sqlite_check(const char *path, struct err *err)
{
	char directory[PATH_SIZE];
	const char *slash = strrchr(path, '/');
	struct stat status;

	if (strlen(path) >= sizeof(directory))
		return err_set(err, ERR_LIMIT, "history: the path is longer than %d bytes",
		               PATH_SIZE - 1);
	if (!slash)
		snprintf(directory, sizeof(directory), ".");
	else
		snprintf(directory, sizeof(directory), "%.*s", (int)(slash - path + 1), path);
	if (stat(directory, &status) != 0)
		return err_set(err, ERR_SYSTEM, "history: directory %s: %s", directory,
		               strerror(errno));
	if (!S_ISDIR(status.st_mode))
		return err_set(err, ERR_SYSTEM, "history: %s: expected a directory", directory);
	if (access(directory, W_OK | X_OK) != 0)
		return err_set(err, ERR_SYSTEM, "history: directory %s cannot be written: %s",
		               directory, strerror(errno));
	return true;
}

struct history *history_sqlite_new(const struct history_sqlite_options *options, struct err *err)
{
	struct history_sqlite *sqlite = calloc(1, sizeof(*sqlite));

	if (!sqlite)
		abort();
	sqlite->base.ops = &sqlite_ops;
	sqlite->writer = history_writer_start(options, err);
	if (sqlite->writer)
		return &sqlite->base;
	free(sqlite);
	return NULL;
}

void history_sqlite_deliver(struct history *history)
{
	struct history_sqlite *sqlite = sqlite_of(history);
	uint64_t written = history_writer_written(sqlite->writer);

	/* A callback may add and forget waiters, so the list is looked at anew each time. */
	while (sqlite->first && sqlite->first->number <= written) {
		struct waiter *waiter = waiter_take(sqlite);

		waiter->acked(waiter->user, waiter->uid);
		free(waiter);
	}
}

void history_sqlite_prune(struct history *history, struct instant now)
{
	history_writer_prune(sqlite_of(history)->writer, now);
}

void history_sqlite_pruned(struct history *history, struct history_sqlite_pruned *ret)
{
	history_writer_pruned(sqlite_of(history)->writer, ret);
}

size_t history_sqlite_waiting(struct history *history)
{
	return history_writer_waiting(sqlite_of(history)->writer);
}

size_t history_sqlite_free(struct history *history, struct span patience)
{
	struct history_sqlite *sqlite;
	size_t n_left;

	if (!history)
		return 0;
	sqlite = sqlite_of(history);
	n_left = history_writer_stop(sqlite->writer, patience);
	while (sqlite->first)
		free(waiter_take(sqlite));
	free(sqlite);
	return n_left;
}
