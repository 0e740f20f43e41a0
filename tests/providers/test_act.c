/* Effects as conversations: the requests, the replies, what they lead to. Deployments and Releases;
 * the rest is in test_act_traffic.c. */
#include "providers/act_observe.h"
#include "tests/providers/cart.h"
#include "tests/providers/merge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DEPLOYMENTS "/apis/apps/v1/namespaces/shop/deployments/"
#define RELEASES    "/apis/serin.dev/v1alpha1/namespaces/shop/releases"
#define MANAGER     "?fieldManager=serin"
#define PAGE        "?limit=500&labelSelector=serin.dev%2Fcanary%3Dcart"

#define SMALL                                                                           \
 "{'metadata': {'name': 'cart', 'uid': 'd1', 'resourceVersion': '50', 'generation': 7," \
 " 'annotations': {'deployment.kubernetes.io/revision': '4'}}, 'spec': {'replicas': 3," \
 " 'strategy': {'type': 'Recreate'}, 'template': {'a': 1}}, 'status':"                  \
 " {'observedGeneration': 7}}"
/* SHA-256 of {"a":1} */
#define SMALL_DIGEST "015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862"

#define STATUS(code) "{'kind': 'Status', 'code': " #code "}"

/* One conversation and what it leads to. */
struct row {
	const char *name;
	struct effect effect;
	struct cart_exchange script[6];
	enum act_outcome want;
	const char *text; /* a part of the result's; NULL: any */
};

static void play(const struct row *rows, size_t n_rows)
{
	for (size_t i = 0; i < n_rows; i++) {
		struct cart cart;
		struct act act;
		enum talk_step end;

		print_message("row %s\n", rows[i].name);
		cart_init(&cart, "{}");
		end = cart_drive(&cart, &act, &rows[i].effect, rows[i].script);
		assert_int_equal(act.result.outcome, rows[i].want);
		assert_int_equal(end == TALK_FAILED,
		                 rows[i].want == ACT_FAILED || rows[i].want == ACT_UNKNOWN);
		if (rows[i].text)
			assert_non_null(strstr(act.result.text, rows[i].text));
		act_fini(&act);
		cart_fini(&cart);
	}
}

static const struct row scale_rows[] = {
	{
		.name = "forward",
		.effect = {.kind = EFFECT_SCALE,
                           .subject = SUBJECT_TARGET,
                           .replicas = 0,
                           .resource_version = "50"},
		.script = {{"PATCH " DEPLOYMENTS "cart" MANAGER,
                            "[{'op': 'test', 'path': '/metadata/resourceVersion', 'value': '50'},"
                            " {'op': 'replace', 'path': '/spec/replicas', 'value': 0}]",
                            200, SMALL}},
		.want = ACT_OK,
	},
	{
		.name = "retreat carries no version",
		.effect = {.kind = EFFECT_SCALE,
                           .subject = SUBJECT_PRIMARY,
                           .replicas = 3,
                           .is_retreat = true,
                           .resource_version = "50"},
		.script = {{"PATCH " DEPLOYMENTS "cart-primary" MANAGER,
                            "[{'op': 'replace', 'path': '/spec/replicas', 'value': 3}]", 200,
                            SMALL}},
		.want = ACT_OK,
	},
	{
		.name = "a test failed",
		.effect = {.kind = EFFECT_SCALE, .subject = SUBJECT_TARGET},
		.script = {{"PATCH " DEPLOYMENTS "cart" MANAGER, NULL, 422, STATUS(422)}},
		.want = ACT_CONFLICT,
	},
	{
		.name = "the reply is lost",
		.effect = {.kind = EFFECT_SCALE, .subject = SUBJECT_TARGET},
		.script = {{"PATCH " DEPLOYMENTS "cart" MANAGER, NULL, 0, NULL}},
		.want = ACT_UNKNOWN,
		.text = "patch deployments shop/cart: timed out",
	},
	{
		.name = "gone",
		.effect = {.kind = EFFECT_SCALE, .subject = SUBJECT_TARGET},
		.script = {{"PATCH " DEPLOYMENTS "cart" MANAGER, NULL, 404, STATUS(404)}},
		.want = ACT_ABSENT,
	},
	{
		.name = "forbidden",
		.effect = {.kind = EFFECT_SCALE, .subject = SUBJECT_TARGET},
		.script = {{"PATCH " DEPLOYMENTS "cart" MANAGER, NULL, 403, STATUS(403)}},
		.want = ACT_FAILED,
		.text = "check the agent's Role",
	},
};

static void test_scale(void **state)
{
	play(scale_rows, array_length(scale_rows));
}

#define CREATE                             \
 .effect = {.kind = EFFECT_CREATE_RELEASE, \
	    .subject = SUBJECT_RELEASES,   \
	    .number = 17,                  \
	    .cause = CAUSE_REVISION,       \
	    .digest = SMALL_DIGEST}

static const struct row create_rows[] = {
	{
		.name = "made",
		CREATE,
		.script = {{"GET " DEPLOYMENTS "cart", "", 200, SMALL},
                           {"POST " RELEASES MANAGER, NULL, 201, "{'metadata': {'name': 'x'}}"}},
		.want = ACT_OK,
	},
	{
		.name = "the template moved since it was decided (D-9)",
		CREATE,
		.script = {{"GET " DEPLOYMENTS "cart", "", 200,
                            "{'spec': {'template': {'a': 2}}}"}},
		.want = ACT_CONFLICT,
		.text = "template changed",
	},
	{
		.name = "there already, made by a lost write",
		CREATE,
		.script = {{"GET " DEPLOYMENTS "cart", "", 200, SMALL},
                           {"POST " RELEASES MANAGER, NULL, 409, STATUS(409)},
                           {"GET " RELEASES "/cart-17", "", 200,
                            "{'spec': {'digest': '" SMALL_DIGEST "', 'canary': {'uid': '" CART_UID
                            "'}}}"}},
		.want = ACT_OK,
	},
	{
		.name = "there already, of another template",
		CREATE,
		.script = {{"GET " DEPLOYMENTS "cart", "", 200, SMALL},
                           {"POST " RELEASES MANAGER, NULL, 409, STATUS(409)},
                           {"GET " RELEASES "/cart-17", "", 200,
                            "{'spec': {'digest': 'x', 'canary': {'uid': '" CART_UID "'}}}"}},
		.want = ACT_CONFLICT,
	},
	{
		.name = "there already, of a Canary that was deleted",
		CREATE,
		.script = {{"GET " DEPLOYMENTS "cart", "", 200, SMALL},
                           {"POST " RELEASES MANAGER, NULL, 409, STATUS(409)},
                           {"GET " RELEASES "/cart-17", "", 200,
                            "{'spec': {'digest': '" SMALL_DIGEST "', 'canary': {'uid': 'old'}}}"}},
		.want = ACT_CONFLICT,
	},
	{
		.name = "lost",
		CREATE,
		.script = {{"GET " DEPLOYMENTS "cart", "", 200, SMALL},
                           {"POST " RELEASES MANAGER, NULL, 0, NULL}},
		.want = ACT_UNKNOWN,
	},
	{
		.name = "no target",
		CREATE,
		.script = {{"GET " DEPLOYMENTS "cart", "", 404, STATUS(404)}},
		.want = ACT_ABSENT,
	},
};

static void test_create_release(void **state)
{
	play(create_rows, array_length(create_rows));
}

static const struct row save_rows[] = {
	{
		.name = "saved",
		.effect = {.kind = EFFECT_SAVE_RELEASE,
                           .subject = SUBJECT_RELEASES,
                           .release = "cart-17",
                           .release_uid = "r17"},
		.script = {{"PATCH " RELEASES "/cart-17/status" MANAGER, NULL, 200, "{}"}},
		.want = ACT_OK,
	},
	{
		.name = "refused",
		.effect = {.kind = EFFECT_SAVE_RELEASE, .release = "cart-17"},
		.script = {{"PATCH " RELEASES "/cart-17/status" MANAGER, NULL, 403, STATUS(403)}},
		.want = ACT_FAILED,
		.text = "patch releases/status shop/cart-17: 403",
	},
};

static void test_save_release(void **state)
{
	play(save_rows, array_length(save_rows));
}

#define RELEASE_17                                               \
 "{'metadata': {'name': 'cart-17', 'uid': 'r17', 'annotations':" \
 " {'serin.dev/target-revision': '4'}}, 'spec': {'template': {'b': 2}}}"
#define PRIMARY_TEMPLATE                                                                  \
 "{'b': 2, 'metadata': {'labels': {'app': 'cart-primary'}, 'annotations': {'flagger-id':" \
 " 'r17'}}}"
#define WRITE_STEPS                                                                          \
 "{'op': 'test', 'path': '/spec/template/metadata/annotations/flagger-id', 'value': 'r16'}," \
 " {'op': 'replace', 'path': '/spec/template', 'value': " PRIMARY_TEMPLATE "}"
#define STRATEGY ", {'op': 'add', 'path': '/spec/strategy', 'value': {'type': 'Recreate'}}"

static const struct row primary_rows[] = {
	{
		.name = "written, tested by version and identity",
		.effect = {.kind = EFFECT_WRITE_PRIMARY,
                           .release = "cart-17",
                           .release_uid = "r17",
                           .old_release_uid = "r16",
                           .replicas = 4,
                           .resource_version = "80"},
		.script = {{"GET " RELEASES "/cart-17", "", 200, RELEASE_17},
                           {"GET " DEPLOYMENTS "cart", "", 200, SMALL},
                           {"PATCH " DEPLOYMENTS "cart-primary" MANAGER,
                            "[{'op': 'test', 'path': '/metadata/resourceVersion', 'value': '80'},"
                            " " WRITE_STEPS STRATEGY
                            ", {'op': 'add', 'path': '/spec/replicas', 'value': 4}]",
                            200, "{}"}},
		.want = ACT_OK,
	},
	{
		.name = "restored in a retreat: identity only, replicas left alone",
		.effect = {.kind = EFFECT_WRITE_PRIMARY,
                           .release = "cart-17",
                           .release_uid = "r17",
                           .old_release_uid = "r16",
                           .resource_version = "80",
                           .is_retreat = true},
		.script = {{"GET " RELEASES "/cart-17", "", 200, RELEASE_17},
                           {"GET " DEPLOYMENTS "cart", "", 200, SMALL},
                           {"PATCH " DEPLOYMENTS "cart-primary" MANAGER,
                            "[" WRITE_STEPS STRATEGY "]", 200, "{}"}},
		.want = ACT_OK,
	},
	{
		.name = "restored although the target is gone",
		.effect = {.kind = EFFECT_WRITE_PRIMARY,
                           .release = "cart-17",
                           .old_release_uid = "r16",
                           .is_retreat = true},
		.script = {{"GET " RELEASES "/cart-17", "", 200, RELEASE_17},
                           {"GET " DEPLOYMENTS "cart", "", 404, STATUS(404)},
                           {"PATCH " DEPLOYMENTS "cart-primary" MANAGER, "[" WRITE_STEPS "]", 200,
                            "{}"}},
		.want = ACT_OK,
	},
	{
		.name = "somebody else wrote the primary",
		.effect = {.kind = EFFECT_WRITE_PRIMARY,
                           .release = "cart-17",
                           .old_release_uid = "r16"},
		.script = {{"GET " RELEASES "/cart-17", "", 200, RELEASE_17},
                           {"GET " DEPLOYMENTS "cart", "", 200, SMALL},
                           {"PATCH " DEPLOYMENTS "cart-primary" MANAGER, NULL, 422, STATUS(422)}},
		.want = ACT_CONFLICT,
	},
	{
		.name = "made from the recorded template (D-36), without owner (D-5)",
		.effect = {.kind = EFFECT_CREATE_PRIMARY,
                           .release = "cart-17",
                           .release_uid = "r17"},
		.script = {{"GET " RELEASES "/cart-17", "", 200, RELEASE_17},
                           {"GET " DEPLOYMENTS "cart", "", 200, SMALL},
                           {"POST /apis/apps/v1/namespaces/shop/deployments" MANAGER,
                            "{'apiVersion': 'apps/v1', 'kind': 'Deployment', 'metadata': {'name':"
                            " 'cart-primary', 'namespace': 'shop', 'labels': {'app':"
                            " 'cart-primary', 'serin.dev/canary-uid': '" CART_UID
                            "'}, 'annotations': {}}, 'spec': {'replicas': 3, 'selector':"
                            " {'matchLabels': {'app': 'cart-primary'}}, 'strategy': {'type':"
                            " 'Recreate'}, 'template': " PRIMARY_TEMPLATE "}}",
                            201, "{}"}},
		.want = ACT_OK,
	},
	{
		.name = "the Release is gone",
		.effect = {.kind = EFFECT_CREATE_PRIMARY, .release = "cart-17"},
		.script = {{"GET " RELEASES "/cart-17", "", 404, STATUS(404)}},
		.want = ACT_FAILED,
		.text = "release cart-17 is gone",
	},
	{
		.name = "the Release is another one of that name",
		.effect = {.kind = EFFECT_CREATE_PRIMARY,
                           .release = "cart-17",
                           .release_uid = "r9"},
		.script = {{"GET " RELEASES "/cart-17", "", 200, RELEASE_17}},
		.want = ACT_CONFLICT,
	},
};

static void test_primary(void **state)
{
	play(primary_rows, array_length(primary_rows));
}

#define RELEASE_OF(template, revision)                                   \
 "{'metadata': {'annotations': {'serin.dev/target-revision': '" revision \
 "'}}, 'spec': {'template': " template "}}"

static void test_compare(void **state)
{
	static const struct {
		const char *target; /* over SMALL */
		const char *release;
		enum act_outcome outcome;
		enum change_kind want;
	} rows[] = {
		/* a newer API server filled in a field */
		{"{'spec': {'template': {'b': 2}}}", RELEASE_OF("{'a': 1}", "4"), ACT_OK,
	         CHANGE_DEFAULTS},
		/* somebody added it: the revision moved */
		{"{'spec': {'template': {'b': 2}}}", RELEASE_OF("{'a': 1}", "3"), ACT_OK,
	         CHANGE_REAL},
		{"{'spec': {'template': {'a': 2}}}", RELEASE_OF("{'a': 1}", "4"), ACT_OK,
	         CHANGE_REAL},
		/* the revision is not known yet: not answered */
		{"{'spec': {'template': {'b': 2}}, 'status': {'observedGeneration': 6}}",
	         RELEASE_OF("{'a': 1}", "4"), ACT_FAILED, CHANGE_UNKNOWN},
		/* a Release that recorded no revision proves nothing */
		{"{'spec': {'template': {'b': 2}}}", "{'spec': {'template': {'a': 1}}}", ACT_OK,
	         CHANGE_REAL},
	};

	for (size_t i = 0; i < array_length(rows); i++) {
		json_t *target = merge_text(SMALL, rows[i].target);
		char *text = json_dumps(target, 0);
		struct effect effect = {.kind = EFFECT_COMPARE, .number = 17};
		struct cart_exchange script[] = {
			{"GET " DEPLOYMENTS "cart", "", 200, text},
			{"GET " RELEASES "/cart-17", "", 200, rows[i].release},
			{0},
		};
		struct cart cart;
		struct act act;

		cart_init(&cart, "{}");
		(void)cart_drive(&cart, &act, &effect, script);
		assert_int_equal(act.result.outcome, rows[i].outcome);
		assert_int_equal(act.result.change.kind, rows[i].want);
		assert_int_equal(strlen(act.result.change.digest), 64);
		act_fini(&act);
		cart_fini(&cart);
		json_decref(target);
		free(text);
	}
}

static void test_observe_releases(void **state)
{
	static const struct cart_exchange script[] = {
		{"GET " RELEASES PAGE, "", 200,
	         "{'metadata': {'resourceVersion': '9', 'continue': 'tok='}, 'items': [{'a': 1}]}"},
		{"GET " RELEASES PAGE "&continue=tok%3D", "", 200,
	         "{'metadata': {'resourceVersion': '9'}, 'items': [{'a': 2}]}"},
		{0},
	};
	struct effect effect = {.kind = EFFECT_OBSERVE, .subject = SUBJECT_RELEASES};
	struct cart cart;
	struct act act;

	cart_init(&cart, "{}");
	assert_int_equal(cart_drive(&cart, &act, &effect, script), TALK_DONE);
	cart_same(json_incref(act.result.object),
	          "{'metadata': {'resourceVersion': '9'}, 'items': [{'a': 1}, {'a': 2}]}");
	act_fini(&act);
	cart_fini(&cart);
}

/* One canary's Releases are kept few: a flood of them is refused, not held in memory. */
static void test_observe_limit(void **state)
{
	struct effect effect = {.kind = EFFECT_OBSERVE, .subject = SUBJECT_RELEASES};
	json_t *page = merge_parse("{'metadata': {'continue': 'more'}, 'items': []}");
	struct cart_exchange script[] = {{"GET " RELEASES PAGE, "", 200, NULL}, {0}};
	struct cart cart;
	struct act act;
	char *text;

	for (size_t i = 0; i <= ACT_OBSERVE_RELEASES_MAX; i++)
		json_array_append_new(json_object_get(page, "items"), json_object());
	text = json_dumps(page, 0);
	script[0].reply = text;
	cart_init(&cart, "{}");
	assert_int_equal(cart_drive(&cart, &act, &effect, script), TALK_FAILED);
	assert_int_equal(act.result.outcome, ACT_FAILED);
	assert_non_null(strstr(act.result.text, "more than 2000 of one canary"));
	act_fini(&act);
	cart_fini(&cart);
	json_decref(page);
	free(text);
}

#define ITEM(n, outcome) \
 "{'metadata': {'name': 'cart-" #n "', 'uid': 'u" #n "'}, 'status': {'outcome': '" outcome "'}}"

static const struct row remove_rows[] = {
	{
		.name = "all, at teardown, the newest last",
		.effect = {.kind = EFFECT_REMOVE_RELEASES, .subject = SUBJECT_RELEASES},
		.script = {{"GET " RELEASES PAGE, "", 200,
                            "{'items': [" ITEM(1, "promoted") ", " ITEM(2, "") "]}"},
                           {"DELETE " RELEASES "/cart-2", NULL, 200, "{}"},
                           {"DELETE " RELEASES "/cart-1", NULL, 404, STATUS(404)}},
		.want = ACT_OK,
	},
	{
		/* A Canary that is made anew half-way adopts what is left. */
		.name = "the oldest first, what is promoted last",
		.effect = {.kind = EFFECT_REMOVE_RELEASES, .subject = SUBJECT_RELEASES},
		.script =
			{{"GET " RELEASES PAGE, "", 200,
                          "{'items': [" ITEM(1, "promoted") ", " ITEM(10, "rolled_back") ", " ITEM(
				  2, "promoted") ", " ITEM(9, "cancelled") "]}"},
                         {"DELETE " RELEASES "/cart-1", NULL, 200, "{}"},
                         {"DELETE " RELEASES "/cart-9", NULL, 200, "{}"},
                         {"DELETE " RELEASES "/cart-10", NULL, 200, "{}"},
                         {"DELETE " RELEASES "/cart-2", NULL, 200, "{}"}},
		.want = ACT_OK,
	},
	{
		.name = "none there",
		.effect = {.kind = EFFECT_REMOVE_RELEASES},
		.script = {{"GET " RELEASES PAGE, "", 200, "{'items': []}"}},
		.want = ACT_OK,
	},
	{
		.name = "the newest one, the open one, the promoted one and the one before stay",
		.effect = {.kind = EFFECT_REMOVE_RELEASES, .number = 1},
		.script =
			{{"GET " RELEASES PAGE, "", 200,
                          "{'items': [" ITEM(1, "promoted") ", " ITEM(2, "promoted") ", " ITEM(
				  3,
				  "rolled_back") ", " ITEM(4,
                                                           "") ", " ITEM(5,
                                                                         "skipped") ", " ITEM(6,
                                                                                              "superseded") "]}"},
                         {"DELETE " RELEASES "/cart-3", NULL, 200, "{}"},
                         {"DELETE " RELEASES "/cart-1", NULL, 200, "{}"}},
		.want = ACT_OK,
	},
	{
		.name = "refused",
		.effect = {.kind = EFFECT_REMOVE_RELEASES},
		.script = {{"GET " RELEASES PAGE, "", 200, "{'items': [" ITEM(1, "") "]}"},
                           {"DELETE " RELEASES "/cart-1", NULL, 403, STATUS(403)}},
		.want = ACT_FAILED,
	},
};

static void test_remove_releases(void **state)
{
	play(remove_rows, array_length(remove_rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scale),         cmocka_unit_test(test_create_release),
		cmocka_unit_test(test_save_release),  cmocka_unit_test(test_primary),
		cmocka_unit_test(test_compare),       cmocka_unit_test(test_observe_releases),
		cmocka_unit_test(test_observe_limit), cmocka_unit_test(test_remove_releases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
