#include "agent/command/command_releases.h"

#include "agent/journal_action.h"
#include "analysis/base/text.h"
#include "providers/kube/tree.h"

#include <stdlib.h>
#include <string.h>

void command_releases_keep(struct command_runs *runs, const struct command_choice *choice,
                           bool has_init, struct instant now)
{
	size_t n_kept = 0;

	for (size_t i = 0; i < runs->n_runs; i++) {
		const struct command_run *run = &runs->runs[i];

		if ((has_init || run->release.cause != CAUSE_INIT) &&
		    command_choice_takes(choice, run, now))
			runs->runs[n_kept++] = *run;
	}
	runs->n_runs = n_kept;
}

int command_releases_compare(const struct command_run *a, const struct command_run *b)
{
	int64_t earlier = a->release.status.times.started.ms;
	int64_t later = b->release.status.times.started.ms;
	int order;

	if (earlier != later && (earlier == 0 || later == 0))
		return earlier == 0 ? -1 : 1;
	if (earlier != later)
		return earlier > later ? -1 : 1;
	order = strcmp(b->release.name, a->release.name);
	return order ? order : strcmp(a->k8s_namespace, b->k8s_namespace);
}

static int compare(const void *a, const void *b)
{
	return command_releases_compare(a, b);
}

void command_releases_sort(struct command_runs *runs)
{
	if (runs->n_runs > 0)
		qsort(runs->runs, runs->n_runs, sizeof(*runs->runs), compare);
}

json_t *command_releases_tree(const struct command_runs *runs)
{
	json_t *tree = kube_tree_object();
	json_t *list = kube_tree_list();

	for (size_t i = 0; i < runs->n_runs; i++)
		kube_tree_append(list, command_run_tree(&runs->runs[i]));
	kube_tree_set(tree, "releases", list);
	return tree;
}

static void read_check(const json_t *tree, struct command_run *run, struct arena *arena)
{
	run->has_deciding = json_is_object(tree);
	run->query = arena_text(arena, kube_tree_value(tree, "query"));
	if (!run->has_deciding)
		return;
	text_copy(run->deciding.name, kube_tree_value(tree, "name"));
	kube_tree_number(tree, "value", &run->deciding.has_value, &run->deciding.value);
	kube_tree_number(tree, "min", &run->deciding.has_min, &run->deciding.min);
	kube_tree_number(tree, "max", &run->deciding.has_max, &run->deciding.max);
	run->deciding.verdict = verdict_find(kube_tree_value(tree, "verdict"));
}

static void read_run(const json_t *tree, struct command_run *run, struct arena *arena)
{
	struct release_status *status = &run->release.status;

	*run = (struct command_run){
		.canary = arena_text(arena, kube_tree_value(tree, "canary")),
		.canary_uid = "",
		.k8s_namespace = arena_text(arena, kube_tree_value(tree, "namespace")),
		.from_image = arena_text(arena, kube_tree_value(tree, "fromImage")),
		.to_image = arena_text(arena, kube_tree_value(tree, "toImage")),
		.from_digest = "",
		.trouble = "",
	};
	text_copy(run->release.name, kube_tree_value(tree, "name"));
	text_copy(run->release.digest, kube_tree_value(tree, "digest"));
	run->release.cause = release_cause_find(kube_tree_value(tree, "cause"));
	status->phase = release_phase_find(kube_tree_value(tree, "phase"));
	status->outcome = release_outcome_find(kube_tree_value(tree, "outcome"));
	text_copy(status->reason, kube_tree_value(tree, "reason"));
	(void)instant_parse(kube_tree_value(tree, "started"), &status->times.started, NULL);
	(void)instant_parse(kube_tree_value(tree, "finished"), &status->times.finished, NULL);
	journal_action_read(tree, &run->release);
	read_check(json_object_get(tree, "check"), run, arena);
}

struct command_runs command_releases_read(const json_t *tree, struct arena *arena)
{
	const json_t *list = json_object_get(tree, "releases");
	struct command_runs runs = {.n_runs = json_array_size(list)};

	if (runs.n_runs == 0)
		return runs;
	runs.runs = arena_alloc(arena, runs.n_runs * sizeof(*runs.runs));
	for (size_t i = 0; i < runs.n_runs; i++)
		read_run(json_array_get(list, i), &runs.runs[i], arena);
	return runs;
}
