/*
 * Canaries, MetricTemplates and AlertProviders in a text, checked without a cluster: by the readers
 * that the agent has, in whose words it would refuse them, and by the schemas of the resources.
 */
#ifndef PROVIDERS_LINT_H
#define PROVIDERS_LINT_H

#include "analysis/base/arena.h"
#include "analysis/base/err.h"
#include "providers/canary_world.h"

#define LINT_FINDINGS_MAX  200  /* of one text; further errors are only counted */
#define LINT_DOCUMENTS_MAX 2000 /* of one text */

struct lint_finding {
	bool is_warning;
	size_t line; /* from 1; 0: not known */
	size_t column;
	const char *object;   /* "Canary shop/cart"; "" when the text cannot be read */
	const char *path;     /* "spec.service.port"; "" for none */
	const char *sentence; /* with the path, as the agent says it */
};

/* What is known of one text. Zero is a valid start; texts live in the arena. */
struct lint_report {
	struct arena arena;
	struct lint_finding findings[LINT_FINDINGS_MAX]; /* in the order of the text */
	size_t n_findings;
	size_t n_errors; /* with those that had no room */
	size_t n_warnings;
	size_t n_documents; /* read */
	size_t n_checked;   /* Canaries, MetricTemplates and AlertProviders among them */
};

/* What holds where the text is silent. */
struct lint_options {
	struct provider_options agent; /* as the agent's flags set them */
	const char *k8s_namespace;     /* of objects that name none */
};

/* Check the documents, YAML or JSON, of a text; also those in the items of a List. */
void lint_read(const struct lint_options *options, const char *bytes, size_t length,
               struct lint_report *ret);

/* Free it. */
void lint_fini(struct lint_report *report);

#endif
