#include "agent/observe.h"

#include "agent/follow.h"
#include "agent/log.h"
#include "agent/metrics.h"
#include "agent/served.h"
#include "analysis/base/text.h"
#include "providers/kube/owner.h"
#include "providers/kube/tree.h"
#include "providers/split.h"
#include "providers/wire/digest.h"

#include <stdlib.h>
#include <string.h>

#define KINDS_MAX 8
#define KEY_MAX   (32 + 64 + NAME_MAX_K8S)
#define WAIT_MS   2000 /* for the list of namespaces, and for more of their changes */
#define WORDS_MAX 512

struct observe {
	struct observe_seams seams;
	struct follow_seams follow_seams;
	struct follow_seams namespace_seams;
	struct follow *namespaces;         /* NULL: none are followed */
	struct follow *follows[KINDS_MAX]; /* NULL behind the last */
	unsigned epochs[KINDS_MAX];        /* of the list under way */
	struct alarm list;                 /* list all anew */
	json_t *asking;                    /* namespaces that ask: {name: true} */
	json_t *seen; /* {"<plural>/<namespace>/<name>": {kind, namespace, name, uid, digest,
	                 epoch}} */
	bool is_full; /* said once */
	json_t *listed[KINDS_MAX]; /* {uid: 1, or 0 if nobody asks} of the first list, until it is
	                              complete */
	bool has_listed[KINDS_MAX];
	bool knows_namespaces; /* all that ask are in `asking` */
};

/* What is seen ----------------------------------------------------------------------------------
 */

static const char *text_of(const json_t *object, const char *key)
{
	return kube_tree_value(object, key);
}

static void tell(const struct observe *observe, const struct history_split *split,
                 const char *words)
{
	char sentence[WORDS_MAX + 2 * NAME_MAX_K8S];

	text_format(sentence, sizeof(sentence), "%s %s: %s", split->kind, split->name, words);
	log_event(observe->seams.log, LOG_INFO, "split.seen", sentence,
	          LOG_FIELDS({"namespace", split->k8s_namespace}, {"by", split->author}));
}

/* The object behind ENTRY divides requests no more, or nobody wants to know. */
static void record_end(struct observe *observe, const char *key, enum history_split_result result)
{
	json_t *entry = json_incref(json_object_get(observe->seen, key));
	int number = kube_tree_whole(entry, "kind", KUBE_NONE);
	enum kube_kind kind = (enum kube_kind)number;
	struct instant now = loop_now(observe->seams.loop);
	const struct history_split split = {
		.api = kube_api_version(kind),
		.kind = kube_api_kind(kind),
		.k8s_namespace = text_of(entry, "namespace"),
		.name = text_of(entry, "name"),
		.uid = text_of(entry, "uid"),
		.resource_version = "",
		.author = "",
		.result = result,
		.applied_at = now,
		.seen_at = now,
		.split = "{}",
	};

	history_split(observe->seams.history, &split);
	tell(observe, &split,
	     result == HISTORY_SPLIT_REMOVED ? "divides requests no more" : "is observed no more");
	(void)json_object_del(observe->seen, key);
	json_decref(entry);
}

static void record(struct observe *observe, enum kube_kind kind, const json_t *object,
                   const json_t *tree, const char *text)
{
	struct split_author author = split_author(kind, object, observe->seams.options);
	struct instant now = loop_now(observe->seams.loop);
	const struct history_split split = {
		.api = kube_api_version(kind),
		.kind = kube_api_kind(kind),
		.k8s_namespace = kube_tree_text(object, "metadata/namespace"),
		.name = kube_tree_text(object, "metadata/name"),
		.uid = kube_tree_text(object, "metadata/uid"),
		.resource_version = kube_tree_text(object, "metadata/resourceVersion"),
		.author = author.name,
		.result = HISTORY_SPLIT_OBSERVED,
		.applied_at = instant_is_set(author.at) ? author.at : now,
		.seen_at = now,
		.split = text,
	};
	char words[WORDS_MAX];

	history_split(observe->seams.history, &split);
	split_tell(tree, words, sizeof(words));
	tell(observe, &split, words);
}

static bool has_room(struct observe *observe)
{
	if (json_object_size(observe->seen) < OBSERVE_MAX) {
		observe->is_full = false;
		return true;
	}
	if (!observe->is_full)
		log_event(observe->seams.log, LOG_WARNING, "split.limit",
		          "1000 objects are observed: of others nothing is recorded",
		          LOG_FIELDS({0}));
	observe->is_full = true;
	return false;
}

/* OBJECT divides requests as TREE says, which is taken. */
static void keep(struct observe *observe, size_t index, const char *key, const json_t *object,
                 json_t *tree)
{
	enum kube_kind kind = split_kind(index);
	const char *uid = kube_tree_text(object, "metadata/uid");
	json_t *entry = json_object_get(observe->seen, key);
	char *text = json_dumps(tree, JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION(9));
	char digest[DIGEST_TEXT_SIZE];
	bool is_same;

	if (!text)
		abort();
	digest_text(text, digest);
	is_same = strcmp(text_of(entry, "uid"), uid) == 0 &&
	          strcmp(text_of(entry, "digest"), digest) == 0;
	if (!entry && has_room(observe)) {
		entry = kube_tree_object();
		kube_tree_set(observe->seen, key, entry);
	}
	if (entry) {
		kube_tree_set_whole(entry, "kind", kind);
		kube_tree_set_text(entry, "namespace",
		                   kube_tree_text(object, "metadata/namespace"));
		kube_tree_set_text(entry, "name", kube_tree_text(object, "metadata/name"));
		kube_tree_set_text(entry, "uid", uid);
		kube_tree_set_text(entry, "digest", digest);
		kube_tree_set_whole(entry, "epoch", observe->epochs[index]);
	}
	if (entry && !is_same)
		record(observe, kind, object, tree, text);
	free(text);
	json_decref(tree);
}

/* The first list begins, or does again. */
static void begin_first(struct observe *observe, size_t index)
{
	if (observe->has_listed[index])
		return;
	json_decref(observe->listed[index]);
	observe->listed[index] = kube_tree_object();
}

/* What an agent before saw and this list does not show went while nobody looked: the history knows
 * what that was. */
static void end_first(struct observe *observe, size_t index)
{
	const char *space = observe->seams.k8s_namespace;
	struct history_split list = {
		.api = kube_api_version(split_kind(index)),
		.kind = kube_api_kind(split_kind(index)),
		.k8s_namespace = space ? space : "",
		.name = "",
		.uid = "",
		.resource_version = "",
		.author = "",
		.result = HISTORY_SPLIT_LISTED,
	};
	char *text;

	if (!observe->listed[index])
		return;
	text = json_dumps(observe->listed[index], JSON_COMPACT | JSON_SORT_KEYS);
	if (!text)
		abort();
	list.split = text;
	list.applied_at = list.seen_at = loop_now(observe->seams.loop);
	history_split(observe->seams.history, &list);
	free(text);
	json_decref(observe->listed[index]);
	observe->listed[index] = NULL;
	observe->has_listed[index] = true;
}

/* OBJECT is in the first list: IS_ASKED for, and if so it DIVIDES something. As long as it is not
 * known which namespaces ask, nothing is left. */
static void note_first(struct observe *observe, size_t index, const json_t *object, bool is_asked,
                       bool divides)
{
	bool is_unsure = observe->namespaces && !observe->knows_namespaces;

	if (observe->listed[index] && (divides || !is_asked))
		kube_tree_set_whole(observe->listed[index], kube_tree_text(object, "metadata/uid"),
		                    divides || is_unsure);
}

/* Some Canary has it, or had it made. */
static bool has_canary(const struct observe *observe, size_t index, const json_t *object)
{
	const char *k8s_namespace = kube_tree_text(object, "metadata/namespace");
	const char *name = kube_tree_text(object, "metadata/name");
	const char *word = kube_api_kind(split_kind(index));

	if (kube_owner_is_marked(object))
		return true;
	/* A canary's may be bound at another version of the kind. */
	for (size_t i = 0; split_kind(i) != KUBE_NONE; i++) {
		if (strcmp(kube_api_kind(split_kind(i)), word) == 0 &&
		    observe->seams.has_canary(observe->seams.user, split_kind(i), k8s_namespace,
		                              name))
			return true;
	}
	return false;
}

static bool is_asked(const struct observe *observe, const json_t *object)
{
	return split_is_asked(object) ||
	       (!split_is_declined(object) &&
	        json_object_get(observe->asking, kube_tree_text(object, "metadata/namespace")));
}

static void take_object(struct observe *observe, size_t index, enum follow_event event,
                        const json_t *object)
{
	json_t *split = NULL;
	char key[KEY_MAX];
	bool is_wanted = event != FOLLOW_DELETED && is_asked(observe, object) &&
	                 !has_canary(observe, index, object);

	text_format(key, sizeof(key), "%s/%s/%s", kube_api_plural(split_kind(index)),
	            kube_tree_text(object, "metadata/namespace"),
	            kube_tree_text(object, "metadata/name"));
	if (is_wanted)
		split = split_read(split_kind(index), object, observe->seams.options);
	if (event == FOLLOW_LISTED)
		note_first(observe, index, object, is_wanted, split != NULL);
	if (split)
		keep(observe, index, key, object, split);
	else if (json_object_get(observe->seen, key))
		record_end(observe, key,
		           is_wanted || event == FOLLOW_DELETED ? HISTORY_SPLIT_REMOVED
		                                                : HISTORY_SPLIT_LEFT);
}

/* A list is complete: what it did not show is gone. */
static void sweep(struct observe *observe, size_t index)
{
	enum kube_kind kind = split_kind(index);
	void *next;
	const char *key;
	json_t *entry;

	json_object_foreach_safe(observe->seen, next, key, entry)
	{
		if (kube_tree_whole(entry, "kind", 0) == (int)kind &&
		    kube_tree_whole(entry, "epoch", 0) != (int)observe->epochs[index])
			record_end(observe, key, HISTORY_SPLIT_REMOVED);
	}
}

/* Following -------------------------------------------------------------------------------------
 */

static void on_object(void *user, enum kube_kind kind, enum follow_event event,
                      const json_t *object)
{
	struct observe *observe = user;
	size_t index = 0;

	while (split_kind(index) != kind)
		index++;
	if (event == FOLLOW_BEGUN) {
		observe->epochs[index]++;
		begin_first(observe, index);
	} else if (event == FOLLOW_SYNCED) {
		sweep(observe, index);
		end_first(observe, index);
	} else {
		take_object(observe, index, event, object);
	}
}

static void on_list(struct alarm *alarm)
{
	struct observe *observe = container_of(alarm, struct observe, list);

	for (size_t i = 0; i < KINDS_MAX && observe->follows[i]; i++)
		follow_list(observe->follows[i]);
}

/* Whoever begins or ends to ask has objects that were passed over, or are to be left. */
static void on_namespace(void *user, enum kube_kind kind, enum follow_event event,
                         const json_t *object)
{
	struct observe *observe = user;
	const char *name = kube_tree_text(object, "metadata/name");
	bool was_asking = json_object_get(observe->asking, name) != NULL;
	bool is_asking = event != FOLLOW_DELETED && split_is_asked(object);

	(void)kind;
	if (event == FOLLOW_SYNCED)
		observe->knows_namespaces = true;
	if (event == FOLLOW_SYNCED && follow_is_due(observe->follows[0]))
		alarm_start(observe->seams.loop, &observe->list, span_ms(0));
	if (!object || is_asking == was_asking)
		return;
	if (is_asking)
		kube_tree_set(observe->asking, name, json_true());
	else
		(void)json_object_del(observe->asking, name);
	if (!follow_is_due(observe->follows[0]))
		alarm_start(observe->seams.loop, &observe->list, span_ms(WAIT_MS));
}

/* Of HTTPRoutes and TrafficSplits the first version that is served shows all. */
static bool is_followed(const struct observe *observe, enum kube_kind kind)
{
	for (size_t i = 0; i < KINDS_MAX && observe->follows[i]; i++) {
		if (strcmp(kube_api_kind(follow_kind(observe->follows[i])), kube_api_kind(kind)) ==
		    0)
			return true;
	}
	return false;
}

void observe_start(struct observe *observe)
{
	size_t n = 0;

	if (observe->follows[0] || !served_knows(observe->seams.served, KUBE_HTTP_ROUTE))
		return;
	for (size_t i = 0; split_kind(i) != KUBE_NONE; i++) {
		if (served_has(observe->seams.served, split_kind(i)) &&
		    !is_followed(observe, split_kind(i)))
			observe->follows[n++] = follow_new(&observe->follow_seams, split_kind(i));
	}
	if (n == 0)
		return;
	if (observe->seams.k8s_namespace) {
		on_list(&observe->list);
		return;
	}
	observe->namespaces = follow_new(&observe->namespace_seams, KUBE_NAMESPACE);
	follow_list(observe->namespaces);
	alarm_start(observe->seams.loop, &observe->list, span_ms(WAIT_MS));
}

void observe_stop(struct observe *observe)
{
	alarm_cancel(&observe->list);
	observe->namespaces = follow_free(observe->namespaces);
	for (size_t i = 0; i < KINDS_MAX; i++)
		observe->follows[i] = follow_free(observe->follows[i]);
	for (size_t i = 0; i < KINDS_MAX; i++) {
		json_decref(observe->listed[i]);
		observe->listed[i] = NULL;
		observe->has_listed[i] = false;
	}
	observe->knows_namespaces = false;
	(void)json_object_clear(observe->asking);
	(void)json_object_clear(observe->seen);
}

struct observe *observe_new(const struct observe_seams *seams)
{
	struct observe *observe = calloc(1, sizeof(*observe));

	if (!observe)
		abort();
	observe->seams = *seams;
	observe->follow_seams = (struct follow_seams){
		.loop = seams->loop,
		.http = seams->http,
		.log = seams->log,
		.metrics = seams->metrics,
		.k8s_namespace = seams->k8s_namespace,
		.sink = on_object,
		.user = observe,
	};
	observe->namespace_seams = observe->follow_seams;
	observe->namespace_seams.sink = on_namespace;
	observe->list.ring = on_list;
	observe->asking = kube_tree_object();
	observe->seen = kube_tree_object();
	return observe;
}

struct observe *observe_free(struct observe *observe)
{
	if (!observe)
		return NULL;
	observe_stop(observe);
	json_decref(observe->asking);
	json_decref(observe->seen);
	free(observe);
	return NULL;
}
