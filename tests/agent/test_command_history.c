/* history --file: releases out of the rounds that an agent wrote. */
#include "agent/command/command_evidence.h"
#include "agent/history_sqlite.h"
#include "providers/kube/tree.h"
#include "tests/agent/command_desk.h"
#include "tests/agent/command_schema.h"
#include "tests/agent/recorded.h"
#include "tests/agent/split_desk.h"

#include <dirent.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define START 1763712000000
#define SPEC \
 "{'checks':[{'name':'request-success-rate','min':99},{'name':'request-duration','max':500}]}"

/* One round, as agent/journal.c writes it; ' stands for ". */
struct row {
	const char *release;
	const char *facts;
	const char *plan;
	const char *key;    /* of an answer, "" for none */
	const char *detail; /* and what it says */
};

static const struct row rows[] = {
	/* before the first Release nobody is spoken of */
	{"", "{'target':{'image':'shop/cart:v1'}}", "{'effects':[]}", "", ""},
	{"cart-1",
         "{'target':{'image':'shop/cart:v1'},'newest':{'name':'cart-1','cause':'init',"
         "'phase':'Done','outcome':'promoted','reason':'Initialization done!',"
         "'started':1763712000000,'finished':1763712040000}}",
         "{'effects':[]}", "", ""},
	/* a new image is there while the old release is still the newest: not its image */
	{"cart-1",
         "{'target':{'image':'shop/cart:v2'},'newest':{'name':'cart-1','cause':'init',"
         "'phase':'Done','outcome':'promoted','started':1763712000000,"
         "'finished':1763712040000}}",
         "{'effects':[]}", "", ""},
	{"cart-2",
         "{'target':{'image':'shop/cart:v2'},'primary':{'image':'shop/cart:v1'},'newest':{"
         "'name':'cart-2','cause':'revision','phase':'Progressing'},'samples':[],'made':{'spec':{"
         "'template':{'metadata':{'annotations':{'serin.dev/commit':'1a2b3c4d',"
         "'org.opencontainers.image.authors':'Ada','serin.dev/change':'7'}}}}}}",
         "{'effects':[{'kind':'measure','index':1}]}", "measure request-duration",
         "{'query':'the question','check':'request-duration','max':500}"},
	/* the round that decided */
	{"cart-2",
         "{'target':{'image':'shop/cart:v2'},'primary':{'image':'shop/cart:v1'},'newest':{"
         "'name':'cart-2','cause':'revision','phase':'Progressing','started':1763712100000},"
         "'samples':[{'kind':'value','value':99.5},{'kind':'value','value':620}]}",
         "{'effects':[{'kind':'save release','status':{'ending':'rolled_back'}}]}", "", ""},
	/* later samples decide nothing */
	{"cart-2",
         "{'target':{'image':'shop/cart:v3'},'newest':{'name':'cart-2','cause':'revision',"
         "'digest':'abc','phase':'Done','ending':'rolled_back','outcome':'rolled_back',"
         "'reason':'too slow','started':1763712100000,'finished':1763712400000},"
         "'samples':[{'kind':'value','value':1},{'kind':'value','value':1}]}",
         "{'effects':[{'kind':'save release','status':{'ending':'rolled_back'}}]}", "", ""},
	/* a round that nobody can read is passed over and counted */
	{"cart-2", "{", "{}", "", ""},
};

struct place {
	struct command_desk *desk;
	char path[160];
};

static void on_post(void *user)
{
	(void)user;
}

static void write_row(struct history *history, const struct row *row, int number)
{
	char uid[16];
	char *spec = recorded_quoted(SPEC);
	char *facts = recorded_quoted(row->facts);
	char *plan = recorded_quoted(row->plan);
	char *detail = recorded_quoted(row->detail);
	struct instant at = {START + number * 1000};
	const struct history_round round = {
		.uid = uid,
		.k8s_namespace = "shop",
		.canary = "cart",
		.canary_uid = "u-1",
		.release = row->release,
		.decided_at = at,
		.decide_version = "1",
		.reason = "",
		.spec = spec,
		.facts = facts,
		.plan = plan,
	};
	const struct history_effect effect = {
		.round_uid = uid,
		.kind = HISTORY_ANSWER,
		.key = row->key,
		.detail = detail,
		.result = "ok",
		.at = at,
	};

	(void)snprintf(uid, sizeof(uid), "r%05d", number);
	history_round(history, &round, NULL, NULL);
	if (*row->key)
		history_effect(history, &effect);
	free(spec);
	free(facts);
	free(plan);
	free(detail);
}

static int set_up(void **state)
{
	static struct place place;
	struct history_sqlite_options options = {
		.path = place.path,
		.chain = "test",
		.actor = "serin/test",
		.boot = "b1",
		.opened_at = {START},
		.post = on_post,
	};
	struct err err = {0};
	struct history *history;

	place.desk = command_desk_new();
	(void)snprintf(place.path, sizeof(place.path), "%s/history.db", place.desk->folder);
	history = history_sqlite_new(&options, &err);
	assert_non_null(history);
	for (size_t i = 0; i < array_length(rows); i++)
		write_row(history, &rows[i], (int)i);
	split_desk_write(history, 100);
	split_desk_write(history, 90);
	assert_int_equal(history_sqlite_free(history, span_seconds(60)), 0);
	*state = &place;
	return 0;
}

static int tear_down(void **state)
{
	struct place *place = *state;

	command_desk_free(place->desk);
	return 0;
}

static void run(struct place *place, const char *more)
{
	char line[300];

	(void)snprintf(line, sizeof(line), "history --file %s%s", place->path, more);
	command_desk_run(place->desk, line);
}

static void test_releases(void **state)
{
	struct place *place = *state;
	json_t *root;
	const json_t *release;
	const json_t *check;
	json_t *wanted = json_pack("{s:f, s:f}", "value", 620.0, "max", 500.0);

	run(place, " --all -o json");
	assert_int_equal(place->desk->status, COMMAND_OK);
	assert_non_null(strstr(place->desk->trouble, "1 rounds cannot be read"));
	command_schema_check("history", place->desk->out);
	root = json_loads(place->desk->out, 0, NULL);
	assert_int_equal(json_array_size(json_object_get(root, "releases")), 2);
	release = json_array_get(json_object_get(root, "releases"), 0);
	assert_string_equal(kube_tree_value(release, "name"), "cart-2");
	assert_string_equal(kube_tree_value(release, "outcome"), "rolled_back");
	assert_string_equal(kube_tree_value(json_object_get(release, "source"), "commit"),
	                    "1a2b3c4d");
	assert_string_equal(kube_tree_value(json_object_get(release, "source"), "author"), "Ada");
	assert_true(
		json_is_null(json_object_get(json_object_get(release, "source"), "repository")));
	assert_string_equal(kube_tree_value(release, "reason"), "too slow");
	assert_string_equal(kube_tree_value(release, "fromImage"), "shop/cart:v1");
	assert_string_equal(kube_tree_value(release, "toImage"), "shop/cart:v2");
	assert_string_equal(kube_tree_value(release, "finished"), "2025-11-21T08:06:40.000Z");
	check = json_object_get(release, "check");
	assert_string_equal(kube_tree_value(check, "name"), "request-duration");
	assert_string_equal(kube_tree_value(check, "query"), "the question");
	assert_string_equal(kube_tree_value(check, "verdict"), "fail");
	assert_true(json_equal(json_object_get(check, "value"), json_object_get(wanted, "value")));
	assert_true(json_equal(json_object_get(check, "max"), json_object_get(wanted, "max")));
	json_decref(wanted);
	release = json_array_get(json_object_get(root, "releases"), 1);
	assert_string_equal(kube_tree_value(release, "outcome"), "promoted");
	assert_string_equal(kube_tree_value(release, "fromImage"), "");
	assert_string_equal(kube_tree_value(release, "toImage"), "shop/cart:v1");
	json_decref(root);
}

static void test_filter(void **state)
{
	struct place *place = *state;

	run(place, " cart");
	assert_int_equal(place->desk->status, COMMAND_OK);
	assert_non_null(strstr(place->desk->out, "request-duration 620 > max 500"));
	assert_null(strstr(place->desk->out, "cart-1"));
	run(place, " till");
	assert_int_equal(place->desk->status, COMMAND_NOT_FOUND);
	run(place, " cart -n elsewhere");
	assert_int_equal(place->desk->status, COMMAND_NOT_FOUND);
	run(place, " -n shop --no-headers");
	assert_int_equal(strncmp(place->desk->out, "shop   cart-2", 13), 0);
}

/* Row 54: what somebody else changed, and who. */
static void test_splits(void **state)
{
	struct place *place = *state;

	run(place, " --splits");
	assert_int_equal(place->desk->status, COMMAND_OK);
	assert_non_null(strstr(place->desk->out, "VirtualService/reviews"));
	assert_non_null(
		strstr(place->desk->out, "kubectl-edit   reviews/v1 90 %, reviews/v2 10 %"));
	assert_non_null(strstr(place->desk->out, "reviews/v1 100 %, reviews/v2 0 %"));
	run(place, " --splits reviews -n shop -o json");
	command_schema_check("splits", place->desk->out);
	assert_non_null(strstr(place->desk->out, "\"weight\": \"90\""));
	run(place, " --splits ratings");
	assert_int_equal(place->desk->status, COMMAND_OK);
	assert_non_null(strstr(place->desk->trouble, "serin.dev/observe"));
	run(place, " --splits --since 7d");
	assert_int_equal(place->desk->status, COMMAND_USAGE);
	command_desk_run(place->desk, "history --splits");
	assert_int_equal(place->desk->status, COMMAND_USAGE);
}

static int count_files(const char *folder)
{
	DIR *directory = opendir(folder);
	int n = 0;

	assert_non_null(directory);
	while (readdir(directory))
		n++;
	(void)closedir(directory);
	return n;
}

/* Reading leaves nothing beside the file, whatever its name. */
static void test_leaves_nothing(void **state)
{
	struct place *place = *state;
	char odd[200];
	char line[300];
	int n_before = count_files(place->desk->folder);

	run(place, " cart");
	assert_int_equal(place->desk->status, COMMAND_OK);
	assert_int_equal(count_files(place->desk->folder), n_before);
	(void)snprintf(odd, sizeof(odd), "%s/100%%?#.db", place->desk->folder);
	assert_int_equal(rename(place->path, odd), 0);
	(void)snprintf(line, sizeof(line), "history --file %s", odd);
	command_desk_run(place->desk, line);
	assert_int_equal(place->desk->status, COMMAND_OK);
	assert_non_null(strstr(place->desk->out, "cart-2"));
	assert_int_equal(count_files(place->desk->folder), n_before);
}

/* What is no history says so. */
static void test_foreign(void **state)
{
	struct place *place = *state;
	char line[300];
	char path[160];

	command_desk_file(place->desk, "text", "no database, but long enough to look like one",
	                  path);
	(void)snprintf(line, sizeof(line), "history --file %s", path);
	command_desk_run(place->desk, line);
	assert_int_equal(place->desk->status, COMMAND_FAILED);
	assert_non_null(strstr(place->desk->trouble, path));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_releases, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_filter, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_splits, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_leaves_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_foreign, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
