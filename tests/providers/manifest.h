/* The shipped YAML as JSON, for tests. */
#ifndef TESTS_PROVIDERS_MANIFEST_H
#define TESTS_PROVIDERS_MANIFEST_H

#include <jansson.h>
#include <stdbool.h>

/* The documents of the file as a list; owned by the caller. Aborts when it cannot be read. */
json_t *manifest_load(const char *path);

/* The list has TEXT among its elements. */
bool manifest_has(const json_t *list, const char *text);

#endif
