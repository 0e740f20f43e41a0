/* Provider istio as conversations: which requests a write, a retreat and a removal take. */
#include "providers/traffic.h"
#include "tests/providers/cart.h"
#include "tests/providers/merge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define GROUP    "/apis/networking.istio.io/v1beta1/namespaces/shop"
#define ROUTES   GROUP "/virtualservices"
#define POLICIES GROUP "/destinationrules"
#define MANAGER  "?fieldManager=serin"
#define GONE     404, "{'kind': 'Status', 'code': 404}"
#define FLUX                                            \
 "'kustomize.toolkit.fluxcd.io/reconcile': 'disabled'," \
 " 'helm.toolkit.fluxcd.io/driftDetection': 'disabled'"
#define LABELS "'labels': {'serin.dev/canary-uid': '" CART_UID "'}"
#define POLICY(name)                                                              \
 "{'metadata': {'name': '" name "', 'uid': 'p1', 'resourceVersion': '5', " LABELS \
 "}, 'spec': {'host': '" name "'}}"
#define TO(host, weight) "{'destination': {'host': '" host "'}, 'weight': " #weight "}"
#define SPLIT(primary, canary) \
 "'route': [" TO("cart-primary", primary) ", " TO("cart-canary", canary) "]"
#define ROUTE(primary, canary)                                                 \
 "{'metadata': {'name': 'cart', 'uid': 'v1', 'resourceVersion': '71', " LABELS \
 ", 'annotations': {" FLUX                                                     \
 "}}, 'spec': {'hosts': ['cart'], 'gateways': ['mesh'], 'http': [{" SPLIT(primary, canary) "}]}}"
#define USERS                                                                                                                                 \
 "{'metadata': {'name': 'cart', 'uid': 'v1', 'resourceVersion': '71', 'annotations':"                                                         \
 " {'serin.dev/annotations-before': '{\\\"flagger.kubernetes.io/original-configuration\\\":null}',"                                           \
 " 'flagger.kubernetes.io/original-configuration': '{\\\"http\\\":[{\\\"route\\\":[{\\\"destination\\\":{\\\"host\\\":\\\"cart\\\"}}]}]}'}}," \
 " 'spec': {'http': [{" SPLIT(80, 20) "}]}}"
#define PLAIN_USERS \
 "{'metadata': {'name': 'cart'}, 'spec': {'http': [{'route': [{'destination': {'host': 'cart'}}]}]}}"
#define TEST_VERSION "{'op': 'test', 'path': '/metadata/resourceVersion', 'value': '71'}"
#define WEIGH(index, host, weight)                                                          \
 "{'op': 'test', 'path': '/spec/http/0/route/" #index "/destination/host', 'value': '" host \
 "'}, {'op': 'add', 'path': '/spec/http/0/route/" #index "/weight', 'value': " #weight "}"
#define WEIGHTS(primary, canary) \
 WEIGH(0, "cart-primary", primary) ", " WEIGH(1, "cart-canary", canary)

struct play {
	struct cart cart;
	struct act act;
	json_t *policies[2];
	json_t *route;
};

/* ROUTE: as last seen, NULL for never; HAS_POLICIES: the DestinationRules were seen to be right. */
static void begin(struct play *play, const char *canary, const char *route, bool has_policies)
{
	static const char *const texts[] = {POLICY("cart-primary"), POLICY("cart-canary")};

	*play = (struct play){0};
	cart_init(&play->cart, canary);
	play->cart.world.traffic = traffic_find("istio", NULL);
	play->cart.world.ingress = NULL;
	for (size_t i = 0; i < 2; i++) {
		play->policies[i] = merge_parse(texts[i]);
		if (has_policies)
			play->cart.world.beside[i] = play->policies[i];
	}
	play->route = route ? merge_parse(route) : NULL;
	play->cart.world.route_object = play->route;
}

static void end(struct play *play)
{
	act_fini(&play->act);
	for (size_t i = 0; i < 2; i++)
		json_decref(play->policies[i]);
	json_decref(play->route);
	cart_fini(&play->cart);
}

static void expect(struct play *play, const struct effect *effect,
                   const struct cart_exchange *script, enum act_outcome outcome, const char *text)
{
	(void)cart_drive(&play->cart, &play->act, effect, script);
	assert_int_equal(play->act.result.outcome, outcome);
	if (!strstr(play->act.result.text, text))
		fail_msg("%s", play->act.result.text);
}

/* Nothing is there: the policies first, so that the route never leads to a host without its own. */
static void test_create(void **state)
{
	static const struct cart_exchange script[] = {
		{"GET " POLICIES "/cart-primary", "", GONE},
		{"POST " POLICIES MANAGER, NULL, 201, POLICY("cart-primary")},
		{"GET " POLICIES "/cart-canary", "", GONE},
		{"POST " POLICIES MANAGER, NULL, 201, POLICY("cart-canary")},
		{"GET " ROUTES "/cart", "", GONE},
		{"POST " ROUTES MANAGER,
	         "{'apiVersion': 'networking.istio.io/v1beta1', 'kind': 'VirtualService', 'metadata': {'name': 'cart',"
	         " 'namespace': 'shop', " LABELS ", 'annotations': {" FLUX
	         "}}, 'spec': {'hosts': ['cart'], 'gateways':"
	         " ['mesh'], 'http': [{" SPLIT(100, 0) "}]}}",
	         201, ROUTE(100, 0)},
		{0},
	};
	struct effect effect = {.kind = EFFECT_WRITE_ROUTE, .subject = SUBJECT_ROUTE};
	struct play play;

	begin(&play, "{}", NULL, false);
	expect(&play, &effect, script, ACT_OK, "");
	/* what was written is known at once, the watch may be late */
	for (size_t i = 0; i < 2; i++)
		assert_true(json_equal(play.act.result.beside[i], play.policies[i]));
	assert_non_null(play.act.result.object);
	end(&play);
}

static void test_weigh(void **state)
{
	static const struct cart_exchange right[] = {
		{"GET " ROUTES "/cart", "", 200, ROUTE(80, 20)}, {0}};
	static const struct cart_exchange moved[] = {
		{"GET " ROUTES "/cart", "", 200, ROUTE(100, 0)},
		{"PATCH " ROUTES "/cart" MANAGER, "[" TEST_VERSION ", " WEIGHTS(80, 20) "]", 200,
	         ROUTE(80, 20)},
		{0},
	};
	static const struct cart_exchange late[] = {{"GET " ROUTES "/cart", "", 200, ROUTE(100, 0)},
	                                            {0}};
	static const struct cart_exchange foreign[] = {
		{"GET " ROUTES "/cart", "", 200,
	         "{'metadata': {'name': 'cart'}, 'spec': {'http': [{'route': [" TO("help",
	                                                                           1) "]}]}}"},
		{0},
	};
	static const struct cart_exchange policy[] = {
		{"GET " POLICIES "/cart-primary", "", 200, "{'spec': {'host': 'x'}}"}, {0}};
	static const struct {
		const struct cart_exchange *script;
		const char *version;
		bool has_policies;
		enum act_outcome want;
		const char *text;
	} rows[] = {
		{right, "70", true, ACT_OK, ""},
		{moved, "71", true, ACT_OK, ""},
		{late, "70", true, ACT_CONFLICT, "virtualservice cart changed"},
		{foreign, "", true, ACT_FAILED,
	         "virtualservice cart.shop: spec.http: expected a route to cart, got none"},
		{policy, "", false, ACT_FAILED,
	         "destinationrule cart-primary.shop: spec.host: expected cart-primary, got \"x\""},
	};

	for (size_t i = 0; i < array_length(rows); i++) {
		struct effect effect = {
			.kind = EFFECT_WRITE_ROUTE, .subject = SUBJECT_ROUTE, .weight = 20};
		struct play play;

		begin(&play, "{}", NULL, rows[i].has_policies);
		memcpy(effect.resource_version, rows[i].version, strlen(rows[i].version));
		expect(&play, &effect, rows[i].script, rows[i].want, rows[i].text);
		end(&play);
	}
}

/* A retreat writes first, from what was last seen, and reads only when that was old. */
static void test_retreat(void **state)
{
	static const struct cart_exchange blind[] = {{"PATCH " ROUTES "/cart" MANAGER,
	                                              "[" WEIGHTS(100, 0) "]", 200, ROUTE(100, 0)},
	                                             {0}};
	static const struct cart_exchange old[] = {
		{"PATCH " ROUTES "/cart" MANAGER, "[" WEIGHTS(100, 0) "]", 422,
	         "{'kind': 'Status', 'code': 422}"},
		{"GET " ROUTES "/cart", "", 200, ROUTE(50, 50)},
		{"PATCH " ROUTES "/cart" MANAGER, "[" WEIGHTS(100, 0) "]", 200, ROUTE(100, 0)},
		{0},
	};
	static const struct cart_exchange plain[] = {{"GET " ROUTES "/cart", "", 200, PLAIN_USERS},
	                                             {0}};
	static const struct cart_exchange late[] = {
		{"PATCH " ROUTES "/cart" MANAGER, "[" WEIGHTS(100, 0) "]", 422,
	         "{'kind': 'Status', 'code': 422}"},
		{"GET " ROUTES "/cart", "", 200, PLAIN_USERS},
		{0},
	};
	static const struct cart_exchange unseen[] = {
		{"GET " ROUTES "/cart", "", 200, USERS},
		{"PATCH " ROUTES "/cart" MANAGER, "[" WEIGHTS(100, 0) "]", 200, USERS},
		{0},
	};
	static const struct cart_exchange gone[] = {{"GET " ROUTES "/cart", "", GONE}, {0}};
	static const struct {
		const char *seen;
		const struct cart_exchange *script;
		enum act_outcome want;
	} rows[] = {
		{ROUTE(80, 20), blind, ACT_OK},
		/* written even if it seems to be so: a write of ours may be on its way */
		{ROUTE(100, 0), blind, ACT_OK},
		{USERS, blind, ACT_OK},
		{ROUTE(80, 20), old, ACT_OK},
		/* given back, or never taken over: nothing leads to the canary */
		{PLAIN_USERS, plain, ACT_OK},
		{NULL, plain, ACT_OK},
		{USERS, late, ACT_OK},
		{NULL, unseen, ACT_OK},
		{NULL, gone, ACT_ABSENT},
	};

	for (size_t i = 0; i < array_length(rows); i++) {
		struct effect effect = {
			.kind = EFFECT_WRITE_ROUTE,
			.subject = SUBJECT_ROUTE,
			.is_retreat = true,
			.resource_version = "70",
		};
		struct play play;

		begin(&play, "{}", rows[i].seen, false);
		expect(&play, &effect, rows[i].script, rows[i].want, "");
		end(&play);
	}
}

/* A foreign hand raised the weight: the retreat goes to the weight in force, not to 0; and not when
 * somebody wrote since: that may have been a retreat to 0. */
static void test_cap(void **state)
{
	static const char *const seen[] = {ROUTE(10, 90), USERS};

	for (size_t i = 0; i < array_length(seen); i++) {
		static const struct cart_exchange script[] = {
			{"PATCH " ROUTES "/cart" MANAGER, "[" TEST_VERSION ", " WEIGHTS(60, 40) "]",
		         200, ROUTE(60, 40)},
			{0}};
		struct effect effect = {
			.kind = EFFECT_WRITE_ROUTE,
			.subject = SUBJECT_ROUTE,
			.weight = 40,
			.is_retreat = true,
			.resource_version = "71",
		};
		struct play play;

		begin(&play, "{}", seen[i], false);
		expect(&play, &effect, script, ACT_OK, "");
		end(&play);
		(void)snprintf(effect.resource_version, sizeof(effect.resource_version), "70");
		begin(&play, "{}", seen[i], false);
		expect(&play, &effect, &(struct cart_exchange){0}, ACT_CONFLICT, "changed");
		end(&play);
	}
}

#define DELETED(uid)                                                                                 \
 "{'apiVersion': 'v1', 'kind': 'DeleteOptions', 'propagationPolicy': 'Background', 'preconditions':" \
 " {'uid': '" uid "'}}"

static void test_remove(void **state)
{
	static const struct cart_exchange made[] = {
		{"GET " ROUTES "/cart", "", 200, ROUTE(100, 0)},
		{"DELETE " ROUTES "/cart", DELETED("v1"), 200, "{}"},
		{"GET " POLICIES "/cart-primary", "", 200, POLICY("cart-primary")},
		{"DELETE " POLICIES "/cart-primary", DELETED("p1"), 200, "{}"},
		{"GET " POLICIES "/cart-canary", "", 200,
	         "{'spec': {'host': 'cart-canary'}}"}, /* the user's */
		{0},
	};
	static const struct cart_exchange taken[] = {
		{"GET " ROUTES "/cart", "", 200, USERS},
		{"PATCH " ROUTES "/cart" MANAGER,
	         "[" TEST_VERSION
	         ", {'op': 'replace', 'path': '/spec/http', 'value': [{'route': [{'destination': {'host':"
	         " 'cart'}}]}]}, {'op': 'remove', 'path': '/metadata/annotations'}]",
	         200, "{}"},
		{"GET " POLICIES "/cart-primary", "", GONE},
		{"GET " POLICIES "/cart-canary", "", GONE},
		{0},
	};
	static const struct cart_exchange foreign[] = {
		{"GET " ROUTES "/cart", "", 200, "{'metadata': {'name': 'cart'}, 'spec': {}}"},
		{"GET " POLICIES "/cart-primary", "", GONE},
		{"GET " POLICIES "/cart-canary", "", GONE},
		{0},
	};
	const struct cart_exchange *const scripts[] = {made, taken, foreign};
	struct effect effect = {
		.kind = EFFECT_REMOVE, .subject = SUBJECT_ROUTE, .release_uid = "v1"};

	for (size_t i = 0; i < array_length(scripts); i++) {
		struct play play;

		begin(&play, "{}", NULL, false);
		expect(&play, &effect, scripts[i], ACT_OK, "");
		if (scripts[i] == made)
			assert_null(play.act.result.object);
		else /* it is there, and not ours */
			assert_non_null(play.act.result.object);
		end(&play);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_create),  cmocka_unit_test(test_weigh),
		cmocka_unit_test(test_retreat), cmocka_unit_test(test_cap),
		cmocka_unit_test(test_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
