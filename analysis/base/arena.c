#include "analysis/base/arena.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* With its head not more than what allocators keep at hand for the next one. */
#define BLOCK_SIZE 960

struct arena_block {
	struct arena_block *next;
	size_t size;
	size_t used;
	max_align_t bytes[];
};

static size_t round_up(size_t size)
{
	size_t unit = sizeof(max_align_t);

	assert(size < SIZE_MAX / 2);
	return (size + unit - 1) / unit * unit;
}

static struct arena_block *block_new(size_t size)
{
	struct arena_block *block = malloc(sizeof(*block) + size);

	if (!block)
		abort();
	block->size = size;
	block->used = 0;
	return block;
}

/* As arena_alloc, with any bytes in it. */
static void *take(struct arena *arena, size_t size)
{
	size_t need = round_up(size ? size : 1);
	struct arena_block *block = arena->blocks;
	void *ret;

	if (!block || block->size - block->used < need) {
		block = block_new(need > BLOCK_SIZE ? need : BLOCK_SIZE);
		block->next = arena->blocks;
		arena->blocks = block;
	}
	ret = (char *)block->bytes + block->used;
	block->used += need;
	arena->used += need;
	return ret;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	return memset(take(arena, size), 0, size);
}

char *arena_copy(struct arena *arena, const char *text, size_t length)
{
	char *copy = take(arena, length + 1);

	memcpy(copy, text, length);
	copy[length] = '\0';
	return copy;
}

char *arena_text(struct arena *arena, const char *text)
{
	return text ? arena_copy(arena, text, strlen(text)) : NULL;
}

char *arena_format(struct arena *arena, const char *format, ...)
{
	struct arena_block *block = arena->blocks;
	size_t room = block ? block->size - block->used : 0;
	char *free_bytes = room ? (char *)block->bytes + block->used : NULL;
	va_list args;
	va_list again;
	int length;
	char *text;

	va_start(args, format);
	va_copy(again, args);
	length = vsnprintf(free_bytes, room, format, args);
	va_end(args);
	assert(length >= 0);
	text = take(arena, (size_t)length + 1);
	if (text != free_bytes)
		(void)vsnprintf(text, (size_t)length + 1, format, again);
	va_end(again);
	return text;
}

void arena_fini(struct arena *arena)
{
	while (arena->blocks) {
		struct arena_block *block = arena->blocks;

		arena->blocks = block->next;
		free(block);
	}
	arena->used = 0;
}
