/*
 * Alerts on the wire (canary-controller.md 1.7, 1.13, 6.2 to 6.5): analysis.alerts of a Canary, the
 * AlertProvider and its Secret, and what each type of receiver is sent.
 */
#include "analysis/base/text.h"
#include "providers/kube/alert_provider.h"
#include "providers/kube/canary_alert.h"
#include "providers/kube/secret.h"
#include "tests/providers/canary_rows.h"

#include <stdlib.h>
#include <string.h>

#define ALERTS(entries) "{'spec': {'analysis': {'alerts': " entries "}}}"
#define ALERT(more)     ALERTS("[{'name': 'a', 'providerRef': {'name': 'chat'}" more "}]")
#define PATH            "spec.analysis.alerts[0]."
#define TEN(x)          x x x x x x x x x x
#define SECRET_WORD     "s3cret"

static void test_entries(void **state)
{
	static const struct canary_row rows[] = {
		{"none", ALERTS("[]"), "=steps= "},
		{"null", ALERTS("null"), "=steps= "},
		{"D_23_no severity is info", ALERT(""), "= {info} "},
		{"D_23_an empty one, too", ALERT(", 'severity': ''"), "= {info} "},
		{"each severity",
	         ALERTS("[{'name': 'a', 'severity': 'info', 'providerRef': {'name': 'a'}},"
	                " {'name': 'a', 'severity': 'warn', 'providerRef': {'name': 'b'}},"
	                " {'severity': 'error', 'providerRef': {'name': 'c', 'namespace': 'd'}}]"),
	         "= {info} {warn} {error} "},
		{"eight",
	         ALERTS("[{'providerRef': {'name': 'a'}}, {'providerRef': {'name': 'a'}},"
	                " {'providerRef': {'name': 'a'}}, {'providerRef': {'name': 'a'}},"
	                " {'providerRef': {'name': 'a'}}, {'providerRef': {'name': 'a'}},"
	                " {'providerRef': {'name': 'a'}}, {'providerRef': {'name': 'a'}}]"),
	         "= {info} {info} {info} {info} {info} {info} {info} {info} "},
		{"the analysis' old name",
	         "{'spec': {'analysis': null, 'canaryAnalysis': {'stepWeight': 10, 'alerts':"
	         " [{'name': 'a', 'severity': 'warn', 'providerRef': {'name': 'chat'}}]}}}",
	         "= {warn} "},
		{"an object", ALERTS("{'a': 1}"),
	         "spec.analysis.alerts: expected a list, got an object"},
		{"a text", ALERTS("['chat']"),
	         "spec.analysis.alerts[0]: expected an object with a name and a providerRef, got "
	         "\"chat\""},
		{"no providerRef", ALERTS("[{'name': 'a'}]"),
	         PATH "providerRef.name: expected the name of an AlertProvider, got nothing"},
		{"a providerRef that is a text", ALERTS("[{'providerRef': 'chat'}]"),
	         PATH "providerRef: expected an object, got \"chat\""},
		{"a name that no object has", ALERTS("[{'providerRef': {'name': 'a/../b'}}]"),
	         PATH "providerRef.name: expected a name (lower case letters, digits, - and .), "
	              "got \"a/../b\""},
		{"a namespace that there is not",
	         ALERTS("[{'providerRef': {'name': 'a', 'namespace': 'b/c'}}]"),
	         PATH "providerRef.namespace: expected a name (lower case letters, digits and -), "
	              "got \"b/c\""},
		{"a severity that there is not", ALERT(", 'severity': 'fatal'"),
	         PATH "severity: expected info, warn or error, got \"fatal\""},
		{"nine", ALERTS("[{}, {}, {}, {}, {}, {}, {}, {}, {}]"),
	         "spec.analysis.alerts: expected at most 8 elements, got 9"},
	};
	CHECK_ROWS(rows);
}

static void read_canary(const char *patch, const struct provider_options *options,
                        struct arena *arena, struct kube_canary *canary, json_t **object)
{
	struct err err = {0};

	*object = merge_text(canary_rows_base, patch);
	*canary = (struct kube_canary){0};
	if (!kube_canary_read(*object, options, arena, canary, &err))
		fail_msg("%s", err.text);
}

/* Which receiver it is depends on all that says who and what. */
static void test_receivers(void **state)
{
	static const char *const patches[] = {
		ALERT(""),
		ALERT(", 'severity': 'warn'"),
		ALERTS("[{'providerRef': {'name': 'mail'}}]"),
		ALERTS("[{'providerRef': {'name': 'chat', 'namespace': 'ops'}}]"),
	};
	uint64_t seen[array_length(patches)];
	struct kube_canary canary;
	struct arena arena = {0};
	json_t *object;

	for (size_t i = 0; i < array_length(patches); i++) {
		read_canary(patches[i], &canary_rows_options, &arena, &canary, &object);
		seen[i] = canary.spec.alerts[0].receiver;
		assert_int_not_equal(seen[i], 0);
		for (size_t j = 0; j < i; j++)
			assert_true(seen[i] != seen[j]);
		json_decref(object);
	}
	read_canary(ALERTS("[{'name': 'other', 'severity': 'info', 'providerRef': {'name': "
	                   "'chat'}}]"),
	            &canary_rows_options, &arena, &canary, &object);
	assert_true(canary.spec.alerts[0].receiver == seen[0]); /* its name is not used */
	json_decref(object);
	arena_fini(&arena);
}

/* The receiver of the command line is told where the Canary names nobody. */
static void test_global(void **state)
{
	struct provider_options options = canary_rows_options;
	struct kube_canary canary;
	struct kube_alert alert;
	struct arena arena = {0};
	json_t *object;

	options.notifier.type = "slack";
	read_canary("{}", &options, &arena, &canary, &object);
	assert_int_equal(canary.spec.n_alerts, 1);
	assert_int_equal(canary.spec.alerts[0].severity, SEVERITY_INFO);
	assert_true(kube_canary_alert_find(object, &options, 0, &alert));
	assert_null(alert.provider);
	assert_false(kube_canary_alert_find(object, &canary_rows_options, 0, &alert));
	json_decref(object);
	read_canary("{'spec': {'analysis': null}}", &options, &arena, &canary, &object);
	assert_int_equal(canary.spec.n_alerts, 1);
	json_decref(object);
	read_canary(ALERT(", 'severity': 'error'"), &options, &arena, &canary, &object);
	assert_int_equal(canary.spec.n_alerts, 1);
	assert_true(kube_canary_alert_find(object, &options, 0, &alert));
	assert_string_equal(alert.provider, "chat");
	assert_false(kube_canary_alert_find(object, &options, 1, &alert));
	json_decref(object);
	arena_fini(&arena);
}

/* The AlertProvider ---------------------------------------------------------------------------- */

static const char *or_none(const char *text)
{
	return text ? text : "-";
}

static void test_alert_provider(void **state)
{
	static const struct {
		const char *spec;
		const char *want; /* with =: what was read; else the error */
	} rows[] = {
		{"{'type': 'slack', 'address': 'https://hooks/x'}",
	         "=slack https://hooks/x general flagger proxy - secret -"},
		{"{'type': 'gchat', 'address': 'https://hooks/x', 'channel': 'ops', 'username': 'bot',"
	         " 'proxy': 'http://u:p@proxy:3128'}",
	         "=gchat https://hooks/x ops bot proxy http://u:p@proxy:3128 secret -"},
		{"{'type': 'discord', 'secretRef': {'name': 'hook'}}",
	         "=discord  general flagger proxy - secret hook"},
		/* Its documents show both; the Secret counts, as in Flagger. */
		{"{'type': 'rocket', 'address': 'https://hooks/x', 'secretRef': {'name': 'hook'}}",
	         "=rocket https://hooks/x general flagger proxy - secret hook"},
		{"{'type': 'msteams', 'address': 'https://hooks/x', 'channel': '', 'username': null}",
	         "=msteams https://hooks/x general flagger proxy - secret -"},
		{"null",
	         "spec: expected an object with type, and address or secretRef, got nothing"},
		{"{'address': 'https://hooks/x'}",
	         "spec.type: expected slack, msteams, discord, rocket, gchat, got nothing"},
		{"{'type': 'msteam', 'address': 'https://hooks/x'}",
	         "spec.type: expected slack, msteams, discord, rocket, gchat, got \"msteam\"; did "
	         "you mean \"msteams\"?"},
		{"{'type': 'slack'}",
	         "spec.address: expected a URL here or a Secret with one in secretRef, got neither"},
		/* Who knows the address may write there: it is not shown. */
		{"{'type': 'slack', 'address': 'hooks/" SECRET_WORD "'}",
	         "spec.address: expected a URL that begins with http:// or https://"},
		{"{'type': 'slack', 'address': 'https://h', 'proxy': 'ftp://u:" SECRET_WORD "@p'}",
	         "spec.proxy: expected a URL that begins with http:// or https://"},
		{"{'type': 'slack', 'address': 7}", "spec.address: expected a text, got 7"},
		{"{'type': 'slack', 'secretRef': {}}",
	         "spec.secretRef.name: expected the Secret's name, got nothing"},
		{"{'type': 'slack', 'secretRef': {'name': '../x'}}",
	         "spec.secretRef.name: expected a name (lower case letters, digits, - and .), got "
	         "\"../x\""},
		{"{'type': 'slack', 'address': 'https://h', 'channel': '" TEN(TEN("abc")) "'}",
	         "spec.channel: expected at most 256 characters, got 300"},
		{"{'type': 'slack', 'address': 'https://h', 'username': '" TEN(TEN("abc")) "'}",
	         "spec.username: expected at most 256 characters, got 300"},
		{"{'type': 'slack', 'address': 'https://h" TEN(TEN(TEN("abc"))) "'}",
	         "spec.address: expected at most 2048 characters, got 3009"},
	};

	for (size_t i = 0; i < array_length(rows); i++) {
		struct arena arena = {0};
		struct kube_alert_provider found = {0};
		struct err err = {0};
		json_t *object = json_pack("{so}", "spec", merge_parse(rows[i].spec));
		const char *got = err.text;

		if (kube_alert_provider_read(object, &arena, &found, &err))
			got = arena_format(&arena, "=%s %s %s %s proxy %s secret %s",
			                   found.receiver.type, found.receiver.address,
			                   found.receiver.channel, found.receiver.username,
			                   or_none(found.receiver.proxy), or_none(found.secret));
		assert_string_equal(got, rows[i].want);
		assert_true(*got == '=' || !strstr(got, SECRET_WORD));
		json_decref(object);
		arena_fini(&arena);
	}
}

static void test_secret(void **state)
{
	static const struct {
		const char *text;
		const char *want; /* with =: address and token; else the error */
	} rows[] = {
		{"{'data': {'address': 'aHR0cHM6Ly9ob29rcy94'}}", "=https://hooks/x -"},
		{"{'data': {'address': 'aHR0cHM6Ly9ob29rcy94', 'token': 'czNjcmV0'}}",
	         "=https://hooks/x s3cret"},
		{"{'data': {'address': 'aHR0cHM6Ly9ob29rcy94', 'token': ''}}",
	         "=https://hooks/x -"},
		{"{}", "data.address: expected a URL, got nothing"},
		{"{'data': {'token': 'czNjcmV0'}}", "data.address: expected a URL, got nothing"},
		{"{'data': {'address': ''}}", "data.address: expected a URL, got nothing"},
		{"{'data': {'address': 's3cret!!'}}", "data.address: expected a text in base64"},
		{"{'data': {'address': 'aHR0c'}}", "data.address: expected a text in base64"},
		{"{'data': {'address': ['s3cret']}}", "data.address: expected a text in base64"},
		{"{'data': {'address': 'aHR0cHM6Ly9ob29rcy94', 'token': 'czNjcmV0Cg=='}}",
	         "data.token: expected one line, got a control character or a line end (made with "
	         "echo?)"},
	};

	for (size_t i = 0; i < array_length(rows); i++) {
		struct arena arena = {0};
		struct kube_alert_provider found = {0};
		struct err err = {0};
		json_t *object = merge_parse(rows[i].text);
		const char *got = err.text;

		if (kube_alert_provider_secret_read(object, &arena, &found, &err))
			got = arena_format(&arena, "=%s %s", found.receiver.address,
			                   or_none(found.receiver.token));
		assert_string_equal(got, rows[i].want);
		assert_true(*got == '=' || !strstr(got, SECRET_WORD));
		json_decref(object);
		arena_fini(&arena);
	}
}

static void test_secret_limit(void **state)
{
	struct arena arena = {0};
	struct kube_alert_provider found = {0};
	struct err err = {0};
	size_t length = ((size_t)KUBE_SECRET_TEXT_MAX / 3 + 1) * 4;
	char *text = malloc(length + 1);
	json_t *object;

	assert_non_null(text);
	memset(text, 'A', length);
	text[length] = '\0';
	object = json_pack("{s{ss}}", "data", "address", text);
	assert_false(kube_alert_provider_secret_read(object, &arena, &found, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
	json_decref(object);
	arena_fini(&arena);
	free(text);
}

/* What is sent ----------------------------------------------------------------------------------
 */

#define FIELDS_SLACK                                       \
 "{'title': 'Cluster', 'value': 'east', 'short': false}, " \
 "{'title': 'Target', 'value': 'Deployment/cart.shop', 'short': false}"
#define SLACK(color, text, fields)                                                   \
 "{'channel': 'ops', 'username': 'bot', 'icon_url': '', 'icon_emoji': ':rocket:', "  \
 "'attachments': [{'color': '" color "', 'author_name': 'cart.shop', 'text': '" text \
 "', 'mrkdwn_in': ['text'], 'fields': [" fields "]}]}"
#define TEAMS(color, text, facts)                                                             \
 "{'@type': 'MessageCard', '@context': 'http://schema.org/extensions', 'themeColor': '" color \
 "', 'summary': 'cart.shop', 'sections': [{'activityTitle': '" text                           \
 "', 'activitySubtitle': 'cart.shop', 'facts': [" facts "]}]}"
#define STRONG(text)  "<font color=#848484><strong>" text "</strong></font>"
#define SECTION(text) "{'widgets': [{'textParagraph': {'text': '" text "'}}]}"
#define GCHAT(sections)                                                             \
 "{'cards': [{'header': {'title': 'Flagger', 'subtitle': 'cart.shop', 'imageUrl': " \
 "'https://flagger.app/favicon.png'}, 'sections': [" sections "]}]}"

/* Section 6.5, one row each of what differs. */
static const struct fixture {
	const char *type;
	const char *address;
	enum severity severity;
	bool has_fields;
	const char *url;
	const char *body;
} fixtures[] = {
	{"slack", "https://hooks/x", SEVERITY_INFO, true, "https://hooks/x",
         SLACK("good", "hello", FIELDS_SLACK)},
	{"slack", "https://hooks/x", SEVERITY_WARN, false, "https://hooks/x",
         SLACK("good", "hello", "")},
	{"slack", "https://hooks/x", SEVERITY_ERROR, false, "https://hooks/x",
         SLACK("danger", "hello", "")},
	{"discord", "https://hooks/x", SEVERITY_INFO, true, "https://hooks/x/slack",
         SLACK("good", "hello", FIELDS_SLACK)},
	{"discord", "https://hooks/x/?wait=true", SEVERITY_ERROR, false,
         "https://hooks/x/slack?wait=true", SLACK("danger", "hello", "")},
	{"discord", "https://hooks/x/slack?a=/b", SEVERITY_ERROR, false,
         "https://hooks/x/slack?a=/b", SLACK("danger", "hello", "")},
	{"rocket", "https://hooks/x", SEVERITY_INFO, true, "https://hooks/x",
         SLACK("#0076D7", "hello", FIELDS_SLACK)},
	{"rocket", "https://hooks/x", SEVERITY_ERROR, false, "https://hooks/x",
         SLACK("#FF0000", "hello", "")},
	{"msteams", "https://hooks/x", SEVERITY_INFO, true, "https://hooks/x",
         TEAMS("0076D7", "hello",
               "{'name': 'Cluster', 'value': 'east'}, "
               "{'name': 'Target', 'value': 'Deployment/cart.shop'}")},
	{"msteams", "https://hooks/x", SEVERITY_ERROR, false, "https://hooks/x",
         TEAMS("FF0000", "hello", "")},
	{"gchat", "https://hooks/x?key=k", SEVERITY_ERROR, true, "https://hooks/x?key=k",
         GCHAT(SECTION(STRONG("hello")) ", " SECTION("Cluster<br>" STRONG("east")) ", " SECTION(
		 "Target<br>" STRONG("Deployment/cart.shop")))},
};

static struct notifier_receiver receiver_of(const struct fixture *row)
{
	return (struct notifier_receiver){
		.type = row->type,
		.address = row->address,
		.token = SECRET_WORD,
		.channel = "ops",
		.username = "bot",
	};
}

static struct notifier_message message_of(const struct fixture *row, const char *text)
{
	return (struct notifier_message){
		.severity = row->severity,
		.subject = "cart.shop",
		.text = text,
		.fields = {{"Cluster", "east"}, {"Target", "Deployment/cart.shop"}},
		.n_fields = row->has_fields ? 2 : 0,
	};
}

static const char *header(const struct http_request *request, const char *name)
{
	for (size_t i = 0; i < request->n_headers; i++) {
		if (strcmp(request->headers[i].name, name) == 0)
			return request->headers[i].value;
	}
	return "";
}

static void check_fixture(const struct fixture *row)
{
	struct notifier_receiver receiver = receiver_of(row);
	struct notifier_message message = message_of(row, "hello");
	struct http_request request = {0};
	struct arena arena = {0};
	struct err err = {0};
	json_t *want = merge_parse(row->body);
	json_t *got;

	assert_true(notifier_ask(&receiver, &message, &arena, &request, &err));
	got = json_loadb(request.body, request.body_length, 0, NULL);
	if (strcmp(request.url, row->url) != 0 || !json_equal(got, want))
		fail_msg("%s\n  want: %s %s\n  got:  %s %s", row->type, row->url, row->body,
		         request.url, request.body);
	assert_int_equal(request.peer, HTTP_PEER_URL);
	assert_int_equal(request.method, HTTP_POST);
	assert_int_equal(request.timeout.ms, 5000);
	assert_int_equal(request.reply_max, NOTIFIER_REPLY_MAX);
	assert_string_equal(header(&request, "Content-Type"), "application/json");
	/* 6.3: a token is Slack's alone. */
	assert_string_equal(header(&request, "Authorization"),
	                    strcmp(row->type, "slack") == 0 ? "Bearer " SECRET_WORD : "");
	assert_null(request.proxy);
	assert_false(request.insecure);
	json_decref(want);
	json_decref(got);
	arena_fini(&arena);
}

static void test_requests(void **state)
{
	for (size_t i = 0; i < array_length(fixtures); i++)
		check_fixture(&fixtures[i]);
}

static void test_proxy(void **state)
{
	struct notifier_receiver receiver = receiver_of(&fixtures[0]);
	struct notifier_message message = message_of(&fixtures[0], "hello");
	struct http_request request;
	struct arena arena = {0};
	struct err err = {0};

	receiver.proxy = "http://u:" SECRET_WORD "@proxy:3128";
	receiver.token = NULL;
	assert_true(notifier_ask(&receiver, &message, &arena, &request, &err));
	assert_string_equal(request.proxy, receiver.proxy);
	assert_string_equal(header(&request, "Authorization"), "");
	arena_fini(&arena);
}

/* Quotes, tags, letters and bytes that are none: JSON comes of it all the same. */
static void test_odd_texts(void **state)
{
	static const struct {
		const char *text;
		const char *sent;
	} rows[] = {
		{"a \"b\" \\ <c> & \n", "a \"b\" \\ <c> & \n"},
		{"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f"},
		{"cut \xc3", "cut ?"},
		{"", ""},
	};

	for (size_t i = 0; i < array_length(rows); i++) {
		struct notifier_receiver receiver = receiver_of(&fixtures[0]);
		struct notifier_message message = message_of(&fixtures[0], rows[i].text);
		struct http_request request;
		struct arena arena = {0};
		json_t *got;
		const json_t *attachment;

		assert_true(notifier_ask(&receiver, &message, &arena, &request, NULL));
		got = json_loadb(request.body, request.body_length, 0, NULL);
		attachment = json_array_get(json_object_get(got, "attachments"), 0);
		assert_string_equal(json_string_value(json_object_get(attachment, "text")),
		                    rows[i].sent);
		json_decref(got);
		arena_fini(&arena);
	}
}

/* What is wrong is told, but no address. */
static void test_refused(void **state)
{
	static const struct {
		struct notifier_receiver receiver;
		const char *want;
	} rows[] = {
		{{"slack", "hooks/" SECRET_WORD, NULL, "", "", NULL},
	         "invalid slack webhook URL: expected an http or https address"},
		{{"slack", "", NULL, "", "", NULL},
	         "invalid slack webhook URL: expected an http or https address"},
		{{"msteams", "https://h/" SECRET_WORD TEN(TEN(TEN("abc"))), NULL, "", "", NULL},
	         "invalid msteams webhook URL: expected an http or https address"},
		{{"gchat", "https://h", NULL, "", "", "socks5://" SECRET_WORD},
	         "invalid gchat proxy URL: expected an http or https address"},
		{{"mail", "https://h", NULL, "", "", NULL},
	         "type: expected slack, msteams, discord, rocket, gchat, got \"mail\""},
	};
	struct notifier_message message = message_of(&fixtures[0], "hello");

	for (size_t i = 0; i < array_length(rows); i++) {
		struct http_request request;
		struct arena arena = {0};
		struct err err = {0};

		assert_false(notifier_ask(&rows[i].receiver, &message, &arena, &request, &err));
		assert_string_equal(err.text, rows[i].want);
		assert_null(strstr(err.text, SECRET_WORD));
		arena_fini(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_entries),   cmocka_unit_test(test_receivers),
		cmocka_unit_test(test_global),    cmocka_unit_test(test_alert_provider),
		cmocka_unit_test(test_secret),    cmocka_unit_test(test_secret_limit),
		cmocka_unit_test(test_requests),  cmocka_unit_test(test_proxy),
		cmocka_unit_test(test_odd_texts), cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
