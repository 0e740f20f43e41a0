/* Effects as conversations: Services, routes, what is told to people. */
#include "providers/traffic.h"
#include "tests/providers/cart.h"
#include "tests/providers/merge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SERVICES     "/api/v1/namespaces/shop/services"
#define INGRESSES    "/apis/networking.k8s.io/v1/namespaces/shop/ingresses"
#define CANARIES     "/apis/flagger.app/v1beta1/namespaces/shop/canaries"
#define MANAGER      "?fieldManager=serin"
#define N            "nginx.ingress.kubernetes.io/"
#define STATUS(code) "{'kind': 'Status', 'code': " #code "}"

/* One exchange whose reply is one of cart's objects with a patch laid over it. */
static char *object_of(const char *base, const char *patch)
{
	json_t *object = merge_text(base, patch);
	char *text = json_dumps(object, 0);

	json_decref(object);
	return text;
}

/* Drive EFFECT through SCRIPT and expect OUTCOME, and TEXT in the sentence. */
static void play(const struct effect *effect, const struct cart_exchange *script,
                 enum act_outcome outcome, const char *text)
{
	struct cart cart;
	struct act act;

	cart_init(&cart, "{}");
	(void)cart_drive(&cart, &act, effect, script);
	assert_int_equal(act.result.outcome, outcome);
	assert_non_null(strstr(act.result.text, text));
	act_fini(&act);
	cart_fini(&cart);
}

static void test_service(void **state)
{
	static const struct {
		const char *live; /* over cart_service */
		const char *version;
		const char *body; /* NULL: no write */
		int status;
		enum act_outcome want;
	} rows[] = {
		/* as wanted, whatever it was decided on: the write is done */
		{"{'spec': {'selector': {'app': 'cart'}}}", "1", NULL, 0, ACT_OK},
		{"{}", "60",
	         "[{'op': 'test', 'path': '/metadata/resourceVersion', 'value': '60'},"
	         " {'op': 'add', 'path': '/spec/selector', 'value': {'app': 'cart'}}]",
	         200, ACT_OK},
		/* decided when there was none: tested all the same */
		{"{}", "",
	         "[{'op': 'test', 'path': '/metadata/resourceVersion', 'value': '60'},"
	         " {'op': 'add', 'path': '/spec/selector', 'value': {'app': 'cart'}}]",
	         422, ACT_CONFLICT},
		/* it moved since: decide again */
		{"{}", "59", NULL, 0, ACT_CONFLICT},
	};

	for (size_t i = 0; i < array_length(rows); i++) {
		char *live = object_of(cart_service, rows[i].live);
		struct effect effect = {
			.kind = EFFECT_WRITE_SERVICE,
			.subject = SUBJECT_APEX,
			.backend = BACKEND_CANARY,
		};
		struct cart_exchange script[] = {
			{"GET " SERVICES "/cart", "", 200, live},
			{rows[i].body ? "PATCH " SERVICES "/cart" MANAGER : NULL, rows[i].body,
		         rows[i].status, "{}"},
			{0},
		};

		memcpy(effect.resource_version, rows[i].version, strlen(rows[i].version));
		play(&effect, script, rows[i].want, "");
		free(live);
	}
}

static void test_service_absent(void **state)
{
	static const struct cart_exchange script[] = {
		{"GET " SERVICES "/cart-canary", "", 404, STATUS(404)},
		{"POST " SERVICES MANAGER, NULL, 201, "{'metadata': {'uid': 's2'}}"},
		{0},
	};
	struct effect effect = {
		.kind = EFFECT_WRITE_SERVICE,
		.subject = SUBJECT_CANARY_SERVICE,
		.backend = BACKEND_CANARY,
	};

	play(&effect, script, ACT_OK, "");
}

/* One write, nothing read, no version. */
static void test_service_retreat(void **state)
{
	static const struct cart_exchange script[] = {
		{"PATCH " SERVICES "/cart" MANAGER,
	         "[{'op': 'replace', 'path': '/spec/selector', 'value': {'app': 'cart-primary'}}]",
	         200, "{}"},
		{0},
	};
	struct effect effect = {
		.kind = EFFECT_WRITE_SERVICE,
		.subject = SUBJECT_APEX,
		.backend = BACKEND_PRIMARY,
		.is_retreat = true,
		.resource_version = "60",
	};

	play(&effect, script, ACT_OK, "");
}

/* Without the target's selector label there is nothing to select by. */
static void test_service_unlabelled(void **state)
{
	static const struct cart_exchange script[] = {{0}};
	struct effect effect = {.kind = EFFECT_WRITE_SERVICE, .subject = SUBJECT_APEX};
	struct cart cart;
	struct act act;

	cart_init(&cart, "{}");
	cart.world.label[0] = '\0';
	assert_int_equal(cart_drive(&cart, &act, &effect, script), TALK_FAILED);
	assert_string_equal(act.result.text, "the target's selector label is not known yet");
	act_fini(&act);
	cart_fini(&cart);
}

#define ANNOTATED(text) "{'metadata': {'annotations': {" text "}}}"

static void test_route(void **state)
{
	static const struct {
		const char *live; /* over cart_clone of weight 20 */
		const char *version;
		int weight;
		const char *body; /* NULL: no write */
		enum act_outcome want;
		const char *text;
	} rows[] = {
		{"{}", "71", 20, NULL, ACT_OK, ""},
		/* only annotations move: a merge patch bound to the version */
		{"{}", "71", 40,
	         "{'metadata': {'resourceVersion': '71', 'annotations': {'" N "canary': 'true', '" N
	         "canary-weight': '40'}}}",
	         ACT_OK, ""},
		{ANNOTATED("'" N "canary-by-header': 'x'"), "", 20,
	         "{'metadata': {'resourceVersion': '71', 'annotations': {'" N "canary': 'true', '" N
	         "canary-weight': '20', '" N "canary-by-header': null}}}",
	         ACT_OK, ""},
		{"{}", "70", 40, NULL, ACT_CONFLICT, "ingress storefront-canary changed"},
		/* the source moved: the spec is replaced, with the weight, under a test */
		{"{'spec': {'rules': null}}", "71", 20,
	         "[{'op': 'test', 'path': '/metadata/resourceVersion', 'value': '71'},"
	         " {'op': 'replace', 'path': '/spec', 'value': {'ingressClassName': 'nginx', 'rules':"
	         " [{'host': 'shop.example', 'http': {'paths': [{'path': '/cart', 'pathType':"
	         " 'Prefix', 'backend': {'service': {'name': 'cart-canary', 'port': {'number':"
	         " 80}}}}]}}]}}]",
	         ACT_OK, ""},
		/* Flagger's clone is taken over in one write (D-5) */
		{"{'metadata': {'labels': {'serin.dev/canary-uid': null}, 'ownerReferences':"
	         " [{'apiVersion': 'flagger.app/v1beta1', 'kind': 'Canary', 'name': 'cart'}]}}",
	         "71", 20,
	         "[{'op': 'test', 'path': '/metadata/resourceVersion', 'value': '71'},"
	         " {'op': 'add', 'path': '/metadata/labels', 'value': {'app': 'storefront',"
	         " 'serin.dev/canary-uid': '" CART_UID "'}}, {'op': 'replace', 'path':"
	         " '/metadata/ownerReferences', 'value': []}]",
	         ACT_OK, ""},
		/* somebody else's is left alone */
		{"{'metadata': {'labels': {'serin.dev/canary-uid': null}}}", "71", 20, NULL,
	         ACT_FAILED, "ingress storefront-canary.shop exists and is not this Canary's"},
	};

	for (size_t i = 0; i < array_length(rows); i++) {
		char *live = object_of(cart_clone, rows[i].live);
		struct effect effect = {
			.kind = EFFECT_WRITE_ROUTE,
			.subject = SUBJECT_ROUTE,
			.weight = rows[i].weight,
		};
		struct cart_exchange script[] = {
			{"GET " INGRESSES "/storefront", "", 200, cart_source},
			{"GET " INGRESSES "/storefront-canary", "", 200, live},
			{rows[i].body ? "PATCH " INGRESSES "/storefront-canary" MANAGER : NULL,
		         rows[i].body, 200, "{}"},
			{0},
		};

		print_message("row %zu\n", i);
		memcpy(effect.resource_version, rows[i].version, strlen(rows[i].version));
		play(&effect, script, rows[i].want, rows[i].text);
		free(live);
	}
}

static void test_route_made(void **state)
{
	static const struct cart_exchange made[] = {
		{"GET " INGRESSES "/storefront", "", 200, NULL},
		{"GET " INGRESSES "/storefront-canary", "", 404, STATUS(404)},
		{"POST " INGRESSES MANAGER, NULL, 201, "{}"},
		{0},
	};
	static const struct cart_exchange no_source[] = {
		{"GET " INGRESSES "/storefront", "", 404, STATUS(404)},
		{0},
	};
	static const struct cart_exchange no_backend[] = {
		{"GET " INGRESSES "/storefront", "", 200, "{'metadata': {'name': 'storefront'}}"},
		{"GET " INGRESSES "/storefront-canary", "", 404, STATUS(404)},
		{0},
	};
	struct effect effect = {.kind = EFFECT_WRITE_ROUTE, .subject = SUBJECT_ROUTE};
	struct cart_exchange script[array_length(made)];

	memcpy(script, made, sizeof(made));
	script[0].reply = cart_source;
	play(&effect, script, ACT_OK, "");
	play(&effect, no_source, ACT_FAILED, "ingress storefront.shop not found");
	play(&effect, no_backend, ACT_FAILED, "backend cart not found in ingress storefront");
}

/* The canary's weight, without rules. */
#define WEIGHS(weight)                                                            \
 "'annotations': {'" N "canary': 'true', '" N "canary-weight': '" weight "', '" N \
 "canary-by-header': null, '" N "canary-by-header-value': null, '" N              \
 "canary-by-header-pattern': null, '" N "canary-by-cookie': null}"

/* One write, nothing read, no version; a lost reply is not taken for a yes. One that leaves a
 * weight is of the version it was decided on: late, it would raise a 0. */
static void test_route_retreat(void **state)
{
	struct cart_exchange script[] = {
		{"PATCH " INGRESSES "/storefront-canary" MANAGER, "{'metadata': {" WEIGHS("0") "}}",
	         200, "{}"},
		{0},
	};
	struct effect effect = {
		.kind = EFFECT_WRITE_ROUTE,
		.subject = SUBJECT_ROUTE,
		.is_retreat = true,
		.resource_version = "71",
	};

	play(&effect, script, ACT_OK, "");
	script[0].status = 0;
	script[0].reply = NULL;
	play(&effect, script, ACT_UNKNOWN, "timed out");
	script[0].status = 404;
	play(&effect, script, ACT_ABSENT, "404");

	effect.weight = 40;
	script[0].body = "{'metadata': {'resourceVersion': '71', " WEIGHS("40") "}}";
	script[0].status = 409;
	play(&effect, script, ACT_CONFLICT, "409");
	script[0].status = 200;
	script[0].reply = "{}";
	play(&effect, script, ACT_OK, "");
}

static void test_observe(void **state)
{
	static const struct {
		enum subject subject;
		const char *request;
	} rows[] = {
		{SUBJECT_CANARY, "GET " CANARIES "/cart"},
		{SUBJECT_TARGET, "GET /apis/apps/v1/namespaces/shop/deployments/cart"},
		{SUBJECT_PRIMARY, "GET /apis/apps/v1/namespaces/shop/deployments/cart-primary"},
		{SUBJECT_APEX, "GET " SERVICES "/cart"},
		{SUBJECT_PRIMARY_SERVICE, "GET " SERVICES "/cart-primary"},
		{SUBJECT_CANARY_SERVICE, "GET " SERVICES "/cart-canary"},
		{SUBJECT_ROUTE, "GET " INGRESSES "/storefront-canary"},
	};

	for (size_t i = 0; i < array_length(rows); i++) {
		struct effect effect = {.kind = EFFECT_OBSERVE, .subject = rows[i].subject};
		struct cart_exchange script[] = {{rows[i].request, "", 200, "{}"}, {0}};

		play(&effect, script, ACT_OK, "");
		script[0].status = 404;
		play(&effect, script, ACT_ABSENT, "404");
		script[0].status = 500;
		play(&effect, script, ACT_FAILED, "500");
	}
}

#define LABELLED "GET " INGRESSES "?limit=500&labelSelector=serin.dev%2Fcanary-uid%3D" CART_UID

static void test_remove(void **state)
{
	static const char body[] =
		"{'apiVersion': 'v1', 'kind': 'DeleteOptions', 'propagationPolicy':"
		" 'Background', 'preconditions': {'uid': 'i1'}}";
	static const struct {
		int status;
		enum act_outcome want;
	} rows[] = {
		{200, ACT_OK},
		{404, ACT_OK},       /* gone already */
		{409, ACT_CONFLICT}, /* another one of that name: not ours to remove */
		{0, ACT_UNKNOWN},
	};

	for (size_t i = 0; i < array_length(rows); i++) {
		struct effect effect = {
			.kind = EFFECT_REMOVE,
			.subject = SUBJECT_ROUTE,
			.release_uid = "i1",
		};
		struct cart_exchange script[] = {{LABELLED, "", 200, "{'items': []}"},
		                                 {"DELETE " INGRESSES "/storefront-canary", body,
		                                  rows[i].status, "{}"},
		                                 {0}};

		play(&effect, script, rows[i].want, "");
	}
}

#define MARKED(name, uid, label, canary)                                                          \
 "{'metadata': {'name': '" name "', 'uid': '" uid "', 'labels': {'serin.dev/canary-uid': '" label \
 "'}, 'annotations': {'nginx.ingress.kubernetes.io/canary': '" canary "'}}}"
#define DELETED_AS(uid)                                                              \
 "{'apiVersion': 'v1', 'kind': 'DeleteOptions', 'propagationPolicy': 'Background', " \
 "'preconditions': {'uid': '" uid "'}}"

/* Clones that an edit of spec.ingressRef left go before it: ours alone. */
static void test_remove_left(void **state)
{
	static const char list[] =
		"{'items': [" MARKED("storefront-canary", "i1", CART_UID, "true") ", " MARKED(
			"old-canary", "i2", CART_UID,
			"true") ", " MARKED("user", "i3", CART_UID,
	                                    "false") ", " MARKED("other", "i4", "another",
	                                                         "true") ", " MARKED("older-canary",
	                                                                             "i5", CART_UID,
	                                                                             "true") "]}";
	static const struct {
		int first;
		int second;
		enum act_outcome want;
	} rows[] = {
		{200, 200, ACT_OK},
		{404, 409, ACT_OK}, /* gone, or another one of that name by now */
	};
	struct effect effect = {
		.kind = EFFECT_REMOVE, .subject = SUBJECT_ROUTE, .release_uid = "i1"};
	struct cart_exchange unlisted[] = {{LABELLED, "", 503, "{}"}, {0}};
	struct cart_exchange refused[] = {{LABELLED, "", 200, list},
	                                  {"DELETE " INGRESSES "/old-canary", DELETED_AS("i2"), 403,
	                                   "{}"},
	                                  {0}};

	for (size_t i = 0; i < array_length(rows); i++) {
		struct cart_exchange script[] = {
			{LABELLED, "", 200, list},
			{"DELETE " INGRESSES "/old-canary", DELETED_AS("i2"), rows[i].first, "{}"},
			{"DELETE " INGRESSES "/older-canary", DELETED_AS("i5"), rows[i].second,
		         "{}"},
			{"DELETE " INGRESSES "/storefront-canary", DELETED_AS("i1"), 200, "{}"},
			{0}};

		play(&effect, script, rows[i].want, "");
	}
	play(&effect, unlisted, ACT_FAILED, "503");
	play(&effect, refused, ACT_FAILED, "403");
}

static void test_restore(void **state)
{
	char *live = object_of(cart_service, "{}");
	struct effect effect = {.kind = EFFECT_RESTORE, .subject = SUBJECT_APEX};
	struct cart_exchange script[] = {
		{"GET " SERVICES "/cart", "", 200, live},
		{"PATCH " SERVICES "/cart" MANAGER,
	         "[{'op': 'test', 'path': '/metadata/resourceVersion', 'value': '60'},"
	         " {'op': 'add', 'path': '/spec/selector', 'value': {'app': 'cart'}},"
	         " {'op': 'add', 'path': '/metadata/labels', 'value': {'app': 'cart'}},"
	         " {'op': 'add', 'path': '/metadata/annotations', 'value': {}}]",
	         200, "{}"},
		{0},
	};

	play(&effect, script, ACT_OK, "");
	free(live);
}

static void test_notice(void **state)
{
	static const struct {
		int status;
		enum act_outcome want;
	} rows[] = {
		{201, ACT_OK},
		{409, ACT_OK}, /* delivered before */
		{0, ACT_UNKNOWN},
		{403, ACT_FAILED},
	};

	for (size_t i = 0; i < array_length(rows); i++) {
		struct effect effect = {
			.kind = EFFECT_NOTIFY,
			.subject = SUBJECT_EVENTS,
			.release_uid = "r17",
			.notice = {.id = 60, .text = "x"},
		};
		struct cart_exchange script[] = {{"POST /api/v1/namespaces/shop/events" MANAGER,
		                                  NULL, rows[i].status, "{}"},
		                                 {0}};

		play(&effect, script, rows[i].want, "");
	}
}

static void test_mirror(void **state)
{
	struct effect effect = {
		.kind = EFFECT_WRITE_MIRROR,
		.subject = SUBJECT_CANARY,
		.check = {1795236300000},
		.mirror = {.phase = "Progressing", .weight = 20},
	};
	struct cart_exchange script[] = {
		{"GET " CANARIES "/cart", "", 200, cart_canary},
		{"PATCH " CANARIES "/cart/status" MANAGER, NULL, 200, "{}"},
		{0},
	};
	struct cart_exchange another[] = {
		{"GET " CANARIES "/cart", "", 200, "{'metadata': {'uid': 'another'}}"},
		{0},
	};

	play(&effect, script, ACT_OK, "");
	play(&effect, another, ACT_CONFLICT, "another one");
}

#define UID       "'uid': '" CART_UID "'"
#define FINALIZER "finalizer.flagger.app"
#define HELD(list, more) \
 "{'metadata': {" UID ", 'resourceVersion': '7', 'finalizers': " list more "}}"
#define PATCHED  "PATCH " CANARIES "/cart" MANAGER
#define TEST_UID "{'op': 'test', 'path': '/metadata/uid', 'value': '" CART_UID "'}, "
#define DELETED  ", 'deletionTimestamp': '2026-11-21T10:00:00Z'"

/* The list is somebody else's, too. */
static void test_finalizer(void **state)
{
	static const struct {
		const char *live;
		int wanted;
		const char *patch; /* NULL: it is so */
	} rows[] = {
		/* the first of the list, which somebody might begin meanwhile */
		{"{'metadata': {" UID ", 'resourceVersion': '7'}}", 1,
	         "[" TEST_UID "{'op': 'test', 'path': '/metadata/resourceVersion', 'value': '7'}, "
	         "{'op': 'add', 'path': '/metadata/finalizers', 'value': ['" FINALIZER "']}]"},
		/* behind another */
		{HELD("['a/b']", ""), 1,
	         "[" TEST_UID "{'op': 'add', 'path': '/metadata/finalizers/-', 'value': '" FINALIZER
	         "'}]"},
		/* there already, and not there */
		{HELD("['a/b', '" FINALIZER "']", ""), 1, NULL},
		{HELD("['a/b']", ""), 0, NULL},
		/* a deleted object takes no new one */
		{HELD("['a/b']", DELETED), 1, NULL},
		/* out of the middle */
		{HELD("['a/b', '" FINALIZER "', 'c/d']", DELETED), 0,
	         "[" TEST_UID
	         "{'op': 'test', 'path': '/metadata/finalizers/1', 'value': '" FINALIZER
	         "'}, {'op': 'remove', 'path': '/metadata/finalizers/1'}]"},
	};

	for (size_t i = 0; i < array_length(rows); i++) {
		struct effect effect = {.kind = EFFECT_WRITE_FINALIZER,
		                        .subject = SUBJECT_CANARY,
		                        .number = rows[i].wanted};
		struct cart_exchange script[] = {
			{"GET " CANARIES "/cart", "", 200, rows[i].live},
			{rows[i].patch ? PATCHED : NULL, rows[i].patch, 200, "{}"},
			{0},
		};

		play(&effect, script, ACT_OK, "");
	}
}

static void test_finalizer_of_another(void **state)
{
	struct effect effect = {.kind = EFFECT_WRITE_FINALIZER, .subject = SUBJECT_CANARY};
	struct cart_exchange script[] = {
		{"GET " CANARIES "/cart", "", 200, "{'metadata': {'uid': 'another'}}"},
		{0},
	};

	play(&effect, script, ACT_CONFLICT, "another one");
}

/* The provider without weights: nothing is asked, nothing is written. */
static void test_no_route(void **state)
{
	static const struct cart_exchange script[] = {{0}};
	static const enum effect_kind kinds[] = {EFFECT_OBSERVE, EFFECT_WRITE_ROUTE, EFFECT_REMOVE};

	for (size_t i = 0; i < array_length(kinds); i++) {
		struct effect effect = {.kind = kinds[i], .subject = SUBJECT_ROUTE};
		struct cart cart;
		struct act act;

		cart_init(&cart, "{}");
		cart.world.traffic = traffic_find("kubernetes", NULL);
		assert_int_equal(cart_drive(&cart, &act, &effect, script), TALK_DONE);
		assert_int_equal(act.result.outcome, ACT_OK);
		assert_null(act.result.object);
		act_fini(&act);
		cart_fini(&cart);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_service),
		cmocka_unit_test(test_service_absent),
		cmocka_unit_test(test_service_retreat),
		cmocka_unit_test(test_service_unlabelled),
		cmocka_unit_test(test_route),
		cmocka_unit_test(test_route_made),
		cmocka_unit_test(test_route_retreat),
		cmocka_unit_test(test_observe),
		cmocka_unit_test(test_remove),
		cmocka_unit_test(test_remove_left),
		cmocka_unit_test(test_restore),
		cmocka_unit_test(test_notice),
		cmocka_unit_test(test_mirror),
		cmocka_unit_test(test_finalizer),
		cmocka_unit_test(test_finalizer_of_another),
		cmocka_unit_test(test_no_route),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
