#include "agent/command/command_recorded.h"

#include "agent/history_facts.h"
#include "agent/history_read.h"
#include "agent/journal.h"
#include "analysis/base/compiler.h"
#include "analysis/base/text.h"
#include "providers/wire/tree.h"

#include <string.h>

/* What is looked for, and the newest that was found. */
struct search {
	const char *k8s_namespace; /* NULL: any */
	const char *name;
	char found[HISTORY_RECORD_NAME_MAX + 1]; /* the namespace that it is in */
	struct instant at;                       /* the oldest round of what is in *object */
	json_t *object;
};

static void on_oldest(void *user, const struct history_read_round *read)
{
	struct search *search = user;
	CLEANUP(tree_freep) json_t *facts = NULL;
	json_t *made;

	if (!history_facts_read(read->round.base, read->round.facts, &facts, NULL))
		return;
	made = json_object_get(facts, JOURNAL_MADE);
	if (!made || (search->object && instant_is_before(read->round.decided_at, search->at)))
		return;
	json_decref(search->object);
	search->object = json_incref(made);
	search->at = read->round.decided_at;
}

static bool read_one(struct search *search, sqlite3 *db, const struct history_read_release *release,
                     struct err *err)
{
	const struct history_read_filter filter = {
		.k8s_namespace = release->k8s_namespace,
		.canary = release->canary,
		.release = release->name,
		.canary_uid = release->canary_uid,
		.is_oldest_first = true,
		.n_max = 1,
	};

	if (search->k8s_namespace && strcmp(search->k8s_namespace, release->k8s_namespace) != 0)
		return true;
	if (*search->found && strcmp(search->found, release->k8s_namespace) != 0)
		return err_set(err, ERR_INVALID, "%s is in namespace %s and in %s: -n says which",
		               search->name, search->found, release->k8s_namespace);
	memcpy(search->found, release->k8s_namespace, sizeof(search->found));
	return history_read_rounds(db, &filter, on_oldest, search, err);
}

static bool read_all(struct search *search, sqlite3 *db, struct err *err)
{
	struct history_read_release release = {0};
	bool is_found = true;

	text_copy(release.name, search->name);
	while (history_read_releases(db, &release, &release, &is_found, err)) {
		if (!is_found || strcmp(release.name, search->name) != 0)
			return true;
		if (!read_one(search, db, &release, err))
			return false;
	}
	return false;
}

bool command_recorded_read(const char *path, const char *k8s_namespace, const char *release,
                           json_t **ret, struct err *err)
{
	struct search search = {.k8s_namespace = k8s_namespace, .name = release};
	sqlite3 *db = NULL;
	bool is_read;

	if (!history_read_open(path, &db, err))
		return false;
	is_read = read_all(&search, db, err) || err_wrap(err, "%s", path);
	history_read_close(db);
	if (is_read)
		*ret = search.object;
	else
		json_decref(search.object);
	return is_read;
}
