/*
 * Alerts as conversations: the AlertProvider, its Secret, one POST; what is tried again and when,
 * and what people are told of one that was given up. Nothing of that shows an address or a token.
 */
#include "analysis/base/text.h"
#include "providers/act_alert.h"
#include "providers/kube/canary.h"
#include "tests/providers/cart.h"
#include "tests/providers/merge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ALERT(more) \
 "{'spec': {'analysis': {'alerts': [{'name': 'a', 'providerRef': {'name': 'chat'" more "}}]}}}"
#define PROVIDER "{'spec': {'type': 'slack', 'address': 'https://hooks.example/services/s3cret'}}"
#define BY_SECRET                                                                        \
 "{'spec': {'type': 'slack', 'secretRef': {'name': 'hook'}, 'channel': 'ops', 'proxy': " \
 "'http://u:s3cret@proxy:3128'}}"
/* https://hooks.example/s3cret, s3cret-token */
#define SECRET                                                                \
 "{'data': {'address': 'aHR0cHM6Ly9ob29rcy5leGFtcGxlL3MzY3JldA==', 'token': " \
 "'czNjcmV0LXRva2Vu'}}"
#define GET_PROVIDER "GET /apis/flagger.app/v1beta1/namespaces/shop/alertproviders/chat"
#define GET_SECRET   "GET /api/v1/namespaces/shop/secrets/hook"
#define POST         "POST https://hooks.example/services/s3cret"
#define TEN(x)       x x x x x x x x x x

static const struct effect failed = {
	.kind = EFFECT_ALERT,
	.question = 7,
	.release_uid = "release-uid",
	.notice = {.id = 61,
                   .is_warning = true,
                   .severity = SEVERITY_ERROR,
                   .text = "Failed checks threshold reached 3"},
};

/* One request that is expected, and its answer. */
struct exchange {
	const char *request; /* NULL ends the list */
	int64_t pause;       /* seconds before it */
	int status;          /* 0: no answer arrives, for the reason in the body */
	const char *body;
	int64_t retry_after; /* seconds */
};

static struct http_reply reply_of(const struct exchange *exchange, char **ret_text)
{
	struct http_reply reply = {.status = exchange->status, .body = exchange->body};

	*ret_text = NULL;
	if (exchange->status == 0) {
		reply = (struct http_reply){.body = ""};
		(void)err_set(&reply.error, ERR_TRANSPORT, "%s", exchange->body);
	} else if (exchange->body[0] == '{') {
		json_t *json = merge_parse(exchange->body);

		*ret_text = json_dumps(json, 0);
		json_decref(json);
		reply.body = *ret_text;
	}
	reply.body_length = strlen(reply.body);
	reply.retry_after = span_seconds(exchange->retry_after);
	return reply;
}

static void play_in(struct cart *cart, const struct exchange *script, const char *want)
{
	struct act act;
	struct err err = {0};
	enum talk_step step;

	act_init(&act, &cart->world, &failed, &cart->arena);
	step = act.talk.next(&act.talk, NULL, &err);
	for (size_t i = 0; script[i].request; i++) {
		char *text;
		struct http_reply reply = reply_of(&script[i], &text);
		char line[256];

		assert_int_equal(step, TALK_SEND);
		text_format(line, sizeof(line), "%s %s", http_method_name(act.talk.request.method),
		            act.talk.request.url);
		assert_string_equal(line, script[i].request);
		assert_int_equal(act.talk.pause.ms, script[i].pause * 1000);
		act.talk.pause = span_ms(0);
		step = act.talk.next(&act.talk, &reply, &err);
		free(text);
	}
	assert_int_equal(step, TALK_DONE);
	assert_int_equal(act.result.outcome, *want ? ACT_FAILED : ACT_OK);
	assert_string_equal(act.result.text, want);
	assert_null(strstr(act.result.text, "s3cret"));
	act_fini(&act);
}

/* "" is: it was told. */
static void play(const char *patch, const struct exchange *script, const char *want)
{
	struct cart cart;

	cart_init(&cart, patch);
	play_in(&cart, script, want);
	cart_fini(&cart);
}

static void test_told(void **state)
{
	static const struct exchange plain[] = {
		{GET_PROVIDER, 0, 200, PROVIDER}, {POST, 0, 200, "ok"}, {0}};
	static const struct exchange by_secret[] = {{GET_PROVIDER, 0, 200, BY_SECRET},
	                                            {GET_SECRET, 0, 200, SECRET},
	                                            {"POST https://hooks.example/s3cret", 0, 204,
	                                             ""},
	                                            {0}};
	static const struct exchange elsewhere[] = {
		{"GET /apis/flagger.app/v1beta1/namespaces/ops/alertproviders/chat", 0, 200,
	         BY_SECRET},
		{"GET /api/v1/namespaces/ops/secrets/hook", 0, 200, SECRET},
		{"POST https://hooks.example/s3cret", 0, 202, ""},
		{0}};
	/* A Slack that says no with a 200 is a success, as in Flagger. */
	static const struct exchange slack[] = {
		{GET_PROVIDER, 0, 200, PROVIDER}, {POST, 0, 200, "{'ok': false}"}, {0}};

	play(ALERT(""), plain, "");
	play(ALERT(""), by_secret, "");
	play(ALERT(", 'namespace': 'ops'"), elsewhere, "");
	play(ALERT(""), slack, "");
}

/* Not tried again: it would be no better. */
static void test_given_up_at_once(void **state)
{
	static const struct {
		const char *provider;
		int provider_status;
		const char *secret; /* NULL: not asked */
		int secret_status;
		int status; /* of the POST; 0: not sent */
		const char *body;
		const char *want;
	} rows[] = {
		{"{}", 404, NULL, 0, 0, NULL, "alert provider chat.shop error: not found"},
		{"{'message': 'no right'}", 403, NULL, 0, 0, NULL,
	         "alert provider chat.shop error: get alertproviders shop/chat: 403: no right; "
	         "check the agent's Role"},
		{"{'spec': {'type': 'slack'}}", 200, NULL, 0, 0, NULL,
	         "alert provider chat.shop error: spec.address: expected a URL here or a Secret "
	         "with one in secretRef, got neither"},
		{BY_SECRET, 200, "{}", 404, 0, NULL,
	         "alert provider chat.shop secret hook error: not found"},
		{BY_SECRET, 200, "{'data': {'token': 'czNjcmV0'}}", 200, 0, NULL,
	         "alert provider chat.shop secret hook error: data.address: expected a URL, got "
	         "nothing"},
		{BY_SECRET, 200, "{'data': {'address': 'czNjcmV0'}}", 200, 0, NULL,
	         "alert provider chat.shop error: invalid slack webhook URL: expected an http or "
	         "https address"},
		{PROVIDER, 200, NULL, 0, 404, "no_service",
	         "alert provider chat.shop send error: HTTP 404: no_service"},
		{PROVIDER, 200, NULL, 0, 400, "invalid_payload\nmore",
	         "alert provider chat.shop send error: HTTP 400: invalid_payload"},
		{PROVIDER, 200, NULL, 0, 501, "", "alert provider chat.shop send error: HTTP 501"},
		/* A redirect is not followed: D-26. */
		{PROVIDER, 200, NULL, 0, 302, "", "alert provider chat.shop send error: HTTP 302"},
		/* It may say what it was sent. */
		{PROVIDER, 200, NULL, 0, 400, "<p>/services/s3cret</p>",
	         "alert provider chat.shop send error: HTTP 400"},
	};

	for (size_t i = 0; i < array_length(rows); i++) {
		struct exchange script[4] = {
			{GET_PROVIDER, 0, rows[i].provider_status, rows[i].provider}};
		size_t n = 1;

		if (rows[i].secret)
			script[n++] = (struct exchange){GET_SECRET, 0, rows[i].secret_status,
			                                rows[i].secret};
		if (rows[i].status)
			script[n] = (struct exchange){POST, 0, rows[i].status, rows[i].body};
		play(ALERT(""), script, rows[i].want);
	}
}

/* Three attempts, each from the start: who changes the AlertProvider meanwhile is heard. */
static void test_tried_again(void **state)
{
	static const struct exchange busy[] = {{GET_PROVIDER, 0, 200, PROVIDER},
	                                       {POST, 0, 503, "busy"},
	                                       {GET_PROVIDER, 1, 200, PROVIDER},
	                                       {POST, 0, 500, "busy"},
	                                       {GET_PROVIDER, 2, 200, PROVIDER},
	                                       {POST, 0, 502, "busy"},
	                                       {0}};
	static const struct exchange recovers[] = {
		{GET_PROVIDER, 0, 200, PROVIDER},
		{POST, 0, 0, "connect to hooks.example:443: refused"},
		{GET_PROVIDER, 1, 200, BY_SECRET},
		{GET_SECRET, 0, 200, SECRET},
		{"POST https://hooks.example/s3cret", 0, 200, ""},
		{0}};
	static const struct exchange silent[] = {
		{GET_PROVIDER, 0, 200, PROVIDER},
		{POST, 0, 0, "connect to hooks.example:443: timed out"},
		{GET_PROVIDER, 1, 200, PROVIDER},
		{POST, 0, 0, "connect to hooks.example:443: timed out"},
		{GET_PROVIDER, 2, 200, PROVIDER},
		{POST, 0, 0, "connect to hooks.example:443: timed out"},
		{0}};
	/* It says when; for 30 s it is waited for. */
	static const struct exchange limited[] = {{GET_PROVIDER, 0, 200, PROVIDER},
	                                          {POST, 0, 429, "", 7},
	                                          {GET_PROVIDER, 7, 200, PROVIDER},
	                                          {POST, 0, 429, "", 3600},
	                                          {GET_PROVIDER, 30, 200, PROVIDER},
	                                          {POST, 0, 200, ""},
	                                          {0}};
	static const struct exchange server[] = {{GET_PROVIDER, 0, 0, "timed out"},
	                                         {GET_PROVIDER, 1, 503, "{'message': 'later'}"},
	                                         {GET_PROVIDER, 2, 200, PROVIDER},
	                                         {POST, 0, 200, ""},
	                                         {0}};

	play(ALERT(""), busy,
	     "alert provider chat.shop send error: HTTP 502: busy (given up after 3 attempts)");
	play(ALERT(""), recovers, "");
	play(ALERT(""), silent,
	     "alert provider chat.shop send error: connect to hooks.example:443: timed out (given up "
	     "after 3 attempts)");
	play(ALERT(""), limited, "");
	play(ALERT(""), server, "");
}

/* The receiver of the command line needs nothing of the cluster. */
static void test_global(void **state)
{
	static const struct exchange told[] = {{"POST http://teams.example/s3cret", 0, 200, ""},
	                                       {0}};
	static const struct exchange refused[] = {
		{"POST http://teams.example/s3cret", 0, 410, "gone"}, {0}};
	static const struct exchange none[] = {{0}};
	struct cart cart;

	cart_init(&cart, "{}");
	play_in(&cart, none, "the Canary has no such alert any more");
	cart.options.notifier = (struct notifier_receiver){.type = "msteams",
	                                                   .address = "http://teams.example/s3cret",
	                                                   .channel = "",
	                                                   .username = ""};
	play_in(&cart, told, "");
	play_in(&cart, refused, "alert notifier msteams send error: HTTP 410: gone");
	cart_fini(&cart);
}

/* Section 6.1: the fields, in order; A/B, Blue/Green and weights. */
static void check_fields(const char *patch, bool has_details, const char *cluster, const char *want)
{
	struct effect effect = failed;
	struct kube_canary canary = {0};
	struct cart cart;
	struct act act;
	json_t *body;
	json_t *fields;

	effect.notice.severity = SEVERITY_INFO;
	effect.notice.has_details = has_details;
	cart_init(&cart, patch);
	cart.options.cluster_name = cluster;
	cart.options.notifier = (struct notifier_receiver){
		.type = "slack", .address = "http://s/", .channel = "c", .username = "u"};
	assert_true(kube_canary_read(cart.object, &cart.options, &cart.arena, &canary, NULL));
	cart.spec = canary.spec;
	act_init(&act, &cart.world, &effect, &cart.arena);
	assert_int_equal(act.talk.next(&act.talk, NULL, NULL), TALK_SEND);
	body = json_loadb(act.talk.request.body, act.talk.request.body_length, 0, NULL);
	fields = json_object_get(json_array_get(json_object_get(body, "attachments"), 0), "fields");
	cart_same(json_incref(fields), want);
	json_decref(body);
	act_fini(&act);
	cart_fini(&cart);
}

#define FIELD(title, value) "{'title': '" title "', 'value': '" value "', 'short': false}"
#define DETAILS(routing)                                 \
 "[" FIELD("Target", "Deployment/cart.shop") ", " FIELD( \
	 "Failed checks threshold",                      \
	 "3") ", " FIELD("Progress deadline", "600s") ", " FIELD("Traffic routing", routing) "]"

static void test_fields(void **state)
{
	check_fields("{}", false, NULL, "[]");
	check_fields("{}", false, "", "[]");
	check_fields("{}", false, "east", "[" FIELD("Cluster", "east") "]");
	check_fields("{}", true, NULL, DETAILS("Weight step: 20 max: 60"));
	check_fields("{'spec': {'analysis': {'maxWeight': null}}}", true, NULL,
	             DETAILS("Weight step: 20 max: 0"));
	check_fields("{'spec': {'analysis': {'stepWeight': null, 'stepWeights': [1, 5, 60]}}}",
	             true, NULL, DETAILS("Weight steps: 1,5,60 max: 60"));
	check_fields("{'spec': {'analysis': {'iterations': 3}}}", true, NULL,
	             DETAILS("Blue/Green"));
	check_fields(
		"{'spec': {'analysis': {'iterations': 3, 'match': [{'headers': {'x': "
		"{'exact': '1'}}}]}}}",
		true, NULL, DETAILS("A/B Testing"));
	check_fields("{'spec': {'progressDeadlineSeconds': 60, 'analysis': null}}", true, "east",
	             "[" FIELD("Cluster", "east") ", " FIELD(
			     "Target",
			     "Deployment/cart.shop") ", " FIELD("Failed checks threshold",
	                                                        "1") ", " FIELD("Progress "
	                                                                        "deadline",
	                                                                        "60s") "]");
}

/* Long names: cut, and still one sentence. */
static void test_long_names(void **state)
{
	static const char patch[] =
		"{'spec': {'analysis': {'alerts': [{'providerRef': {'name': '" TEN(
			"abcdefghijklmno-abcdefgh") "', 'namespace': 'n'}}]}}}";
	struct cart cart;
	struct act act;
	struct http_reply reply = {.status = 404, .body = "", .body_length = 0};

	cart_init(&cart, patch);
	act_init(&act, &cart.world, &failed, &cart.arena);
	assert_int_equal(act.talk.next(&act.talk, NULL, NULL), TALK_SEND);
	assert_int_equal(act.talk.next(&act.talk, &reply, NULL), TALK_DONE);
	assert_non_null(strstr(act.result.text, ".n error: not found"));
	act_fini(&act);
	cart_fini(&cart);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_told),        cmocka_unit_test(test_given_up_at_once),
		cmocka_unit_test(test_tried_again), cmocka_unit_test(test_global),
		cmocka_unit_test(test_fields),      cmocka_unit_test(test_long_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
