#include "providers/template.h"

#include "analysis/base/arena.h"
#include "providers/template_eval.h"
#include "providers/template_parse.h"

#include <stdlib.h>
#include <string.h>

static int by_key(const void *a, const void *b)
{
	const struct template_variable *left = a;
	const struct template_variable *right = b;

	return strcmp(left->key, right->key);
}

/* A copy whose variables stand in the order of their keys. */
static struct template_inputs sort_inputs(const struct template_inputs *inputs, struct arena *arena)
{
	struct template_inputs ret = *inputs;
	size_t size = inputs->n_variables * sizeof(*inputs->variables);
	struct template_variable *variables = arena_alloc(arena, size);

	if (size > 0) {
		memcpy(variables, inputs->variables, size);
		qsort(variables, inputs->n_variables, sizeof(*variables), by_key);
	}
	ret.variables = variables;
	return ret;
}

static bool parse(const char *text, struct arena *arena, struct template_definition **ret,
                  struct err *err)
{
	if (strlen(text) > TEMPLATE_TEXT_MAX)
		return err_set(err, ERR_LIMIT,
		               "template parsing failed: expected at most %d bytes, got %zu",
		               TEMPLATE_TEXT_MAX, strlen(text));
	return template_parse_text(text, arena, ret, err) ||
	       err_wrap(err, "template parsing failed");
}

static bool run(const struct template_definition *definitions, const struct template_inputs *inputs,
                struct arena *arena, struct buf *ret, struct err *err)
{
	struct template_inputs sorted = sort_inputs(inputs, arena);
	struct buf out = {.max = TEMPLATE_OUTPUT_MAX};
	bool is_ok = template_eval_run(definitions, &sorted, arena, &out, err);

	if (is_ok && !buf_add(ret, buf_text(&out), out.length))
		is_ok = err_set(err, ERR_LIMIT, "expected at most %zu bytes of output, got %zu",
		                ret->max, ret->length + out.length);
	buf_fini(&out);
	return is_ok || err_wrap(err, "template excution failed");
}

bool template_render(const char *text, const struct template_inputs *inputs, struct buf *ret,
                     struct err *err)
{
	struct arena arena = {0};
	struct template_definition *definitions;
	bool is_ok = parse(text, &arena, &definitions, err) &&
	             run(definitions, inputs, &arena, ret, err);

	arena_fini(&arena);
	return is_ok;
}

bool template_check(const char *text, struct err *err)
{
	struct arena arena = {0};
	struct template_definition *definitions;
	bool is_ok = parse(text, &arena, &definitions, err);

	arena_fini(&arena);
	return is_ok;
}
