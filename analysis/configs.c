#include "analysis/configs.h"

#define PERIOD_LEAST_MS 10000 /* they are read no oftener, however short the interval */

void configs_watch(struct thought *thought)
{
	const struct facts *facts = thought->facts;
	struct span period = thought->spec->interval;

	if (!facts->target.has_configs || facts->is_deleted)
		return;
	if (period.ms < PERIOD_LEAST_MS)
		period = span_ms(PERIOD_LEAST_MS);
	if (!facts_knows_configs(facts) ||
	    (!facts->configs.is_watched &&
	     thought_passed(thought, facts->configs.slot.read_at, period)))
		thought_observe(thought, SUBJECT_CONFIGS);
}

bool configs_are_asked(const struct facts *facts)
{
	return facts->target.has_configs && !facts_knows_configs(facts) &&
	       facts->configs.slot.failures == 0;
}

bool configs_known(struct thought *thought)
{
	const struct facts *facts = thought->facts;

	if (!facts->target.has_configs || facts_knows_configs(facts))
		return true;
	if (facts->configs.slot.failures > 0)
		thought_because(thought, "a run waits: %s", facts->configs.slot.error);
	else
		thought_because(thought,
		                "reading the ConfigMaps and Secrets that %.100s.%.63s refers to",
		                thought->spec->target, thought->spec->k8s_namespace);
	return false;
}

const char *configs_digest(const struct facts *facts)
{
	return facts_knows_configs(facts) ? facts->configs.digest : "";
}
