#include "agent/demo/demo_options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SPEED 20
#define SEED  1

static bool read_number(const char *name, const char *text, uint64_t most, uint64_t *ret,
                        struct err *err)
{
	char *end;
	unsigned long long number;

	errno = 0;
	number = strtoull(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end || errno != 0 || number > most)
		return err_set(err, ERR_INVALID, "--%s: expected a number to %llu, got \"%.60s\"",
		               name, (unsigned long long)most, text);
	*ret = number;
	return true;
}

static bool set_value(const char *name, const char *value, struct demo_options *options,
                      struct err *err)
{
	uint64_t number = 0;

	if (strcmp(name, "dir") == 0) {
		options->directory = value;
		return value[0] ||
		       err_set(err, ERR_INVALID, "--dir: expected a directory, got nothing");
	}
	if (strcmp(name, "seed") == 0)
		return read_number(name, value, UINT64_MAX, &options->seed, err);
	if (strcmp(name, "speed") == 0) {
		if (!read_number(name, value, DEMO_OPTIONS_SPEED_MAX, &number, err))
			return false;
		options->speed = (int)number;
		return true;
	}
	if (!read_number(name, value, UINT16_MAX, &number, err))
		return false;
	options->port = (uint16_t)number;
	return true;
}

static bool set_flag(const char *name, struct demo_options *options, struct err *err)
{
	if (strcmp(name, "keep") == 0)
		options->is_kept = true;
	else if (strcmp(name, "no-colour") == 0 || strcmp(name, "no-color") == 0)
		options->is_plain = true;
	else if (strcmp(name, "help") == 0)
		options->is_help_wanted = true;
	else
		return err_set(err, ERR_INVALID, "--%.60s: no such flag; see serin demo --help",
		               name);
	return true;
}

static bool has_value(const char *name)
{
	return strcmp(name, "dir") == 0 || strcmp(name, "seed") == 0 ||
	       strcmp(name, "speed") == 0 || strcmp(name, "port") == 0;
}

static bool parse_one(int argc, char *const argv[], int *at, struct demo_options *options,
                      struct err *err)
{
	const char *word = strcmp(argv[*at], "-h") == 0 ? "--help" : argv[*at];
	const char *equals = strchr(word, '=');
	char name[64];

	if (strncmp(word, "--", 2) != 0)
		return err_set(err, ERR_INVALID,
		               "\"%.60s\": expected a flag; see serin demo --help", word);
	(void)snprintf(name, sizeof(name), "%.*s",
	               equals ? (int)(equals - word - 2) : (int)strlen(word) - 2, word + 2);
	if (!has_value(name))
		return set_flag(equals ? word + 2 : name, options, err);
	if (equals)
		return set_value(name, equals + 1, options, err);
	if (*at + 1 >= argc)
		return err_set(err, ERR_INVALID, "--%s: expected a value", name);
	return set_value(name, argv[++*at], options, err);
}

bool demo_options_parse(int argc, char *const argv[], struct demo_options *ret, struct err *err)
{
	struct demo_options options = {.seed = SEED, .speed = SPEED, .directory = ""};

	for (int i = 1; i < argc; i++) {
		if (!parse_one(argc, argv, &i, &options, err))
			return false;
	}
	*ret = options;
	return true;
}

void demo_options_help(FILE *stream)
{
	(void)fputs(
		"Usage: serin demo [FLAG]...\n"
		"\n"
		"A good release is promoted and a slow one rolled back, in a cluster inside this\n"
		"process, in about a minute. Needs no cluster, no network and no rights.\n"
		"\n"
		"  --keep         let the API server stay on 127.0.0.1 afterwards, for kubectl and\n"
		"                 the other commands; Ctrl-C ends it\n"
		"  --port NUMBER  of the API server (any free one)\n"
		"  --speed NUMBER virtual seconds in one, 0 for as fast as it can (20)\n"
		"  --seed NUMBER  of the users' requests (1)\n"
		"  --dir DIRECTORY for history.db and the kubeconfig ($XDG_STATE_HOME/serin/demo,\n"
		"                 where the files of the last demo give way)\n"
		"  --no-colour    plain text, as with NO_COLOR set or not on a terminal\n"
		"  --help         print this\n"
		"\n"
		"Ctrl-C before the end takes all away that the demo made; at the end history.db\n"
		"stays. Exit codes: 0 as told above, 1 it came otherwise, 2 wrong command line,\n"
		"130 a signal ended it.\n"
		"\n"
		"Example: serin demo --keep\n",
		stream);
}
