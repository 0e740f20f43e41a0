#include "agent/command/command_print.h"
#include "agent/command/command_rows.h"
#include "agent/version.h"
#include "providers/wire/tree.h"

static enum command_exit run(struct command_call *call)
{
	CLEANUP(tree_freep) json_t *tree = NULL;

	if (!command_print_is_tree(call)) {
		(void)fprintf(call->out, "serin %s (%s)\n", VERSION_RELEASE, VERSION_COMMIT);
		return COMMAND_OK;
	}
	tree = json_pack("{s:s, s:s}", "version", VERSION_RELEASE, "commit", VERSION_COMMIT);
	command_print_tree(call, tree);
	return COMMAND_OK;
}

const struct command command_version = {
	.name = "version",
	.summary = "Print the version and the commit it was built from",
	.words = "",
	.text = "",
	.example = "version -o json",
	.takes = COMMAND_TAKES_OUTPUT,
	.run = run,
};
