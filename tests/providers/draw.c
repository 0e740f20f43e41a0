#include "tests/providers/draw.h"

#include "tests/providers/merge.h"

unsigned draw(uint64_t *seed, unsigned limit)
{
	*seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(*seed >> 33) % limit;
}

json_t *draw_json(uint64_t *seed, const char *const *texts, size_t count)
{
	return merge_parse(texts[draw(seed, (unsigned)count)]);
}
