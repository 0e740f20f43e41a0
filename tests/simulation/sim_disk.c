#include "tests/simulation/sim_disk.h"

#include "agent/history_file.h"
#include "agent/history_queue.h"
#include "analysis/base/compiler.h"
#include "analysis/base/text.h"
#include "tests/simulation/sim_derive.h"
#include "tests/simulation/sim_file.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCH_MAX       256
#define BATCH_BYTES_MAX (size_t)(4 * 1024 * 1024)
#define RETRY_MIN_MS    250
#define RETRY_MAX_MS    30000
#define PATIENCE_MS     2000

/* An acknowledgement that is owed. */
struct waiter {
	struct waiter *next;
	uint64_t number;
	void (*acked)(void *user, const char *uid);
	void *user;
	char uid[40];
};

struct sim_disk {
	struct sim_disk_options options;
	char name[16];
	struct dice dice;

	/* What outlives a process. */
	struct sim_record *records;
	size_t n_records;
	size_t records_room;
	uint64_t n_rounds;
	uint32_t life;
	uint32_t boot;         /* the newest process */
	uint32_t boot_seen;    /* the newest one whose beginning is on the disk */
	struct sim_file *file; /* NULL: the list in memory is all */
	struct instant full_until;
	struct instant read_only_until;

	/* The process. */
	struct sim_derive derive;
	struct history history;
	struct loop *loop; /* NULL: none */
	struct history_queue queue;
	struct history_record *batch; /* taken and not yet written */
	struct waiter *first;
	struct waiter *last;
	struct alarm turn;
	struct alarm lie;
	struct instant turn_at; /* true time */
	size_t n_settled;       /* records before this one need no look when others are settled */
	size_t last_round;      /* the index of the round recorded last */
	unsigned n_failures;
	bool is_open;
	bool is_finished;
};

static struct sim_disk *disk_of(struct history *history)
{
	return container_of(history, struct sim_disk, history);
}

static struct instant now_of(const struct sim_disk *disk)
{
	return sim_loop_now(disk->options.loop);
}

/* What was handed over ----------------------------------------------------------------------------
 */

static struct sim_record *note(struct sim_disk *disk, const struct sim_record *record)
{
	if (disk->n_records == disk->records_room) {
		disk->records_room = disk->records_room * 2 + 256;
		disk->records = realloc(disk->records, disk->records_room * sizeof(*record));
		if (!disk->records)
			abort();
	}
	disk->records[disk->n_records] = *record;
	disk->records[disk->n_records].boot = disk->boot;
	return &disk->records[disk->n_records++];
}

/* The round of that uid that this process recorded, or NULL. */
static struct sim_record *round_find(struct sim_disk *disk, const char *uid)
{
	struct sim_record *last = &disk->records[disk->last_round];

	if (disk->last_round < disk->n_records && strcmp(last->round, uid) == 0)
		return last;
	for (size_t i = disk->n_records; i > 0; i--) {
		struct sim_record *record = &disk->records[i - 1];

		if (record->kind == HISTORY_RECORD_ROUND && record->boot == disk->boot &&
		    strcmp(record->round, uid) == 0)
			return record;
	}
	return NULL;
}

static void settle_record(struct sim_disk *disk, const struct history_record *written)
{
	if (written->kind == HISTORY_RECORD_LOST) {
		/* Made by the queue: nobody handed it over. */
		struct sim_record gap = {
			.kind = HISTORY_RECORD_LOST,
			.fate = SIM_RECORD_SYNCED,
			.number = written->number,
			.n_records = written->gap.n_records,
		};

		note(disk, &gap);
		return;
	}
	while (disk->n_settled < disk->n_records) {
		struct sim_record *record = &disk->records[disk->n_settled];

		if (record->boot == disk->boot && record->number > written->number)
			return;
		disk->n_settled++;
		if (record->boot == disk->boot && record->number == written->number) {
			record->fate = SIM_RECORD_SYNCED;
			return;
		}
	}
}

/* Its waiting records will never be written. */
static void lose(struct sim_disk *disk)
{
	for (size_t i = 0; i < disk->n_records; i++) {
		if (disk->records[i].fate == SIM_RECORD_WAITING)
			disk->records[i].fate = SIM_RECORD_LOST;
	}
}

/* The disk ----------------------------------------------------------------------------------------
 */

static bool strikes(struct sim_disk *disk, enum fault kind)
{
	const char *canary =
		disk->last_round < disk->n_records ? disk->records[disk->last_round].canary : "";
	int index = disk->options.truth ? truth_find(disk->options.truth, canary) : -1;

	return faults_strike(disk->options.faults, kind, index, now_of(disk));
}

/* How long the next turn takes; new troubles begin here. */
static struct span latency(struct sim_disk *disk)
{
	struct instant now = now_of(disk);

	if (strikes(disk, FAULT_DISK_FULL))
		disk->full_until =
			instant_after(now, span_ms(dice_between(&disk->dice, 100, 60000)));
	if (strikes(disk, FAULT_DISK_READ_ONLY))
		disk->read_only_until =
			instant_after(now, span_ms(dice_between(&disk->dice, 100, 60000)));
	if (strikes(disk, FAULT_DISK_HUNG))
		return span_ms(dice_between(&disk->dice, 1000, 300000));
	if (strikes(disk, FAULT_DISK_SLOW))
		return span_ms(dice_between(&disk->dice, 50, 5000));
	return span_ms(dice_between(&disk->dice, 1, 3));
}

static enum sim_vfs_trouble trouble(const struct sim_disk *disk)
{
	if (instant_is_before(now_of(disk), disk->read_only_until))
		return SIM_VFS_READ_ONLY;
	return instant_is_before(now_of(disk), disk->full_until) ? SIM_VFS_FULL : SIM_VFS_WELL;
}

static void arm(struct sim_disk *disk, struct span after)
{
	disk->turn_at = instant_after(now_of(disk), after);
	alarm_start(disk->loop, &disk->turn, after);
}

static bool open_file(struct sim_disk *disk)
{
	if (disk->file ? !sim_file_open(disk->file, trouble(disk)) : trouble(disk) != SIM_VFS_WELL)
		return false;
	disk->is_open = true;
	disk->boot_seen = disk->boot;
	return true;
}

static bool write_batch(struct sim_disk *disk)
{
	if (disk->file)
		return sim_file_write(disk->file, trouble(disk), disk->batch);
	return trouble(disk) == SIM_VFS_WELL;
}

static void deliver(struct sim_disk *disk, uint64_t written)
{
	/* A callback may add and forget waiters, so the list is looked at anew each time. */
	while (disk->first && disk->first->number <= written) {
		struct waiter *waiter = disk->first;
		struct sim_record *round = round_find(disk, waiter->uid);

		disk->first = waiter->next;
		if (!disk->first)
			disk->last = NULL;
		if (round)
			round->is_acked = true;
		waiter->acked(waiter->user, waiter->uid);
		free(waiter);
	}
}

static void settle(struct sim_disk *disk)
{
	struct history_record *list = disk->batch;
	uint64_t written = 0;

	disk->batch = NULL;
	disk->n_failures = 0;
	history_queue_settle(&disk->queue, list);
	for (const struct history_record *record = list; record; record = record->next) {
		settle_record(disk, record);
		written = record->number;
	}
	history_record_free(list);
	deliver(disk, written);
}

/* Open what is not open, write one batch; false when the disk said no. */
static bool work(struct sim_disk *disk)
{
	if (!disk->is_open && !open_file(disk))
		return false;
	if (!disk->batch)
		disk->batch = history_queue_take(&disk->queue, BATCH_MAX, BATCH_BYTES_MAX);
	if (!disk->batch)
		return true;
	if (!write_batch(disk))
		return false;
	settle(disk);
	return true;
}

static void on_turn(struct alarm *alarm)
{
	struct sim_disk *disk = container_of(alarm, struct sim_disk, turn);
	int64_t pause = RETRY_MIN_MS;

	if (work(disk)) {
		if (disk->queue.head && !disk->turn.loop)
			arm(disk, latency(disk));
		return;
	}
	for (unsigned i = 0; i < disk->n_failures && pause < RETRY_MAX_MS; i++)
		pause *= 2;
	disk->n_failures++;
	arm(disk, span_ms(pause < RETRY_MAX_MS ? pause : RETRY_MAX_MS));
}

static void on_lie(struct alarm *alarm)
{
	deliver(container_of(alarm, struct sim_disk, lie), 0);
}

/* The seam ----------------------------------------------------------------------------------------
 */

static uint64_t add(struct sim_disk *disk, struct history_record *record, struct sim_record *noted)
{
	uint64_t number = history_queue_add(&disk->queue, record);

	if (number == 0)
		history_record_free(record);
	noted->number = number;
	noted->fate = number == 0 ? SIM_RECORD_DROPPED : SIM_RECORD_WAITING;
	if (!disk->turn.loop)
		arm(disk, latency(disk));
	return number;
}

static void accuse_known(struct sim_disk *disk, const struct history_round *round, const char *why)
{
	char what[256];

	text_format(what, sizeof(what), "%s: of %s the %s", disk->name, round->canary, why);
	disk->options.accuse(disk->options.user, what);
}

static void on_round(struct history *history, const struct history_round *round,
                     void (*acked)(void *user, const char *uid), void *user)
{
	struct sim_disk *disk = disk_of(history);
	struct sim_record record;
	struct waiter *waiter;
	uint64_t number;
	char why[128];

	if (!disk->loop || disk->is_finished)
		return;
	if (!sim_derive_round(&disk->derive, round, why, sizeof(why)))
		accuse_known(disk, round, why);
	sim_record_round(round, &record);
	disk->n_rounds++;
	disk->last_round = disk->n_records;
	number = add(disk, history_record_round(round), note(disk, &record));
	if (number == 0 || !acked)
		return;
	waiter = calloc(1, sizeof(*waiter));
	if (!waiter)
		abort();
	waiter->number = disk->options.is_lying ? 0 : number;
	waiter->acked = acked;
	waiter->user = user;
	text_copy(waiter->uid, round->uid);
	*(disk->last ? &disk->last->next : &disk->first) = waiter;
	disk->last = waiter;
	if (disk->options.is_lying)
		alarm_start(disk->loop, &disk->lie, span_ms(0));
}

void sim_disk_left(struct sim_disk *disk, size_t index)
{
	assert(index < disk->n_records);
	disk->records[index].has_left = true;
}

static void on_effect(struct history *history, const struct history_effect *effect)
{
	struct sim_disk *disk = disk_of(history);
	struct sim_record record;
	const struct sim_record *round;

	if (!disk->loop || disk->is_finished)
		return;
	sim_record_effect(effect, &record);
	record.at = now_of(disk);
	if (effect->kind == HISTORY_CHANGE) {
		round = round_find(disk, record.round);
		if (round)
			text_copy(record.canary, round->canary);
	} else if (effect->kind == HISTORY_ANSWER) {
		sim_record_end(disk->records, disk->n_records, disk->boot, &record);
	}
	add(disk, history_record_effect(effect), note(disk, &record));
}

static void on_gap(struct history *history, const char *round_uid, struct instant at)
{
	struct sim_disk *disk = disk_of(history);
	const struct history_gap gap = {.round_uid = round_uid, .from = at, .until = at};
	struct sim_record record = {.kind = HISTORY_RECORD_AHEAD};
	struct sim_record *round;

	if (!disk->loop || disk->is_finished)
		return;
	text_copy(record.round, round_uid);
	round = round_find(disk, round_uid);
	if (round)
		round->is_ahead = true;
	add(disk, history_record_gap(HISTORY_RECORD_AHEAD, &gap), note(disk, &record));
}

static void on_forget(struct history *history, void *user)
{
	struct sim_disk *disk = disk_of(history);
	struct waiter **link = &disk->first;

	disk->last = NULL;
	while (*link) {
		struct waiter *waiter = *link;

		if (!user || waiter->user == user) {
			*link = waiter->next;
			free(waiter);
		} else {
			disk->last = waiter;
			link = &waiter->next;
		}
	}
}

static const char *on_state(struct history *history)
{
	return disk_of(history)->queue.n_waiting > BATCH_MAX ? "the disk has not answered" : "ok";
}

static const struct history_ops ops = {
	.round = on_round,
	.effect = on_effect,
	.forget = on_forget,
	.gap = on_gap,
	.state = on_state,
};

/* Processes come and go ---------------------------------------------------------------------------
 */

PRINTF_LIKE(2, 3)
static void accuse(void *user, const char *format, ...)
{
	struct sim_disk *disk = user;
	char text[300];
	va_list args;
	int n = snprintf(text, sizeof(text), "%s's disk: ", disk->name);

	va_start(args, format);
	(void)vsnprintf(text + n, sizeof(text) - (size_t)n, format, args);
	va_end(args);
	disk->options.accuse(disk->options.user, text);
}

struct sim_disk *sim_disk_new(const struct sim_disk_options *options)
{
	struct sim_disk *disk = calloc(1, sizeof(*disk));
	char stream[32];

	if (!disk)
		abort();
	disk->options = *options;
	text_copy(disk->name, options->name);
	text_format(stream, sizeof(stream), "disk of %s", options->name);
	disk->dice = dice_init(options->seed, stream);
	disk->history.ops = &ops;
	disk->turn.ring = on_turn;
	disk->lie.ring = on_lie;
	if (options->is_real)
		disk->file = sim_file_new(disk->name, options->seed, accuse, disk);
	return disk;
}

/* The memory of the process. */
static void let_go(struct sim_disk *disk)
{
	alarm_cancel(&disk->turn);
	alarm_cancel(&disk->lie);
	on_forget(&disk->history, NULL);
	disk->batch = history_record_free(disk->batch);
	history_record_free(disk->queue.head);
	disk->queue = (struct history_queue){0};
	disk->loop = NULL;
	disk->is_open = false;
	disk->n_failures = 0;
}

struct sim_disk *sim_disk_free(struct sim_disk *disk)
{
	if (!disk)
		return NULL;
	let_go(disk);
	sim_derive_fini(&disk->derive);
	sim_file_free(disk->file);
	free(disk->records);
	free(disk);
	return NULL;
}

struct history *sim_disk_start(struct sim_disk *disk, struct loop *loop)
{
	assert(!disk->loop);
	if (disk->n_records > 0 &&
	    faults_strike(disk->options.faults, FAULT_DISK_WIPED, -1, now_of(disk))) {
		disk->n_records = 0;
		disk->n_settled = 0;
		disk->boot_seen = 0;
		disk->life++;
		if (disk->file)
			sim_file_wipe(disk->file);
	}
	disk->boot++;
	disk->last_round = SIZE_MAX;
	sim_derive_fini(&disk->derive);
	if (disk->file)
		sim_file_start(disk->file, disk->boot, loop_now(loop), disk->records,
		               disk->n_records);
	lose(disk);
	disk->loop = loop;
	arm(disk, latency(disk));
	return &disk->history;
}

void sim_disk_stop(struct sim_disk *disk)
{
	bool is_patient =
		instant_between(now_of(disk), disk->turn_at).ms < PATIENCE_MS || !disk->turn.loop;

	if (!disk->loop)
		return;
	if (!is_patient || trouble(disk) != SIM_VFS_WELL) {
		sim_disk_crash(disk);
		return;
	}
	on_forget(&disk->history, NULL);
	while (work(disk) && disk->queue.head)
		;
	if (disk->file)
		sim_file_stop(disk->file);
	let_go(disk);
}

/* In the list, a crash leaves the batch in hand wholly, or not, or, torn, the first part of it. */
static void crash_list(struct sim_disk *disk)
{
	int64_t n = 0;
	int64_t left;

	if (trouble(disk) != SIM_VFS_WELL || !disk->is_open)
		return;
	for (const struct history_record *record = disk->batch; record; record = record->next)
		n++;
	left = dice_chance(&disk->dice, 0.5) ? n : 0;
	if (n > 0 && strikes(disk, FAULT_DISK_TORN))
		left = dice_between(&disk->dice, 0, n);
	for (const struct history_record *record = disk->batch; record && left > 0; left--) {
		settle_record(disk, record);
		record = record->next;
	}
}

static void crash_file(struct sim_disk *disk)
{
	bool is_cut = dice_chance(&disk->dice, 0.5);

	sim_file_crash(disk->file, trouble(disk), disk->batch, &disk->dice);
	sim_file_lose(disk->file, is_cut ? &disk->dice : NULL,
	              is_cut && sim_file_is_dirty(disk->file) && strikes(disk, FAULT_DISK_TORN));
}

void sim_disk_crash(struct sim_disk *disk)
{
	if (!disk->loop)
		return;
	if (!disk->batch)
		disk->batch = history_queue_take(&disk->queue, BATCH_MAX, BATCH_BYTES_MAX);
	if (disk->file)
		crash_file(disk);
	else
		crash_list(disk);
	let_go(disk);
}

void sim_disk_mend(struct sim_disk *disk)
{
	disk->full_until = (struct instant){0};
	disk->read_only_until = (struct instant){0};
	if (disk->loop && disk->turn.loop)
		arm(disk, span_ms(1));
}

void sim_disk_finish(struct sim_disk *disk)
{
	sim_disk_mend(disk);
	disk->is_finished = true;
	on_forget(&disk->history, NULL);
	alarm_cancel(&disk->turn);
	alarm_cancel(&disk->lie);
	for (int i = 0; i < 100 && disk->loop && (disk->queue.n_waiting > 0 || !disk->is_open);
	     i++) {
		if (!work(disk)) {
			accuse(disk, "it is well, and takes no records");
			break;
		}
	}
	if (disk->file)
		sim_file_finish(disk->file, disk->boot_seen, disk->records, disk->n_records);
}

size_t sim_disk_count(const struct sim_disk *disk)
{
	return disk->n_records;
}

const struct sim_record *sim_disk_record(const struct sim_disk *disk, size_t index)
{
	return &disk->records[index];
}

uint64_t sim_disk_rounds(const struct sim_disk *disk)
{
	return disk->n_rounds;
}

uint32_t sim_disk_life(const struct sim_disk *disk)
{
	return disk->life;
}

uint32_t sim_disk_boot(const struct sim_disk *disk)
{
	return disk->boot_seen;
}
