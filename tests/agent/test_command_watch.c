/* -w: a command that goes on, told by a cluster that changes while it runs. */
#include "analysis/base/compiler.h"
#include "tests/agent/command_desk.h"

#include <locale.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define OUTPUT_MAX 65536
#define PATIENCE   20000 /* ms until a text must have come */
#define STATUS     "/apis/serin.dev/v1alpha1/namespaces/shop/releases/cart-3/status"

/* Somebody at the other end of the pipe, who reads, writes to the cluster, and presses Ctrl-C. */
struct reader {
	struct command_desk *desk;
	const char *first;  /* what must come before the change */
	const char *second; /* and after it */
	bool is_cut;        /* the change: the server goes away */
	int end;
	char output[OUTPUT_MAX];
	size_t length;
	bool has_seen;
};

/* Read until TEXT came, from FROM on. */
static bool await(struct reader *reader, const char *text, size_t from)
{
	struct pollfd ready = {.fd = reader->end, .events = POLLIN};

	while (!strstr(reader->output + from, text)) {
		ssize_t length;

		if (poll(&ready, 1, PATIENCE) <= 0 || reader->length + 1 >= OUTPUT_MAX)
			return false;
		length = read(reader->end, reader->output + reader->length,
		              OUTPUT_MAX - 1 - reader->length);
		if (length <= 0)
			return false;
		reader->length += (size_t)length;
	}
	return true;
}

static void *read_on(void *user)
{
	struct reader *reader = user;
	size_t before;

	reader->has_seen = await(reader, reader->first, 0);
	before = reader->length;
	if (reader->has_seen && reader->is_cut) {
		command_desk_cut(reader->desk);
		/* the second time the trouble of the first one is told */
		reader->has_seen = await(reader, reader->second, before);
		before = reader->length;
		reader->has_seen = reader->has_seen && await(reader, reader->second, before);
	} else if (reader->has_seen) {
		command_desk_write(reader->desk, HTTP_PATCH, STATUS,
		                   "{'status':{'weight':{'from':20,'to':30,'seenShare':0.2},"
		                   "'reason':'Advance cart.shop canary weight 30'}}");
		reader->has_seen = await(reader, reader->second, before);
	}
	(void)kill(getpid(), SIGINT);
	return NULL;
}

/* Run LINE; what it wrote is in the reader. */
static void watch(struct reader *reader, const char *line)
{
	command_desk_stream(reader->desk, line, read_on, reader, &reader->end);
	if (!reader->has_seen)
		fail_msg("%s: %s, %s", line, reader->output, reader->desk->trouble);
	assert_int_equal(reader->desk->status, COMMAND_OK);
}

/* Lines are appended: first all, then what changed, without titles. */
static void test_append(void **state)
{
	struct reader reader = {
		.desk = *state,
		.first = "till:v1",
		.second = "30%",
	};
	const char *title;

	watch(&reader, "list -w");
	title = strstr(reader.output, "NAME ");
	assert_non_null(title);
	assert_null(strstr(title + 1, "NAME "));
	title = strstr(reader.output, "\ncart ") + 1;
	assert_non_null(strstr(title, "\ncart ")); /* below its former self */
	assert_int_equal(strcspn(title, "%"), strcspn(strstr(title, "\ncart ") + 1, "%"));
	assert_non_null(strstr(reader.output, "30%"));
	assert_null(strstr(strstr(reader.output, "\ntill ") + 1, "\ntill "));
	assert_null(strchr(reader.output, '\x1b'));
}

/* A terminal is cleared and shows all again. */
static void test_redraw(void **state)
{
	struct reader reader = {
		.desk = *state,
		.first = "last",
		.second = "Progressing 30% (seen 20.0%)",
	};

	reader.desk->screen = (struct command_screen){.is_terminal = true, .columns = 80};
	watch(&reader, "status cart -w");
	assert_int_equal(strncmp(reader.output, "\x1b[H\x1b[2J", 7), 0);
}

/* A program gets one document a line. */
static void test_json(void **state)
{
	struct reader reader = {
		.desk = *state,
		.first = "}\n",
		.second = "\"set\":30",
	};

	watch(&reader, "status cart -o json --watch");
	assert_int_equal(strncmp(reader.output, "{\"canaries\":[{", 14), 0);
	assert_int_equal(strncmp(strchr(reader.output, '\n') + 1, "{\"canaries\":[{", 14), 0);
}

/* Releases, too: all of them first, then the one that changed, below it and without titles. */
static void test_history(void **state)
{
	struct reader reader = {
		.desk = *state,
		.first = "cart-2 ",
		.second = "cart-3 ",
	};
	const char *first;
	const char *again;

	watch(&reader, "history cart --watch");
	first = strstr(reader.output, "\ncart-3 ");
	assert_non_null(first);
	assert_non_null(strstr(reader.output, "RELEASE "));
	again = strstr(first + 1, "\ncart-3 ");
	assert_non_null(again);
	assert_null(strstr(again + 1, "RELEASE "));
	assert_null(strstr(strstr(reader.output, "\ncart-2 ") + 1, "\ncart-2 "));
}

/* While it goes on, time is what the server writes beside its objects. */
static void test_clock(void **state)
{
	struct reader reader = {
		.desk = *state,
		.first = "  2m10s of 5m",
		.second = "  1h2m of 5m",
	};

	reader.desk->later = span_seconds(3600);
	watch(&reader, "status cart -w");
}

/* A screen that is written anew says that it is old. */
static void test_cut(void **state)
{
	struct reader reader = {
		.desk = *state,
		.first = "last",
		.second = "\x1b[H\x1b[2J",
		.is_cut = true,
	};

	reader.desk->screen = (struct command_screen){.is_terminal = true, .columns = 80};
	watch(&reader, "status cart -w");
	assert_non_null(strstr(reader.desk->trouble, "\nserin status: shown is what was known: "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_append, command_desk_set_up,
	                                        command_desk_tear_down),
		cmocka_unit_test_setup_teardown(test_redraw, command_desk_set_up,
	                                        command_desk_tear_down),
		cmocka_unit_test_setup_teardown(test_json, command_desk_set_up,
	                                        command_desk_tear_down),
		cmocka_unit_test_setup_teardown(test_cut, command_desk_set_up,
	                                        command_desk_tear_down),
		cmocka_unit_test_setup_teardown(test_history, command_desk_set_up,
	                                        command_desk_tear_down),
		cmocka_unit_test_setup_teardown(test_clock, command_desk_set_up,
	                                        command_desk_tear_down),
	};

	(void)setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
