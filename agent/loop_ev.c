#include "agent/loop_ev.h"

#include <assert.h>
#include <errno.h>
#include <ev.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#define MS_PER_SECOND 1000
#define NS_PER_MS     1000000

/* What an armed alarm has in its impl. Alarms that are due at once wait in a list, the others in
 * libev. */
struct timer {
	struct ev_timer watcher;
	struct alarm *alarm;
	struct loop_ev *loop;
	struct timer *previous; /* in its ring, always: `due`, `ringing` or `later` */
	struct timer *next;
};

struct loop_ev {
	struct loop seam;
	struct ev_loop *backend;
	struct timer due;     /* ring heads: to ring in the next turn, */
	struct timer ringing; /* in this turn, */
	struct timer later;   /* when libev says so */
	struct ev_timer turn; /* starts the next turn while `due` has alarms */
	struct ev_async knock;
	struct ev_signal terminate;
	struct ev_signal interrupt;
	void (*caught)(void *user, int number);
	void *caught_user;
	bool is_stopped;
	pthread_mutex_t lock; /* guards what follows */
	struct loop_ev_post *first;
	struct loop_ev_post **last;
};

static struct loop_ev *of(struct loop *loop)
{
	return container_of(loop, struct loop_ev, seam);
}

static void ring_init(struct timer *head)
{
	head->previous = head;
	head->next = head;
}

static bool ring_is_empty(const struct timer *head)
{
	return head->next == head;
}

static void ring_add(struct timer *head, struct timer *timer)
{
	timer->previous = head->previous;
	timer->next = head;
	head->previous->next = timer;
	head->previous = timer;
}

static void ring_remove(struct timer *timer)
{
	timer->previous->next = timer->next;
	timer->next->previous = timer->previous;
	ring_init(timer);
}

static int64_t clock_ms(clockid_t clock)
{
	struct timespec now;
	int status = clock_gettime(clock, &now);

	assert(status == 0);
	return (int64_t)now.tv_sec * MS_PER_SECOND + now.tv_nsec / NS_PER_MS;
}

static struct instant ev_side_now(struct loop *loop)
{
	return (struct instant){clock_ms(CLOCK_REALTIME)};
}

/* Not CLOCK_MONOTONIC: while a machine is suspended its lease runs out all the same. */
static struct span ev_side_uptime(struct loop *loop)
{
	return span_ms(clock_ms(CLOCK_BOOTTIME));
}

static uint64_t ev_side_random(struct loop *loop)
{
	uint64_t bits = 0;
	ssize_t length;

	do
		length = getrandom(&bits, sizeof(bits), 0);
	while (length < 0 && errno == EINTR);
	assert(length == (ssize_t)sizeof(bits));
	return bits;
}

static void ev_side_cancel(struct loop *loop, struct alarm *alarm)
{
	struct timer *timer = alarm->impl;

	ev_timer_stop(of(loop)->backend, &timer->watcher);
	ring_remove(timer);
	free(timer);
	alarm->impl = NULL;
	alarm->loop = NULL;
}

/* Disarm first, so that the alarm's owner may rearm or free it. */
static void ring_now(struct timer *timer)
{
	struct alarm *alarm = timer->alarm;

	ev_side_cancel(&timer->loop->seam, alarm);
	alarm->ring(alarm);
}

static void on_timer(struct ev_loop *backend, struct ev_timer *watcher, int events)
{
	ring_now(watcher->data);
}

/* Those armed at once while this turn rings wait for the next one, which libev begins after looking
 * at sockets. */
static void on_turn(struct ev_loop *backend, struct ev_timer *watcher, int events)
{
	struct loop_ev *loop = watcher->data;

	while (!ring_is_empty(&loop->due)) {
		struct timer *timer = loop->due.next;

		ring_remove(timer);
		ring_add(&loop->ringing, timer);
	}
	while (!ring_is_empty(&loop->ringing))
		ring_now(loop->ringing.next);
}

static void turn_start(struct loop_ev *loop)
{
	if (ev_is_active(&loop->turn))
		return;
	ev_timer_set(&loop->turn, 0., 0.);
	ev_timer_start(loop->backend, &loop->turn);
}

static void ev_side_start(struct loop *seam, struct alarm *alarm, struct span after)
{
	struct loop_ev *loop = of(seam);
	struct timer *timer;

	alarm_cancel(alarm);
	timer = calloc(1, sizeof(*timer));
	if (!timer)
		abort();
	timer->alarm = alarm;
	timer->loop = loop;
	alarm->loop = seam;
	alarm->impl = timer;
	alarm->at = instant_after(ev_side_now(seam), after);
	if (after.ms <= 0) {
		ev_timer_init(&timer->watcher, on_timer, 0., 0.);
		ring_add(&loop->due, timer);
		turn_start(loop);
		return;
	}
	ev_now_update(loop->backend); /* a span counts from now, not from the start of this turn */
	ev_timer_init(&timer->watcher, on_timer, (double)after.ms / MS_PER_SECOND, 0.);
	timer->watcher.data = timer;
	ring_add(&loop->later, timer);
	ev_timer_start(loop->backend, &timer->watcher);
}

static const struct loop_ops ops = {
	.now = ev_side_now,
	.uptime = ev_side_uptime,
	.start = ev_side_start,
	.cancel = ev_side_cancel,
	.random = ev_side_random,
};

static struct loop_ev_post *take_posts(struct loop_ev *loop)
{
	struct loop_ev_post *post;

	(void)pthread_mutex_lock(&loop->lock);
	post = loop->first;
	if (post) {
		loop->first = post->next;
		if (!loop->first)
			loop->last = &loop->first;
		post->next = NULL;
		post->is_queued = false;
	}
	(void)pthread_mutex_unlock(&loop->lock);
	return post;
}

/* One post per turn would starve under load; all of them could starve the loop. */
#define POSTS_PER_TURN 256

static void on_knock(struct ev_loop *backend, struct ev_async *watcher, int events)
{
	struct loop_ev *loop = watcher->data;

	for (int i = 0; i < POSTS_PER_TURN; i++) {
		struct loop_ev_post *post = take_posts(loop);

		if (!post)
			return;
		post->call(post);
	}
	ev_async_send(backend, watcher);
}

void loop_ev_post(struct loop_ev *loop, struct loop_ev_post *post)
{
	bool is_new;

	assert(post->call);
	(void)pthread_mutex_lock(&loop->lock);
	is_new = !post->is_queued;
	if (is_new) {
		post->is_queued = true;
		post->next = NULL;
		*loop->last = post;
		loop->last = &post->next;
	}
	(void)pthread_mutex_unlock(&loop->lock);
	if (is_new)
		ev_async_send(loop->backend, &loop->knock);
}

void loop_ev_post_cancel(struct loop_ev *loop, struct loop_ev_post *post)
{
	struct loop_ev_post **link;

	(void)pthread_mutex_lock(&loop->lock);
	for (link = &loop->first; *link && *link != post; link = &(*link)->next)
		;
	if (*link) {
		*link = post->next;
		if (loop->last == &post->next)
			loop->last = link;
		post->next = NULL;
		post->is_queued = false;
	}
	(void)pthread_mutex_unlock(&loop->lock);
}

static void on_signal(struct ev_loop *backend, struct ev_signal *watcher, int events)
{
	struct loop_ev *loop = watcher->data;

	if (loop->caught)
		loop->caught(loop->caught_user, watcher->signum);
}

void loop_ev_signals(struct loop_ev *loop, void (*caught)(void *user, int number), void *user)
{
	loop->caught = caught;
	loop->caught_user = user;
	if (caught) {
		ev_signal_start(loop->backend, &loop->terminate);
		ev_signal_start(loop->backend, &loop->interrupt);
	} else {
		ev_signal_stop(loop->backend, &loop->terminate);
		ev_signal_stop(loop->backend, &loop->interrupt);
	}
}

struct loop_ev *loop_ev_new(struct err *err)
{
	struct ev_loop *backend = ev_loop_new(EVFLAG_AUTO | EVFLAG_NOENV);
	struct loop_ev *loop;

	if (!backend) {
		(void)err_set(err, ERR_SYSTEM, "event loop: %s", strerror(errno));
		return NULL;
	}
	(void)signal(SIGPIPE, SIG_IGN);
	loop = calloc(1, sizeof(*loop));
	if (!loop)
		abort();
	loop->seam.ops = &ops;
	loop->backend = backend;
	ring_init(&loop->due);
	ring_init(&loop->ringing);
	ring_init(&loop->later);
	(void)pthread_mutex_init(&loop->lock, NULL);
	loop->last = &loop->first;
	ev_timer_init(&loop->turn, on_turn, 0., 0.);
	loop->turn.data = loop;
	ev_async_init(&loop->knock, on_knock);
	loop->knock.data = loop;
	ev_async_start(backend, &loop->knock);
	ev_signal_init(&loop->terminate, on_signal, SIGTERM);
	loop->terminate.data = loop;
	ev_signal_init(&loop->interrupt, on_signal, SIGINT);
	loop->interrupt.data = loop;
	return loop;
}

static void ring_fini(struct loop_ev *loop, struct timer *head)
{
	while (!ring_is_empty(head))
		ev_side_cancel(&loop->seam, head->next->alarm);
}

struct loop_ev *loop_ev_free(struct loop_ev *loop)
{
	if (!loop)
		return NULL;
	ring_fini(loop, &loop->due);
	ring_fini(loop, &loop->ringing);
	ring_fini(loop, &loop->later);
	while (take_posts(loop))
		;
	loop_ev_signals(loop, NULL, NULL);
	ev_timer_stop(loop->backend, &loop->turn);
	ev_async_stop(loop->backend, &loop->knock);
	ev_loop_destroy(loop->backend);
	(void)pthread_mutex_destroy(&loop->lock);
	free(loop);
	return NULL;
}

struct loop *loop_ev_seam(struct loop_ev *loop)
{
	return &loop->seam;
}

struct ev_loop *loop_ev_backend(struct loop_ev *loop)
{
	return loop->backend;
}

/* The knock watcher keeps the loop alive, so only a stop ends it. */
void loop_ev_run(struct loop_ev *loop)
{
	while (!loop->is_stopped)
		(void)ev_run(loop->backend, 0);
	loop->is_stopped = false;
}

void loop_ev_stop(struct loop_ev *loop)
{
	loop->is_stopped = true;
	ev_break(loop->backend, EVBREAK_ALL);
}
