#include "agent/command/command_near.h"

#include <assert.h>
#include <string.h>

#define NEAR_MAX 3

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

size_t command_near_distance(const char *a, const char *b)
{
	size_t row[COMMAND_NEAR_NAME_MAX];
	size_t width = strlen(b);

	assert(width < COMMAND_NEAR_NAME_MAX && strlen(a) < COMMAND_NEAR_NAME_MAX);
	for (size_t k = 0; k <= width; k++)
		row[k] = k;
	for (size_t i = 0; a[i]; i++) {
		size_t corner = row[0];

		row[0] = i + 1;
		for (size_t k = 0; k < width; k++) {
			size_t replaced = corner + (a[i] == b[k] ? 0 : 1);

			corner = row[k + 1];
			row[k + 1] = least(least(row[k], row[k + 1]) + 1, replaced);
		}
	}
	return row[width];
}

const char *command_near_find(const char *word, const char *const names[], size_t n_names)
{
	const char *nearest = NULL;
	size_t best = NEAR_MAX + 1;

	if (strlen(word) >= COMMAND_NEAR_NAME_MAX)
		return NULL;
	for (size_t i = 0; i < n_names; i++) {
		size_t far;

		if (!names[i] || strlen(names[i]) >= COMMAND_NEAR_NAME_MAX)
			continue;
		far = command_near_distance(word, names[i]);
		if (far >= best || far >= strlen(word))
			continue;
		best = far;
		nearest = names[i];
	}
	return nearest;
}
