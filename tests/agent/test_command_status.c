/* status, list, history and the frame around them, against a cluster behind real HTTP. */
#include "analysis/base/compiler.h"
#include "tests/agent/command_desk.h"
#include "tests/agent/command_schema.h"

#include <jansson.h>
#include <locale.h>
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define DOCS_MAX 65536 /* bytes of docs/commands.md */

#define GOLDEN_MAX 16384

/* The output is what tests/agent/golden/NAME.txt has. With GOLDEN=write in the environment the file
 * is made from it, to be looked at and committed. */
static void check_golden(const char *name, const char *output)
{
	const char *mode = getenv("GOLDEN");
	char path[128];
	char wanted[GOLDEN_MAX];
	FILE *file;

	(void)snprintf(path, sizeof(path), "tests/agent/golden/%s.txt", name);
	if (mode && strcmp(mode, "write") == 0) {
		file = fopen(path, "w");
		assert_non_null(file);
		(void)fputs(output, file);
		assert_int_equal(fclose(file), 0);
	}
	file = fopen(path, "r");
	if (!file)
		fail_msg("no %s", path);
	wanted[fread(wanted, 1, sizeof(wanted) - 1, file)] = '\0';
	(void)fclose(file);
	assert_string_equal(output, wanted);
}

static void test_screens(void **state)
{
	static const struct {
		const char *golden;
		const char *line;
		struct command_screen screen;
	} rows[] = {
		/* a narrow terminal without colours and without UTF-8 */
		{"status-80-plain", "status", {.is_terminal = true, .columns = 80}},
		/* the same with both */
		{"status-80-colour",
	         "status cart",
	         {.is_terminal = true, .columns = 80, .has_colour = true, .is_utf8 = true}},
		/* a wide one */
		{"status-200-plain", "status cart", {.is_terminal = true, .columns = 200}},
		{"status-200-colour",
	         "status",
	         {.is_terminal = true, .columns = 200, .has_colour = true, .is_utf8 = true}},
		/* a file: nothing is broken or cut */
		{"status-file", "status cart -o wide", {.columns = 0}},
		/* a watch of a terminal with 40 columns would break everything */
		{"status-40-plain", "status cart", {.is_terminal = true, .columns = 40}},
		{"list-80-plain", "list -A", {.is_terminal = true, .columns = 80}},
		{"list-200-colour",
	         "list -A -o wide",
	         {.is_terminal = true, .columns = 200, .has_colour = true, .is_utf8 = true}},
		/* columns give way when they must */
		{"list-60-plain", "list -A", {.is_terminal = true, .columns = 60}},
		{"history-80-plain", "history", {.is_terminal = true, .columns = 80}},
		{"history-200-colour",
	         "history -o wide --all",
	         {.is_terminal = true, .columns = 200, .has_colour = true, .is_utf8 = true}},
	};
	struct command_desk *desk = *state;

	for (size_t i = 0; i < array_length(rows); i++) {
		desk->screen = rows[i].screen;
		command_desk_run(desk, rows[i].line);
		assert_int_equal(desk->status, COMMAND_OK);
		assert_string_equal(desk->trouble, "");
		check_golden(rows[i].golden, desk->out);
	}
}

/* No line of a table or card is wider than its screen, from 60 columns on. */
static void test_width(void **state)
{
	struct command_desk *desk = *state;

	for (int columns = 60; columns <= 200; columns += 10) {
		desk->screen = (struct command_screen){.is_terminal = true, .columns = columns};
		command_desk_run(desk, "status");
		for (const char *line = desk->out; *line; line += strcspn(line, "\n") + 1)
			if (strcspn(line, "\n") > (size_t)columns)
				fail_msg("%d columns: %.*s", columns, (int)strcspn(line, "\n"),
				         line);
	}
}

static void test_trees(void **state)
{
	struct command_desk *desk = *state;
	char why[256];

	command_desk_run(desk, "status -o json");
	command_schema_check("status", desk->out);
	assert_non_null(strstr(desk->out, "\"seen\": 19.7"));
	command_desk_run(desk, "list cart -ojson");
	command_schema_check("status", desk->out);
	command_desk_run(desk, "history --output=json --all");
	command_schema_check("history", desk->out);
	assert_non_null(strstr(desk->out, "\"outcome\": \"rolled_back\""));
	assert_non_null(strstr(desk->out, "\"cause\": \"init\""));
	command_desk_run(desk, "history -o json");
	assert_null(strstr(desk->out, "\"cause\": \"init\""));
	command_desk_run(desk, "version -o json");
	command_schema_check("version", desk->out);
	/* the validator can say no */
	assert_string_equal(command_schema_refusal("version", "{\"version\":1,\"commit\":\"\"}",
	                                           why),
	                    "$.version: another type");
	assert_string_equal(command_schema_refusal("version", "{\"version\":\"1\"}", why),
	                    "$: commit");
	command_desk_run(desk, "status till -o yaml");
	assert_non_null(strstr(desk->out, "canaries:\n- name: till\n  namespace: shop\n"));
	assert_non_null(strstr(desk->out, "  started: 2025-11-21T06:00:00.000Z\n"));
}

static void test_exits(void **state)
{
	static const struct {
		const char *line;
		enum command_exit status;
		const char *trouble;
	} rows[] = {
		{"status nobody", COMMAND_NOT_FOUND,
	         "serin status: no canary \"nobody\" in namespace \"shop\"\n"},
		{"history nobody", COMMAND_NOT_FOUND,
	         "serin history: no release of canary \"nobody\" in namespace \"shop\"\n"},
		{"history till", COMMAND_OK, "only initialisations: --all"},
		{"history cart --since 1m --result promoted", COMMAND_OK,
	         "no releases in namespace \"shop\" that --since and --result let through"},
		{"history --since 1week", COMMAND_USAGE,
	         "--since: expected an age (90m, 7d) or a time (2026-11-20, "
	         "2026-11-20T08:00:00Z), got \"1week\""},
		{"history --since -5m", COMMAND_USAGE, "--since: expected"},
		{"history --since 0d", COMMAND_USAGE, "--since: expected"},
		{"history --since 2025-13-01", COMMAND_USAGE, "--since: expected"},
		{"history --result rolledback", COMMAND_USAGE,
	         "--result: \"rolledback\": did you mean rolled_back?"},
		{"history --result promoted,", COMMAND_USAGE, "--result: expected open, promoted"},
		{"history --file x -w", COMMAND_USAGE, "expected --file or --watch, got both"},
		{"status ../x", COMMAND_USAGE, "expected the name of a canary"},
		{"status cart -A", COMMAND_USAGE, "expected a name or --all-namespaces, got both"},
		{"list -n shop -A", COMMAND_USAGE, "expected --namespace or --all-namespaces"},
		{"list -n ../../nodes", COMMAND_USAGE, "--namespace: expected a name"},
		{"list -n empty", COMMAND_OK, "serin list: no canaries in namespace \"empty\"\n"},
		{"list --namespce shop", COMMAND_USAGE, "did you mean --namespace?"},
		{"list -o xml", COMMAND_USAGE, "--output: expected wide|json|yaml, got \"xml\""},
		{"version -o wide", COMMAND_USAGE, "--output: expected json|yaml, got \"wide\""},
		{"list -x", COMMAND_USAGE, "-x: no such flag"},
		{"list a b", COMMAND_USAGE, "\"b\": expected no further argument"},
		{"list -n", COMMAND_USAGE, "--namespace: expected NAME after it"},
		{"list --watch=maybe", COMMAND_USAGE, "--watch: expected true or false"},
		{"staus", COMMAND_USAGE, "\"staus\": no such command; did you mean status?"},
		{"help staus", COMMAND_USAGE, "\"staus\": no such command; did you mean status?"},
		{"help demo", COMMAND_OK, ""},
		{"completion", COMMAND_USAGE, "expected bash|zsh|fish"},
		{"status --context other", COMMAND_FAILED,
	         "$.contexts: expected one named \"other\", got 1 others"},
		{"status --kubeconfig /nowhere/config", COMMAND_FAILED,
	         "/nowhere/config: No such file or directory"},
		{"history --file /nowhere/history.db", COMMAND_FAILED, "/nowhere/history.db"},
	};
	struct command_desk *desk = *state;

	for (size_t i = 0; i < array_length(rows); i++) {
		command_desk_run(desk, rows[i].line);
		if (desk->status != rows[i].status || !strstr(desk->trouble, rows[i].trouble))
			fail_msg("%s: %d, %s", rows[i].line, (int)desk->status, desk->trouble);
	}
}

/* Each command says what it is for, with an example that its own flags understand. */
static void test_help(void **state)
{
	struct command_desk *desk = *state;
	char line[128];

	for (size_t i = 0; command_table[i]; i++) {
		const struct command *command = command_table[i];

		(void)snprintf(line, sizeof(line), "%s --help", command->name);
		command_desk_run_as(desk, "/usr/bin/kubectl-canary", line);
		assert_int_equal(desk->status, COMMAND_OK);
		(void)snprintf(line, sizeof(line), "Usage: kubectl canary %s [FLAG]...",
		               command->name);
		assert_non_null(strstr(desk->out, line));
		(void)snprintf(line, sizeof(line), "\n  kubectl canary %s\n", command->example);
		assert_non_null(strstr(desk->out, line));
		assert_int_equal(strncmp(command->example, command->name, strlen(command->name)),
		                 0);
		command_desk_run(desk, "man");
		(void)snprintf(line, sizeof(line), ".SS serin %s ", command->name);
		assert_non_null(strstr(desk->out, line));
	}
	command_desk_run(desk, "");
	assert_int_equal(desk->status, COMMAND_USAGE);
	command_desk_run(desk, "help");
	assert_non_null(strstr(desk->out, "Serve Canaries in a cluster"));
	command_desk_run(desk, "help status");
	assert_non_null(strstr(desk->out, "serin status cart -n shop -w"));
}

static void run_bash(const char *script)
{
	char *words[] = {strdup("bash"), strdup(script), NULL};
	pid_t child;
	int status;

	assert_int_equal(posix_spawnp(&child, words[0], NULL, NULL, words, environ), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	free(words[0]);
	free(words[1]);
}

static void read_text(const char *path, char *ret, size_t size)
{
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	ret[fread(ret, 1, size - 1, file)] = '\0';
	assert_true(feof(file)); /* else it is longer than what is compared */
	(void)fclose(file);
}

/* The table of exit codes is in the docs, too, and so is each command with its flags. */
static void test_docs(void **state)
{
	char docs[DOCS_MAX];
	char line[256];

	(void)state;
	read_text("docs/commands.md", docs, sizeof(docs));
	assert_true(strlen(docs) + 1 < sizeof(docs)); /* whole */
	for (size_t i = 0; i < COMMAND_EXITS_MAX; i++) {
		(void)snprintf(line, sizeof(line), "\n| %zu | %s |\n", i, command_exits[i]);
		assert_non_null(strstr(docs, line));
	}
	for (size_t i = 0; command_table[i]; i++) {
		const struct command *command = command_table[i];

		assert_non_null(strstr(docs, command->name));
		for (size_t k = 0; k < command->n_flags; k++) {
			(void)snprintf(line, sizeof(line), "--%s", command->flags[k].name);
			if (!strstr(docs, line))
				fail_msg("docs/commands.md: nothing of %s %s", command->name, line);
		}
	}
}

/* The completions know each command and each flag. */
static void test_completions(void **state)
{
	static const char *const shells[] = {"completion bash", "completion zsh",
	                                     "completion fish"};
	struct command_desk *desk = *state;

	for (size_t i = 0; i < array_length(shells); i++) {
		command_desk_run(desk, shells[i]);
		assert_int_equal(desk->status, COMMAND_OK);
		for (size_t k = 0; command_table[k]; k++)
			assert_non_null(strstr(desk->out, command_table[k]->name));
		assert_non_null(strstr(desk->out, "no-headers"));
		assert_non_null(strstr(desk->out, "kubectl-canary"));
	}
}

/* bash asks the program for canaries, in the namespace that was typed. */
static void test_completed_names(void **state)
{
	static const struct {
		const char *words;
		int at;
		const char *replies;
	} rows[] = {
		{"serin status -n shop c", 4, "cart cat\n"},
		{"serin explain -n shop --kubeconfig some t", 6, "till\n"},
		{"serin history '' -A", 2, "cart cat till\n"},
		/* flags and files stay what they were */
		{"serin history --re", 2, "--result\n"},
		{"serin lint READM", 2, "README.md\n"},
	};
	static const char stub[] =
		"serin() { case \"$*\" in 'list --no-headers'*) [ \"$*\" = 'list --no-headers' ] || "
		"[ \"$4\" = shop ] || exit 1; printf 'cart  Progressing\\ncat\\ntill  x\\n' ;; "
		"esac; }\n";
	struct command_desk *desk = *state;
	char path[160];
	char reply[160];
	char script[160];
	char text[1024];

	command_desk_run(desk, "completion bash");
	command_desk_file(desk, "completion", desk->out, path);
	for (size_t i = 0; i < array_length(rows); i++) {
		command_desk_file(desk, "reply", "", reply);
		(void)snprintf(text, sizeof(text),
		               "%ssource %s\nCOMP_WORDS=(%s) COMP_CWORD=%d\n_serin\n"
		               "echo \"${COMPREPLY[*]}\" >%s\n",
		               stub, path, rows[i].words, rows[i].at, reply);
		run_bash(command_desk_file(desk, "script", text, script));
		read_text(reply, text, sizeof(text));
		assert_string_equal(text, rows[i].replies);
	}
}

/* Times are the server's: they are held against its clock, not against this machine's. */
static void test_clocks(void **state)
{
	static const int64_t leads[] = {0, 1000, -1000, 7200000, -86400000};
	struct command_desk *desk = *state;

	for (size_t i = 0; i < array_length(leads); i++) {
		desk->lead = span_ms(leads[i]);
		command_desk_run(desk, "status cart");
		if (i != 1 && i != 2) /* as exact as whole seconds are */
			assert_non_null(strstr(desk->out, "  2m10s of 5m  "));
		assert_non_null(strstr(desk->out, "check, then 30% if all pass"));
		command_desk_run(desk, "history cart --since 2m --no-headers");
		assert_int_equal(strncmp(desk->out, "cart-3   cart:v1   cart:v3   2m", 31), 0);
		assert_null(strstr(desk->out, "cart-2"));
		command_desk_run(desk, "explain cart");
		assert_int_equal(desk->status, COMMAND_OK);
	}
}

/* Which releases --since and --result let through; cart-3 is open, cart-2 ended a day ago. */
static void test_choice(void **state)
{
	static const struct {
		const char *flags;
		const char *names; /* newest first */
	} rows[] = {
		{"", "cart-3 cart-2 "},
		{"--since 1h", "cart-3 "},
		{"--since 1d", "cart-3 cart-2 "},
		/* it ended 07:10 after that */
		{"--since 23h53m", "cart-3 cart-2 "},
		{"--since 23h52m", "cart-3 "},
		{"--since 2025-11-20", "cart-3 cart-2 "},
		{"--since 2025-11-20T08:07:11Z", "cart-3 "},
		{"--since 2025-11-21", "cart-3 "},
		{"--since 2d --all", "cart-3 cart-2 "},
		{"--since 3d --all", "cart-3 cart-2 cart-1 "},
		{"--result open", "cart-3 "},
		{"--result rolled_back", "cart-2 "},
		{"--result=rolled-back,open", "cart-3 cart-2 "},
		{"--result promoted --all", "cart-1 "},
		{"--result superseded", ""},
		{"--result rolled_back --since 1h", ""},
	};
	struct command_desk *desk = *state;
	char line[128];

	for (size_t i = 0; i < array_length(rows); i++) {
		char names[64] = "";
		json_t *root;
		size_t index;
		json_t *release;

		(void)snprintf(line, sizeof(line), "history cart -o json %s", rows[i].flags);
		command_desk_run(desk, line);
		assert_int_equal(desk->status, COMMAND_OK);
		root = json_loads(desk->out, 0, NULL);
		json_array_foreach(json_object_get(root, "releases"), index, release)
		{
			size_t length = strlen(names);

			(void)snprintf(names + length, sizeof(names) - length, "%s ",
			               json_string_value(json_object_get(release, "name")));
		}
		json_decref(root);
		if (strcmp(names, rows[i].names) != 0)
			fail_msg("%s: %s", line, names);
	}
}

/* Where there are no Releases, the Canaries still speak. */
static struct apiserver_resource without_releases[64];

static void test_no_releases(void **state)
{
	struct command_desk *desk;
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < apiserver_n_resources; i++)
		if (strcmp(apiserver_resources[i].plural, "releases") != 0)
			without_releases[n++] = apiserver_resources[i];
	desk = command_desk_new_with(without_releases, n);
	command_desk_write(desk, HTTP_POST, "/apis/flagger.app/v1beta1/namespaces/shop/canaries",
	                   "{'apiVersion':'flagger.app/v1beta1','kind':'Canary','metadata':{"
	                   "'name':'cart'},'spec':{'analysis':{'stepWeight':10}}}");
	command_desk_run(desk, "list");
	assert_int_equal(desk->status, COMMAND_OK);
	assert_non_null(strstr(desk->out, "cart"));
	assert_non_null(strstr(desk->trouble, "no Releases, so shown is what the Canaries say: "));
	command_desk_free(desk);
}

/* A run goes on under the last valid spec when the present one is refused: both are told. */
static void test_refused_in_mid_run(void **state)
{
	struct command_desk *desk = *state;

	command_desk_write(desk, HTTP_PATCH,
	                   "/apis/flagger.app/v1beta1/namespaces/shop/canaries/cart/status",
	                   "{'status':{'conditions':[{'type':'Ready','status':'False',"
	                   "'message':'spec.service: expected a port'}]}}");
	command_desk_run(desk, "status cart");
	assert_non_null(strstr(desk->out, "Progressing 20% (seen 19.7%)  under its last valid"));
	assert_non_null(strstr(desk->out, "  refused    spec.service: expected a port\n"));
	assert_non_null(strstr(desk->out, "  next       in 38s: check, then 30%"));
	command_desk_run(desk, "list cart");
	assert_non_null(strstr(desk->out, "Progressing"));
}

/* What a stranger wrote reaches no terminal as it is. */
static void test_control_characters(void **state)
{
	struct command_desk *desk = *state;

	command_desk_write(desk, HTTP_PATCH,
	                   "/apis/flagger.app/v1beta1/namespaces/shop/canaries/broken/status",
	                   "{'status':{'conditions':[{'type':'Ready','status':'False',"
	                   "'message':'a\\u001b[2Jb\\u0007 \\u009bc'}]}}");
	desk->screen = (struct command_screen){.is_terminal = true, .columns = 80};
	command_desk_run(desk, "status broken");
	assert_null(strchr(desk->out, '\x1b'));
	assert_non_null(strstr(desk->out, "a?[2Jb?"));
	desk->screen = (struct command_screen){.is_terminal = true, .is_utf8 = true, .columns = 80};
	command_desk_run(desk, "list -o wide");
	assert_null(strchr(desk->out, '\x1b'));
	assert_null(strstr(desk->out, "\xc2\x9b"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_screens, command_desk_set_up,
	                                        command_desk_tear_down),
		cmocka_unit_test_setup_teardown(test_width, command_desk_set_up,
	                                        command_desk_tear_down),
		cmocka_unit_test_setup_teardown(test_trees, command_desk_set_up,
	                                        command_desk_tear_down),
		cmocka_unit_test_setup_teardown(test_exits, command_desk_set_up,
	                                        command_desk_tear_down),
		cmocka_unit_test_setup_teardown(test_help, command_desk_set_up,
	                                        command_desk_tear_down),
		cmocka_unit_test(test_docs),
		cmocka_unit_test_setup_teardown(test_completions, command_desk_set_up,
	                                        command_desk_tear_down),
		cmocka_unit_test_setup_teardown(test_completed_names, command_desk_set_up,
	                                        command_desk_tear_down),
		cmocka_unit_test_setup_teardown(test_clocks, command_desk_set_up,
	                                        command_desk_tear_down),
		cmocka_unit_test_setup_teardown(test_choice, command_desk_set_up,
	                                        command_desk_tear_down),
		cmocka_unit_test(test_no_releases),
		cmocka_unit_test_setup_teardown(test_refused_in_mid_run, command_desk_set_up,
	                                        command_desk_tear_down),
		cmocka_unit_test_setup_teardown(test_control_characters, command_desk_set_up,
	                                        command_desk_tear_down),
	};

	(void)setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
