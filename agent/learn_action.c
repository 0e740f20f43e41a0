#include "agent/learn_action.h"

#include "agent/log.h"
#include "analysis/base/text.h"
#include "providers/kube/action.h"
#include "providers/kube/release.h"
#include "providers/kube/tree.h"

#include <stdlib.h>
#include <string.h>

/* What waits first is what is decided on. */
static void face_next(struct canary *canary)
{
	const struct action_fact *next = wishes_next(&canary->wishes);
	struct action_fact *action = &canary->facts.action;
	struct fact_slot slot = action->slot;
	bool is_same = next && strcmp(next->uid, action->uid) == 0;

	*action = next ? *next : (struct action_fact){0};
	if (is_same)
		action->slot = slot;
	if (next || !canary->wishes.is_cut || canary->wishes.is_partial)
		return;
	canary->wishes.is_cut = false;
	canary->host->list_actions(canary->host->user);
}

void learn_action(struct canary *canary, const json_t *object, bool is_deleted)
{
	struct action_fact *action = calloc(1, sizeof(*action));
	struct err err = {0};

	if (!action)
		abort();
	if (!kube_action_read(object, action, &err))
		log_event(canary->host->log, LOG_ERROR, "action.unreadable", err.text,
		          LOG_FIELDS({"canary", canary->name},
		                     {"namespace", canary->k8s_namespace}));
	else if (is_deleted || kube_action_is_answered(object))
		wishes_drop(&canary->wishes, action->uid);
	else
		wishes_put(&canary->wishes, action);
	face_next(canary);
	free(action);
}

void learn_action_begin(struct canary *canary)
{
	wishes_clear(&canary->wishes);
	canary->wishes.is_partial = true;
	face_next(canary);
}

void learn_action_end(struct canary *canary)
{
	canary->wishes.is_partial = false;
	face_next(canary);
}

void learn_action_reply(struct canary *canary, const struct effect *effect, const json_t *object)
{
	struct action_fact *action = &canary->facts.action;
	const char *uid = kube_tree_text(object, "metadata/uid");

	/* Another one under its name: the one that was meant is gone. */
	if (strcmp(uid, effect->answer.uid) != 0)
		wishes_drop(&canary->wishes, effect->answer.uid);
	if (object)
		learn_action(canary, object, false);
	else
		face_next(canary);
	if (strcmp(action->uid, effect->answer.uid) == 0) {
		action->slot.state = FACT_KNOWN;
		action->slot.error[0] = '\0';
	}
}

void learn_action_earlier(struct canary *canary, const struct effect *effect, const json_t *object)
{
	struct earlier_fact *earlier = &canary->facts.earlier;
	struct release *release = calloc(1, sizeof(*release));
	struct err err = {0};

	if (!release)
		abort();
	*earlier = (struct earlier_fact){.slot = earlier->slot};
	earlier->slot.state = FACT_ABSENT;
	text_copy(earlier->ref.name, effect->earlier);
	text_copy(earlier->action, effect->answer.uid);
	/* One that cannot be read cannot be brought back either. */
	if (object && kube_release_read(object, release, &err)) {
		earlier->ref = release_ref_of(release);
		earlier->outcome = release->status.outcome;
		earlier->slot.state = FACT_KNOWN;
	}
	free(release);
}
