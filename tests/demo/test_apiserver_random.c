/*
 * Random writes, and a client that lists in pages, watches, loses its stream, resumes, is told 410
 * and lists again: whenever it has read all, it knows exactly what a fresh LIST shows.
 */
#include "agent/demo/apiserver.h"
#include "tests/demo/ask.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define N_SEEDS  300
#define N_STEPS  120
#define N_NAMES  5
#define CANARIES "/apis/flagger.app/v1beta1/namespaces/shop/canaries"
#define SELECTOR "labelSelector=x+in+(1,2)"

static const struct instant now = {1763700000000};

struct client {
	struct apiserver *server;
	struct apiserver_watch *watch;
	json_t *known; /* name: object */
	char version[32];
	bool has_list;
};

static unsigned draw(uint64_t *random, unsigned n)
{
	*random = *random * 6364136223846793005U + 1442695040888963407U;
	return (unsigned)(*random >> 33) % n;
}

static void on_deliver(void *user, const char *bytes, size_t length)
{
	struct client *client = user;
	json_t *event = length ? json_loadb(bytes, length, 0, NULL) : NULL;
	json_t *object = ask_at(event, "object");
	const char *type = ask_text(event, "type");

	if (strcmp(type, "ERROR") == 0)
		client->has_list = false;
	else if (length)
		(void)snprintf(client->version, sizeof(client->version), "%s",
		               ask_text(object, "metadata.resourceVersion"));
	if (strcmp(type, "DELETED") == 0)
		assert_int_equal(json_object_del(client->known, ask_text(object, "metadata.name")),
		                 0);
	if (strcmp(type, "ADDED") == 0)
		assert_null(json_object_get(client->known, ask_text(object, "metadata.name")));
	if (strcmp(type, "ADDED") == 0 || strcmp(type, "MODIFIED") == 0)
		json_object_set(client->known, ask_text(object, "metadata.name"), object);
	json_decref(event);
}

/* Add the items of a page; true when another one follows, its URL in url. */
static bool take_page(json_t *known, const json_t *list, char *url, size_t size)
{
	const char *token = ask_text(list, "metadata.continue");
	json_t *item;
	size_t i;

	json_array_foreach(json_object_get(list, "items"), i, item)
	{
		json_object_set(known, ask_text(item, "metadata.name"), item);
	}
	(void)snprintf(url, size, CANARIES "?" SELECTOR "&limit=2&continue=%s", token);
	return *token;
}

static void random_write(struct apiserver *server, uint64_t *random)
{
	unsigned name = draw(random, N_NAMES);
	unsigned value = draw(random, 4);
	char url[256];
	char body[512];

	(void)snprintf(url, sizeof(url), CANARIES "/n%u", name);
	(void)snprintf(body, sizeof(body), "{'metadata':{'labels':{'x':'%u'}},'spec':{'a':%u}}",
	               value, draw(random, 3));
	switch (draw(random, 4)) {
	case 0:
		(void)ask_status(server, now, HTTP_DELETE, url, NULL);
		break;
	case 1:
		(void)ask_status(server, now, HTTP_PATCH, url, body);
		break;
	case 2: /* of another resource */
		(void)snprintf(body, sizeof(body), "{'metadata':{'name':'n%u'}}", value);
		(void)ask_status(server, now, HTTP_POST, "/api/v1/namespaces/shop/secrets", body);
		break;
	default:
		(void)snprintf(body, sizeof(body),
		               "{'apiVersion':'flagger.app/v1beta1','kind':'Canary','metadata':{"
		               "'name':'n%u','labels':{'x':'%u'}},'spec':{'a':0}}",
		               name, value);
		(void)ask_status(server, now, HTTP_POST, CANARIES, body);
	}
}

/* LIST in pages, with writes in between; 410 begins anew. */
static void list_all(struct client *client, uint64_t *random)
{
	char url[512] = CANARIES "?" SELECTOR "&limit=2";
	bool is_more = true;

	json_object_clear(client->known);
	while (is_more) {
		int status;
		json_t *list = ask(client->server, now, HTTP_GET, url, NULL, &status);

		if (status == 410) {
			json_object_clear(client->known);
			(void)snprintf(url, sizeof(url), CANARIES "?" SELECTOR "&limit=2");
		} else {
			assert_int_equal(status, 200);
			(void)snprintf(client->version, sizeof(client->version), "%s",
			               ask_text(list, "metadata.resourceVersion"));
			is_more = take_page(client->known, list, url, sizeof(url));
		}
		json_decref(list);
		if (is_more && draw(random, 2))
			random_write(client->server, random);
		if (is_more && draw(random, 8) == 0)
			apiserver_compact(client->server, apiserver_revision(client->server));
	}
	client->has_list = true;
}

static void open_watch(struct client *client)
{
	char url[256];
	struct http_request request = {.method = HTTP_GET, .url = url};
	struct arena arena = {0};
	struct http_reply reply;

	(void)snprintf(url, sizeof(url),
	               CANARIES "?watch=1&allowWatchBookmarks=true&" SELECTOR "&resourceVersion=%s",
	               client->version);
	client->watch =
		apiserver_watch(client->server, &request, on_deliver, client, &reply, &arena, now);
	assert_non_null(client->watch);
	arena_fini(&arena);
}

/* Read all there is, whatever that takes. */
static void catch_up(struct client *client, uint64_t *random)
{
	for (;;) {
		if (!client->has_list) {
			client->watch = apiserver_watch_cancel(client->watch);
			list_all(client, random);
		}
		if (client->watch && apiserver_watch_ended(client->watch))
			client->watch = apiserver_watch_cancel(client->watch);
		if (!client->watch)
			open_watch(client);
		if (!apiserver_watch_step(client->watch) && client->has_list)
			return;
	}
}

static void compare(const struct client *client)
{
	json_t *fresh = json_object();
	json_t *list = ask(client->server, now, HTTP_GET, CANARIES "?" SELECTOR, NULL, NULL);
	char url[512];

	assert_false(take_page(fresh, list, url, sizeof(url)));
	assert_true(json_equal(fresh, client->known));
	json_decref(list);
	json_decref(fresh);
}

static void run_seed(uint64_t seed)
{
	struct apiserver_options options = {.seed = seed, .history_max = 40};
	uint64_t random = seed * 7919 + 1;
	struct client client = {.server = apiserver_new(&options), .known = json_object()};

	for (int step = 0; step < N_STEPS; step++) {
		switch (draw(&random, 12)) {
		case 0: /* the stream breaks */
			client.watch = apiserver_watch_cancel(client.watch);
			break;
		case 1:
			apiserver_compact(client.server, apiserver_revision(client.server));
			break;
		case 2:
			apiserver_bookmark(client.server);
			break;
		case 3:
			catch_up(&client, &random);
			compare(&client);
			break;
		case 4:
			if (client.watch)
				(void)apiserver_watch_step(client.watch);
			break;
		default:
			random_write(client.server, &random);
		}
	}
	catch_up(&client, &random);
	compare(&client);
	apiserver_watch_cancel(client.watch);
	json_decref(client.known);
	apiserver_free(client.server);
}

static void test_client(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < N_SEEDS; seed++) {
		run_seed(seed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_client),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
