#include "agent/config_watch.h"

#include "agent/log.h"
#include "analysis/base/compiler.h"
#include "analysis/base/text.h"
#include "providers/kube/tree.h"

#include <stdlib.h>
#include <string.h>

/* One collection of one namespace. */
struct plot {
	char k8s_namespace[64];
	enum kube_kind kind;
	struct follow_seams seams;
	struct follow *follow; /* NULL: refused */
	bool is_refused;
	struct alarm turn; /* stop a refused one, outside of its own call; later, try again */
	struct config_watch *watch;
	struct plot *next;
};

struct config_watch {
	struct config_watch_seams seams;
	struct plot *plots;
};

static void on_event(void *user, enum kube_kind kind, enum follow_event event, const json_t *object)
{
	struct plot *plot = user;
	const struct config_watch_seams *seams = &plot->watch->seams;

	if (event == FOLLOW_SYNCED)
		seams->changed(seams->user, plot->k8s_namespace, kind, NULL);
	else if (event == FOLLOW_CHANGED || event == FOLLOW_DELETED)
		seams->changed(seams->user, plot->k8s_namespace, kind,
		               kube_tree_text(object, "metadata/name"));
}

static void on_failed(void *user, int status)
{
	struct plot *plot = user;
	const struct config_watch_seams *seams = &plot->watch->seams;

	if (status == 403) {
		plot->is_refused = true;
		alarm_start(seams->loop, &plot->turn, span_ms(0));
	}
	seams->lapsed(seams->user, plot->k8s_namespace);
}

static void begin(struct plot *plot)
{
	plot->is_refused = false;
	plot->follow = follow_new(&plot->seams, plot->kind);
	follow_list(plot->follow);
}

static void on_turn(struct alarm *alarm)
{
	struct plot *plot = container_of(alarm, struct plot, turn);

	if (!plot->is_refused)
		return;
	if (!plot->follow) {
		begin(plot);
		return;
	}
	plot->follow = follow_free(plot->follow);
	log_event(plot->watch->seams.log, LOG_INFO, "config_watch.refused",
	          "they may not be listed and watched: they are read once an interval",
	          LOG_FIELDS({"namespace", plot->k8s_namespace},
	                     {"resource", kube_api_plural(plot->kind)}));
	alarm_start(plot->watch->seams.loop, &plot->turn, span_ms(CONFIG_WATCH_AGAIN_MS));
}

static struct plot *find(struct config_watch *watch, const char *k8s_namespace, enum kube_kind kind)
{
	for (struct plot *plot = watch->plots; plot; plot = plot->next) {
		if (plot->kind == kind && strcmp(plot->k8s_namespace, k8s_namespace) == 0)
			return plot;
	}
	return NULL;
}

static struct plot *add(struct config_watch *watch, const char *k8s_namespace, enum kube_kind kind)
{
	struct plot *plot = calloc(1, sizeof(*plot));

	if (!plot)
		abort();
	text_copy(plot->k8s_namespace, k8s_namespace);
	plot->kind = kind;
	plot->watch = watch;
	plot->turn.ring = on_turn;
	plot->seams = (struct follow_seams){
		.loop = watch->seams.loop,
		.http = watch->seams.http,
		.log = watch->seams.log,
		.metrics = watch->seams.metrics,
		.k8s_namespace = plot->k8s_namespace,
		.is_metadata = true,
		.sink = on_event,
		.failed = on_failed,
		.user = plot,
	};
	plot->next = watch->plots;
	watch->plots = plot;
	begin(plot);
	return plot;
}

bool config_watch_covers(struct config_watch *watch, const char *k8s_namespace, enum kube_kind kind)
{
	struct plot *plot = find(watch, k8s_namespace, kind);

	if (!plot)
		plot = add(watch, k8s_namespace, kind);
	return plot->follow && !plot->is_refused && follow_is_synced(plot->follow) &&
	       follow_trouble(plot->follow)[0] == '\0';
}

void config_watch_list(struct config_watch *watch)
{
	for (struct plot *plot = watch->plots; plot; plot = plot->next) {
		if (plot->follow && !plot->is_refused)
			follow_list(plot->follow);
	}
}

struct config_watch *config_watch_new(const struct config_watch_seams *seams)
{
	struct config_watch *watch = calloc(1, sizeof(*watch));

	if (!watch)
		abort();
	watch->seams = *seams;
	return watch;
}

struct config_watch *config_watch_free(struct config_watch *watch)
{
	struct plot *plot;

	if (!watch)
		return NULL;
	while ((plot = watch->plots) != NULL) {
		watch->plots = plot->next;
		alarm_cancel(&plot->turn);
		follow_free(plot->follow);
		free(plot);
	}
	free(watch);
	return NULL;
}
