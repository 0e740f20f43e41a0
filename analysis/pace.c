#include "analysis/pace.h"

#include "analysis/hooks.h"

static bool is_gate(enum hook_type type)
{
	return type == HOOK_CONFIRM_ROLLOUT || type == HOOK_CONFIRM_TRAFFIC_INCREASE ||
	       type == HOOK_CONFIRM_PROMOTION;
}

/* Hook INDEX is a gate that said no since the Release's last step: the last no is of a check since
 * then, whatever the clock said when it came; one before the last yes came since then. */
static bool has_refused(const struct thought *thought, size_t index)
{
	const struct hook_fact *fact = &thought->facts->hooks[index];
	struct instant step = thought->facts->newest.status.times.next_check_at;

	return is_gate(thought->spec->hooks[index].type) && instant_is_set(fact->refused) &&
	       !instant_is_before(fact->result == HOOK_FAIL ? fact->check : fact->refused, step) &&
	       fact->question == hooks_question(thought, index);
}

bool pace_gate(const struct thought *thought, size_t *ret_index)
{
	for (size_t i = 0; i < thought->spec->n_hooks; i++) {
		if (thought->facts->hooks[i].result == HOOK_FAIL && has_refused(thought, i)) {
			*ret_index = i;
			return true;
		}
	}
	return false;
}

struct instant pace_due(const struct thought *thought)
{
	struct instant due = thought->facts->newest.status.times.next_check_at;

	for (size_t i = 0; i < thought->spec->n_hooks; i++) {
		struct instant next;

		if (!has_refused(thought, i))
			continue;
		next = instant_after(thought->facts->hooks[i].refused, thought->spec->interval);
		if (instant_is_before(due, next))
			due = next;
	}
	return due;
}

/* The clock went back behind a gate's no: the check that comes next by it would be the one that was
 * refused, and have its answers. */
static bool is_behind_refusal(const struct thought *thought)
{
	for (size_t i = 0; i < thought->spec->n_hooks; i++) {
		const struct hook_fact *fact = &thought->facts->hooks[i];
		struct instant next = instant_after(fact->refused, thought->spec->interval);

		if (fact->result == HOOK_FAIL && has_refused(thought, i) &&
		    !instant_is_before(fact->check, next))
			return true;
	}
	return false;
}

static void put_right(struct thought *thought, const char *why)
{
	struct release_status status = thought_next_status(thought);

	status.times.next_check_at = instant_after(thought->facts->now, thought->spec->interval);
	thought_save(thought, &status, false);
	thought_because(thought, "%s", why);
}

bool pace_is_due(struct thought *thought)
{
	const struct facts *facts = thought->facts;
	struct instant next = facts->newest.status.times.next_check_at;
	size_t gate;

	if (instant_between(facts->now, next).ms > thought->spec->interval.ms) {
		put_right(thought, "the next check was further ahead than one interval");
		return false;
	}
	if (is_behind_refusal(thought)) {
		put_right(thought, "the clock went back behind the last check");
		return false;
	}
	if (thought_passed(thought, pace_due(thought), span_ms(0)))
		return true;
	if (pace_gate(thought, &gate))
		thought_because(thought, "waiting for approval: %s %.100s says no: %.120s",
		                hook_type_name(thought->spec->hooks[gate].type),
		                thought->spec->hooks[gate].name, facts->hooks[gate].text);
	thought_because(thought, "waiting for the next check");
	return false;
}
