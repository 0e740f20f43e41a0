/* A file that an agent wrote before all facts were recorded: it is read and verified as it is, and
 * the next agent goes on in it. */
#include "agent/history_chain.h"
#include "agent/history_payload.h"
#include "agent/history_read.h"
#include "agent/history_schema.h"
#include "agent/history_verify.h"
#include "analysis/base/compiler.h"
#include "analysis/decide.h"
#include "tests/agent/history_desk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define SPEC "{\"threshold\":1}"
#define BASE "{\"base\":1}"

/* One round and its entry, as VERSION had them: from 2 on with a base. */
static void write_round(sqlite3 *db, size_t version)
{
	const struct history_round round = {
		.uid = "r1",
		.k8s_namespace = "shop",
		.canary = "cart",
		.canary_uid = "u",
		.release = "cart-1",
		.decided_at = {7},
		.decide_version = "1",
		.reason = "why",
		.facts = "{\"weight\":10}",
		.plan = "{}",
	};
	struct buf payload = {.max = HISTORY_PAYLOAD_MAX};
	char spec[HISTORY_CHAIN_DIGEST_SIZE];
	char digest[HISTORY_CHAIN_DIGEST_SIZE];
	char hash[HISTORY_CHAIN_DIGEST_SIZE];
	struct history_chain_entry entry = {
		.chain = "cluster-a/serin",
		.seq = 1,
		.ts = 7,
		.actor = "a",
		.action = "round.decide",
		.entity = "round",
		.entity_uid = "r1",
		.payload_sha256 = digest,
		.prev_hash = HISTORY_CHAIN_ORIGIN,
	};
	char base[HISTORY_CHAIN_DIGEST_SIZE] = "";
	const struct history_payload_digests digests = {.spec = spec, .base = base};
	char *sql;

	history_chain_digest_text(SPEC, spec);
	if (version > 1)
		history_chain_digest_text(BASE, base);
	history_payload_round(&round, &digests, false, &payload);
	assert_int_equal(strstr(buf_text(&payload), "base") != NULL, version > 1);
	history_chain_digest_text(buf_text(&payload), digest);
	history_chain_hash(&entry, hash);
	sql = sqlite3_mprintf(
		"INSERT INTO canary_spec VALUES (%Q, %Q);"
		"INSERT INTO round VALUES (1,'r1','shop','cart','u','cart-1',0,7,'1','why',%Q,%Q,'{}',"
		"0%s%s%s);"
		"INSERT INTO audit_log VALUES (%Q,1,7,'a','round.decide','round','r1',%Q,%Q,%Q,%Q)",
		spec, SPEC, spec, round.facts, *base ? ",'" : "", base, *base ? "'" : "",
		entry.chain, buf_text(&payload), digest, entry.prev_hash, hash);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s", sqlite3_errmsg(db));
	sqlite3_free(sql);
	buf_fini(&payload);
	if (version == 1)
		return;
	sql = sqlite3_mprintf("INSERT INTO facts_base VALUES (%Q, %Q)", base, BASE);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s", sqlite3_errmsg(db));
	sqlite3_free(sql);
}

static void on_round(void *user, const struct history_read_round *round)
{
	if (strcmp(round->round.uid, "r1") != 0)
		return;
	assert_string_equal(round->round.facts, "{\"weight\":10}");
	assert_string_equal(round->round.spec, SPEC);
	*(size_t *)user = strcmp(round->round.base, BASE) == 0 ? 2 : 1;
}

static void check(const struct desk *desk, size_t version, int n_records, int n_derived)
{
	struct history_verdict verdict = {0};
	struct err err = {0};
	sqlite3 *db = NULL;
	size_t seen = 0;

	if (!history_verify(desk->path, NULL, &verdict, &err))
		fail_msg("%s", err.text);
	if (!verdict.is_intact)
		fail_msg("%s", verdict.what);
	assert_int_equal(verdict.n_records, n_records);
	assert_int_equal(verdict.n_derived, n_derived);
	assert_int_equal(verdict.n_underivable, 1);
	assert_string_equal(verdict.underivable,
	                    "decided by version 1 of decide, this is version " DECIDE_VERSION);
	assert_true(history_read_open(desk->path, &db, &err));
	assert_true(
		history_read_rounds(db, &(struct history_read_filter){0}, on_round, &seen, &err));
	history_read_close(db);
	assert_int_equal(seen, version > 1 ? 2 : 1);
}

/* A file of VERSION is read as it is, and the next agent goes on in it. */
static void go_on(size_t version)
{
	struct desk *desk = history_desk_new();
	struct history_fault fault = {0};
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(desk->path, &db), SQLITE_OK);
	if (!history_schema_migrate(db, history_schema_steps, version, (struct instant){7}, &fault))
		fail_msg("%s", fault.text);
	write_round(db, version);
	sqlite3_close(db);
	check(desk, version, 1, 0);
	history_desk_open(desk);
	history_desk_decision(desk, 2);
	history_desk_close(desk);
	assert_int_equal(history_desk_number(desk, "PRAGMA user_version"), HISTORY_SCHEMA_VERSION);
	check(desk, version, 3, 1); /* and a gap, for the agent began */
	assert_int_equal(history_desk_number(desk, "SELECT COUNT(*) FROM facts_base"),
	                 version > 1 ? 2 : 1);
	history_desk_free(desk);
}

static void test_old(void **state)
{
	(void)state;
	for (size_t version = 1; version < HISTORY_SCHEMA_VERSION; version++)
		go_on(version);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_old),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
