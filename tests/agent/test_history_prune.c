/* Retention: what goes, what stays, and that the chain is whole after it. */
#include "agent/history_chain.h"
#include "agent/history_prune.h"
#include "agent/history_read.h"
#include "agent/history_verify.h"
#include "analysis/base/compiler.h"
#include "analysis/base/text.h"
#include "tests/agent/history_desk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HOUR (INT64_C(3600) * 1000)
#define DAY  (24 * HOUR)

static int desk_new(void **state)
{
	struct desk *desk = history_desk_new();

	desk->keep = span_ms(HOUR);
	*state = desk;
	return 0;
}

static int desk_free(void **state)
{
	history_desk_free(*state);
	return 0;
}

/* Round NUMBER of a release, at AFTER the epoch, and the answer of a check in it. */
struct tick {
	unsigned number;
	const char *release;
	struct span after;
	bool goes_back;
};

static void write_tick(struct desk *desk, const struct tick *tick)
{
	char uid[16];
	char base[600];
	char facts[400];
	const struct history_round round = {
		.uid = uid,
		.k8s_namespace = "shop",
		.canary = "cart",
		.canary_uid = "u",
		.release = tick->release,
		.release_seq = tick->number,
		.decided_at = {DESK_EPOCH + tick->after.ms},
		.decide_version = "0",
		.reason = "why",
		.spec = "{}",
		.base = base,
		.facts = facts,
		.plan = tick->goes_back
	                        ? "{\"effects\":[{\"status\":{\"ending\":\"rolled_back\"}}]}"
	                        : "{}",
	};

	(void)snprintf(uid, sizeof(uid), "r%05u", tick->number);
	/* a new base each ten rounds */
	(void)snprintf(base, sizeof(base), "{\"base\":\"%0500u\"}", tick->number / 10);
	(void)snprintf(facts, sizeof(facts), "{\"number\":\"%0300u\"}", tick->number);
	history_round(desk->history, &round, NULL, NULL);
	history_effect(desk->history,
	               &(struct history_effect){
			       .round_uid = uid,
			       .kind = HISTORY_ANSWER,
			       .key = "measure request-duration",
			       .detail = "{\"query\":\"up\",\"sample\":{\"value\":1}}",
			       .result = "ok",
			       .at = round.decided_at,
		       });
	history_effect(desk->history, &(struct history_effect){
					      .round_uid = uid,
					      .kind = HISTORY_ANSWER,
					      .key = "write route",
					      .detail = "{\"status\":200}",
					      .result = "ok",
					      .at = round.decided_at,
				      });
}

/* cart-1 is promoted in rounds 1 to 6, cart-2 goes back in rounds 7 to 12 (at 11), cart-3 is on its
 * way in 13 to 16: a minute each. */
static void write_releases(struct desk *desk)
{
	for (unsigned i = 1; i <= 16; i++)
		write_tick(desk, &(struct tick){.number = i,
		                                .release = i <= 6    ? "cart-1"
		                                           : i <= 12 ? "cart-2"
		                                                     : "cart-3",
		                                .after = span_seconds(60 * (int64_t)i),
		                                .goes_back = i == 11});
}

static void verify(const struct desk *desk, struct history_verdict *ret)
{
	struct err err = {0};

	if (!history_verify(desk->path, NULL, ret, &err))
		fail_msg("%s", err.text);
	if (!ret->is_intact)
		fail_msg("%s", ret->what);
}

static void text_of(const struct desk *desk, const char *sql, char *ret, size_t size)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *row = NULL;

	assert_int_equal(sqlite3_open(desk->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &row, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(row), SQLITE_ROW);
	(void)snprintf(ret, size, "%s", (const char *)sqlite3_column_text(row, 0));
	sqlite3_finalize(row);
	sqlite3_close(db);
}

static void test_what_goes(void **state)
{
	struct desk *desk = *state;
	struct history_sqlite_pruned pruned;
	struct history_verdict verdict = {0};
	char text[1024];

	history_desk_open(desk);
	write_releases(desk);
	history_desk_prune(desk, span_ms(HOUR)); /* the cutoff is the epoch: nothing is older */
	history_sqlite_pruned(desk->history, &pruned);
	assert_int_equal(pruned.n_rounds, 0);
	history_desk_prune(desk, span_ms(HOUR + 15 * 60 * 1000)); /* older than round 15 */
	history_sqlite_pruned(desk->history, &pruned);
	history_desk_close(desk);
	assert_string_equal(pruned.trouble, "");
	assert_int_equal(pruned.n_rounds, 8);
	assert_int_equal(pruned.n_answers, 8);
	/* the first and the newest of each release stay, the way back, and what is young */
	text_of(desk, "SELECT group_concat(round_id) FROM round_facts", text, sizeof(text));
	assert_string_equal(text, "1,6,7,11,12,13,15,16");
	text_of(desk,
	        "SELECT group_concat(round_uid) FROM round_effect WHERE detail_json = ''"
	        " AND effect_key = 'measure request-duration'",
	        text, sizeof(text));
	assert_string_equal(text, "r00001,r00002,r00003,r00004,r00005,r00006,r00013,r00014");
	assert_int_equal(history_desk_number(desk,
	                                     "SELECT COUNT(*) FROM round_effect"
	                                     " WHERE detail_json = '{\"status\":200}'"),
	                 16);
	assert_int_equal(history_desk_number(desk, "SELECT COUNT(*) FROM round"), 16);
	assert_int_equal(history_desk_number(desk, "SELECT COUNT(*) FROM prune_open"), 0);
	/* and the chain is whole, with one entry more */
	verify(desk, &verdict);
	assert_int_equal(verdict.n_records, 16 * 3 + 1);
	assert_int_equal(verdict.n_pruned, 8);
	assert_int_equal(verdict.n_underivable, 8);
	text_of(desk, "SELECT payload FROM audit_log WHERE action = 'prune'", text, sizeof(text));
	assert_non_null(strstr(text,
	                       "{\"answers\":8,\"at\":1795240800000,\"chain\":\"cluster-a/serin\","
	                       "\"cutoff\":1795237200000,\"first_seq\":1,\"last_seq\":42,"
	                       "\"rounds\":8,\"sha256\":\""));
}

/* The digest is what anybody computes who has the file of before. */
static void test_digest(void **state)
{
	struct desk *desk = *state;
	char joined[2048] = "";
	char digest[HISTORY_CHAIN_DIGEST_SIZE];
	char stored[128];
	size_t n = 0;
	sqlite3 *db = NULL;
	sqlite3_stmt *row = NULL;

	history_desk_open(desk);
	write_releases(desk);
	history_desk_prune(desk, span_ms(HOUR + 15 * 60 * 1000));
	history_desk_close(desk);
	assert_int_equal(sqlite3_open(desk->path, &db), SQLITE_OK);
	assert_int_equal(
		sqlite3_prepare_v2(
			db,
			"SELECT payload_sha256 FROM audit_log WHERE entity_uid IN (SELECT uid FROM"
			" round WHERE id NOT IN (SELECT round_id FROM round_facts) UNION SELECT uid"
			" FROM round_effect WHERE detail_json = '') ORDER BY seq",
			-1, &row, NULL),
		SQLITE_OK);
	while (sqlite3_step(row) == SQLITE_ROW) {
		assert_true(n < 8 + 8);
		(void)snprintf(joined + n * HISTORY_CHAIN_DIGEST_SIZE,
		               HISTORY_CHAIN_DIGEST_SIZE + 1, "%s\n",
		               (const char *)sqlite3_column_text(row, 0));
		n++;
	}
	sqlite3_finalize(row);
	sqlite3_close(db);
	assert_int_equal(n, 8 + 8);
	history_chain_digest_text(joined, digest);
	text_of(desk, "SELECT sha256 FROM prune", stored, sizeof(stored));
	assert_string_equal(stored, digest);
}

struct seen {
	int n_whole;
	int n_bare;
};

static void on_round(void *user, const struct history_read_round *round)
{
	struct seen *seen = user;
	char text[HISTORY_READ_PRUNED_MAX];

	if (!instant_is_set(round->pruned)) {
		seen->n_whole++;
		assert_non_null(strstr(round->round.facts, "\"number\":"));
		return;
	}
	seen->n_bare++;
	assert_string_equal(round->round.facts, "");
	history_read_pruned(round, text);
	assert_string_equal(text, "its facts were removed on 2026-11-21T06:00:00Z by retention");
}

static void test_read(void **state)
{
	struct desk *desk = *state;
	struct seen seen = {0};
	struct err err = {0};
	sqlite3 *db = NULL;

	history_desk_open(desk);
	write_releases(desk);
	history_desk_prune(desk, span_ms(HOUR + 15 * 60 * 1000));
	history_desk_close(desk);
	assert_true(history_read_open(desk->path, &db, &err));
	assert_true(
		history_read_rounds(db, &(struct history_read_filter){0}, on_round, &seen, &err));
	history_read_close(db);
	assert_int_equal(seen.n_whole, 8);
	assert_int_equal(seen.n_bare, 8);
}

static void test_guards(void **state)
{
	/* Each is refused by the file itself, also for rows that a prune may take. */
	static const char *const changes[] = {
		"DELETE FROM round_facts WHERE round_id = 1",
		"DELETE FROM facts_base",
		"UPDATE round_effect SET detail_json = '' WHERE uid = (SELECT MAX(uid) FROM round_effect)",
		"UPDATE prune SET n_rounds = 0",
		"DELETE FROM prune",
		/* a prune that is said to be under way, and what is too young for it */
		"INSERT INTO prune_open SELECT uid FROM prune; DELETE FROM round_facts WHERE round_id = 16",
		"INSERT INTO prune_open SELECT uid FROM prune; UPDATE round_effect SET detail_json = ''",
		"INSERT INTO prune_open SELECT uid FROM prune; DELETE FROM facts_base",
	};
	struct desk *desk = *state;
	sqlite3 *db = NULL;

	history_desk_open(desk);
	write_releases(desk);
	history_desk_prune(desk, span_ms(HOUR + 15 * 60 * 1000));
	history_desk_close(desk);
	assert_int_equal(sqlite3_open(desk->path, &db), SQLITE_OK);
	for (size_t i = 0; i < array_length(changes); i++) {
		assert_int_equal(sqlite3_exec(db, "BEGIN", NULL, NULL, NULL), SQLITE_OK);
		if (sqlite3_exec(db, changes[i], NULL, NULL, NULL) != SQLITE_CONSTRAINT)
			fail_msg("not refused: %s", changes[i]);
		sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	}
	sqlite3_close(db);
}

/* Small transactions, each with its entry; the next process goes on where the last one was. */
static void test_portions(void **state)
{
	struct desk *desk = *state;
	struct history_verdict verdict = {0};

	history_desk_open(desk);
	for (unsigned i = 1; i <= 500; i++)
		write_tick(desk, &(struct tick){.number = i,
		                                .release = "cart-1",
		                                .after = span_seconds(i)});
	history_desk_prune(desk, span_ms(HOUR + 250 * 1000));
	history_desk_close(desk);
	assert_int_equal(history_desk_number(desk, "SELECT COUNT(*) FROM round_facts"), 252);
	assert_int_equal(history_desk_number(desk, "SELECT MAX(n_rounds + n_answers) FROM prune"),
	                 HISTORY_PRUNE_ROWS_MAX);
	assert_int_equal(history_desk_number(desk, "SELECT COUNT(*) FROM prune"), 3);
	history_desk_open(desk);
	history_desk_prune(desk, span_ms(HOUR + 250 * 1000)); /* nothing more */
	history_desk_prune(desk, span_ms(HOUR + 900 * 1000));
	history_desk_close(desk);
	assert_int_equal(history_desk_number(desk, "SELECT COUNT(*) FROM round_facts"), 2);
	assert_int_equal(history_desk_number(desk, "SELECT COUNT(*) FROM facts_base"), 2);
	assert_int_equal(history_desk_number(desk, "SELECT SUM(n_rounds) FROM prune"), 498);
	assert_int_equal(history_desk_number(desk, "SELECT SUM(n_answers) FROM prune"), 500);
	verify(desk, &verdict);
	assert_int_equal(verdict.n_pruned, 498);
}

/* A wrong clock neither loses anything nor stops the rest; of two processes each has a chain. */
static void test_clock(void **state)
{
	struct desk *desk = *state;
	struct history_verdict verdict = {0};
	static const int64_t seconds[] = {1, 2, 900000000, 3, 4, -5, 5, 6, 7};

	history_desk_open(desk);
	for (unsigned i = 0; i < array_length(seconds); i++) {
		if (i == 4) {
			history_desk_close(desk);
			desk->chain = "cluster-a/other";
			history_desk_open(desk);
		}
		write_tick(desk, &(struct tick){.number = i + 1,
		                                .release = "cart-1",
		                                .after = span_seconds(seconds[i])});
	}
	history_desk_prune(desk, span_ms(HOUR + 60 * 1000));
	history_desk_close(desk);
	/* that of the time to come is the newest, that of before the epoch the first */
	assert_int_equal(history_desk_number(desk, "SELECT COUNT(*) FROM round_facts"), 2);
	assert_int_equal(history_desk_number(desk, "SELECT SUM(round_id) FROM round_facts"), 9);
	assert_int_equal(history_desk_number(desk, "SELECT COUNT(DISTINCT of_chain) FROM prune"),
	                 2);
	verify(desk, &verdict);
	assert_int_equal(verdict.n_pruned, 7);
}

/* A full disk leaves all as it was, and records have the first turn. */
static void test_full(void **state)
{
	struct desk *desk = *state;
	struct history_sqlite_pruned pruned;
	struct history_verdict verdict = {0};

	history_desk_open(desk);
	write_releases(desk);
	history_desk_prune(desk, span_ms(HOUR));
	slow_vfs_fail(&desk->vfs, SQLITE_FULL);
	history_desk_prune(desk, span_ms(HOUR + 15 * 60 * 1000));
	history_sqlite_pruned(desk->history, &pruned);
	assert_string_equal(pruned.trouble, "database or disk is full");
	assert_int_equal(pruned.n_rounds, 0);
	slow_vfs_fail(&desk->vfs, SQLITE_OK);
	history_desk_round(desk, 77);
	history_desk_wait_acks(desk, 1);
	history_desk_prune(desk, span_ms(HOUR + 15 * 60 * 1000));
	history_sqlite_pruned(desk->history, &pruned);
	assert_string_equal(pruned.trouble, "");
	assert_int_equal(pruned.n_rounds, 8);
	history_desk_close(desk);
	verify(desk, &verdict);
	assert_int_equal(verdict.n_pruned, 8);
}

static void test_for_ever(void **state)
{
	struct desk *desk = *state;
	struct history_verdict verdict = {0};

	desk->keep = span_ms(0);
	history_desk_open(desk);
	write_releases(desk);
	history_desk_prune(desk, span_ms(1000 * DAY));
	history_desk_close(desk);
	verify(desk, &verdict);
	assert_int_equal(verdict.n_records, 16 * 3);
	assert_int_equal(verdict.n_pruned, 0);
}

/* Forgeries of one who knows how it is made, but for the hashes. */
static void test_tamper(void **state)
{
	static const struct {
		const char *sql;
		const char *what;
		long seq;
	} rows[] = {
		/* facts gone that no prune covers */
		{"DROP TRIGGER round_facts_no_delete; DELETE FROM round_facts WHERE round_id = 16",
	         "round \"r00016\" has lost its facts, and no prune says so", 46},
		{"DROP TRIGGER round_effect_no_update; UPDATE round_effect SET detail_json = '' WHERE id = 31",
	         "round_effect \"b00001/0000000047\" has lost its detail, and no prune says so",
	         47},
		/* one more than the prune says */
		{"DROP TRIGGER round_facts_no_delete; DELETE FROM round_facts WHERE round_id = 6",
	         "entries 1 to 42 of chain \"cluster-a/serin\": 9 rounds are without facts and 8 answers "
	         "without detail, not the 8 and 8 that prune \"b00001/prune-49\" removed",
	         1},
		{"DROP TRIGGER prune_no_update; UPDATE prune SET n_rounds = 9;"
	         "DROP TRIGGER round_facts_no_delete; DELETE FROM round_facts WHERE round_id = 6",
	         "entry 49 of chain \"cluster-a/serin\": prune \"b00001/prune-49\" was changed",
	         49},
		/* another in its stead */
		{"DROP TRIGGER round_facts_no_delete; DELETE FROM round_facts WHERE round_id = 6;"
	         "INSERT INTO round_facts SELECT 2, base_id, facts_json FROM round_facts WHERE round_id = 7",
	         "round \"r00002\" was changed", 4},
		/* the prune is gone, or there is one that nobody wrote */
		{"DROP TRIGGER prune_no_delete; DELETE FROM prune",
	         "round_effect \"b00001/0000000002\" has lost its detail, and no prune says so", 2},
		{"INSERT INTO prune SELECT NULL, 'x', pruned_at, cutoff_at, until_at, of_chain, 43, 45, 0, 0,"
	         " 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' FROM prune",
	         "prune has 2 rows, but the chain knows 1: \"x\" came in without it", 0},
		{"INSERT INTO prune SELECT NULL, 'x', pruned_at, cutoff_at, until_at, 'nobody', 1, 2, 0, 0,"
	         " sha256 FROM prune",
	         "prune has 2 rows, but the chain knows 1: \"x\" came in without it", 0},
		/* facts of nobody */
		{"INSERT INTO round_facts VALUES (99, 1, '{}')",
	         "round_facts of \"number 99\" are not of this round", 0},
	};

	(void)state;
	for (size_t i = 0; i < array_length(rows); i++) {
		struct desk *desk = history_desk_new();
		struct history_verdict verdict = {0};
		struct err err = {0};

		desk->keep = span_ms(HOUR);
		history_desk_open(desk);
		write_releases(desk);
		history_desk_prune(desk, span_ms(HOUR + 15 * 60 * 1000));
		history_desk_close(desk);
		history_desk_exec(desk, rows[i].sql);
		if (!history_verify(desk->path, NULL, &verdict, &err))
			fail_msg("%s", err.text);
		if (verdict.is_intact || !strstr(verdict.what, rows[i].what) ||
		    verdict.seq != rows[i].seq)
			fail_msg("%s: expected \"%s\", %ld, got \"%s\", %ld", rows[i].sql,
			         rows[i].what, rows[i].seq, verdict.what, (long)verdict.seq);
		history_desk_free(desk);
	}
}

static long pages(struct desk *desk, const char *condition)
{
	char sql[256];

	(void)snprintf(sql, sizeof(sql), "SELECT COUNT(*) FROM dbstat WHERE name %s", condition);
	return history_desk_number(desk, sql);
}

/* A release of twenty ticks each day, kept for one: what is removed gives its pages to what comes.
 */
static void test_growth(void **state)
{
	struct desk *desk = *state;
	const char *const raw = "IN ('round_facts', 'facts_base', 'ix_round_facts')";
	long sizes[2][3];
	unsigned number = 0;

	desk->keep = span_ms(DAY);
	for (int half = 0; half < 2; half++) {
		history_desk_open(desk);
		for (int day = half * 30; day < half * 30 + 30; day++) {
			char release[32];

			(void)snprintf(release, sizeof(release), "cart-%d", day);
			for (int i = 0; i < 20; i++)
				write_tick(desk,
				           &(struct tick){.number = ++number,
				                          .release = release,
				                          .after = span_ms(DAY * day + i * HOUR)});
			history_desk_prune(desk, span_ms(DAY * (day + 1)));
		}
		history_desk_close(desk);
		sizes[half][0] = pages(desk, raw);
		sizes[half][1] = history_desk_number(desk, "PRAGMA freelist_count");
		sizes[half][2] = history_desk_number(desk, "PRAGMA page_count");
	}
	print_message(
		"pages with raw parts, free, all: after 30 days %ld, %ld, %ld, after 60 "
		"%ld, %ld, %ld\n",
		sizes[0][0], sizes[0][1], sizes[0][2], sizes[1][0], sizes[1][1], sizes[1][2]);
	/* two rounds of a release stay: 30 releases of 2 * 350 bytes and of one or two bases are
	   not much more than 20 pages, where all of it is 120 */
	assert_true(sizes[1][0] - sizes[0][0] < 24);
	assert_true(sizes[1][1] < 24);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_what_goes, desk_new, desk_free),
		cmocka_unit_test_setup_teardown(test_digest, desk_new, desk_free),
		cmocka_unit_test_setup_teardown(test_read, desk_new, desk_free),
		cmocka_unit_test_setup_teardown(test_guards, desk_new, desk_free),
		cmocka_unit_test_setup_teardown(test_portions, desk_new, desk_free),
		cmocka_unit_test_setup_teardown(test_clock, desk_new, desk_free),
		cmocka_unit_test_setup_teardown(test_full, desk_new, desk_free),
		cmocka_unit_test_setup_teardown(test_for_ever, desk_new, desk_free),
		cmocka_unit_test(test_tamper),
		cmocka_unit_test_setup_teardown(test_growth, desk_new, desk_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
