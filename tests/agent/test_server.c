/* Our own pages, asked for by clients of all manners. */
#include "agent/loop_ev.h"
#include "agent/server.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* A client in a thread of its own: connects, sends, reads to the end, reports to the loop. */
struct client {
	struct loop_ev_post post; /* first: what ends the run */
	struct loop_ev *loop;
	int port;
	const char *text;
	size_t length;
	char reply[8192];
	size_t n_crowd; /* connections that say nothing, held meanwhile; one goes before the reply
	                   is read */
};

struct room {
	struct loop_ev *loop;
	struct server *server;
	bool is_ready;
	bool is_huge;
};

static bool write_metrics(void *user, struct buf *body)
{
	struct room *room = user;
	char block[4096];

	if (!room->is_huge)
		return buf_format(body, "serin_up 1\n");
	memset(block, 'x', sizeof(block));
	while (buf_add(body, block, sizeof(block)))
		;
	return false;
}

static bool write_health(void *user, struct buf *body)
{
	return buf_format(body, "OK");
}

static bool write_ready(void *user, struct buf *body)
{
	const struct room *room = user;
	bool fits = buf_format(body, room->is_ready ? "ok\n" : "the lease is not known yet\n");

	return fits && room->is_ready;
}

static struct server *start_server(struct room *room, const char *address, int port,
                                   struct err *err)
{
	struct server_settings settings = {
		.loop = room->loop,
		.address = address,
		.port = port,
		.metrics = write_metrics,
		.is_healthy = write_health,
		.is_ready = write_ready,
		.user = room,
	};

	return server_new(&settings, err);
}

static int open_room(void **state)
{
	static struct room room;

	room = (struct room){.loop = loop_ev_new(NULL), .is_ready = true};
	room.server = start_server(&room, "127.0.0.1", 0, NULL);
	*state = &room;
	return room.server ? 0 : -1;
}

static int shut_room(void **state)
{
	struct room *room = *state;

	server_free(room->server);
	loop_ev_free(room->loop);
	return 0;
}

static int connect_to(int port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		abort();
	return fd;
}

static void read_reply(int fd, struct client *client)
{
	size_t used = 0;

	while (used < sizeof(client->reply) - 1) {
		ssize_t length =
			recv(fd, client->reply + used, sizeof(client->reply) - 1 - used, 0);

		if (length <= 0)
			break;
		used += (size_t)length;
	}
}

static void *call(void *user)
{
	struct client *client = user;
	int crowd[256];
	int fd;

	for (size_t i = 0; i < client->n_crowd; i++)
		crowd[i] = connect_to(client->port);
	fd = connect_to(client->port);
	(void)send(fd, client->text, client->length, MSG_NOSIGNAL);
	for (size_t i = 0; i < client->n_crowd; i++)
		(void)close(crowd[i]);
	read_reply(fd, client);
	(void)close(fd);
	loop_ev_post(client->loop, &client->post);
	return NULL;
}

static void on_answered(struct loop_ev_post *post)
{
	loop_ev_stop(container_of(post, struct client, post)->loop);
}

static void run_client(struct room *room, struct client *client)
{
	pthread_t thread;

	client->post.call = on_answered;
	client->loop = room->loop;
	client->port = server_port(room->server);
	assert_int_equal(pthread_create(&thread, NULL, call, client), 0);
	loop_ev_run(room->loop);
	(void)pthread_join(thread, NULL);
}

/* The whole reply to TEXT, which closes the connection; valid until the next one. */
static const char *ask(struct room *room, const char *text)
{
	static struct client client;

	client = (struct client){.text = text, .length = strlen(text)};
	run_client(room, &client);
	return client.reply;
}

#define END " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

static void test_pages(void **state)
{
	static const struct {
		const char *request;
		const char *status;
		const char *part;   /* of head or body */
		const char *absent; /* NULL: nothing is */
	} rows[] = {
		{"GET /metrics" END, "HTTP/1.1 200", "\r\n\r\nserin_up 1\n", NULL},
		{"GET /metrics" END, "HTTP/1.1 200", "text/plain; version=0.0.4", NULL},
		{"GET /healthz" END, "HTTP/1.1 200", "\r\n\r\nOK", NULL},
		{"GET /readyz?verbose" END, "HTTP/1.1 200", "\r\n\r\nok\n", NULL},
		/* the head alone, with the length of what would follow */
		{"HEAD /healthz" END, "HTTP/1.1 200", "Content-Length: 2", "OK\r\n\r\nOK"},
		{"GET /" END, "HTTP/1.1 404", "/metrics /healthz /readyz", NULL},
		{"GET /metrics/x" END, "HTTP/1.1 404", "", "serin_up"},
		{"POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}", "HTTP/1.1 405",
	         "Allow: GET, HEAD", NULL},
		{"DELETE /metrics" END, "HTTP/1.1 405", "", "serin_up"},
	};
	struct room *room = *state;

	for (size_t i = 0; i < array_length(rows); i++) {
		const char *reply = ask(room, rows[i].request);

		if (strncmp(reply, rows[i].status, strlen(rows[i].status)) != 0 ||
		    !strstr(reply, rows[i].part) ||
		    (rows[i].absent && strstr(reply, rows[i].absent)))
			fail_msg("row %zu: %s", i, reply);
	}
}

/* What is no HTTP ends the connection, and nothing else. */
static void test_nonsense(void **state)
{
	assert_null(strstr(ask(*state, "nonsense\r\n\r\n"), " 200 "));
	assert_non_null(strstr(ask(*state, "GET /healthz" END), "OK"));
}

static void test_head_has_no_body(void **state)
{
	const char *reply = ask(*state, "HEAD /readyz" END);

	assert_string_equal(strstr(reply, "\r\n\r\n"), "\r\n\r\n");
}

static void test_not_ready(void **state)
{
	struct room *room = *state;
	const char *reply;

	room->is_ready = false;
	reply = ask(room, "GET /readyz" END);
	assert_int_equal(strncmp(reply, "HTTP/1.1 503", 12), 0);
	assert_non_null(strstr(reply, "the lease is not known yet"));
}

/* More metrics than a page may have are an error of ours, not a half page. */
static void test_huge_metrics(void **state)
{
	struct room *room = *state;

	room->is_huge = true;
	assert_int_equal(strncmp(ask(room, "GET /metrics" END), "HTTP/1.1 500", 12), 0);
}

/* A head over the limit is refused, and the server lives. */
static void test_long_head(void **state)
{
	struct room *room = *state;
	char *request = malloc(SERVER_MEMORY_MAX * 2);
	const char *reply;

	assert_non_null(request);
	memset(request, 'x', SERVER_MEMORY_MAX * 2);
	(void)memcpy(request, "GET /healthz HTTP/1.1\r\nX-Long: ", 31);
	request[SERVER_MEMORY_MAX * 2 - 1] = '\0';
	reply = ask(room, request);
	assert_true(!*reply || strstr(reply, " 431 ") || strstr(reply, " 413 "));
	assert_non_null(strstr(ask(room, "GET /healthz" END), "OK"));
	free(request);
}

/* Who takes too long to ask is cut off: the reply's end is seen, and is empty. (Takes those
 * seconds.) */
static void test_slow_request(void **state)
{
	struct room *room = *state;
	struct span before = loop_uptime(loop_ev_seam(room->loop));
	struct span after;

	assert_string_equal(ask(room, "GET /healthz HTTP/1.1\r\nX-"), "");
	after = loop_uptime(loop_ev_seam(room->loop));
	assert_in_range(after.ms - before.ms, (SERVER_REQUEST_SECONDS - 1) * 1000,
	                (SERVER_REQUEST_SECONDS + 20) * 1000);
}

/* A crowd over the limit says nothing; the one behind it is answered as soon as there is room. */
static void test_crowd(void **state)
{
	static struct client client;

	client = (struct client){
		.text = "GET /healthz" END,
		.length = strlen("GET /healthz" END),
		.n_crowd = SERVER_CONNECTIONS_MAX + 20,
	};
	run_client(*state, &client);
	assert_true(client.reply[0] == '\0' || strstr(client.reply, "OK"));
	assert_non_null(strstr(ask(*state, "GET /healthz" END), "OK"));
}

static void test_port_taken(void **state)
{
	struct room *room = *state;
	struct err err = {0};
	char text[32];

	assert_null(start_server(room, "127.0.0.1", server_port(room->server), &err));
	(void)snprintf(text, sizeof(text), "127.0.0.1:%d", server_port(room->server));
	assert_int_equal(err.kind, ERR_SYSTEM);
	assert_non_null(strstr(err.text, text));
	assert_null(start_server(room, "nowhere", 0, &err));
	assert_int_equal(err.kind, ERR_INVALID);
}

/* Without an address, all of them: the loopback's too. */
static void test_all_addresses(void **state)
{
	struct room *room = *state;

	server_free(room->server);
	room->server = start_server(room, NULL, 0, NULL);
	assert_non_null(room->server);
	assert_non_null(strstr(ask(room, "GET /healthz" END), "OK"));
}

#define ROOM_TEST(test) cmocka_unit_test_setup_teardown(test, open_room, shut_room)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROOM_TEST(test_pages),
		ROOM_TEST(test_nonsense),
		ROOM_TEST(test_head_has_no_body),
		ROOM_TEST(test_not_ready),
		ROOM_TEST(test_huge_metrics),
		ROOM_TEST(test_long_head),
		ROOM_TEST(test_slow_request),
		ROOM_TEST(test_crowd),
		ROOM_TEST(test_port_taken),
		ROOM_TEST(test_all_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
