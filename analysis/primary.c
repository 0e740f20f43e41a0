#include "analysis/primary.h"

#include "analysis/base/text.h"

#include <string.h>

int primary_capacity(const struct thought *thought)
{
	int target = thought_run_replicas(thought);
	int primary = thought->facts->newest.primary_replicas;

	return target > primary ? target : primary;
}

bool primary_runs(struct thought *thought, const struct primary_wish *wish)
{
	const struct workload_fact *primary = &thought->facts->primary;
	struct effect effect = {
		.kind = EFFECT_CREATE_PRIMARY,
		.subject = SUBJECT_PRIMARY,
		.replicas = wish->new_replicas,
		.is_retreat = wish->is_retreat,
	};

	if (!thought_knows(thought, SUBJECT_PRIMARY))
		return false;
	text_copy(effect.release, wish->release);
	text_copy(effect.release_uid, wish->uid);
	if (primary->slot.state == FACT_KNOWN) {
		if (strcmp(primary->release_uid, wish->uid) == 0)
			return true;
		effect.kind = EFFECT_WRITE_PRIMARY;
		effect.replicas = wish->replicas;
		text_copy(effect.old_release_uid, primary->release_uid);
		if (!wish->is_retreat)
			text_copy(effect.resource_version, primary->resource_version);
	}
	thought_want(thought, &effect);
	thought_because(thought, "the primary gets the template of Release %.100s", wish->release);
	return false;
}

void primary_revive(struct thought *thought)
{
	const struct facts *facts = thought->facts;
	struct primary_wish wish = {
		.release = facts->promoted.name,
		.uid = facts->promoted.uid,
		.new_replicas =
			facts->newest.primary_replicas > 0 ? facts->newest.primary_replicas : 1,
		.is_retreat = facts->newest.status.phase == PHASE_RETREATING,
	};

	if (facts->primary.slot.state == FACT_ABSENT && facts->promoted.name[0] != '\0')
		primary_runs(thought, &wish);
}
