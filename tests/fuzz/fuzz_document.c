/* YAML: what was read can be written as JSON and reads back as the same. */
#include "providers/wire/document.h"
#include "providers/wire/tree.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void check(const json_t *tree)
{
	CLEANUP(tree_text_freep) char *text = tree_text(tree);
	CLEANUP(tree_freep) json_t *again = NULL;

	assert(text && tree_is_shallow(tree, DOCUMENT_DEPTH_MAX));
	if (!json_is_object(tree) && !json_is_array(tree))
		return;
	assert(document_read_json(text, strlen(text), strlen(text), &again, NULL));
	assert(json_equal(tree, again));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	CLEANUP(document_stream_freep) struct document_stream *stream = NULL;
	struct err err = {0};

	stream = document_stream_new((const char *)bytes, length);
	for (;;) {
		CLEANUP(tree_freep) json_t *tree = NULL;

		if (!document_stream_next(stream, &tree, &err)) {
			assert(err.kind != ERR_NONE && *err.text);
			break;
		}
		if (!tree)
			break;
		check(tree);
	}
	return 0;
}
