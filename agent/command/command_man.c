/* The manual page, made from the table. */
#include "agent/command/command_flags.h"
#include "agent/command/command_rows.h"
#include "agent/version.h"

#include <stdlib.h>
#include <string.h>

/* TEXT as roff prints it: dashes stay dashes, a line that begins with a dot is no request. */
static void write_text(FILE *out, const char *text)
{
	bool is_first = true;

	for (; *text; text++) {
		if (is_first && (*text == '.' || *text == '\''))
			(void)fputs("\\&", out);
		is_first = *text == '\n';
		if (*text == '-' || *text == '\\')
			(void)fputs(*text == '-' ? "\\-" : "\\e", out);
		else
			(void)fputc(*text, out);
	}
}

static void write_flag(FILE *out, const struct command_flag *flag, const char *forms)
{
	(void)fputs(".TP\n\\fB", out);
	if (flag->letter)
		(void)fprintf(out, "\\-%c\\fR, \\fB", flag->letter);
	(void)fputs("\\-\\-", out);
	write_text(out, flag->name);
	(void)fputs("\\fR", out);
	if (flag->value_name)
		(void)fprintf(out, " \\fI%s\\fR", flag->value_name);
	(void)fputc('\n', out);
	write_text(out, flag->help);
	if (strcmp(flag->name, "output") == 0)
		(void)fprintf(out, ": %s", forms);
	(void)fputc('\n', out);
}

/* Lines that stay lines. */
static void write_more(FILE *out, const struct command *command)
{
	char *text = NULL;
	size_t length = 0;
	FILE *lines = open_memstream(&text, &length);

	if (!lines)
		abort();
	command->more(lines);
	if (fclose(lines) != 0)
		abort();
	(void)fputs(".PP\n.nf\n", out);
	write_text(out, text);
	(void)fputs(".fi\n", out);
	free(text);
}

static void write_command(FILE *out, const struct command *command)
{
	(void)fprintf(out, ".SS serin %s [\\fIFLAG\\fR]... %s\n", command->name, command->words);
	write_text(out, command->summary);
	(void)fputs(".\n", out);
	if (*command->text) {
		(void)fputs(".PP\n", out);
		write_text(out, command->text);
	}
	if (command->more)
		write_more(out, command);
	for (size_t i = 0; i < command->n_flags; i++)
		write_flag(out, &command->flags[i], "");
	for (size_t i = 0; i < COMMAND_FLAGS_USUAL_MAX; i++)
		if (command_flags_has(command, &command_flags_usual[i]))
			write_flag(out, &command_flags_usual[i].flag, command_flags_forms(command));
	(void)fputs(".PP\nExample: \\fBserin ", out);
	write_text(out, command->example);
	(void)fputs("\\fR\n", out);
}

static void write_exits(FILE *out)
{
	(void)fputs(".SH EXIT STATUS\n", out);
	for (size_t i = 0; i < COMMAND_EXITS_MAX; i++)
		(void)fprintf(out, ".TP\n%zu\n%s\n", i, command_exits[i]);
}

static enum command_exit run(struct command_call *call)
{
	FILE *out = call->out;

	(void)fprintf(out,
	              ".TH SERIN 1 \"\" \"serin %s\" \"Serin\"\n"
	              ".SH NAME\nserin, kubectl\\-canary \\- canary analysis for Kubernetes\n"
	              ".SH SYNOPSIS\n\\fBserin\\fR \\fICOMMAND\\fR [\\fIFLAG\\fR]... "
	              "[\\fINAME\\fR]\n.br\n"
	              "\\fBkubectl canary\\fR \\fICOMMAND\\fR [\\fIFLAG\\fR]... [\\fINAME\\fR]\n"
	              ".SH DESCRIPTION\n"
	              "\\fBserin agent\\fR serves Canaries in a cluster; the other commands read "
	              "them, and need no agent.\n.SH COMMANDS\n",
	              VERSION_RELEASE);
	for (size_t i = 0; command_table[i]; i++)
		write_command(out, command_table[i]);
	write_exits(out);
	(void)fputs(
		".SH ENVIRONMENT\n"
		".TP\nKUBECONFIG\nKubeconfigs with colons between them; the first that names "
		"something wins.\n"
		".TP\nNO_COLOR\nWhen it is not empty, nothing is coloured.\n"
		".TP\nCOLUMNS\nThe width of the terminal.\n",
		out);
	return COMMAND_OK;
}

const struct command command_man = {
	.name = "man",
	.summary = "Print the manual page",
	.words = "",
	.text = "",
	.example = "man | man -l -",
	.run = run,
};
