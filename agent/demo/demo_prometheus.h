/*
 * The demo's Prometheus: answers instant queries from what was scraped of the ingress controller.
 * Of PromQL it knows what the builtin checks ask: sum(rate(…)), sum(increase(…)), numbers, "*",
 * "/", parentheses and "or vector(0)"; anything else is refused as bad_data.
 */
#ifndef AGENT_DEMO_DEMO_PROMETHEUS_H
#define AGENT_DEMO_DEMO_PROMETHEUS_H

#include "agent/demo/demo_series.h"
#include "agent/loop.h"
#include "providers/http.h"

#include <stdbool.h>

/* Both outlive it. */
struct demo_prometheus {
	const struct demo_series_store *series;
	struct loop *loop; /* for the time */
};

/* A value, or nothing: an empty vector. */
struct demo_prometheus_value {
	bool is_there;
	double number;
};

/* ERR_INVALID says what was expected where. */
bool demo_prometheus_query(const struct demo_prometheus *prometheus, const char *query,
                           struct demo_prometheus_value *ret, struct err *err);

/* Answer a request for /api/v1/query, GET or POST; USER is a struct demo_prometheus. For
 * sim_http_options.web. */
struct http_reply demo_prometheus_serve(void *user, const struct http_request *request,
                                        struct arena *arena);

#endif
