/* What rows are given about the ConfigMaps and Secrets of the target. */
#ifndef TESTS_ANALYSIS_GIVEN_CONFIGS_H
#define TESTS_ANALYSIS_GIVEN_CONFIGS_H

#include "analysis/base/text.h"
#include "tests/analysis/model.h"

/* Tracked, and known: as they were promoted. */
static inline void put_configs(struct model *model)
{
	struct facts *facts = &model->truth;

	facts->target.has_configs = true;
	facts->configs.slot.state = FACT_KNOWN;
	facts->configs.slot.read_at = facts->now;
	text_copy(facts->configs.template, facts->target.digest);
}

static inline void configs(struct model *model)
{
	text_copy(model->truth.newest.configs, "blue");
	text_copy(model->truth.configs.digest, "blue");
	put_configs(model);
}

static inline void configs_unread(struct model *model)
{
	configs(model);
	model->truth.configs.slot.state = FACT_UNKNOWN;
}

static inline void configs_promoted(struct model *model)
{
	configs(model);
	text_copy(model->truth.promoted.configs, "blue");
}

static inline void configs_changed(struct model *model)
{
	configs_promoted(model);
	text_copy(model->truth.configs.digest, "red");
}

static inline void configs_promoted_unread(struct model *model)
{
	configs_promoted(model);
	model->truth.configs.slot.state = FACT_UNKNOWN;
}

#endif
