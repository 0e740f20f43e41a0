#include "tests/agent/recorded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct recorded *recorded_new(void)
{
	struct recorded *recorded = calloc(1, sizeof(*recorded));

	assert_non_null(recorded);
	recorded->desk = command_desk_new();
	recorded->history = history_desk_new();
	history_desk_open(recorded->history);
	return recorded;
}

struct recorded *recorded_free(struct recorded *recorded)
{
	if (!recorded)
		return NULL;
	command_desk_free(recorded->desk);
	history_desk_free(recorded->history);
	free(recorded);
	return NULL;
}

char *recorded_quoted(const char *text)
{
	char *copy = strdup(text);

	assert_non_null(copy);
	for (char *at = strchr(copy, '\''); at; at = strchr(at, '\''))
		*at = '"';
	return copy;
}

void recorded_round(struct recorded *recorded, const struct history_round *round, char ret_uid[32])
{
	struct history_round whole = *round;
	char *spec = recorded_quoted(round->spec);
	char *facts = recorded_quoted(round->facts);

	(void)snprintf(ret_uid, 32, "r-%05u", recorded->n_rounds++);
	whole.uid = ret_uid;
	whole.spec = spec;
	whole.facts = facts;
	whole.base = "";
	whole.plan = "{}";
	whole.reason = "";
	whole.decide_version = "0";
	history_round(recorded->history->history, &whole, NULL, NULL);
	free(spec);
	free(facts);
}

void recorded_close(struct recorded *recorded)
{
	assert_int_equal(history_desk_close(recorded->history), 0);
}

void recorded_run(struct recorded *recorded, const char *command, const char *words)
{
	char line[512];

	(void)snprintf(line, sizeof(line), "%s %.200s --file %s", command, words,
	               recorded->history->path);
	command_desk_run(recorded->desk, line);
}
