/*
 * Server-sent events. A reader that comes again says which event it had last, and gets what
 * followed; when that is gone, or the agent was started anew, it is told so and reads what it shows
 * again.
 */
#include "agent/api_feed.h"
#include "agent/api_route.h"
#include "agent/command/command_flags.h"
#include "analysis/base/text.h"
#include "providers/kube/tree.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MS_PER_MINUTE 60000
#define RETRY_MS      2000
#define REPLAY_MAX    (SERVER_EXCHANGE_PENDING_MAX / 2) /* bytes that are told at once */

struct api_stream {
	struct api_stream *next;
	struct api_visit *visit;
	char canary[API_VISIT_NAME_MAX]; /* "": all */
	int64_t until;                   /* uptime, ms */
};

static bool concerns(const struct api_stream *stream, const struct api_feed_event *event)
{
	const char *k8s_namespace = stream->visit->k8s_namespace;

	if (!event->k8s_namespace[0])
		return true;
	return (!k8s_namespace[0] || strcmp(k8s_namespace, event->k8s_namespace) == 0) &&
	       (!stream->canary[0] || strcmp(stream->canary, event->canary) == 0);
}

static bool write_event(const struct api *api, const struct api_feed_event *event, struct buf *text)
{
	return buf_format(text, "id: %s.%" PRIu64 "\nevent: %s\ndata: %s\n\n", api->boot,
	                  event->number, event->type, event->text);
}

static void send_text(const struct api_stream *stream, const struct buf *text)
{
	(void)server_exchange_send(stream->visit->exchange, buf_text(text), text->length);
}

void api_events_tell(struct api *api, const struct api_feed_event *event)
{
	CLEANUP(buf_fini) struct buf text = {.max = SERVER_EXCHANGE_PENDING_MAX};

	if (!api->streams || !write_event(api, event, &text))
		return;
	for (struct api_stream *stream = api->streams; stream; stream = stream->next) {
		if (concerns(stream, event))
			send_text(stream, &text);
	}
}

void api_events_beat(struct alarm *alarm)
{
	struct api *api = container_of(alarm, struct api, beat);
	int64_t now = loop_uptime(api->settings.loop).ms;

	if (!api->streams)
		return;
	for (struct api_stream *stream = api->streams; stream; stream = stream->next) {
		if (now >= stream->until)
			server_exchange_end(stream->visit->exchange);
		else
			(void)server_exchange_send(stream->visit->exchange, ":\n\n", 3);
	}
	alarm_start(api->settings.loop, alarm, span_seconds(API_BEAT_SECONDS));
}

static void leave(struct api_visit *visit)
{
	struct api_stream *stream = visit->work;
	struct api_stream **link = &visit->api->streams;

	while (*link != stream)
		link = &(*link)->next;
	*link = stream->next;
	visit->api->n_streams--;
	free(stream);
}

/* The first words: ------------------------------------------------------------------------------
 */

/* An event that is none of the feed's, but has the number of its newest. */
static bool write_own(const struct api *api, const char *type, const char *sentence,
                      struct buf *text)
{
	const struct api_settings *settings = &api->settings;
	char at[INSTANT_TEXT_MAX];

	(void)instant_format_seconds(loop_now(settings->loop), at);
	return buf_format(text,
	                  "id: %s.%" PRIu64
	                  "\nevent: %s\ndata: {\"at\":\"%s\",\"text\":\"%s\"}\n\n",
	                  api->boot, api_feed_newest(settings->feed), type, at, sentence);
}

/* The number in the id of one of our events; false: it is of another start, or none. */
static bool read_id(const struct api *api, const char *id, uint64_t *ret)
{
	size_t length = strlen(api->boot);
	char *end;

	if (strncmp(id, api->boot, length) != 0 || id[length] != '.' || id[length + 1] < '0' ||
	    id[length + 1] > '9')
		return false;
	*ret = strtoull(id + length + 1, &end, 10);
	return *end == '\0' && *ret <= api_feed_newest(api->settings.feed);
}

/* All that followed the event ID. False: some of it is gone, or it is too much. */
static bool write_missed(const struct api_stream *stream, const char *id, struct buf *text)
{
	const struct api *api = stream->visit->api;
	const struct api_feed *feed = api->settings.feed;
	uint64_t number;

	if (!read_id(api, id, &number))
		return false;
	while (number++ < api_feed_newest(feed)) {
		const struct api_feed_event *event = api_feed_find(feed, number);

		if (!event || (concerns(stream, event) && !write_event(api, event, text)))
			return false;
	}
	return true;
}

static void greet(const struct api_stream *stream)
{
	const struct api *api = stream->visit->api;
	const char *id = server_exchange_header(stream->visit->exchange, "Last-Event-ID");
	CLEANUP(buf_fini) struct buf text = {.max = REPLAY_MAX};
	bool is_leading = api->settings.is_leading(api->settings.user);
	bool fits;

	if (id && !write_missed(stream, id, &text)) {
		buf_fini(&text);
		(void)!write_own(api, "reset",
		                 "what followed your last event is gone: read what you show again",
		                 &text);
	}
	text.max += SERVER_EXCHANGE_PENDING_MAX / 4;
	fits = buf_format(&text, "retry: %d\n", RETRY_MS) &&
	       write_own(api, "hello",
	                 is_leading ? "from now on"
	                            : "from now on; this agent does not lead, so it tells of "
	                              "Releases only",
	                 &text);
	if (fits)
		send_text(stream, &text);
}

void api_events(struct api_visit *visit)
{
	const char *canary = api_visit_argument(visit, "canary");
	struct api *api = visit->api;
	struct api_stream *stream;
	json_t *tree;

	if (canary && !command_flags_is_name(canary)) {
		api_visit_refuse(visit, 400, "canary: expected the name of a canary");
		return;
	}
	if (api->n_streams >= API_STREAMS_MAX) {
		tree = kube_tree_object();
		kube_tree_set_text(tree, "error", "all streams are taken: come again later");
		api_visit_put_off(visit, 503, tree);
		return;
	}
	stream = calloc(1, sizeof(*stream));
	if (!stream)
		abort();
	stream->visit = visit;
	stream->until = loop_uptime(api->settings.loop).ms + API_STREAM_MINUTES * MS_PER_MINUTE;
	text_copy(stream->canary, canary ? canary : "");
	stream->next = api->streams;
	api->streams = stream;
	if (api->n_streams++ == 0)
		alarm_start(api->settings.loop, &api->beat, span_seconds(API_BEAT_SECONDS));
	visit->work = stream;
	visit->leave = leave;
	visit->is_answered = true;
	alarm_cancel(&visit->late);
	server_exchange_stream(visit->exchange, "text/event-stream");
	greet(stream);
}
