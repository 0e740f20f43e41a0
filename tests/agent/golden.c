#include "tests/agent/golden.h"

#include "analysis/base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SIZE_MAX_BYTES (1024 * 1024)

void golden_check(const char *name, const char *got)
{
	bool is_writing = getenv("GOLDEN_WRITE") != NULL;
	char *want = calloc(1, SIZE_MAX_BYTES);
	char path[256];
	FILE *file;

	text_format(path, sizeof(path), "tests/golden/%s", name);
	file = fopen(path, is_writing ? "w" : "r");
	if (!file || !want)
		fail_msg("%s cannot be opened", path);
	if (is_writing)
		assert_true(fputs(got, file) >= 0);
	else
		assert_true(fread(want, 1, SIZE_MAX_BYTES - 1, file) < SIZE_MAX_BYTES - 1);
	assert_int_equal(fclose(file), 0);
	if (!is_writing && strcmp(want, got) != 0)
		fail_msg("%s is not what came:\n%s", path, got);
	free(want);
}
