#include "tests/simulation/story.h"

#include <inttypes.h>
#include <stdarg.h>

#define LINE_MAX_BYTES 600

void story_init(struct story *story, FILE *stream, struct instant start)
{
	*story = (struct story){
		.digest = UINT64_C(0xCBF29CE484222325),
		.stream = stream,
		.start = start,
		.now = start,
	};
}

void story_mix(struct story *story, uint64_t number)
{
	story->digest = (story->digest ^ number) * UINT64_C(0x100000001B3);
	story->digest ^= story->digest >> 29;
}

void story_mix_text(struct story *story, const char *text)
{
	uint64_t hash = UINT64_C(0xCBF29CE484222325);

	for (; *text; text++)
		hash = (hash ^ (uint64_t)(unsigned char)*text) * UINT64_C(0x100000001B3);
	story_mix(story, hash);
}

void story_tell(struct story *story, const char *who, const char *format, ...)
{
	char line[LINE_MAX_BYTES];
	int64_t ms = story->now.ms - story->start.ms;
	va_list args;

	va_start(args, format);
	(void)vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	story_mix(story, (uint64_t)story->now.ms);
	story_mix_text(story, who);
	story_mix_text(story, line);
	if (story->stream)
		(void)fprintf(story->stream, "%6" PRId64 ".%03" PRId64 " %-10s %s\n", ms / 1000,
		              ms % 1000, who, line);
}
