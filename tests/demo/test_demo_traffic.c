/* The demo's traffic against the weights that are set, and its Prometheus against the traffic. */
#include "agent/demo/cluster.h"
#include "agent/demo/demo_prometheus.h"
#include "agent/demo/demo_traffic.h"
#include "agent/demo/sim_loop.h"
#include "providers/builtin.h"
#include "providers/template.h"
#include "tests/demo/ask.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define START 1763700000000

#define DEPLOYMENTS "/apis/apps/v1/namespaces/shop/deployments"
#define SERVICES    "/api/v1/namespaces/shop/services"
#define INGRESSES   "/apis/networking.k8s.io/v1/namespaces/shop/ingresses"

/* A shop without an agent
 * ----------------------------------------------------------------------------------- */

struct world {
	struct sim_loop *sim;
	struct apiserver *server;
	struct cluster *cluster;
	struct demo_series_store *series;
	struct demo_traffic *traffic;
};

static struct instant now(const struct world *world)
{
	return sim_loop_now(world->sim);
}

static void post(const struct world *world, const char *url, const char *body)
{
	assert_int_equal(ask_status(world->server, now(world), HTTP_POST, url, body), 201);
}

static void post_app(const struct world *world, const char *name, const char *tag)
{
	char body[1024];

	(void)snprintf(body, sizeof(body),
	               "{'metadata':{'name':'%s'},'spec':{'replicas':2,'selector':{'matchLabels':{"
	               "'app':'%s'}},'template':{'metadata':{'labels':{'app':'%s'}},'spec':{"
	               "'containers':[{'name':'cart','image':'cart:%s'}]}}}}",
	               name, name, name, tag);
	post(world, DEPLOYMENTS, body);
}

static void post_service(const struct world *world, const char *name, const char *app)
{
	char body[512];

	(void)snprintf(body, sizeof(body),
	               "{'metadata':{'name':'%s'},'spec':{'selector':{'app':'%s'},'ports':[{"
	               "'port':80}]}}",
	               name, app);
	post(world, SERVICES, body);
}

static void post_ingress(const struct world *world, const char *name, const char *service)
{
	char body[1024];

	(void)snprintf(body, sizeof(body),
	               "{'metadata':{'name':'%s'},'spec':{'rules':[{'http':{'paths':[{'path':'/',"
	               "'pathType':'Prefix','backend':{'service':{'name':'%s','port':{'number':80}}"
	               "}}]}}]}}",
	               name, service);
	post(world, INGRESSES, body);
}

static void annotate(const struct world *world, const char *canary, const char *weight)
{
	char body[512];

	(void)snprintf(body, sizeof(body),
	               "{'metadata':{'annotations':{'nginx.ingress.kubernetes.io/canary':'%s',"
	               "'nginx.ingress.kubernetes.io/canary-weight':'%s'}}}",
	               canary, weight);
	assert_int_equal(ask_status(world->server, now(world), HTTP_PATCH,
	                            INGRESSES "/storefront-canary", body),
	                 200);
}

static int set_up(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	if (!world)
		return -1;
	world->sim = sim_loop_new((struct instant){START}, 1);
	world->server = apiserver_new(NULL);
	world->cluster = cluster_new(&(struct cluster_options){.server = world->server});
	world->series = demo_series_store_new();
	world->traffic = demo_traffic_new(&(struct demo_traffic_options){
		.server = world->server,
		.cluster = world->cluster,
		.series = world->series,
		.k8s_namespace = "shop",
		.ingress = "storefront",
		.seed = 7,
		.per_tick = 24,
	});
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;

	demo_traffic_free(world->traffic);
	demo_series_store_free(world->series);
	cluster_free(world->cluster);
	apiserver_free(world->server);
	sim_loop_free(world->sim);
	free(world);
	return 0;
}

/* Let so many seconds pass, in ticks. */
static void pass(struct world *world, int seconds)
{
	for (int i = 0; i < seconds * 10; i++) {
		sim_loop_run(world->sim, instant_after(now(world), span_ms(100)));
		(void)cluster_step(world->cluster, now(world));
		demo_traffic_tick(world->traffic);
		if (i % 10 == 9)
			demo_series_scrape(world->series, now(world));
	}
}

/* Primary v1, canary TAG, both behind their Ingress. */
static void open_shop(struct world *world, const char *tag)
{
	post_app(world, "cart-primary", "v1");
	post_app(world, "cart", tag);
	post_service(world, "cart", "cart-primary");
	post_service(world, "cart-canary", "cart");
	post_ingress(world, "storefront", "cart");
	post_ingress(world, "storefront-canary", "cart-canary");
	(void)cluster_step(world->cluster, now(world));
	sim_loop_run(world->sim, instant_after(now(world), span_seconds(5)));
	(void)cluster_step(world->cluster, now(world));
}

/* Traffic
 * -----------------------------------------------------------------------------------------------
 */

static void test_split(void **state)
{
	static const int weights[] = {0, 1, 10, 50, 99, 100};
	struct world *world = *state;

	open_shop(world, "v2");
	for (size_t i = 0; i < array_length(weights); i++) {
		struct demo_traffic_counts before = demo_traffic_all(world->traffic);
		struct demo_traffic_counts after;
		double part = weights[i] / 100.0;
		double n, n_canary;
		char weight[8];

		(void)snprintf(weight, sizeof(weight), "%d", weights[i]);
		annotate(world, "true", weight);
		assert_int_equal(demo_traffic_weight(world->traffic), weights[i]);
		pass(world, 60);
		after = demo_traffic_all(world->traffic);
		n = (double)(after.n_requests - before.n_requests);
		n_canary = (double)(after.n_canary - before.n_canary);
		assert_true(n > 60 * 200 && n < 60 * 280);
		/* four standard deviations of a binomial distribution */
		assert_true(fabs(n_canary - n * part) <= 4 * sqrt(n * part * (1 - part)));
	}
	/* version by version, the same: v2 stands behind the canary's Service only */
	assert_int_equal(demo_traffic_version(world->traffic, "v2").n_requests,
	                 demo_traffic_all(world->traffic).n_canary);
	assert_int_equal(demo_traffic_version(world->traffic, "v1").n_requests +
	                         demo_traffic_version(world->traffic, "v2").n_requests,
	                 demo_traffic_all(world->traffic).n_requests);
}

static void test_no_split(void **state)
{
	static const struct {
		const char *canary, *weight;
	} rows[] = {
		{"false", "50"}, /* no canary at all */
		{"true", "-5"},  /* not a share */
		{"true", "ten"}, /* not a number */
	};
	struct world *world = *state;

	open_shop(world, "v2");
	for (size_t i = 0; i < array_length(rows); i++) {
		annotate(world, rows[i].canary, rows[i].weight);
		pass(world, 2);
		assert_int_equal(demo_traffic_all(world->traffic).n_canary, 0);
	}
	/* a canary without pods gets nothing; more than all is all */
	annotate(world, "true", "250");
	assert_int_equal(demo_traffic_weight(world->traffic), 100);
	assert_int_equal(cluster_break_pods(world->cluster, "shop", "cart", 2), 2);
	pass(world, 2);
	assert_int_equal(demo_traffic_all(world->traffic).n_canary, 0);
	/* without a primary NGINX answers itself, whatever the weight */
	assert_int_equal(cluster_break_pods(world->cluster, "shop", "cart-primary", 2), 2);
	pass(world, 2);
	assert_true(demo_traffic_version(world->traffic, "").n_errors > 0);
}

static void test_habits(void **state)
{
	struct world *world = *state;
	struct demo_traffic_version version;

	open_shop(world, "v3");
	annotate(world, "true", "50");
	pass(world, 60);
	version = demo_traffic_version(world->traffic, "v3");
	assert_true((double)version.n_slow > 0.99 * (double)version.n_requests);
	version = demo_traffic_version(world->traffic, "v1");
	assert_true((double)version.n_slow < 0.01 * (double)version.n_requests);
	assert_true((double)version.n_errors < 0.01 * (double)version.n_requests);
}

/* Prometheus
 * -------------------------------------------------------------------------------------------- */

/* What the agent asks: the builtin query TEXT, rendered. */
static struct demo_prometheus_value query(struct world *world, const char *text,
                                          const char *interval)
{
	const struct template_inputs inputs = {
		.k8s_namespace = "shop",
		.target = "cart",
		.service = "cart",
		.ingress = "storefront",
		.interval = interval,
	};
	struct demo_prometheus prometheus = {world->series, sim_loop_seam(world->sim)};
	struct demo_prometheus_value value = {0};
	struct buf rendered = {.max = TEMPLATE_OUTPUT_MAX};
	struct err err = {0};

	assert_true(template_render(text, &inputs, &rendered, &err));
	if (!demo_prometheus_query(&prometheus, buf_text(&rendered), &value, &err))
		fail_msg("%s: %s", buf_text(&rendered), err.text);
	buf_fini(&rendered);
	return value;
}

static void test_queries(void **state)
{
	struct world *world = *state;
	struct demo_traffic_counts before;
	struct demo_traffic_counts after;
	struct demo_traffic_version broken;
	struct demo_prometheus_value value;

	open_shop(world, "v4");
	annotate(world, "true", "0");
	pass(world, 30);
	/* no request of the canary: no success rate and no duration, and a share of nothing */
	assert_false(
		query(world, builtin_query("nginx", TARGET_DEPLOYMENT, CHECK_SUCCESS_RATE), "1m")
			.is_there);
	assert_false(query(world, builtin_query("nginx", TARGET_DEPLOYMENT, CHECK_DURATION), "1m")
	                     .is_there);
	value = query(world, builtin_share_query("nginx", TARGET_DEPLOYMENT), "1m");
	assert_true(value.is_there && fabs(value.number) < 1e-9);
	/* a window longer than the canary's life begins at its first scrape */
	annotate(world, "true", "30");
	pass(world, 61);
	before = demo_traffic_all(world->traffic);
	pass(world, 120);
	after = demo_traffic_all(world->traffic);
	value = query(world, builtin_share_query("nginx", TARGET_DEPLOYMENT), "2m");
	assert_true(fabs(value.number - (double)(after.n_canary - before.n_canary) /
	                                        (double)(after.n_requests - before.n_requests)) <
	            0.005);
	broken = demo_traffic_version(world->traffic, "v4");
	value = query(world, builtin_query("nginx", TARGET_DEPLOYMENT, CHECK_SUCCESS_RATE), "3m");
	assert_true(fabs(value.number -
	                 100 * (1 - (double)broken.n_errors / (double)broken.n_requests)) < 0.5);
	value = query(world, builtin_query("nginx", TARGET_DEPLOYMENT, CHECK_DURATION), "1m");
	assert_true(value.number > 35 && value.number < 55); /* a mean of 40 ms × e^0.08 */
}

static void test_refused_queries(void **state)
{
	static const char *const rows[] = {
		"",
		"up",                                /* an instant vector */
		"sum(requests[1m])",                 /* no rate */
		"sum(rate(requests{a=b}[1m]))",      /* no quotes */
		"sum(rate(requests{a=~\"(\"}[1m]))", /* no regular expression */
		"sum(rate(requests[1 parsec]))",     /* no duration */
		"sum(rate(requests[1m])) by (le)",
		"1 + 1",
		"((((((((((((((((((1))))))))))))))))))",
	};
	struct world *world = *state;
	struct demo_prometheus prometheus = {world->series, sim_loop_seam(world->sim)};
	struct demo_prometheus_value value;

	for (size_t i = 0; i < array_length(rows); i++) {
		struct err err = {0};

		if (demo_prometheus_query(&prometheus, rows[i], &value, &err))
			fail_msg("accepted: %s", rows[i]);
		assert_true(err.kind == ERR_INVALID || err.kind == ERR_LIMIT);
	}
	assert_true(demo_prometheus_query(&prometheus, "(vector(2) or 3) * 4 / 2", &value, NULL));
	assert_true(value.is_there && fabs(value.number - 4) < 1e-9);
	assert_true(demo_prometheus_query(&prometheus, "sum(rate(none[1m]))", &value, NULL));
	assert_false(value.is_there);
}

static void test_served_queries(void **state)
{
	static const struct {
		const char *url, *body;
		int status;
		const char *path, *text;
	} rows[] = {
		/* the form that the agent posts */
		{"http://p:9090/api/v1/query", "query=2+*+%282%29", 200, "data.result.0.value.1",
	         "4"},
		/* what a gateway that lets only GET pass makes of it */
		{"http://p:9090/api/v1/query?query=1%2F0", NULL, 200, "data.result.0.value.1",
	         "+Inf"},
		{"http://p:9090/api/v1/query?query=0%2F0", NULL, 200, "data.result.0.value.1",
	         "NaN"},
		{"http://p:9090/api/v1/query", "query=%22", 400, "errorType", "bad_data"},
	};
	struct world *world = *state;
	struct demo_prometheus prometheus = {world->series, sim_loop_seam(world->sim)};

	for (size_t i = 0; i < array_length(rows); i++) {
		struct http_request request = {
			.url = rows[i].url,
			.body = rows[i].body,
			.body_length = rows[i].body ? strlen(rows[i].body) : 0,
		};
		struct arena arena = {0};
		struct http_reply reply = demo_prometheus_serve(&prometheus, &request, &arena);
		json_t *body = json_loadb(reply.body, reply.body_length, 0, NULL);

		assert_int_equal(reply.status, rows[i].status);
		assert_string_equal(ask_text(body, rows[i].path), rows[i].text);
		json_decref(body);
		arena_fini(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_split, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_split, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_habits, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_queries, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_refused_queries, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_served_queries, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
