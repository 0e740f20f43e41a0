#include "analysis/primary.h"

#include "analysis/base/text.h"
#include "analysis/scaler.h"

#include <string.h>

struct primary_wish {
	const char *release; /* its name, and */
	const char *uid;
	const char *id;   /* its flagger-id in the primary */
	int new_replicas; /* of a primary that must be made */
	int replicas;     /* of one that is there; 0: as they are */
	bool is_retreat;
};

static bool runs(struct thought *thought, const struct primary_wish *wish)
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
		if (strcmp(primary->release_uid, wish->id) == 0)
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

bool primary_runs_newest(struct thought *thought)
{
	const struct release *newest = &thought->facts->newest;
	int target = thought_run_replicas(thought);
	int primary = newest->primary_replicas;
	int capacity = target > primary ? target : primary;
	struct primary_wish wish = {
		.release = newest->name,
		.uid = newest->uid,
		.id = release_id(newest),
		.new_replicas = capacity,
		.replicas = thought->spec->scaler_kind == SCALER_NONE &&
	                                    thought->spec->target_kind == TARGET_DEPLOYMENT
	                            ? capacity
	                            : 0,
	};

	return runs(thought, &wish);
}

bool primary_runs_promoted(struct thought *thought, int replicas, bool is_retreat)
{
	const struct facts *facts = thought->facts;
	int before = facts->newest.primary_replicas > 0 ? facts->newest.primary_replicas : 1;
	struct primary_wish wish = {
		.release = facts->promoted.name,
		.uid = facts->promoted.uid,
		.id = release_ref_id(&facts->promoted),
		.new_replicas = replicas == PRIMARY_AS_BEFORE ? before : replicas,
		.is_retreat = is_retreat,
	};

	return runs(thought, &wish);
}

void primary_revive(struct thought *thought)
{
	const struct facts *facts = thought->facts;

	if (facts->primary.slot.state == FACT_ABSENT && facts->promoted.name[0] != '\0')
		primary_runs_promoted(thought, PRIMARY_AS_BEFORE,
		                      facts->newest.status.phase == PHASE_RETREATING);
	(void)scaler_holds(thought);
}
