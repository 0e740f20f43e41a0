/* A Kubernetes quantity as Go's resource.Quantity keeps it. */
#ifndef PROVIDERS_FLAGGER_QUANTITY_H
#define PROVIDERS_FLAGGER_QUANTITY_H

#include <stdbool.h>
#include <stdint.h>

struct flagger_quantity {
	int64_t value;
	int scale;
	bool is_kept;       /* the text itself is kept beside the value */
	const char *format; /* "DecimalSI", "DecimalExponent" or "BinarySI" */
};

/* False: TEXT is no quantity, or one that is not kept as an integer. */
bool flagger_quantity_read(const char *text, struct flagger_quantity *ret);

#endif
