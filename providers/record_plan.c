/* What a plan wants, whole: for the digest of a decision. */
#include "analysis/base/compiler.h"
#include "analysis/plan.h"
#include "providers/record_shapes.h"

static const char *kind_text(int value)
{
	return effect_kind_name((enum effect_kind)value);
}

static const char *subject_text(int value)
{
	return subject_name((enum subject)value);
}

static const struct record_words kinds = {kind_text, EFFECT_REMOVE_RELEASES + 1};
static const struct record_words subjects = {subject_text, SUBJECT_MAX};

#define OF(member) RECORD_AT(struct mirror, member)
static const struct record_field mirror_fields[] = {
	{"phase", RECORD_TEXT, OF(phase)},
	{"weight", RECORD_INT, OF(weight)},
	{"failedChecks", RECORD_INT, OF(failed_checks)},
	{"iterations", RECORD_INT, OF(iterations)},
	{"lastApplied", RECORD_TEXT, OF(last_applied)},
	{"lastPromoted", RECORD_TEXT, OF(last_promoted)},
	{"tracked", RECORD_TEXT, OF(tracked)},
	{"trackedBy", RECORD_TEXT, OF(tracked_by)},
	{"cookies", RECORD_PART, OF(cookies), .shape = &record_facts_cookies},
	{"message", RECORD_TEXT, OF(message)},
	{"refusal", RECORD_TEXT, OF(refusal)},
	{"refusalReason", RECORD_TEXT, OF(refusal_reason)},
};
#undef OF

static const struct record_shape mirror_shape = {"mirror", sizeof(struct mirror),
                                                 array_length(mirror_fields), mirror_fields};

#define OF(member) RECORD_AT(struct action_answer, member)
static const struct record_field answer_fields[] = {
	{"name", RECORD_TEXT, OF(name)},
	{"uid", RECORD_TEXT, OF(uid)},
	{"refused", RECORD_FLAG, OF(is_refused)},
	{"text", RECORD_TEXT, OF(text)},
};
#undef OF

static const struct record_shape answer_shape = {"action_answer", sizeof(struct action_answer),
                                                 array_length(answer_fields), answer_fields};

#define OF(member) RECORD_AT(struct effect, member)
static const struct record_field effect_fields[] = {
	{"kind", RECORD_WORD, OF(kind), .words = &kinds},
	{"subject", RECORD_WORD, OF(subject), .words = &subjects},
	{"retreat", RECORD_FLAG, OF(is_retreat)},
	{"index", RECORD_SIZE, OF(index)},
	{"question", RECORD_HEX, OF(question)},
	{"phase", RECORD_TEXT, OF(phase)},
	{"weight", RECORD_INT, OF(weight)},
	{"mirrored", RECORD_FLAG, OF(is_mirrored)},
	{"cookies", RECORD_PART, OF(cookies), .shape = &record_release_cookies},
	{"replicas", RECORD_INT, OF(replicas)},
	{"backend", RECORD_WORD, OF(backend), .words = &record_facts_backends},
	{"check", RECORD_LONG, OF(check)},
	{"release", RECORD_TEXT, OF(release)},
	{"releaseUid", RECORD_TEXT, OF(release_uid)},
	{"oldReleaseUid", RECORD_TEXT, OF(old_release_uid)},
	{"digest", RECORD_TEXT, OF(digest)},
	{"configs", RECORD_TEXT, OF(configs)},
	{"resourceVersion", RECORD_TEXT, OF(resource_version)},
	{"number", RECORD_INT, OF(number)},
	{"primaryReplicas", RECORD_INT, OF(primary_replicas)},
	{"cause", RECORD_WORD, OF(cause), .words = &record_release_causes},
	{"status", RECORD_PART, OF(status), .shape = &record_release_status},
	{"mirror", RECORD_PART, OF(mirror), .shape = &mirror_shape},
	{"notice", RECORD_PART, OF(notice), .shape = &record_release_notice},
	{"answer", RECORD_PART, OF(answer), .shape = &answer_shape},
	{"action", RECORD_PART, OF(action), .shape = &record_release_action},
	{"earlier", RECORD_TEXT, OF(earlier)},
	{"earlierUid", RECORD_TEXT, OF(earlier_uid)},
	{"handled", RECORD_TEXT, OF(handled)},
	{"handledConfigs", RECORD_TEXT, OF(handled_configs)},
	{"adoption", RECORD_PART, OF(adoption), .shape = &record_release_adoption},
};
#undef OF

const struct record_shape record_plan_effect = {"effect", sizeof(struct effect),
                                                array_length(effect_fields), effect_fields};
