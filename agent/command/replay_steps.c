/* Rounds come newest first: the list is turned round in the end. */
#include "agent/command/replay_steps.h"

#include "agent/command/command_run.h"
#include "agent/derive.h"
#include "agent/history_facts.h"
#include "agent/history_part.h"
#include "agent/history_read.h"
#include "analysis/base/compiler.h"
#include "analysis/base/text.h"
#include "providers/kube/tree.h"
#include "providers/wire/tree.h"

#include <string.h>

struct replay {
	struct derive *derive;
	json_t *steps;
	char k8s_namespace[256]; /* of the release; "" before the first round */
	json_int_t n_same;
	json_int_t n_other;
	json_int_t n_underivable;
	struct err err; /* set: no further round counts */
};

static const char *word_of(enum derive_result result)
{
	switch (result) {
	case DERIVE_SAME:
		return "same";
	case DERIVE_OTHER:
		return "other";
	case DERIVE_IMPOSSIBLE:
	case DERIVE_NONE:
		break;
	}
	return "not_derivable";
}

static void count(struct replay *replay, enum derive_result result)
{
	replay->n_same += result == DERIVE_SAME;
	replay->n_other += result == DERIVE_OTHER;
	replay->n_underivable += result == DERIVE_IMPOSSIBLE;
}

/* What a plan begins, as words: "save release", "write route". */
static json_t *effects_of(const char *plan)
{
	CLEANUP(tree_freep) json_t *tree = NULL;
	const json_t *effects;
	json_t *words = kube_tree_list();

	if (!history_part_read(plan, &tree, NULL))
		return words;
	effects = json_object_get(tree, "effects");
	for (size_t i = 0; i < json_array_size(effects); i++) {
		const json_t *effect = json_array_get(effects, i);
		const char *subject = kube_tree_value(effect, "subject");
		char text[160];

		text_format(text, sizeof(text), "%.80s%s%.60s", kube_tree_value(effect, "kind"),
		            *subject ? " " : "", subject);
		json_array_append_new(words, command_run_text_tree(text));
	}
	return words;
}

static bool is_of_this(struct replay *replay, const struct history_round *round)
{
	if (!*replay->k8s_namespace)
		text_copy(replay->k8s_namespace, round->k8s_namespace);
	if (strcmp(replay->k8s_namespace, round->k8s_namespace) == 0)
		return true;
	return err_set(&replay->err, ERR_INVALID, "%s is in namespace %s and in %s: -n says which",
	               round->release, replay->k8s_namespace, round->k8s_namespace);
}

static void on_round(void *user, const struct history_read_round *read)
{
	struct replay *replay = user;
	const struct history_round *round = &read->round;
	CLEANUP(tree_freep) json_t *facts = NULL;
	enum derive_result result;
	char why[ERR_TEXT_MAX];
	json_t *step;

	if (replay->err.kind != ERR_NONE || !is_of_this(replay, round))
		return;
	if (json_array_size(replay->steps) >= REPLAY_STEPS_MAX) {
		(void)err_set(&replay->err, ERR_LIMIT, "more than %d decisions", REPLAY_STEPS_MAX);
		return;
	}
	if (instant_is_set(read->pruned)) {
		result = DERIVE_IMPOSSIBLE;
		history_read_pruned(read, why);
	} else {
		(void)history_facts_read(round->base, round->facts, &facts, NULL);
		result = derive_round(replay->derive, round, facts, read->is_cut, why);
	}
	count(replay, result);
	step = kube_tree_object();
	kube_tree_set(step, "at", command_run_time_tree(round->decided_at));
	kube_tree_set_text(step, "round", round->uid);
	kube_tree_set_text(step, "result", word_of(result));
	kube_tree_set_text(step, "reason", round->reason);
	kube_tree_set(step, "effects", effects_of(round->plan));
	kube_tree_set(step, "problem", command_run_text_tree(why));
	kube_tree_append(replay->steps, step);
}

static json_t *turned(const json_t *list)
{
	json_t *turned = kube_tree_list();

	for (size_t i = json_array_size(list); i > 0; i--)
		kube_tree_append(turned, json_incref(json_array_get(list, i - 1)));
	return turned;
}

static json_t *tree_of(const struct replay *replay, const char *release)
{
	json_t *tree = kube_tree_object();

	kube_tree_set_text(tree, "namespace", replay->k8s_namespace);
	kube_tree_set_text(tree, "release", release);
	kube_tree_set(tree, "same", json_integer(replay->n_same));
	kube_tree_set(tree, "other", json_integer(replay->n_other));
	kube_tree_set(tree, "notDerivable", json_integer(replay->n_underivable));
	kube_tree_set(tree, "decisions", turned(replay->steps));
	return tree;
}

bool replay_steps_read(const char *path, const char *k8s_namespace, const char *release,
                       json_t **ret, struct err *err)
{
	const struct history_read_filter filter = {
		.k8s_namespace = k8s_namespace,
		.release = release,
	};
	CLEANUP(tree_freep) json_t *steps = kube_tree_list();
	struct replay replay = {.steps = steps};
	sqlite3 *db = NULL;
	bool is_read;

	*ret = NULL;
	if (!history_read_open(path, &db, err))
		return false;
	replay.derive = derive_new();
	is_read = history_read_rounds(db, &filter, on_round, &replay, err);
	derive_free(replay.derive);
	history_read_close(db);
	if (is_read && replay.err.kind != ERR_NONE)
		is_read = err_set(err, replay.err.kind, "%s", replay.err.text);
	if (!is_read)
		return err_wrap(err, "%s", path);
	if (json_array_size(steps) > 0)
		*ret = tree_of(&replay, release);
	return true;
}
