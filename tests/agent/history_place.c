#include "tests/agent/history_place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct history_place *history_place_new(void (*write)(struct desk *history))
{
	struct history_place *place = calloc(1, sizeof(*place));

	assert_non_null(place);
	place->desk = command_desk_new();
	place->history = history_desk_new();
	history_desk_open(place->history);
	write(place->history);
	assert_int_equal(history_desk_close(place->history), 0);
	return place;
}

int history_place_tear_down(void **state)
{
	struct history_place *place = *state;

	command_desk_free(place->desk);
	history_desk_free(place->history);
	free(place);
	return 0;
}

void history_place_run(struct history_place *place, const char *words)
{
	char line[512];

	(void)snprintf(line, sizeof(line), "%.300s --file %s", words, place->history->path);
	command_desk_run(place->desk, line);
}

char *history_place_quoted(const char *text)
{
	char *copy = strdup(text);

	assert_non_null(copy);
	for (char *at = strchr(copy, '\''); at; at = strchr(at, '\''))
		*at = '"';
	return copy;
}
