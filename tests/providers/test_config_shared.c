/* Copies of configs that have Flagger's names: what is written, of whom; and what Flagger's status
 * says of configs. */
#include "analysis/base/text.h"
#include "providers/kube/config.h"
#include "providers/kube/config_shared.h"
#include "providers/kube/mirror.h"
#include "tests/providers/cart.h"
#include "tests/providers/merge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CORE     "/api/v1/namespaces/shop/"
#define APPS     "/apis/apps/v1/namespaces/shop/"
#define RELEASES "/apis/serin.dev/v1alpha1/namespaces/shop/releases"
#define MANAGER  "?fieldManager=serin"
#define OURS     "'labels': {'serin.dev/canary': 'cart', 'serin.dev/canary-uid': '" CART_UID "'}"
#define OWNER(name) \
 "{'apiVersion': 'flagger.app/v1beta1', 'kind': 'Canary', 'name': '" name "', 'uid': 'x'}"
#define MARK "{'op': 'add', 'path': '/metadata/labels', 'value': "

static void test_patch(void **state)
{
	static const struct {
		const char *copy;
		const char *source; /* NULL: what it holds stays */
		const char *want;
	} rows[] = {
		/* as it should be */
		{"{'metadata': {" OURS "}, 'data': {'a': 'b'}}", "{'data': {'a': 'b'}}", "[]"},
		{"{'metadata': {" OURS "}, 'data': {'a': 'b'}}", NULL, "[]"},
		/* other contents; of what is not there any more, nothing stays */
		{"{'metadata': {" OURS "}, 'binaryData': {'x': 'AA=='}}", "{'data': {'a': 'b'}}",
	         "[{'op': 'add', 'path': '/data', 'value': {'a': 'b'}},"
	         " {'op': 'remove', 'path': '/binaryData'}]"},
		/* Flagger's: marked, and nobody's to collect (D-5) */
		{"{'metadata': {'ownerReferences': [" OWNER("cart") "]}}", NULL,
	         "[" MARK "{'serin.dev/canary': 'cart', 'serin.dev/canary-uid': '" CART_UID "'}},"
	         " {'op': 'replace', 'path': '/metadata/ownerReferences', 'value': []}]"},
		/* the Canary was made anew */
		{"{'metadata': {'labels': {'serin.dev/canary': 'cart', 'serin.dev/canary-uid': 'x',"
	         " 'a': 'b'}}}",
	         NULL,
	         "[" MARK "{'serin.dev/canary': 'cart', 'serin.dev/canary-uid': '" CART_UID
	         "', 'a': 'b'}}]"},
		/* another Canary uses it, by its mark or as its owner */
		{"{'metadata': {'labels': {'serin.dev/canary': 'b', 'serin.dev/canary-uid': 'x'}}}",
	         NULL, "[" MARK "{'serin.dev/canary-uid': 'shared'}}]"},
		{"{'metadata': {'ownerReferences': [" OWNER("cart") "," OWNER("b") "]}}", NULL,
	         "[" MARK "{'serin.dev/canary-uid': 'shared'}},"
	         " {'op': 'replace', 'path': '/metadata/ownerReferences', 'value': [" OWNER(
			 "b") "]}]"},
		{"{'metadata': {'labels': {'serin.dev/canary-uid': 'shared'}}}", NULL, "[]"},
		/* somebody's own */
		{"{'metadata': {'labels': {'a': 'b'}}}", NULL, "[]"},
	};
	struct cart cart;

	(void)state;
	cart_init(&cart, "{}");
	for (size_t i = 0; i < array_length(rows); i++) {
		json_t *copy = merge_parse(rows[i].copy);
		json_t *source = rows[i].source ? merge_parse(rows[i].source) : NULL;

		print_message("row %zu\n", i);
		cart_same(kube_config_shared_patch(&cart.world, copy, source), rows[i].want);
		json_decref(copy);
		json_decref(source);
	}
	cart_fini(&cart);
}

/* SHA-256 of {"data":{"k":"v"}} */
#define DIGEST "8338386bc05b6a51ed41f42870cfc13b265df8ff411ce98a33e4786e7cd96be8"
#define RELEASE(cause)                                                                        \
 "{'metadata': {'name': 'cart-2', 'uid': 'r2'}, 'spec': {'cause': '" cause                    \
 "', 'template': {'spec': {'containers': [{'envFrom': [{'configMapRef': {'name': 'a'}}]}]}}," \
 " 'configs': [{'kind': 'ConfigMap', 'name': 'a', 'digest': '" DIGEST                         \
 "', 'copy': 'a-primary'}"                                                                    \
 "]}}"
#define HOLDS(value, metadata) \
 "{'metadata': {'name': 'a', 'resourceVersion': '7'" metadata "}, 'data': {'k': '" value "'}}"
#define PATCH                                                          \
 "[{'op': 'test', 'path': '/metadata/resourceVersion', 'value': '7'}," \
 " {'op': 'add', 'path': '/data', 'value': {'k': 'v'}}]"
#define THEN                                                        \
 {"GET " APPS "deployments/cart", "", 404, "{}"},                   \
 {                                                                  \
  "PATCH " APPS "deployments/cart-primary" MANAGER, NULL, 200, "{}" \
 }

struct row {
	const char *name;
	struct cart_exchange script[8];
	enum act_outcome want;
	const char *text;
};

static const struct row rows[] = {
	{"overwritten",
         {{"GET " RELEASES "/cart-2", "", 200, RELEASE("config")},
          {"GET " CORE "configmaps/a-primary", "", 200, HOLDS("w", "," OURS)},
          {"GET " CORE "configmaps/a", "", 200, HOLDS("v", "")},
          {"PATCH " CORE "configmaps/a-primary" MANAGER, PATCH, 200, "{}"},
          THEN},
         ACT_OK,
         NULL},
	{"another hand was faster: looked at again",
         {{"GET " RELEASES "/cart-2", "", 200, RELEASE("config")},
          {"GET " CORE "configmaps/a-primary", "", 200, HOLDS("w", "," OURS)},
          {"GET " CORE "configmaps/a", "", 200, HOLDS("v", "")},
          {"PATCH " CORE "configmaps/a-primary" MANAGER, PATCH, 409, "{}"},
          {"GET " CORE "configmaps/a-primary", "", 200, HOLDS("v", "," OURS)},
          THEN},
         ACT_OK,
         NULL},
	{"the original is another by now: nothing is written",
         {{"GET " RELEASES "/cart-2", "", 200, RELEASE("config")},
          {"GET " CORE "configmaps/a-primary", "", 200, HOLDS("w", "," OURS)},
          {"GET " CORE "configmaps/a", "", 200, HOLDS("x", "")}},
         ACT_FAILED,
         "is not what was recorded any more"},
	{"an undo to what is nowhere any more brings the template back",
         {{"GET " RELEASES "/cart-2", "", 200, RELEASE("undo")},
          {"GET " CORE "configmaps/a-primary", "", 200, HOLDS("w", "," OURS)},
          {"GET " CORE "configmaps/a", "", 200, HOLDS("x", "")},
          THEN},
         ACT_OK,
         NULL},
	{"somebody's own of that name",
         {{"GET " RELEASES "/cart-2", "", 200, RELEASE("config")},
          {"GET " CORE "configmaps/a-primary", "", 200, HOLDS("w", "")}},
         ACT_FAILED,
         "ConfigMap a-primary.shop does not hold what it is the copy of: delete it"},
	{"… which holds the same",
         {{"GET " RELEASES "/cart-2", "", 200, RELEASE("config")},
          {"GET " CORE "configmaps/a-primary", "", 200, HOLDS("v", "")},
          THEN},
         ACT_OK,
         NULL},
	{"no right to write it",
         {{"GET " RELEASES "/cart-2", "", 200, RELEASE("config")},
          {"GET " CORE "configmaps/a-primary", "", 200, HOLDS("w", "," OURS)},
          {"GET " CORE "configmaps/a", "", 200, HOLDS("v", "")},
          {"PATCH " CORE "configmaps/a-primary" MANAGER, PATCH, 403, "{}"}},
         ACT_FAILED,
         "check the agent's Role"},
};

static void test_overwrite(void **state)
{
	static const struct effect effect = {.kind = EFFECT_WRITE_PRIMARY,
	                                     .subject = SUBJECT_PRIMARY,
	                                     .release = "cart-2",
	                                     .release_uid = "r2",
	                                     .old_release_uid = "r1"};

	(void)state;
	for (size_t i = 0; i < array_length(rows); i++) {
		struct cart cart;
		struct act act;

		print_message("row %s\n", rows[i].name);
		cart_init(&cart, "{}");
		cart.options.track_configs = true;
		cart.options.keeps_copy_names = true;
		cart_drive(&cart, &act, &effect, rows[i].script);
		assert_int_equal(act.result.outcome, rows[i].want);
		if (rows[i].text)
			assert_non_null(strstr(act.result.text, rows[i].text));
		act_fini(&act);
		cart_fini(&cart);
	}
}

/* status.trackedConfigs ------------------------------------------------------------------------ */

/* Entries of a Release -> the map; NULL: one is not known. */
static void test_tracked(void **state)
{
	static const struct {
		const char *entries;
		const char *want;
	} cases[] = {
		{"[]", "{}"},
		{"[{'kind': 'ConfigMap', 'name': 'a', 'digest': 'd', 'flaggerHash': '1'},"
	         " {'kind': 'Secret', 'name': 'a', 'digest': 'd', 'flaggerHash': '2'}]",
	         "{'configmap/a': '1', 'secret/a': '2'}"},
		/* an optional one that was not there */
		{"[{'kind': 'Secret', 'name': 'a', 'optional': true, 'digest': ''}]", "{}"},
		/* of an agent that did not note it yet */
		{"[{'kind': 'Secret', 'name': 'a', 'digest': 'd'}]", NULL},
	};

	(void)state;
	for (size_t i = 0; i < array_length(cases); i++) {
		json_t *entries = merge_parse(cases[i].entries);
		json_t *map;

		assert_int_equal(kube_config_tracked(entries, &map), cases[i].want != NULL);
		if (cases[i].want)
			cart_same(map, cases[i].want);
		else
			assert_null(map);
		json_decref(entries);
	}
}

/* What an entry notes is Appendix A.3's checksum; a copy's name does not depend on it. */
static void test_entry(void **state)
{
	json_t *reference = merge_parse("{'kind': 'ConfigMap', 'name': 'a'}");
	json_t *object = merge_parse("{'data': {'color': 'red'}}");
	struct cart cart;
	json_t *entry;

	(void)state;
	cart_init(&cart, "{}");
	entry = kube_config_entry(&cart.world, reference, object);
	assert_string_equal(json_string_value(json_object_get(entry, "flaggerHash")),
	                    "241889ca0604e333");
	json_decref(entry);
	cart.options.keeps_copy_names = true;
	entry = kube_config_entry(&cart.world, reference, object);
	assert_string_equal(json_string_value(json_object_get(entry, "copy")), "a-primary");
	assert_true(kube_config_is_found(entry));
	json_decref(entry);
	json_decref(object);
	json_decref(reference);
	cart_fini(&cart);
}

/* The patch of the status: keys that are no more are taken away. */
static void test_status(void **state)
{
	static const struct {
		const char *status;
		const char *map; /* NULL: none */
		const char *want;
	} cases[] = {
		{"{}", "{'a': '1'}", "{'status': {'trackedConfigs': {'a': '1'}}}"},
		{"{'trackedConfigs': {'a': '0', 'b': '1'}}", "{'a': '1'}",
	         "{'status': {'trackedConfigs': {'a': '1', 'b': null}}}"},
		{"{'trackedConfigs': {'b': '1'}}", "{}", "{'status': {'trackedConfigs': null}}"},
		{"{'trackedConfigs': {'b': '1'}}", NULL, "{'status': {'trackedConfigs': null}}"},
	};

	(void)state;
	for (size_t i = 0; i < array_length(cases); i++) {
		json_t *status = merge_parse(cases[i].status);
		json_t *patch = merge_parse("{'status': {}}");

		kube_mirror_track(patch, status, cases[i].map ? merge_parse(cases[i].map) : NULL);
		cart_same(patch, cases[i].want);
		json_decref(status);
	}
}

static void test_digest(void **state)
{
	json_t *map = merge_parse("{'b': '1', 'a': '2'}");
	json_t *same = merge_parse("{'a': '2', 'b': '1'}");
	json_t *none = merge_parse("{}");
	char left[DIGEST_MAX];
	char right[DIGEST_MAX];

	(void)state;
	kube_config_tracked_digest(map, left);
	kube_config_tracked_digest(same, right);
	assert_string_equal(left, right);
	assert_string_not_equal(left, "");
	kube_config_tracked_digest(none, left);
	assert_string_equal(left, "");
	kube_config_tracked_digest(NULL, left);
	assert_string_equal(left, "");
	json_decref(map);
	json_decref(same);
	json_decref(none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_patch),   cmocka_unit_test(test_overwrite),
		cmocka_unit_test(test_tracked), cmocka_unit_test(test_entry),
		cmocka_unit_test(test_status),  cmocka_unit_test(test_digest),
	};

	return cmocka_run_group_tests_name("config_shared", tests, NULL, NULL);
}
