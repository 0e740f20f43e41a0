#include "agent/demo/demo_history.h"

#include "agent/history_sqlite.h"
#include "analysis/base/compiler.h"
#include "analysis/base/text.h"

#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define PATH_TEXT_MAX 4096
#define NAME          "serin-demo"
#define SETTLE_MS     100 /* one wait for the thread */
#define SETTLES       50  /* then the disk counts as hung, and nobody waits for it any more */
#define CLOSE_MS      5000

/* An acknowledgement that somebody waits for. */
struct waiter {
	struct waiter *next;
	struct demo_history *owner;
	void (*acked)(void *user, const char *uid);
	void *user;
};

struct demo_history {
	struct history base;  /* the first member */
	struct history *file; /* NULL: let go */
	struct loop *loop;
	struct waiter *waiters;
	int bell; /* the thread rings it */
	bool is_hung;
	char path[PATH_TEXT_MAX];
};

static struct demo_history *demo_of(struct history *history)
{
	return container_of(history, struct demo_history, base);
}

/* Called by the history's thread. */
static void on_post(void *user)
{
	const struct demo_history *demo = user;
	uint64_t one = 1;
	ssize_t written = write(demo->bell, &one, sizeof(one));

	(void)written; /* a full counter has rung already */
}

static bool open_file(struct demo_history *demo, struct err *err)
{
	char boot[64];
	struct history_sqlite_options options = {
		.path = demo->path,
		.chain = NAME,
		.actor = NAME,
		.boot = boot,
		.opened_at = loop_now(demo->loop),
		.post = on_post,
		.user = demo,
	};

	if (demo->file)
		return true;
	text_format(boot, sizeof(boot), "%013llx-demo", (unsigned long long)options.opened_at.ms);
	demo->file = history_sqlite_new(&options, err);
	return demo->file != NULL;
}

static void drop(struct demo_history *demo, struct waiter *waiter)
{
	struct waiter **at = &demo->waiters;

	while (*at != waiter)
		at = &(*at)->next;
	*at = waiter->next;
	free(waiter);
}

static void on_acked(void *user, const char *uid)
{
	struct waiter waiter = *(struct waiter *)user;

	drop(waiter.owner, user);
	waiter.acked(waiter.user, uid);
}

static void on_round(struct history *history, const struct history_round *round,
                     void (*acked)(void *user, const char *uid), void *user)
{
	struct demo_history *demo = demo_of(history);
	struct waiter *waiter;

	if (!open_file(demo, NULL))
		return;
	if (!acked) {
		history_round(demo->file, round, NULL, NULL);
		return;
	}
	waiter = calloc(1, sizeof(*waiter));
	if (!waiter)
		abort();
	*waiter =
		(struct waiter){.next = demo->waiters, .owner = demo, .acked = acked, .user = user};
	demo->waiters = waiter;
	history_round(demo->file, round, on_acked, waiter);
}

static void on_effect(struct history *history, const struct history_effect *effect)
{
	struct demo_history *demo = demo_of(history);

	if (open_file(demo, NULL))
		history_effect(demo->file, effect);
}

static void on_split(struct history *history, const struct history_split *split)
{
	struct demo_history *demo = demo_of(history);

	if (open_file(demo, NULL))
		history_split(demo->file, split);
}

static void on_forget(struct history *history, void *user)
{
	struct demo_history *demo = demo_of(history);
	struct waiter *next;

	for (struct waiter *waiter = demo->waiters; waiter; waiter = next) {
		next = waiter->next;
		if (waiter->user != user)
			continue;
		history_forget(demo->file, waiter);
		drop(demo, waiter);
	}
}

static void on_gap(struct history *history, const char *round_uid, struct instant at)
{
	struct demo_history *demo = demo_of(history);

	if (open_file(demo, NULL))
		history_gap(demo->file, round_uid, at);
}

static const char *on_state(struct history *history)
{
	struct demo_history *demo = demo_of(history);

	return demo->file ? history_state(demo->file) : "ok";
}

static bool on_anchor(struct history *history, struct history_anchor *ret)
{
	struct demo_history *demo = demo_of(history);

	return demo->file && history_anchor(demo->file, ret);
}

static const struct history_ops ops = {
	.round = on_round,
	.effect = on_effect,
	.split = on_split,
	.forget = on_forget,
	.gap = on_gap,
	.state = on_state,
	.anchor = on_anchor,
};

struct history *demo_history_new(const char *path, struct loop *loop, struct err *err)
{
	struct demo_history *demo;

	if (!history_sqlite_check(path, err))
		return NULL;
	demo = calloc(1, sizeof(*demo));
	if (!demo)
		abort();
	demo->base.ops = &ops;
	demo->loop = loop;
	text_copy(demo->path, path);
	demo->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (demo->bell >= 0 && open_file(demo, err))
		return &demo->base;
	if (demo->bell < 0)
		(void)err_set(err, ERR_SYSTEM, "the kernel gives no eventfd");
	return demo_history_free(&demo->base);
}

bool demo_history_rest(struct history *history)
{
	struct demo_history *demo = demo_of(history);
	size_t n_lost = 0;

	demo_history_settle(history);
	while (demo->waiters) {
		struct waiter *waiter = demo->waiters;

		history_forget(demo->file, waiter);
		drop(demo, waiter);
	}
	if (demo->file)
		n_lost = history_sqlite_free(demo->file, span_ms(CLOSE_MS));
	demo->file = NULL;
	return n_lost == 0;
}

struct history *demo_history_free(struct history *history)
{
	struct demo_history *demo;

	if (!history)
		return NULL;
	demo = demo_of(history);
	demo->is_hung = true; /* no acknowledgement follows */
	(void)demo_history_rest(history);
	if (demo->bell >= 0)
		close(demo->bell);
	free(demo);
	return NULL;
}

/* What an acknowledgement sets off may want the next one. */
void demo_history_settle(struct history *history)
{
	struct demo_history *demo = demo_of(history);
	struct pollfd bell = {.fd = demo->bell, .events = POLLIN};
	uint64_t rings;

	if (!demo->file || demo->is_hung)
		return;
	history_sqlite_deliver(demo->file);
	for (int i = 0; demo->waiters && i < SETTLES; i++) {
		if (poll(&bell, 1, SETTLE_MS) > 0 && read(demo->bell, &rings, sizeof(rings)) < 0)
			continue;
		history_sqlite_deliver(demo->file);
	}
	demo->is_hung = demo->waiters != NULL;
}
