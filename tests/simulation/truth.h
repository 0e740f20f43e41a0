/*
 * What is really so, and what must therefore become of it: the canaries, the versions that people
 * push, how good each is, and the oracle that names the end.
 *
 * A version's image is "web:<n>-<quality>", so that its quality can be read from any template.
 */
#ifndef TESTS_SIMULATION_TRUTH_H
#define TESTS_SIMULATION_TRUTH_H

#include "analysis/base/instant.h"
#include "tests/simulation/faults.h"

#include <jansson.h>
#include <stdbool.h>

enum quality {
	QUALITY_GOOD,
	QUALITY_SLOW,    /* answers after 2 s */
	QUALITY_FAILING, /* 500 for a tenth of the requests */
	QUALITY_STUCK,   /* its pods never become ready */
	QUALITY_WEAK,    /* … as the primary's, which canaries do not show */
	QUALITY_MAX,
};

#define TRUTH_TAG_MAX  24
#define TRUTH_TAGS_MAX 64

struct truth_canary {
	char name[16]; /* of Canary and Deployment; no name is part of another */
	const char *provider;
	int interval; /* seconds */
	int threshold;
	int deadline; /* progressDeadlineSeconds */
	int step;     /* stepWeight; kubernetes: iterations */
	int max;      /* maxWeight */
	int replicas;
	bool is_there;   /* the Canary exists and is not being deleted */
	bool is_leaving; /* it was deleted: what is ours must go */
	int n_tags;
	char tags[TRUTH_TAGS_MAX][TRUTH_TAG_MAX]; /* pushed so far, the live one last */
	/*
	 * Something happened since the last push that may rightly end its run otherwise than the
	 * quality alone says: an untrue metric, broken pods, a foreign edit, a version that was
	 * judged before.
	 */
	bool is_excused;
	char excuse[80];
};

struct truth {
	struct truth_canary canaries[FAULT_CANARIES_MAX];
	int n_canaries;
};

/* The cast of a seed. */
void truth_init(struct truth *truth, uint64_t seed);

const char *truth_live(const struct truth_canary *canary);
enum quality truth_quality(const char *image_or_tag);
const char *quality_name(enum quality quality);

/* The next version of that quality; it is live from now on. */
const char *truth_push(struct truth_canary *canary, enum quality quality);

/* An earlier version is live again. */
const char *truth_revert(struct truth_canary *canary, int tag);

/* The run of the live version may end either way. */
void truth_excuse(struct truth_canary *canary, const char *why);

/* The canary whose name stands in a text ("/apis/…/cart-primary", a query), or -1. */
int truth_find(const struct truth *truth, const char *text);

/* JSON manifests; texts are owned by the caller (free). */
char *truth_deployment(const struct truth_canary *canary);
char *truth_ingress(const struct truth_canary *canary);
char *truth_resource(const struct truth_canary *canary);

#endif
