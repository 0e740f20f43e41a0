#include "agent/demo/apiserver_inside.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void text_fini(struct apiserver_text *text)
{
	json_decref(text->object);
	free(text->bytes);
}

json_t *apiserver_text_shown(json_t *object, enum apiserver_form form)
{
	json_t *item;

	if (form == APISERVER_WHOLE)
		return json_incref(object);
	if (form == APISERVER_PARTIAL)
		return apiserver_read_partial(object);
	item = json_copy(object);
	json_object_del(item, "kind");
	json_object_del(item, "apiVersion");
	return item;
}

/* Objects lie at multiples of many powers of two. */
static size_t slot_of(const json_t *object, enum apiserver_form form)
{
	uint64_t mixed = ((uintptr_t)object + form) * UINT64_C(0x9E3779B97F4A7C15);

	return (size_t)(mixed >> 32) % APISERVER_TEXTS;
}

const struct apiserver_text *apiserver_text_of(struct apiserver *server, json_t *object,
                                               enum apiserver_form form)
{
	struct apiserver_text *text = &server->texts[slot_of(object, form)];
	json_t *shown;

	if (text->object == object && text->form == form)
		return text;
	text_fini(text);
	shown = apiserver_text_shown(object, form);
	text->object = json_incref(object);
	text->form = form;
	text->bytes = json_dumps(shown, JSON_COMPACT);
	if (!text->bytes)
		abort();
	text->length = strlen(text->bytes);
	json_decref(shown);
	return text;
}

void apiserver_text_fini(struct apiserver *server)
{
	for (size_t i = 0; i < APISERVER_TEXTS; i++)
		text_fini(&server->texts[i]);
}
