#include "agent/demo/demo_series.h"

#include "analysis/base/text.h"

#include <stdlib.h>
#include <string.h>

struct label {
	char name[32];
	char value[64];
};

struct scrape {
	struct instant at;
	double value;
};

struct demo_series {
	struct demo_series *next;
	char name[80];
	struct label labels[DEMO_SERIES_LABELS_MAX];
	size_t n_labels;
	double value;
	struct scrape scrapes[DEMO_SERIES_KEPT]; /* a ring */
	size_t n_scrapes;                        /* since the start */
};

struct demo_series_store {
	struct demo_series *first;
	struct demo_series **end;
};

struct demo_series_store *demo_series_store_new(void)
{
	struct demo_series_store *store = calloc(1, sizeof(*store));

	if (!store)
		abort();
	store->end = &store->first;
	return store;
}

struct demo_series_store *demo_series_store_free(struct demo_series_store *store)
{
	while (store && store->first) {
		struct demo_series *series = store->first;

		store->first = series->next;
		free(series);
	}
	free(store);
	return NULL;
}

static bool is_same(const struct demo_series *series, const char *name,
                    const struct demo_series_label *labels)
{
	size_t n = 0;

	if (strcmp(series->name, name) != 0)
		return false;
	for (; labels[n].name; n++) {
		if (n >= series->n_labels || strcmp(series->labels[n].name, labels[n].name) != 0 ||
		    strcmp(series->labels[n].value, labels[n].value) != 0)
			return false;
	}
	return n == series->n_labels;
}

struct demo_series *demo_series_get(struct demo_series_store *store, const char *name,
                                    const struct demo_series_label *labels)
{
	struct demo_series *series = store->first;

	while (series && !is_same(series, name, labels))
		series = series->next;
	if (series)
		return series;
	series = calloc(1, sizeof(*series));
	if (!series)
		abort();
	text_copy(series->name, name);
	for (; labels[series->n_labels].name && series->n_labels < DEMO_SERIES_LABELS_MAX;
	     series->n_labels++) {
		struct label *label = &series->labels[series->n_labels];

		text_copy(label->name, labels[series->n_labels].name);
		text_copy(label->value, labels[series->n_labels].value);
	}
	*store->end = series;
	store->end = &series->next;
	return series;
}

void demo_series_add(struct demo_series *series, double amount)
{
	series->value += amount;
}

void demo_series_scrape(struct demo_series_store *store, struct instant now)
{
	for (struct demo_series *series = store->first; series; series = series->next) {
		series->scrapes[series->n_scrapes % DEMO_SERIES_KEPT] =
			(struct scrape){.at = now, .value = series->value};
		series->n_scrapes++;
	}
}

const struct demo_series *demo_series_next(const struct demo_series_store *store,
                                           const struct demo_series *previous)
{
	return previous ? previous->next : store->first;
}

const char *demo_series_name(const struct demo_series *series)
{
	return series->name;
}

const char *demo_series_value(const struct demo_series *series, const char *label)
{
	for (size_t i = 0; i < series->n_labels; i++) {
		if (strcmp(series->labels[i].name, label) == 0)
			return series->labels[i].value;
	}
	return "";
}

bool demo_series_increase(const struct demo_series *series, struct instant now, struct span window,
                          double *ret)
{
	struct instant from = {now.ms - window.ms};
	const struct scrape *first = NULL;
	const struct scrape *last = NULL;
	size_t n_kept = series->n_scrapes < DEMO_SERIES_KEPT ? series->n_scrapes : DEMO_SERIES_KEPT;

	for (size_t i = series->n_scrapes - n_kept; i < series->n_scrapes; i++) {
		const struct scrape *scrape = &series->scrapes[i % DEMO_SERIES_KEPT];

		if (instant_is_before(scrape->at, from) || instant_is_before(now, scrape->at))
			continue;
		first = first ? first : scrape;
		last = scrape;
	}
	if (!first || first == last)
		return false;
	*ret = (last->value - first->value) * (double)window.ms /
	       (double)instant_between(first->at, last->at).ms;
	return true;
}
