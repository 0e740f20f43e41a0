#include "agent/history_facts.h"

#include "agent/history.h"
#include "agent/history_part.h"
#include "analysis/base/compiler.h"
#include "providers/record.h"
#include "providers/wire/tree.h"

#include <stdlib.h>
#include <string.h>

/* A base holds while a patch of it has at most this part of its length. */
#define PATCH_PART 3

static bool read_base(struct history_facts_base *last, const char *base, struct err *err)
{
	if (last->tree && strcmp(last->text, base) == 0)
		return true;
	history_facts_base_fini(last);
	if (!history_part_read(base, &last->tree, err))
		return err_wrap(err, "base");
	last->text = strdup(base);
	if (!last->text)
		abort();
	return true;
}

bool history_facts_read_next(struct history_facts_base *last, const char *base, const char *facts,
                             json_t **ret, struct err *err)
{
	CLEANUP(tree_freep) json_t *patch = NULL;

	if (!*base)
		return history_part_read(facts, ret, err);
	if (!read_base(last, base, err) || !history_part_read(facts, &patch, err))
		return false;
	*ret = record_patch_apply(last->tree, patch);
	return true;
}

void history_facts_base_fini(struct history_facts_base *last)
{
	free(last->text);
	json_decref(last->tree);
	*last = (struct history_facts_base){0};
}

bool history_facts_read(const char *base, const char *facts, json_t **ret, struct err *err)
{
	struct history_facts_base last = {0};
	bool is_fine = history_facts_read_next(&last, base, facts, ret, err);

	history_facts_base_fini(&last);
	return is_fine;
}

static char *text_of(const json_t *tree)
{
	char *text = tree_text(tree);

	if (!text)
		abort();
	return text;
}

static char *patch_of(const json_t *whole, json_t *beside, const json_t *base)
{
	CLEANUP(tree_freep) json_t *patch = record_patch(base, whole);

	if (beside && json_object_update(patch, beside) != 0)
		abort();
	return text_of(patch);
}

char *history_facts_write(json_t *whole, json_t *beside, struct history_facts_base *base)
{
	char *patch;

	if (base->tree) {
		patch = patch_of(whole, NULL, base->tree);
		if (strlen(patch) * PATCH_PART > strlen(base->text))
			history_facts_base_fini(base);
		else if (json_object_size(beside) == 0)
			return patch;
		free(patch);
	}
	if (!base->tree)
		*base = (struct history_facts_base){
			.text = text_of(whole),
			.tree = json_incref(whole),
		};
	return patch_of(whole, beside, base->tree);
}
