#include "tests/simulation/stage_hooks.h"

#include "analysis/base/text.h"

#include <assert.h>
#include <jansson.h>
#include <string.h>

#define ADDRESS "http://hooks/"

void stage_hooks_set(struct stage_hooks *hooks, const char *path, int status, const char *body)
{
	size_t at = hooks->n_receivers++;

	assert(at < STAGE_HOOKS_MAX);
	text_copy(hooks->receivers[at].path, path);
	hooks->receivers[at].status = status;
	text_copy(hooks->receivers[at].body, body);
}

bool stage_hooks_are_called(const struct http_request *request)
{
	return strncmp(request->url, ADDRESS, strlen(ADDRESS)) == 0;
}

/* The last one that was set for it; n_receivers when none was. */
static size_t find(const struct stage_hooks *hooks, const char *path)
{
	for (size_t i = hooks->n_receivers; i-- > 0;) {
		if (strncmp(path, hooks->receivers[i].path, strlen(hooks->receivers[i].path)) == 0)
			return i;
	}
	return hooks->n_receivers;
}

bool stage_hooks_are_silent(const struct stage_hooks *hooks, const struct http_request *request)
{
	size_t at;

	if (!stage_hooks_are_called(request))
		return false;
	at = find(hooks, request->url + strlen(ADDRESS));
	return at < hooks->n_receivers && hooks->receivers[at].status == 0;
}

/* A hook's phase, an alert's text. */
static const char *word_of(const json_t *body)
{
	const json_t *attachments = json_object_get(body, "attachments");

	if (attachments)
		body = json_array_get(attachments, 0);
	return json_string_value(json_object_get(body, attachments ? "text" : "phase"));
}

/* What an event hook is told. */
static const char *event_of(const json_t *body)
{
	return json_string_value(
		json_object_get(json_object_get(body, "metadata"), "eventMessage"));
}

struct http_reply stage_hooks_answer(struct stage_hooks *hooks, const struct http_request *request)
{
	const char *path = request->url + strlen(ADDRESS);
	size_t at = find(hooks, path);
	json_t *body = json_loadb(request->body, request->body_length, 0, NULL);
	const char *event = event_of(body);
	bool has_room = buf_format(&hooks->calls, "%s %s%s%s\n", path, word_of(body),
	                           event ? ": " : "", event ? event : "");
	struct http_reply reply = {.status = 200, .body = ""};

	assert(has_room);
	json_decref(body);
	if (at < hooks->n_receivers) {
		reply.status = hooks->receivers[at].status;
		reply.body = hooks->receivers[at].body;
	}
	reply.body_length = strlen(reply.body);
	return reply;
}
