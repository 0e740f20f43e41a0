#include "agent/demo/cluster_inside.h"

#include <stdlib.h>
#include <string.h>

struct cluster_set *cluster_set_new(json_t *template, uint64_t revision)
{
	struct cluster_set *set = calloc(1, sizeof(*set));

	if (!set)
		abort();
	set->template = json_incref(template);
	set->revision = revision;
	return set;
}

void cluster_set_free(struct cluster_set *set)
{
	if (set)
		json_decref(set->template);
	free(set);
}

static bool is_ready(const struct cluster_pod *pod, struct instant now)
{
	return instant_is_set(pod->ready_at) && !instant_is_before(now, pod->ready_at) &&
	       (!instant_is_set(pod->breaks_at) || instant_is_before(now, pod->breaks_at));
}

static bool is_available(const struct cluster_pod *pod, struct span min_ready, struct instant now)
{
	return is_ready(pod, now) &&
	       !instant_is_before(now, instant_after(pod->ready_at, min_ready));
}

static struct cluster_pod new_pod(const struct cluster *cluster, const struct cluster_set *set)
{
	const struct cluster_options *options = &cluster->options;
	struct cluster_behaviour behaviour = {.ready_after = span_seconds(1)};
	struct cluster_pod pod = {0};

	if (options->behaviour)
		behaviour = options->behaviour(options->user, set->template);
	if (behaviour.is_never_ready)
		return pod;
	pod.ready_at = instant_after(cluster->now, behaviour.ready_after);
	if (behaviour.breaks_after.ms > 0)
		pod.breaks_at = instant_after(pod.ready_at, behaviour.breaks_after);
	return pod;
}

/* The pod that goes first. */
static int64_t dispensable(const struct cluster_set *set, struct instant now)
{
	for (int64_t i = set->n_pods; i > 0; i--) {
		if (!is_ready(&set->pods[i - 1], now))
			return i - 1;
	}
	return set->n_pods - 1;
}

void cluster_set_scale(struct cluster *cluster, struct cluster_set *set, int64_t n)
{
	if (n > CLUSTER_PODS_MAX)
		n = CLUSTER_PODS_MAX;
	while (set->n_pods < n)
		set->pods[set->n_pods++] = new_pod(cluster, set);
	while (set->n_pods > n && set->n_pods > 0) {
		int64_t at = dispensable(set, cluster->now);

		set->n_pods--;
		memmove(&set->pods[at], &set->pods[at + 1],
		        (size_t)(set->n_pods - at) * sizeof(set->pods[0]));
	}
}

int64_t cluster_set_ready(const struct cluster_set *set, struct instant now)
{
	int64_t n = 0;

	for (int64_t i = 0; i < set->n_pods; i++)
		n += is_ready(&set->pods[i], now);
	return n;
}

int64_t cluster_set_available(const struct cluster_set *set, struct span min_ready,
                              struct instant now)
{
	int64_t n = 0;

	for (int64_t i = 0; i < set->n_pods; i++)
		n += is_available(&set->pods[i], min_ready, now);
	return n;
}

/* The earlier of NEXT and AT, when AT is set and still to come. */
static struct instant sooner(struct instant next, struct instant at, struct instant now)
{
	if (!instant_is_set(at) || !instant_is_before(now, at))
		return next;
	return instant_earlier(next, at);
}

struct instant cluster_set_next(const struct cluster_set *set, struct span min_ready,
                                struct instant now)
{
	struct instant next = {0};

	for (int64_t i = 0; i < set->n_pods; i++) {
		const struct cluster_pod *pod = &set->pods[i];

		next = sooner(next, pod->ready_at, now);
		next = sooner(next, pod->breaks_at, now);
		if (instant_is_set(pod->ready_at))
			next = sooner(next, instant_after(pod->ready_at, min_ready), now);
	}
	return next;
}

size_t cluster_set_break(struct cluster_set *set, size_t n, struct instant now)
{
	size_t n_broken = 0;

	for (int64_t i = 0; i < set->n_pods && n_broken < n; i++) {
		if (!is_ready(&set->pods[i], now))
			continue;
		set->pods[i] = (struct cluster_pod){0};
		n_broken++;
	}
	return n_broken;
}

size_t cluster_set_mend(const struct cluster *cluster, struct cluster_set *set)
{
	size_t n_mended = 0;

	for (int64_t i = 0; i < set->n_pods; i++) {
		if (instant_is_set(set->pods[i].ready_at))
			continue;
		set->pods[i] = new_pod(cluster, set);
		n_mended++;
	}
	return n_mended;
}
