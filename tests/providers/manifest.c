#include "tests/providers/manifest.h"

#include "providers/wire/document.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The file's bytes; freed by the caller. */
static char *slurp(const char *path, size_t *ret)
{
	char *bytes = malloc(DOCUMENT_BYTES_MAX);
	FILE *file = fopen(path, "r");

	if (!file || !bytes) {
		perror(path);
		abort();
	}
	*ret = fread(bytes, 1, DOCUMENT_BYTES_MAX, file);
	(void)fclose(file);
	return bytes;
}

json_t *manifest_load(const char *path)
{
	size_t length;
	char *bytes = slurp(path, &length);
	struct document_stream *stream = document_stream_new(bytes, length);
	json_t *list = json_array();
	json_t *document = NULL;
	struct err err = {0};

	do {
		if (!document_stream_next(stream, &document, &err)) {
			(void)fprintf(stderr, "%s: %s\n", path, err.text);
			abort();
		}
		if (document)
			json_array_append_new(list, document);
	} while (document);
	document_stream_free(stream);
	free(bytes);
	return list;
}

bool manifest_has(const json_t *list, const char *text)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *element = json_string_value(json_array_get(list, i));

		if (element && strcmp(element, text) == 0)
			return true;
	}
	return false;
}
