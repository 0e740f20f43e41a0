/* audit verify and audit export: exit codes, words, and the cluster as a witness. */
#include "agent/command/command.h"
#include "analysis/decide.h"
#include "tests/agent/command_schema.h"
#include "tests/agent/recorded.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define STATUS "/apis/serin.dev/v1alpha1/namespaces/shop/releases/cart-%d/status"

static int set_up(void **state)
{
	struct recorded *place = recorded_new();

	for (unsigned i = 1; i <= 5; i++) {
		history_desk_round(place->history, i);
		history_desk_effect(place->history, i, HISTORY_CHANGE, "write route");
	}
	recorded_close(place);
	*state = place;
	return 0;
}

static int tear_down(void **state)
{
	recorded_free(*state);
	return 0;
}

static void run(struct recorded *place, const char *words)
{
	recorded_run(place, "audit", words);
}

/* Release cart-NUMBER keeps this of the chain. */
static void anchor(struct recorded *place, int number, const char *chain, int seq, const char *hash)
{
	char url[160];
	char body[512];

	(void)snprintf(url, sizeof(url), STATUS, number);
	(void)snprintf(body, sizeof(body),
	               "{'status':{'anchor':{'chain':'%s','seq':%d,'hash':'%s'}}}", chain, seq,
	               hash);
	command_desk_write(place->desk, HTTP_PATCH, url, body);
}

/* The hash of entry SEQ. */
static void read_hash(struct recorded *place, int seq, char ret[65])
{
	sqlite3 *db = NULL;
	sqlite3_stmt *row = NULL;

	assert_int_equal(sqlite3_open(place->history->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "SELECT hash FROM audit_log WHERE seq = $1", -1,
	                                    &row, NULL),
	                 SQLITE_OK);
	sqlite3_bind_int(row, 1, seq);
	assert_int_equal(sqlite3_step(row), SQLITE_ROW);
	(void)snprintf(ret, 65, "%s", (const char *)sqlite3_column_text(row, 0));
	sqlite3_finalize(row);
	sqlite3_close(db);
}

static void says(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("expected \"%s\" in: %s", part, text);
}

static void test_words(void **state)
{
	struct recorded *place = *state;

	run(place, "verify --offline");
	assert_int_equal(place->desk->status, COMMAND_OK);
	assert_string_equal(place->desk->out,
	                    "10 entries, intact: every link, hash and row.\n"
	                    "0 of them anchored by 0 Releases, 10 not anchored yet.\n"
	                    "5 decisions this binary cannot derive: decided by version 1 of "
	                    "decide, this is version " DECIDE_VERSION ".\n");
	assert_string_equal(place->desk->trouble, "");
	run(place, "prove");
	assert_int_equal(place->desk->status, COMMAND_USAGE);
	says(place->desk->trouble, "\"prove\": expected verify or export");
	command_desk_run(place->desk, "audit verify");
	assert_int_equal(place->desk->status, COMMAND_USAGE);
	says(place->desk->trouble, "expected --file FILE");
	command_desk_run(place->desk, "audit verify --offline --file /nowhere/history.db");
	assert_int_equal(place->desk->status, COMMAND_FAILED);
	says(place->desk->trouble, "/nowhere/history.db");
	/* no cluster is no failure, but it is said */
	run(place, "verify --kubeconfig /nowhere/config");
	assert_int_equal(place->desk->status, COMMAND_OK);
	says(place->desk->trouble, "no cluster to witness the file: ");
}

static void test_witness(void **state)
{
	struct recorded *place = *state;
	char hash[65];

	command_desk_cast(place->desk);
	read_hash(place, 4, hash);
	anchor(place, 1, "cluster-a/serin", 4, hash);
	read_hash(place, 7, hash);
	anchor(place, 2, "cluster-a/serin", 7, hash);
	anchor(place, 3, "another/serin", 3, hash);
	run(place, "verify");
	assert_int_equal(place->desk->status, COMMAND_OK);
	assert_string_equal(place->desk->out,
	                    "10 entries, intact: every link, hash and row.\n"
	                    "7 of them anchored by 2 Releases, 3 not anchored yet.\n"
	                    "5 decisions this binary cannot derive: decided by version 1 of "
	                    "decide, this is version " DECIDE_VERSION
	                    ".\n"
	                    "1 anchors are of chains that are not in this file; --complete minds "
	                    "them.\n");
	run(place, "verify --complete -o json");
	assert_int_equal(place->desk->status, COMMAND_REFUSED);
	says(place->desk->out, "chain \\\"another/serin\\\" is missing: release shop/cart-3");
	command_schema_check("audit", place->desk->out);
	/* the end is cut off, and the rest is as the agent wrote it */
	history_desk_exec(place->history,
	                  "DROP TRIGGER audit_log_no_delete; DROP TRIGGER round_no_delete;"
	                  "DROP TRIGGER round_effect_no_delete; DROP TRIGGER "
	                  "round_facts_no_delete; DELETE FROM round_facts WHERE round_id > 2;"
	                  "DELETE FROM audit_log WHERE seq > 4;"
	                  "DELETE FROM round WHERE id > 2; DELETE FROM round_effect WHERE id > 2");
	run(place, "verify --offline");
	assert_int_equal(place->desk->status, COMMAND_OK); /* the file alone cannot know */
	run(place, "verify");
	assert_int_equal(place->desk->status, COMMAND_REFUSED);
	assert_string_equal(place->desk->out,
	                    "entry 5 of chain \"cluster-a/serin\" is missing: release shop/cart-2 "
	                    "knows of entry 7\n4 entries before it are intact.\n");
	run(place, "verify -n nowhere -o json"); /* Releases of another namespace do not know */
	assert_int_equal(place->desk->status, COMMAND_OK);
	command_schema_check("audit", place->desk->out);
}

static void test_export(void **state)
{
	struct recorded *place = *state;
	char *rest;
	int n = 0;

	history_desk_open(place->history); /* an agent has it */
	history_desk_round(place->history, 6);
	history_desk_wait_acks(place->history, 1);
	run(place, "export");
	history_desk_close(place->history);
	assert_int_equal(place->desk->status, COMMAND_OK);
	rest = place->desk->out;
	for (char *line; (line = strsep(&rest, "\n")) && *line; n++) {
		json_t *entry = json_loads(line, 0, NULL);
		const json_t *row = json_object_get(entry, "row");
		const char *entity = json_string_value(json_object_get(entry, "entity"));

		assert_non_null(entry);
		assert_int_equal(json_integer_value(json_object_get(entry, "seq")), n + 1);
		assert_string_equal(json_string_value(json_object_get(entry, "chain")),
		                    "cluster-a/serin");
		if (strcmp(entity, "round") == 0) {
			assert_int_equal(json_integer_value(json_object_get(
						 json_object_get(row, "facts"), "weight")),
			                 10);
			assert_non_null(json_object_get(json_object_get(row, "spec"), "analysis"));
		}
		if (strcmp(entity, "round_effect") == 0)
			assert_string_equal(json_string_value(json_object_get(row, "effect")),
			                    "write route");
		json_decref(entry);
	}
	assert_int_equal(n, 12); /* 5 rounds, 5 effects, that an agent began, and its round */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_words, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_witness, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_export, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
