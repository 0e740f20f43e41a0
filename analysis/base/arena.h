/* An arena: memory that is given piece by piece and taken back all at once. */
#ifndef ANALYSIS_BASE_ARENA_H
#define ANALYSIS_BASE_ARENA_H

#include "analysis/base/compiler.h"

#include <stddef.h>

struct arena_block;

/* Zero is a valid, empty arena. */
struct arena {
	struct arena_block *blocks;
	size_t used; /* bytes given out since the last reset, for budgets */
};

/* SIZE zeroed bytes, aligned for any type, owned by the arena. Aborts when memory runs out. */
void *arena_alloc(struct arena *arena, size_t size);

/* A NUL-terminated copy of LENGTH bytes at TEXT, owned by the arena. */
char *arena_copy(struct arena *arena, const char *text, size_t length);

/* A NUL-terminated copy of TEXT, owned by the arena; NULL gives NULL. */
char *arena_text(struct arena *arena, const char *text);

/* Text made as by printf, owned by the arena. */
char *arena_format(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);

/* Free all that the arena gave out; it is empty and usable afterwards. */
void arena_fini(struct arena *arena);

#endif
