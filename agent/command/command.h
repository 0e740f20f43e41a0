/*
 * The commands that people type: `serin status cart`, or the same binary as `kubectl canary status
 * cart`. One table row each, from which --help, the completions and the man page are made.
 *
 * Glossary. *Call*: one run of a command: its words, its flags, where it writes. *Form*: how the
 * output is written (-o). *Screen*: what the output goes to.
 */
#ifndef AGENT_COMMAND_COMMAND_H
#define AGENT_COMMAND_COMMAND_H

#include "analysis/base/err.h"
#include "analysis/base/instant.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define COMMAND_FLAGS_MAX 16 /* of one command, beside the usual ones */
#define COMMAND_WORDS_MAX 64 /* arguments that are no flags; more is a usage error */

/* What the shell gets; docs/commands.md has the same table. */
enum command_exit {
	COMMAND_OK = 0,
	COMMAND_FAILED = 1,          /* no answer, no right, a file that cannot be read */
	COMMAND_USAGE = 2,           /* a flag or word that is not understood */
	COMMAND_NOT_FOUND = 3,       /* the named canary or release is not there */
	COMMAND_REFUSED = 4,         /* lint, audit verify, replay: something is wrong there */
	COMMAND_CHANGES = 5,         /* plan: something would be written */
	COMMAND_VERB_REFUSED = 6,    /* a verb that cannot be carried out */
	COMMAND_UNANSWERED = 7,      /* a verb that no agent answered in time */
	COMMAND_ENDED_OTHERWISE = 8, /* wait: the release came to another end */
	COMMAND_TIMED_OUT = 9,       /* wait: no end in time */
};

/* What each of them means, for people. */
#define COMMAND_EXITS_MAX 10
extern const char *const command_exits[COMMAND_EXITS_MAX];

enum command_form {
	COMMAND_FORM_TEXT,
	COMMAND_FORM_WIDE,
	COMMAND_FORM_JSON,
	COMMAND_FORM_YAML,
};

/* What the output goes to. */
struct command_screen {
	bool is_terminal;
	bool has_colour;
	bool is_utf8; /* false: symbols are written in ASCII */
	int columns;  /* 0: no limit, as when the output goes into a file */
};

/* Which of the usual flags a command takes, added together. */
enum command_takes {
	COMMAND_TAKES_NONE = 0,
	COMMAND_TAKES_CLUSTER = 1,   /* --context, --kubeconfig */
	COMMAND_TAKES_NAMESPACE = 2, /* -n, --namespace */
	COMMAND_TAKES_ALL = 4,       /* -A, --all-namespaces */
	COMMAND_TAKES_OUTPUT = 8,    /* -o json|yaml */
	COMMAND_TAKES_WIDE = 16,     /* -o wide too */
	COMMAND_TAKES_WATCH = 32,    /* -w, --watch */
	COMMAND_TAKES_HEADERS = 64,  /* --no-headers */
};

/* The usual flags as given. Texts are borrowed from the command line; "" when not given. */
struct command_flags {
	const char *k8s_namespace;
	const char *context;
	const char *kubeconfig;
	bool is_everywhere; /* -A */
	bool is_watching;   /* -w */
	bool has_no_headers;
	enum command_form form;
};

/* A flag of one command's own. */
struct command_flag {
	const char *name;       /* "file", without dashes */
	char letter;            /* 'f'; 0: none */
	const char *value_name; /* "FILE"; NULL: the flag takes no value */
	const char *help;
};

struct command;

/* One run of a command. */
struct command_call {
	const struct command *command;
	const char *program; /* "serin" or "kubectl canary" */
	struct command_flags flags;
	const char *words[COMMAND_WORDS_MAX]; /* arguments that are no flags */
	size_t n_words;
	const char *values[COMMAND_FLAGS_MAX]; /* of the command's own flags; NULL: not given, "":
	                                          given, without a value */
	FILE *in;                              /* where a person answers; NULL: there is nobody */
	FILE *out;
	FILE *trouble; /* stderr */
	struct command_screen screen;
	const char *(*environment)(const char *name); /* as getenv */
	struct instant fixed_now; /* what this machine's clock says; not set: the clock */
	struct span lead;         /* how far the server's clock is ahead of it */
};

/* A row of the table. */
struct command {
	const char *name;
	const char *summary; /* "Show where a canary stands": no full stop */
	const char *words;   /* "[NAME]" in the usage line; "" for none */
	const char *text;    /* paragraphs for --help, with line ends */
	const char *example; /* "status cart -n shop": without the program */
	unsigned int takes;  /* of enum command_takes */
	size_t n_words_min;
	size_t n_words_max;
	const struct command_flag *flags;
	size_t n_flags;
	enum command_exit (*run)(struct command_call *call);
	void (*more)(FILE *out); /* further lines of --help and the manual page; NULL: none */
	/* Visit the words that it knows beside names, for completions; NULL: there are none. */
	void (*choices)(void (*visit)(void *user, const char *word), void *user);
};

/* All commands in the order of --help; NULL ends it. */
extern const struct command *const command_table[];

/* The row named NAME, or NULL. */
const struct command *command_find(const char *name);

/* What a call needs from the machine: streams, environment, screen. Set by command_standard or by a
 * test. */
struct command_setting {
	FILE *in; /* NULL: nobody can be asked */
	FILE *out;
	FILE *trouble;
	struct command_screen screen;
	const char *(*environment)(const char *name);
	struct instant fixed_now;
};

/* stdout, stderr, getenv, and the terminal as it is (NO_COLOR, TERM, COLUMNS, locale). */
struct command_setting command_standard(void);

/*
 * Run the command line: ARGV[0] tells the program's name ("kubectl-canary" is `kubectl canary`),
 * ARGV[1] the command. The command `agent` is main's.
 */
enum command_exit command_main(int argc, char *const argv[], const struct command_setting *setting);

/* --help of one command, and of all. */
void command_help(FILE *stream, const char *program, const struct command *command);
void command_help_all(FILE *stream, const char *program);

/* The value of the command's own flag NAME, or NULL when it was not given. Asserts that the command
 * has it. */
const char *command_value(const struct command_call *call, const char *name);

/* The time: by the server's clock once it has answered, since the times shown are its own; before
 * that this machine's, or the one fixed for the call. */
struct instant command_now(const struct command_call *call);

/* Say "serin status: TEXT" on stderr and return COMMAND_FAILED. */
enum command_exit command_fail(const struct command_call *call, const struct err *err);

/* The same with a text of its own and another exit. */
enum command_exit command_say(const struct command_call *call, enum command_exit status,
                              const char *format, ...) PRINTF_LIKE(3, 4);

#endif
