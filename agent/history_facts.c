#include "agent/history_facts.h"

#include "agent/history.h"
#include "analysis/base/compiler.h"
#include "providers/record.h"
#include "providers/wire/document.h"
#include "providers/wire/tree.h"

#include <stdlib.h>
#include <string.h>

#define TEXT_MAX ((size_t)HISTORY_ROUND_MAX * 2)

/* A base holds while a patch of it has at most this part of its length. */
#define PATCH_PART 3

static bool read_text(const char *text, json_t **ret, struct err *err)
{
	return document_read_json(text, strlen(text), TEXT_MAX, ret, err);
}

bool history_facts_read(const char *base, const char *facts, json_t **ret, struct err *err)
{
	CLEANUP(tree_freep) json_t *shared = NULL;
	CLEANUP(tree_freep) json_t *patch = NULL;

	if (!*base)
		return read_text(facts, ret, err);
	if (!read_text(base, &shared, err))
		return err_wrap(err, "base");
	if (!read_text(facts, &patch, err))
		return false;
	*ret = record_patch_apply(shared, patch);
	return true;
}

static char *text_of(const json_t *tree)
{
	char *text = tree_text(tree);

	if (!text)
		abort();
	return text;
}

static char *patch_of(const json_t *whole, json_t *beside, const char *base)
{
	CLEANUP(tree_freep) json_t *shared = NULL;
	CLEANUP(tree_freep) json_t *patch = NULL;

	if (!read_text(base, &shared, NULL))
		abort(); /* we wrote it */
	patch = record_patch(shared, whole);
	if (beside && json_object_update(patch, beside) != 0)
		abort();
	return text_of(patch);
}

char *history_facts_write(const json_t *whole, json_t *beside, char **base)
{
	char *patch;

	if (*base) {
		patch = patch_of(whole, NULL, *base);
		if (strlen(patch) * PATCH_PART > strlen(*base)) {
			free(*base);
			*base = NULL;
		} else if (json_object_size(beside) == 0) {
			return patch;
		}
		free(patch);
	}
	if (!*base)
		*base = text_of(whole);
	return patch_of(whole, beside, *base);
}
