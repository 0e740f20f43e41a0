/* Reading a MetricTemplate and its Secret. */
#include "providers/kube/metric_template.h"
#include "tests/providers/merge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char base[] =
	"{'apiVersion': 'flagger.app/v1beta1', 'kind': 'MetricTemplate',"
	" 'metadata': {'name': 'errors', 'namespace': 'monitoring'},"
	" 'spec': {'provider': {'type': 'prometheus', 'address': 'https://prom:9090'},"
	"  'query': 'sum(up)'}}";

static void test_least_template(void **state)
{
	struct arena arena = {0};
	struct kube_metric_template found = {0};
	json_t *object = merge_text(base, "{}");

	assert_true(kube_metric_template_read(object, &arena, &found, NULL));
	json_decref(object);
	assert_string_equal(found.type, "prometheus");
	assert_string_equal(found.address, "https://prom:9090");
	assert_string_equal(found.query, "sum(up)");
	assert_int_equal(found.n_headers, 0);
	assert_null(found.secret);
	assert_false(found.insecure);
	arena_fini(&arena);
}

static void test_full_template(void **state)
{
	struct arena arena = {0};
	struct kube_metric_template found = {0};
	json_t *object = merge_text(
		base,
		"{'spec': {'query': 'a\\n# b\\nc', 'provider': {'headers': {'X-Scope-OrgID': "
		"['shop', 'cart']}, 'secretRef': {'name': 'prom'}, 'insecureSkipVerify': true, "
		"'region': 'eu'}}}");

	assert_true(kube_metric_template_read(object, &arena, &found, NULL));
	json_decref(object);
	assert_string_equal(found.query, "a\n# b\nc");
	assert_int_equal(found.n_headers, 2);
	assert_string_equal(found.headers[0].name, "X-Scope-OrgID");
	assert_string_equal(found.headers[0].value, "shop");
	assert_string_equal(found.headers[1].name, "X-Scope-OrgID");
	assert_string_equal(found.headers[1].value, "cart");
	assert_string_equal(found.secret, "prom");
	assert_true(found.insecure);
	arena_fini(&arena);
}

/* A patch over the base and the whole error text. */
static const struct {
	const char *comment;
	const char *patch;
	const char *want;
} refusals[] = {
	{"no spec", "{'spec': null}",
         "spec: expected an object with provider and query, got nothing"},
	{"no provider", "{'spec': {'provider': null}}",
         "spec.provider: expected an object with type and address, got nothing"},
	{"no type", "{'spec': {'provider': {'type': null}}}",
         "spec.provider.type: expected prometheus (others are not served yet), got nothing"},
	{"another type", "{'spec': {'provider': {'type': 'datadog'}}}",
         "spec.provider.type: expected prometheus (others are not served yet), got \"datadog\""},
	{"no address", "{'spec': {'provider': {'address': null}}}",
         "spec.provider.address: expected a URL that begins with http:// or https://, got nothing"},
	{"an address without a scheme", "{'spec': {'provider': {'address': 'prom:9090'}}}",
         "spec.provider.address: expected a URL that begins with http:// or https://, got "
         "\"prom:9090\""},
	{"an address with a line end", "{'spec': {'provider': {'address': 'http://a\\n'}}}",
         "spec.provider.address: expected a URL that begins with http:// or https://, got "
         "\"http://a?\""},
	{"no query", "{'spec': {'query': null}}", "spec.query: expected a query, got nothing"},
	{"an empty query", "{'spec': {'query': ''}}", "spec.query: expected a query, got \"\""},
	{"a query that is a list", "{'spec': {'query': []}}",
         "spec.query: expected a text, got a list"},
	{"headers that are a list", "{'spec': {'provider': {'headers': ['a']}}}",
         "spec.provider.headers: expected an object, got a list"},
	{"a header's value that is a text", "{'spec': {'provider': {'headers': {'A': 'b'}}}}",
         "spec.provider.headers.A: expected a list, got \"b\""},
	{"a second header in a value",
         "{'spec': {'provider': {'headers': {'A': ['b\\r\\nC: d']}}}}",
         "spec.provider.headers.A[0]: expected a text of one line, got \"b??C: d\""},
	{"a header's name with a colon", "{'spec': {'provider': {'headers': {'A: b': ['c']}}}}",
         "spec.provider.headers.A: b: expected the name of a request header"},
	{"a header of the client's",
         "{'spec': {'provider': {'headers': {'Content-Length': ['5']}}}}",
         "spec.provider.headers.Content-Length: expected the name of a request header"},
	{"a Secret without a name", "{'spec': {'provider': {'secretRef': {}}}}",
         "spec.provider.secretRef.name: expected the Secret's name, got nothing"},
	{"a Secret's name that is a path", "{'spec': {'provider': {'secretRef': {'name': 'a/b'}}}}",
         "spec.provider.secretRef.name: expected a name (lower case letters, digits, - and .), got "
         "\"a/b\""},
	{"insecureSkipVerify that is a text",
         "{'spec': {'provider': {'insecureSkipVerify': 'no'}}}",
         "spec.provider.insecureSkipVerify: expected true or false, got \"no\""},
};

static void test_refusals(void **state)
{
	for (size_t i = 0; i < array_length(refusals); i++) {
		struct arena arena = {0};
		struct kube_metric_template found = {0};
		struct err err = {0};
		json_t *object = merge_text(base, refusals[i].patch);
		bool is_read = kube_metric_template_read(object, &arena, &found, &err);

		if (is_read || strcmp(err.text, refusals[i].want) != 0)
			fail_msg("%s\n want %s\n got  %s", refusals[i].comment, refusals[i].want,
			         err.text);
		assert_int_equal(err.kind, ERR_INVALID);
		assert_null(found.address);
		json_decref(object);
		arena_fini(&arena);
	}
}

/* A text of LENGTH letters in the member KEY of OBJECT. */
static void set_long(json_t *object, const char *key, size_t length)
{
	char *text = test_malloc(length);

	memset(text, 'A', length);
	json_object_set_new(object, key, json_stringn(text, length));
	test_free(text);
}

static void test_limits(void **state)
{
	struct arena arena = {0};
	struct kube_metric_template found = {0};
	struct err err = {0};
	json_t *object = merge_text(base, "{}");
	json_t *spec = json_object_get(object, "spec");
	json_t *headers = json_object();
	json_t *values = json_array();

	set_long(spec, "query", KUBE_METRIC_TEMPLATE_QUERY_MAX + 1);
	assert_false(kube_metric_template_read(object, &arena, &found, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_string_equal(err.text, "spec.query: expected at most 16384 characters, got 16385");

	for (int i = 0; i < 9; i++)
		json_array_append_new(values, json_string("v"));
	json_object_set(headers, "A", values);
	json_object_set(headers, "B", values);
	json_object_set_new(json_object_get(spec, "provider"), "headers", headers);
	assert_false(kube_metric_template_read(object, &arena, &found, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_string_equal(err.text,
	                    "spec.provider.headers.B: expected at most 16 headers in all");
	json_decref(values);
	json_decref(object);
	arena_fini(&arena);
}

/* A Secret's data and what is read: "token|username|password", or ! with the error. */
static const struct {
	const char *comment;
	const char *data;
	const char *want;
} secrets[] = {
	{"a token", "{'token': 'dG9rZW4='}", "token|-|-"},
	{"two padding characters", "{'token': 'dG9rZQ=='}", "toke|-|-"},
	{"no padding", "{'token': 'dG9rZW4t'}", "token-|-|-"},
	{"a token wins", "{'token': 'dA==', 'username': 'dQ==', 'password': 'cA=='}", "t|-|-"},
	{"user and password", "{'username': 'dQ==', 'password': 'cA=='}", "-|u|p"},
	{"an empty token is none", "{'token': '', 'username': 'dQ==', 'password': 'cA=='}",
         "-|u|p"},
	{"no password", "{'username': 'dQ=='}",
         "!data.password: expected token, or username and password, got nothing"},
	{"no username", "{'password': 'dQ=='}",
         "!data.username: expected token, or username and password, got nothing"},
	{"nothing", "{}", "!data.token: expected token, or username and password, got nothing"},
	{"no data", "null", "!data.token: expected token, or username and password, got nothing"},
	{"no base64", "{'token': 'se*ret!!'}", "!data.token: expected a text in base64"},
	{"a cut one", "{'token': 'dG9rZW4'}", "!data.token: expected a text in base64"},
	{"padding alone", "{'token': '===='}", "!data.token: expected a text in base64"},
	{"a number", "{'token': 5}", "!data.token: expected a text in base64"},
	{"a line end", "{'token': 'dG9rZW4K'}",
         "!data.token: expected one line, got a control character or a line end (made with echo?)"},
	{"a NUL", "{'token': 'dAB0'}",
         "!data.token: expected one line, got a control character or a line end (made with echo?)"},
};

static void test_secrets(void **state)
{
	for (size_t i = 0; i < array_length(secrets); i++) {
		struct arena arena = {0};
		struct kube_metric_credentials found = {0};
		struct err err = {0};
		json_t *secret = json_pack("{so}", "data", merge_parse(secrets[i].data));
		const char *got;

		if (kube_metric_template_secret_read(secret, &arena, &found, &err))
			got = arena_format(&arena, "%s|%s|%s", found.token ? found.token : "-",
			                   found.username ? found.username : "-",
			                   found.password ? found.password : "-");
		else
			got = arena_format(&arena, "!%s", err.text);
		if (strcmp(got, secrets[i].want) != 0)
			fail_msg("%s\n want %s\n got  %s", secrets[i].comment, secrets[i].want,
			         got);
		json_decref(secret);
		arena_fini(&arena);
	}
}

static void test_secret_limit(void **state)
{
	struct arena arena = {0};
	struct kube_metric_credentials found = {0};
	struct err err = {0};
	json_t *secret = json_pack("{s{}}", "data");

	set_long(json_object_get(secret, "data"), "token", 40000);
	assert_false(kube_metric_template_secret_read(secret, &arena, &found, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_string_equal(err.text, "data.token: expected at most 16384 bytes, got 30000");
	json_decref(secret);
	arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_least_template), cmocka_unit_test(test_full_template),
		cmocka_unit_test(test_refusals),       cmocka_unit_test(test_limits),
		cmocka_unit_test(test_secrets),        cmocka_unit_test(test_secret_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
