#include "tests/agent/command_desk.h"
#include "tests/agent/command_schema.h"
#include "tests/agent/golden.h"
#include "tests/providers/mistakes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

static int set_up(void **state)
{
	*state = command_desk_new();
	return 0;
}

static void test_text(void **state)
{
	struct command_desk *desk = *state;

	command_desk_run(desk, "lint tests/golden/lint-bad.yaml");
	assert_string_equal(desk->trouble, "");
	golden_check("lint-bad.txt", desk->out);
	assert_int_equal(desk->status, COMMAND_REFUSED);
}

static void test_colours(void **state)
{
	struct command_desk *desk = *state;

	desk->screen = (struct command_screen){.is_terminal = true, .has_colour = true};
	command_desk_run(desk, "lint tests/golden/lint-bad.yaml");
	assert_non_null(strstr(desk->out, "\x1b["));
	desk->screen = (struct command_screen){0};
}

static void test_json(void **state)
{
	struct command_desk *desk = *state;

	command_desk_run(desk, "lint -o json tests/golden/lint-bad.yaml");
	golden_check("lint-bad.json", desk->out);
	command_schema_check("lint", desk->out);
	assert_int_equal(desk->status, COMMAND_REFUSED);
}

/* What is shipped is free of errors and warnings. */
static void test_shipped(void **state)
{
	struct command_desk *desk = *state;

	command_desk_run(desk, "lint manifests");
	assert_string_equal(desk->out, "6 objects checked in 5 files: 0 errors, 0 warnings\n");
	assert_int_equal(desk->status, COMMAND_OK);
}

/* The desk takes its folder away when there is no other in it. */
static void empty(const struct command_desk *desk)
{
	static const char *const names[] = {"b.yaml", "a.yml", ".hidden.yaml", "c.txt", ""};
	char path[160];

	for (size_t i = 0; i < array_length(names); i++) {
		(void)snprintf(path, sizeof(path), "%s/m/%s", desk->folder, names[i]);
		assert_int_equal(remove(path), 0);
	}
}

/* A folder: at any depth, only manifests of ours, hidden ones left out; a file is always read. */
static void test_folders(void **state)
{
	static const char provider[] =
		"apiVersion: flagger.app/v1beta1\nkind: AlertProvider\nmetadata: {name: a}\nspec: {type: slak, address: x}\n";
	struct command_desk *desk = *state;
	char path[160];
	char line[256];
	char want[1024];

	(void)snprintf(path, sizeof(path), "%s/m", desk->folder);
	assert_int_equal(mkdir(path, 0700), 0);
	command_desk_file(desk, "m/b.yaml", provider, path);
	command_desk_file(desk, "m/a.yml", "services: &anchor\n  - x\n", path);
	command_desk_file(desk, "m/.hidden.yaml", provider, path);
	command_desk_file(desk, "m/c.txt", provider, path);
	(void)snprintf(line, sizeof(line), "lint %s/m", desk->folder);
	command_desk_run(desk, line);
	(void)snprintf(want, sizeof(want),
	               "%s/m/b.yaml:4:14: spec.type: expected slack, msteams, discord, rocket, "
	               "gchat, got \"slak\"; did you mean \"slack\"?\n"
	               "1 object checked in 1 file: 1 error, 0 warnings\n",
	               desk->folder);
	assert_string_equal(desk->out, want);
	(void)snprintf(line, sizeof(line), "lint %s/m/a.yml", desk->folder);
	command_desk_run(desk, line);
	assert_non_null(strstr(desk->out, "a.yml:1:11: anchors are not supported\n"));
	empty(desk);
}

static void test_files_that_are_not_there(void **state)
{
	struct command_desk *desk = *state;

	command_desk_run(desk, "lint /nowhere/canary.yaml");
	assert_string_equal(desk->trouble,
	                    "serin lint: /nowhere/canary.yaml: No such file or directory\n");
	assert_int_equal(desk->status, COMMAND_FAILED);
	command_desk_run(desk, "lint");
	assert_int_equal(desk->status, COMMAND_USAGE);
}

static void test_limits(void **state)
{
	struct command_desk *desk = *state;
	char path[160];
	char line[256];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/large.yaml", desk->folder);
	file = fopen(path, "w");
	assert_non_null(file);
	for (int i = 0; i < 4 * 1024 + 1; i++)
		(void)fprintf(file, "%1023s\n", "#");
	assert_int_equal(fclose(file), 0);
	(void)snprintf(line, sizeof(line), "lint %s", path);
	command_desk_run(desk, line);
	assert_non_null(strstr(desk->trouble, "large.yaml: expected at most 4194304 bytes"));
	assert_int_equal(desk->status, COMMAND_FAILED);
}

static void test_provider(void **state)
{
	struct command_desk *desk = *state;
	char path[160];
	char line[256];

	command_desk_file(
		desk, "c.yaml",
		"apiVersion: flagger.app/v1beta1\nkind: Canary\nmetadata: {name: a}\nspec:\n"
		"  targetRef: {apiVersion: apps/v1, kind: Deployment, name: a}\n"
		"  service: {port: 80}\n  analysis: {iterations: 1, interval: 1m}\n",
		path);
	(void)snprintf(line, sizeof(line), "lint --mesh-provider contour %s", path);
	command_desk_run(desk, line);
	assert_non_null(strstr(desk->out, ":4:1: spec.provider: " MISTAKES_PROVIDERS
	                                  ", got the default \"contour\"\n"));
	(void)snprintf(line, sizeof(line), "lint --mesh-provider kubernetes %s", path);
	command_desk_run(desk, line);
	assert_string_equal(desk->out, "1 object checked in 1 file: 0 errors, 0 warnings\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),    cmocka_unit_test(test_colours),
		cmocka_unit_test(test_json),    cmocka_unit_test(test_shipped),
		cmocka_unit_test(test_folders), cmocka_unit_test(test_files_that_are_not_there),
		cmocka_unit_test(test_limits),  cmocka_unit_test(test_provider),
	};

	return cmocka_run_group_tests(tests, set_up, command_desk_tear_down);
}
