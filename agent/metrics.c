#include "agent/metrics.h"

#include <assert.h>
#include <ctype.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS_OF_HASH 8192 /* a power of two */
#define NAME_MAX_BYTES  64
#define NUMBER_MAX      32

enum kind {
	KIND_UNKNOWN,
	KIND_GAUGE,
	KIND_COUNTER,
	KIND_HISTOGRAM,
};

struct description {
	const char *name; /* in capitals */
	enum kind kind;
	const char *help;
	const char *labels[METRICS_LABELS_MAX + 1];
};

static const struct description table[METRIC_COUNT] = {
#define METRIC(name, kind, help, ...) {#name, KIND_##kind, help, {__VA_ARGS__}},
#include "agent/metrics_table.h"
};

static const double bounds[] = {.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10};

struct series {
	struct series *next;    /* of the same metric, in order of creation */
	struct series *sibling; /* of the same hash */
	size_t hash;
	enum metric metric;
	double value; /* of a histogram: the sum */
	uint64_t count;
	uint64_t buckets[array_length(bounds)];
	char labels[]; /* values, each followed by NUL */
};

struct metrics {
	struct series *series[METRIC_COUNT];
	struct series **last[METRIC_COUNT];
	struct series *hash[BUCKETS_OF_HASH];
	size_t n_series;
};

struct metrics *metrics_new(void)
{
	struct metrics *metrics = calloc(1, sizeof(*metrics));

	if (!metrics)
		abort();
	for (size_t i = 0; i < METRIC_COUNT; i++)
		metrics->last[i] = &metrics->series[i];
	return metrics;
}

struct metrics *metrics_free(struct metrics *metrics)
{
	if (!metrics)
		return NULL;
	for (size_t i = 0; i < METRIC_COUNT; i++) {
		while (metrics->series[i]) {
			struct series *series = metrics->series[i];

			metrics->series[i] = series->next;
			free(series);
		}
	}
	free(metrics);
	return NULL;
}

static size_t count_labels(const char *const *labels)
{
	size_t n_labels = 0;

	while (labels && labels[n_labels])
		n_labels++;
	return n_labels;
}

static size_t label_length(const char *value)
{
	return strnlen(value, METRICS_LABEL_MAX);
}

/* FNV-1a over the metric and the values, each with its end. */
static size_t hash_of(enum metric metric, const char *const *labels)
{
	uint32_t hash = 2166136261U ^ (uint32_t)metric;

	for (size_t i = 0; labels && labels[i]; i++) {
		size_t length = label_length(labels[i]);

		for (size_t k = 0; k < length; k++)
			hash = (hash ^ (unsigned char)labels[i][k]) * 16777619U;
		hash = (hash ^ 0xff) * 16777619U;
	}
	return hash & (BUCKETS_OF_HASH - 1);
}

/* Whether a series has these values; when LENIENT, METRIC_ANY is any. */
static bool has_labels(const struct series *series, const char *const *labels, bool lenient)
{
	const char *value = series->labels;

	for (size_t i = 0; labels && labels[i]; i++) {
		size_t length = strlen(value);
		bool is_any = lenient && strcmp(labels[i], METRIC_ANY) == 0;

		if (!is_any &&
		    (label_length(labels[i]) != length || memcmp(value, labels[i], length) != 0))
			return false;
		value += length + 1;
	}
	return true;
}

static struct series *find(const struct metrics *metrics, enum metric metric,
                           const char *const *labels)
{
	struct series *series = metrics->hash[hash_of(metric, labels)];

	assert(count_labels(labels) == count_labels(table[metric].labels));
	while (series && (series->metric != metric || !has_labels(series, labels, false)))
		series = series->sibling;
	return series;
}

static struct series *series_new(enum metric metric, const char *const *labels)
{
	struct series *series;
	size_t size = 1;
	char *value;

	for (size_t i = 0; labels && labels[i]; i++)
		size += label_length(labels[i]) + 1;
	series = calloc(1, sizeof(*series) + size);
	if (!series)
		abort();
	series->metric = metric;
	value = series->labels;
	for (size_t i = 0; labels && labels[i]; i++) {
		size_t length = label_length(labels[i]);

		memcpy(value, labels[i], length);
		value += length + 1;
	}
	return series;
}

static void keep(struct metrics *metrics, struct series *series, size_t hash)
{
	series->hash = hash;
	*metrics->last[series->metric] = series;
	metrics->last[series->metric] = &series->next;
	series->sibling = metrics->hash[hash];
	metrics->hash[hash] = series;
	metrics->n_series++;
}

/* The series to change; NULL when there are too many. */
static struct series *get(struct metrics *metrics, enum metric metric, const char *const *labels)
{
	struct series *series = find(metrics, metric, labels);

	if (series)
		return series;
	if (metrics->n_series >= METRICS_SERIES_MAX &&
	    metric != METRIC_SERIN_SERIES_DROPPED_TOTAL) {
		metrics_add(metrics, METRIC_SERIN_SERIES_DROPPED_TOTAL, METRIC_NO_LABELS, 1);
		return NULL;
	}
	series = series_new(metric, labels);
	keep(metrics, series, hash_of(metric, labels));
	return series;
}

void metrics_set(struct metrics *metrics, enum metric metric, const char *const *labels,
                 double value)
{
	struct series *series = metrics ? get(metrics, metric, labels) : NULL;

	assert(table[metric].kind == KIND_GAUGE);
	if (series)
		series->value = value;
}

void metrics_add(struct metrics *metrics, enum metric metric, const char *const *labels,
                 double value)
{
	struct series *series = metrics ? get(metrics, metric, labels) : NULL;

	assert(table[metric].kind == KIND_GAUGE ||
	       (table[metric].kind == KIND_COUNTER && value >= 0));
	if (series)
		series->value += value;
}

void metrics_observe(struct metrics *metrics, enum metric metric, const char *const *labels,
                     double value)
{
	struct series *series = metrics ? get(metrics, metric, labels) : NULL;

	assert(table[metric].kind == KIND_HISTOGRAM);
	if (!series)
		return;
	series->value += value;
	series->count++;
	for (size_t i = 0; i < array_length(bounds); i++)
		if (value <= bounds[i])
			series->buckets[i]++;
}

double metrics_value(const struct metrics *metrics, enum metric metric, const char *const *labels)
{
	const struct series *series = metrics ? find(metrics, metric, labels) : NULL;

	return series ? series->value : 0;
}

static void forget(struct metrics *metrics, struct series *gone)
{
	struct series **link = &metrics->hash[gone->hash];

	while (*link != gone)
		link = &(*link)->sibling;
	*link = gone->sibling;
	metrics->n_series--;
	free(gone);
}

void metrics_remove_series(struct metrics *metrics, enum metric metric, const char *const *labels)
{
	struct series **link;

	assert(count_labels(labels) == count_labels(table[metric].labels));
	if (!metrics)
		return;
	link = &metrics->series[metric];
	while (*link) {
		struct series *series = *link;

		if (!has_labels(series, labels, true)) {
			link = &series->next;
			continue;
		}
		*link = series->next;
		forget(metrics, series);
	}
	metrics->last[metric] = link;
}

static bool write_escaped(struct buf *text, const char *value)
{
	for (; *value; value++) {
		bool fits;

		if (*value == '\n')
			fits = buf_add(text, "\\n", 2);
		else if (*value == '"' || *value == '\\')
			fits = buf_add(text, "\\", 1) && buf_add(text, value, 1);
		else
			fits = buf_add(text, value, 1);
		if (!fits)
			return false;
	}
	return true;
}

/* The shortest text that reads back as the same number. */
static const char *number(double value, char ret[NUMBER_MAX])
{
	if (isnan(value))
		return "NaN";
	if (isinf(value))
		return value > 0 ? "+Inf" : "-Inf";
	for (int digits = 15; digits <= 17; digits++) {
		double again;

		(void)snprintf(ret, NUMBER_MAX, "%.*g", digits, value);
		again = strtod(ret, NULL);
		if (!(again < value) && !(again > value))
			break;
	}
	return ret;
}

/* NAME SUFFIX {labels, le="BOUND"} VALUE; BOUND NULL: none. */
static bool write_line(struct buf *text, const char *name, const char *suffix,
                       const struct series *series, const char *bound, double value)
{
	const char *const *keys = table[series->metric].labels;
	const char *label = series->labels;
	char digits[NUMBER_MAX];
	bool fits = buf_format(text, "%s%s", name, suffix);

	for (size_t i = 0; keys[i]; i++) {
		fits = fits && buf_format(text, "%s%s=\"", i ? "," : "{", keys[i]) &&
		       write_escaped(text, label) && buf_add(text, "\"", 1);
		label += strlen(label) + 1;
	}
	if (bound)
		fits = fits && buf_format(text, "%sle=\"%s\"", keys[0] ? "," : "{", bound);
	if (bound || keys[0])
		fits = fits && buf_add(text, "}", 1);
	return fits && buf_format(text, " %s\n", number(value, digits));
}

static bool write_histogram(struct buf *text, const char *name, const struct series *series)
{
	char digits[NUMBER_MAX];

	for (size_t i = 0; i < array_length(bounds); i++)
		if (!write_line(text, name, "_bucket", series, number(bounds[i], digits),
		                (double)series->buckets[i]))
			return false;
	return write_line(text, name, "_bucket", series, "+Inf", (double)series->count) &&
	       write_line(text, name, "_sum", series, NULL, series->value) &&
	       write_line(text, name, "_count", series, NULL, (double)series->count);
}

static const char *kind_name(enum kind kind)
{
	switch (kind) {
	case KIND_GAUGE:
		return "gauge";
	case KIND_COUNTER:
		return "counter";
	case KIND_HISTOGRAM:
		return "histogram";
	case KIND_UNKNOWN:
		break;
	}
	return "untyped";
}

static bool write_metric(struct buf *text, const struct description *metric,
                         const struct series *series)
{
	char name[NAME_MAX_BYTES];
	size_t length = strlen(metric->name);

	assert(length < sizeof(name));
	for (size_t i = 0; i <= length; i++)
		name[i] = (char)tolower((unsigned char)metric->name[i]);
	if (!buf_format(text, "# HELP %s %s\n# TYPE %s %s\n", name, metric->help, name,
	                kind_name(metric->kind)))
		return false;
	for (; series; series = series->next) {
		bool fits = metric->kind == KIND_HISTOGRAM
		                    ? write_histogram(text, name, series)
		                    : write_line(text, name, "", series, NULL, series->value);

		if (!fits)
			return false;
	}
	return true;
}

bool metrics_write(const struct metrics *metrics, struct buf *text)
{
	for (size_t i = 0; i < METRIC_COUNT; i++)
		if (metrics->series[i] && !write_metric(text, &table[i], metrics->series[i]))
			return false;
	return true;
}
