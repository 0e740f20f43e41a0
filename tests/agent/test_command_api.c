/* The commands and the agent's API: at an address, and through the API server's proxy. */
#include "analysis/base/compiler.h"
#include "tests/agent/command_desk.h"
#include "tests/agent/desk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PROXY  "/api/v1/namespaces/serin/services/http:serin-api:http/proxy"
#define MINTER "POST /api/v1/namespaces/serin/serviceaccounts/serin-reader/token "
#define REPORT                                                                                    \
 "{\"release\":{\"name\":\"cart-3\",\"outcome\":null,\"phase\":\"Progressing\",\"toImage\":null," \
 "\"fromImage\":null,\"started\":null,\"finished\":null,\"reason\":null},\"set\":[],\"seen\":[]," \
 "\"events\":[],\"checks\":[{\"name\":\"request-duration\",\"min\":null,\"max\":500,"             \
 "\"query\":\"rate(x[1m])\",\"samples\":[{\"at\":\"2025-11-21T08:00:00Z\",\"value\":380.5,"       \
 "\"min\":null,\"max\":500,\"verdict\":\"pass\"},{\"at\":\"2025-11-21T08:01:00Z\",\"value\":410," \
 "\"min\":null,\"max\":500,\"verdict\":\"pass\"}]}]}"
#define RELEASES                                                                               \
 "{\"releases\":[{\"name\":\"cart-2\",\"canary\":\"cart\",\"namespace\":\"shop\",\"cause\":"   \
 "\"revision\",\"started\":\"2025-11-20T08:00:00Z\",\"finished\":\"2025-11-20T08:07:10Z\","    \
 "\"fromImage\":\"shop/cart:v1\",\"toImage\":\"shop/cart:v2\",\"digest\":\"abc\",\"phase\":"   \
 "\"Done\",\"outcome\":\"rolled_back\",\"reason\":\"taken back\",\"check\":{\"name\":"         \
 "\"request-duration\",\"value\":620,\"min\":null,\"max\":500,\"verdict\":\"fail\",\"query\":" \
 "\"rate(x[1m])\"},\"paused\":false,\"actions\":[]}]}"

/* An API server with the agent behind its proxy, and the same agent at its own address. */
struct room {
	struct desk desk;
	struct command_desk *commands;
	pthread_t thread;
	struct loop_ev_post end;
	char kubeconfig[160];
	/* Set before a run, read after it. */
	bool has_service;
	bool can_mint;
	bool wants_token;
	int n_followers; /* so many answers are another agent's */
	int n_asked;
	int n_minted;
	char last[512]; /* first line of the last request for a release */
};

static void say(struct visitor *visitor, int status, const char *body)
{
	loopback_answer(visitor, status, "Content-Type: application/json\r\n", body);
}

static void answer_as_agent(struct room *room, struct visitor *visitor, const char *request)
{
	room->n_asked++;
	(void)snprintf(room->last, sizeof(room->last), "%.*s", (int)strcspn(request, "\r"),
	               request);
	if (room->wants_token && !strstr(request, "Serin-Token: minted") &&
	    !strstr(request, "Authorization: Bearer given"))
		say(visitor, 401, "{\"error\":\"expected a token\"}");
	else if (room->n_followers-- > 0)
		say(visitor, 503, "{\"error\":\"ask the leader\",\"leader\":\"serin-b_1\"}");
	else if (strstr(request, "/namespaces/shop/releases/cart-3 "))
		say(visitor, 200, REPORT);
	else if (strstr(request, "/releases?"))
		say(visitor, 200, RELEASES);
	else
		say(visitor, 404, "{\"error\":\"no such release\"}");
}

static void serve(struct visitor *visitor, const char *request)
{
	struct desk *desk = visitor->server->user;
	struct room *room = container_of(desk, struct room, desk);

	if (strncmp(request, "GET /api/v1/namespaces/shop/releases", 36) == 0) {
		answer_as_agent(room, visitor, request);
	} else if (strncmp(request, "GET " PROXY, strlen("GET " PROXY)) == 0 && room->has_service) {
		answer_as_agent(room, visitor, request);
	} else if (strncmp(request, MINTER, strlen(MINTER)) == 0 && room->can_mint) {
		room->n_minted++;
		assert_non_null(strstr(request, "\"audiences\":[\"serin.dev\"]"));
		say(visitor, 201, "{\"status\":{\"token\":\"minted\"}}");
	} else if (strncmp(request, "POST ", 5) == 0) {
		say(visitor, 403, "{\"kind\":\"Status\",\"message\":\"may not create\"}");
	} else {
		say(visitor, 404, "{\"kind\":\"Status\",\"message\":\"not found\"}");
	}
}

static void *turn(void *user)
{
	struct room *room = user;

	loop_ev_run(room->desk.loop);
	return NULL;
}

static void on_end(struct loop_ev_post *post)
{
	loop_ev_stop(container_of(post, struct room, end)->desk.loop);
}

static int open_room(void **state)
{
	struct room *room = calloc(1, sizeof(*room));
	char text[512];

	assert_non_null(room);
	desk_open(&room->desk, serve);
	room->commands = command_desk_new();
	(void)snprintf(text, sizeof(text),
	               "{apiVersion: v1, kind: Config, current-context: c, clusters: [{name: c, "
	               "cluster: {server: 'http://127.0.0.1:%d'}}], users: [{name: u, user: {}}], "
	               "contexts: [{name: c, context: {cluster: c, user: u, namespace: shop}}]}",
	               room->desk.server.port);
	(void)command_desk_file(room->commands, "proxied", text, room->kubeconfig);
	room->commands->file_variable = room->kubeconfig;
	room->has_service = true;
	room->can_mint = true;
	room->wants_token = true;
	room->end.call = on_end;
	assert_int_equal(pthread_create(&room->thread, NULL, turn, room), 0);
	*state = room;
	return 0;
}

static int shut_room(void **state)
{
	struct room *room = *state;

	loop_ev_post(room->desk.loop, &room->end);
	(void)pthread_join(room->thread, NULL);
	command_desk_free(room->commands);
	desk_shut(&room->desk);
	free(room);
	return 0;
}

static void run(struct room *room, const char *line, enum command_exit status, const char *part)
{
	struct command_desk *desk = room->commands;

	command_desk_run(desk, line);
	if (desk->status != status || (!strstr(desk->out, part) && !strstr(desk->trouble, part)))
		fail_msg("%s: %d, expected %d and %s: %s%s", line, desk->status, status, part,
		         desk->out, desk->trouble);
}

/* A token is made first, and an agent that does not lead is passed by. */
static void test_proxy(void **state)
{
	struct room *room = *state;

	run(room, "report cart-3", COMMAND_OK, "check request-duration");
	assert_int_equal(room->n_minted, 1);
	assert_int_equal(room->n_asked, 1);
	room->n_followers = 3;
	run(room, "report cart-3 --api auto", COMMAND_OK, "check request-duration");
	assert_int_equal(room->n_asked, 5);
	run(room, "report cart-3 --api serin/serin-api -o json", COMMAND_OK, "rate(x[1m])");
	run(room, "report cart-9", COMMAND_NOT_FOUND, "no release \"cart-9\"");
	run(room, "report cart-3 -n elsewhere", COMMAND_NOT_FOUND, "no release");
	/* nobody leads */
	room->n_followers = 100;
	run(room, "report cart-3", COMMAND_FAILED, "ask the leader");
}

static void test_what_is_missing(void **state)
{
	struct room *room = *state;

	room->can_mint = false;
	run(room, "report cart-3", COMMAND_FAILED,
	    "wants a token, and none could be made: /api/v1/namespaces/serin/serviceaccounts/"
	    "serin-reader/token: 403 may not create");
	/* an agent that wants none */
	room->wants_token = false;
	run(room, "report cart-3", COMMAND_OK, "check request-duration");
	room->has_service = false;
	run(room, "report cart-3", COMMAND_FAILED,
	    "no Service serin-api in namespace serin or shop");
	run(room, "report cart-3 --api serin/serin-api", COMMAND_FAILED, "404 not found");
	run(room, "report cart-3 --api nonsense", COMMAND_FAILED, "expected an address");
	run(room, "report cart-3 --api a/b/c", COMMAND_FAILED, "expected an address");
	run(room, "report cart-3 --api x --file y", COMMAND_USAGE, "got both");
}

static void test_history(void **state)
{
	struct room *room = *state;

	run(room, "history cart --api auto --since 7d --result rolled_back,failed_promotion",
	    COMMAND_OK, "request-duration 620 > max 500");
	assert_non_null(strstr(room->last,
	                       "/releases?limit=500&canary=cart&since=7d&result="
	                       "rolled_back%2Cfailed_promotion "));
	run(room, "history --api auto -o json", COMMAND_OK, "\"query\": \"rate(x[1m])\"");
	run(room, "history --api auto -w", COMMAND_USAGE, "alone");
}

static void test_address(void **state)
{
	struct room *room = *state;
	char line[128];

	room->wants_token = false;
	(void)snprintf(line, sizeof(line), "report cart-3 -n shop --api http://127.0.0.1:%d/",
	               room->desk.server.port);
	run(room, line, COMMAND_OK, "check request-duration");
	assert_string_equal(room->last, "GET /api/v1/namespaces/shop/releases/cart-3 HTTP/1.1");
	(void)snprintf(line, sizeof(line), "report cart-3 --api http://127.0.0.1:%d",
	               room->desk.server.port);
	run(room, line, COMMAND_FAILED, "expected --namespace");
	room->wants_token = true;
	(void)snprintf(line, sizeof(line), "report cart-3 -n shop --api http://127.0.0.1:%d",
	               room->desk.server.port);
	run(room, line, COMMAND_FAILED, "401 expected a token");
	/* no kubeconfig at all */
	room->commands->file_variable = "/nowhere/config";
	room->wants_token = false;
	run(room, line, COMMAND_OK, "check request-duration");
}

/* status and explain stand on the cluster, and say what the agent measured besides. */
static void test_cards(void **state)
{
	struct room *room = *state;
	char line[128];

	command_desk_cast(room->commands);
	room->commands->file_variable = NULL;
	room->wants_token = false;
	(void)snprintf(line, sizeof(line), "status cart --api http://127.0.0.1:%d",
	               room->desk.server.port);
	run(room, line, COMMAND_OK,
	    "evidence   request-duration: 2 samples, 380.5 to 410; rate(x[1m])\n");
	(void)snprintf(line, sizeof(line), "explain cart --api http://127.0.0.1:%d",
	               room->desk.server.port);
	run(room, line, COMMAND_OK, "evidence cart-3");
	run(room, line, COMMAND_OK, "request-duration: 2 samples, 380.5 to 410; rate(x[1m])");
	run(room, "status cart -o wide", COMMAND_OK, "evidence   no Service serin-api");
	run(room, "explain cart --api auto", COMMAND_OK, "no Service serin-api");
	/* asks nothing */
	room->n_asked = 0;
	run(room, "status cart", COMMAND_OK, "shop/cart");
	assert_null(strstr(room->commands->out, "evidence"));
	assert_int_equal(room->n_asked, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_proxy, open_room, shut_room),
		cmocka_unit_test_setup_teardown(test_what_is_missing, open_room, shut_room),
		cmocka_unit_test_setup_teardown(test_history, open_room, shut_room),
		cmocka_unit_test_setup_teardown(test_address, open_room, shut_room),
		cmocka_unit_test_setup_teardown(test_cards, open_room, shut_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
