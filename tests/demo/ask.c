#include "tests/demo/ask.h"

#include <assert.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

json_t *ask(struct apiserver *server, struct instant now, enum http_method method, const char *url,
            const char *body, int *ret_status)
{
	struct http_request request = {.peer = HTTP_PEER_KUBE, .method = method, .url = url};
	struct arena arena = {0};
	struct http_reply reply;
	const char *type = "application/json";
	json_t *value = NULL;

	if (body) {
		char *copy = arena_text(&arena, body);

		for (char *at = strchr(copy, '\''); at; at = strchr(at, '\''))
			*at = '"';
		request.body = copy;
		request.body_length = strlen(copy);
		if (method == HTTP_PATCH)
			type = *copy == '[' ? "application/json-patch+json"
			                    : "application/merge-patch+json";
		http_request_add(&request, "Content-Type", type);
	}
	http_request_add(&request, "User-Agent", "ask/1.0");
	reply = apiserver_serve(server, &request, &arena, now);
	if (reply.error.kind == ERR_NONE)
		value = json_loadb(reply.body, reply.body_length, 0, NULL);
	if (ret_status)
		*ret_status = reply.error.kind == ERR_NONE ? reply.status : 0;
	arena_fini(&arena);
	return value;
}

int ask_status(struct apiserver *server, struct instant now, enum http_method method,
               const char *url, const char *body)
{
	int status;

	json_decref(ask(server, now, method, url, body, &status));
	return status;
}

json_t *ask_at(const json_t *value, const char *path)
{
	json_t *at = NULL;

	while (*path) {
		char key[128];
		size_t length = strcspn(path, ".");

		assert(length < sizeof(key));
		memcpy(key, path, length);
		key[length] = '\0';
		if (json_is_array(value))
			at = json_array_get(value, strtoul(key, NULL, 10));
		else
			at = json_object_get(value, key);
		value = at;
		path += length;
		path += *path == '.';
	}
	return at;
}

const char *ask_text(const json_t *value, const char *path)
{
	const char *text = json_string_value(ask_at(value, path));

	return text ? text : "";
}

json_int_t ask_number(const json_t *value, const char *path)
{
	const json_t *number = ask_at(value, path);

	return json_is_integer(number) ? json_integer_value(number) : -1;
}

int ask_set_up(void **state)
{
	*state = apiserver_new(NULL);
	return 0;
}

int ask_tear_down(void **state)
{
	*state = apiserver_free(*state);
	return 0;
}

json_t *ask_get(void **state, const char *url)
{
	int status;
	json_t *object = ask(*state, ASK_NOW, HTTP_GET, url, NULL, &status);

	assert_int_equal(status, 200);
	return object;
}

int ask_patch(void **state, const char *url, const char *body)
{
	return ask_status(*state, ASK_NOW, HTTP_PATCH, url, body);
}

void ask_post(void **state, const char *url, const char *body)
{
	assert_int_equal(ask_status(*state, ASK_NOW, HTTP_POST, url, body), 201);
}
