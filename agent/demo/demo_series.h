/*
 * The counters of the demo's ingress controller and what a Prometheus has scraped of them.
 *
 * Glossary. *Series*: one counter with its name and labels. *Scrape*: all counters are read and
 * kept with the time; the newest ones of each series are kept.
 */
#ifndef AGENT_DEMO_DEMO_SERIES_H
#define AGENT_DEMO_DEMO_SERIES_H

#include "analysis/base/instant.h"

#include <stddef.h>

#define DEMO_SERIES_LABELS_MAX 8
#define DEMO_SERIES_KEPT       900 /* scrapes */

struct demo_series_label {
	const char *name;
	const char *value;
};

struct demo_series_store;
struct demo_series;

struct demo_series_store *demo_series_store_new(void);

/* Accepts NULL, returns NULL. */
struct demo_series_store *demo_series_store_free(struct demo_series_store *store);

/*
 * The counter of that name and labels (label NULL ends them), made when it is not there; it lives
 * as long as the store. Texts are copied.
 */
struct demo_series *demo_series_get(struct demo_series_store *store, const char *name,
                                    const struct demo_series_label *labels);

void demo_series_add(struct demo_series *series, double amount);

/* Read all counters; times must rise. */
void demo_series_scrape(struct demo_series_store *store, struct instant now);

/* The next series after PREVIOUS (NULL: the first), or NULL. */
const struct demo_series *demo_series_next(const struct demo_series_store *store,
                                           const struct demo_series *previous);

const char *demo_series_name(const struct demo_series *series);

/* A label's value, "" when it has none. */
const char *demo_series_value(const struct demo_series *series, const char *label);

/*
 * What it rose by in the WINDOW that ends NOW, from the first to the last scrape in it and extended
 * to the whole of it; false with fewer than two scrapes in it.
 */
bool demo_series_increase(const struct demo_series *series, struct instant now, struct span window,
                          double *ret);

#endif
