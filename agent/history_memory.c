#include "agent/history_memory.h"

#include "analysis/base/compiler.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATE_SIZE 96

/* An acknowledgement for the next turn of the loop. */
struct waiter {
	struct waiter *next;
	uint64_t number;
	void (*acked)(void *user, const char *uid);
	void *user;
	char uid[];
};

struct history_memory {
	struct history base;
	struct loop *loop;
	struct alarm turn;
	struct waiter *waiters;
	struct waiter **waiters_end;
	uint64_t n_waiters; /* ever */
	struct history_record *head;
	struct history_record *tail;
	size_t n_records;
	size_t n_rounds; /* among them */
	size_t n_bytes;
	char state[STATE_SIZE];
};

static struct history_memory *memory_of(struct history *history)
{
	return container_of(history, struct history_memory, base);
}

static void memory_drop_first(struct history_memory *memory)
{
	struct history_record *first = memory->head;

	memory->head = first->next;
	if (!memory->head)
		memory->tail = NULL;
	memory->n_records--;
	memory->n_rounds -= first->kind == HISTORY_RECORD_ROUND;
	memory->n_bytes -= first->size;
	first->next = NULL;
	history_record_free(first);
}

static void memory_add(struct history_memory *memory, struct history_record *record)
{
	if (memory->tail)
		memory->tail->next = record;
	else
		memory->head = record;
	memory->tail = record;
	memory->n_records++;
	memory->n_rounds += record->kind == HISTORY_RECORD_ROUND;
	memory->n_bytes += record->size;
	while (memory->n_records > HISTORY_MEMORY_MAX || memory->n_bytes > HISTORY_MEMORY_BYTES_MAX)
		memory_drop_first(memory);
}

/* Those that are added meanwhile wait for the turn after. */
static void on_turn(struct alarm *alarm)
{
	struct history_memory *memory = container_of(alarm, struct history_memory, turn);
	uint64_t last = memory->n_waiters;

	while (memory->waiters && memory->waiters->number <= last) {
		struct waiter *waiter = memory->waiters;

		memory->waiters = waiter->next;
		if (!memory->waiters)
			memory->waiters_end = &memory->waiters;
		waiter->acked(waiter->user, waiter->uid);
		free(waiter);
	}
}

static void on_round(struct history *history, const struct history_round *round,
                     void (*acked)(void *user, const char *uid), void *user)
{
	struct history_memory *memory = memory_of(history);
	size_t size = strlen(round->uid) + 1;
	struct waiter *waiter;

	memory_add(memory, history_record_round(round));
	if (!acked)
		return;
	waiter = calloc(1, sizeof(*waiter) + size);
	if (!waiter)
		abort();
	waiter->number = ++memory->n_waiters;
	waiter->acked = acked;
	waiter->user = user;
	memcpy(waiter->uid, round->uid, size);
	*memory->waiters_end = waiter;
	memory->waiters_end = &waiter->next;
	alarm_start(memory->loop, &memory->turn, span_ms(0));
}

static void on_effect(struct history *history, const struct history_effect *effect)
{
	memory_add(memory_of(history), history_record_effect(effect));
}

static void on_split(struct history *history, const struct history_split *split)
{
	memory_add(memory_of(history), history_record_split(split));
}

static void on_forget(struct history *history, void *user)
{
	struct history_memory *memory = memory_of(history);
	struct waiter **link = &memory->waiters;

	while (*link) {
		struct waiter *waiter = *link;

		if (waiter->user == user) {
			*link = waiter->next;
			free(waiter);
		} else {
			link = &waiter->next;
		}
	}
	memory->waiters_end = link;
}

static void on_gap(struct history *history, const char *round_uid, struct instant at)
{
	const struct history_gap gap = {
		.round_uid = round_uid,
		.from = at,
		.until = at,
		.detail = "effects were begun before the round was acknowledged",
	};

	memory_add(memory_of(history), history_record_gap(HISTORY_RECORD_AHEAD, &gap));
}

static const char *on_state(struct history *history)
{
	struct history_memory *memory = memory_of(history);

	snprintf(memory->state, sizeof(memory->state), "kept in memory only, %zu rounds",
	         memory->n_rounds);
	return memory->state;
}

static const struct history_ops memory_ops = {
	.round = on_round,
	.effect = on_effect,
	.split = on_split,
	.forget = on_forget,
	.gap = on_gap,
	.state = on_state,
};

struct history *history_memory_new(struct loop *loop)
{
	struct history_memory *memory = calloc(1, sizeof(*memory));

	if (!memory)
		abort();
	memory->base.ops = &memory_ops;
	memory->loop = loop;
	memory->turn.ring = on_turn;
	memory->waiters_end = &memory->waiters;
	return &memory->base;
}

struct history *history_memory_free(struct history *history)
{
	struct history_memory *memory;

	if (!history)
		return NULL;
	memory = memory_of(history);
	alarm_cancel(&memory->turn);
	history_record_free(memory->head);
	while (memory->waiters) {
		struct waiter *waiter = memory->waiters;

		memory->waiters = waiter->next;
		free(waiter);
	}
	free(memory);
	return NULL;
}

const struct history_record *history_memory_first(struct history *history)
{
	return memory_of(history)->head;
}
