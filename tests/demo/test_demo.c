/* The demo: its lines as they are rendered, and the whole of it in a process of its own. */
#include "agent/demo/cluster.h"
#include "agent/demo/demo.h"
#include "agent/demo/demo_story.h"
#include "agent/demo/demo_traffic.h"
#include "agent/history_read.h"
#include "analysis/base/buf.h"
#include "tests/demo/ask.h"

#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define START 1763700000000

#define RELEASES "/apis/serin.dev/v1alpha1/namespaces/shop/releases"

/* Lines
 * ------------------------------------------------------------------------------------------------
 */

#define STATUS(rest) "{'status':{'seq':1," rest "}}"

static const char release[] =
	"{'apiVersion':'serin.dev/v1alpha1','kind':'Release','metadata':{'name':'cart-1'},"
	"'spec':{'canary':{'name':'cart','uid':'u'},'cause':'revision','digest':'d','template':"
	"{'spec':{'containers':[{'image':'shop/cart:v3'}]}}}}";

/* A Release that fails its first check, as it would be told with these settings; owned by the
 * caller. */
static char *tell(int columns, bool has_colour, bool is_utf8)
{
	static const char *const steps[] = {
		STATUS("'phase':'Progressing','weight':{'from':0,'to':25},"
	               "'times':{'started':'2025-11-21T04:40:00Z','nextCheckAt':"
	               "'2025-11-21T04:41:00Z'},'counters':{'iteration':0,'failedChecks':0}"),
		STATUS("'phase':'Retreating','weight':{'from':25,'to':0,'seenShare':0.2375},"
	               "'times':{'started':'2025-11-21T04:40:00Z','nextCheckAt':"
	               "'2025-11-21T04:42:00Z'},'counters':{'iteration':0,'failedChecks':1},"
	               "'checks':[{'name':'request-success-rate','value':99.5,'min':99,'verdict':"
	               "'pass'},{'name':'request-duration','value':2105,'max':500,'verdict':'fail'"
	               "}],'reason':'Halt cart.shop advancement request duration 2.105s > 500ms'"),
		STATUS("'phase':'Done','weight':{'from':25,'to':0},'times':{'started':"
	               "'2025-11-21T04:40:00Z','finished':'2025-11-21T04:41:00Z'},'outcome':"
	               "'rolled_back','reason':"
	               "'Halt cart.shop advancement request duration 2.105s > 500ms'"),
	};
	char *text = NULL;
	size_t length = 0;
	struct demo_screen_settings settings = {
		.stream = open_memstream(&text, &length),
		.has_colour = has_colour,
		.is_utf8 = is_utf8,
		.columns = columns,
	};
	struct apiserver *server = apiserver_new(NULL);
	struct cluster *cluster = cluster_new(&(struct cluster_options){.server = server});
	struct demo_series_store *series = demo_series_store_new();
	struct demo_traffic *traffic = demo_traffic_new(&(struct demo_traffic_options){
		.server = server,
		.cluster = cluster,
		.series = series,
		.k8s_namespace = "shop",
		.ingress = "storefront",
		.per_tick = 24,
	});
	struct demo_screen *screen = demo_screen_new(&settings);
	struct demo_story *story = demo_story_new(&(struct demo_story_settings){
		.server = server,
		.traffic = traffic,
		.screen = screen,
		.k8s_namespace = "shop",
		.canary = "cart",
		.start = {START},
	});
	struct instant at = {START + 65000};

	assert_int_equal(ask_status(server, at, HTTP_POST, RELEASES, release), 201);
	for (size_t i = 0; i < array_length(steps); i++) {
		assert_int_equal(ask_status(server, at, HTTP_PATCH, RELEASES "/cart-1/status",
		                            steps[i]),
		                 200);
		demo_story_look(story, at);
		demo_story_breathe(story, at); /* nothing without a terminal */
	}
	demo_story_sum_up(story);
	demo_story_free(story);
	demo_screen_free(screen);
	(void)fclose(settings.stream);
	demo_traffic_free(traffic);
	demo_series_store_free(series);
	cluster_free(cluster);
	apiserver_free(server);
	return text;
}

static void test_lines(void **state)
{
	static const struct {
		int columns;
		bool has_colour, is_utf8;
		const char *text;
	} rows[] = {
		{80, false, false,
	         "  1:05  Release cart-1 (revision): v3\n"
	         "  1:05  set #####................  25 %   seen #####................  23.8 %\n"
	         "        ok request-success-rate 99.5 >= 99 %   x request-duration 2105 > 500 ms\n"
	         "  1:05  x rolled_back after 1:05: Halt cart.shop advancement request duration\n"
	         "        2.105s > 500ms\n"
	         "  cart-1   v3   rolled_back  1:00  Halt cart.shop advancement request duration\n"
	         "                                   2.105s > 500ms\n"},
		{80, true, true,
	         "\033[2m  1:05  \033[0m\033[1mRelease cart-1\033[0m (revision): v3\n"
	         "\033[2m  1:05  \033[0mset \033[36m█████▎···············\033[0m  25 %   seen "
	         "\033[33m█████················\033[0m  23.8 %\n"
	         "        \033[32m✓ \033[0mrequest-success-rate 99.5 ≥ 99 %   \033[31m✗ \033[0m"
	         "\033[31mrequest-duration 2105 > 500 ms\033[0m\n"
	         "\033[2m  1:05  \033[0m\033[31m✗ rolled_back\033[0m after 1:05: \033[1mHalt "
	         "cart.shop advancement request duration\033[0m\n"
	         "        \033[1m2.105s > 500ms\033[0m\n"
	         "  cart-1   v3   \033[31mrolled_back\033[0m  1:00  Halt cart.shop advancement "
	         "request duration\n"
	         "                                   2.105s > 500ms\n"},
		{200, false, true,
	         "  1:05  Release cart-1 (revision): v3\n"
	         "  1:05  set ██████████······························  25 %   seen "
	         "█████████▌······························  23.8 %   "
	         "✓ request-success-rate 99.5 ≥ 99 %   ✗ request-duration 2105 > 500 ms\n"
	         "  1:05  ✗ rolled_back after 1:05: Halt cart.shop advancement request duration "
	         "2.105s > 500ms\n"
	         "  cart-1   v3   rolled_back  1:00  Halt cart.shop advancement request duration "
	         "2.105s > 500ms\n"},
		{200, true, false,
	         "\033[2m  1:05  \033[0m\033[1mRelease cart-1\033[0m (revision): v3\n"
	         "\033[2m  1:05  \033[0mset \033[36m##########..............................\033[0m"
	         "  25 %   seen \033[33m##########..............................\033[0m  23.8 %   "
	         "\033[32mok \033[0mrequest-success-rate 99.5 >= 99 %   \033[31mx \033[0m"
	         "\033[31mrequest-duration 2105 > 500 ms\033[0m\n"
	         "\033[2m  1:05  \033[0m\033[31mx rolled_back\033[0m after 1:05: \033[1mHalt "
	         "cart.shop advancement request duration 2.105s > 500ms\033[0m\n"
	         "  cart-1   v3   \033[31mrolled_back\033[0m  1:00  Halt cart.shop advancement "
	         "request duration 2.105s > 500ms\n"},
	};

	(void)state;
	for (size_t i = 0; i < array_length(rows); i++) {
		char *text = tell(rows[i].columns, rows[i].has_colour, rows[i].is_utf8);

		assert_string_equal(text, rows[i].text);
		free(text);
	}
}

/* The whole
 * -------------------------------------------------------------------------------------------- */

/* A process that runs the demo with these words; what it prints can be read from *ret. */
static pid_t start_demo(const char *directory, const char *speed, const char *seed, FILE **ret)
{
	char *words[] = {(char[]){"demo"},    (char[]){"--dir"},  strdup(directory),
	                 (char[]){"--speed"}, strdup(speed),      (char[]){"--seed"},
	                 strdup(seed),        (char[]){"--keep"}, NULL};
	int n_words = strcmp(speed, "0") == 0 ? 7 : 8; /* whoever waits has a server, too */
	int pipe_ends[2];
	pid_t pid;

	assert_int_equal(pipe(pipe_ends), 0);
	(void)fflush(stdout);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)close(pipe_ends[0]);
		if (dup2(pipe_ends[1], STDOUT_FILENO) < 0)
			_exit(99);
		(void)setenv("COLUMNS", "100", 1);
		_exit(demo(n_words, words));
	}
	(void)close(pipe_ends[1]);
	*ret = fdopen(pipe_ends[0], "r");
	assert_non_null(*ret);
	free(words[2]);
	free(words[4]);
	free(words[6]);
	return pid;
}

static int wait_for(pid_t pid)
{
	int status = 0;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* Run it to its end; what it printed, owned by the caller. */
static char *run_demo(const char *directory, const char *seed, int *ret_code)
{
	struct buf text = {.max = 1024 * 1024};
	char line[4096];
	FILE *stream;
	pid_t pid = start_demo(directory, "0", seed, &stream);

	while (fgets(line, sizeof(line), stream))
		assert_true(buf_add(&text, line, strlen(line)));
	(void)fclose(stream);
	*ret_code = wait_for(pid);
	return text.bytes;
}

/* What the history says of the Releases. */
struct found {
	sqlite3 *db;
	bool is_promoted;    /* cart-2 */
	bool is_rolled_back; /* cart-3 */
	bool has_reason;     /* a check of cart-3 with value, bound and query */
	char release[64];
};

static void on_effect(void *user, const struct history_effect *effect)
{
	struct found *found = user;
	json_t *detail = json_loads(effect->detail, 0, NULL);

	if (effect->kind == HISTORY_ANSWER && strcmp(found->release, "cart-3") == 0 &&
	    strcmp(ask_text(detail, "check"), "request-duration") == 0 &&
	    json_number_value(ask_at(detail, "sample.value")) > 500 &&
	    fabs(json_number_value(ask_at(detail, "max")) - 500) < 1e-9 &&
	    strstr(ask_text(detail, "query"), "nginx_ingress_controller_response_duration"))
		found->has_reason = true;
	json_decref(detail);
}

static void on_round(void *user, const struct history_read_round *read)
{
	const struct history_round *round = &read->round;
	struct found *found = user;
	json_t *plan = json_loads(round->plan, 0, NULL);
	const json_t *effect;
	size_t i;

	(void)snprintf(found->release, sizeof(found->release), "%s", round->release);
	json_array_foreach(json_object_get(plan, "effects"), i, effect)
	{
		const char *outcome = ask_text(effect, "status.outcome");

		found->is_promoted |=
			strcmp(round->release, "cart-2") == 0 && strcmp(outcome, "promoted") == 0;
		found->is_rolled_back |= strcmp(round->release, "cart-3") == 0 &&
		                         strcmp(outcome, "rolled_back") == 0;
	}
	json_decref(plan);
	assert_true(history_read_effects(found->db, round->uid, on_effect, found, NULL));
}

static void make_home(char home[64])
{
	(void)snprintf(home, 64, "/tmp/serin-demo-XXXXXX");
	assert_non_null(mkdtemp(home));
}

static void remove_history(const char *home, const char *name)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s/history.db", home, name);
	assert_int_equal(unlink(path), 0);
	(void)snprintf(path, sizeof(path), "%s/%s/history.db-agent", home, name);
	(void)unlink(path);
	/* a reader leaves these behind */
	(void)snprintf(path, sizeof(path), "%s/%s/history.db-wal", home, name);
	(void)unlink(path);
	(void)snprintf(path, sizeof(path), "%s/%s/history.db-shm", home, name);
	(void)unlink(path);
	(void)snprintf(path, sizeof(path), "%s/%s", home, name);
	assert_int_equal(rmdir(path), 0);
}

/* From "what happened" on, less the paths. */
static const char *sum_of(const char *text)
{
	const char *at = strstr(text, "what happened");

	return at ? at : "";
}

static void test_whole(void **state)
{
	struct found found = {0};
	char home[64];
	char path[128];
	char *first, *second, *other;
	struct err err = {0};
	int code;

	(void)state;
	make_home(home);
	(void)snprintf(path, sizeof(path), "%s/a", home);
	first = run_demo(path, "1", &code);
	assert_int_equal(code, 0);
	assert_non_null(strstr(sum_of(first), "cart-2   v2   promoted"));
	assert_non_null(strstr(sum_of(first), "cart-3   v3   rolled_back"));
	assert_null(strchr(first, '\033'));
	assert_null(strchr(first, '\r'));
	(void)snprintf(path, sizeof(path), "%s/a/history.db", home);
	if (!history_read_open(path, &found.db, &err))
		fail_msg("%s", err.text);
	assert_true(history_read_rounds(found.db, &(struct history_read_filter){0}, on_round,
	                                &found, &err));
	history_read_close(found.db);
	assert_true(found.is_promoted);
	assert_true(found.is_rolled_back);
	assert_true(found.has_reason);
	/* the same seed, elsewhere and later: the same words up to the path; another seed: others
	 */
	(void)snprintf(path, sizeof(path), "%s/b", home);
	second = run_demo(path, "1", &code);
	assert_int_equal(code, 0);
	assert_memory_equal(first, second, (size_t)(strstr(first, "history ") - first));
	(void)snprintf(path, sizeof(path), "%s/c", home);
	other = run_demo(path, "2", &code);
	assert_int_equal(code, 0);
	assert_int_not_equal(
		strncmp(first, other, (size_t)(strstr(first, "what happened") - first)), 0);
	free(first);
	free(second);
	free(other);
	remove_history(home, "a");
	remove_history(home, "b");
	remove_history(home, "c");
	assert_int_equal(rmdir(home), 0);
}

/* A directory that holds a history is left alone. */
static void test_refused_directory(void **state)
{
	char home[64];
	char path[128];
	char *text;
	FILE *file;
	int code;

	(void)state;
	make_home(home);
	(void)snprintf(path, sizeof(path), "%s/history.db", home);
	file = fopen(path, "w");
	assert_non_null(file);
	(void)fclose(file);
	text = run_demo(home, "1", &code);
	assert_int_equal(code, 1);
	assert_null(text);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(home), 0);
}

static void test_signal(void **state)
{
	static const int signals[] = {SIGINT, SIGTERM};

	(void)state;
	for (size_t i = 0; i < array_length(signals); i++) {
		char home[64];
		char path[128];
		char line[4096];
		struct stat status;
		FILE *stream;
		pid_t pid;

		make_home(home);
		(void)snprintf(path, sizeof(path), "%s/deep/demo", home);
		pid = start_demo(path, "20", "1", &stream);
		while (fgets(line, sizeof(line), stream) && !strstr(line, "Release cart-1"))
			;
		(void)snprintf(path, sizeof(path), "%s/deep/demo/kubeconfig", home);
		assert_int_equal(stat(path, &status), 0);
		assert_int_equal(kill(pid, signals[i]), 0);
		assert_int_equal(wait_for(pid), 130);
		(void)fclose(stream);
		assert_int_equal(rmdir(home), 0); /* nothing is left in it */
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_refused_directory),
		cmocka_unit_test(test_signal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
