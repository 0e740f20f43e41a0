#include "agent/follow.h"

#include "agent/log.h"
#include "agent/metrics.h"
#include "analysis/backoff.h"
#include "analysis/base/text.h"
#include "providers/kube/list.h"
#include "providers/kube/watch.h"

#include <stdlib.h>
#include <string.h>

#define QUIET_MS 90000 /* a watch without event and bookmark for so long is reopened */
#define WATCH_LENGTH \
 300000 /* the server ends a watch after it; some are spread over a tenth more */

enum follow_state {
	FOLLOW_IDLE,
	FOLLOW_LISTING,
	FOLLOW_WATCHING,
};

struct follow {
	struct http_call call; /* the first member: found again from its address */
	struct alarm again;    /* after a failure */
	struct alarm quiet;    /* the watch said nothing for too long */
	const struct follow_seams *seams;
	enum kube_kind kind;
	enum follow_state state;
	struct kube_watch watch;
	char resource_version[24];
	char token[KUBE_API_CONTINUE_MAX];
	int failures;
	char trouble[ERR_TEXT_MAX]; /* "" since something came */
	bool is_synced;
	bool is_due;     /* nobody asked for a list since it was forgotten */
	bool is_expired; /* the stream said 410 */
};

static void start(struct follow *follow);

static struct kube_ref ref_of(const struct follow *follow)
{
	return (struct kube_ref){.kind = follow->kind,
	                         .k8s_namespace = follow->seams->k8s_namespace};
}

static void retry(struct follow *follow, const char *why, int status)
{
	struct loop *loop = follow->seams->loop;

	follow->failures++;
	text_copy(follow->trouble, why);
	log_event(follow->seams->log, LOG_WARNING, "follow.failed", why,
	          LOG_FIELDS({"resource", kube_api_plural(follow->kind)}));
	alarm_cancel(&follow->quiet);
	alarm_start(loop, &follow->again, backoff_delay(follow->failures, loop_random(loop)));
	if (follow->seams->failed)
		follow->seams->failed(follow->seams->user, status);
}

/* Hand a page's objects over; false when the page cannot be read. */
static bool take_page(struct follow *follow, const json_t *page, bool *ret_is_last)
{
	struct kube_list list;
	struct err err = {0};
	size_t index;
	json_t *item;

	if (!kube_list_read(page, &list, &err)) {
		retry(follow, err.text, 0);
		return false;
	}
	json_array_foreach(list.items, index, item)
		follow->seams->sink(follow->seams->user, follow->kind, FOLLOW_LISTED, item);
	text_copy(follow->resource_version, list.resource_version);
	text_copy(follow->token, list.continue_token ? list.continue_token : "");
	*ret_is_last = list.continue_token == NULL;
	return true;
}

static void on_list(struct follow *follow, const struct http_reply *reply)
{
	struct kube_ref ref = ref_of(follow);
	struct kube_answer answer = {0};
	bool is_last = false;
	bool is_read;

	kube_api_read(HTTP_GET, &ref, reply, &answer);
	if (answer.outcome != ACT_OK) {
		follow->token[0] = '\0'; /* an expired token: from the first page again */
		retry(follow, answer.text, reply->status);
		return;
	}
	is_read = take_page(follow, answer.object, &is_last);
	json_decref(answer.object);
	if (!is_read)
		return;
	follow->failures = 0;
	follow->trouble[0] = '\0';
	if (is_last) {
		follow->state = FOLLOW_WATCHING;
		follow->is_synced = !follow->is_due;
		follow->seams->sink(follow->seams->user, follow->kind, FOLLOW_SYNCED, NULL);
	}
	start(follow);
}

static void on_event(void *context, const struct kube_watch_event *event)
{
	struct follow *follow = context;
	const char *version;

	version = json_string_value(
		json_object_get(json_object_get(event->object, "metadata"), "resourceVersion"));
	if (event->type == KUBE_WATCH_EXPIRED || event->type == KUBE_WATCH_ERROR) {
		follow->is_expired = true;
		return;
	}
	if (version)
		text_copy(follow->resource_version, version);
	follow->failures = 0;
	follow->trouble[0] = '\0';
	if (event->type == KUBE_WATCH_ADDED || event->type == KUBE_WATCH_MODIFIED)
		follow->seams->sink(follow->seams->user, follow->kind, FOLLOW_CHANGED,
		                    event->object);
	else if (event->type == KUBE_WATCH_DELETED)
		follow->seams->sink(follow->seams->user, follow->kind, FOLLOW_DELETED,
		                    event->object);
}

static bool on_bytes(struct http_call *call, const char *bytes, size_t length)
{
	struct follow *follow = (struct follow *)(void *)call;
	struct err err = {0};

	if (!kube_watch_feed(&follow->watch, bytes, length, on_event, follow, &err)) {
		log_event(follow->seams->log, LOG_ERROR, "follow.unreadable", err.text,
		          LOG_FIELDS({"resource", kube_api_plural(follow->kind)}));
		follow->is_expired = true;
		return false;
	}
	alarm_start(follow->seams->loop, &follow->quiet, span_ms(QUIET_MS));
	return !follow->is_expired;
}

/* The watch ended: after its length, by a failure, or because its version is too old. */
static void on_watch_end(struct follow *follow, const struct http_reply *reply)
{
	alarm_cancel(&follow->quiet);
	metrics_add(follow->seams->metrics, METRIC_SERIN_WATCH_RESTARTS_TOTAL,
	            METRIC_LABELS(kube_api_plural(follow->kind)), 1);
	if (follow->is_expired || reply->status == 410) {
		follow->state = FOLLOW_LISTING;
		start(follow);
		return;
	}
	if (reply->error.kind != ERR_NONE)
		retry(follow, reply->error.text, 0);
	else if (reply->status != 200)
		retry(follow, "the watch was refused", reply->status);
	else
		start(follow);
}

static void on_done(struct http_call *call, const struct http_reply *reply)
{
	struct follow *follow = (struct follow *)(void *)call;

	if (follow->state == FOLLOW_LISTING)
		on_list(follow, reply);
	else
		on_watch_end(follow, reply);
}

static void start(struct follow *follow)
{
	struct arena arena = {0};
	struct kube_ref ref = ref_of(follow);
	struct kube_query query = {
		.labels = follow->seams->labels,
		.fields = follow->seams->fields,
	};
	struct http_request request = {0};
	struct loop *loop = follow->seams->loop;
	int64_t spread = (int64_t)(loop_random(loop) % (WATCH_LENGTH / 10));

	http_cancel(&follow->call);
	if (follow->state == FOLLOW_LISTING) {
		if (follow->token[0] == '\0')
			follow->seams->sink(follow->seams->user, follow->kind, FOLLOW_BEGUN, NULL);
		query.continue_token = follow->token[0] ? follow->token : NULL;
		if (follow->seams->is_metadata)
			kube_api_list_metadata(&request, &arena, &ref, &query);
		else
			kube_api_list(&request, &arena, &ref, &query);
		follow->call.bytes = NULL;
		follow->call.lane = HTTP_LANE_READ;
	} else {
		query.resource_version = follow->resource_version;
		kube_api_watch(&request, &arena, &ref, &query, span_ms(WATCH_LENGTH + spread));
		if (follow->seams->is_metadata)
			kube_api_want_metadata(&request);
		kube_watch_fini(&follow->watch);
		kube_watch_init(&follow->watch, KUBE_WATCH_LINE_MAX);
		follow->is_expired = false;
		follow->call.bytes = on_bytes;
		follow->call.lane = HTTP_LANE_WATCH;
		alarm_start(loop, &follow->quiet, span_ms(QUIET_MS));
	}
	http_start(follow->seams->http, &follow->call, &request);
	arena_fini(&arena);
}

static void on_again(struct alarm *alarm)
{
	start(container_of(alarm, struct follow, again));
}

static void on_quiet(struct alarm *alarm)
{
	struct follow *follow = container_of(alarm, struct follow, quiet);

	http_cancel(&follow->call);
	retry(follow, "neither event nor bookmark for 90 s: the watch is opened again", 0);
}

struct follow *follow_new(const struct follow_seams *seams, enum kube_kind kind)
{
	struct follow *follow = calloc(1, sizeof(*follow));

	if (!follow)
		abort();
	follow->seams = seams;
	follow->kind = kind;
	follow->is_due = true;
	follow->call.done = on_done;
	follow->again.ring = on_again;
	follow->quiet.ring = on_quiet;
	kube_watch_init(&follow->watch, KUBE_WATCH_LINE_MAX);
	return follow;
}

struct follow *follow_free(struct follow *follow)
{
	if (!follow)
		return NULL;
	http_cancel(&follow->call);
	alarm_cancel(&follow->again);
	alarm_cancel(&follow->quiet);
	kube_watch_fini(&follow->watch);
	free(follow);
	return NULL;
}

void follow_list(struct follow *follow)
{
	alarm_cancel(&follow->again);
	alarm_cancel(&follow->quiet);
	follow->is_synced = false;
	follow->is_due = false;
	follow->token[0] = '\0';
	follow->state = FOLLOW_LISTING;
	start(follow);
}

void follow_hurry(struct follow *follow)
{
	if (follow->again.loop)
		alarm_start(follow->seams->loop, &follow->again, span_ms(0));
}

bool follow_is_synced(const struct follow *follow)
{
	return follow->is_synced;
}

bool follow_is_due(const struct follow *follow)
{
	return follow->is_due;
}

enum kube_kind follow_kind(const struct follow *follow)
{
	return follow->kind;
}

void follow_reset(struct follow *follow)
{
	follow->is_synced = false;
	follow->is_due = true;
}

const char *follow_trouble(const struct follow *follow)
{
	return follow->trouble;
}
