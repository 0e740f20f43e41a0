/* diff: two releases, part by part. */
#include "tests/agent/command_desk.h"
#include "tests/agent/command_schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define RELEASES "/apis/serin.dev/v1alpha1/namespaces/shop/releases"

static void add(struct command_desk *desk, int number, const char *previous, const char *containers,
                const char *configs, int threshold)
{
	char body[2048];
	char url[160];

	(void)snprintf(body, sizeof(body),
	               "{'apiVersion':'serin.dev/v1alpha1','kind':'Release','metadata':{'name':"
	               "'oven-%d','labels':{'serin.dev/canary':'oven'}},'spec':{'canary':{'name':"
	               "'oven','uid':'u'},'cause':'revision','digest':'%dd','previous':'%s',"
	               "'configs':[%s],'template':{'metadata':{'labels':{'app':'oven'}},'spec':{"
	               "'containers':[%s]}}}}",
	               number, number, previous, configs, containers);
	command_desk_write(desk, HTTP_POST, RELEASES, body);
	(void)snprintf(url, sizeof(url), RELEASES "/oven-%d/status", number);
	(void)snprintf(body, sizeof(body),
	               "{'status':{'phase':'Done','policy':{'generation':1,'spec':{'analysis':{"
	               "'threshold':%d,'maxWeight':50}}}}}",
	               threshold);
	command_desk_write(desk, HTTP_PATCH, url, body);
}

static int set_up(void **state)
{
	struct command_desk *desk = command_desk_new();

	add(desk, 1, "",
	    "{'name':'app','image':'oven:v1','env':[{'name':'HEAT','value':'180'},{'name':'OLD',"
	    "'value':'x'},{'name':'KEY','valueFrom':{'secretKeyRef':{'name':'s','key':'k'}}}]},"
	    "{'name':'side','image':'side:1'}",
	    "{'kind':'ConfigMap','name':'menu','digest':'aaaa'},{'kind':'Secret','name':'s','digest':"
	    "'5555'}",
	    5);
	/* another order of containers and variables is no change */
	add(desk, 2, "oven-1",
	    "{'name':'side','image':'side:1'},{'name':'app','image':'oven:v2','args':['-q'],'env':["
	    "{'name':'KEY','valueFrom':{'secretKeyRef':{'name':'s','key':'k2'}}},{'name':'NEW',"
	    "'value':'a\\u001bb'},{'name':'HEAT','value':'200'}]}",
	    "{'kind':'ConfigMap','name':'menu','digest':'bbbb'},{'kind':'Secret','name':'s','digest':"
	    "'5555'}",
	    3);
	*state = desk;
	return 0;
}

static void test_parts(void **state)
{
	struct command_desk *desk = *state;

	command_desk_run(desk, "diff oven-1 oven-2 -n shop");
	assert_string_equal(desk->trouble, "");
	assert_int_equal(desk->status, COMMAND_OK);
	assert_string_equal(desk->out,
	                    "image\n"
	                    "  app\n"
	                    "    - oven:v1\n"
	                    "    + oven:v2\n"
	                    "env\n"
	                    "  app HEAT\n"
	                    "    - 180\n"
	                    "    + 200\n"
	                    "  app OLD\n"
	                    "    - x\n"
	                    "  app KEY/valueFrom/secretKeyRef/key\n"
	                    "    - k\n"
	                    "    + k2\n"
	                    "  app NEW\n"
	                    "    + a?b\n"
	                    "config\n"
	                    "  ConfigMap/menu\n"
	                    "    - aaaa\n"
	                    "    + bbbb\n"
	                    "policy\n"
	                    "  analysis/threshold\n"
	                    "    - 5\n"
	                    "    + 3\n"
	                    "template\n"
	                    "  spec/containers/app/args/1\n"
	                    "    + -q\n");
}

/* One name: against what it falls back to; the other way round is another question. */
static void test_words(void **state)
{
	struct command_desk *desk = *state;

	command_desk_run(desk, "diff oven-2 -o json");
	assert_int_equal(desk->status, COMMAND_OK);
	command_schema_check("diff", desk->out);
	assert_non_null(strstr(desk->out, "\"from\": \"oven-1\""));
	command_desk_run(desk, "diff oven-2 oven-1");
	assert_non_null(strstr(desk->out, "  app\n    - oven:v2\n    + oven:v1\n"));
	command_desk_run(desk, "diff oven-2 oven-2");
	assert_string_equal(desk->out, "no difference\n");
	command_desk_run(desk, "diff oven-1");
	assert_int_equal(desk->status, COMMAND_NOT_FOUND);
	assert_non_null(strstr(desk->trouble, "there was no release before oven-1"));
	command_desk_run(desk, "diff oven-1 oven-9");
	assert_int_equal(desk->status, COMMAND_NOT_FOUND);
	assert_non_null(strstr(desk->trouble, "no release \"oven-9\" in namespace \"shop\""));
	command_desk_run(desk, "diff ../oven-1");
	assert_int_equal(desk->status, COMMAND_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_parts, set_up, command_desk_tear_down),
		cmocka_unit_test_setup_teardown(test_words, set_up, command_desk_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
