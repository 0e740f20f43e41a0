/* One page of a LIST. */
#ifndef PROVIDERS_KUBE_LIST_H
#define PROVIDERS_KUBE_LIST_H

#include "analysis/base/err.h"

#include <jansson.h>
#include <stdbool.h>

struct kube_list {
	json_t *items;              /* borrowed from the page; NULL: it has none */
	char resource_version[24];  /* a watch begins there */
	const char *continue_token; /* borrowed from the page; NULL: it was the last */
};

/* Read PAGE, which must outlive *ret. ERR_LIMIT: a token or version longer than we carry. */
bool kube_list_read(const json_t *page, struct kube_list *ret, struct err *err);

#endif
