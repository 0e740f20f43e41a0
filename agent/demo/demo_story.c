#include "agent/demo/demo_story.h"

#include "analysis/base/text.h"
#include "analysis/release.h"
#include "providers/kube/release.h"
#include "providers/kube/tree.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CLOCK_WIDTH 8  /* of "12:34   " */
#define BARS_REST   37 /* columns of a line with two bars beside the bars */
#define BAR_LEAST   8
#define BAR_MOST    40
#define NUMBER_MAX  40

struct demo_story {
	struct demo_story_settings settings;
	struct release release;              /* the newest, as told */
	uint64_t told;                       /* revision up to which Events are told */
	struct demo_traffic_counts begun;    /* all requests when the Release began */
	struct demo_traffic_version version; /* and those of its version */
	char outcome[32];
};

struct demo_story *demo_story_new(const struct demo_story_settings *settings)
{
	struct demo_story *story = calloc(1, sizeof(*story));

	if (!story)
		abort();
	story->settings = *settings;
	return story;
}

struct demo_story *demo_story_free(struct demo_story *story)
{
	free(story);
	return NULL;
}

/* Reading the cluster
 * -------------------------------------------------------------------------------------- */

static const json_t *find(const struct demo_story *story, const char *plural, const char *name)
{
	return apiserver_find(story->settings.server, plural, story->settings.k8s_namespace, name);
}

/* The tag of the first container's image in a pod template. */
static const char *tag_of(const json_t *template)
{
	const json_t *containers = json_object_get(json_object_get(template, "spec"), "containers");
	const char *image = kube_tree_value(json_array_get(containers, 0), "image");
	const char *colon = strrchr(image, ':');

	return colon ? colon + 1 : image;
}

static const char *release_tag(const json_t *release)
{
	return tag_of(json_object_get(json_object_get(release, "spec"), "template"));
}

/* The tag of what the primary is to run. */
static const char *primary_tag(const struct demo_story *story)
{
	char name[128];

	text_format(name, sizeof(name), "%s-primary", story->settings.canary);
	return tag_of(json_object_get(json_object_get(find(story, "deployments", name), "spec"),
	                              "template"));
}

/* The Release of that number of our Canary, NULL when there is none. */
static const json_t *find_release(const struct demo_story *story, int number)
{
	char name[NAME_MAX_K8S];

	kube_release_name(story->settings.canary, number, name);
	return find(story, "releases", name);
}

static const json_t *newest_release(const struct demo_story *story)
{
	const json_t *newest = NULL;
	const json_t *release;
	int number = 0;

	for (size_t i = 0; (release = apiserver_at(story->settings.server, "releases", i)); i++) {
		if (kube_release_number(release) <= number)
			continue;
		newest = release;
		number = kube_release_number(release);
	}
	return newest;
}

const char *demo_story_phase(const struct demo_story *story)
{
	return kube_tree_value(json_object_get(find(story, "canaries", story->settings.canary),
	                                       "status"),
	                       "phase");
}

bool demo_story_is_moving(const struct demo_story *story)
{
	const char *phase = demo_story_phase(story);

	return release_is_open(&story->release) ||
	       (strcmp(phase, "Initialized") != 0 && strcmp(phase, "Succeeded") != 0 &&
	        strcmp(phase, "Failed") != 0);
}

const char *demo_story_outcome(struct demo_story *story, const char *tag)
{
	const json_t *release;

	story->outcome[0] = '\0';
	for (int number = 1; (release = find_release(story, number)) != NULL; number++) {
		if (strcmp(release_tag(release), tag) == 0)
			text_copy(story->outcome,
			          kube_tree_value(json_object_get(release, "status"), "outcome"));
	}
	return story->outcome;
}

/* Lines
 * ------------------------------------------------------------------------------------------------
 */

static const char *format_clock(struct span span, char ret[NUMBER_MAX])
{
	text_format(ret, NUMBER_MAX, "%" PRId64 ":%02d", span.ms / 60000,
	            (int)(span.ms / 1000 % 60));
	return ret;
}

/* "1,234,567" */
static const char *format_count(uint64_t n, char ret[NUMBER_MAX])
{
	char digits[NUMBER_MAX / 2];
	size_t used = 0;
	size_t length;

	text_format(digits, sizeof(digits), "%" PRIu64, n);
	length = strlen(digits);
	for (size_t i = 0; i < length; i++) {
		if (i > 0 && (length - i) % 3 == 0)
			ret[used++] = ',';
		ret[used++] = digits[i];
	}
	ret[used] = '\0';
	return ret;
}

/* Two digits behind the point at most. */
static const char *format_value(double value, char ret[NUMBER_MAX])
{
	size_t length;

	text_format(ret, NUMBER_MAX, "%.2f", value);
	length = strlen(ret);
	while (ret[length - 1] == '0')
		ret[--length] = '\0';
	if (ret[length - 1] == '.')
		ret[length - 1] = '\0';
	return ret;
}

static void begin_line(struct demo_story *story, struct instant now)
{
	char clock[NUMBER_MAX];

	demo_screen_put(story->settings.screen, DEMO_SCREEN_DIM, "%6s  ",
	                format_clock(instant_between(story->settings.start, now), clock));
	demo_screen_indent(story->settings.screen, CLOCK_WIDTH);
}

static void put_bars(struct demo_story *story, int weight, double share)
{
	struct demo_screen *screen = story->settings.screen;
	int width = (demo_screen_columns(screen) - BARS_REST) / 2;
	char bar[DEMO_SCREEN_BAR_MAX];

	width = width < BAR_LEAST ? BAR_LEAST : width;
	width = width > BAR_MOST ? BAR_MOST : width;
	demo_screen_put(screen, DEMO_SCREEN_PLAIN, "set ");
	demo_screen_put(screen, DEMO_SCREEN_SET, "%s",
	                demo_screen_bar(screen, weight / 100.0, width, bar));
	demo_screen_put(screen, DEMO_SCREEN_PLAIN, " %3d %%   seen ", weight);
	demo_screen_put(screen, DEMO_SCREEN_SEEN, "%s", demo_screen_bar(screen, share, width, bar));
	demo_screen_put(screen, DEMO_SCREEN_PLAIN, " %5.1f %%", 100 * share);
}

static const char *unit_of(const char *check)
{
	if (strcmp(check, "request-success-rate") == 0)
		return " %";
	return strcmp(check, "request-duration") == 0 ? " ms" : "";
}

/* " ≥ 99": the bound that the value keeps or breaks. */
static void format_bound(const struct demo_screen *screen, const struct check_result *check,
                         char ret[NUMBER_MAX])
{
	bool is_low = check->has_min && (!check->has_max || check->value < check->min);
	bool is_broken = check->verdict == VERDICT_FAIL;
	char bound[NUMBER_MAX];
	const char *sign;

	if (is_low)
		sign = is_broken ? "<" : demo_screen_glyph(screen, DEMO_SCREEN_AT_LEAST);
	else
		sign = is_broken ? ">" : demo_screen_glyph(screen, DEMO_SCREEN_AT_MOST);
	format_value(is_low ? check->min : check->max, bound);
	ret[0] = '\0';
	if (check->has_min || check->has_max)
		text_format(ret, NUMBER_MAX, " %s %.20s", sign, bound);
}

static void put_check(struct demo_screen *screen, const struct check_result *check)
{
	bool is_good = check->verdict == VERDICT_PASS;
	const char *glyph =
		demo_screen_glyph(screen, is_good ? DEMO_SCREEN_PASS : DEMO_SCREEN_FAIL);
	enum demo_screen_style style = is_good ? DEMO_SCREEN_GOOD : DEMO_SCREEN_BAD;
	char number[NUMBER_MAX];
	char bound[NUMBER_MAX];
	char text[256];

	if (check->has_value) {
		format_bound(screen, check, bound);
		text_format(text, sizeof(text), "%s %s%s%s", check->name,
		            format_value(check->value, number), bound, unit_of(check->name));
	} else {
		text_format(text, sizeof(text), "%s %s", check->name, verdict_name(check->verdict));
	}
	demo_screen_gap(screen, demo_screen_width(glyph) + 1 + demo_screen_width(text));
	demo_screen_put(screen, style, "%s ", glyph);
	demo_screen_put(screen, is_good ? DEMO_SCREEN_PLAIN : style, "%s", text);
}

/* What happened
 * --------------------------------------------------------------------------------------------- */

/* The counter since the story's last Release began. */
static struct demo_traffic_version answered(const struct demo_story *story, const char *tag)
{
	struct demo_traffic_version version = demo_traffic_version(story->settings.traffic, tag);

	version.n_requests -= story->version.n_requests;
	version.n_slow -= story->version.n_slow;
	version.n_errors -= story->version.n_errors;
	return version;
}

static void tell_beginning(struct demo_story *story, const json_t *object,
                           const struct release *release, struct instant now)
{
	struct demo_screen *screen = story->settings.screen;
	const char *primary = primary_tag(story);

	story->begun = demo_traffic_all(story->settings.traffic);
	story->version = demo_traffic_version(story->settings.traffic, release_tag(object));
	begin_line(story, now);
	demo_screen_put(screen, DEMO_SCREEN_STRONG, "Release %s", release->name);
	demo_screen_put(screen, DEMO_SCREEN_PLAIN, " (%s): %s", release_cause_name(release->cause),
	                release_tag(object));
	if (primary[0] && release->cause != CAUSE_INIT)
		demo_screen_put(screen, DEMO_SCREEN_PLAIN, " beside %s", primary);
	demo_screen_end(screen);
}

/* A check was concluded: at which weight, with which share and values. */
static void tell_checks(struct demo_story *story, const struct release_status *before,
                        const struct release_status *now_status, struct instant now)
{
	struct demo_traffic_counts recent = demo_traffic_recent(story->settings.traffic);
	double share = recent.n_requests ? (double)recent.n_canary / (double)recent.n_requests : 0;

	/* A check that fails does not wait for the agent's own count. */
	if (now_status->weight.has_seen &&
	    (!before->weight.has_seen ||
	     fabs(now_status->weight.seen_share - before->weight.seen_share) > 0))
		share = now_status->weight.seen_share;
	begin_line(story, now);
	put_bars(story, before->weight.to, share);
	for (size_t i = 0; i < now_status->n_checks; i++)
		put_check(story->settings.screen, &now_status->checks[i]);
	demo_screen_end(story->settings.screen);
}

static void tell_outcome(struct demo_story *story, const json_t *object,
                         const struct release_status *status, struct instant now)
{
	struct demo_screen *screen = story->settings.screen;
	bool is_good = status->outcome == OUTCOME_PROMOTED || status->outcome == OUTCOME_SKIPPED;
	struct demo_traffic_version own = answered(story, release_tag(object));
	uint64_t all =
		demo_traffic_all(story->settings.traffic).n_requests - story->begun.n_requests;
	char took[NUMBER_MAX];
	char numbers[4][NUMBER_MAX];
	char text[512];

	begin_line(story, now);
	demo_screen_put(screen, is_good ? DEMO_SCREEN_GOOD : DEMO_SCREEN_BAD, "%s %s",
	                demo_screen_glyph(screen, is_good ? DEMO_SCREEN_PASS : DEMO_SCREEN_FAIL),
	                release_outcome_name(status->outcome));
	demo_screen_put(screen, DEMO_SCREEN_PLAIN, " after %s: ",
	                format_clock(instant_between(status->times.started, now), took));
	demo_screen_words(screen, DEMO_SCREEN_STRONG, status->reason);
	demo_screen_end(screen);
	if (all == 0)
		return;
	begin_line(story, now);
	text_format(
		text, sizeof(text),
		"%s answered %s of %s requests meanwhile: %s later than 0.5 s, %s with an error",
		release_tag(object), format_count(own.n_requests, numbers[0]),
		format_count(all, numbers[1]), format_count(own.n_slow, numbers[2]),
		format_count(own.n_errors, numbers[3]));
	demo_screen_words(screen, DEMO_SCREEN_PLAIN, text);
	demo_screen_end(screen);
}

static void look_at_release(struct demo_story *story, struct instant now)
{
	const json_t *object = newest_release(story);
	const struct release_status *before = &story->release.status;
	struct release release = {0};

	if (!object || !kube_release_read(object, &release, NULL))
		return;
	if (release.number != story->release.number) {
		story->release = (struct release){.number = release.number};
		tell_beginning(story, object, &release, now);
	} else if (before->phase == PHASE_PROGRESSING && release.status.n_checks > 0 &&
	           release.status.times.next_check_at.ms != before->times.next_check_at.ms) {
		tell_checks(story, before, &release.status, now);
	}
	/* What the first Release came to, its Event says. */
	if (release.status.outcome != before->outcome && release.cause != CAUSE_INIT)
		tell_outcome(story, object, &release.status, now);
	story->release = release;
}

static uint64_t revision_of(const json_t *object)
{
	return strtoull(kube_tree_value(json_object_get(object, "metadata"), "resourceVersion"),
	                NULL, 10);
}

/* The first Event that was not told yet, or NULL. */
static const json_t *next_event(const struct demo_story *story)
{
	const json_t *next = NULL;
	const json_t *event;

	for (size_t i = 0; (event = apiserver_at(story->settings.server, "events", i)); i++) {
		uint64_t revision = revision_of(event);

		if (revision > story->told && (!next || revision < revision_of(next)))
			next = event;
	}
	return next;
}

/* The outcome's line said the same. */
static bool is_told_by_outcome(const struct demo_story *story, const json_t *event)
{
	return story->release.status.outcome != OUTCOME_NONE &&
	       story->release.cause != CAUSE_INIT &&
	       strcmp(story->release.status.reason, kube_tree_value(event, "message")) == 0;
}

static void look_at_events(struct demo_story *story, struct instant now)
{
	const json_t *event;

	while ((event = next_event(story)) != NULL) {
		bool is_warning = strcmp(kube_tree_value(event, "type"), "Warning") == 0;

		story->told = revision_of(event);
		if (is_told_by_outcome(story, event))
			continue;
		begin_line(story, now);
		demo_screen_words(story->settings.screen,
		                  is_warning ? DEMO_SCREEN_BAD : DEMO_SCREEN_PLAIN,
		                  kube_tree_value(event, "message"));
		demo_screen_end(story->settings.screen);
	}
}

void demo_story_look(struct demo_story *story, struct instant now)
{
	look_at_release(story, now);
	look_at_events(story, now);
}

void demo_story_breathe(struct demo_story *story, struct instant now)
{
	struct demo_traffic_counts recent = demo_traffic_recent(story->settings.traffic);

	begin_line(story, now);
	put_bars(story, demo_traffic_weight(story->settings.traffic),
	         recent.n_requests ? (double)recent.n_canary / (double)recent.n_requests : 0);
	demo_screen_live(story->settings.screen);
}

void demo_story_sum_up(struct demo_story *story)
{
	struct demo_screen *screen = story->settings.screen;
	const json_t *object;
	char took[NUMBER_MAX];

	for (int number = 1; (object = find_release(story, number)) != NULL; number++) {
		struct release release;
		bool is_good;

		if (!kube_release_read(object, &release, NULL) || release.cause == CAUSE_INIT)
			continue;
		is_good = release_is_promoted(&release);
		format_clock(instant_between(release.status.times.started,
		                             release.status.times.finished),
		             took);
		demo_screen_put(screen, DEMO_SCREEN_PLAIN, "  %-8s %-4s ", release.name,
		                release_tag(object));
		demo_screen_put(screen, is_good ? DEMO_SCREEN_GOOD : DEMO_SCREEN_BAD, "%-11s",
		                release_outcome_name(release.status.outcome));
		demo_screen_put(screen, DEMO_SCREEN_PLAIN, " %5s  ", took);
		demo_screen_indent(screen, 2 + 8 + 1 + 4 + 1 + 11 + 1 + 5 + 2);
		demo_screen_words(screen, DEMO_SCREEN_PLAIN, release.status.reason);
		demo_screen_end(screen);
	}
}
