/* The Release and its parts. Names are those that records have had from the first on. */
#include "analysis/base/compiler.h"
#include "analysis/release.h"
#include "providers/record_shapes.h"

static const char *phase_text(int value)
{
	return release_phase_name((enum release_phase)value);
}

static const char *outcome_text(int value)
{
	return release_outcome_name((enum release_outcome)value);
}

static const char *cause_text(int value)
{
	return release_cause_name((enum release_cause)value);
}

static const char *verb_text(int value)
{
	return verb_name((enum verb)value);
}

static const char *verdict_text(int value)
{
	return verdict_name((enum verdict)value);
}

static const char *hook_text(int value)
{
	return hook_type_name((enum hook_type)value);
}

static const char *result_text(int value)
{
	return hook_result_name((enum hook_result)value);
}

static const char *severity_text(int value)
{
	return severity_name((enum severity)value);
}

static const struct record_words phases = {phase_text, PHASE_DONE + 1};
static const struct record_words verdicts = {verdict_text, VERDICT_ERROR + 1};
const struct record_words record_release_outcomes = {outcome_text, OUTCOME_CANCELLED + 1};
const struct record_words record_release_causes = {cause_text, CAUSE_ADOPTED + 1};
const struct record_words record_release_verbs = {verb_text, VERB_REJECT + 1};
const struct record_words record_release_hooks = {hook_text, HOOK_EVENT + 1};
const struct record_words record_release_results = {result_text, HOOK_SKIPPED + 1};
const struct record_words record_release_severities = {severity_text, SEVERITY_ERROR + 1};

#define OF(member)    RECORD_AT(struct check_result, member)
#define THERE(member) .there = offsetof(struct check_result, member) + 1
static const struct record_field check_fields[] = {
	{"name", RECORD_TEXT, OF(name)},
	{"hasValue", RECORD_FLAG, OF(has_value)},
	{"hasMin", RECORD_FLAG, OF(has_min)},
	{"hasMax", RECORD_FLAG, OF(has_max)},
	{"value", RECORD_REAL, OF(value), THERE(has_value)},
	{"min", RECORD_REAL, OF(min), THERE(has_min)},
	{"max", RECORD_REAL, OF(max), THERE(has_max)},
	{"verdict", RECORD_WORD, OF(verdict), .words = &verdicts},
};
#undef OF
#undef THERE

static const struct record_shape check_shape = {"check_result", sizeof(struct check_result),
                                                array_length(check_fields), check_fields};

#define OF(member) RECORD_AT(struct hook_record, member)
static const struct record_field hook_fields[] = {
	{"type", RECORD_WORD, OF(type), .words = &record_release_hooks},
	{"result", RECORD_WORD, OF(result), .words = &record_release_results},
	{"question", RECORD_HEX, OF(question)},
	{"name", RECORD_TEXT, OF(name)},
	{"approved", RECORD_FLAG, OF(is_approved)},
};
#undef OF

static const struct record_shape hook_shape = {"hook_record", sizeof(struct hook_record),
                                               array_length(hook_fields), hook_fields};

#define OF(member) RECORD_AT(struct notice, member)
static const struct record_field notice_fields[] = {
	{"id", RECORD_LONG, OF(id)},
	{"warning", RECORD_FLAG, OF(is_warning)},
	{"severity", RECORD_WORD, OF(severity), .words = &record_release_severities},
	{"details", RECORD_FLAG, OF(has_details)},
	{"text", RECORD_TEXT, OF(text)},
};
#undef OF

const struct record_shape record_release_notice = {"notice", sizeof(struct notice),
                                                   array_length(notice_fields), notice_fields};

#define OF(member) RECORD_AT(struct cookie, member)
static const struct record_field cookie_fields[] = {
	{"name", RECORD_TEXT, OF(name)},
	{"value", RECORD_TEXT, OF(value)},
};
#undef OF

static const struct record_shape cookie_shape = {"cookie", sizeof(struct cookie),
                                                 array_length(cookie_fields), cookie_fields};

#define OF(member) RECORD_AT(struct cookies, member)
static const struct record_field cookies_fields[] = {
	{"canary", RECORD_PART, OF(canary), .shape = &cookie_shape},
	{"earlier", RECORD_PART, OF(earlier), .shape = &cookie_shape},
	{"primary", RECORD_PART, OF(primary), .shape = &cookie_shape},
};
#undef OF

const struct record_shape record_release_cookies = {"cookies", sizeof(struct cookies),
                                                    array_length(cookies_fields), cookies_fields};

#define OF(member) RECORD_AT(struct standing, member)
static const struct record_field standing_fields[] = {
	{"action", RECORD_TEXT, OF(action)},
	{"by", RECORD_TEXT, OF(by)},
	{"reason", RECORD_TEXT, OF(why)},
};
#undef OF

static const struct record_shape standing_shape = {"standing", sizeof(struct standing),
                                                   array_length(standing_fields), standing_fields};

/* As it stands in the resource, too: providers/kube/release_status.h reads it. */
#define OF(member) RECORD_AT(struct action_mark, member)
static const struct record_field action_fields[] = {
	{"uid", RECORD_TEXT, OF(uid)},
	{"verb", RECORD_WORD, OF(verb), .words = &record_release_verbs},
	{"at", RECORD_DATE, OF(at)},
	{"by", RECORD_TEXT, OF(by)},
	{"reason", RECORD_TEXT, OF(why)},
};
#undef OF

const struct record_shape record_release_action = {"action_mark", sizeof(struct action_mark),
                                                   array_length(action_fields), action_fields};

#define OF(member)    RECORD_AT(struct release_status, member)
#define COUNT(member) .count = offsetof(struct release_status, member)
static const struct record_field status_fields[] = {
	{"phase", RECORD_WORD, OF(phase), .words = &phases},
	{"seq", RECORD_LONG, OF(seq)},
	{"started", RECORD_LONG, OF(times.started)},
	{"nextCheckAt", RECORD_LONG, OF(times.next_check_at)},
	{"notReadySince", RECORD_LONG, OF(times.not_ready_since)},
	{"unmeasuredSince", RECORD_LONG, OF(times.unmeasured_since)},
	{"finished", RECORD_LONG, OF(times.finished)},
	{"from", RECORD_INT, OF(weight.from)},
	{"to", RECORD_INT, OF(weight.to)},
	{"mirrored", RECORD_FLAG, OF(weight.is_mirrored)},
	{"hasSeen", RECORD_FLAG, OF(weight.has_seen)},
	{"seenShare", RECORD_REAL, OF(weight.seen_share),
         .there = offsetof(struct release_status, weight.has_seen) + 1},
	{"cookies", RECORD_PART, OF(cookies), .shape = &record_release_cookies},
	{"iteration", RECORD_INT, OF(iteration)},
	{"failedChecks", RECORD_INT, OF(failed_checks)},
	{"checks", RECORD_COUNTED, OF(checks), .shape = &check_shape, COUNT(n_checks)},
	{"hooks", RECORD_COUNTED, OF(hooks), .shape = &hook_shape, COUNT(n_hooks)},
	{"notices", RECORD_COUNTED, OF(notices), .shape = &record_release_notice, COUNT(n_notices)},
	{"alerts", RECORD_COUNTED, OF(alerts), .shape = &record_release_notice, COUNT(n_alerts)},
	{"paused", RECORD_PART, OF(paused), .shape = &standing_shape},
	{"full", RECORD_PART, OF(full), .shape = &standing_shape},
	{"actions", RECORD_COUNTED, OF(actions), .shape = &record_release_action, COUNT(n_actions)},
	{"ending", RECORD_WORD, OF(ending), .words = &record_release_outcomes},
	{"outcome", RECORD_WORD, OF(outcome), .words = &record_release_outcomes},
	{"takenDown", RECORD_FLAG, OF(is_taken_down)},
	{"reason", RECORD_TEXT, OF(reason)},
};
#undef OF
#undef COUNT

const struct record_shape record_release_status = {"release_status", sizeof(struct release_status),
                                                   array_length(status_fields), status_fields};

#define OF(member) RECORD_AT(struct adoption, member)
static const struct record_field adoption_fields[] = {
	{"phase", RECORD_TEXT, OF(phase)},
	{"weight", RECORD_INT, OF(weight)},
	{"iterations", RECORD_INT, OF(iterations)},
	{"failedChecks", RECORD_INT, OF(failed_checks)},
	{"nextCheckAt", RECORD_DATE, OF(next_check_at)},
	{"lastAppliedSpec", RECORD_TEXT, OF(last_applied)},
	{"lastPromotedSpec", RECORD_TEXT, OF(last_promoted)},
	{"primaryId", RECORD_TEXT, OF(primary_id)},
};
#undef OF

const struct record_shape record_release_adoption = {
	"adoption", sizeof(struct adoption), array_length(adoption_fields), adoption_fields};

#define OF(member) RECORD_AT(struct release, member)
static const struct record_field release_fields[] = {
	{"name", RECORD_TEXT, OF(name)},
	{"number", RECORD_INT, OF(number)},
	{"uid", RECORD_TEXT, OF(uid)},
	{"resourceVersion", RECORD_TEXT, OF(resource_version)},
	{"canaryUid", RECORD_TEXT, OF(canary_uid)},
	{"cause", RECORD_WORD, OF(cause), .words = &record_release_causes},
	{"digest", RECORD_TEXT, OF(digest)},
	{"hash", RECORD_TEXT, OF(hash)},
	{"configs", RECORD_TEXT, OF(configs)},
	{"tracked", RECORD_TEXT, OF(tracked)},
	{"previous", RECORD_TEXT, OF(previous)},
	{"handled", RECORD_TEXT, OF(handled)},
	{"handledConfigs", RECORD_TEXT, OF(handled_configs)},
	{"action", RECORD_PART, OF(action), .shape = &record_release_action},
	{"adoption", RECORD_PART, OF(adoption), .shape = &record_release_adoption},
	{"targetReplicas", RECORD_INT, OF(target_replicas)},
	{"primaryReplicas", RECORD_INT, OF(primary_replicas)},
	{"status", RECORD_INLINE, OF(status), .shape = &record_release_status},
};
#undef OF

const struct record_shape record_release_shape = {"release", sizeof(struct release),
                                                  array_length(release_fields), release_fields};

#define OF(member) RECORD_AT(struct release_ref, member)
static const struct record_field ref_fields[] = {
	{"name", RECORD_TEXT, OF(name)},
	{"uid", RECORD_TEXT, OF(uid)},
	{"digest", RECORD_TEXT, OF(digest)},
	{"configs", RECORD_TEXT, OF(configs)},
	{"handled", RECORD_TEXT, OF(handled)},
	{"handledConfigs", RECORD_TEXT, OF(handled_configs)},
	{"previous", RECORD_TEXT, OF(previous)},
	{"tracked", RECORD_TEXT, OF(tracked)},
	{"primaryId", RECORD_TEXT, OF(primary_id)},
	{"hash", RECORD_TEXT, OF(hash)},
	{"number", RECORD_INT, OF(number)},
};
#undef OF

const struct record_shape record_release_ref = {"release_ref", sizeof(struct release_ref),
                                                array_length(ref_fields), ref_fields};
