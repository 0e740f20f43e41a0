/* The whole of one release, from the history file: for people, for programs, and as a page. */
#include "agent/command/command_api.h"
#include "agent/command/command_flags.h"
#include "agent/command/command_print.h"
#include "agent/command/command_reports.h"
#include "agent/command/command_rows.h"
#include "agent/command/command_run.h"
#include "agent/command/report_html.h"
#include "agent/command/report_read.h"
#include "analysis/base/compiler.h"
#include "analysis/base/text.h"
#include "providers/kube/tree.h"
#include "providers/wire/tree.h"

#include <errno.h>
#include <string.h>

static const struct command_flag flags[] = {
	{"file", 'f', "FILE", "the history file, also while an agent writes to it"},
	{"html", 0, "PAGE", "write a page with charts, which needs no network"},
	{"list", 0, NULL, "name the reports R01 to R20, and why some are not answered"},
	{"since", 0, "AGE", "of a report: only what ended since, or is open: 90m, 7d, 2026-11-20"},
	COMMAND_API_FLAG,
};

static struct instant time_of(const json_t *point)
{
	struct instant at = {0};

	(void)instant_parse(kube_tree_value(point, "at"), &at, NULL);
	return at;
}

static void show_time(const struct command_call *call, struct instant at)
{
	char text[INSTANT_TEXT_MAX];

	(void)fprintf(call->out, "  %s  ", instant_format_seconds(at, text));
}

static void show_head(const struct command_call *call, const json_t *release)
{
	const char *names[] = {"outcome", "toImage", "fromImage", "started", "finished", "reason"};
	const char *outcome = kube_tree_value(release, "outcome");

	(void)fprintf(call->out, "%s: %s\n", kube_tree_value(release, "name"),
	              *outcome ? outcome : kube_tree_value(release, "phase"));
	for (size_t i = 1; i < array_length(names); i++) {
		const char *text = kube_tree_value(release, names[i]);

		if (!*text)
			continue;
		(void)fprintf(call->out, "  %-10s ", names[i]);
		command_print_words(call, text, 13);
		(void)fputc('\n', call->out);
	}
}

/* Where it comes from, as far as that is known. */
static void show_source(const struct command_call *call, const json_t *release)
{
	const json_t *source = json_object_get(release, "source");

	for (int i = 0; i < COMMAND_SOURCE_FACTS; i++) {
		const char *name = command_source_name((enum command_source_fact)i);
		const char *text = kube_tree_value(source, name);

		if (!*text)
			continue;
		(void)fprintf(call->out, "  %-10s ", name);
		command_print_words(call, text, 13);
		(void)fputc('\n', call->out);
	}
}

/* What it is not whole for. */
static void show_pruned(const struct command_call *call, const json_t *pruned)
{
	char text[INSTANT_TEXT_MAX];

	if (!json_is_object(pruned))
		return;
	(void)fprintf(call->out,
	              "  the facts of %lld of its rounds, with their samples and shares, were "
	              "removed by retention, last on %s\n",
	              (long long)json_integer_value(json_object_get(pruned, "rounds")),
	              instant_format_seconds(time_of(pruned), text));
}

/* As set and as seen, by time. */
static void show_weights(const struct command_call *call, const json_t *report)
{
	const json_t *set = json_object_get(report, "set");
	const json_t *seen = json_object_get(report, "seen");
	size_t n_set = 0;
	size_t n_seen = 0;

	if (json_array_size(set) + json_array_size(seen) > 0)
		(void)fputs("weights\n", call->out);
	while (n_set < json_array_size(set) || n_seen < json_array_size(seen)) {
		const json_t *left = json_array_get(set, n_set);
		const json_t *right = json_array_get(seen, n_seen);
		bool is_set = left && (!right || !instant_is_before(time_of(right), time_of(left)));

		show_time(call, time_of(is_set ? left : right));
		(void)fprintf(call->out, is_set ? "set %.0f%%\n" : "seen %.1f%%\n",
		              json_number_value(json_object_get(is_set ? left : right, "percent")));
		n_set += is_set;
		n_seen += !is_set;
	}
}

static void read_check(const json_t *point, struct check_result *ret)
{
	const char *verdict = kube_tree_value(point, "verdict");

	*ret = (struct check_result){.verdict = VERDICT_PASS};
	kube_tree_number(point, "value", &ret->has_value, &ret->value);
	kube_tree_number(point, "min", &ret->has_min, &ret->min);
	kube_tree_number(point, "max", &ret->has_max, &ret->max);
	if (strcmp(verdict, verdict_name(VERDICT_ERROR)) == 0)
		ret->verdict = VERDICT_ERROR;
}

/* Which check decided it. */
static void show_decided(const struct command_call *call, const json_t *release)
{
	const json_t *point = json_object_get(release, "check");
	char bound[COMMAND_RUN_BOUND_MAX];
	struct check_result check;

	if (!json_is_object(point))
		return;
	read_check(point, &check);
	(void)fputs("  decided by ", call->out);
	(void)command_print_text(call, kube_tree_value(point, "name"), 0);
	(void)fprintf(call->out, " %s\n", command_run_bound(&check, bound));
}

static void show_sample(const struct command_call *call, const json_t *point)
{
	const char *verdict = kube_tree_value(point, "verdict");
	char bound[COMMAND_RUN_BOUND_MAX];
	struct check_result check;

	read_check(point, &check);
	show_time(call, time_of(point));
	(void)fprintf(call->out, "%s%s  %s%s\n",
	              command_print_paint(call, strcmp(verdict, "pass") == 0 ? COMMAND_PRINT_GOOD
	                                                                     : COMMAND_PRINT_BAD),
	              verdict, command_run_bound(&check, bound),
	              command_print_unpaint(call, COMMAND_PRINT_BAD));
}

static void show_checks(const struct command_call *call, const json_t *checks)
{
	for (size_t i = 0; i < json_array_size(checks); i++) {
		const json_t *check = json_array_get(checks, i);
		const json_t *samples = json_object_get(check, "samples");

		(void)fputs("check ", call->out);
		(void)command_print_text(call, kube_tree_value(check, "name"), 0);
		(void)fputc('\n', call->out);
		for (size_t k = 0; k < json_array_size(samples); k++)
			show_sample(call, json_array_get(samples, k));
	}
}

static void show_events(const struct command_call *call, const json_t *events)
{
	if (json_array_size(events) > 0)
		(void)fputs("what happened\n", call->out);
	for (size_t i = 0; i < json_array_size(events); i++) {
		const json_t *event = json_array_get(events, i);
		const char *kind = kube_tree_value(event, "kind");

		show_time(call, time_of(event));
		if (strcmp(kind, "told") != 0)
			(void)fprintf(call->out, "%s: ", kind);
		(void)command_print_text(call, kube_tree_value(event, "text"), 0);
		(void)fputc('\n', call->out);
	}
}

static enum command_exit write_page(const struct command_call *call, const json_t *report,
                                    const char *path)
{
	FILE *out = fopen(path, "we");
	bool is_written = out && report_html_write(report, out);
	int reason = errno;

	if (out && fclose(out) != 0) {
		reason = errno;
		is_written = false;
	}
	if (!is_written)
		return command_say(call, COMMAND_FAILED, "%s: %s", path, strerror(reason));
	(void)fprintf(call->out, "%s\n", path);
	return COMMAND_OK;
}

static bool read_report(struct command_call *call, const char *name, json_t **ret, struct err *err)
{
	const char *path = command_value(call, "file");
	const char *where = command_value(call, "api");

	const char *k8s_namespace = *call->flags.k8s_namespace ? call->flags.k8s_namespace : NULL;

	if (path)
		return report_read(path, k8s_namespace, name, ret, err);
	if (command_api_report(call, where ? where : COMMAND_API_AUTO, k8s_namespace, name, ret,
	                       err))
		return true;
	if (where)
		return false;
	(void)command_say(call, COMMAND_OK,
	                  "from the Release that the cluster keeps, without the course of its "
	                  "weights and samples: no --file was given, and no agent answered: %s",
	                  err->text);
	return command_reports_find(call, name, ret, err);
}

static enum command_exit run_release(struct command_call *call)
{
	CLEANUP(tree_freep) json_t *report = NULL;
	const char *path = command_value(call, "file");
	const char *page = command_value(call, "html");
	const char *name = call->words[0];
	struct err err = {0};

	if (!command_flags_is_name(name))
		return command_say(
			call, COMMAND_USAGE,
			"\"%.100s\": expected the name of a release, or one of R01 to R20: "
			"--list names them",
			name);
	if (call->n_words > 1 || command_value(call, "since") || call->flags.is_everywhere)
		return command_say(call, COMMAND_USAGE,
		                   "of a release: no second word, no --since and no -A");
	if (!read_report(call, name, &report, &err))
		return command_fail(call, &err);
	if (!report)
		return command_say(call, COMMAND_NOT_FOUND, "no release \"%s\" in %s", name,
		                   path ? path
		                   : command_value(call, "api")
		                           ? "the agent's history"
		                           : "the cluster or its agent's history");
	if (page)
		return write_page(call, report, page);
	if (command_print_is_tree(call)) {
		command_print_tree(call, report);
		return COMMAND_OK;
	}
	show_head(call, json_object_get(report, "release"));
	show_decided(call, json_object_get(report, "release"));
	show_source(call, json_object_get(report, "release"));
	show_pruned(call, json_object_get(report, "pruned"));
	show_weights(call, report);
	show_checks(call, json_object_get(report, "checks"));
	show_events(call, json_object_get(report, "events"));
	return COMMAND_OK;
}

static enum command_exit run(struct command_call *call)
{
	const char *path = command_value(call, "file");
	const struct report_kind *kind;

	if (command_value(call, "list"))
		return command_reports_list(call);
	if (call->n_words == 0)
		return command_say(call, COMMAND_USAGE,
		                   "expected RELEASE, or one of R01 to R20: --list names them");
	if (path && (!*path || command_value(call, "api")))
		return command_say(call, COMMAND_USAGE,
		                   *path ? "expected --file or --api, got both"
		                         : "expected --file FILE, the agent's history");
	kind = report_list_find(call->words[0]);
	return kind ? command_reports_run(call, kind) : run_release(call);
}

const struct command command_report = {
	.name = "report",
	.summary = "Tell the whole of one release, or what serves, who approved, what drifted",
	.words = "RELEASE | REPORT [CANARY]",
	.text = "RELEASE: from the agent's history, by its API or from its file, each weight as set and "
		"as seen, each\nsample of each check beside its bounds, what hooks answered, what people did, what others wrote\n"
		"into the route, and what was told. --html writes one page with charts that needs nothing else and\ncan be printed.\n"
		"REPORT: one of those below. Without --file and --api the agent is looked for; where none answers,\n"
		"what the cluster's Releases know is told.\n",
	.example = "report cart-3 --file history.db --html cart-3.html",
	.takes = COMMAND_TAKES_CLUSTER | COMMAND_TAKES_NAMESPACE | COMMAND_TAKES_ALL |
                 COMMAND_TAKES_OUTPUT | COMMAND_TAKES_WIDE | COMMAND_TAKES_HEADERS,
	.n_words_max = 3,
	.flags = flags,
	.n_flags = array_length(flags),
	.run = run,
	.more = command_reports_help,
	.choices = command_reports_choices,
};
