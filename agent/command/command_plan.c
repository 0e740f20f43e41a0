/* `serin plan`: what the agent would write for some manifests; nothing is written. */
#include "agent/command/command_client.h"
#include "agent/command/command_file.h"
#include "agent/command/command_rows.h"
#include "agent/command/plan_live.h"
#include "agent/command/plan_names.h"
#include "agent/command/plan_show.h"
#include "providers/kube/tree.h"
#include "providers/wire/tree.h"

#include <string.h>

#define NAMESPACE "default"

struct plan_call {
	struct command_call *call;
	struct plan_world *world;
	struct command_client *client; /* NULL: offline */
	const char *k8s_namespace;
	json_t *manifests;
};

/* Files ---------------------------------------------------------------------------------------- */

static bool keep(void *user, json_t *object, struct err *err)
{
	struct plan_call *plan = user;

	if (!json_is_object(object))
		return err_set(err, ERR_INVALID, "expected objects, got something else");
	if (json_array_size(plan->manifests) == PLAN_WORLD_OBJECTS_MAX)
		return err_set(err, ERR_LIMIT, "expected at most %d objects",
		               PLAN_WORLD_OBJECTS_MAX);
	json_array_append(plan->manifests, object);
	return true;
}

static bool read_files(struct plan_call *plan, struct err *err)
{
	const char *first = command_value(plan->call, "filename");

	if (first && !command_file_objects(first, keep, plan, err))
		return false;
	for (size_t i = 0; i < plan->call->n_words; i++) {
		if (!command_file_objects(plan->call->words[i], keep, plan, err))
			return false;
	}
	return true;
}

/* What is there -------------------------------------------------------------------------------- */

static bool put_manifests(struct plan_call *plan, struct err *err)
{
	for (size_t i = 0; i < json_array_size(plan->manifests); i++) {
		bool is_taken;

		if (!plan_world_put(plan->world, json_array_get(plan->manifests, i), &is_taken,
		                    err))
			return false;
	}
	return true;
}

/* A Canary names an object that is nowhere. */
static bool is_complete(struct plan_call *plan, const json_t *canary, struct err *err)
{
	const struct apiserver *server = plan_world_server(plan->world);
	struct arena arena = {0};
	struct plan_names names;
	bool is_complete = true;

	plan_names_read(canary, plan->k8s_namespace, &arena, &names);
	for (size_t i = 0; is_complete && i < names.n_rows; i++) {
		const struct kube_ref *ref = &names.rows[i].ref;

		if (!names.rows[i].is_needed || apiserver_find(server, kube_api_plural(ref->kind),
		                                               ref->k8s_namespace, ref->name))
			continue;
		is_complete = err_set(err, ERR_INVALID,
		                      "canary %.63s/%.63s names %s %.63s/%.100s, which is %s",
		                      kube_tree_text(canary, "metadata/namespace"),
		                      kube_tree_text(canary, "metadata/name"),
		                      kube_api_kind(ref->kind), ref->k8s_namespace, ref->name,
		                      plan->client ? "neither in the files nor in the cluster"
		                                   : "not in the files");
	}
	arena_fini(&arena);
	return is_complete;
}

static enum command_exit check(struct plan_call *plan)
{
	const struct apiserver *server = plan_world_server(plan->world);
	struct err err = {0};
	const json_t *canary;

	if (!apiserver_at(server, "canaries", 0))
		return command_say(
			plan->call, COMMAND_NOT_FOUND, "there is no Canary in the files%s",
			plan->client ? ", and none in the cluster has their targets" : "");
	for (size_t i = 0; (canary = apiserver_at(server, "canaries", i)); i++) {
		if (!is_complete(plan, canary, &err))
			return command_say(plan->call, COMMAND_NOT_FOUND, "%s", err.text);
	}
	return COMMAND_OK;
}

static enum command_exit show(struct plan_call *plan)
{
	CLEANUP(tree_freep) json_t *before = NULL;
	CLEANUP(tree_freep) json_t *after = NULL;

	plan_world_settle(plan->world);
	before = plan_world_describe(plan->world);
	plan_world_run(plan->world);
	after = plan_world_describe(plan->world);
	return plan_show_write(plan->call, plan->world, before, after);
}

static enum command_exit make(struct plan_call *plan)
{
	const char *provider = command_value(plan->call, "mesh-provider");
	struct plan_world_options options = {
		.now = command_now(plan->call),
		.default_provider = provider ? provider : "istio",
		.k8s_namespace = plan->k8s_namespace,
	};
	struct err err = {0};
	enum command_exit status;

	if (!read_files(plan, &err))
		return command_fail(plan->call, &err);
	plan->world = plan_world_new(&options);
	if ((plan->client && !plan_live_load(plan->world, plan->client, plan->manifests,
	                                     plan->k8s_namespace, &err)) ||
	    !put_manifests(plan, &err))
		status = command_fail(plan->call, &err);
	else
		status = check(plan);
	if (status == COMMAND_OK)
		status = show(plan);
	plan_world_free(plan->world);
	return status;
}

static enum command_exit run(struct command_call *call)
{
	CLEANUP(command_client_freep) struct command_client *client = NULL;
	CLEANUP(tree_freep) json_t *manifests = json_array();
	struct plan_call plan = {.call = call, .manifests = manifests, .k8s_namespace = NAMESPACE};
	bool is_offline = command_value(call, "offline") != NULL;
	struct err err = {0};

	if (!command_value(call, "filename") && call->n_words == 0)
		return command_say(call, COMMAND_USAGE, "expected a file: serin plan -f FILE");
	if (!is_offline) {
		client = command_client_new(call, &err);
		if (!client)
			return command_fail(call, &err);
		plan.client = client;
		plan.k8s_namespace = command_client_namespace(client);
	} else if (*call->flags.k8s_namespace) {
		plan.k8s_namespace = call->flags.k8s_namespace;
	}
	return make(&plan);
}

static const struct command_flag flags[] = {
	{.name = "filename",
         .letter = 'f',
         .value_name = "FILE",
         .help = "file, folder or - with manifests; more may follow as arguments"},
	{.name = "offline", .help = "do not ask the cluster what it has already"},
	{.name = "mesh-provider",
         .value_name = "NAME",
         .help = "provider of canaries that name none, as given to the agent (istio)"},
};

const struct command command_plan = {
	.name = "plan",
	.summary = "Show as a diff what the agent would write for some manifests",
	.words = "-f FILE [FILE]...",
	.text = "Reads the cluster and writes nothing: the agent runs in this process, on a copy, until\n"
		"each canary rests, is refused or begins its analysis. Exits with 5 when there is\n"
		"something to write, with 0 when there is not.\n",
	.example = "plan --offline -f manifests/examples/nginx-canary.yaml deployment.yaml",
	.takes = COMMAND_TAKES_CLUSTER | COMMAND_TAKES_NAMESPACE | COMMAND_TAKES_OUTPUT,
	.n_words_min = 0,
	.n_words_max = COMMAND_WORDS_MAX,
	.flags = flags,
	.n_flags = array_length(flags),
	.run = run,
};
