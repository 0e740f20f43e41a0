/* `serin lint`: what is wrong with manifests, without a cluster. */
#include "agent/command/command_file.h"
#include "agent/command/command_print.h"
#include "agent/command/command_rows.h"
#include "agent/options.h"
#include "providers/lint.h"
#include "providers/wire/tree.h"

#include <stdlib.h>
#include <string.h>

/* Over all files of one call. */
struct totals {
	struct command_call *call;
	struct lint_options options;
	json_t *findings; /* NULL: they are written as text */
	size_t n_files;
	size_t n_checked;
	size_t n_errors;
	size_t n_warnings;
};

static void write_finding(struct totals *totals, const char *file,
                          const struct lint_finding *finding)
{
	struct command_call *call = totals->call;
	enum command_print_colour colour =
		finding->is_warning ? COMMAND_PRINT_WAIT : COMMAND_PRINT_BAD;

	(void)command_print_text(call, file, 0);
	if (finding->line > 0)
		(void)fprintf(call->out, ":%zu:%zu", finding->line, finding->column);
	(void)fprintf(call->out, ": %s", command_print_paint(call, colour));
	if (finding->is_warning)
		(void)fputs("warning: ", call->out);
	(void)command_print_text(call, finding->sentence, 0);
	(void)fprintf(call->out, "%s\n", command_print_unpaint(call, colour));
}

static void keep_finding(struct totals *totals, const char *file,
                         const struct lint_finding *finding)
{
	json_t *row =
		json_pack("{s:s, s:s, s:s, s:s, s:s}", "file", file, "level",
	                  finding->is_warning ? "warning" : "error", "object", finding->object,
	                  "path", finding->path, "message", finding->sentence);

	if (finding->line > 0) {
		json_object_set_new(row, "line", json_integer((json_int_t)finding->line));
		json_object_set_new(row, "column", json_integer((json_int_t)finding->column));
	}
	if (row)
		json_array_append_new(totals->findings, row);
}

static bool on_file(void *user, const struct command_file *file, struct err *err)
{
	struct totals *totals = user;
	struct lint_report *report;

	(void)err;
	/* A folder has many files that are none of ours. */
	if (file->is_found && !memmem(file->bytes, file->length, "flagger.app/", 12))
		return true;
	report = calloc(1, sizeof(*report));
	if (!report)
		abort();
	lint_read(&totals->options, file->bytes, file->length, report);
	for (size_t i = 0; i < report->n_findings; i++) {
		if (totals->findings)
			keep_finding(totals, file->name, &report->findings[i]);
		else
			write_finding(totals, file->name, &report->findings[i]);
	}
	totals->n_files++;
	totals->n_checked += report->n_checked;
	totals->n_errors += report->n_errors;
	totals->n_warnings += report->n_warnings;
	lint_fini(report);
	free(report);
	return true;
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static void write_totals(struct totals *totals)
{
	struct command_call *call = totals->call;
	CLEANUP(tree_freep) json_t *tree = NULL;

	if (!totals->findings) {
		(void)fprintf(call->out,
		              "%zu object%s checked in %zu file%s: %zu error%s, %zu warning%s\n",
		              totals->n_checked, plural(totals->n_checked), totals->n_files,
		              plural(totals->n_files), totals->n_errors, plural(totals->n_errors),
		              totals->n_warnings, plural(totals->n_warnings));
		return;
	}
	tree = json_pack("{s:I, s:I, s:I, s:I, s:O}", "files", (json_int_t)totals->n_files,
	                 "checked", (json_int_t)totals->n_checked, "errors",
	                 (json_int_t)totals->n_errors, "warnings", (json_int_t)totals->n_warnings,
	                 "findings", totals->findings);
	command_print_tree(call, tree);
}

static enum command_exit run(struct command_call *call)
{
	char *const no_flags[] = {(char[]){"agent"}, NULL};
	CLEANUP(tree_freep) json_t *findings = command_print_is_tree(call) ? json_array() : NULL;
	const char *provider = command_value(call, "mesh-provider");
	struct totals totals = {.call = call, .findings = findings};
	struct buf warnings = {.max = OPTIONS_WARNINGS_MAX};
	struct options standard;
	struct err err = {0};

	/* What a flag says that the agent was not given. */
	if (!options_parse(1, no_flags, &standard, &warnings, &err))
		return command_fail(call, &err);
	buf_fini(&warnings);
	totals.options.agent.default_provider = provider ? provider : standard.mesh_provider;
	totals.options.agent.metrics_server = standard.metrics_server;
	totals.options.k8s_namespace =
		*call->flags.k8s_namespace ? call->flags.k8s_namespace : "default";
	for (size_t i = 0; i < call->n_words; i++) {
		if (!command_file_each(call->words[i], on_file, &totals, &err))
			return command_fail(call, &err);
	}
	write_totals(&totals);
	return totals.n_errors > 0 ? COMMAND_REFUSED : COMMAND_OK;
}

static const struct command_flag flags[] = {
	{.name = "mesh-provider",
         .value_name = "NAME",
         .help = "provider of canaries that name none, as given to the agent (istio)"},
};

const struct command command_lint = {
	.name = "lint",
	.summary = "Check manifests without a cluster",
	.words = "FILE|FOLDER|-...",
	.text = "Reads Canaries, MetricTemplates and AlertProviders as the agent does and tells in its\n"
		"words what it would refuse, with line and column; and fields that are not known.\n"
		"Warnings do not fail.\n",
	.example = "lint manifests/examples",
	.takes = COMMAND_TAKES_NAMESPACE | COMMAND_TAKES_OUTPUT,
	.n_words_min = 1,
	.n_words_max = COMMAND_WORDS_MAX,
	.flags = flags,
	.n_flags = array_length(flags),
	.run = run,
};
