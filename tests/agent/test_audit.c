/* Whoever owns the file can write what they like into it. What they wrote is found, up to the last
 * anchor that somebody else keeps. */
#include "agent/history_chain.h"
#include "agent/history_read.h"
#include "agent/history_verify.h"
#include "analysis/base/compiler.h"
#include "tests/agent/audit_original.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TAMPERINGS 10500

/* One forgery. */
struct forgery {
	const struct audit_original *original;
	sqlite3 *db;
	uint64_t random;
	int lo; /* the first bad entry is one of these */
	int hi;
	char named[128];     /* or this is in the verdict; "" when the entry must be named */
	char told[256];      /* what was done */
	bool is_unwitnessed; /* no anchors are at hand */
};

static uint64_t draw(struct forgery *forgery)
{
	uint64_t x = forgery->random;

	x ^= x << 13U;
	x ^= x >> 7U;
	x ^= x << 17U;
	forgery->random = x;
	return x >> 11U;
}

/* From 1 to N. */
static int choose(struct forgery *forgery, int n)
{
	return (int)(draw(forgery) % (uint64_t)n) + 1;
}

/* FORMAT as sqlite3_mprintf has it. True when a row was changed. */
static bool sql(struct forgery *forgery, const char *format, ...)
{
	va_list args;
	char *text;
	int code;

	va_start(args, format);
	text = sqlite3_vmprintf(format, args);
	va_end(args);
	code = sqlite3_exec(forgery->db, text, NULL, NULL, NULL);
	sqlite3_free(text);
	return code == SQLITE_OK && sqlite3_changes(forgery->db) > 0;
}

/* The ways to another value; %w is the column. */
static const char *const edits[] = {
	"\"%w\" || 'x'",
	"''",
	"'other'",
	"\"%w\" || char(0) || 'x'",
	"CAST(\"%w\" AS BLOB)",
	"CASE typeof(\"%w\") WHEN 'integer' THEN \"%w\" + 1 ELSE upper(\"%w\") END",
	"CASE typeof(\"%w\") WHEN 'integer' THEN \"%w\" + 0.5 ELSE substr(\"%w\", 2) END",
	"CASE typeof(\"%w\") WHEN 'integer' THEN -\"%w\" ELSE trim(\"%w\", '{}') END",
};

/* Write something else into COLUMN of the row of TABLE where WHERE; false when it is the same. */
static bool edit(struct forgery *forgery, const char *table, const char *column, const char *where)
{
	const char *form = edits[draw(forgery) % array_length(edits)];
	char *value = sqlite3_mprintf(form, column, column, column);
	bool is_done = sql(forgery, "UPDATE %s SET %s = %s WHERE %s AND quote(%s) <> quote(%s)",
	                   table, column, value, where, column, value);

	(void)snprintf(forgery->told, sizeof(forgery->told), "%s.%s = %s", table, column, value);
	sqlite3_free(value);
	return is_done;
}

static void expect(struct forgery *forgery, int lo, int hi)
{
	forgery->lo = lo;
	forgery->hi = hi;
}

/* Edits ------------------------------------------------------------------------------------- */

static const char *column_of(struct forgery *forgery, const char *entity)
{
	static const char *const round[] = {"uid",         "k8s_namespace",  "canary_name",
	                                    "canary_uid",  "release_name",   "release_seq",
	                                    "decided_at",  "decide_version", "reason",
	                                    "spec_sha256", "facts_json",     "plan_json",
	                                    "is_cut",      "base_sha256"};
	static const char *const effect[] = {"uid",         "round_uid",   "kind",
	                                     "effect_key",  "detail_json", "result",
	                                     "happened_at", "is_cut"};
	static const char *const gap[] = {"uid",     "kind",     "round_uid", "n_records",
	                                  "from_at", "until_at", "detail"};

	static const char *const split[] = {
		"uid",        "object_api",       "object_kind", "k8s_namespace", "object_name",
		"object_uid", "resource_version", "origin",      "author",        "result",
		"applied_at", "seen_at",          "split_json",  "is_cut"};

	if (strcmp(entity, "traffic_change") == 0)
		return split[draw(forgery) % array_length(split)];
	if (strcmp(entity, "round") == 0)
		return round[draw(forgery) % array_length(round)];
	if (strcmp(entity, "round_effect") == 0)
		return effect[draw(forgery) % array_length(effect)];
	return gap[draw(forgery) % array_length(gap)];
}

static bool edit_row(struct forgery *forgery)
{
	int k = choose(forgery, forgery->original->anchored);
	const struct audit_entry *entry = &forgery->original->entries[k];
	char where[128];

	(void)snprintf(where, sizeof(where), "uid = '%s'", entry->uid);
	expect(forgery, k, k);
	return edit(forgery, entry->entity, column_of(forgery, entry->entity), where);
}

static bool edit_entry(struct forgery *forgery)
{
	static const char *const columns[] = {"chain",      "seq",     "ts",
	                                      "actor",      "action",  "entity",
	                                      "entity_uid", "payload", "payload_sha256",
	                                      "prev_hash",  "hash"};
	int k = choose(forgery, forgery->original->anchored);
	const char *column = columns[draw(forgery) % array_length(columns)];
	char where[64];

	(void)snprintf(where, sizeof(where), "seq = %d", k);
	expect(forgery, k, k);
	if (strcmp(column, "chain") == 0) /* it stands alone in its new chain */
		(void)snprintf(forgery->named, sizeof(forgery->named), ", got %d", k);
	if (strcmp(column, "seq") == 0)
		(void)snprintf(forgery->named, sizeof(forgery->named), "expected entry ");
	return edit(forgery, "audit_log", column, where);
}

static bool edit_spec(struct forgery *forgery)
{
	static const char *const columns[] = {"spec_json", "sha256"};

	expect(forgery, 1, 1);
	return edit(forgery, "canary_spec", columns[draw(forgery) % 2], "1");
}

static bool edit_base(struct forgery *forgery)
{
	static const char *const columns[] = {"facts_json", "sha256"};

	expect(forgery, 1, 1);
	return edit(forgery, "facts_base", columns[draw(forgery) % 2], "1");
}

/* Deletions --------------------------------------------------------------------------------- */

static bool delete_row(struct forgery *forgery)
{
	int k = choose(forgery, forgery->original->anchored);
	const struct audit_entry *entry = &forgery->original->entries[k];

	expect(forgery, k, k);
	return sql(forgery, "DELETE FROM %s WHERE uid = %Q", entry->entity, entry->uid);
}

static bool delete_entry(struct forgery *forgery)
{
	int k = choose(forgery, forgery->original->anchored);
	const struct audit_entry *entry = &forgery->original->entries[k];

	expect(forgery, k, k);
	return sql(forgery, "DELETE FROM audit_log WHERE seq = %d", k) &&
	       (draw(forgery) % 2 == 0 ||
	        sql(forgery, "DELETE FROM %s WHERE uid = %Q", entry->entity, entry->uid));
}

static bool delete_spec(struct forgery *forgery)
{
	expect(forgery, 1, 1);
	return sql(forgery, "DELETE FROM canary_spec");
}

static bool delete_base(struct forgery *forgery)
{
	expect(forgery, 1, 1);
	return sql(forgery, "DELETE FROM facts_base");
}

/* The end is cut off, rows and all. */
static bool cut(struct forgery *forgery)
{
	int k = choose(forgery, forgery->original->anchored);

	expect(forgery, k, k);
	for (int i = k; i <= forgery->original->n; i++)
		if (!sql(forgery, "DELETE FROM %s WHERE uid = %Q",
		         forgery->original->entries[i].entity, forgery->original->entries[i].uid))
			return false;
	return sql(forgery, "DELETE FROM audit_log WHERE seq >= %d", k);
}

/* Order and copies -------------------------------------------------------------------------- */

/* Two different entries, the first of them first; both of one table when IS_SAME. */
static bool choose_two(struct forgery *forgery, bool is_same, int *ret_a, int *ret_b)
{
	const struct audit_entry *entries = forgery->original->entries;
	int a = choose(forgery, forgery->original->anchored);
	int b = choose(forgery, forgery->original->anchored);

	*ret_a = a < b ? a : b;
	*ret_b = a < b ? b : a;
	return a != b && (!is_same || strcmp(entries[a].entity, entries[b].entity) == 0);
}

/* Two rows change places in their table. */
static bool swap_rows(struct forgery *forgery)
{
	const struct audit_entry *entries = forgery->original->entries;
	char ids[2][32];
	char select[160];
	int a;
	int b;

	if (!choose_two(forgery, true, &a, &b))
		return false;
	expect(forgery, a, b);
	for (int i = 0; i < 2; i++) {
		(void)snprintf(select, sizeof(select), "SELECT id FROM %s WHERE uid = '%s'",
		               entries[a].entity, entries[i ? b : a].uid);
		audit_original_text(forgery->db, select, ids[i], sizeof(ids[i]));
	}
	return sql(forgery, "UPDATE %s SET id = -1 WHERE id = %s", entries[a].entity, ids[0]) &&
	       sql(forgery, "UPDATE %s SET id = %s WHERE id = %s", entries[a].entity, ids[0],
	           ids[1]) &&
	       sql(forgery, "UPDATE %s SET id = %s WHERE id = -1", entries[a].entity, ids[1]);
}

static bool swap_entries(struct forgery *forgery)
{
	int a;
	int b;

	if (!choose_two(forgery, false, &a, &b))
		return false;
	expect(forgery, a, a);
	return sql(forgery, "UPDATE audit_log SET seq = -%d WHERE seq = %d", a, a) &&
	       sql(forgery, "UPDATE audit_log SET seq = %d WHERE seq = %d", a, b) &&
	       sql(forgery, "UPDATE audit_log SET seq = %d WHERE seq = -%d", b, a);
}

static bool copy_row(struct forgery *forgery)
{
	int k = choose(forgery, forgery->original->n);
	const struct audit_entry *entry = &forgery->original->entries[k];

	(void)snprintf(forgery->named, sizeof(forgery->named), "\"%s-copy\"", entry->uid);
	(void)sql(forgery, "CREATE TEMP TABLE copy AS SELECT * FROM %s WHERE uid = %Q",
	          entry->entity, entry->uid);
	return sql(forgery, "UPDATE copy SET id = NULL, uid = uid || '-copy'") &&
	       sql(forgery, "INSERT INTO %s SELECT * FROM copy", entry->entity);
}

/* Make room behind K. */
static bool shift(struct forgery *forgery, int k)
{
	return (k == forgery->original->n ||
	        sql(forgery, "UPDATE audit_log SET seq = -seq WHERE seq > %d", k)) &&
	       (k == forgery->original->n ||
	        sql(forgery, "UPDATE audit_log SET seq = 1 - seq WHERE seq < 0"));
}

static bool copy_entry(struct forgery *forgery)
{
	int k = choose(forgery, forgery->original->anchored);

	expect(forgery, k + 1, k + 1);
	return shift(forgery, k) &&
	       sql(forgery,
	           "INSERT INTO audit_log SELECT chain, seq + 1, ts, actor, action, entity, entity_uid,"
	           " payload, payload_sha256, hash, hash || 'x' FROM audit_log WHERE seq = %d",
	           k);
}

static bool copy_spec(struct forgery *forgery)
{
	(void)snprintf(forgery->named, sizeof(forgery->named), "came in without a round");
	return sql(forgery,
	           "INSERT INTO canary_spec SELECT sha256 || '%d', spec_json FROM canary_spec",
	           choose(forgery, 1000));
}

/* Those who know how it is made ------------------------------------------------------------- */

static const char *text_at(sqlite3_stmt *row, int index)
{
	return (const char *)sqlite3_column_text(row, index);
}

/* Number all entries anew and hash them again: the chain is in order. */
static bool rehash(struct forgery *forgery)
{
	sqlite3_stmt *row = NULL;
	char hash[HISTORY_CHAIN_DIGEST_SIZE] = HISTORY_CHAIN_ORIGIN;
	int seq = 0;

	(void)sql(forgery, "CREATE TEMP TABLE old AS SELECT * FROM audit_log ORDER BY seq");
	(void)sql(forgery, "DELETE FROM audit_log");
	assert_int_equal(sqlite3_prepare_v2(forgery->db, "SELECT * FROM old ORDER BY seq", -1, &row,
	                                    NULL),
	                 SQLITE_OK);
	while (sqlite3_step(row) == SQLITE_ROW) {
		char digest[HISTORY_CHAIN_DIGEST_SIZE];
		char next[HISTORY_CHAIN_DIGEST_SIZE];
		const struct history_chain_entry entry = {
			.chain = text_at(row, 0),
			.seq = ++seq,
			.ts = sqlite3_column_int64(row, 2),
			.actor = text_at(row, 3),
			.action = text_at(row, 4),
			.entity = text_at(row, 5),
			.entity_uid = text_at(row, 6),
			.payload_sha256 = digest,
			.prev_hash = hash,
		};

		history_chain_digest_text(text_at(row, 7), digest);
		history_chain_hash(&entry, next);
		if (!sql(forgery,
		         "INSERT INTO audit_log VALUES (%Q,%d,%lld,%Q,%Q,%Q,%Q,%Q,%Q,%Q,%Q)",
		         entry.chain, seq, (long long)entry.ts, entry.actor, entry.action,
		         entry.entity, entry.entity_uid, text_at(row, 7), digest, hash, next))
			fail_msg("%s", sqlite3_errmsg(forgery->db));
		memcpy(hash, next, sizeof(hash));
	}
	sqlite3_finalize(row);
	return true;
}

/* The anchors leave a stretch of entries, one of which was written anew: K is in it. */
static void expect_stretch(struct forgery *forgery, int k)
{
	int before = 0;

	for (int i = 0; i < AUDIT_ANCHORS; i++) {
		int seq = (int)forgery->original->anchors[i].anchor.seq;

		if (seq < k && seq > before)
			before = seq;
	}
	expect(forgery, before + 1, before + 1);
}

/* Another time in an entry, or another actor, and all hashes after it. */
static bool rewrite(struct forgery *forgery)
{
	int k = choose(forgery, forgery->original->anchored);
	bool is_time = draw(forgery) % 2 == 0;

	expect_stretch(forgery, k);
	return sql(forgery,
	           is_time ? "UPDATE audit_log SET ts = ts + 1 WHERE seq = %d"
	                   : "UPDATE audit_log SET actor = 'nobody' WHERE seq = %d",
	           k) &&
	       rehash(forgery);
}

/* A record that never was: entry and row taken out, the rest closed up. */
static bool take_out(struct forgery *forgery)
{
	int k = choose(forgery, forgery->original->anchored);
	const struct audit_entry *entry = &forgery->original->entries[k];

	expect_stretch(forgery, k);
	return sql(forgery, "DELETE FROM %s WHERE uid = %Q", entry->entity, entry->uid) &&
	       sql(forgery, "DELETE FROM audit_log WHERE seq = %d", k) && rehash(forgery);
}

/* Decisions --------------------------------------------------------------------------------- */

/* What stands in COLUMN of round UID becomes its replacement of FROM by TO, in the row, in the
 * digest that its entry has of it and in all hashes after. */
static bool mend(struct forgery *forgery, const char *uid, const char *column, const char *from,
                 const char *to)
{
	char old[8192];
	char new[8192];
	char digests[2][HISTORY_CHAIN_DIGEST_SIZE];
	char select[128];

	(void)snprintf(select, sizeof(select), "SELECT %s FROM round WHERE uid = '%s'", column,
	               uid);
	audit_original_text(forgery->db, select, old, sizeof(old));
	if (!sql(forgery, "UPDATE round SET %s = replace(%s, %Q, %Q) WHERE uid = %Q", column,
	         column, from, to, uid))
		return false;
	audit_original_text(forgery->db, select, new, sizeof(new));
	if (strcmp(old, new) == 0)
		return false;
	history_chain_digest_text(old, digests[0]);
	history_chain_digest_text(new, digests[1]);
	return sql(forgery,
	           "UPDATE audit_log SET payload = replace(payload, %Q, %Q) WHERE entity_uid = %Q",
	           digests[0], digests[1], uid) &&
	       rehash(forgery);
}

/* Another decision, or other facts for it, and everything mended that says otherwise: only deriving
 * it again tells at once. */
static bool decide_otherwise(struct forgery *forgery)
{
	int k = choose(forgery, forgery->original->anchored);
	const struct audit_entry *entry = &forgery->original->entries[k];

	expect(forgery, k, k);
	forgery->is_unwitnessed = draw(forgery) % 2 == 0;
	if (strcmp(entry->entity, "round") != 0)
		return false;
	if (draw(forgery) % 2 == 0)
		return mend(forgery, entry->uid, "plan_json", "\"kind\":\"observe\"",
		            "\"kind\":\"remove\"");
	return mend(forgery, entry->uid, "facts_json", "\"now\":", "\"deleted\":true,\"now\":");
}

/* All of it --------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	bool (*forge)(struct forgery *forgery);
} forgers[] = {
	{"edit row", edit_row},
	{"edit row", edit_row},
	{"edit row", edit_row},
	{"edit entry", edit_entry},
	{"edit entry", edit_entry},
	{"edit spec", edit_spec},
	{"delete row", delete_row},
	{"delete entry", delete_entry},
	{"delete spec", delete_spec},
	{"cut", cut},
	{"swap rows", swap_rows},
	{"swap entries", swap_entries},
	{"copy row", copy_row},
	{"copy entry", copy_entry},
	{"copy spec", copy_spec},
	{"rewrite entry", rewrite},
	{"take out", take_out},
	{"edit base", edit_base},
	{"delete base", delete_base},
	{"decide otherwise", decide_otherwise},
	{"decide otherwise", decide_otherwise},
};

static void check(const struct audit_original *original, struct forgery *forgery, const char *name,
                  uint64_t seed)
{
	const struct history_witnesses witnesses = {
		.list = original->anchors,
		.n = forgery->is_unwitnessed ? 0 : AUDIT_ANCHORS,
		.are_of_this = true,
	};
	struct history_verdict verdict = {0};
	struct err err = {0};

	if (!history_verify_db(forgery->db, &witnesses, &verdict, &err))
		fail_msg("seed %lu, %s: %s", (unsigned long)seed, name, err.text);
	if (verdict.is_intact)
		fail_msg("seed %lu, %s, not found: %s", (unsigned long)seed, name, forgery->told);
	if (verdict.seq >= forgery->lo && verdict.seq <= forgery->hi)
		return;
	if (forgery->named[0] == '\0' || !strstr(verdict.what, forgery->named))
		fail_msg("seed %lu, %s, %s: expected entry %d to %d or '%s', got %ld: %s",
		         (unsigned long)seed, name, forgery->told, forgery->lo, forgery->hi,
		         forgery->named, (long)verdict.seq, verdict.what);
}

static void test_tamperings(void **state)
{
	struct audit_original original = {0};
	struct desk *desk = history_desk_new();
	int n_done = 0;
	sqlite3 *db;

	(void)state;
	audit_original_read(desk, &original);
	assert_int_equal(original.anchored, AUDIT_ANCHORS * 18);
	audit_original_open(&original,
	                    &db); /* untouched it is intact, or nothing below would count */
	{
		struct history_verdict verdict = {0};
		const struct history_witnesses witnesses = {original.anchors, AUDIT_ANCHORS, true};

		assert_true(history_verify_db(db, &witnesses, &verdict, NULL));
		if (!verdict.is_intact)
			fail_msg("%s", verdict.what);
		assert_int_equal(verdict.n_records, original.n);
		assert_int_equal(verdict.n_anchored, original.anchored);
		assert_int_equal(verdict.n_witnesses, AUDIT_ANCHORS);
		assert_int_equal(verdict.n_derived, AUDIT_ROUNDS);
		assert_int_equal(verdict.n_underivable, 0);
	}
	sqlite3_close(db);
	for (uint64_t seed = 1; n_done < TAMPERINGS; seed++) {
		struct forgery forgery = {
			.original = &original,
			.random = seed * 0x9e3779b97f4a7c15U,
		};
		size_t which = draw(&forgery) % array_length(forgers);

		audit_original_open(&original, &forgery.db);
		if (forgers[which].forge(&forgery)) {
			check(&original, &forgery, forgers[which].name, seed);
			n_done++;
		}
		sqlite3_close(forgery.db);
	}
	print_message("%d tamperings of %d entries, %d of them anchored: all found\n", n_done,
	              original.n, original.anchored);
	sqlite3_free(original.image);
	history_desk_free(desk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tamperings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
