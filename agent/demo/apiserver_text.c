#include "agent/demo/apiserver_inside.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void text_fini(struct apiserver_text *text)
{
	json_decref(text->object);
	free(text->bytes);
}

const struct apiserver_text *apiserver_text_of(struct apiserver *server, json_t *object)
{
	size_t slot = ((uintptr_t)object >> 4) % APISERVER_TEXTS;
	struct apiserver_text *text = &server->texts[slot];

	if (text->object == object)
		return text;
	text_fini(text);
	text->object = json_incref(object);
	text->bytes = json_dumps(object, JSON_COMPACT);
	if (!text->bytes)
		abort();
	text->length = strlen(text->bytes);
	return text;
}

void apiserver_text_fini(struct apiserver *server)
{
	for (size_t i = 0; i < APISERVER_TEXTS; i++)
		text_fini(&server->texts[i]);
}
