/* ConfigMaps and Secrets: what a template refers to, what is recorded and copied, and the
 * conversations that read, copy and remove. */
#include "analysis/base/text.h"
#include "providers/kube/config.h"
#include "providers/kube/pod_template.h"
#include "tests/providers/cart.h"
#include "tests/providers/merge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CORE       "/api/v1/namespaces/shop/"
#define APPS       "/apis/apps/v1/namespaces/shop/"
#define RELEASES   "/apis/serin.dev/v1alpha1/namespaces/shop/releases"
#define MANAGER    "?fieldManager=serin"
#define USERS      "?limit=500&labelSelector=app%3Dcart-primary"
#define LABELLED   "?limit=500&labelSelector=serin.dev%2Fcanary%3Dcart"
#define STATUS(nr) "{'kind': 'Status', 'code': " #nr "}"

/* References, in whatever order -> each once, sorted. */
static void test_list(void **state)
{
	static const struct {
		const char *spec;
		const char *want;
	} rows[] = {
		{"{}", "[]"},
		{"{'volumes': [{'configMap': {'name': 'a'}}, {'emptyDir': {}}]}",
	         "[{'kind': 'ConfigMap', 'name': 'a', 'optional': false}]"},
		{"{'volumes': [{'secret': {'secretName': 'a', 'optional': true}}]}",
	         "[{'kind': 'Secret', 'name': 'a', 'optional': true}]"},
		{"{'volumes': [{'projected': {'sources': [{'configMap': {'name': 'b'}}, {'secret': "
	         "{'name': 'a'}}, {'serviceAccountToken': {'path': 't'}}]}}]}",
	         "[{'kind': 'ConfigMap', 'name': 'b', 'optional': false},"
	         " {'kind': 'Secret', 'name': 'a', 'optional': false}]"},
		{"{'containers': [{'env': [{'name': 'A', 'value': 'b'}, {'name': 'B', 'valueFrom':"
	         " {'configMapKeyRef': {'name': 'a', 'key': 'k'}}}, {'name': 'C', 'valueFrom':"
	         " {'secretKeyRef': {'name': 'a', 'key': 'k'}}}, {'name': 'D', 'valueFrom':"
	         " {'fieldRef': {'fieldPath': 'metadata.name'}}}]}]}",
	         "[{'kind': 'ConfigMap', 'name': 'a', 'optional': false},"
	         " {'kind': 'Secret', 'name': 'a', 'optional': false}]"},
		{"{'initContainers': [{'envFrom': [{'configMapRef': {'name': 'a'}}]}],"
	         " 'containers': [{'envFrom': [{'secretRef': {'name': 'b'}}]}]}",
	         "[{'kind': 'ConfigMap', 'name': 'a', 'optional': false},"
	         " {'kind': 'Secret', 'name': 'b', 'optional': false}]"},
		/* D-35: needed where any reference needs it, the first or the last */
		{"{'containers': [{'envFrom': [{'configMapRef': {'name': 'a'}}, {'configMapRef':"
	         " {'name': 'a', 'optional': true}}]}]}",
	         "[{'kind': 'ConfigMap', 'name': 'a', 'optional': false}]"},
		{"{'containers': [{'envFrom': [{'configMapRef': {'name': 'a', 'optional': true}},"
	         " {'configMapRef': {'name': 'a'}}]}]}",
	         "[{'kind': 'ConfigMap', 'name': 'a', 'optional': false}]"},
		/* not tracked, as in Flagger */
		{"{'imagePullSecrets': [{'name': 'a'}], 'ephemeralContainers': [{'envFrom':"
	         " [{'configMapRef': {'name': 'a'}}]}], 'volumes': [{'csi':"
	         " {'nodePublishSecretRef': {'name': 'a'}}}]}",
	         "[]"},
		/* not what it should be */
		{"{'volumes': {'configMap': {'name': 'a'}}, 'containers': ['x', {'env': 7}]}",
	         "[]"},
	};

	(void)state;
	for (size_t i = 0; i < array_length(rows); i++) {
		json_t *template = json_pack("{so}", "spec", merge_parse(rows[i].spec));
		json_t *list = NULL;
		struct err err = {0};

		assert_true(kube_config_list(template, &list, &err));
		assert_int_equal(kube_config_is_referred(template), json_array_size(list) > 0);
		cart_same(list, rows[i].want);
		json_decref(template);
	}
}

static json_t *many(size_t n)
{
	json_t *from = json_array();
	char name[16];

	for (size_t i = 0; i < n; i++) {
		text_format(name, sizeof(name), "c%zu", i);
		json_array_append_new(from, json_pack("{s{ss}}", "configMapRef", "name", name));
	}
	return json_pack("{s{s[{so}]}}", "spec", "containers", "envFrom", from);
}

static void test_limit(void **state)
{
	json_t *most = many(KUBE_CONFIG_MAX);
	json_t *beyond = many(KUBE_CONFIG_MAX + 1);
	json_t *list = NULL;
	struct err err = {0};

	(void)state;
	assert_true(kube_config_list(most, &list, &err));
	assert_int_equal(json_array_size(list), KUBE_CONFIG_MAX);
	json_decref(list);
	assert_false(kube_config_list(beyond, &list, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_string_equal(
		err.text,
		"spec.template: refers to 65 ConfigMaps and Secrets, at most 64 are tracked");
	json_decref(most);
	json_decref(beyond);
}

static void test_tracked(void **state)
{
	static const struct {
		const char *object;
		bool want;
	} rows[] = {
		{"{'kind': 'ConfigMap'}", true},
		{"{'metadata': {'annotations': {'flagger.app/config-tracking': 'enabled'}}}", true},
		{"{'metadata': {'annotations': {'flagger.app/config-tracking': 'disabled'}}}",
	         false},
		{"{'metadata': {'annotations': {'flagger.app/config-tracking': 'disable'}}}",
	         false},
		{"{'type': 'Opaque'}", true},
		{"{'type': 'kubernetes.io/basic-auth'}", true},
		{"{'type': 'kubernetes.io/ssh-auth'}", true},
		{"{'type': 'kubernetes.io/tls'}", true},
		{"{'type': 'kubernetes.io/service-account-token'}", false},
		{"{'type': 'helm.sh/release.v1'}", false},
	};

	(void)state;
	for (size_t i = 0; i < array_length(rows); i++) {
		json_t *object = merge_parse(rows[i].object);

		assert_int_equal(kube_config_is_tracked(object), rows[i].want);
		json_decref(object);
	}
}

/* Two objects hold the same, or not. */
static void test_digest(void **state)
{
	static const struct {
		const char *a;
		const char *b;
		bool is_same;
	} rows[] = {
		{"{'data': {'a': '1', 'b': '2'}}", "{'data': {'b': '2', 'a': '1'}}", true},
		{"{'data': {'a': '1'}}", "{'data': {'a': '2'}}", false},
		{"{'data': {'a': '1'}}", "{'data': {'a': '1', 'b': ''}}", false},
		/* D-35 */
		{"{'data': {'a': '1'}}", "{'data': {'a': '1'}, 'binaryData': {'b': 'AAEC'}}",
	         false},
		{"{'data': {'a': '1'}}", "{'binaryData': {'a': '1'}}", false},
		{"{'data': {}}", "{}", true},
		{"{'data': {'a': '1'}, 'type': 'Opaque'}",
	         "{'data': {'a': '1'}, 'type': 'kubernetes.io/tls'}", false},
		{"{'metadata': {'labels': {'a': 'b'}}, 'immutable': true}", "{}", true},
	};
	char digests[2][DIGEST_MAX];

	(void)state;
	for (size_t i = 0; i < array_length(rows); i++) {
		json_t *a = merge_parse(rows[i].a);
		json_t *b = merge_parse(rows[i].b);

		kube_config_digest(a, digests[0]);
		kube_config_digest(b, digests[1]);
		assert_int_equal(strlen(digests[0]), DIGEST_MAX - 1);
		assert_int_equal(strcmp(digests[0], digests[1]) == 0, rows[i].is_same);
		json_decref(a);
		json_decref(b);
	}
}

static json_t *entry_of(const struct cart *cart, const char *reference, const char *object)
{
	json_t *parsed = merge_parse(reference);
	json_t *held = object ? merge_parse(object) : NULL;
	json_t *entry = kube_config_entry(&cart->world, parsed, held);

	json_decref(parsed);
	json_decref(held);
	return entry;
}

static const char *copy_of(const json_t *entry)
{
	return json_string_value(json_object_get(entry, "copy"));
}

/* The copy's name tells what it holds, of what, for whom; nothing of the data is in the entry. */
static void test_entry(void **state)
{
	static const char ref[] = "{'kind': 'Secret', 'name': 'keys', 'optional': false}";
	static const char opt[] = "{'kind': 'Secret', 'name': 'keys', 'optional': true}";
	static const char map[] = "{'kind': 'ConfigMap', 'name': 'keys', 'optional': false}";
	static const char one[] = "{'data': {'key': 'aHVudGVyMg=='}}";
	static const char two[] = "{'data': {'key': 'aHVudGVyMw=='}}";
	struct cart cart;
	json_t *entries[5];
	char *text;
	char name[NAME_MAX_K8S];
	char longest[NAME_MAX_K8S + 64];

	(void)state;
	cart_init(&cart, "{}");
	entries[0] = entry_of(&cart, ref, one);
	entries[1] = entry_of(&cart, ref, one);
	entries[2] = entry_of(&cart, ref, two);
	entries[3] = entry_of(&cart, map, one);
	entries[4] = entry_of(&cart, opt, NULL);
	assert_true(json_equal(entries[0], entries[1]));
	assert_string_not_equal(copy_of(entries[0]), copy_of(entries[2]));
	assert_string_not_equal(copy_of(entries[0]), copy_of(entries[3]));
	assert_int_equal(strncmp(copy_of(entries[0]), "keys-primary-", 13), 0);
	assert_int_equal(strlen(copy_of(entries[0])), 13 + 12);
	assert_string_equal(json_string_value(json_object_get(entries[4], "digest")), "");
	text = json_dumps(entries[0], 0);
	assert_null(strstr(text, "aHVud"));
	assert_null(strstr(text, "hunter"));
	free(text);
	for (size_t i = 0; i < array_length(entries); i++)
		json_decref(entries[i]);

	/* another Canary, another copy */
	entries[0] = entry_of(&cart, ref, one);
	text_copy(cart.world.uid, "another");
	entries[1] = entry_of(&cart, ref, one);
	assert_string_not_equal(copy_of(entries[0]), copy_of(entries[1]));
	json_decref(entries[0]);
	json_decref(entries[1]);

	/* a name of full length is cut, and stays a name */
	memset(name, 'a', sizeof(name));
	name[219] = '.';
	name[sizeof(name) - 1] = '\0';
	text_format(longest, sizeof(longest), "{'kind': 'Secret', 'name': '%s'}", name);
	entries[0] = entry_of(&cart, longest, one);
	assert_in_range(strlen(copy_of(entries[0])), 220, 253);
	assert_null(strstr(copy_of(entries[0]), ".-"));
	json_decref(entries[0]);
	cart_fini(&cart);
}

static void test_copy(void **state)
{
	static const char source[] =
		"{'metadata': {'name': 'keys', 'annotations': {'a': 'b'}, 'ownerReferences': []},"
		" 'type': 'Opaque', 'data': {'key': 'YQ=='}, 'binaryData': {'b': 'AAEC'}}";
	json_t *object = merge_parse(source);
	json_t *entry = merge_parse("{'kind': 'Secret', 'name': 'keys', 'copy': 'keys-primary-1'}");
	struct cart cart;

	(void)state;
	cart_init(&cart, "{}");
	cart_same(kube_config_copy(&cart.world, entry, object),
	          "{'apiVersion': 'v1', 'kind': 'Secret', 'metadata': {'name': 'keys-primary-1',"
	          " 'namespace': 'shop', 'labels': {'serin.dev/canary': 'cart',"
	          " 'serin.dev/canary-uid': '" CART_UID
	          "'}}, 'immutable': true, 'type': 'Opaque',"
	          " 'data': {'key': 'YQ=='}, 'binaryData': {'b': 'AAEC'}}");
	json_decref(object);
	json_decref(entry);
	cart_fini(&cart);
}

/* The primary's template refers to copies, at each place; to others as before. */
static void test_rename(void **state)
{
	static const char entries[] =
		"[{'kind': 'ConfigMap', 'name': 'a', 'copy': 'a-primary-1'},"
		" {'kind': 'Secret', 'name': 'a', 'copy': 'a-primary-2'}]";
	json_t *spec = merge_parse(
		"{'volumes': [{'configMap': {'name': 'a'}}, {'secret': {'secretName': 'a'}},"
		" {'projected': {'sources': [{'configMap': {'name': 'a'}}, {'secret': {'name':"
		" 'b'}}]}}], 'containers': [{'env': [{'name': 'a', 'valueFrom': {'configMapKeyRef':"
		" {'name': 'a', 'key': 'a'}}}], 'envFrom': [{'secretRef': {'name': 'a'}}]}],"
		" 'imagePullSecrets': [{'name': 'a'}]}");
	json_t *list = merge_parse(entries);
	json_t *template;

	(void)state;
	kube_config_rename(spec, list);
	template = json_pack("{sO}", "spec", spec);
	assert_true(kube_config_is_used(template, "ConfigMap", "a-primary-1"));
	assert_true(kube_config_is_used(template, "Secret", "a-primary-2"));
	assert_true(kube_config_is_used(template, "Secret", "b"));
	assert_false(kube_config_is_used(template, "Secret", "a-primary-1"));
	assert_false(kube_config_is_used(template, "ConfigMap", "a"));
	json_decref(template);
	cart_same(spec,
	          "{'volumes': [{'configMap': {'name': 'a-primary-1'}}, {'secret': {'secretName':"
	          " 'a-primary-2'}}, {'projected': {'sources': [{'configMap': {'name':"
	          " 'a-primary-1'}}, {'secret': {'name': 'b'}}]}}], 'containers': [{'env':"
	          " [{'name': 'a', 'valueFrom': {'configMapKeyRef': {'name': 'a-primary-1', 'key':"
	          " 'a'}}}], 'envFrom': [{'secretRef': {'name': 'a-primary-2'}}]}],"
	          " 'imagePullSecrets': [{'name': 'a'}]}");
	json_decref(list);
}

/* Conversations -------------------------------------------------------------------------------- */

#define TARGET                                                                                 \
 "{'metadata': {'name': 'cart', 'uid': 'd1', 'resourceVersion': '5'}, 'spec': {'replicas': 2," \
 " 'template': {'spec': {'containers': [{'envFrom': [{'configMapRef': {'name': 'a'}},"         \
 " {'secretRef': {'name': 's', 'optional': true}}]}]}}}}"
#define MAP "{'metadata': {'name': 'a'}, 'data': {'k': 'v'}}"
#define SHARED \
 "{'metadata': {'name': 'a', 'annotations': {'flagger.app/config-tracking': 'disable'}}}"
/* SHA-256 of {"data":{"k":"v"}} */
#define MAP_DIGEST "8338386bc05b6a51ed41f42870cfc13b265df8ff411ce98a33e4786e7cd96be8"

struct row {
	const char *name;
	struct effect effect;
	struct cart_exchange script[9];
	enum act_outcome want;
	const char *text; /* a part of the result's; NULL: any */
	bool has_digest;  /* of what was observed */
};

static void play(const struct row *rows, size_t n_rows)
{
	for (size_t i = 0; i < n_rows; i++) {
		struct cart cart;
		struct act act;

		print_message("row %s\n", rows[i].name);
		cart_init(&cart, "{}");
		cart.options.track_configs = true;
		cart_drive(&cart, &act, &rows[i].effect, rows[i].script);
		assert_int_equal(act.result.outcome, rows[i].want);
		if (rows[i].text)
			assert_non_null(strstr(act.result.text, rows[i].text));
		assert_int_equal(act.result.configs.digest[0] != '\0', rows[i].has_digest);
		act_fini(&act);
		cart_fini(&cart);
	}
}

#define OBSERVE .effect = {.kind = EFFECT_OBSERVE, .subject = SUBJECT_CONFIGS}

static const struct row observe_rows[] = {
	{
		.name = "one there, an optional one missing",
		OBSERVE,
		.script = {{"GET " APPS "deployments/cart", "", 200, TARGET},
                           {"GET " CORE "configmaps/a", "", 200, MAP},
                           {"GET " CORE "secrets/s", "", 404, STATUS(404)}},
		.want = ACT_OK,
		.has_digest = true,
	},
	{
		.name = "one that is needed is missing",
		OBSERVE,
		.script = {{"GET " APPS "deployments/cart", "", 200, TARGET},
                           {"GET " CORE "configmaps/a", "", 404, STATUS(404)}},
		.want = ACT_FAILED,
		.text = "configmap a.shop not found, and deployment cart needs it",
	},
	{
		.name = "a Secret that may not be read",
		OBSERVE,
		.script = {{"GET " APPS "deployments/cart", "", 200, TARGET},
                           {"GET " CORE "configmaps/a", "", 200, MAP},
                           {"GET " CORE "secrets/s", "", 403, STATUS(403)}},
		.want = ACT_FAILED,
		.text = "check the agent's Role",
	},
	{
		.name = "none is tracked",
		OBSERVE,
		.script = {{"GET " APPS "deployments/cart", "", 200, TARGET},
                           {"GET " CORE "configmaps/a", "", 200, SHARED},
                           {"GET " CORE "secrets/s", "", 200,
                            "{'type': 'kubernetes.io/service-account-token'}"}},
		.want = ACT_OK,
	},
	{
		.name = "the target is gone",
		OBSERVE,
		.script = {{"GET " APPS "deployments/cart", "", 404, STATUS(404)}},
		.want = ACT_ABSENT,
	},
};

static void test_observe(void **state)
{
	(void)state;
	play(observe_rows, array_length(observe_rows));
}

#define RELEASE                                                                                 \
 "{'metadata': {'name': 'cart-2', 'uid': 'r2'}, 'spec': {'template': {'spec': {'containers': [" \
 "{'envFrom': [{'configMapRef': {'name': 'a'}}, {'secretRef': {'name': 's'}}]}]}}, 'configs': " \
 "[{'kind': 'ConfigMap', 'name': 'a', 'digest': '" MAP_DIGEST                                   \
 "', 'copy': 'a-primary-1'},"                                                                   \
 " {'kind': 'Secret', 'name': 's', 'optional': true, 'digest': '', 'copy': 's-primary-2'}]}}"
#define WRITE(how)                        \
 .effect = {.kind = EFFECT_WRITE_PRIMARY, \
	    .subject = SUBJECT_PRIMARY,   \
	    .release = "cart-2",          \
	    .release_uid = "r2",          \
	    .is_retreat = how,            \
	    .old_release_uid = "r1"}
#define COPY                                                                                 \
 "{'apiVersion': 'v1', 'kind': 'ConfigMap', 'metadata': {'name': 'a-primary-1', 'namespace'" \
 ": 'shop', 'labels': {'serin.dev/canary': 'cart', 'serin.dev/canary-uid': '" CART_UID       \
 "'}}, 'immutable': true, 'data': {'k': 'v'}}"

/* Copies come before what refers to them. */
static const struct row copy_rows[] = {
	{
		.name = "made, then the primary",
		WRITE(false),
		.script = {{"GET " RELEASES "/cart-2", "", 200, RELEASE},
                           {"GET " CORE "configmaps/a-primary-1", "", 404, STATUS(404)},
                           {"GET " CORE "configmaps/a", "", 200, MAP},
                           {"POST " CORE "configmaps" MANAGER, COPY, 201, COPY},
                           {"GET " APPS "deployments/cart", "", 404, STATUS(404)},
                           {"PATCH " APPS "deployments/cart-primary" MANAGER, NULL, 200, TARGET}},
		.want = ACT_OK,
	},
	{
		.name = "there already, the reply of its creation was lost",
		WRITE(false),
		.script = {{"GET " RELEASES "/cart-2", "", 200, RELEASE},
                           {"GET " CORE "configmaps/a-primary-1", "", 404, STATUS(404)},
                           {"GET " CORE "configmaps/a", "", 200, MAP},
                           {"POST " CORE "configmaps" MANAGER, COPY, 409, STATUS(409)},
                           {"GET " CORE "configmaps/a-primary-1", "", 200, COPY},
                           {"GET " APPS "deployments/cart", "", 404, STATUS(404)},
                           {"PATCH " APPS "deployments/cart-primary" MANAGER, NULL, 200, TARGET}},
		.want = ACT_OK,
	},
	{
		.name = "the original is another by now: the primary is not written",
		WRITE(false),
		.script = {{"GET " RELEASES "/cart-2", "", 200, RELEASE},
                           {"GET " CORE "configmaps/a-primary-1", "", 404, STATUS(404)},
                           {"GET " CORE "configmaps/a", "", 200,
                            "{'metadata': {'name': 'a'}, 'data': {'k': 'w'}}"}},
		.want = ACT_FAILED,
		.text = "ConfigMap a.shop is not what was recorded any more: no copy of it can be made",
	},
	{
		.name = "somebody else has that name",
		WRITE(false),
		.script = {{"GET " RELEASES "/cart-2", "", 200, RELEASE},
                           {"GET " CORE "configmaps/a-primary-1", "", 200,
                            "{'metadata': {'name': 'a-primary-1'}, 'data': {'k': 'w'}}"}},
		.want = ACT_FAILED,
		.text = "ConfigMap a-primary-1.shop does not hold what it is the copy of: delete it",
	},
	{
		.name = "no right to make one",
		WRITE(false),
		.script = {{"GET " RELEASES "/cart-2", "", 200, RELEASE},
                           {"GET " CORE "configmaps/a-primary-1", "", 404, STATUS(404)},
                           {"GET " CORE "configmaps/a", "", 200, MAP},
                           {"POST " CORE "configmaps" MANAGER, NULL, 403, STATUS(403)}},
		.want = ACT_FAILED,
		.text = "check the agent's Role",
	},
	{
		.name = "a retreat asks for nothing",
		WRITE(true),
		.script = {{"GET " RELEASES "/cart-2", "", 200, RELEASE},
                           {"GET " APPS "deployments/cart", "", 404, STATUS(404)},
                           {"PATCH " APPS "deployments/cart-primary" MANAGER, NULL, 200, TARGET}},
		.want = ACT_OK,
	},
};

static void test_copies(void **state)
{
	(void)state;
	play(copy_rows, array_length(copy_rows));
}

#define LIST(items) "{'kind': 'List', 'metadata': {}, 'items': [" items "]}"
#define PAGE        "?limit=500&labelSelector=serin.dev%2Fcanary%3Dcart"
#define REMOVE(n) \
 .effect = {.kind = EFFECT_REMOVE_RELEASES, .subject = SUBJECT_RELEASES, .number = n}
#define MADE(name, owner) "{'metadata': {'name': '" name "', 'uid': '" owner "'}}"
#define PROMOTED(number, more)                                                                \
 "{'metadata': {'name': 'cart-" number "', 'uid': 'r" number                                  \
 "', 'labels': {'serin.dev/canary-uid': '" CART_UID                                           \
 "'}}, 'spec': {'canary': {'name': 'cart', 'uid': '" CART_UID                                 \
 "'}, 'template': {}, 'configs': [{'kind': 'ConfigMap', 'name': 'a', 'digest': 'x', 'copy': " \
 "'used-by-release'}]}, 'status': {'outcome': 'promoted'" more "}}"
#define EARLIER    PROMOTED("1", "")
#define DONE       PROMOTED("2", "")
#define TAKEN_DOWN PROMOTED("2", ", 'takenDown': true")
#define SETS                                                                                      \
 "{'metadata': {'name': 'old'}, 'spec': {'template': {'spec': {'volumes': [{'configMap': {'name'" \
 ": 'used-by-pods'}}]}}}}"

static const struct row remove_rows[] = {
	{
		.name = "what nothing uses",
		REMOVE(10),
		.script = {{"GET " RELEASES PAGE, "", 200, LIST(DONE)},
                           {"GET " APPS "replicasets" USERS, "", 200, LIST(SETS)},
                           {"GET " CORE "configmaps" LABELLED, "", 200,
                            LIST(MADE("used-by-release", "1") "," MADE("used-by-pods",
                                                                       "2") "," MADE("idle", "3"))},
                           {"GET " CORE "secrets" LABELLED, "", 403, STATUS(403)},
                           {"DELETE " CORE "configmaps/idle", NULL, 200, STATUS(200)}},
		.want = ACT_OK,
	},
	{
		.name = "who uses them is not known: none goes",
		REMOVE(10),
		.script = {{"GET " RELEASES PAGE, "", 200, LIST(DONE)},
                           {"GET " APPS "replicasets" USERS, "", 403, STATUS(403)}},
		.want = ACT_FAILED,
	},
	{
		.name = "more ReplicaSets than are read: none goes",
		REMOVE(10),
		.script = {{"GET " RELEASES PAGE, "", 200, LIST(DONE)},
                           {"GET " APPS "replicasets" USERS, "", 200,
                            "{'metadata': {'continue': 'more'}, 'items': []}"}},
		.want = ACT_OK,
	},
	{
		.name = "a teardown: the last one says first that its copies go",
		REMOVE(0),
		.script = {{"GET " RELEASES PAGE, "", 200, LIST(EARLIER "," DONE)},
                           {"DELETE " RELEASES "/cart-1", NULL, 200, STATUS(200)},
                           {"PATCH " RELEASES "/cart-2/status" MANAGER,
                            "{'status': {'takenDown': true}}", 200, DONE},
                           {"GET " CORE "configmaps" LABELLED, "", 200,
                            LIST(MADE("used-by-release", "1"))},
                           {"GET " CORE "secrets" LABELLED, "", 200, LIST(MADE("key", "2"))},
                           {"DELETE " CORE "configmaps/used-by-release", NULL, 200, STATUS(200)},
                           {"DELETE " CORE "secrets/key", NULL, 404, STATUS(404)},
                           {"DELETE " RELEASES "/cart-2", NULL, 200, STATUS(200)}},
		.want = ACT_OK,
	},
	{
		.name = "… which cannot be said: its copies stay",
		REMOVE(0),
		.script = {{"GET " RELEASES PAGE, "", 200, LIST(DONE)},
                           {"PATCH " RELEASES "/cart-2/status" MANAGER, NULL, 403, STATUS(403)}},
		.want = ACT_FAILED,
	},
	{
		.name = "… that was said before, by whoever died meanwhile",
		REMOVE(0),
		.script = {{"GET " RELEASES PAGE, "", 200, LIST(TAKEN_DOWN)},
                           {"GET " CORE "configmaps" LABELLED, "", 200, LIST("")},
                           {"GET " CORE "secrets" LABELLED, "", 200, LIST("")},
                           {"DELETE " RELEASES "/cart-2", NULL, 200, STATUS(200)}},
		.want = ACT_OK,
	},
};

static void test_removal(void **state)
{
	(void)state;
	play(remove_rows, array_length(remove_rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list),    cmocka_unit_test(test_limit),
		cmocka_unit_test(test_tracked), cmocka_unit_test(test_digest),
		cmocka_unit_test(test_entry),   cmocka_unit_test(test_copy),
		cmocka_unit_test(test_rename),  cmocka_unit_test(test_observe),
		cmocka_unit_test(test_copies),  cmocka_unit_test(test_removal),
	};

	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
