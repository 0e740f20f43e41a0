#include "agent/command/command_flags.h"

#include "providers/wire/nearest.h"

#include <assert.h>
#include <string.h>

#define WORD_MAX   64
#define NAME_BYTES 253

/* One place in the command line, where a flag is being read. */
struct place {
	int argc;
	char *const *argv;
	int at;
	bool is_help_wanted;
};

const struct command_flags_usual command_flags_usual[COMMAND_FLAGS_USUAL_MAX] = {
	{{"namespace", 'n', "NAME", "namespace; without it the context's"},
         COMMAND_TAKES_NAMESPACE},
	{{"all-namespaces", 'A', NULL, "all namespaces"}, COMMAND_TAKES_ALL},
	{{"output", 'o', "FORM", "how to write it"}, COMMAND_TAKES_OUTPUT},
	{{"watch", 'w', NULL, "go on, and write what changes"}, COMMAND_TAKES_WATCH},
	{{"no-headers", 0, NULL, "no titles over the columns"}, COMMAND_TAKES_HEADERS},
	{{"context", 0, "NAME", "context of the kubeconfig; without it its current one"},
         COMMAND_TAKES_CLUSTER},
	{{"kubeconfig", 0, "FILE",
          "kubeconfig; without it those of $KUBECONFIG, ~/.kube/config, or the pod's own files"},
         COMMAND_TAKES_CLUSTER},
	{{"help", 'h', NULL, "this text"}, COMMAND_TAKES_NONE},
};

bool command_flags_has(const struct command *command, const struct command_flags_usual *usual)
{
	return usual->takes == COMMAND_TAKES_NONE || command->takes & (unsigned int)usual->takes;
}

const char *command_flags_forms(const struct command *command)
{
	if (command->takes & COMMAND_TAKES_WIDE)
		return "wide|json|yaml";
	return command->takes & COMMAND_TAKES_OUTPUT ? "json|yaml" : "";
}

/* The flag by its name, or by its letter when NAME is NULL. */
static const struct command_flag *find_own(const struct command *command, const char *name,
                                           char letter)
{
	for (size_t i = 0; i < command->n_flags; i++) {
		const struct command_flag *flag = &command->flags[i];

		if (name ? strcmp(flag->name, name) == 0 : flag->letter == letter)
			return flag;
	}
	return NULL;
}

static const struct command_flag *find_flag(const struct command *command, const char *name,
                                            char letter)
{
	for (size_t i = 0; i < array_length(command_flags_usual); i++) {
		const struct command_flag *flag = &command_flags_usual[i].flag;

		if (!command_flags_has(command, &command_flags_usual[i]))
			continue;
		if (name ? strcmp(flag->name, name) == 0 : flag->letter == letter)
			return flag;
	}
	return find_own(command, name, letter);
}

static bool refuse_unknown(const struct command *command, const char *name, struct err *err)
{
	const char *nearest = NULL;
	size_t distance = 0;

	for (size_t i = 0; i < array_length(command_flags_usual); i++)
		if (command_flags_has(command, &command_flags_usual[i]))
			nearest_consider(name, command_flags_usual[i].flag.name, &nearest,
			                 &distance);
	for (size_t i = 0; i < command->n_flags; i++)
		nearest_consider(name, command->flags[i].name, &nearest, &distance);
	if (nearest)
		return err_set(err, ERR_INVALID, "--%.100s: no such flag; did you mean --%s?", name,
		               nearest);
	return err_set(err, ERR_INVALID, "--%.100s: no such flag; see --help", name);
}

static bool set_form(struct command_call *call, const char *value, struct err *err)
{
	static const struct {
		const char *name;
		enum command_form form;
		unsigned int takes;
	} forms[] = {
		{"wide", COMMAND_FORM_WIDE, COMMAND_TAKES_WIDE},
		{"json", COMMAND_FORM_JSON, COMMAND_TAKES_OUTPUT},
		{"yaml", COMMAND_FORM_YAML, COMMAND_TAKES_OUTPUT},
	};

	for (size_t i = 0; i < array_length(forms); i++) {
		if (strcmp(forms[i].name, value) != 0 || !(call->command->takes & forms[i].takes))
			continue;
		call->flags.form = forms[i].form;
		return true;
	}
	return err_set(err, ERR_INVALID, "--output: expected %s, got \"%.100s\"",
	               command_flags_forms(call->command), value);
}

static bool set_text(const struct command_flag *flag, const char *value, const char **ret,
                     struct err *err)
{
	if (!*value)
		return err_set(err, ERR_INVALID, "--%s: expected a value", flag->name);
	*ret = value;
	return true;
}

static bool set_truth(const struct command_flag *flag, const char *value, bool *ret,
                      struct err *err)
{
	if (value && strcmp(value, "true") != 0 && strcmp(value, "false") != 0)
		return err_set(err, ERR_INVALID, "--%s: expected true or false, got \"%.100s\"",
		               flag->name, value);
	*ret = !value || strcmp(value, "true") == 0;
	return true;
}

/* VALUE is NULL for a flag that takes none and was given none. */
static bool set_usual(struct command_call *call, struct place *place,
                      const struct command_flag *flag, const char *value, struct err *err)
{
	struct command_flags *flags = &call->flags;

	if (strcmp(flag->name, "namespace") == 0)
		return set_text(flag, value, &flags->k8s_namespace, err);
	if (strcmp(flag->name, "context") == 0)
		return set_text(flag, value, &flags->context, err);
	if (strcmp(flag->name, "kubeconfig") == 0)
		return set_text(flag, value, &flags->kubeconfig, err);
	if (strcmp(flag->name, "output") == 0)
		return set_form(call, value, err);
	if (strcmp(flag->name, "all-namespaces") == 0)
		return set_truth(flag, value, &flags->is_everywhere, err);
	if (strcmp(flag->name, "watch") == 0)
		return set_truth(flag, value, &flags->is_watching, err);
	if (strcmp(flag->name, "no-headers") == 0)
		return set_truth(flag, value, &flags->has_no_headers, err);
	assert(strcmp(flag->name, "help") == 0);
	return set_truth(flag, value, &place->is_help_wanted, err);
}

static bool set(struct command_call *call, struct place *place, const struct command_flag *flag,
                const char *value, struct err *err)
{
	const struct command *command = call->command;
	bool is_on = false;

	if (flag->value_name && !value) {
		if (place->at + 1 >= place->argc)
			return err_set(err, ERR_INVALID, "--%s: expected %s after it", flag->name,
			               flag->value_name);
		value = place->argv[++place->at];
	}
	if (command->n_flags == 0 || flag < command->flags ||
	    flag >= command->flags + command->n_flags)
		return set_usual(call, place, flag, value, err);
	if (flag->value_name) {
		call->values[flag - command->flags] = value;
		return true;
	}
	if (!set_truth(flag, value, &is_on, err))
		return false;
	call->values[flag - command->flags] = is_on ? "" : NULL;
	return true;
}

/* --name, --name=value */
static bool parse_long(struct command_call *call, struct place *place, const char *text,
                       struct err *err)
{
	const char *equals = strchr(text, '=');
	size_t length = equals ? (size_t)(equals - text) : strlen(text);
	char name[WORD_MAX];
	const struct command_flag *flag;

	(void)snprintf(name, sizeof(name), "%.*s", (int)(length < WORD_MAX ? length : WORD_MAX),
	               text);
	flag = find_flag(call->command, name, 0);
	if (!flag)
		return refuse_unknown(call->command, name, err);
	return set(call, place, flag, equals ? equals + 1 : NULL, err);
}

/* -n shop, -nshop, -n=shop, -Aw: TEXT is what follows the dash. */
static bool parse_short(struct command_call *call, struct place *place, const char *text,
                        struct err *err)
{
	for (; *text; text++) {
		const struct command_flag *flag = find_flag(call->command, NULL, *text);
		bool is_last = text[1] == '\0';

		if (!flag)
			return err_set(err, ERR_INVALID, "-%c: no such flag; see --help",
			               *text > ' ' && *text < 0x7f ? *text : '?');
		if (flag->value_name)
			return set(call, place, flag,
			           is_last ? NULL : text + (text[1] == '=' ? 2 : 1), err);
		if (text[1] == '=')
			return set(call, place, flag, text + 2, err);
		if (!set(call, place, flag, NULL, err))
			return false;
	}
	return true;
}

static bool add_word(struct command_call *call, const char *word, struct err *err)
{
	const struct command *command = call->command;

	if (call->n_words >= COMMAND_WORDS_MAX)
		return err_set(err, ERR_LIMIT, "expected at most %d arguments", COMMAND_WORDS_MAX);
	if (call->n_words >= command->n_words_max)
		return err_set(err, ERR_INVALID, "\"%.100s\": expected no further argument", word);
	call->words[call->n_words++] = word;
	return true;
}

bool command_flags_is_name(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-.";

	return *name && strlen(name) <= NAME_BYTES && strspn(name, letters) == strlen(name) &&
	       !strstr(name, "..") && name[0] != '.';
}

static bool check_whole(const struct command_call *call, struct err *err)
{
	if (call->n_words < call->command->n_words_min)
		return err_set(err, ERR_INVALID, "expected %s; see --help", call->command->words);
	if (call->flags.is_everywhere && *call->flags.k8s_namespace)
		return err_set(err, ERR_INVALID,
		               "expected --namespace or --all-namespaces, got both");
	if (*call->flags.k8s_namespace && !command_flags_is_name(call->flags.k8s_namespace))
		return err_set(err, ERR_INVALID, "--namespace: expected a name, got \"%.100s\"",
		               call->flags.k8s_namespace);
	return true;
}

bool command_flags_parse(struct command_call *call, int argc, char *const argv[], bool *ret_help,
                         struct err *err)
{
	struct place place = {.argc = argc, .argv = argv};
	bool has_only_words = false;

	call->flags.k8s_namespace = "";
	call->flags.context = "";
	call->flags.kubeconfig = "";
	for (place.at = 1; place.at < argc; place.at++) {
		const char *word = argv[place.at];
		bool is_fine;

		if (!has_only_words && strcmp(word, "--") == 0) {
			has_only_words = true;
			continue;
		}
		if (has_only_words || word[0] != '-' || word[1] == '\0')
			is_fine = add_word(call, word, err);
		else if (word[1] == '-')
			is_fine = parse_long(call, &place, word + 2, err);
		else
			is_fine = parse_short(call, &place, word + 1, err);
		if (!is_fine)
			return false;
	}
	*ret_help = place.is_help_wanted;
	return place.is_help_wanted || check_whole(call, err);
}
