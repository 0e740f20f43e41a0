/* The schemas of the commands' outputs stand once, in docs/schema; each becomes a component with an
 * $id of its own, so that its references stay inside it. */
#include "agent/api_route.h"
#include "agent/api_text.h"
#include "agent/version.h"
#include "analysis/base/compiler.h"
#include "providers/kube/tree.h"

#include <stdlib.h>

static json_t *load(const char *text, size_t length)
{
	json_t *tree = json_loadb(text, length, 0, NULL);

	if (!tree)
		abort(); /* it is ours */
	return tree;
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
	};
	json_t *tree = load(api_text_openapi, api_text_openapi_length);
	json_t *schemas = kube_tree_find(tree, "components/schemas");

	kube_tree_set_text(kube_tree_find(tree, "info"), "version", VERSION_RELEASE);
	for (size_t i = 0; i < array_length(shapes); i++) {
		json_t *shape = load(shapes[i].text, shapes[i].length);

		kube_tree_set_text(shape, "$id", shapes[i].name);
		kube_tree_set(schemas, shapes[i].name, shape);
	}
	api_visit_answer(visit, tree, NULL);
}
