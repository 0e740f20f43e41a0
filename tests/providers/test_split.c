/* How objects of others divide requests, and who wrote that. Quotes are single ones. */
#include "analysis/base/text.h"
#include "providers/split.h"
#include "tests/providers/merge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct provider_options options = {
	.ingress_annotation_prefix = "nginx.ingress.kubernetes.io",
};

struct row {
	const char *name;
	enum kube_kind kind;
	const char *object;
	const char *split; /* NULL: it divides nothing */
	const char *words;
};

#define INGRESS(annotations)                                                                \
 "{'metadata': {'annotations': {'nginx.ingress.kubernetes.io/canary': 'true'" annotations   \
 "}},"                                                                                      \
 " 'spec': {'rules': [{'host': 'shop.example', 'http': {'paths': [{'path': '/', 'backend':" \
 " {'service': {'name': 'app-v2'}}}]}}]}}"
#define CANARY_KEY(name, value) ", 'nginx.ingress.kubernetes.io/canary-" name "': '" value "'"
#define INGRESS_SPLIT(match, weight, share, rest)                          \
 "{'rules': [{'name': 'shop.example/', " match                             \
 "'backends': [{'name': 'app-v2', 'weight': '" weight "', 'share': " share \
 "}, {'name': '', 'weight': '', 'share': " rest "}]}]}"

static const struct row rows[] = {
	/* row 37: Bookinfo's own object */
	{"subsets", KUBE_VIRTUAL_SERVICE,
         "{'spec': {'hosts': ['reviews'], 'http': [{'route': ["
         "{'destination': {'host': 'reviews', 'subset': 'v1'}, 'weight': 90},"
         "{'destination': {'host': 'reviews', 'subset': 'v2'}, 'weight': 10}]}]}}",
         "{'rules': [{'name': '', 'backends': [{'name': 'reviews/v1', 'weight': '90', 'share': 0.9},"
         "{'name': 'reviews/v2', 'weight': '10', 'share': 0.1}]}]}",
         "reviews/v1 90 %, reviews/v2 10 %"},
	/* row 36: one destination without a weight has all */
	{"one alone", KUBE_VIRTUAL_SERVICE,
         "{'spec': {'http': [{'route': [{'destination': {'host': 'reviews', 'subset': 'v1'}}]}]}}",
         "{'rules': [{'name': '', 'backends': [{'name': 'reviews/v1', 'weight': '', 'share': 1.0}]}]}",
         "reviews/v1 100 %"},
	/* Istio uses 90:30 as it is */
	{"a sum beyond 100", KUBE_VIRTUAL_SERVICE,
         "{'spec': {'http': [{'name': 'main', 'route': [{'destination': {'host': 'a'}, 'weight': 90},"
         "{'destination': {'host': 'b'}, 'weight': 30}]}]}}",
         "{'rules': [{'name': 'main', 'backends': [{'name': 'a', 'weight': '90', 'share': 0.75},"
         "{'name': 'b', 'weight': '30', 'share': 0.25}]}]}",
         "a 75 %, b 25 %"},
	/* several rules, one that answers itself, and TCP */
	{"rules", KUBE_VIRTUAL_SERVICE,
         "{'spec': {'http': [{'match': [{'headers': {'end-user': {'exact': 'jason'}}}], 'route':"
         " [{'destination': {'host': 'r', 'subset': 'v2'}}]}, {'redirect': {'uri': '/'}}],"
         " 'tcp': [{'route': [{'destination': {'host': 'db'}, 'weight': 1},"
         " {'destination': {'host': 'db2'}, 'weight': 3}]}]}}",
         "{'rules': [{'name': '', 'match': [{'headers': {'end-user': {'exact': 'jason'}}}],"
         " 'backends': [{'name': 'r/v2', 'weight': '', 'share': 1.0}]},"
         " {'name': 'tcp', 'backends': [{'name': 'db', 'weight': '1', 'share': 0.25},"
         " {'name': 'db2', 'weight': '3', 'share': 0.75}]}]}",
         "r/v2 100 % (some requests); db 25 %, db2 75 %"},
	/* a delegate divides nothing itself */
	{"delegate", KUBE_VIRTUAL_SERVICE, "{'spec': {'http': [{'delegate': {'name': 'other'}}]}}",
         NULL, NULL},
	{"nonsense", KUBE_VIRTUAL_SERVICE, "{'spec': {'http': {'route': 7}, 'tcp': [1, null]}}",
         NULL, NULL},
	/* backendRefs have weight 1 where none is written, and 0 is nothing */
	{"HTTPRoute", KUBE_HTTP_ROUTE,
         "{'spec': {'rules': [{'backendRefs': [{'name': 'a', 'port': 80}, {'name': 'b', 'namespace':"
         " 'other', 'weight': 3}, {'name': 'c', 'weight': 0}]}]}}",
         "{'rules': [{'name': '', 'backends': [{'name': 'a', 'weight': '', 'share': 0.25},"
         "{'name': 'b.other', 'weight': '3', 'share': 0.75}, {'name': 'c', 'weight': '0', 'share':"
         " 0.0}]}]}",
         "a 25 %, b.other 75 %, c 0 %"},
	{"nobody", KUBE_GRPC_ROUTE,
         "{'spec': {'rules': [{'backendRefs': [{'name': 'a', 'weight': 0}]}]}}",
         "{'rules': [{'name': '', 'backends': [{'name': 'a', 'weight': '0', 'share': 0.0}]}]}",
         "a 0 %"},
	/* row 52: quantities, as Linkerd's demo writes them */
	{"quantities", KUBE_SPLIT_ALPHA1,
         "{'spec': {'service': 'myweb-service', 'backends': [{'service': 'myweb-service-v1',"
         " 'weight': '900m'}, {'service': 'myweb-service-v2', 'weight': '100m'}]}}",
         "{'rules': [{'name': 'myweb-service', 'backends': [{'name': 'myweb-service-v1', 'weight':"
         " '900m', 'share': 0.9}, {'name': 'myweb-service-v2', 'weight': '100m', 'share': 0.1}]}]}",
         "myweb-service-v1 90 %, myweb-service-v2 10 %"},
	/* row 53: the root service as written */
	{"OSM", KUBE_SPLIT_ALPHA2,
         "{'spec': {'service': 'bookstore.shop', 'backends': [{'service': 'bookstore-v1', 'weight':"
         " 90}, {'service': 'bookstore-v2', 'weight': 10}]}}",
         "{'rules': [{'name': 'bookstore.shop', 'backends': [{'name': 'bookstore-v1', 'weight': '90',"
         " 'share': 0.9}, {'name': 'bookstore-v2', 'weight': '10', 'share': 0.1}]}]}",
         "bookstore-v1 90 %, bookstore-v2 10 %"},
	{"thirds", KUBE_SPLIT_ALPHA3,
         "{'spec': {'service': 's', 'backends': [{'service': 'a', 'weight': 1}, {'service': 'b',"
         " 'weight': 2}]}}",
         "{'rules': [{'name': 's', 'backends': [{'name': 'a', 'weight': '1', 'share': 0.333333},"
         "{'name': 'b', 'weight': '2', 'share': 0.666667}]}]}",
         "a 33.33 %, b 66.67 %"},
	/* what the controller makes of odd weights was measured */
	{"Ingress", KUBE_INGRESS, INGRESS(CANARY_KEY("weight", "10")),
         INGRESS_SPLIT("", "10", "0.1", "0.9"), "app-v2 10 %, others 90 %"},
	{"of 1000", KUBE_INGRESS,
         INGRESS(CANARY_KEY("weight", "100") CANARY_KEY("weight-total", "1000")),
         INGRESS_SPLIT("", "100", "0.1", "0.9"), "app-v2 10 %, others 90 %"},
	{"150", KUBE_INGRESS, INGRESS(CANARY_KEY("weight", "150")),
         INGRESS_SPLIT("", "150", "1.0", "0.0"), "app-v2 100 %, others 0 %"},
	{"-5", KUBE_INGRESS, INGRESS(CANARY_KEY("weight", "-5")),
         INGRESS_SPLIT("", "-5", "0.0", "1.0"), "app-v2 0 %, others 100 %"},
	{"abc", KUBE_INGRESS, INGRESS(CANARY_KEY("weight", "abc")),
         INGRESS_SPLIT("", "abc", "0.0", "1.0"), "app-v2 0 %, others 100 %"},
	{"by header", KUBE_INGRESS,
         INGRESS(CANARY_KEY("by-header", "X-Canary") CANARY_KEY("by-header-value", "insider")),
         INGRESS_SPLIT("'match': {'canary-by-header': 'X-Canary', 'canary-by-header-value': "
                       "'insider'}, ",
                       "", "0.0", "1.0"),
         "app-v2 0 %, others 100 % (some requests)"},
	/* a rule without http crashed Flagger (D-18 of the providers' list) */
	{"no http", KUBE_INGRESS,
         "{'metadata': {'annotations': {'nginx.ingress.kubernetes.io/canary': 'true'}},"
         " 'spec': {'rules': [{'host': 'a'}, null]}}",
         NULL, NULL},
	{"no canary", KUBE_INGRESS,
         "{'metadata': {'annotations': {'nginx.ingress.kubernetes.io/canary': 'false'}},"
         " 'spec': {'rules': [{'http': {'paths': [{'path': '/', 'backend': {'service': {'name':"
         " 'a'}}}]}}]}}",
         NULL, NULL},
	{"another kind", KUBE_SERVICE, "{'spec': {}}", NULL, NULL},
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_length(rows); i++) {
		json_auto_t *object = merge_parse(rows[i].object);
		json_auto_t *wanted = rows[i].split ? merge_parse(rows[i].split) : NULL;
		json_auto_t *split = split_read(rows[i].kind, object, &options);
		char words[512] = "";

		if (wanted ? !json_equal(wanted, split) : split != NULL)
			fail_msg("%s: got %s", rows[i].name,
			         split ? json_dumps(split, JSON_REAL_PRECISION(9)) : "nothing");
		if (!wanted)
			continue;
		split_tell(split, words, sizeof(words));
		if (strcmp(words, rows[i].words) != 0)
			fail_msg("%s: got \"%s\"", rows[i].name, words);
	}
}

/* The table and the reader know the same kinds. */
static void test_kinds(void **state)
{
	size_t n = 0;

	(void)state;
	while (split_kind(n) != KUBE_NONE)
		n++;
	assert_int_equal(n, 8);
	assert_int_equal(split_kind(n + 1), KUBE_NONE);
}

static void test_limits(void **state)
{
	json_auto_t *object = merge_parse("{'spec': {'rules': []}}");
	json_t *rules = json_object_get(json_object_get(object, "spec"), "rules");
	json_auto_t *split = NULL;
	json_t *refs = json_array();
	char words[40];

	(void)state;
	for (int i = 0; i < SPLIT_BACKENDS_MAX + 2; i++)
		json_array_append_new(refs, json_pack("{ss}", "name", "a-rather-long-name"));
	json_array_append_new(rules, json_pack("{so}", "backendRefs", refs));
	for (int i = 0; i < SPLIT_RULES_MAX + 3; i++)
		json_array_append_new(rules, json_pack("{s[{ss}]}", "backendRefs", "name", "a"));
	split = split_read(KUBE_HTTP_ROUTE, object, &options);
	assert_int_equal(json_array_size(json_object_get(split, "rules")), SPLIT_RULES_MAX);
	/* 2 backends, 1 + SPLIT_RULES_MAX + 3 rules of which the first SPLIT_RULES_MAX stay */
	assert_int_equal(json_integer_value(json_object_get(split, "left_out")), 2 + 4);
	split_tell(split, words, sizeof(words));
	assert_int_equal(strlen(words), sizeof(words) - 1);
}

static void test_asked(void **state)
{
	json_auto_t *yes =
		merge_parse("{'metadata': {'annotations': {'serin.dev/observe': 'true'}}}");
	json_auto_t *no =
		merge_parse("{'metadata': {'annotations': {'serin.dev/observe': 'false'}}}");
	json_auto_t *odd =
		merge_parse("{'metadata': {'annotations': {'serin.dev/observe': 'yes'}}}");
	json_auto_t *none = merge_parse("{'metadata': {}}");

	(void)state;
	assert_true(split_is_asked(yes) && !split_is_declined(yes));
	assert_true(!split_is_asked(no) && split_is_declined(no));
	assert_true(!split_is_asked(odd) && !split_is_declined(odd));
	assert_true(!split_is_asked(none) && !split_is_declined(none));
}

struct author_row {
	enum kube_kind kind;
	const char *entries;
	const char *name;
	int64_t ms;
};

#define ENTRY(who, time, fields) \
 "{'manager': '" who "', 'time': '2026-11-20T10:00:" time "Z', 'fieldsV1': {" fields "}}"

static void test_author(void **state)
{
	static const struct author_row authors[] = {
		/* the last one that wrote weights, not the last one that wrote something */
		{KUBE_VIRTUAL_SERVICE,
	         "[" ENTRY("kubectl-edit", "05", "'f:spec': {'f:http': {}}") "," ENTRY(
			 "helm", "01",
			 "'f:spec': {'f:http': {}, 'f:hosts': {}}") "," ENTRY("labeller", "09",
	                                                                      "'f:metadata': {'f:labels': {}}") "]",
	         "kubectl-edit", 5},
		{KUBE_HTTP_ROUTE, "[" ENTRY("argocd", "02", "'f:spec': {'f:rules': {}}") "]",
	         "argocd", 2},
		/* a controller that writes the status is no author */
		{KUBE_SPLIT_ALPHA2,
	         "[" ENTRY(
			 "flux", "02",
			 "'f:spec': {'f:backends': {}}") ","
	                                                 "{'manager': 'osm', 'subresource': 'status', 'time': '2026-11-20T10:00:08Z'}]",
	         "flux", 2},
		{KUBE_INGRESS,
	         "[" ENTRY("helm", "01", "'f:spec': {'f:rules': {}}") "," ENTRY(
			 "jane", "03",
			 "'f:metadata': {'f:annotations': "
			 "{'f:nginx.ingress.kubernetes.io/canary-weight': {}}}") "," ENTRY("x",
	                                                                                   "04",
	                                                                                   "'f:metadata': {'f:annotations': {'f:other': {}}}") "]",
	         "jane", 3},
		/* an entry that does not say what it has */
		{KUBE_GRPC_ROUTE, "[{'manager': 'old', 'time': '2026-11-20T10:00:07Z'}]", "old", 7},
		{KUBE_GRPC_ROUTE, "[]", "", -1},
		{KUBE_GRPC_ROUTE, "null", "", -1},
	};
	struct instant from = {0};

	(void)state;
	assert_true(instant_parse("2026-11-20T10:00:00Z", &from, NULL));
	for (size_t i = 0; i < array_length(authors); i++) {
		json_auto_t *object = json_pack("{s{so}}", "metadata", "managedFields",
		                                merge_parse(authors[i].entries));
		struct split_author author = split_author(authors[i].kind, object, &options);

		assert_string_equal(author.name, authors[i].name);
		assert_int_equal(author.at.ms,
		                 authors[i].ms < 0 ? 0 : from.ms + authors[i].ms * 1000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),   cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_limits), cmocka_unit_test(test_asked),
		cmocka_unit_test(test_author),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
