#include "tests/analysis/walk_service.h"

#include <stddef.h>

static void put_one(struct workload_fact *workload)
{
	if (workload->slot.state != FACT_KNOWN)
		return;
	workload->is_observed = true;
	workload->may_empty = false;
	workload->replicas = 1;
	workload->updated = 1;
	workload->total = 1;
	workload->ready = 1;
	workload->available = 1;
}

bool walk_service_put(struct world *world)
{
	if (!world->facts.has_spec || !world->spec.route.weighs)
		return false;
	world->spec.target_kind = TARGET_SERVICE;
	world->spec.route.names_primary = true;
	world->facts.apex = (struct service_fact){0};
	world->facts.primary_service = (struct service_fact){0};
	put_one(&world->facts.target);
	put_one(&world->facts.primary);
	return true;
}

const char *walk_service_check(const struct plan *plan)
{
	for (size_t i = 0; i < plan->n_effects; i++) {
		const struct effect *effect = &plan->effects[i];

		if (effect->subject == SUBJECT_APEX || effect->subject == SUBJECT_PRIMARY_SERVICE)
			return "a Service that is the target or the primary, looked at as another";
		if (effect->kind == EFFECT_SCALE)
			return "a Service with pods";
		if (effect->subject == SUBJECT_TARGET && effect->kind != EFFECT_OBSERVE)
			return "a write to the user's Service";
	}
	return NULL;
}
