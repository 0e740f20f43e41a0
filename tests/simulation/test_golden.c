/*
 * The golden traces of canary-controller.md, appendix B, played through the whole agent: what
 * Canary.status and the route say at each of its writes, and the Events. Each line that is not
 * Flagger's names where docs/compatibility.md says why: the number of a hazard, or the beginning of
 * a deviation.
 *
 * A target of kind Service is refused, so its trace has one line.
 */
#include "agent/demo/cluster.h"
#include "analysis/base/compiler.h"
#include "tests/simulation/flow.h"
#include "tests/simulation/trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LINES_MAX 24
#define DOCUMENT  "docs/compatibility.md"
#define CANARIES  "/apis/flagger.app/v1beta1/namespaces/shop/canaries"

struct line {
	const char *flagger; /* NULL: it says nothing */
	const char *ours;    /* NULL: we say nothing */
	const char *why;     /* NULL: there is no difference */
};

#define SAME(text) \
 {                 \
  text, text, NULL \
 }
#define OTHER(theirs, ours, why) \
 {                               \
  theirs, ours, why              \
 }
#define THEIRS(text, why) \
 {                        \
  text, NULL, why         \
 }
#define OURS(text, why) \
 {                      \
  NULL, text, why       \
 }

/* What deviations are called in the document. */
#define INITIALISATION   "**Initialisation tells how it ended**"
#define UNSEEN           "**A phase that lasts for no time**"
#define NEW_RUN          "**A newer revision is a run of its own**"
#define FAILED_PROMOTION "**A failed promotion**"
#define TOLD             "**An event hook is told the phase of when it is called**"

#define SCALING_UP SAME("N New revision detected! Scaling up cart.shop")
#define STARTING   SAME("N Starting canary analysis for cart.shop")
#define COPYING    SAME("N Copying cart.shop template spec to cart-primary.shop")
#define ROUTING    SAME("N Routing all traffic to primary")
#define COMPLETED  SAME("N Promotion completed! Scaling down cart.shop")
#define BEGUN      SAME("Progressing w100/0 i0 f0 s0")
#define FINISHED   SAME("Finalising w100/0 i0 f0 s0"), SAME("Succeeded w100/0 i0 f0 s0")

static void look(struct stage *stage)
{
	(void)stage;
}

static void push(struct stage *stage)
{
	stage_push(stage, "v2");
}

static void push_failing(struct stage *stage)
{
	stage_metrics(stage, 50, 20);
	stage_push(stage, "v2");
}

static void push_again(struct stage *stage)
{
	stage_push(stage, "v2");
	stage_run(stage, 15);
	stage_push(stage, "v3");
}

static void push_skipped(struct stage *stage)
{
	stage_write(stage, HTTP_PATCH, CANARIES "/cart", "{\"spec\":{\"skipAnalysis\":true}}");
	stage_push(stage, "v2");
}

/* The pods of a primary that was ready break when its Release is Finalising already. */
static void break_in_finalising(struct stage *stage)
{
	stage_push(stage, "v2");
	for (int ms = 0; ms < 200000 && !strstr(stage_steps(stage), "cart-2 Finalising"); ms++)
		stage_run_ms(stage, 1);
	assert_int_equal(cluster_break_pods(stage_cluster(stage), "shop", "cart-primary", 2), 2);
}

static const struct trace_row {
	const char *what;
	const char *kind; /* NULL: Deployment */
	const char *provider;
	const char *analysis;
	bool from_start; /* the initialisation, too */
	void (*happen)(struct stage *stage);
	struct line states[LINES_MAX];
	struct line events[LINES_MAX];
} rows[] = {
	{"initialization, Deployment, mesh",
         NULL,
         "istio",
         "\"stepWeight\":20,\"maxWeight\":50",
         true,
         look,
         {SAME("Initializing  i0 f0 s0"), SAME("Initialized w100/0 i0 f0 s0")},
         {THEIRS("N all the metrics providers are available!", INITIALISATION),
          THEIRS("W cart-primary.shop not ready: waiting for rollout to finish: observed deployment "
                 "generation less than desired generation",
                 INITIALISATION),
          THEIRS("N all the metrics providers are available!", INITIALISATION),
          SAME("N Initialization done! cart.shop")}},
	{"initialization, DaemonSet already ready",
         "DaemonSet",
         "istio",
         "\"stepWeight\":20,\"maxWeight\":50",
         true,
         look,
         {SAME("Initializing  i0 f0 s0"), SAME("Initialized w100/0 i0 f0 s0")},
         {THEIRS("N all the metrics providers are available!", INITIALISATION),
          SAME("N Initialization done! cart.shop")}},
	{"initialization, Service already ready",
         "Service",
         "istio",
         "\"stepWeight\":20,\"maxWeight\":50",
         true,
         look,
         {SAME("Initializing cart i0 f0 s0"), SAME("Initialized w100/0 i0 f0 s0")},
         {THEIRS("N all the metrics providers are available!", INITIALISATION),
          SAME("N Initialization done! cart.shop")}},
	{"canary stepWeight 20 max 50",
         NULL,
         "istio",
         "\"stepWeight\":20,\"maxWeight\":50",
         false,
         push,
         {BEGUN, SAME("Progressing w80/20 i0 f0 s20"), SAME("Progressing w60/40 i0 f0 s40"),
          SAME("Progressing w40/60 i0 f0 s60"), SAME("Promoting w40/60 i0 f0 s60"), FINISHED},
         {SCALING_UP, STARTING, SAME("N Advance cart.shop canary weight 20"),
          SAME("N Advance cart.shop canary weight 40"),
          SAME("N Advance cart.shop canary weight 60"), COPYING, ROUTING, COMPLETED}},
	{"canary stepWeight 50 max 100",
         NULL,
         "istio",
         "\"stepWeight\":50,\"maxWeight\":100",
         false,
         push,
         {BEGUN, SAME("Progressing w50/50 i0 f0 s50"), SAME("Progressing w0/100 i0 f0 s100"),
          SAME("Promoting w0/100 i0 f0 s100"), FINISHED},
         {SCALING_UP, STARTING, SAME("N Advance cart.shop canary weight 50"),
          SAME("N Advance cart.shop canary weight 100"), COPYING, ROUTING, COMPLETED}},
	{"stepWeights [1,2,10,80]",
         NULL,
         "istio",
         "\"stepWeights\":[1,2,10,80]",
         false,
         push,
         {BEGUN, SAME("Progressing w99/1 i0 f0 s1"), SAME("Progressing w98/2 i0 f0 s2"),
          SAME("Progressing w90/10 i0 f0 s10"), SAME("Progressing w20/80 i0 f0 s80"),
          SAME("Promoting w20/80 i0 f0 s80"), FINISHED},
         {SCALING_UP, STARTING, SAME("N Advance cart.shop canary weight 1"),
          SAME("N Advance cart.shop canary weight 2"), SAME("N Advance cart.shop canary weight 10"),
          SAME("N Advance cart.shop canary weight 80"), COPYING, ROUTING, COMPLETED}},
	{"stepWeight 100, stepWeightPromotion 50",
         NULL,
         "istio",
         "\"stepWeight\":100,\"stepWeightPromotion\":50",
         false,
         push,
         {BEGUN, SAME("Progressing w0/100 i0 f0 s100"), SAME("Promoting w0/100 i0 f0 s100"),
          SAME("Promoting w50/50 i0 f0 s50"), FINISHED},
         {SCALING_UP, STARTING, SAME("N Advance cart.shop canary weight 100"), COPYING,
          SAME("N Advance cart.shop primary weight 50"),
          SAME("N Advance cart.shop primary weight 100"), COMPLETED}},
	{"Istio mirror, stepWeight 10",
         NULL,
         "istio",
         "\"stepWeight\":10,\"maxWeight\":20,\"mirror\":true",
         false,
         push,
         {BEGUN, SAME("Progressing w100/0 mirrored i0 f0 s0"), SAME("Progressing w90/10 i0 f0 s10"),
          SAME("Progressing w80/20 i0 f0 s20"), SAME("Promoting w80/20 i0 f0 s20"), FINISHED},
         {SCALING_UP, STARTING, SAME("N Advance cart.shop canary weight 0"),
          SAME("N Advance cart.shop canary weight 10"),
          SAME("N Advance cart.shop canary weight 20"), COPYING, ROUTING, COMPLETED}},
	{"blue/green iterations 1, mesh",
         NULL,
         "istio",
         "\"iterations\":1",
         false,
         push,
         {BEGUN, SAME("Progressing w100/0 i1 f0 s0"), SAME("Progressing w0/100 i2 f0 s0"),
          SAME("Promoting w0/100 i2 f0 s0"), FINISHED},
         {SCALING_UP, STARTING, SAME("N Advance cart.shop canary iteration 1/1"),
          SAME("N Routing all traffic to canary"), COPYING, ROUTING, COMPLETED}},
	{"blue/green iterations 2, provider kubernetes",
         NULL,
         "kubernetes",
         "\"iterations\":2",
         false,
         push,
         {SAME("Progressing cart-primary i0 f0 s0"), SAME("Progressing cart-primary i1 f0 s0"),
          SAME("Progressing cart-primary i2 f0 s0"), SAME("Progressing cart-primary i3 f0 s0"),
          SAME("Promoting cart-primary i3 f0 s0"),
          THEIRS("Finalising cart-primary i0 f0 s0", UNSEEN),
          SAME("Succeeded cart-primary i0 f0 s0")},
         {SCALING_UP, STARTING, SAME("N Advance cart.shop canary iteration 1/2"),
          SAME("N Advance cart.shop canary iteration 2/2"), COPYING, COMPLETED}},
	{"A/B iterations 2",
         NULL,
         "istio",
         "\"iterations\":2,\"match\":[{\"headers\":{\"x-beta\":{\"exact\":\"1\"}}}]",
         false,
         push,
         {BEGUN, SAME("Progressing w0/100 i1 f0 s0"), SAME("Progressing w0/100 i2 f0 s0"),
          SAME("Promoting w0/100 i2 f0 s0"), FINISHED},
         {SCALING_UP, STARTING, SAME("N Advance cart.shop canary iteration 1/2"),
          SAME("N Advance cart.shop canary iteration 2/2"), COPYING, ROUTING, COMPLETED}},
	{"second change during canary",
         NULL,
         "istio",
         "\"stepWeight\":20,\"maxWeight\":50",
         false,
         push_again,
         {BEGUN, SAME("Progressing w80/20 i0 f0 s20"), SAME("Progressing w60/40 i0 f0 s40"),
          SAME("Progressing w100/0 i0 f0 s0"), SAME("Progressing w80/20 i0 f0 s20"),
          SAME("Progressing w60/40 i0 f0 s40"), SAME("Progressing w40/60 i0 f0 s60"),
          SAME("Promoting w40/60 i0 f0 s60"), FINISHED},
         {SCALING_UP, STARTING, SAME("N Advance cart.shop canary weight 20"),
          SAME("N Advance cart.shop canary weight 40"),
          SAME("N New revision detected! Restarting analysis for cart.shop"),
          OURS("N New revision detected! Scaling up cart.shop", NEW_RUN), STARTING,
          SAME("N Advance cart.shop canary weight 20"),
          SAME("N Advance cart.shop canary weight 40"),
          SAME("N Advance cart.shop canary weight 60"), COPYING, ROUTING, COMPLETED}},
	{"threshold 2, failing metric from the first check",
         NULL,
         "istio",
         "\"stepWeight\":20,\"maxWeight\":50",
         false,
         push_failing,
         {BEGUN, SAME("Progressing w80/20 i0 f0 s20"), SAME("Progressing w80/20 i0 f1 s20"),
          OTHER("Progressing w80/20 i0 f2 s20", "Progressing w100/0 i0 f2 s0", "D-16"),
          SAME("Failed w100/0 i0 f0 s0")},
         {SCALING_UP, STARTING, SAME("N Advance cart.shop canary weight 20"),
          SAME("W Halt cart.shop advancement success rate 50.00% < 99%"),
          SAME("W Halt cart.shop advancement success rate 50.00% < 99%"),
          SAME("W Rolling back cart.shop failed checks threshold reached 2"),
          SAME("W Canary failed! Scaling down cart.shop")}},
	{"skipAnalysis set after Initialized, new revision",
         NULL,
         "istio",
         "\"stepWeight\":20,\"maxWeight\":50",
         false,
         push_skipped,
         {BEGUN, OURS("Promoting w100/0 i0 f0 s0", "D-7"), SAME("Succeeded w100/0 i0 f0 s0")},
         {SCALING_UP, COPYING, OURS("N Routing all traffic to primary", "D-7"),
          SAME("N Promotion completed! Canary analysis was skipped for cart.shop")}},
	{"Promoting, primary ProgressDeadlineExceeded",
         NULL,
         "istio",
         "\"stepWeight\":50,\"maxWeight\":50",
         false,
         flow_push_bad_primary,
         {BEGUN, SAME("Progressing w50/50 i0 f0 s50"), SAME("Promoting w50/50 i0 f0 s50"),
          OURS("Progressing w50/50 i0 f0 s0", FAILED_PROMOTION),
          OTHER("Failed w0/100 i0 f0 s100", "Failed w100/0 i0 f0 s0", FAILED_PROMOTION)},
         {SCALING_UP, STARTING, SAME("N Advance cart.shop canary weight 50"), COPYING,
          OTHER("W Promotion of cart.shop failed, primary not ready: cart-primary.shop not ready: "
                "deployment \"cart-primary\" exceeded its progress deadline",
                "W Promotion of cart.shop failed, primary not ready: cart-primary.shop not ready: "
                "waiting for rollout to finish: 1 out of 2 new replicas have been updated",
                "D-17")}},
	{"Finalising, primary ProgressDeadlineExceeded",
         NULL,
         "istio",
         "\"stepWeight\":50,\"maxWeight\":50",
         false,
         break_in_finalising,
         {BEGUN, SAME("Progressing w50/50 i0 f0 s50"), SAME("Promoting w50/50 i0 f0 s50"),
          SAME("Finalising w100/0 i0 f0 s0"), OURS("Progressing w100/0 i0 f0 s0", FAILED_PROMOTION),
          OTHER("Failed w0/100 i0 f0 s100", "Failed w100/0 i0 f0 s0", FAILED_PROMOTION)},
         {SCALING_UP, STARTING, SAME("N Advance cart.shop canary weight 50"), COPYING, ROUTING,
          OTHER("W Promotion of cart.shop failed, primary not ready: cart-primary.shop not ready: "
                "deployment \"cart-primary\" exceeded its progress deadline",
                "W Promotion of cart.shop failed, primary not ready: cart-primary.shop not ready: "
                "waiting for rollout to finish: 0 of 2 (readyThreshold 100%) updated replicas "
                "are available",
                "D-17")}},
};

/* What is refused instead: the path, and why. */
static const struct {
	const char *what;
	const char *kind;
	const char *analysis;
	const char *event;
	const char *why;
} refusals[] = {
	{"stepWeights [1,2,10,200]", "Deployment", "\"stepWeights\":[1,2,10,200]",
         "W spec.analysis.stepWeights[3]: expected a whole number from 1 to 100, got 200\n",
         "| D-14 |"},
};

static char *read_document(void)
{
	FILE *file = fopen(DOCUMENT, "r");
	char *text = calloc(1, 256 * 1024);
	size_t length;

	assert_non_null(file);
	assert_non_null(text);
	length = fread(text, 1, 256 * 1024 - 1, file);
	assert_true(length > 0);
	(void)fclose(file);
	return text;
}

/* A difference has its reason, in the document; what is none has not. */
static void check_mark(const struct line *line, const char *document)
{
	char number[16];
	bool is_same = line->flagger && line->ours && strcmp(line->flagger, line->ours) == 0;

	assert_true(is_same == !line->why);
	if (!line->why)
		return;
	(void)snprintf(number, sizeof(number), "| %s |", line->why);
	if (!strstr(document, line->why[0] == '*' ? line->why : number))
		fail_msg("%s does not say: %s", DOCUMENT, line->why);
}

static void check_lines(const char *what, const struct line *lines, const char *got,
                        const char *document)
{
	char want[8192] = "";

	for (size_t i = 0; i < LINES_MAX && (lines[i].flagger || lines[i].ours); i++) {
		size_t used = strlen(want);

		check_mark(&lines[i], document);
		if (lines[i].ours)
			(void)snprintf(want + used, sizeof(want) - used, "%s\n", lines[i].ours);
	}
	if (strcmp(got, want) != 0)
		fail_msg("%s\n  want:\n%s  got:\n%s", what, want, got);
}

static struct stage *begin(const char *kind, const char *provider, const char *analysis)
{
	struct stage *stage = stage_new(1);

	if (strcmp(kind, "DaemonSet") == 0)
		stage_deploy_daemon(stage, "{}", "v1");
	else if (strcmp(kind, "Service") == 0)
		stage_write(
			stage, HTTP_POST, "/api/v1/namespaces/shop/services",
			"{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":"
			"\"cart\",\"namespace\":\"shop\"},\"spec\":{\"selector\":{\"app\":\"cart\"},"
			"\"ports\":[{\"port\":80}]}}");
	else
		stage_deploy(stage, "v1");
	stage_start(stage, 0);
	stage_run(stage, 3);
	stage_canary_of(stage, kind, provider, analysis);
	stage_run(stage, 20);
	return stage;
}

static void play(const struct trace_row *row, const char *document)
{
	struct stage *stage =
		begin(row->kind ? row->kind : "Deployment", row->provider, row->analysis);

	assert_string_equal(stage_phase(stage), "Initialized");
	if (!row->from_start)
		trace_clear(stage_trace(stage));
	row->happen(stage);
	stage_run(stage, 300);
	check_lines(row->what, row->states, buf_text(&stage_trace(stage)->states), document);
	check_lines(row->what, row->events, buf_text(&stage_trace(stage)->events), document);
	stage_free(stage);
}

static void test_traces(void **state)
{
	char *document = read_document();

	for (size_t i = 0; i < array_length(rows); i++)
		play(&rows[i], document);
	free(document);
}

static void test_refused(void **state)
{
	char *document = read_document();

	for (size_t i = 0; i < array_length(refusals); i++) {
		struct stage *stage = begin(refusals[i].kind, "istio", refusals[i].analysis);

		assert_string_equal(buf_text(&stage_trace(stage)->events), refusals[i].event);
		assert_string_equal(stage_phase(stage), "");
		assert_non_null(strstr(document, refusals[i].why));
		stage_free(stage);
	}
	free(document);
}

/* The event sequence of appendix B: a hook of each type but rollback, from the start, and the
 * phases of the payloads: those of the events as an event hook is told them. */
#define HOOK(type) "{\"name\":\"gate\",\"type\":\"" type "\",\"url\":\"http://hooks/" type "\"}"
#define ALL                                                                                 \
 HOOK("confirm-rollout")                                                                    \
 "," HOOK("pre-rollout") "," HOOK("rollout") "," HOOK("confirm-traffic-increase") "," HOOK( \
	 "confirm-promotion") "," HOOK("post-rollout") "," HOOK("event")

/* An event hook is told when what happened is saved: its phase may be the next. */
#define LATER(theirs, ours, text) OTHER("event " theirs ": " text, "event " ours ": " text, TOLD)

static const struct line sequence[LINES_MAX] = {
	THEIRS("event Initializing: all the metrics providers are available!", INITIALISATION),
	THEIRS("event Initializing: cart-primary.shop not ready: waiting for rollout to finish: "
               "observed deployment generation less than desired generation",
               INITIALISATION),
	THEIRS("event Initializing: all the metrics providers are available!", INITIALISATION),
	SAME("event Initialized: Initialization done! cart.shop"),
	LATER("Initialized", "Progressing", "Confirm-rollout check gate passed"),
	SAME("event Progressing: New revision detected! Scaling up cart.shop"),
	SAME("event Progressing: Starting canary analysis for cart.shop"),
	SAME("event Progressing: Pre-rollout check gate passed"),
	SAME("event Progressing: Confirm-traffic-increase check gate passed"),
	SAME("event Progressing: Advance cart.shop canary weight 100"),
	LATER("Progressing", "Promoting", "Confirm-traffic-increase check gate passed"),
	LATER("Progressing", "Promoting", "Confirm-promotion check gate passed"),
	LATER("Progressing", "Promoting", "Copying cart.shop template spec to cart-primary.shop"),
	SAME("event Promoting: Advance cart.shop primary weight 50"),
	LATER("Promoting", "Finalising", "Advance cart.shop primary weight 100"),
	THEIRS("event Succeeded: Post-rollout check gate passed", "D-53"),
	SAME("event Succeeded: Promotion completed! Scaling down cart.shop"),
	OURS("event Succeeded: Post-rollout check gate passed", "D-53"),
};

/* What event hooks were told goes to one, the other calls to the other. */
static void part_calls(const char *calls, struct buf *ret_told, struct buf *ret_asked)
{
	while (*calls != '\0') {
		int length = (int)strcspn(calls, "\n") + 1;
		bool is_event = strncmp(calls, "event ", 6) == 0;

		assert_true(buf_format(is_event ? ret_told : ret_asked, "%.*s", length, calls));
		calls += length;
	}
}

static void test_hooks(void **state)
{
	struct stage *stage =
		begin("Deployment", "istio",
	              "\"stepWeight\":100,\"stepWeightPromotion\":50,\"webhooks\":[" ALL "]");
	struct buf told = {.max = 8192};
	struct buf asked = {.max = 8192};
	char *document = read_document();

	push(stage);
	stage_run(stage, 300);
	part_calls(stage_hooks(stage), &told, &asked);
	check_lines("a hook of each type", sequence, buf_text(&told), document);
	assert_string_equal(buf_text(&asked),
	                    "confirm-rollout Initialized\n"
	                    "pre-rollout Progressing\n"
	                    "confirm-traffic-increase Progressing\n"
	                    "rollout Progressing\n"
	                    "confirm-traffic-increase Progressing\n"
	                    "confirm-promotion Progressing\n"
	                    "post-rollout Succeeded\n");
	buf_fini(&told);
	buf_fini(&asked);
	free(document);
	stage_free(stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_traces),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_hooks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
