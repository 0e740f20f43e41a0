#include "providers/kube/canary_webhook.h"

#include "analysis/base/compiler.h"
#include "providers/kube/canary_analysis.h"
#include "providers/kube/tree.h"
#include "providers/wire/url.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define NAME_LENGTH_MAX 253
#define WORD_MAX        64
#define DEFAULT_TIMEOUT 10 /* seconds */
#define SHORT_TIMEOUT   2  /* characters: a text shorter than that is the default, as in Flagger */
#define FNV_BASIS       0xcbf29ce484222325U
#define FNV_PRIME       0x100000001b3U
#define GLOBAL_NAME     "event-webhook"

static enum hook_type type_of(const char *word)
{
	return *word ? hook_type_find(word) : HOOK_ROLLOUT;
}

static bool timeout_parse(const char *text, struct span *ret, struct err *err)
{
	*ret = span_seconds(DEFAULT_TIMEOUT);
	return strlen(text) < SHORT_TIMEOUT || span_parse(text, ret, err);
}

static uint64_t hash(uint64_t before, const char *text)
{
	/* With its NUL, so that no two lists of texts look alike. */
	for (size_t i = 0; i <= strlen(text); i++)
		before = (before ^ (unsigned char)text[i]) * FNV_PRIME;
	return before;
}

static uint64_t question_of(const struct kube_webhook *hook)
{
	uint64_t question = hash(FNV_BASIS, hook_type_name(hook->type));
	char *metadata =
		hook->metadata ? json_dumps(hook->metadata, JSON_COMPACT | JSON_SORT_KEYS) : NULL;

	question = hash(hash(question, hook->name), hook->url);
	if (metadata)
		question = hash(question, metadata);
	free(metadata);
	return question;
}

static struct kube_webhook webhook_of(const json_t *webhook)
{
	double retries = json_number_value(json_object_get(webhook, "retries"));
	struct kube_webhook ret = {
		.name = kube_tree_value(webhook, "name"),
		.type = type_of(kube_tree_value(webhook, "type")),
		.url = kube_tree_value(webhook, "url"),
		.retries = retries > 0 ? (int)retries : 0,
		.insecure = json_is_true(json_object_get(webhook, "disableTLS")),
		.is_muted = json_is_true(json_object_get(webhook, "muteAlert")),
		.metadata = json_object_get(webhook, "metadata"),
	};

	if (!json_is_object(ret.metadata) || json_object_size(ret.metadata) == 0)
		ret.metadata = NULL;
	(void)timeout_parse(kube_tree_value(webhook, "timeout"), &ret.timeout, NULL);
	return ret;
}

static bool words_check(const struct field *webhook, struct err *err)
{
	struct field name = field_member(webhook, "name");
	struct field type = field_member(webhook, "type");
	struct field url = field_member(webhook, "url");
	struct err why = {0};
	const char *text = "";
	const char *word = "";

	if (!kube_node_text(&name, NAME_LENGTH_MAX, &text, err))
		return false;
	if (!*text)
		return field_expect(&name, "a name", err);
	if (!kube_node_text(&type, WORD_MAX, &word, err))
		return false;
	if (type_of(word) == HOOK_NONE)
		return field_expect(&type,
		                    "confirm-rollout, pre-rollout, rollout, "
		                    "confirm-traffic-increase, confirm-promotion, post-rollout, "
		                    "rollback or event",
		                    err);
	text = "";
	if (!kube_node_text(&url, URL_TEXT_MAX, &text, err))
		return false;
	if (!*text)
		return field_expect(&url, "a URL that begins with http:// or https://", err);
	return url_check(text, &why) || field_refuse(&url, err, why.kind, "%.300s", why.text);
}

static bool timeout_check(const struct field *webhook, struct err *err)
{
	struct field node = field_member(webhook, "timeout");
	struct span span;
	const char *text = "";

	if (!kube_node_text(&node, WORD_MAX, &text, err))
		return false;
	if (!timeout_parse(text, &span, NULL) || span.ms <= 0)
		return field_expect(&node, "a duration like 30s or 1m", err);
	if (span.ms > span_seconds(KUBE_WEBHOOK_HOURS_MAX * 3600).ms)
		return field_refuse(&node, err, ERR_LIMIT, "expected at most %dh, got \"%.40s\"",
		                    KUBE_WEBHOOK_HOURS_MAX, text);
	return true;
}

static bool rest_check(const struct field *webhook, struct err *err)
{
	struct field retries = field_member(webhook, "retries");
	struct field insecure = field_member(webhook, "disableTLS");
	struct field mute = field_member(webhook, "muteAlert");
	struct field metadata = field_member(webhook, "metadata");
	bool flag = false;
	int n_retries = 0;

	if (!timeout_check(webhook, err) ||
	    !kube_node_whole(&retries, INT_MIN, INT_MAX, &n_retries, err) ||
	    !field_optional_flag(&insecure, &flag, err) ||
	    !field_optional_flag(&mute, &flag, err) || !kube_node_text_map(&metadata, err))
		return false;
	if (n_retries > KUBE_WEBHOOK_RETRIES_MAX)
		return field_refuse(&retries, err, ERR_LIMIT, "expected at most %d, got %d",
		                    KUBE_WEBHOOK_RETRIES_MAX, n_retries);
	if (json_object_size(metadata.json) > KUBE_WEBHOOK_METADATA_MAX)
		return field_refuse(&metadata, err, ERR_LIMIT,
		                    "expected at most %d entries, got %zu",
		                    KUBE_WEBHOOK_METADATA_MAX, json_object_size(metadata.json));
	return true;
}

static struct kube_webhook global_of(const struct provider_options *options)
{
	return (struct kube_webhook){
		.name = GLOBAL_NAME,
		.type = HOOK_EVENT,
		.url = options->event_webhook,
		.timeout = span_seconds(DEFAULT_TIMEOUT),
	};
}

static bool has_global(const struct provider_options *options)
{
	return options->event_webhook && *options->event_webhook;
}

static void add(struct canary_spec *spec, const struct kube_webhook *hook, struct arena *arena)
{
	spec->hooks[spec->n_hooks++] = (struct hook_spec){
		.name = arena_text(arena, hook->name),
		.type = hook->type,
		.question = question_of(hook),
		.is_muted = hook->is_muted,
	};
}

bool kube_canary_webhook_read(const struct field *analysis, const struct provider_options *options,
                              struct kube_canary *canary, struct arena *arena, struct err *err)
{
	struct field list = field_member(analysis, "webhooks");
	bool has_event = false;
	struct kube_webhook hook;
	size_t n_hooks;

	/* One place is left for the global one. */
	if (!kube_node_list(&list, SPEC_HOOKS_MAX - 1, &n_hooks, err))
		return false;
	for (size_t i = 0; i < n_hooks; i++) {
		struct field webhook = field_element(&list, i);

		if (!json_is_object(webhook.json))
			return field_expect(&webhook, "an object with a name and a url", err);
		if (!words_check(&webhook, err) || !rest_check(&webhook, err))
			return false;
		hook = webhook_of(webhook.json);
		add(&canary->spec, &hook, arena);
		has_event |= hook.type == HOOK_EVENT;
	}
	if (!has_event && has_global(options)) {
		hook = global_of(options);
		add(&canary->spec, &hook, arena);
	}
	return true;
}

bool kube_canary_webhook_find(const json_t *object, const struct provider_options *options,
                              size_t index, struct kube_webhook *ret)
{
	struct field root = field_root(object, "");
	struct field spec = field_member(&root, "spec");
	struct field analysis = kube_canary_analysis_find(&spec);
	const json_t *list = json_object_get(analysis.json, "webhooks");

	if (index > json_array_size(list) ||
	    (index == json_array_size(list) && !has_global(options)))
		return false;
	*ret = index < json_array_size(list) ? webhook_of(json_array_get(list, index))
	                                     : global_of(options);
	return true;
}
