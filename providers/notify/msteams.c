/* Microsoft Teams: a MessageCard. */
#include "providers/notify/notify.h"

static json_t *facts_of(const struct notifier_message *message)
{
	json_t *facts = json_array();

	for (size_t i = 0; i < message->n_fields; i++)
		json_array_append_new(facts, json_pack("{ss ss}", "name", message->fields[i].name,
		                                       "value", message->fields[i].value));
	return facts;
}

static json_t *write_body(const struct notifier *notifier, const struct notifier_receiver *receiver,
                          const struct notifier_message *message)
{
	return json_pack("{ss ss ss ss s[{ss ss so}]}", "@type", "MessageCard", "@context",
	                 "http://schema.org/extensions", "themeColor",
	                 message->severity == SEVERITY_ERROR ? notifier->error_color
	                                                     : notifier->color,
	                 "summary", message->subject, "sections", "activityTitle", message->text,
	                 "activitySubtitle", message->subject, "facts", facts_of(message));
}

const struct notifier notifier_msteams = {
	.name = "msteams",
	.color = "0076D7",
	.error_color = "FF0000",
	.write = write_body,
};
