#include "agent/demo/sim_loop.h"

#include "analysis/base/compiler.h"

#include <stdlib.h>
#include <string.h>

struct seam {
	struct loop loop; /* the first member */
	struct sim_loop *sim;
	struct span skew;
	struct instant paused; /* rings nothing before */
	struct seam *next;
};

/* An armed alarm. */
struct ring {
	struct alarm *alarm;
	struct seam *seam;
	struct instant at;
	struct instant due; /* before it, when a pause holds it back */
	uint64_t order;
	size_t index; /* in the heap */
};

/* A heap by time and order. */
struct sim_loop {
	struct instant now;
	uint64_t state;
	uint64_t n_started;
	struct ring **heap;
	size_t n_heap;
	size_t size;
	struct seam *seams;
};

static bool is_before(const struct ring *a, const struct ring *b)
{
	if (a->at.ms != b->at.ms)
		return a->at.ms < b->at.ms;
	return a->due.ms != b->due.ms ? a->due.ms < b->due.ms : a->order < b->order;
}

static void swap(struct sim_loop *sim, size_t a, size_t b)
{
	struct ring *ring = sim->heap[a];

	sim->heap[a] = sim->heap[b];
	sim->heap[b] = ring;
	sim->heap[a]->index = a;
	sim->heap[b]->index = b;
}

static void sift_up(struct sim_loop *sim, size_t at)
{
	while (at > 0 && is_before(sim->heap[at], sim->heap[(at - 1) / 2])) {
		swap(sim, at, (at - 1) / 2);
		at = (at - 1) / 2;
	}
}

static void sift_down(struct sim_loop *sim, size_t at)
{
	for (;;) {
		size_t least = at;

		for (size_t child = 2 * at + 1; child <= 2 * at + 2; child++) {
			if (child < sim->n_heap && is_before(sim->heap[child], sim->heap[least]))
				least = child;
		}
		if (least == at)
			return;
		swap(sim, at, least);
		at = least;
	}
}

static void put(struct sim_loop *sim, struct ring *ring)
{
	ring->index = sim->n_heap;
	sim->heap[sim->n_heap++] = ring;
	sift_up(sim, sim->n_heap - 1);
}

static struct ring *take(struct sim_loop *sim, size_t at)
{
	struct ring *ring = sim->heap[at];

	swap(sim, at, --sim->n_heap);
	if (at < sim->n_heap) {
		sift_up(sim, at);
		sift_down(sim, at);
	}
	return ring;
}

static struct instant on_now(struct loop *loop)
{
	struct seam *seam = (struct seam *)(void *)loop;

	return instant_after(seam->sim->now, seam->skew);
}

static struct span on_uptime(struct loop *loop)
{
	return (struct span){((struct seam *)(void *)loop)->sim->now.ms};
}

static void on_cancel(struct loop *loop, struct alarm *alarm)
{
	struct sim_loop *sim = ((struct seam *)(void *)loop)->sim;

	const struct ring *ring = alarm->impl;

	free(take(sim, ring->index));
	alarm->loop = NULL;
	alarm->impl = NULL;
}

static void on_start(struct loop *loop, struct alarm *alarm, struct span after)
{
	struct seam *seam = (struct seam *)(void *)loop;
	struct sim_loop *sim = seam->sim;
	struct ring *ring;

	if (alarm->loop)
		on_cancel(alarm->loop, alarm);
	ring = malloc(sizeof(*ring));
	if (sim->n_heap == sim->size) {
		sim->size = sim->size ? 2 * sim->size : 64;
		sim->heap = realloc(sim->heap, sim->size * sizeof(*sim->heap));
	}
	if (!ring || !sim->heap)
		abort();
	ring->alarm = alarm;
	ring->seam = seam;
	ring->at = instant_after(sim->now, after.ms > 0 ? after : span_ms(0));
	ring->due = ring->at;
	ring->order = sim->n_started++;
	alarm->loop = loop;
	alarm->impl = ring;
	alarm->at = ring->at;
	put(sim, ring);
}

/* xorshift64*: Vigna, "An experimental exploration of Marsaglia's xorshift generators, scrambled".
 */
uint64_t sim_loop_random(struct sim_loop *sim)
{
	sim->state ^= sim->state >> 12;
	sim->state ^= sim->state << 25;
	sim->state ^= sim->state >> 27;
	return sim->state * UINT64_C(2685821657736338717);
}

static uint64_t on_random(struct loop *loop)
{
	return sim_loop_random(((struct seam *)(void *)loop)->sim);
}

static const struct loop_ops ops = {
	.now = on_now,
	.uptime = on_uptime,
	.start = on_start,
	.cancel = on_cancel,
	.random = on_random,
};

struct loop *sim_loop_seam_new(struct sim_loop *sim, struct span skew)
{
	struct seam *seam = calloc(1, sizeof(*seam));

	if (!seam)
		abort();
	seam->loop.ops = &ops;
	seam->sim = sim;
	seam->skew = skew;
	seam->next = sim->seams;
	sim->seams = seam;
	return &seam->loop;
}

struct sim_loop *sim_loop_new(struct instant start, uint64_t seed)
{
	struct sim_loop *sim = calloc(1, sizeof(*sim));

	if (!sim)
		abort();
	sim->now = start;
	sim->state = seed * UINT64_C(0x9E3779B97F4A7C15) + 1;
	for (int i = 0; i < 4; i++)
		sim_loop_random(sim);
	sim_loop_seam_new(sim, span_ms(0));
	return sim;
}

struct sim_loop *sim_loop_free(struct sim_loop *sim)
{
	if (!sim)
		return NULL;
	for (size_t i = 0; i < sim->n_heap; i++)
		free(sim->heap[i]);
	while (sim->seams) {
		struct seam *seam = sim->seams;

		sim->seams = seam->next;
		free(seam);
	}
	free(sim->heap);
	free(sim);
	return NULL;
}

struct loop *sim_loop_seam(struct sim_loop *sim)
{
	struct seam *first = sim->seams;

	while (first->next)
		first = first->next;
	return &first->loop;
}

struct instant sim_loop_now(const struct sim_loop *sim)
{
	return sim->now;
}

bool sim_loop_step(struct sim_loop *sim, struct instant end)
{
	struct ring *ring;
	struct alarm *alarm;

	if (sim->n_heap == 0 || instant_is_before(end, sim->heap[0]->at)) {
		sim->now = end;
		return false;
	}
	ring = take(sim, 0);
	if (instant_is_before(sim->now, ring->at))
		sim->now = ring->at;
	alarm = ring->alarm;
	if (instant_is_before(sim->now, ring->seam->paused)) {
		ring->at = ring->seam->paused;
		put(sim, ring);
		return true;
	}
	free(ring);
	alarm->loop = NULL;
	alarm->impl = NULL;
	alarm->ring(alarm);
	return true;
}

void sim_loop_run(struct sim_loop *sim, struct instant end)
{
	while (sim_loop_step(sim, end))
		;
}

size_t sim_loop_count(const struct sim_loop *sim)
{
	return sim->n_heap;
}

void sim_loop_skew(struct loop *seam, struct span skew)
{
	((struct seam *)(void *)seam)->skew = skew;
}

/* Of those that a pause held back, one that is due again only after it; NULL: none. */
static struct ring *find_held(const struct sim_loop *sim, const struct seam *seam,
                              struct instant until)
{
	for (size_t i = 0; i < sim->n_heap; i++) {
		struct ring *ring = sim->heap[i];

		if (ring->seam == seam && instant_is_before(ring->due, ring->at) &&
		    instant_is_before(until, ring->at))
			return ring;
	}
	return NULL;
}

void sim_loop_pause(struct loop *loop, struct instant until)
{
	struct seam *seam = (struct seam *)(void *)loop;
	struct ring *ring;

	if (instant_is_before(until, seam->sim->now))
		until = seam->sim->now;
	/* A pause that ends earlier than was said lets go of what it holds. */
	while (instant_is_before(until, seam->paused) &&
	       (ring = find_held(seam->sim, seam, until)) != NULL) {
		(void)take(seam->sim, ring->index);
		ring->at = until;
		put(seam->sim, ring);
	}
	seam->paused = until;
}
