/* What the agent counts, and Prometheus' text form of it. The metrics themselves: metrics_table.h.
 */
#ifndef AGENT_METRICS_H
#define AGENT_METRICS_H

#include "analysis/base/buf.h"

#include <stdbool.h>
#include <stddef.h>

struct metrics;

#define METRICS_SERIES_MAX 100000 /* of all metrics; further ones are dropped, and counted */
#define METRICS_LABEL_MAX  256    /* bytes of a label's value; the rest is cut */
#define METRICS_LABELS_MAX 4

enum metric {
#define METRIC(name, kind, help, ...) METRIC_##name,
#include "agent/metrics_table.h"
	METRIC_COUNT,
};

/* Label values in the table's order, ended by NULL: METRIC_LABELS("cart", "shop"). */
#define METRIC_LABELS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* Of a metric without labels. */
#define METRIC_NO_LABELS NULL

/* In metrics_remove_series: any value. */
#define METRIC_ANY "*"

struct metrics *metrics_new(void);

/* Accepts NULL, returns NULL. */
struct metrics *metrics_free(struct metrics *metrics);

/*
 * METRICS NULL in all of these: nobody listens. The number of labels must be that of the table
 * (asserted). A series begins with its first use.
 */

/* Set a gauge. */
void metrics_set(struct metrics *metrics, enum metric metric, const char *const *labels,
                 double value);

/* Add to a counter (not less than 0) or gauge. */
void metrics_add(struct metrics *metrics, enum metric metric, const char *const *labels,
                 double value);

/* Count a value into a histogram. */
void metrics_observe(struct metrics *metrics, enum metric metric, const char *const *labels,
                     double value);

/* The value of a gauge or counter; 0 when there is no such series. */
double metrics_value(const struct metrics *metrics, enum metric metric, const char *const *labels);

/* Forget each series whose labels are these, METRIC_ANY standing for all values: the canary is
 * gone. */
void metrics_remove_series(struct metrics *metrics, enum metric metric, const char *const *labels);

#define METRICS_TEXT_MAX  (64 * 1024 * 1024)
#define METRICS_TEXT_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* Append Prometheus' text form. False when the buffer's maximum is reached; what was appended is
 * useless then. */
bool metrics_write(const struct metrics *metrics, struct buf *text) MUST_USE;

#endif
