#include "agent/command/report_list.h"

#include "agent/command/command_run.h"
#include "agent/command/report_course.h"
#include "agent/command/report_past.h"
#include "agent/command/report_serving.h"
#include "analysis/base/compiler.h"
#include "analysis/base/number.h"
#include "analysis/base/text.h"
#include "providers/kube/tree.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#define ROUNDING 10000 /* of numbers for people */

/* Columns that stand together in more than one. */
#define PLACE                       \
 {"namespace", "NAMESPACE", false}, \
 {                                  \
  "canary", "CANARY", false         \
 }
#define SHARE                                          \
 {"role", "ROLE", false}, {"weight", "WEIGHT", false}, \
 {                                                     \
  "version", "VERSION", false                          \
 }

const struct report_kind report_list[] = {
	{
		.id = "R01",
		.question = "What is scheduled, and what serves",
		.words = "[CANARY]",
		.n_words_max = 1,
		.columns = {PLACE,
                            {"scheduled", "SCHEDULED", false},
                            {"serving", "SERVING", false},
                            {"weight", "WEIGHT", false},
                            {"outcome", "STATE", false},
                            {"release", "RELEASE", true},
                            {"started", "SINCE", true}},
		.make = report_serving_state,
	},
	{
		.id = "R02",
		.question = "State of each cluster",
		.why_not = "what reconcilers of many clusters report is a hub's to know",
	},
	{
		.id = "R03",
		.question = "History of a service",
		.words = "[CANARY]",
		.n_words_max = 1,
		.is_past = true,
		.columns = {{"started", "STARTED", false},
                            {"namespace", "NAMESPACE", false},
                            {"release", "RELEASE", false},
                            {"version", "VERSION", false},
                            {"cause", "CAUSE", false},
                            {"outcome", "OUTCOME", false},
                            {"author", "AUTHOR", false},
                            {"by", "BY", false},
                            {"commit", "COMMIT", true},
                            {"change", "CHANGE", true},
                            {"finished", "FINISHED", true}},
		.make = report_past_releases,
	},
	{
		.id = "R04",
		.question = "How two namespaces differ, as stage from prod",
		.words = "NAMESPACE NAMESPACE",
		.n_words_min = 2,
		.n_words_max = 2,
		.is_everywhere = true,
		.columns = {{"canary", "CANARY", false},
                            {"aScheduled", "A SCHEDULED", false},
                            {"aServing", "A SERVING", false},
                            {"bScheduled", "B SCHEDULED", false},
                            {"bServing", "B SERVING", false},
                            {"difference", "DIFFERENCE", false}},
		.make = report_serving_compare,
	},
	{
		.id = "R05",
		.question = "Which versions are live, with their weights",
		.words = "[CANARY]",
		.n_words_max = 1,
		.columns = {PLACE,
                            SHARE,
                            {"release", "RELEASE", false},
                            {"since", "SINCE", false},
                            {"image", "IMAGE", true},
                            {"imageDigest", "DIGEST", true},
                            {"commit", "COMMIT", true},
                            {"build", "BUILD", true},
                            {"of", "OF", true},
                            {"evidence", "EVIDENCE", true}},
		.make = report_serving_versions,
	},
	{
		.id = "R06",
		.question = "Which clusters have not synced",
		.why_not = "one cluster knows no other: a hub's to know",
	},
	{
		.id = "R07",
		.question = "May the pipeline go on",
		.why_not = "it asks for a GitOps commit on all clusters, a hub's to know; of one "
			   "cluster `serin wait --commit` answers",
	},
	{
		.id = "R08",
		.question = "The journey of a change through its pipelines",
		.why_not = "builds, image updates and manifest runs are recorded outside of the "
			   "cluster; `report R03 -o wide` tells the commit and the change",
	},
	{
		.id = "R09",
		.question = "Whom to ask about what serves",
		.words = "[CANARY]",
		.n_words_max = 1,
		.columns = {PLACE,
                            {"role", "ROLE", false},
                            {"version", "VERSION", false},
                            {"author", "AUTHOR", false},
                            {"change", "CHANGE", false},
                            {"approvedBy", "APPROVED BY", false},
                            {"release", "RELEASE", true},
                            {"repository", "REPOSITORY", true},
                            {"commit", "COMMIT", true}},
		.make = report_serving_versions,
	},
	{
		.id = "R10",
		.question = "Which branch feeds a ring",
		.why_not = "rings are declared where manifests are made; no object of the cluster "
			   "names them",
	},
	{
		.id = "R11",
		.question = "What is other than it should be",
		.words = "[CANARY]",
		.n_words_max = 1,
		.columns = {PLACE,
                            {"kind", "KIND", false},
                            {"expected", "EXPECTED", false},
                            {"actual", "ACTUAL", false},
                            {"detected", "DETECTED", false},
                            {"evidence", "EVIDENCE", false}},
		.make = report_serving_drift,
	},
	{
		.id = "R12",
		.question = "Rollouts and their ends",
		.words = "[CANARY]",
		.n_words_max = 1,
		.is_past = true,
		.columns = {{"namespace", "NAMESPACE", false},
                            {"release", "RELEASE", false},
                            {"strategy", "STRATEGY", false},
                            {"from", "FROM", false},
                            {"to", "TO", false},
                            {"outcome", "OUTCOME", false},
                            {"failedChecks", "FAILED", false},
                            {"tookMs", "TOOK", false},
                            {"by", "BY", false},
                            {"provider", "PROVIDER", true},
                            {"phase", "PHASE", true},
                            {"threshold", "THRESHOLD", true},
                            {"started", "STARTED", true},
                            {"finished", "FINISHED", true},
                            {"reason", "REASON", true}},
		.make = report_past_releases,
	},
	{
		.id = "R13",
		.question = "Why a rollout ended as it did, step by step",
		.words = "RELEASE",
		.n_words_min = 1,
		.n_words_max = 1,
		.need = REPORT_NEEDS_EVIDENCE,
		.columns = {{"at", "AT", false},
                            {"kind", "KIND", false},
                            {"what", "WHAT", false},
                            {"result", "RESULT", false},
                            {"value", "VALUE", false},
                            {"min", "MIN", false},
                            {"max", "MAX", false},
                            {"detail", "DETAIL", false}},
		.make = report_course_timeline,
	},
	{
		.id = "R14",
		.question = "Who approved what, and what waits for a person",
		.words = "[CANARY]",
		.n_words_max = 1,
		.is_past = true,
		.columns = {{"at", "AT", false},
                            {"namespace", "NAMESPACE", false},
                            {"release", "RELEASE", false},
                            {"subject", "SUBJECT", false},
                            {"decision", "DECISION", false},
                            {"who", "WHO", false},
                            {"comment", "COMMENT", false},
                            {"via", "VIA", true}},
		.make = report_past_approvals,
	},
	{
		.id = "R15",
		.question = "Runs of CI and how they ended",
		.why_not = "pipelines are not seen from the cluster",
	},
	{
		.id = "R16",
		.question = "The split of the traffic over time",
		.words = "[CANARY]",
		.n_words_max = 1,
		.has_splits = true,
		.need = REPORT_NEEDS_EVIDENCE,
		.is_past = true,
		.columns = {{"at", "AT", false},
                            {"namespace", "NAMESPACE", true},
                            {"canary", "CANARY", true},
                            {"release", "RELEASE", false},
                            {"origin", "ORIGIN", false},
                            {"primaryPercent", "PRIMARY", false},
                            {"canaryPercent", "CANARY", false},
                            {"split", "SPLIT", false},
                            {"who", "WHO", false}},
		.make = report_course_traffic,
	},
	{
		.id = "R17",
		.question = "Broken links of the audit chain",
		.words = "",
		.need = REPORT_NEEDS_FILE,
		.columns = {{"intact", "INTACT", false},
                            {"entries", "ENTRIES", false},
                            {"derived", "DERIVED", false},
                            {"pruned", "PRUNED", true},
                            {"entry", "ENTRY", false},
                            {"problem", "PROBLEM", false}},
		.make = report_course_audit,
	},
	{
		.id = "R18",
		.question = "Lead time, change failure rate, time to restore",
		.words = "[CANARY]",
		.n_words_max = 1,
		.is_past = true,
		.columns = {PLACE,
                            {"releases", "RELEASES", false},
                            {"promoted", "PROMOTED", false},
                            {"rolledBack", "ROLLED BACK", false},
                            {"changeFailureRate", "FAILURE RATE", false},
                            {"leadMs", "LEAD TIME", false},
                            {"restoreMs", "TO RESTORE", false}},
		.make = report_past_delivery,
	},
	{
		.id = "R19",
		.question = "Where an image, version, digest or commit is live",
		.words = "WHAT",
		.n_words_min = 1,
		.n_words_max = 1,
		.columns = {PLACE,
                            SHARE,
                            {"image", "IMAGE", false},
                            {"imageDigest", "DIGEST", true},
                            {"commit", "COMMIT", true}},
		.make = report_serving_where,
	},
	{
		.id = "R20",
		.question = "Who is subscribed to a deployment, and how far each is",
		.why_not = "reconcilers of many clusters are a hub's to know",
	},
};
const size_t report_list_length = array_length(report_list);

const struct report_kind *report_list_find(const char *id)
{
	for (size_t i = 0; i < report_list_length; i++) {
		if (strcasecmp(report_list[i].id, id) == 0)
			return &report_list[i];
	}
	return NULL;
}

/* Only what the columns name, in their order. */
static json_t *cut_row(const struct report_kind *kind, const json_t *row)
{
	json_t *cut = kube_tree_object();

	for (size_t i = 0; i < REPORT_LIST_COLUMNS_MAX && kind->columns[i].key; i++) {
		json_t *value = json_object_get(row, kind->columns[i].key);

		kube_tree_set(cut, kind->columns[i].key, value ? json_incref(value) : json_null());
	}
	return cut;
}

bool report_list_make(const struct report_kind *kind, const struct report_source *source,
                      json_t **ret, struct err *err)
{
	json_t *made = kube_tree_list();
	json_t *rows;

	if (!kind->make(source, made, err)) {
		json_decref(made);
		return false;
	}
	rows = kube_tree_list();
	for (size_t i = 0; i < json_array_size(made); i++)
		kube_tree_append(rows, cut_row(kind, json_array_get(made, i)));
	json_decref(made);
	*ret = kube_tree_object();
	kube_tree_set_text(*ret, "report", kind->id);
	kube_tree_set_text(*ret, "question", kind->question);
	kube_tree_set(*ret, "rows", rows);
	return true;
}

static bool is_span(const char *key)
{
	size_t length = strlen(key);

	return length > 2 && strcmp(key + length - 2, "Ms") == 0;
}

const char *report_list_cell(const json_t *row, const char *key, char ret[REPORT_LIST_CELL_MAX])
{
	const json_t *value = json_object_get(row, key);
	struct instant at = {0};

	ret[0] = '\0';
	if (json_is_string(value) && instant_parse(json_string_value(value), &at, NULL))
		return instant_format_seconds(at, ret);
	if (json_is_string(value))
		text_format(ret, REPORT_LIST_CELL_MAX, "%s", json_string_value(value));
	else if (json_is_integer(value) && is_span(key))
		return command_run_span(span_ms(json_integer_value(value)), ret);
	else if (json_is_number(value))
		return number_format(round(json_number_value(value) * ROUNDING) / ROUNDING, ret);
	else if (json_is_boolean(value))
		text_format(ret, REPORT_LIST_CELL_MAX, "%s", json_is_true(value) ? "yes" : "no");
	return ret;
}

json_t *report_list_tree(void)
{
	json_t *tree = kube_tree_object();
	json_t *list = kube_tree_list();

	for (size_t i = 0; i < report_list_length; i++) {
		const struct report_kind *kind = &report_list[i];
		json_t *item = kube_tree_object();

		kube_tree_set_text(item, "report", kind->id);
		kube_tree_set_text(item, "question", kind->question);
		kube_tree_set(item, "words", command_run_text_tree(kind->words ? kind->words : ""));
		kube_tree_set(item, "whyNot",
		              command_run_text_tree(kind->why_not ? kind->why_not : ""));
		kube_tree_append(list, item);
	}
	kube_tree_set(tree, "reports", list);
	return tree;
}
