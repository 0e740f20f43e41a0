#include "providers/traffic/nginx_rule.h"

#include "analysis/base/text.h"
#include "providers/kube/tree.h"

#include <stdlib.h>
#include <string.h>

#define KEY_MAX 320

static const char *const rules[] = {
	"canary-by-header",
	"canary-by-header-value",
	"canary-by-header-pattern",
	"canary-by-cookie",
};

static const char *key_of(const struct canary_world *world, const char *name, char ret[KEY_MAX])
{
	text_format(ret, KEY_MAX, "%s/%s", world->options->ingress_annotation_prefix, name);
	return ret;
}

bool nginx_rule_is_canary(const struct canary_world *world, const char *key)
{
	char prefix[KEY_MAX];

	return strstr(key, key_of(world, "canary", prefix)) != NULL;
}

static void set(json_t *annotations, const struct canary_world *world, const char *name,
                const char *value)
{
	char key[KEY_MAX];

	kube_tree_set_text(annotations, key_of(world, name, key), value);
}

/* One header of analysis.match. "cookie" in lower case is the cookie's name, any other the
 * header's. */
static void set_header(json_t *annotations, const struct canary_world *world, const char *header,
                       const json_t *condition)
{
	const char *exact = kube_tree_text(condition, "exact");
	const char *regex = kube_tree_text(condition, "regex");

	if (strcmp(header, "cookie") == 0) {
		set(annotations, world, "canary-by-cookie", exact);
		return;
	}
	set(annotations, world, "canary-by-header", header);
	if (exact[0])
		set(annotations, world, "canary-by-header-value", exact);
	if (regex[0])
		set(annotations, world, "canary-by-header-pattern", regex);
}

static void set_rules(json_t *annotations, const struct canary_world *world)
{
	const json_t *match = kube_tree_find(world->object, "spec/analysis/match");
	const char *header;
	json_t *condition;

	if (!match)
		match = kube_tree_find(world->object, "spec/canaryAnalysis/match");
	for (size_t i = 0; i < json_array_size(match); i++) {
		json_t *headers = kube_tree_find(json_array_get(match, i), "headers");

		json_object_foreach(headers, header, condition)
		{
			set_header(annotations, world, header, condition);
		}
	}
}

void nginx_rule_set(json_t *annotations, const struct canary_world *world, int weight)
{
	bool is_ab = world->spec->strategy == STRATEGY_AB;
	char text[16];

	text_format(text, sizeof(text), "%d", is_ab ? 0 : weight);
	set(annotations, world, "canary", "true");
	set(annotations, world, "canary-weight", text);
	if (is_ab && weight > 0)
		set_rules(annotations, world);
}

void nginx_rule_clear(json_t *annotations, const struct canary_world *world)
{
	char key[KEY_MAX];

	for (size_t i = 0; i < array_length(rules); i++)
		kube_tree_set(annotations, key_of(world, rules[i], key), json_null());
}

bool nginx_rule_is_any(const json_t *annotations, const struct canary_world *world)
{
	char key[KEY_MAX];

	for (size_t i = 0; i < array_length(rules); i++) {
		if (json_object_get(annotations, key_of(world, rules[i], key)))
			return true;
	}
	return false;
}

int nginx_rule_weight(const json_t *annotations, const struct canary_world *world)
{
	char key[KEY_MAX];
	const char *text = kube_tree_value(annotations, key_of(world, "canary-weight", key));
	char *end;
	long weight = strtol(text, &end, 10);

	if (text[0] == '\0' || *end != '\0' || weight < 0)
		return 0;
	return weight > SPEC_WEIGHT_FULL ? SPEC_WEIGHT_FULL : (int)weight;
}
