/* Slack's attachments, which Discord and Rocket.Chat take too. */
#include "providers/notify/notify.h"

static json_t *fields_of(const struct notifier_message *message)
{
	json_t *fields = json_array();

	for (size_t i = 0; i < message->n_fields; i++)
		json_array_append_new(fields,
		                      json_pack("{ss ss sb}", "title", message->fields[i].name,
		                                "value", message->fields[i].value, "short", 0));
	return fields;
}

static json_t *write_body(const struct notifier *notifier, const struct notifier_receiver *receiver,
                          const struct notifier_message *message)
{
	return json_pack("{ss ss ss ss s[{ss ss ss s[s] so}]}", "channel", receiver->channel,
	                 "username", receiver->username, "icon_url", "", "icon_emoji",
	                 ":rocket:", "attachments", "color",
	                 message->severity == SEVERITY_ERROR ? notifier->error_color
	                                                     : notifier->color,
	                 "author_name", message->subject, "text", message->text, "mrkdwn_in",
	                 "text", "fields", fields_of(message));
}

const struct notifier notifier_slack[NOTIFIER_SLACK_ROWS] = {
	{
		.name = "slack",
		.color = "good",
		.error_color = "danger",
		.bears_token = true,
		.write = write_body,
	},
	{
		.name = "discord",
		.color = "good",
		.error_color = "danger",
		.path = "/slack",
		.write = write_body,
	},
	{
		.name = "rocket",
		.color = "#0076D7",
		.error_color = "#FF0000",
		.write = write_body,
	},
};
