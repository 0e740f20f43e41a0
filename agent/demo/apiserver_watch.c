#include "agent/demo/apiserver_inside.h"
#include "analysis/base/buf.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct apiserver_watch {
	struct apiserver *server;
	struct apiserver_watch *next;
	struct arena arena; /* what follows and the selector */
	struct apiserver_shelf *shelf;
	const char *namespace; /* NULL: all */
	const char *name;      /* NULL: all */
	struct apiserver_select select;
	bool is_partial;
	bool is_table;
	bool has_bookmarks;
	apiserver_deliver *deliver;
	void *user;

	uint64_t revision;    /* of the last change that was looked at */
	json_t *initial;      /* objects to be told as ADDED first; NULL: none */
	size_t n_initial;     /* how many were told */
	bool has_initial_end; /* a bookmark marks their end */
	uint64_t initial_revision;
	uint64_t bookmark;  /* due when all changes up to here were looked at; 0: none */
	struct instant end; /* when the server ends it; 0: never */
	bool is_failed;     /* an ERROR was told: the end comes next */
	bool is_ended;
	bool is_delivering;
	bool is_cancelled; /* while delivering: freed afterwards */
};

static void deliver(struct apiserver_watch *watch, const char *bytes, size_t length)
{
	watch->is_delivering = true;
	watch->deliver(watch->user, bytes, length);
	watch->is_delivering = false;
	if (watch->is_cancelled)
		(void)apiserver_watch_cancel(watch);
}

/* Deliver an event; takes the reference to the object. The watch may be gone afterwards. */
static void tell(struct apiserver_watch *watch, const char *type, json_t *object)
{
	const struct apiserver_text *text =
		apiserver_text_of(watch->server, object, APISERVER_WHOLE);
	struct buf line = {.max = SIZE_MAX};

	if (!buf_format(&line, "{\"type\":\"%s\",\"object\":", type) ||
	    !buf_add(&line, text->bytes, text->length) || !buf_add(&line, "}\n", 2))
		abort();
	json_decref(object);
	deliver(watch, line.bytes, line.length);
	buf_fini(&line);
}

static json_t *shown(const struct apiserver_watch *watch, json_t *object)
{
	json_t *metadata;
	json_t *table;

	if (!watch->is_table)
		return watch->is_partial ? apiserver_read_partial(object) : json_incref(object);
	metadata =
		json_pack("{sO}", "resourceVersion",
	                  json_object_get(json_object_get(object, "metadata"), "resourceVersion"));
	table = apiserver_table_new(watch->shelf->resource, metadata, watch->server->clock, &object,
	                            1);
	json_decref(metadata);
	return table;
}

static void end(struct apiserver_watch *watch)
{
	if (watch->is_ended)
		return;
	watch->is_ended = true;
	deliver(watch, "", 0);
}

static bool matches(const struct apiserver_watch *watch, const json_t *object)
{
	if (watch->namespace &&
	    strcmp(apiserver_meta_text(object, "namespace"), watch->namespace) != 0)
		return false;
	if (watch->name && strcmp(apiserver_meta_text(object, "name"), watch->name) != 0)
		return false;
	return apiserver_select_matches(&watch->select, object);
}

/* An object that left the selection is told as it was when it was in it, under the new revision. */
static json_t *farewell(const struct apiserver_watch *watch, const struct apiserver_change *change)
{
	json_t *object = json_copy(change->before);
	const json_t *metadata = json_object_get(change->after, "metadata");
	json_t *ret;

	json_object_set(apiserver_meta_own(object), "resourceVersion",
	                json_object_get(metadata, "resourceVersion"));
	ret = shown(watch, object);
	json_decref(object);
	return ret;
}

/* Tell a change, if it concerns the watch. */
static bool tell_change(struct apiserver_watch *watch, const struct apiserver_change *change)
{
	bool was_in = change->before && matches(watch, change->before);
	bool is_in = !change->is_deletion && matches(watch, change->after);

	if (change->shelf != watch->shelf || (!was_in && !is_in))
		return false;
	if (is_in)
		tell(watch, was_in ? "MODIFIED" : "ADDED", shown(watch, change->after));
	else if (change->is_deletion)
		tell(watch, "DELETED", shown(watch, change->after));
	else
		tell(watch, "DELETED", farewell(watch, change));
	return true;
}

static void tell_bookmark(struct apiserver_watch *watch, uint64_t revision, bool is_initial_end)
{
	const struct apiserver_resource *resource = watch->shelf->resource;
	struct arena arena = {0};
	json_t *metadata = json_object();
	json_t *object;

	json_object_set_new(metadata, "resourceVersion",
	                    json_string(arena_format(&arena, "%" PRIu64, revision)));
	if (is_initial_end)
		json_object_set_new(metadata, "annotations",
		                    json_pack("{s:s}", "k8s.io/initial-events-end", "true"));
	object = json_pack("{s:s, s:s, s:o}", "kind", resource->kind, "apiVersion",
	                   *resource->group ? arena_format(&arena, "%s/%s", resource->group,
	                                                   resource->version)
	                                    : resource->version,
	                   "metadata", metadata);
	arena_fini(&arena);
	tell(watch, "BOOKMARK", object);
}

static void tell_expired(struct apiserver_watch *watch)
{
	struct arena arena = {0};
	json_t *status = apiserver_status_body(
		410, "Expired",
		arena_format(&arena, "too old resource version: %" PRIu64 " (%" PRIu64 ")",
	                     watch->revision, watch->server->compacted));

	arena_fini(&arena);
	watch->is_failed = true;
	tell(watch, "ERROR", status);
}

static bool step_initial(struct apiserver_watch *watch)
{
	if (watch->n_initial < json_array_size(watch->initial)) {
		json_t *object = json_array_get(watch->initial, watch->n_initial++);

		tell(watch, "ADDED", shown(watch, object));
		return true;
	}
	json_decref(watch->initial);
	watch->initial = NULL;
	if (!watch->has_initial_end)
		return false;
	tell_bookmark(watch, watch->initial_revision, true);
	return true;
}

bool apiserver_watch_step(struct apiserver_watch *watch)
{
	const struct apiserver_change *change;
	uint64_t bookmark = watch->bookmark;

	if (watch->is_ended || watch->is_delivering)
		return false;
	if (watch->is_failed) {
		end(watch);
		return true;
	}
	if (watch->initial && step_initial(watch))
		return true;
	if (watch->revision < watch->server->compacted) {
		tell_expired(watch);
		return true;
	}
	for (change = apiserver_store_next(watch->server, watch->revision); change;
	     change = apiserver_store_next(watch->server, watch->revision)) {
		if (bookmark && change->revision > bookmark)
			break;
		watch->revision = change->revision;
		if (tell_change(watch, change))
			return true;
	}
	if (!bookmark)
		return false;
	watch->bookmark = 0;
	tell_bookmark(watch, bookmark, false);
	return true;
}

bool apiserver_watch_ended(const struct apiserver_watch *watch)
{
	return watch->is_ended;
}

void apiserver_pump(struct apiserver *server)
{
	struct apiserver_watch *watch;

	if (server->is_pumping)
		return;
	server->is_pumping = true;
	/* From the start after each delivery: it may have opened and cancelled watches. */
	for (watch = server->watches; watch;)
		watch = apiserver_watch_step(watch) ? server->watches : watch->next;
	server->is_pumping = false;
}

void apiserver_watch_wake(struct apiserver *server)
{
	if (server->options.is_immediate)
		apiserver_pump(server);
}

void apiserver_bookmark(struct apiserver *server)
{
	struct apiserver_watch *watch;

	for (watch = server->watches; watch; watch = watch->next) {
		if (watch->has_bookmarks && !watch->is_ended)
			watch->bookmark = server->revision;
	}
	apiserver_watch_wake(server);
}

/* End those for which it is time; the first that is found, since its end may cancel others. */
static bool end_one(struct apiserver *server, struct instant now, bool is_all)
{
	struct apiserver_watch *watch;

	for (watch = server->watches; watch; watch = watch->next) {
		bool is_due = instant_is_set(watch->end) && !instant_is_before(now, watch->end);

		if (!watch->is_ended && (is_all || is_due)) {
			end(watch);
			return true;
		}
	}
	return false;
}

void apiserver_watch_end_all(struct apiserver *server)
{
	while (end_one(server, (struct instant){0}, true))
		;
}

struct instant apiserver_tick(struct apiserver *server, struct instant now)
{
	struct instant next = {0};
	struct apiserver_watch *watch;

	while (end_one(server, now, false))
		;
	for (watch = server->watches; watch; watch = watch->next) {
		if (!watch->is_ended)
			next = instant_earlier(next, watch->end);
	}
	return next;
}

/* Where the watch begins. */
static bool read_start(struct apiserver_call *call, struct apiserver_watch *watch)
{
	struct apiserver *server = call->server;
	const char *match = apiserver_url_param(call, "resourceVersionMatch");
	bool is_told = apiserver_url_param(call, "sendInitialEvents");
	bool is_list = apiserver_url_flag(call, "sendInitialEvents");
	uint64_t revision;
	bool is_set;

	if (is_told && (!match || strcmp(match, "NotOlderThan") != 0))
		return apiserver_status_fail(
			call, 422, "Invalid",
			"ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: "
			"sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
	if (!is_told && match && *match)
		return apiserver_status_fail(
			call, 422, "Invalid",
			"ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: "
			"resourceVersionMatch is forbidden for watch unless sendInitialEvents is "
			"provided");
	if (!apiserver_read_revision(call, &revision, &is_set))
		return false;
	watch->revision = revision ? revision : server->revision;
	if (!is_list && (revision || is_told))
		return true;
	watch->revision = watch->initial_revision = server->revision;
	watch->has_initial_end = is_list && watch->has_bookmarks;
	watch->initial = json_array();
	for (size_t i = 0; i < watch->shelf->n_objects; i++) {
		if (matches(watch, watch->shelf->objects[i]))
			json_array_append(watch->initial, watch->shelf->objects[i]);
	}
	return true;
}

static bool read_watch(struct apiserver_call *call, struct apiserver_watch *watch)
{
	const char *timeout = apiserver_url_param(call, "timeoutSeconds");
	struct err err = {0};

	watch->shelf = call->route.shelf;
	watch->namespace = arena_text(&watch->arena, call->route.namespace);
	watch->name = arena_text(&watch->arena, call->route.name);
	watch->is_partial = apiserver_read_is_partial(call->request);
	watch->is_table = apiserver_table_asked(call->request);
	watch->has_bookmarks = apiserver_url_flag(call, "allowWatchBookmarks");
	if (!apiserver_select_labels(&watch->select, &watch->arena,
	                             apiserver_url_param(call, "labelSelector"), &err) ||
	    !apiserver_select_fields(&watch->select, &watch->arena,
	                             apiserver_url_param(call, "fieldSelector"),
	                             call->route.shelf->resource->plural, &err))
		return apiserver_status_fail(call, 400, "BadRequest", "%s", err.text);
	if (timeout && strtol(timeout, NULL, 10) > 0)
		watch->end = instant_after(call->now, span_seconds(strtol(timeout, NULL, 10)));
	return read_start(call, watch);
}

bool apiserver_watch_asked(const struct http_request *request)
{
	const char *query = strchr(request->url, '?');
	const char *at = query ? strstr(query, "watch=") : NULL;

	if (request->method != HTTP_GET || !at || (at[-1] != '?' && at[-1] != '&'))
		return false;
	at += strlen("watch=");
	return *at == '1' || strncmp(at, "true", 4) == 0;
}

/* Ask the hooks; a watch that a hook refuses is not opened. */
static bool is_admitted(struct apiserver_call *call)
{
	const struct apiserver_hooks *hooks = &call->server->options.hooks;
	struct apiserver_fault fault = {0};

	if (hooks->before)
		fault = hooks->before(hooks->user, call->request);
	if (fault.kind == APISERVER_FAULT_STATUS)
		return apiserver_status_plain(call, fault.status, fault.retry_after);
	if (fault.kind == APISERVER_FAULT_LOST)
		return err_set(&call->reply.error, ERR_TRANSPORT, "no reply");
	return true;
}

struct apiserver_watch *apiserver_watch(struct apiserver *server,
                                        const struct http_request *request,
                                        apiserver_deliver *deliver_to, void *user,
                                        struct http_reply *ret_reply, struct arena *arena,
                                        struct instant now)
{
	struct apiserver_watch *watch = calloc(1, sizeof(*watch));
	struct apiserver_call call;
	bool is_open;

	if (!watch)
		abort();
	apiserver_call_init(&call, server, request, arena, now);
	watch->server = server;
	watch->deliver = deliver_to;
	watch->user = user;
	is_open = is_admitted(&call) && apiserver_url_parse(&call) && read_watch(&call, watch);
	if (is_open)
		call.reply = (struct http_reply){.status = 200, .body = ""};
	apiserver_log_add(server, &(struct apiserver_entry){
					  .method = HTTP_GET,
					  .url = request->url,
					  .manager = call.manager,
					  .agent = call.agent,
					  .at = now,
					  .is_watch = true,
					  .is_lost = call.reply.error.kind != ERR_NONE,
					  .status = call.reply.status,
				  });
	*ret_reply = call.reply;
	if (!is_open) {
		json_decref(watch->initial);
		arena_fini(&watch->arena);
		free(watch);
		return NULL;
	}
	watch->next = server->watches;
	server->watches = watch;
	return watch;
}

struct apiserver_watch *apiserver_watch_cancel(struct apiserver_watch *watch)
{
	struct apiserver_watch **at;

	if (!watch)
		return NULL;
	watch->is_ended = true;
	watch->is_cancelled = true;
	if (watch->is_delivering)
		return NULL;
	for (at = &watch->server->watches; *at != watch; at = &(*at)->next)
		assert(*at);
	*at = watch->next;
	json_decref(watch->initial);
	arena_fini(&watch->arena);
	free(watch);
	return NULL;
}
