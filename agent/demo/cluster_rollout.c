#include "agent/demo/cluster_inside.h"

#include <stdlib.h>
#include <string.h>

#define SETS_MAX 64
#define HISTORY  10 /* where revisionHistoryLimit is not given */

/* A count or a percentage of replicas, rounded up or down. */
static int64_t share(const json_t *value, int64_t replicas, bool is_up, int64_t otherwise)
{
	const char *text = json_string_value(value);
	int64_t percent;

	if (json_is_integer(value))
		return json_integer_value(value);
	if (!text)
		return otherwise;
	percent = strtoll(text, NULL, 10);
	return (replicas * percent + (is_up ? 99 : 0)) / 100;
}

void cluster_rollout_read(const json_t *spec, struct cluster_wish *ret)
{
	const json_t *replicas = json_object_get(spec, "replicas");
	const json_t *strategy = json_object_get(spec, "strategy");
	const json_t *rolling = json_object_get(strategy, "rollingUpdate");
	const char *type = json_string_value(json_object_get(strategy, "type"));

	*ret = (struct cluster_wish){
		.replicas = replicas ? json_integer_value(replicas) : 1,
		.is_recreate = type && strcmp(type, "Recreate") == 0,
		.is_paused = json_is_true(json_object_get(spec, "paused")),
	};
	ret->history = HISTORY;
	if (json_is_integer(json_object_get(spec, "revisionHistoryLimit")))
		ret->history = json_integer_value(json_object_get(spec, "revisionHistoryLimit"));
	if (ret->replicas > CLUSTER_PODS_MAX)
		ret->replicas = CLUSTER_PODS_MAX;
	ret->min_ready = span_seconds(json_integer_value(json_object_get(spec, "minReadySeconds")));
	ret->deadline =
		span_seconds(json_integer_value(json_object_get(spec, "progressDeadlineSeconds")));
	if (ret->is_recreate)
		return;
	ret->surge = share(json_object_get(rolling, "maxSurge"), ret->replicas, true, 0);
	ret->unavailable =
		share(json_object_get(rolling, "maxUnavailable"), ret->replicas, false, 0);
	if (ret->unavailable > ret->replicas)
		ret->unavailable = ret->replicas;
	if (ret->surge == 0 && ret->unavailable == 0)
		ret->unavailable = 1;
}

void cluster_rollout_read_daemon(const json_t *spec, struct cluster_wish *ret)
{
	const json_t *rolling =
		json_object_get(json_object_get(spec, "updateStrategy"), "rollingUpdate");
	const json_t *pod = json_object_get(json_object_get(spec, "template"), "spec");
	const json_t *selector = json_object_get(pod, "nodeSelector");

	/* No node has a label that is asked for. */
	*ret = (struct cluster_wish){
		.replicas = json_object_size(selector) > 0 ? 0 : CLUSTER_NODES,
		.history = HISTORY,
	};
	ret->min_ready = span_seconds(json_integer_value(json_object_get(spec, "minReadySeconds")));
	ret->surge = share(json_object_get(rolling, "maxSurge"), ret->replicas, true, 0);
	ret->unavailable =
		share(json_object_get(rolling, "maxUnavailable"), ret->replicas, true, 1);
	if (ret->unavailable > ret->replicas)
		ret->unavailable = ret->replicas;
}

struct cluster_counts cluster_rollout_count(const struct cluster_deployment *deployment,
                                            struct instant now)
{
	struct cluster_counts counts = {0};
	const struct cluster_set *set;

	for (set = deployment->sets; set; set = set->next) {
		counts.replicas += set->n_pods;
		counts.ready += cluster_set_ready(set, now);
		counts.available += cluster_set_available(set, deployment->wish.min_ready, now);
	}
	if (deployment->current)
		counts.updated = deployment->current->n_pods;
	return counts;
}

struct cluster_counts cluster_rollout_told(const struct cluster_deployment *deployment,
                                           struct instant now)
{
	return instant_is_before(now, deployment->told_until)
	               ? deployment->told
	               : cluster_rollout_count(deployment, now);
}

static uint64_t newest_revision(const struct cluster_deployment *deployment)
{
	uint64_t revision = 0;
	const struct cluster_set *set;

	for (set = deployment->sets; set; set = set->next)
		revision = set->revision > revision ? set->revision : revision;
	return revision;
}

static void scale(struct cluster *cluster, struct cluster_deployment *deployment,
                  struct cluster_set *set, int64_t n)
{
	const struct cluster_wish *wish = &deployment->wish;

	if (instant_is_before(cluster->now, deployment->told_until))
		deployment->told_until = instant_after(cluster->now, cluster->options.lag);
	cluster_set_scale(cluster, set, n < 0 ? 0 : n);
	set->wanted = wish->replicas;
	set->wanted_surge = wish->replicas + wish->surge;
}

/* Find or make the set of the template. True when that moved something. */
static bool take_template(struct cluster *cluster, struct cluster_deployment *deployment)
{
	json_t *template = json_object_get(deployment->spec, "template");
	uint64_t newest = newest_revision(deployment);
	struct cluster_set *set = deployment->sets;

	if (deployment->current && json_equal(deployment->current->template, template))
		return false;
	while (set && !json_equal(set->template, template))
		set = set->next;
	deployment->current = set;
	deployment->told_until = (struct instant){0};
	if (set) {
		set->revision = set->revision < newest ? newest + 1 : set->revision;
	} else {
		set = cluster_set_new(template, newest + 1);
		set->next = deployment->sets;
		deployment->sets = deployment->current = set;
		set->wanted = deployment->wish.replicas;
		deployment->progress = CLUSTER_PROGRESS_CREATED;
		deployment->progress_at = cluster->now;
	}
	return true;
}

/* The sets with pods, newest first; at most SETS_MAX. */
static size_t active_sets(const struct cluster_deployment *deployment,
                          struct cluster_set *ret[SETS_MAX])
{
	size_t n = 0;
	struct cluster_set *set;

	for (set = deployment->sets; set && n < SETS_MAX; set = set->next) {
		if (set->n_pods > 0)
			ret[n++] = set;
	}
	return n;
}

static void sort_by_size(struct cluster_set **sets, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		struct cluster_set *set = sets[i];
		size_t at = i;

		for (; at > 0 && sets[at - 1]->n_pods < set->n_pods; at--)
			sets[at] = sets[at - 1];
		sets[at] = set;
	}
}

/* The part of a set in DELTA more pods, as it was when it was last scaled. */
static int64_t proportion(const struct cluster_deployment *deployment,
                          const struct cluster_set *set, int64_t left)
{
	const struct cluster_wish *wish = &deployment->wish;
	int64_t base = set->wanted_surge ? set->wanted_surge : 1;
	int64_t size = wish->replicas ? (2 * set->n_pods * (wish->replicas + wish->surge) + base) /
	                                        (2 * base)
	                              : 0;
	int64_t delta = size - set->n_pods;

	if (left > 0)
		return delta < left ? delta : left;
	return delta > left ? delta : left;
}

/* More or fewer replicas in the midst of a rollout: each set gets its part. */
static void scale_in_proportion(struct cluster *cluster, struct cluster_deployment *deployment,
                                struct cluster_set **sets, size_t n)
{
	const struct cluster_wish *wish = &deployment->wish;
	int64_t left = wish->replicas ? wish->replicas + wish->surge : 0;
	int64_t sizes[SETS_MAX];

	for (size_t i = 0; i < n; i++)
		left -= sets[i]->n_pods;
	sort_by_size(sets, n);
	for (size_t i = 0; i < n; i++) {
		int64_t delta = left ? proportion(deployment, sets[i], left) : 0;

		sizes[i] = sets[i]->n_pods + delta;
		left -= delta;
	}
	sizes[0] += left;
	for (size_t i = 0; i < n; i++)
		scale(cluster, deployment, sets[i], sizes[i]);
}

/* The sets are scaled: until they have counted their pods again the status is made from what they
 * said before, and yet speaks of the new generation. */
static void lag(struct cluster *cluster, struct cluster_deployment *deployment)
{
	struct cluster_counts told = cluster_rollout_told(deployment, cluster->now);

	deployment->told = told;
	deployment->told_until = instant_after(cluster->now, cluster->options.lag);
}

/* The number of replicas changed. */
static bool follow_replicas(struct cluster *cluster, struct cluster_deployment *deployment)
{
	struct cluster_set *sets[SETS_MAX];
	size_t n = active_sets(deployment, sets);
	bool is_changed = false;

	for (size_t i = 0; i < n; i++)
		is_changed = is_changed || sets[i]->wanted != deployment->wish.replicas;
	if (!is_changed)
		return false;
	lag(cluster, deployment);
	if (n == 1)
		scale(cluster, deployment, sets[0], deployment->wish.replicas);
	else if (!deployment->wish.is_recreate)
		scale_in_proportion(cluster, deployment, sets, n);
	for (size_t i = 0; i < n; i++)
		sets[i]->wanted = deployment->wish.replicas;
	return true;
}

static bool recreate(struct cluster *cluster, struct cluster_deployment *deployment)
{
	struct cluster_set *set;
	bool is_moved = false;

	for (set = deployment->sets; set; set = set->next) {
		if (set == deployment->current || set->n_pods == 0)
			continue;
		scale(cluster, deployment, set, 0);
		is_moved = true;
	}
	if (is_moved || deployment->current->n_pods == deployment->wish.replicas)
		return is_moved;
	scale(cluster, deployment, deployment->current, deployment->wish.replicas);
	return true;
}

/* More pods of the new template, as far as maxSurge allows. */
static bool roll_up(struct cluster *cluster, struct cluster_deployment *deployment)
{
	const struct cluster_wish *wish = &deployment->wish;
	struct cluster_set *set = deployment->current;
	int64_t total = cluster_rollout_count(deployment, cluster->now).replicas;
	int64_t room = wish->replicas + wish->surge - total;
	int64_t missing = wish->replicas - set->n_pods;

	if (missing < 0) {
		scale(cluster, deployment, set, wish->replicas);
		return true;
	}
	if (missing == 0 || room <= 0)
		return false;
	scale(cluster, deployment, set, set->n_pods + (missing < room ? missing : room));
	return true;
}

/* Remove up to MAX pods of old templates, the oldest set first; returns how many. */
static int64_t take_old(struct cluster *cluster, struct cluster_deployment *deployment, int64_t max,
                        bool is_unavailable_only)
{
	struct cluster_set *sets[SETS_MAX];
	size_t n = active_sets(deployment, sets);
	int64_t taken = 0;

	for (size_t i = n; i > 0 && taken < max; i--) {
		struct cluster_set *set = sets[i - 1];
		int64_t most = set->n_pods;

		if (set == deployment->current)
			continue;
		if (is_unavailable_only)
			most -= cluster_set_available(set, deployment->wish.min_ready,
			                              cluster->now);
		most = most < max - taken ? most : max - taken;
		if (most <= 0)
			continue;
		scale(cluster, deployment, set, set->n_pods - most);
		taken += most;
	}
	return taken;
}

/* Fewer pods of old templates, as far as maxUnavailable allows. */
static bool roll_down(struct cluster *cluster, struct cluster_deployment *deployment)
{
	const struct cluster_wish *wish = &deployment->wish;
	const struct cluster_set *set = deployment->current;
	struct cluster_counts counts = cluster_rollout_count(deployment, cluster->now);
	int64_t least = wish->replicas - wish->unavailable;
	int64_t new_unavailable =
		set->n_pods - cluster_set_available(set, wish->min_ready, cluster->now);
	int64_t most = counts.replicas - least - new_unavailable;
	int64_t taken;

	if (counts.replicas == set->n_pods || most <= 0)
		return false;
	taken = take_old(cluster, deployment, most, true);
	counts = cluster_rollout_count(deployment, cluster->now);
	if (counts.available > least)
		taken += take_old(cluster, deployment, counts.available - least, false);
	return taken > 0;
}

void cluster_rollout_tidy(struct cluster_deployment *deployment)
{
	struct cluster_set **at = &deployment->sets;
	int64_t n = 0;

	while (*at) {
		struct cluster_set *set = *at;

		if (set == deployment->current || set->n_pods > 0 ||
		    n++ < deployment->wish.history) {
			at = &set->next;
		} else {
			*at = set->next;
			cluster_set_free(set);
		}
	}
}

bool cluster_rollout_move(struct cluster *cluster, struct cluster_deployment *deployment)
{
	if (follow_replicas(cluster, deployment))
		return true;
	if (deployment->wish.is_paused)
		return false;
	if (take_template(cluster, deployment))
		return true;
	if (deployment->wish.is_recreate)
		return recreate(cluster, deployment);
	return roll_up(cluster, deployment) || roll_down(cluster, deployment);
}
