#include "agent/command/command_view.h"

#include "analysis/strategy.h"
#include "providers/kube/tree.h"

#include <stdlib.h>
#include <string.h>

#define STEPS_MAX 1000 /* a run with more is shown without its steps */

/* The spec that rules the run: the last valid one, else the live one. */
static const json_t *analysis_of(const struct command_view *view)
{
	const json_t *spec = NULL;
	const json_t *analysis;

	if (view->is_open)
		spec = kube_tree_find(view->run->object, "status/policy/spec");
	if (!spec)
		spec = kube_tree_find(view->object, "spec");
	analysis = kube_tree_find(spec, "analysis");
	return analysis ? analysis : kube_tree_find(spec, "canaryAnalysis");
}

/* Enough of a spec to walk its steps; what is wrong in it, the agent says. */
static struct canary_spec read_strategy(const json_t *analysis)
{
	const json_t *weights = kube_tree_find(analysis, "stepWeights");
	struct canary_spec spec = {
		.strategy = STRATEGY_CANARY,
		.step_weight = kube_tree_whole(analysis, "stepWeight", 0),
		.max_weight = kube_tree_whole(analysis, "maxWeight", SPEC_WEIGHT_FULL),
		.iterations = kube_tree_whole(analysis, "iterations", 0),
		.mirror = json_is_true(kube_tree_find(analysis, "mirror")),
	};

	if (spec.iterations > 0)
		spec.strategy = json_array_size(kube_tree_find(analysis, "match")) > 0
		                        ? STRATEGY_AB
		                        : STRATEGY_BLUE_GREEN;
	for (size_t i = 0; i < json_array_size(weights) && i < SPEC_STEPS_MAX; i++)
		spec.step_weights[spec.n_step_weights++] =
			(int)json_integer_value(json_array_get(weights, i));
	return spec;
}

/* Where WEIGHT stands among the weights that a run goes through. */
static void count_weights(struct command_view *view, const struct canary_spec *spec)
{
	struct strategy_step step = strategy_first(spec);
	int n = 0;

	if (spec->step_weight <= 0 && spec->n_step_weights == 0)
		return;
	for (; !step.promotes && n < STEPS_MAX; step = strategy_next(spec, step.weight, 0)) {
		n++;
		if (step.weight <= view->weight && (step.weight > 0 || view->is_open))
			view->step = n;
	}
	view->n_steps = n < STEPS_MAX ? n : 0;
}

static void count_steps(struct command_view *view, const json_t *analysis)
{
	struct canary_spec spec = read_strategy(analysis);

	if (spec.strategy == STRATEGY_CANARY) {
		count_weights(view, &spec);
	} else {
		view->n_steps = spec.iterations;
		if (view->is_open)
			view->step = view->run->release.status.iteration;
		if (view->step > view->n_steps)
			view->step = view->n_steps;
	}
	(void)span_parse(kube_tree_text(analysis, "interval"), &view->interval, NULL);
	if (view->n_steps > 0)
		view->estimate = span_ms(view->interval.ms * view->n_steps);
	view->threshold = kube_tree_whole(analysis, "threshold", 0);
}

/* What a passing check leads to. */
static const char *next_step(const struct command_view *view, struct arena *arena)
{
	struct canary_spec spec = read_strategy(analysis_of(view));
	const struct release_status *status = &view->run->release.status;
	struct strategy_step step;

	if (view->n_steps == 0)
		return "check";
	step = strategy_next(&spec, status->weight.to, status->iteration);
	if (step.promotes)
		return "check, then promotion if all pass";
	if (spec.strategy == STRATEGY_CANARY)
		return arena_format(arena, "check, then %d%% if all pass", step.weight);
	return arena_format(arena, "check, then iteration %d of %d if all pass", step.iteration,
	                    spec.iterations);
}

static const char *next_of(const struct command_view *view, struct arena *arena)
{
	const struct release_status *status = view->run ? &view->run->release.status : NULL;

	if (!view->is_open && *view->refusal)
		return "nothing until the spec is put right";
	if (!view->is_open)
		return view->is_suspended ? "nothing while it is suspended"
		                          : "nothing until the target changes";
	if (release_is_paused(&view->run->release) &&
	    view->run->release.status.phase < PHASE_PROMOTING)
		return "no step until it is resumed; its checks go on";
	switch (view->run->release.status.phase) {
	case PHASE_WAITING:
		return "the run begins when its confirm-rollout hook says yes";
	case PHASE_WAITING_PROMOTION:
		return "the promotion when its confirm-promotion hook says yes";
	case PHASE_PROGRESSING:
		return view->is_suspended ? "nothing while it is suspended"
		                          : next_step(view, arena);
	case PHASE_PROMOTING:
		if (0 < status->weight.to && status->weight.to < status->weight.from)
			return "the requests come back to the primary, step by step";
		return "the primary gets the new revision";
	case PHASE_FINALISING:
		return "traffic goes to the primary, the canary is scaled down";
	case PHASE_RETREATING:
		return "traffic goes back to the primary, the canary is scaled down";
	case PHASE_NONE:
	case PHASE_STARTING:
		return view->run->release.cause == CAUSE_INIT
		               ? "the primary is made and becomes ready"
		               : "the first step when the canary is ready";
	case PHASE_DONE:
		break;
	}
	return "";
}

/* The runs of a Canary with that very UID: one that was deleted and made anew has none of them. */
static void find_runs(struct command_view *view, const struct command_runs *runs)
{
	const char *uid = kube_tree_text(view->object, "metadata/uid");
	size_t first;
	size_t end;

	for (first = 0; first < runs->n_runs; first++)
		if (strcmp(runs->runs[first].canary_uid, uid) == 0)
			break;
	for (end = first; end < runs->n_runs; end++)
		if (strcmp(runs->runs[end].canary_uid, uid) != 0)
			break;
	if (first == end)
		return;
	view->run = &runs->runs[first];
	view->is_open = !*view->run->trouble && release_is_open(&view->run->release);
	view->last = view->run + (view->is_open ? 1 : 0);
	view->n_last = end - first - (view->is_open ? 1 : 0);
	if (view->n_last > COMMAND_VIEW_LAST_MAX)
		view->n_last = COMMAND_VIEW_LAST_MAX;
}

/* The phase of a Canary whose run is just beginning is still that of the run before. */
static void read_run(struct command_view *view, struct instant now)
{
	const struct release_status *status = &view->run->release.status;

	view->weight = status->weight.to;
	view->has_seen = status->weight.has_seen;
	view->seen = status->weight.seen_share * SPEC_WEIGHT_FULL;
	view->failed_checks = status->failed_checks;
	view->elapsed = command_run_length(view->run, now);
	if (status->phase == PHASE_PROGRESSING)
		view->next_at = status->times.next_check_at;
}

static void read_view(struct command_view *view, const json_t *object,
                      const struct command_runs *runs, struct instant now, struct arena *arena)
{
	const json_t *spec = kube_tree_find(object, "spec");

	*view = (struct command_view){
		.object = object,
		.name = kube_tree_text(object, "metadata/name"),
		.k8s_namespace = kube_tree_text(object, "metadata/namespace"),
		.phase = kube_tree_text(object, "status/phase"),
		.message = kube_tree_text(kube_tree_condition(object, "Promoted", NULL), "message"),
		.refusal = kube_tree_text(kube_tree_condition(object, "Ready", "False"), "message"),
		.provider = kube_tree_text(spec, "provider"),
		.is_suspended = json_is_true(kube_tree_find(spec, "suspend")),
		.weight = kube_tree_whole(object, "status/canaryWeight", 0),
		.failed_checks = kube_tree_whole(object, "status/failedChecks", 0),
	};
	view->target = arena_format(arena, "%.60s/%.253s", kube_tree_text(spec, "targetRef/kind"),
	                            kube_tree_text(spec, "targetRef/name"));
	find_runs(view, runs);
	if (view->is_open)
		read_run(view, now);
	count_steps(view, analysis_of(view));
	if (!view->is_open && strcmp(view->phase, "Progressing") != 0)
		view->step = 0;
	view->next = next_of(view, arena);
}

static int compare(const void *a, const void *b)
{
	const struct command_view *left = a;
	const struct command_view *right = b;
	int order = strcmp(left->k8s_namespace, right->k8s_namespace);

	return order ? order : strcmp(left->name, right->name);
}

struct command_views command_view_read(const json_t *items, const struct command_runs *runs,
                                       struct instant now, struct arena *arena)
{
	struct command_views views = {.n_views = json_array_size(items)};

	if (views.n_views == 0)
		return views;
	views.views = arena_alloc(arena, views.n_views * sizeof(*views.views));
	for (size_t i = 0; i < views.n_views; i++)
		read_view(&views.views[i], json_array_get(items, i), runs, now, arena);
	qsort(views.views, views.n_views, sizeof(*views.views), compare);
	return views;
}

/* Trees --------------------------------------------------------------------------------------- */

static json_t *seconds_tree(struct span span)
{
	return span.ms > 0 ? json_integer(span.ms / 1000) : json_null();
}

static json_t *weight_tree(const struct command_view *view)
{
	json_t *tree = kube_tree_object();

	kube_tree_set_whole(tree, "set", view->weight);
	kube_tree_set(tree, "seen", view->has_seen ? json_real(view->seen) : json_null());
	return tree;
}

static json_t *step_tree(const struct command_view *view)
{
	json_t *tree;

	if (view->n_steps == 0)
		return json_null();
	tree = kube_tree_object();
	kube_tree_set_whole(tree, "at", view->step);
	kube_tree_set_whole(tree, "of", view->n_steps);
	return tree;
}

static json_t *next_tree(const struct command_view *view)
{
	json_t *tree = kube_tree_object();

	kube_tree_set(tree, "text", command_run_text_tree(view->next));
	kube_tree_set(tree, "at", command_run_time_tree(view->next_at));
	return tree;
}

static json_t *checks_tree(const struct command_view *view)
{
	json_t *tree = kube_tree_list();

	for (size_t i = 0; view->is_open && i < view->run->release.status.n_checks; i++)
		kube_tree_append(tree,
		                 command_run_check_tree(&view->run->release.status.checks[i]));
	return tree;
}

static json_t *last_tree(const struct command_view *view)
{
	json_t *tree = kube_tree_list();

	for (size_t i = 0; i < view->n_last; i++)
		kube_tree_append(tree, command_run_tree(&view->last[i]));
	return tree;
}

static json_t *view_tree(const struct command_view *view)
{
	json_t *tree = kube_tree_object();

	kube_tree_set(tree, "name", command_run_text_tree(view->name));
	kube_tree_set(tree, "namespace", command_run_text_tree(view->k8s_namespace));
	kube_tree_set(tree, "target", command_run_text_tree(view->target));
	kube_tree_set(tree, "provider", command_run_text_tree(view->provider));
	kube_tree_set(tree, "phase", command_run_text_tree(view->phase));
	kube_tree_set(tree, "message", command_run_text_tree(view->message));
	kube_tree_set(tree, "refusal", command_run_text_tree(view->refusal));
	kube_tree_set(tree, "suspended", json_boolean(view->is_suspended));
	kube_tree_set(tree, "weight", weight_tree(view));
	kube_tree_set(tree, "step", step_tree(view));
	kube_tree_set_whole(tree, "failedChecks", view->failed_checks);
	kube_tree_set(tree, "threshold",
	              view->threshold > 0 ? json_integer(view->threshold) : json_null());
	kube_tree_set(tree, "elapsedSeconds", seconds_tree(view->elapsed));
	kube_tree_set(tree, "estimateSeconds", seconds_tree(view->estimate));
	kube_tree_set(tree, "release", view->is_open ? command_run_tree(view->run) : json_null());
	kube_tree_set(tree, "checks", checks_tree(view));
	kube_tree_set(tree, "next", next_tree(view));
	kube_tree_set(tree, "lastReleases", last_tree(view));
	return tree;
}

json_t *command_view_tree(const struct command_views *views, struct instant now)
{
	json_t *tree = kube_tree_object();
	json_t *list = kube_tree_list();

	for (size_t i = 0; i < views->n_views; i++)
		kube_tree_append(list, view_tree(&views->views[i]));
	kube_tree_set(tree, "canaries", list);
	kube_tree_set(tree, "at", command_run_time_tree(now));
	return tree;
}
