#include "analysis/outbox.h"

#include "analysis/base/text.h"
#include "analysis/hooks.h"
#include "analysis/mirror.h"

#include <string.h>

/* Event hooks
 * ---------------------------------------------------------------------------------------------- */

/* The event hook at INDEX or behind it; n_hooks when there is none. */
static size_t find_event_hook(const struct canary_spec *spec, size_t index)
{
	while (index < spec->n_hooks && spec->hooks[index].type != HOOK_EVENT)
		index++;
	return index < spec->n_hooks ? index : spec->n_hooks;
}

/* The event hook that is to be told notice ID next; n_hooks when each was. */
static size_t find_untold(const struct canary_spec *spec, const struct facts *facts, int64_t id)
{
	if (strcmp(facts->hooks_release, facts->newest.uid) != 0 || id > facts->hooks_told)
		return find_event_hook(spec, 0);
	return id < facts->hooks_told ? spec->n_hooks : find_event_hook(spec, facts->hooks_next);
}

bool outbox_was_told(const struct canary_spec *spec, const struct facts *facts, int64_t id)
{
	return find_untold(spec, facts, id) == spec->n_hooks;
}

static void tell_events(struct thought *thought)
{
	const struct facts *facts = thought->facts;
	const struct release_status *status = &facts->newest.status;
	struct effect effect = {.kind = EFFECT_TELL_HOOK, .check = facts->now};

	for (size_t i = 0; i < status->n_notices; i++) {
		effect.index = find_untold(thought->spec, facts, status->notices[i].id);
		if (effect.index == thought->spec->n_hooks)
			continue;
		effect.question = hooks_question(thought, effect.index);
		effect.notice = status->notices[i];
		text_copy(effect.release_uid, facts->newest.uid);
		text_copy(effect.digest, facts->newest.digest);
		text_copy(effect.configs, facts->newest.configs);
		text_copy(effect.phase, mirror_phase(thought->spec, facts));
		thought_want(thought, &effect);
		return;
	}
}

/* Post-rollout hooks
 * ---------------------------------------------------------------------------------------------- */

void outbox_fill(const struct thought *thought, struct release_status *status)
{
	const struct canary_spec *spec = thought->spec;

	status->n_hooks = 0;
	for (size_t i = 0; i < spec->n_hooks; i++) {
		struct hook_record *record = &status->hooks[status->n_hooks];

		if (spec->hooks[i].type != HOOK_POST_ROLLOUT)
			continue;
		*record = (struct hook_record){
			.type = HOOK_POST_ROLLOUT,
			.question = hooks_question(thought, i),
		};
		text_copy(record->name, spec->hooks[i].name);
		status->n_hooks++;
	}
}

static bool is_undone(const struct hook_record *record)
{
	return record->type == HOOK_POST_ROLLOUT && record->result == HOOK_PENDING;
}

/* The first post-rollout hook that is not done; n_hooks when each is. */
static size_t find_undone(const struct release_status *status)
{
	size_t i = 0;

	while (i < status->n_hooks && !is_undone(&status->hooks[i]))
		i++;
	return i;
}

/* The hook that is that question; n_hooks when it is asked no more. */
static size_t find_hook(const struct thought *thought, uint64_t question)
{
	size_t i = 0;

	while (i < thought->spec->n_hooks && hooks_question(thought, i) != question)
		i++;
	return i;
}

static void skip_rest(struct release_status *status)
{
	for (size_t i = 0; i < status->n_hooks; i++) {
		if (is_undone(&status->hooks[i]))
			status->hooks[i].result = HOOK_SKIPPED;
	}
}

static void save_answer(struct thought *thought, size_t at, const struct hook_fact *fact)
{
	struct release_status status = thought_next_status(thought);
	struct hook_record *record = &status.hooks[at];

	record->result = fact->result;
	if (fact->result == HOOK_PASS) {
		thought_notice(&status, false, "Post-rollout check %s passed", record->name);
	} else {
		thought_notice(&status, true, "Post-rollout hook %s failed %.200s", record->name,
		               fact->text);
		skip_rest(&status);
	}
	thought_save(thought, &status, false);
}

/* One that was edited away meanwhile is skipped. */
static void save_skipped(struct thought *thought, size_t at)
{
	struct release_status status = thought_next_status(thought);

	status.hooks[at].result = HOOK_SKIPPED;
	thought_save(thought, &status, false);
}

static void call_next(struct thought *thought)
{
	const struct facts *facts = thought->facts;
	const struct release_status *status = &facts->newest.status;
	size_t at = find_undone(status);
	struct effect effect = {.kind = EFFECT_ASK_HOOK, .check = status->times.finished};
	const struct hook_fact *fact;

	if (at == status->n_hooks)
		return;
	effect.question = status->hooks[at].question;
	effect.index = find_hook(thought, effect.question);
	if (effect.index == thought->spec->n_hooks) {
		save_skipped(thought, at);
		return;
	}
	fact = &facts->hooks[effect.index];
	if (fact->question == effect.question && fact->check.ms == effect.check.ms &&
	    fact->result != HOOK_PENDING) {
		save_answer(thought, at, fact);
		return;
	}
	text_copy(effect.release_uid, facts->newest.uid);
	text_copy(effect.digest, facts->newest.digest);
	text_copy(effect.configs, facts->newest.configs);
	text_copy(effect.phase, mirror_phase(thought->spec, facts));
	thought_want(thought, &effect);
	thought_because(thought, "calling post-rollout hook %s", status->hooks[at].name);
}

void outbox_keep(struct thought *thought)
{
	const struct facts *facts = thought->facts;

	if (facts->is_deleted || facts->is_quarantined || !facts->has_spec ||
	    facts->newest.name[0] == '\0')
		return;
	if (facts->newest.status.outcome != OUTCOME_NONE && !thought->spec->suspend)
		call_next(thought);
	tell_events(thought);
}

bool outbox_is_told(const struct thought *thought)
{
	const struct release_status *status = &thought->facts->newest.status;

	return status->n_notices == 0 || outbox_was_told(thought->spec, thought->facts,
	                                                 status->notices[status->n_notices - 1].id);
}

bool outbox_is_empty(const struct thought *thought)
{
	const struct release_status *status = &thought->facts->newest.status;

	return find_undone(status) == status->n_hooks &&
	       (thought->facts->is_hook_deaf || outbox_is_told(thought));
}
