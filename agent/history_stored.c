#include "agent/history_stored.h"

#include "agent/history_payload.h"

#include <stdio.h>
#include <string.h>

const struct history_stored_table history_stored_tables[HISTORY_STORED_ENTITIES] = {
	{"round",
         "SELECT id, uid, k8s_namespace, canary_name, canary_uid, release_name, release_seq, decided_at,"
         " decide_version, reason, f.facts_json, plan_json, spec_sha256, is_cut, base_sha256"
         " FROM round LEFT JOIN round_facts f ON f.round_id = id WHERE uid = $1",
         "SELECT COUNT(*) FROM round",
         "SELECT uid FROM round WHERE uid NOT IN (SELECT entity_uid FROM audit_log WHERE entity = 'round')"
         " UNION ALL SELECT uid FROM round GROUP BY uid HAVING COUNT(*) > 1"},
	{"round_effect",
         "SELECT id, uid, round_uid, kind, effect_key, detail_json, result, happened_at, is_cut"
         " FROM round_effect WHERE uid = $1",
         "SELECT COUNT(*) FROM round_effect",
         "SELECT uid FROM round_effect WHERE uid NOT IN"
         " (SELECT entity_uid FROM audit_log WHERE entity = 'round_effect')"
         " UNION ALL SELECT uid FROM round_effect GROUP BY uid HAVING COUNT(*) > 1"},
	{"gap",
         "SELECT id, uid, kind, round_uid, n_records, from_at, until_at, detail FROM gap WHERE uid = $1",
         "SELECT COUNT(*) FROM gap",
         "SELECT uid FROM gap WHERE uid NOT IN (SELECT entity_uid FROM audit_log WHERE entity = 'gap')"
         " UNION ALL SELECT uid FROM gap GROUP BY uid HAVING COUNT(*) > 1"},
	{"traffic_change",
         "SELECT id, uid, object_api, object_kind, k8s_namespace, object_name, object_uid, resource_version,"
         " origin, author, result, applied_at, seen_at, split_json, is_cut FROM traffic_change WHERE uid = $1",
         "SELECT COUNT(*) FROM traffic_change",
         "SELECT uid FROM traffic_change WHERE uid NOT IN"
         " (SELECT entity_uid FROM audit_log WHERE entity = 'traffic_change')"
         " UNION ALL SELECT uid FROM traffic_change GROUP BY uid HAVING COUNT(*) > 1"},
	{"prune",
         "SELECT id, uid, pruned_at, cutoff_at, until_at, of_chain, first_seq, last_seq, n_rounds, n_answers,"
         " sha256 FROM prune WHERE uid = $1",
         "SELECT COUNT(*) FROM prune",
         "SELECT uid FROM prune WHERE uid NOT IN (SELECT entity_uid FROM audit_log WHERE entity = 'prune')"
         " UNION ALL SELECT uid FROM prune GROUP BY uid HAVING COUNT(*) > 1"},
};

#define EFFECT_DETAIL 5

const char *history_stored_text(sqlite3_stmt *row, int index)
{
	static const char never[] = "\x7f";
	const char *text;

	/* Asking for the text of anything else would make it one, for the next who looks. */
	if (sqlite3_column_type(row, index) != SQLITE_TEXT)
		return never;
	text = (const char *)sqlite3_column_text(row, index);
	return text && strlen(text) == (size_t)sqlite3_column_bytes(row, index) ? text : never;
}

int64_t history_stored_number(sqlite3_stmt *row, int index)
{
	return sqlite3_column_type(row, index) == SQLITE_INTEGER ? sqlite3_column_int64(row, index)
	                                                         : INT64_MIN;
}

#define column history_stored_text
#define number history_stored_number

/* A payload of ROW; of its raw part the digest is given, NULL: it is at hand. */
static void round_payload(sqlite3_stmt *row, const char *raw_sha256, struct buf *ret)
{
	const struct history_round round = {
		.uid = column(row, 1),
		.k8s_namespace = column(row, 2),
		.canary = column(row, 3),
		.canary_uid = column(row, 4),
		.release = column(row, 5),
		.release_seq = number(row, 6),
		.decided_at = {number(row, 7)},
		.decide_version = column(row, 8),
		.reason = column(row, 9),
		.facts = column(row, HISTORY_STORED_ROUND_FACTS),
		.plan = column(row, HISTORY_STORED_ROUND_PLAN),
	};
	const struct history_payload_digests digests = {
		.spec = column(row, HISTORY_STORED_ROUND_SPEC_SHA256),
		.base = column(row, HISTORY_STORED_ROUND_BASE_SHA256),
		.facts = raw_sha256,
	};

	history_payload_round(&round, &digests, number(row, HISTORY_STORED_ROUND_CUT) != 0, ret);
}

static void effect_payload(sqlite3_stmt *row, const char *raw_sha256, struct buf *ret)
{
	const struct history_effect effect = {
		.round_uid = column(row, 2),
		.key = column(row, 4),
		.detail = column(row, EFFECT_DETAIL),
		.result = column(row, 6),
		.at = {number(row, 7)},
	};

	history_payload_effect(column(row, 1), column(row, 3), &effect, raw_sha256,
	                       number(row, 8) != 0, ret);
}

static void gap_payload(sqlite3_stmt *row, const char *raw_sha256, struct buf *ret)
{
	const struct history_gap gap = {
		.round_uid = column(row, 3),
		.n_records = number(row, 4),
		.from = {number(row, 5)},
		.until = {number(row, 6)},
		.detail = column(row, 7),
	};

	(void)raw_sha256;
	history_payload_gap(column(row, 1), column(row, 2), &gap, ret);
}

static void split_payload(sqlite3_stmt *row, const char *raw_sha256, struct buf *ret)
{
	const struct history_split split = {
		.api = column(row, 2),
		.kind = column(row, 3),
		.k8s_namespace = column(row, 4),
		.name = column(row, 5),
		.uid = column(row, 6),
		.resource_version = column(row, 7),
		.author = column(row, 9),
		.applied_at = {number(row, 11)},
		.seen_at = {number(row, 12)},
		.split = column(row, 13),
	};

	(void)raw_sha256;
	history_payload_split(column(row, 1), column(row, 8), column(row, 10), &split,
	                      number(row, 14) != 0, ret);
}

static void prune_payload(sqlite3_stmt *row, const char *raw_sha256, struct buf *ret)
{
	const struct history_prune_row prune = {
		.uid = column(row, 1),
		.at = {number(row, 2)},
		.cutoff = {number(row, 3)},
		.until = {number(row, 4)},
		.chain = column(row, 5),
		.first_seq = number(row, 6),
		.last_seq = number(row, 7),
		.n_rounds = number(row, 8),
		.n_answers = number(row, 9),
		.sha256 = column(row, 10),
	};

	(void)raw_sha256;
	history_payload_prune(&prune, ret);
}

static bool is_as(enum history_stored_entity entity, sqlite3_stmt *row, const char *raw_sha256,
                  const char *payload, struct buf *scratch)
{
	static void (*const payloads[HISTORY_STORED_ENTITIES])(
		sqlite3_stmt * row, const char *raw_sha256, struct buf *ret) = {
		round_payload, effect_payload, gap_payload, split_payload, prune_payload,
	};
	/* where is_cut stands; the payload says only whether it is set */
	static const int flags[HISTORY_STORED_ENTITIES] = {
		[HISTORY_STORED_ROUND] = HISTORY_STORED_ROUND_CUT,
		[HISTORY_STORED_EFFECT] = 8,
		[HISTORY_STORED_SPLIT] = 14,
	};

	payloads[entity](row, raw_sha256, scratch);
	return strcmp(buf_text(scratch), payload) == 0 &&
	       (flags[entity] == 0 || (uint64_t)number(row, flags[entity]) <= 1);
}

bool history_stored_is(enum history_stored_entity entity, sqlite3_stmt *row, const char *payload,
                       struct buf *scratch)
{
	return is_as(entity, row, NULL, payload, scratch);
}

/* A round has a row of facts, or none; of an answer to a check the detail is empty. */
static bool may_be_bare(enum history_stored_entity entity, sqlite3_stmt *row)
{
	if (entity == HISTORY_STORED_ROUND)
		return sqlite3_column_type(row, HISTORY_STORED_ROUND_FACTS) == SQLITE_NULL;
	return entity == HISTORY_STORED_EFFECT && strcmp(column(row, 3), "answer") == 0 &&
	       strncmp(column(row, 4), "measure ", 8) == 0 && *column(row, EFFECT_DETAIL) == '\0';
}

bool history_stored_is_bare(enum history_stored_entity entity, sqlite3_stmt *row,
                            const char *payload, struct buf *scratch)
{
	/* In the payload of an entry quotes within a text are escaped, so this is the member. */
	const char *name =
		entity == HISTORY_STORED_ROUND ? "\"facts_sha256\":\"" : "\"detail_sha256\":\"";
	const char *digest = strstr(payload, name);
	char raw_sha256[HISTORY_CHAIN_DIGEST_SIZE];

	if (!digest || !may_be_bare(entity, row))
		return false;
	(void)snprintf(raw_sha256, sizeof(raw_sha256), "%s", digest + strlen(name));
	return is_as(entity, row, raw_sha256, payload, scratch);
}
