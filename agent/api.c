#include "agent/api.h"

#include "agent/api_feed.h"
#include "agent/api_route.h"
#include "agent/command/command_flags.h"
#include "agent/log.h"
#include "analysis/base/text.h"
#include "providers/kube/review.h"
#include "providers/kube/tree.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX "/api/v1/"

struct row {
	enum api_route route;
	void (*run)(struct api_visit *visit);
	const char *const *arguments;
};

static const char *const none[] = {NULL};
static const char *const of_canaries[] = {"limit", "continue", NULL};
static const char *const of_releases[] = {"canary", "since",    "result", "all",
                                          "limit",  "continue", NULL};
static const char *const of_splits[] = {"name", "limit", "continue", NULL};
static const char *const of_events[] = {"canary", NULL};

static const struct row rows[] = {
	{API_ROUTE_OPENAPI, api_openapi, none},    {API_ROUTE_CANARIES, api_canaries, of_canaries},
	{API_ROUTE_CANARY, api_canaries, none},    {API_ROUTE_RELEASES, api_history, of_releases},
	{API_ROUTE_RELEASE, api_history, none},    {API_ROUTE_ROUNDS, api_history, of_canaries},
	{API_ROUTE_EVENTS, api_events, of_events}, {API_ROUTE_SPLITS, api_history, of_splits},
};

bool api_parse_access(const char *text, enum api_access *ret)
{
	static const char *const words[] = {"off", "loopback", "token", "strict", "open"};

	for (size_t i = 0; i < array_length(words); i++) {
		if (strcmp(text, words[i]) != 0)
			continue;
		*ret = (enum api_access)i;
		return true;
	}
	return false;
}

/* Paths -----------------------------------------------------------------------------------------
 */

/* Copy the next part of *rest, which is to be a name, into RET, and pass it over. */
static bool take_name(const char **rest, char *ret, size_t size)
{
	size_t length = strcspn(*rest, "/");

	if (length == 0 || length >= size)
		return false;
	memcpy(ret, *rest, length);
	ret[length] = '\0';
	*rest += length + ((*rest)[length] == '/' && (*rest)[length + 1] != '\0');
	return command_flags_is_name(ret);
}

/* "canaries", "releases", "splits" and "events" stand for all of a namespace, or of all. */
static enum api_route find_list(const char *rest)
{
	if (strcmp(rest, "canaries") == 0)
		return API_ROUTE_CANARIES;
	if (strcmp(rest, "releases") == 0)
		return API_ROUTE_RELEASES;
	if (strcmp(rest, "splits") == 0)
		return API_ROUTE_SPLITS;
	return strcmp(rest, "events") == 0 ? API_ROUTE_EVENTS : API_ROUTE_NONE;
}

static enum api_route find_one(struct api_visit *visit, const char *rest)
{
	bool is_canary = kube_tree_is_prefix("canaries/", rest);

	if (!is_canary && !kube_tree_is_prefix("releases/", rest))
		return API_ROUTE_NONE;
	rest = strchr(rest, '/') + 1;
	if (!take_name(&rest, visit->name, sizeof(visit->name)))
		return API_ROUTE_NONE;
	if (!*rest)
		return is_canary ? API_ROUTE_CANARY : API_ROUTE_RELEASE;
	return !is_canary && strcmp(rest, "rounds") == 0 ? API_ROUTE_ROUNDS : API_ROUTE_NONE;
}

static enum api_route find_route(struct api_visit *visit, const char *path)
{
	const char *rest = path + strlen(PREFIX);
	enum api_route route;

	if (strcmp(path, "/openapi.json") == 0)
		return API_ROUTE_OPENAPI;
	if (!kube_tree_is_prefix(PREFIX, path))
		return API_ROUTE_NONE;
	if (!kube_tree_is_prefix("namespaces/", rest))
		return find_list(rest);
	rest += strlen("namespaces/");
	if (!take_name(&rest, visit->k8s_namespace, sizeof(visit->k8s_namespace)) || !*rest)
		return API_ROUTE_NONE;
	route = find_list(rest);
	return route ? route : find_one(visit, rest);
}

static const struct row *find_row(enum api_route route)
{
	for (size_t i = 0; i < array_length(rows); i++) {
		if (rows[i].route == route)
			return &rows[i];
	}
	return NULL;
}

/* Visits ----------------------------------------------------------------------------------------
 */

static void on_gone(void *user)
{
	struct api_visit *visit = user;

	api_gate_cancel(&visit->question);
	alarm_cancel(&visit->late);
	if (visit->leave)
		visit->leave(visit);
	free(visit);
}

static void on_late(struct alarm *alarm)
{
	struct api_visit *visit = container_of(alarm, struct api_visit, late);

	if (visit->leave)
		visit->leave(visit);
	visit->leave = NULL;
	api_gate_cancel(&visit->question);
	api_visit_refuse(visit, 504, "no answer within %d seconds", API_PATIENCE_SECONDS);
}

static void run(struct api_visit *visit)
{
	find_row(visit->route)->run(visit);
}

/* What the gate says. */
static void on_verdict(struct api_gate_question *question, const struct api_gate_answer *answer)
{
	struct api_visit *visit = container_of(question, struct api_visit, question);
	const char *k8s_namespace = api_visit_namespace(visit);
	json_t *tree;

	switch (answer->verdict) {
	case API_GATE_OPEN:
		run(visit);
		return;
	case API_GATE_STRANGER:
		api_visit_refuse(visit, 401, "the API server does not know this token");
		return;
	case API_GATE_SHUT:
		api_visit_refuse(visit, 403, "%s may not %s canaries.flagger.app in %s%s",
		                 answer->who, k8s_namespace ? "get" : "list",
		                 k8s_namespace ? "namespace " : "all namespaces",
		                 k8s_namespace ? k8s_namespace : "");
		return;
	case API_GATE_BUSY:
		tree = kube_tree_object();
		kube_tree_set_text(tree, "error", "too many tokens at once: come again");
		api_visit_put_off(visit, 429, tree);
		return;
	case API_GATE_UNKNOWN:
	case API_GATE_MUTE:
		break;
	}
	log_event(visit->api->settings.log, LOG_WARNING, "api.gate",
	          "who asks cannot be found out, so it is refused",
	          LOG_FIELDS({"answer", answer->text}));
	api_visit_refuse(visit, 503,
	                 "the agent cannot ask the API server who you are (%s); "
	                 "manifests/components/api has the rights for it",
	                 answer->text);
}

/* Nothing says that somebody passes on what others ask, and the name that was asked for is this
 * machine's: a page in a browser, whose own name leads here, is not let in. */
static bool is_near(const struct api_visit *visit)
{
	static const char *const signs[] = {
		"Forwarded",
		"Via",
		"X-Forwarded-For",
		"X-Forwarded-Host",
		"X-Forwarded-Client-Cert",
		"X-Envoy-Decorator-Operation",
		"l5d-client-id",
		"l5d-dst-canonical",
	};
	static const char *const hosts[] = {"localhost", "127.0.0.1", "[::1]"};
	const char *host = server_exchange_header(visit->exchange, "Host");

	if (visit->api->settings.access == API_ACCESS_STRICT ||
	    !server_exchange_is_near(visit->exchange) || !host)
		return false;
	for (size_t i = 0; i < array_length(signs); i++) {
		if (server_exchange_header(visit->exchange, signs[i]))
			return false;
	}
	for (size_t i = 0; i < array_length(hosts); i++) {
		size_t length = strlen(hosts[i]);

		if (strncmp(host, hosts[i], length) == 0 &&
		    (host[length] == '\0' || host[length] == ':'))
			return true;
	}
	return false;
}

/* The token, or NULL: none that could be one. */
static const char *find_token(const struct api_visit *visit, bool *ret_is_ours)
{
	const char *text = server_exchange_header(visit->exchange, "Serin-Token");

	*ret_is_ours = text != NULL;
	if (!text) {
		text = server_exchange_header(visit->exchange, "Authorization");
		if (!text || strncasecmp(text, "Bearer ", strlen("Bearer ")) != 0)
			return NULL;
		text += strlen("Bearer ");
	}
	for (const char *c = text; *c; c++) {
		if (*c <= ' ' || *c > '~')
			return NULL;
	}
	return *text && strlen(text) <= KUBE_REVIEW_TOKEN_MAX ? text : NULL;
}

static void enter(struct api_visit *visit)
{
	struct api *api = visit->api;
	struct api_gate_wish wish = {.k8s_namespace = api_visit_namespace(visit)};

	wish.token = find_token(visit, &wish.is_ours);
	if (visit->route == API_ROUTE_OPENAPI || api->settings.access == API_ACCESS_OPEN ||
	    (!wish.token && is_near(visit))) {
		run(visit);
	} else if (api->settings.access == API_ACCESS_LOOPBACK) {
		api_visit_refuse(visit, 403,
		                 "only who comes from this machine, or by port-forward, is "
		                 "answered: --api=loopback");
	} else if (!wish.token) {
		api_visit_refuse(visit, 401,
		                 "expected \"Authorization: Bearer TOKEN\", or a token for "
		                 "audience %s in Serin-Token",
		                 API_GATE_AUDIENCE);
	} else {
		api_gate_ask(api->gate, &visit->question, &wish);
	}
}

/* The request is one of ours in form; else it is refused. */
static bool check(struct api_visit *visit)
{
	const struct row *row = find_row(visit->route);
	const char *stranger;

	if (!row) {
		api_visit_refuse(visit, 404,
		                 "not here; /openapi.json says what is, beside /metrics, /healthz "
		                 "and /readyz");
		return false;
	}
	stranger = server_exchange_stranger(visit->exchange, row->arguments);
	if (stranger) {
		api_visit_refuse(visit, 400, "%.60s: no such argument here", stranger);
		return false;
	}
	for (size_t i = 0; row->arguments[i]; i++) {
		const char *value = api_visit_argument(visit, row->arguments[i]);

		if (!value || strlen(value) <= API_ARGUMENT_MAX)
			continue;
		api_visit_refuse(visit, 414, "%s: longer than %d bytes", row->arguments[i],
		                 API_ARGUMENT_MAX);
		return false;
	}
	return true;
}

/* An agent of one namespace has no other to tell of. */
static bool settle_namespace(struct api_visit *visit)
{
	const char *served = visit->api->k8s_namespace;

	if (!served[0] || visit->route == API_ROUTE_OPENAPI)
		return true;
	if (visit->k8s_namespace[0] && strcmp(visit->k8s_namespace, served) != 0) {
		api_visit_refuse(visit, 404, "this agent serves namespace %s only", served);
		return false;
	}
	text_copy(visit->k8s_namespace, served);
	return true;
}

void api_asked(void *user, struct server_exchange *exchange)
{
	struct api *api = user;
	const char *path = server_exchange_path(exchange);
	struct api_visit *visit = calloc(1, sizeof(*visit));

	if (!visit)
		abort();
	visit->api = api;
	visit->exchange = exchange;
	visit->question.done = on_verdict;
	visit->late.ring = on_late;
	server_exchange_own(exchange, on_gone, visit);
	alarm_start(api->settings.loop, &visit->late, span_seconds(API_PATIENCE_SECONDS));
	if (strlen(path) > API_PATH_MAX) {
		api_visit_refuse(visit, 414, "a path is at most %d bytes long", API_PATH_MAX);
		return;
	}
	visit->route = find_route(visit, path);
	if (check(visit) && settle_namespace(visit))
		enter(visit);
}

/* The API ---------------------------------------------------------------------------------------
 */

static void on_heard(void *user, const struct api_feed_event *event)
{
	api_events_tell(user, event);
}

struct api *api_new(const struct api_settings *settings)
{
	struct api *api = calloc(1, sizeof(*api));

	if (!api)
		abort();
	assert(settings->access != API_ACCESS_OFF);
	api->settings = *settings;
	text_copy(api->k8s_namespace, settings->k8s_namespace ? settings->k8s_namespace : "");
	text_copy(api->boot, settings->boot);
	api->gate = api_gate_new(settings->loop, settings->http);
	api->beat.ring = api_events_beat;
	api_feed_listen(settings->feed, on_heard, api);
	return api;
}

struct api *api_free(struct api *api)
{
	if (!api)
		return NULL;
	assert(!api->streams);
	api_feed_listen(api->settings.feed, NULL, NULL);
	alarm_cancel(&api->beat);
	api_gate_free(api->gate);
	free(api);
	return NULL;
}
