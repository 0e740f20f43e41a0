/* The schemas of the commands' outputs stand once, in docs/schema; each becomes a component, and so
 * does what it is made of: "#/$defs/release" in history.json is the component history.release. */
#include "agent/api_route.h"
#include "agent/api_text.h"
#include "agent/version.h"
#include "analysis/base/compiler.h"
#include "analysis/base/text.h"
#include "providers/kube/tree.h"

#include <stdlib.h>
#include <string.h>

#define DEFINITIONS "#/$defs/"
#define COMPONENTS  "#/components/schemas/"

static json_t *load(const char *text, size_t length)
{
	json_t *tree = json_loadb(text, length, 0, NULL);

	if (!tree)
		abort(); /* it is ours */
	return tree;
}

/* Say where a definition of the shape NAME stands now. */
static void move_reference(json_t *object, const char *name)
{
	const char *from = kube_tree_value(object, "$ref");
	char to[128];

	if (!kube_tree_is_prefix(DEFINITIONS, from))
		return;
	text_format(to, sizeof(to), COMPONENTS "%s.%s", name, from + strlen(DEFINITIONS));
	kube_tree_set_text(object, "$ref", to);
}

/* Not deeper than our own schemas are. */
static void move_references(json_t *tree, const char *name)
{
	const char *key;
	json_t *inner;
	size_t i;

	if (json_is_object(tree))
		move_reference(tree, name);
	json_object_foreach(tree, key, inner)
	{
		move_references(inner, name);
	}
	json_array_foreach(tree, i, inner)
	{
		move_references(inner, name);
	}
}

static void add_shape(json_t *schemas, const char *name, json_t *shape)
{
	json_t *definitions = json_incref(json_object_get(shape, "$defs"));
	const char *key;
	json_t *definition;
	char component[64];

	(void)json_object_del(shape, "$defs");
	(void)json_object_del(shape, "$schema");
	move_references(shape, name);
	move_references(definitions, name);
	json_object_foreach(definitions, key, definition)
	{
		text_format(component, sizeof(component), "%s.%s", name, key);
		kube_tree_set(schemas, component, json_incref(definition));
	}
	json_decref(definitions);
	kube_tree_set(schemas, name, shape);
}

void api_openapi(struct api_visit *visit)
{
	const struct {
		const char *name;
		const char *text;
		size_t length;
	} shapes[] = {
		{"status", api_text_status, api_text_status_length},
		{"history", api_text_history, api_text_history_length},
		{"report", api_text_report, api_text_report_length},
		{"rounds", api_text_rounds, api_text_rounds_length},
		{"splits", api_text_splits, api_text_splits_length},
	};
	json_t *tree = load(api_text_openapi, api_text_openapi_length);
	json_t *schemas = kube_tree_find(tree, "components/schemas");

	kube_tree_set_text(kube_tree_find(tree, "info"), "version", VERSION_RELEASE);
	for (size_t i = 0; i < array_length(shapes); i++) {
		add_shape(schemas, shapes[i].name, load(shapes[i].text, shapes[i].length));
	}
	api_visit_answer(visit, tree, NULL);
}
