/*
 * What the demo tells: read from what happened (Releases, Events, Deployments as the API server has
 * them, and the counters of the traffic), never from what should have.
 */
#ifndef AGENT_DEMO_DEMO_STORY_H
#define AGENT_DEMO_DEMO_STORY_H

#include "agent/demo/demo_screen.h"
#include "agent/demo/demo_traffic.h"
#include "analysis/base/instant.h"

#include <stdbool.h>

struct demo_story;

/* Everything outlives the story; texts are borrowed. */
struct demo_story_settings {
	const struct apiserver *server;
	const struct demo_traffic *traffic;
	struct demo_screen *screen;
	const char *k8s_namespace;
	const char *canary;
	struct instant start; /* of virtual time */
};

struct demo_story *demo_story_new(const struct demo_story_settings *settings);

/* Accepts NULL, returns NULL. */
struct demo_story *demo_story_free(struct demo_story *story);

/* Tell what is new in the cluster; call it after each write. */
void demo_story_look(struct demo_story *story, struct instant now);

/* Draw the live line: weight, share, how much was asked. */
void demo_story_breathe(struct demo_story *story, struct instant now);

/* One row for each Release but the first: image, outcome, how long it took, why. */
void demo_story_sum_up(struct demo_story *story);

/* The outcome of the newest Release of that image's tag, "" while it is open or when there is none;
 * valid until the next call. */
const char *demo_story_outcome(struct demo_story *story, const char *tag);

/* Canary.status.phase, "" for none; valid until the next write. */
const char *demo_story_phase(const struct demo_story *story);

/* Is a Release open, or the Canary not initialized yet? */
bool demo_story_is_moving(const struct demo_story *story);

#endif
