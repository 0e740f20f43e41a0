/*
 * What the history costs: one release of TICKS checks, recorded by an agent in the demo's world,
 * written again and again as releases of a hundred canaries, by the writer that agents have. Bytes
 * a tick, records a second beside plain SQLite's (the same rows and syncs, no chain) on the same
 * disk in the same run, and how long `report` and `history` take.
 *
 * bench-history FOLDER RELEASES [again]: again reads the files of a run before
 */
#include "agent/command/command.h"
#include "agent/demo/demo_shop.h"
#include "agent/history_read.h"
#include "agent/history_sqlite.h"
#include "analysis/base/arena.h"
#include "analysis/base/compiler.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SOURCE      "cart-2"
#define CANARIES    100
#define TICKS       20
#define ROUNDS_MAX  400
#define EFFECTS_MAX 4000
#define WAITING_MAX 2000
#define BATCH       256 /* records of a transaction, as the writer has them under load */
#define CALLS       200

struct model {
	struct arena arena;
	sqlite3 *db;
	struct history_round rounds[ROUNDS_MAX]; /* the oldest last */
	size_t n_rounds;
	struct history_effect effects[EFFECTS_MAX];
	size_t n_effects;
	size_t n_ticks;
};

static double read_clock(clockid_t clock)
{
	struct timespec at;

	(void)clock_gettime(clock, &at);
	return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static double now(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

static _Noreturn void fail(const char *what)
{
	(void)fprintf(stderr, "%s\n", what);
	exit(1);
}

/* The model ---------------------------------------------------------------------------------- */

/* Virtual time goes on by MINUTES. */
static void let_go_on(struct demo_shop *shop, int minutes)
{
	struct instant end = instant_after(demo_shop_now(shop), span_seconds(60 * minutes));

	while (demo_shop_step(shop, end))
		;
}

/* The demo's second release in TICKS steps of 4 %, at PATH. */
static void record_model(const char *path)
{
	static const struct apiserver_letter steps = {
		.method = HTTP_PATCH,
		.url = "/apis/flagger.app/v1beta1/namespaces/shop/canaries/cart",
		.type = "application/json-patch+json",
		.body = "[{\"op\":\"replace\",\"path\":\"/spec/analysis/stepWeight\",\"value\":4}]",
		.who = "bench",
	};
	const struct demo_shop_options options = {
		.start = {INT64_C(1763712000000)},
		.seed = 1,
		.history = path,
	};
	struct arena arena = {0};
	struct err err = {0};
	struct demo_shop *shop = demo_shop_new(&options, &err);

	if (!shop || !demo_shop_open(shop, &err))
		fail(err.text);
	let_go_on(shop, 2);
	if (apiserver_write_inside(demo_shop_server(shop), &steps, &arena, demo_shop_now(shop))
	                    .status != 200 ||
	    !demo_shop_push(shop, "v2", &err))
		fail("the canary cannot be changed");
	demo_shop_stir(shop);
	let_go_on(shop, 30);
	demo_shop_free(shop);
	arena_fini(&arena);
}

static void on_effect(void *user, const struct history_effect *effect)
{
	struct model *model = user;
	struct history_effect *copy = &model->effects[model->n_effects++];

	if (model->n_effects == EFFECTS_MAX)
		fail("too many effects");
	*copy = *effect;
	copy->round_uid = arena_text(&model->arena, effect->round_uid);
	copy->key = arena_text(&model->arena, effect->key);
	copy->detail = arena_text(&model->arena, effect->detail);
	copy->result = arena_text(&model->arena, effect->result);
	model->n_ticks +=
		effect->kind == HISTORY_QUESTION && strcmp(effect->key, "measure share") == 0;
}

static void on_round(void *user, const struct history_read_round *read)
{
	struct model *model = user;
	struct history_round *copy = &model->rounds[model->n_rounds++];

	if (model->n_rounds == ROUNDS_MAX)
		fail("too many rounds");
	*copy = read->round;
	copy->uid = arena_text(&model->arena, copy->uid);
	copy->k8s_namespace = arena_text(&model->arena, copy->k8s_namespace);
	copy->canary_uid = arena_text(&model->arena, copy->canary_uid);
	copy->decide_version = arena_text(&model->arena, copy->decide_version);
	copy->reason = arena_text(&model->arena, copy->reason);
	copy->spec = arena_text(&model->arena, copy->spec);
	copy->base = arena_text(&model->arena, copy->base);
	copy->facts = arena_text(&model->arena, copy->facts);
	copy->plan = arena_text(&model->arena, copy->plan);
	(void)history_read_effects(model->db, copy->uid, on_effect, model, NULL);
}

static void read_model(struct model *model, const char *path)
{
	struct err err = {0};

	record_model(path);
	if (!history_read_open(path, &model->db, &err) ||
	    !history_read_rounds(model->db,
	                         &(struct history_read_filter){.k8s_namespace = "shop",
	                                                       .canary = "cart",
	                                                       .release = SOURCE},
	                         on_round, model, &err))
		fail(err.text);
	history_read_close(model->db);
	if (model->n_ticks != TICKS)
		fail(SOURCE " has another number of ticks");
}

/* TEXT with another release in it. */
static const char *renamed(struct arena *arena, const char *text, const char *release)
{
	size_t n = strlen(SOURCE);
	char *out = arena_alloc(arena, strlen(text) * 2 + 1);
	char *to = out;

	while (*text) {
		if (strncmp(text, SOURCE, n) == 0) {
			to = stpcpy(to, release);
			text += n;
		} else {
			*to++ = *text++;
		}
	}
	*to = '\0';
	return out;
}

/* Release NUMBER of the model, written with ROUND and EFFECT. */
struct writer {
	void *user;
	void (*round)(void *user, const struct history_round *round);
	void (*effect)(void *user, const struct history_effect *effect);
};

static void write_release(const struct model *model, int number, const struct writer *writer)
{
	struct arena arena = {0};
	const char *canary = arena_format(&arena, "cart%d", number % CANARIES);
	const char *release = arena_format(&arena, "%s-%d", canary, 2 + number / CANARIES);
	int64_t shift = (int64_t)number * 600000;

	for (size_t i = model->n_rounds; i > 0; i--) {
		struct history_round round = model->rounds[i - 1];
		const char *uid = round.uid;

		round.uid = arena_format(&arena, "%s-%d", uid, number);
		round.canary = canary;
		round.canary_uid = canary;
		round.release = release;
		round.decided_at.ms += shift;
		round.base = renamed(&arena, round.base, release);
		round.facts = renamed(&arena, round.facts, release);
		writer->round(writer->user, &round);
		for (size_t k = 0; k < model->n_effects; k++) {
			struct history_effect effect = model->effects[k];

			if (strcmp(effect.round_uid, uid) != 0)
				continue;
			effect.round_uid = round.uid;
			effect.at.ms += shift;
			writer->effect(writer->user, &effect);
		}
	}
	arena_fini(&arena);
}

/* Ours --------------------------------------------------------------------------------------- */

static void on_post(void *user)
{
	(void)user;
}

static void wait_for_room(struct history *history)
{
	while (history_sqlite_waiting(history) > WAITING_MAX)
		(void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	history_sqlite_deliver(history);
}

static void our_round(void *user, const struct history_round *round)
{
	wait_for_room(user);
	history_round(user, round, NULL, NULL);
}

static void our_effect(void *user, const struct history_effect *effect)
{
	history_effect(user, effect);
}

static double write_ours(const struct model *model, const char *path, int n_releases)
{
	const struct history_sqlite_options options = {
		.path = path,
		.chain = "bench",
		.actor = "bench",
		.boot = "b1",
		.opened_at = {1},
		.post = on_post,
	};
	struct err err = {0};
	struct history *history = history_sqlite_new(&options, &err);
	const struct writer writer = {history, our_round, our_effect};
	double began = now();

	if (!history)
		fail(err.text);
	for (int i = 0; i < n_releases; i++)
		write_release(model, i, &writer);
	if (history_sqlite_free(history, span_seconds(3600)) > 0)
		fail("records were left");
	return now() - began;
}

/* Plain SQLite ------------------------------------------------------------------------------- */

struct plain {
	sqlite3 *db;
	sqlite3_stmt *round;
	sqlite3_stmt *effect;
	int n;
};

static void run(struct plain *plain, const char *sql)
{
	if (sqlite3_exec(plain->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail(sqlite3_errmsg(plain->db));
}

static void step(struct plain *plain, sqlite3_stmt *statement)
{
	if (sqlite3_step(statement) != SQLITE_DONE)
		fail(sqlite3_errmsg(plain->db));
	sqlite3_reset(statement);
	if (++plain->n % BATCH == 0)
		run(plain, "COMMIT; BEGIN");
}

static void plain_round(void *user, const struct history_round *round)
{
	struct plain *plain = user;
	const char *texts[] = {round->uid,        round->k8s_namespace, round->canary,
	                       round->canary_uid, round->release,       round->reason,
	                       round->facts,      round->plan};

	for (size_t i = 0; i < array_length(texts); i++)
		sqlite3_bind_text(plain->round, (int)i + 1, texts[i], -1, SQLITE_STATIC);
	sqlite3_bind_int64(plain->round, 9, round->decided_at.ms);
	step(plain, plain->round);
}

static void plain_effect(void *user, const struct history_effect *effect)
{
	struct plain *plain = user;
	const char *texts[] = {effect->round_uid, effect->key, effect->detail, effect->result};

	for (size_t i = 0; i < array_length(texts); i++)
		sqlite3_bind_text(plain->effect, (int)i + 1, texts[i], -1, SQLITE_STATIC);
	sqlite3_bind_int64(plain->effect, 5, effect->at.ms);
	step(plain, plain->effect);
}

static double write_plain(const struct model *model, const char *path, int n_releases)
{
	struct plain plain = {0};
	const struct writer writer = {&plain, plain_round, plain_effect};
	double began = now();

	if (sqlite3_open(path, &plain.db) != SQLITE_OK)
		fail("cannot open");
	run(&plain,
	    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
	    "CREATE TABLE round (id INTEGER PRIMARY KEY, a UNIQUE, b, c, d, e, f, g, h, i);"
	    "CREATE TABLE effect (id INTEGER PRIMARY KEY, a, b, c, d, e);"
	    "CREATE INDEX ix_effect ON effect (a); BEGIN");
	if (sqlite3_prepare_v2(plain.db, "INSERT INTO round VALUES (NULL,?,?,?,?,?,?,?,?,?)", -1,
	                       &plain.round, NULL) != SQLITE_OK ||
	    sqlite3_prepare_v2(plain.db, "INSERT INTO effect VALUES (NULL,?,?,?,?,?)", -1,
	                       &plain.effect, NULL) != SQLITE_OK)
		fail(sqlite3_errmsg(plain.db));
	for (int i = 0; i < n_releases; i++)
		write_release(model, i, &writer);
	run(&plain, "COMMIT");
	sqlite3_finalize(plain.round);
	sqlite3_finalize(plain.effect);
	sqlite3_close(plain.db);
	return now() - began;
}

/* Commands ----------------------------------------------------------------------------------- */

static const char *nothing(const char *name)
{
	(void)name;
	return NULL;
}

static int compare(const void *a, const void *b)
{
	double left = *(const double *)a;
	double right = *(const double *)b;

	return left < right ? -1 : left > right;
}

/* The clock's times count what else the machine does, those of the processor do not. */
static void show_times(const char *command, double *times, double *works)
{
	qsort(times, CALLS, sizeof(times[0]), compare);
	qsort(works, CALLS, sizeof(works[0]), compare);
	printf("%-8s p50 %.1f ms, p99 %.1f ms over %d calls; of processor p50 %.1f ms, p99 %.1f "
	       "ms\n",
	       command, times[CALLS / 2], times[CALLS * 99 / 100], CALLS, works[CALLS / 2],
	       works[CALLS * 99 / 100]);
}

static void time_command(const char *command, const char *path, int n_releases)
{
	const struct command_setting setting = {
		.out = fopen("/dev/null", "w"),
		.trouble = stderr,
		.environment = nothing,
		.fixed_now = {INT64_C(4000000000000)},
	};
	double times[CALLS];
	double works[CALLS];

	if (!setting.out)
		fail("/dev/null");
	for (int i = 0; i < CALLS; i++) {
		int number = (int)((int64_t)i * 7919 % n_releases);
		char canary[32];
		char release[48];
		char *words[] = {
			(char[]){"serin"}, strdup(command),    NULL,         (char[]){"-n"},
			(char[]){"shop"},  (char[]){"--file"}, strdup(path), NULL};
		double began = now();
		double at_work = read_clock(CLOCK_PROCESS_CPUTIME_ID);

		(void)snprintf(canary, sizeof(canary), "cart%d", number % CANARIES);
		(void)snprintf(release, sizeof(release), "%s-%d", canary, 2 + number / CANARIES);
		words[2] = strcmp(command, "report") == 0 ? release : canary;
		if (command_main(7, words, &setting) != COMMAND_OK)
			fail(command);
		times[i] = (now() - began) * 1000;
		works[i] = (read_clock(CLOCK_PROCESS_CPUTIME_ID) - at_work) * 1000;
		free(words[1]);
		free(words[6]);
	}
	(void)fclose(setting.out);
	show_times(command, times, works);
}

/* Both files, beside each other. */
static void write_all(struct model *model, const char *source, const char *const paths[2],
                      int n_releases)
{
	double seconds[2];
	struct stat file;
	double n_records;

	read_model(model, source);
	n_records = (double)(model->n_rounds + model->n_effects) * n_releases;
	printf("%d releases of %zu ticks, %zu rounds, %zu effects\n", n_releases, model->n_ticks,
	       model->n_rounds, model->n_effects);
	seconds[0] = write_ours(model, paths[0], n_releases);
	seconds[1] = write_plain(model, paths[1], n_releases);
	if (stat(paths[0], &file) != 0)
		fail(paths[0]);
	printf("%.0f bytes a tick\n", (double)file.st_size / ((double)model->n_ticks * n_releases));
	printf("%.0f records/s with the chain, %.0f with plain SQLite\n", n_records / seconds[0],
	       n_records / seconds[1]);
}

int main(int argc, char **argv)
{
	static struct model model;
	char source[512];
	char ours[512];
	char plain[512];
	int n_releases;

	if (argc < 3 || argc > 4)
		fail("bench-history FOLDER RELEASES [again]");
	n_releases = (int)strtol(argv[2], NULL, 10);
	(void)snprintf(source, sizeof(source), "%s/model.db", argv[1]);
	(void)snprintf(ours, sizeof(ours), "%s/ours.db", argv[1]);
	(void)snprintf(plain, sizeof(plain), "%s/plain.db", argv[1]);
	if (argc == 3)
		write_all(&model, source, (const char *const[]){ours, plain}, n_releases);
	time_command("report", ours, n_releases);
	time_command("history", ours, n_releases);
	arena_fini(&model.arena);
	return 0;
}
