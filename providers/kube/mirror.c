#include "providers/kube/mirror.h"

#include "analysis/base/text.h"
#include "providers/kube/config.h"
#include "providers/kube/tree.h"

#include <limits.h>
#include <string.h>

#define TRACKED  "trackedConfigs"
#define PROMOTED "Promoted"
#define READY    "Ready"

#define COOKIE_PRESENT  "sessionAffinityCookie"
#define COOKIE_PREVIOUS "previousSessionAffinityCookie"
#define COOKIE_PRIMARY  "primarySessionAffinityCookie"

/* A condition as it should stand. */
struct condition {
	const char *type;
	const char *status;
	const char *reason;
	const char *message;
};

static int count_of(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);
	json_int_t number = json_integer_value(value);

	if (number < INT_MIN || number > INT_MAX)
		return 0;
	return (int)number;
}

static const json_t *condition_find(const json_t *status, const char *type)
{
	const json_t *conditions = json_object_get(status, "conditions");

	for (size_t i = 0; i < json_array_size(conditions); i++) {
		const json_t *condition = json_array_get(conditions, i);

		if (strcmp(kube_tree_value(condition, "type"), type) == 0)
			return condition;
	}
	return NULL;
}

void kube_mirror_read(const json_t *status, struct mirror_fact *ret)
{
	const json_t *ready = condition_find(status, READY);

	*ret = (struct mirror_fact){
		.weight = count_of(status, "canaryWeight"),
		.failed_checks = count_of(status, "failedChecks"),
		.iterations = count_of(status, "iterations"),
		.has_refusal = strcmp(kube_tree_value(ready, "status"), "False") == 0,
	};
	if (!instant_parse(kube_tree_value(status, "lastTransitionTime"), &ret->moved, NULL))
		ret->moved = (struct instant){0};
	text_copy(ret->phase, kube_tree_value(status, "phase"));
	text_copy(ret->last_applied, kube_tree_value(status, "lastAppliedSpec"));
	text_copy(ret->last_promoted, kube_tree_value(status, "lastPromotedSpec"));
	kube_config_tracked_digest(json_object_get(status, TRACKED), ret->tracked);
	text_copy(ret->cookies.present, kube_tree_value(status, COOKIE_PRESENT));
	text_copy(ret->cookies.previous, kube_tree_value(status, COOKIE_PREVIOUS));
	text_copy(ret->cookies.primary, kube_tree_value(status, COOKIE_PRIMARY));
	if (!ret->has_refusal)
		return;
	text_copy(ret->refusal, kube_tree_value(ready, "message"));
	text_copy(ret->refusal_reason, kube_tree_value(ready, "reason"));
}

/* TEXT as JSON. A sentence may have been cut inside a character: what is no UTF-8 becomes '?'. */
static json_t *text_json(const char *text)
{
	char plain[SENTENCE_MAX];
	json_t *json = json_string(text);

	if (json)
		return json;
	text_copy(plain, text);
	for (size_t i = 0; plain[i]; i++) {
		if ((unsigned char)plain[i] >= 0x80)
			plain[i] = '?';
	}
	return json_string(plain);
}

static const char *promoted_status(const char *phase)
{
	if (strcmp(phase, "Initialized") == 0 || strcmp(phase, "Succeeded") == 0)
		return "True";
	return strcmp(phase, "Failed") == 0 ? "False" : "Unknown";
}

/* WANTED beside what is live: unchanged times are carried over. */
static json_t *condition_json(const json_t *live, const struct condition *wanted, const char *now)
{
	bool same_status = strcmp(kube_tree_value(live, "status"), wanted->status) == 0;
	bool same_reason = strcmp(kube_tree_value(live, "reason"), wanted->reason) == 0;
	const char *updated = kube_tree_value(live, "lastUpdateTime");
	const char *moved = kube_tree_value(live, "lastTransitionTime");
	json_t *condition = json_object();

	if (!same_status || !*moved)
		moved = now;
	if (!same_status || !same_reason || !*updated)
		updated = now;
	json_object_set_new(condition, "type", json_string(wanted->type));
	json_object_set_new(condition, "status", json_string(wanted->status));
	json_object_set_new(condition, "lastUpdateTime", json_string(updated));
	json_object_set_new(condition, "lastTransitionTime", json_string(moved));
	json_object_set_new(condition, "reason", text_json(wanted->reason));
	json_object_set_new(condition, "message", text_json(wanted->message));
	return condition;
}

static void add_foreign(json_t *conditions, const json_t *status)
{
	const json_t *live = json_object_get(status, "conditions");
	size_t n_foreign = 0;

	for (size_t i = 0; i < json_array_size(live) && n_foreign < KUBE_MIRROR_FOREIGN_MAX; i++) {
		const json_t *condition = json_array_get(live, i);
		const char *type = kube_tree_value(condition, "type");

		if (!*type || strcmp(type, PROMOTED) == 0 || strcmp(type, READY) == 0)
			continue;
		json_array_append_new(conditions, json_deep_copy(condition));
		n_foreign++;
	}
}

static json_t *conditions_json(const json_t *status, const struct mirror *mirror, const char *now)
{
	const json_t *promoted = condition_find(status, PROMOTED);
	json_t *conditions = json_array();

	if (*mirror->phase) {
		struct condition wanted = {
			.type = PROMOTED,
			.status = promoted_status(mirror->phase),
			.reason = mirror->phase,
			.message = mirror->message,
		};
		json_array_append_new(conditions, condition_json(promoted, &wanted, now));
	} else if (promoted) {
		json_array_append_new(conditions, json_deep_copy(promoted));
	}
	if (*mirror->refusal) {
		struct condition wanted = {
			.type = READY,
			.status = "False",
			.reason = mirror->refusal_reason,
			.message = mirror->refusal,
		};
		json_array_append_new(conditions,
		                      condition_json(condition_find(status, READY), &wanted, now));
	}
	add_foreign(conditions, status);
	return conditions;
}

/* Flagger leaves an empty hash or cookie out; one that stands is taken away. */
static void set_some(json_t *patch, const json_t *status, const char *key, const char *text)
{
	if (*text)
		json_object_set_new(patch, key, text_json(text));
	else if (json_object_get(status, key))
		json_object_set_new(patch, key, json_null());
}

bool kube_mirror_tracks(const json_t *status, const struct mirror *mirror)
{
	char live[DIGEST_MAX];

	kube_config_tracked_digest(json_object_get(status, TRACKED), live);
	return mirror->tracked_by[0] && strcmp(live, mirror->tracked) != 0;
}

void kube_mirror_track(json_t *patch, const json_t *status, json_t *map)
{
	json_t *live = json_object_get(status, TRACKED);
	const char *key;
	json_t *value;

	if (json_object_size(map) == 0) {
		json_decref(map);
		map = json_null();
	} else {
		json_object_foreach(live, key, value)
		{
			if (!json_object_get(map, key))
				json_object_set_new(map, key, json_null());
		}
	}
	json_object_set_new(json_object_get(patch, "status"), TRACKED, map);
}

json_t *kube_mirror_patch(const json_t *status, const struct mirror *mirror, struct instant now)
{
	char time[INSTANT_TEXT_MAX];
	json_t *patch = json_object();
	json_t *body = json_object();

	instant_format_seconds(now, time);
	json_object_set_new(patch, "phase", text_json(mirror->phase));
	json_object_set_new(patch, "canaryWeight", json_integer(mirror->weight));
	json_object_set_new(patch, "failedChecks", json_integer(mirror->failed_checks));
	json_object_set_new(patch, "iterations", json_integer(mirror->iterations));
	set_some(patch, status, "lastAppliedSpec", mirror->last_applied);
	set_some(patch, status, "lastPromotedSpec", mirror->last_promoted);
	set_some(patch, status, COOKIE_PRESENT, mirror->cookies.present);
	set_some(patch, status, COOKIE_PREVIOUS, mirror->cookies.previous);
	set_some(patch, status, COOKIE_PRIMARY, mirror->cookies.primary);
	json_object_set_new(patch, "lastTransitionTime", json_string(time));
	json_object_set_new(patch, "conditions", conditions_json(status, mirror, time));
	json_object_set_new(body, "status", patch);
	return body;
}
