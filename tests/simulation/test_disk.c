/*
 * The simulated disk: each of its faults alone, over the list and over the real file, with crashes
 * in between; and that what is checked is checked.
 */
#include "analysis/base/compiler.h"
#include "analysis/base/text.h"
#include "tests/simulation/sim_disk.h"
#include "tests/simulation/sim_file.h"
#include "tests/simulation/simulation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define START       INT64_C(1700000000000)
#define STEPS       150
#define STEP_MS     400
#define CRASH_EVERY 12 /* steps, on average */

struct rig {
	struct sim_loop *loop;
	struct loop *seam;
	struct faults faults;
	struct sim_disk *disk;
	struct history *history;
	struct dice dice;
	int n_acks;
	int n_crashes;
	char accusation[300];
};

static void on_accuse(void *user, const char *what)
{
	struct rig *rig = user;

	if (rig->accusation[0] == '\0')
		text_copy(rig->accusation, what);
}

static void on_acked(void *user, const char *uid)
{
	(void)uid;
	((struct rig *)user)->n_acks++;
}

/* KIND is the only fault, and strikes at that rate. */
static void rig_init(struct rig *rig, uint64_t seed, bool is_real, enum fault kind, double rate)
{
	*rig = (struct rig){.loop = sim_loop_new((struct instant){START}, seed),
	                    .dice = dice_init(seed, "rig")};
	rig->seam = sim_loop_seam_new(rig->loop, span_ms(0));
	faults_init(&rig->faults, seed, 1, 0);
	memset(rig->faults.rates, 0, sizeof(rig->faults.rates));
	rig->faults.rates[kind] = rate;
	rig->disk = sim_disk_new(&(struct sim_disk_options){
		.loop = rig->loop,
		.faults = &rig->faults,
		.seed = seed,
		.name = "agent-0",
		.is_real = is_real,
		.accuse = on_accuse,
		.user = rig,
	});
	rig->history = sim_disk_start(rig->disk, rig->seam);
}

static void rig_fini(struct rig *rig)
{
	sim_disk_free(rig->disk);
	sim_loop_free(rig->loop);
}

static void rig_run(struct rig *rig, int64_t ms)
{
	sim_loop_run(rig->loop, instant_after(sim_loop_now(rig->loop), span_ms(ms)));
}

/* A round and its change; LENGTH bytes of facts. */
static void rig_record(struct rig *rig, int number, int length)
{
	char uid[40];
	char facts[4000];
	struct history_round round = {
		.uid = uid,
		.k8s_namespace = "shop",
		.canary = "cart",
		.canary_uid = "u",
		.release = "cart-1",
		.release_seq = number,
		.decided_at = loop_now(rig->seam),
		.decide_version = "1",
		.reason = "",
		.spec = "{}",
		.facts = facts,
		.plan = "{}",
	};
	struct history_effect effect = {
		.round_uid = uid,
		.kind = HISTORY_CHANGE,
		.key = "save release",
		.detail = "{\"kind\":\"save release\",\"release\":\"cart-1\"}",
		.result = "",
		.at = round.decided_at,
	};

	text_format(uid, sizeof(uid), "r%05d", number);
	memset(facts, 'x', (size_t)length);
	facts[length] = '\0';
	history_round(rig->history, &round, on_acked, rig);
	history_effect(rig->history, &effect);
}

static void rig_crash(struct rig *rig)
{
	sim_disk_crash(rig->disk);
	rig_run(rig, 100);
	rig->n_crashes++;
	rig->history = sim_disk_start(rig->disk, rig->seam);
}

/* A long life with crashes, most of them while something is being written. */
static void rig_live(struct rig *rig)
{
	for (int i = 1; i <= STEPS; i++) {
		int64_t length = dice_between(&rig->dice, 0, 3999);

		rig_record(rig, i, (int)length);
		rig_run(rig, dice_between(&rig->dice, 0, STEP_MS));
		if (dice_between(&rig->dice, 1, CRASH_EVERY) == 1) {
			rig_record(rig, STEPS + i, (int)length);
			rig_crash(rig);
		}
	}
	rig->faults.is_calm = true;
	sim_disk_finish(rig->disk);
}

static int rig_count(const struct rig *rig, enum sim_record_fate fate)
{
	int n = 0;

	for (size_t i = 0; i < sim_disk_count(rig->disk); i++)
		n += sim_disk_record(rig->disk, i)->fate == fate;
	return n;
}

/* Nothing acknowledged is lost, the chain is whole, and each process says that it began. */
static void test_faults(void **state)
{
	static const struct {
		enum fault kind;
		double rate;
	} rows[] = {
		{FAULT_NONE, 0}, /* only crashes */
		{FAULT_DISK_SLOW, 0.3},  {FAULT_DISK_HUNG, 0.02},
		{FAULT_DISK_FULL, 0.05}, {FAULT_DISK_READ_ONLY, 0.05},
		{FAULT_DISK_TORN, 1},    {FAULT_DISK_WIPED, 0.3},
	};

	(void)state;
	for (size_t i = 0; i < 2 * array_length(rows); i++) {
		enum fault kind = rows[i / 2].kind;
		struct rig rig;

		rig_init(&rig, i + 1, i % 2 == 1, kind, rows[i / 2].rate);
		rig_live(&rig);
		if (rig.accusation[0] != '\0')
			fail_msg("%s: %s", kind ? fault_name(kind) : "crashes", rig.accusation);
		assert_true(kind == FAULT_NONE || rig.faults.n_disturbances > 0);
		assert_true(rig.n_crashes > 3);
		assert_true(rig.n_acks > 0);
		assert_true(rig_count(&rig, SIM_RECORD_SYNCED) > 0);
		assert_int_equal(rig_count(&rig, SIM_RECORD_WAITING), 0);
		/* Somewhere in the crashes something was lost. */
		assert_true(kind == FAULT_DISK_WIPED || rig_count(&rig, SIM_RECORD_LOST) > 0);
		rig_fini(&rig);
	}
}

/* The power goes at every operation of a transaction and of the start of a new file, torn or not.
 */
static void test_torn(void **state)
{
	int n_kept = 0;
	int n_lost = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 120; seed++) {
		struct rig rig;

		rig_init(&rig, seed, true, FAULT_DISK_TORN, 1);
		if (seed % 3 != 0)
			rig_run(&rig, 10);
		for (int i = 1; i <= 5; i++) {
			rig_record(&rig, i, 3000);
			rig_run(&rig, i < 5 ? 20 : 0);
		}
		rig_crash(&rig);
		rig_record(&rig, 6, 3000);
		rig.faults.is_calm = true;
		sim_disk_finish(rig.disk);
		assert_string_equal(rig.accusation, "");
		n_lost += rig_count(&rig, SIM_RECORD_LOST) > 0;
		n_kept += rig_count(&rig, SIM_RECORD_LOST) == 0;
		rig_fini(&rig);
	}
	assert_true(n_lost > 10);
	assert_true(n_kept > 2);
}

/* A queue that is full drops, and a gap counts what. */
static void test_dropped(void **state)
{
	struct rig rig;
	int64_t n_counted = 0;

	(void)state;
	rig_init(&rig, 1, true, FAULT_DISK_HUNG, 1);
	for (int i = 1; i <= HISTORY_QUEUE_MAX; i++)
		rig_record(&rig, i, 10);
	rig.faults.is_calm = true;
	sim_disk_finish(rig.disk);
	assert_string_equal(rig.accusation, "");
	for (size_t i = 0; i < sim_disk_count(rig.disk); i++)
		n_counted += sim_disk_record(rig.disk, i)->n_records;
	assert_true(n_counted > 0);
	assert_int_equal(rig_count(&rig, SIM_RECORD_DROPPED), n_counted);
	rig_fini(&rig);
}

PRINTF_LIKE(2, 3)
static void note_accusation(void *user, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(user, 300, format, args);
	va_end(args);
}

/* A file that lost what was synced is found. */
static void test_lost_file(void **state)
{
	char accusation[300] = "";
	struct sim_file *file = sim_file_new("agent-0", 1, note_accusation, accusation);
	struct history_round round = {.uid = "r1", .release = "cart-1"};
	struct history_record *record = history_record_round(&round);
	struct sim_record noted = {.kind = HISTORY_RECORD_ROUND,
	                           .boot = 1,
	                           .number = 1,
	                           .round = "r1",
	                           .release = "cart-1"};

	(void)state;
	record->number = 1;
	sim_file_start(file, 1, (struct instant){START}, NULL, 0);
	assert_true(sim_file_open(file, SIM_VFS_WELL));
	assert_true(sim_file_write(file, SIM_VFS_WELL, record));
	sim_file_stop(file);
	sim_file_start(file, 2, (struct instant){START}, &noted, 1);
	assert_int_equal(noted.fate, SIM_RECORD_SYNCED);
	sim_file_stop(file);
	text_copy(noted.round, "r2");
	sim_file_start(file, 3, (struct instant){START}, &noted, 1);
	assert_string_equal(accusation, "record 1 of process 1 was on disk and is gone");
	sim_file_stop(file);
	text_copy(noted.round, "r1");
	noted.seq = 7;
	sim_file_start(file, 4, (struct instant){START}, &noted, 1);
	assert_string_equal(accusation, "round r1 is stored otherwise than it was");
	sim_file_stop(file);
	sim_file_wipe(file);
	sim_file_start(file, 5, (struct instant){START}, &noted, 1);
	assert_non_null(strstr(accusation, "it cannot be read any more"));
	sim_file_free(file);
	history_record_free(record);
}

/* An agent whose acknowledgements come without a sync is found. */
static void test_lying(void **state)
{
	struct simulation_result result;

	(void)state;
	simulation_run(&(struct simulation_options){.seed = 1, .has_lying_disks = true}, &result);
	assert_non_null(strstr(result.violation, "neither on disk nor marked as ahead"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_faults),  cmocka_unit_test(test_torn),
		cmocka_unit_test(test_dropped), cmocka_unit_test(test_lost_file),
		cmocka_unit_test(test_lying),
	};

	return cmocka_run_group_tests_name("disk", tests, NULL, NULL);
}
