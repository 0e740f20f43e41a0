/* Any bytes may be linted: every finding has a sentence, and a place inside the text. */
#include "providers/lint.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const struct lint_options options = {
		.agent = {.default_provider = "nginx", .metrics_server = "http://prometheus:9090"},
		.k8s_namespace = "default",
	};
	struct lint_report *report = calloc(1, sizeof(*report));
	size_t n_lines = 2; /* the end of a text counts as a line of its own */

	assert(report);
	for (size_t i = 0; i < size; i++)
		n_lines += bytes[i] == '\n' || bytes[i] == '\r' || bytes[i] >= 0x80;
	lint_read(&options, (const char *)bytes, size, report);
	assert(report->n_findings <= report->n_errors + report->n_warnings);
	for (size_t i = 0; i < report->n_findings; i++) {
		const struct lint_finding *finding = &report->findings[i];

		assert(finding->sentence[0] != '\0');
		assert(strncmp(finding->sentence, finding->path, strlen(finding->path)) == 0);
		assert(finding->line <= n_lines && finding->column <= size + 1);
	}
	lint_fini(report);
	free(report);
	return 0;
}
