#include "agent/journal.h"

#include "agent/history.h"
#include "agent/history_facts.h"
#include "agent/journal_action.h"
#include "agent/log.h"
#include "analysis/base/compiler.h"
#include "analysis/base/text.h"
#include "analysis/decide.h"
#include "providers/kube/tree.h"
#include "providers/record_shapes.h"
#include "providers/wire/digest.h"
#include "providers/wire/tree.h"

#include <stdlib.h>
#include <string.h>

#define PLAN_DIGEST_LENGTH 16 /* what tells plans apart; who forges can forge any length */

static void put_number(json_t *object, const char *name, int64_t number)
{
	if (number != 0)
		json_object_set_new(object, name, json_integer(number));
}

static void put_flag(json_t *object, const char *name, bool flag)
{
	if (flag)
		json_object_set_new(object, name, json_true());
}

static const char *backend_name(enum backend backend)
{
	switch (backend) {
	case BACKEND_PRIMARY:
		return "primary";
	case BACKEND_CANARY:
		return "canary";
	case BACKEND_NONE:
		break;
	}
	return "none";
}

/* Those that there are, by what they do. */
static void put_cookies(json_t *json, const char *key, const struct cookies *cookies)
{
	json_t *object = json_object();

	kube_tree_set_some(object, "canary", cookies->canary.value);
	kube_tree_set_some(object, "earlier", cookies->earlier.value);
	kube_tree_set_some(object, "primary", cookies->primary.value);
	if (json_object_size(object) > 0)
		json_object_set(json, key, object);
	json_decref(object);
}

static json_t *status_of(const struct release_status *status)
{
	json_t *json = json_pack("{ss si si si si}", "phase", release_phase_name(status->phase),
	                         "from", status->weight.from, "to", status->weight.to, "iteration",
	                         status->iteration, "failedChecks", status->failed_checks);

	put_number(json, "seq", status->seq);
	put_number(json, "started", status->times.started.ms);
	put_number(json, "nextCheckAt", status->times.next_check_at.ms);
	put_number(json, "notReadySince", status->times.not_ready_since.ms);
	put_number(json, "unmeasuredSince", status->times.unmeasured_since.ms);
	put_number(json, "finished", status->times.finished.ms);
	if (status->weight.has_seen)
		json_object_set_new(json, "seenShare", json_real(status->weight.seen_share));
	put_cookies(json, "cookies", &status->cookies);
	kube_tree_set_some(json, "ending", release_outcome_name(status->ending));
	kube_tree_set_some(json, "outcome", release_outcome_name(status->outcome));
	kube_tree_set_some(json, "reason", status->reason);
	journal_action_put_status(json, status);
	put_number(json, "notices", (int64_t)status->n_notices);
	put_number(json, "alerts", (int64_t)status->n_alerts);
	return json;
}

static json_t *effect_of(const struct effect *effect)
{
	json_t *json = json_pack("{ss}", "kind", effect_kind_name(effect->kind));

	kube_tree_set_some(json, "subject", subject_name(effect->subject));
	put_flag(json, "retreat", effect->is_retreat);
	kube_tree_set_some(json, "release", effect->release);
	switch (effect->kind) {
	case EFFECT_WRITE_ROUTE:
		json_object_set_new(json, "weight", json_integer(effect->weight));
		put_flag(json, "mirrored", effect->is_mirrored);
		put_cookies(json, "cookies", &effect->cookies);
		break;
	case EFFECT_SCALE:
	case EFFECT_WRITE_SCALER:
		json_object_set_new(json, "replicas", json_integer(effect->replicas));
		break;
	case EFFECT_WRITE_SERVICE:
		kube_tree_set_some(json, "backend", backend_name(effect->backend));
		break;
	case EFFECT_SAVE_RELEASE:
		json_object_set_new(json, "status", status_of(&effect->status));
		break;
	case EFFECT_MEASURE:
	case EFFECT_ASK_HOOK:
		json_object_set_new(json, "index", json_integer((json_int_t)effect->index));
		break;
	case EFFECT_TELL_HOOK:
	case EFFECT_ALERT:
		json_object_set_new(json, "index", json_integer((json_int_t)effect->index));
		kube_tree_set_some(json, "text", effect->notice.text);
		break;
	case EFFECT_NOTIFY:
		kube_tree_set_some(json, "text", effect->notice.text);
		break;
	case EFFECT_WRITE_MIRROR:
		kube_tree_set_some(json, "phase", effect->mirror.phase);
		kube_tree_set_some(json, "refusal", effect->mirror.refusal);
		break;
	case EFFECT_WRITE_FINALIZER:
		put_flag(json, "on", effect->number != 0);
		break;
	case EFFECT_CREATE_RELEASE:
	case EFFECT_COMPARE:
		kube_tree_set_some(json, "digest", effect->digest);
		kube_tree_set_some(json, "configs", effect->configs);
		break;
	case EFFECT_ANSWER:
		kube_tree_set_some(json, "action", effect->answer.name);
		put_flag(json, "refused", effect->answer.is_refused);
		kube_tree_set_some(json, "text", effect->answer.text);
		break;
	case EFFECT_FIND_RELEASE:
		kube_tree_set_some(json, "release", effect->earlier);
		break;
	case EFFECT_NONE:
	case EFFECT_OBSERVE:
	case EFFECT_MEASURE_SHARE:
	case EFFECT_CREATE_PRIMARY:
	case EFFECT_WRITE_PRIMARY:
	case EFFECT_TAKE_PRIMARY:
	case EFFECT_REMOVE:
	case EFFECT_RESTORE:
	case EFFECT_REMOVE_RELEASES:
		break;
	}
	return json;
}

/* Of all that the effects are: what is told of them above is less. */
static json_t *digest_of(const struct plan *plan)
{
	CLEANUP(tree_freep) json_t *effects = json_array();
	CLEANUP(tree_text_freep) char *text = NULL;
	char digest[DIGEST_TEXT_SIZE];

	for (size_t i = 0; i < plan->n_effects; i++)
		json_array_append_new(effects,
		                      record_write(&record_plan_effect, &plan->effects[i]));
	text = tree_text(effects);
	if (!text)
		abort();
	digest_text(text, digest);
	return json_stringn(digest, PLAN_DIGEST_LENGTH);
}

json_t *journal_plan(const struct plan *plan)
{
	json_t *effects = json_array();
	json_t *json;

	for (size_t i = 0; i < plan->n_effects; i++)
		json_array_append_new(effects, effect_of(&plan->effects[i]));
	json = json_pack("{ss so so}", "reason", plan->reason, "effects", effects, "digest",
	                 digest_of(plan));
	put_number(json, "wake", plan->wake.ms);
	return json;
}

/* Text of JSON, which is given up; owned by the caller. */
static char *dump(json_t *json)
{
	char *text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);

	json_decref(json);
	if (!text)
		abort();
	return text;
}

void journal_strip(json_t *facts)
{
	static const char *const keys[] = {JOURNAL_EDITED, JOURNAL_MADE};

	for (size_t i = 0; i < array_length(keys); i++) {
		if (json_object_get(facts, keys[i]))
			(void)json_object_del(facts, keys[i]);
	}
}

void journal_release(struct canary *canary, const json_t *object)
{
	json_t *policy;

	json_decref(canary->made);
	canary->made = NULL;
	if (strcmp(canary->made_uid, canary->facts.newest.uid) == 0 ||
	    !release_is_open(&canary->facts.newest) || !canary->edition)
		return;
	policy = kube_tree_copy(kube_tree_find(canary->edition->object, "spec"));
	canary->made = json_object();
	json_object_set_new(canary->made, "metadata",
	                    json_pack("{ss ss ss}", "name", kube_tree_text(object, "metadata/name"),
	                              "namespace", kube_tree_text(object, "metadata/namespace"),
	                              "uid", kube_tree_text(object, "metadata/uid")));
	json_object_set_new(canary->made, "spec", kube_tree_copy(kube_tree_find(object, "spec")));
	json_object_set_new(canary->made, "status", json_pack("{s{so}}", "policy", "spec", policy));
}

/* The facts, and what another hand changed since the round before: before and after. */
static char *round_facts(struct canary *canary)
{
	CLEANUP(tree_freep) json_t *facts = record_write(&record_facts_shape, &canary->facts);

	CLEANUP(tree_freep) json_t *beside = json_object();

	if (canary->rival_edit)
		json_object_set_new(beside, JOURNAL_EDITED, canary->rival_edit);
	canary->rival_edit = NULL;
	if (canary->made) {
		json_object_set_new(beside, JOURNAL_MADE, canary->made);
		text_copy(canary->made_uid, canary->facts.newest.uid);
	}
	canary->made = NULL;
	return history_facts_write(facts, beside, &canary->facts_base);
}

void journal_round(struct canary *canary, const struct plan *plan,
                   void (*acked)(void *user, const char *uid), void *user)
{
	struct canary_edition *edition = canary->edition;
	char *facts = round_facts(canary);
	char *text = dump(journal_plan(plan));
	struct history_round round;

	if (!edition->journal)
		edition->journal = dump(record_write(&record_spec_shape, &edition->spec));
	round = (struct history_round){
		.uid = canary->round,
		.k8s_namespace = canary->k8s_namespace,
		.canary = canary->name,
		.canary_uid = canary->facts.canary_uid,
		.release = canary->facts.newest.name,
		.release_seq = canary->facts.newest.status.seq,
		.decided_at = canary->facts.now,
		.decide_version = DECIDE_VERSION,
		.reason = plan->reason,
		.spec = edition->journal,
		.base = canary->facts_base.text,
		.facts = facts,
		.plan = text,
	};

	history_round(canary->host->history, &round, acked, user);
	free(facts);
	free(text);
}

/* "measure request-duration", "write route", …: what an effect is about. */
static void key_of(const struct canary *canary, const struct effect *effect, char ret[128])
{
	const struct canary_spec *spec = &canary->edition->spec;

	if (effect->kind == EFFECT_MEASURE && effect->index < spec->n_checks)
		text_format(ret, 128, "measure %s", spec->checks[effect->index].name);
	else if ((effect->kind == EFFECT_ASK_HOOK || effect->kind == EFFECT_TELL_HOOK) &&
	         effect->index < spec->n_hooks)
		text_format(ret, 128, "%s %s %s", effect_kind_name(effect->kind),
		            hook_type_name(spec->hooks[effect->index].type),
		            spec->hooks[effect->index].name);
	else if (effect->kind == EFFECT_OBSERVE || effect->kind == EFFECT_WRITE_SERVICE ||
	         effect->kind == EFFECT_SCALE || effect->kind == EFFECT_REMOVE)
		text_format(ret, 128, "%s %s", effect_kind_name(effect->kind),
		            subject_name(effect->subject));
	else
		text_format(ret, 128, "%s", effect_kind_name(effect->kind));
}

void journal_effect(struct canary *canary, const struct effect *effect)
{
	char key[128];
	char *detail = dump(effect_of(effect));
	struct history_effect record = {
		.round_uid = canary->round,
		.kind = effect_is_question(effect) ? HISTORY_QUESTION : HISTORY_CHANGE,
		.key = key,
		.detail = detail,
		.result = "",
		.at = canary->facts.now,
	};

	key_of(canary, effect, key);
	history_effect(canary->host->history, &record);
	free(detail);
}

static const char *outcome_name(const struct act_result *result)
{
	if (!result)
		return "cancelled";
	switch (result->outcome) {
	case ACT_OK:
		return "ok";
	case ACT_ABSENT:
		return "absent";
	case ACT_CONFLICT:
		return "conflict";
	case ACT_UNKNOWN:
		return "unknown";
	case ACT_FAILED:
	case ACT_NONE:
		break;
	}
	return "failed";
}

static json_t *answer_of(const struct canary *canary, const struct effect *effect,
                         const struct act_result *result)
{
	json_t *json = json_object();
	const char *version;

	if (!result)
		return json;
	kube_tree_set_some(json, "text", result->text);
	kube_tree_set_some(json, "query", result->query);
	if (effect->kind == EFFECT_MEASURE || effect->kind == EFFECT_MEASURE_SHARE)
		json_object_set_new(json, "sample",
		                    record_write(&record_facts_sample, &result->sample));
	if (effect->kind == EFFECT_ASK_HOOK || effect->kind == EFFECT_TELL_HOOK)
		kube_tree_set_some(json, "result", hook_result_name(result->hook));
	if (effect->kind == EFFECT_MEASURE && effect->index < canary->edition->spec.n_checks) {
		const struct check_spec *check = &canary->edition->spec.checks[effect->index];

		kube_tree_set_some(json, "check", check->name);
		put_number(json, "index", (int64_t)effect->index); /* names may stand twice */
		if (check->has_min)
			json_object_set_new(json, "min", json_real(check->min));
		if (check->has_max)
			json_object_set_new(json, "max", json_real(check->max));
	}
	version = json_string_value(
		json_object_get(json_object_get(result->object, "metadata"), "resourceVersion"));
	kube_tree_set_some(json, "resourceVersion", version);
	return json;
}

void journal_answer(struct canary *canary, struct flight *flight, const struct act_result *result)
{
	const struct effect *effect = flight_effect(flight);
	char key[128];
	char *detail = dump(answer_of(canary, effect, result));
	struct history_effect record = {
		.round_uid = flight_round(flight),
		.kind = HISTORY_ANSWER,
		.key = key,
		.detail = detail,
		.result = outcome_name(result),
		.at = loop_now(canary->host->seams.loop),
	};

	key_of(canary, effect, key);
	history_effect(canary->host->history, &record);
	if (result && result->outcome != ACT_OK && result->outcome != ACT_ABSENT)
		log_event(canary->host->log, LOG_WARNING, "effect.not_done", result->text,
		          LOG_FIELDS({"canary", canary->name}, {"namespace", canary->k8s_namespace},
		                     {"effect", key}, {"outcome", record.result}));
	free(detail);
}

void journal_reason(struct canary *canary, const struct plan *plan)
{
	if (strcmp(canary->reason, plan->reason) == 0)
		return;
	text_copy(canary->reason, plan->reason);
	log_event(canary->host->log, LOG_INFO, "canary.reason", plan->reason,
	          LOG_FIELDS({"canary", canary->name}, {"namespace", canary->k8s_namespace}));
}
