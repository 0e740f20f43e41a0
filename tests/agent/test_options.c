/* The command line: every spelling of Flagger's, and what is refused. */
#include "agent/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WORDS_MAX 8

/* Parse the words of LINE, up to WORDS_MAX of them, parted by one space each. */
static bool parse(char *line, struct options *options, struct buf *warnings, struct err *err)
{
	char *argv[WORDS_MAX + 1] = {NULL};
	int argc = 0;
	char *rest = line;
	char *word;

	argv[argc++] = rest; /* "agent", or whatever stands first */
	while ((word = strsep(&rest, " ")) && argc < WORDS_MAX)
		argv[argc++] = word;
	return options_parse(argc, argv, options, warnings, err);
}

static void test_standards(void **state)
{
	struct buf warnings = {.max = OPTIONS_WARNINGS_MAX};
	struct options options;
	char *argv[] = {NULL};

	assert_true(options_parse(0, argv, &options, &warnings, NULL));
	assert_string_equal(options.kubeconfig, "");
	assert_string_equal(options.metrics_server, "http://prometheus:9090");
	assert_string_equal(options.mesh_provider, "istio");
	assert_string_equal(options.selector_labels, "app,name,app.kubernetes.io/name");
	assert_string_equal(options.ingress_annotations_prefix, "nginx.ingress.kubernetes.io");
	assert_string_equal(options.leader_election_namespace, "kube-system");
	assert_true(options.has_config_tracking);
	assert_false(options.keeps_copy_names);
	assert_false(options.has_leader_election);
	assert_int_equal(options.port, 8080);
	assert_int_equal(options.api, API_ACCESS_TOKEN);
	assert_int_equal(options.log_level, LOG_INFO);
	assert_int_equal(options.log_form, LOG_FORM_UNKNOWN);
	assert_string_equal(options.history, "");
	assert_int_equal(options.history_keep, INT64_C(30) * 24 * 3600 * 1000);
	assert_string_equal(buf_text(&warnings), "");
}

static void test_spellings(void **state)
{
	static const char *const lines[] = {
		"--namespace shop --port=9090 --enable-config-tracking=false --config-copies flagger",
		"-namespace=shop -port 9090 -enable-config-tracking=F",
		"--namespace other --namespace shop -port 9090 --enable-config-tracking=0",
	};

	for (size_t i = 0; i < array_length(lines); i++) {
		struct buf warnings = {.max = OPTIONS_WARNINGS_MAX};
		struct options options;
		char *line = strdup(lines[i]);

		assert_true(parse(line, &options, &warnings, NULL));
		assert_string_equal(options.k8s_namespace, "shop");
		assert_int_equal(options.port, 9090);
		assert_false(options.has_config_tracking);
		assert_string_equal(buf_text(&warnings), "");
		free(line);
	}
}

/* Flagger's chart, as it starts its agent, and our own flags. */
static void test_whole(void **state)
{
	static const struct {
		const char *line;
		const char *warning; /* part of the only one, "" for none */
	} rows[] = {
		{"-log-level=warning -mesh-provider=nginx -metrics-server=http://p:9090", ""},
		{"-slack-url= -slack-token= -event-webhook=", ""},
		{"-event-webhook=http://events/", ""},
		{"-slack-url=http://s/ -slack-channel=c -slack-user=u -cluster-name=east", ""},
		{"-msteams-url=http://t/ -msteams-proxy-url=http://p:3128", ""},
		{"-threadiness=4", "--threadiness has no effect"},
		{"-v 4", "--v has no effect"},
		{"-logtostderr", "--logtostderr has no effect"},
		{"-kubeconfig-qps 100", "--kubeconfig-qps"},
		{"-no-cross-namespace-refs=false", ""},
		{"--no-cross-namespace-refs", ""},
		{"--history /data/history.db --state-dir /data --context minikube", ""},
		{"--zap-encoding=console --enable-leader-election", ""},
		{"--api=off", ""},
		{"--history-keep-samples=0", ""},
		{"--history-keep-samples 1h", ""},
		{"--history-keep-samples=8760h30m", ""},
		{"--api strict", ""},
		{"--help", ""},
		{"-h", ""},
		{"--version", ""},
	};

	for (size_t i = 0; i < array_length(rows); i++) {
		struct buf warnings = {.max = OPTIONS_WARNINGS_MAX};
		struct err err = {0};
		struct options options;
		char *line = strdup(rows[i].line);

		if (!parse(line, &options, &warnings, &err))
			fail_msg("%s: %s", rows[i].line, err.text);
		assert_non_null(strstr(buf_text(&warnings), rows[i].warning));
		assert_true(*rows[i].warning || warnings.length == 0);
		buf_fini(&warnings);
		free(line);
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *line;
		const char *text;
	} rows[] = {
		{"--metrics-sever=x",
	         "--metrics-sever: no such flag; did you mean --metrics-server?"},
		{"--namespaces=x", "did you mean --namespace?"},
		{"--entirely-different", "--entirely-different: no such flag; see --help"},
		{"--x", "--x: no such flag; see --help"},
		{"shop", "\"shop\": expected a flag"},
		{"-", "\"-\": expected a flag"},
		{"--", "\"--\": expected a flag"},
		/* Go would stop reading here, in silence */
		{"-enable-leader-election true -port=1",
	         "did you mean -enable-leader-election=true?"},
		{"--port", "--port: expected a value"},
		{"--leader-election-namespace=", "expected the name of a namespace"},
		{"--port=", "--port: expected a number to 65535"},
		{"--port=65536", "got \"65536\""},
		{"--port=80x", "got \"80x\""},
		{"--port=-1", "got \"-1\""},
		{"--enable-config-tracking=yes", "expected true or false, got \"yes\""},
		{"--config-copies=serin", "expected hash or flagger, got \"serin\""},
		{"--zap-encoding=xml", "expected json or console"},
		{"--api=all", "--api: expected off, loopback, token, strict or open, got \"all\""},
		{"--api=", "got \"\""},
		{"--history-keep-samples=59m",
	         "--history-keep-samples: expected 0 (for ever) or at least 1h, got \"59m\""},
		{"--history-keep-samples=-2h", "got \"-2h\""},
		{"--history-keep-samples=30d",
	         "--history-keep-samples: expected a duration, got \"30d\""},
		{"--history-keep-samples=", "expected a duration, got \"\""},
		{"--master=https://x", "--master: name the server in a kubeconfig"},
		{"--slack-uri=https://secret", "did you mean --slack-url?"},
	};

	for (size_t i = 0; i < array_length(rows); i++) {
		struct buf warnings = {.max = OPTIONS_WARNINGS_MAX};
		struct err err = {0};
		struct options options = {.port = 7};
		char *line = strdup(rows[i].line);

		if (parse(line, &options, &warnings, &err) || !strstr(err.text, rows[i].text))
			fail_msg("%s: %s", rows[i].line, err.text);
		assert_null(strstr(err.text, "secret"));
		assert_int_equal(options.port, 7);
		free(line);
	}
}

/* A word as long as somebody likes. */
static void test_long_word(void **state)
{
	struct buf warnings = {.max = OPTIONS_WARNINGS_MAX};
	struct options options;
	struct err err;
	char word[100000];

	memset(word, 'x', sizeof(word));
	word[0] = '-';
	word[sizeof(word) - 1] = '\0';
	assert_false(parse(word, &options, &warnings, &err));
}

static void test_environment(void **state)
{
	struct buf warnings = {.max = OPTIONS_WARNINGS_MAX};
	struct options options;
	struct err err;
	static const char *const names[] = {"SLACK_URL",         "SLACK_TOKEN",
	                                    "SLACK_PROXY_URL",   "MSTEAMS_URL",
	                                    "MSTEAMS_PROXY_URL", "EVENT_WEBHOOK_URL"};
	char line[] = "--port=1 --slack-url=https://flag";
	char flag[] = "--slack-url=https://flag";

	for (size_t i = 0; i < array_length(names); i++)
		(void)setenv(names[i], "https://secret", 1);
	assert_true(parse(line, &options, &warnings, &err));
	assert_string_equal(options.slack_url, "https://secret");
	assert_string_equal(options.slack_token, "https://secret");
	assert_string_equal(options.slack_proxy_url, "https://secret");
	assert_string_equal(options.msteams_url, "https://secret");
	assert_string_equal(options.msteams_proxy_url, "https://secret");
	assert_string_equal(options.event_webhook, "https://secret");
	/* An empty one is none. */
	for (size_t i = 0; i < array_length(names); i++)
		(void)setenv(names[i], "", 1);
	assert_true(parse(flag, &options, &warnings, &err));
	assert_string_equal(options.slack_url, "https://flag");
	assert_string_equal(options.msteams_url, "");
	for (size_t i = 0; i < array_length(names); i++)
		(void)unsetenv(names[i]);
	assert_int_equal(warnings.length, 0);
}

/* The help names every flag that is served, and no other. */
static void test_help(void **state)
{
	char *text = NULL;
	size_t length = 0;
	FILE *stream = open_memstream(&text, &length);

	options_help(stream);
	(void)fclose(stream);
	assert_non_null(strstr(text, "--metrics-server URL"));
	assert_non_null(strstr(text, "--state-dir DIRECTORY"));
	assert_non_null(strstr(text, "--slack-channel NAME"));
	assert_non_null(strstr(text, "--include-label-prefix PREFIXES"));
	assert_null(strstr(text, "--kubeconfig-service-mesh"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_standards), cmocka_unit_test(test_spellings),
		cmocka_unit_test(test_whole),     cmocka_unit_test(test_refused),
		cmocka_unit_test(test_long_word), cmocka_unit_test(test_environment),
		cmocka_unit_test(test_help),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
