/* The facts. Names are those that records have had from the first on. */
#include "analysis/base/compiler.h"
#include "analysis/facts.h"
#include "providers/record_shapes.h"

#include <assert.h>

static const char *state_text(int value)
{
	static const char *const texts[] = {[FACT_UNKNOWN] = "unknown",
	                                    [FACT_KNOWN] = "known",
	                                    [FACT_ABSENT] = "absent",
	                                    [FACT_FAILED] = "failed"};

	return texts[value];
}

static const char *sample_text(int value)
{
	static const char *const texts[] = {[SAMPLE_NONE] = "none",
	                                    [SAMPLE_VALUE] = "value",
	                                    [SAMPLE_ABSENT] = "absent",
	                                    [SAMPLE_ERROR] = "error"};

	return texts[value];
}

static const char *backend_text(int value)
{
	static const char *const texts[] = {[BACKEND_NONE] = "none",
	                                    [BACKEND_PRIMARY] = "primary",
	                                    [BACKEND_CANARY] = "canary"};

	return texts[value];
}

static const char *change_text(int value)
{
	static const char *const texts[] = {[CHANGE_UNKNOWN] = "unknown",
	                                    [CHANGE_REAL] = "real",
	                                    [CHANGE_DEFAULTS] = "defaults"};

	return texts[value];
}

static const struct record_words states = {state_text, FACT_FAILED + 1};
static const struct record_words samples = {sample_text, SAMPLE_ERROR + 1};
static const struct record_words changes = {change_text, CHANGE_DEFAULTS + 1};
const struct record_words record_facts_backends = {backend_text, BACKEND_CANARY + 1};

#define OF(member) RECORD_AT(struct fact_slot, member)
static const struct record_field slot_fields[] = {
	{"state", RECORD_WORD, OF(state), .words = &states},
	{"written", RECORD_FLAG, OF(is_written)},
	{"failures", RECORD_INT, OF(failures)},
	{"retryAt", RECORD_LONG, OF(retry_at)},
	{"forward", RECORD_FLAG, OF(is_forward)},
	{"readAt", RECORD_LONG, OF(read_at)},
	{"error", RECORD_TEXT, OF(error)},
	{"goneUid", RECORD_TEXT, OF(gone_uid)},
};
#undef OF

static const struct record_shape slot_shape = {"fact_slot", sizeof(struct fact_slot),
                                               array_length(slot_fields), slot_fields};

#define OF(member) RECORD_AT(struct workload_fact, member)
static const struct record_field workload_fields[] = {
	{"slot", RECORD_INLINE, OF(slot), .shape = &slot_shape},
	{"uid", RECORD_TEXT, OF(uid)},
	{"resourceVersion", RECORD_TEXT, OF(resource_version)},
	{"observed", RECORD_FLAG, OF(is_observed)},
	{"replicas", RECORD_INT, OF(replicas)},
	{"updated", RECORD_INT, OF(updated)},
	{"total", RECORD_INT, OF(total)},
	{"ready", RECORD_INT, OF(ready)},
	{"readySince", RECORD_LONG, OF(ready_since)},
	{"available", RECORD_INT, OF(available)},
	{"digest", RECORD_TEXT, OF(digest)},
	{"release", RECORD_TEXT, OF(release_uid)},
	{"image", RECORD_TEXT, OF(image)},
	{"hasConfigs", RECORD_FLAG, OF(has_configs)},
	{"daemon", RECORD_FLAG, OF(is_daemon)},
	{"mayEmpty", RECORD_FLAG, OF(may_empty)},
	{"owned", RECORD_FLAG, OF(is_owned)},
	{"refusal", RECORD_TEXT, OF(refusal)},
};
#undef OF

static const struct record_shape workload_shape = {"workload_fact", sizeof(struct workload_fact),
                                                   array_length(workload_fields), workload_fields};

#define OF(member) RECORD_AT(struct service_fact, member)
static const struct record_field service_fields[] = {
	{"slot", RECORD_INLINE, OF(slot), .shape = &slot_shape},
	{"uid", RECORD_TEXT, OF(uid)},
	{"resourceVersion", RECORD_TEXT, OF(resource_version)},
	{"backend", RECORD_WORD, OF(backend), .words = &record_facts_backends},
	{"exact", RECORD_FLAG, OF(is_exact)},
	{"ours", RECORD_FLAG, OF(is_ours)},
	{"since", RECORD_LONG, OF(since)},
};
#undef OF

static const struct record_shape service_shape = {"service_fact", sizeof(struct service_fact),
                                                  array_length(service_fields), service_fields};

#define OF(member) RECORD_AT(struct rival_fact, member)
static const struct record_field rival_fields[] = {
	{"edits", RECORD_INT, OF(edits)},
	{"last", RECORD_LONG, OF(last)},
	{"by", RECORD_TEXT, OF(by)},
	{"loweredSeq", RECORD_LONG, OF(lowered_seq)},
};
#undef OF

static const struct record_shape rival_shape = {"rival_fact", sizeof(struct rival_fact),
                                                array_length(rival_fields), rival_fields};

#define OF(member) RECORD_AT(struct route_fact, member)
static const struct record_field route_fields[] = {
	{"slot", RECORD_INLINE, OF(slot), .shape = &slot_shape},
	{"uid", RECORD_TEXT, OF(uid)},
	{"resourceVersion", RECORD_TEXT, OF(resource_version)},
	{"weight", RECORD_INT, OF(weight)},
	{"mirrored", RECORD_FLAG, OF(is_mirrored)},
	{"cookies", RECORD_PART, OF(cookies), .shape = &record_release_cookies},
	{"exact", RECORD_FLAG, OF(is_exact)},
	{"ours", RECORD_FLAG, OF(is_ours)},
	{"made", RECORD_FLAG, OF(is_made)},
	{"more", RECORD_FLAG, OF(has_more)},
	{"pending", RECORD_TEXT, OF(pending)},
	{"doubt", RECORD_TEXT, OF(doubt)},
	{"since", RECORD_LONG, OF(since)},
	{"rival", RECORD_PART, OF(rival), .shape = &rival_shape},
};
#undef OF

static const struct record_shape route_shape = {"route_fact", sizeof(struct route_fact),
                                                array_length(route_fields), route_fields};

#define OF(member) RECORD_AT(struct scaler_fact, member)
static const struct record_field scaler_fields[] = {
	{"slot", RECORD_INLINE, OF(slot), .shape = &slot_shape},
	{"uid", RECORD_TEXT, OF(uid)},
	{"resourceVersion", RECORD_TEXT, OF(resource_version)},
	{"least", RECORD_INT, OF(least)},
	{"most", RECORD_INT, OF(most)},
	{"primaryLeast", RECORD_INT, OF(primary_least)},
	{"primaryMost", RECORD_INT, OF(primary_most)},
	{"pinned", RECORD_FLAG, OF(is_pinned)},
	{"exact", RECORD_FLAG, OF(is_exact)},
	{"ours", RECORD_FLAG, OF(is_ours)},
	{"foreign", RECORD_FLAG, OF(is_foreign)},
};
#undef OF

static const struct record_shape scaler_shape = {"scaler_fact", sizeof(struct scaler_fact),
                                                 array_length(scaler_fields), scaler_fields};

#define OF(member) RECORD_AT(struct sample_fact, member)
static const struct record_field sample_fields[] = {
	{"check", RECORD_LONG, OF(check)},
	{"kind", RECORD_WORD, OF(kind), .words = &samples},
	{"value", RECORD_REAL, OF(value), .there = offsetof(struct sample_fact, kind) + 1},
	{"text", RECORD_TEXT, OF(text)},
};
#undef OF

const struct record_shape record_facts_sample = {"sample_fact", sizeof(struct sample_fact),
                                                 array_length(sample_fields), sample_fields};

#define OF(member) RECORD_AT(struct hook_fact, member)
static const struct record_field hook_fields[] = {
	{"question", RECORD_HEX, OF(question)},
	{"check", RECORD_LONG, OF(check)},
	{"refused", RECORD_LONG, OF(refused)},
	{"result", RECORD_WORD, OF(result), .words = &record_release_results},
	{"text", RECORD_TEXT, OF(text)},
};
#undef OF

static const struct record_shape hook_shape = {"hook_fact", sizeof(struct hook_fact),
                                               array_length(hook_fields), hook_fields};

#define OF(member) RECORD_AT(struct alert_fact, member)
static const struct record_field alert_fields[] = {
	{"receiver", RECORD_HEX, OF(receiver)}, {"told", RECORD_LONG, OF(told)},
	{"failed", RECORD_LONG, OF(failed)},    {"deaf", RECORD_FLAG, OF(is_deaf)},
	{"text", RECORD_TEXT, OF(text)},
};
#undef OF

static const struct record_shape alert_shape = {"alert_fact", sizeof(struct alert_fact),
                                                array_length(alert_fields), alert_fields};

#define OF(member) RECORD_AT(struct change_fact, member)
static const struct record_field change_fields[] = {
	{"slot", RECORD_INLINE, OF(slot), .shape = &slot_shape},
	{"digest", RECORD_TEXT, OF(digest)},
	{"kind", RECORD_WORD, OF(kind), .words = &changes},
};
#undef OF

static const struct record_shape change_shape = {"change_fact", sizeof(struct change_fact),
                                                 array_length(change_fields), change_fields};

#define OF(member) RECORD_AT(struct config_fact, member)
static const struct record_field config_fields[] = {
	{"slot", RECORD_INLINE, OF(slot), .shape = &slot_shape},
	{"template", RECORD_TEXT, OF(template)},
	{"digest", RECORD_TEXT, OF(digest)},
	{"watched", RECORD_FLAG, OF(is_watched)},
};
#undef OF

static const struct record_shape config_shape = {"config_fact", sizeof(struct config_fact),
                                                 array_length(config_fields), config_fields};

#define OF(member) RECORD_AT(struct action_fact, member)
static const struct record_field action_fields[] = {
	{"slot", RECORD_INLINE, OF(slot), .shape = &slot_shape},
	{"name", RECORD_TEXT, OF(name)},
	{"uid", RECORD_TEXT, OF(uid)},
	{"resourceVersion", RECORD_TEXT, OF(resource_version)},
	{"verb", RECORD_WORD, OF(verb), .words = &record_release_verbs},
	{"full", RECORD_FLAG, OF(is_full)},
	{"to", RECORD_INT, OF(to)},
	{"by", RECORD_TEXT, OF(by)},
	{"reason", RECORD_TEXT, OF(why)},
	{"canaryUid", RECORD_TEXT, OF(canary_uid)},
	{"release", RECORD_TEXT, OF(release)},
	{"releaseUid", RECORD_TEXT, OF(release_uid)},
	{"refusal", RECORD_TEXT, OF(refusal)},
};
#undef OF

static const struct record_shape action_shape = {"action_fact", sizeof(struct action_fact),
                                                 array_length(action_fields), action_fields};

#define OF(member) RECORD_AT(struct former_scaler_fact, member)
static const struct record_field former_scaler_fields[] = {
	{"slot", RECORD_INLINE, OF(slot), .shape = &slot_shape},
	{"kind", RECORD_WORD, OF(kind), .words = &record_spec_scalers},
};
#undef OF

static const struct record_shape former_scaler_shape = {"former_scaler_fact",
                                                        sizeof(struct former_scaler_fact),
                                                        array_length(former_scaler_fields),
                                                        former_scaler_fields};

#define OF(member) RECORD_AT(struct earlier_fact, member)
static const struct record_field earlier_fields[] = {
	{"slot", RECORD_INLINE, OF(slot), .shape = &slot_shape},
	{"ref", RECORD_INLINE, OF(ref), .shape = &record_release_ref},
	{"outcome", RECORD_WORD, OF(outcome), .words = &record_release_outcomes},
	{"action", RECORD_TEXT, OF(action)},
};
#undef OF

static const struct record_shape earlier_shape = {"earlier_fact", sizeof(struct earlier_fact),
                                                  array_length(earlier_fields), earlier_fields};

#define OF(member) RECORD_AT(struct former_fact, member)
static const struct record_field former_fields[] = {
	{"number", RECORD_INT, OF(number)},
	{"cookies", RECORD_PART, OF(cookies), .shape = &record_release_cookies},
};
#undef OF

static const struct record_shape former_shape = {"former_fact", sizeof(struct former_fact),
                                                 array_length(former_fields), former_fields};

#define OF(member) RECORD_AT(struct mirror_cookies, member)
static const struct record_field mirror_cookies_fields[] = {
	{"present", RECORD_TEXT, OF(present)},
	{"previous", RECORD_TEXT, OF(previous)},
	{"primary", RECORD_TEXT, OF(primary)},
};
#undef OF

const struct record_shape record_facts_cookies = {"mirror_cookies", sizeof(struct mirror_cookies),
                                                  array_length(mirror_cookies_fields),
                                                  mirror_cookies_fields};

#define OF(member) RECORD_AT(struct mirror_fact, member)
static const struct record_field mirror_fields[] = {
	{"phase", RECORD_TEXT, OF(phase)},
	{"weight", RECORD_INT, OF(weight)},
	{"failedChecks", RECORD_INT, OF(failed_checks)},
	{"iterations", RECORD_INT, OF(iterations)},
	{"moved", RECORD_LONG, OF(moved)},
	{"lastApplied", RECORD_TEXT, OF(last_applied)},
	{"lastPromoted", RECORD_TEXT, OF(last_promoted)},
	{"tracked", RECORD_TEXT, OF(tracked)},
	{"cookies", RECORD_PART, OF(cookies), .shape = &record_facts_cookies},
	{"hasRefusal", RECORD_FLAG, OF(has_refusal)},
	{"refusal", RECORD_TEXT, OF(refusal)},
	{"refusalReason", RECORD_TEXT, OF(refusal_reason)},
};
#undef OF

static const struct record_shape mirror_shape = {"mirror_fact", sizeof(struct mirror_fact),
                                                 array_length(mirror_fields), mirror_fields};

#define OF(member) RECORD_AT(struct facts, member)
static const struct record_field facts_fields[] = {
	{"now", RECORD_LONG, OF(now)},
	{"draw", RECORD_TEXT, OF(draw)},
	{"canary", RECORD_PART, OF(canary), .shape = &slot_shape},
	{"canaryUid", RECORD_TEXT, OF(canary_uid)},
	{"generation", RECORD_LONG, OF(canary_generation)},
	{"deleted", RECORD_FLAG, OF(is_deleted)},
	{"finalizer", RECORD_FLAG, OF(has_finalizer)},
	{"quarantined", RECORD_FLAG, OF(is_quarantined)},
	{"refusal", RECORD_TEXT, OF(refusal)},
	{"refusalReason", RECORD_TEXT, OF(refusal_reason)},
	{"warning", RECORD_TEXT, OF(warning)},
	{"warnedGeneration", RECORD_LONG, OF(warned_generation)},
	{"hasSpec", RECORD_FLAG, OF(has_spec)},
	{"moved", RECORD_FLAG, OF(is_moved)},
	{"mirror", RECORD_PART, OF(mirror), .shape = &mirror_shape},
	{"flaggerWrote", RECORD_LONG, OF(flagger_wrote)},
	{"target", RECORD_PART, OF(target), .shape = &workload_shape},
	{"primary", RECORD_PART, OF(primary), .shape = &workload_shape},
	{"apex", RECORD_PART, OF(apex), .shape = &service_shape},
	{"primaryService", RECORD_PART, OF(primary_service), .shape = &service_shape},
	{"canaryService", RECORD_PART, OF(canary_service), .shape = &service_shape},
	{"route", RECORD_PART, OF(route), .shape = &route_shape},
	{"scaler", RECORD_PART, OF(scaler), .shape = &scaler_shape},
	{"primaryScaler", RECORD_PART, OF(primary_scaler), .shape = &scaler_shape},
	{"formerScaler", RECORD_PART, OF(former_scaler), .shape = &former_scaler_shape},
	{"releases", RECORD_PART, OF(releases), .shape = &slot_shape},
	{"nReleases", RECORD_INT, OF(n_releases)},
	{"newest", RECORD_PART, OF(newest), .shape = &record_release_shape},
	{"promoted", RECORD_PART, OF(promoted), .shape = &record_release_ref},
	{"former", RECORD_PART, OF(former), .shape = &former_shape},
	{"action", RECORD_PART, OF(action), .shape = &action_shape},
	{"earlier", RECORD_PART, OF(earlier), .shape = &earlier_shape},
	{"samples", RECORD_LIST, OF(samples), .shape = &record_facts_sample},
	{"hooks", RECORD_LIST, OF(hooks), .shape = &hook_shape},
	{"share", RECORD_PART, OF(share), .shape = &record_facts_sample},
	{"change", RECORD_PART, OF(change), .shape = &change_shape},
	{"configs", RECORD_PART, OF(configs), .shape = &config_shape},
	{"events", RECORD_PART, OF(events), .shape = &slot_shape},
	{"noticesRelease", RECORD_TEXT, OF(notices_release)},
	{"noticesDelivered", RECORD_LONG, OF(notices_delivered)},
	{"hooksRelease", RECORD_TEXT, OF(hooks_release)},
	{"hooksTold", RECORD_LONG, OF(hooks_told)},
	{"hooksNext", RECORD_SIZE, OF(hooks_next)},
	{"hookDeaf", RECORD_FLAG, OF(is_hook_deaf)},
	{"alertsRelease", RECORD_TEXT, OF(alerts_release)},
	{"alerts", RECORD_LIST, OF(alerts), .shape = &alert_shape},
};
#undef OF

const struct record_shape record_facts_shape = {"facts", sizeof(struct facts),
                                                array_length(facts_fields), facts_fields};
