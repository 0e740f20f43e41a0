/* JSON for tests: ' stands for ", and a merge patch (RFC 7386) makes one row's object from a common
 * one. */
#ifndef TESTS_PROVIDERS_MERGE_H
#define TESTS_PROVIDERS_MERGE_H

#include <jansson.h>

/* TEXT, with ' for ", as JSON; owned by the caller. Aborts when it is none. */
json_t *merge_parse(const char *text);

/* BASE with PATCH laid over it; owned by the caller. */
json_t *merge_text(const char *base, const char *patch);

/* Lay PATCH over *object, in place. A member null of the patch removes; a null in a list stays. */
void merge_apply(json_t **object, const json_t *patch);

#endif
