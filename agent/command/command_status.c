/* A card for each canary: where it stands, each check beside its bounds, what comes next. */
#include "agent/command/command_api.h"
#include "agent/command/command_canaries.h"
#include "agent/command/command_print.h"
#include "agent/command/command_rows.h"
#include "analysis/base/text.h"
#include "providers/wire/tree.h"

#include <inttypes.h>
#include <string.h>

#define CARDS_MAX   4 /* more than so many canaries get short ones */
#define PIECE_MAX   600
#define INDENT      2
#define LABEL_WIDTH 9
#define MARK_WIDTH  3 /* of a verdict's symbol, with what follows */

/* A line that goes on below when the screen is too narrow. */
struct line {
	const struct command_call *call;
	const char *separator;
	int indent; /* of what goes on below */
	int column;
	bool has_pieces;
};

static void add(struct line *line, enum command_print_colour colour, const char *format, ...)
	PRINTF_LIKE(3, 4);

static void add(struct line *line, enum command_print_colour colour, const char *format, ...)
{
	const struct command_call *call = line->call;
	int room = call->screen.columns;
	char piece[PIECE_MAX];
	va_list args;
	int width;

	va_start(args, format);
	(void)vsnprintf(piece, sizeof(piece), format, args);
	va_end(args);
	width = command_print_width(piece);
	if (line->has_pieces) {
		int gap = command_print_width(line->separator);

		if (room > 0 && line->column + gap + width > room) {
			(void)fprintf(call->out, "\n%*s", line->indent, "");
			line->column = line->indent;
		} else {
			(void)fputs(line->separator, call->out);
			line->column += gap;
		}
	}
	if (room > 0 && line->column + width > room)
		width = room - line->column;
	(void)fputs(command_print_paint(call, colour), call->out);
	line->column += command_print_text(call, piece, width);
	(void)fputs(command_print_unpaint(call, colour), call->out);
	line->has_pieces = true;
}

static struct line begin_line(const struct command_call *call, const char *label,
                              const char *separator)
{
	int indent = INDENT + LABEL_WIDTH + 2;

	(void)fprintf(call->out, "%*s%s%-*s%s  ", INDENT, "",
	              command_print_paint(call, COMMAND_PRINT_DIM), LABEL_WIDTH, label,
	              command_print_unpaint(call, COMMAND_PRINT_DIM));
	return (struct line){
		.call = call,
		.separator = separator,
		.indent = indent,
		.column = indent,
	};
}

static void end_line(const struct line *line)
{
	(void)fputc('\n', line->call->out);
}

/* A sentence goes on below between words. */
static void write_sentence(const struct command_call *call, const char *label, const char *text)
{
	struct line line = begin_line(call, label, " ");

	while (*text) {
		size_t length = strcspn(text, " ");

		if (length > 0)
			add(&line, COMMAND_PRINT_PLAIN, "%.*s", (int)length, text);
		text += length;
		text += strspn(text, " ");
	}
	end_line(&line);
}

/* The head ------------------------------------------------------------------------------------ */

static enum command_print_colour colour_of(const struct command_view *view)
{
	if (*view->refusal || strcmp(view->phase, "Failed") == 0)
		return COMMAND_PRINT_BAD;
	if (view->is_open)
		return view->run->release.status.phase == PHASE_RETREATING ? COMMAND_PRINT_BAD
		                                                           : COMMAND_PRINT_WAIT;
	return COMMAND_PRINT_GOOD;
}

static void add_phase(struct line *line, const struct command_view *view)
{
	const char *phase = view->is_open ? command_run_word(view->run) : view->phase;
	char seen[48] = "";

	if (*view->refusal && !view->is_open)
		phase = "Refused";
	else if (!*phase)
		phase = "Unknown: no agent has said anything yet";
	if (view->has_seen)
		text_format(seen, sizeof(seen), " (seen %.1f%%)", view->seen);
	if (view->is_open || view->weight > 0)
		add(line, colour_of(view), "%s %d%%%s", phase, view->weight, seen);
	else
		add(line, colour_of(view), "%s", phase);
	if (*view->refusal && view->is_open)
		add(line, COMMAND_PRINT_BAD, "under its last valid spec");
	if (view->is_open && release_is_paused(&view->run->release))
		add(line, COMMAND_PRINT_WAIT, "paused");
	if (view->is_suspended)
		add(line, COMMAND_PRINT_WAIT, "suspended");
}

static void add_run(struct line *line, const struct command_view *view)
{
	const struct command_run *run = view->run;
	const char *arrow = command_print_symbol(line->call, "→", "->");
	char elapsed[COMMAND_RUN_SPAN_MAX];
	char estimate[COMMAND_RUN_SPAN_MAX];

	if (view->n_steps > 0 && run->release.cause != CAUSE_INIT)
		add(line, COMMAND_PRINT_PLAIN, "step %d/%d", view->step, view->n_steps);
	command_run_span(view->elapsed, elapsed);
	command_run_span(view->estimate, estimate);
	if (view->estimate.ms > 0 && run->release.cause != CAUSE_INIT)
		add(line, COMMAND_PRINT_PLAIN, "%s of %s", elapsed, estimate);
	else
		add(line, COMMAND_PRINT_PLAIN, "%s", elapsed);
	if (*run->from_digest)
		add(line, COMMAND_PRINT_DIM, "rev %.7s %s %.7s", run->from_digest, arrow,
		    run->release.digest);
	else
		add(line, COMMAND_PRINT_DIM, "rev %.7s", run->release.digest);
}

static void write_head(const struct command_call *call, const struct command_view *view)
{
	struct line line = {.call = call, .separator = "  ", .indent = INDENT};

	add(&line, COMMAND_PRINT_STRONG, "%s/%s", view->k8s_namespace, view->name);
	add_phase(&line, view);
	if (view->is_open)
		add_run(&line, view);
	end_line(&line);
}

/* The body ------------------------------------------------------------------------------------ */

static void write_release(const struct command_call *call, const struct command_run *run)
{
	const char *arrow = command_print_symbol(call, "→", "->");
	bool is_wide = call->flags.form == COMMAND_FORM_WIDE;
	struct line line = begin_line(call, "release", "  ");
	const char *from = is_wide ? run->from_image : command_run_short_image(run->from_image);
	const char *to = is_wide ? run->to_image : command_run_short_image(run->to_image);

	add(&line, COMMAND_PRINT_PLAIN, "%s", run->release.name);
	if (*run->from_image)
		add(&line, COMMAND_PRINT_PLAIN, "%.250s %s %.250s", from, arrow, to);
	else
		add(&line, COMMAND_PRINT_PLAIN, "%.500s", to);
	end_line(&line);
}

static const char *mark_of(const struct command_call *call, enum verdict verdict)
{
	switch (verdict) {
	case VERDICT_PASS:
		return command_print_symbol(call, "✔", "ok");
	case VERDICT_FAIL:
		return command_print_symbol(call, "✖", "NO");
	case VERDICT_NO_DATA:
	case VERDICT_ERROR:
		return command_print_symbol(call, "?", "?");
	case VERDICT_UNKNOWN:
		break;
	}
	return command_print_symbol(call, "…", "..");
}

static enum command_print_colour colour_of_verdict(enum verdict verdict)
{
	switch (verdict) {
	case VERDICT_PASS:
		return COMMAND_PRINT_GOOD;
	case VERDICT_FAIL:
		return COMMAND_PRINT_BAD;
	case VERDICT_NO_DATA:
	case VERDICT_ERROR:
		return COMMAND_PRINT_WAIT;
	case VERDICT_UNKNOWN:
		break;
	}
	return COMMAND_PRINT_DIM;
}

static void write_check(const struct command_call *call, const struct check_result *check,
                        int name_width)
{
	enum command_print_colour colour = colour_of_verdict(check->verdict);
	const char *mark = mark_of(call, check->verdict);
	int indent = INDENT + MARK_WIDTH;
	struct line line = {.call = call, .separator = "  ", .indent = indent, .column = indent};
	int gap = name_width - command_print_width(check->name);
	char bound[COMMAND_RUN_BOUND_MAX];

	(void)fprintf(call->out, "%*s%s%s%s%*s", INDENT, "", command_print_paint(call, colour),
	              mark, command_print_unpaint(call, colour),
	              MARK_WIDTH - command_print_width(mark), "");
	add(&line, COMMAND_PRINT_PLAIN, "%s%*s", check->name, gap, "");
	add(&line, COMMAND_PRINT_PLAIN, "%s", command_run_bound(check, bound));
	add(&line, colour, "%s", verdict_name(check->verdict));
	end_line(&line);
}

static void write_checks(const struct command_call *call, const struct command_view *view)
{
	const struct release_status *status = &view->run->release.status;
	int widest = LABEL_WIDTH - 1;

	for (size_t i = 0; i < status->n_checks; i++) {
		int width = command_print_width(status->checks[i].name);

		if (width > widest)
			widest = width;
	}
	for (size_t i = 0; i < status->n_checks; i++)
		write_check(call, &status->checks[i], widest);
	if (view->threshold > 0 && view->failed_checks > 0) {
		struct line line = begin_line(call, "failed", "  ");

		add(&line, COMMAND_PRINT_WAIT, "%d so far; %d end the run", view->failed_checks,
		    view->threshold);
		end_line(&line);
	}
}

static void write_next(const struct command_call *call, const struct command_view *view)
{
	struct span left = instant_between(command_now(call), view->next_at);
	char text[PIECE_MAX];
	char in[COMMAND_RUN_SPAN_MAX];

	text_copy(text, view->next);
	if (instant_is_set(view->next_at) && left.ms > 0)
		text_format(text, sizeof(text), "in %s: %s", command_run_span(left, in),
		            view->next);
	else if (instant_is_set(view->next_at))
		text_format(text, sizeof(text), "due now: %s", view->next);
	write_sentence(call, "next", text);
}

static void add_last(struct line *line, const struct command_run *run, struct instant now)
{
	const struct release_status *status = &run->release.status;
	bool is_good = release_is_promoted(&run->release);
	char length[COMMAND_RUN_SPAN_MAX];
	char ago[COMMAND_RUN_SPAN_MAX] = "?";
	char bound[COMMAND_RUN_BOUND_MAX];

	if (instant_is_set(status->times.finished))
		command_run_span(instant_between(status->times.finished, now), ago);
	command_run_span(command_run_length(run, now), length);
	if (run->has_deciding)
		add(line, COMMAND_PRINT_BAD, "%s %s %s in %s (%s ago)", command_run_word(run),
		    run->deciding.name, command_run_bound(&run->deciding, bound), length, ago);
	else
		add(line, is_good ? COMMAND_PRINT_GOOD : COMMAND_PRINT_BAD, "%s in %s (%s ago)",
		    command_run_word(run), length, ago);
}

static void write_last(const struct command_call *call, const struct command_view *view)
{
	struct line line = begin_line(call, "last", " | ");

	for (size_t i = 0; i < view->n_last; i++)
		add_last(&line, &view->last[i], command_now(call));
	end_line(&line);
}

/* Who did what to this run, and why. */
static void write_deeds(const struct command_call *call, const struct command_run *run)
{
	const struct release_status *status = &run->release.status;

	for (size_t i = 0; i <= status->n_actions; i++) {
		const struct action_mark *mark =
			i == 0 ? &run->release.action : &status->actions[i - 1];
		struct line line;
		char ago[COMMAND_RUN_SPAN_MAX];

		if (mark->verb == VERB_NONE)
			continue;
		line = begin_line(call, verb_name(mark->verb), "  ");
		command_run_span(instant_between(mark->at, command_now(call)), ago);
		add(&line, COMMAND_PRINT_PLAIN, "by %s %s ago%s%s", mark->by, ago,
		    mark->why[0] ? ": " : "", mark->why);
		end_line(&line);
	}
}

/* What the agent knows of the newest release, beyond what the Release says. */
static void write_evidence(struct command_call *call, const struct command_view *view)
{
	const char *where = command_value(call, "api");
	const char *sentences[COMMAND_API_SENTENCES_MAX];
	struct arena arena = {0};
	size_t n_sentences;

	if (!where && call->flags.form == COMMAND_FORM_WIDE)
		where = COMMAND_API_AUTO;
	if (!where || !view->run || call->n_words == 0 || call->flags.is_watching)
		return;
	n_sentences = command_api_tell(call, where, view->k8s_namespace, view->run->release.name,
	                               &arena, sentences);
	for (size_t i = 0; i < n_sentences; i++)
		write_sentence(call, i == 0 ? "evidence" : "", sentences[i]);
	arena_fini(&arena);
}

static const char *reason_of(const struct command_view *view)
{
	if (view->run && *view->run->trouble)
		return view->run->trouble;
	return view->run ? view->run->release.status.reason : view->message;
}

static void write_card(struct command_call *call, const struct command_view *view, bool is_short)
{
	const char *reason = reason_of(view);

	write_head(call, view);
	if (view->run && !is_short)
		write_release(call, view->run);
	if (view->is_open && !is_short)
		write_checks(call, view);
	if (*view->refusal)
		write_sentence(call, "refused", view->refusal);
	if (*reason && (view->is_open || !*view->refusal))
		write_sentence(call, "reason", reason);
	if (view->run && !is_short)
		write_deeds(call, view->run);
	write_next(call, view);
	if (view->n_last > 0 && !is_short)
		write_last(call, view);
	write_evidence(call, view);
}

static void show(struct command_call *call, const struct command_views *views, bool is_first)
{
	if (command_print_is_tree(call)) {
		CLEANUP(tree_freep) json_t *tree = command_view_tree(views, command_now(call));

		command_print_tree(call, tree);
		return;
	}
	for (size_t i = 0; i < views->n_views; i++) {
		if (i > 0 || !is_first)
			(void)fputc('\n', call->out);
		write_card(call, &views->views[i],
		           views->n_views > CARDS_MAX && call->flags.form != COMMAND_FORM_WIDE);
	}
}

static enum command_exit run(struct command_call *call)
{
	return command_canaries_run(call, show);
}

static const struct command_flag flags[] = {
	COMMAND_API_FLAG,
};

const struct command command_status = {
	.name = "status",
	.summary = "Show where a canary stands and what comes next",
	.words = "[NAME]",
	.text = "A card for the Canary, or for each of the namespace: phase, weight as set and as "
		"seen, step,\ntime, revisions, each check with its value and bound, the reason, what "
		"comes next and when,\nand the last releases. More than four get short cards; -o wide "
		"makes them whole.\n",
	.example = "status cart -n shop -w",
	.flags = flags,
	.n_flags = array_length(flags),
	.takes = COMMAND_TAKES_CLUSTER | COMMAND_TAKES_NAMESPACE | COMMAND_TAKES_ALL |
                 COMMAND_TAKES_OUTPUT | COMMAND_TAKES_WIDE | COMMAND_TAKES_WATCH,
	.n_words_max = 1,
	.run = run,
};
