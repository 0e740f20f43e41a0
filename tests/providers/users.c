#include "tests/providers/users.h"

#include "agent/demo/apiserver_patch.h"
#include "analysis/base/text.h"
#include "tests/providers/merge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static json_t *random_rule(uint64_t *seed, const struct users_texts *texts)
{
	json_t *rule;

	if (draw(seed, 3) == 0)
		return draw_json(seed, texts->others, texts->n_others);
	rule = json_object();
	json_object_set_new(rule, texts->backends, draw_json(seed, texts->ours, texts->n_ours));
	for (unsigned i = draw(seed, 3); i > 0; i--) {
		json_t *more = draw_json(seed, texts->fields, texts->n_fields);

		json_object_update(rule, more);
		json_decref(more);
	}
	return rule;
}

json_t *users_metadata(uint64_t *seed)
{
	static const char *const metadata[] = {
		"{}",
		"{'labels': {'team': 'a'}, 'annotations': {'x': 'y'}}",
		"{'annotations': {'kustomize.toolkit.fluxcd.io/reconcile': 'enabled', 'z': ''}}",
		"{'annotations': {'helm.toolkit.fluxcd.io/driftDetection': 'disabled'}, 'finalizers': ['a/b']}",
	};

	return draw_json(seed, metadata, array_length(metadata));
}

json_t *users_route(uint64_t *seed, const struct users_texts *texts)
{
	json_t *object = json_object();
	json_t *spec = draw_json(seed, texts->specs, texts->n_specs);
	json_t *rules = json_array();

	for (unsigned i = draw(seed, 4); i > 0; i--)
		json_array_append_new(rules, random_rule(seed, texts));
	json_array_insert_new(rules, draw(seed, (unsigned)json_array_size(rules) + 1),
	                      merge_parse(texts->sure));
	json_object_set_new(spec, texts->list, rules);
	json_object_set_new(object, "metadata", users_metadata(seed));
	json_object_set_new(object, "spec", spec);
	return object;
}

struct cookies users_cookies(const struct cart *cart, uint64_t *seed)
{
	struct cookies cookies = {0};
	char hex[COOKIE_DRAW_SIZE];

	if (!cart->spec.affinity.cookie)
		return cookies;
	text_format(hex, sizeof(hex), "%032u", draw(seed, 3));
	cookies.canary = cookie_of("a.b", hex);
	if (draw(seed, 3) == 0)
		cookies.earlier = cookie_of("old", hex);
	if (draw(seed, 2) == 0)
		cookies.primary = cookie_of("prim", hex);
	return cookies;
}

json_t *users_patched(json_t *object, json_t *patch)
{
	struct err err = {0};
	json_t *shared = apiserver_patch_json(object, patch, &err);
	json_t *copy = json_deep_copy(shared);

	if (!copy)
		fail_msg("%s", err.text);
	json_decref(shared);
	json_decref(patch);
	json_decref(object);
	return copy;
}

json_t *users_without(const json_t *object, const char *const *taken)
{
	json_t *copy = json_deep_copy(object);
	json_t *metadata = json_object_get(copy, "metadata");
	json_t *annotations = json_object_get(metadata, "annotations");

	for (size_t i = 0; taken[i]; i++)
		json_object_del(annotations, taken[i]);
	json_object_del(annotations, "kustomize.toolkit.fluxcd.io/reconcile");
	json_object_del(annotations, "helm.toolkit.fluxcd.io/driftDetection");
	if (json_object_size(annotations) == 0)
		json_object_del(metadata, "annotations");
	return copy;
}

void users_check_same(unsigned seed, const char *when, const json_t *before, const json_t *after)
{
	char *is;
	char *was;

	if (json_equal(before, after))
		return;
	is = json_dumps(after, JSON_SORT_KEYS);
	was = json_dumps(before, JSON_SORT_KEYS);
	print_error("seed %u %s\nwas %s\nis  %s\n", seed, when, was, is);
	free(is);
	free(was);
	fail();
}
