#include "providers/lint.h"
#include "tests/providers/mistakes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct lint_options options = {
	.agent = {.default_provider = "nginx", .metrics_server = "http://prometheus:9090"},
	.k8s_namespace = "default",
};

static struct lint_report *lint(const char *text)
{
	struct lint_report *report = calloc(1, sizeof(*report));

	assert_non_null(report);
	lint_read(&options, text, strlen(text), report);
	return report;
}

static void drop(struct lint_report *report)
{
	lint_fini(report);
	free(report);
}

/* The first finding about the path that SENTENCE begins with. */
static const struct lint_finding *find(const struct lint_report *report, const char *sentence)
{
	for (size_t i = 0; i < report->n_findings; i++) {
		size_t length = strlen(report->findings[i].path);

		if (strncmp(report->findings[i].path, sentence, length) == 0 &&
		    sentence[length] == ':')
			return &report->findings[i];
	}
	return NULL;
}

static void test_no_mistake(void **state)
{
	struct lint_report *report = lint(mistakes_base);

	for (size_t i = 0; i < report->n_findings; i++)
		fail_msg("%s", report->findings[i].sentence);
	assert_int_equal(report->n_checked, 1);
	drop(report);
}

static void test_mistakes(void **state)
{
	assert_true(mistakes_n >= 40);
	for (size_t i = 0; i < mistakes_n; i++) {
		const struct mistake *mistake = &mistakes_table[i];
		char *text = mistakes_text(mistake);
		struct lint_report *report = lint(text);
		const struct lint_finding *found = find(report, mistake->sentence);

		if (!found)
			found = &report->findings[0];
		if (!found || strcmp(found->sentence, mistake->sentence) != 0 ||
		    found->line != mistake->line || found->column != mistake->column ||
		    found->is_warning)
			fail_msg("%s\n  want: %zu:%zu: %s\n  got:  %zu:%zu: %s", text,
			         mistake->line, mistake->column, mistake->sentence, found->line,
			         found->column, found->sentence);
		drop(report);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_mistake),
		cmocka_unit_test(test_mistakes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
