#include "agent/demo/apiserver.h"

#include "agent/demo/apiserver_inside.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_REVISION 1000
#define HISTORY_MAX    10000
#define LOG_MAX        65536
#define BODY_MAX       (3 * 1024 * 1024)

static void fill_options(struct apiserver_options *options)
{
	if (!options->resources) {
		options->resources = apiserver_resources;
		options->n_resources = apiserver_n_resources;
	}
	if (!options->first_revision)
		options->first_revision = FIRST_REVISION;
	if (!options->history_max)
		options->history_max = HISTORY_MAX;
	if (!options->log_max)
		options->log_max = LOG_MAX;
	if (!options->body_max)
		options->body_max = BODY_MAX;
}

struct apiserver *apiserver_new(const struct apiserver_options *options)
{
	struct apiserver *server = calloc(1, sizeof(*server));

	if (!server)
		abort();
	if (options)
		server->options = *options;
	fill_options(&server->options);
	server->shelves = calloc(server->options.n_resources, sizeof(*server->shelves));
	if (!server->shelves)
		abort();
	for (size_t i = 0; i < server->options.n_resources; i++)
		server->shelves[i].resource = &server->options.resources[i];
	server->revision = server->options.first_revision;
	server->compacted = server->options.first_revision;
	server->random = server->options.seed;
	return server;
}

struct apiserver *apiserver_free(struct apiserver *server)
{
	if (!server)
		return NULL;
	assert(!server->watches);
	apiserver_store_fini(server);
	apiserver_text_fini(server);
	apiserver_log_clear(server);
	free(server);
	return NULL;
}

uint64_t apiserver_revision(const struct apiserver *server)
{
	return server->revision;
}

void apiserver_lag(struct apiserver *server, uint64_t revision)
{
	server->lag = revision < server->revision ? revision : 0;
}

const json_t *apiserver_find(const struct apiserver *server, const char *plural,
                             const char *namespace, const char *name)
{
	const struct apiserver_shelf *shelf = apiserver_store_shelf(server, plural);

	return shelf ? apiserver_store_find(shelf, namespace, name) : NULL;
}

const json_t *apiserver_at(const struct apiserver *server, const char *plural, size_t index)
{
	const struct apiserver_shelf *shelf = apiserver_store_shelf(server, plural);

	return shelf && index < shelf->n_objects ? shelf->objects[index] : NULL;
}

const struct apiserver_resource *apiserver_resource_find(const struct apiserver *server,
                                                         const char *plural)
{
	const struct apiserver_shelf *shelf = apiserver_store_shelf(server, plural);

	return shelf ? shelf->resource : NULL;
}

const struct apiserver_resource *apiserver_resource_at(const struct apiserver *server, size_t index)
{
	return index < server->options.n_resources ? &server->options.resources[index] : NULL;
}

void apiserver_call_init(struct apiserver_call *call, struct apiserver *server,
                         const struct http_request *request, struct arena *arena,
                         struct instant now)
{
	const char *agent = apiserver_url_header(request, "User-Agent");

	server->clock = now;
	*call = (struct apiserver_call){
		.server = server,
		.request = request,
		.arena = arena,
		.now = now,
		.agent = agent ? agent : "",
	};
	call->manager = arena_copy(arena, call->agent, strcspn(call->agent, "/"));
}

static void name_manager(struct apiserver_call *call)
{
	const char *manager = apiserver_url_param(call, "fieldManager");

	if (manager && *manager)
		call->manager = manager;
}

static void dispatch(struct apiserver_call *call)
{
	switch (call->request->method) {
	case HTTP_GET:
		if (call->route.name)
			apiserver_read_get(call);
		else
			apiserver_read_list(call);
		break;
	case HTTP_POST:
		apiserver_write_post(call);
		break;
	case HTTP_PUT:
		apiserver_write_put(call);
		break;
	case HTTP_PATCH:
		apiserver_write_patch(call);
		break;
	case HTTP_DELETE:
		apiserver_delete_one(call);
		break;
	case HTTP_METHOD_NONE:
		(void)apiserver_status_plain(call, 405, (struct span){0});
		break;
	}
}

/* What has no resource: how the server is and which it is. */
static bool serve_plain(struct apiserver_call *call)
{
	static const char *const healths[] = {"/healthz", "/readyz", "/livez"};
	size_t length = strcspn(call->request->url, "?");
	const char *path = arena_copy(call->arena, call->request->url, length);

	if (strcmp(path, "/version") == 0) {
		apiserver_status_reply(call, 200,
		                       json_pack("{s:s, s:s, s:s}", "major", "1", "minor", "35",
		                                 "gitVersion", "v1.35.4"));
		return true;
	}
	for (size_t i = 0; i < array_length(healths); i++) {
		if (strcmp(path, healths[i]) == 0) {
			call->reply =
				(struct http_reply){.status = 200, .body = "ok", .body_length = 2};
			return true;
		}
	}
	return apiserver_discovery_serve(call, path);
}

/* A SelfSubjectReview: who asks. */
static bool serve_review(struct apiserver_call *call)
{
	static const char path[] = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
	const char *person = call->server->options.person;

	if (strncmp(call->request->url, path, sizeof(path) - 1) != 0)
		return false;
	apiserver_status_reply(call, 201,
	                       json_pack("{s:s, s:s, s:{s:{s:s}}}", "apiVersion",
	                                 "authentication.k8s.io/v1", "kind", "SelfSubjectReview",
	                                 "status", "userInfo", "username",
	                                 person ? person : "nobody"));
	return true;
}

static void carry_out(struct apiserver_call *call)
{
	size_t max = call->server->options.body_max;

	if (call->request->body_length > max) {
		(void)apiserver_status_fail(call, 413, "RequestEntityTooLarge",
		                            "Request entity too large: limit is %zu", max);
		return;
	}
	if (call->request->method == HTTP_GET && serve_plain(call))
		return;
	if (call->request->method == HTTP_POST && serve_review(call))
		return;
	if (apiserver_watch_asked(call->request)) {
		(void)apiserver_status_fail(call, 400, "BadRequest",
		                            "a watch is no single request: apiserver_watch");
		return;
	}
	if (!apiserver_url_parse(call))
		return;
	name_manager(call);
	dispatch(call);
}

/* Carry out a fault; false when there is none. */
static bool suffer(struct apiserver_call *call, struct apiserver_fault fault)
{
	if (fault.kind == APISERVER_FAULT_NONE)
		return false;
	call->reply = (struct http_reply){0};
	if (fault.kind == APISERVER_FAULT_STATUS)
		(void)apiserver_status_plain(call, fault.status, fault.retry_after);
	else
		(void)err_set(&call->reply.error, ERR_TRANSPORT, "the reply was lost");
	return true;
}

struct http_reply apiserver_serve(struct apiserver *server, const struct http_request *request,
                                  struct arena *arena, struct instant now)
{
	const struct apiserver_hooks *hooks = &server->options.hooks;
	struct apiserver_call call;
	int status;

	apiserver_call_init(&call, server, request, arena, now);
	if (!hooks->before || !suffer(&call, hooks->before(hooks->user, request)))
		carry_out(&call);
	status = call.reply.status;
	if (hooks->after && call.reply.error.kind == ERR_NONE)
		(void)suffer(&call, hooks->after(hooks->user, request, &call.reply));
	apiserver_log_add(server, &(struct apiserver_entry){
					  .method = request->method,
					  .url = request->url,
					  .manager = call.manager,
					  .agent = call.agent,
					  .at = now,
					  .is_lost = call.reply.error.kind != ERR_NONE,
					  .status = status,
					  .revision = call.written,
				  });
	apiserver_watch_wake(server);
	return call.reply;
}

struct http_reply apiserver_serve_inside(struct apiserver *server,
                                         const struct http_request *request, struct arena *arena,
                                         struct instant now)
{
	struct apiserver_call call;

	apiserver_call_init(&call, server, request, arena, now);
	carry_out(&call);
	apiserver_watch_wake(server);
	return call.reply;
}

struct http_reply apiserver_write_inside(struct apiserver *server,
                                         const struct apiserver_letter *letter, struct arena *arena,
                                         struct instant now)
{
	const char *standard =
		letter->method == HTTP_PATCH ? "application/merge-patch+json" : "application/json";
	struct http_request request = {
		.peer = HTTP_PEER_KUBE,
		.method = letter->method,
		.url = letter->url,
		.body = letter->body,
		.body_length = letter->body ? strlen(letter->body) : 0,
	};

	http_request_add(&request, "Content-Type", letter->type ? letter->type : standard);
	if (letter->who)
		http_request_add(&request, "User-Agent", letter->who);
	return apiserver_serve_inside(server, &request, arena, now);
}
