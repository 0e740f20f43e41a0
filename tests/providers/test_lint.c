#include "providers/lint.h"
#include "providers/wire/document.h"
#include "tests/providers/mistakes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define sprintf_bounded(text, used, add) \
 snprintf((text) + (used), DOCUMENT_BYTES_MAX - (used), "%s", (add))

static const struct lint_options options = {
	.agent = {.default_provider = "nginx", .metrics_server = "http://prometheus:9090"},
	.k8s_namespace = "default",
};

static struct lint_report *lint(const char *text)
{
	struct lint_report *report = calloc(1, sizeof(*report));

	assert_non_null(report);
	lint_read(&options, text, strlen(text), report);
	return report;
}

static void drop(struct lint_report *report)
{
	lint_fini(report);
	free(report);
}

/* The first finding about the path that SENTENCE begins with. */
static const struct lint_finding *find(const struct lint_report *report, const char *sentence)
{
	for (size_t i = 0; i < report->n_findings; i++) {
		size_t length = strlen(report->findings[i].path);

		if (strncmp(report->findings[i].path, sentence, length) == 0 &&
		    sentence[length] == ':')
			return &report->findings[i];
	}
	return NULL;
}

static void test_no_mistake(void **state)
{
	struct lint_report *report = lint(mistakes_base);

	for (size_t i = 0; i < report->n_findings; i++)
		fail_msg("%s", report->findings[i].sentence);
	assert_int_equal(report->n_checked, 1);
	drop(report);
}

static void test_mistakes(void **state)
{
	assert_true(mistakes_n >= 40);
	for (size_t i = 0; i < mistakes_n; i++) {
		const struct mistake *mistake = &mistakes_table[i];
		char *text = mistakes_text(mistake);
		struct lint_report *report = lint(text);
		const struct lint_finding *found = find(report, mistake->sentence);

		if (!found)
			found = &report->findings[0];
		if (!found || strcmp(found->sentence, mistake->sentence) != 0 ||
		    found->line != mistake->line || found->column != mistake->column ||
		    found->is_warning)
			fail_msg("%s\n  want: %zu:%zu: %s\n  got:  %zu:%zu: %s", text,
			         mistake->line, mistake->column, mistake->sentence, found->line,
			         found->column, found->sentence);
		drop(report);
		free(text);
	}
}

/* What lint says of a text: each finding in a line. */
static void check_text(const char *text, const char *want)
{
	struct lint_report *report = lint(text);
	char got[4096] = "";

	for (size_t i = 0; i < report->n_findings; i++) {
		const struct lint_finding *found = &report->findings[i];
		size_t used = strlen(got);

		snprintf(got + used, sizeof(got) - used, "%zu:%zu: %s%s\n", found->line,
		         found->column, found->is_warning ? "warning: " : "", found->sentence);
	}
	assert_string_equal(got, want);
	drop(report);
}

/* BASE with FOUND replaced by PUT. */
static void check_edit(const char *found, const char *put, const char *want)
{
	struct mistake mistake = {.found = found, .put = put};
	char *text = mistakes_text(&mistake);

	check_text(text, want);
	free(text);
}

static void test_unknown_fields(void **state)
{
	check_edit("    maxWeight: 50\n", "    maxWieght: 50\n",
	           "24:5: spec.analysis.maxWieght: no such field; did you mean \"maxWeight\"?\n");
	check_edit("    targetPort: http\n", "    targetport: http\n",
	           "19:5: spec.service.targetport: no such field; did you mean \"targetPort\"?\n");
	check_edit("        min: 99\n", "        min: 99\n        least: 3\n",
	           "29:9: spec.analysis.metrics[0].thresholdRange.least: no such field; there are "
	           "min, max here\n");
	/* a typo in a name that must be there is two findings */
	check_edit("    port: 80\n", "    prot: 80\n",
	           "17:3: spec.service.port: expected a whole number from 1 to 65535, got nothing\n"
	           "18:5: spec.service.prot: no such field; did you mean \"port\"?\n");
}

static void test_schema(void **state)
{
	check_edit("    targetPort: http\n", "    gateways: mesh\n    timeout: 5\n",
	           "19:15: spec.service.gateways: expected a list, got \"mesh\"\n"
	           "20:14: spec.service.timeout: expected a text, got 5\n");
	check_edit("    targetPort: http\n", "    trafficDistribution: PreferCloser\n",
	           "19:26: spec.service.trafficDistribution: expected PreferClose, PreferSameZone, "
	           "PreferSameNode, got \"PreferCloser\"; did you mean \"PreferClose\"?\n");
	check_edit("flagger.app/v1beta1", "flagger.app/v1",
	           "1:13: apiVersion: expected flagger.app/v1beta1, got \"flagger.app/v1\"\n");
	check_edit("kind: Canary", "kind: Canry",
	           "2:7: kind: expected Canary, MetricTemplate or AlertProvider, got \"Canry\"\n");
	check_edit("    apiVersion: apps/v1\n", "",
	           "9:3: spec.targetRef.apiVersion: expected a text, got nothing\n");
}

static void test_warnings(void **state)
{
	check_edit("    interval: 30s\n", "    interval: 5s\n",
	           "21:15: warning: spec.analysis.interval: shorter than 10s: 10s is used\n");
#define HEADER(text) "    iterations: 5\n    match:\n    - headers: {x-user: {regex: '" text "'}}\n"
	check_edit(
		"    stepWeight: 10\n", HEADER("^(?!robot)"),
		"25:33: warning: spec.analysis.match[0].headers.x-user.regex: a lookahead (?! is "
		"unknown to RE2, which Istio and other meshes match with\n");
	check_edit("    stepWeight: 10\n", HEADER("^(a+)+$"),
	           "25:33: warning: spec.analysis.match[0].headers.x-user.regex: a header of 200 "
	           "letters can take more than 100000 steps: one request may hold the proxy up\n");
	check_edit("    targetPort: http\n",
	           "    match: [{headers: {Cookie: {regex: '^(.*?;)?(canary=always)(;.*)?$'}}}]\n",
	           "19:40: warning: spec.service.match[0].headers.Cookie.regex: misses \"a=b; "
	           "canary=always\": browsers send a blank after the semicolon; write "
	           "^(.*;\\s*)?canary=always(;.*)?$\n");
	/* the pattern that it asks for is content */
	check_edit("    targetPort: http\n",
	           "    match: [{headers: {cookie: {regex: '^(.*;\\s*)?canary=always(;.*)?$'}}}]\n",
	           "");
	/* a mesh's pattern that cannot be compiled is an error */
	check_edit("    targetPort: http\n", "    match: [{uri: {regex: '/(a'}}]\n",
	           "19:27: spec.service.match[0].uri.regex: expected a regular expression, got one "
	           "with this at character 4: missing closing parenthesis\n");
}

static void test_unreadable(void **state)
{
	check_edit("    port: 80\n", "    port: 80\n    port: 81\n",
	           "19:5: the key \"port\" stands twice\n");
	check_edit("    port: 80\n", "    port: 80\n   name: x\n",
	           "19:4: while parsing a block mapping: did not find expected key\n");
	check_text("a: &b 1\n", "1:4: anchors are not supported\n");
	check_text("", "");
	check_text("{\"a\": [1,, 2]}",
	           "1:10: while parsing a flow node: did not find expected node content\n");
}

static void test_templates(void **state)
{
#define TEMPLATE \
 "apiVersion: flagger.app/v1beta1\nkind: MetricTemplate\nmetadata:\n  name: a\nspec:\n"
	check_text(
		TEMPLATE
		"  provider: {type: prometheus, address: 'http://p:9090'}\n  query: up{x=\"{{ target }}\"}\n",
		"");
	check_text(
		TEMPLATE
		"  provider: {type: prometheus, address: 'http://p:9090'}\n  query: up{x=\"{{ traget }}\"}\n",
		"7:10: spec.query: template parsing failed: line 1: function \"traget\" not defined\n");
	check_text(
		TEMPLATE "  provider: {type: datadog}\n  query: up\n",
		"6:20: spec.provider.type: expected prometheus (others are not served yet), got \"datadog\"\n");
	check_text(
		TEMPLATE
		"  provider: {type: prometheus, address: 'http://p:9090', adress: x}\n  query: up\n",
		"6:58: spec.provider.adress: no such field; did you mean \"address\"?\n");
	check_text(
		"apiVersion: flagger.app/v1beta1\nkind: AlertProvider\nmetadata: {name: a}\nspec:\n  type: slak\n  address: x\n",
		"5:9: spec.type: expected slack, msteams, discord, rocket, gchat, got \"slak\"; did you mean \"slack\"?\n");
}

/* Several documents, lists, and what is not ours. */
static void test_documents(void **state)
{
	static const char text[] =
		"kind: Deployment\napiVersion: apps/v1\nspce: 1\n---\n---\n"
		"kind: List\napiVersion: v1\nitems:\n- kind: Service\n  apiVersion: v1\n"
		"- kind: AlertProvider\n  apiVersion: flagger.app/v1beta1\n  metadata: {name: a}\n"
		"  spec:\n    type: slack\n    adress: x\n---\n"
		"{\"kind\": \"AlertProvider\", \"apiVersion\": \"flagger.app/v1beta1\", \"spec\": {}}\n";
	struct lint_report *report = lint(text);

	assert_int_equal(report->n_documents, 3);
	assert_int_equal(report->n_checked, 2);
	assert_int_equal(report->n_findings, 3);
	assert_string_equal(report->findings[0].object, "AlertProvider default/a");
	assert_string_equal(report->findings[0].path, "spec.address");
	assert_string_equal(report->findings[1].path, "spec.adress");
	assert_int_equal(report->findings[1].line, 16);
	assert_int_equal(report->findings[1].column, 5);
	assert_string_equal(
		report->findings[2].sentence,
		"spec.type: expected slack, msteams, discord, rocket, gchat, got nothing");
	assert_int_equal(report->findings[2].line, 18);
	drop(report);
}

static void test_limits(void **state)
{
	char *text = calloc(1, DOCUMENT_BYTES_MAX + 2);
	struct lint_report *report;
	size_t used = 0;

	assert_non_null(text);
	memset(text, '#', DOCUMENT_BYTES_MAX + 1);
	check_text(text, "0:0: expected at most 4194304 bytes, got 4194305\n");
	memset(text, '[', DOCUMENT_DEPTH_MAX + 1);
	text[DOCUMENT_DEPTH_MAX + 1] = '\0';
	check_text(text, "1:65: more than 64 lists and objects inside each other\n");
	for (int i = 0; i <= LINT_DOCUMENTS_MAX; i++)
		used += (size_t)sprintf_bounded(text, used, "---\na: 1\n");
	check_text(text, "0:0: expected at most 2000 documents\n");
	/* more findings than have room are counted */
	used = 0;
	for (int i = 0; i < LINT_FINDINGS_MAX + 50; i++)
		used += (size_t)sprintf_bounded(
			text, used,
			"---\nkind: AlertProvider\napiVersion: flagger.app/v1beta1\nspec: {type: 1, address: a}\n");
	report = lint(text);
	assert_int_equal(report->n_findings, LINT_FINDINGS_MAX);
	assert_int_equal(report->n_errors, LINT_FINDINGS_MAX + 50);
	drop(report);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_mistake),     cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_unknown_fields), cmocka_unit_test(test_schema),
		cmocka_unit_test(test_warnings),       cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_templates),      cmocka_unit_test(test_documents),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
