#include "providers/notifier.h"

#include "analysis/base/arena.h"
#include "providers/notify/notify.h"
#include "providers/wire/nearest.h"
#include "providers/wire/url.h"

#include <stdlib.h>
#include <string.h>

#define TIMEOUT_SECONDS 5 /* of one attempt, as in Flagger */

const char notifier_names[] = "slack, msteams, discord, rocket, gchat";

const struct notifier *notifier_find(const char *type)
{
	for (size_t i = 0; i < NOTIFIER_SLACK_ROWS; i++) {
		if (strcmp(notifier_slack[i].name, type) == 0)
			return &notifier_slack[i];
	}
	if (strcmp(notifier_msteams.name, type) == 0)
		return &notifier_msteams;
	return strcmp(notifier_gchat.name, type) == 0 ? &notifier_gchat : NULL;
}

const char *notifier_nearest(const char *type)
{
	const char *best = NULL;
	size_t distance = 0;

	for (size_t i = 0; i < NOTIFIER_SLACK_ROWS; i++)
		nearest_consider(type, notifier_slack[i].name, &best, &distance);
	nearest_consider(type, notifier_msteams.name, &best, &distance);
	nearest_consider(type, notifier_gchat.name, &best, &distance);
	return best;
}

/* ADDRESS whose path ends with PATH ("/slack"); what follows the path stays. */
static const char *address_with(const char *address, const char *path, struct arena *arena)
{
	size_t length = strcspn(address, "?#");
	size_t n_path = strlen(path);
	const char *rest = address + length;

	if (length >= n_path && strncmp(address + length - n_path, path, n_path) == 0)
		return address;
	while (length > 0 && address[length - 1] == '/')
		length--;
	return arena_format(arena, "%.*s%s%s", (int)length, address, path, rest);
}

/* TEXT that JSON can say: one that is no UTF-8, as a cut in a letter leaves it, loses what is not
 * ASCII. */
static const char *clean(const char *text, struct arena *arena)
{
	json_t *json = json_string(text);
	char *cleaned;

	json_decref(json);
	if (json)
		return text;
	cleaned = arena_copy(arena, text, strlen(text));
	for (char *at = cleaned; *at; at++) {
		if ((unsigned char)*at >= 0x80)
			*at = '?';
	}
	return cleaned;
}

static const char *body_of(const struct notifier *notifier,
                           const struct notifier_receiver *receiver,
                           const struct notifier_message *message, struct arena *arena)
{
	struct notifier_receiver to = *receiver;
	struct notifier_message what = *message;
	json_t *json;
	const char *ret;
	char *text;

	to.channel = clean(to.channel, arena);
	to.username = clean(to.username, arena);
	what.text = clean(what.text, arena);
	for (size_t i = 0; i < what.n_fields; i++)
		what.fields[i].value = clean(what.fields[i].value, arena);
	json = notifier->write(notifier, &to, &what);
	text = json ? json_dumps(json, JSON_COMPACT) : NULL;
	if (!text)
		abort();
	json_decref(json);
	ret = arena_text(arena, text);
	free(text);
	return ret;
}

/* The address is a secret: what is wrong with it is said without it. */
static bool check(const struct notifier_receiver *receiver, struct err *err)
{
	if (!url_check(receiver->address, NULL) || strlen(receiver->address) > URL_TEXT_MAX)
		return err_set(err, ERR_INVALID,
		               "invalid %s webhook URL: expected an http or "
		               "https address",
		               receiver->type);
	if (receiver->proxy && !url_check(receiver->proxy, NULL))
		return err_set(err, ERR_INVALID,
		               "invalid %s proxy URL: expected an http or https "
		               "address",
		               receiver->type);
	return true;
}

bool notifier_ask(const struct notifier_receiver *receiver, const struct notifier_message *message,
                  struct arena *arena, struct http_request *ret, struct err *err)
{
	const struct notifier *notifier = notifier_find(receiver->type);

	if (!notifier)
		return err_set(err, ERR_INVALID, "type: expected %s, got \"%.40s\"", notifier_names,
		               receiver->type);
	if (!check(receiver, err))
		return false;
	*ret = (struct http_request){
		.peer = HTTP_PEER_URL,
		.method = HTTP_POST,
		.url = notifier->path ? address_with(receiver->address, notifier->path, arena)
	                              : receiver->address,
		.body = body_of(notifier, receiver, message, arena),
		.timeout = span_seconds(TIMEOUT_SECONDS),
		.reply_max = NOTIFIER_REPLY_MAX,
		.proxy = receiver->proxy,
	};
	ret->body_length = strlen(ret->body);
	http_request_add(ret, "Content-Type", "application/json");
	if (notifier->bears_token && receiver->token)
		http_request_add(ret, "Authorization",
		                 arena_format(arena, "Bearer %s", receiver->token));
	return true;
}
