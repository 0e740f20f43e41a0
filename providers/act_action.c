#include "providers/act_action.h"

#include "providers/act_reply.h"
#include "providers/kube/action.h"
#include "providers/kube/tree.h"

#include <string.h>

enum step {
	STEP_NONE,
	STEP_ONLY,
};

enum talk_step act_action_answer_next(struct talk *talk, const struct http_reply *reply,
                                      struct err *err)
{
	struct act *act = act_reply_owner(talk);
	struct kube_ref ref = act_reply_ref(act->world, SUBJECT_ACTION, talk->arena);

	ref.name = act->effect->answer.name;
	ref.subresource = "status";
	if (reply)
		return act_reply_last(act, &ref, reply, err);
	return act_reply_patch(act, STEP_ONLY, &ref, kube_action_patch(act->effect));
}

enum talk_step act_action_observe_next(struct talk *talk, const struct http_reply *reply,
                                       struct err *err)
{
	struct act *act = act_reply_owner(talk);
	struct kube_ref ref = act_reply_ref(act->world, SUBJECT_ACTION, talk->arena);
	struct kube_query query = {0};
	json_t *list;
	json_t *item;

	if (!reply) {
		query.fields =
			arena_format(talk->arena, "metadata.name=%s", act->effect->answer.name);
		kube_api_list(&talk->request, talk->arena, &ref, &query);
		return act_reply_send(act, STEP_ONLY);
	}
	if (act_reply_read(act, &ref, reply, &list) != ACT_OK)
		return act_reply_end(act, err);
	item = json_incref(json_array_get(json_object_get(list, "items"), 0));
	json_decref(list);
	if (item)
		return act_reply_done(act, item);
	return act_reply_stop(act, ACT_ABSENT, err, "action %.150s is gone",
	                      act->effect->answer.name);
}

enum talk_step act_action_find_next(struct talk *talk, const struct http_reply *reply,
                                    struct err *err)
{
	struct act *act = act_reply_owner(talk);
	struct kube_ref ref = act_reply_ref(act->world, SUBJECT_RELEASES, talk->arena);
	json_t *release;

	ref.name = act->effect->earlier;
	if (!reply)
		return act_reply_get(act, STEP_ONLY, &ref);
	if (act_reply_read(act, &ref, reply, &release) != ACT_OK)
		return act_reply_end(act, err);
	if (strcmp(kube_tree_text(release, "spec/canary/uid"), act->world->uid) == 0)
		return act_reply_done(act, release);
	json_decref(release);
	return act_reply_stop(act, ACT_ABSENT, err, "release %.150s is of another Canary",
	                      ref.name);
}
