/*
 * One check asked: which source, which query, and what the answer means. A conversation of one to
 * four requests: the MetricTemplate and its Secret, when the check has them, then the metric
 * source, a second time where it refuses the method.
 */
#ifndef PROVIDERS_MEASURE_H
#define PROVIDERS_MEASURE_H

#include "providers/canary_world.h"
#include "providers/kube/canary_metric.h"
#include "providers/kube/metric_template.h"
#include "providers/metric.h"
#include "providers/talk.h"

enum measure_stage {
	MEASURE_NONE,     /* nothing was asked yet */
	MEASURE_TEMPLATE, /* the MetricTemplate was asked for */
	MEASURE_SECRET,   /* its Secret was */
	MEASURE_SOURCE,   /* the metric source was */
	MEASURE_DONE,
};

struct measure {
	const struct canary_world *world;
	size_t index;
	bool is_share; /* not a check: which part of the requests the canary answered */
	enum measure_stage stage;
	struct kube_metric metric;
	struct kube_metric_template template;
	struct metric_question question;
	const char *query;         /* as rendered, "" before that; lives in the talk's arena */
	struct sample_fact sample; /* the result, once the talk is done */
};

/*
 * Prepare to ask check number INDEX of WORLD's spec, for the check that is due at CHECK. WORLD must
 * outlive the measure and stay as it is.
 */
void measure_init(struct measure *measure, const struct canary_world *world, size_t index,
                  struct instant check);

/* The same for the canary's share of the requests, 0 to 1; the sample is absent without requests.
 */
void measure_share_init(struct measure *measure, const struct canary_world *world,
                        struct instant check);

/*
 * The next step of TALK, as talk.h has it. It never fails: what cannot be asked is a sample
 * SAMPLE_ERROR with the reason, so the end is always TALK_DONE. A duration is cut to whole
 * milliseconds, as Flagger does.
 */
enum talk_step measure_next(struct measure *measure, struct talk *talk,
                            const struct http_reply *reply);

#endif
