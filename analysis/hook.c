#include "analysis/hook.h"

#include "analysis/base/compiler.h"

#include <stddef.h>
#include <string.h>

static const char *const types[] = {
	[HOOK_NONE] = "",
	[HOOK_CONFIRM_ROLLOUT] = "confirm-rollout",
	[HOOK_PRE_ROLLOUT] = "pre-rollout",
	[HOOK_ROLLOUT] = "rollout",
	[HOOK_CONFIRM_TRAFFIC_INCREASE] = "confirm-traffic-increase",
	[HOOK_CONFIRM_PROMOTION] = "confirm-promotion",
	[HOOK_POST_ROLLOUT] = "post-rollout",
	[HOOK_ROLLBACK] = "rollback",
	[HOOK_EVENT] = "event",
};

static const char *const results[] = {
	[HOOK_PENDING] = "pending",
	[HOOK_PASS] = "pass",
	[HOOK_FAIL] = "fail",
	[HOOK_SKIPPED] = "skipped",
};

const char *hook_type_name(enum hook_type type)
{
	return types[type];
}

const char *hook_result_name(enum hook_result result)
{
	return results[result];
}

/* The index of NAME in NAMES, 0 when it is none of them. */
static size_t find(const char *const *names, size_t n_names, const char *name)
{
	for (size_t i = 1; i < n_names; i++) {
		if (strcmp(names[i], name) == 0)
			return i;
	}
	return 0;
}

enum hook_type hook_type_find(const char *name)
{
	size_t found = find(types, array_length(types), name);

	return (enum hook_type)found;
}

enum hook_result hook_result_find(const char *name)
{
	size_t found = find(results, array_length(results), name);

	return (enum hook_result)found;
}
