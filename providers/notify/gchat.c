/* Google Chat: a card with a section per text; it shows no severity. */
#include "analysis/base/arena.h"
#include "providers/notify/notify.h"

#define STRONG "<font color=#848484><strong>%s</strong></font>"

static json_t *section_of(const char *text)
{
	return json_pack("{s[{s{ss}}]}", "widgets", "textParagraph", "text", text);
}

static json_t *write_body(const struct notifier *notifier, const struct notifier_receiver *receiver,
                          const struct notifier_message *message)
{
	struct arena arena = {0};
	json_t *sections = json_array();

	json_array_append_new(sections, section_of(arena_format(&arena, STRONG, message->text)));
	for (size_t i = 0; i < message->n_fields; i++)
		json_array_append_new(sections, section_of(arena_format(&arena, "%s<br>" STRONG,
		                                                        message->fields[i].name,
		                                                        message->fields[i].value)));
	arena_fini(&arena);
	return json_pack("{s[{s{ss ss ss} so}]}", "cards", "header", "title", "Flagger", "subtitle",
	                 message->subject, "imageUrl", "https://flagger.app/favicon.png",
	                 "sections", sections);
}

const struct notifier notifier_gchat = {
	.name = "gchat",
	.write = write_body,
};
