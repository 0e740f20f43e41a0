/* One check asked, with recorded replies: which requests, which query, which sample. */
#include "providers/measure.h"
#include "tests/providers/canary_rows.h"

#include <stdlib.h>
#include <string.h>

static const char metrics[] =
	"{'spec': {'analysis': {'metrics': ["
	" {'name': 'request-success-rate', 'threshold': 99},"
	" {'name': 'request-duration', 'threshold': 500, 'interval': '2m'},"
	" {'name': 'up', 'threshold': 1, 'query': 'up{x=\\\"{{ target }}.{{ namespace }}\\\"}'},"
	" {'name': 'errors', 'threshold': 1, 'templateRef': {'name': 'errors', 'namespace': 'mon'},"
	"  'templateVariables': {'job': 'cart-job'}},"
	" {'name': 'near', 'threshold': 1, 'templateRef': {'name': 'near'}}]}}}";

static const char template_reply[] =
	"{'apiVersion': 'flagger.app/v1beta1', 'kind': 'MetricTemplate',"
	" 'metadata': {'name': 'errors', 'namespace': 'mon'},"
	" 'spec': {'provider': {'type': 'prometheus', 'address': 'https://thanos/prom',"
	"  'headers': {'X-Scope-OrgID': ['shop']}},"
	"  'query': 'sum(rate(e{job=\\\"{{ variables.job }}\\\"}[{{ interval }}]))'}}";

static const char value_reply[] =
	"{'status': 'success', 'data': {'resultType': 'vector', 'result': "
	"[{'metric': {}, 'value': [1735689600.5, '99.75']}]}}";

static const char empty_reply[] =
	"{'status': 'success', 'data': {'resultType': 'vector', 'result': []}}";

static const struct instant due = {1795236300000};

/* One talk in hand. */
struct desk {
	struct arena arena;
	struct kube_canary canary;
	struct canary_world world;
	json_t *object;
	struct measure measure;
	struct talk talk;
	enum talk_step step;
};

/* Begin to ask check INDEX of the Canary with the five metrics and PATCH. */
static struct desk *desk_new(size_t index, const char *patch)
{
	struct desk *desk = calloc(1, sizeof(*desk));
	json_t *laid = merge_parse(patch);

	desk->object = merge_text(canary_rows_base, metrics);
	merge_apply(&desk->object, laid);
	json_decref(laid);
	assert_true(kube_canary_read(desk->object, &canary_rows_options, &desk->arena,
	                             &desk->canary, NULL));
	desk->world = (struct canary_world){
		.options = &canary_rows_options,
		.spec = &desk->canary.spec,
		.object = desk->object,
		.ingress = desk->canary.ingress,
	};
	memcpy(desk->world.apex, desk->canary.apex, sizeof(desk->world.apex));
	memcpy(desk->world.primary_service, desk->canary.primary_service, SERVICE_NAME_MAX);
	memcpy(desk->world.canary_service, desk->canary.canary_service, SERVICE_NAME_MAX);
	desk->talk.arena = &desk->arena;
	measure_init(&desk->measure, &desk->world, index, due);
	desk->step = measure_next(&desk->measure, &desk->talk, NULL);
	return desk;
}

/* Answer the request under way with STATUS and BODY, ' for ". */
static void answer(struct desk *desk, int status, const char *body)
{
	char *text = strdup(body);
	struct http_reply reply = {.status = status, .body = text, .body_length = strlen(body)};

	for (char *at = text; *at; at++) {
		if (*at == '\'')
			*at = '"';
	}
	assert_int_equal(desk->step, TALK_SEND);
	memset(&desk->talk.request, 0, sizeof(desk->talk.request));
	desk->step = measure_next(&desk->measure, &desk->talk, &reply);
	free(text);
}

static void desk_free(struct desk *desk)
{
	assert_int_equal(desk->measure.sample.check.ms, due.ms);
	json_decref(desk->object);
	arena_fini(&desk->arena);
	free(desk);
}

static void sent_to(const struct desk *desk, enum http_peer peer, const char *beginning)
{
	assert_int_equal(desk->step, TALK_SEND);
	assert_int_equal(desk->talk.request.peer, peer);
	if (strncmp(desk->talk.request.url, beginning, strlen(beginning)) != 0)
		fail_msg("sent to %s, expected %s", desk->talk.request.url, beginning);
}

static void ended_in_error(const struct desk *desk, const char *text)
{
	assert_int_equal(desk->step, TALK_DONE);
	assert_int_equal(desk->measure.sample.kind, SAMPLE_ERROR);
	if (!strstr(desk->measure.sample.text, text))
		fail_msg("\"%s\" does not say \"%s\"", desk->measure.sample.text, text);
}

static const char *sent_header(const struct desk *desk, const char *name)
{
	for (size_t i = 0; i < desk->talk.request.n_headers; i++) {
		if (strcmp(desk->talk.request.headers[i].name, name) == 0)
			return desk->talk.request.headers[i].value;
	}
	return "";
}

static void test_builtin(void **state)
{
	struct desk *desk = desk_new(0, "{}");

	sent_to(desk, HTTP_PEER_URL, "http://prometheus:9090/");
	assert_non_null(strstr(desk->measure.query, "nginx_ingress_controller_requests"));
	assert_non_null(strstr(desk->measure.query, "1m"));
	answer(desk, 200, value_reply);
	assert_int_equal(desk->step, TALK_DONE);
	assert_int_equal(desk->measure.sample.kind, SAMPLE_VALUE);
	assert_true(desk->measure.sample.value > 99.74 && desk->measure.sample.value < 99.76);
	desk_free(desk);
}

static void test_duration_is_whole_milliseconds(void **state)
{
	struct desk *desk = desk_new(1, "{}");

	assert_non_null(strstr(desk->measure.query, "2m"));
	answer(desk, 200, value_reply);
	assert_int_equal(desk->measure.sample.kind, SAMPLE_VALUE);
	assert_true(desk->measure.sample.value > 98.99 && desk->measure.sample.value < 99.01);
	desk_free(desk);
}

static void test_the_canarys_metrics_server(void **state)
{
	struct desk *desk = desk_new(0, "{'spec': {'metricsServer': 'https://thanos/x'}}");

	sent_to(desk, HTTP_PEER_URL, "https://thanos/x/");
	desk_free(desk);
}

static void test_inline_query(void **state)
{
	struct desk *desk = desk_new(2, "{}");

	sent_to(desk, HTTP_PEER_URL, "http://prometheus:9090/");
	assert_string_equal(desk->measure.query, "up{x=\"cart.shop\"}");
	answer(desk, 200, empty_reply);
	assert_int_equal(desk->step, TALK_DONE);
	assert_int_equal(desk->measure.sample.kind, SAMPLE_ABSENT);
	desk_free(desk);
}

/* The reference asks an empty query instead. */
static void test_inline_query_that_does_not_render(void **state)
{
	struct desk *desk =
		desk_new(2,
	                 "{'spec': {'analysis': {'metrics': [{'name': 'a', 'threshold': 1, "
	                 "'query': 'x'}, {'name': 'b', 'threshold': 1, 'query': 'x'}, "
	                 "{'name': 'up', 'threshold': 1, 'query': '{{ targt }}'}]}}}");

	ended_in_error(desk, "targt");
	assert_string_equal(desk->measure.query, "");
	desk_free(desk);
}

static void test_source_says_no(void **state)
{
	struct desk *desk = desk_new(2, "{}");

	answer(desk, 503, "busy");
	ended_in_error(desk, "503");
	desk_free(desk);
}

/* Some proxies let only GET through. */
static void test_source_refuses_the_method_once(void **state)
{
	struct desk *desk = desk_new(2, "{}");
	enum http_method first = desk->talk.request.method;

	answer(desk, 405, "no");
	sent_to(desk, HTTP_PEER_URL, "http://prometheus:9090/");
	assert_int_not_equal(desk->talk.request.method, first);
	answer(desk, 405, "no");
	ended_in_error(desk, "405");
	desk_free(desk);
}

static void test_source_does_not_answer(void **state)
{
	struct desk *desk = desk_new(2, "{}");
	struct http_reply reply = {.error = {.kind = ERR_TRANSPORT, .text = "connection refused"}};

	desk->step = measure_next(&desk->measure, &desk->talk, &reply);
	ended_in_error(desk, "connection refused");
	desk_free(desk);
}

static void test_template(void **state)
{
	struct desk *desk = desk_new(3, "{}");

	sent_to(desk, HTTP_PEER_KUBE,
	        "/apis/flagger.app/v1beta1/namespaces/mon/metrictemplates/errors");
	answer(desk, 200, template_reply);
	sent_to(desk, HTTP_PEER_URL, "https://thanos/prom/");
	assert_string_equal(desk->measure.query, "sum(rate(e{job=\"cart-job\"}[1m]))");
	assert_string_equal(sent_header(desk, "X-Scope-OrgID"), "shop");
	assert_string_equal(sent_header(desk, "Authorization"), "");
	answer(desk, 200, value_reply);
	assert_int_equal(desk->measure.sample.kind, SAMPLE_VALUE);
	assert_true(desk->measure.sample.value > 99.74 && desk->measure.sample.value < 99.76);
	desk_free(desk);
}

static void test_template_of_the_canarys_namespace(void **state)
{
	struct desk *desk = desk_new(4, "{}");

	sent_to(desk, HTTP_PEER_KUBE,
	        "/apis/flagger.app/v1beta1/namespaces/shop/metrictemplates/near");
	answer(desk, 404, "{'kind': 'Status', 'message': 'no'}");
	ended_in_error(desk, "Metric template near.shop error: ");
	desk_free(desk);
}

/* The template's reply with a Secret. */
static void answer_with_secret(struct desk *desk)
{
	json_t *object = merge_text(template_reply,
	                            "{'spec': {'provider': {'secretRef': {'name': 'prom'}}}}");
	char *text = json_dumps(object, JSON_COMPACT);

	answer(desk, 200, text);
	free(text);
	json_decref(object);
	sent_to(desk, HTTP_PEER_KUBE, "/api/v1/namespaces/mon/secrets/prom");
}

static void test_template_with_token(void **state)
{
	struct desk *desk = desk_new(3, "{}");

	answer_with_secret(desk);
	answer(desk, 200, "{'kind': 'Secret', 'data': {'token': 'dG9rZW4='}}");
	sent_to(desk, HTTP_PEER_URL, "https://thanos/prom/");
	assert_string_equal(sent_header(desk, "Authorization"), "Bearer token");
	answer(desk, 200, empty_reply);
	assert_int_equal(desk->measure.sample.kind, SAMPLE_ABSENT);
	desk_free(desk);
}

static void test_template_with_password(void **state)
{
	struct desk *desk = desk_new(3, "{}");

	answer_with_secret(desk);
	answer(desk, 200,
	       "{'kind': 'Secret', 'data': {'username': 'dXNlcg==', 'password': 'cGFzcw=='}}");
	assert_string_equal(sent_header(desk, "Authorization"), "Basic dXNlcjpwYXNz");
	desk_free(desk);
}

static void test_secret_is_missing(void **state)
{
	struct desk *desk = desk_new(3, "{}");

	answer_with_secret(desk);
	answer(desk, 404, "{'kind': 'Status', 'message': 'no'}");
	ended_in_error(desk, "Metric template errors.mon secret prom error: ");
	desk_free(desk);
}

static void test_secret_is_empty(void **state)
{
	struct desk *desk = desk_new(3, "{}");

	answer_with_secret(desk);
	answer(desk, 200, "{'kind': 'Secret'}");
	ended_in_error(desk,
	               "Metric template errors.mon secret prom error: data.token: expected token, "
	               "or username and password, got nothing");
	desk_free(desk);
}

static void test_template_of_another_type(void **state)
{
	struct desk *desk = desk_new(3, "{}");

	answer(desk, 200,
	       "{'kind': 'MetricTemplate', 'spec': {'provider': {'type': 'datadog'}, "
	       "'query': 'x'}}");
	ended_in_error(desk,
	               "Metric template errors.mon error: spec.provider.type: expected prometheus "
	               "(others are not served yet), got \"datadog\"");
	desk_free(desk);
}

static void test_template_that_does_not_render(void **state)
{
	struct desk *desk = desk_new(3, "{}");

	answer(desk, 200,
	       "{'kind': 'MetricTemplate', 'spec': {'provider': {'type': 'prometheus', "
	       "'address': 'http://p'}, 'query': '{{ variables.missing }}'}}");
	ended_in_error(desk, "Metric template errors.mon query render error: ");
	desk_free(desk);
}

static void test_template_that_is_no_json(void **state)
{
	struct desk *desk = desk_new(3, "{}");

	answer(desk, 200, "<html>");
	ended_in_error(desk, "Metric template errors.mon error: ");
	desk_free(desk);
}

static void test_no_such_check(void **state)
{
	struct desk *desk = desk_new(5, "{}");

	ended_in_error(desk, "no such check");
	desk_free(desk);
}

static void test_share(void **state)
{
	struct desk *desk = desk_new(0, "{}");

	/* The weight holds for 7 s: older requests went by another one. */
	desk->world.weight_since = (struct instant){due.ms - 7000};
	measure_share_init(&desk->measure, &desk->world, due);
	desk->step = measure_next(&desk->measure, &desk->talk, NULL);
	sent_to(desk, HTTP_PEER_URL, "http://prometheus:9090/");
	assert_non_null(strstr(desk->measure.query, "[7s]"));
	answer(desk, 200,
	       "{'status': 'success', 'data': {'resultType': 'vector', 'result': "
	       "[{'metric': {}, 'value': [1735689600.5, '0.25']}]}}");
	assert_int_equal(desk->measure.sample.kind, SAMPLE_VALUE);
	assert_true(desk->measure.sample.value > 0.24 && desk->measure.sample.value < 0.26);
	desk_free(desk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_builtin),
		cmocka_unit_test(test_duration_is_whole_milliseconds),
		cmocka_unit_test(test_the_canarys_metrics_server),
		cmocka_unit_test(test_inline_query),
		cmocka_unit_test(test_inline_query_that_does_not_render),
		cmocka_unit_test(test_source_says_no),
		cmocka_unit_test(test_source_refuses_the_method_once),
		cmocka_unit_test(test_source_does_not_answer),
		cmocka_unit_test(test_template),
		cmocka_unit_test(test_template_of_the_canarys_namespace),
		cmocka_unit_test(test_template_with_token),
		cmocka_unit_test(test_template_with_password),
		cmocka_unit_test(test_secret_is_missing),
		cmocka_unit_test(test_secret_is_empty),
		cmocka_unit_test(test_template_of_another_type),
		cmocka_unit_test(test_template_that_does_not_render),
		cmocka_unit_test(test_template_that_is_no_json),
		cmocka_unit_test(test_no_such_check),
		cmocka_unit_test(test_share),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
