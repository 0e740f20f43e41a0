/* report: what a history file tells of one release, as text, as a document and as a page. */
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

#define START 1763712000000 /* 2025-11-21T08:00:00Z */
#define SPEC                                                       \
 "{'checks':[{'name':'request-success-rate','min':99},{'name':'r'" \
 ",'max':500}]}"
#define NEWEST                                                                    \
 "'newest':{'name':'cart-2','cause':'revision','uid':'u-2','phase':'Progressing'" \
 ",'started':1763712000000,"
#define IMAGES "'primary':{'image':'shop/cart:v1'},'target':{'image':'shop/cart:v2'},"

struct row {
	const char *release;
	int at; /* seconds */
	const char *facts;
	enum history_kind kind;
	const char *key; /* "": no effect */
	const char *detail;
};

static const struct row rows[] = {
	/* a sample of before the run counts for nothing */
	{"cart-2", 0,
         "{" IMAGES NEWEST "'to':0},'samples':[{'kind':'value','value':1,'check':1763711000000},{"
         "'kind':'value','value':1,'check':1763711000000}]}",
         HISTORY_CHANGE, "notify", "{'text':'New revision </script><b>'}"},
	{"cart-2", 10, "{" IMAGES NEWEST "'to':10}}", HISTORY_ANSWER,
         "ask hook confirm-traffic-increase gate", "{'result':'closed'}"},
	/* asked again, answered the same */
	{"cart-2", 20, "{" IMAGES NEWEST "'to':10}}", HISTORY_ANSWER,
         "ask hook confirm-traffic-increase gate", "{'result':'closed'}"},
	{"cart-2", 61,
         "{" IMAGES NEWEST
         "'to':10},'share':{'kind':'value','value':0.104,'check':1763712060000},'samples':[{"
         "'kind':'value','value':99.5,'check':1763712060000},{'kind':'value','value':620,'check':"
         "1763712060000}]}",
         HISTORY_ANSWER, "measure r", "{'check':'r','query':'rate(x[1m])'}"},
	/* the same sample, seen by the next round */
	{"cart-2", 62,
         "{" IMAGES NEWEST
         "'to':20},'share':{'kind':'value','value':0.104,'check':1763712060000},'samples':[{"
         "'kind':'value','value':99.5,'check':1763712060000},{'kind':'value','value':620,'check':"
         "1763712060000}]}",
         HISTORY_UNKNOWN, "", ""},
	/* another release of the same canary */
	{"cart-3", 100, "{" IMAGES "'newest':{'name':'cart-3','started':1763712100000,'to':77}}",
         HISTORY_CHANGE, "notify", "{'text':'of cart-3'}"},
	/* no data, and a person */
	{"cart-2", 121,
         "{" IMAGES
         "'newest':{'name':'cart-2','cause':'revision','uid':'u-2','phase':'Done','outcome':"
         "'rolled_back','started':1763712000000,'finished':1763712121000,'reason':'taken back',"
         "'to':0,'actions':[{'uid':'a-1','verb':'abort','by':'alice','reason':'errors','at':"
         "'2025-11-21T08:01:30Z'}]},'samples':[{'kind':'none','check':1763712120000},{'kind':"
         "'error','check':1763712120000}]}",
         HISTORY_UNKNOWN, "", ""},
	/* nobody can read this one */
	{"cart-2", 122, "{", HISTORY_UNKNOWN, "", ""},
};

static void write_row(struct recorded *place, const struct row *row, const char *k8s_namespace)
{
	char uid[32];
	char *detail = recorded_quoted(row->detail);
	struct instant at = {START + row->at * 1000};
	const struct history_round round = {
		.k8s_namespace = k8s_namespace,
		.canary = "cart",
		.canary_uid = k8s_namespace,
		.release = row->release,
		.decided_at = at,
		.spec = SPEC,
		.facts = row->facts,
	};
	const struct history_effect effect = {
		.round_uid = uid,
		.kind = row->kind,
		.key = row->key,
		.detail = detail,
		.result = row->kind == HISTORY_ANSWER ? "ok" : "",
		.at = at,
	};

	recorded_round(place, &round, uid);
	if (*row->key)
		history_effect(place->history->history, &effect);
	free(detail);
}

static int set_up(void **state)
{
	struct recorded *place = recorded_new();

	for (size_t i = 0; i < array_length(rows); i++)
		write_row(place, &rows[i], "shop");
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

static void test_text(void **state)
{
	struct recorded *place = *state;

	run(place, "cart-2");
	assert_string_equal(place->desk->trouble, "");
	assert_int_equal(place->desk->status, COMMAND_OK);
	assert_string_equal(place->desk->out,
	                    "cart-2: rolled_back\n"
	                    "  toImage    shop/cart:v2\n"
	                    "  fromImage  shop/cart:v1\n"
	                    "  started    2025-11-21T08:00:00.000Z\n"
	                    "  finished   2025-11-21T08:02:01.000Z\n"
	                    "  reason     taken back\n"
	                    "weights\n"
	                    "  2025-11-21T08:00:00Z  set 0%\n"
	                    "  2025-11-21T08:00:10Z  set 10%\n"
	                    "  2025-11-21T08:01:00Z  seen 10.4%\n"
	                    "  2025-11-21T08:01:02Z  set 20%\n"
	                    "  2025-11-21T08:02:01Z  set 0%\n"
	                    "check request-success-rate\n"
	                    "  2025-11-21T08:01:00Z  pass  99.5 >= min 99\n"
	                    "  2025-11-21T08:02:00Z  no_data  no data\n"
	                    "check r\n"
	                    "  2025-11-21T08:01:00Z  fail  620 > max 500\n"
	                    "  2025-11-21T08:02:00Z  error  no answer\n"
	                    "what happened\n"
	                    "  2025-11-21T08:00:00Z  New revision </script><b>\n"
	                    "  2025-11-21T08:00:10Z  hook: confirm-traffic-increase gate: closed\n"
	                    "  2025-11-21T08:01:30Z  person: abort by alice: errors\n");
}

static void test_document(void **state)
{
	struct recorded *place = *state;
	json_t *report;
	json_t *runs;
	char *text;

	run(place, "cart-2 -n shop -o json");
	assert_int_equal(place->desk->status, COMMAND_OK);
	command_schema_check("report", place->desk->out);
	report = json_loads(place->desk->out, 0, NULL);
	runs = json_pack("{s:[O]}", "releases", json_object_get(report, "release"));
	text = json_dumps(runs, 0);
	command_schema_check("history", text);
	assert_non_null(strstr(place->desk->out, "\"query\": \"rate(x[1m])\""));
	assert_null(strstr(place->desk->out, "of cart-3"));
	free(text);
	json_decref(runs);
	json_decref(report);
}

/* Nothing that the cluster says can end a script or begin an element. */
static void test_page(void **state)
{
	struct recorded *place = *state;
	char words[200];
	char *html = calloc(1, 200000);
	FILE *file;

	assert_non_null(html);
	(void)snprintf(words, sizeof(words), "cart-2 --html %s/page.html",
	               place->history->directory);
	run(place, words);
	assert_int_equal(place->desk->status, COMMAND_OK);
	(void)snprintf(words, sizeof(words), "%s/page.html", place->history->directory);
	file = fopen(words, "r");
	assert_non_null(file);
	assert_true(fread(html, 1, 199999, file) > 50000);
	assert_int_equal(fclose(file), 0);
	assert_non_null(strstr(html, "New revision \\u003c/script\\u003e\\u003cb\\u003e"));
	assert_null(strstr(html, "</script><b>"));
	assert_non_null(strstr(html, "The MIT License"));
	assert_non_null(strstr(html, "default-src 'none'"));
	free(html);
	run(place, "cart-2 --html /nowhere/page.html");
	assert_int_equal(place->desk->status, COMMAND_FAILED);
	assert_non_null(strstr(place->desk->trouble, "/nowhere/page.html: No such file"));
}

static void test_words(void **state)
{
	struct recorded *place = *state;

	run(place, "cart-9");
	assert_int_equal(place->desk->status, COMMAND_NOT_FOUND);
	assert_non_null(strstr(place->desk->trouble, "no release \"cart-9\" in "));
	run(place, "nobody");
	assert_int_equal(place->desk->status, COMMAND_NOT_FOUND);
	run(place, "No_Name");
	assert_int_equal(place->desk->status, COMMAND_USAGE);
	command_desk_run(place->desk, "report cart-2 --file=");
	assert_int_equal(place->desk->status, COMMAND_USAGE);
	assert_non_null(strstr(place->desk->trouble, "expected --file FILE"));
	/* nobody to ask, and the cluster has no such Release */
	command_desk_run(place->desk, "report cart-2");
	assert_int_equal(place->desk->status, COMMAND_NOT_FOUND);
	assert_non_null(strstr(place->desk->trouble, "no Service serin-api in namespace serin"));
	command_desk_run(place->desk, "report cart-2 --file /nowhere/history.db");
	assert_int_equal(place->desk->status, COMMAND_FAILED);
}

/* One name in two namespaces: it is asked which is meant. */
static void test_namespaces(void **state)
{
	struct recorded *place = *state;

	history_desk_open(place->history);
	write_row(place, &rows[1], "other");
	recorded_close(place);
	run(place, "cart-2");
	assert_int_equal(place->desk->status, COMMAND_FAILED);
	assert_non_null(strstr(place->desk->trouble, ": -n says which"));
	run(place, "cart-2 -n other");
	assert_int_equal(place->desk->status, COMMAND_OK);
	assert_non_null(strstr(place->desk->out, "set 10%"));
	assert_null(strstr(place->desk->out, "set 20%"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_text, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_document, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_page, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_words, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_namespaces, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
