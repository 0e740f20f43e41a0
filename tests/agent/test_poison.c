/* A canary that was in hand when the process aborted, twice, is left alone; the others are not. */
#include "agent/poison.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* A process that aborts with NAME in hand, having finished with another one before. */
static void abort_with(const char *path, const char *name)
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		struct poison *poison = poison_new(path, NULL);

		poison_enter(poison, "shop", "healthy");
		poison_leave(poison);
		poison_enter(poison, "shop", name);
		_exit(99); /* as abrupt as abort(), without a core file */
	}
	assert_int_equal(waitpid(child, &status, 0), child);
}

static bool is_quarantined(const char *path, const char *name)
{
	struct poison *poison = poison_new(path, NULL);
	bool is = poison_is_quarantined(poison, "shop", name);

	poison_free(poison);
	return is;
}

static int setup(void **state)
{
	char *path = malloc(64);
	int fd;

	(void)snprintf(path, 64, "/tmp/serin-poison-XXXXXX");
	fd = mkstemp(path);
	*state = path;
	return fd < 0 || close(fd) != 0;
}

static int teardown(void **state)
{
	int failed = unlink(*state);

	free(*state);
	return failed;
}

static void test_two_aborts_quarantine_one(void **state)
{
	const char *path = *state;

	abort_with(path, "cart");
	assert_false(is_quarantined(path, "cart"));
	abort_with(path, "cart");
	assert_true(is_quarantined(path, "cart"));
	assert_false(is_quarantined(path, "healthy"));
	assert_false(is_quarantined(path, "other"));
	/* It stays so over further starts. */
	assert_true(is_quarantined(path, "cart"));
}

static void test_aborts_of_different_canaries(void **state)
{
	const char *path = *state;

	abort_with(path, "cart");
	abort_with(path, "desk");
	assert_false(is_quarantined(path, "cart"));
	assert_false(is_quarantined(path, "desk"));
}

static void test_pardon(void **state)
{
	const char *path = *state;
	struct poison *poison;

	abort_with(path, "cart");
	abort_with(path, "cart");
	poison = poison_new(path, NULL);
	poison_pardon(poison, "shop", "cart");
	assert_false(poison_is_quarantined(poison, "shop", "cart"));
	poison_free(poison);
	assert_false(is_quarantined(path, "cart"));
}

/* A file that is not ours, or cut short, counts for nothing. */
static void test_foreign_file(void **state)
{
	FILE *file = fopen(*state, "we");

	assert_non_null(file);
	assert_true(fputs("something else entirely", file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_false(is_quarantined(*state, "cart"));
	abort_with(*state, "cart");
	abort_with(*state, "cart");
	assert_true(is_quarantined(*state, "cart"));
}

static void test_no_file(void **state)
{
	struct err err = {0};

	(void)state;
	assert_null(poison_new("/nonexistent/in-hand", &err));
	assert_int_equal(err.kind, ERR_SYSTEM);
	assert_false(poison_is_quarantined(NULL, "shop", "cart"));
	poison_enter(NULL, "shop", "cart");
	poison_leave(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_two_aborts_quarantine_one, setup, teardown),
		cmocka_unit_test_setup_teardown(test_aborts_of_different_canaries, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pardon, setup, teardown),
		cmocka_unit_test_setup_teardown(test_foreign_file, setup, teardown),
		cmocka_unit_test(test_no_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
