#include "analysis/hooks.h"

#include "analysis/alert.h"
#include "analysis/base/text.h"
#include "analysis/mirror.h"
#include "analysis/pace.h"
#include "analysis/retreat.h"

#include <string.h>

#define FNV_PRIME 0x100000001b3U

bool hooks_has(const struct canary_spec *spec, enum hook_type type)
{
	for (size_t i = 0; i < spec->n_hooks; i++) {
		if (spec->hooks[i].type == type)
			return true;
	}
	return false;
}

uint64_t hooks_question(const struct thought *thought, size_t index)
{
	uint64_t question = thought->spec->hooks[index].question;

	for (const char *at = thought->facts->newest.uid; *at; at++)
		question = (question ^ (unsigned char)*at) * FNV_PRIME;
	return question;
}

static const struct hook_record *find_record(const struct thought *thought, uint64_t question)
{
	const struct release_status *status = &thought->facts->newest.status;

	for (size_t i = 0; i < status->n_hooks; i++) {
		if (status->hooks[i].question == question)
			return &status->hooks[i];
	}
	return NULL;
}

bool hooks_was(const struct thought *thought, size_t index, enum hook_result result)
{
	const struct hook_record *record = find_record(thought, hooks_question(thought, index));

	return record && record->result == result;
}

static enum hook_result result_of(const struct thought *thought, size_t index, struct instant check)
{
	const struct hook_fact *fact = &thought->facts->hooks[index];
	const struct hook_record *record = find_record(thought, hooks_question(thought, index));

	if (record && record->is_approved)
		return HOOK_PASS;
	if (fact->check.ms == check.ms && fact->question == hooks_question(thought, index))
		return fact->result;
	if (thought->spec->hooks[index].type == HOOK_CONFIRM_PROMOTION &&
	    hooks_was(thought, index, HOOK_PASS))
		return HOOK_PASS;
	return HOOK_PENDING;
}

struct hooks_answer hooks_heard(const struct thought *thought, enum hook_type type,
                                struct instant check)
{
	const struct canary_spec *spec = thought->spec;
	enum hook_result rest = type == HOOK_ROLLBACK ? HOOK_FAIL : HOOK_PASS;

	for (size_t i = 0; i < spec->n_hooks; i++) {
		enum hook_result result;

		if (spec->hooks[i].type != type)
			continue;
		result = result_of(thought, i, check);
		if (result != rest)
			return (struct hooks_answer){.result = result, .index = i};
	}
	return (struct hooks_answer){.result = rest};
}

struct hooks_answer hooks_ask(struct thought *thought, enum hook_type type, struct instant check)
{
	struct hooks_answer answer = hooks_heard(thought, type, check);
	struct effect effect = {
		.kind = EFFECT_ASK_HOOK,
		.index = answer.index,
		.check = check,
	};

	if (answer.result != HOOK_PENDING)
		return answer;
	effect.question = hooks_question(thought, answer.index);
	text_copy(effect.release_uid, thought->facts->newest.uid);
	text_copy(effect.digest, thought->facts->newest.digest);
	text_copy(effect.configs, thought->facts->newest.configs);
	text_copy(effect.phase, mirror_phase(thought->spec, thought->facts));
	thought_want(thought, &effect);
	return answer;
}

static void add_record(struct release_status *status, const struct hook_record *record)
{
	if (status->n_hooks < SPEC_HOOKS_MAX)
		status->hooks[status->n_hooks++] = *record;
}

/* Flagger tells so at each check; once will do. */
static void tell_quiet(const struct thought *thought, struct release_status *status, size_t index)
{
	const struct hook_spec *hook = &thought->spec->hooks[index];

	if (hook->type == HOOK_ROLLBACK && !hooks_was(thought, index, HOOK_FAIL))
		thought_notice(status, false, "Rollback hook %.200s not signaling a rollback",
		               hook->name);
}

static bool was_approved(const struct thought *thought, size_t index)
{
	const struct hook_record *record = find_record(thought, hooks_question(thought, index));

	return record && record->is_approved;
}

void hooks_keep(const struct thought *thought, struct release_status *status, struct instant check)
{
	const struct canary_spec *spec = thought->spec;

	status->n_hooks = 0;
	for (size_t i = 0; i < spec->n_hooks; i++) {
		struct hook_record record = {
			.type = spec->hooks[i].type,
			.result = result_of(thought, i, check),
			.question = hooks_question(thought, i),
		};

		if (record.result == HOOK_PENDING)
			continue;
		if (record.result == HOOK_FAIL)
			tell_quiet(thought, status, i);
		record.is_approved = was_approved(thought, i);
		text_copy(record.name, spec->hooks[i].name);
		add_record(status, &record);
	}
}

/* STATUS says that hook INDEX itself said yes. */
static bool has_passed(const struct thought *thought, const struct release_status *status,
                       size_t index)
{
	uint64_t question = hooks_question(thought, index);

	for (size_t i = 0; i < status->n_hooks; i++) {
		if (status->hooks[i].question == question)
			return status->hooks[i].result == HOOK_PASS &&
			       !status->hooks[i].is_approved;
	}
	return false;
}

void hooks_tell_passed(const struct thought *thought, enum hook_type type,
                       struct release_status *status)
{
	static const char *const words[] = {
		[HOOK_NONE] = "",
		[HOOK_CONFIRM_ROLLOUT] = "Confirm-rollout",
		[HOOK_PRE_ROLLOUT] = "Pre-rollout",
		[HOOK_ROLLOUT] = "",
		[HOOK_CONFIRM_TRAFFIC_INCREASE] = "Confirm-traffic-increase",
		[HOOK_CONFIRM_PROMOTION] = "Confirm-promotion",
		[HOOK_POST_ROLLOUT] = "Post-rollout",
		[HOOK_ROLLBACK] = "Rollback",
		[HOOK_EVENT] = "",
	};
	const struct canary_spec *spec = thought->spec;

	for (size_t i = 0; i < spec->n_hooks; i++) {
		if (spec->hooks[i].type == type && has_passed(thought, status, i))
			thought_notice(status, false, "%s check %.200s passed", words[type],
			               spec->hooks[i].name);
	}
}

bool hooks_roll_back(struct thought *thought, struct instant check)
{
	const struct canary_spec *spec = thought->spec;
	struct hooks_answer answer = hooks_heard(thought, HOOK_ROLLBACK, check);
	struct release_status status;

	if (answer.result != HOOK_PASS)
		return false;
	status = thought_next_status(thought);
	hooks_keep(thought, &status, check);
	thought_notice(&status, true, "Rollback check %.200s passed",
	               spec->hooks[answer.index].name);
	thought_notice(&status, true, "Rolling back %.100s.%.63s manual webhook invoked",
	               spec->name, spec->k8s_namespace);
	thought_notice(&status, true, "Canary failed! Scaling down %.100s.%.63s", spec->name,
	               spec->k8s_namespace);
	alert_raise(thought, &status, SEVERITY_WARN, "Rolling back manual webhook invoked");
	retreat_begin(thought, &status, OUTCOME_ROLLED_BACK,
	              "Rolling back %.100s.%.63s manual webhook invoked", spec->name,
	              spec->k8s_namespace);
	return true;
}

static bool is_waiting_at(const struct thought *thought, size_t index)
{
	enum release_phase phase = thought->facts->newest.status.phase;

	switch (thought->spec->hooks[index].type) {
	case HOOK_CONFIRM_ROLLOUT:
		return phase == PHASE_NONE || phase == PHASE_WAITING;
	case HOOK_CONFIRM_TRAFFIC_INCREASE:
		return phase == PHASE_STARTING || phase == PHASE_PROGRESSING;
	case HOOK_CONFIRM_PROMOTION:
		return phase == PHASE_PROGRESSING || phase == PHASE_WAITING_PROMOTION;
	case HOOK_NONE:
	case HOOK_PRE_ROLLOUT:
	case HOOK_ROLLOUT:
	case HOOK_POST_ROLLOUT:
	case HOOK_ROLLBACK:
	case HOOK_EVENT:
		break;
	}
	return false;
}

bool hooks_gate(const struct thought *thought, size_t *ret_index)
{
	if (pace_gate(thought, ret_index) && is_waiting_at(thought, *ret_index))
		return true;
	for (size_t i = 0; i < thought->spec->n_hooks; i++) {
		if (hooks_was(thought, i, HOOK_FAIL) && is_waiting_at(thought, i)) {
			*ret_index = i;
			return true;
		}
	}
	return false;
}

void hooks_approve(const struct thought *thought, struct release_status *status, size_t index)
{
	struct hook_record record = {
		.type = thought->spec->hooks[index].type,
		.result = HOOK_PASS,
		.question = hooks_question(thought, index),
		.is_approved = true,
	};

	text_copy(record.name, thought->spec->hooks[index].name);
	for (size_t i = 0; i < status->n_hooks; i++) {
		if (status->hooks[i].question == record.question) {
			status->hooks[i] = record;
			return;
		}
	}
	add_record(status, &record);
}

void hooks_use(struct release_status *status)
{
	for (size_t i = 0; i < status->n_hooks; i++)
		status->hooks[i].is_approved = false;
}
