#include "tests/analysis/walk_configs.h"

#include "analysis/base/text.h"
#include "analysis/workload.h"
#include "tests/analysis/walk_look.h"

#include <string.h>

/* Of the run under way, if it is none: of what is promoted. */
static void put_recorded(struct facts *facts, bool is_config_run)
{
	struct release *newest = &facts->newest;
	bool is_promoted = strcmp(facts->promoted.name, newest->name) == 0;

	if (newest->name[0] == '\0')
		return;
	text_copy(newest->configs, "c-new");
	text_copy(facts->promoted.configs, is_promoted ? "c-new" : "c-old");
	if (!is_config_run || is_promoted || newest->cause != CAUSE_REVISION ||
	    strcmp(facts->target.digest, newest->digest) != 0)
		return;
	newest->cause = CAUSE_CONFIG;
	text_copy(newest->digest, facts->promoted.digest);
	text_copy(facts->target.digest, facts->promoted.digest);
}

void walk_configs_put(struct world *world, uint64_t number)
{
	static const char *const held[] = {"c-new", "c-old", "c-other", "c-new", "c-other"};
	struct facts *facts = &world->facts;
	struct config_fact *configs = &facts->configs;
	uint64_t value = number % 7;

	put_recorded(facts, number / 7 % 2 == 1);
	facts->target.has_configs = true;
	*configs = (struct config_fact){.slot.state = FACT_KNOWN};
	configs->slot.read_at.ms = facts->now.ms - 1000;
	text_copy(configs->template, facts->target.digest);
	switch (value) {
	case 5: /* not read yet */
		*configs = (struct config_fact){0};
		return;
	case 6: /* cannot be read */
		*configs = (struct config_fact){
			.slot = {.state = FACT_FAILED, .failures = 1, .error = "no such thing"}};
		configs->slot.retry_at.ms = facts->now.ms + 700;
		return;
	case 3: /* long ago */
		configs->slot.read_at.ms = facts->now.ms - 100000;
		break;
	case 4: /* of a template before this one */
		text_copy(configs->template, "v-before");
		break;
	default:
		break;
	}
	text_copy(configs->digest, held[value]);
}

static bool is_read(const struct facts *facts)
{
	return facts->configs.slot.state == FACT_KNOWN &&
	       strcmp(facts->configs.template, facts->target.digest) == 0;
}

static bool retreats(const struct plan *plan)
{
	const struct effect *save = find(plan, EFFECT_SAVE_RELEASE, SUBJECT_RELEASES);

	return save && save->is_retreat && save->status.phase == PHASE_RETREATING;
}

/* A Release says what was read, and why it is there. */
static const char *check_release(const struct facts *facts, const struct plan *plan)
{
	const struct effect *create = find(plan, EFFECT_CREATE_RELEASE, SUBJECT_RELEASES);

	if (!create)
		return NULL;
	if (!is_read(facts))
		return "a run that begins with configs that were not read";
	if (strcmp(create->configs, facts->configs.digest) != 0)
		return "a Release with other configs than were read";
	if (create->cause == CAUSE_CONFIG &&
	    strcmp(facts->target.digest, facts->promoted.digest) != 0 &&
	    strcmp(facts->target.digest, facts->newest.digest) != 0)
		return "a new template that is told as a config";
	if (create->cause == CAUSE_REVISION &&
	    strcmp(facts->target.digest, facts->promoted.digest) == 0)
		return "a changed config that is told as a new template";
	return NULL;
}

/* A changed config is a newer revision; one that was not read is nothing. */
static const char *check_run(const struct facts *facts, const struct plan *plan,
                             const struct plan *plain)
{
	bool is_quiet = facts->is_quarantined || facts->is_deleted || !facts->has_spec ||
	                facts->releases.failures > 0;

	if (!is_quiet && is_checking(facts) && is_changed(facts) && !retreats(plan))
		return "a run that goes on with a config that changed";
	if (!is_read(facts) && retreats(plan) && !retreats(plain))
		return "a run that ends for what was not read";
	return NULL;
}

/* D-10: pods of a run with configs begin after its Release. */
static const char *check_fresh(const struct facts *facts, const struct plan *plan)
{
	const struct effect *save = find(plan, EFFECT_SAVE_RELEASE, SUBJECT_RELEASES);
	const struct release *newest = &facts->newest;

	if (!save || save->status.phase != PHASE_STARTING || newest->cause == CAUSE_INIT ||
	    newest->status.phase != PHASE_NONE || facts->target.slot.state != FACT_KNOWN)
		return NULL;
	return facts->target.replicas > 0 || facts->target.total > 0
	               ? "a run that begins with pods of before"
	               : NULL;
}

/* They are read once an interval, and for nobody who is deleted. */
static const char *check_reading(const struct world *world, const struct plan *plan)
{
	const struct facts *facts = &world->facts;
	const struct effect *observe = find(plan, EFFECT_OBSERVE, SUBJECT_CONFIGS);
	bool is_due = !is_read(facts) ||
	              is_past(facts, facts->configs.slot.read_at, world->spec.interval);

	if (observe && (!is_due || facts->is_deleted || facts->target.slot.state != FACT_KNOWN))
		return "configs that are read for nothing";
	if (!observe && is_due && !facts->is_deleted && !facts->is_quarantined && facts->has_spec &&
	    facts->target.slot.state == FACT_KNOWN && facts->configs.slot.failures == 0)
		return "configs that nobody reads";
	return NULL;
}

const char *walk_configs_check(const struct world *world, const struct plan *plan,
                               const struct plan *plain)
{
	const struct facts *facts = &world->facts;
	const char *broken = check_release(facts, plan);

	broken = broken ? broken : check_run(facts, plan, plain);
	broken = broken ? broken : check_fresh(facts, plan);
	return broken ? broken : check_reading(world, plan);
}
