#include "tests/analysis/model_decide.h"

#include "analysis/cookie.h"

#include <assert.h>
#include <string.h>

static bool is_service_so(const struct service_fact *service, const struct effect *effect)
{
	return service->slot.state == FACT_KNOWN && service->is_exact &&
	       service->backend == effect->backend;
}

static bool is_route_so(const struct route_fact *route, const struct effect *effect)
{
	return route->slot.state == FACT_KNOWN && route->is_exact &&
	       route->weight == effect->weight && route->is_mirrored == effect->is_mirrored &&
	       cookie_are_same(&route->cookies, &effect->cookies);
}

/* What the effect is to write stands there already. */
static bool is_so(const struct facts *truth, const struct effect *effect)
{
	if (effect->kind == EFFECT_WRITE_ROUTE)
		return is_route_so(&truth->route, effect);
	if (effect->kind == EFFECT_WRITE_PRIMARY)
		return strcmp(truth->primary.release_uid, effect->release_uid) == 0;
	if (effect->kind == EFFECT_SCALE && effect->subject == SUBJECT_TARGET)
		return truth->target.replicas == effect->replicas;
	if (effect->kind != EFFECT_WRITE_SERVICE)
		return false;
	if (effect->subject == SUBJECT_APEX)
		return is_service_so(&truth->apex, effect);
	return is_service_so(effect->subject == SUBJECT_CANARY_SERVICE ? &truth->canary_service
	                                                               : &truth->primary_service,
	                     effect);
}

void model_decide(struct model *model, struct plan *plan)
{
	if (model->lies)
		model->lies(&model->view);
	decide(&model->spec, &model->view, plan);
	for (size_t i = 0; i < plan->n_effects; i++)
		assert(!is_so(&model->truth, &plan->effects[i]));
}
