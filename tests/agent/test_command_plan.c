/* `serin plan`: offline, and beside a cluster that an agent has been in. */
#include "agent/command/command.h"
#include "agent/command/plan_diff.h"
#include "agent/demo/front.h"
#include "analysis/base/text.h"
#include "tests/agent/command_desk.h"
#include "tests/agent/command_schema.h"
#include "tests/agent/golden.h"
#include "tests/simulation/stage.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define CANARY "manifests/examples/nginx-canary.yaml"
#define APP    "tests/golden/plan-app.yaml"
#define NOW    1763712000000

/* A cluster, and its front on a thread. */
struct town {
	struct stage *stage;
	struct front *front;
	pthread_t thread;
	pthread_mutex_t lock;
	bool is_closing;
	char folder[64];
};

/* Of the last run. */
struct said {
	enum command_exit status;
	char *out;
	char *trouble;
};

static struct instant town_now(void *user)
{
	return sim_loop_now(stage_sim(((struct town *)user)->stage));
}

static void *serve(void *user)
{
	struct town *town = user;
	bool is_closing = false;

	while (!is_closing) {
		assert_int_equal(pthread_mutex_lock(&town->lock), 0);
		is_closing = town->is_closing;
		front_wait(town->front, span_ms(1));
		assert_int_equal(pthread_mutex_unlock(&town->lock), 0);
		(void)usleep(100);
	}
	return NULL;
}

/* Write a file of the town; returns its path. */
static const char *write_file(const struct town *town, const char *name, const char *text,
                              char ret[128])
{
	FILE *file;

	text_format(ret, 128, "%s/%s", town->folder, name);
	file = fopen(ret, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	return ret;
}

/* The usual cast, initialized by an agent. */
static struct town *town_new(void)
{
	struct town *town = calloc(1, sizeof(*town));
	char text[512];
	char path[128];
	struct err err = {0};

	assert_non_null(town);
	text_copy(town->folder, "/tmp/serin-plan-XXXXXX");
	assert_non_null(mkdtemp(town->folder));
	town->stage = stage_new(1);
	stage_deploy(town->stage, "1");
	stage_canary(town->stage, "nginx", "\"stepWeight\":10");
	stage_start(town->stage, 0);
	assert_true(stage_run_to(town->stage, "Initialized", 120));
	stage_run(town->stage, 30);
	town->front = front_new(&(struct front_options){.server = stage_server(town->stage),
	                                                .now = town_now,
	                                                .user = town},
	                        &err);
	assert_non_null(town->front);
	text_format(text, sizeof(text),
	            "current-context: demo\n"
	            "contexts: [{name: demo, context: {cluster: demo, namespace: shop}}]\n"
	            "clusters: [{name: demo, cluster: {server: 'http://127.0.0.1:%d'}}]\n",
	            front_port(town->front));
	write_file(town, "config", text, path);
	assert_int_equal(pthread_mutex_init(&town->lock, NULL), 0);
	assert_int_equal(pthread_create(&town->thread, NULL, serve, town), 0);
	return town;
}

static void town_free(struct town *town)
{
	static const char *const names[] = {"config", "plan.yaml", ""};
	char path[128];

	assert_int_equal(pthread_mutex_lock(&town->lock), 0);
	town->is_closing = true;
	assert_int_equal(pthread_mutex_unlock(&town->lock), 0);
	assert_int_equal(pthread_join(town->thread, NULL), 0);
	assert_int_equal(pthread_mutex_destroy(&town->lock), 0);
	front_free(town->front);
	stage_free(town->stage);
	for (size_t i = 0; i < array_length(names); i++) {
		text_format(path, sizeof(path), "%s/%s", town->folder, names[i]);
		assert_int_equal(remove(path), 0);
	}
	free(town);
}

static const char *no_environment(const char *name)
{
	(void)name;
	return NULL;
}

/* Run the words, parted by blanks, at NOW. */
static struct said run(const char *line, struct instant now)
{
	struct command_setting setting = {.environment = no_environment, .fixed_now = now};
	char *words[16] = {(char[]){"serin"}};
	char *copy = strdup(line);
	char *rest = copy;
	struct said said = {0};
	size_t size;
	int n = 1;

	while (n < 16 && (words[n] = strsep(&rest, " ")))
		n++;
	setting.out = open_memstream(&said.out, &size);
	setting.trouble = open_memstream(&said.trouble, &size);
	said.status = command_main(n, words, &setting);
	assert_int_equal(fclose(setting.out), 0);
	assert_int_equal(fclose(setting.trouble), 0);
	free(copy);
	return said;
}

static void forget(struct said *said)
{
	free(said->out);
	free(said->trouble);
}

static void check(const char *line, const char *golden, enum command_exit status)
{
	struct said said = run(line, (struct instant){NOW});

	assert_string_equal(said.trouble, "");
	golden_check(golden, said.out);
	assert_int_equal(said.status, status);
	forget(&said);
}

static void test_first_time(void **state)
{
	check("plan --offline -f " CANARY " " APP, "plan-first.diff", COMMAND_CHANGES);
}

/* The primary's copy of a Secret is named, not told. */
static void test_secret(void **state)
{
	static const char app[] =
		"apiVersion: v1\nkind: Secret\nmetadata: {name: keys, namespace: shop}\n"
		"type: Opaque\ndata: {key: aHVudGVyMg==}\n---\n"
		"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: cart, namespace: shop}\n"
		"spec:\n  replicas: 2\n  selector: {matchLabels: {app: cart}}\n  template:\n"
		"    metadata: {labels: {app: cart}}\n    spec:\n      containers:\n"
		"        - {name: web, image: 'web:1', envFrom: [{secretRef: {name: keys}}]}\n---\n"
		"apiVersion: networking.k8s.io/v1\nkind: Ingress\n"
		"metadata: {name: storefront, namespace: shop}\nspec: {rules: [{http: {paths: [{path:"
		" /, pathType: Prefix, backend: {service: {name: cart, port: {number: 80}}}}]}}]}\n";
	struct command_desk *desk = command_desk_new();
	char path[160];
	char line[400];
	struct said said;

	(void)state;
	command_desk_file(desk, "app.yaml", app, path);
	text_format(line, sizeof(line), "plan --offline -f " CANARY " %s", path);
	said = run(line, (struct instant){NOW});
	assert_int_equal(said.status, COMMAND_CHANGES);
	assert_non_null(strstr(said.out, "+++ secrets/shop/keys-primary-"));
	assert_non_null(strstr(said.out, "+  key: (not shown)"));
	assert_null(strstr(said.out, "aHVudGVyMg"));
	forget(&said);
	command_desk_free(desk);
}

static void test_json(void **state)
{
	struct said said;

	check("plan --offline -o json -f manifests/examples/blue-green.yaml " APP,
	      "plan-blue-green.json", COMMAND_CHANGES);
	said = run("plan --offline -o json -f manifests/examples/blue-green.yaml " APP,
	           (struct instant){NOW});
	command_schema_check("plan", said.out);
	forget(&said);
}

/* The refusal is what would be written. */
static void test_refused(void **state)
{
	check("plan --offline -f tests/golden/plan-refused.yaml " APP, "plan-refused.diff",
	      COMMAND_CHANGES);
}

static void check_trouble(const char *line, enum command_exit status, const char *trouble)
{
	struct said said = run(line, (struct instant){NOW});

	assert_string_equal(said.trouble, trouble);
	assert_string_equal(said.out, "");
	assert_int_equal(said.status, status);
	forget(&said);
}

static void test_what_is_missing(void **state)
{
	check_trouble(
		"plan --offline -f " CANARY, COMMAND_NOT_FOUND,
		"serin plan: canary shop/cart names Deployment shop/cart, which is not in the "
		"files\n");
	check_trouble("plan --offline -f " APP, COMMAND_NOT_FOUND,
	              "serin plan: there is no Canary in the files\n");
	check_trouble("plan --offline", COMMAND_USAGE,
	              "serin plan: expected a file: serin plan -f FILE\n");
	check_trouble("plan --offline -f /nowhere", COMMAND_FAILED,
	              "serin plan: /nowhere: No such file or directory\n");
}

/* More objects than are taken, and one that is deeper than is read. */
static void test_limits(void **state)
{
	struct town *town = *state;
	struct buf text = {.max = 1024 * 1024};
	char path[128];
	char line[256];
	char want[256];
	struct said said;

	for (int i = 0; i <= 2000; i++)
		assert_true(buf_format(&text, "---\nkind: X\n"));
	write_file(town, "plan.yaml", buf_text(&text), path);
	text_format(line, sizeof(line), "plan --offline -f %s", path);
	text_format(want, sizeof(want), "serin plan: %s: expected at most 2000 objects\n", path);
	check_trouble(line, COMMAND_FAILED, want);
	text.length = 0;
	for (int i = 0; i <= 64; i++)
		assert_true(buf_format(&text, "["));
	write_file(town, "plan.yaml", buf_text(&text), path);
	said = run(line, (struct instant){NOW});
	assert_non_null(strstr(said.trouble, "more than 64 lists and objects inside each other"));
	assert_int_equal(said.status, COMMAND_FAILED);
	forget(&said);
	buf_fini(&text);
}

/* Manifests that the API server would refuse, and names that are none. */
static void test_manifests_that_are_none(void **state)
{
	static const struct {
		const char *manifest;
		const char *trouble;
	} rows[] = {
		{"apiVersion: v1\nkind: Service\nmetadata: {name: ../x}\n",
	         "serin plan: Service: metadata.name: expected a name, got \"../x\" in namespace "
	         "\"default\"\n"},
		{"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: 1\n",
	         "serin plan: Deployment a: "},
		{"- 1\n", "expected objects, got something else\n"},
	};
	struct town *town = *state;
	char path[128];
	char line[256];

	for (size_t i = 0; i < array_length(rows); i++) {
		struct said said;

		write_file(town, "plan.yaml", rows[i].manifest, path);
		text_format(line, sizeof(line), "plan --offline -f %s", path);
		said = run(line, (struct instant){NOW});
		if (!strstr(said.trouble, rows[i].trouble) || said.status != COMMAND_FAILED)
			fail_msg("%s: %s", rows[i].manifest, said.trouble);
		forget(&said);
	}
}

/* How many writes the town's server has seen. */
static size_t writes_of(struct town *town)
{
	size_t n;

	assert_int_equal(pthread_mutex_lock(&town->lock), 0);
	n = apiserver_count_writes(stage_server(town->stage));
	assert_int_equal(pthread_mutex_unlock(&town->lock), 0);
	return n;
}

/* Plan MANIFEST beside the town's cluster, which is not written to. */
static struct said run_live(struct town *town, const char *manifest)
{
	size_t n_writes = writes_of(town);
	char path[128];
	char line[384];
	struct said said;

	text_format(line, sizeof(line), "plan --kubeconfig %s/config -f %s", town->folder,
	            write_file(town, "plan.yaml", manifest, path));
	said = run(line, town_now(town));
	assert_string_equal(said.trouble, "");
	assert_int_equal(writes_of(town), n_writes);
	return said;
}

#define HEAD \
 "apiVersion: flagger.app/v1beta1\nkind: Canary\nmetadata: {name: cart, namespace: shop}\n"

/* A cluster in which all is as the agent wants it. */
static void test_nothing_to_do(void **state)
{
	struct said said = run_live(*state, HEAD "spec: {}\n");

	assert_string_equal(said.out,
	                    "Canary shop/cart: Initialized\n"
	                    "0 to create, 0 to change, 0 to delete\n");
	assert_int_equal(said.status, COMMAND_OK);
	forget(&said);
}

/* Another port: the Services follow. */
static void test_another_port(void **state)
{
	struct said said = run_live(*state, HEAD "spec: {service: {port: 81}}\n");

	golden_check("plan-port.diff", said.out);
	assert_int_equal(said.status, COMMAND_CHANGES);
	forget(&said);
}

/* Another image, and its Canary is found: a run begins. */
static void test_another_image(void **state)
{
	struct said said = run_live(
		*state,
		"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: cart, namespace: shop}\n"
		"spec: {template: {spec: {containers: [{name: web, image: 'web:2'}]}}}\n");

	golden_check("plan-image.diff", said.out);
	assert_int_equal(said.status, COMMAND_CHANGES);
	forget(&said);
}

/* Differences of texts ------------------------------------------------------------------------- */

static void check_diff(const char *before, const char *after, const char *want)
{
	struct buf got = {.max = 65536};

	assert_true(plan_diff_write(before, after, &got));
	assert_string_equal(buf_text(&got), want);
	buf_fini(&got);
}

static void test_diff(void **state)
{
	check_diff("", "", "");
	check_diff("a\nb\n", "a\nb\n", "");
	check_diff("", "a\nb\n", "@@ -0,0 +1,2 @@\n+a\n+b\n");
	check_diff("a\n", "", "@@ -1,1 +0,0 @@\n-a\n");
	check_diff("1\n2\n3\n4\n5\n6\n7\n8\n", "1\n2\n3\n4\nfive\n6\n7\n8\n",
	           "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
	/* changes far from each other are two hunks, near ones are one */
	check_diff("x\n1\n2\n3\n4\n5\n6\n7\ny\n", "X\n1\n2\n3\n4\n5\n6\n7\nY\n",
	           "@@ -1,4 +1,4 @@\n-x\n+X\n 1\n 2\n 3\n@@ -6,4 +6,4 @@\n 5\n 6\n 7\n-y\n+Y\n");
	check_diff("x\n1\n2\n3\n4\n5\n6\ny\n", "X\n1\n2\n3\n4\n5\n6\nY\n",
	           "@@ -1,8 +1,8 @@\n-x\n+X\n 1\n 2\n 3\n 4\n 5\n 6\n-y\n+Y\n");
	check_diff("a\nb\nc\n", "a\nc\nd\n", "@@ -1,3 +1,3 @@\n a\n-b\n c\n+d\n");
	/* no line end at the end of a text */
	check_diff("a", "b", "@@ -1,1 +1,1 @@\n-a\n+b\n");
}

/* What `patch` makes of a difference is the other text: here by hand, for random texts. */
static void check_applies(const char *before, const char *after)
{
	struct buf diff = {.max = 1024 * 1024};
	struct buf got = {.max = 1024 * 1024};
	const char *at = before;
	const char *line;

	assert_true(plan_diff_write(before, after, &diff));
	for (line = buf_text(&diff); *line; line += strcspn(line, "\n") + 1) {
		size_t length = strcspn(line, "\n");

		if (*line == '@') {
			size_t first = strtoul(line + 4, NULL, 10);
			size_t number = 1;

			for (const char *p = before; p < at; p++)
				number += *p == '\n';
			for (; number < first; number++) {
				size_t skipped = strcspn(at, "\n") + 1;

				assert_true(buf_add(&got, at, skipped));
				at += skipped;
			}
			continue;
		}
		if (*line != '+') {
			assert_memory_equal(at, line + 1, length);
			at += length;
		}
		if (*line != '-')
			assert_true(buf_add(&got, line + 1, length));
	}
	assert_true(buf_add(&got, at, strlen(at)));
	assert_string_equal(buf_text(&got), after);
	buf_fini(&diff);
	buf_fini(&got);
}

static void test_diff_applies(void **state)
{
	uint64_t seed = 1;

	for (int round = 0; round < 300; round++) {
		char texts[2][256] = {"", ""};

		for (int i = 0; i < 2; i++) {
			for (int j = 0; j < 40; j++) {
				seed = seed * 6364136223846793005u + 1442695040888963407u;
				if (seed >> 62)
					text_format(texts[i] + strlen(texts[i]), 4, "%c\n",
					            'a' + j / 4 % 8);
			}
		}
		check_applies(texts[0], texts[1]);
	}
}

static void test_diff_limits(void **state)
{
	struct buf got = {.max = 1024 * 1024};
	char *before = calloc(1, 65536);
	char *after = calloc(1, 65536);

	for (size_t i = 0; i < PLAN_DIFF_LINES_MAX + 1; i++) {
		text_format(before + strlen(before), 16, "%zu\n", i);
		text_format(after + strlen(after), 16, "x%zu\n", i);
	}
	assert_true(plan_diff_write(before, after, &got));
	assert_true(strncmp(buf_text(&got), "@@ -1,4001 +1,4001 @@\n-0\n-1\n", 28) == 0);
	buf_fini(&got);
	got.max = 100;
	assert_false(plan_diff_write(before, after, &got));
	buf_fini(&got);
	free(before);
	free(after);
}

static int set_up(void **state)
{
	*state = town_new();
	return 0;
}

static int tear_down(void **state)
{
	town_free(*state);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_time),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_secret),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_what_is_missing),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_manifests_that_are_none),
		cmocka_unit_test(test_nothing_to_do),
		cmocka_unit_test(test_another_port),
		cmocka_unit_test(test_another_image),
		cmocka_unit_test(test_diff),
		cmocka_unit_test(test_diff_applies),
		cmocka_unit_test(test_diff_limits),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
