#include "tests/simulation/truth.h"

#include "analysis/base/text.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[FAULT_CANARIES_MAX] = {"cart", "till", "menu", "desk",
                                                      "lamp", "bell", "shed", "yard"};

static const char *const qualities[QUALITY_MAX] = {
	[QUALITY_GOOD] = "good",   [QUALITY_SLOW] = "slow", [QUALITY_FAILING] = "failing",
	[QUALITY_STUCK] = "stuck", [QUALITY_WEAK] = "weak",
};

static void cast(struct truth_canary *canary, struct dice *dice, const char *name)
{
	static const int deadlines[] = {60, 120, 600};
	static const int steps[] = {50, 30, 20};

	*canary = (struct truth_canary){
		.provider = dice_chance(dice, 0.75) ? "nginx" : "kubernetes",
		.interval = dice_chance(dice, 0.7) ? 10 : 30,
		.threshold = (int)dice_between(dice, 1, 3),
		.deadline = deadlines[dice_between(dice, 0, 2)],
		.step = steps[dice_between(dice, 0, 2)],
		.max = dice_chance(dice, 0.8) ? 60 : 100,
		.replicas = (int)dice_between(dice, 1, 3),
	};
	text_copy(canary->name, name);
}

void truth_init(struct truth *truth, uint64_t seed)
{
	struct dice dice = dice_init(seed, "truth");

	*truth = (struct truth){.n_canaries = (int)dice_between(&dice, 1, 6)};
	for (int i = 0; i < truth->n_canaries; i++) {
		cast(&truth->canaries[i], &dice, names[i]);
		truth_push(&truth->canaries[i], QUALITY_GOOD);
	}
}

const char *truth_live(const struct truth_canary *canary)
{
	return canary->tags[canary->n_tags - 1];
}

enum quality truth_quality(const char *image_or_tag)
{
	const char *dash = strchr(image_or_tag, '-');

	for (int i = 0; dash && i < QUALITY_MAX; i++) {
		if (strcmp(dash + 1, qualities[i]) == 0)
			return (enum quality)i;
	}
	return QUALITY_GOOD;
}

const char *quality_name(enum quality quality)
{
	return qualities[quality];
}

static char *next_tag(struct truth_canary *canary)
{
	assert(canary->n_tags < TRUTH_TAGS_MAX);
	canary->is_excused = false;
	return canary->tags[canary->n_tags++];
}

const char *truth_push(struct truth_canary *canary, enum quality quality)
{
	int number = canary->n_tags + 1;

	text_format(next_tag(canary), TRUTH_TAG_MAX, "%d-%s", number, qualities[quality]);
	return truth_live(canary);
}

const char *truth_revert(struct truth_canary *canary, int tag)
{
	char old[TRUTH_TAG_MAX];

	text_copy(old, canary->tags[tag]);
	text_format(next_tag(canary), TRUTH_TAG_MAX, "%s", old);
	return truth_live(canary);
}

void truth_excuse(struct truth_canary *canary, const char *why)
{
	canary->is_excused = true;
	text_copy(canary->excuse, why);
}

int truth_find(const struct truth *truth, const char *text)
{
	for (int i = 0; i < truth->n_canaries; i++) {
		if (strstr(text, truth->canaries[i].name))
			return i;
	}
	return -1;
}

static char *printed(json_t *object)
{
	char *text = json_dumps(object, JSON_COMPACT);

	assert(object && text);
	json_decref(object);
	return text;
}

char *truth_deployment(const struct truth_canary *canary)
{
	char image[TRUTH_TAG_MAX + 8];

	text_format(image, sizeof(image), "web:%s", truth_live(canary));
	return printed(json_pack(
		"{s:s,s:s,s:{s:s,s:s},s:{s:i,s:{s:{s:s}},s:{s:{s:{s:s}},s:{s:[{s:s,s:s}]}}}}",
		"apiVersion", "apps/v1", "kind", "Deployment", "metadata", "name", canary->name,
		"namespace", "shop", "spec", "replicas", canary->replicas, "selector",
		"matchLabels", "app", canary->name, "template", "metadata", "labels", "app",
		canary->name, "spec", "containers", "name", "web", "image", image));
}

char *truth_ingress(const struct truth_canary *canary)
{
	char name[32];
	char host[32];

	text_format(name, sizeof(name), "%s-front", canary->name);
	text_format(host, sizeof(host), "%s.example", canary->name);
	return printed(json_pack(
		"{s:s,s:s,s:{s:s,s:s},s:{s:s,s:[{s:s,s:{s:[{s:s,s:s,s:{s:{s:s,s:{s:i}}}}]}}]}}",
		"apiVersion", "networking.k8s.io/v1", "kind", "Ingress", "metadata", "name", name,
		"namespace", "shop", "spec", "ingressClassName", "nginx", "rules", "host", host,
		"http", "paths", "path", "/", "pathType", "Prefix", "backend", "service", "name",
		canary->name, "port", "number", 80));
}

static json_t *metric(const char *name, const char *bound, int value)
{
	return json_pack("{s:s,s:{s:i}}", "name", name, "thresholdRange", bound, value);
}

static json_t *analysis(const struct truth_canary *canary)
{
	char interval[16];
	json_t *made;

	text_format(interval, sizeof(interval), "%ds", canary->interval);
	made = json_pack("{s:s,s:i,s:[o,o]}", "interval", interval, "threshold", canary->threshold,
	                 "metrics", metric("request-success-rate", "min", 99),
	                 metric("request-duration", "max", 500));
	if (strcmp(canary->provider, "kubernetes") == 0) {
		json_object_set_new(made, "iterations", json_integer(100 / canary->step));
		return made;
	}
	json_object_set_new(made, "stepWeight", json_integer(canary->step));
	json_object_set_new(made, "maxWeight", json_integer(canary->max));
	return made;
}

char *truth_resource(const struct truth_canary *canary)
{
	char front[32];

	text_format(front, sizeof(front), "%s-front", canary->name);
	return printed(json_pack(
		"{s:s,s:s,s:{s:s,s:s},s:{s:s,s:i,s:{s:s,s:s,s:s},s:{s:s,s:s,s:s},s:{s:i,s:i},s:o}}",
		"apiVersion", "flagger.app/v1beta1", "kind", "Canary", "metadata", "name",
		canary->name, "namespace", "shop", "spec", "provider", canary->provider,
		"progressDeadlineSeconds", canary->deadline, "targetRef", "apiVersion", "apps/v1",
		"kind", "Deployment", "name", canary->name, "ingressRef", "apiVersion",
		"networking.k8s.io/v1", "kind", "Ingress", "name", front, "service", "port", 80,
		"targetPort", 8080, "analysis", analysis(canary)));
}
