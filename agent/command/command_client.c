#include "agent/command/command_client.h"

#include "agent/command/command_client_items.h"
#include "agent/credentials.h"
#include "agent/follow.h"
#include "agent/http_curl.h"
#include "agent/log.h"
#include "agent/loop_ev.h"
#include "agent/metrics.h"
#include "agent/version.h"
#include "analysis/base/text.h"
#include "providers/kube/list.h"
#include "providers/kube/tree.h"
#include "providers/wire/document.h"
#include "providers/wire/tree.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SETTLE_MS 20   /* events that come together are told together */
#define GRAIN_MS  2000 /* clocks that differ by less agree: servers tell whole seconds */

struct command_client {
	struct command_call *call;
	struct loop_ev *loop;
	struct credentials *credentials;
	struct http_curl *http;
	struct arena arena;
	const char *k8s_namespace;
};

/* One request and its answer, which is read while the reply lasts. */
struct exchange {
	struct http_call call; /* the first member */
	struct command_client *client;
	const char *path;
	size_t max;
	bool is_any; /* every answer is one */
	int status;
	json_t *body; /* of a 2xx */
	struct err err;
};

static const char *choose_namespace(struct command_client *client)
{
	const struct command_flags *flags = &client->call->flags;
	const char *of_context = credentials_get(client->credentials)->k8s_namespace;

	if (flags->is_everywhere)
		return NULL;
	if (*flags->k8s_namespace)
		return flags->k8s_namespace;
	return *of_context ? arena_text(&client->arena, of_context) : "default";
}

/* As kubectl chooses: --kubeconfig, $KUBECONFIG, ~/.kube/config, the pod's own files. */
static struct credentials *find_credentials(struct command_client *client, struct err *err)
{
	const struct command_call *call = client->call;
	struct loop *loop = loop_ev_seam(client->loop);
	const char *home = call->environment("HOME");
	struct credentials_person person = {
		.paths = call->flags.kubeconfig,
		.context = call->flags.context,
		.can_run = true,
		.has_terminal = isatty(STDIN_FILENO) == 1,
	};

	if (!*person.paths) {
		person.paths = call->environment("KUBECONFIG");
		person.is_list = true;
	}
	if (person.paths && *person.paths)
		return credentials_new_person(loop, &person, err);
	person.is_list = false;
	person.paths = arena_format(&client->arena, "%s/.kube/config", home ? home : "");
	if (home && *home && access(person.paths, F_OK) == 0)
		return credentials_new_person(loop, &person, err);
	return credentials_new_pod(loop, CREDENTIALS_POD_DIRECTORY,
	                           call->environment("KUBERNETES_SERVICE_HOST"),
	                           call->environment("KUBERNETES_SERVICE_PORT"), err);
}

static struct command_client *make(struct command_call *call, bool is_known, struct err *err)
{
	struct command_client *client = calloc(1, sizeof(*client));
	struct http_curl_settings settings;

	if (!client)
		abort();
	client->call = call;
	client->loop = loop_ev_new(err);
	if (!client->loop)
		return command_client_free(client);
	client->credentials = is_known ? find_credentials(client, err) : NULL;
	if (is_known && !client->credentials)
		return command_client_free(client);
	client->k8s_namespace = is_known ? choose_namespace(client) : NULL;
	settings = (struct http_curl_settings){
		.loop = client->loop,
		.credentials = client->credentials,
		.user_agent = "serin/" VERSION_RELEASE,
	};
	client->http = http_curl_new(&settings);
	return client;
}

struct command_client *command_client_new(struct command_call *call, struct err *err)
{
	return make(call, true, err);
}

struct command_client *command_client_new_stranger(struct command_call *call, struct err *err)
{
	return make(call, false, err);
}

struct command_client *command_client_free(struct command_client *client)
{
	if (!client)
		return NULL;
	http_curl_free(client->http);
	credentials_free(client->credentials);
	loop_ev_free(client->loop);
	arena_fini(&client->arena);
	free(client);
	return NULL;
}

void command_client_freep(struct command_client **client)
{
	*client = command_client_free(*client);
}

const char *command_client_namespace(const struct command_client *client)
{
	return client->k8s_namespace;
}

/* The server's clock --------------------------------------------------------------------------- */

/* It was that time there, or up to a second later. */
static void set_clock(struct command_client *client, struct instant told)
{
	struct span lead = instant_between(command_now(client->call), told);

	if (instant_is_set(told) && (lead.ms > GRAIN_MS || lead.ms < -GRAIN_MS))
		client->call->lead.ms += lead.ms;
}

/* Somebody wrote the object, and so late it was at least. */
static void advance_clock(struct command_client *client, const json_t *object)
{
	const json_t *entries = kube_tree_find(object, "metadata/managedFields");

	for (size_t i = 0; i < json_array_size(entries); i++) {
		const char *text = kube_tree_text(json_array_get(entries, i), "time");
		struct instant written;

		if (instant_parse(text, &written, NULL) &&
		    instant_is_before(command_now(client->call), written))
			set_clock(client, written);
	}
}

/* Questions ----------------------------------------------------------------------------------- */

/* What the server says instead of an answer, and for the usual causes where to look. */
static void read_refusal(struct exchange *exchange, const struct http_reply *reply)
{
	CLEANUP(tree_freep) json_t *body = NULL;
	const char *message;
	const char *hint = "";

	(void)document_read_json(reply->body, reply->body_length, exchange->max, &body, NULL);
	message = kube_tree_text(body, "message");
	if (reply->status == 401)
		hint = "; check the credentials of the kubeconfig";
	else if (reply->status == 404)
		hint = "; are Serin's resource definitions installed?";
	(void)err_set(&exchange->err, ERR_STATUS, "%.200s: %d%s%.200s%s", exchange->path,
	              reply->status, *message ? " " : "", message, hint);
}

static void on_done(struct http_call *call, const struct http_reply *reply)
{
	struct exchange *exchange = (struct exchange *)(void *)call;
	struct err err = {0};

	loop_ev_stop(exchange->client->loop);
	set_clock(exchange->client, reply->date);
	exchange->status = reply->status;
	if (reply->error.kind != ERR_NONE)
		(void)err_set(&exchange->err, reply->error.kind, "%s", reply->error.text);
	else if (exchange->is_any)
		(void)document_read_json(reply->body, reply->body_length, exchange->max,
		                         &exchange->body, NULL);
	else if (reply->status < 200 || reply->status > 299)
		read_refusal(exchange, reply);
	else if (!document_read_json(reply->body, reply->body_length, exchange->max,
	                             &exchange->body, &err))
		(void)err_set(&exchange->err, err.kind, "%.200s: %s", exchange->path, err.text);
}

static bool ask_once(struct command_client *client, struct http_request *request,
                     struct exchange *exchange)
{
	*exchange = (struct exchange){
		.call = {.done = on_done, .lane = HTTP_LANE_READ},
		.client = client,
		.path = request->url,
		.max = request->reply_max,
		.is_any = exchange->is_any,
	};
	request->timeout = span_seconds(COMMAND_CLIENT_SECONDS);
	http_start(http_curl_seam(client->http), &exchange->call, request);
	loop_ev_run(client->loop);
	return exchange->err.kind == ERR_NONE;
}

/* Refused once, a plugin logs in anew. */
static bool ask(struct command_client *client, struct http_request *request,
                struct exchange *exchange)
{
	return ask_once(client, request, exchange) ||
	       (exchange->status == 401 && ask_once(client, request, exchange));
}

/* The answer, where "not there" is one. */
static bool ask_for_one(struct command_client *client, struct http_request *request, json_t **ret,
                        struct err *err)
{
	struct exchange exchange = {0};

	if (ask(client, request, &exchange) || exchange.status == 404) {
		*ret = exchange.body;
		return true;
	}
	return err_set(err, exchange.err.kind, "%s", exchange.err.text);
}

bool command_client_get(struct command_client *client, const char *path, json_t **ret,
                        struct err *err)
{
	struct http_request request = {
		.peer = HTTP_PEER_KUBE,
		.method = HTTP_GET,
		.url = path,
		.reply_max = KUBE_API_LIST_MAX,
	};

	http_request_add(&request, "Accept", "application/json");
	return ask_for_one(client, &request, ret, err);
}

bool command_client_ask(struct command_client *client, struct http_request *request,
                        int *ret_status, json_t **ret, struct err *err)
{
	struct exchange exchange = {.is_any = true};

	if (!ask_once(client, request, &exchange))
		return err_set(err, exchange.err.kind, "%s", exchange.err.text);
	*ret_status = exchange.status;
	*ret = exchange.body;
	return true;
}

bool command_client_find(struct command_client *client, const struct kube_ref *ref, json_t **ret,
                         struct err *err)
{
	struct arena arena = {0};
	struct http_request request = {0};
	bool is_fine;

	kube_api_get(&request, &arena, ref);
	is_fine = ask_for_one(client, &request, ret, err);
	arena_fini(&arena);
	return is_fine;
}

bool command_client_post(struct command_client *client, const char *path, json_t *body,
                         json_t **ret, struct err *err)
{
	char *text = json_dumps(body, JSON_COMPACT);
	struct http_request request = {
		.peer = HTTP_PEER_KUBE,
		.method = HTTP_POST,
		.url = path,
		.body = text,
		.body_length = text ? strlen(text) : 0,
		.reply_max = KUBE_API_OBJECT_MAX,
	};
	struct exchange exchange = {0};
	bool is_fine;

	json_decref(body);
	if (!text)
		abort();
	http_request_add(&request, "Accept", "application/json");
	http_request_add(&request, "Content-Type", "application/json");
	is_fine = ask(client, &request, &exchange);
	free(text);
	if (!is_fine)
		return err_set(err, exchange.err.kind, "%s", exchange.err.text);
	*ret = exchange.body;
	return true;
}

/* An alarm that ends a rest. */
struct rest {
	struct alarm alarm;
	struct command_client *client;
};

static void on_rested(struct alarm *alarm)
{
	loop_ev_stop(container_of(alarm, struct rest, alarm)->client->loop);
}

void command_client_rest(struct command_client *client, struct span length)
{
	struct rest rest = {.alarm.ring = on_rested, .client = client};

	alarm_start(loop_ev_seam(client->loop), &rest.alarm, length);
	loop_ev_run(client->loop);
}

/* Lists --------------------------------------------------------------------------------------- */

static bool take_page(const struct command_client_list *list, json_t *items,
                      const struct kube_list *page, struct err *err)
{
	size_t index;
	json_t *item;

	json_array_foreach(page->items, index, item)
	{
		if (!command_client_items_check(list, items, err))
			return false;
		command_client_items_name(item, list->kind);
		kube_tree_append(items, json_incref(item));
	}
	return true;
}

/* One page; TOKEN is that of the next, NULL after the last. */
static bool read_page(struct command_client *client, const struct command_client_list *list,
                      json_t *items, struct arena *arena, const char **token, struct err *err)
{
	struct kube_ref ref = {.kind = list->kind, .k8s_namespace = list->k8s_namespace};
	struct kube_query query = {
		.labels = list->labels,
		.fields = list->fields,
		.continue_token = *token,
	};
	struct http_request request = {0};
	struct exchange exchange;
	struct kube_list page;
	bool is_fine;

	kube_api_list(&request, arena, &ref, &query);
	if (!ask(client, &request, &exchange))
		return err_set(err, exchange.err.kind, "%s", exchange.err.text);
	is_fine = kube_list_read(exchange.body, &page, err) && take_page(list, items, &page, err);
	if (is_fine)
		*token = arena_text(arena, page.continue_token);
	json_decref(exchange.body);
	return is_fine || err_wrap(err, "%s", kube_api_plural(list->kind));
}

bool command_client_read(struct command_client *client, struct command_client_list *list,
                         struct err *err)
{
	struct arena arena = {0};
	json_t *items = kube_tree_list();
	const char *token = NULL;
	bool is_fine;

	do {
		is_fine = read_page(client, list, items, &arena, &token, err);
	} while (is_fine && token);
	arena_fini(&arena);
	if (!is_fine) {
		json_decref(items);
		return false;
	}
	json_decref(list->items);
	list->items = items;
	return true;
}

void command_client_list_fini(struct command_client_list *list)
{
	json_decref(list->items);
	json_decref(list->fresh);
	list->items = NULL;
	list->fresh = NULL;
}

/* Following ----------------------------------------------------------------------------------- */

struct following;

/* One list that is followed. */
struct strand {
	struct following *following;
	struct command_client_list *list;
	struct follow_seams seams;
	struct follow *follow;
};

struct following {
	struct command_client *client;
	struct strand strands[COMMAND_CLIENT_LISTS_MAX];
	size_t n_strands;
	struct alarm settle;
	struct alarm beat;
	struct span every;
	bool (*changed)(void *user);
	void *user;
};

static void on_object(void *user, enum kube_kind kind, enum follow_event event,
                      const json_t *object)
{
	struct strand *strand = user;
	struct following *following = strand->following;
	struct command_client_list *list = strand->list;

	switch (event) {
	case FOLLOW_BEGUN:
		json_decref(list->fresh);
		list->fresh = NULL;
		return;
	case FOLLOW_LISTED:
		command_client_items_add(list, object);
		return;
	case FOLLOW_SYNCED:
		command_client_items_renew(list);
		break;
	case FOLLOW_CHANGED:
		advance_clock(following->client, object);
		command_client_items_put(list, object);
		break;
	case FOLLOW_DELETED:
		command_client_items_drop(list, object);
		break;
	case FOLLOW_NONE:
		return;
	}
	if (!following->settle.loop)
		alarm_start(loop_ev_seam(following->client->loop), &following->settle,
		            span_ms(SETTLE_MS));
}

/* On a screen that is written anew again and again, what was logged is gone. */
static void tell_trouble(const struct following *following)
{
	for (size_t i = 0; i < following->n_strands; i++) {
		const char *trouble = follow_trouble(following->strands[i].follow);

		if (!*trouble)
			continue;
		(void)command_say(following->client->call, COMMAND_OK,
		                  "shown is what was known: %s", trouble);
		return;
	}
}

static void tell(struct following *following)
{
	for (size_t i = 0; i < following->n_strands; i++)
		if (!follow_is_synced(following->strands[i].follow))
			return;
	if (!following->changed(following->user))
		loop_ev_stop(following->client->loop);
	else if (following->every.ms > 0)
		tell_trouble(following);
}

static void on_settle(struct alarm *alarm)
{
	tell(container_of(alarm, struct following, settle));
}

static void on_beat(struct alarm *alarm)
{
	struct following *following = container_of(alarm, struct following, beat);

	alarm_start(loop_ev_seam(following->client->loop), alarm, following->every);
	tell(following);
}

static void on_signal(void *user, int number)
{
	struct following *following = user;

	(void)number;
	loop_ev_stop(following->client->loop);
}

static void begin(struct following *following, struct command_client_list *lists, struct log *log,
                  struct metrics *metrics)
{
	struct loop *loop = loop_ev_seam(following->client->loop);

	for (size_t i = 0; i < following->n_strands; i++) {
		struct strand *strand = &following->strands[i];

		strand->following = following;
		strand->list = &lists[i];
		strand->seams = (struct follow_seams){
			.loop = loop,
			.http = http_curl_seam(following->client->http),
			.log = log,
			.metrics = metrics,
			.k8s_namespace = lists[i].k8s_namespace,
			.labels = lists[i].labels,
			.fields = lists[i].fields,
			.sink = on_object,
			.user = strand,
		};
		strand->follow = follow_new(&strand->seams, lists[i].kind);
		follow_list(strand->follow);
	}
	if (following->every.ms > 0)
		alarm_start(loop, &following->beat, following->every);
}

bool command_client_follow(struct command_client *client, struct command_client_list *lists,
                           size_t n_lists, struct span every, bool (*changed)(void *user),
                           void *user, struct err *err)
{
	struct following following = {
		.client = client,
		.n_strands = n_lists,
		.settle = {.ring = on_settle},
		.beat = {.ring = on_beat},
		.every = every,
		.changed = changed,
		.user = user,
	};
	struct log_settings settings = {
		.loop = loop_ev_seam(client->loop),
		.stream = client->call->trouble,
		.form = LOG_FORM_TEXT,
		.level = LOG_WARNING,
	};
	struct metrics *metrics;
	struct log *log;

	assert(n_lists > 0 && n_lists <= COMMAND_CLIENT_LISTS_MAX);
	/* Once before following: what is refused now is refused for good. */
	for (size_t i = 0; i < n_lists; i++)
		if (!command_client_read(client, &lists[i], err))
			return false;
	metrics = metrics_new();
	log = log_new(&settings);
	loop_ev_signals(client->loop, on_signal, &following);
	begin(&following, lists, log, metrics);
	loop_ev_run(client->loop);
	loop_ev_signals(client->loop, NULL, NULL);
	for (size_t i = 0; i < n_lists; i++)
		follow_free(following.strands[i].follow);
	alarm_cancel(&following.settle);
	alarm_cancel(&following.beat);
	log_free(log);
	metrics_free(metrics);
	return true;
}
