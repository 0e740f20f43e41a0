#include "agent/demo/apiserver.h"
#include "tests/demo/ask.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DEPLOYMENTS "/apis/apps/v1/namespaces/shop/deployments"
#define CANARIES    "/apis/flagger.app/v1beta1/namespaces/shop/canaries"
#define RELEASES    "/apis/serin.dev/v1alpha1/namespaces/shop/releases"
#define SERVICES    "/api/v1/namespaces/shop/services"
#define CONFIGMAPS  "/api/v1/namespaces/shop/configmaps"
#define LEASES      "/apis/coordination.k8s.io/v1/namespaces/shop/leases"

static void test_create(void **state)
{
	int status;
	json_t *object = ask(*state, ASK_NOW, HTTP_POST, CANARIES, ASK_CANARY("a", ""), &status);

	assert_int_equal(status, 201);
	assert_string_equal(ask_text(object, "metadata.namespace"), "shop");
	assert_string_equal(ask_text(object, "metadata.resourceVersion"), "1001");
	assert_string_equal(ask_text(object, "metadata.creationTimestamp"), "2025-11-21T04:40:00Z");
	assert_int_equal(strlen(ask_text(object, "metadata.uid")), 36);
	assert_int_equal(ask_number(object, "metadata.generation"), 1);
	assert_null(ask_at(object, "status")); /* it has a subresource of its own */
	assert_string_equal(ask_text(object, "metadata.managedFields.0.manager"), "ask");
	json_decref(object);

	object = ask(*state, ASK_NOW, HTTP_POST, CANARIES, ASK_CANARY("a", ""), &status);
	assert_int_equal(status, 409);
	assert_string_equal(ask_text(object, "reason"), "AlreadyExists");
	assert_string_equal(ask_text(object, "message"),
	                    "canaries.flagger.app \"a\" already exists");
	json_decref(object);
}

static void test_generate_name(void **state)
{
	int status;
	json_t *object = ask(*state, ASK_NOW, HTTP_POST, CONFIGMAPS,
	                     "{'metadata':{'generateName':'conf-'},'data':{'k':'v'}}", &status);

	assert_int_equal(status, 201);
	assert_int_equal(strlen(ask_text(object, "metadata.name")), 10);
	assert_memory_equal(ask_text(object, "metadata.name"), "conf-", 5);
	json_decref(object);
}

/* Two servers with one seed give the same answers. */
static void test_deterministic(void **state)
{
	struct apiserver *other = apiserver_new(NULL);
	struct apiserver *foreign = apiserver_new(&(struct apiserver_options){.seed = 2});
	json_t *first = ask(*state, ASK_NOW, HTTP_POST, CANARIES, ASK_CANARY("a", ""), NULL);
	json_t *second = ask(other, ASK_NOW, HTTP_POST, CANARIES, ASK_CANARY("a", ""), NULL);
	json_t *third = ask(foreign, ASK_NOW, HTTP_POST, CANARIES, ASK_CANARY("a", ""), NULL);

	assert_true(json_equal(first, second));
	assert_string_not_equal(ask_text(first, "metadata.uid"), ask_text(third, "metadata.uid"));
	json_decref(first);
	json_decref(second);
	json_decref(third);
	apiserver_free(other);
	apiserver_free(foreign);
}

/* Requests that are refused, with the status and the reason of kube-apiserver 1.35. */
static void test_refusals(void **state)
{
	static const struct {
		enum http_method method;
		const char *url;
		const char *body;
		int status;
		const char *reason;
	} rows[] = {
		/* no such object, resource, group, version */
		{HTTP_GET, DEPLOYMENTS "/nope", NULL, 404, "NotFound"},
		{HTTP_GET, "/api/v1/namespaces/shop/nopes", NULL, 404, "NotFound"},
		{HTTP_GET, "/api/v2/pods", NULL, 404, "NotFound"},
		{HTTP_GET, "/", NULL, 404, "NotFound"},
		/* a subresource the resource has not */
		{HTTP_GET, CONFIGMAPS "/conf/status", NULL, 404, "NotFound"},
		/* a namespaced object without namespace */
		{HTTP_GET, "/apis/apps/v1/deployments/web", NULL, 404, "NotFound"},
		{HTTP_POST, "/apis/apps/v1/deployments", ASK_WEB, 405, "MethodNotAllowed"},
		/* names */
		{HTTP_POST, CONFIGMAPS, "{'metadata':{}}", 422, "Invalid"},
		{HTTP_POST, CONFIGMAPS, "{'metadata':{'name':'A_b'}}", 422, "Invalid"},
		{HTTP_POST, CONFIGMAPS, "{'metadata':{'name':'-a'}}", 422, "Invalid"},
		{HTTP_POST, SERVICES, "{'metadata':{'name':'1a'},'spec':{}}", 422, "Invalid"},
		{HTTP_POST, CONFIGMAPS, "{'metadata':{'name':'a','namespace':'b'}}", 400,
	         "BadRequest"},
		/* kinds */
		{HTTP_POST, CONFIGMAPS, "{'kind':'Pod','metadata':{'name':'a'}}", 400,
	         "BadRequest"},
		{HTTP_POST, CONFIGMAPS, "{'apiVersion':'v2','metadata':{'name':'a'}}", 400,
	         "BadRequest"},
		{HTTP_POST, CANARIES, "{'metadata':{'name':'a'}}", 400, "BadRequest"},
		/* not JSON, no object */
		{HTTP_POST, CONFIGMAPS, "{'metadata':", 400, "BadRequest"},
		{HTTP_POST, CONFIGMAPS, "[]", 400, "BadRequest"},
		{HTTP_POST, CONFIGMAPS, "{'metadata':1}", 400, "BadRequest"},
		{HTTP_POST, CONFIGMAPS, "{'metadata':{'name':'a','labels':{'a':1}}}", 400,
	         "BadRequest"},
		/* created with a version */
		{HTTP_POST, CONFIGMAPS, "{'metadata':{'name':'a','resourceVersion':'1'}}", 500, ""},
		/* Deployments */
		{HTTP_POST, DEPLOYMENTS, "{'metadata':{'name':'a'},'spec':{}}", 422, "Invalid"},
		{HTTP_POST, DEPLOYMENTS,
	         "{'metadata':{'name':'a'},'spec':{'selector':{'matchLabels':{'a':'b'}},'template':"
	         "{}}}",
	         422, "Invalid"},
		/* patches of what is not there, in unknown words */
		{HTTP_PATCH, DEPLOYMENTS "/nope", "{}", 404, "NotFound"},
		{HTTP_PATCH, DEPLOYMENTS, "{}", 405, "MethodNotAllowed"},
		{HTTP_PUT, DEPLOYMENTS, ASK_WEB, 405, "MethodNotAllowed"},
		{HTTP_DELETE, DEPLOYMENTS, NULL, 405, "MethodNotAllowed"},
		/* parameters */
		{HTTP_GET, CANARIES "?limit=x", NULL, 400, "BadRequest"},
		{HTTP_GET, CANARIES "?resourceVersion=x", NULL, 400, "BadRequest"},
		{HTTP_GET, CANARIES "?resourceVersion=99999", NULL, 504, "Timeout"},
		{HTTP_GET, CANARIES "?resourceVersionMatch=Exact", NULL, 422, "Invalid"},
		{HTTP_GET, CANARIES "?resourceVersion=0&resourceVersionMatch=Exact", NULL, 422,
	         "Invalid"},
		{HTTP_GET, CANARIES "?continue=zz", NULL, 400, "BadRequest"},
		{HTTP_GET, CANARIES "?labelSelector=a+in+(b", NULL, 400, "BadRequest"},
		{HTTP_GET, CANARIES "?labelSelector=a!b", NULL, 400, "BadRequest"},
		{HTTP_GET, CANARIES "?fieldSelector=spec.a%3D1", NULL, 400, "BadRequest"},
	};

	for (size_t i = 0; i < array_length(rows); i++) {
		int status;
		json_t *reply =
			ask(*state, ASK_NOW, rows[i].method, rows[i].url, rows[i].body, &status);

		if (status != rows[i].status ||
		    strcmp(ask_text(reply, "reason"), rows[i].reason) != 0)
			fail_msg("row %zu: %d %s", i, status, ask_text(reply, "message"));
		assert_string_equal(ask_text(reply, "kind"), "Status");
		assert_string_equal(ask_text(reply, "status"), "Failure");
		assert_int_equal(ask_number(reply, "code"), status);
		json_decref(reply);
	}
	assert_int_equal(apiserver_revision(*state), 1000);
}

/* A group that nobody installed is no Status. */
static void test_unknown_group(void **state)
{
	struct http_request request = {.method = HTTP_GET, .url = "/apis/istio.io/v1/x"};
	struct arena arena = {0};
	struct http_reply reply = apiserver_serve(*state, &request, &arena, ASK_NOW);

	assert_int_equal(reply.status, 404);
	assert_string_equal(reply.body, "404 page not found\n");
	arena_fini(&arena);
}

static void test_body_limit(void **state)
{
	struct apiserver *server = apiserver_new(&(struct apiserver_options){.body_max = 64});

	assert_int_equal(
		ask_status(server, ASK_NOW, HTTP_POST, CONFIGMAPS,
	                   "{'metadata':{'name':'a'},'data':{'k':'vvvvvvvvvvvvvvvvvvvv'}}"),
		201);
	assert_int_equal(
		ask_status(server, ASK_NOW, HTTP_POST, CONFIGMAPS,
	                   "{'metadata':{'name':'b'},'data':{'k':'vvvvvvvvvvvvvvvvvvvvvvvvv'}}"),
		413);
	apiserver_free(server);
}

static void test_defaults(void **state)
{
	json_t *object;

	ask_post(state, DEPLOYMENTS, ASK_WEB);
	object = ask_get(state, DEPLOYMENTS "/web");
	assert_int_equal(ask_number(object, "spec.progressDeadlineSeconds"), 600);
	assert_string_equal(ask_text(object, "spec.strategy.rollingUpdate.maxSurge"), "25%");
	assert_string_equal(ask_text(object,
	                             "spec.template.spec.containers.0.terminationMessagePath"),
	                    "/dev/termination-log");
	json_decref(object);
	ask_post(state, SERVICES, "{'metadata':{'name':'web'},'spec':{'ports':[{'port':80}]}}");
	object = ask_get(state, SERVICES "/web");
	assert_int_equal(ask_number(object, "spec.ports.0.targetPort"), 80);
	assert_string_equal(ask_text(object, "spec.clusterIP"), "10.96.0.1");
	json_decref(object);
	/* an update without address keeps it, another is refused */
	assert_int_equal(ask_status(*state, ASK_NOW, HTTP_PUT, SERVICES "/web",
	                            "{'metadata':{'name':'web'},'spec':{'ports':[{'port':81}]}}"),
	                 200);
	assert_int_equal(ask_patch(state, SERVICES "/web", "{'spec':{'clusterIP':'10.0.0.1'}}"),
	                 422);
}

/* Generation follows the spec of custom resources, and also the annotations of Deployments. */
static void test_generation(void **state)
{
	static const struct {
		const char *url;
		const char *patch;
		int generation;
	} rows[] = {
		{CANARIES "/a", "{'metadata':{'labels':{'l':'1'}}}", 1},
		{CANARIES "/a", "{'metadata':{'annotations':{'l':'1'}}}", 1},
		{CANARIES "/a", "{'spec':{'a':2}}", 2},
		{CANARIES "/a", "{'spec':{'a':2}}", 2},
		{CANARIES "/a", "{'metadata':{'generation':9}}", 2},
		{CANARIES "/a/status", "{'status':{'phase':'Ready'},'spec':{'a':3}}", 2},
		{DEPLOYMENTS "/web", "{'metadata':{'labels':{'l':'1'}}}", 1},
		{DEPLOYMENTS "/web", "{'spec':{'replicas':3}}", 2},
		{DEPLOYMENTS "/web", "{'metadata':{'annotations':{'l':'1'}}}", 3},
		/* the controller's way to its revision annotation */
		{DEPLOYMENTS "/web/status", "{'metadata':{'annotations':{'r':'1'}}}", 3},
	};

	ask_post(state, CANARIES, ASK_CANARY("a", ""));
	ask_post(state, DEPLOYMENTS, ASK_WEB);
	for (size_t i = 0; i < array_length(rows); i++) {
		int status;
		json_t *object =
			ask(*state, ASK_NOW, HTTP_PATCH, rows[i].url, rows[i].patch, &status);

		if (ask_number(object, "metadata.generation") != rows[i].generation)
			fail_msg("row %zu: %d, generation %lld", i, status,
			         (long long)ask_number(object, "metadata.generation"));
		json_decref(object);
	}
}

static void test_no_change(void **state)
{
	uint64_t revision;

	ask_post(state, DEPLOYMENTS, ASK_WEB);
	revision = apiserver_revision(*state);
	assert_int_equal(ask_patch(state, DEPLOYMENTS "/web", "{'spec':{'replicas':2}}"), 200);
	assert_int_equal(ask_patch(state, DEPLOYMENTS "/web", "{'status':{'replicas':2}}"), 200);
	assert_int_equal(ask_patch(state, DEPLOYMENTS "/web", "{'metadata':{'labels':{'x':null}}}"),
	                 200);
	assert_int_equal(ask_status(*state, ASK_NOW, HTTP_PUT, DEPLOYMENTS "/web", ASK_WEB), 200);
	assert_int_equal(apiserver_revision(*state), revision);
	assert_int_equal(apiserver_count_writes(*state), 1);
	assert_int_equal(apiserver_count(*state), 5);
}

/* Built-in resources keep no nulls, metadata keeps nothing empty. */
static void test_nothing_empty(void **state)
{
	json_t *object;

	ask_post(state, CONFIGMAPS,
	         "{'metadata':{'name':'c','labels':{},'finalizers':[]},'data':{'a':null,'b':'c'}}");
	object = ask_get(state, CONFIGMAPS "/c");
	assert_null(ask_at(object, "data.a"));
	assert_string_equal(ask_text(object, "data.b"), "c");
	assert_null(ask_at(object, "metadata.labels"));
	assert_null(ask_at(object, "metadata.finalizers"));
	json_decref(object);
}

static void test_status_subresource(void **state)
{
	json_t *object;

	ask_post(state, CANARIES, ASK_CANARY("a", ""));
	assert_int_equal(ask_patch(state, CANARIES "/a", "{'status':{'phase':'Forged'}}"), 200);
	assert_int_equal(ask_patch(state, CANARIES "/a/status",
	                           "{'status':{'phase':'Ready'},'spec':{'a':7},"
	                           "'metadata':{'labels':{'l':'1'}}}"),
	                 200);
	assert_int_equal(ask_patch(state, CANARIES "/a", "{'spec':{'a':2},'status':{'phase':'X'}}"),
	                 200);
	object = ask_get(state, CANARIES "/a");
	assert_string_equal(ask_text(object, "status.phase"), "Ready");
	assert_int_equal(ask_number(object, "spec.a"), 2);
	assert_null(ask_at(object, "metadata.labels"));
	assert_string_equal(ask_text(object, "metadata.managedFields.1.subresource"), "status");
	json_decref(object);
}

static void test_conflicts(void **state)
{
	static const struct {
		enum http_method method;
		const char *url;
		const char *body;
		int status;
	} rows[] = {
		/* a stale version in the body is a precondition, in whatever verb */
		{HTTP_PATCH, CANARIES "/a", "{'metadata':{'resourceVersion':'1'}}", 409},
		{HTTP_PATCH, CANARIES "/a/status", "{'metadata':{'resourceVersion':'1'}}", 409},
		{HTTP_PATCH, CANARIES "/a",
	         "[{'op':'replace','path':'/metadata/resourceVersion','value':'1'}]", 409},
		{HTTP_PUT, CANARIES "/a", ASK_CANARY("a", ",'resourceVersion':'1'"), 409},
		{HTTP_PUT, CANARIES "/a", ASK_CANARY("a", ",'resourceVersion':'1001','uid':'u'"),
	         409},
		/* a failed test is 422, also on the version */
		{HTTP_PATCH, CANARIES "/a",
	         "[{'op':'test','path':'/metadata/resourceVersion','value':'1'}]", 422},
		{HTTP_PATCH, CANARIES "/a", "[{'op':'test','path':'/spec/a','value':5}]", 422},
		{HTTP_PATCH, CANARIES "/a", "[{'op':'remove','path':'/spec/nope'}]", 422},
		{HTTP_PATCH, CANARIES "/a", "{'metadata':{'uid':'u'}}", 422},
		/* custom resources and leases are not replaced blindly; other things are */
		{HTTP_PUT, CANARIES "/a", ASK_CANARY("a", ""), 422},
		{HTTP_PUT, LEASES "/l", "{'metadata':{'name':'l'},'spec':{'holderIdentity':'i'}}",
	         422},
		{HTTP_PUT, CONFIGMAPS "/c", "{'metadata':{'name':'c'},'data':{'a':'b'}}", 200},
		/* PUT creates only some */
		{HTTP_PUT, CONFIGMAPS "/d", "{'metadata':{'name':'d'}}", 404},
		{HTTP_PUT, LEASES "/m", "{'metadata':{'name':'m'},'spec':{}}", 201},
		/* PUT and its name */
		{HTTP_PUT, CONFIGMAPS "/c", "{'metadata':{'name':'d'}}", 400},
		{HTTP_PUT, CONFIGMAPS "/c", "{'metadata':{}}", 400},
		{HTTP_PATCH, CONFIGMAPS "/c", "{'metadata':{'name':'d'}}", 400},
		{HTTP_PATCH, CONFIGMAPS "/c", "{'metadata':{'namespace':'d'}}", 400},
		/* preconditions of DELETE */
		{HTTP_DELETE, CANARIES "/a", "{'preconditions':{'uid':'u'}}", 409},
		{HTTP_DELETE, CANARIES "/a", "{'preconditions':{'resourceVersion':'1'}}", 409},
		{HTTP_DELETE, CANARIES "/a", "{'propagationPolicy':'Sideways'}", 422},
		/* the right version */
		{HTTP_PUT, CANARIES "/a", ASK_CANARY("a", ",'resourceVersion':'1001'"), 200},
		{HTTP_PATCH, CANARIES "/a",
	         "[{'op':'test','path':'/metadata/resourceVersion','value':'1001'},"
	         "{'op':'replace','path':'/spec/a','value':2}]",
	         200},
		{HTTP_DELETE, CANARIES "/a", "{'preconditions':{'resourceVersion':'1006'}}", 200},
	};

	ask_post(state, CANARIES, ASK_CANARY("a", ""));
	ask_post(state, CONFIGMAPS, "{'metadata':{'name':'c'}}");
	ask_post(state, LEASES, "{'metadata':{'name':'l'},'spec':{}}");
	for (size_t i = 0; i < array_length(rows); i++) {
		int status;
		json_t *reply =
			ask(*state, ASK_NOW, rows[i].method, rows[i].url, rows[i].body, &status);

		if (status != rows[i].status)
			fail_msg("row %zu: %d %s", i, status, ask_text(reply, "message"));
		json_decref(reply);
	}
}

static void test_immutable(void **state)
{
	int status;
	json_t *reply;

	ask_post(state, RELEASES,
	         "{'apiVersion':'serin.dev/v1alpha1','kind':'Release','metadata':{'name':'cart-1'},"
	         "'spec':{'cause':'init'}}");
	reply = ask(*state, ASK_NOW, HTTP_PATCH, RELEASES "/cart-1", "{'spec':{'cause':'undo'}}",
	            &status);
	assert_int_equal(status, 422);
	assert_string_equal(
		ask_text(reply, "message"),
		"Release.serin.dev \"cart-1\" is invalid: spec: Invalid value: spec is immutable");
	json_decref(reply);
	assert_int_equal(ask_patch(state, RELEASES "/cart-1", "{'metadata':{'labels':{'a':'b'}}}"),
	                 200);
	assert_int_equal(ask_patch(state, RELEASES "/cart-1/status", "{'status':{'seq':1}}"), 200);
}

static void test_unsupported_media(void **state)
{
	struct http_request request = {
		.method = HTTP_PATCH,
		.url = CANARIES "/a",
		.body = "{}",
		.body_length = 2,
	};
	struct arena arena = {0};

	ask_post(state, CANARIES, ASK_CANARY("a", ""));
	assert_int_equal(apiserver_serve(*state, &request, &arena, ASK_NOW).status, 415);
	http_request_add(&request, "Content-Type", "application/strategic-merge-patch+json");
	assert_int_equal(apiserver_serve(*state, &request, &arena, ASK_NOW).status, 415);
	request.headers[0].value = "application/merge-patch+json; charset=utf-8";
	assert_int_equal(apiserver_serve(*state, &request, &arena, ASK_NOW).status, 200);
	arena_fini(&arena);
}

static void test_finalizers(void **state)
{
	json_t *object;

	ask_post(state, CANARIES, ASK_CANARY("a", ",'finalizers':['serin.dev/f']"));
	assert_int_equal(ask_status(*state, ASK_NOW, HTTP_DELETE, CANARIES "/a", NULL), 200);
	object = ask_get(state, CANARIES "/a");
	assert_string_equal(ask_text(object, "metadata.deletionTimestamp"), "2025-11-21T04:40:00Z");
	assert_int_equal(ask_number(object, "metadata.generation"), 2);
	json_decref(object);
	assert_int_equal(ask_patch(state, CANARIES "/a",
	                           "{'metadata':{'finalizers':['serin.dev/f','b/c']}}"),
	                 422);
	assert_int_equal(ask_patch(state, CANARIES "/a", "{'metadata':{'finalizers':null}}"), 200);
	assert_int_equal(ask_status(*state, ASK_NOW, HTTP_GET, CANARIES "/a", NULL), 404);
}

static void test_dry_run(void **state)
{
	assert_int_equal(ask_status(*state, ASK_NOW, HTTP_POST, CANARIES "?dryRun=All",
	                            ASK_CANARY("a", "")),
	                 201);
	assert_int_equal(ask_status(*state, ASK_NOW, HTTP_GET, CANARIES "/a", NULL), 404);
}

struct faults {
	struct apiserver_fault before;
	struct apiserver_fault after;
};

static struct apiserver_fault on_before(void *user, const struct http_request *request)
{
	struct faults *faults = user;

	return request->method == HTTP_GET ? (struct apiserver_fault){0} : faults->before;
}

static struct apiserver_fault on_after(void *user, const struct http_request *request,
                                       const struct http_reply *reply)
{
	struct faults *faults = user;

	(void)reply;
	return request->method == HTTP_GET ? (struct apiserver_fault){0} : faults->after;
}

static bool on_admit(void *user, const struct apiserver_resource *resource, const json_t *old,
                     const json_t *object, struct err *err)
{
	(void)user;
	(void)old;
	if (strcmp(resource->plural, "canaries") != 0 || ask_number(object, "spec.a") < 100)
		return true;
	return err_set(err, ERR_INVALID, "spec.a: less than 100 is expected");
}

static void test_hooks(void **state)
{
	struct faults faults = {0};
	struct apiserver_options options = {
		.hooks = {.before = on_before,
	                  .after = on_after,
	                  .admit = on_admit,
	                  .user = &faults},
	};
	struct apiserver *server = apiserver_new(&options);

	/* refused, lost, and what both leave behind */
	faults.before = (struct apiserver_fault){APISERVER_FAULT_STATUS, 409, {0}};
	assert_int_equal(ask_status(server, ASK_NOW, HTTP_POST, CANARIES, ASK_CANARY("a", "")),
	                 409);
	faults.before = (struct apiserver_fault){.kind = APISERVER_FAULT_LOST};
	assert_int_equal(ask_status(server, ASK_NOW, HTTP_POST, CANARIES, ASK_CANARY("a", "")), 0);
	assert_int_equal(apiserver_count_writes(server), 0);
	faults = (struct faults){.after = {.kind = APISERVER_FAULT_LOST}};
	assert_int_equal(ask_status(server, ASK_NOW, HTTP_POST, CANARIES, ASK_CANARY("a", "")), 0);
	assert_int_equal(ask_status(server, ASK_NOW, HTTP_GET, CANARIES "/a", NULL), 200);
	assert_int_equal(apiserver_count_writes(server), 1);
	assert_true(apiserver_entry_find(server, 2)->is_lost);
	assert_int_equal(apiserver_entry_find(server, 2)->status, 201);
	faults = (struct faults){0};
	assert_int_equal(
		ask_status(server, ASK_NOW, HTTP_PATCH, CANARIES "/a", "{'spec':{'a':100}}"), 422);
	apiserver_free(server);
}

static void test_log(void **state)
{
	struct apiserver *server = apiserver_new(&(struct apiserver_options){.log_max = 2});
	const struct apiserver_entry *entry;

	(void)state;
	assert_int_equal(ask_status(server, ASK_NOW, HTTP_GET, CANARIES, NULL), 200);
	assert_int_equal(ask_status(server, ASK_NOW, HTTP_POST, CANARIES "?fieldManager=me",
	                            ASK_CANARY("a", "")),
	                 201);
	assert_int_equal(ask_status(server, ASK_NOW, HTTP_DELETE, CANARIES "/a", NULL), 200);
	assert_int_equal(apiserver_count(server), 3);
	assert_int_equal(apiserver_count_writes(server), 2);
	assert_null(apiserver_entry_find(server, 0));
	assert_null(apiserver_entry_find(server, 3));
	entry = apiserver_entry_find(server, 1);
	assert_int_equal(entry->method, HTTP_POST);
	assert_string_equal(entry->url, CANARIES "?fieldManager=me");
	assert_string_equal(entry->manager, "me");
	assert_string_equal(entry->agent, "ask/1.0");
	assert_int_equal(entry->revision, 1001);
	apiserver_log_clear(server);
	assert_int_equal(apiserver_count(server), 0);
	apiserver_free(server);
}

static void assert_fields(const json_t *fields, const char *expected)
{
	char *text = json_dumps(fields, JSON_COMPACT | JSON_SORT_KEYS);

	for (char *at = text; at && (at = strchr(at, '"'));)
		*at = '\'';
	assert_string_equal(text, expected);
	free(text);
}

/* A changed field is the last writer's alone, one that is gone nobody's; who holds nothing goes. */
static void test_managers(void **state)
{
	static const char created[] =
		"{'f:metadata':{'f:labels':{'f:l':{}}},'f:spec':{'f:a':{},"
		"'f:b':{'f:c':{}}}}";
	struct instant later = instant_after(ASK_NOW, span_seconds(60));
	json_t *object;

	ask_post(state, CANARIES "?fieldManager=serin",
	         "{'apiVersion':'flagger.app/v1beta1','kind':'Canary','metadata':{'name':'a',"
	         "'labels':{'l':'1'}},'spec':{'a':1,'b':{'c':[1]}}}");
	object = ask_get(state, CANARIES "/a");
	assert_fields(ask_at(object, "metadata.managedFields.0.fieldsV1"), created);
	json_decref(object);

	assert_int_equal(ask_status(*state, later, HTTP_PATCH, CANARIES "/a",
	                            "{'spec':{'a':2,'b':{'c':[1],'d':0}},"
	                            "'metadata':{'labels':{'l':null}}}"),
	                 200);
	object = ask_get(state, CANARIES "/a");
	assert_int_equal(json_array_size(ask_at(object, "metadata.managedFields")), 2);
	assert_string_equal(ask_text(object, "metadata.managedFields.0.manager"), "serin");
	assert_string_equal(ask_text(object, "metadata.managedFields.0.time"),
	                    "2025-11-21T04:40:00Z");
	assert_fields(ask_at(object, "metadata.managedFields.0.fieldsV1"),
	              "{'f:spec':{'f:b':{'f:c':{}}}}");
	assert_string_equal(ask_text(object, "metadata.managedFields.1.manager"), "ask");
	assert_fields(ask_at(object, "metadata.managedFields.1.fieldsV1"),
	              "{'f:spec':{'f:a':{},'f:b':{'f:d':{}}}}");
	json_decref(object);

	assert_int_equal(ask_status(*state, later, HTTP_PATCH, CANARIES "/a?fieldManager=serin",
	                            "{'spec':{'a':3,'b':{'d':null}}}"),
	                 200);
	object = ask_get(state, CANARIES "/a");
	assert_int_equal(json_array_size(ask_at(object, "metadata.managedFields")), 1);
	assert_string_equal(ask_text(object, "metadata.managedFields.0.time"),
	                    "2025-11-21T04:41:00Z");
	assert_fields(ask_at(object, "metadata.managedFields.0.fieldsV1"),
	              "{'f:spec':{'f:a':{},'f:b':{'f:c':{}}}}");
	json_decref(object);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, ask_set_up, ask_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_create),
		TEST(test_generate_name),
		TEST(test_deterministic),
		TEST(test_refusals),
		TEST(test_unknown_group),
		TEST(test_body_limit),
		TEST(test_defaults),
		TEST(test_generation),
		TEST(test_no_change),
		TEST(test_nothing_empty),
		TEST(test_status_subresource),
		TEST(test_conflicts),
		TEST(test_immutable),
		TEST(test_unsupported_media),
		TEST(test_finalizers),
		TEST(test_dry_run),
		TEST(test_hooks),
		TEST(test_log),
		TEST(test_managers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
