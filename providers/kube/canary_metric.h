/*
 * spec.analysis.metrics[] of a Canary: which checks it asks for, in Flagger's order: builtin and
 * inline checks entry by entry, then those with a MetricTemplate. One entry can be up to three
 * checks.
 */
#ifndef PROVIDERS_KUBE_CANARY_METRIC_H
#define PROVIDERS_KUBE_CANARY_METRIC_H

#include "providers/kube/canary.h"
#include "providers/kube/node.h"

#define KUBE_QUERY_MAX 16384 /* bytes of a query text */

enum metric_origin {
	METRIC_NONE,
	METRIC_BUILTIN,  /* by its name */
	METRIC_INLINE,   /* its query, asked of the metrics server */
	METRIC_TEMPLATE, /* its templateRef */
};

/* One entry as a question. Texts are borrowed from the object. */
struct kube_metric {
	enum metric_origin origin;
	enum check_kind kind;
	const char *name;
	const char *interval;           /* "1m" when absent, for every origin (D-24) */
	const char *query;              /* METRIC_INLINE */
	const char *template_name;      /* METRIC_TEMPLATE */
	const char *template_namespace; /* METRIC_TEMPLATE; NULL: the Canary's */
	const json_t *variables;        /* templateVariables, an object of texts; NULL: none */
};

/* Fill `canary->spec.checks` from ANALYSIS. */
bool kube_canary_metric_read(const struct field *analysis, struct arena *arena,
                             struct kube_canary *canary, struct err *err);

/*
 * The metric behind check number INDEX of OBJECT, a Canary that kube_canary_read accepted; false
 * when it has no such check.
 */
bool kube_canary_metric_find(const json_t *object, size_t index, struct kube_metric *ret);

#endif
