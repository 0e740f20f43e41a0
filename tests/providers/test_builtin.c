/*
 * The rendered queries, text by text: what they give on a real server was tried with
 * Prometheus 2.42 (mixed answers, only errors, an idle canary, no canary series, no series at all,
 * a named port).
 */
#include "analysis/base/compiler.h"
#include "providers/builtin.h"
#include "providers/template.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct template_inputs inputs = {
	.name = "cart",
	.k8s_namespace = "shop",
	.target = "cart-app",
	.service = "cart",
	.ingress = "store",
	.interval = "30s",
};

static void renders_as(const char *query, const char *want)
{
	struct buf buf = {.max = 4096};

	assert_non_null(query);
	assert_true(template_render(query, &inputs, &buf, NULL));
	assert_string_equal(buf_text(&buf), want);
	buf_fini(&buf);
}

#define REQUESTS "nginx_ingress_controller_requests"
#define RESPONSE "nginx_ingress_controller_response_duration_seconds"
#define INGRESS  "namespace=\"shop\", ingress=\"store\""
#define CANARY   INGRESS ", canary=~\"shop-cart-canary-[0-9a-z-]+\""

static void test_nginx(void **state)
{
	renders_as(builtin_query("nginx", TARGET_DEPLOYMENT, CHECK_SUCCESS_RATE),
	           "(sum(rate(" REQUESTS "{" CANARY
	           ", status!~\"5.*\"}[30s])) or vector(0)) / "
	           "sum(rate(" REQUESTS "{" CANARY "}[30s])) * 100");
	renders_as(builtin_query("nginx", TARGET_DEPLOYMENT, CHECK_DURATION),
	           "sum(rate(" RESPONSE "_sum{" CANARY
	           "}[30s])) / "
	           "sum(rate(" RESPONSE "_count{" CANARY "}[30s])) * 1000");
	renders_as(builtin_share_query("nginx", TARGET_DEPLOYMENT),
	           "(sum(increase(" REQUESTS "{" CANARY
	           "}[30s])) or vector(0)) / "
	           "sum(increase(" REQUESTS "{" INGRESS ", service=\"cart\"}[30s]))");
}

#define MESH "istio_requests_total"
#define REPORTED \
 "reporter=\"destination\", destination_workload_namespace=\"shop\", destination_workload"
#define MINE REPORTED "=\"cart-app\""

static void test_istio(void **state)
{
	renders_as(builtin_query("istio", TARGET_DEPLOYMENT, CHECK_SUCCESS_RATE),
	           "(sum(rate(" MESH "{" MINE
	           ", response_code!~\"5.*\", grpc_response_status!~\"2|4|12|13|14|15\"}[30s]))"
	           " or vector(0)) / ((sum(rate(" MESH "{" MINE
	           "}[30s])) or vector(0)) + (sum(rate(" MESH
	           "{reporter=\"source\", destination_service=~\"cart-canary\\\\.shop\\\\..+\","
	           " response_flags=~\"(.*,)?(UH|UF|UO|NC)(,.*)?\"}[30s])) or vector(0))) * 100");
	renders_as(
		builtin_query("istio", TARGET_DEPLOYMENT, CHECK_DURATION),
		"histogram_quantile(0.99, sum(rate(istio_request_duration_milliseconds_bucket{" MINE
		"}[30s])) by (le))");
	renders_as(builtin_share_query("istio", TARGET_DEPLOYMENT),
	           "(sum(increase(" MESH "{" MINE "}[30s])) or vector(0)) / sum(increase(" MESH
	           "{" REPORTED "=~\"cart-app(-primary)?\"}[30s]))");
}

#define LINKERD "namespace=\"shop\", direction=\"inbound\", deployment"

static void test_linkerd(void **state)
{
	renders_as(builtin_query("linkerd", TARGET_DEPLOYMENT, CHECK_SUCCESS_RATE),
	           "(sum(rate(response_total{" LINKERD
	           "=\"cart-app\", classification!=\"failure\"}[30s])) or vector(0)) / "
	           "sum(rate(response_total{" LINKERD "=\"cart-app\"}[30s])) * 100");
	renders_as(builtin_query("linkerd", TARGET_DEPLOYMENT, CHECK_DURATION),
	           "histogram_quantile(0.99, sum(rate(response_latency_ms_bucket{" LINKERD
	           "=\"cart-app\"}[30s])) by (le))");
	renders_as(builtin_share_query("linkerd", TARGET_DEPLOYMENT),
	           "(sum(increase(response_total{" LINKERD
	           "=\"cart-app\"}[30s])) or vector(0)) / "
	           "sum(increase(response_total{" LINKERD "=~\"cart-app(-primary)?\"}[30s]))");
}

#define OSM "destination_namespace=\"shop\", destination_kind=\"Deployment\", destination_name"

static void test_osm(void **state)
{
	renders_as(builtin_query("osm", TARGET_DEPLOYMENT, CHECK_SUCCESS_RATE),
	           "(sum(rate(osm_request_total{" OSM
	           "=\"cart-app\", response_code!~\"5.*\"}[30s])) or vector(0)) / "
	           "sum(rate(osm_request_total{" OSM "=\"cart-app\"}[30s])) * 100");
	renders_as(builtin_query("osm", TARGET_DEPLOYMENT, CHECK_DURATION),
	           "histogram_quantile(0.99, sum(rate(osm_request_duration_ms_bucket{" OSM
	           "=\"cart-app\"}[30s])) by (le))");
	renders_as(builtin_share_query("osm", TARGET_DEPLOYMENT),
	           "(sum(increase(osm_request_total{" OSM
	           "=\"cart-app\"}[30s])) or vector(0)) / "
	           "sum(increase(osm_request_total{" OSM "=~\"cart-app(-primary)?\"}[30s]))");
}

/* Some are measured as others are. */
static void test_aliases(void **state)
{
	assert_ptr_equal(builtin_query("gatewayapi:v1", TARGET_DEPLOYMENT, CHECK_DURATION),
	                 builtin_query("kubernetes", TARGET_DEPLOYMENT, CHECK_DURATION));
	assert_ptr_equal(builtin_share_query("gatewayapi", TARGET_DEPLOYMENT),
	                 builtin_share_query("kubernetes", TARGET_DEPLOYMENT));
	assert_ptr_equal(builtin_query("smi:v1alpha3", TARGET_DEPLOYMENT, CHECK_SUCCESS_RATE),
	                 builtin_query("istio", TARGET_DEPLOYMENT, CHECK_SUCCESS_RATE));
}

#define DURATION "http_request_duration_seconds"
#define PODS     "-[0-9a-zA-Z]+(-[0-9a-zA-Z]+)\""
#define OWN      "kubernetes_namespace=\"shop\", kubernetes_pod_name=~\"cart-app" PODS
#define BOTH     "kubernetes_namespace=\"shop\", kubernetes_pod_name=~\"cart-app(-primary)?" PODS

static void test_kubernetes(void **state)
{
	renders_as(builtin_query("kubernetes", TARGET_DEPLOYMENT, CHECK_SUCCESS_RATE),
	           "(sum(rate(" DURATION "_count{" OWN
	           ", status!~\"5.*\"}[30s])) or vector(0)) / "
	           "sum(rate(" DURATION "_count{" OWN "}[30s])) * 100");
	renders_as(builtin_query("kubernetes", TARGET_DEPLOYMENT, CHECK_DURATION),
	           "histogram_quantile(0.99, sum(rate(" DURATION "_bucket{" OWN
	           "}[30s])) by (le)) * 1000");
	renders_as(builtin_share_query("kubernetes", TARGET_DEPLOYMENT),
	           "(sum(increase(" DURATION "_count{" OWN
	           "}[30s])) or vector(0)) / "
	           "sum(increase(" DURATION "_count{" BOTH "}[30s]))");
}

static void test_others(void **state)
{
	assert_null(builtin_query("contour", TARGET_DEPLOYMENT, CHECK_SUCCESS_RATE));
	assert_null(builtin_query("", TARGET_DEPLOYMENT, CHECK_DURATION));
	assert_null(builtin_query("nginx", TARGET_DEPLOYMENT, CHECK_VALUE));
	assert_null(builtin_query("nginx", TARGET_DEPLOYMENT, CHECK_NONE));
	assert_null(builtin_share_query("contour", TARGET_DEPLOYMENT));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nginx),   cmocka_unit_test(test_istio),
		cmocka_unit_test(test_linkerd), cmocka_unit_test(test_osm),
		cmocka_unit_test(test_aliases), cmocka_unit_test(test_kubernetes),
		cmocka_unit_test(test_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
