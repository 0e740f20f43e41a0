/*
 * Two questions to the API server: a page of Canaries, then the Releases of those. Told is what the
 * command `status` tells, by the same code.
 */
#include "agent/api_route.h"
#include "agent/command/command_view.h"
#include "analysis/base/text.h"
#include "providers/kube/api.h"
#include "providers/kube/list.h"
#include "providers/kube/tree.h"
#include "providers/wire/document.h"
#include "providers/wire/tree.h"

#include <stdlib.h>
#include <string.h>

#define TIMEOUT   span_seconds(15)
#define LABEL_MAX 63

struct reading {
	struct http_call call; /* the first member */
	struct api_visit *visit;
	struct arena arena;
	json_t *canaries;
	json_t *releases;
	const char *labels;         /* of the Releases */
	const char *continue_token; /* of the page of Canaries; NULL: it is the last */
};

static void leave(struct api_visit *visit)
{
	struct reading *reading = visit->work;

	visit->leave = NULL;
	http_cancel(&reading->call);
	json_decref(reading->canaries);
	json_decref(reading->releases);
	arena_fini(&reading->arena);
	free(reading);
}

/* The page in REPLY, owned by the caller; NULL: refused. */
static json_t *read_page(struct api_visit *visit, const struct http_reply *reply,
                         struct kube_list *ret)
{
	json_t *page = NULL;
	struct err err = {0};

	if (reply->error.kind != ERR_NONE) {
		api_visit_refuse(visit, 502, "the API server did not answer: %s",
		                 reply->error.text);
		return NULL;
	}
	(void)document_read_json(reply->body, reply->body_length, KUBE_API_LIST_MAX, &page, &err);
	if (reply->status == 410) {
		api_visit_refuse(visit, 410, "continue: it is too old; begin with the first page");
	} else if (reply->status != 200) {
		api_visit_refuse(visit, 502, "the API server refused: %d %s", reply->status,
		                 kube_tree_value(page, "message"));
	} else if (!page || !kube_list_read(page, ret, &err)) {
		api_visit_refuse(visit, 502, "the API server's list: %s", err.text);
	} else {
		return page;
	}
	json_decref(page);
	return NULL;
}

static void tell(struct reading *reading)
{
	struct api_visit *visit = reading->visit;
	struct instant now = loop_now(visit->api->settings.loop);
	struct command_runs runs = command_run_read(reading->releases, &reading->arena);
	struct command_views views =
		command_view_read(reading->canaries, &runs, now, &reading->arena);

	api_visit_answer(visit, command_view_tree(&views, now), reading->continue_token);
}

static void ask_releases(struct reading *reading, const char *continue_token);

static void on_releases(struct http_call *call, const struct http_reply *reply)
{
	struct reading *reading = (struct reading *)(void *)call;
	struct api_visit *visit = reading->visit;
	CLEANUP(tree_freep) json_t *page = NULL;
	struct kube_list list;

	page = read_page(visit, reply, &list);
	if (!page)
		return;
	if (json_array_extend(reading->releases, list.items) != 0)
		abort();
	if (json_array_size(reading->releases) > API_OBJECTS_MAX)
		api_visit_refuse(visit, 503,
		                 "more than %d Releases beside these canaries: ask for one "
		                 "namespace, or a smaller limit",
		                 API_OBJECTS_MAX);
	else if (list.continue_token)
		ask_releases(reading, arena_text(&reading->arena, list.continue_token));
	else
		tell(reading);
}

static void ask(struct reading *reading, enum kube_kind kind, const struct kube_query *query,
                void (*done)(struct http_call *call, const struct http_reply *reply))
{
	struct kube_ref ref = {.kind = kind, .k8s_namespace = api_visit_namespace(reading->visit)};
	struct http_request request;

	kube_api_list(&request, &reading->arena, &ref, query);
	request.timeout = TIMEOUT;
	reading->call.done = done;
	reading->call.lane = HTTP_LANE_READ;
	http_start(reading->visit->api->settings.http, &reading->call, &request);
}

static void ask_releases(struct reading *reading, const char *continue_token)
{
	const struct kube_query query = {
		.labels = reading->labels,
		.continue_token = continue_token,
	};

	ask(reading, KUBE_RELEASE, &query, on_releases);
}

/* "serin.dev/canary in (cart,till)". A name that is too long for a label has no Releases by it. */
static const char *choose_labels(struct reading *reading)
{
	const char *names = "";

	for (size_t i = 0; i < json_array_size(reading->canaries); i++) {
		const char *name =
			kube_tree_text(json_array_get(reading->canaries, i), "metadata/name");

		if (strlen(name) <= LABEL_MAX)
			names = arena_format(&reading->arena, "%s%s%s", names, *names ? "," : "",
			                     name);
	}
	return *names ? arena_format(&reading->arena, KUBE_LABEL_CANARY " in (%s)", names) : NULL;
}

static void on_canaries(struct http_call *call, const struct http_reply *reply)
{
	struct reading *reading = (struct reading *)(void *)call;
	struct api_visit *visit = reading->visit;
	CLEANUP(tree_freep) json_t *page = NULL;
	struct kube_list list;

	page = read_page(visit, reply, &list);
	if (!page)
		return;
	reading->canaries = json_incref(list.items);
	if (list.continue_token)
		reading->continue_token = arena_text(&reading->arena, list.continue_token);
	reading->labels = choose_labels(reading);
	if (visit->route == API_ROUTE_CANARY && json_array_size(reading->canaries) == 0)
		api_visit_refuse(visit, 404, "no canary \"%s\" in namespace \"%s\"", visit->name,
		                 visit->k8s_namespace);
	else if (reading->labels)
		ask_releases(reading, NULL);
	else
		tell(reading);
}

void api_canaries(struct api_visit *visit)
{
	bool is_one = visit->route == API_ROUTE_CANARY;
	struct kube_query query = {0};
	struct reading *reading;
	size_t limit;

	if (!api_visit_limit(visit, API_CANARIES, API_CANARIES_MAX, &limit))
		return;
	reading = calloc(1, sizeof(*reading));
	if (!reading)
		abort();
	reading->visit = visit;
	reading->releases = kube_tree_list();
	visit->work = reading;
	visit->leave = leave;
	query.n_page = (int)limit;
	query.continue_token = api_visit_argument(visit, "continue");
	if (is_one)
		query.fields = arena_format(&reading->arena, "metadata.name=%s", visit->name);
	ask(reading, KUBE_CANARY, &query, on_canaries);
}
