#include "agent/journal.h"

#include "agent/history.h"
#include "agent/journal_action.h"
#include "agent/log.h"
#include "analysis/base/text.h"
#include "analysis/decide.h"
#include "analysis/strategy.h"
#include "providers/kube/release_status.h"
#include "providers/kube/tree.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

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

static json_t *slot_of(const struct fact_slot *slot)
{
	static const char *const names[] = {[FACT_UNKNOWN] = "unknown",
	                                    [FACT_KNOWN] = "known",
	                                    [FACT_ABSENT] = "absent",
	                                    [FACT_FAILED] = "failed"};
	json_t *json = json_pack("{ss}", "state", names[slot->state]);

	put_flag(json, "written", slot->is_written);
	put_number(json, "failures", slot->failures);
	put_number(json, "retryAt", slot->retry_at.ms);
	put_flag(json, "forward", slot->is_forward);
	put_number(json, "readAt", slot->read_at.ms);
	kube_tree_set_some(json, "error", slot->error);
	return json;
}

static json_t *workload_of(const struct workload_fact *workload)
{
	json_t *json = slot_of(&workload->slot);

	put_flag(json, "observed", workload->is_observed);
	put_number(json, "replicas", workload->replicas);
	put_number(json, "updated", workload->updated);
	put_number(json, "total", workload->total);
	put_number(json, "ready", workload->ready);
	put_number(json, "available", workload->available);
	kube_tree_set_some(json, "digest", workload->digest);
	kube_tree_set_some(json, "release", workload->release_uid);
	kube_tree_set_some(json, "image", workload->image);
	put_flag(json, "hasConfigs", workload->has_configs);
	put_flag(json, "mayEmpty", workload->may_empty);
	kube_tree_set_some(json, "refusal", workload->refusal);
	kube_tree_set_some(json, "resourceVersion", workload->resource_version);
	return json;
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

static json_t *service_of(const struct service_fact *service)
{
	json_t *json = slot_of(&service->slot);

	kube_tree_set_some(json, "backend", backend_name(service->backend));
	put_flag(json, "exact", service->is_exact);
	put_number(json, "since", service->since.ms);
	return json;
}

/* Those that there are, by what they do. */
static void put_cookies(json_t *json, const char *key, const struct cookies *cookies)
{
	json_t *object = json_object();

	kube_tree_set_some(object, "canary", cookies->canary.value);
	kube_tree_set_some(object, "canaryName", cookies->canary.name);
	kube_tree_set_some(object, "earlier", cookies->earlier.value);
	kube_tree_set_some(object, "earlierName", cookies->earlier.name);
	kube_tree_set_some(object, "primary", cookies->primary.value);
	kube_tree_set_some(object, "primaryName", cookies->primary.name);
	if (json_object_size(object) > 0)
		json_object_set(json, key, object);
	json_decref(object);
}

static json_t *route_of(const struct route_fact *route)
{
	json_t *json = slot_of(&route->slot);

	json_object_set_new(json, "weight", json_integer(route->weight));
	put_flag(json, "exact", route->is_exact);
	put_flag(json, "mirrored", route->is_mirrored);
	put_cookies(json, "cookies", &route->cookies);
	kube_tree_set_some(json, "pending", route->pending);
	put_flag(json, "ours", route->is_ours);
	put_number(json, "since", route->since.ms);
	kube_tree_set_some(json, "resourceVersion", route->resource_version);
	if (route->rival.edits > 0)
		json_object_set_new(json, "rival",
		                    json_pack("{si sI sI}", "edits", route->rival.edits, "last",
		                              (json_int_t)route->rival.last.ms, "loweredSeq",
		                              (json_int_t)route->rival.lowered_seq));
	return json;
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

static json_t *release_of(const struct release *release)
{
	json_t *json = status_of(&release->status);

	kube_tree_set_some(json, "name", release->name);
	kube_tree_set_some(json, "uid", release->uid);
	kube_tree_set_some(json, "cause", release_cause_name(release->cause));
	kube_tree_set_some(json, "digest", release->digest);
	kube_tree_set_some(json, "previous", release->previous);
	kube_tree_set_some(json, "configs", release->configs);
	kube_tree_set_some(json, "handled", release->handled);
	kube_tree_set_some(json, "handledConfigs", release->handled_configs);
	if (release->action.uid[0])
		json_object_set_new(json, "action",
		                    kube_release_status_action_write(&release->action));
	put_number(json, "targetReplicas", release->target_replicas);
	put_number(json, "primaryReplicas", release->primary_replicas);
	kube_tree_set_some(json, "resourceVersion", release->resource_version);
	return json;
}

static json_t *hook_of(const struct hook_fact *fact)
{
	json_t *json =
		json_pack("{ss sI sI}", "result", hook_result_name(fact->result), "check",
	                  (json_int_t)fact->check.ms, "refused", (json_int_t)fact->refused.ms);
	char question[24];

	text_format(question, sizeof(question), "%016" PRIx64, fact->question);
	kube_tree_set_some(json, "question", question);
	kube_tree_set_some(json, "text", fact->text);
	return json;
}

/* Those that were answered, by their number in the spec. */
static json_t *hooks_of(const struct facts *facts)
{
	json_t *hooks = json_object();
	char index[8];

	for (size_t i = 0; i < SPEC_HOOKS_MAX; i++) {
		if (facts->hooks[i].result == HOOK_PENDING)
			continue;
		text_format(index, sizeof(index), "%zu", i);
		json_object_set_new(hooks, index, hook_of(&facts->hooks[i]));
	}
	return hooks;
}

static json_t *sample_of(const struct sample_fact *sample)
{
	static const char *const names[] = {[SAMPLE_NONE] = "none",
	                                    [SAMPLE_VALUE] = "value",
	                                    [SAMPLE_ABSENT] = "absent",
	                                    [SAMPLE_ERROR] = "error"};
	json_t *json = json_pack("{ss sI}", "kind", names[sample->kind], "check",
	                         (json_int_t)sample->check.ms);

	if (sample->kind == SAMPLE_VALUE)
		json_object_set_new(json, "value", json_real(sample->value));
	kube_tree_set_some(json, "text", sample->text);
	return json;
}

/* What they held by its digest only. */
static json_t *configs_of(const struct config_fact *configs)
{
	json_t *json = slot_of(&configs->slot);

	kube_tree_set_some(json, "template", configs->template);
	kube_tree_set_some(json, "digest", configs->digest);
	return json;
}

/* Under KEY; nothing of one that was not seen. */
static void put_scaler(json_t *json, const char *key, const struct scaler_fact *scaler)
{
	json_t *fact;

	if (scaler->slot.state == FACT_UNKNOWN && scaler->uid[0] == '\0')
		return;
	fact = slot_of(&scaler->slot);
	put_number(fact, "least", scaler->least);
	put_number(fact, "most", scaler->most);
	put_number(fact, "primaryLeast", scaler->primary_least);
	put_number(fact, "primaryMost", scaler->primary_most);
	put_flag(fact, "pinned", scaler->is_pinned);
	put_flag(fact, "exact", scaler->is_exact);
	put_flag(fact, "ours", scaler->is_ours);
	put_flag(fact, "foreign", scaler->is_foreign);
	json_object_set_new(json, key, fact);
}

json_t *journal_facts(const struct facts *facts)
{
	json_t *json = json_pack("{sI so so so so so so so so}", "now", (json_int_t)facts->now.ms,
	                         "target", workload_of(&facts->target), "primary",
	                         workload_of(&facts->primary), "apex", service_of(&facts->apex),
	                         "primaryService", service_of(&facts->primary_service),
	                         "canaryService", service_of(&facts->canary_service), "route",
	                         route_of(&facts->route), "releases", slot_of(&facts->releases),
	                         "change", slot_of(&facts->change.slot));
	json_t *samples = json_array();
	json_t *hooks;

	put_scaler(json, "scaler", &facts->scaler);
	put_scaler(json, "primaryScaler", &facts->primary_scaler);
	if (facts->target.has_configs)
		json_object_set_new(json, "configs", configs_of(&facts->configs));
	put_number(json, "generation", facts->canary_generation);
	put_flag(json, "deleted", facts->is_deleted);
	put_flag(json, "moved", facts->is_moved);
	kube_tree_set_some(json, "refusal", facts->refusal);
	journal_action_put_facts(json, facts);
	if (facts->newest.name[0] != '\0')
		json_object_set_new(json, "newest", release_of(&facts->newest));
	kube_tree_set_some(json, "promoted", facts->promoted.name);
	kube_tree_set_some(json, "draw", facts->draw);
	put_cookies(json, "former", &facts->former.cookies);
	for (size_t i = 0; i < SPEC_CHECKS_MAX && facts->samples[i].kind != SAMPLE_NONE; i++)
		json_array_append_new(samples, sample_of(&facts->samples[i]));
	json_object_set_new(json, "samples", samples);
	if (facts->share.kind != SAMPLE_NONE)
		json_object_set_new(json, "share", sample_of(&facts->share));
	hooks = hooks_of(facts);
	if (json_object_size(hooks) > 0)
		json_object_set(json, "hooks", hooks);
	json_decref(hooks);
	return json;
}

/* Type, name and question of each hook. */
static json_t *journal_hooks(const struct canary_spec *spec)
{
	json_t *hooks = json_array();
	char question[24];

	for (size_t i = 0; i < spec->n_hooks; i++) {
		text_format(question, sizeof(question), "%016" PRIx64, spec->hooks[i].question);
		json_array_append_new(hooks, json_pack("{ss ss ss}", "type",
		                                       hook_type_name(spec->hooks[i].type), "name",
		                                       spec->hooks[i].name, "question", question));
	}
	return hooks;
}

json_t *journal_spec(const struct canary_spec *spec)
{
	json_t *json =
		json_pack("{ss si si si si sI sI}", "strategy", strategy_name(spec->strategy),
	                  "threshold", spec->threshold, "stepWeight", spec->step_weight,
	                  "maxWeight", spec->max_weight, "iterations", spec->iterations, "interval",
	                  (json_int_t)spec->interval.ms, "progressDeadline",
	                  (json_int_t)spec->progress_deadline.ms);
	json_t *steps = json_array();
	json_t *checks = json_array();

	kube_tree_set_some(json, "provider", spec->provider);
	if (spec->affinity.cookie)
		kube_tree_set_text(json, "cookie", spec->affinity.cookie);
	if (spec->affinity.primary_cookie)
		kube_tree_set_text(json, "primaryCookie", spec->affinity.primary_cookie);
	put_flag(json, "suspend", spec->suspend);
	put_flag(json, "skipAnalysis", spec->skip_analysis);
	for (size_t i = 0; i < spec->n_step_weights; i++)
		json_array_append_new(steps, json_integer(spec->step_weights[i]));
	for (size_t i = 0; i < spec->n_checks; i++) {
		const struct check_spec *check = &spec->checks[i];
		json_t *item = json_pack("{ss}", "name", check->name);

		if (check->has_min)
			json_object_set_new(item, "min", json_real(check->min));
		if (check->has_max)
			json_object_set_new(item, "max", json_real(check->max));
		json_array_append_new(checks, item);
	}
	json_object_set_new(json, "stepWeights", steps);
	if (spec->step_weight_promotion > 0)
		json_object_set_new(json, "stepWeightPromotion",
		                    json_integer(spec->step_weight_promotion));
	json_object_set_new(json, "checks", checks);
	if (spec->n_hooks > 0)
		json_object_set_new(json, "hooks", journal_hooks(spec));
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
	case EFFECT_REMOVE:
	case EFFECT_RESTORE:
	case EFFECT_REMOVE_RELEASES:
		break;
	}
	return json;
}

json_t *journal_plan(const struct plan *plan)
{
	json_t *effects = json_array();
	json_t *json;

	for (size_t i = 0; i < plan->n_effects; i++)
		json_array_append_new(effects, effect_of(&plan->effects[i]));
	json = json_pack("{ss so}", "reason", plan->reason, "effects", effects);
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

/* The facts, and what another hand changed since the round before: before and after. */
static json_t *round_facts(struct canary *canary)
{
	json_t *facts = journal_facts(&canary->facts);

	if (canary->rival_edit)
		json_object_set_new(facts, "edited", canary->rival_edit);
	canary->rival_edit = NULL;
	return facts;
}

void journal_round(struct canary *canary, const struct plan *plan,
                   void (*acked)(void *user, const char *uid), void *user)
{
	struct canary_edition *edition = canary->edition;
	char *facts = dump(round_facts(canary));
	char *text = dump(journal_plan(plan));
	struct history_round round;

	if (!edition->journal)
		edition->journal = dump(journal_spec(&edition->spec));
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
		json_object_set_new(json, "sample", sample_of(&result->sample));
	if (effect->kind == EFFECT_ASK_HOOK || effect->kind == EFFECT_TELL_HOOK)
		kube_tree_set_some(json, "result", hook_result_name(result->hook));
	if (effect->kind == EFFECT_MEASURE && effect->index < canary->edition->spec.n_checks) {
		const struct check_spec *check = &canary->edition->spec.checks[effect->index];

		kube_tree_set_some(json, "check", check->name);
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
