/* report R01 to R20: releases with known numbers, out of a history file and out of the cluster. */
#include "agent/command/report_list.h"
#include "analysis/base/compiler.h"
#include "tests/agent/command_schema.h"
#include "tests/agent/recorded.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MINUTE   INT64_C(60000)
#define START    INT64_C(1763712000000) /* 2025-11-21T08:00:00Z */
#define DOCS_MAX 65536

#define SPEC "{'strategy':'canary','provider':'nginx','threshold':5,'checks':[]}"
#define AB   "ab-testing"

/* A round of a release: what its facts say. */
struct row {
	const char *k8s_namespace;
	const char *canary;
	const char *release;
	int minute; /* after START */
	const char *facts;
};

#define INIT(canary, image)                                                                       \
 "{'target':{'image':'" image "'},'route':{'state':'known','weight':0},'newest':{'name':'" canary \
 "-1','cause':'init','phase':'Done','outcome':'promoted','started':1763712000000,"                \
 "'finished':1763712040000}}"

static const struct row rows[] = {
	/* shop/cart: v1, then v2 by Ada and approved by bob, then v3 by Mallory, which went back */
	{"shop", "cart", "cart-1", 1, INIT("cart", "shop/cart:v1")},
	{"shop", "cart", "cart-2", 10,
         "{'target':{'image':'shop/cart:v2'},'primary':{'image':'shop/cart:v1'},'newest':{'name':"
         "'cart-2','cause':'revision','phase':'Starting','started':1763712600000},'made':{'spec':{"
         "'template':{'metadata':{'annotations':{'serin.dev/commit':'1a2b3c4d5e','serin.dev/author'"
         ":'Ada','serin.dev/change':'7','serin.dev/version':'2.0.0','serin.dev/created':"
         "'2025-11-21T07:20:00Z'}},'spec':{'containers':[{'image':'shop/cart:v2@sha256:aa11'}]}}}}}"},
	{"shop", "cart", "cart-2", 20,
         "{'target':{'image':'shop/cart:v2'},'newest':{'name':'cart-2','cause':'revision','phase':"
         "'Done','outcome':'promoted','started':1763712600000,'finished':1763713200000,'actions':["
         "{'uid':'a-1','verb':'approve','by':'bob','reason':'looks good','at':"
         "'2025-11-21T08:15:00Z'}]}}"},
	{"shop", "cart", "cart-3", 30,
         "{'target':{'image':'shop/cart:v3'},'primary':{'image':'shop/cart:v2'},'newest':{'name':"
         "'cart-3','cause':'revision','phase':'Starting','started':1763713800000},'made':{'spec':{"
         "'template':{'metadata':{'annotations':{'serin.dev/author':'Mallory'}},'spec':{"
         "'containers':[{'image':'shop/cart:v3'}]}}}}}"},
	{"shop", "cart", "cart-3", 34,
         "{'target':{'image':'shop/cart:v3'},'newest':{'name':'cart-3','cause':'revision','phase':"
         "'Done','ending':'rolled_back','outcome':'rolled_back','reason':'too slow',"
         "'failedChecks':5,'started':1763713800000,'finished':1763714040000}}"},
	/* shop/desk: somebody else gave its canary 30 % at rest */
	{"shop", "desk", "desk-1", 50,
         "{'target':{'image':'shop/desk:v1'},'route':{'state':'known','weight':30,'rival':{'edits':"
         "1,'last':1763715000000,'by':'kubectl-edit'}},'newest':{'name':'desk-1','cause':'init',"
         "'phase':'Done','outcome':'promoted','started':1763712000000,'finished':1763712040000},"
         "'edited':{'at':1763715000000,'by':'kubectl-edit','edits':1,'before':{'weight':0},"
         "'after':{'weight':30}}}"},
	/* shop/till: v2 at 10 %, before a gate */
	{"shop", "till", "till-1", 1, INIT("till", "shop/till:v1")},
	{"shop", "till", "till-2", 40,
         "{'target':{'image':'shop/till:v2'},'primary':{'image':'shop/till:v1'},'route':{'state':"
         "'known','weight':10},'newest':{'name':'till-2','cause':'revision','phase':'Progressing',"
         "'started':1763714400000,'to':10,'hasSeen':true,'seenShare':0.104,'hooks':[{'type':"
         "'confirm-promotion','result':'fail','name':'ask-ops'}]},'share':{'kind':'value','value':"
         "0.104,'check':1763714460000}}"},
	/* lab/lamp: A/B, and v2 is for those that match */
	{"lab", "lamp", "lamp-1", 1, INIT("lamp", "lab/lamp:v1")},
	{"lab", "lamp", "lamp-2", 40,
         "{'target':{'image':'lab/lamp:v2'},'primary':{'image':'lab/lamp:v1'},'route':{'state':"
         "'known','weight':100},'newest':{'name':'lamp-2','cause':'revision','phase':'Progressing',"
         "'started':1763714400000,'to':100}}"},
	/* stage/cart has v2 */
	{"stage", "cart", "cart-1", 1, INIT("cart", "stage/cart:v2")},
};

static void write_row(struct recorded *place, const struct row *row)
{
	char uid[32];
	char canary_uid[80];
	const struct history_round round = {
		.k8s_namespace = row->k8s_namespace,
		.canary = row->canary,
		.canary_uid = canary_uid,
		.release = row->release,
		.decided_at = {START + row->minute * MINUTE},
		.spec = strcmp(row->canary, "lamp") == 0 ? "{'strategy':'" AB "'}" : SPEC,
		.facts = row->facts,
	};

	(void)snprintf(canary_uid, sizeof(canary_uid), "%s-%s", row->k8s_namespace, row->canary);
	recorded_round(place, &round, uid);
}

/* Somebody weighs reviews, which no Canary has. */
static void write_split(struct history *history)
{
	char *text = recorded_quoted(
		"{'rules':[{'name':'0','backends':[{'name':'reviews/v1','weight':'80',"
		"'share':0.8},{'name':'reviews/v2','weight':'20','share':0.2}]}]}");
	const struct history_split split = {
		.api = "networking.istio.io/v1beta1",
		.kind = "VirtualService",
		.k8s_namespace = "books",
		.name = "reviews",
		.uid = "u-9",
		.resource_version = "7",
		.author = "kubectl-edit",
		.result = HISTORY_SPLIT_OBSERVED,
		.applied_at = {START + 5 * MINUTE},
		.seen_at = {START + 6 * MINUTE},
		.split = text,
	};

	history_split(history, &split);
	free(text);
}

static int set_up(void **state)
{
	struct recorded *place = recorded_new();

	for (size_t i = 0; i < array_length(rows); i++)
		write_row(place, &rows[i]);
	write_split(place->history->history);
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
	recorded_run(place, "report", words);
}

struct told {
	const char *words;
	const char *text;
};

static void check(struct recorded *place, const struct told *told, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		run(place, told[i].words);
		assert_string_equal(place->desk->trouble, "");
		assert_int_equal(place->desk->status, COMMAND_OK);
		assert_string_equal(place->desk->out, told[i].text);
	}
}

/* Of what serves, not of what went back: Ada, whom bob approved, and not Mallory. */
static void test_row_11_owner_of_what_serves(void **state)
{
	const struct told told[] = {
		{"R09 cart -n shop",
	         "NAMESPACE   CANARY   ROLE      VERSION   AUTHOR   CHANGE   APPROVED BY\n"
	         "shop        cart     primary   2.0.0     Ada      7        bob\n"},
	};

	check(*state, told, array_length(told));
}

/* Both versions, 90 and 10. */
static void test_row_12_both_weights(void **state)
{
	const struct told told[] = {
		{"R05 till",
	         "NAMESPACE   CANARY   ROLE      WEIGHT   VERSION   RELEASE   SINCE\n"
	         "shop        till     primary   90       v1        till-1    2025-11-21T08:00:40Z\n"
	         "shop        till     canary    10       v2        till-2    2025-11-21T08:40:00Z\n"},
	};

	struct recorded *place = *state;

	check(place, told, array_length(told));
	run(place, "R05 lamp -o json");
	assert_non_null(strstr(place->desk->out, "\"of\": \"the others\""));
	assert_non_null(strstr(place->desk->out, "\"of\": \"those that match\""));
	assert_null(strstr(place->desk->out, "\"weight\": 0"));
}

static void test_tables(void **state)
{
	const struct told told[] = {
		{"R01",
	         "NAMESPACE   CANARY   SCHEDULED   SERVING   WEIGHT   STATE\n"
	         "lab         lamp     v2          v1        100      Progressing\n"
	         "shop        cart     v3          2.0.0     0        rolled_back\n"
	         "shop        desk     v1          v1        0        promoted\n"
	         "shop        till     v2          v1        10       Progressing\n"
	         "stage       cart     v2          v2        0        promoted\n"},
		{"R03 cart -n shop",
	         "STARTED                NAMESPACE   RELEASE   VERSION   CAUSE      OUTCOME       AUTHOR    BY\n"
	         "2025-11-21T08:30:00Z   shop        cart-3    v3        revision   rolled_back   Mallory   -\n"
	         "2025-11-21T08:10:00Z   shop        cart-2    2.0.0     revision   promoted      Ada       bob (approve)\n"
	         "2025-11-21T08:00:00Z   shop        cart-1    v1        init       promoted      -         -\n"},
		{"R03 cart -n shop --since 2025-11-21T08:30:00Z",
	         "STARTED                NAMESPACE   RELEASE   VERSION   CAUSE      OUTCOME       AUTHOR    BY\n"
	         "2025-11-21T08:30:00Z   shop        cart-3    v3        revision   rolled_back   Mallory   -\n"},
		{"R04 shop stage",
	         "CANARY   A SCHEDULED   A SERVING   B SCHEDULED   B SERVING   DIFFERENCE\n"
	         "cart     v3            2.0.0       v2            v2          scheduled_differs\n"
	         "desk     v1            v1          -             -           only_in_a\n"
	         "till     v2            v1          -             -           only_in_a\n"},
		{"R11 -n shop",
	         "NAMESPACE   CANARY   KIND      EXPECTED   ACTUAL   DETECTED               EVIDENCE\n"
	         "shop        cart     version   v3         2.0.0    2025-11-21T08:34:00Z   cart-3 rolled_back: too slow\n"
	         "shop        desk     traffic   0          30       2025-11-21T08:50:00Z   changed by kubectl-edit\n"},
		{"R12 cart -n shop",
	         "NAMESPACE   RELEASE   STRATEGY   FROM   TO      OUTCOME       FAILED   TOOK   BY\n"
	         "shop        cart-3    canary     v2     v3      rolled_back   5        4m     -\n"
	         "shop        cart-2    canary     v1     2.0.0   promoted      0        10m    bob (approve)\n"
	         "shop        cart-1    canary     -      v1      promoted      0        40s    -\n"},
		{"R13 cart-3 -n shop",
	         "AT                     KIND      WHAT     RESULT        VALUE   MIN   MAX   DETAIL\n"
	         "2025-11-21T08:30:00Z   traffic   set      -             0       -     -     -\n"
	         "2025-11-21T08:34:00Z   end       cart-3   rolled_back   -       -     -     too slow\n"},
		{"R14",
	         "AT                     NAMESPACE   RELEASE   SUBJECT        DECISION   WHO   COMMENT\n"
	         "-                      shop        till-2    gate ask-ops   pending    -     -\n"
	         "2025-11-21T08:15:00Z   shop        cart-2    approve        approved   bob   looks good\n"},
		{"R16 till",
	         "AT                     RELEASE   ORIGIN   PRIMARY   CANARY   SPLIT   WHO\n"
	         "2025-11-21T08:01:00Z   till-1    serin    100       0        -       -\n"
	         "2025-11-21T08:40:00Z   till-2    serin    90        10       -       -\n"
	         "2025-11-21T08:41:00Z   till-2    seen     89.6      10.4     -       -\n"},
		{"R16 desk",
	         "AT                     RELEASE   ORIGIN     PRIMARY   CANARY   SPLIT   WHO\n"
	         "2025-11-21T08:50:00Z   desk-1    serin      100       0        -       -\n"
	         "2025-11-21T08:50:00Z   desk-1    external   70        30       -       kubectl-edit\n"},
		{"R16 reviews",
	         "AT                     RELEASE   ORIGIN     PRIMARY   CANARY   SPLIT                    "
	         "                                  WHO\n"
	         "2025-11-21T08:05:00Z   -         external   -         -        "
	         "VirtualService/reviews: reviews/v1 80 %, reviews/v2 20 %   kubectl-edit\n"},
		{"R18",
	         "NAMESPACE   CANARY   RELEASES   PROMOTED   ROLLED BACK   FAILURE RATE   LEAD TIME   TO RESTORE\n"
	         "shop        cart     2          1          1             0.5            1h          4m\n"},
		/* by digest, by version, by a commit's beginning, by the end of an image */
		{"R19 sha256:aa11",
	         "NAMESPACE   CANARY   ROLE      WEIGHT   VERSION   IMAGE\n"
	         "shop        cart     primary   100      2.0.0     shop/cart:v2@sha256:aa11\n"},
		{"r19 2.0.0 --no-headers",
	         "shop   cart   primary   100   2.0.0   shop/cart:v2@sha256:aa11\n"},
		{"R19 1a2b3c4 --no-headers",
	         "shop   cart   primary   100   2.0.0   shop/cart:v2@sha256:aa11\n"},
		{"R19 cart:v2 --no-headers",
	         "shop    cart   primary   100   2.0.0   shop/cart:v2@sha256:aa11\n"
	         "stage   cart   primary   100   v2      stage/cart:v2\n"},
	};

	check(*state, told, array_length(told));
}
static void test_documents(void **state)
{
	struct recorded *place = *state;
	char line[64];
	json_t *report;
	const json_t *row;

	for (size_t i = 0; i < report_list_length; i++) {
		const struct report_kind *kind = &report_list[i];

		if (kind->why_not)
			continue;
		(void)snprintf(line, sizeof(line), "%s %s -o json", kind->id,
		               kind->n_words_min == 0   ? ""
		               : kind->n_words_min == 2 ? "shop stage"
		                                        : "cart-2 -n shop");
		run(place, line);
		assert_int_equal(place->desk->status, COMMAND_OK);
		command_schema_check("reports", place->desk->out);
		report = json_loads(place->desk->out, 0, NULL);
		row = json_array_get(json_object_get(report, "rows"), 0);
		/* also the columns that only -o wide shows */
		for (size_t k = 0; row && k < REPORT_LIST_COLUMNS_MAX && kind->columns[k].key; k++)
			assert_non_null(json_object_get(row, kind->columns[k].key));
		json_decref(report);
	}
	run(place, "--list -o json");
	command_schema_check("reports", place->desk->out);
	run(place, "R17");
	assert_non_null(strstr(place->desk->out, "yes"));
}

static void test_words(void **state)
{
	static const struct {
		const char *words;
		enum command_exit status;
		const char *trouble;
	} lines[] = {
		{"R02", COMMAND_USAGE,
	         "R02 (State of each cluster): one cluster cannot answer it: "},
		{"R21", COMMAND_USAGE, "\"R21\": expected the name of a release"},
		{"R19", COMMAND_USAGE, "expected R19 WHAT"},
		{"R05 a b", COMMAND_USAGE, "expected R05 [CANARY], got more"},
		{"R17 a", COMMAND_USAGE, "expected R17 alone, got more"},
		{"R05 nobody", COMMAND_NOT_FOUND, "no release of canary \"nobody\" is known"},
		{"R13 nobody-1", COMMAND_NOT_FOUND, "no release \"nobody-1\""},
		{"R05 --since 7d", COMMAND_USAGE, "R05 is not about a time: no --since"},
		{"R12 --since x", COMMAND_USAGE, "--since"},
		{"R12 --html page.html", COMMAND_USAGE, "--html is for the report of a release"},
		{"cart-2 cart-3", COMMAND_USAGE, "no second word"},
		{"cart-2 -A", COMMAND_USAGE, "no -A"},
		{"", COMMAND_USAGE, "expected RELEASE, or one of R01 to R20"},
	};
	struct recorded *place = *state;

	for (size_t i = 0; i < array_length(lines); i++) {
		run(place, lines[i].words);
		assert_int_equal(place->desk->status, lines[i].status);
		if (!strstr(place->desk->trouble, lines[i].trouble))
			fail_msg("%s: %s", lines[i].words, place->desk->trouble);
	}
	run(place, "R14 desk");
	assert_int_equal(place->desk->status, COMMAND_OK);
	assert_string_equal(place->desk->trouble, "serin report: R14: nothing to tell\n");
	command_desk_run(place->desk, "report R17");
	assert_int_equal(place->desk->status, COMMAND_USAGE);
	command_desk_run(place->desk, "report R16 cart -n shop");
	assert_int_equal(place->desk->status, COMMAND_FAILED);
	assert_non_null(strstr(place->desk->trouble, "no --file was given, and no agent answered"));
}

/* Without an agent, what the Releases know: cart-1 serves, and cart-3 is on its way. */
static void test_cluster(void **state)
{
	struct recorded *place = *state;

	command_desk_cast(place->desk);
	command_desk_run(place->desk, "report R05 cart -n shop");
	assert_int_equal(place->desk->status, COMMAND_OK);
	assert_non_null(strstr(place->desk->trouble, "from the Releases that the cluster keeps"));
	assert_string_equal(
		place->desk->out,
		"NAMESPACE   CANARY   ROLE      WEIGHT   VERSION   RELEASE   SINCE\n"
		"shop        cart     primary   80       v1        cart-1    2025-11-18T08:00:40Z\n"
		"shop        cart     canary    20       v3        cart-3    2025-11-21T07:57:50Z\n");
	command_desk_run(place->desk, "report cart-2 -n shop");
	assert_int_equal(place->desk->status, COMMAND_OK);
	assert_non_null(strstr(place->desk->trouble, "from the Release that the cluster keeps"));
	assert_string_equal(place->desk->out,
	                    "cart-2: rolled_back\n"
	                    "  toImage    registry.example/shop/cart:v2\n"
	                    "  fromImage  registry.example/shop/cart:v1\n"
	                    "  started    2025-11-20T08:00:00.000Z\n"
	                    "  finished   2025-11-20T08:07:10.000Z\n"
	                    "  reason     Halt cart.shop advancement request-duration 620 > 500 "
	                    "(failed check 5 of 5)\n"
	                    "  decided by request-duration 620 > max 500\n");
	command_desk_run(place->desk, "report cart-2 -n shop -o json");
	command_schema_check("report", place->desk->out);
	command_desk_run(place->desk, "report cart-99 -n shop");
	assert_int_equal(place->desk->status, COMMAND_NOT_FOUND);
}

/* The page for people has each report, in the very words of the table. */
static void test_docs(void **state)
{
	char *docs = calloc(1, DOCS_MAX);
	FILE *file = fopen("docs/commands.md", "r");
	char line[256];

	assert_non_null(docs);
	assert_non_null(file);
	assert_true(fread(docs, 1, DOCS_MAX - 1, file) > 0);
	assert_int_equal(fclose(file), 0);
	for (size_t i = 0; i < report_list_length; i++) {
		const struct report_kind *kind = &report_list[i];

		(void)snprintf(line, sizeof(line), "| `%s%s%s` | %s |", kind->id,
		               kind->words && *kind->words ? " " : "",
		               kind->words ? kind->words : "", kind->question);
		if (!strstr(docs, line) || (kind->why_not && !strstr(docs, kind->why_not)))
			fail_msg("docs/commands.md lacks: %s", line);
	}
	free(docs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_row_11_owner_of_what_serves, set_up,
	                                        tear_down),
		cmocka_unit_test_setup_teardown(test_row_12_both_weights, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_tables, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_documents, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_words, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_cluster, set_up, tear_down),
		cmocka_unit_test(test_docs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
