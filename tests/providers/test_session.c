/* Session affinity: what is set, what is matched, and the rules of both providers around it. */
#include "analysis/base/text.h"
#include "providers/traffic.h"
#include "providers/traffic/gateway_route.h"
#include "providers/traffic/istio_policy.h"
#include "providers/traffic/istio_route.h"
#include "providers/traffic/session.h"
#include "providers/wire/pattern.h"
#include "tests/providers/gateway_cart.h"
#include "tests/providers/merge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define ONE           "serin-11111111111111111111111111111111"
#define TWO           "serin-22222222222222222222222222222222"
#define THREE         "serin-33333333333333333333333333333333"
#define PATTERN(pair) "^(.*; *)?" pair "( *;.*)?$"

static const struct cookies all = {
	.canary = {"cnry", ONE},
	.earlier = {"old.name", TWO},
	.primary = {"prim", THREE},
};
static const struct cookies none;
static const struct cookies usual = {.canary = {"cnry", ONE}, .primary = {"prim", THREE}};

/* Flagger's attributes in its order; what takes a cookie away has them, too. */
static void test_text(void **state)
{
	static const struct {
		const char *affinity;
		enum session_kind kind;
		const char *want;
	} rows[] = {
		{"{'cookieName': 'c'}", SESSION_CANARY, "c=v; Max-Age=86400"},
		{"{'cookieName': 'c', 'maxAge': 0}", SESSION_CANARY, "c=v; Max-Age=86400"},
		{"{'cookieName': 'c', 'maxAge': 60}", SESSION_CANARY, "c=v; Max-Age=60"},
		{"{'cookieName': 'c', 'maxAge': 60}", SESSION_PRIMARY, "c=v; Max-Age=30"},
		{"{'cookieName': 'c', 'maxAge': 60}", SESSION_GONE, "c=v; Max-Age=-1"},
		{"{'cookieName': 'c', 'secure': true, 'sameSite': 'None', 'path': '/a', 'partitioned': true,"
	         " 'httpOnly': true, 'domain': 'x.example'}",
	         SESSION_GONE,
	         "c=v; Max-Age=-1; Domain=x.example; HttpOnly; Partitioned; Path=/a; SameSite=None; "
	         "Secure"},
		{"{'cookieName': 'c', 'secure': false, 'path': ''}", SESSION_CANARY,
	         "c=v; Max-Age=86400"},
	};
	struct cookie cookie = {"c", "v"};

	for (size_t i = 0; i < array_length(rows); i++) {
		struct arena arena = {0};
		struct cart cart;
		char patch[512];

		text_format(patch, sizeof(patch), "{'spec': {'analysis': {'sessionAffinity': %s}}}",
		            rows[i].affinity);
		cart_init(&cart, patch);
		cart.spec.interval = span_seconds(30);
		assert_string_equal(session_text(&cart.world, &cookie, rows[i].kind, &arena),
		                    rows[i].want);
		arena_fini(&arena);
		cart_fini(&cart);
	}
}

/* Anchored, and names are no patterns. */
static void D_43_a_pattern_knows_its_cookie_alone(void **state)
{
	static const struct {
		const char *name;
		const char *header;
		bool is_known;
	} rows[] = {
		{"c", "c=" ONE, true},
		{"c", "a=b; c=" ONE, true},
		{"c", "a=b;c=" ONE "; d=e", true},
		{"c", "c=" ONE ";d", true},
		{"c", "xc=" ONE, false},
		{"c", "a=b; xc=" ONE, false},
		{"c", "c=" ONE "x", false},
		{"c", "c=" TWO, false},
		{"c", "a=c=" ONE, false},
		{"c", "a=\"c=" ONE "\"", false},
		{"c", "", false},
		{"a.b*", "a.b*=" ONE, true},
		{"a.b*", "axbb=" ONE, false},
		{"a$^|+`~", "a$^|+`~=" ONE, true},
	};

	for (size_t i = 0; i < array_length(rows); i++) {
		struct cookie cookie = {"", ONE};
		struct cookie read = {0};
		struct arena arena = {0};
		const char *pattern;

		text_copy(cookie.name, rows[i].name);
		pattern = session_pattern(&cookie, &arena);
		if (pattern_matches(pattern, rows[i].header, true) != rows[i].is_known)
			fail_msg("%s: %s", pattern, rows[i].header);
		assert_true(pattern_check(pattern, NULL));
		assert_null(pattern_find_foreign(pattern));
		assert_true(session_pattern_read(pattern, &read));
		assert_true(cookie_is_same(&cookie, &read));
		arena_fini(&arena);
	}
}

/* A run of Flagger's that goes on here: whoever has its cookies stays. */
static void test_flaggers(void **state)
{
	struct cookie cookie = {0};
	struct arena arena = {0};

	assert_true(session_pattern_read(".*cart.cnry.*kQzrTnbWsd.*", &cookie));
	assert_string_equal(cookie.name, "cart.cnry");
	assert_string_equal(cookie.value, "kQzrTnbWsd");
	/* … from then on by a pattern of ours */
	assert_true(session_pattern_read(session_pattern(&cookie, &arena), &cookie));
	assert_string_equal(cookie.name, "cart.cnry");
	assert_string_equal(cookie.value, "kQzrTnbWsd");
	assert_true(session_is_gone("cart.cnry=kQzrTnbWsd; Max-Age=-1"));
	/* a Set-Cookie of anybody's is not stripped for its ten letters */
	assert_false(session_is_ours("theme=abcdefghij"));
	arena_fini(&arena);
}

/* What is not ours is no cookie of ours. */
static void test_others(void **state)
{
	static const char *const patterns[] = {
		"",
		".*cnry.*kQzrTnbWs.*",
		".*.*kQzrTnbWsd.*",
		".*a.*b.*kQzrTnbWsd.*",
		".*c.*kQzrTnbWsd",
		PATTERN("usertype=tester"),
		PATTERN("=" ONE),
		PATTERN(ONE),
		"^(.*; *)?c=" ONE,
		"c=" ONE "( *;.*)?$",
		PATTERN("c=" ONE ONE ONE ONE),
	};
	static const char *const texts[] = {
		"", "c", "c=", "c=v; Max-Age=60", "c=" ONE "x", "c=" ONE ONE "; Max-Age=1"};
	struct cookie cookie;

	for (size_t i = 0; i < array_length(patterns); i++)
		assert_false(session_pattern_read(patterns[i], &cookie));
	for (size_t i = 0; i < array_length(texts); i++)
		assert_false(session_is_ours(texts[i]) || session_is_gone(texts[i]));
	assert_true(session_is_ours("c=" ONE));
	assert_true(session_is_ours("c=" ONE "; Path=/"));
	assert_false(session_is_gone("c=" ONE "; Max-Age=1"));
	assert_true(session_is_gone("c=" ONE "; Max-Age=-1; Path=/"));
}

/* Routes --------------------------------------------------------------------------------------- */

#define AFFINITY                                                                                 \
 "'analysis': {'interval': '30s', 'sessionAffinity': {'cookieName': 'cnry', 'primaryCookieName'" \
 ": 'prim', 'path': '/'}}"

struct rules_row {
	int weight;
	bool is_mirrored;
	const struct cookies *cookies;
	const char *istio;   /* spec.http */
	const char *gateway; /* spec.rules */
};

#define SETS(cookie, age) \
 "'headers': {'response': {'add': {'Set-Cookie': '" cookie "; Max-Age=" age "; Path=/'}}}"
#define TO(host, weight, more) "{'destination': {'host': '" host "'}, 'weight': " #weight more "}"
#define IF(pattern)            "{'headers': {'cookie': {'regex': '" pattern "'}}}"
#define GSETS(cookie, age)                                                                     \
 ", 'filters': [{'type': 'ResponseHeaderModifier', 'responseHeaderModifier': {'add': [{'name'" \
 ": 'Set-Cookie', 'value': '" cookie "; Max-Age=" age "; Path=/'}]}}]"
#define GTO(name, weight, more) \
 "{'group': '', 'kind': 'Service', 'name': '" name "', 'port': 80, 'weight': " #weight more "}"
#define GIF(pattern)                                                                        \
 "{'path': {'type': 'PathPrefix', 'value': '/'}, 'headers': [{'type': 'RegularExpression'," \
 " 'name': 'Cookie', 'value': '" pattern "'}]}"

static const struct rules_row rows[] = {
	/* before the first run */
	{0, false, &none,
         "[{'route': [" TO("cart-primary", 100, "") ", " TO("cart-canary", 0, "") "]}]",
         "[{" ROOT
         ", 'backendRefs': [" GTO("cart-primary", 100, "") ", " GTO("cart-canary", 0, "") "]}]"},
	/* a step */
	{20, false, &usual,
         "[{'match': [" IF(PATTERN("cnry=" ONE)) "], 'route': [" TO("cart-primary", 0, "") ", " TO("cart-canary", 100, "") "]}, {'match': [" IF(PATTERN(
		 "prim=" THREE)) "], 'route': [" TO("cart-primary", 100,
                                                    "") ", " TO("cart-canary", 0,
                                                                "") "]}, {'route': [" TO("cart-primary",
                                                                                         80,
                                                                                         ", " SETS(
												 "prim=" THREE,
												 "30")) ", " TO("cart-canary",
                                                                                                                20,
                                                                                                                ", " SETS(
															"cnry=" ONE,
															"86400")) "]}]",
         "[{'matches': [" GIF(PATTERN("cnry=" ONE)) "], 'backendRefs': [" GTO("cart-primary", 0, "") ", " GTO("cart-canary", 100, "") "]}, {'matches': [" GIF(PATTERN(
		 "prim=" THREE)) "], 'backendRefs': [" GTO("cart-primary", 100,
                                                           "") ", " GTO("cart-canary", 0,
                                                                        "") "]}, {" ROOT
                                                                            ", 'backendRefs': [" GTO(
										    "cart-primary",
										    80,
										    GSETS("prim=" THREE,
                                                                                          "30")) ", " GTO("cart-canary",
                                                                                                          20,
                                                                                                          GSETS("cnry=" ONE,
                                                                                                                "86400")) "]}]"},
	/* after an edit of the name */
	{20, false, &(const struct cookies){.canary = {"cnry", ONE}, .earlier = {"old.name", TWO}},
         "[{'match': [" IF(PATTERN("cnry=" ONE)) ", " IF(PATTERN("old\\\\.name=" TWO)) "], 'route': [" TO(
		 "cart-primary", 0,
		 "") ", " TO("cart-canary", 100,
                             "") "]}, {'route': [" TO("cart-primary", 80,
                                                      "") ", " TO("cart-canary", 20,
                                                                  ", " SETS("cnry=" ONE,
                                                                            "86400")) "]}]",
         "[{'matches': [" GIF(PATTERN("cnry=" ONE)) ", " GIF(PATTERN("old\\\\.name=" TWO)) "], 'backendRefs': [" GTO(
		 "cart-primary", 0,
		 "") ", " GTO("cart-canary", 100,
                              "") "]}, {" ROOT
                                  ", 'backendRefs': [" GTO("cart-primary", 80, "") ", " GTO(
					  "cart-canary", 20, GSETS("cnry=" ONE, "86400")) "]}]"},
	/* it is over: one rule takes one cookie away; with copies, for these clients too */
	{0, false, &(const struct cookies){.canary = {"cnry", ONE}, .earlier = {"old.name", TWO}},
         "[{'match': [" IF(PATTERN("cnry=" ONE)) "], 'route': [" TO("cart-primary", 100, ", " SETS("cnry=" ONE, "-1")) ", " TO("cart-canary", 0, "") "]}, {'match': [" IF(PATTERN(
		 "old\\\\.name=" TWO)) "], 'route': [" TO("cart-primary", 100,
                                                          ", " SETS(
								  "old.name=" TWO,
								  "-1")) ", " TO("cart-canary", 0,
                                                                                 "") "]}, {'route': [" TO("cart-primary",
                                                                                                          100,
                                                                                                          "") ", " TO("cart-canary",
                                                                                                                      0,
                                                                                                                      "") "]}]",
         "[{'matches': [" GIF(PATTERN("cnry=" ONE)) "], 'backendRefs': [" GTO("cart-primary", 100, GSETS("cnry=" ONE, "-1")) ", " GTO("cart-canary", 0, "") "]}, {'matches': [" GIF(PATTERN(
		 "old\\\\.name=" TWO)) "], 'backendRefs': [" GTO("cart-primary", 100,
                                                                 GSETS("old.name=" TWO,
                                                                       "-1")) ", " GTO("cart-canary",
                                                                                       0,
                                                                                       "") "]}, {" ROOT
                                                                                           ", 'backendRefs': [" GTO(
												   "cart-primary",
												   100,
												   "") ", " GTO("cart-canary",
                                                                                                                0,
                                                                                                                "") "]}]"},
	{0, true, &(const struct cookies){.canary = {"cnry", ONE}},
         "[{'match': [" IF(PATTERN("cnry=" ONE)) "], 'mirror': {'host': 'cart-canary'}, 'route': [" TO(
		 "cart-primary", 100,
		 ", " SETS("cnry=" ONE, "-1")) ", " TO("cart-canary", 0,
                                                       "") "]}, {'mirror': {'host':"
                                                           " 'cart-canary'}, 'route': [" TO(
								   "cart-primary", 100,
								   "") ", " TO("cart-canary", 0,
                                                                               "") "]}]",
         "[{'matches': [" GIF(PATTERN(
		 "cnry=" ONE)) "], 'filters': [" COPIES
                               "], 'backendRefs': [" GTO(
				       "cart-primary", 100,
				       GSETS("cnry=" ONE,
                                             "-1")) ", " GTO("cart-canary", 0,
                                                             "") "]}, {" ROOT
                                                                 ", 'filters': [" COPIES
                                                                 "], 'backendRefs': [" GTO(
									 "cart-primary", 100,
									 "") ", " GTO("cart-canary",
                                                                                      0, "") "]}]"},
};

static void init(struct cart *cart, const char *provider, const char *patch)
{
	cart_init(cart, patch);
	cart->world.traffic = traffic_find(provider, NULL);
	cart->world.ingress = NULL;
	cart->spec.provider = provider;
	cart->spec.strategy = STRATEGY_CANARY;
	cart->spec.interval = span_seconds(30);
	cart->spec.affinity = (struct affinity_spec){.cookie = "cnry", .primary_cookie = "prim"};
	cart->spec.route = cart->world.traffic->ability(&cart->spec);
}

/* As new it is exact and says its weight and cookies. */
static void check_read(struct cart *cart, const json_t *object, const struct rules_row *row)
{
	struct route_fact fact = {0};
	json_t *policies[2];

	for (size_t i = 0; i < 2; i++) {
		policies[i] =
			istio_policy_new(&cart->world, i == 0 ? "cart-primary" : "cart-canary");
		cart->world.beside[i] = policies[i];
	}
	cart->world.traffic->read(object, &cart->world, &fact);
	assert_int_equal(fact.weight, row->weight);
	assert_int_equal(fact.is_mirrored, row->is_mirrored);
	assert_true(cookie_are_same(&fact.cookies, row->cookies));
	assert_true(fact.is_exact);
	for (size_t i = 0; i < 2; i++)
		json_decref(policies[i]);
}

static void test_istio(void **state)
{
	for (size_t i = 0; i < array_length(rows); i++) {
		struct istio_rules_split split = {.weight = rows[i].weight,
		                                  .is_mirrored = rows[i].is_mirrored,
		                                  .cookies = *rows[i].cookies};
		struct cart cart;
		json_t *object;

		init(&cart, "istio", "{'spec': {" AFFINITY "}}");
		object = istio_route_new(&cart.world, split);
		cart_same(json_incref(json_object_get(json_object_get(object, "spec"), "http")),
		          rows[i].istio);
		check_read(&cart, object, &rows[i]);
		json_decref(object);
		cart_fini(&cart);
	}
}

static void test_gateway(void **state)
{
	for (size_t i = 0; i < array_length(rows); i++) {
		struct gateway_rules_split split = {.weight = rows[i].weight,
		                                    .is_mirrored = rows[i].is_mirrored,
		                                    .cookies = *rows[i].cookies};
		struct err err = {0};
		struct cart cart;
		json_t *object;

		init(&cart, "gatewayapi", "{'spec': {'service': {" REFS "}, " AFFINITY "}}");
		object = gateway_route_new(&cart.world, split, &err);
		assert_non_null(object);
		cart_same(json_incref(json_object_get(json_object_get(object, "spec"), "rules")),
		          rows[i].gateway);
		check_read(&cart, object, &rows[i]);
		json_decref(object);
		cart_fini(&cart);
	}
}

/* D-43: what service.headers says stays on all answers, ours on those of one destination; the
 * Canary's object is not touched. */
static void D_43_nothing_leaks_into_service_headers(void **state)
{
	struct istio_rules_split split = {.cookies = usual};
	struct cart cart;
	json_t *before;
	json_t *object;
	json_t *rules;

	init(&cart, "istio",
	     "{'spec': {'service': {'headers': {'response': {'add': {'x-a': '1', 'Set-Cookie': 'mine=1'}}}},"
	     " " AFFINITY "}}");
	before = json_deep_copy(cart.object);
	for (int weight = 0; weight <= 20; weight += 20) {
		split.weight = weight;
		object = istio_route_new(&cart.world, split);
		rules = json_object_get(json_object_get(object, "spec"), "http");
		for (size_t i = 0; i < json_array_size(rules); i++)
			cart_same(json_incref(json_object_get(json_array_get(rules, i), "headers")),
			          "{'response': {'add': {'x-a': '1', 'Set-Cookie': 'mine=1'}}}");
		json_decref(object);
	}
	assert_true(json_equal(before, cart.object));
	json_decref(before);
	cart_fini(&cart);
}

/* A retreat from LIVE, as the provider sends it: nobody is led to the canary. */
static void check_gateway_retreat(const struct cart *cart, json_t *object)
{
	json_t *rules = json_object_get(json_object_get(object, "spec"), "rules");
	json_t *patch = json_array();

	gateway_rules_weigh(patch, &cart->world, rules, 0);
	/* three rules, two backends each, a test before each weight */
	assert_int_equal(json_array_size(patch), 12);
	json_decref(patch);
	/* a foreign raise that is put right leaves those who have a cookie where they are */
	patch = json_array();
	gateway_rules_weigh(patch, &cart->world, rules, 40);
	cart_same(patch, "[" STEP(2, 0, "cart-primary", 60) ", " STEP(2, 1, "cart-canary", 40) "]");
}

static void test_retreats(void **state)
{
	struct istio_rules_split split = {.weight = 20, .cookies = usual};
	struct gateway_rules_split other = {.weight = 20, .cookies = usual};
	struct err err = {0};
	struct cart cart;
	json_t *object;
	json_t *patch;

	init(&cart, "istio", "{'spec': {" AFFINITY "}}");
	object = istio_route_new(&cart.world, split);
	split.weight = 0;
	patch = istio_route_retreat(&cart.world, object, split);
	/* ours is replaced as a whole, whatever it was, by what takes the cookie away */
	assert_int_equal(json_array_size(patch), 1);
	cart_same(
		json_incref(json_object_get(json_array_get(patch, 0), "value")),
		"[{'match': [" IF(PATTERN("cnry=" ONE)) "], 'route': [" TO(
			"cart-primary", 100,
			", " SETS("cnry=" ONE,
	                          "-1")) ", " TO("cart-canary", 0,
	                                         "") "]}, {'route': [" TO("cart-primary", 100,
	                                                                  "") ", " TO("cart-canary",
	                                                                              0, "") "]}]");
	json_decref(patch);
	json_decref(object);
	cart_fini(&cart);

	init(&cart, "gatewayapi", "{'spec': {'service': {" REFS "}, " AFFINITY "}}");
	object = gateway_route_new(&cart.world, other, &err);
	check_gateway_retreat(&cart, object);
	json_decref(object);
	cart_fini(&cart);
}

/* Somebody took the weight off the weighted rule alone: those with a cookie still go there. */
static void test_a_weight_that_is_left(void **state)
{
	struct session_reading reading = {0};

	session_read(&reading, &all.canary, 1, 100, false);
	session_read(&reading, NULL, 0, 0, false);
	assert_int_equal(session_weight(&reading), 1);
	session_read(&reading, NULL, 0, 35, false);
	assert_int_equal(session_weight(&reading), 35);
	session_read(&reading, &all.primary, 1, 0, false);
	assert_true(cookie_is_same(&reading.cookies.primary, &all.primary));
	/* a rule for a cookie that leads a part of its clients astray is an ordinary one */
	session_read(&reading, &all.canary, 1, 60, false);
	assert_int_equal(session_weight(&reading), 60);
}

/* A user's own route: what stands in our way is refused before anything moves. */
static void test_no_room(void **state)
{
	static const struct {
		const char *rules;
		const char *want;
	} istio_rows[] =
		{
			{"[{'match': [{'headers': {'Cookie': {'regex': 'x'}}}], 'route': [{'destination': {'host': 'cart'}}]}]",
	                 "spec.http[0].match[0].headers.Cookie: expected none beside analysis.sessionAffinity"},
			{"[{'route': [{'destination': {'host': 'cart'}, 'headers': {'response': {'add': {'Set-Cookie': 'a=b'}}}}]}]",
	                 "spec.http[0].route[0].headers.response.add: expected no Set-Cookie, which analysis.sessionAffinity is "
	                 "to set"},
		},
	  gateway_rows[] = {
		  {"[{'matches': [{'headers': [{'name': 'cookie', 'value': 'x'}]}], 'backendRefs': [{'name': 'cart'}]}]",
	           "spec.rules[0].matches[0].headers[0]: expected no match of a cookie beside analysis.sessionAffinity"},
		  {"[{'backendRefs': [{'name': 'cart', 'filters': [{'type': 'ResponseHeaderModifier', 'responseHeaderModifier':"
	           " {'add': [{'name': 'set-cookie', 'value': 'a=b'}]}}]}]}]",
	           "spec.rules[0].backendRefs[0].filters: expected no Set-Cookie, which analysis.sessionAffinity is to set"},
		  {"[{'backendRefs': [{'name': 'cart'}]}, {'backendRefs': [{'name': 'cart'}]}, {'backendRefs': [{'name':"
	           " 'cart'}]}, {'backendRefs': [{'name': 'cart'}]}, {'backendRefs': [{'name': 'cart'}]}, {'backendRefs':"
	           " [{'name': 'cart'}]}]",
	           "spec.rules: expected room for 2 rules more before each that leads to cart, beside "
	           "analysis.sessionAffinity; that makes 18, at most 16 can be"},
	  };

	for (size_t i = 0; i < array_length(istio_rows); i++) {
		json_t *live = json_pack("{s:{},s:{s:o}}", "metadata", "spec", "http",
		                         merge_parse(istio_rows[i].rules));
		json_t *patch = json_array();
		struct err err = {0};
		struct cart cart;

		init(&cart, "istio", "{'spec': {" AFFINITY "}}");
		assert_false(istio_route_repair(patch, &cart.world, live,
		                                (struct istio_rules_split){0}, &err));
		assert_string_equal(err.text, istio_rows[i].want);
		json_decref(patch);
		json_decref(live);
		cart_fini(&cart);
	}
	for (size_t i = 0; i < array_length(gateway_rows); i++) {
		json_t *live = json_pack("{s:{},s:{s:o}}", "metadata", "spec", "rules",
		                         merge_parse(gateway_rows[i].rules));
		json_t *patch = json_array();
		struct err err = {0};
		struct cart cart;

		init(&cart, "gatewayapi", "{'spec': {'service': {" REFS "}, " AFFINITY "}}");
		assert_false(gateway_route_repair(patch, &cart.world, live,
		                                  (struct gateway_rules_split){0}, &err));
		assert_string_equal(err.text, gateway_rows[i].want);
		json_decref(patch);
		json_decref(live);
		cart_fini(&cart);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(D_43_a_pattern_knows_its_cookie_alone),
		cmocka_unit_test(test_flaggers),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_istio),
		cmocka_unit_test(test_gateway),
		cmocka_unit_test(D_43_nothing_leaks_into_service_headers),
		cmocka_unit_test(test_retreats),
		cmocka_unit_test(test_a_weight_that_is_left),
		cmocka_unit_test(test_no_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
