/* The verbs: the Action that each makes, whom it waits for, and what the shell gets. */
#include "agent/demo/apiserver.h"
#include "providers/kube/tree.h"
#include "tests/agent/command_desk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int set_up(void **state)
{
	struct command_desk *desk = command_desk_new();

	command_desk_cast(desk);
	desk->answer = "accepted";
	desk->answer_text = "cart-3 is held at weight 20; its checks go on";
	*state = desk;
	return 0;
}

/* The only Action that there is. */
static const json_t *made(const struct command_desk *desk)
{
	assert_null(apiserver_at(desk->server, "actions", 1));
	return apiserver_at(desk->server, "actions", 0);
}

static void test_accepted(void **state)
{
	struct command_desk *desk = *state;
	const json_t *action;
	char uid[64];

	command_desk_run(desk, "pause cart -n shop --reason a_look");
	assert_string_equal(desk->trouble, "");
	assert_string_equal(desk->out, "cart-3 is held at weight 20; its checks go on\n");
	assert_int_equal(desk->status, COMMAND_OK);
	action = made(desk);
	assert_string_equal(kube_tree_text(action, "spec/verb"), "pause");
	assert_string_equal(kube_tree_text(action, "spec/reason"), "a_look");
	assert_string_equal(kube_tree_text(action, "spec/requestedBy"), "alice");
	assert_string_equal(kube_tree_text(action, "spec/release/name"), "cart-3");
	command_desk_uid(desk, "releases", "cart-3", uid);
	assert_string_equal(kube_tree_text(action, "spec/release/uid"), uid);
	command_desk_uid(desk, "canaries", "cart", uid);
	assert_string_equal(kube_tree_text(action, "spec/canary/uid"), uid);
}

/* Each command is its own verb. */
static void test_verbs(void **state)
{
	static const char *const lines[] = {"promote", "abort",   "pause", "resume",
	                                    "retry",   "approve", "reject"};
	struct command_desk *desk = *state;

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		char line[64];
		size_t n_same = 0;
		const json_t *action;

		(void)snprintf(line, sizeof(line), "%s cart", lines[i]);
		command_desk_run(desk, line);
		assert_int_equal(desk->status, COMMAND_OK);
		for (size_t k = 0; (action = apiserver_at(desk->server, "actions", k)); k++)
			n_same += strcmp(kube_tree_text(action, "spec/verb"), lines[i]) == 0;
		assert_int_equal(n_same, 1);
	}
	command_desk_run(desk, "promote cart --full");
	assert_int_equal(desk->status, COMMAND_OK);
}

static void test_refused(void **state)
{
	struct command_desk *desk = *state;

	desk->answer = "refused";
	desk->answer_text = "cart-3 is over: it was promoted";
	command_desk_run_as(desk, "kubectl-canary", "abort cart");
	assert_int_equal(desk->status, COMMAND_VERB_REFUSED);
	assert_string_equal(desk->out, "");
	assert_string_equal(desk->trouble,
	                    "kubectl canary abort: refused: cart-3 is over: it was promoted\n");
}

/* The Action stands, and who waits is told what happens next. */
static void test_unanswered(void **state)
{
	struct command_desk *desk = *state;

	desk->answer = NULL;
	command_desk_run(desk, "abort cart --timeout 300ms");
	assert_int_equal(desk->status, COMMAND_UNANSWERED);
	assert_non_null(strstr(desk->trouble, "does an agent run?"));
	assert_non_null(strstr(desk->trouble, "kubectl delete action cart-abort-"));
	assert_non_null(made(desk));
}

/* What is wrong before anything is made. */
static void test_usage(void **state)
{
	static const struct {
		const char *line;
		enum command_exit status;
		const char *text;
	} rows[] = {
		{"abort", COMMAND_USAGE, ""},
		{"abort No_Name", COMMAND_USAGE, "expected the name of a canary"},
		{"abort cart --timeout soon", COMMAND_USAGE, "--timeout"},
		{"abort nobody", COMMAND_NOT_FOUND,
	         "there is no canary \"nobody\" in namespace shop"},
		{"abort broken", COMMAND_VERB_REFUSED, "broken has no release yet"},
		{"undo cart --to x", COMMAND_USAGE, "expected the number of a release"},
		{"undo cart --to 0", COMMAND_USAGE, "expected the number of a release"},
		{"undo cart --to 9", COMMAND_VERB_REFUSED, "there is no cart-9 any more"},
		{"undo cart", COMMAND_VERB_REFUSED, "there is none before cart-1"},
		{"undo cart --to 2", COMMAND_USAGE, "--yes says so"},
	};
	struct command_desk *desk = *state;
	char line[400];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		command_desk_run(desk, rows[i].line);
		if (desk->status != rows[i].status || !strstr(desk->trouble, rows[i].text))
			fail_msg("%s: %d %s", rows[i].line, (int)desk->status, desk->trouble);
	}
	/* Characters are counted, not bytes; one too many is told. */
	(void)snprintf(line, sizeof(line), "abort cart --reason %0257d", 1);
	command_desk_run(desk, line);
	assert_int_equal(desk->status, COMMAND_USAGE);
	assert_non_null(
		strstr(desk->trouble, "--reason: expected at most 256 characters, got 257"));
	assert_null(apiserver_at(desk->server, "actions", 0));
}

static void undo(struct command_desk *desk, const char *says, enum command_exit status)
{
	char text[16];

	(void)snprintf(text, sizeof(text), "%s", says);
	desk->in = fmemopen(text, strlen(text), "r");
	assert_non_null(desk->in);
	command_desk_run(desk, "undo cart --to 2");
	assert_int_equal(desk->status, status);
	assert_int_equal(fclose(desk->in), 0);
	desk->in = NULL;
}

/* Undo says what it would do and asks; the number goes into the Action. */
static void test_undo(void **state)
{
	struct command_desk *desk = *state;

	undo(desk, "n\n", COMMAND_FAILED);
	assert_non_null(strstr(desk->trouble, "nothing was done"));
	undo(desk, "\n", COMMAND_FAILED);
	undo(desk, "yesterday\n", COMMAND_FAILED);
	assert_null(apiserver_at(desk->server, "actions", 0));
	undo(desk, "y\n", COMMAND_OK);
	assert_non_null(strstr(desk->out, "cart-2 (cart:v2) comes back in place of cart-1"));
	assert_int_equal(kube_tree_whole(made(desk), "spec/to", 0), 2);
	command_desk_run(desk, "undo cart --to 2 --yes");
	assert_int_equal(desk->status, COMMAND_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_accepted, set_up, command_desk_tear_down),
		cmocka_unit_test_setup_teardown(test_verbs, set_up, command_desk_tear_down),
		cmocka_unit_test_setup_teardown(test_refused, set_up, command_desk_tear_down),
		cmocka_unit_test_setup_teardown(test_unanswered, set_up, command_desk_tear_down),
		cmocka_unit_test_setup_teardown(test_usage, set_up, command_desk_tear_down),
		cmocka_unit_test_setup_teardown(test_undo, set_up, command_desk_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
