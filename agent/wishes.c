#include "agent/wishes.h"

#include "analysis/base/text.h"

#include <stdlib.h>
#include <string.h>

struct wish {
	struct wish *next;
	unsigned long long made; /* the version in which it was first seen: versions only grow */
	struct action_fact action;
};

static bool was_answered(const struct wishes *wishes, const char *uid)
{
	for (size_t i = 0; i < WISHES_ANSWERED_MAX; i++) {
		if (strcmp(wishes->answered[i], uid) == 0)
			return true;
	}
	return false;
}

static struct wish **find(struct wishes *wishes, const char *uid)
{
	struct wish **link = &wishes->first;

	while (*link && strcmp((*link)->action.uid, uid) != 0)
		link = &(*link)->next;
	return link;
}

static bool goes_before(const struct wish *a, const struct wish *b)
{
	bool is_urgent = a->action.verb == VERB_ABORT;

	if (is_urgent != (b->action.verb == VERB_ABORT))
		return is_urgent;
	return a->made < b->made;
}

static void insert(struct wishes *wishes, struct wish *wish)
{
	struct wish **link = &wishes->first;

	while (*link && !goes_before(wish, *link))
		link = &(*link)->next;
	wish->next = *link;
	*link = wish;
	wishes->n_wishes++;
}

static void remove_at(struct wishes *wishes, struct wish **link)
{
	struct wish *wish = *link;

	*link = wish->next;
	free(wish);
	wishes->n_wishes--;
}

/* One too many: the last gives way, and is found again by a list. */
static void cut(struct wishes *wishes)
{
	struct wish **link = &wishes->first;

	if (wishes->n_wishes <= WISHES_MAX)
		return;
	while ((*link)->next)
		link = &(*link)->next;
	remove_at(wishes, link);
	wishes->is_cut = true;
}

void wishes_put(struct wishes *wishes, const struct action_fact *action)
{
	struct wish **known = find(wishes, action->uid);
	struct wish *wish;

	if (*known) {
		(*known)->action = *action;
		return;
	}
	if (was_answered(wishes, action->uid))
		return;
	wish = calloc(1, sizeof(*wish));
	if (!wish)
		abort();
	wish->action = *action;
	wish->made = strtoull(action->resource_version, NULL, 10);
	insert(wishes, wish);
	cut(wishes);
}

void wishes_drop(struct wishes *wishes, const char *uid)
{
	struct wish **link = find(wishes, uid);

	if (*link)
		remove_at(wishes, link);
	if (was_answered(wishes, uid))
		return;
	text_copy(wishes->answered[wishes->n_answered++ % WISHES_ANSWERED_MAX], uid);
}

const struct action_fact *wishes_next(const struct wishes *wishes)
{
	return wishes->first && !wishes->is_partial ? &wishes->first->action : NULL;
}

void wishes_clear(struct wishes *wishes)
{
	while (wishes->first)
		remove_at(wishes, &wishes->first);
	wishes->is_cut = false;
}
