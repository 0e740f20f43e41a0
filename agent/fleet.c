#include "agent/fleet.h"

#include "agent/bindings.h"
#include "agent/learn.h"
#include "agent/learn_action.h"
#include "agent/learn_config.h"
#include "agent/learn_route.h"
#include "agent/log.h"
#include "agent/poison.h"
#include "agent/tally.h"
#include "analysis/base/text.h"
#include "providers/kube/action.h"
#include "providers/kube/release.h"
#include "providers/kube/scaler.h"
#include "providers/kube/tree.h"
#include "providers/kube/workload.h"
#include "providers/traffic.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#define KEY_MAX (64 + NAME_MAX_K8S)

struct member {
	char key[KEY_MAX]; /* "<namespace>/<name>": the first member */
	struct canary *canary;
	unsigned epoch;         /* of the list of Canaries that showed it last */
	unsigned release_epoch; /* of the list of Releases that showed one of its last */
	bool is_gone;           /* the Canary is no longer there */
	int recalled;           /* … and this Release says what it was; 0: it was seen itself */
	/* The newest Release, as it was known before the list under way. */
	struct {
		char uid[UID_MAX];
		char version[24];
		int number;
	} newest;
	struct alarm farewell;
	struct fleet *fleet;
	struct member *next;
};

struct fleet {
	struct canary_host *host;
	void *members; /* a tree of struct member */
	struct bindings bindings;
	struct member *list;
	size_t n_members;
	unsigned epochs[KUBE_MAX]; /* of the list under way, by kind */
	bool has_missed_actions;   /* some came before their Canary */
};

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void *find(void *const *tree, const char *key)
{
	void *const *node = tfind(key, tree, compare);

	return node ? *node : NULL;
}

static void insert(void **tree, void *item)
{
	if (!tsearch(item, tree, compare))
		abort();
}

/* Whose is an object -----------------------------------------------------------------------------
 */

static bool is_younger(const struct canary *a, const struct canary *b)
{
	int order = strcmp(kube_tree_text(a->edition->object, "metadata/creationTimestamp"),
	                   kube_tree_text(b->edition->object, "metadata/creationTimestamp"));

	return order != 0 ? order > 0 : strcmp(a->name, b->name) > 0;
}

static bool is_same_ingress(const struct canary *a, const struct canary *b)
{
	const char *one = a->edition->world.ingress;
	const char *two = b->edition ? b->edition->world.ingress : NULL;

	return one && two && strcmp(one, two) == 0;
}

/* Two canaries want the same object: the younger one is refused (D-48). */
static void refuse(struct canary *canary, const struct canary *other)
{
	canary->facts.has_spec = false;
	text_format(
		canary->facts.refusal, sizeof(canary->facts.refusal),
		"spec.targetRef.name: expected a workload and a service of its own, got \"%.100s\" of which Canary "
		"%.63s uses a part already%s",
		canary->edition->spec.target, other->name,
		is_same_ingress(canary, other)
			? "; of two that share an Ingress one needs spec.ingressRef.canaryName"
			: "");
	text_copy(canary->facts.refusal_reason, "Duplicate");
}

/* The canary that has the object already, NULL: it is this one's now, and followed. */
static struct canary *bind(struct fleet *fleet, struct canary *canary, const struct binding *as,
                           const char *name)
{
	struct canary *other = bindings_add(&fleet->bindings, canary, as, name);

	if (!other)
		fleet->host->follow(fleet->host->user, as->kind);
	return other;
}

/* The route, and the objects that it is made from or stands with. */
static struct canary *bind_route(struct fleet *fleet, struct canary *canary)
{
	const struct canary_world *world = &canary->edition->world;
	struct traffic_beside beside[TRAFFIC_BESIDE_MAX];
	struct canary *other = NULL;
	struct arena arena = {0};
	struct kube_ref ref = world->traffic->ref(world, &arena);
	size_t n = world->traffic->beside ? world->traffic->beside(world, &arena, beside) : 0;

	for (size_t i = 0; i < n && !other; i++)
		other = bind(fleet, canary,
		             &(struct binding){.kind = beside[i].ref.kind,
		                               .index = i,
		                               .is_shared = beside[i].is_source},
		             beside[i].ref.name);
	if (!other && ref.kind != KUBE_NONE)
		other = bind(fleet, canary,
		             &(struct binding){.kind = ref.kind, .subject = SUBJECT_ROUTE},
		             ref.name);
	arena_fini(&arena);
	return other;
}

static struct canary *bind_scaler(struct fleet *fleet, struct canary *canary)
{
	static const enum subject subjects[] = {SUBJECT_SCALER, SUBJECT_PRIMARY_SCALER};
	enum kube_kind kind = kube_scaler_kind(&canary->edition->world);
	struct canary *other = NULL;

	for (size_t i = 0; i < array_length(subjects) && kind != KUBE_NONE && !other; i++)
		other = bind(fleet, canary, &(struct binding){.kind = kind, .subject = subjects[i]},
		             canary_subject_name(canary, subjects[i]));
	return other;
}

static struct canary *bind_all(struct fleet *fleet, struct canary *canary)
{
	enum kube_kind workload = kube_workload_kind(&canary->edition->spec);
	const struct binding rows[] = {
		{.kind = workload, .subject = SUBJECT_TARGET},
		{.kind = workload, .subject = SUBJECT_PRIMARY},
		{.kind = KUBE_SERVICE, .subject = SUBJECT_APEX},
		{.kind = KUBE_SERVICE, .subject = SUBJECT_PRIMARY_SERVICE},
		{.kind = KUBE_SERVICE, .subject = SUBJECT_CANARY_SERVICE},
	};
	struct canary *other;

	for (size_t i = 0; i < array_length(rows); i++) {
		/* Those are the target and the primary. */
		if (workload == KUBE_SERVICE &&
		    (rows[i].subject == SUBJECT_APEX || rows[i].subject == SUBJECT_PRIMARY_SERVICE))
			continue;
		other = bind(fleet, canary, &rows[i], canary_subject_name(canary, rows[i].subject));
		if (other)
			return other;
	}
	other = bind_scaler(fleet, canary);
	if (other)
		return other;
	return bind_route(fleet, canary);
}

static void on_bind(void *user, struct canary *canary)
{
	struct fleet *fleet = user;
	struct canary *other;

	bindings_remove(&fleet->bindings, canary);
	if (!canary->facts.has_spec)
		return;
	other = bind_all(fleet, canary);
	if (!other)
		return;
	bindings_remove(&fleet->bindings, canary);
	if (is_younger(canary, other)) {
		refuse(canary, other);
		return;
	}
	bindings_remove(&fleet->bindings, other);
	refuse(other, canary);
	canary_stir(other);
	if (bind_all(fleet, canary))
		refuse(canary, other);
}

/* Members ----------------------------------------------------------------------------------------
 */

static struct member *member_find(struct fleet *fleet, const char *k8s_namespace, const char *name)
{
	char key[KEY_MAX];

	text_format(key, sizeof(key), "%s/%s", k8s_namespace, name);
	return find(&fleet->members, key);
}

static void remove_member(struct fleet *fleet, struct member *member)
{
	struct member **link = &fleet->list;

	while (*link != member)
		link = &(*link)->next;
	*link = member->next;
	bindings_remove(&fleet->bindings, member->canary);
	tally_remove(member->canary);
	tdelete(member, &fleet->members, compare);
	alarm_cancel(&member->farewell);
	canary_free(member->canary);
	free(member);
	fleet->n_members--;
}

/* Whoever was refused for this one's sake may be served now. */
static void on_farewell(struct alarm *alarm)
{
	struct member *member = container_of(alarm, struct member, farewell);
	struct fleet *fleet = member->fleet;

	remove_member(fleet, member);
	for (member = fleet->list; member; member = member->next) {
		struct canary *canary = member->canary;

		if (strcmp(canary->facts.refusal_reason, "Duplicate") != 0)
			continue;
		canary->facts.has_spec = true;
		canary->facts.refusal[0] = '\0';
		canary->facts.refusal_reason[0] = '\0';
		on_bind(fleet, canary);
		canary_stir(canary);
	}
}

static struct member *member_add(struct fleet *fleet, const char *k8s_namespace, const char *name)
{
	struct member *member = calloc(1, sizeof(*member));

	if (!member)
		abort();
	text_format(member->key, sizeof(member->key), "%s/%s", k8s_namespace, name);
	member->canary = canary_new(fleet->host, k8s_namespace, name);
	member->fleet = fleet;
	member->farewell.ring = on_farewell;
	member->next = fleet->list;
	fleet->list = member;
	fleet->n_members++;
	insert(&fleet->members, member);
	if (fleet->has_missed_actions)
		fleet->host->list_actions(fleet->host->user);
	fleet->has_missed_actions = false;
	return member;
}

static void on_finished(void *user, struct canary *canary)
{
	struct fleet *fleet = user;
	struct member *member = member_find(fleet, canary->k8s_namespace, canary->name);

	if (member && member->is_gone)
		alarm_start(fleet->host->seams.loop, &member->farewell, span_ms(0));
}

/* The Canary is not there any more: what was made for it is taken down. */
static void depart(struct member *member)
{
	member->is_gone = true;
	member->canary->facts.is_deleted = true;
	member->canary->facts.canary.state = FACT_ABSENT;
	canary_stir(member->canary);
}

static void take_canary(struct fleet *fleet, enum follow_event event, const json_t *object)
{
	struct member *member = member_find(fleet, kube_tree_text(object, "metadata/namespace"),
	                                    kube_tree_text(object, "metadata/name"));

	if (event == FOLLOW_DELETED) {
		if (member && strcmp(member->canary->facts.canary_uid,
		                     kube_tree_text(object, "metadata/uid")) == 0)
			depart(member);
		return;
	}
	if (strlen(kube_tree_text(object, "metadata/name")) >= sizeof(member->canary->name)) {
		log_event(
			fleet->host->log, LOG_ERROR, "canary.refused",
			"metadata.name: expected at most 63 characters: this Canary is not served",
			LOG_FIELDS({"namespace", kube_tree_text(object, "metadata/namespace")},
		                   {"canary", kube_tree_text(object, "metadata/name")}));
		return;
	}
	if (!member)
		member = member_add(fleet, kube_tree_text(object, "metadata/namespace"),
		                    kube_tree_text(object, "metadata/name"));
	alarm_cancel(&member->farewell);
	member->is_gone = false;
	member->recalled = 0;
	if (event == FOLLOW_LISTED)
		member->epoch = fleet->epochs[KUBE_CANARY];
	poison_enter(fleet->host->poison, member->canary->k8s_namespace, member->canary->name);
	canary_see(member->canary, object);
	poison_leave(fleet->host->poison);
	canary_stir(member->canary);
}

/*
 * A Release whose Canary is not there: it was deleted while no agent ran. The spec that the Release
 * keeps says what was made for it, and that is taken down as if the deletion had been seen. The
 * newest one says it: older ones may be of an earlier Canary, whose UID is on nothing any more.
 */
static struct member *member_recall(struct fleet *fleet, struct member *member,
                                    const json_t *release, const char *name)
{
	const json_t *policy = json_object_get(json_object_get(release, "status"), "policy");
	const json_t *spec = json_object_get(policy, "spec");
	const char *uid = json_string_value(json_object_get(
		json_object_get(json_object_get(release, "spec"), "canary"), "uid"));
	int number = kube_release_number(release);
	json_t *object;

	/* One that was never begun tells no spec; nothing was made for it. */
	if (!uid || (!spec && member))
		return member;
	object = json_pack("{s:s, s:s, s:{s:s, s:s, s:s, s:i}, s:O*}", "apiVersion",
	                   "flagger.app/v1beta1", "kind", "Canary", "metadata", "name", name,
	                   "namespace", kube_tree_text(release, "metadata/namespace"), "uid", uid,
	                   "generation", number, "spec", spec);
	if (!object)
		return member;
	if (!member)
		member = member_add(fleet, kube_tree_text(release, "metadata/namespace"), name);
	member->recalled = number;
	canary_see(member->canary, object);
	json_decref(object);
	depart(member);
	return member;
}

/* A list of Releases takes the place of what is known of the canary's. */
static void begin_releases(struct member *member)
{
	const struct release *newest = &member->canary->facts.newest;

	text_copy(member->newest.uid, newest->uid);
	text_copy(member->newest.version, newest->resource_version);
	member->newest.number = newest->number;
	learn_releases_begin(member->canary);
}

/* The list says less than was known: it was under way while we wrote, or the server went back in
 * time. Nothing is decided from it; the Releases are read once, consistently. */
static bool is_overtaken(const struct member *member)
{
	const struct release *newest = &member->canary->facts.newest;

	if (strcmp(member->newest.uid, newest->uid) != 0)
		return member->newest.number > newest->number;
	return strtoull(member->newest.version, NULL, 10) >
	       strtoull(newest->resource_version, NULL, 10);
}

static void take_release(struct fleet *fleet, enum follow_event event, const json_t *object)
{
	const char *canary = json_string_value(json_object_get(
		json_object_get(json_object_get(object, "metadata"), "labels"), KUBE_LABEL_CANARY));
	struct member *member =
		canary ? member_find(fleet, kube_tree_text(object, "metadata/namespace"), canary)
		       : NULL;
	bool is_recalled = member && member->is_gone && member->recalled > 0;

	if (canary && event == FOLLOW_LISTED &&
	    (!member || (is_recalled && kube_release_number(object) > member->recalled)))
		member = member_recall(fleet, member, object, canary);
	if (!member)
		return; /* of no Canary that there is */
	if (event == FOLLOW_LISTED && member->release_epoch != fleet->epochs[KUBE_RELEASE]) {
		member->release_epoch = fleet->epochs[KUBE_RELEASE];
		begin_releases(member);
	}
	poison_enter(fleet->host->poison, member->canary->k8s_namespace, member->canary->name);
	learn_release(member->canary, object, event == FOLLOW_DELETED);
	poison_leave(fleet->host->poison);
	if (event != FOLLOW_LISTED)
		canary_stir(member->canary);
}

static void take_action(struct fleet *fleet, enum follow_event event, const json_t *object)
{
	struct member *member = member_find(fleet, kube_tree_text(object, "metadata/namespace"),
	                                    kube_action_canary(object));

	if (!member) {
		fleet->has_missed_actions |= event != FOLLOW_DELETED;
		return;
	}
	poison_enter(fleet->host->poison, member->canary->k8s_namespace, member->canary->name);
	learn_action(member->canary, object, event == FOLLOW_DELETED);
	poison_leave(fleet->host->poison);
	if (event != FOLLOW_LISTED)
		canary_stir(member->canary);
}

/* A list is complete
 * --------------------------------------------------------------------------------- */

static void synced(struct fleet *fleet, enum kube_kind kind)
{
	for (struct member *member = fleet->list; member; member = member->next) {
		if (kind == KUBE_ACTION)
			learn_action_end(member->canary);
		if (kind == KUBE_CANARY && member->epoch != fleet->epochs[kind] && !member->is_gone)
			depart(member);
		if (kind == KUBE_RELEASE) {
			if (member->release_epoch != fleet->epochs[kind])
				begin_releases(member);
			learn_releases_end(member->canary);
			if (is_overtaken(member))
				learn_releases_anew(member->canary);
		}
		canary_stir(member->canary);
	}
	if (kind != KUBE_CANARY && kind != KUBE_RELEASE && kind != KUBE_ACTION)
		bindings_end(&fleet->bindings, kind, fleet->epochs[kind]);
}

void fleet_take_config(struct fleet *fleet, const char *k8s_namespace, enum kube_kind kind,
                       const char *name)
{
	for (struct member *member = fleet->list; member; member = member->next) {
		if (strcmp(member->canary->k8s_namespace, k8s_namespace) == 0)
			learn_config_change(member->canary, kind, name);
	}
}

void fleet_stir_namespace(struct fleet *fleet, const char *k8s_namespace)
{
	for (struct member *member = fleet->list; member; member = member->next) {
		if (strcmp(member->canary->k8s_namespace, k8s_namespace) == 0)
			canary_stir(member->canary);
	}
}

void fleet_doubt(struct fleet *fleet, enum kube_kind kind)
{
	bindings_doubt(&fleet->bindings, kind);
}

static void begun(struct fleet *fleet, enum kube_kind kind)
{
	fleet->epochs[kind]++; /* what an earlier list showed, or half of one, is no proof */
	bindings_begin(&fleet->bindings, kind);
	if (kind != KUBE_ACTION)
		return;
	fleet->has_missed_actions = false;
	for (struct member *member = fleet->list; member; member = member->next)
		learn_action_begin(member->canary);
}

void fleet_take(void *user, enum kube_kind kind, enum follow_event event, const json_t *object)
{
	struct fleet *fleet = user;

	if (event == FOLLOW_BEGUN)
		begun(fleet, kind);
	else if (event == FOLLOW_SYNCED)
		synced(fleet, kind);
	else if (kind == KUBE_CANARY)
		take_canary(fleet, event, object);
	else if (kind == KUBE_ACTION)
		take_action(fleet, event, object);
	else if (kind == KUBE_RELEASE)
		take_release(fleet, event, object);
	else
		bindings_take(&fleet->bindings, kind, event, object, fleet->epochs[kind]);
}

struct fleet *fleet_new(struct canary_host *host)
{
	struct fleet *fleet = calloc(1, sizeof(*fleet));

	if (!fleet)
		abort();
	fleet->host = host;
	host->bind = on_bind;
	host->finished = on_finished;
	host->fleet = fleet;
	for (size_t i = 0; i < array_length(fleet->epochs); i++)
		fleet->epochs[i] = 1;
	return fleet;
}

struct fleet *fleet_free(struct fleet *fleet)
{
	if (!fleet)
		return NULL;
	while (fleet->list)
		remove_member(fleet, fleet->list);
	free(fleet);
	return NULL;
}

/* The route's kind depends on what the cluster serves. */
static bool is_by_version(const struct canary *canary)
{
	struct arena arena = {0};
	enum kube_kind kind =
		canary->edition->world.traffic->ref(&canary->edition->world, &arena).kind;

	arena_fini(&arena);
	return kind == KUBE_HTTP_ROUTE || kind == KUBE_HTTP_ROUTE_BETA || kind == KUBE_SPLIT_ALPHA1;
}

void fleet_bind(struct fleet *fleet)
{
	for (struct member *member = fleet->list; member; member = member->next) {
		if (!member->canary->facts.has_spec || !is_by_version(member->canary))
			continue;
		learn_route_forget(member->canary);
		on_bind(fleet, member->canary);
		canary_stir(member->canary);
	}
}

void fleet_each(struct fleet *fleet, void (*visit)(void *user, struct canary *canary), void *user)
{
	for (struct member *member = fleet->list; member; member = member->next)
		visit(user, member->canary);
}

void fleet_stir(struct fleet *fleet)
{
	for (struct member *member = fleet->list; member; member = member->next)
		canary_stir(member->canary);
}

void fleet_rest(struct fleet *fleet)
{
	for (struct member *member = fleet->list; member; member = member->next)
		canary_rest(member->canary);
}

void fleet_settle(struct fleet *fleet)
{
	for (struct member *member = fleet->list; member; member = member->next)
		canary_settle_writes(member->canary);
}

bool fleet_has(const struct fleet *fleet, enum kube_kind kind, const char *k8s_namespace,
               const char *name)
{
	return bindings_has(&fleet->bindings, kind, k8s_namespace, name);
}

size_t fleet_count(const struct fleet *fleet)
{
	return fleet->n_members;
}

size_t fleet_count_flights(struct fleet *fleet)
{
	size_t count = 0;

	for (struct member *member = fleet->list; member; member = member->next)
		count += member->canary->n_flights;
	return count;
}
