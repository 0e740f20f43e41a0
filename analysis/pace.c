#include "analysis/pace.h"

#include "analysis/hooks.h"

static bool is_gate(enum hook_type type)
{
	return type == HOOK_CONFIRM_ROLLOUT || type == HOOK_CONFIRM_TRAFFIC_INCREASE ||
	       type == HOOK_CONFIRM_PROMOTION;
}

bool pace_gate(const struct thought *thought, size_t *ret_index)
{
	const struct canary_spec *spec = thought->spec;
	struct instant next = thought->facts->newest.status.times.next_check_at;

	for (size_t i = 0; i < spec->n_hooks; i++) {
		const struct hook_fact *fact = &thought->facts->hooks[i];

		if (fact->result != HOOK_FAIL || !is_gate(spec->hooks[i].type) ||
		    instant_is_before(fact->check, next) ||
		    fact->question != hooks_question(thought, i))
			continue;
		*ret_index = i;
		return true;
	}
	return false;
}

struct instant pace_due(const struct thought *thought)
{
	size_t gate;

	if (!pace_gate(thought, &gate))
		return thought->facts->newest.status.times.next_check_at;
	return instant_after(thought->facts->hooks[gate].answered, thought->spec->interval);
}

bool pace_is_due(struct thought *thought)
{
	const struct facts *facts = thought->facts;
	struct instant next = facts->newest.status.times.next_check_at;
	struct release_status status;
	size_t gate;

	if (instant_between(facts->now, next).ms > thought->spec->interval.ms) {
		status = thought_next_status(thought);
		status.times.next_check_at = instant_after(facts->now, thought->spec->interval);
		thought_save(thought, &status, false);
		thought_because(thought, "the next check was further ahead than one interval");
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
