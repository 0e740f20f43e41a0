/* What a metric source implements: one constant per file in providers/metric/, named in metric.c.
 */
#ifndef PROVIDERS_METRIC_SOURCE_H
#define PROVIDERS_METRIC_SOURCE_H

#include "providers/metric.h"

struct metric_source {
	const char *name; /* as written in the spec */
	/* The request; address, sizes and headers of the question were checked. */
	bool (*ask)(const struct metric_question *question, struct arena *arena,
	            struct http_request *ret, struct err *err);
	/* The sample; the reply arrived. */
	bool (*read)(const struct http_reply *reply, struct sample_fact *ret, struct err *err);
};

extern const struct metric_source metric_source_prometheus;

#endif
