#include "agent/command/command_client_items.h"

#include "providers/kube/list.h"
#include "providers/kube/tree.h"

#include <string.h>

void command_client_items_name(json_t *item, enum kube_kind kind)
{
	if (!json_object_get(item, "apiVersion"))
		kube_tree_set_text(item, "apiVersion", kube_api_version(kind));
	if (!json_object_get(item, "kind"))
		kube_tree_set_text(item, "kind", kube_api_kind(kind));
}

bool command_client_items_check(const struct command_client_list *list, const json_t *items,
                                struct err *err)
{
	size_t max = list->max ? list->max : COMMAND_CLIENT_OBJECTS_MAX;

	if (json_array_size(items) < max)
		return true;
	return err_set(err, ERR_LIMIT, "more than %zu objects; choose one namespace with -n", max);
}

static size_t find_item(const json_t *items, const json_t *object)
{
	const char *uid = kube_tree_text(object, "metadata/uid");
	size_t index;
	json_t *item;

	json_array_foreach(items, index, item)
	{
		if (strcmp(kube_tree_text(item, "metadata/uid"), uid) == 0)
			return index;
	}
	return json_array_size(items);
}

void command_client_items_put(struct command_client_list *list, const json_t *object)
{
	json_t *items = list->items;
	json_t *kept = kube_tree_copy(object);
	size_t index = find_item(items, object);

	command_client_items_name(kept, list->kind);
	if (index < json_array_size(items))
		(void)json_array_set_new(items, index, kept);
	else if (command_client_items_check(list, items, NULL))
		kube_tree_append(items, kept);
	else
		json_decref(kept);
}

void command_client_items_add(struct command_client_list *list, const json_t *object)
{
	json_t *kept;

	if (!list->fresh)
		list->fresh = kube_tree_list();
	if (!command_client_items_check(list, list->fresh, NULL))
		return;
	kept = kube_tree_copy(object);
	command_client_items_name(kept, list->kind);
	kube_tree_append(list->fresh, kept);
}

void command_client_items_renew(struct command_client_list *list)
{
	json_decref(list->items);
	list->items = list->fresh ? list->fresh : kube_tree_list();
	list->fresh = NULL;
}

void command_client_items_drop(struct command_client_list *list, const json_t *object)
{
	(void)json_array_remove(list->items, find_item(list->items, object));
}
