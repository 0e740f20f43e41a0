#include "agent/command/command_canaries.h"
#include "agent/command/command_print.h"
#include "agent/command/command_rows.h"
#include "analysis/base/text.h"
#include "providers/wire/tree.h"

#include <string.h>

#define CELL_MAX 400

static const struct command_print_column columns[] = {
	{.title = "NAMESPACE", .is_cut = true},
	{.title = "NAME", .is_cut = true, .least = 12},
	{.title = "PHASE", .least = 12},
	{.title = "WEIGHT", .is_right = true},
	{.title = "SEEN", .is_wide = true, .is_right = true},
	{.title = "STEP", .is_right = true, .least = 5},
	{.title = "FAILED", .is_right = true},
	{.title = "RELEASE", .is_cut = true, .least = 12},
	{.title = "IMAGE", .is_cut = true, .least = 12},
	{.title = "SINCE"},
	{.title = "PROVIDER", .is_wide = true},
	{.title = "TARGET", .is_wide = true},
	{.title = "REASON", .is_wide = true, .is_cut = true},
};

static enum command_print_colour colour_of(const struct command_view *view)
{
	if (*view->refusal || strcmp(view->phase, "Failed") == 0)
		return COMMAND_PRINT_BAD;
	return view->is_open ? COMMAND_PRINT_WAIT : COMMAND_PRINT_PLAIN;
}

static const char *reason_of(const struct command_view *view)
{
	if (*view->refusal)
		return view->refusal;
	if (view->run && *view->run->trouble)
		return view->run->trouble;
	if (view->is_open)
		return view->run->release.status.reason;
	return view->message;
}

/* How long the run is under way, or how long ago the last one ended. */
static void write_since(const struct command_view *view, struct instant now,
                        char ret[COMMAND_RUN_SPAN_MAX])
{
	struct instant since = {0};

	if (view->run)
		since = view->is_open ? view->run->release.status.times.started
		                      : view->run->release.status.times.finished;
	ret[0] = '\0';
	if (instant_is_set(since))
		(void)command_run_span(instant_between(since, now), ret);
}

static const char *phase_of(const struct command_view *view)
{
	if (view->is_open)
		return command_run_word(view->run);
	if (*view->refusal)
		return "Refused";
	return view->is_suspended ? "Suspended" : view->phase;
}

static void add(struct command_print_table *table, const struct command_call *call,
                const struct command_view *view)
{
	char weight[16];
	char seen[32] = "";
	char step[32] = "";
	char failed[32];
	char since[COMMAND_RUN_SPAN_MAX];
	const char *cells[] = {
		view->k8s_namespace,
		view->name,
		phase_of(view),
		weight,
		seen,
		step,
		failed,
		view->run ? view->run->release.name : "",
		view->run ? command_run_short_image(view->run->to_image) : "",
		since,
		view->provider,
		view->target,
		reason_of(view),
	};

	text_format(weight, sizeof(weight), "%d%%", view->weight);
	if (view->has_seen)
		text_format(seen, sizeof(seen), "%.1f%%", view->seen);
	if (view->n_steps > 0)
		text_format(step, sizeof(step), "%d/%d", view->step, view->n_steps);
	text_format(failed, sizeof(failed), "%d", view->failed_checks);
	if (view->threshold > 0)
		text_format(failed, sizeof(failed), "%d/%d", view->failed_checks, view->threshold);
	write_since(view, command_now(call), since);
	command_print_table_add(table, call->flags.is_everywhere ? cells : cells + 1,
	                        colour_of(view));
}

static void show(struct command_call *call, const struct command_views *views, bool is_first)
{
	size_t skipped = call->flags.is_everywhere ? 0 : 1;
	struct command_print_table *table;

	if (command_print_is_tree(call)) {
		CLEANUP(tree_freep) json_t *tree = command_view_tree(views, command_now(call));

		command_print_tree(call, tree);
		return;
	}
	if (views->n_views == 0)
		return;
	table = command_print_table_new(call, columns + skipped, array_length(columns) - skipped);
	if (!is_first)
		command_print_table_continue(table);
	for (size_t i = 0; i < views->n_views; i++)
		add(table, call, &views->views[i]);
	command_print_table_write(table);
	command_print_table_free(table);
}

static enum command_exit run(struct command_call *call)
{
	return command_canaries_run(call, show);
}

const struct command command_list = {
	.name = "list",
	.summary = "List canaries, one a line",
	.words = "[NAME]",
	.text = "One row for each Canary of the namespace: its phase, the weight as set, the step, "
		"the failed\nchecks of those allowed, the newest release and its image. -o wide adds "
		"the share that was\nseen, provider, target and reason.\n",
	.example = "list -A -o wide",
	.takes = COMMAND_TAKES_CLUSTER | COMMAND_TAKES_NAMESPACE | COMMAND_TAKES_ALL |
                 COMMAND_TAKES_OUTPUT | COMMAND_TAKES_WIDE | COMMAND_TAKES_WATCH |
                 COMMAND_TAKES_HEADERS,
	.n_words_max = 1,
	.run = run,
};
