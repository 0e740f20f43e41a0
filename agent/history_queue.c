#include "agent/history_queue.h"

#include <assert.h>

static bool queue_has_room(const struct history_queue *queue, size_t size)
{
	return queue->n_waiting < HISTORY_QUEUE_MAX &&
	       queue->n_bytes + size <= HISTORY_QUEUE_BYTES_MAX;
}

static uint64_t queue_append(struct history_queue *queue, struct history_record *record)
{
	struct instant at = history_record_at(record);

	assert(!record->next);
	record->number = ++queue->number;
	if (queue->tail)
		queue->tail->next = record;
	else
		queue->head = record;
	queue->tail = record;
	if (queue->n_waiting == 0)
		queue->oldest = at;
	if (instant_is_before(queue->latest, at))
		queue->latest = at;
	queue->n_waiting++;
	queue->n_bytes += record->size;
	return record->number;
}

/* Count a dropped record in the gap at the end of the queue. */
static void queue_lose(struct history_queue *queue, const struct history_record *record)
{
	struct instant at = history_record_at(record);
	struct history_gap *gap;

	if (!queue->tail || queue->tail->kind != HISTORY_RECORD_LOST) {
		const struct history_gap none = {
			.from = at,
			.until = at,
			.detail = "too many records waited for the disk",
		};

		queue_append(queue, history_record_gap(HISTORY_RECORD_LOST, &none));
	}
	gap = &queue->tail->gap;
	gap->n_records++;
	if (instant_is_before(gap->until, at))
		gap->until = at;
	if (instant_is_before(at, gap->from))
		gap->from = at;
	if (instant_is_before(queue->latest, at))
		queue->latest = at;
	queue->n_lost++;
}

uint64_t history_queue_add(struct history_queue *queue, struct history_record *record)
{
	if (queue_has_room(queue, record->size))
		return queue_append(queue, record);
	queue_lose(queue, record);
	return 0;
}

struct history_record *history_queue_take(struct history_queue *queue, size_t n_max,
                                          size_t n_bytes_max)
{
	struct history_record *first = queue->head;
	struct history_record *last = NULL;
	size_t n_bytes = 0;

	for (size_t n = 0; n < n_max && queue->head; n++) {
		if (n > 0 && n_bytes + queue->head->size > n_bytes_max)
			break;
		last = queue->head;
		n_bytes += last->size;
		queue->head = last->next;
	}
	if (last)
		last->next = NULL;
	if (!queue->head)
		queue->tail = NULL;
	return first;
}

void history_queue_settle(struct history_queue *queue, const struct history_record *list)
{
	for (; list; list = list->next) {
		assert(queue->n_waiting > 0 && queue->n_bytes >= list->size);
		queue->n_waiting--;
		queue->n_bytes -= list->size;
	}
	queue->oldest = queue->head ? history_record_at(queue->head) : (struct instant){0};
}
