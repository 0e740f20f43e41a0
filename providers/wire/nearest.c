#include "providers/wire/nearest.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#define FAR_MAX 3

static bool is_same(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* One row of the table: of A's first I letters against all beginnings of B. */
static void fill_row(const char *a, const char *b, size_t i, size_t rows[3][NEAREST_WORD_MAX + 1])
{
	size_t *row = rows[i % 3];
	const size_t *before = rows[(i + 2) % 3];
	const size_t *two_before = rows[(i + 1) % 3];

	row[0] = i;
	for (size_t j = 1; j <= strlen(b); j++) {
		row[j] = least(before[j], row[j - 1]) + 1;
		row[j] = least(row[j], before[j - 1] + (is_same(a[i - 1], b[j - 1]) ? 0 : 1));
		if (i > 1 && j > 1 && is_same(a[i - 1], b[j - 2]) && is_same(a[i - 2], b[j - 1]))
			row[j] = least(row[j], two_before[j - 2] + 1);
	}
}

size_t nearest_distance(const char *a, const char *b, size_t max)
{
	size_t rows[3][NEAREST_WORD_MAX + 1];
	size_t n_a = strlen(a);
	size_t n_b = strlen(b);
	size_t distance;

	if (n_a > NEAREST_WORD_MAX || n_b > NEAREST_WORD_MAX)
		return max + 1;
	for (size_t j = 0; j <= n_b; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= n_a; i++)
		fill_row(a, b, i, rows);
	distance = rows[n_a % 3][n_b];
	if (distance == 0 && strcmp(a, b) != 0)
		distance = 1;
	return least(distance, max + 1);
}

void nearest_consider(const char *word, const char *candidate, const char **best, size_t *distance)
{
	size_t far = strlen(candidate) / 3;
	size_t found;

	far = far < 1 ? 1 : least(far, FAR_MAX);
	found = nearest_distance(word, candidate, far);
	if (found > far || found >= strlen(word) || (*best && found >= *distance))
		return;
	*best = candidate;
	*distance = found;
}
