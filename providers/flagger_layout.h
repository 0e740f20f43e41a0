/*
 * The layout of a pod template in the types that Flagger 1.44 is compiled with (Kubernetes API
 * 0.36.2): its hash is of every field's name, type and value, in this order.
 */
#ifndef PROVIDERS_FLAGGER_LAYOUT_H
#define PROVIDERS_FLAGGER_LAYOUT_H

#include <stddef.h>

/*
 * FIELDS is "Name:Type" or "Name=key:Type", a space between two. The JSON key is the name with a
 * small first letter, if none is given; "." is an embedded struct, whose fields stand beside the
 * others in JSON. A type is a builtin's, a struct's that has a row, or a text's; before it stand
 * "*" for a pointer, "[]" for a list. "{string}" and "{Quantity}" are maps.
 */
struct flagger_layout {
	const char *name;
	const char *fields;
};

/* The fields of the struct whose name is the first LENGTH bytes of NAME; NULL: it is no struct. */
const char *flagger_layout_find(const char *name, size_t length);

#endif
