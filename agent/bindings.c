#include "agent/bindings.h"

#include "agent/learn.h"
#include "agent/learn_before.h"
#include "analysis/base/text.h"
#include "providers/kube/tree.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#define KEY_MAX (16 + 64 + NAME_MAX_K8S)

struct bound {
	char key[KEY_MAX]; /* "<kind>/<namespace>/<name>": the first member, for the tree's
	                      comparison */
	struct binding as;
	struct canary *canary;
	unsigned epoch;     /* the list that showed it last */
	uint64_t before;    /* the version that was known when the last list began */
	struct bound *next; /* who shares it */
};

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

static struct bound *find(const struct bindings *bindings, enum kube_kind kind,
                          const char *k8s_namespace, const char *name, char key[KEY_MAX])
{
	void *const *node;

	text_format(key, KEY_MAX, "%d/%s/%s", (int)kind, k8s_namespace, name);
	node = tfind(key, &bindings->tree, compare);
	return node ? *node : NULL;
}

static struct bound *bound_new(const char *key, const struct binding *as, struct canary *canary,
                               struct bound *next)
{
	struct bound *bound = calloc(1, sizeof(*bound));

	if (!bound)
		abort();
	text_copy(bound->key, key);
	bound->as = *as;
	bound->canary = canary;
	bound->next = next;
	return bound;
}

struct canary *bindings_add(struct bindings *bindings, struct canary *canary,
                            const struct binding *as, const char *name)
{
	char key[KEY_MAX];
	struct bound *bound = find(bindings, as->kind, canary->k8s_namespace, name, key);

	for (struct bound *one = bound; one; one = one->next) {
		if (one->canary == canary)
			return NULL;
	}
	if (bound && (!as->is_shared || !bound->as.is_shared))
		return bound->canary;
	if (bound) {
		bound->next = bound_new(key, as, canary, bound->next);
		return NULL;
	}
	bound = bound_new(key, as, canary, NULL);
	if (!tsearch(bound, &bindings->tree, compare))
		abort();
	return NULL;
}

bool bindings_has(const struct bindings *bindings, enum kube_kind kind, const char *k8s_namespace,
                  const char *name)
{
	char key[KEY_MAX];

	return find(bindings, kind, k8s_namespace, name, key) != NULL;
}

/* The one to remove next, found by walking the tree. */
struct removal {
	const struct canary *canary;
	struct bound *found;
};

static bool is_bound(const struct bound *bound, const struct canary *canary)
{
	while (bound && bound->canary != canary)
		bound = bound->next;
	return bound != NULL;
}

static void on_removal(const void *node, VISIT visit, void *closure)
{
	struct removal *removal = closure;
	struct bound *bound = *(struct bound *const *)node;

	if ((visit == postorder || visit == leaf) && is_bound(bound, removal->canary))
		removal->found = bound;
}

/* Take CANARY out of those that share BOUND; the tree keeps the others. */
static void unbind(struct bindings *bindings, struct bound *bound, const struct canary *canary)
{
	struct bound *first = bound;
	struct bound **link = &first;
	struct bound *gone;

	while ((*link)->canary != canary)
		link = &(*link)->next;
	gone = *link;
	*link = gone->next;
	if (gone == bound)
		tdelete(bound, &bindings->tree, compare);
	if (gone == bound && first && !tsearch(first, &bindings->tree, compare))
		abort();
	free(gone);
}

void bindings_remove(struct bindings *bindings, const struct canary *canary)
{
	struct removal removal = {.canary = canary};

	for (;;) {
		removal.found = NULL;
		twalk_r(bindings->tree, on_removal, &removal);
		if (!removal.found)
			return;
		unbind(bindings, removal.found, canary);
	}
}

static char *version_of(const struct bound *bound)
{
	return learn_before_version(bound->canary, bound->as.subject, bound->as.index);
}

static uint64_t number_of(const char *version)
{
	return version ? strtoull(version, NULL, 10) : 0;
}

/* It was not seen since the list began: the list may show it older than it is known. */
static void give_in(const struct bound *bound)
{
	char *version = version_of(bound);

	if (version && number_of(version) == bound->before)
		version[0] = '\0';
}

static void learn(const struct bound *bound, const json_t *object)
{
	if (bound->as.subject == SUBJECT_NONE)
		learn_beside(bound->canary, bound->as.index, object);
	else
		learn_object(bound->canary, bound->as.subject, object);
}

void bindings_take(struct bindings *bindings, enum kube_kind kind, enum follow_event event,
                   const json_t *object, unsigned epoch)
{
	char key[KEY_MAX];
	struct bound *bound = find(bindings, kind, kube_tree_text(object, "metadata/namespace"),
	                           kube_tree_text(object, "metadata/name"), key);

	for (; bound; bound = bound->next) {
		if (event == FOLLOW_LISTED) {
			bound->epoch = epoch;
			give_in(bound);
		}
		learn(bound, event == FOLLOW_DELETED ? NULL : object);
		canary_stir(bound->canary);
	}
}

static void on_begin(const void *node, VISIT visit, void *closure)
{
	const enum kube_kind *kind = closure;
	struct bound *bound = *(struct bound *const *)node;

	if ((visit != postorder && visit != leaf) || bound->as.kind != *kind)
		return;
	for (; bound; bound = bound->next)
		bound->before = number_of(version_of(bound));
}

void bindings_begin(struct bindings *bindings, enum kube_kind kind)
{
	twalk_r(bindings->tree, on_begin, &kind);
}

struct absence {
	enum kube_kind kind;
	unsigned epoch;
};

static void on_absent(const void *node, VISIT visit, void *closure)
{
	const struct absence *absence = closure;
	const struct bound *bound = *(struct bound *const *)node;

	if ((visit != postorder && visit != leaf) || bound->as.kind != absence->kind)
		return;
	for (; bound; bound = bound->next) {
		if (bound->epoch != absence->epoch)
			learn(bound, NULL);
	}
}

void bindings_end(struct bindings *bindings, enum kube_kind kind, unsigned epoch)
{
	struct absence absence = {.kind = kind, .epoch = epoch};

	twalk_r(bindings->tree, on_absent, &absence);
}

static void on_doubt(const void *node, VISIT visit, void *closure)
{
	const enum kube_kind *kind = closure;
	const struct bound *bound = *(struct bound *const *)node;

	if ((visit != postorder && visit != leaf) || bound->as.kind != *kind)
		return;
	for (; bound; bound = bound->next)
		learn_doubt(bound->canary,
		            bound->as.subject == SUBJECT_NONE ? SUBJECT_ROUTE : bound->as.subject);
}

void bindings_doubt(struct bindings *bindings, enum kube_kind kind)
{
	twalk_r(bindings->tree, on_doubt, &kind);
}
