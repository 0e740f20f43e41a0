/* Which rights the shipped roles give: a Canary's author reaches through the agent what the agent
 * may read. */
#include "analysis/base/compiler.h"
#include "analysis/base/text.h"
#include "providers/kube/tree.h"
#include "providers/wire/tree.h"
#include "tests/providers/manifest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define BASE      "manifests/base"
#define PATH_SIZE 256

static const char *const overlays[] = {"manifests/overlays/cluster",
                                       "manifests/overlays/namespaced"};

static bool is_role(const json_t *object)
{
	const char *kind = kube_tree_text(object, "kind");

	return strcmp(kind, "Role") == 0 || strcmp(kind, "ClusterRole") == 0;
}

/* The rules of the file's roles that reach Secrets, "*" included; fails where one writes, or reads
 * others than those it names. */
static size_t secrets_of(const char *path, bool is_narrow)
{
	CLEANUP(tree_freep) json_t *documents = manifest_load(path);
	size_t n_rules = 0;

	for (size_t i = 0; i < json_array_size(documents); i++) {
		const json_t *object = json_array_get(documents, i);
		const json_t *rules = json_object_get(object, "rules");

		for (size_t j = 0; is_role(object) && j < json_array_size(rules); j++) {
			const json_t *rule = json_array_get(rules, j);
			const json_t *resources = json_object_get(rule, "resources");

			if (!manifest_has(resources, "secrets") && !manifest_has(resources, "*"))
				continue;
			n_rules++;
			if (!is_narrow)
				continue;
			assert_int_equal(json_array_size(json_object_get(rule, "verbs")), 1);
			assert_true(manifest_has(json_object_get(rule, "verbs"), "get"));
			assert_true(json_array_size(json_object_get(rule, "resourceNames")) > 0);
		}
	}
	return n_rules;
}

/* Of the directory's resources, and of the components that it takes in. */
static size_t secrets_in(const char *directory)
{
	static const char *const lists[] = {"resources", "components"};
	char path[PATH_SIZE];
	size_t n_rules = 0;
	CLEANUP(tree_freep) json_t *documents = NULL;

	text_format(path, sizeof(path), "%s/kustomization.yaml", directory);
	documents = manifest_load(path);
	for (size_t i = 0; i < array_length(lists); i++) {
		const json_t *list = json_object_get(json_array_get(documents, 0), lists[i]);

		for (size_t j = 0; j < json_array_size(list); j++) {
			const char *name = json_string_value(json_array_get(list, j));

			text_format(path, sizeof(path), "%s/%s", directory, name);
			if (strstr(name, ".yaml"))
				n_rules += secrets_of(path, false);
			else
				n_rules += secrets_in(path);
		}
	}
	return n_rules;
}

/* D-60: as it is installed no Canary makes the agent read a Secret, its own namespace's included;
 * what is applied for credentials names them. Who tracks Secrets says so. */
static void test_D_60_no_secret_unless_named(void **state)
{
	for (size_t i = 0; i < array_length(overlays); i++)
		assert_int_equal(secrets_in(overlays[i]), 0);
	assert_int_equal(secrets_of(BASE "/rbac.yaml", false), 0);
	assert_int_equal(secrets_of("manifests/rbac-secrets.yaml", true), 1);
	assert_true(secrets_in("manifests/components/config-secrets") > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_D_60_no_secret_unless_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
