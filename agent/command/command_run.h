/*
 * One release as people are shown it, whether it was read from the cluster or from a history file.
 */
#ifndef AGENT_COMMAND_COMMAND_RUN_H
#define AGENT_COMMAND_COMMAND_RUN_H

#include "agent/command/command_source.h"
#include "analysis/base/arena.h"
#include "analysis/release.h"

#include <jansson.h>

/* Texts live in an arena and are never NULL; "" means unknown or none. */
struct command_run {
	struct release release; /* of one that cannot be read: name and number only */
	const char *canary;
	const char *canary_uid;
	const char *k8s_namespace;
	const char *from_image; /* what the primary ran before: "registry/cart:v1" */
	const char *to_image;   /* what the release brings */
	const char *from_digest;
	bool has_deciding; /* it was rolled back because of a check */
	struct check_result deciding;
	const char *query;   /* of the deciding check; only a history file knows it */
	const char *trouble; /* why the object cannot be read */
	const char *source[COMMAND_SOURCE_FACTS]; /* where it comes from; NULL: not known */
	const char *strategy;                     /* "canary"; NULL: not known, as the next */
	const char *provider;
	int threshold; /* failed checks that end it; 0: not known */
	struct {
		bool is_known;
		int weight;     /* of the canary, as its newest round saw the route */
		const char *by; /* who changed it last beside us; NULL: nobody */
		struct instant edited;
	} route;
	const json_t *object; /* as served, borrowed; NULL: not from the cluster */
};

struct command_runs {
	struct command_run *runs;
	size_t n_runs;
};

/* The Releases of ITEMS, newest first within their Canary: by namespace, canary, number. ITEMS must
 * outlive ARENA. */
struct command_runs command_run_read(const json_t *items, struct arena *arena);

/* The images of a Release's containers, as served, with commas; "" for NULL. */
const char *command_run_images(const json_t *release, struct arena *arena);

/* The check that STATUS says is at fault for a retreat, or NULL. */
const struct check_result *command_run_deciding(const struct release_status *status);

/* How long it took, or takes until NOW; 0: not known. */
struct span command_run_length(const struct command_run *run, struct instant now);

/* As docs/schema/history.json has it. */
json_t *command_run_tree(const struct command_run *run);

/* A check as docs/schema has it: name, value, min, max, verdict; numbers that are not known are
 * null. */
json_t *command_run_check_tree(const struct check_result *check);

/* A text, or null for "". */
json_t *command_run_text_tree(const char *text);

/* A time, or null. */
json_t *command_run_time_tree(struct instant instant);

/* What a person did last to this release, or made it with; NULL: nobody did anything. */
const struct action_mark *command_run_deed(const struct command_run *run);

/* The hook that an open run waits at until it or a person opens it; NULL: none. */
const struct hook_record *command_run_gate(const struct command_run *run);

/* A person took it back: no check decided it. */
bool command_run_is_aborted(const struct command_run *run);

/* "ok", "ROLLED BACK", "superseded", or the phase of an open one. */
const char *command_run_word(const struct command_run *run);

/* "99.2 >= 99", "620 <= 500", or "no data" into RET; returns RET. */
#define COMMAND_RUN_BOUND_MAX 160
const char *command_run_bound(const struct check_result *check, char ret[COMMAND_RUN_BOUND_MAX]);

/* The image without its registry: "cart:v2". Borrowed from IMAGE; "?" for "". */
const char *command_run_short_image(const char *image);

/* "38s", "2m10s", "14m", "3h5m", "4d" into RET; returns RET. */
#define COMMAND_RUN_SPAN_MAX 32
const char *command_run_span(struct span span, char ret[COMMAND_RUN_SPAN_MAX]);

#endif
