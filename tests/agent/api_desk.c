#include "tests/agent/api_desk.h"

#include "agent/history_facts.h"
#include "agent/history_memory.h"
#include "providers/kube/tree.h"
#include "providers/wire/tree.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* The agent's way to the cluster ---------------------------------------------------------------
 */

struct errand {
	struct alarm alarm;
	struct api_desk *desk;
	struct http_call *call;
	struct arena arena;
	struct http_reply reply;
};

static char *quoted(struct arena *arena, const char *text)
{
	char *copy = arena_text(arena, text);

	for (char *at = strchr(copy, '\''); at; at = strchr(at, '\''))
		*at = '"';
	return copy;
}

static struct http_reply reply_of(struct arena *arena, int status, const char *text)
{
	char *body = quoted(arena, text);

	return (struct http_reply){
		.status = status,
		.body = body,
		.body_length = strlen(body),
	};
}

/* A token is its owner's name; "for-serin NAME" was made for serin.dev. */
static struct http_reply review_token(struct api_desk *desk, const json_t *body,
                                      struct arena *arena)
{
	const char *token = kube_tree_text(body, "spec/token");
	bool is_ours = strncmp(token, "for-serin-", 10) == 0;
	const char *name = is_ours ? token + 10 : token;
	bool is_asked = json_array_size(kube_tree_find(body, "spec/audiences")) > 0;
	bool is_known = strcmp(name, "alice") == 0 || strcmp(name, "root") == 0 ||
	                strcmp(name, "mallory") == 0;

	desk->n_token_reviews++;
	if (!is_known || (is_ours != is_asked && !desk->has_no_audiences))
		return reply_of(arena, 201, "{'status':{'authenticated':false}}");
	return reply_of(arena, 201,
	                arena_format(arena,
	                             "{'status':{'authenticated':true,%s'user':{'username':'%s',"
	                             "'uid':'u-1','groups':['people'],'extra':{'k':['v']}}}}",
	                             is_ours && is_asked && !desk->has_no_audiences
	                                     ? "'audiences':['serin.dev'],"
	                                     : "",
	                             name));
}

static struct http_reply review_access(struct api_desk *desk, const json_t *body,
                                       struct arena *arena)
{
	const char *user = kube_tree_text(body, "spec/user");
	const char *verb = kube_tree_text(body, "spec/resourceAttributes/verb");
	const char *where = kube_tree_text(body, "spec/resourceAttributes/namespace");
	bool is_allowed = strcmp(user, "root") == 0 ||
	                  (strcmp(user, "alice") == 0 && strcmp(where, "shop") == 0 &&
	                   strcmp(verb, "get") == 0);

	desk->n_access_reviews++;
	return reply_of(arena, 201,
	                arena_format(arena, "{'status':{'allowed':%s}}",
	                             is_allowed ? "true" : "false"));
}

static struct http_reply serve(struct api_desk *desk, const struct http_request *request,
                               struct arena *arena)
{
	CLEANUP(tree_freep) json_t *body = NULL;
	struct http_reply reply;

	if (request->method == HTTP_POST) {
		body = json_loads(request->body, 0, NULL);
		(void)snprintf(desk->reviewed, sizeof(desk->reviewed), "%.500s", request->body);
		if (desk->review_status)
			return reply_of(arena, desk->review_status,
			                "{'kind':'Status','message':'not so'}");
		return strstr(request->url, "/tokenreviews") ? review_token(desk, body, arena)
		                                             : review_access(desk, body, arena);
	}
	(void)pthread_mutex_lock(&desk->cluster->lock);
	reply = apiserver_serve_inside(desk->cluster->server, request, arena,
	                               (struct instant){COMMAND_DESK_NOW});
	(void)pthread_mutex_unlock(&desk->cluster->lock);
	return reply;
}

static void on_arrived(struct alarm *alarm)
{
	struct errand *errand = container_of(alarm, struct errand, alarm);
	struct http_call *call = errand->call;
	struct arena arena = errand->arena;
	struct http_reply reply = errand->reply;

	call->http = NULL;
	call->impl = NULL;
	free(errand);
	call->done(call, &reply);
	arena_fini(&arena);
}

static void on_start(struct http *http, struct http_call *call, const struct http_request *request)
{
	struct api_desk *desk = container_of(http, struct api_desk, http);
	struct errand *errand = calloc(1, sizeof(*errand));

	if (!errand)
		abort();
	errand->alarm.ring = on_arrived;
	errand->desk = desk;
	errand->call = call;
	call->impl = errand;
	call->http = http;
	if (desk->is_silent)
		return;
	errand->reply = serve(desk, request, &errand->arena);
	alarm_start(loop_ev_seam(desk->desk.loop), &errand->alarm, span_ms(0));
}

static void on_cancel(struct http *http, struct http_call *call)
{
	struct errand *errand = call->impl;

	alarm_cancel(&errand->alarm);
	arena_fini(&errand->arena);
	free(errand);
	call->impl = NULL;
}

static const struct http_ops http_ops = {.start = on_start, .cancel = on_cancel};

/* The desk -------------------------------------------------------------------------------------
 */

static bool write_page(void *user, struct buf *body)
{
	return buf_format(body, "ok\n");
}

static bool on_is_leading(void *user)
{
	return ((struct api_desk *)user)->is_leading;
}

static const char *on_holder(void *user)
{
	return "serin-b_0123";
}

static void on_asked(void *user, struct server_exchange *exchange)
{
	api_asked(((struct api_desk *)user)->api, exchange);
}

static void open_api(struct api_desk *desk, const struct api_desk_options *options)
{
	struct api_settings api = {
		.loop = loop_ev_seam(desk->desk.loop),
		.http = &desk->http,
		.feed = desk->feed,
		.clerk = desk->clerk,
		.access = options->access,
		.k8s_namespace = options->k8s_namespace,
		.boot = "boot-1",
		.is_leading = on_is_leading,
		.holder = on_holder,
		.user = desk,
	};
	struct server_settings server = {
		.loop = desk->desk.loop,
		.metrics = write_page,
		.is_healthy = write_page,
		.is_ready = write_page,
		.asked = on_asked,
		.user = desk,
	};
	struct err err = {0};

	desk->api = api_new(&api);
	desk->server = server_new(&server, &err);
	if (!desk->server)
		fail_msg("%s", err.text);
}

static void open_history(struct api_desk *desk)
{
	struct history_clerk_settings clerk = {.loop = desk->desk.loop, .path = ""};
	struct err err = {0};

	desk->history = history_memory_new(loop_ev_seam(desk->desk.loop));
	desk->feed = api_feed_new(loop_ev_seam(desk->desk.loop), desk->history);
	clerk.memory = desk->history;
	desk->clerk = history_clerk_new(&clerk, &err);
	if (!desk->clerk)
		fail_msg("%s", err.text);
}

struct api_desk *api_desk_new(const struct api_desk_options *options)
{
	struct api_desk *desk = calloc(1, sizeof(*desk));

	if (!desk)
		abort();
	desk_open(&desk->desk, NULL);
	desk->cluster = command_desk_new();
	command_desk_cast(desk->cluster);
	desk->http.ops = &http_ops;
	desk->is_leading = true;
	open_history(desk);
	open_api(desk, options);
	return desk;
}

static void close_api(struct api_desk *desk)
{
	server_free(desk->server);
	api_free(desk->api);
}

void api_desk_restart(struct api_desk *desk, const struct api_desk_options *options)
{
	close_api(desk);
	open_api(desk, options);
}

struct api_desk *api_desk_free(struct api_desk *desk)
{
	if (!desk)
		return NULL;
	server_free(desk->server);
	history_clerk_free(desk->clerk, span_seconds(10));
	api_free(desk->api);
	api_feed_free(desk->feed);
	history_memory_free(desk->history);
	command_desk_free(desk->cluster);
	desk_shut(&desk->desk);
	history_facts_base_fini(&desk->base);
	free(desk);
	return NULL;
}

/* Clients --------------------------------------------------------------------------------------
 */

struct client {
	struct loop_ev_post post;
	struct api_desk *desk;
	int port;
	char request[32 * 1024];
	const char *source;
};

static void *run_client(void *user)
{
	struct client *client = user;
	struct api_desk *desk = client->desk;
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)client->port)};
	struct sockaddr_in from = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	size_t used = 0;
	ssize_t length = 1;

	(void)inet_pton(AF_INET, client->source, &from.sin_addr);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(fd, (struct sockaddr *)&from, sizeof(from)) < 0 ||
	    connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		abort();
	(void)send(fd, client->request, strlen(client->request), MSG_NOSIGNAL);
	while (length > 0 && used < sizeof(desk->reply) - 1) {
		length = recv(fd, desk->reply + used, sizeof(desk->reply) - 1 - used, 0);
		used += length > 0 ? (size_t)length : 0;
	}
	desk->reply[used] = '\0';
	(void)close(fd);
	loop_ev_post(desk->desk.loop, &client->post);
	return NULL;
}

static void on_answered(struct loop_ev_post *post)
{
	loop_ev_stop(container_of(post, struct client, post)->desk->desk.loop);
}

const char *api_desk_ask_from(struct api_desk *desk, const char *line, const char *headers,
                              const char *source)
{
	struct client *client = calloc(1, sizeof(*client));
	pthread_t thread;

	if (!client)
		abort();
	client->post.call = on_answered;
	client->desk = desk;
	client->port = server_port(desk->server);
	client->source = source;
	(void)snprintf(client->request, sizeof(client->request),
	               "%s HTTP/1.1\r\n%sConnection: close\r\n\r\n", line, headers);
	assert_int_equal(pthread_create(&thread, NULL, run_client, client), 0);
	loop_ev_run(desk->desk.loop);
	(void)pthread_join(thread, NULL);
	free(client);
	if (desk->desk.is_late)
		fail_msg("%s: no answer", line);
	return desk->reply;
}

const char *api_desk_ask(struct api_desk *desk, const char *line, const char *headers)
{
	return api_desk_ask_from(desk, line, headers, "127.0.0.1");
}

int api_desk_get(struct api_desk *desk, const char *path, const char **ret_body)
{
	char line[4096];
	const char *reply;

	(void)snprintf(line, sizeof(line), "GET %s", path);
	reply = api_desk_ask(desk, line, "Host: localhost:8080\r\n");
	*ret_body = api_desk_body(reply);
	return api_desk_status(reply);
}

int api_desk_status(const char *reply)
{
	return strncmp(reply, "HTTP/1.1 ", 9) == 0 ? (int)strtol(reply + 9, NULL, 10) : 0;
}

const char *api_desk_body(const char *reply)
{
	const char *end = strstr(reply, "\r\n\r\n");

	return end ? end + 4 : "";
}

void api_desk_header(const char *reply, const char *name, char ret[512])
{
	char start[64];
	const char *at;

	(void)snprintf(start, sizeof(start), "\r\n%s: ", name);
	at = strstr(reply, start);
	ret[0] = '\0';
	if (!at || at > api_desk_body(reply))
		return;
	at += strlen(start);
	(void)snprintf(ret, 512, "%.*s", (int)strcspn(at, "\r"), at);
}

/* The history ----------------------------------------------------------------------------------
 */

static void write_round(struct api_desk *desk, size_t number, const char *release, int64_t at,
                        int64_t started)
{
	struct arena arena = {0};
	const char *facts;
	json_t *whole;
	char *patch;
	char uid[32];
	struct history_round round = {
		.uid = uid,
		.k8s_namespace = "shop",
		.canary = "cart",
		.canary_uid = "c-1",
		.release = release,
		.decided_at = {at},
		.decide_version = "1",
		.reason = "Advance cart.shop canary weight 10",
		.plan = "{}",
	};
	struct history_effect effect = {
		.round_uid = uid,
		.kind = HISTORY_ANSWER,
		.key = "measure request-duration",
		.result = "ok",
		.at = {at},
	};

	(void)snprintf(uid, sizeof(uid), "r%05zu", number);
	round.spec = quoted(&arena, "{'checks':[{'name':'request-duration','max':500}]}");
	facts = quoted(
		&arena,
		arena_format(
			&arena,
			"{'primary':{'image':'shop/cart:v1'},'target':{'image':'shop/cart:v2'},"
			"'newest':{'name':'%s','cause':'revision','uid':'u-2','phase':"
			"'Progressing','started':%lld,'to':10},'samples':[{'kind':'value',"
			"'value':420.5,'check':%lld}]}",
			release, (long long)started, (long long)at));
	whole = json_loads(facts, 0, NULL);
	patch = history_facts_write(whole, NULL, &desk->base);
	json_decref(whole);
	round.base = desk->base.text;
	round.facts = patch;
	effect.detail =
		quoted(&arena, "{'check':'request-duration','query':'rate(x[1m])','value':420.5}");
	history_round(api_feed_history(desk->feed), &round, NULL, NULL);
	history_effect(api_feed_history(desk->feed), &effect);
	effect.kind = HISTORY_CHANGE;
	effect.key = "notify";
	effect.result = "";
	effect.detail = quoted(&arena, "{'text':'Advance cart.shop canary weight 10'}");
	history_effect(api_feed_history(desk->feed), &effect);
	free(patch);
	arena_fini(&arena);
}

void api_desk_rounds(struct api_desk *desk, size_t n_rounds, size_t n_more)
{
	for (size_t i = 0; i < n_rounds; i++)
		write_round(desk, i, "cart-2", API_DESK_START + (int64_t)i * 60000, API_DESK_START);
	for (size_t i = 0; i < n_more; i++) {
		int64_t at = API_DESK_START + (int64_t)(i + 1) * 3600000;
		char name[32];

		(void)snprintf(name, sizeof(name), "cart-%zu", i + 3);
		write_round(desk, 10000 + i, name, at, at);
	}
}

static void on_moment(struct alarm *alarm)
{
	loop_ev_stop(container_of(alarm, struct desk, alarm)->loop);
}

void api_desk_turn(struct api_desk *desk)
{
	struct desk moment = {.loop = desk->desk.loop, .alarm = {.ring = on_moment}};

	alarm_start(loop_ev_seam(desk->desk.loop), &moment.alarm, span_ms(20));
	loop_ev_run(desk->desk.loop);
	alarm_cancel(&moment.alarm);
}

int api_desk_set_up(void **state)
{
	const struct api_desk_options options = {.access = API_ACCESS_TOKEN};

	*state = api_desk_new(&options);
	return 0;
}

int api_desk_tear_down(void **state)
{
	api_desk_free(*state);
	return 0;
}
