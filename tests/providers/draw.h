/* Numbers, and texts, by a seed: the same for the same seed on every machine. */
#ifndef TESTS_PROVIDERS_DRAW_H
#define TESTS_PROVIDERS_DRAW_H

#include <jansson.h>
#include <stdint.h>

/* Below LIMIT; *SEED goes on. */
unsigned draw(uint64_t *seed, unsigned limit);

/* One of COUNT texts, as `merge_parse` has it; owned by the caller. */
json_t *draw_json(uint64_t *seed, const char *const *texts, size_t count);

#endif
