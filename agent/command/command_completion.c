/* Completions for shells, made from the table. Names of canaries are asked of the program itself.
 */
#include "agent/command/command_flags.h"
#include "agent/command/command_rows.h"
#include "analysis/base/text.h"

#include <stdlib.h>
#include <string.h>

static void write_flags(FILE *out, const struct command *command, const char *format)
{
	for (size_t i = 0; i < COMMAND_FLAGS_USUAL_MAX; i++)
		if (command_flags_has(command, &command_flags_usual[i]))
			(void)fprintf(out, "%s--%s", format, command_flags_usual[i].flag.name);
	for (size_t i = 0; i < command->n_flags; i++)
		(void)fprintf(out, "%s--%s", format, command->flags[i].name);
}

static void write_names(FILE *out)
{
	for (size_t i = 0; command_table[i]; i++)
		(void)fprintf(out, "%s%s", i > 0 ? " " : "", command_table[i]->name);
	(void)fputs(" agent demo help", out);
}

/* What its words are: names of canaries, else files. */
static bool takes_canaries(const struct command *command)
{
	return strstr(command->words, "NAME") || strstr(command->words, "CANARY");
}

static void write_choice(void *user, const char *word)
{
	(void)fprintf(user, "%s ", word);
}

/* Its words that are no names, between BEFORE and AFTER. */
static void write_choices(FILE *out, const struct command *command, const char *before,
                          const char *after)
{
	if (!command->choices)
		return;
	(void)fputs(before, out);
	command->choices(write_choice, out);
	(void)fputs(after, out);
}

static void write_bash(FILE *out)
{
	(void)fputs(
		"# bash completion for serin and kubectl-canary\n"
		"_serin_canaries()\n{\n"
		"\tlocal i given=()\n"
		"\tfor ((i = 2; i < COMP_CWORD; i++)); do\n"
		"\t\tcase ${COMP_WORDS[i]} in\n"
		"\t\t-n|--namespace|--context|--kubeconfig)\n"
		"\t\t\tgiven+=(\"${COMP_WORDS[i]}\" \"${COMP_WORDS[i+1]}\") ;;\n"
		"\t\tesac\n"
		"\tdone\n"
		"\t\"${COMP_WORDS[0]}\" list --no-headers \"${given[@]}\" 2>/dev/null |\n"
		"\t\twhile read -r name _; do echo \"$name\"; done\n"
		"}\n"
		"_serin()\n{\n"
		"\tlocal word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
		"\tlocal flags= words=files choices=\n"
		"\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n"
		"\t\tmapfile -t COMPREPLY < <(compgen -W \"",
		out);
	write_names(out);
	(void)fputs(
		"\" -- \"$word\")\n\t\treturn\n\tfi\n"
		"\tcase $before in\n"
		"\t-o|--output)\n"
		"\t\tmapfile -t COMPREPLY < <(compgen -W \"wide json yaml\" -- \"$word\")\n"
		"\t\treturn ;;\n"
		"\t-f|--file|--kubeconfig)\n"
		"\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$word\")\n"
		"\t\treturn ;;\n"
		"\tesac\n"
		"\tcase ${COMP_WORDS[1]} in\n",
		out);
	for (size_t i = 0; command_table[i]; i++) {
		(void)fprintf(out, "\t%s) flags=\"", command_table[i]->name);
		write_flags(out, command_table[i], " ");
		(void)fprintf(out, "\"%s",
		              takes_canaries(command_table[i]) ? " words=canaries" : "");
		write_choices(out, command_table[i], " choices=\"", "\"");
		(void)fputs(" ;;\n", out);
	}
	(void)fputs(
		"\tesac\n"
		"\tcase $word in\n"
		"\t-*)\n"
		"\t\tmapfile -t COMPREPLY < <(compgen -W \"$flags\" -- \"$word\")\n"
		"\t\treturn ;;\n"
		"\tesac\n"
		"\tif [ $words = canaries ]; then\n"
		"\t\tmapfile -t COMPREPLY < <(compgen -W \"$choices $(_serin_canaries)\" -- \"$word\")\n"
		"\telse\n"
		"\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$word\")\n"
		"\tfi\n}\n"
		"complete -F _serin serin kubectl-canary\n",
		out);
}

/* TEXT between single quotes of a shell. */
static void write_quoted(FILE *out, const char *text)
{
	(void)fputc('\'', out);
	for (; *text; text++)
		(void)fputs(*text == '\'' ? "'\\''" : (char[]){*text, '\0'}, out);
	(void)fputc('\'', out);
}

/* The help of a flag inside an _arguments specification, where brackets and colons mean something.
 */
static void write_zsh_flag(FILE *out, const struct command_flag *flag)
{
	(void)fprintf(out, " \\\n\t\t\t'--%s[", flag->name);
	for (const char *c = flag->help; *c; c++) {
		if (*c == '\'')
			(void)fputs("'\\''", out);
		else
			(void)fprintf(out, "%s%c", strchr("[]:\\", *c) ? "\\" : "", *c);
	}
	(void)fputc(']', out);
	if (flag->value_name && strcmp(flag->name, "output") == 0)
		(void)fputs(":form:(wide json yaml)", out);
	else if (flag->value_name)
		(void)fprintf(out, ":%s:%s", flag->name,
		              strcmp(flag->value_name, "FILE") == 0 ? "_files" : "");
	(void)fputc('\'', out);
}

static void write_zsh(FILE *out)
{
	(void)fputs(
		"#compdef serin kubectl-canary\n"
		"_serin_canaries()\n{\n"
		"\tlocal -a given names\n"
		"\tlocal i\n"
		"\tfor ((i = 2; i < CURRENT; i++)); do\n"
		"\t\tcase $words[i] in\n"
		"\t\t-n|--namespace|--context|--kubeconfig)\n"
		"\t\t\tgiven+=(\"$words[i]\" \"$words[i+1]\") ;;\n"
		"\t\tesac\n"
		"\tdone\n"
		"\tnames=(${${(f)\"$($program list --no-headers $given 2>/dev/null)\"}%% *})\n"
		"\tcompadd -a names\n"
		"}\n"
		"_serin()\n{\n"
		"\tlocal -a commands\n"
		"\tlocal program=$words[1]\n"
		"\tcommands=(\n",
		out);
	for (size_t i = 0; command_table[i]; i++) {
		(void)fprintf(out, "\t\t%s:", command_table[i]->name);
		write_quoted(out, command_table[i]->summary);
		(void)fputc('\n', out);
	}
	(void)fputs(
		"\t)\n"
		"\tif (( CURRENT == 2 )); then\n"
		"\t\t_describe command commands\n"
		"\t\treturn\n"
		"\tfi\n"
		"\tshift words\n\t(( CURRENT-- ))\n"
		"\tcase $words[1] in\n",
		out);
	for (size_t i = 0; command_table[i]; i++) {
		const struct command *command = command_table[i];

		(void)fprintf(out, "\t%s)\n\t\t_arguments", command->name);
		for (size_t k = 0; k < COMMAND_FLAGS_USUAL_MAX; k++)
			if (command_flags_has(command, &command_flags_usual[k]))
				write_zsh_flag(out, &command_flags_usual[k].flag);
		for (size_t k = 0; k < command->n_flags; k++)
			write_zsh_flag(out, &command->flags[k]);
		write_choices(out, command, " \\\n\t\t\t'1:report:(", ")'");
		(void)fprintf(out, " \\\n\t\t\t'*:%s' ;;\n",
		              takes_canaries(command) ? "canary:_serin_canaries" : "file:_files");
	}
	(void)fputs(
		"\tesac\n}\n"
		"if [ \"$funcstack[1]\" = _serin ]; then\n\t_serin \"$@\"\nelse\n"
		"\tcompdef _serin serin kubectl-canary\nfi\n",
		out);
}

static void write_fish_flag(FILE *out, const char *program, const char *command,
                            const struct command_flag *flag)
{
	(void)fprintf(out, "complete -c %s -n '__fish_seen_subcommand_from %s' -l %s", program,
	              command, flag->name);
	if (flag->letter)
		(void)fprintf(out, " -s %c", flag->letter);
	if (flag->value_name && strcmp(flag->name, "output") == 0)
		(void)fputs(" -x -a 'wide json yaml'", out);
	else if (flag->value_name)
		(void)fputs(" -r", out);
	(void)fputs(" -d ", out);
	write_quoted(out, flag->help);
	(void)fputc('\n', out);
}

static void write_fish_canaries(FILE *out)
{
	(void)fputs(
		"# fish completion for serin and kubectl-canary\n"
		"function __serin_canaries\n"
		"\tset -l words (commandline -opc)\n"
		"\tset -l given\n"
		"\tfor i in (seq 2 (math (count $words) - 1))\n"
		"\t\tswitch $words[$i]\n"
		"\t\t\tcase -n --namespace --context --kubeconfig\n"
		"\t\t\t\tset given $given $words[$i] $words[(math $i + 1)]\n"
		"\t\tend\n"
		"\tend\n"
		"\t$words[1] list --no-headers $given 2>/dev/null | string replace -r ' .*' ''\n"
		"end\n",
		out);
}

static void write_fish_choices(FILE *out, const char *program, const struct command *command)
{
	char before[160];

	text_format(before, sizeof(before),
	            "complete -c %s -n '__fish_seen_subcommand_from %s' -f -a '", program,
	            command->name);
	write_choices(out, command, before, "'\n");
}

static void write_fish_program(FILE *out, const char *program)
{
	for (size_t i = 0; command_table[i]; i++) {
		const struct command *command = command_table[i];

		(void)fprintf(out, "complete -c %s -n __fish_use_subcommand -f -a %s -d ", program,
		              command->name);
		write_quoted(out, command->summary);
		(void)fputc('\n', out);
		if (takes_canaries(command))
			(void)fprintf(out,
			              "complete -c %s -n '__fish_seen_subcommand_from %s' -f "
			              "-a '(__serin_canaries)'\n",
			              program, command->name);
		write_fish_choices(out, program, command);
		for (size_t k = 0; k < COMMAND_FLAGS_USUAL_MAX; k++)
			if (command_flags_has(command, &command_flags_usual[k]))
				write_fish_flag(out, program, command->name,
				                &command_flags_usual[k].flag);
		for (size_t k = 0; k < command->n_flags; k++)
			write_fish_flag(out, program, command->name, &command->flags[k]);
	}
}

static enum command_exit run(struct command_call *call)
{
	const char *shell = call->words[0];

	if (strcmp(shell, "bash") == 0) {
		write_bash(call->out);
	} else if (strcmp(shell, "zsh") == 0) {
		write_zsh(call->out);
	} else if (strcmp(shell, "fish") == 0) {
		write_fish_canaries(call->out);
		write_fish_program(call->out, "serin");
		write_fish_program(call->out, "kubectl-canary");
	} else {
		return command_say(call, COMMAND_USAGE, "\"%.40s\": expected bash, zsh or fish",
		                   shell);
	}
	return COMMAND_OK;
}

const struct command command_completion = {
	.name = "completion",
	.summary = "Print the completion for a shell",
	.words = "bash|zsh|fish",
	.text = "For bash: source <(serin completion bash). For zsh, put it into a file _serin of "
		"$fpath; for\nfish, into ~/.config/fish/completions/serin.fish.\n",
	.example = "completion bash",
	.n_words_min = 1,
	.n_words_max = 1,
	.run = run,
};
