/* The program: `serin agent` serves, `serin demo` shows, everything else is a command. */
#include "agent/command/command.h"
#include "agent/demo/demo.h"
#include "agent/options.h"
#include "agent/serve.h"
#include "agent/version.h"

#include <stdio.h>
#include <string.h>

static int run_agent(int argc, char **argv)
{
	struct buf warnings = {.max = OPTIONS_WARNINGS_MAX};
	struct options options;
	struct err err = {0};

	if (!options_parse(argc, argv, &options, &warnings, &err)) {
		(void)fprintf(stderr, "serin agent: %s\n", err.text);
		return COMMAND_USAGE;
	}
	(void)fputs(buf_text(&warnings), stderr);
	buf_fini(&warnings);
	if (options.is_help_wanted) {
		options_help(stdout);
		return COMMAND_OK;
	}
	if (options.is_version_wanted) {
		(void)printf("serin %s (%s)\n", VERSION_RELEASE, VERSION_COMMIT);
		return COMMAND_OK;
	}
	return serve(&options);
}

int main(int argc, char **argv)
{
	struct command_setting setting;
	enum command_exit status;

	if (argc > 1 && strcmp(argv[1], "agent") == 0)
		return run_agent(argc - 1, argv + 1);
	if (argc > 1 && strcmp(argv[1], "demo") == 0)
		return demo(argc - 1, argv + 1);
	setting = command_standard();
	status = command_main(argc, argv, &setting);
	return (int)status;
}
