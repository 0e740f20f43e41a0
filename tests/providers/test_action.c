/* The Action resource: what people ask for is read within limits, and answered once. */
#include "analysis/base/text.h"
#include "providers/kube/action.h"
#include "tests/providers/cart.h"
#include "tests/providers/merge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ACTIONS  "/apis/serin.dev/v1alpha1/namespaces/shop/actions"
#define RELEASES "/apis/serin.dev/v1alpha1/namespaces/shop/releases"

#define ACTION                                                                             \
 "{'metadata': {'name': 'cart-undo-x', 'namespace': 'shop', 'uid': 'a1', "                 \
 "'resourceVersion': '77'}, 'spec': {'verb': 'undo', 'to': 7, 'canary': {'name': 'cart', " \
 "'uid': '" CART_UID                                                                       \
 "'}, 'release': {'name': 'cart-9', 'uid': 'r9'}, 'reason': 'because',"                    \
 " 'requestedBy': 'alice'}}"

static void test_read(void **state)
{
	json_t *object = merge_parse(ACTION);
	struct action_fact action;
	struct err err;

	assert_string_equal(kube_action_canary(object), "cart");
	assert_false(kube_action_is_answered(object));
	assert_true(kube_action_read(object, &action, &err));
	assert_string_equal(action.name, "cart-undo-x");
	assert_string_equal(action.uid, "a1");
	assert_string_equal(action.resource_version, "77");
	assert_int_equal(action.verb, VERB_UNDO);
	assert_int_equal(action.to, 7);
	assert_false(action.is_full);
	assert_string_equal(action.by, "alice");
	assert_string_equal(action.why, "because");
	assert_string_equal(action.canary_uid, CART_UID);
	assert_string_equal(action.release, "cart-9");
	assert_string_equal(action.release_uid, "r9");
	assert_string_equal(action.refusal, "");
	json_decref(object);
}

#define TEN(x) x x x x x x x x x x
#define FORTY  TEN("0123")
#define NAME   TEN(FORTY) /* 400 */

/* What cannot be: the schema lets none of it through, but it is no proof. */
static void test_refusals(void **state)
{
	static const struct {
		const char *patch;
		const char *refusal;
	} rows[] = {
		{"{'spec': {'verb': 'explode'}}",
	         "spec.verb: \"explode\" is no word that this version knows"},
		{"{'spec': {'verb': null}}", "spec.verb: \"\" is no word that this version knows"},
		{"{'spec': {'to': -1}}", "spec.to: expected the number of a release, got -1"},
		{"{'spec': {'requestedBy': null}}",
	         "spec.requestedBy: expected who asks, got nothing"},
		/* limits: a name that says who or which is never cut */
		{"{'spec': {'requestedBy': '" NAME "'}}", "spec/requestedBy: more than 343 bytes"},
		{"{'spec': {'canary': {'uid': '" FORTY "'}}}",
	         "spec/canary/uid: more than 39 bytes"},
		{"{'spec': {'release': {'uid': '" FORTY "'}}}",
	         "spec/release/uid: more than 39 bytes"},
		{"{'spec': {'release': {'name': '" NAME "'}}}",
	         "spec/release/name: more than 253 bytes"},
	};

	for (size_t i = 0; i < array_length(rows); i++) {
		json_t *object = merge_text(ACTION, rows[i].patch);
		struct action_fact action;
		struct err err;

		assert_true(kube_action_read(object, &action, &err));
		assert_string_equal(action.refusal, rows[i].refusal);
		json_decref(object);
	}
}

/* Without these it could not even be answered. */
static void test_unreadable(void **state)
{
	static const char *const patches[] = {
		"{'metadata': {'uid': null}}",
		"{'metadata': {'name': null}}",
		"{'metadata': {'resourceVersion': null}}",
		"{'metadata': {'uid': '" FORTY "'}}",
	};

	for (size_t i = 0; i < array_length(patches); i++) {
		json_t *object = merge_text(ACTION, patches[i]);
		struct action_fact action = {.to = 99};
		struct err err;

		assert_false(kube_action_read(object, &action, &err));
		assert_int_equal(err.kind, ERR_INVALID);
		assert_int_equal(action.to, 99);
		json_decref(object);
	}
}

/* The longest user that Kubernetes itself makes fits; a reason is cut, never in a character. */
static void test_lengths(void **state)
{
	json_t *object = merge_parse(ACTION);
	json_t *spec = json_object_get(object, "spec");
	struct action_fact action;
	char by[PERSON_MAX];
	char why[600] = "";
	struct err err;

	memset(by, 'n', sizeof(by) - 1);
	by[sizeof(by) - 1] = '\0';
	for (size_t i = 0; i < 256; i++)
		memcpy(why + 2 * i, "\xc3\xa4", 3);
	json_object_set_new(spec, "requestedBy", json_string(by));
	json_object_set_new(spec, "reason", json_string(why));
	assert_true(kube_action_read(object, &action, &err));
	assert_string_equal(action.refusal, "");
	assert_string_equal(action.by, by);
	assert_int_equal(strlen(action.why), WHY_MAX - 1);
	json_decref(object);
}

static void test_new(void **state)
{
	const struct kube_action action = {
		.name = "",
		.k8s_namespace = "shop",
		.canary = "cart",
		.canary_uid = CART_UID,
		.release = "cart-9",
		.release_uid = "r9",
		.verb = VERB_PROMOTE,
		.is_full = true,
		.why = "",
		.by = "alice",
	};

	cart_same(kube_action_new(&action),
	          "{'apiVersion': 'serin.dev/v1alpha1', 'kind': 'Action', 'metadata': {"
	          "'generateName': 'cart-promote-', 'namespace': 'shop', 'labels': {"
	          "'serin.dev/canary': 'cart', 'serin.dev/canary-uid': '" CART_UID
	          "'}, "
	          "'ownerReferences': [{'apiVersion': 'flagger.app/v1beta1', 'kind': 'Canary', "
	          "'name': 'cart', 'uid': '" CART_UID
	          "'}]}, 'spec': {'verb': 'promote', 'full': "
	          "true, 'canary': {'name': 'cart', 'uid': '" CART_UID
	          "'}, 'release': {'name': "
	          "'cart-9', 'uid': 'r9'}, 'requestedBy': 'alice'}}");
}

/* Conversations
 * --------------------------------------------------------------------------------- */

struct row {
	const char *name;
	struct effect effect;
	struct cart_exchange script[8];
	enum act_outcome want;
};

#define STATUS(code) "{'kind': 'Status', 'code': " #code ", 'message': 'no'}"
static const struct row rows[] = {
	{
		.name = "an answer: only if nobody gave one before",
		.effect = {.kind = EFFECT_ANSWER,
                           .subject = SUBJECT_ACTION,
                           .check = {1795236300000},
                           .resource_version = "77",
                           .answer = {.name = "cart-undo-x", .uid = "a1", .text = "it goes on"}},
		.script =
			{{"PATCH " ACTIONS "/cart-undo-x/status?fieldManager=serin",
                          "[{'op': 'test', 'path': '/metadata/uid', 'value': 'a1'}, {'op': 'test',"
                          " 'path': '/metadata/resourceVersion', 'value': '77'}, {'op': 'add', "
                          "'path': '/status', 'value': {'answer': 'accepted', 'message': "
                          "'it goes on', 'answeredAt': '2026-11-21T04:45:00.000Z'}}]",
                          200, "{}"}},
		.want = ACT_OK,
	},
	{
		.name = "somebody did",
		.effect = {.kind = EFFECT_ANSWER,
                           .subject = SUBJECT_ACTION,
                           .answer = {.name = "cart-undo-x", .uid = "a1", .is_refused = true}},
		.script = {{"PATCH " ACTIONS "/cart-undo-x/status?fieldManager=serin", NULL, 409,
                            STATUS(409)}},
		.want = ACT_CONFLICT,
	},
	{
		.name = "it is gone",
		.effect = {.kind = EFFECT_ANSWER,
                           .subject = SUBJECT_ACTION,
                           .answer = {.name = "cart-undo-x", .uid = "a1"}},
		.script = {{"PATCH " ACTIONS "/cart-undo-x/status?fieldManager=serin", NULL, 404,
                            STATUS(404)}},
		.want = ACT_ABSENT,
	},
	{
		.name = "looked at again",
		.effect = {.kind = EFFECT_OBSERVE,
                           .subject = SUBJECT_ACTION,
                           .answer = {.name = "cart-undo-x", .uid = "a1"}},
		.script = {{"GET " ACTIONS "?limit=500&fieldSelector=metadata.name%3Dcart-undo-x",
                            "", 200, "{'items': [" ACTION "]}"}},
		.want = ACT_OK,
	},
	{
		.name = "… and it is gone",
		.effect = {.kind = EFFECT_OBSERVE,
                           .subject = SUBJECT_ACTION,
                           .answer = {.name = "cart-undo-x", .uid = "a1"}},
		.script = {{"GET " ACTIONS "?limit=500&fieldSelector=metadata.name%3Dcart-undo-x",
                            "", 200, "{'items': []}"}},
		.want = ACT_ABSENT,
	},
	{
		.name = "an earlier Release",
		.effect = {.kind = EFFECT_FIND_RELEASE,
                           .subject = SUBJECT_EARLIER,
                           .earlier = "cart-7"},
		.script = {{"GET " RELEASES "/cart-7", "", 200,
                            "{'spec': {'canary': {'uid': '" CART_UID "'}}}"}},
		.want = ACT_OK,
	},
	{
		.name = "one of a Canary that had the name before",
		.effect = {.kind = EFFECT_FIND_RELEASE,
                           .subject = SUBJECT_EARLIER,
                           .earlier = "cart-7"},
		.script = {{"GET " RELEASES "/cart-7", "", 200,
                            "{'spec': {'canary': {'uid': 'another'}}}"}},
		.want = ACT_ABSENT,
	},
};

static void test_conversations(void **state)
{
	for (size_t i = 0; i < array_length(rows); i++) {
		struct cart cart;
		struct act act;

		cart_init(&cart, "{}");
		(void)cart_drive(&cart, &act, &rows[i].effect, rows[i].script);
		if (act.result.outcome != rows[i].want)
			fail_msg("%s: expected %d, got %d (%s)", rows[i].name, (int)rows[i].want,
			         (int)act.result.outcome, act.result.text);
		act_fini(&act);
		cart_fini(&cart);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),       cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_unreadable), cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_new),        cmocka_unit_test(test_conversations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
