#include "providers/kube/canary_refs.h"

#include "analysis/base/compiler.h"
#include "providers/kube/canary_analysis.h"

#include <string.h>

static bool list_check(const struct field *parent, const char *key, const char *reference,
                       const char *k8s_namespace, struct err *err)
{
	struct field list = field_member(parent, key);

	for (size_t i = 0; i < json_array_size(list.json); i++) {
		struct field entry = field_element(&list, i);
		struct field ref = field_member(&entry, reference);
		struct field space = field_member(&ref, "namespace");
		const char *name = json_string_value(space.json);

		if (name && *name && strcmp(name, k8s_namespace) != 0)
			return field_refuse(
				&space, err, ERR_INVALID,
				"expected \"%.63s\": references to other namespaces "
				"are blocked by --no-cross-namespace-refs, got \"%.63s\"",
				k8s_namespace, name);
	}
	return true;
}

bool kube_canary_refs_check(const struct field *spec, const char *k8s_namespace, struct err *err)
{
	struct field analysis = kube_canary_analysis_find(spec);
	struct field service = field_member(spec, "service");

	return list_check(&analysis, "metrics", "templateRef", k8s_namespace, err) &&
	       list_check(&analysis, "alerts", "providerRef", k8s_namespace, err) &&
	       list_check(&service, "mirror", "backendRef", k8s_namespace, err);
}
