#include "agent/command/command_choice.h"

#include "analysis/base/text.h"
#include "providers/wire/nearest.h"

#include <stdlib.h>
#include <string.h>

#define DAY_SECONDS 86400
#define DAYS_MAX    36500
#define WORD_MAX    40
#define DATE_LENGTH 10 /* "2026-11-20" */

static bool parse_days(const char *text, struct span *ret)
{
	size_t n_digits = strspn(text, "0123456789");
	long days = strtol(text, NULL, 10);

	if (n_digits == 0 || strcmp(text + n_digits, "d") != 0 || days <= 0 || days > DAYS_MAX)
		return false;
	*ret = span_seconds((int64_t)days * DAY_SECONDS);
	return true;
}

static bool parse_time(const char *text, struct instant *ret)
{
	char midnight[INSTANT_TEXT_MAX];

	if (strlen(text) != DATE_LENGTH)
		return instant_parse(text, ret, NULL);
	text_format(midnight, sizeof(midnight), "%sT00:00:00Z", text);
	return instant_parse(midnight, ret, NULL);
}

static bool parse_since(const char *text, struct command_choice *ret, struct err *err)
{
	struct span age;

	if (parse_time(text, &ret->since))
		return true;
	if (!parse_days(text, &age) && (!span_parse(text, &age, NULL) || age.ms <= 0))
		return err_set(err, ERR_INVALID,
		               "--since: expected an age (90m, 7d) or a time (2026-11-20, "
		               "2026-11-20T08:00:00Z), got \"%.60s\"",
		               text);
	ret->age = age;
	return true;
}

static bool refuse_result(const char *word, struct err *err)
{
	const char *nearest = NULL;
	size_t distance = 0;

	nearest_consider(word, "open", &nearest, &distance);
	for (enum release_outcome i = OUTCOME_PROMOTED; i <= OUTCOME_CANCELLED; i++)
		nearest_consider(word, release_outcome_name(i), &nearest, &distance);
	if (nearest)
		return err_set(err, ERR_INVALID, "--result: \"%s\": did you mean %s?", word,
		               nearest);
	return err_set(err, ERR_INVALID,
	               "--result: expected " COMMAND_CHOICE_RESULTS ", got \"%s\"", word);
}

static bool add_result(const char *text, size_t length, struct command_choice *ret, struct err *err)
{
	char word[WORD_MAX];
	enum release_outcome outcome;

	text_format(word, sizeof(word), "%.*s", (int)length, text);
	for (char *dash = strchr(word, '-'); dash; dash = strchr(dash, '-'))
		*dash = '_';
	outcome = release_outcome_find(word);
	if (outcome == OUTCOME_NONE && strcmp(word, "open") != 0)
		return refuse_result(word, err);
	ret->results |= 1U << outcome;
	return true;
}

static bool parse_results(const char *text, struct command_choice *ret, struct err *err)
{
	for (;;) {
		size_t length = strcspn(text, ",");

		if (!add_result(text, length, ret, err))
			return false;
		if (text[length] == '\0')
			return true;
		text += length + 1;
	}
}

bool command_choice_parse(const char *since, const char *results, struct command_choice *ret,
                          struct err *err)
{
	struct command_choice choice = {0};

	if (since && !parse_since(since, &choice, err))
		return false;
	if (results && !parse_results(results, &choice, err))
		return false;
	*ret = choice;
	return true;
}

bool command_choice_takes(const struct command_choice *choice, const struct command_run *run,
                          struct instant now)
{
	struct instant since =
		choice->age.ms > 0 ? instant_after(now, span_ms(-choice->age.ms)) : choice->since;
	struct instant finished = run->release.status.times.finished;

	if (choice->results &&
	    (*run->trouble || !(choice->results & 1U << run->release.status.outcome)))
		return false;
	return !instant_is_set(finished) || !instant_is_before(finished, since);
}
