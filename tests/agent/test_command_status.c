#include "tests/agent/command_desk.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static int set_up(void **state)
{
	*state = command_desk_new();
	command_desk_cast(*state);
	return 0;
}

static int tear_down(void **state)
{
	command_desk_free(*state);
	return 0;
}

static void test_show(void **state)
{
	struct command_desk *desk = *state;
	static const char *const lines[] = {"status cart", "status", "list", "list -o wide -A", "history", "history -o json", "status -o yaml till", "list -o json cart"};

	for (size_t k = 0; k < 3; k++) {
		desk->screen = (struct command_screen){.columns = k == 0 ? 80 : k == 1 ? 200 : 0, .is_utf8 = k == 1, .has_colour = k == 1};
		for (size_t i = 0; i < array_length(lines); i++) {
			command_desk_run(desk, lines[i]);
			printf("$ %s [%d]\n%s%s\n", lines[i], (int)desk->status, desk->out, desk->trouble);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_show, set_up, tear_down),
	};

	(void)setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
