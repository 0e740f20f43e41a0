/* `serin explain`: why a canary stands where it stands. */
#include "agent/command/command_api.h"
#include "agent/command/command_print.h"
#include "agent/command/command_rows.h"
#include "agent/command/command_run.h"
#include "agent/command/explain_collect.h"
#include "providers/wire/tree.h"

#include <string.h>

#define ABOUT_WIDTH 28

static void write_text(const struct command_call *call, const struct explain_answer *answer)
{
	(void)fprintf(call->out, "%s", command_print_paint(call, COMMAND_PRINT_STRONG));
	command_print_words(call, answer->sentence, 0);
	(void)fprintf(call->out, "%s\n", command_print_unpaint(call, COMMAND_PRINT_STRONG));
	for (size_t i = 0; i < answer->n_facts; i++) {
		const struct explain_fact *fact = &answer->facts[i];
		int width;

		(void)fputs("  ", call->out);
		width = command_print_text(call, fact->about, 0);
		width += fprintf(call->out, "%*s", width < ABOUT_WIDTH ? ABOUT_WIDTH - width : 2,
		                 "");
		command_print_words(call, fact->text, 2 + width);
		(void)fputc('\n', call->out);
	}
}

static void write_tree(const struct command_call *call, const struct explain_world *world,
                       const struct explain_answer *answer)
{
	CLEANUP(tree_freep)
	json_t *tree = json_pack("{s:s, s:s, s:s, s:s, s:[]}", "canary", world->name, "namespace",
	                         world->k8s_namespace, "cause", answer->cause, "sentence",
	                         answer->sentence, "facts");

	for (size_t i = 0; i < answer->n_facts; i++)
		json_array_append_new(json_object_get(tree, "facts"),
		                      json_pack("{s:s, s:s}", "about", answer->facts[i].about,
		                                "text", answer->facts[i].text));
	command_print_tree(call, tree);
}

/* What the agent measured for the newest Release, when it is to be asked. */
static void add_evidence(struct command_call *call, const struct explain_world *world,
                         struct explain_answer *answer)
{
	const char *where = command_value(call, "api");
	const char *sentences[COMMAND_API_SENTENCES_MAX];
	struct arena arena = {0};
	struct command_runs runs = command_run_read(world->releases, &arena);
	const char *release = runs.n_runs > 0 ? runs.runs[0].release.name : "";
	size_t n_sentences = 0;

	if (where && *release)
		n_sentences = command_api_tell(call, where, world->k8s_namespace, release, &arena,
		                               sentences);
	for (size_t i = 0; i < n_sentences; i++)
		explain_fact_add(answer, arena_format(&answer->arena, "evidence %.200s", release),
		                 "%s", sentences[i]);
	arena_fini(&arena);
}

static enum command_exit explain(struct command_call *call, struct command_client *client)
{
	const char *lease = command_value(call, "leader-election-namespace");
	struct explain_world world = {
		.name = call->words[0],
		.k8s_namespace = command_client_namespace(client),
		.default_provider = command_value(call, "mesh-provider"),
	};
	struct explain_answer answer = {0};
	struct err err = {0};
	enum command_exit status = COMMAND_OK;

	if (!explain_collect(client, lease, &world, &err)) {
		status = command_fail(call, &err);
	} else if (!world.canary) {
		status =
			command_say(call, COMMAND_NOT_FOUND, "no canary \"%s\" in namespace \"%s\"",
		                    world.name, world.k8s_namespace);
	} else {
		world.now = command_now(call);
		explain_answer(&world, &answer);
		add_evidence(call, &world, &answer);
		if (command_print_is_tree(call))
			write_tree(call, &world, &answer);
		else
			write_text(call, &answer);
	}
	explain_answer_fini(&answer);
	explain_world_fini(&world);
	return status;
}

static enum command_exit run(struct command_call *call)
{
	CLEANUP(command_client_freep) struct command_client *client = NULL;
	struct err err = {0};

	client = command_client_new(call, &err);
	return client ? explain(call, client) : command_fail(call, &err);
}

static const struct command_flag flags[] = {
	{.name = "leader-election-namespace",
         .value_name = "NAME",
         .help = "where the agent's lease is (serin, else kube-system)"},
	{.name = "mesh-provider",
         .value_name = "NAME",
         .help = "provider of canaries that name none, as given to the agent"},
	COMMAND_API_FLAG,
};

const struct command command_explain = {
	.name = "explain",
	.summary = "Tell why a canary stands where it stands",
	.words = "NAME",
	.text = "One sentence, then the facts it rests on: what the Canary, its Releases, Deployments,\n"
		"pods and route say, and who serves canaries. Needs no agent; with\n--api it is asked what it measured, "
		"too.\n",
	.example = "explain cart -n shop",
	.takes = COMMAND_TAKES_CLUSTER | COMMAND_TAKES_NAMESPACE | COMMAND_TAKES_OUTPUT,
	.n_words_min = 1,
	.n_words_max = 1,
	.flags = flags,
	.n_flags = array_length(flags),
	.run = run,
};
