#include "agent/command/command_canaries.h"

#include "agent/command/command_flags.h"
#include "agent/command/command_print.h"
#include "providers/kube/tree.h"
#include "providers/wire/tree.h"

#include <string.h>

enum {
	CANARIES,
	RELEASES,
	N_LISTS
};

struct canaries {
	struct command_call *call;
	struct command_client *client;
	struct command_client_list lists[N_LISTS];
	struct arena words; /* selectors */
	command_canaries_show *show;
	json_t *seen; /* "namespace/name" to the versions that were shown */
	bool is_shown;
	size_t n_found;
};

static bool connect(struct canaries *canaries, struct err *err)
{
	const struct command_call *call = canaries->call;
	const char *name = call->n_words > 0 ? call->words[0] : NULL;
	const char *k8s_namespace;

	canaries->client = command_client_new(canaries->call, err);
	if (!canaries->client)
		return false;
	k8s_namespace = command_client_namespace(canaries->client);
	canaries->lists[CANARIES] = (struct command_client_list){
		.kind = KUBE_CANARY,
		.k8s_namespace = k8s_namespace,
		.fields = name ? arena_format(&canaries->words, "metadata.name=%s", name) : NULL,
	};
	canaries->lists[RELEASES] = (struct command_client_list){
		.kind = KUBE_RELEASE,
		.k8s_namespace = k8s_namespace,
		.labels =
			name ? arena_format(&canaries->words, KUBE_LABEL_CANARY "=%s", name) : NULL,
	};
	return true;
}

/* Drop the views that were shown as they are. */
static void keep_changed(struct canaries *canaries, struct command_views *views)
{
	size_t n_kept = 0;

	for (size_t i = 0; i < views->n_views; i++) {
		const struct command_view *view = &views->views[i];
		const json_t *release = view->run ? view->run->object : NULL;
		char key[600];
		char version[80];

		(void)snprintf(key, sizeof(key), "%s/%s", view->k8s_namespace, view->name);
		(void)snprintf(version, sizeof(version), "%.30s/%.30s",
		               kube_tree_text(view->object, "metadata/resourceVersion"),
		               kube_tree_text(release, "metadata/resourceVersion"));
		if (strcmp(kube_tree_value(canaries->seen, key), version) == 0)
			continue;
		kube_tree_set_text(canaries->seen, key, version);
		views->views[n_kept++] = *view;
	}
	views->n_views = n_kept;
}

static bool show(void *user)
{
	struct canaries *canaries = user;
	struct command_call *call = canaries->call;
	struct arena arena = {0};
	bool is_redrawn = command_print_is_redrawn(call);
	struct command_runs runs = command_run_read(canaries->lists[RELEASES].items, &arena);
	struct command_views views = command_view_read(canaries->lists[CANARIES].items, &runs,
	                                               command_now(call), &arena);

	canaries->n_found = views.n_views;
	if (is_redrawn)
		(void)fputs(COMMAND_PRINT_CLEAR, call->out);
	else
		keep_changed(canaries, &views);
	if (views.n_views > 0 || !canaries->is_shown || is_redrawn)
		canaries->show(call, &views, !canaries->is_shown || is_redrawn);
	canaries->is_shown = true;
	arena_fini(&arena);
	return fflush(call->out) == 0 && !ferror(call->out);
}

/* Without Releases the Canaries still say something. */
static bool read_lists(struct canaries *canaries, struct err *err)
{
	struct err why = {0};

	if (!command_client_read(canaries->client, &canaries->lists[CANARIES], err))
		return false;
	if (command_client_read(canaries->client, &canaries->lists[RELEASES], &why))
		return true;
	if (why.kind != ERR_STATUS)
		return err_set(err, why.kind, "%s", why.text);
	(void)command_say(canaries->call, COMMAND_OK,
	                  "no Releases, so shown is what the Canaries say: %s", why.text);
	return true;
}

static enum command_exit run(struct canaries *canaries)
{
	const struct command_call *call = canaries->call;
	struct span every = span_ms(command_print_is_redrawn(call) ? COMMAND_PRINT_BEAT : 0);
	struct err err = {0};

	if (!connect(canaries, &err))
		return command_fail(call, &err);
	if (call->flags.is_watching) {
		if (!command_client_follow(canaries->client, canaries->lists, N_LISTS, every, show,
		                           canaries, &err))
			return command_fail(call, &err);
		return COMMAND_OK;
	}
	if (!read_lists(canaries, &err))
		return command_fail(call, &err);
	if (call->n_words > 0 && json_array_size(canaries->lists[CANARIES].items) == 0)
		return command_say(call, COMMAND_NOT_FOUND, "no canary \"%s\" in namespace \"%s\"",
		                   call->words[0], command_client_namespace(canaries->client));
	(void)show(canaries);
	if (canaries->n_found > 0 || command_print_is_tree(call))
		return COMMAND_OK;
	if (call->flags.is_everywhere)
		return command_say(call, COMMAND_OK, "no canaries in any namespace");
	return command_say(call, COMMAND_OK, "no canaries in namespace \"%s\"",
	                   command_client_namespace(canaries->client));
}

enum command_exit command_canaries_run(struct command_call *call, command_canaries_show *shown)
{
	struct canaries canaries = {.call = call, .show = shown};
	enum command_exit status;

	if (call->n_words > 0 && !command_flags_is_name(call->words[0]))
		return command_say(call, COMMAND_USAGE, "\"%.100s\": expected the name of a canary",
		                   call->words[0]);
	if (call->n_words > 0 && call->flags.is_everywhere)
		return command_say(call, COMMAND_USAGE,
		                   "expected a name or --all-namespaces, got both");
	canaries.seen = kube_tree_object();
	status = run(&canaries);
	for (size_t i = 0; i < N_LISTS; i++)
		command_client_list_fini(&canaries.lists[i]);
	command_client_free(canaries.client);
	json_decref(canaries.seen);
	arena_fini(&canaries.words);
	return status;
}
