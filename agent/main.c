/* The program: reads the command line and hands over. */
#include "agent/demo/demo.h"
#include "agent/options.h"
#include "agent/serve.h"
#include "agent/version.h"

#include <stdio.h>
#include <string.h>

static int usage(FILE *stream)
{
	(void)fprintf(
		stream,
		"usage: serin agent [FLAGS]    serve Canaries (serin agent --help)\n"
		"       serin demo [FLAGS]     a release promoted and one rolled back, in this process\n"
		"       serin version\n");
	return stream == stdout ? 0 : 2;
}

static int version(void)
{
	(void)printf("serin %s (%s)\n", VERSION_RELEASE, VERSION_COMMIT);
	return 0;
}

static int run_agent(int argc, char **argv)
{
	struct buf warnings = {.max = OPTIONS_WARNINGS_MAX};
	struct options options;
	struct err err = {0};

	if (!options_parse(argc, argv, &options, &warnings, &err)) {
		(void)fprintf(stderr, "serin agent: %s\n", err.text);
		return 2;
	}
	(void)fputs(buf_text(&warnings), stderr);
	buf_fini(&warnings);
	if (options.is_help_wanted) {
		options_help(stdout);
		return 0;
	}
	return options.is_version_wanted ? version() : serve(&options);
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return usage(stderr);
	if (strcmp(argv[1], "agent") == 0)
		return run_agent(argc - 1, argv + 1);
	if (strcmp(argv[1], "demo") == 0)
		return demo(argc - 1, argv + 1);
	if (strcmp(argv[1], "version") == 0 || strcmp(argv[1], "--version") == 0)
		return version();
	if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0)
		return usage(stdout);
	(void)fprintf(stderr, "serin: no command \"%s\"\n", argv[1]);
	return usage(stderr);
}
