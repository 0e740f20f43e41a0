/* replay: what `serin demo` records (cart-2 is promoted, cart-3 rolled back at its third slow
 * check) is derived again, judged by other policies, and forged. */
#include "agent/demo/demo.h"
#include "agent/history_sqlite.h"
#include "analysis/base/compiler.h"
#include "tests/agent/command_desk.h"
#include "tests/agent/command_schema.h"

#include <fcntl.h>
#include <jansson.h>
#include <setjmp.h>
#include <spawn.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define CANARY(analysis)                                                               \
 "apiVersion: flagger.app/v1beta1\n"                                                   \
 "kind: Canary\n"                                                                      \
 "metadata: {name: cart, namespace: shop}\n"                                           \
 "spec:\n"                                                                             \
 "  provider: nginx\n"                                                                 \
 "  targetRef: {apiVersion: apps/v1, kind: Deployment, name: cart}\n"                  \
 "  ingressRef: {apiVersion: networking.k8s.io/v1, kind: Ingress, name: storefront}\n" \
 "  progressDeadlineSeconds: 300\n"                                                    \
 "  service: {port: 80, targetPort: 8080}\n"                                           \
 "  analysis: {interval: 1m, " analysis "}\n"
#define RATE     "{name: request-success-rate, interval: 1m, thresholdRange: {min: 99}}"
#define SLOW(ms) "{name: request-duration, interval: 1m, thresholdRange: {max: " ms "}}"
#define STEPS    "threshold: 3, stepWeight: 10, maxWeight: 80, "

#define PRUNED_AT 1893456000000 /* 2030-01-01T00:00:00Z */

struct place {
	struct command_desk *desk;
	char history[160];
};

/* The demo ends within a second in virtual time; its words are none of ours. It is this binary
 * anew, see main: a bare fork could take with it a lock that the desk's thread was holding. */
static void record(const char *folder)
{
	char *words[] = {(char[]){"serin"},
	                 (char[]){"demo"},
	                 (char[]){"--dir"},
	                 strdup(folder),
	                 (char[]){"--speed"},
	                 (char[]){"0"},
	                 NULL};
	posix_spawn_file_actions_t actions;
	int status = 0;
	pid_t pid;

	assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
	assert_int_equal(posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null",
	                                                  O_WRONLY, 0),
	                 0);
	assert_int_equal(posix_spawn(&pid, "/proc/self/exe", &actions, NULL, words, environ), 0);
	posix_spawn_file_actions_destroy(&actions);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	free(words[3]);
}

static int place_new(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	assert_non_null(place);
	place->desk = command_desk_new();
	(void)snprintf(place->history, sizeof(place->history), "%s/history.db",
	               place->desk->folder);
	record(place->desk->folder);
	*state = place;
	return 0;
}

static int place_free(void **state)
{
	struct place *place = *state;
	static const char *const ends[] = {"", "-agent", "-wal", "-shm"};
	char path[192];

	for (size_t i = 0; i < array_length(ends); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", place->history, ends[i]);
		(void)unlink(path);
	}
	command_desk_free(place->desk);
	free(place);
	return 0;
}

PRINTF_LIKE(2, 3)
static json_t *run(struct place *place, const char *format, ...)
{
	char words[512];
	char line[768];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(words, sizeof(words), format, args);
	va_end(args);
	(void)snprintf(line, sizeof(line), "replay --file %s %s", place->history, words);
	command_desk_run(place->desk, line);
	return json_loads(place->desk->out, 0, NULL);
}

static void says(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("expected \"%s\" in: %s", part, text);
}

static int64_t number(const json_t *tree, const char *key)
{
	assert_true(json_is_integer(json_object_get(tree, key)));
	return json_integer_value(json_object_get(tree, key));
}

/* Each decision of both releases is the same again, and is told. */
static void test_release(void **state)
{
	static const char *const releases[] = {"cart-1", "cart-2", "cart-3"};
	struct place *place = *state;

	for (size_t i = 0; i < array_length(releases); i++) {
		json_t *tree = run(place, "%s -o json", releases[i]);

		assert_int_equal(place->desk->status, COMMAND_OK);
		command_schema_check("replay", place->desk->out);
		assert_true(number(tree, "same") > 5);
		assert_int_equal(number(tree, "other"), 0);
		assert_int_equal(number(tree, "notDerivable"), 0);
		assert_int_equal(json_array_size(json_object_get(tree, "decisions")),
		                 number(tree, "same"));
		json_decref(tree);
	}
	(void)run(place, "cart-3");
	says(place->desk->out, "same           Halt cart.shop advancement request duration");
	says(place->desk->out, "write route route, save release releases");
	says(place->desk->out,
	     "decisions the same, 0 otherwise, 0 that this binary cannot derive.");
	(void)run(place, "cart-9");
	assert_int_equal(place->desk->status, COMMAND_NOT_FOUND);
	(void)run(place, "%s", "");
	assert_int_equal(place->desk->status, COMMAND_USAGE);
	(void)run(place, "cart-3 --since 3d");
	assert_int_equal(place->desk->status, COMMAND_USAGE);
}

struct expected {
	const char *would;  /* have become of cart-2 */
	const char *reason; /* begins so */
	const char *slow_would;
	const char *slow_reason; /* of cart-3 */
	int n_checks;            /* judged for cart-2, and for cart-3 */
	int n_slow_checks;
	bool is_elsewhere; /* some check of cart-2 was at another weight */
};

static const char back_reason[] = "Halt cart.shop advancement request duration 2.1";

static const struct {
	const char *name;
	const char *manifest;
	struct expected expected;
} policies[] = {
	{"the one that ruled",
         CANARY(STEPS "metrics: [" RATE ", " SLOW("500") "]"),
         {"promoted", "passed at weight 80", "rolled_back", back_reason, 8, 3, false}},
	{"the other order",
         CANARY(STEPS "metrics: [" SLOW("500") ", " RATE "]"),
         {"promoted", "passed at weight 80", "rolled_back", back_reason, 8, 3, false}},
	{"no patience",
         CANARY("threshold: 1, stepWeight: 10, maxWeight: 80, "
                "metrics: [" RATE ", " SLOW("500") "]"),
         {"promoted", "passed at weight 80", "rolled_back", back_reason, 8, 1, false}},
	{"nothing is good enough",
         CANARY(STEPS "metrics: [" SLOW("5") "]"),
         {"rolled_back", "Halt cart.shop advancement request duration", "rolled_back", back_reason,
          3, 3, true}},
	{"anything is: what it would have done at the next step is not known",
         CANARY(STEPS "metrics: [" SLOW("9000") "]"),
         {"promoted", "passed at weight 80", "unknown", "weight 20 was never reached", 8, 1,
          false}},
	{"fewer steps",
         CANARY("threshold: 3, stepWeight: 40, maxWeight: 80, "
                "metrics: [" RATE ", " SLOW("500") "]"),
         {"promoted", "passed at weight 80", "unknown", "weight 40 was never reached", 2, 0, true}},
	{"more steps than there were",
         CANARY("threshold: 3, stepWeight: 5, maxWeight: 80, "
                "metrics: [" RATE "]"),
         {"unknown", "it would have gone on at weight", "unknown", "weight 15 was never reached", 8,
          2, true}},
	{"a metric that nobody asked",
         CANARY(STEPS "metrics: [{name: errors, query: up, thresholdRange: {max: 1}}]"),
         {"unknown", "errors was not recorded with this query", "unknown",
          "errors was not recorded with this query", 0, 0, false}},
	{"another window is another query",
         CANARY(STEPS
                "metrics: [{name: request-duration, interval: 5m, thresholdRange: {max: 9}}]"),
         {"unknown", "request-duration was not recorded with this query", "unknown",
          "request-duration was not recorded with this query", 0, 0, false}},
	{"a MetricTemplate that is not there",
         CANARY(STEPS "metrics: [{name: errors, templateRef: {name: errors}, "
                      "thresholdRange: {max: 1}}]"),
         {"unknown", "errors was not recorded", "unknown", "errors was not recorded", 0, 0, false}},
	{"a MetricTemplate that is there, with another query",
         CANARY(STEPS
                "metrics: [{name: errors, templateRef: {name: errors}, "
                "thresholdRange: {max: 1}}]") "---\n"
                                              "apiVersion: flagger.app/v1beta1\n"
                                              "kind: MetricTemplate\n"
                                              "metadata: {name: errors, namespace: shop}\n"
                                              "spec: {provider: {type: prometheus, address: 'http://p'}, query: up}\n",
         {"unknown", "errors was not recorded with this query", "unknown",
          "errors was not recorded with this query", 0, 0, false}},
	{"a gate that was never asked",
         CANARY(STEPS "metrics: [" RATE "], webhooks: [{name: g, type: "
                      "confirm-traffic-increase, url: 'http://gate'}]"),
         {"unknown", "hook g was not asked at this step", "unknown",
          "hook g was not asked at this step", 0, 0, false}},
};

static void check_row(const char *name, const json_t *row, const char *would, const char *reason,
                      int n_checks)
{
	const char *said = json_string_value(json_object_get(row, "reason"));

	if (strcmp(json_string_value(json_object_get(row, "would")), would) != 0 ||
	    strncmp(said, reason, strlen(reason)) != 0)
		fail_msg("%s: expected %s, \"%s\", got %s", name, would, reason,
		         json_dumps(row, 0));
	if (number(row, "checks") != n_checks)
		fail_msg("%s: expected %d checks, got %s", name, n_checks, json_dumps(row, 0));
}

static void test_policies(void **state)
{
	struct place *place = *state;
	char path[160];

	for (size_t i = 0; i < array_length(policies); i++) {
		const struct expected *expected = &policies[i].expected;
		const json_t *rows;
		json_t *tree;

		command_desk_file(place->desk, "policy.yaml", policies[i].manifest, path);
		tree = run(place, "--policy %s -o json", path);
		if (!tree)
			fail_msg("%s: %s", policies[i].name, place->desk->trouble);
		assert_int_equal(place->desk->status, COMMAND_OK);
		command_schema_check("replay-policy", place->desk->out);
		rows = json_object_get(tree, "releases");
		assert_int_equal(json_array_size(rows), 2); /* cart-1 was not analysed */
		check_row(policies[i].name, json_array_get(rows, 0), expected->would,
		          expected->reason, expected->n_checks);
		check_row(policies[i].name, json_array_get(rows, 1), expected->slow_would,
		          expected->slow_reason, expected->n_slow_checks);
		assert_int_equal(
			json_is_true(json_object_get(json_array_get(rows, 0), "atOtherWeights")),
			expected->is_elsewhere);
		json_decref(tree);
	}
}

/* The words, whose canaries are meant, and what is refused. */
static void test_words(void **state)
{
	struct place *place = *state;
	char path[160];

	command_desk_file(place->desk, "policy.yaml", policies[3].manifest, path);
	(void)run(place, "--policy %s", path);
	assert_int_equal(place->desk->status, COMMAND_OK);
	says(place->desk->out, "cart-2");
	assert_null(strstr(place->desk->out, "cart-3")); /* it ends as it did */
	says(place->desk->out, "(by samples taken at other weights)");
	says(place->desk->out,
	     "would have rolled back 2 of 2 releases, promoted 0; of 0 it cannot be known\n");
	(void)run(place, "--policy %s -o wide", path);
	says(place->desk->out, "cart-3");
	(void)run(place, "--policy %s till", path);
	says(place->desk->out, "would have rolled back 0 of 0 releases");
	(void)run(place, "--policy %s -n other", path);
	says(place->desk->out, "would have rolled back 0 of 0 releases");
	(void)run(place, "--policy %s --since yesterday", path);
	assert_int_equal(place->desk->status, COMMAND_FAILED);
	(void)run(place, "--policy /nowhere.yaml");
	assert_int_equal(place->desk->status, COMMAND_FAILED);
	command_desk_file(place->desk, "policy.yaml", "kind: ConfigMap\n", path);
	(void)run(place, "--policy %s", path);
	assert_int_equal(place->desk->status, COMMAND_FAILED);
	says(place->desk->trouble, "there is no Canary in it");
	command_desk_file(place->desk, "policy.yaml", CANARY("threshold: no"), path);
	(void)run(place, "--policy %s", path);
	assert_int_equal(place->desk->status, COMMAND_FAILED);
	says(place->desk->trouble, "Canary shop/cart: spec.analysis.threshold");
}

/* What the demo's cluster no longer has is compared from the history. */
static void test_diff(void **state)
{
	struct place *place = *state;
	static const struct {
		const char *words;
		enum command_exit status;
		const char *says;
	} rows[] = {
		{"cart-2 cart-3", COMMAND_OK, "\"after\": \"shop/cart:v3\""},
		{"cart-3", COMMAND_OK, "\"before\": \"shop/cart:v2\""},
		{"cart-3 -n shop", COMMAND_OK, "\"part\": \"image\""},
		{"cart-3 -n other", COMMAND_NOT_FOUND, "does not tell how \"cart-3\" was made"},
		{"cart-1", COMMAND_NOT_FOUND, "there was no release before cart-1"},
		{"cart-9", COMMAND_NOT_FOUND, "does not tell how \"cart-9\" was made"},
	};
	char line[512];

	for (size_t i = 0; i < array_length(rows); i++) {
		(void)snprintf(line, sizeof(line), "diff --file %s -o json %s", place->history,
		               rows[i].words);
		command_desk_run(place->desk, line);
		assert_int_equal(place->desk->status, rows[i].status);
		says(rows[i].status == COMMAND_OK ? place->desk->out : place->desk->trouble,
		     rows[i].says);
		if (rows[i].status == COMMAND_OK)
			command_schema_check("diff", place->desk->out);
	}
	(void)snprintf(line, sizeof(line), "audit verify --offline -o json --file %s",
	               place->history);
	command_desk_run(place->desk, line);
	says(place->desk->out, "\"notDerivable\": 0");
}

static void forge(struct place *place, const char *sql)
{
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(place->history, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s", sqlite3_errmsg(db));
	sqlite3_close(db);
}

/* A fact that was changed leads to another decision; a version that we are not derives nothing. */
static void test_forged(void **state)
{
	struct place *place = *state;
	json_t *tree;

	forge(place,
	      "DROP TRIGGER round_no_update; DROP TRIGGER round_facts_no_update;"
	      "UPDATE round_facts SET facts_json = replace(facts_json, '\"now\":', "
	      "'\"deleted\":true,\"now\":') WHERE round_id = (SELECT MAX(id) - 3 FROM round)");
	tree = run(place, "cart-3 -o json");
	assert_int_equal(place->desk->status, COMMAND_REFUSED);
	assert_int_equal(number(tree, "other"), 1);
	json_decref(tree);
	(void)run(place, "cart-3");
	says(place->desk->out, "\n      recorded \"");
	forge(place, "UPDATE round SET decide_version = '0' WHERE release_name = 'cart-3'");
	(void)run(place, "cart-3");
	assert_int_equal(place->desk->status, COMMAND_FAILED);
	says(place->desk->out, "decided by version 0 of decide, this is version ");
	says(place->desk->trouble, "none of its decisions can be derived by this binary");
	forge(place,
	      "UPDATE round_facts SET facts_json = '[' WHERE round_id IN (SELECT id FROM round WHERE"
	      " release_name = 'cart-2'); UPDATE round SET plan_json = '{' WHERE release_name = 'cart-2'");
	(void)run(place, "cart-2");
	assert_int_equal(place->desk->status, COMMAND_FAILED);
	says(place->desk->out, "its record cannot be read: ");
}

static void on_post(void *user)
{
	(void)user;
}

/* Retention of an hour, a year later, by another process. */
static void prune(struct place *place)
{
	const struct history_sqlite_options options = {
		.path = place->history,
		.chain = "later",
		.actor = "later",
		.boot = "later",
		.opened_at = {1},
		.keep = span_seconds(3600),
		.post = on_post,
	};
	struct history_sqlite_pruned pruned;
	struct err err = {0};
	struct history *history = history_sqlite_new(&options, &err);

	assert_non_null(history);
	history_sqlite_prune(history, (struct instant){PRUNED_AT});
	do {
		(void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
		history_sqlite_pruned(history, &pruned);
	} while (pruned.is_under_way);
	assert_string_equal(pruned.trouble, "");
	assert_true(pruned.n_rounds > 50);
	history_sqlite_free(history, span_seconds(60));
}

/* What COMMAND says of the file, owned by the caller. */
static char *told(struct place *place, const char *command)
{
	char line[512];
	char *copy;

	(void)snprintf(line, sizeof(line), "%s --file %s", command, place->history);
	command_desk_run(place->desk, line);
	copy = strdup(place->desk->out);
	assert_non_null(copy);
	return copy;
}

/* What a release was, how it ended and why, is told as before; samples are not, and that is said.
 */
static void test_pruned(void **state)
{
	/* as it was set is in the plans: but for when each was seen to be so */
	static const int weights[] = {0, 10, 20, 30, 40, 50, 60, 70, 80, 0};
	static const char *const lasting[] = {
		"history cart -n shop -o json",
		"diff cart-2 cart-3 -o json",
	};
	struct place *place = *state;
	char *before[array_length(lasting)];
	const json_t *set;
	json_t *report;
	char *text;

	for (size_t i = 0; i < array_length(lasting); i++)
		before[i] = told(place, lasting[i]);
	prune(place);
	for (size_t i = 0; i < array_length(lasting); i++) {
		text = told(place, lasting[i]);
		assert_string_equal(text, before[i]);
		assert_true(strlen(text) > 100);
		free(text);
		free(before[i]);
	}
	text = told(place, "audit verify --offline");
	assert_int_equal(place->desk->status, COMMAND_OK);
	says(text, "rounds whose facts were pruned, as the chain says: not derived again.\n");
	says(text, "decisions derived again from their facts, all the same.\n");
	free(text);
	text = told(place, "audit verify --offline -o json");
	command_schema_check("audit", text);
	free(text);
	text = told(place, "audit export");
	says(text, "\"entity\":\"prune\"");
	says(text, "\"facts\":null");
	says(text, "\"pruned_at\":\"2030-01-01T00:00:00.000Z\"");
	free(text);
	text = told(place, "report cart-3 -n shop");
	assert_int_equal(place->desk->status, COMMAND_OK);
	says(text,
	     "of its rounds, with their samples and shares, were removed by retention, last on "
	     "2030-01-01T00:00:00Z\n");
	says(text, "Halt cart.shop advancement"); /* what was told stays */
	free(text);
	text = told(place, "report cart-2 -n shop -o json");
	command_schema_check("report", text);
	report = json_loads(text, 0, NULL);
	set = json_object_get(report, "set");
	assert_int_equal(json_array_size(set), array_length(weights));
	for (size_t i = 0; i < array_length(weights); i++)
		assert_int_equal(number(json_array_get(set, i), "percent"), weights[i]);
	json_decref(report);
	free(text);
	text = told(place, "report R13 cart-2 -n shop");
	says(text, "rounds whose facts were removed by retention");
	free(text);
}

/* What is left of it is not its course: nothing is guessed. */
static void test_pruned_replay(void **state)
{
	struct place *place = *state;
	char path[160];
	json_t *tree;

	tree = run(place, "cart-2 -o json");
	assert_int_equal(place->desk->status, COMMAND_OK);
	command_schema_check("replay", place->desk->out);
	assert_int_equal(number(tree, "same"), 2);
	assert_int_equal(number(tree, "other"), 0);
	assert_true(number(tree, "notDerivable") > 30);
	says(place->desk->out, "its facts were removed on 2030-01-01T00:00:00Z by retention");
	json_decref(tree);
	command_desk_file(place->desk, "policy.yaml", CANARY(STEPS "metrics: [" RATE "]"), path);
	tree = run(place, "--policy %s -o json", path);
	assert_int_equal(place->desk->status, COMMAND_OK);
	assert_int_equal(number(tree, "unknown"), 2);
	says(place->desk->out, "its facts were removed on 2030-01-01T00:00:00Z by retention");
	json_decref(tree);
}

int main(int n_words, char **words)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_release), cmocka_unit_test(test_policies),
		cmocka_unit_test(test_words),   cmocka_unit_test(test_diff),
		cmocka_unit_test(test_forged), /* the last: it changes what the others read */
	};
	const struct CMUnitTest pruned[] = {
		cmocka_unit_test(test_pruned), /* and then it is */
		cmocka_unit_test(test_pruned_replay),
	};

	if (n_words > 1 && strcmp(words[1], "demo") == 0)
		return demo(n_words - 1, words + 1);
	return cmocka_run_group_tests(tests, place_new, place_free) +
	       cmocka_run_group_tests(pruned, place_new, place_free);
}
