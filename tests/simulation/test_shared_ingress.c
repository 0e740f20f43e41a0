/*
 * Two Canaries whose Services stand behind one Ingress (traffic-providers.md 9, defect 17): by
 * default their clones would have one name, so the younger is refused; with a name of its own both
 * are served, each by the paths that lead to it.
 */
#include "analysis/base/text.h"
#include "providers/kube/tree.h"
#include "tests/simulation/stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CANARIES    "/apis/flagger.app/v1beta1/namespaces/shop/canaries"
#define DEPLOYMENTS "/apis/apps/v1/namespaces/shop/deployments"
#define FRONT       "/apis/networking.k8s.io/v1/namespaces/shop/ingresses/front"
#define BODY_SIZE   "nginx.ingress.kubernetes.io/proxy-body-size"

#define PATH(path, service)                                                                     \
 "{\"path\":\"" path "\",\"pathType\":\"Prefix\",\"backend\":{\"service\":{\"name\":\"" service \
 "\",\"port\":{\"number\":80}}}}"

static void begin_till(struct stage *stage)
{
	stage_write(
		stage, HTTP_POST, DEPLOYMENTS,
		"{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":\"till\","
		"\"namespace\":\"shop\"},\"spec\":{\"replicas\":2,\"selector\":{\"matchLabels\":{\"app\":"
		"\"till\"}},\"template\":{\"metadata\":{\"labels\":{\"app\":\"till\"}},\"spec\":{"
		"\"containers\":[{\"name\":\"web\",\"image\":\"web:v1\"}]}}}}");
	stage_write(stage, HTTP_PATCH, FRONT,
	            "{\"spec\":{\"rules\":[{\"host\":\"shop.example\",\"http\":{\"paths\":[" PATH(
			    "/cart", "cart") "," PATH("/till", "till") "]}}]}}");
	stage_write(
		stage, HTTP_POST, CANARIES,
		"{\"apiVersion\":\"flagger.app/v1beta1\",\"kind\":\"Canary\",\"metadata\":{\"name\":\"till\","
		"\"namespace\":\"shop\"},\"spec\":{\"provider\":\"nginx\",\"progressDeadlineSeconds\":60,"
		"\"targetRef\":{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"name\":\"till\"},"
		"\"ingressRef\":{\"apiVersion\":\"networking.k8s.io/v1\",\"kind\":\"Ingress\",\"name\":"
		"\"front\"},\"service\":{\"port\":80,\"targetPort\":8080},\"analysis\":{\"interval\":"
		"\"10s\",\"threshold\":2,\"stepWeight\":50,\"maxWeight\":50}}}");
}

static const char *text_of(struct stage *stage, const char *plural, const char *name,
                           const char *path)
{
	return kube_tree_text(stage_find(stage, plural, name), path);
}

static bool run_to(struct stage *stage, const char *canary, const char *phase, int seconds)
{
	for (int i = 0; i < seconds; i++) {
		if (strcmp(text_of(stage, "canaries", canary, "status/phase"), phase) == 0)
			return true;
		stage_run(stage, 1);
	}
	return false;
}

/* The clone leads nowhere but there. */
static void leads_to(struct stage *stage, const char *clone, const char *path, const char *service)
{
	const json_t *object = stage_find(stage, "ingresses", clone);
	const json_t *rule = json_array_get(kube_tree_find(object, "spec/rules"), 0);
	const json_t *paths = kube_tree_find(rule, "http/paths");

	assert_int_equal(json_array_size(paths), 1);
	assert_string_equal(kube_tree_text(json_array_get(paths, 0), "path"), path);
	assert_string_equal(kube_tree_text(json_array_get(paths, 0), "backend/service/name"),
	                    service);
}

static const char *size_of(struct stage *stage, const char *clone)
{
	return kube_tree_value(kube_tree_find(stage_find(stage, "ingresses", clone),
	                                      "metadata/annotations"),
	                       BODY_SIZE);
}

static void set_size(struct stage *stage, const char *size)
{
	char body[256];

	text_format(body, sizeof(body),
	            "{\"metadata\":{\"annotations\":{\"" BODY_SIZE "\":\"%s\"}}}", size);
	stage_write(stage, HTTP_PATCH, FRONT, body);
	stage_run(stage, 5);
}

static struct stage *begin(void)
{
	struct stage *stage = stage_new(1);

	stage_deploy(stage, "v1");
	stage_start(stage, 0);
	stage_run(stage, 3);
	stage_canary(stage, "nginx", "\"stepWeight\":20,\"maxWeight\":40");
	assert_true(stage_run_to(stage, "Initialized", 60));
	stage_run(stage, 2);
	begin_till(stage);
	stage_run(stage, 10);
	return stage;
}

static void give_name(struct stage *stage)
{
	stage_write(stage, HTTP_PATCH, CANARIES "/till",
	            "{\"spec\":{\"ingressRef\":{\"canaryName\":\"front-till\"}}}");
	assert_true(run_to(stage, "till", "Initialized", 60));
}

static void test_refused(void **state)
{
	struct stage *stage = begin();
	const json_t *conditions =
		kube_tree_find(stage_find(stage, "canaries", "till"), "status/conditions");
	bool is_told = false;

	(void)state;
	for (size_t i = 0; i < json_array_size(conditions); i++)
		is_told |= strstr(kube_tree_text(json_array_get(conditions, i), "message"),
		                  "spec.ingressRef.canaryName") != NULL;
	assert_true(is_told);
	assert_null(stage_find(stage, "deployments", "till-primary"));
	leads_to(stage, "front-canary", "/cart", "cart-canary");
	give_name(stage);
	stage_free(stage);
}

static void test_both(void **state)
{
	struct stage *stage = begin();

	(void)state;
	give_name(stage);
	leads_to(stage, "front-till", "/till", "till-canary");
	stage_push(stage, "v2");
	stage_write(
		stage, HTTP_PATCH, DEPLOYMENTS "/till",
		"{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"web\",\"image\":"
		"\"web:v2\"}]}}}}");
	assert_true(run_to(stage, "till", "Succeeded", 200));
	assert_true(run_to(stage, "cart", "Succeeded", 200));
	leads_to(stage, "front-canary", "/cart", "cart-canary");
	leads_to(stage, "front-till", "/till", "till-canary");
	/* what the user says of the Ingress is said of both */
	set_size(stage, "8m");
	assert_string_equal(size_of(stage, "front-canary"), "8m");
	assert_string_equal(size_of(stage, "front-till"), "8m");
	/* one goes, in either order of their names; the other stays, and follows */
	stage_write(stage, HTTP_DELETE, CANARIES "/cart", NULL);
	stage_run(stage, 60);
	assert_null(stage_find(stage, "ingresses", "front-canary"));
	set_size(stage, "9m");
	assert_string_equal(size_of(stage, "front-till"), "9m");
	stage_free(stage);
}

/* Another agent, which knows nothing, serves both as they are. */
static void test_restart(void **state)
{
	struct stage *stage = begin();

	(void)state;
	give_name(stage);
	stage_kill(stage, 0);
	stage_start(stage, 0);
	stage_run(stage, 60);
	stage_write(stage, HTTP_DELETE, CANARIES "/till", NULL);
	stage_run(stage, 60);
	assert_null(stage_find(stage, "ingresses", "front-till"));
	leads_to(stage, "front-canary", "/cart", "cart-canary");
	set_size(stage, "8m");
	assert_string_equal(size_of(stage, "front-canary"), "8m");
	stage_free(stage);
}

/* After another edit of the name the clone of before gets nothing, and goes with the Canary: it,
 * and nobody else's. */
static void test_renamed(void **state)
{
	struct stage *stage = begin();

	(void)state;
	give_name(stage);
	stage_write(stage, HTTP_PATCH, CANARIES "/till",
	            "{\"spec\":{\"ingressRef\":{\"canaryName\":\"front-2\"}}}");
	stage_run(stage, 30);
	leads_to(stage, "front-2", "/till", "till-canary");
	assert_string_equal(
		kube_tree_value(kube_tree_find(stage_find(stage, "ingresses", "front-till"),
	                                       "metadata/annotations"),
	                        "nginx.ingress.kubernetes.io/canary-weight"),
		"0");
	stage_write(stage, HTTP_DELETE, CANARIES "/till", NULL);
	stage_run(stage, 120);
	assert_null(stage_find(stage, "deployments", "till-primary"));
	assert_null(stage_find(stage, "ingresses", "front-2"));
	assert_null(stage_find(stage, "ingresses", "front-till"));
	leads_to(stage, "front-canary", "/cart", "cart-canary");
	assert_non_null(stage_find(stage, "ingresses", "front"));
	stage_free(stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_both),
		cmocka_unit_test(test_restart),
		cmocka_unit_test(test_renamed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
