/* What one release has that another has not: images, environment, configs, rules of the analysis.
 */
#include "agent/command/command_client.h"
#include "agent/command/command_flags.h"
#include "agent/command/command_print.h"
#include "agent/command/command_recorded.h"
#include "agent/command/command_rows.h"
#include "agent/command/command_run.h"
#include "analysis/base/compiler.h"
#include "analysis/base/text.h"
#include "providers/kube/tree.h"
#include "providers/wire/tree.h"

#include <assert.h>
#include <string.h>

#define DEPTH_MAX 64 /* of a tree; deeper ones are compared as text */
#define PATH_SIZE 1024

static const struct command_flag flags[] = {
	{"file", 'f', "FILE",
         "read a history file instead of the cluster, also while an agent writes to it"},
};

enum part {
	IMAGE,
	ENVIRONMENT,
	CONFIG,
	POLICY,
	TEMPLATE,
	N_PARTS
};

static const char *const part_names[N_PARTS] = {
	[IMAGE] = "image",   [ENVIRONMENT] = "env",   [CONFIG] = "config",
	[POLICY] = "policy", [TEMPLATE] = "template",
};

/* The two releases, as served. */
struct pair {
	json_t *before;
	json_t *after;
};

static void pair_fini(struct pair *pair)
{
	json_decref(pair->before);
	json_decref(pair->after);
}

/* Flat trees: paths to values
 * ------------------------------------------------------------------- */

/* The key whose value an item of a list goes by, whatever its place; NULL: by its place. */
static const char *item_key(const json_t *list, size_t index)
{
	static const char *const keys[] = {"name", "mountPath", "key"};

	for (size_t i = 0; i < array_length(keys); i++) {
		const char *name = kube_tree_value(json_array_get(list, index), keys[i]);
		size_t n_same = 0;

		for (size_t k = 0; k < json_array_size(list); k++)
			n_same += strcmp(kube_tree_value(json_array_get(list, k), keys[i]), name) ==
			          0;
		if (*name && n_same == 1)
			return keys[i];
	}
	return NULL;
}

static void put_leaf(json_t *flat, const char *path, const json_t *value)
{
	char *text;

	if (json_is_string(value)) {
		kube_tree_set_text(flat, path, json_string_value(value));
		return;
	}
	text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_SORT_KEYS);
	kube_tree_set_text(flat, path, text ? text : "?");
	free(text);
}

static void flatten(json_t *flat, const char *path, json_t *tree, int depth);

static void flatten_list(json_t *flat, const char *path, json_t *list, int depth)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *key = item_key(list, i);
		CLEANUP(tree_freep) json_t *item = json_copy(json_array_get(list, i));
		char deeper[PATH_SIZE];

		if (key)
			text_format(deeper, sizeof(deeper), "%s/%s", path,
			            kube_tree_value(item, key));
		else
			text_format(deeper, sizeof(deeper), "%s/%zu", path, i + 1);
		if (key)
			(void)json_object_del(item, key); /* it is in the path */
		flatten(flat, deeper, item, depth + 1);
	}
}

static void flatten(json_t *flat, const char *path, json_t *tree, int depth)
{
	const char *key;
	json_t *value;
	char deeper[PATH_SIZE];

	if (depth > DEPTH_MAX || (json_is_object(tree) && json_object_size(tree) == 0) ||
	    (json_is_array(tree) && json_array_size(tree) == 0)) {
		put_leaf(flat, path, tree);
	} else if (json_is_array(tree)) {
		flatten_list(flat, path, tree, depth);
	} else if (json_is_object(tree)) {
		json_object_foreach(tree, key, value)
		{
			text_format(deeper, sizeof(deeper), "%s%s%s", path, *path ? "/" : "", key);
			flatten(flat, deeper, value, depth + 1);
		}
	} else {
		put_leaf(flat, path, tree);
	}
}

/* Parts
 * ----------------------------------------------------------------------------------------- */

/* "containers/app/image" of a pod template is the image of app; RET is what people read. */
static enum part part_of(const char *path, char ret[PATH_SIZE])
{
	const char *at = strncmp(path, "spec/containers/", 16) == 0       ? path + 16
	                 : strncmp(path, "spec/initContainers/", 20) == 0 ? path + 20
	                                                                  : NULL;
	const char *rest = at ? strchr(at, '/') : NULL;
	size_t length;

	text_format(ret, PATH_SIZE, "%s", path);
	if (!rest)
		return TEMPLATE;
	if (strcmp(rest, "/image") == 0) {
		text_format(ret, PATH_SIZE, "%.*s", (int)(rest - at), at);
		return IMAGE;
	}
	if (strncmp(rest, "/env/", 5) != 0 && strncmp(rest, "/envFrom/", 9) != 0)
		return TEMPLATE;
	text_format(ret, PATH_SIZE, "%.*s %s", (int)(rest - at), at,
	            strncmp(rest, "/env/", 5) == 0 ? rest + 5 : rest + 1);
	length = strlen(ret);
	if (length > 6 && strcmp(ret + length - 6, "/value") == 0)
		ret[length - 6] = '\0';
	return ENVIRONMENT;
}

/* What each tracked config held, by its digest: the data is in no Release. */
static json_t *configs_of(const json_t *release)
{
	const json_t *configs = kube_tree_find(release, "spec/configs");
	json_t *flat = kube_tree_object();

	for (size_t i = 0; i < json_array_size(configs); i++) {
		const json_t *config = json_array_get(configs, i);
		char name[PATH_SIZE];

		text_format(name, sizeof(name), "%s/%s", kube_tree_text(config, "kind"),
		            kube_tree_text(config, "name"));
		kube_tree_set_text(flat, name, kube_tree_text(config, "digest"));
	}
	return flat;
}

static json_t *flat_of(const json_t *release, enum part part)
{
	json_t *flat;
	json_t *tree;

	if (part == CONFIG)
		return configs_of(release);
	flat = kube_tree_object();
	tree = kube_tree_find(release, part == POLICY ? "status/policy/spec" : "spec/template");
	if (tree)
		flatten(flat, "", tree, 0);
	return flat;
}

static void add_change(json_t *changes, enum part part, const char *path, json_t *before,
                       json_t *after)
{
	char name[PATH_SIZE];
	json_t *change;

	if (before && after && json_equal(before, after))
		return;
	text_copy(name, path);
	if (part == TEMPLATE)
		part = part_of(path, name);
	change = kube_tree_object();
	kube_tree_set_text(change, "part", part_names[part]);
	kube_tree_set_text(change, "path", name);
	kube_tree_set(change, "before", before ? json_incref(before) : json_null());
	kube_tree_set(change, "after", after ? json_incref(after) : json_null());
	kube_tree_append(changes, change);
}

static void compare(const struct pair *pair, enum part part, json_t *changes)
{
	CLEANUP(tree_freep) json_t *before = flat_of(pair->before, part);
	CLEANUP(tree_freep) json_t *after = flat_of(pair->after, part);
	const char *path;
	json_t *value;

	json_object_foreach(before, path, value)
	{
		add_change(changes, part, path, value, json_object_get(after, path));
	}
	json_object_foreach(after, path, value)
	{
		if (!json_object_get(before, path))
			add_change(changes, part, path, NULL, value);
	}
}

/* Showing
 * --------------------------------------------------------------------------------------- */

static void show_side(const struct command_call *call, const char *sign, const char *text,
                      enum command_print_colour colour)
{
	(void)fprintf(call->out, "    %s%s ", command_print_paint(call, colour), sign);
	(void)command_print_text(call, text, 0);
	(void)fprintf(call->out, "%s\n", command_print_unpaint(call, colour));
}

static void show_change(const struct command_call *call, const json_t *change)
{
	const json_t *before = json_object_get(change, "before");
	const json_t *after = json_object_get(change, "after");

	(void)fputs("  ", call->out);
	(void)command_print_text(call, kube_tree_value(change, "path"), 0);
	(void)fputc('\n', call->out);
	if (!json_is_null(before))
		show_side(call, "-", kube_tree_value(change, "before"), COMMAND_PRINT_BAD);
	if (!json_is_null(after))
		show_side(call, "+", kube_tree_value(change, "after"), COMMAND_PRINT_GOOD);
}

static void show_text(const struct command_call *call, const json_t *changes)
{
	if (json_array_size(changes) == 0)
		(void)fputs("no difference\n", call->out);
	for (int part = 0; part < N_PARTS; part++) {
		bool is_first = true;

		for (size_t i = 0; i < json_array_size(changes); i++) {
			const json_t *change = json_array_get(changes, i);

			if (strcmp(kube_tree_value(change, "part"), part_names[part]) != 0)
				continue;
			if (is_first)
				(void)fprintf(call->out, "%s\n", part_names[part]);
			is_first = false;
			show_change(call, change);
		}
	}
}

static void show(const struct command_call *call, const struct pair *pair)
{
	CLEANUP(tree_freep) json_t *tree = kube_tree_object();
	json_t *changes = kube_tree_list();

	compare(pair, CONFIG, changes);
	compare(pair, POLICY, changes);
	compare(pair, TEMPLATE, changes);
	kube_tree_set_text(tree, "from", kube_tree_text(pair->before, "metadata/name"));
	kube_tree_set_text(tree, "to", kube_tree_text(pair->after, "metadata/name"));
	kube_tree_set(tree, "changes", changes);
	if (command_print_is_tree(call))
		command_print_tree(call, tree);
	else
		show_text(call, changes);
}

/* The call
 * -------------------------------------------------------------------------------------- */

/* As it was made, from the history file. */
static enum command_exit read_recorded(const struct command_call *call, const char *path,
                                       const char *name, json_t **ret)
{
	const char *k8s_namespace = *call->flags.k8s_namespace ? call->flags.k8s_namespace : NULL;
	struct err err = {0};

	if (!command_recorded_read(path, k8s_namespace, name, ret, &err))
		return command_fail(call, &err);
	if (!*ret)
		return command_say(call, COMMAND_NOT_FOUND, "%s does not tell how \"%s\" was made",
		                   path, name);
	return COMMAND_OK;
}

/* COMMAND_OK, or what is wrong was said. */
static enum command_exit read_served(const struct command_call *call, struct command_client *client,
                                     const char *name, json_t **ret)
{
	struct kube_ref ref = {
		.kind = KUBE_RELEASE,
		.k8s_namespace = command_client_namespace(client),
		.name = name,
	};
	struct err err = {0};

	if (!command_client_find(client, &ref, ret, &err))
		return command_fail(call, &err);
	if (!*ret)
		return command_say(call, COMMAND_NOT_FOUND,
		                   "no release \"%s\" in namespace \"%s\"; the cluster keeps the "
		                   "newest ten of each canary",
		                   name, ref.k8s_namespace);
	return COMMAND_OK;
}

/* CLIENT NULL: from the history file. */
static enum command_exit read_release(const struct command_call *call,
                                      struct command_client *client, const char *name, json_t **ret)
{
	return client ? read_served(call, client, name, ret)
	              : read_recorded(call, command_value(call, "file"), name, ret);
}

static enum command_exit read_pair(const struct command_call *call, struct command_client *client,
                                   struct pair *pair)
{
	const char *first = call->words[0];
	enum command_exit status = COMMAND_OK;

	if (call->n_words == 2) {
		status = read_release(call, client, call->words[1], &pair->after);
	} else {
		status = read_release(call, client, first, &pair->after);
		first = kube_tree_text(pair->after, "spec/previous");
		if (status == COMMAND_OK && !*first)
			status = command_say(call, COMMAND_NOT_FOUND,
			                     "there was no release before %s", call->words[0]);
	}
	return status == COMMAND_OK ? read_release(call, client, first, &pair->before) : status;
}

static enum command_exit run(struct command_call *call)
{
	CLEANUP(command_client_freep) struct command_client *client = NULL;
	CLEANUP(pair_fini) struct pair pair = {0};
	struct err err = {0};
	enum command_exit status;

	for (size_t i = 0; i < call->n_words; i++) {
		if (!command_flags_is_name(call->words[i]))
			return command_say(call, COMMAND_USAGE,
			                   "\"%.100s\": expected the name of a release",
			                   call->words[i]);
	}
	if (!command_value(call, "file")) {
		client = command_client_new(call, &err);
		if (!client)
			return command_fail(call, &err);
	}
	status = read_pair(call, client, &pair);
	if (status == COMMAND_OK)
		show(call, &pair);
	return status;
}

const struct command command_diff = {
	.name = "diff",
	.summary = "Show what one release has that another has not",
	.words = "RELEASE [RELEASE]",
	.text = "Images, environment, tracked ConfigMaps and Secrets (by digest: no data is in a "
		"Release), the\nCanary's rules as the run had them, and the rest of the pod template. "
		"Of one release: what it changes\nin the one that it would fall back to. --file "
		"reads a history file, also of releases that the\ncluster keeps no more: they are "
		"compared as they were made.\n",
	.example = "diff cart-2 cart-3 -n shop",
	.takes = COMMAND_TAKES_CLUSTER | COMMAND_TAKES_NAMESPACE | COMMAND_TAKES_OUTPUT,
	.n_words_min = 1,
	.n_words_max = 2,
	.flags = flags,
	.n_flags = array_length(flags),
	.run = run,
};
