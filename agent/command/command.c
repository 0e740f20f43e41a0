#include "agent/command/command.h"

#include "agent/command/command_flags.h"
#include "analysis/base/compiler.h"
#include "providers/wire/nearest.h"

#include <assert.h>
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define COLUMNS_MAX 1000
#define HELP_COLUMN 30
#define HEAD_MAX    128

const char *const command_exits[COMMAND_EXITS_MAX] = {
	[COMMAND_OK] = "It went well.",
	[COMMAND_FAILED] = "No answer, no right, or a file that cannot be read or written.",
	[COMMAND_USAGE] = "A flag or word that is not understood.",
	[COMMAND_NOT_FOUND] = "What was named is not there.",
	[COMMAND_REFUSED] =
		"lint found errors, audit verify a bad record, or replay another decision.",
	[COMMAND_CHANGES] = "plan found something that would be written.",
	[COMMAND_VERB_REFUSED] = "A verb was refused; the sentence says why.",
	[COMMAND_UNANSWERED] =
		"A verb was not answered in time; it stands, and an agent that comes carries it out.",
	[COMMAND_ENDED_OTHERWISE] = "wait: the release came to another end than --for says.",
	[COMMAND_TIMED_OUT] = "wait: --timeout was over first.",
};

/* What the program is beside its commands; agent/main.c runs them. */
static const struct {
	const char *name;
	const char *summary;
} programs[] = {
	{"agent", "Serve Canaries in a cluster"},
	{"demo", "Show a release promoted and one rolled back, in this process"},
};

const struct command *command_find(const char *name)
{
	for (size_t i = 0; command_table[i]; i++)
		if (strcmp(command_table[i]->name, name) == 0)
			return command_table[i];
	return NULL;
}

/* The screen ---------------------------------------------------------------------------------- */

static const char *environment(const char *name)
{
	return getenv(name);
}

static int count_columns(void)
{
	const char *text = getenv("COLUMNS");
	long wanted = text ? strtol(text, NULL, 10) : 0;
	struct winsize size;

	if (wanted > 0 && wanted <= COLUMNS_MAX)
		return (int)wanted;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	return 80;
}

struct command_setting command_standard(void)
{
	const char *no_colour = getenv("NO_COLOR");
	const char *term = getenv("TERM");
	struct command_setting setting = {
		.in = isatty(STDIN_FILENO) == 1 ? stdin : NULL,
		.out = stdout,
		.trouble = stderr,
		.environment = environment,
	};
	struct command_screen *screen = &setting.screen;

	(void)setlocale(LC_CTYPE, "");
	screen->is_utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	screen->is_terminal = isatty(STDOUT_FILENO) == 1;
	if (!screen->is_terminal)
		return setting;
	screen->columns = count_columns();
	screen->has_colour =
		!(no_colour && *no_colour) && term && *term && strcmp(term, "dumb") != 0;
	return setting;
}

/* --help -------------------------------------------------------------------------------------- */

static void write_flag(FILE *stream, const struct command_flag *flag, const char *forms)
{
	bool is_form = strcmp(flag->name, "output") == 0;
	char head[HEAD_MAX];
	char letter[8] = "";

	if (flag->letter)
		(void)snprintf(letter, sizeof(letter), "-%c, ", flag->letter);
	(void)snprintf(head, sizeof(head), "%4s--%s%s%s", letter, flag->name,
	               flag->value_name ? " " : "", flag->value_name ? flag->value_name : "");
	(void)fprintf(stream, "  %-*s %s%s%s\n", HELP_COLUMN, head, flag->help, is_form ? ": " : "",
	              is_form ? forms : "");
}

void command_help(FILE *stream, const char *program, const struct command *command)
{
	(void)fprintf(stream, "%s.\n\nUsage: %s %s [FLAG]...%s%s\n", command->summary, program,
	              command->name, *command->words ? " " : "", command->words);
	if (*command->text)
		(void)fprintf(stream, "\n%s", command->text);
	if (command->more) {
		(void)fputc('\n', stream);
		command->more(stream);
	}
	(void)fprintf(stream, "\nExample:\n  %s %s\n\nFlags:\n", program, command->example);
	for (size_t i = 0; i < command->n_flags; i++)
		write_flag(stream, &command->flags[i], "");
	for (size_t i = 0; i < COMMAND_FLAGS_USUAL_MAX; i++)
		if (command_flags_has(command, &command_flags_usual[i]))
			write_flag(stream, &command_flags_usual[i].flag,
			           command_flags_forms(command));
}

void command_help_all(FILE *stream, const char *program)
{
	(void)fprintf(stream, "Usage: %s COMMAND [FLAG]... [NAME]\n\nCommands:\n", program);
	for (size_t i = 0; command_table[i]; i++)
		(void)fprintf(stream, "  %-12s %s\n", command_table[i]->name,
		              command_table[i]->summary);
	for (size_t i = 0; strcmp(program, "serin") == 0 && i < array_length(programs); i++)
		(void)fprintf(stream, "  %-12s %s\n", programs[i].name, programs[i].summary);
	(void)fprintf(stream, "\n%s COMMAND --help tells more, with an example.\n", program);
}

/* Trouble ------------------------------------------------------------------------------------- */

enum command_exit command_say(const struct command_call *call, enum command_exit status,
                              const char *format, ...)
{
	va_list args;

	(void)fflush(call->out);
	(void)fprintf(call->trouble, "%s%s%s: ", call->program, call->command ? " " : "",
	              call->command ? call->command->name : "");
	va_start(args, format);
	(void)vfprintf(call->trouble, format, args);
	va_end(args);
	(void)fputc('\n', call->trouble);
	return status;
}

enum command_exit command_fail(const struct command_call *call, const struct err *err)
{
	return command_say(call, COMMAND_FAILED, "%s", err->text);
}

/* Calls --------------------------------------------------------------------------------------- */

const char *command_value(const struct command_call *call, const char *name)
{
	for (size_t i = 0; i < call->command->n_flags; i++)
		if (strcmp(call->command->flags[i].name, name) == 0)
			return call->values[i];
	assert(false);
	return NULL;
}

static struct instant own_clock(const struct command_call *call)
{
	struct timespec now;

	if (instant_is_set(call->fixed_now))
		return call->fixed_now;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (struct instant){(int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000};
}

struct instant command_now(const struct command_call *call)
{
	return instant_after(own_clock(call), call->lead);
}

static enum command_exit refuse_command(const struct command_call *call, const char *word)
{
	const char *nearest = NULL;
	size_t distance = 0;

	for (size_t i = 0; command_table[i]; i++)
		nearest_consider(word, command_table[i]->name, &nearest, &distance);
	for (size_t i = 0; strcmp(call->program, "serin") == 0 && i < array_length(programs); i++)
		nearest_consider(word, programs[i].name, &nearest, &distance);
	if (nearest)
		return command_say(call, COMMAND_USAGE,
		                   "\"%.100s\": no such command; did you mean %s?", word, nearest);
	return command_say(call, COMMAND_USAGE, "\"%.100s\": no such command; see %s --help", word,
	                   call->program);
}

/* What was written must have arrived: a full disk is a failure, a reader that left is none. */
static enum command_exit finish(const struct command_call *call, enum command_exit status)
{
	bool is_written = fflush(call->out) == 0;

	if ((!is_written && errno == EPIPE) || status != COMMAND_OK)
		return status;
	if (is_written && !ferror(call->out))
		return status;
	return command_say(call, COMMAND_FAILED, "the output could not be written");
}

static enum command_exit run(struct command_call *call, int argc, char *const argv[])
{
	bool is_help_wanted = false;
	struct err err = {0};

	if (!command_flags_parse(call, argc, argv, &is_help_wanted, &err))
		return command_say(call, COMMAND_USAGE, "%s", err.text);
	if (is_help_wanted) {
		command_help(call->out, call->program, call->command);
		return finish(call, COMMAND_OK);
	}
	return finish(call, call->command->run(call));
}

/* `help`, `help status`; of `agent` and `demo` the list says where to ask. */
static enum command_exit help(struct command_call *call, const char *word)
{
	const struct command *command = command_find(word);
	bool is_known = !*word || command;

	for (size_t i = 0; strcmp(call->program, "serin") == 0 && i < array_length(programs); i++)
		is_known = is_known || strcmp(word, programs[i].name) == 0;
	if (!is_known)
		return refuse_command(call, word);
	if (command)
		command_help(call->out, call->program, command);
	else
		command_help_all(call->out, call->program);
	return finish(call, COMMAND_OK);
}

static const char *name_program(const char *path)
{
	const char *slash = strrchr(path, '/');

	return strcmp(slash ? slash + 1 : path, "kubectl-canary") == 0 ? "kubectl canary" : "serin";
}

enum command_exit command_main(int argc, char *const argv[], const struct command_setting *setting)
{
	struct command_call call = {
		.program = name_program(argc > 0 ? argv[0] : ""),
		.in = setting->in,
		.out = setting->out,
		.trouble = setting->trouble,
		.screen = setting->screen,
		.environment = setting->environment,
		.fixed_now = setting->fixed_now,
	};
	const char *word = argc > 1 ? argv[1] : "";

	if (!*word) {
		command_help_all(call.trouble, call.program);
		return COMMAND_USAGE;
	}
	if (strcmp(word, "help") == 0 || strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
		return help(&call, argc > 2 ? argv[2] : "");
	}
	call.command = command_find(strcmp(word, "--version") == 0 ? "version" : word);
	return call.command ? run(&call, argc - 1, argv + 1) : refuse_command(&call, word);
}
