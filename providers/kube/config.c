#include "providers/kube/config.h"

#include "analysis/base/text.h"
#include "providers/flagger_hash.h"
#include "providers/kube/tree.h"
#include "providers/wire/digest.h"

#include <stdlib.h>
#include <string.h>

#define COPY_NAME_MAX 220 /* of the original's name in that of its copy */
#define COPY_HASH     12  /* hex digits */

/* One place that refers: NAME is the value of KEY in OBJECT. */
struct place {
	json_t *object;
	const char *key;
	const char *name;
	enum kube_kind kind;
};

typedef void visit(void *user, const struct place *place);

/* Where a reference may stand in an item of a list. */
struct form {
	const char *path;
	const char *key;
	enum kube_kind kind;
};

static const struct form of_volume[] = {
	{"configMap", "name", KUBE_CONFIG_MAP},
	{"secret", "secretName", KUBE_SECRET},
	{NULL, NULL, KUBE_NONE},
};

static const struct form of_source[] = {
	{"configMap", "name", KUBE_CONFIG_MAP},
	{"secret", "name", KUBE_SECRET},
	{NULL, NULL, KUBE_NONE},
};

static const struct form of_env[] = {
	{"valueFrom/configMapKeyRef", "name", KUBE_CONFIG_MAP},
	{"valueFrom/secretKeyRef", "name", KUBE_SECRET},
	{NULL, NULL, KUBE_NONE},
};

static const struct form of_env_from[] = {
	{"configMapRef", "name", KUBE_CONFIG_MAP},
	{"secretRef", "name", KUBE_SECRET},
	{NULL, NULL, KUBE_NONE},
};

static void visit_list(const json_t *list, const struct form *forms, visit *call, void *user)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		for (const struct form *form = forms; form->path; form++) {
			struct place place = {
				.object = kube_tree_find(json_array_get(list, i), form->path),
				.key = form->key,
				.kind = form->kind,
			};

			place.name = kube_tree_text(place.object, form->key);
			if (place.name[0])
				call(user, &place);
		}
	}
}

static void visit_containers(const json_t *containers, visit *call, void *user)
{
	for (size_t i = 0; i < json_array_size(containers); i++) {
		const json_t *container = json_array_get(containers, i);

		visit_list(json_object_get(container, "env"), of_env, call, user);
		visit_list(json_object_get(container, "envFrom"), of_env_from, call, user);
	}
}

/* Each place of SPEC, of pods. */
static void visit_spec(const json_t *spec, visit *call, void *user)
{
	const json_t *volumes = json_object_get(spec, "volumes");

	visit_list(volumes, of_volume, call, user);
	for (size_t i = 0; i < json_array_size(volumes); i++)
		visit_list(kube_tree_find(json_array_get(volumes, i), "projected/sources"),
		           of_source, call, user);
	visit_containers(json_object_get(spec, "containers"), call, user);
	visit_containers(json_object_get(spec, "initContainers"), call, user);
}

static void on_any(void *user, const struct place *place)
{
	bool *is_any = user;

	*is_any = true;
}

bool kube_config_is_referred(const json_t *template)
{
	bool is_any = false;

	visit_spec(kube_tree_find(template, "spec"), on_any, &is_any);
	return is_any;
}

/* A map of references whose keys sort by kind and name. */
static void on_listed(void *user, const struct place *place)
{
	json_t *map = user;
	json_t *known;
	bool is_optional = json_is_true(json_object_get(place->object, "optional"));
	char key[NAME_MAX_K8S + 16];

	text_format(key, sizeof(key), "%s/%.253s", kube_api_kind(place->kind), place->name);
	known = json_object_get(map, key);
	if (!known) {
		known = kube_tree_object();
		kube_tree_set_text(known, "kind", kube_api_kind(place->kind));
		kube_tree_set_text(known, "name", place->name);
		kube_tree_set(known, "optional", json_boolean(is_optional));
		kube_tree_set(map, key, known);
	}
	if (!is_optional)
		kube_tree_set(known, "optional", json_false());
}

static int by_key(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

bool kube_config_list(const json_t *template, json_t **ret_list, struct err *err)
{
	json_auto_t *map = kube_tree_object();
	const char *keys[KUBE_CONFIG_MAX];
	const char *key;
	json_t *value;
	size_t n = 0;

	visit_spec(kube_tree_find(template, "spec"), on_listed, map);
	if (json_object_size(map) > KUBE_CONFIG_MAX)
		return err_set(
			err, ERR_LIMIT,
			"spec.template: refers to %zu ConfigMaps and Secrets, at most %d are tracked",
			json_object_size(map), KUBE_CONFIG_MAX);
	json_object_foreach(map, key, value) keys[n++] = key;
	qsort(keys, n, sizeof(keys[0]), by_key);
	*ret_list = kube_tree_list();
	for (size_t i = 0; i < n; i++)
		kube_tree_append(*ret_list, json_incref(json_object_get(map, keys[i])));
	return true;
}

struct kube_ref kube_config_ref(const struct canary_world *world, const json_t *entry, bool is_copy)
{
	bool is_secret = strcmp(kube_tree_text(entry, "kind"), kube_api_kind(KUBE_SECRET)) == 0;

	return (struct kube_ref){
		.kind = is_secret ? KUBE_SECRET : KUBE_CONFIG_MAP,
		.k8s_namespace = world->spec->k8s_namespace,
		.name = kube_tree_text(entry, is_copy ? "copy" : "name"),
	};
}

bool kube_config_is_tracked(const json_t *object)
{
	static const char *const types[] = {
		"",
		"Opaque",
		"kubernetes.io/basic-auth",
		"kubernetes.io/ssh-auth",
		"kubernetes.io/tls",
	};
	const char *type = kube_tree_text(object, "type");
	const char *wish = kube_tree_value(kube_tree_find(object, "metadata/annotations"),
	                                   KUBE_CONFIG_TRACKING);

	if (kube_tree_is_prefix("disable", wish))
		return false;
	for (size_t i = 0; i < array_length(types); i++) {
		if (strcmp(type, types[i]) == 0)
			return true;
	}
	return false;
}

/* The digest of TREE, which is given up. */
static void digest_of(json_t *tree, char ret[DIGEST_MAX])
{
	char *text = json_dumps(tree, JSON_COMPACT | JSON_SORT_KEYS);

	if (!text)
		abort();
	json_decref(tree);
	(void)digest_text(text, ret);
	free(text);
}

void kube_config_digest(const json_t *object, char ret[DIGEST_MAX])
{
	static const char *const keys[] = {"data", "binaryData", "type"};
	json_t *held = kube_tree_object();

	for (size_t i = 0; i < array_length(keys); i++) {
		json_t *value = json_object_get(object, keys[i]);

		if (value && json_is_string(value))
			kube_tree_set(held, keys[i], json_incref(value));
		else if (json_object_size(value) > 0)
			kube_tree_set(held, keys[i], json_incref(value));
	}
	digest_of(held, ret);
}

/* "<name>-primary" where Flagger's names are kept; else "<name>-primary-<hash>", of the Canary, the
 * original and what it holds: the same again, another for other contents and for another Canary. */
static void set_copy(const struct canary_world *world, json_t *entry)
{
	const char *name = kube_tree_text(entry, "name");
	int length = (int)strnlen(name, COPY_NAME_MAX);
	json_t *parts = kube_tree_copy(entry);
	char digest[DIGEST_MAX];
	json_t *copy;

	if (world->options->keeps_copy_names) {
		json_decref(parts);
		kube_tree_set(entry, "copy", json_sprintf("%s-primary", name));
		return;
	}
	(void)json_object_del(parts, "optional");
	(void)json_object_del(parts, "flaggerHash");
	kube_tree_set_text(parts, "canary", world->uid);
	digest_of(parts, digest);
	while (length > 0 && (name[length - 1] == '.' || name[length - 1] == '-'))
		length--;
	copy = json_sprintf("%.*s-primary-%.*s", length, name, COPY_HASH, digest);
	if (!copy)
		abort();
	kube_tree_set(entry, "copy", copy);
}

json_t *kube_config_entry(const struct canary_world *world, const json_t *reference,
                          const json_t *object)
{
	json_t *entry = kube_tree_copy(reference);

	kube_config_describe(entry, object);
	set_copy(world, entry);
	return entry;
}

void kube_config_describe(json_t *entry, const json_t *object)
{
	char digest[DIGEST_MAX] = "";
	char hash[FLAGGER_CONFIG_MAX] = "";

	if (object) {
		kube_config_digest(object, digest);
		flagger_hash_config(object, hash);
	}
	kube_tree_set_text(entry, "digest", digest);
	kube_tree_set_some(entry, "flaggerHash", hash);
}

void kube_config_tracked_key(const json_t *entry, char ret[NAME_MAX_K8S + 16])
{
	bool is_secret = strcmp(kube_tree_text(entry, "kind"), kube_api_kind(KUBE_SECRET)) == 0;

	text_format(ret, NAME_MAX_K8S + 16, "%s/%s", is_secret ? "secret" : "configmap",
	            kube_tree_text(entry, "name"));
}

bool kube_config_tracked(const json_t *entries, json_t **ret_map)
{
	*ret_map = kube_tree_object();
	for (size_t i = 0; i < json_array_size(entries); i++) {
		const json_t *entry = json_array_get(entries, i);
		const char *hash = kube_tree_text(entry, "flaggerHash");
		char key[NAME_MAX_K8S + 16];

		if (kube_tree_text(entry, "digest")[0] == '\0')
			continue;
		kube_config_tracked_key(entry, key);
		kube_tree_set_text(*ret_map, key, hash);
		if (hash[0])
			continue;
		json_decref(*ret_map);
		*ret_map = NULL;
		return false;
	}
	return true;
}

void kube_config_tracked_digest(const json_t *map, char ret[DIGEST_MAX])
{
	ret[0] = '\0';
	if (json_object_size(map) > 0)
		digest_of(kube_tree_copy(map), ret);
}

void kube_config_digest_all(const json_t *entries, char ret[DIGEST_MAX])
{
	static const char *const keys[] = {"kind", "name", "digest"};
	json_t *all;

	ret[0] = '\0';
	if (json_array_size(entries) == 0)
		return;
	all = kube_tree_list();
	for (size_t i = 0; i < json_array_size(entries); i++) {
		json_t *one = kube_tree_object();

		for (size_t j = 0; j < array_length(keys); j++)
			kube_tree_set_text(one, keys[j],
			                   kube_tree_text(json_array_get(entries, i), keys[j]));
		kube_tree_append(all, one);
	}
	digest_of(all, ret);
}

json_t *kube_config_copy(const struct canary_world *world, const json_t *entry,
                         const json_t *source)
{
	static const char *const keys[] = {"data", "binaryData", "type"};
	struct kube_ref ref = kube_config_ref(world, entry, true);
	json_t *object = kube_tree_object();
	json_t *metadata = kube_tree_object();
	json_t *labels = kube_tree_object();

	kube_tree_set_text(labels, KUBE_LABEL_CANARY, world->spec->name);
	kube_tree_set_text(labels, KUBE_LABEL_UID, world->uid);
	kube_tree_set_text(metadata, "name", ref.name);
	kube_tree_set_text(metadata, "namespace", ref.k8s_namespace);
	kube_tree_set(metadata, "labels", labels);
	kube_tree_set_text(object, "apiVersion", kube_api_version(ref.kind));
	kube_tree_set_text(object, "kind", kube_api_kind(ref.kind));
	kube_tree_set(object, "metadata", metadata);
	if (!kube_config_is_found(entry))
		kube_tree_set(object, "immutable", json_true());
	for (size_t i = 0; i < array_length(keys); i++) {
		const json_t *value = json_object_get(source, keys[i]);

		if (value)
			kube_tree_set(object, keys[i], kube_tree_copy(value));
	}
	return object;
}

static void on_renamed(void *user, const struct place *place)
{
	const json_t *entries = user;

	for (size_t i = 0; i < json_array_size(entries); i++) {
		const json_t *entry = json_array_get(entries, i);
		const char *copy = kube_tree_text(entry, "copy");

		if (copy[0] == '\0' || strcmp(kube_tree_text(entry, "name"), place->name) != 0 ||
		    strcmp(kube_tree_text(entry, "kind"), kube_api_kind(place->kind)) != 0)
			continue;
		kube_tree_set_text(place->object, place->key, copy);
		return;
	}
}

void kube_config_rename(json_t *spec, const json_t *entries)
{
	/* The list is only read; a visitor's user is not const. */
	if (json_array_size(entries) > 0)
		visit_spec(spec, on_renamed, (json_t *)(uintptr_t)entries);
}

struct search {
	const char *kind;
	const char *name;
	bool is_found;
};

static void on_searched(void *user, const struct place *place)
{
	struct search *search = user;

	if (strcmp(place->name, search->name) == 0 &&
	    strcmp(kube_api_kind(place->kind), search->kind) == 0)
		search->is_found = true;
}

bool kube_config_is_used(const json_t *template, const char *kind, const char *name)
{
	struct search search = {.kind = kind, .name = name};

	visit_spec(kube_tree_find(template, "spec"), on_searched, &search);
	return search.is_found;
}

bool kube_config_is_found(const json_t *entry)
{
	const char *name = kube_tree_text(entry, "name");
	const char *copy = kube_tree_text(entry, "copy");
	size_t length = strlen(name);

	return strncmp(copy, name, length) == 0 && strcmp(copy + length, "-primary") == 0;
}
