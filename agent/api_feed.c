#include "agent/api_feed.h"

#include "agent/command/command_run.h"
#include "agent/history_part.h"
#include "analysis/base/compiler.h"
#include "analysis/base/text.h"
#include "providers/kube/tree.h"
#include "providers/wire/tree.h"

#include <stdlib.h>
#include <string.h>

#define ROUNDS 64 /* remembered for what is told of them */

/* Whom a round is about. */
struct origin {
	char uid[48];
	char k8s_namespace[64];
	char canary[64];
	char release[128];
};

struct entry {
	struct api_feed_event event;
	char *bytes; /* its texts, one after another */
	size_t n_bytes;
};

struct api_feed {
	struct history base;
	struct loop *loop;
	struct history *behind;
	struct entry entries[API_FEED_EVENTS_MAX]; /* number N at N % MAX */
	uint64_t oldest;
	uint64_t newest;
	size_t n_bytes;
	struct origin origins[ROUNDS];
	size_t n_origins; /* ever */
	bool is_synced;   /* the Releases were listed once */
	void (*heard)(void *user, const struct api_feed_event *event);
	void *user;
};

/* The ring -------------------------------------------------------------------------------------
 */

static void drop_oldest(struct api_feed *feed)
{
	struct entry *entry = &feed->entries[feed->oldest++ % API_FEED_EVENTS_MAX];

	feed->n_bytes -= entry->n_bytes;
	free(entry->bytes);
	*entry = (struct entry){0};
}

/* Append TEXT with its NUL. */
static const char *copy(struct entry *entry, const char *text)
{
	size_t size = strlen(text) + 1;
	char *at = entry->bytes + entry->n_bytes;

	memcpy(at, text, size);
	entry->n_bytes += size;
	return at;
}

/* TREE is taken. */
static void put(struct api_feed *feed, const char *type, const struct origin *origin, json_t *tree)
{
	char *text = json_dumps(tree, JSON_COMPACT | JSON_REAL_PRECISION(15));
	struct entry *entry;

	json_decref(tree);
	if (!text)
		abort();
	if (feed->newest - feed->oldest + 1 == API_FEED_EVENTS_MAX)
		drop_oldest(feed);
	entry = &feed->entries[++feed->newest % API_FEED_EVENTS_MAX];
	entry->bytes = malloc(strlen(text) + 1 + sizeof(*origin));
	if (!entry->bytes)
		abort();
	entry->event = (struct api_feed_event){
		.number = feed->newest,
		.type = type,
		.text = copy(entry, text),
		.k8s_namespace = copy(entry, origin->k8s_namespace),
		.canary = copy(entry, origin->canary),
	};
	free(text);
	feed->n_bytes += entry->n_bytes;
	while (feed->n_bytes > API_FEED_BYTES_MAX && feed->oldest < feed->newest)
		drop_oldest(feed);
	if (feed->heard)
		feed->heard(feed->user, &entry->event);
}

uint64_t api_feed_newest(const struct api_feed *feed)
{
	return feed->newest;
}

const struct api_feed_event *api_feed_find(const struct api_feed *feed, uint64_t number)
{
	if (number < feed->oldest || number > feed->newest)
		return NULL;
	return &feed->entries[number % API_FEED_EVENTS_MAX].event;
}

void api_feed_listen(struct api_feed *feed,
                     void (*heard)(void *user, const struct api_feed_event *event), void *user)
{
	feed->heard = heard;
	feed->user = user;
}

/* What is heard --------------------------------------------------------------------------------
 */

static json_t *tree_of(const struct origin *origin, struct instant at)
{
	json_t *tree = kube_tree_object();

	kube_tree_set(tree, "at", command_run_time_tree(at));
	kube_tree_set_text(tree, "namespace", origin->k8s_namespace);
	kube_tree_set_text(tree, "canary", origin->canary);
	kube_tree_set(tree, "release", command_run_text_tree(origin->release));
	return tree;
}

static void on_round(struct history *history, const struct history_round *round,
                     void (*acked)(void *user, const char *uid), void *user)
{
	struct api_feed *feed = container_of(history, struct api_feed, base);
	struct origin *origin = &feed->origins[feed->n_origins++ % ROUNDS];
	json_t *tree;

	history_round(feed->behind, round, acked, user);
	text_copy(origin->uid, round->uid);
	text_copy(origin->k8s_namespace, round->k8s_namespace);
	text_copy(origin->canary, round->canary);
	text_copy(origin->release, round->release);
	tree = tree_of(origin, round->decided_at);
	kube_tree_set_text(tree, "round", round->uid);
	kube_tree_set(tree, "reason", command_run_text_tree(round->reason));
	put(feed, "round", origin, tree);
}

static const struct origin *find_origin(const struct api_feed *feed, const char *uid)
{
	for (size_t i = 0; i < ROUNDS; i++) {
		if (strcmp(feed->origins[i].uid, uid) == 0)
			return &feed->origins[i];
	}
	return NULL;
}

static void on_effect(struct history *history, const struct history_effect *effect)
{
	struct api_feed *feed = container_of(history, struct api_feed, base);
	CLEANUP(tree_freep) json_t *detail = NULL;
	const struct origin *origin;
	json_t *tree;

	history_effect(feed->behind, effect);
	if (effect->kind != HISTORY_CHANGE || strcmp(effect->key, "notify") != 0)
		return;
	origin = find_origin(feed, effect->round_uid);
	if (!origin || !history_part_read(effect->detail, &detail, NULL))
		return;
	tree = tree_of(origin, effect->at);
	kube_tree_set_text(tree, "text", kube_tree_value(detail, "text"));
	put(feed, "told", origin, tree);
}

static void on_split(struct history *history, const struct history_split *split)
{
	history_split(container_of(history, struct api_feed, base)->behind, split);
}

static void on_forget(struct history *history, void *user)
{
	history_forget(container_of(history, struct api_feed, base)->behind, user);
}

static void on_gap(struct history *history, const char *round_uid, struct instant at)
{
	history_gap(container_of(history, struct api_feed, base)->behind, round_uid, at);
}

static const char *on_state(struct history *history)
{
	return history_state(container_of(history, struct api_feed, base)->behind);
}

static bool on_anchor(struct history *history, struct history_anchor *ret)
{
	return history_anchor(container_of(history, struct api_feed, base)->behind, ret);
}

static const struct history_ops feed_ops = {
	.round = on_round,
	.effect = on_effect,
	.split = on_split,
	.forget = on_forget,
	.gap = on_gap,
	.state = on_state,
	.anchor = on_anchor,
};

static void see_release(struct api_feed *feed, const json_t *object)
{
	CLEANUP(tree_freep) json_t *items = kube_tree_list();
	struct arena arena = {0};
	struct command_runs runs;
	struct origin origin = {0};

	kube_tree_append(items, kube_tree_copy(object));
	runs = command_run_read(items, &arena);
	text_copy(origin.k8s_namespace, runs.runs[0].k8s_namespace);
	text_copy(origin.canary, runs.runs[0].canary);
	put(feed, "release", &origin, command_run_tree(&runs.runs[0]));
	arena_fini(&arena);
}

/* A list that is read anew may hide what happened since the last. */
void api_feed_see(void *user, enum kube_kind kind, enum follow_event event, const json_t *object)
{
	static const struct origin everybody;
	struct api_feed *feed = user;
	json_t *tree;

	if (kind != KUBE_RELEASE)
		return;
	if (event == FOLLOW_CHANGED) {
		see_release(feed, object);
	} else if (event == FOLLOW_SYNCED && feed->is_synced) {
		tree = kube_tree_object();
		kube_tree_set(tree, "at", command_run_time_tree(loop_now(feed->loop)));
		kube_tree_set_text(tree, "text",
		                   "the Releases were listed anew: read what you show again");
		put(feed, "reset", &everybody, tree);
	}
	feed->is_synced = feed->is_synced || event == FOLLOW_SYNCED;
}

struct api_feed *api_feed_new(struct loop *loop, struct history *behind)
{
	struct api_feed *feed = calloc(1, sizeof(*feed));

	if (!feed)
		abort();
	feed->base.ops = &feed_ops;
	feed->loop = loop;
	feed->behind = behind;
	feed->oldest = 1;
	return feed;
}

struct api_feed *api_feed_free(struct api_feed *feed)
{
	if (!feed)
		return NULL;
	while (feed->oldest <= feed->newest)
		drop_oldest(feed);
	free(feed);
	return NULL;
}

struct history *api_feed_history(struct api_feed *feed)
{
	return &feed->base;
}
