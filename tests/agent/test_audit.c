/* Whoever owns the file can write what they like into it. What they wrote is found, up to the last
 * anchor that somebody else keeps. */
#include "agent/history_chain.h"
#include "agent/history_read.h"
#include "agent/history_verify.h"
#include "analysis/base/compiler.h"
#include "tests/agent/audit_forgery.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TAMPERINGS        10500
#define TAMPERINGS_PRUNED 2000 /* of a history that retention took from */

/* Edits ------------------------------------------------------------------------------------- */

static bool edit_row(struct forgery *forgery)
{
	int k = audit_forgery_choose(forgery, forgery->original->anchored);
	const struct audit_entry *entry = &forgery->original->entries[k];
	char where[128];

	(void)snprintf(where, sizeof(where), "uid = '%s'", entry->uid);
	audit_forgery_expect(forgery, k, k);
	return audit_forgery_edit(forgery, entry->entity,
	                          audit_forgery_column(forgery, entry->entity), where);
}

static bool edit_entry(struct forgery *forgery)
{
	static const char *const columns[] = {"chain",      "seq",     "ts",
	                                      "actor",      "action",  "entity",
	                                      "entity_uid", "payload", "payload_sha256",
	                                      "prev_hash",  "hash"};
	int k = audit_forgery_choose(forgery, forgery->original->anchored);
	const char *column = columns[audit_forgery_draw(forgery) % array_length(columns)];
	char where[64];

	(void)snprintf(where, sizeof(where), "seq = %d", k);
	audit_forgery_expect(forgery, k, k);
	if (strcmp(column, "chain") == 0) /* it stands alone in its new chain */
		(void)snprintf(forgery->named, sizeof(forgery->named), ", got %d", k);
	if (strcmp(column, "seq") == 0)
		(void)snprintf(forgery->named, sizeof(forgery->named), "expected entry ");
	return audit_forgery_edit(forgery, "audit_log", column, where);
}

static bool edit_spec(struct forgery *forgery)
{
	static const char *const columns[] = {"spec_json", "sha256"};

	audit_forgery_expect(forgery, 1, 1);
	return audit_forgery_edit(forgery, "canary_spec", columns[audit_forgery_draw(forgery) % 2],
	                          "1");
}

static bool edit_facts(struct forgery *forgery)
{
	int k = audit_forgery_choose(forgery, forgery->original->anchored);
	const struct audit_entry *entry = &forgery->original->entries[k];
	static const char *const columns[] = {"facts_json", "facts_json", "round_id"};
	char where[128];

	if (strcmp(entry->entity, "round") != 0)
		return false;
	(void)snprintf(where, sizeof(where), "round_id = (SELECT id FROM round WHERE uid = '%s')",
	               entry->uid);
	audit_forgery_expect(forgery, k, k);
	return audit_forgery_edit(forgery, "round_facts", columns[audit_forgery_draw(forgery) % 3],
	                          where);
}

static bool edit_base(struct forgery *forgery)
{
	static const char *const columns[] = {"facts_json", "sha256"};

	audit_forgery_expect(forgery, 1, 1);
	return audit_forgery_edit(forgery, "facts_base", columns[audit_forgery_draw(forgery) % 2],
	                          "1");
}

/* Deletions --------------------------------------------------------------------------------- */

static bool delete_row(struct forgery *forgery)
{
	int k = audit_forgery_choose(forgery, forgery->original->anchored);
	const struct audit_entry *entry = &forgery->original->entries[k];

	audit_forgery_expect(forgery, k, k);
	return audit_forgery_sql(forgery, "DELETE FROM %s WHERE uid = %Q", entry->entity,
	                         entry->uid);
}

static bool delete_entry(struct forgery *forgery)
{
	int k = audit_forgery_choose(forgery, forgery->original->anchored);
	const struct audit_entry *entry = &forgery->original->entries[k];

	audit_forgery_expect(forgery, k, k);
	return audit_forgery_sql(forgery, "DELETE FROM audit_log WHERE seq = %d", k) &&
	       (audit_forgery_draw(forgery) % 2 == 0 ||
	        audit_forgery_sql(forgery, "DELETE FROM %s WHERE uid = %Q", entry->entity,
	                          entry->uid));
}

static bool delete_spec(struct forgery *forgery)
{
	audit_forgery_expect(forgery, 1, 1);
	return audit_forgery_sql(forgery, "DELETE FROM canary_spec");
}

static bool delete_base(struct forgery *forgery)
{
	audit_forgery_expect(forgery, 1, 1);
	return audit_forgery_sql(forgery, "DELETE FROM facts_base");
}

/* The end is cut off, rows and all. */
static bool cut(struct forgery *forgery)
{
	int k = audit_forgery_choose(forgery, forgery->original->anchored);

	audit_forgery_expect(forgery, k, k);
	for (int i = k; i <= forgery->original->n; i++)
		if (!audit_forgery_sql(forgery, "DELETE FROM %s WHERE uid = %Q",
		                       forgery->original->entries[i].entity,
		                       forgery->original->entries[i].uid))
			return false;
	return audit_forgery_sql(forgery, "DELETE FROM audit_log WHERE seq >= %d", k);
}

/* Order and copies -------------------------------------------------------------------------- */

/* Two different entries, the first of them first; both of one table when IS_SAME. */
static bool choose_two(struct forgery *forgery, bool is_same, int *ret_a, int *ret_b)
{
	const struct audit_entry *entries = forgery->original->entries;
	int a = audit_forgery_choose(forgery, forgery->original->anchored);
	int b = audit_forgery_choose(forgery, forgery->original->anchored);

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
	audit_forgery_expect(forgery, a, b);
	for (int i = 0; i < 2; i++) {
		(void)snprintf(select, sizeof(select), "SELECT id FROM %s WHERE uid = '%s'",
		               entries[a].entity, entries[i ? b : a].uid);
		audit_original_text(forgery->db, select, ids[i], sizeof(ids[i]));
	}
	return audit_forgery_sql(forgery, "UPDATE %s SET id = -1 WHERE id = %s", entries[a].entity,
	                         ids[0]) &&
	       audit_forgery_sql(forgery, "UPDATE %s SET id = %s WHERE id = %s", entries[a].entity,
	                         ids[0], ids[1]) &&
	       audit_forgery_sql(forgery, "UPDATE %s SET id = %s WHERE id = -1", entries[a].entity,
	                         ids[1]);
}

static bool swap_entries(struct forgery *forgery)
{
	int a;
	int b;

	if (!choose_two(forgery, false, &a, &b))
		return false;
	audit_forgery_expect(forgery, a, a);
	return audit_forgery_sql(forgery, "UPDATE audit_log SET seq = -%d WHERE seq = %d", a, a) &&
	       audit_forgery_sql(forgery, "UPDATE audit_log SET seq = %d WHERE seq = %d", a, b) &&
	       audit_forgery_sql(forgery, "UPDATE audit_log SET seq = %d WHERE seq = -%d", b, a);
}

static bool copy_row(struct forgery *forgery)
{
	int k = audit_forgery_choose(forgery, forgery->original->n);
	const struct audit_entry *entry = &forgery->original->entries[k];

	(void)snprintf(forgery->named, sizeof(forgery->named), "\"%s-copy\"", entry->uid);
	(void)audit_forgery_sql(forgery,
	                        "CREATE TEMP TABLE copy AS SELECT * FROM %s WHERE uid = %Q",
	                        entry->entity, entry->uid);
	return audit_forgery_sql(forgery, "UPDATE copy SET id = NULL, uid = uid || '-copy'") &&
	       audit_forgery_sql(forgery, "INSERT INTO %s SELECT * FROM copy", entry->entity);
}

/* Make room behind K. */
static bool shift(struct forgery *forgery, int k)
{
	return (k == forgery->original->n ||
	        audit_forgery_sql(forgery, "UPDATE audit_log SET seq = -seq WHERE seq > %d", k)) &&
	       (k == forgery->original->n ||
	        audit_forgery_sql(forgery, "UPDATE audit_log SET seq = 1 - seq WHERE seq < 0"));
}

static bool copy_entry(struct forgery *forgery)
{
	int k = audit_forgery_choose(forgery, forgery->original->anchored);

	audit_forgery_expect(forgery, k + 1, k + 1);
	return shift(forgery, k) &&
	       audit_forgery_sql(
		       forgery,
		       "INSERT INTO audit_log SELECT chain, seq + 1, ts, actor, action, entity, entity_uid,"
		       " payload, payload_sha256, hash, hash || 'x' FROM audit_log WHERE seq = %d",
		       k);
}

static bool copy_spec(struct forgery *forgery)
{
	(void)snprintf(forgery->named, sizeof(forgery->named), "came in without a round");
	return audit_forgery_sql(
		forgery,
		"INSERT INTO canary_spec SELECT sha256 || '%d', spec_json FROM canary_spec",
		audit_forgery_choose(forgery, 1000));
}

/* Those who know how it is made ------------------------------------------------------------- */

/* Another time in an entry, or another actor, and all hashes after it. */
static bool rewrite(struct forgery *forgery)
{
	int k = audit_forgery_choose(forgery, forgery->original->anchored);
	bool is_time = audit_forgery_draw(forgery) % 2 == 0;

	audit_forgery_expect_stretch(forgery, k);
	return audit_forgery_sql(forgery,
	                         is_time ? "UPDATE audit_log SET ts = ts + 1 WHERE seq = %d"
	                                 : "UPDATE audit_log SET actor = 'nobody' WHERE seq = %d",
	                         k) &&
	       audit_forgery_rehash(forgery);
}

/* A record that never was: entry and row taken out, the rest closed up. */
static bool take_out(struct forgery *forgery)
{
	int k = audit_forgery_choose(forgery, forgery->original->anchored);
	const struct audit_entry *entry = &forgery->original->entries[k];

	audit_forgery_expect_stretch(forgery, k);
	return audit_forgery_sql(forgery, "DELETE FROM %s WHERE uid = %Q", entry->entity,
	                         entry->uid) &&
	       audit_forgery_sql(forgery, "DELETE FROM audit_log WHERE seq = %d", k) &&
	       audit_forgery_rehash(forgery);
}

/* Decisions --------------------------------------------------------------------------------- */

/* What stands in COLUMN of round UID becomes its replacement of FROM by TO, in the row, in the
 * digest that its entry has of it and in all hashes after. PLACE: column, table, its key. */
static bool mend(struct forgery *forgery, const char *uid, const char *const place[3],
                 const char *from, const char *to)
{
	char old[8192];
	char new[8192];
	char digests[2][HISTORY_CHAIN_DIGEST_SIZE];
	char select[192];

	(void)snprintf(select, sizeof(select),
	               "SELECT %s FROM %s WHERE %s = (SELECT id FROM round WHERE uid = '%s')",
	               place[0], place[1], place[2], uid);
	audit_original_text(forgery->db, select, old, sizeof(old));
	if (!audit_forgery_sql(
		    forgery,
		    "UPDATE %s SET %s = replace(%s, %Q, %Q) WHERE %s = (SELECT id FROM round"
		    " WHERE uid = %Q)",
		    place[1], place[0], place[0], from, to, place[2], uid))
		return false;
	audit_original_text(forgery->db, select, new, sizeof(new));
	if (strcmp(old, new) == 0)
		return false;
	history_chain_digest_text(old, digests[0]);
	history_chain_digest_text(new, digests[1]);
	return audit_forgery_sql(
		       forgery,
		       "UPDATE audit_log SET payload = replace(payload, %Q, %Q) WHERE entity_uid = %Q",
		       digests[0], digests[1], uid) &&
	       audit_forgery_rehash(forgery);
}

/* Another decision, or other facts for it, and everything mended that says otherwise: only deriving
 * it again tells at once. */
static bool decide_otherwise(struct forgery *forgery)
{
	static const char *const plan[] = {"plan_json", "round", "id"};
	static const char *const facts[] = {"facts_json", "round_facts", "round_id"};
	int k = audit_forgery_choose(forgery, forgery->original->anchored);
	const struct audit_entry *entry = &forgery->original->entries[k];

	audit_forgery_expect(forgery, k, k);
	forgery->is_unwitnessed =
		audit_forgery_draw(forgery) % 2 == 0 || forgery->original->is_pruned;
	if (strcmp(entry->entity, "round") != 0)
		return false;
	if (audit_forgery_draw(forgery) % 2 == 0)
		return mend(forgery, entry->uid, plan, "\"kind\":\"observe\"",
		            "\"kind\":\"remove\"");
	return mend(forgery, entry->uid, facts, "\"now\":", "\"deleted\":true,\"now\":");
}

/* What retention removed --------------------------------------------------------------------- */

/* An entry whose record retention took something from (IS_BARE) or not; 0: it is another. */
static int choose_round(struct forgery *forgery, bool is_bare)
{
	int k = audit_forgery_choose(forgery, forgery->original->anchored);
	char select[192];
	char n[8];

	(void)snprintf(select, sizeof(select),
	               "SELECT COUNT(*) FROM round_facts WHERE round_id ="
	               " (SELECT id FROM round WHERE uid = '%s')",
	               forgery->original->entries[k].uid);
	audit_original_text(forgery->db, select, n, sizeof(n));
	return strcmp(forgery->original->entries[k].entity, "round") == 0 && (*n == '0') == is_bare
	               ? k
	               : 0;
}

/* Facts go that no prune speaks of, or one more than it says. */
static bool blank_round(struct forgery *forgery)
{
	int k = choose_round(forgery, false);

	audit_forgery_expect(forgery, k, k);
	(void)snprintf(forgery->named, sizeof(forgery->named), "rounds are without facts");
	return k > 0 && audit_forgery_sql(forgery,
	                                  "DELETE FROM round_facts WHERE round_id ="
	                                  " (SELECT id FROM round WHERE uid = %Q)",
	                                  forgery->original->entries[k].uid);
}

/* The detail of an answer goes, as if retention had taken it. */
static bool blank_answer(struct forgery *forgery)
{
	int k = audit_forgery_choose(forgery, forgery->original->anchored);

	audit_forgery_expect(forgery, k, k);
	(void)snprintf(forgery->named, sizeof(forgery->named), "answers without detail");
	return audit_forgery_sql(
		forgery,
		"UPDATE round_effect SET detail_json = '' WHERE uid = %Q AND detail_json <> ''"
		" AND kind = 'answer' AND effect_key LIKE 'measure %%'",
		forgery->original->entries[k].uid);
}

/* Facts come back: of another round, or made up. */
static bool unblank_round(struct forgery *forgery)
{
	int k = choose_round(forgery, true);

	audit_forgery_expect(forgery, k, k);
	return k > 0 &&
	       audit_forgery_sql(forgery,
	                         "INSERT INTO round_facts SELECT r.id, b.id, %s FROM round r"
	                         " JOIN facts_base b ON b.sha256 = r.base_sha256 WHERE r.uid = %Q",
	                         audit_forgery_draw(forgery) % 2
	                                 ? "'{}'"
	                                 : "(SELECT facts_json FROM round_facts LIMIT 1)",
	                         forgery->original->entries[k].uid);
}

/* One round more is blanked, and the prune beside it says so, in row, entry and all hashes after.
 */
static bool enlarge_prune(struct forgery *forgery)
{
	int k = choose_round(forgery, false);
	sqlite3_stmt *row = NULL;
	char joined[8192] = "";
	char digests[2][HISTORY_CHAIN_DIGEST_SIZE];
	char uid[64];
	char select[512];
	size_t n = 0;

	(void)snprintf(select, sizeof(select),
	               "SELECT uid FROM prune WHERE first_seq <= %d AND last_seq >= %d", k, k);
	audit_original_text(forgery->db, select, uid, sizeof(uid));
	if (k == 0 || !*uid || !blank_round(forgery))
		return false;
	k = 0;
	for (int i = 1; i <= forgery->original->n; i++) {
		if (strcmp(forgery->original->entries[i].uid, uid) == 0)
			k = i;
	}
	audit_forgery_expect_stretch(forgery, k);
	forgery->named[0] = '\0';
	(void)snprintf(
		select, sizeof(select),
		"SELECT payload_sha256 FROM audit_log, (SELECT first_seq a, last_seq z FROM"
		" prune WHERE uid = '%s') WHERE seq BETWEEN a AND z AND (entity = 'round' AND"
		" entity_uid IN (SELECT uid FROM round WHERE id NOT IN (SELECT round_id FROM"
		" round_facts)) OR entity_uid IN (SELECT uid FROM round_effect WHERE"
		" detail_json = '')) ORDER BY seq",
		uid);
	assert_int_equal(sqlite3_prepare_v2(forgery->db, select, -1, &row, NULL), SQLITE_OK);
	while (sqlite3_step(row) == SQLITE_ROW)
		n += (size_t)snprintf(joined + n, sizeof(joined) - n, "%s\n",
		                      (const char *)sqlite3_column_text(row, 0));
	sqlite3_finalize(row);
	(void)snprintf(select, sizeof(select), "SELECT sha256 FROM prune WHERE uid = '%s'", uid);
	audit_original_text(forgery->db, select, digests[0], sizeof(digests[0]));
	history_chain_digest_text(joined, digests[1]);
	return audit_forgery_sql(
		       forgery,
		       "UPDATE prune SET sha256 = %Q, n_rounds = n_rounds + 1 WHERE uid = %Q",
		       digests[1], uid) &&
	       audit_forgery_sql(
		       forgery,
		       "UPDATE audit_log SET payload = replace(replace(payload, %Q, %Q),"
		       " '\"rounds\":' || (SELECT n_rounds - 1 FROM prune WHERE uid = %Q) || ',',"
		       " '\"rounds\":' || (SELECT n_rounds FROM prune WHERE uid = %Q) || ',')"
		       " WHERE entity_uid = %Q",
		       digests[0], digests[1], uid, uid, uid) &&
	       audit_forgery_rehash(forgery);
}

static bool edit_prune(struct forgery *forgery)
{
	audit_forgery_expect(forgery, -1, -1);
	(void)snprintf(forgery->named, sizeof(forgery->named), "prune");
	return audit_forgery_edit(forgery, "prune", audit_forgery_column(forgery, "prune"),
	                          audit_forgery_draw(forgery) % 2 ? "id = 1" : "id = 2");
}

/* All of it --------------------------------------------------------------------------------- */

struct forger {
	const char *name;
	bool (*forge)(struct forgery *forgery);
};

static const struct forger forgers[] = {
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
	{"edit facts", edit_facts},
	{"edit base", edit_base},
	{"delete base", delete_base},
	{"decide otherwise", decide_otherwise},
	{"decide otherwise", decide_otherwise},
};

/* Of a history with prunes in it, beside all of those. */
static const struct forger pruned_forgers[] = {
	{"blank round", blank_round},     {"blank answer", blank_answer},
	{"unblank round", unblank_round}, {"enlarge prune", enlarge_prune},
	{"edit prune", edit_prune},
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

/* Untouched it is intact, or nothing below would count. */
static void check_original(const struct audit_original *original)
{
	const struct history_witnesses witnesses = {original->anchors, AUDIT_ANCHORS, true};
	const int n_pruned = original->is_pruned ? 6 : 0;
	struct history_verdict verdict = {0};
	sqlite3 *db;

	audit_original_open(original, &db);
	assert_true(history_verify_db(db, &witnesses, &verdict, NULL));
	if (!verdict.is_intact)
		fail_msg("%s", verdict.what);
	assert_int_equal(original->anchored, AUDIT_ANCHORS * 18);
	assert_int_equal(verdict.n_records, original->n);
	assert_int_equal(verdict.n_anchored, original->anchored);
	assert_int_equal(verdict.n_witnesses, AUDIT_ANCHORS);
	assert_int_equal(verdict.n_pruned, n_pruned);
	assert_int_equal(verdict.n_derived, AUDIT_ROUNDS - n_pruned);
	assert_int_equal(verdict.n_underivable, 0);
	sqlite3_close(db);
}

/* One of SEED's own; false: there was nothing to do it to. */
static bool tamper(const struct audit_original *original, uint64_t seed)
{
	struct forgery forgery = {
		.original = original,
		.random = seed * 0x9e3779b97f4a7c15U,
	};
	size_t n = array_length(forgers) + (original->is_pruned ? array_length(pruned_forgers) : 0);
	size_t which = audit_forgery_draw(&forgery) % n;
	const struct forger *forger = which < array_length(forgers)
	                                      ? &forgers[which]
	                                      : &pruned_forgers[which - array_length(forgers)];
	bool is_done;

	audit_original_open(original, &forgery.db);
	is_done = forger->forge(&forgery);
	/* what stands in the way of a prune is told of the prune */
	if (original->is_pruned && which < array_length(forgers) && forgery.named[0] == '\0')
		(void)snprintf(forgery.named, sizeof(forgery.named), "prune");
	if (is_done)
		check(original, &forgery, forger->name, seed);
	sqlite3_close(forgery.db);
	return is_done;
}

static void tamper_often(bool is_pruned, int n)
{
	struct audit_original original = {0};
	struct desk *desk = history_desk_new();
	int n_done = 0;

	audit_original_read(desk, is_pruned, &original);
	check_original(&original);
	for (uint64_t seed = 1; n_done < n; seed++)
		n_done += tamper(&original, seed);
	print_message("%d tamperings of %d entries, %d of them anchored: all found\n", n_done,
	              original.n, original.anchored);
	sqlite3_free(original.image);
	history_desk_free(desk);
}

static void test_tamperings(void **state)
{
	(void)state;
	tamper_often(false, TAMPERINGS);
}

static void test_pruned(void **state)
{
	(void)state;
	tamper_often(true, TAMPERINGS_PRUNED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tamperings),
		cmocka_unit_test(test_pruned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
