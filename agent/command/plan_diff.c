#include "agent/command/plan_diff.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define AROUND 3

struct line {
	const char *text;
	size_t length; /* without the line end */
};

struct lines {
	struct line *at;
	size_t n;
};

/* One line of the result: ' ', '-' or '+'. */
struct edit {
	char sign;
	struct line line;
};

struct diff {
	struct lines before;
	struct lines after;
	struct edit *edits;
	size_t n_edits;
};

static void *allocate(size_t n, size_t size)
{
	void *bytes = calloc(n ? n : 1, size);

	if (!bytes)
		abort();
	return bytes;
}

static struct lines split(const char *text)
{
	struct lines lines = {0};
	size_t n = 0;

	for (const char *at = text; *at; at++)
		n += *at == '\n';
	lines.at = allocate(n + 1, sizeof(*lines.at));
	while (*text) {
		size_t length = strcspn(text, "\n");

		lines.at[lines.n++] = (struct line){text, length};
		text += length + (text[length] == '\n');
	}
	return lines;
}

static bool is_equal(const struct line *a, const struct line *b)
{
	return a->length == b->length && memcmp(a->text, b->text, a->length) == 0;
}

static void add(struct diff *diff, char sign, const struct line *line)
{
	diff->edits[diff->n_edits++] = (struct edit){sign, *line};
}

/* The middle parts, by the longest common subsequence: table[i][j] is its length in the rest. */
static void compare_middle(struct diff *diff, const struct line *a, size_t n_a,
                           const struct line *b, size_t n_b)
{
	bool is_large = n_a > PLAN_DIFF_LINES_MAX || n_b > PLAN_DIFF_LINES_MAX;
	size_t width = n_b + 1;
	uint16_t *table = allocate(is_large ? 1 : (n_a + 1) * width, sizeof(*table));
	size_t i = 0;
	size_t j = 0;

	for (size_t row = is_large ? 0 : n_a; row-- > 0;) {
		for (size_t column = n_b; column-- > 0;) {
			uint16_t down = table[(row + 1) * width + column];
			uint16_t right = table[row * width + column + 1];
			uint16_t both = table[(row + 1) * width + column + 1];

			if (is_equal(&a[row], &b[column]))
				table[row * width + column] = (uint16_t)(both + 1);
			else
				table[row * width + column] = down > right ? down : right;
		}
	}
	while (!is_large && i < n_a && j < n_b) {
		if (is_equal(&a[i], &b[j])) {
			add(diff, ' ', &a[i++]);
			j++;
		} else if (table[(i + 1) * width + j] >= table[i * width + j + 1]) {
			add(diff, '-', &a[i++]);
		} else {
			add(diff, '+', &b[j++]);
		}
	}
	while (i < n_a)
		add(diff, '-', &a[i++]);
	while (j < n_b)
		add(diff, '+', &b[j++]);
	free(table);
}

static void compare(struct diff *diff)
{
	const struct lines *a = &diff->before;
	const struct lines *b = &diff->after;
	size_t begin = 0;
	size_t end = 0;

	diff->edits = allocate(a->n + b->n, sizeof(*diff->edits));
	while (begin < a->n && begin < b->n && is_equal(&a->at[begin], &b->at[begin]))
		add(diff, ' ', &a->at[begin++]);
	while (end < a->n - begin && end < b->n - begin &&
	       is_equal(&a->at[a->n - 1 - end], &b->at[b->n - 1 - end]))
		end++;
	compare_middle(diff, a->at + begin, a->n - begin - end, b->at + begin, b->n - begin - end);
	for (size_t i = a->n - end; i < a->n; i++)
		add(diff, ' ', &a->at[i]);
}

/* Where the hunk that begins with the change FROM ends: behind its last change. */
static size_t find_end(const struct diff *diff, size_t from)
{
	size_t last = from;

	for (size_t i = from; i < diff->n_edits && i - last <= 2 * AROUND + 1; i++) {
		if (diff->edits[i].sign != ' ')
			last = i;
	}
	return last + 1;
}

/* Lines of one side among the edits FROM..TO. */
static size_t count(const struct diff *diff, size_t from, size_t to, char other)
{
	size_t n = 0;

	for (size_t i = from; i < to; i++)
		n += diff->edits[i].sign != other;
	return n;
}

static bool write_hunk(const struct diff *diff, size_t from, size_t to, struct buf *ret)
{
	size_t n_before = count(diff, from, to, '+');
	size_t n_after = count(diff, from, to, '-');
	size_t first_before = count(diff, 0, from, '+') + (n_before > 0);
	size_t first_after = count(diff, 0, from, '-') + (n_after > 0);

	if (!buf_format(ret, "@@ -%zu,%zu +%zu,%zu @@\n", first_before, n_before, first_after,
	                n_after))
		return false;
	for (size_t i = from; i < to; i++) {
		const struct edit *edit = &diff->edits[i];

		if (!buf_format(ret, "%c%.*s\n", edit->sign, (int)edit->line.length,
		                edit->line.text))
			return false;
	}
	return true;
}

static bool write_hunks(const struct diff *diff, struct buf *ret)
{
	size_t at = 0;

	while (at < diff->n_edits) {
		size_t from;
		size_t to;

		if (diff->edits[at].sign == ' ') {
			at++;
			continue;
		}
		from = at > AROUND ? at - AROUND : 0;
		at = find_end(diff, at);
		to = at + AROUND < diff->n_edits ? at + AROUND : diff->n_edits;
		if (!write_hunk(diff, from, to, ret))
			return false;
	}
	return true;
}

bool plan_diff_write(const char *before, const char *after, struct buf *ret)
{
	struct diff diff = {.before = split(before), .after = split(after)};
	bool has_room;

	compare(&diff);
	has_room = write_hunks(&diff, ret);
	free(diff.before.at);
	free(diff.after.at);
	free(diff.edits);
	return has_room;
}
