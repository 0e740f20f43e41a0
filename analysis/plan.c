#include "analysis/plan.h"

#include <string.h>

static const char *const names[] = {
	[EFFECT_NONE] = "",
	[EFFECT_OBSERVE] = "observe",
	[EFFECT_MEASURE] = "measure",
	[EFFECT_MEASURE_SHARE] = "measure share",
	[EFFECT_FIND_RELEASE] = "find release",
	[EFFECT_ASK_HOOK] = "ask hook",
	[EFFECT_COMPARE] = "compare templates",
	[EFFECT_CREATE_RELEASE] = "create release",
	[EFFECT_SAVE_RELEASE] = "save release",
	[EFFECT_WRITE_SERVICE] = "write service",
	[EFFECT_WRITE_ROUTE] = "write route",
	[EFFECT_CREATE_PRIMARY] = "create primary",
	[EFFECT_WRITE_PRIMARY] = "write primary",
	[EFFECT_TAKE_PRIMARY] = "take primary",
	[EFFECT_SCALE] = "scale",
	[EFFECT_WRITE_SCALER] = "write autoscaler",
	[EFFECT_WRITE_MIRROR] = "write canary status",
	[EFFECT_WRITE_FINALIZER] = "write finalizer",
	[EFFECT_NOTIFY] = "notify",
	[EFFECT_TELL_HOOK] = "tell hook",
	[EFFECT_ALERT] = "alert",
	[EFFECT_REMOVE] = "remove",
	[EFFECT_RESTORE] = "restore",
	[EFFECT_ANSWER] = "answer action",
	[EFFECT_REMOVE_RELEASES] = "remove releases",
};

const char *effect_kind_name(enum effect_kind kind)
{
	return names[kind];
}

bool effect_is_question(const struct effect *effect)
{
	return effect->kind >= EFFECT_OBSERVE && effect->kind <= EFFECT_COMPARE;
}

/* The last notice that the save itself adds, 0: none. Those before it may be delivered meanwhile.
 */
static int64_t new_notice(const struct release_status *status)
{
	int64_t last = status->n_notices > 0 ? status->notices[status->n_notices - 1].id : 0;

	return last >= status->seq * NOTICES_MAX ? last : 0;
}

static bool is_same_save(const struct effect *a, const struct effect *b)
{
	return a->status.seq == b->status.seq && a->status.phase == b->status.phase &&
	       a->status.ending == b->status.ending && a->status.outcome == b->status.outcome &&
	       a->status.weight.to == b->status.weight.to &&
	       a->status.weight.is_mirrored == b->status.weight.is_mirrored &&
	       a->status.failed_checks == b->status.failed_checks &&
	       new_notice(&a->status) == new_notice(&b->status) &&
	       a->status.n_alerts == b->status.n_alerts &&
	       a->status.n_actions == b->status.n_actions &&
	       strcmp(a->status.paused.action, b->status.paused.action) == 0 &&
	       strcmp(a->status.full.action, b->status.full.action) == 0 &&
	       strcmp(a->release, b->release) == 0;
}

static bool is_same_mirror(const struct mirror *a, const struct mirror *b)
{
	return strcmp(a->phase, b->phase) == 0 && a->weight == b->weight &&
	       a->failed_checks == b->failed_checks && a->iterations == b->iterations &&
	       strcmp(a->last_applied, b->last_applied) == 0 &&
	       strcmp(a->last_promoted, b->last_promoted) == 0 &&
	       strcmp(a->tracked, b->tracked) == 0 &&
	       strcmp(a->cookies.present, b->cookies.present) == 0 &&
	       strcmp(a->cookies.previous, b->cookies.previous) == 0 &&
	       strcmp(a->cookies.primary, b->cookies.primary) == 0 &&
	       strcmp(a->refusal, b->refusal) == 0;
}

bool plan_changes(const struct plan *plan, enum subject subject)
{
	for (size_t i = 0; i < plan->n_effects; i++) {
		if (plan->effects[i].subject == subject && !effect_is_question(&plan->effects[i]))
			return true;
	}
	return false;
}

bool effect_is_same(const struct effect *a, const struct effect *b)
{
	if (a->kind != b->kind || a->subject != b->subject || a->index != b->index ||
	    a->is_retreat != b->is_retreat)
		return false;
	switch (a->kind) {
	case EFFECT_MEASURE:
	case EFFECT_MEASURE_SHARE:
		return a->check.ms == b->check.ms;
	case EFFECT_ASK_HOOK:
		return a->check.ms == b->check.ms && a->question == b->question;
	case EFFECT_COMPARE:
	case EFFECT_CREATE_RELEASE:
		return a->number == b->number && strcmp(a->digest, b->digest) == 0 &&
		       strcmp(a->configs, b->configs) == 0;
	case EFFECT_SAVE_RELEASE:
		return is_same_save(a, b);
	case EFFECT_WRITE_SERVICE:
		return a->backend == b->backend;
	case EFFECT_WRITE_ROUTE:
		return a->weight == b->weight && a->is_mirrored == b->is_mirrored &&
		       cookie_are_same(&a->cookies, &b->cookies);
	case EFFECT_CREATE_PRIMARY:
	case EFFECT_WRITE_PRIMARY:
		return strcmp(a->release, b->release) == 0 &&
		       strcmp(a->old_release_uid, b->old_release_uid) == 0;
	case EFFECT_SCALE:
	case EFFECT_WRITE_SCALER:
		return a->replicas == b->replicas;
	case EFFECT_WRITE_MIRROR:
		return is_same_mirror(&a->mirror, &b->mirror);
	case EFFECT_WRITE_FINALIZER:
		return a->number == b->number;
	case EFFECT_NOTIFY:
		return a->notice.id == b->notice.id && strcmp(a->release_uid, b->release_uid) == 0;
	case EFFECT_FIND_RELEASE:
		return strcmp(a->earlier, b->earlier) == 0;
	case EFFECT_ANSWER:
		return strcmp(a->answer.uid, b->answer.uid) == 0;
	case EFFECT_TELL_HOOK:
	case EFFECT_ALERT:
		return a->notice.id == b->notice.id && a->question == b->question;
	case EFFECT_NONE:
	case EFFECT_OBSERVE:
	case EFFECT_REMOVE:
	case EFFECT_RESTORE:
	case EFFECT_REMOVE_RELEASES:
	case EFFECT_TAKE_PRIMARY:
		break;
	}
	return true;
}
