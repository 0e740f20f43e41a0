#include "agent/derive.h"

#include "agent/history_part.h"
#include "agent/journal.h"
#include "analysis/base/compiler.h"
#include "analysis/base/text.h"
#include "analysis/decide.h"
#include "providers/kube/tree.h"
#include "providers/record_shapes.h"
#include "providers/wire/tree.h"

#include <stdlib.h>
#include <string.h>

struct derive {
	struct facts facts;
	struct canary_spec spec;
	struct arena arena; /* of the spec */
	char *spec_text;    /* it was read from; NULL: none was */
	char *plan;         /* text of the last one */
	struct effect effects[PLAN_EFFECTS_MAX];
};

struct derive *derive_new(void)
{
	struct derive *derive = calloc(1, sizeof(*derive));

	if (!derive)
		abort();
	return derive;
}

struct derive *derive_free(struct derive *derive)
{
	if (!derive)
		return NULL;
	arena_fini(&derive->arena);
	free(derive->spec_text);
	free(derive->plan);
	free(derive);
	return NULL;
}

const char *derive_plan(const struct derive *derive)
{
	return derive->plan ? derive->plan : "";
}

/* Most rounds are decided on the spec of the round before. */
static bool read_spec(struct derive *derive, const char *text, struct err *err)
{
	CLEANUP(tree_freep) json_t *json = NULL;

	if (derive->spec_text && strcmp(derive->spec_text, text) == 0)
		return true;
	free(derive->spec_text);
	derive->spec_text = NULL;
	arena_fini(&derive->arena);
	if (!history_part_read(text, &json, err) ||
	    !record_read(&record_spec_shape, json, &derive->arena, &derive->spec, err))
		return err_wrap(err, "spec");
	derive->spec_text = strdup(text);
	if (!derive->spec_text)
		abort();
	return true;
}

static bool read_facts(struct derive *derive, const json_t *facts, struct err *err)
{
	CLEANUP(tree_freep) json_t *known = json_copy((json_t *)(uintptr_t)facts);

	journal_strip(known);
	/* Facts hold no names: nothing goes into the arena. */
	return record_read(&record_facts_shape, known, &derive->arena, &derive->facts, err) ||
	       err_wrap(err, "facts");
}

static void say_difference(const char *recorded, const char *derived, char *ret)
{
	CLEANUP(tree_freep) json_t *before = json_loads(recorded, 0, NULL);
	CLEANUP(tree_freep) json_t *after = json_loads(derived, 0, NULL);
	const char *was = kube_tree_value(before, "reason");
	const char *is = kube_tree_value(after, "reason");

	if (strcmp(was, is) != 0)
		text_format(ret, ERR_TEXT_MAX, "recorded \"%.200s\", derived \"%.200s\"", was, is);
	else
		text_format(ret, ERR_TEXT_MAX, "\"%.200s\", but with other effects", was);
}

enum derive_result derive_round(struct derive *derive, const struct history_round *round,
                                const json_t *facts, bool is_cut, char *ret_why)
{
	struct plan plan = {.effects = derive->effects};
	CLEANUP(tree_freep) json_t *json = NULL;
	struct err err = {0};

	free(derive->plan);
	derive->plan = NULL;
	ret_why[0] = '\0';
	if (strcmp(round->decide_version, DECIDE_VERSION) != 0) {
		text_format(ret_why, ERR_TEXT_MAX,
		            "decided by version %.40s of decide, this is version " DECIDE_VERSION,
		            round->decide_version);
		return DERIVE_IMPOSSIBLE;
	}
	if (is_cut || !*round->base) {
		text_format(ret_why, ERR_TEXT_MAX, "%s",
		            is_cut ? "its record was cut" : "recorded before all facts were");
		return DERIVE_IMPOSSIBLE;
	}
	if (!read_spec(derive, round->spec, &err) || !read_facts(derive, facts, &err)) {
		text_format(ret_why, ERR_TEXT_MAX, "its record cannot be read: %s", err.text);
		return DERIVE_IMPOSSIBLE;
	}
	decide(&derive->spec, &derive->facts, &plan);
	json = journal_plan(&plan);
	derive->plan = tree_text(json);
	if (!derive->plan)
		abort();
	if (strcmp(derive->plan, round->plan) == 0)
		return DERIVE_SAME;
	say_difference(round->plan, derive->plan, ret_why);
	return DERIVE_OTHER;
}
