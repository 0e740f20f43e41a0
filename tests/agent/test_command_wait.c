/* wait: what it waits for, how it ends, and what the shell gets. */
#include "agent/command/command_source.h"
#include "analysis/base/compiler.h"
#include "tests/agent/command_desk.h"
#include "tests/agent/command_schema.h"

#include <jansson.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define RELEASES "/apis/serin.dev/v1alpha1/namespaces/shop/releases"
#define PATIENCE 20000 /* ms until a text must have come */

#define ENDED(outcome)                                                  \
 "{'status':{'phase':'Done','outcome':'" outcome "','ending':'" outcome \
 "','reason':'so it "                                                   \
 "ended','times':{'started':'2025-11-21T07:57:50Z','finished':'2025-11-21T08:05:00Z'}}}"

/* Somebody who reads the progress, and then changes the cluster. */
struct watcher {
	struct command_desk *desk;
	const char *first; /* what must come before */
	const char *made;  /* a Release, or NULL */
	const char *url;   /* of a status … */
	const char *body;  /* … and what becomes of it */
	int end;
	char output[4096];
	size_t length;
};

static void *read_on(void *user)
{
	struct watcher *watcher = user;
	struct pollfd ready = {.fd = watcher->end, .events = POLLIN};
	ssize_t length;

	while (!strstr(watcher->output, watcher->first) && poll(&ready, 1, PATIENCE) > 0) {
		length = read(watcher->end, watcher->output + watcher->length,
		              sizeof(watcher->output) - 1 - watcher->length);
		if (length <= 0)
			return NULL;
		watcher->length += (size_t)length;
	}
	if (watcher->made)
		command_desk_write(watcher->desk, HTTP_POST, RELEASES, watcher->made);
	command_desk_write(watcher->desk, HTTP_PATCH, watcher->url, watcher->body);
	while ((length = read(watcher->end, watcher->output + watcher->length,
	                      sizeof(watcher->output) - 1 - watcher->length)) > 0)
		watcher->length += (size_t)length;
	return NULL;
}

static void run(struct watcher *watcher, const char *line)
{
	command_desk_stream(watcher->desk, line, read_on, watcher, &watcher->end);
}

/* A run that is under way, and the ends it may come to. */
static void test_end(void **state)
{
	static const struct {
		const char *line;
		const char *body;
		enum command_exit status;
		const char *trouble;
	} rows[] = {
		{"wait cart --image cart:v3", ENDED("promoted"), COMMAND_OK, ""},
		{"wait cart --image cart:v3", ENDED("skipped"), COMMAND_OK, ""},
		{"wait cart --image cart:v3", ENDED("rolled_back"), COMMAND_ENDED_OTHERWISE,
	         "serin wait: cart-3 ended otherwise: ROLLED BACK: so it ended\n"},
		{"wait cart --image cart:v3", ENDED("superseded"), COMMAND_ENDED_OTHERWISE,
	         "serin wait: cart-3 ended otherwise: superseded: so it ended\n"},
		{"wait cart --image cart:v3 --for failed", ENDED("rolled_back"), COMMAND_OK, ""},
		{"wait cart --image cart:v3 --for failed", ENDED("cancelled"), COMMAND_OK, ""},
		{"wait cart --image cart:v3 --for failed", ENDED("promoted"),
	         COMMAND_ENDED_OTHERWISE,
	         "serin wait: cart-3 ended otherwise: promoted: so it ended\n"},
	};

	(void)state;
	for (size_t i = 0; i < array_length(rows); i++) {
		struct command_desk *desk = command_desk_new();
		struct watcher watcher = {
			.desk = desk,
			.first = "cart-3 (cart:v3): Progressing 20%",
			.url = RELEASES "/cart-3/status",
			.body = rows[i].body,
		};

		command_desk_cast(desk);
		run(&watcher, rows[i].line);
		if (desk->status != rows[i].status)
			fail_msg("%s: %d %s", rows[i].line, (int)desk->status, desk->trouble);
		assert_string_equal(desk->trouble, rows[i].trouble);
		command_desk_free(desk);
	}
}

/* A pipeline comes before the agent has seen the new template. */
static void test_not_yet(void **state)
{
	struct watcher watcher = {
		.desk = *state,
		.first = "cart: no such release yet\n",
		.made = "{'apiVersion':'serin.dev/v1alpha1','kind':'Release','metadata':{'name':"
			"'cart-4','labels':{'serin.dev/canary':'cart'}},'spec':{'canary':{'name':"
			"'cart','uid':'u'},'cause':'revision','digest':'4d9c1e02c4f','template':{"
			"'metadata':{'annotations':{'serin.dev/commit':'8c8f3f0d'}},'spec':{"
			"'containers':[{'name':'cart','image':'cart:new'}]}}}}",
		.url = RELEASES "/cart-4/status",
		.body = ENDED("promoted"),
	};

	run(&watcher, "wait cart --commit 8c8f3f0d2f66 --timeout 1m");
	assert_string_equal(watcher.desk->trouble, "");
	assert_int_equal(watcher.desk->status, COMMAND_OK);
	assert_non_null(strstr(watcher.output, "\ncart-4 (cart:new): promoted"));
}

/* What is there already, and what is wrong. */
static void test_at_once(void **state)
{
	static const struct {
		const char *line;
		enum command_exit status;
		const char *trouble;
	} rows[] = {
		/* the newest is over */
		{"wait till --image till:v1", COMMAND_OK, ""},
		{"wait till --image till:v1 --for failed", COMMAND_ENDED_OTHERWISE, "initialized"},
		/* of an earlier time: another is under way since */
		{"wait cart --image cart:v2 --timeout 50ms", COMMAND_TIMED_OUT,
	         "no such release came before --timeout was over"},
		{"wait cart --image cart:v3 --timeout 50ms", COMMAND_TIMED_OUT,
	         "it was still under way when --timeout was over"},
		{"wait cart --image art:v3 --timeout 50ms", COMMAND_TIMED_OUT, "no such release"},
		{"wait cart --image cart:v3 --digest sha256:00 --timeout 50ms", COMMAND_TIMED_OUT,
	         "no such release"},
		{"wait nobody --image cart:v3", COMMAND_NOT_FOUND,
	         "no canary \"nobody\" in namespace \"shop\""},
		{"wait cart", COMMAND_USAGE, "expected --image, --digest or --commit"},
		{"wait cart --commit 12345", COMMAND_USAGE, "expected at least 7 digits"},
		{"wait cart --image x --for ever", COMMAND_USAGE, "expected promoted or failed"},
		{"wait cart --image x --timeout soon", COMMAND_USAGE, "--timeout: "},
		{"wait No_Name --image x", COMMAND_USAGE, "expected the name of a canary"},
	};
	struct command_desk *desk = *state;

	for (size_t i = 0; i < array_length(rows); i++) {
		command_desk_run(desk, rows[i].line);
		if (desk->status != rows[i].status || !strstr(desk->trouble, rows[i].trouble))
			fail_msg("%s: %d %s", rows[i].line, (int)desk->status, desk->trouble);
	}
	command_desk_run(desk, "wait till --image till:v1 -o json");
	command_schema_check("history", desk->out);
	assert_non_null(strstr(desk->out, "\"till-1\""));
}

/* One line on a terminal, and an end to it. */
static void test_terminal(void **state)
{
	struct command_desk *desk = *state;

	desk->screen = (struct command_screen){.is_terminal = true, .columns = 60};
	command_desk_run(desk, "wait cart --image cart:v3 --timeout 1200ms");
	assert_int_equal(desk->status, COMMAND_TIMED_OUT);
	assert_int_equal(strncmp(desk->out, "\r\x1b[Kcart-3 (cart:v3): Progressing", 33), 0);
	assert_null(strstr(strchr(desk->out, '\n') + 1, "\n"));
}

/* The server is gone: that is told, and the time goes on. */
static void test_lost(void **state)
{
	struct command_desk *desk = *state;

	command_desk_cut(desk);
	command_desk_run(desk, "wait cart --image cart:v3 --timeout 50ms");
	assert_int_equal(desk->status, COMMAND_FAILED);
}

static json_t *release_with(const char *image, const char *key, const char *value)
{
	json_t *release = json_pack("{s:{s:{s:{s:{s:s}}, s:{s:[{s:s, s:s}]}}}}", "spec", "template",
	                            "metadata", "annotations", key, value, "spec", "containers",
	                            "name", "app", "image", image);

	assert_non_null(release);
	return release;
}

static void test_source(void **state)
{
	static const struct {
		const char *image;
		const char *commit; /* of the annotation */
		const char *asked;
		bool is_image, is_digest, is_commit;
	} rows[] = {
		{"reg:5000/shop/cart:v2", "", "cart:v2", true, false, false},
		{"reg:5000/shop/cart:v2", "", "shop/cart:v2", true, false, false},
		{"reg:5000/shop/cart:v2", "", "reg:5000/shop/cart:v2", true, false, false},
		{"cart:v2", "", "cart:v2", true, false, false},
		/* a part of a name, a name without its tag, nothing */
		{"shop/smart-cart:v2", "", "cart:v2", false, false, false},
		{"shop/cart:v2", "", "cart", false, false, false},
		{"shop/cart:v2", "", "", false, false, false},
		/* pinned: by its tag, by its digest, by both */
		{"shop/cart:v2@sha256:abcd", "", "cart:v2", true, false, false},
		{"shop/cart:v2@sha256:abcd", "", "sha256:abcd", false, true, false},
		{"shop/cart:v2@sha256:abcd", "", "abcd", false, true, false},
		{"shop/cart:v2@sha256:abcd", "", "cart:v2@sha256:abcd", true, false, false},
		{"shop/cart:v2@sha256:abcd", "", "abc", false, false, false},
		/* the annotation; either may be cut, not below seven digits */
		{"cart:v2", "1a2b3c4d5e6f", "1a2b3c4d5e6f", false, false, true},
		{"cart:v2", "1a2b3c4d5e6f", "1A2B3C4", false, false, true},
		{"cart:v2", "1a2b3c4", "1a2b3c4d5e6f", false, false, true},
		{"cart:v2", "1a2b3c", "1a2b3c4d5e6f", false, false, false},
		{"cart:v2", "1a2b3c4d5e6f", "1a2b3c5", false, false, false},
		/* the tag, whole or a word of it; not the name, nor the port */
		{"cart:1a2b3c4d", "", "1a2b3c4", false, false, true},
		{"cart:main-1a2b3c4d-17", "", "1a2b3c4d5e", false, false, true},
		{"1a2b3c4d/cart:v2", "", "1a2b3c4d", false, false, false},
		{"reg:5000000/cart", "", "5000000", false, false, false},
		{"cart:v2@sha256:1a2b3c4d", "", "1a2b3c4", false, false, false},
	};

	(void)state;
	for (size_t i = 0; i < array_length(rows); i++) {
		json_t *release = release_with(rows[i].image, "org.opencontainers.image.revision",
		                               rows[i].commit);

		if (command_source_has_image(release, rows[i].asked) != rows[i].is_image ||
		    command_source_has_digest(release, rows[i].asked) != rows[i].is_digest ||
		    command_source_has_commit(release, rows[i].asked) != rows[i].is_commit)
			fail_msg("%s with commit \"%s\", asked for %s", rows[i].image,
			         rows[i].commit, rows[i].asked);
		json_decref(release);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_source),
		cmocka_unit_test(test_end),
		cmocka_unit_test_setup_teardown(test_not_yet, command_desk_set_up,
	                                        command_desk_tear_down),
		cmocka_unit_test_setup_teardown(test_at_once, command_desk_set_up,
	                                        command_desk_tear_down),
		cmocka_unit_test_setup_teardown(test_terminal, command_desk_set_up,
	                                        command_desk_tear_down),
		cmocka_unit_test_setup_teardown(test_lost, command_desk_set_up,
	                                        command_desk_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
