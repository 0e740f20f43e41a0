#include "tests/agent/audit_forgery.h"

#include "agent/history_chain.h"
#include "analysis/base/compiler.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

uint64_t audit_forgery_draw(struct forgery *forgery)
{
	uint64_t x = forgery->random;

	x ^= x << 13U;
	x ^= x >> 7U;
	x ^= x << 17U;
	forgery->random = x;
	return x >> 11U;
}

int audit_forgery_choose(struct forgery *forgery, int n)
{
	return (int)(audit_forgery_draw(forgery) % (uint64_t)n) + 1;
}

bool audit_forgery_sql(struct forgery *forgery, const char *format, ...)
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

bool audit_forgery_edit(struct forgery *forgery, const char *table, const char *column,
                        const char *where)
{
	const char *form = edits[audit_forgery_draw(forgery) % array_length(edits)];
	char *value = sqlite3_mprintf(form, column, column, column);
	bool is_done =
		audit_forgery_sql(forgery,
	                          "UPDATE %s SET %s = %s WHERE %s AND quote(%s) <> quote(%s)",
	                          table, column, value, where, column, value);

	(void)snprintf(forgery->told, sizeof(forgery->told), "%s.%s = %s", table, column, value);
	sqlite3_free(value);
	return is_done;
}

void audit_forgery_expect(struct forgery *forgery, int lo, int hi)
{
	forgery->lo = lo;
	forgery->hi = hi;
}

const char *audit_forgery_column(struct forgery *forgery, const char *entity)
{
	static const char *const round[] = {"uid",         "k8s_namespace",  "canary_name",
	                                    "canary_uid",  "release_name",   "release_seq",
	                                    "decided_at",  "decide_version", "reason",
	                                    "spec_sha256", "plan_json",      "is_cut",
	                                    "base_sha256"};
	static const char *const effect[] = {"uid",         "round_uid",   "kind",
	                                     "effect_key",  "detail_json", "result",
	                                     "happened_at", "is_cut"};
	static const char *const gap[] = {"uid",     "kind",     "round_uid", "n_records",
	                                  "from_at", "until_at", "detail"};

	static const char *const prune[] = {"uid",       "pruned_at", "cutoff_at", "until_at",
	                                    "of_chain",  "first_seq", "last_seq",  "n_rounds",
	                                    "n_answers", "sha256"};

	if (strcmp(entity, "prune") == 0)
		return prune[audit_forgery_draw(forgery) % array_length(prune)];
	static const char *const split[] = {
		"uid",        "object_api",       "object_kind", "k8s_namespace", "object_name",
		"object_uid", "resource_version", "origin",      "author",        "result",
		"applied_at", "seen_at",          "split_json",  "is_cut"};

	if (strcmp(entity, "traffic_change") == 0)
		return split[audit_forgery_draw(forgery) % array_length(split)];
	if (strcmp(entity, "round") == 0)
		return round[audit_forgery_draw(forgery) % array_length(round)];
	if (strcmp(entity, "round_effect") == 0)
		return effect[audit_forgery_draw(forgery) % array_length(effect)];
	return gap[audit_forgery_draw(forgery) % array_length(gap)];
}

static const char *text_at(sqlite3_stmt *row, int index)
{
	return (const char *)sqlite3_column_text(row, index);
}

bool audit_forgery_rehash(struct forgery *forgery)
{
	sqlite3_stmt *row = NULL;
	char hash[HISTORY_CHAIN_DIGEST_SIZE] = HISTORY_CHAIN_ORIGIN;
	int seq = 0;

	(void)audit_forgery_sql(forgery,
	                        "CREATE TEMP TABLE old AS SELECT * FROM audit_log ORDER BY seq");
	(void)audit_forgery_sql(forgery, "DELETE FROM audit_log");
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
		if (!audit_forgery_sql(
			    forgery,
			    "INSERT INTO audit_log VALUES (%Q,%d,%lld,%Q,%Q,%Q,%Q,%Q,%Q,%Q,%Q)",
			    entry.chain, seq, (long long)entry.ts, entry.actor, entry.action,
			    entry.entity, entry.entity_uid, text_at(row, 7), digest, hash, next))
			fail_msg("%s", sqlite3_errmsg(forgery->db));
		memcpy(hash, next, sizeof(hash));
	}
	sqlite3_finalize(row);
	return true;
}

void audit_forgery_expect_stretch(struct forgery *forgery, int k)
{
	int before = 0;

	for (int i = 0; i < AUDIT_ANCHORS; i++) {
		int seq = (int)forgery->original->anchors[i].anchor.seq;

		if (seq < k && seq > before)
			before = seq;
	}
	audit_forgery_expect(forgery, before + 1, before + 1);
}
