/* The cluster as text, for comparing the ends of two runs. */
#include "analysis/base/text.h"
#include "tests/simulation/stage.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* What differs from run to run, or says when. */
static const char *const fleeting[] = {
	"uid",
	"resourceVersion",
	"creationTimestamp",
	"generation",
	"observedGeneration",
	"managedFields",
	"lastTransitionTime",
	"lastUpdateTime",
	"times",
	"seq",
	"notices",
	"clusterIP",
	"clusterIPs",
	"serin.dev/target-revision",
	"kubectl.kubernetes.io/last-applied-configuration",
	"deployment.kubernetes.io/revision",
};

static bool is_fleeting(const char *key)
{
	for (size_t i = 0; i < sizeof(fleeting) / sizeof(fleeting[0]); i++) {
		if (strcmp(fleeting[i], key) == 0)
			return true;
	}
	return false;
}

/* The name of the Release with that uid. */
static const char *release_named(struct stage *stage, const char *uid)
{
	for (size_t i = 0;; i++) {
		const json_t *release = apiserver_at(stage_server(stage), "releases", i);
		const json_t *metadata = json_object_get(release, "metadata");

		if (!release)
			return "a Release that is not there";
		if (strcmp(json_string_value(json_object_get(metadata, "uid")), uid) == 0)
			return json_string_value(json_object_get(metadata, "name"));
	}
}

static json_t *strip(struct stage *stage, const json_t *value)
{
	json_t *copy;
	const char *key;
	json_t *item;
	size_t index;

	if (json_is_array(value)) {
		copy = json_array();
		json_array_foreach(value, index, item)
			json_array_append_new(copy, strip(stage, item));
		return copy;
	}
	if (!json_is_object(value))
		return json_deep_copy(value);
	copy = json_object();
	json_object_foreach((json_t *)(uintptr_t)value, key, item)
	{
		if (strcmp(key, "flagger-id") == 0)
			json_object_set_new(
				copy, key,
				json_string(release_named(stage, json_string_value(item))));
		else if (strcmp(key, "serin.dev/canary-uid") == 0)
			json_object_set_new(copy, key, json_string("UID"));
		else if (!is_fleeting(key))
			json_object_set_new(copy, key, strip(stage, item));
	}
	return copy;
}

/* Events by their message: each may be there once. */
static json_t *messages(struct stage *stage)
{
	json_t *all = json_object();

	for (size_t i = 0;; i++) {
		const json_t *event = apiserver_at(stage_server(stage), "events", i);
		const char *text = json_string_value(json_object_get(event, "message"));

		if (!event)
			return all;
		json_object_set_new(
			all, text,
			json_integer(json_integer_value(json_object_get(all, text)) + 1));
	}
}

#define COOKIES_MAX 64

/* Values of cookies are drawn anew by an agent that starts anew: each is named by when it comes
 * first, as "serin-" and 32 digits again. */
static void name_cookies(char *text)
{
	char known[COOKIES_MAX][COOKIE_VALUE_SIZE];
	size_t n_known = 0;
	size_t length = strlen(COOKIE_PREFIX) + COOKIE_DRAW_SIZE - 1;

	for (char *at = text; (at = strstr(at, COOKIE_PREFIX)) != NULL; at++) {
		char value[COOKIE_VALUE_SIZE];
		char name[COOKIE_VALUE_SIZE];
		size_t i = 0;

		text_format(value, sizeof(value), "%.*s", (int)length, at);
		if (!cookie_is_ours(value))
			continue;
		while (i < n_known && strcmp(known[i], value) != 0)
			i++;
		assert(i < COOKIES_MAX);
		if (i == n_known)
			text_copy(known[n_known++], value);
		text_format(name, sizeof(name), COOKIE_PREFIX "%032zu", i);
		memcpy(at, name, length);
	}
}

char *stage_describe(struct stage *stage)
{
	static const char *const plurals[] = {"deployments",
	                                      "services",
	                                      "ingresses",
	                                      "releases",
	                                      "canaries",
	                                      "virtualservices",
	                                      "destinationrules",
	                                      "httproutes",
	                                      "configmaps",
	                                      "secrets",
	                                      "scaledobjects",
	                                      "daemonsets",
	                                      "horizontalpodautoscalers"};
	json_t *all = json_object();
	char *text;

	for (size_t k = 0; k < sizeof(plurals) / sizeof(plurals[0]); k++) {
		json_t *list = json_array();
		const json_t *object;

		for (size_t i = 0;
		     (object = apiserver_at(stage_server(stage), plurals[k], i)) != NULL; i++)
			json_array_append_new(list, strip(stage, object));
		json_object_set_new(all, plurals[k], list);
	}
	json_object_set_new(all, "events", messages(stage));
	text = json_dumps(all, JSON_INDENT(1) | JSON_SORT_KEYS);
	json_decref(all);
	if (!text)
		abort();
	name_cookies(text);
	return text;
}
