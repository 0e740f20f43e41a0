#include "agent/journal_action.h"

#include "providers/kube/release_status.h"
#include "providers/kube/tree.h"

static void put_standing(json_t *json, const char *key, const struct standing *standing)
{
	json_t *object;

	if (!standing->action[0])
		return;
	object = kube_tree_object();
	kube_tree_set_text(object, "action", standing->action);
	kube_tree_set_text(object, "by", standing->by);
	kube_tree_set_some(object, "reason", standing->why);
	kube_tree_set(json, key, object);
}

void journal_action_put_status(json_t *json, const struct release_status *status)
{
	json_t *actions = kube_tree_list();

	for (size_t i = 0; i < status->n_actions; i++)
		kube_tree_append(actions, kube_release_status_action_write(&status->actions[i]));
	if (status->n_actions > 0)
		kube_tree_set(json, "actions", json_incref(actions));
	json_decref(actions);
	put_standing(json, "paused", &status->paused);
	put_standing(json, "full", &status->full);
}

void journal_action_read(const json_t *newest, struct release *ret)
{
	const json_t *actions = json_object_get(newest, "actions");
	struct release_status *status = &ret->status;

	(void)kube_release_status_action_read(json_object_get(newest, "action"), &ret->action,
	                                      NULL);
	for (size_t i = 0; i < json_array_size(actions) && status->n_actions < ACTIONS_KEPT_MAX;
	     i++) {
		if (kube_release_status_action_read(json_array_get(actions, i),
		                                    &status->actions[status->n_actions], NULL))
			status->n_actions++;
	}
}
