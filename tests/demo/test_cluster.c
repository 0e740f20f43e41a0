#include "agent/demo/cluster.h"
#include "tests/demo/ask.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DEPLOYMENTS "/apis/apps/v1/namespaces/shop/deployments"
#define WEB         DEPLOYMENTS "/web"
#define START       1763700000000

struct world {
	struct apiserver *server;
	struct cluster *cluster;
	struct instant now;
	struct instant next;
};

/* By image: web:bad is never ready, web:slow after 30 s, web:frail breaks after 10 s, others take 2
 * s. */
static struct cluster_behaviour behave(void *user, const json_t *template)
{
	const char *image = ask_text(template, "spec.containers.0.image");

	(void)user;
	if (strcmp(image, "web:slow") == 0)
		return (struct cluster_behaviour){.ready_after = span_seconds(30)};
	return (struct cluster_behaviour){
		.is_never_ready = strcmp(image, "web:bad") == 0,
		.ready_after = span_seconds(2),
		.breaks_after = span_seconds(strcmp(image, "web:frail") == 0 ? 10 : 0),
	};
}

static int set_up(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	if (!world)
		return -1;
	world->server = apiserver_new(NULL);
	world->cluster = cluster_new(&(struct cluster_options){
		.server = world->server,
		.delay = span_ms(100),
		.behaviour = behave,
		.has_endpoints = true,
	});
	world->now.ms = START;
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;

	cluster_free(world->cluster);
	apiserver_free(world->server);
	free(world);
	return 0;
}

static void step(struct world *world)
{
	world->next = cluster_step(world->cluster, world->now);
}

/* Let time pass, from one due time to the next. */
static void pass(struct world *world, struct span span)
{
	struct instant end = instant_after(world->now, span);

	for (step(world); instant_is_set(world->next) && !instant_is_before(end, world->next);
	     step(world))
		world->now = world->next;
	world->now = end;
	step(world);
}

static void send(struct world *world, enum http_method method, const char *url, const char *body)
{
	int status;
	json_t *reply = ask(world->server, world->now, method, url, body, &status);

	if (status / 100 != 2)
		fail_msg("%s: %d %s", url, status, ask_text(reply, "message"));
	json_decref(reply);
}

static void create(struct world *world, const char *rest)
{
	char body[1024];

	(void)snprintf(
		body, sizeof(body),
		"{'metadata':{'name':'web'},'spec':{'selector':{'matchLabels':{'app':'web'}},"
		"'template':{'metadata':{'labels':{'app':'web'}},'spec':{'containers':[{"
		"'name':'c','image':'web:1'}]}}%s}}",
		rest);
	send(world, HTTP_POST, DEPLOYMENTS, body);
}

static void set_image(struct world *world, const char *image)
{
	char body[256];

	(void)snprintf(
		body, sizeof(body),
		"[{'op':'replace','path':'/spec/template/spec/containers/0/image','value':'%s'}]",
		image);
	send(world, HTTP_PATCH, WEB, body);
}

static size_t ready(struct world *world)
{
	json_t *selector = json_pack("{s:s}", "app", "web");
	size_t n = cluster_ready_pods(world->cluster, "shop", selector);

	json_decref(selector);
	return n;
}

/* Ready pods with this image. */
static size_t ready_of(struct world *world, const char *image)
{
	json_t *selector = json_pack("{s:s}", "app", "web");
	struct cluster_pods pods[8];
	size_t n = cluster_select(world->cluster, "shop", selector, pods, array_length(pods));
	size_t n_ready = 0;

	for (size_t i = 0; i < n; i++) {
		if (strcmp(ask_text(pods[i].template, "spec.containers.0.image"), image) == 0)
			n_ready += pods[i].n_ready;
	}
	json_decref(selector);
	return n_ready;
}

/* Status as "observed replicas/updated/ready/available/unavailable available progressing-reason".
 */
static const char *status(struct world *world, char text[256])
{
	const json_t *object = apiserver_find(world->server, "deployments", "shop", "web");
	const json_t *found = json_object_get(object, "status");
	long long counts[6];
	static const char *const names[] = {"observedGeneration", "replicas",
	                                    "updatedReplicas",    "readyReplicas",
	                                    "availableReplicas",  "unavailableReplicas"};

	for (size_t i = 0; i < array_length(names); i++)
		counts[i] = json_integer_value(json_object_get(found, names[i]));
	(void)snprintf(text, 256, "%lld %lld/%lld/%lld/%lld/%lld %s %s", counts[0], counts[1],
	               counts[2], counts[3], counts[4], counts[5],
	               ask_text(found, "conditions.0.status"),
	               ask_text(found, "conditions.1.reason"));
	return text;
}

#define assert_status(world, wanted)                \
 do {                                               \
  char text[256];                                   \
  assert_string_equal(status(world, text), wanted); \
 } while (0)

static void test_first(void **state)
{
	struct world *world = *state;
	const json_t *object;

	create(world, ",'replicas':3");
	step(world); /* the controller has not seen it */
	assert_status(world, "0 0/0/0/0/0  ");
	assert_int_equal(world->next.ms, START + 100);
	pass(world, span_ms(100));
	assert_status(world, "1 3/3/0/0/3 False ReplicaSetUpdated");
	object = apiserver_find(world->server, "deployments", "shop", "web");
	assert_null(ask_at(object, "status.readyReplicas")); /* zero is left out */
	assert_int_equal(world->next.ms, START + 2100);
	pass(world, span_seconds(2));
	assert_status(world, "1 3/3/3/3/0 True NewReplicaSetAvailable");
	assert_int_equal(world->next.ms, 0);
	object = apiserver_find(world->server, "deployments", "shop", "web");
	assert_string_equal(
		json_string_value(json_object_get(ask_at(object, "metadata.annotations"),
	                                          "deployment.kubernetes.io/revision")),
		"1");
	assert_int_equal(ask_number(object, "metadata.generation"), 1);
	assert_int_equal(ready(world), 3);
}

/* At rest the cluster writes nothing, however often it is stepped. */
static void test_idle(void **state)
{
	struct world *world = *state;
	uint64_t revision;

	create(world, ",'replicas':3");
	pass(world, span_seconds(10));
	revision = apiserver_revision(world->server);
	pass(world, span_seconds(10000));
	assert_int_equal(apiserver_revision(world->server), revision);
}

/* Never fewer ready pods and never more pods than the strategy allows; in the end all are new. */
static void test_rolling(void **state)
{
	static const struct {
		const char *strategy;
		int64_t least;
		int64_t most;
	} rows[] = {
		/* 10 replicas: 25 % are 3 more (up) and 2 fewer (down) */
		{"", 8, 13},
		{"'rollingUpdate':{'maxSurge':1,'maxUnavailable':0}", 10, 11},
		{"'rollingUpdate':{'maxSurge':0,'maxUnavailable':1}", 9, 10},
		{"'rollingUpdate':{'maxSurge':0,'maxUnavailable':0}", 9, 10},
		{"'rollingUpdate':{'maxSurge':'0%','maxUnavailable':'100%'}", 0, 10},
		{"'rollingUpdate':{'maxSurge':'100%','maxUnavailable':'0%'}", 10, 20},
	};

	for (size_t i = 0; i < array_length(rows); i++) {
		struct world *world;
		char rest[256];

		assert_int_equal(set_up(state), 0);
		world = *state;
		(void)snprintf(rest, sizeof(rest),
		               ",'replicas':10,'strategy':{'type':'RollingUpdate'%s%s}",
		               *rows[i].strategy ? "," : "", rows[i].strategy);
		create(world, rest);
		pass(world, span_seconds(10));
		assert_int_equal(ready(world), 10);
		set_image(world, "web:2");
		for (int j = 0; j < 400; j++) {
			const json_t *object;

			pass(world, span_ms(100));
			object = apiserver_find(world->server, "deployments", "shop", "web");
			assert_in_range(ready(world), rows[i].least, rows[i].most);
			assert_in_range(ask_number(object, "status.replicas"), rows[i].least,
			                rows[i].most);
		}
		assert_int_equal(ready_of(world, "web:2"), 10);
		assert_status(world, "2 10/10/10/10/0 True NewReplicaSetAvailable");
		if (i + 1 < array_length(rows))
			tear_down(state);
	}
}

static void test_recreate(void **state)
{
	struct world *world = *state;

	create(world, ",'replicas':3,'strategy':{'type':'Recreate'}");
	pass(world, span_seconds(10));
	set_image(world, "web:2");
	pass(world, span_ms(200));
	assert_int_equal(ready(world), 0);
	assert_status(world, "2 3/3/0/0/3 False ReplicaSetUpdated");
	pass(world, span_seconds(3));
	assert_int_equal(ready_of(world, "web:2"), 3);
}

/* A template that never gets ready stops at the surge, and the deadline says so once. */
static void test_deadline(void **state)
{
	struct world *world = *state;

	create(world, ",'replicas':4,'progressDeadlineSeconds':60");
	pass(world, span_seconds(10));
	set_image(world, "web:bad");
	pass(world, span_seconds(50));
	assert_status(world, "2 5/2/3/3/2 True ReplicaSetUpdated");
	pass(world, span_seconds(20));
	assert_status(world, "2 5/2/3/3/2 True ProgressDeadlineExceeded");
	assert_int_equal(world->next.ms, 0);
	/* back: the old template's pods are found again */
	set_image(world, "web:1");
	pass(world, span_seconds(10));
	assert_status(world, "3 4/4/4/4/0 True NewReplicaSetAvailable");
	assert_string_equal(
		json_string_value(json_object_get(
			ask_at(apiserver_find(world->server, "deployments", "shop", "web"),
	                       "metadata.annotations"),
			"deployment.kubernetes.io/revision")),
		"3");
}

/* Scaling moves generation but is no rollout; from zero and back to it. */
static void test_scale(void **state)
{
	struct world *world = *state;

	create(world, ",'replicas':2");
	pass(world, span_seconds(10));
	send(world, HTTP_PATCH, WEB, "{'spec':{'replicas':0}}");
	pass(world, span_ms(50));
	assert_status(world, "1 2/2/2/2/0 True NewReplicaSetAvailable"); /* not yet seen */
	pass(world, span_ms(100));
	assert_status(world, "2 0/0/0/0/0 True NewReplicaSetAvailable");
	send(world, HTTP_PATCH, WEB, "{'spec':{'replicas':5}}");
	pass(world, span_seconds(1));
	assert_status(world, "3 5/5/0/0/5 False NewReplicaSetAvailable");
	pass(world, span_seconds(3));
	assert_status(world, "3 5/5/5/5/0 True NewReplicaSetAvailable");
}

/* The status is made of what the ReplicaSet's says, which counts its pods later: for a moment it
 * speaks of the new generation with the counts of before. */
static void test_scale_lags(void **state)
{
	struct world *world = *state;

	cluster_free(world->cluster);
	world->cluster = cluster_new(&(struct cluster_options){
		.server = world->server, .lag = span_ms(100), .behaviour = behave});
	create(world, ",'replicas':2");
	pass(world, span_seconds(10));
	send(world, HTTP_PATCH, WEB, "{'spec':{'replicas':0}}");
	pass(world, span_ms(50));
	assert_int_equal(ready(world), 0);
	assert_status(world, "2 2/2/2/2/0 True NewReplicaSetAvailable");
	send(world, HTTP_PATCH, WEB, "{'spec':{'replicas':2}}");
	pass(world, span_ms(50));
	assert_int_equal(ready(world), 0);
	assert_status(world, "3 2/2/2/2/0 True NewReplicaSetAvailable");
	pass(world, span_ms(100));
	assert_status(world, "3 2/2/0/0/2 False NewReplicaSetAvailable");
	pass(world, span_seconds(3));
	assert_status(world, "3 2/2/2/2/0 True NewReplicaSetAvailable");
	send(world, HTTP_PATCH, WEB, "{'spec':{'replicas':0}}");
	set_image(world, "web:2");
	step(world);
	assert_status(world, "5 0/0/0/0/0 True NewReplicaSetAvailable"); /* of another set */
}

/* In the midst of a rollout both templates get their part. */
static void test_scale_in_proportion(void **state)
{
	struct world *world = *state;

	create(world,
	       ",'replicas':10,'strategy':{'rollingUpdate':{'maxSurge':0,"
	       "'maxUnavailable':4}}");
	pass(world, span_seconds(10));
	set_image(world, "web:bad");
	pass(world, span_seconds(5));
	assert_int_equal(ready_of(world, "web:1"), 6);
	send(world, HTTP_PATCH, WEB, "{'spec':{'replicas':20}}");
	pass(world, span_seconds(5));
	assert_status(world, "3 20/8/12/12/8 False ReplicaSetUpdated");
}

static void test_min_ready(void **state)
{
	struct world *world = *state;

	create(world, ",'replicas':2,'minReadySeconds':20");
	pass(world, span_seconds(10));
	assert_status(world, "1 2/2/2/0/2 False ReplicaSetUpdated");
	pass(world, span_seconds(15));
	assert_status(world, "1 2/2/2/2/0 True NewReplicaSetAvailable");
}

static void test_paused(void **state)
{
	struct world *world = *state;

	create(world, ",'replicas':2");
	pass(world, span_seconds(10));
	send(world, HTTP_PATCH, WEB, "{'spec':{'paused':true}}");
	set_image(world, "web:2");
	pass(world, span_seconds(10));
	assert_int_equal(ready_of(world, "web:1"), 2);
	send(world, HTTP_PATCH, WEB, "{'spec':{'paused':false}}");
	pass(world, span_seconds(10));
	assert_int_equal(ready_of(world, "web:2"), 2);
}

static void test_breaking(void **state)
{
	struct world *world = *state;

	create(world, ",'replicas':2");
	pass(world, span_seconds(10));
	assert_int_equal(cluster_break_pods(world->cluster, "shop", "web", 1), 1);
	step(world);
	assert_status(world, "1 2/2/1/1/1 False NewReplicaSetAvailable");
	set_image(world, "web:frail");
	pass(world, span_seconds(8));
	assert_int_equal(ready_of(world, "web:frail"), 2);
	pass(world, span_seconds(10));
	assert_int_equal(ready(world), 0);
}

static void test_service(void **state)
{
	struct world *world = *state;
	struct cluster_pods pods[4];
	const json_t *slice;

	send(world, HTTP_POST, "/api/v1/namespaces/shop/services",
	     "{'metadata':{'name':'web'},'spec':{'selector':{'app':'web'},'ports':[{'port':80}]}}");
	create(world, ",'replicas':2");
	pass(world, span_seconds(1));
	slice = apiserver_find(world->server, "endpointslices", "shop", "web-sim");
	assert_int_equal(json_array_size(json_object_get(slice, "endpoints")), 2);
	assert_true(json_is_false(ask_at(slice, "endpoints.0.conditions.ready")));
	pass(world, span_seconds(10));
	slice = apiserver_find(world->server, "endpointslices", "shop", "web-sim");
	assert_true(json_is_true(ask_at(slice, "endpoints.0.conditions.ready")));
	assert_int_equal(cluster_backends(world->cluster, "shop", "web", pods, 4), 1);
	assert_int_equal(pods[0].n_ready, 2);
	assert_string_equal(pods[0].deployment, "web");
	assert_int_equal(cluster_backends(world->cluster, "shop", "nope", pods, 4), 0);
	assert_int_equal(cluster_backends(world->cluster, "other", "web", pods, 4), 0);
	/* the slice goes with its Service */
	send(world, HTTP_DELETE, "/api/v1/namespaces/shop/services/web", NULL);
	step(world);
	assert_null(apiserver_find(world->server, "endpointslices", "shop", "web-sim"));
}

/* A Deployment that is deleted takes its pods along; one of the same name is another. */
static void test_deletion(void **state)
{
	struct world *world = *state;

	create(world, ",'replicas':2");
	pass(world, span_seconds(10));
	send(world, HTTP_DELETE, WEB, NULL);
	step(world);
	assert_int_equal(ready(world), 0);
	create(world, ",'replicas':1");
	pass(world, span_seconds(10));
	assert_status(world, "1 1/1/1/1/0 True NewReplicaSetAvailable");
}

static void create_owned(struct world *world, const char *name, const char *owner, const char *uid)
{
	char body[512];

	(void)snprintf(body, sizeof(body),
	               "{'metadata':{'name':'%s','ownerReferences':[{'apiVersion':'v1','kind':"
	               "'ConfigMap','name':'%s','uid':'%s'}]}}",
	               name, owner, uid);
	send(world, HTTP_POST, "/api/v1/namespaces/shop/configmaps", body);
}

static const char *uid_of(struct world *world, const char *name)
{
	return ask_text(apiserver_find(world->server, "configmaps", "shop", name), "metadata.uid");
}

/* grandchild -> child -> owner; what becomes of them when the owner is deleted. */
static void test_garbage(void **state)
{
	static const struct {
		const char *policy;
		bool has_child;
	} rows[] = {
		{"Background", false},
		{"Foreground", false},
		{"Orphan", true},
	};
	struct world *world = *state;

	for (size_t i = 0; i < array_length(rows); i++) {
		char url[256];

		send(world, HTTP_POST, "/api/v1/namespaces/shop/configmaps",
		     "{'metadata':{'name':'owner'}}");
		create_owned(world, "child", "owner", uid_of(world, "owner"));
		create_owned(world, "grandchild", "child", uid_of(world, "child"));
		step(world);
		assert_non_null(apiserver_find(world->server, "configmaps", "shop", "child"));
		(void)snprintf(url, sizeof(url),
		               "/api/v1/namespaces/shop/configmaps/owner?propagationPolicy=%s",
		               rows[i].policy);
		send(world, HTTP_DELETE, url, NULL);
		step(world);
		assert_null(apiserver_find(world->server, "configmaps", "shop", "owner"));
		assert_int_equal(*uid_of(world, "child") != '\0', rows[i].has_child);
		assert_int_equal(*uid_of(world, "grandchild") != '\0', rows[i].has_child);
	}
	assert_null(ask_at(apiserver_find(world->server, "configmaps", "shop", "child"),
	                   "metadata.ownerReferences"));
	/* an owner of the name but not of the uid is none */
	create_owned(world, "stray", "child", "00000000-0000-0000-0000-000000000000");
	step(world);
	assert_string_equal(uid_of(world, "stray"), "");
}

static void test_limit(void **state)
{
	struct world *world = *state;

	create(world, ",'replicas':100000000");
	pass(world, span_seconds(10));
	assert_int_equal(ready(world), CLUSTER_PODS_MAX);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_first),
		TEST(test_idle),
		cmocka_unit_test_teardown(test_rolling, tear_down),
		TEST(test_recreate),
		TEST(test_deadline),
		TEST(test_scale),
		TEST(test_scale_lags),
		TEST(test_scale_in_proportion),
		TEST(test_min_ready),
		TEST(test_paused),
		TEST(test_breaking),
		TEST(test_service),
		TEST(test_deletion),
		TEST(test_garbage),
		TEST(test_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
