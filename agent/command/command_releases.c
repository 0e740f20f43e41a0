#include "agent/command/command_releases.h"

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
