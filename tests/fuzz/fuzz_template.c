/* A template ends, within its limits, and says the same each time. */
#include "analysis/base/compiler.h"
#include "providers/template.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static const struct template_variable variables[] = {
	{"env", "prod"},
	{"with-dash", "d"},
	{"empty", ""},
	{"bytes", "\xff\xc3\xa9\x01"},
};

static const struct template_inputs inputs = {
	.name = "cart",
	.k8s_namespace = "shop",
	.target = "cart",
	.service = "cart",
	.interval = "1m",
	.variables = variables,
	.n_variables = array_length(variables),
};

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct buf first = {.max = TEMPLATE_OUTPUT_MAX};
	struct buf second = {.max = TEMPLATE_OUTPUT_MAX};
	struct err err = {0};
	char *text = malloc(length + 1);
	bool is_ok;

	if (!text)
		abort();
	memcpy(text, bytes, length);
	text[length] = '\0';
	is_ok = template_render(text, &inputs, &first, &err);
	assert(is_ok == template_render(text, &inputs, &second, NULL));
	assert(!is_ok || template_check(text, NULL));
	assert(is_ok == (err.kind == ERR_NONE));
	assert(first.length == second.length &&
	       memcmp(buf_text(&first), buf_text(&second), first.length) == 0);
	buf_fini(&first);
	buf_fini(&second);
	free(text);
	return 0;
}
