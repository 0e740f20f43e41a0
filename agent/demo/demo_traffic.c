#include "agent/demo/demo_traffic.h"

#include "analysis/base/text.h"
#include "providers/kube/tree.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define RECENT_TICKS 100
#define GROUPS_MAX   8
#define PREFIX       "nginx.ingress.kubernetes.io/"
#define SLOW_SECONDS 0.5
#define BUCKETS      12
#define COUNTED_MAX  8
#define PI           3.14159265358979323846

/* How a version answers: latencies are log-normal. */
struct habit {
	const char *tag;  /* the tag itself */
	const char *part; /* or a part of it; NULL: none */
	double median;    /* seconds */
	double spread;    /* of the logarithm */
	double errors;    /* the share answered with 500 */
};

static const struct habit habits[] = {
	{"v3", "slow", 2.0, 0.35, 0.0005},
	{"v4", "broken", 0.040, 0.40, 0.05},
	{"v1", NULL, 0.042, 0.40, 0.0004},
};

static const struct habit others = {NULL, NULL, 0.036, 0.40, 0.0003};

/* The buckets of ingress-nginx. */
static const struct bucket {
	double bound;
	const char *le;
} buckets[BUCKETS] = {
	{0.005, "0.005"}, {0.01, "0.01"}, {0.025, "0.025"}, {0.05, "0.05"},
	{0.1, "0.1"},     {0.25, "0.25"}, {0.5, "0.5"},     {1, "1"},
	{2.5, "2.5"},     {5, "5"},       {10, "10"},       {HUGE_VAL, "+Inf"},
};

/* The counters of one backend and status. */
struct counted {
	bool is_canary;
	const char *status;
	char service[64];
	struct demo_series *requests;
	struct demo_series *sum;
	struct demo_series *count;
	struct demo_series *buckets[BUCKETS];
};

struct demo_traffic {
	struct demo_traffic_options options;
	uint64_t state;
	struct counted counted[COUNTED_MAX];
	size_t n_counted;
	struct demo_traffic_version versions[DEMO_TRAFFIC_VERSIONS_MAX];
	size_t n_versions;
	struct demo_traffic_counts all;
	struct demo_traffic_counts ticks[RECENT_TICKS]; /* a ring */
	size_t n_ticks;
};

/* One backend as it is in this tick. */
struct backend {
	char service[64];
	char port[16];
	struct cluster_pods pods[GROUPS_MAX];
	size_t n_groups;
	size_t n_ready;
};

struct demo_traffic *demo_traffic_new(const struct demo_traffic_options *options)
{
	struct demo_traffic *traffic = calloc(1, sizeof(*traffic));

	if (!traffic)
		abort();
	traffic->options = *options;
	traffic->state = options->seed;
	return traffic;
}

struct demo_traffic *demo_traffic_free(struct demo_traffic *traffic)
{
	free(traffic);
	return NULL;
}

/* SplitMix64: Steele, Lea and Flood, "Fast splittable pseudorandom number generators". */
static uint64_t draw(struct demo_traffic *traffic)
{
	uint64_t z = traffic->state += UINT64_C(0x9E3779B97F4A7C15);

	z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
	return z ^ (z >> 31);
}

/* Evenly from 0 to 1, never 0. */
static double draw_part(struct demo_traffic *traffic)
{
	return ((double)(draw(traffic) >> 11) + 0.5) / 9007199254740992.0;
}

static double draw_normal(struct demo_traffic *traffic)
{
	double radius = sqrt(-2 * log(draw_part(traffic)));

	return radius * cos(2 * PI * draw_part(traffic));
}

/* What the cluster says
 * -------------------------------------------------------------------------------------- */

/* The backend of the Ingress's first path. */
static bool find_backend(const struct demo_traffic *traffic, const char *ingress,
                         struct backend *ret)
{
	const struct demo_traffic_options *options = &traffic->options;
	const json_t *object =
		apiserver_find(options->server, "ingresses", options->k8s_namespace, ingress);
	const json_t *rules = json_object_get(json_object_get(object, "spec"), "rules");
	const json_t *http = json_object_get(json_array_get(rules, 0), "http");
	const json_t *path = json_array_get(json_object_get(http, "paths"), 0);
	const json_t *service = json_object_get(json_object_get(path, "backend"), "service");
	const json_t *port = json_object_get(service, "port");

	if (!service)
		return false;
	text_copy(ret->service, kube_tree_value(service, "name"));
	text_copy(ret->port, kube_tree_value(port, "name"));
	if (json_object_get(port, "number"))
		text_format(ret->port, sizeof(ret->port), "%lld",
		            (long long)json_integer_value(json_object_get(port, "number")));
	ret->n_groups = cluster_backends(options->cluster, options->k8s_namespace, ret->service,
	                                 ret->pods, GROUPS_MAX);
	if (ret->n_groups > GROUPS_MAX)
		ret->n_groups = GROUPS_MAX;
	ret->n_ready = 0;
	for (size_t i = 0; i < ret->n_groups; i++)
		ret->n_ready += ret->pods[i].n_ready;
	return true;
}

static const char *canary_name(const struct demo_traffic *traffic, char ret[128])
{
	text_format(ret, 128, "%s-canary", traffic->options.ingress);
	return ret;
}

int demo_traffic_weight(const struct demo_traffic *traffic)
{
	char name[128];
	const json_t *object =
		apiserver_find(traffic->options.server, "ingresses", traffic->options.k8s_namespace,
	                       canary_name(traffic, name));
	const json_t *annotations =
		json_object_get(json_object_get(object, "metadata"), "annotations");
	char *end;
	long weight;

	if (strcmp(kube_tree_value(annotations, PREFIX "canary"), "true") != 0)
		return 0;
	weight = strtol(kube_tree_value(annotations, PREFIX "canary-weight"), &end, 10);
	if (*end || weight < 0)
		return 0;
	return weight > 100 ? 100 : (int)weight;
}

static const char *tag_of(const struct cluster_pods *pods)
{
	const json_t *containers =
		json_object_get(json_object_get(pods->template, "spec"), "containers");
	const char *image = kube_tree_value(json_array_get(containers, 0), "image");
	const char *colon = strrchr(image, ':');

	return colon ? colon + 1 : image;
}

/* Counting
 * --------------------------------------------------------------------------------------------- */

static struct demo_series *counter(const struct demo_traffic *traffic,
                                   const struct counted *counted, const char *name,
                                   const char *canary, const char *le)
{
	const struct demo_series_label labels[] = {
		{"namespace", traffic->options.k8s_namespace},
		{"ingress", traffic->options.ingress},
		{"service", counted->service},
		{"canary", canary},
		{"status", counted->status},
		{le ? "le" : NULL, le},
		{NULL, NULL},
	};

	return demo_series_get(traffic->options.series, name, labels);
}

/* ingress-nginx names the primary's Service in both, and the canary's backend in `canary`. */
static void open_counters(const struct demo_traffic *traffic, struct counted *counted,
                          const struct backend *backend)
{
	char canary[200] = "";

	if (counted->is_canary)
		text_format(canary, sizeof(canary), "%s-%s-%s", traffic->options.k8s_namespace,
		            backend->service, backend->port);
	counted->requests =
		counter(traffic, counted, "nginx_ingress_controller_requests", canary, NULL);
	counted->sum =
		counter(traffic, counted, "nginx_ingress_controller_response_duration_seconds_sum",
	                canary, NULL);
	counted->count =
		counter(traffic, counted,
	                "nginx_ingress_controller_response_duration_seconds_count", canary, NULL);
	for (size_t i = 0; i < BUCKETS; i++)
		counted->buckets[i] =
			counter(traffic, counted,
		                "nginx_ingress_controller_response_duration_seconds_bucket", canary,
		                buckets[i].le);
}

static struct counted *find_counters(struct demo_traffic *traffic, const struct backend *primary,
                                     const struct backend *backend, const char *status)
{
	struct counted *counted = traffic->counted;
	bool is_canary = backend != primary;

	for (size_t i = 0; i < traffic->n_counted; i++, counted++) {
		if (counted->is_canary == is_canary && strcmp(counted->status, status) == 0 &&
		    strcmp(counted->service, primary->service) == 0)
			return counted;
	}
	if (traffic->n_counted == COUNTED_MAX)
		return NULL;
	traffic->n_counted++;
	*counted = (struct counted){.is_canary = is_canary, .status = status};
	text_copy(counted->service, primary->service);
	open_counters(traffic, counted, backend);
	return counted;
}

static void count_version(struct demo_traffic *traffic, const char *tag, double latency,
                          bool is_error)
{
	struct demo_traffic_version *version = traffic->versions;
	size_t i = 0;

	while (i < traffic->n_versions && strcmp(version->tag, tag) != 0) {
		version++;
		i++;
	}
	if (i == DEMO_TRAFFIC_VERSIONS_MAX)
		return;
	if (i == traffic->n_versions) {
		traffic->n_versions++;
		text_copy(version->tag, tag);
	}
	version->n_requests++;
	version->n_slow += latency > SLOW_SECONDS;
	version->n_errors += is_error;
}

static void count(struct demo_traffic *traffic, struct counted *counted, double latency)
{
	if (!counted)
		return;
	demo_series_add(counted->requests, 1);
	demo_series_add(counted->sum, latency);
	demo_series_add(counted->count, 1);
	for (size_t i = 0; i < BUCKETS; i++) {
		if (latency <= buckets[i].bound)
			demo_series_add(counted->buckets[i], 1);
	}
}

/* Requests
 * --------------------------------------------------------------------------------------------- */

static const struct habit *habit_of(const char *tag)
{
	for (size_t i = 0; i < array_length(habits); i++) {
		if (strcmp(tag, habits[i].tag) == 0 ||
		    (habits[i].part && strstr(tag, habits[i].part)))
			return &habits[i];
	}
	return &others;
}

/* The tag of a ready pod, each as likely as the other. */
static const char *choose_pod(struct demo_traffic *traffic, const struct backend *backend)
{
	uint64_t at = draw(traffic) % backend->n_ready;

	for (size_t i = 0; i < backend->n_groups; i++) {
		if (at < backend->pods[i].n_ready)
			return tag_of(&backend->pods[i]);
		at -= backend->pods[i].n_ready;
	}
	return "";
}

/* One request; true when the canary's backend answered it. */
static bool serve(struct demo_traffic *traffic, const struct backend *primary,
                  const struct backend *canary, int weight)
{
	bool is_canary = draw_part(traffic) * 100 < weight && canary->n_ready > 0;
	const struct backend *backend = is_canary && primary->n_ready > 0 ? canary : primary;
	const struct habit *habit;
	const char *tag;
	double latency;
	bool is_error;

	if (backend->n_ready == 0) {
		count(traffic, find_counters(traffic, primary, backend, "503"), 0.0005);
		count_version(traffic, "", 0, true);
		return false;
	}
	tag = choose_pod(traffic, backend);
	habit = habit_of(tag);
	latency = habit->median * exp(habit->spread * draw_normal(traffic));
	is_error = draw_part(traffic) < habit->errors;
	count(traffic, find_counters(traffic, primary, backend, is_error ? "500" : "200"), latency);
	count_version(traffic, tag, latency, is_error);
	return backend == canary;
}

void demo_traffic_tick(struct demo_traffic *traffic)
{
	struct demo_traffic_counts *tick = &traffic->ticks[traffic->n_ticks++ % RECENT_TICKS];
	struct backend primary = {0};
	struct backend canary = {0};
	int weight = demo_traffic_weight(traffic);
	unsigned least = traffic->options.per_tick / 2;
	uint64_t n_requests;
	char name[128];

	*tick = (struct demo_traffic_counts){0};
	if (!find_backend(traffic, traffic->options.ingress, &primary))
		return;
	if (!find_backend(traffic, canary_name(traffic, name), &canary))
		weight = 0;
	n_requests = least + draw(traffic) % (traffic->options.per_tick + 1);
	for (uint64_t i = 0; i < n_requests; i++)
		tick->n_canary += serve(traffic, &primary, &canary, weight);
	tick->n_requests = n_requests;
	traffic->all.n_requests += tick->n_requests;
	traffic->all.n_canary += tick->n_canary;
}

struct demo_traffic_version demo_traffic_version(const struct demo_traffic *traffic,
                                                 const char *tag)
{
	for (size_t i = 0; i < traffic->n_versions; i++) {
		if (strcmp(traffic->versions[i].tag, tag) == 0)
			return traffic->versions[i];
	}
	return (struct demo_traffic_version){0};
}

struct demo_traffic_counts demo_traffic_all(const struct demo_traffic *traffic)
{
	return traffic->all;
}

struct demo_traffic_counts demo_traffic_recent(const struct demo_traffic *traffic)
{
	struct demo_traffic_counts recent = {0};

	for (size_t i = 0; i < RECENT_TICKS; i++) {
		recent.n_requests += traffic->ticks[i].n_requests;
		recent.n_canary += traffic->ticks[i].n_canary;
	}
	return recent;
}
