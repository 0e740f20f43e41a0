#include "agent/serve.h"

#include "agent/agent.h"
#include "agent/api.h"
#include "agent/api_feed.h"
#include "agent/credentials.h"
#include "agent/history_clerk.h"
#include "agent/history_memory.h"
#include "agent/history_sqlite.h"
#include "agent/http_curl.h"
#include "agent/log.h"
#include "agent/loop_ev.h"
#include "agent/metrics.h"
#include "agent/options.h"
#include "agent/poison.h"
#include "agent/server.h"
#include "agent/version.h"
#include "analysis/base/compiler.h"
#include "analysis/base/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HISTORY_PATIENCE_MS 3000    /* how long the exit waits for records to reach the disk */
#define PRUNE_MS            3600000 /* from one look for old facts to the next */
#define CLERK_PATIENCE_MS   500     /* … and for a page of it that is being read */
#define TERMINATION_LOG     "/dev/termination-log"
#define PATH_TEXT_MAX       4096
#define WORDS_TEXT_MAX      1024
#define WORDS_MAX           16 /* of --selector-labels and the like; further ones are not looked for */

/* A list of the command line. */
struct words {
	char text[WORDS_TEXT_MAX]; /* where the words stand */
	const char *list[WORDS_MAX + 1];
};

struct service {
	const struct options *options;
	struct loop_ev *loop;
	struct log *log;
	struct metrics *metrics;
	struct credentials *credentials;
	struct http_curl *http;
	struct history *history;
	struct api_feed *feed; /* NULL, as the next two: there is no API */
	struct history_clerk *clerk;
	struct api *api;
	struct poison *poison;
	struct agent *agent;
	struct server *server;
	struct loop_ev_post bell; /* the history's thread rings it */
	bool is_on_disk;
	struct alarm hour;                   /* until retention is due */
	struct history_sqlite_pruned pruned; /* as it was told last */
	bool is_stopping;
	char identity[256];
	char start[64]; /* names this start: time and random bits */
	char history_state[256];
	char history_path[PATH_TEXT_MAX];
	char poison_path[PATH_TEXT_MAX];
	struct words selector_labels;
	struct words label_prefixes;
};

/* History ---------------------------------------------------------------------------------------
 */

/* Tell what retention did, when it has done it. */
static void tell_pruned(struct service *service)
{
	struct history_sqlite_pruned *last = &service->pruned;
	struct history_sqlite_pruned pruned;
	char text[128];

	history_sqlite_pruned(service->history, &pruned);
	if (pruned.is_under_way)
		return;
	if (pruned.trouble[0] && strcmp(pruned.trouble, last->trouble) != 0)
		log_event(service->log, LOG_WARNING, "history.keep",
		          "old facts could not be removed; it is tried again each hour",
		          LOG_FIELDS({"error", pruned.trouble}));
	if (pruned.n_rounds + pruned.n_answers > last->n_rounds + last->n_answers) {
		text_format(text, sizeof(text),
		            "removed the facts of %" PRIu64 " rounds and the detail of %" PRIu64
		            " answers",
		            pruned.n_rounds - last->n_rounds, pruned.n_answers - last->n_answers);
		log_event(service->log, LOG_INFO, "history.pruned", text, NULL);
		metrics_add(service->metrics, METRIC_SERIN_HISTORY_PRUNED_TOTAL, METRIC_NO_LABELS,
		            (double)(pruned.n_rounds - last->n_rounds));
	}
	*last = pruned;
}

static void on_hour(struct alarm *hour)
{
	struct service *service = container_of(hour, struct service, hour);
	struct loop *loop = loop_ev_seam(service->loop);

	history_sqlite_prune(service->history, loop_now(loop));
	alarm_start(loop, hour, span_ms(PRUNE_MS));
}

static void on_bell(struct loop_ev_post *bell)
{
	struct service *service = container_of(bell, struct service, bell);
	const char *state;

	history_sqlite_deliver(service->history);
	tell_pruned(service);
	state = history_state(service->history);
	if (strcmp(state, service->history_state) == 0)
		return;
	text_copy(service->history_state, state);
	log_event(service->log, strncmp(state, "ok", 2) == 0 ? LOG_INFO : LOG_WARNING,
	          "history.state", state, NULL);
}

/* Called by the history's thread. */
static void on_history_post(void *user)
{
	struct service *service = user;

	loop_ev_post(service->loop, &service->bell);
}

static void open_history(struct service *service)
{
	struct loop *loop = loop_ev_seam(service->loop);
	struct history_sqlite_options sqlite = {
		.path = service->history_path,
		.chain = service->identity,
		.actor = service->identity,
		.boot = service->start,
		.opened_at = loop_now(loop),
		.keep = span_ms(service->options->history_keep),
		.post = on_history_post,
		.user = service,
	};
	struct err err = {0};

	service->bell.call = on_bell;
	if (sqlite.path[0] != '\0' && history_sqlite_check(sqlite.path, &err))
		service->history = history_sqlite_new(&sqlite, &err);
	service->is_on_disk = service->history != NULL;
	if (service->is_on_disk) {
		service->hour.ring = on_hour;
		alarm_start(loop, &service->hour, span_ms(0));
		return;
	}
	log_event(service->log, LOG_WARNING, "history.memory",
	          err.text[0] ? err.text
	                      : "no history file is named: evidence is kept in memory only",
	          NULL);
	service->history = history_memory_new(loop);
}

static void close_history(struct service *service)
{
	if (!service->history)
		return;
	alarm_cancel(&service->hour);
	if (service->is_on_disk) {
		history_sqlite_free(service->history, span_ms(HISTORY_PATIENCE_MS));
		loop_ev_post_cancel(service->loop, &service->bell);
	} else {
		history_memory_free(service->history);
	}
}

/* The API ----------------------------------------------------------------------------------------
 */

static bool on_is_leading(void *user)
{
	struct service *service = user;

	return agent_is_leading(service->agent);
}

static const char *on_holder(void *user)
{
	struct service *service = user;

	return agent_holder(service->agent);
}

/* What it hears, from the agent's beginning on. */
static void open_feed(struct service *service)
{
	if (service->options->api != API_ACCESS_OFF)
		service->feed = api_feed_new(loop_ev_seam(service->loop), service->history);
}

static void open_api(struct service *service)
{
	const char *k8s_namespace = service->options->k8s_namespace;
	struct history_clerk_settings clerk = {
		.loop = service->loop,
		.path = service->is_on_disk ? service->history_path : "",
		.memory = service->history,
	};
	struct api_settings settings = {
		.loop = loop_ev_seam(service->loop),
		.http = http_curl_seam(service->http),
		.log = service->log,
		.feed = service->feed,
		.access = service->options->api,
		.k8s_namespace = k8s_namespace[0] ? k8s_namespace : NULL,
		.boot = service->start,
		.is_leading = on_is_leading,
		.holder = on_holder,
		.user = service,
	};
	struct err err = {0};

	if (!service->feed)
		return;
	service->clerk = history_clerk_new(&clerk, &err);
	if (!service->clerk)
		log_event(service->log, LOG_WARNING, "api.history", err.text, NULL);
	settings.clerk = service->clerk;
	service->api = api_new(&settings);
}

static void on_asked(void *user, struct server_exchange *exchange)
{
	struct service *service = user;

	api_asked(service->api, exchange);
}

/* The server -------------------------------------------------------------------------------------
 */

static bool on_metrics(void *user, struct buf *body)
{
	struct service *service = user;
	size_t n_waiting = service->is_on_disk ? history_sqlite_waiting(service->history) : 0;

	agent_measure(service->agent);
	metrics_set(service->metrics, METRIC_SERIN_HISTORY_QUEUE, METRIC_NO_LABELS,
	            (double)n_waiting);
	return metrics_write(service->metrics, body);
}

static bool on_healthy(void *user, struct buf *body)
{
	(void)user;
	return buf_format(body, "OK");
}

static bool on_ready(void *user, struct buf *body)
{
	struct service *service = user;
	bool is_ready = agent_is_ready(service->agent);
	const char *trouble = credentials_trouble(service->credentials);
	bool is_told;

	is_told = buf_format(
		body, "%s\nhistory: %s\n%s%s",
		is_ready ? "OK" : "the collections are not listed yet, or nobody holds the lease",
		history_state(service->history), trouble[0] ? "credentials: " : "", trouble);
	return is_ready && is_told;
}

static bool open_server(struct service *service, struct err *err)
{
	struct server_settings settings = {
		.loop = service->loop,
		.port = service->options->port,
		.metrics = on_metrics,
		.is_healthy = on_healthy,
		.is_ready = on_ready,
		.asked = service->api ? on_asked : NULL,
		.user = service,
	};

	service->server = server_new(&settings, err);
	return service->server != NULL;
}

/* The agent ---------------------------------------------------------------------------------------
 */

static void name_start(struct service *service)
{
	struct loop *loop = loop_ev_seam(service->loop);
	char host[128] = "";

	(void)gethostname(host, sizeof(host) - 1);
	text_format(service->start, sizeof(service->start), "%013llx-%08llx",
	            (unsigned long long)loop_now(loop).ms,
	            (unsigned long long)(loop_random(loop) & 0xFFFFFFFF));
	text_format(service->identity, sizeof(service->identity), "%s_%016llx",
	            host[0] ? host : "serin", (unsigned long long)loop_random(loop));
}

/* "app,name" as a list. */
static void split(struct words *words, const char *text)
{
	size_t n_words = 0;
	char *rest = words->text;
	char *word;

	text_copy(words->text, text);
	while (n_words < WORDS_MAX && (word = strsep(&rest, ",")) != NULL) {
		if (word[0] != '\0')
			words->list[n_words++] = word;
	}
}

/* Where files are kept: as told, else in the state directory, else nowhere. */
static void name_files(struct service *service)
{
	const struct options *options = service->options;

	text_copy(service->history_path, options->history);
	text_copy(service->poison_path, TERMINATION_LOG);
	if (options->state_dir[0] == '\0')
		return;
	text_format(service->poison_path, sizeof(service->poison_path), "%s/in-hand",
	            options->state_dir);
	if (options->history[0] == '\0')
		text_format(service->history_path, sizeof(service->history_path), "%s/history.db",
		            options->state_dir);
}

static const char *or_none(const char *text)
{
	return text[0] ? text : NULL;
}

/* Who is told the alerts of canaries that name nobody: Microsoft Teams, else Slack. */
static struct notifier_receiver notifier_of(const struct service *service)
{
	const struct options *options = service->options;
	struct notifier_receiver receiver = {
		.channel = options->slack_channel,
		.username = options->slack_user,
	};

	if (options->msteams_url[0]) {
		receiver.type = "msteams";
		receiver.address = options->msteams_url;
		receiver.proxy = or_none(options->msteams_proxy_url);
	} else if (options->slack_url[0] && options->slack_channel[0] && options->slack_user[0]) {
		receiver.type = "slack";
		receiver.address = options->slack_url;
		receiver.token = or_none(options->slack_token);
		receiver.proxy = or_none(options->slack_proxy_url);
	} else if (options->slack_url[0]) {
		log_event(service->log, LOG_ERROR, "notifier.refused",
		          options->slack_channel[0] ? "Notifier empty Slack user: alerts go nowhere"
		                                    : "Notifier empty Slack channel: alerts go "
		                                      "nowhere",
		          NULL);
	}
	return receiver;
}

static void open_agent(struct service *service)
{
	const struct options *options = service->options;
	struct agent_seams seams = {
		.loop = loop_ev_seam(service->loop),
		.http = http_curl_seam(service->http),
		.history = service->feed ? api_feed_history(service->feed) : service->history,
		.log = service->log,
		.metrics = service->metrics,
		.poison = service->poison,
		.seen = service->feed ? api_feed_see : NULL,
		.seen_user = service->feed,
	};
	struct agent_settings settings = {
		.options =
			{
				.selector_labels = service->selector_labels.list,
				.label_prefixes = service->label_prefixes.list,
				.ingress_annotation_prefix = options->ingress_annotations_prefix,
				.default_provider = options->mesh_provider,
				.metrics_server = options->metrics_server,
				.event_webhook = options->event_webhook,
				.notifier = notifier_of(service),
				.cluster_name = options->cluster_name,
				.field_manager = "serin",
				.track_configs = options->has_config_tracking,
				.keeps_copy_names = options->keeps_copy_names,
				.blocks_refs = options->blocks_refs,
			},
		.k8s_namespace = options->k8s_namespace[0] ? options->k8s_namespace : NULL,
		.lease_namespace = options->leader_election_namespace,
		.lease_name = "flagger-leader-election",
		.identity = service->identity,
		.observes = options->observes,
	};

	service->agent = agent_new(&seams, &settings);
}

static void on_stopped(void *user)
{
	struct service *service = user;

	loop_ev_stop(service->loop);
}

static void on_signal(void *user, int number)
{
	struct service *service = user;

	(void)number;
	if (service->is_stopping) {
		loop_ev_stop(service->loop);
		return;
	}
	service->is_stopping = true;
	log_event(service->log, LOG_INFO, "agent.stopping",
	          "a signal came: writes under way end, then the lease is handed over", NULL);
	agent_stop(service->agent, on_stopped, service);
}

static bool open_service(struct service *service, struct err *err)
{
	const struct options *options = service->options;
	struct http_curl_settings http = {.user_agent = "serin/" VERSION_RELEASE};
	struct log_settings log = {
		.stream = stderr,
		.level = options->log_level,
		.form = options->log_form,
	};

	service->loop = loop_ev_new(err);
	if (!service->loop)
		return false;
	log.loop = loop_ev_seam(service->loop);
	service->log = log_new(&log);
	service->metrics = metrics_new();
	service->credentials = credentials_new(loop_ev_seam(service->loop), options->kubeconfig,
	                                       options->context, err);
	if (!service->credentials)
		return false;
	http.loop = service->loop;
	http.credentials = service->credentials;
	service->http = http_curl_new(&http);
	name_start(service);
	name_files(service);
	split(&service->selector_labels, service->options->selector_labels);
	split(&service->label_prefixes, service->options->include_label_prefix);
	service->poison = poison_new(service->poison_path, err);
	if (!service->poison)
		log_event(service->log, LOG_INFO, "poison.off", err->text, NULL);
	open_history(service);
	open_feed(service);
	open_agent(service);
	open_api(service);
	return open_server(service, err);
}

static void close_service(struct service *service)
{
	server_free(service->server);
	history_clerk_free(service->clerk, span_ms(CLERK_PATIENCE_MS));
	api_free(service->api);
	agent_free(service->agent);
	api_feed_free(service->feed);
	if (service->loop)
		close_history(service);
	poison_free(service->poison);
	http_curl_free(service->http);
	credentials_free(service->credentials);
	metrics_free(service->metrics);
	log_free(service->log);
	loop_ev_free(service->loop);
}

int serve(const struct options *options)
{
	struct service service = {.options = options};
	struct err err = {0};

	if (!open_service(&service, &err)) {
		(void)fprintf(stderr, "serin agent: %s\n", err.text);
		close_service(&service);
		return 1;
	}
	metrics_set(service.metrics, METRIC_FLAGGER_INFO,
	            METRIC_LABELS(VERSION_RELEASE, options->mesh_provider), 1);
	log_event(service.log, LOG_INFO, "agent.start", "starting",
	          LOG_FIELDS({"version", VERSION_RELEASE}, {"commit", VERSION_COMMIT},
	                     {"identity", service.identity}));
	loop_ev_signals(service.loop, on_signal, &service);
	agent_start(service.agent);
	loop_ev_run(service.loop);
	log_event(service.log, LOG_INFO, "agent.stopped", "the lease is handed over", NULL);
	close_service(&service);
	return 0;
}
