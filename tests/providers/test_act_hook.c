/* Hooks as conversations: what is sent, which answer is a yes, what is tried again and when. */
#include "analysis/base/text.h"
#include "providers/act_hook.h"
#include "tests/providers/cart.h"
#include "tests/providers/merge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HOOK(more)                                                                    \
 "{'spec': {'analysis': {'webhooks': [{'name': 'gate', 'url': 'http://tester/gate', " \
 "'type': 'confirm-rollout', 'timeout': '7s'" more "}]}}}"

static const struct effect ask = {
	.kind = EFFECT_ASK_HOOK,
	.question = 0xabc,
	.check = {1700000000000},
	.release_uid = "release-uid",
	.digest = "4cb74184589",
	.phase = "Waiting",
};

/* One answer, and what follows: the wait before the next attempt, or the end. */
struct answer {
	int status; /* 0: no answer arrived */
	const char *body;
	int64_t retry_after; /* seconds */
	int64_t pause;       /* seconds; -1: it is the end */
};

static struct http_reply reply_of(const struct answer *answer)
{
	struct http_reply reply = {.status = answer->status, .body = answer->body};

	if (answer->status == 0) {
		reply = (struct http_reply){.body = ""};
		(void)err_set(&reply.error, ERR_TRANSPORT, "%s", answer->body);
	}
	reply.body_length = strlen(reply.body);
	reply.retry_after = span_seconds(answer->retry_after);
	return reply;
}

/* Call the hook of PATCH; each attempt is answered in turn. */
static void play(const char *patch, const struct answer *answers, enum hook_result want,
                 const char *text)
{
	struct cart cart;
	struct act act;
	struct err err = {0};
	enum talk_step step;

	cart_init(&cart, patch);
	act_init(&act, &cart.world, &ask, &cart.arena);
	step = act.talk.next(&act.talk, NULL, &err);
	assert_int_equal(act.talk.pause.ms, 0);
	for (size_t i = 0;; i++) {
		struct http_reply reply = reply_of(&answers[i]);

		assert_int_equal(step, TALK_SEND);
		assert_int_equal(act.talk.request.timeout.ms, 7000);
		step = act.talk.next(&act.talk, &reply, &err);
		if (answers[i].pause < 0)
			break;
		assert_int_equal(act.talk.pause.ms, answers[i].pause * 1000);
	}
	assert_int_equal(step, TALK_DONE);
	assert_int_equal(act.result.outcome, ACT_OK);
	assert_int_equal(act.result.hook, want);
	assert_string_equal(act.result.text, text);
	act_fini(&act);
	cart_fini(&cart);
}

static const char *header(const struct http_request *request, const char *name)
{
	for (size_t i = 0; i < request->n_headers; i++) {
		if (strcmp(request->headers[i].name, name) == 0)
			return request->headers[i].value;
	}
	return "";
}

static void check_body(const struct http_request *request, const char *want)
{
	assert_int_equal(request->peer, HTTP_PEER_URL);
	assert_int_equal(request->method, HTTP_POST);
	assert_string_equal(header(request, "Content-Type"), "application/json");
	assert_string_equal(request->body, want);
	assert_int_equal(request->body_length, strlen(want));
}

static void test_request(void **state)
{
	struct cart cart;
	struct act act;
	struct err err = {0};

	cart_init(&cart, HOOK(", 'metadata': {'b': '1', 'a': 'x\\\"y'}, 'disableTLS': true"));
	act_init(&act, &cart.world, &ask, &cart.arena);
	assert_int_equal(act.talk.next(&act.talk, NULL, &err), TALK_SEND);
	assert_string_equal(act.talk.request.url, "http://tester/gate");
	assert_true(act.talk.request.insecure);
	assert_string_equal(header(&act.talk.request, "Idempotency-Key"),
	                    "release-uid-0000000000000abc-1700000000000");
	check_body(&act.talk.request,
	           "{\"name\":\"cart\",\"namespace\":\"shop\",\"phase\":\"Waiting\","
	           "\"checksum\":\"7c9d467496\",\"metadata\":{\"b\":\"1\",\"a\":\"x\\\"y\"}}");
	act_fini(&act);
	cart_fini(&cart);
	cart_init(&cart, HOOK(""));
	act_init(&act, &cart.world, &ask, &cart.arena);
	assert_int_equal(act.talk.next(&act.talk, NULL, &err), TALK_SEND);
	assert_false(act.talk.request.insecure);
	check_body(&act.talk.request,
	           "{\"name\":\"cart\",\"namespace\":\"shop\",\"phase\":\"Waiting\","
	           "\"checksum\":\"7c9d467496\"}");
	act_fini(&act);
	cart_fini(&cart);
}

/* What an event hook is told; its own metadata override nothing. */
static void test_event(void **state)
{
	static const struct effect tell = {
		.kind = EFFECT_TELL_HOOK,
		.question = 0xabc,
		.check = {1700000000123},
		.release_uid = "release-uid",
		.phase = "Progressing",
		.notice = {.id = 61, .is_warning = true, .text = "Halt \"cart\""},
	};
	struct cart cart;
	struct act act;
	struct err err = {0};

	cart_init(&cart, HOOK(", 'metadata': {'eventType': 'mine', 'team': 'shop'}"));
	act_init(&act, &cart.world, &tell, &cart.arena);
	assert_int_equal(act.talk.next(&act.talk, NULL, &err), TALK_SEND);
	assert_string_equal(header(&act.talk.request, "Idempotency-Key"),
	                    "release-uid-0000000000000abc-61");
	check_body(&act.talk.request,
	           "{\"name\":\"cart\",\"namespace\":\"shop\",\"phase\":\"Progressing\","
	           "\"checksum\":\"758df7c9fc\",\"metadata\":{\"eventType\":\"Warning\","
	           "\"team\":\"shop\",\"eventMessage\":\"Halt \\\"cart\\\"\","
	           "\"timestamp\":\"1700000000123\"}}");
	act_fini(&act);
	cart_fini(&cart);
}

/* The test vectors of the contract, appendix A.2. */
static void test_checksum(void **state)
{
	char checksum[ACT_HOOK_CHECKSUM_MAX];

	act_hook_checksum("", NULL, checksum);
	assert_string_equal(checksum, "758df7c9fc");
	act_hook_checksum("4cb74184589", NULL, checksum);
	assert_string_equal(checksum, "7c9d467496");
	act_hook_checksum("4cb74184589", "", checksum);
	assert_string_equal(checksum, "56966965f5");
	act_hook_checksum("4cb74184589", "test-config-map:484637c76acaa7c6", checksum);
	assert_string_equal(checksum, "569bdb7cb9");
	act_hook_checksum("5f56684589", "configmap/a:0000000000000001 secret/b:0000000000000002",
	                  checksum);
	assert_string_equal(checksum, "c44b97f9b");
}

/* Of the same template, with other configs: another configuration of the run. */
static void test_checksum_of_a_changed_config(void **state)
{
	static const char *const configs[] = {"", "c1", "c2"};
	static const char *const checksums[] = {"7c9d467496", "cc9747856", "7c666c4769"};
	struct effect effect = ask;
	struct cart cart;
	struct act act;
	struct err err = {0};

	cart_init(&cart, HOOK(""));
	for (size_t i = 0; i < array_length(configs); i++) {
		char body[256];

		text_copy(effect.configs, configs[i]);
		text_format(body, sizeof(body),
		            "{\"name\":\"cart\",\"namespace\":\"shop\",\"phase\":\"Waiting\","
		            "\"checksum\":\"%s\"}",
		            checksums[i]);
		act_init(&act, &cart.world, &effect, &cart.arena);
		assert_int_equal(act.talk.next(&act.talk, NULL, &err), TALK_SEND);
		check_body(&act.talk.request, body);
		act_fini(&act);
	}
	cart_fini(&cart);
}

/* D-26: each 2xx is a yes, and what the receiver says is told. */
static void test_D_26_answers(void **state)
{
	static const struct {
		int status;
		const char *body;
		enum hook_result want;
		const char *text;
	} rows[] = {
		{200, "", HOOK_PASS, ""},
		{201, "x", HOOK_PASS, ""},
		{202, "x", HOOK_PASS, ""},
		{204, "", HOOK_PASS, ""},
		{299, "", HOOK_PASS, ""},
		{302, "", HOOK_FAIL, "HTTP 302"},
		{400, " no\n\tway \n", HOOK_FAIL, "no  way"},
		{403, "Forbidden", HOOK_FAIL, "Forbidden"},
		{404, "", HOOK_FAIL, "HTTP 404"},
		{429, "busy", HOOK_FAIL,
	         "POST http://tester/gate giving up after 1 attempt(s): busy"},
		{500, "", HOOK_FAIL,
	         "POST http://tester/gate giving up after 1 attempt(s): HTTP 500"},
		{501, "never", HOOK_FAIL, "never"},
		{503, "down", HOOK_FAIL,
	         "POST http://tester/gate giving up after 1 attempt(s): down"},
		{0, "connection refused", HOOK_FAIL,
	         "POST http://tester/gate giving up after 1 attempt(s): connection refused"},
	};

	for (size_t i = 0; i < array_length(rows); i++) {
		const struct answer answer = {rows[i].status, rows[i].body, 0, -1};

		play(HOOK(""), &answer, rows[i].want, rows[i].text);
	}
}

/* 1, 2, 4, 8, 16 s, then 30 s; a Retry-After of 429 and 503 instead, but not for ever. */
static void test_retries(void **state)
{
	static const struct answer late[] = {{500, "", 0, 1},  {0, "reset", 0, 2}, {502, "", 0, 4},
	                                     {504, "", 0, 8},  {429, "", 0, 16},   {503, "", 0, 30},
	                                     {500, "", 0, 30}, {200, "", 0, -1}};
	static const struct answer told[] = {
		{429, "", 7, 7}, {503, "", 3600, 600}, {500, "", 7, 4}, {403, "no", 0, -1}};
	static const struct answer out[] = {{500, "", 0, 1}, {500, "", 0, 2}, {500, "x", 0, -1}};

	play(HOOK(", 'retries': 7"), late, HOOK_PASS, "");
	play(HOOK(", 'retries': 7"), told, HOOK_FAIL, "no");
	play(HOOK(", 'retries': 2"), out, HOOK_FAIL,
	     "POST http://tester/gate giving up after 3 attempt(s): x");
}

/* A body that is too long, a certificate that is wrong: not tried again. */
static void test_other_errors(void **state)
{
	struct http_reply reply = {.body = ""};
	struct err err = {0};
	struct cart cart;
	struct act act;

	cart_init(&cart, HOOK(", 'retries': 7"));
	act_init(&act, &cart.world, &ask, &cart.arena);
	assert_int_equal(act.talk.next(&act.talk, NULL, &err), TALK_SEND);
	(void)err_set(&reply.error, ERR_LIMIT, "longer than 1 MiB");
	assert_int_equal(act.talk.next(&act.talk, &reply, &err), TALK_DONE);
	assert_int_equal(act.result.hook, HOOK_FAIL);
	assert_string_equal(act.result.text, "longer than 1 MiB");
	act_fini(&act);
	cart_fini(&cart);
}

/* A password in the URL is sent, but never told. */
static void test_password(void **state)
{
	static const struct answer answer = {500, "no", 0, -1};

	play("{'spec': {'analysis': {'webhooks': [{'name': 'gate', 'timeout': '7s', 'url': "
	     "'http://me:secret@tester/gate'}]}}}",
	     &answer, HOOK_FAIL, "POST http://tester/gate giving up after 1 attempt(s): no");
}

/* The hook was edited away under way. */
static void test_gone(void **state)
{
	struct effect effect = ask;
	struct err err = {0};
	struct cart cart;
	struct act act;

	effect.index = 3;
	cart_init(&cart, HOOK(""));
	act_init(&act, &cart.world, &effect, &cart.arena);
	assert_int_equal(act.talk.next(&act.talk, NULL, &err), TALK_DONE);
	assert_int_equal(act.result.hook, HOOK_FAIL);
	act_fini(&act);
	cart_fini(&cart);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_event),
		cmocka_unit_test(test_checksum_of_a_changed_config),
		cmocka_unit_test(test_checksum),
		cmocka_unit_test(test_D_26_answers),
		cmocka_unit_test(test_retries),
		cmocka_unit_test(test_other_errors),
		cmocka_unit_test(test_password),
		cmocka_unit_test(test_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
