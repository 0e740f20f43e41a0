/* References to other namespaces, where they are blocked and where they are not. */
#include "tests/providers/canary_rows.h"

#include <string.h>

#define METRIC(space)                                                                 \
 "{'spec': {'analysis': {'metrics': [{'name': 'a', 'templateRef': {'name': 't'" space \
 "}, 'thresholdRange': {'min': 1}}]}}}"
#define ALERT(space) \
 "{'spec': {'analysis': {'alerts': [{'name': 'a', 'providerRef': {'name': 'p'" space "}}]}}}"
#define MIRROR(space)                                                                         \
 "{'spec': {'provider': 'gatewayapi', 'service': {'gatewayRefs': [{'name': 'g', 'namespace':" \
 " 'infra'}], 'mirror': [{'backendRef': {'name': 's'" space "}}]}}}"
#define BLOCKED(path)                                                                \
 path ".namespace: expected \"shop\": references to other namespaces are blocked by" \
      " --no-cross-namespace-refs, got \"ops\""

static const struct {
	const char *patch;
	const char *error; /* where they are blocked; "": accepted */
} rows[] = {
	{METRIC(""), ""},
	{METRIC(", 'namespace': ''"), ""},
	{METRIC(", 'namespace': 'shop'"), ""},
	{METRIC(", 'namespace': 'ops'"), BLOCKED("spec.analysis.metrics[0].templateRef")},
	{ALERT(""), ""},
	{ALERT(", 'namespace': 'shop'"), ""},
	{ALERT(", 'namespace': 'ops'"), BLOCKED("spec.analysis.alerts[0].providerRef")},
	/* a Gateway says itself whose routes it takes */
	{MIRROR(""), ""},
	{MIRROR(", 'namespace': 'ops'"), BLOCKED("spec.service.mirror[0].backendRef")},
};

static bool read_with(const char *patch, bool blocks_refs, struct err *err)
{
	struct provider_options options = canary_rows_options;
	struct kube_canary canary = {0};
	struct arena arena = {0};
	json_t *object = merge_text(canary_rows_base, patch);
	bool is_read;

	options.blocks_refs = blocks_refs;
	is_read = kube_canary_read(object, &options, &arena, &canary, err);
	json_decref(object);
	arena_fini(&arena);
	return is_read;
}

static void D_29_references_to_other_namespaces(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_length(rows); i++) {
		struct err err = {0};
		bool is_read = read_with(rows[i].patch, true, &err);

		if (is_read != (rows[i].error[0] == '\0') ||
		    (!is_read && strcmp(err.text, rows[i].error) != 0))
			fail_msg("%s\n  want: %s\n  got:  %s", rows[i].patch, rows[i].error,
			         err.text);
		if (!read_with(rows[i].patch, false, &err))
			fail_msg("%s: %s", rows[i].patch, err.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(D_29_references_to_other_namespaces)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
