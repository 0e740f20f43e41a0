#include "analysis/base/compiler.h"
#include "providers/template.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct template_variable variables[] = {
	{"with-dash", "d"}, {"env", "prod"}, {"n", "5"},    {"q", "a b&c"},
	{"a", "1"},         {"b", "2"},      {"empty", ""}, {"u", "gr\xc3\xb6\xc3\x9f\x65"},
};

static const struct template_inputs full = {
	.name = "cart",
	.k8s_namespace = "shop",
	.target = "cart",
	.service = "cart-svc",
	.ingress = "store-front",
	.route = "rt",
	.interval = "1m",
	.variables = variables,
	.n_variables = array_length(variables),
};

static struct template_inputs bare(void)
{
	struct template_inputs ret = full;

	ret.variables = NULL;
	ret.n_variables = 0;
	return ret;
}

/* Cases with Go's results ---------------------------------------------------------------------- */

static char unescape_one(const char **text)
{
	const char *at = *text;
	char hex[3] = {at[1], at[1] ? at[2] : '\0', '\0'};

	*text += *at == 'x' ? 3 : 1;
	switch (*at) {
	case 'n':
		return '\n';
	case 't':
		return '\t';
	case 'r':
		return '\r';
	case 'x':
		return (char)strtol(hex, NULL, 16);
	default:
		return *at;
	}
}

/* In place; returns the length. */
static size_t unescape(char *text)
{
	const char *from = text;
	char *to = text;

	while (*from) {
		if (*from != '\\') {
			*to++ = *from++;
			continue;
		}
		from++;
		*to++ = unescape_one(&from);
	}
	*to = '\0';
	return (size_t)(to - text);
}

static const char *result_of(bool is_ok, const struct err *err)
{
	if (is_ok)
		return "ok";
	if (strncmp(err->text, "template parsing failed: ", 25) == 0)
		return "parse";
	return strncmp(err->text, "template excution failed: ", 26) == 0 ? "exec" : "neither";
}

static void try_case(int line, const char *set, const char *result, const char *text,
                     const struct buf *want)
{
	struct template_inputs inputs = strcmp(set, "full") == 0 ? full : bare();
	struct buf buf = {.max = TEMPLATE_OUTPUT_MAX};
	struct err err = {0};
	bool is_ok = template_render(text, &inputs, &buf, &err);

	if (strcmp(result_of(is_ok, &err), result) != 0)
		fail_msg("case in line %d: %s, expected %s: %s", line, result_of(is_ok, &err),
		         result, err.text);
	if (is_ok &&
	    (buf.length != want->length || memcmp(buf_text(&buf), buf_text(want), buf.length) != 0))
		fail_msg("case in line %d: \"%s\", expected \"%s\"", line, buf_text(&buf),
		         buf_text(want));
	buf_fini(&buf);
}

static void test_cases_of_go(void **state)
{
	FILE *file = fopen("tests/providers/template_cases.txt", "r");
	char *line = NULL;
	size_t size = 0;
	int n_lines = 0;
	int n_cases = 0;

	assert_non_null(file);
	while (getline(&line, &size, file) > 0) {
		char *rest = line;
		const char *set = strsep(&rest, "\t\n");
		const char *result = strsep(&rest, "\t\n");
		char *text = strsep(&rest, "\t\n");
		char *output = strsep(&rest, "\n");
		struct buf want = {.max = TEMPLATE_OUTPUT_MAX};

		n_lines++;
		if (*set == '#')
			continue;
		n_cases++;
		assert_non_null(output);
		(void)unescape(text);
		assert_true(buf_add(&want, output, unescape(output)));
		try_case(n_lines, set, result, text, &want);
		buf_fini(&want);
	}
	assert_true(n_cases > 400);
	free(line);
	(void)fclose(file);
}

/* Errors --------------------------------------------------------------------------------------- */

struct error_row {
	const char *text;
	const char *error;
};

static const struct error_row error_rows[] = {
	{"{{ Namespace }}", "template parsing failed: line 1: function \"Namespace\" not defined"},
	{"a\n\n{{ args.x }}", "template parsing failed: line 3: function \"args\" not defined"},
	{"{{ variables.with-dash }}", "template parsing failed: line 1: bad character U+002D '-'"},
	{"{{ }}", "template parsing failed: line 1: missing value for command"},
	{"{{ if }}x{{ end }}", "template parsing failed: line 1: missing value for if"},
	{"{{ name", "template parsing failed: line 1: unclosed action"},
	{"{{ $y }}", "template parsing failed: line 1: undefined variable \"$y\""},
	{"{{ end }}", "template parsing failed: line 1: unexpected {{end}}"},
	{"{{ if true }}", "template parsing failed: line 1: unexpected end of the text in if"},
	{"{{ \"a }}", "template parsing failed: line 1: unterminated quoted string"},
	{"{{ (name }}", "template parsing failed: line 1: unclosed left paren"},
	{"{{/* x", "template parsing failed: line 1: unclosed comment"},
	{"{{ js name }}", "template parsing failed: line 1: function \"js\": not supported here"},
	{"{{ call name }}",
         "template parsing failed: line 1: function \"call\": not supported here"},
	{"{{ 1i }}", "template parsing failed: line 1: complex numbers are not supported"},
	{"{{ break }}",
         "template parsing failed: line 1: {{break}} or {{continue}} outside {{range}}"},
	{"\n{{ variables.missing }}",
         "template excution failed: line 2: map has no entry for key \"missing\""},
	{"{{ .Foo }}", "template excution failed: line 1: nil data; no entry for key \"Foo\""},
	{"{{ name.foo }}",
         "template excution failed: line 1: can't evaluate field foo in type string"},
	{"{{ name \"x\" }}",
         "template excution failed: line 1: wrong number of args for name: want 0 got 1"},
	{"{{ namespace | target }}",
         "template excution failed: line 1: wrong number of args for target: want 0 got 1"},
	{"{{ index variables 1 }}",
         "template excution failed: line 1: error calling index: value has type int; should be "
         "string"},
	{"{{ template \"p\" }}", "template excution failed: line 1: template \"p\" not defined"},
	{"{{ printf \"%*d\" 1 2 }}",
         "template excution failed: line 1: error calling printf: printf: * or [ is not supported"},
	{"{{ printf \"%#v\" 1 }}",
         "template excution failed: line 1: error calling printf: printf: the flag # is not "
         "supported"},
};

static void test_errors(void **state)
{
	for (size_t i = 0; i < array_length(error_rows); i++) {
		struct buf buf = {.max = 100};
		struct err err = {0};

		assert_true(buf_add(&buf, "before", 6));
		assert_false(template_render(error_rows[i].text, &full, &buf, &err));
		assert_string_equal(err.text, error_rows[i].error);
		assert_int_equal(err.kind, ERR_INVALID);
		assert_string_equal(buf_text(&buf), "before");
		buf_fini(&buf);
	}
}

static void test_check(void **state)
{
	struct err err = {0};

	assert_true(template_check("{{ variables.missing }}", &err));
	assert_false(template_check("{{ nosuch }}", &err));
	assert_string_equal(err.text,
	                    "template parsing failed: line 1: function \"nosuch\" not defined");
}

/* Inputs that are not there are empty. */
static void test_no_inputs(void **state)
{
	static const struct template_inputs none;
	struct buf buf = {.max = 100};

	assert_true(
		template_render("[{{ name }}{{ interval }}{{ variables }}]", &none, &buf, NULL));
	assert_string_equal(buf_text(&buf), "[map[]]");
	buf_fini(&buf);
}

/* Limits --------------------------------------------------------------------------------------- */

/* COUNT times PART, then what is in the middle, then COUNT times END. */
static char *repeat(const char *part, const char *middle, const char *end, size_t count)
{
	char *text = malloc(count * (strlen(part) + strlen(end)) + strlen(middle) + 1);
	char *at = text;

	for (size_t i = 0; i < count; i++)
		at = mempcpy(at, part, strlen(part));
	at = mempcpy(at, middle, strlen(middle));
	for (size_t i = 0; i < count; i++)
		at = mempcpy(at, end, strlen(end));
	*at = '\0';
	return text;
}

struct limit_row {
	const char *part;
	const char *middle;
	const char *end;
	size_t fits; /* so often */
};

static const struct limit_row limit_rows[] = {
	/* nesting */
	{"{{if true}}", "x", "{{end}}", TEMPLATE_NESTING_MAX},
	{"{{range 1}}", "x", "{{end}}", TEMPLATE_NESTING_MAX},
	{"{{if false}}{{else if true}}", "x", "{{end}}", TEMPLATE_NESTING_MAX / 2},
	/* bytes */
	{"x", "", "", TEMPLATE_TEXT_MAX},
	/* bytes of output: 41 * 6400 */
	{"{{printf \"%6400s\" name}}", "", "", TEMPLATE_OUTPUT_MAX / 6400},
};

static void test_limits(void **state)
{
	for (size_t i = 0; i < array_length(limit_rows); i++) {
		const struct limit_row *row = &limit_rows[i];

		for (size_t more = 0; more < 2; more++) {
			char *text = repeat(row->part, row->middle, row->end, row->fits + more);
			struct buf buf = {.max = TEMPLATE_OUTPUT_MAX};
			struct err err = {0};
			bool is_ok = template_render(text, &full, &buf, &err);

			if (is_ok != (more == 0) || err.kind != (is_ok ? ERR_NONE : ERR_LIMIT))
				fail_msg("limit %zu, %zu more: %s", i, more, err.text);
			buf_fini(&buf);
			free(text);
		}
	}
}

static const char *const endless[] = {
	/* calls itself */
	"{{ define \"p\" }}{{ template \"p\" }}{{ end }}{{ template \"p\" }}",
	/* too many steps */
	"{{ range 1000 }}{{ range 1000 }}{{ end }}{{ end }}",
	"{{ range 9223372036854775807 }}{{ end }}",
	/* too much memory */
	"{{ $x := \"a\" }}{{ range 40 }}{{ $x = print $x $x }}{{ end }}",
	"{{ $x := printf \"%9999s\" name }}{{ range 90000 }}{{ $x = print $x \"\" }}{{ end }}",
	/* too much output */
	"{{ range 90000 }}0123456789{{ end }}",
	/* too long a comparison */
	"{{ $x := printf \"%9999s\" name }}{{ range 50000 }}{{ if eq $x $x }}{{ end }}{{ end }}",
	/* a width beyond reason */
	"{{ printf \"%10000s\" name }}",
	"{{ printf \"%.10000f\" 1.5 }}",
};

static void test_endless(void **state)
{
	for (size_t i = 0; i < array_length(endless); i++) {
		struct buf buf = {.max = TEMPLATE_OUTPUT_MAX};
		struct err err = {0};

		if (template_render(endless[i], &full, &buf, &err))
			fail_msg("accepted: %s", endless[i]);
		if (err.kind != ERR_LIMIT)
			fail_msg("%s: %s", endless[i], err.text);
		assert_int_equal(buf.length, 0);
		buf_fini(&buf);
	}
}

static void test_small_buffer(void **state)
{
	struct buf buf = {.max = 5};
	struct err err = {0};

	assert_true(template_render("{{ name }}", &full, &buf, &err));
	assert_false(template_render("{{ name }}", &full, &buf, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_string_equal(buf_text(&buf), "cart");
	buf_fini(&buf);
}

static void test_many_parentheses(void **state)
{
	for (size_t depth = TEMPLATE_NESTING_MAX; depth <= TEMPLATE_NESTING_MAX + 1; depth++) {
		bool fits = depth == TEMPLATE_NESTING_MAX;
		char *text = repeat("(", "name", ")", depth);
		char *action = NULL;
		struct buf buf = {.max = 1000};
		struct err err = {0};

		assert_true(asprintf(&action, "{{ %s }}", text) > 0);
		assert_int_equal(template_render(action, &full, &buf, &err), fits);
		assert_int_equal(err.kind, fits ? ERR_NONE : ERR_LIMIT);
		buf_fini(&buf);
		free(action);
		free(text);
	}
}

static void test_many_arguments(void **state)
{
	for (size_t n_terms = 32; n_terms <= 33; n_terms++) {
		char *text = repeat(" 1", "", "", n_terms - 1);
		char *action = NULL;
		struct buf buf = {.max = 1000};
		struct err err = {0};

		assert_true(asprintf(&action, "{{ print%s }}", text) > 0);
		assert_int_equal(template_render(action, &full, &buf, &err), n_terms == 32);
		assert_int_equal(err.kind, n_terms == 32 ? ERR_NONE : ERR_LIMIT);
		buf_fini(&buf);
		free(action);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases_of_go),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_no_inputs),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_endless),
		cmocka_unit_test(test_small_buffer),
		cmocka_unit_test(test_many_arguments),
		cmocka_unit_test(test_many_parentheses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
