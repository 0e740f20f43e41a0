#include "agent/demo/demo_shop.h"

#include "agent/agent.h"
#include "agent/demo/cluster.h"
#include "agent/demo/demo_history.h"
#include "agent/demo/demo_manifests.h"
#include "agent/demo/sim_http.h"
#include "agent/demo/sim_pulse.h"
#include "agent/demo/sim_settings.h"
#include "analysis/base/compiler.h"
#include "analysis/base/text.h"
#include "providers/wire/document.h"

#include <stdlib.h>
#include <string.h>

#define BOOKMARK_SECONDS 60
#define SCRAPE_SECONDS   1
#define USERS_SECONDS    10 /* until users come: the shop opens first */
#define PER_TICK         24
#define READY_SECONDS    4 /* from a pod's creation */
#define SETTLE_SECONDS   1 /* what is on its way lands within */
#define URL_PATH_MAX     512

struct demo_shop {
	struct sim_loop *sim;
	struct apiserver *server;
	struct cluster *cluster;
	struct demo_series_store *series;
	struct demo_traffic *traffic;
	struct demo_prometheus prometheus;
	struct sim_http *http;
	struct history *history;
	struct agent *agent;
	struct sim_pulse pulse;
	struct alarm tick;
	struct alarm scrape;
	uint64_t stirred; /* the server's revision when the controllers were woken last */
};

/* The cluster's own life
 * ------------------------------------------------------------------------------------ */

static void rearm(struct demo_shop *shop, struct alarm *alarm, struct span after)
{
	alarm_start(sim_loop_seam(shop->sim), alarm, after);
}

static void on_tick(struct alarm *alarm)
{
	struct demo_shop *shop = container_of(alarm, struct demo_shop, tick);

	demo_traffic_tick(shop->traffic);
	rearm(shop, alarm, span_ms(DEMO_TRAFFIC_TICK_MS));
}

static void on_scrape(struct alarm *alarm)
{
	struct demo_shop *shop = container_of(alarm, struct demo_shop, scrape);

	demo_series_scrape(shop->series, sim_loop_now(shop->sim));
	rearm(shop, alarm, span_seconds(SCRAPE_SECONDS));
}

/* Images tagged "stuck…" never become ready. */
static struct cluster_behaviour behave(void *user, const json_t *template)
{
	const json_t *containers = json_object_get(json_object_get(template, "spec"), "containers");
	const char *image =
		json_string_value(json_object_get(json_array_get(containers, 0), "image"));

	(void)user;
	return (struct cluster_behaviour){
		.is_never_ready = image && strstr(image, ":stuck"),
		.ready_after = span_seconds(READY_SECONDS),
	};
}

/* Making it
 * -------------------------------------------------------------------------------------------------
 */

static void make_cluster(struct demo_shop *shop, const struct demo_shop_options *options)
{
	shop->sim = sim_loop_new(options->start, options->seed);
	shop->server = apiserver_new(&(struct apiserver_options){
		.seed = options->seed, .is_immediate = true, .person = "demo"});
	shop->cluster = cluster_new(&(struct cluster_options){
		.server = shop->server,
		.delay = span_ms(50),
		.behaviour = behave,
		.has_endpoints = true,
	});
	shop->series = demo_series_store_new();
	shop->prometheus.series = shop->series;
	shop->prometheus.loop = sim_loop_seam(shop->sim);
	shop->traffic = demo_traffic_new(&(struct demo_traffic_options){
		.server = shop->server,
		.cluster = shop->cluster,
		.series = shop->series,
		.k8s_namespace = DEMO_MANIFESTS_NAMESPACE,
		.ingress = DEMO_MANIFESTS_INGRESS,
		.seed = options->seed,
		.per_tick = PER_TICK,
	});
	shop->tick.ring = on_tick;
	shop->scrape.ring = on_scrape;
	shop->pulse = (struct sim_pulse){
		.sim = shop->sim,
		.server = shop->server,
		.cluster = shop->cluster,
		.bookmarks = span_seconds(BOOKMARK_SECONDS),
	};
	sim_pulse_start(&shop->pulse);
	rearm(shop, &shop->tick, span_seconds(USERS_SECONDS));
	rearm(shop, &shop->scrape, span_seconds(SCRAPE_SECONDS));
}

static void make_agent(struct demo_shop *shop)
{
	struct agent_settings settings = sim_settings("serin-demo");
	struct agent_seams seams = {
		.loop = sim_loop_seam(shop->sim),
		.history = shop->history,
	};

	shop->http = sim_http_new(&(struct sim_http_options){
		.loop = sim_loop_seam(shop->sim),
		.server = shop->server,
		.latency = span_ms(10),
		.web = demo_prometheus_serve,
		.user = &shop->prometheus,
		.agent = "serin/demo",
	});
	seams.http = sim_http_seam(shop->http);
	shop->agent = agent_new(&seams, &settings);
}

struct demo_shop *demo_shop_new(const struct demo_shop_options *options, struct err *err)
{
	struct demo_shop *shop = calloc(1, sizeof(*shop));

	if (!shop)
		abort();
	make_cluster(shop, options);
	shop->history = demo_history_new(options->history, sim_loop_seam(shop->sim), err);
	if (!shop->history)
		return demo_shop_free(shop);
	make_agent(shop);
	return shop;
}

struct demo_shop *demo_shop_free(struct demo_shop *shop)
{
	if (!shop)
		return NULL;
	alarm_cancel(&shop->tick);
	alarm_cancel(&shop->scrape);
	agent_free(shop->agent);
	sim_http_free(shop->http);
	sim_loop_run(shop->sim,
	             instant_after(sim_loop_now(shop->sim), span_seconds(SETTLE_SECONDS)));
	sim_pulse_cancel(&shop->pulse);
	demo_history_free(shop->history);
	demo_traffic_free(shop->traffic);
	demo_series_store_free(shop->series);
	cluster_free(shop->cluster);
	apiserver_free(shop->server);
	sim_loop_free(shop->sim);
	free(shop);
	return NULL;
}

/* People
 * ----------------------------------------------------------------------------------------------------
 */

static bool send_body(struct demo_shop *shop, enum http_method method, const char *url,
                      json_t *body, struct err *err)
{
	char *text = json_dumps(body, JSON_COMPACT);
	struct apiserver_letter letter = {
		.method = method,
		.url = url,
		.body = text,
		.type = method == HTTP_PATCH ? "application/json-patch+json" : NULL,
		.who = "kubectl/demo",
	};
	struct arena arena = {0};
	struct http_reply reply;
	bool is_done;

	if (!text)
		abort();
	reply = apiserver_write_inside(shop->server, &letter, &arena, sim_loop_now(shop->sim));
	is_done = reply.status < 300 ||
	          err_set(err, ERR_STATUS, "%s %s: %d %.200s", http_method_name(method), url,
	                  reply.status, reply.body);
	free(text);
	arena_fini(&arena);
	demo_shop_stir(shop);
	return is_done;
}

static const char *text_at(const json_t *object, const char *field, const char *name)
{
	const char *text = json_string_value(
		json_object_get(field ? json_object_get(object, field) : object, name));

	return text ? text : "";
}

/* The collection that an object belongs to. */
static bool find_url(const struct demo_shop *shop, const json_t *object, char ret[URL_PATH_MAX],
                     struct err *err)
{
	const char *version = text_at(object, NULL, "apiVersion");
	const char *k8s_namespace = text_at(object, "metadata", "namespace");
	const struct apiserver_resource *resource;

	for (size_t i = 0; (resource = apiserver_resource_at(shop->server, i)) != NULL; i++) {
		if (strcmp(resource->kind, text_at(object, NULL, "kind")) != 0)
			continue;
		text_format(ret, URL_PATH_MAX, "/%s/%s%s%s/%s", resource->group[0] ? "apis" : "api",
		            version, resource->is_namespaced ? "/namespaces/" : "",
		            resource->is_namespaced ? k8s_namespace : "", resource->plural);
		return true;
	}
	return err_set(err, ERR_INVALID, "no such kind: %.100s", text_at(object, NULL, "kind"));
}

static bool apply(struct demo_shop *shop, const char *manifests, struct err *err)
{
	struct document_stream *stream = document_stream_new(manifests, strlen(manifests));
	char url[URL_PATH_MAX];
	json_t *object = NULL;
	bool is_applied = true;

	while (is_applied && document_stream_next(stream, &object, err) && object) {
		is_applied = find_url(shop, object, url, err) &&
		             send_body(shop, HTTP_POST, url, object, err);
		json_decref(object);
		object = NULL;
	}
	document_stream_free(stream);
	return is_applied;
}

bool demo_shop_open(struct demo_shop *shop, struct err *err)
{
	agent_start(shop->agent);
	return apply(shop, demo_manifests, err);
}

bool demo_shop_push(struct demo_shop *shop, const char *tag, struct err *err)
{
	char image[128];
	json_t *patch;
	bool is_done;

	text_format(image, sizeof(image), "%s:%s", DEMO_MANIFESTS_IMAGE, tag);
	patch = json_pack("[{ss ss ss}]", "op", "replace", "path",
	                  "/spec/template/spec/containers/0/image", "value", image);
	is_done = send_body(shop, HTTP_PATCH,
	                    "/apis/apps/v1/namespaces/" DEMO_MANIFESTS_NAMESPACE
	                    "/deployments/" DEMO_MANIFESTS_NAME,
	                    patch, err);
	json_decref(patch);
	return is_done;
}

/* Time
 * -----------------------------------------------------------------------------------------------------------
 */

void demo_shop_stir(struct demo_shop *shop)
{
	shop->stirred = apiserver_revision(shop->server);
	sim_pulse_stir(&shop->pulse);
}

bool demo_shop_step(struct demo_shop *shop, struct instant end)
{
	if (instant_is_before(end, sim_loop_now(shop->sim)))
		return false;
	if (!sim_loop_step(shop->sim, end))
		return false;
	demo_history_settle(shop->history);
	if (apiserver_revision(shop->server) != shop->stirred)
		demo_shop_stir(shop);
	return true;
}

bool demo_shop_rest(struct demo_shop *shop)
{
	return demo_history_rest(shop->history);
}

struct instant demo_shop_now(const struct demo_shop *shop)
{
	return sim_loop_now(shop->sim);
}

struct apiserver *demo_shop_server(const struct demo_shop *shop)
{
	return shop->server;
}

const struct demo_traffic *demo_shop_traffic(const struct demo_shop *shop)
{
	return shop->traffic;
}

const struct demo_prometheus *demo_shop_prometheus(const struct demo_shop *shop)
{
	return &shop->prometheus;
}
