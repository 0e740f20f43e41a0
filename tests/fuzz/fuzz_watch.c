/* The watch reader: however the bytes are split, the events are the same. */
#include "analysis/base/arena.h"
#include "providers/kube/watch.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

/* All events as text, and how it ended. */
struct tape {
	struct buf text;
	enum err_kind end;
};

static void on_event(void *context, const struct kube_watch_event *event)
{
	struct tape *tape = context;
	char *text = json_dumps(event->object, JSON_COMPACT | JSON_SORT_KEYS);

	assert(text && event->type != KUBE_WATCH_NONE);
	if (!buf_format(&tape->text, "%d %s\n", (int)event->type, text))
		abort();
	free(text);
}

/* Feed the bytes in pieces of STEP. */
static struct tape play(const char *bytes, size_t length, size_t step)
{
	struct tape tape = {.text = {.max = SIZE_MAX / 2}};
	struct kube_watch watch;
	struct err err = {0};

	kube_watch_init(&watch, LINE_MAX);
	for (size_t at = 0; at < length; at += step) {
		size_t piece = length - at < step ? length - at : step;

		if (!kube_watch_feed(&watch, bytes + at, piece, on_event, &tape, &err))
			tape.end = err.kind;
	}
	kube_watch_fini(&watch);
	return tape;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	size_t step = length > 0 ? (size_t)bytes[0] % 7 + 1 : 1;
	struct tape whole = play((const char *)bytes, length, length ? length : 1);
	struct tape pieces = play((const char *)bytes, length, step);

	assert(whole.end == pieces.end);
	assert(strcmp(buf_text(&whole.text), buf_text(&pieces.text)) == 0);
	buf_fini(&whole.text);
	buf_fini(&pieces.text);
	return 0;
}
