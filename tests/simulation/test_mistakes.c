/* Each seeded mistake, before a whole agent: condition and Event say what lint says. */
#include "providers/kube/tree.h"
#include "providers/wire/document.h"
#include "tests/providers/mistakes.h"
#include "tests/simulation/flow.h"
#include "tests/simulation/stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The message of condition Ready=False, NULL when there is none. */
static const char *condition(struct stage *stage)
{
	const json_t *canary = stage_find(stage, "canaries", "cart");
	const json_t *found = kube_tree_condition(canary, "Ready", "False");

	return found ? kube_tree_text(found, "message") : NULL;
}

/* The message of the only Event, NULL when there is none. */
static const char *event(struct stage *stage)
{
	const json_t *object = apiserver_at(stage_server(stage), "events", 0);

	assert_null(apiserver_at(stage_server(stage), "events", 1));
	return json_string_value(json_object_get(object, "message"));
}

static void check(const struct mistake *mistake)
{
	struct stage *stage = stage_new(1);
	char *text = mistakes_text(mistake);
	struct err err = {0};
	json_t *object;
	char *body;

	if (!document_read(text, strlen(text), &object, &err))
		fail_msg("%s", err.text);
	body = json_dumps(object, 0);
	stage_deploy(stage, "1");
	stage_write(stage, HTTP_POST, "/apis/flagger.app/v1beta1/namespaces/shop/canaries", body);
	stage_start(stage, 0);
	stage_run(stage, 10);
	assert_non_null(condition(stage));
	assert_string_equal(condition(stage), mistake->sentence);
	assert_non_null(event(stage));
	assert_string_equal(event(stage), mistake->sentence);
	/* Nothing of it is touched. */
	assert_null(stage_find(stage, "deployments", "cart-primary"));
	free(body);
	json_decref(object);
	free(text);
	stage_free(stage);
}

static void test_mistakes(void **state)
{
	assert_true(mistakes_n >= 40);
	for (size_t i = 0; i < mistakes_n; i++)
		check(&mistakes_table[i]);
}

/* What is accepted with a warning is told once, in lint's words, and the Canary is served. */
static void test_warning(void **state)
{
	struct mistake odd = {.found = "    interval: 30s\n", .put = "    interval: 5s\n"};
	struct stage *stage = stage_new(1);
	char *text = mistakes_text(&odd);
	size_t n_told = 0;
	const json_t *object;
	struct err err = {0};
	json_t *canary;
	char *body;

	assert_true(document_read(text, strlen(text), &canary, &err));
	/* the Ingress of the stage */
	json_object_set_new(json_object_get(json_object_get(canary, "spec"), "ingressRef"), "name",
	                    json_string("front"));
	body = json_dumps(canary, 0);
	stage_deploy(stage, "1");
	stage_write(stage, HTTP_POST, "/apis/flagger.app/v1beta1/namespaces/shop/canaries", body);
	stage_start(stage, 0);
	assert_true(stage_run_to(stage, "Initialized", 120));
	stage_kill(stage, 0);
	stage_start(stage, 0); /* another process: the Event is there already */
	stage_run(stage, 120);
	assert_null(condition(stage));
	for (size_t i = 0; (object = apiserver_at(stage_server(stage), "events", i)); i++)
		n_told += strcmp(json_string_value(json_object_get(object, "message")),
		                 "spec.analysis.interval: shorter than 10s: 10s is used") == 0;
	assert_int_equal(n_told, 1);
	free(body);
	json_decref(canary);
	free(text);
	stage_free(stage);
}

/* Deleted under a spec that was spoilt before this agent began: what was made by the spec of its
 * Releases is taken down. */
static void test_deleted_under_a_spoilt_spec(void **state)
{
	static const char canary[] = "/apis/flagger.app/v1beta1/namespaces/shop/canaries/cart";

	(void)state;
	for (int is_mended = 0; is_mended < 2; is_mended++) {
		struct stage *stage = stage_new(1);

		flow_start(stage);
		flow_initialise(stage, "nginx", "\"stepWeight\":20,\"maxWeight\":40");
		stage_push(stage, "v2");
		assert_true(stage_run_to(stage, "Succeeded", 200));
		stage_write(stage, HTTP_PATCH, canary,
		            "{\"spec\":{\"analysis\":{\"maxWeight\":\"most\"}}}");
		stage_run(stage, 5);
		stage_kill(stage, 0);
		stage_start(stage, 0);
		stage_run(stage, 60);
		if (is_mended)
			stage_write(stage, HTTP_PATCH, canary,
			            "{\"spec\":{\"analysis\":{\"maxWeight\":40}}}");
		stage_run(stage, 5);
		assert_non_null(stage_find(stage, "deployments", "cart-primary"));
		stage_write(stage, HTTP_DELETE, canary, NULL);
		stage_run(stage, 120);
		assert_null(stage_find(stage, "deployments", "cart-primary"));
		assert_null(stage_find(stage, "services", "cart-primary"));
		assert_null(stage_find(stage, "releases", "cart-2"));
		stage_free(stage);
	}
}

static size_t n_requests(struct stage *stage, const char *url)
{
	size_t n = 0;

	for (size_t i = 0; i < apiserver_count(stage_server(stage)); i++)
		n += strcmp(apiserver_entry_find(stage_server(stage), i)->url, url) == 0;
	return n;
}

static const char *selected(struct stage *stage)
{
	const json_t *service = stage_find(stage, "services", "cart");

	return kube_tree_text(service, "spec/selector/app");
}

/* Somebody deletes the Canary, and when the Service is the target's again the Service, too, while
 * its watch is late: that it is not there is learnt from the first answer. */
static void test_deleted_with_its_service(void **state)
{
	static const char service[] = "/api/v1/namespaces/shop/services/cart";
	struct stage *stage = stage_new(1);

	(void)state;
	flow_start(stage);
	flow_initialise(stage, "nginx", "\"stepWeight\":20,\"maxWeight\":40");
	stage_slow(stage, "/services?", 80000);
	stage_write(stage, HTTP_DELETE, "/apis/flagger.app/v1beta1/namespaces/shop/canaries/cart",
	            NULL);
	for (int i = 0; i < 600 && strcmp(selected(stage), "cart") != 0; i++)
		stage_run_ms(stage, 100);
	assert_string_equal(selected(stage), "cart");
	stage_write(stage, HTTP_DELETE, service, NULL);
	apiserver_log_clear(stage_server(stage));
	stage_run(stage, 60);
	assert_null(stage_find(stage, "deployments", "cart-primary"));
	assert_null(stage_find(stage, "releases", "cart-1"));
	assert_in_range(n_requests(stage, service), 1, 10);
	stage_free(stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_warning),
		cmocka_unit_test(test_deleted_under_a_spoilt_spec),
		cmocka_unit_test(test_deleted_with_its_service),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
