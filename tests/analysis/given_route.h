/* What rows are given about the route and the Services. */
#ifndef TESTS_ANALYSIS_GIVEN_ROUTE_H
#define TESTS_ANALYSIS_GIVEN_ROUTE_H

#include "analysis/base/text.h"
#include "tests/analysis/model.h"

static inline void no_weights(struct model *model)
{
	model->spec.route.weighs = false;
}

static inline void mesh(struct model *model)
{
	model->spec.route.names_primary = true;
}

static inline void reach(struct model *model)
{
	model->spec.route.reach = span_ms(30000);
}

static inline void route_absent(struct model *model)
{
	model->truth.route = (struct route_fact){.slot.state = FACT_ABSENT};
}

static inline void route_unknown(struct model *model)
{
	model->truth.route.slot.state = FACT_UNKNOWN;
}

static inline void route_foreign(struct model *model)
{
	model->truth.route.is_ours = false;
}

static inline void route_0(struct model *model)
{
	model->truth.route.weight = 0;
}

static inline void route_20(struct model *model)
{
	model->truth.route.weight = 20;
}

static inline void route_60(struct model *model)
{
	model->truth.route.weight = 60;
}

static inline void route_100(struct model *model)
{
	model->truth.route.weight = 100;
}

static inline void route_just_now(struct model *model)
{
	model->truth.route.since = model->truth.now;
}

static inline void route_mirrored(struct model *model)
{
	model->truth.route.is_mirrored = true;
}

static inline void route_pending(struct model *model)
{
	text_copy(model->truth.route.pending, "Gateway says no");
}

static inline void route_pending_long(struct model *model)
{
	text_copy(model->truth.route.pending, "Gateway says no");
	model->truth.route.since.ms = 1;
}

static inline void route_fought(struct model *model)
{
	model->truth.route.rival.edits = 5;
	model->truth.route.rival.last.ms = model->truth.now.ms - 500;
	text_copy(model->truth.route.rival.by, "helm");
}

static inline void apex_absent(struct model *model)
{
	model->truth.apex = (struct service_fact){.slot.state = FACT_ABSENT};
}

static inline void apex_unknown(struct model *model)
{
	model->truth.apex.slot.state = FACT_UNKNOWN;
}

static inline void apex_canary(struct model *model)
{
	model->truth.apex.backend = BACKEND_CANARY;
}

static inline void apex_foreign(struct model *model)
{
	model->truth.apex.is_ours = false;
}

static inline void apex_just_now(struct model *model)
{
	model->truth.apex.since = model->truth.now;
}

static inline void service_absent(struct model *model)
{
	model->truth.canary_service = (struct service_fact){.slot.state = FACT_ABSENT};
}

static inline void primary_service_canary(struct model *model)
{
	model->truth.primary_service.backend = BACKEND_CANARY;
}

static inline void primary_service_absent(struct model *model)
{
	model->truth.primary_service = (struct service_fact){.slot.state = FACT_ABSENT};
}

#endif
