#include "providers/act_hook.h"

#include "analysis/base/text.h"
#include "providers/act_reply.h"
#include "providers/flagger_hash.h"
#include "providers/kube/canary_webhook.h"
#include "providers/wire/url.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REPLY_MAX       (1024 * 1024)
#define WAIT_MAX        30  /* seconds between attempts */
#define RETRY_AFTER_MAX 600 /* seconds: no more is granted to a receiver */
#define NOT_IMPLEMENTED 501
#define TOO_MANY        429
#define UNAVAILABLE     503
#define DOUBLINGS_MAX   5 /* 2^5 s is more than WAIT_MAX */

void act_hook_checksum(const char *last_applied, const char *tracked,
                       char ret[ACT_HOOK_CHECKSUM_MAX])
{
	char text[512];

	text_format(text, sizeof(text),
	            "(struct { TrackedConfigs *map[string]string; LastAppliedSpec string "
	            "}){TrackedConfigs:(*map[string]string)%s%s%s LastAppliedSpec:(string)%s}",
	            tracked ? "map[" : "<nil>", tracked ? tracked : "", tracked ? "]" : "",
	            last_applied);
	flagger_hash_text(text, strlen(text), ret);
}

static json_t *metadata_of(const struct effect *effect, const struct kube_webhook *hook)
{
	json_t *metadata = hook->metadata ? json_deep_copy(hook->metadata) : json_object();
	char timestamp[24];

	if (effect->kind != EFFECT_TELL_HOOK)
		return metadata;
	text_format(timestamp, sizeof(timestamp), "%" PRId64, effect->check.ms);
	json_object_set_new(metadata, "eventMessage", json_string(effect->notice.text));
	json_object_set_new(metadata, "eventType",
	                    json_string(effect->notice.is_warning ? "Warning" : "Normal"));
	json_object_set_new(metadata, "timestamp", json_string(timestamp));
	return metadata;
}

static const char *body_of(const struct act *act, const struct kube_webhook *hook)
{
	const struct effect *effect = act->effect;
	json_t *metadata = metadata_of(effect, hook);
	char checksum[ACT_HOOK_CHECKSUM_MAX];
	char configs[DIGEST_MAX + 16];
	json_t *body;
	const char *ret;
	char *text;

	text_format(configs, sizeof(configs), "configs:%s", effect->configs);
	act_hook_checksum(effect->digest, effect->configs[0] ? configs : NULL, checksum);
	body = json_pack("{ss ss ss ss}", "name", act->world->spec->name, "namespace",
	                 act->world->spec->k8s_namespace, "phase", effect->phase, "checksum",
	                 checksum);
	if (json_object_size(metadata) > 0)
		json_object_set(body, "metadata", metadata);
	json_decref(metadata);
	text = json_dumps(body, JSON_COMPACT);
	json_decref(body);
	if (!text)
		abort();
	ret = arena_text(act->talk.arena, text);
	free(text);
	return ret;
}

/* The same for each attempt at the same question, also after a restart. */
static const char *key_of(const struct act *act)
{
	const struct effect *effect = act->effect;

	return arena_format(act->talk.arena, "%s-%016" PRIx64 "-%" PRId64, effect->release_uid,
	                    effect->question,
	                    effect->kind == EFFECT_TELL_HOOK ? effect->notice.id
	                                                     : effect->check.ms);
}

static enum talk_step finish(struct act *act, enum hook_result result)
{
	act->result.hook = result;
	act->result.outcome = ACT_OK;
	return TALK_DONE;
}

/* One attempt; talk->step counts them. */
static enum talk_step send(struct act *act, const struct kube_webhook *hook, struct span pause)
{
	struct http_request *request = &act->talk.request;

	*request = (struct http_request){
		.peer = HTTP_PEER_URL,
		.method = HTTP_POST,
		.url = hook->url,
		.body = body_of(act, hook),
		.timeout = hook->timeout,
		.reply_max = REPLY_MAX,
		.insecure = hook->insecure,
	};
	request->body_length = strlen(request->body);
	http_request_add(request, "Content-Type", "application/json");
	http_request_add(request, "Idempotency-Key", key_of(act));
	act->talk.step++;
	act->talk.pause = pause;
	return TALK_SEND;
}

/* TEXT on one line, without what surrounds it. */
static const char *line_of(const struct act *act, const char *text)
{
	char *line;
	size_t length;

	text += strspn(text, " \t\r\n");
	length = strnlen(text, SENTENCE_MAX);
	line = arena_copy(act->talk.arena, text, length);
	for (size_t i = 0; i < length; i++) {
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
			line[i] = ' ';
	}
	while (length > 0 && line[length - 1] == ' ')
		line[--length] = '\0';
	return line;
}

/* What the receiver said, or its status where it said nothing. */
static const char *word_of(const struct act *act, const struct http_reply *reply)
{
	const char *line;

	if (reply->error.kind != ERR_NONE)
		return line_of(act, reply->error.text);
	line = line_of(act, reply->body);
	return *line ? line : arena_format(act->talk.arena, "HTTP %d", reply->status);
}

static bool is_retried(const struct http_reply *reply)
{
	if (reply->error.kind != ERR_NONE)
		return reply->error.kind == ERR_TRANSPORT;
	return reply->status == TOO_MANY ||
	       (reply->status >= 500 && reply->status != NOT_IMPLEMENTED);
}

/* Before attempt N + 1. */
static struct span pause_after(int n, const struct http_reply *reply)
{
	int64_t seconds = n > DOUBLINGS_MAX ? WAIT_MAX : (int64_t)1 << (n - 1);
	int64_t most = span_seconds(RETRY_AFTER_MAX).ms;

	if (reply->error.kind == ERR_NONE && reply->retry_after.ms > 0 &&
	    (reply->status == TOO_MANY || reply->status == UNAVAILABLE))
		return span_ms(reply->retry_after.ms < most ? reply->retry_after.ms : most);
	return span_seconds(seconds < WAIT_MAX ? seconds : WAIT_MAX);
}

static enum talk_step on_reply(struct act *act, const struct kube_webhook *hook,
                               const struct http_reply *reply)
{
	int n_attempts = act->talk.step;

	if (reply->error.kind == ERR_NONE && reply->status >= 200 && reply->status < 300)
		return finish(act, HOOK_PASS);
	if (!is_retried(reply)) {
		text_copy(act->result.text, word_of(act, reply));
		return finish(act, HOOK_FAIL);
	}
	if (n_attempts <= hook->retries)
		return send(act, hook, pause_after(n_attempts, reply));
	text_format(act->result.text, sizeof(act->result.text),
	            "POST %s giving up after %d attempt(s): %s",
	            url_shown(hook->url, act->talk.arena), n_attempts, word_of(act, reply));
	return finish(act, HOOK_FAIL);
}

enum talk_step act_hook_next(struct talk *talk, const struct http_reply *reply, struct err *err)
{
	struct act *act = act_reply_owner(talk);
	struct kube_webhook hook;

	if (!kube_canary_webhook_find(act->world->object, act->world->options, act->effect->index,
	                              &hook)) {
		text_copy(act->result.text, "the Canary has no such hook any more");
		return finish(act, HOOK_FAIL);
	}
	return reply ? on_reply(act, &hook, reply) : send(act, &hook, span_ms(0));
}
