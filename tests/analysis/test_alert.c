/*
 * Alerts (canary-controller.md, section 6): which are raised, how grave, who is told, and that a
 * receiver that is silent or says no holds up nobody and loses nothing.
 */
#include "analysis/base/text.h"
#include "tests/analysis/happen.h"
#include "tests/analysis/model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define STARTED  "info+: New revision detected, progressing canary analysis.\n"
#define FINISHED "info: Canary analysis completed successfully, promotion finished.\n"
#define NOT_UPDATED                                                                      \
 "canary deployment cart.shop not ready: waiting for rollout to finish: 0 out of 2 new " \
 "replicas have been updated\n"
#define NOT_READY                                                                \
 "canary deployment cart.shop not ready: waiting for rollout to finish: 0 of 2 " \
 "(readyThreshold 100%) updated replicas are available\n"

static void apply_broken(struct model *model)
{
	model->is_canary_broken = true;
	model_apply(model, "v2");
}

static void break_pods(struct model *model)
{
	model->truth.target.ready = 0;
	model->truth.target.available = 0;
}

static void abort_run(struct model *model)
{
	model_ask(model, VERB_ABORT, "looks wrong");
}

static const struct model_event revision[] = {{0, apply_v2}, {0}};
static const struct model_event broken[] = {{0, apply_broken}, {0}};
static const struct model_event breaking[] = {{0, apply_v2}, {9000, break_pods}, {0}};
static const struct model_event aborted[] = {{0, apply_v2}, {9000, abort_run}, {0}};

static void hide_checks(struct model *model)
{
	model->success_rate = -1;
}

static void skip_analysis(struct model *model)
{
	model->spec.skip_analysis = true;
}

static void close_gate(struct model *model, enum hook_type type)
{
	model_hook(model, type, NULL);
	model->says[type] = HOOK_FAIL;
}

static void close_start(struct model *model)
{
	close_gate(model, HOOK_CONFIRM_ROLLOUT);
}

static void close_start_muted(struct model *model)
{
	close_gate(model, HOOK_CONFIRM_ROLLOUT);
	model->spec.hooks[0].is_muted = true;
}

static void close_promotion(struct model *model)
{
	close_gate(model, HOOK_CONFIRM_PROMOTION);
}

static void close_promotion_muted(struct model *model)
{
	close_gate(model, HOOK_CONFIRM_PROMOTION);
	model->spec.hooks[0].is_muted = true;
}

static void close_traffic(struct model *model)
{
	close_gate(model, HOOK_CONFIRM_TRAFFIC_INCREASE);
}

static void close_traffic_muted(struct model *model)
{
	close_gate(model, HOOK_CONFIRM_TRAFFIC_INCREASE);
	model->spec.hooks[0].is_muted = true;
}

static void call_back(struct model *model)
{
	model_hook(model, HOOK_ROLLBACK, NULL);
	model->says[HOOK_ROLLBACK] = HOOK_PASS;
}

/* Lines of the trace that are of receiver INDEX, without what they all begin with. */
static void alerts_of(const struct model *model, size_t index, char *ret, size_t size)
{
	char head[32];
	const char *line = model->trace;

	text_format(head, sizeof(head), "alert %zu ", index);
	ret[0] = '\0';
	while (*line) {
		size_t length = strcspn(line, "\n") + 1;
		size_t used = strlen(ret);

		if (strncmp(line, head, strlen(head)) == 0)
			text_format(ret + used, size - used, "%.*s", (int)(length - strlen(head)),
			            line + strlen(head));
		line += length;
	}
}

static void assert_alerts(const struct model *model, size_t index, const char *expected)
{
	char alerts[2048];

	alerts_of(model, index, alerts, sizeof(alerts));
	assert_string_equal(alerts, expected);
}

static size_t count(const char *text, const char *part)
{
	size_t n = 0;

	for (const char *at = strstr(text, part); at; at = strstr(at + strlen(part), part))
		n++;
	return n;
}

static const struct row {
	const char *what;
	void (*prepare)(struct model *model);
	const struct model_event *events;
	const char *alerts;
} rows[] = {
	{"D_17_a canary that never was ready", NULL, broken,
         STARTED "error: Progress deadline exceeded " NOT_UPDATED},
	{"D_51_a canary that is ready no more", NULL, breaking,
         STARTED "error: Progress deadline exceeded " NOT_READY},
	{"a run and its promotion", NULL, revision, STARTED FINISHED},
	{"without analysis", skip_analysis, revision,
         STARTED "info: Canary analysis was skipped, promotion finished.\n"},
	{"checks that fail", fail_checks, revision,
         STARTED "error: Failed checks threshold reached 2\n"},
	{"D_51_checks that are not answered", hide_checks, revision,
         STARTED "error: Halt advancement no values found for nginx metric "
                 "request-success-rate probably cart.shop is not receiving traffic: no values\n"},
	{"a primary that does not take it", break_primary, revision,
         STARTED "error: Promotion failed, primary not ready: cart-primary.shop not ready: waiting "
                 "for rollout to finish: 0 out of 2 new replicas have been updated\n"},
	{"somebody's rollback hook", call_back, revision,
         STARTED "warn: Rolling back manual webhook invoked\n"},
	{"D_51_somebody's abort", NULL, aborted,
         STARTED "warn: Rolling back aborted by alice: looks wrong\n"},
	{"a closed gate", close_start, revision, "warn: Canary is waiting for approval.\n"},
	{"… muted", close_start_muted, revision, ""},
	{"a closed gate of the promotion", close_promotion, revision,
         STARTED "warn: Canary promotion is waiting for approval.\n"},
	{"… muted", close_promotion_muted, revision, STARTED},
	/* D-21: once, where Flagger does it on each tick. */
	{"a closed gate of weights", close_traffic, revision,
         STARTED "warn: Canary traffic increase is waiting for approval.\n"},
	{"… muted", close_traffic_muted, revision, STARTED},
};

/* Each as section 6.1 has it, once each; also by an agent that forgets all the time. */
static void play(const struct row *row, bool is_forgetful)
{
	struct model model;

	print_message("%s\n", row->what);
	model_init(&model);
	model_initialise(&model);
	model_receiver(&model, SEVERITY_INFO);
	if (row->prepare)
		row->prepare(&model);
	model.is_forgetful = is_forgetful;
	model_run(&model, 300000, row->events);
	assert_alerts(&model, 0, row->alerts);
	assert_int_equal(model.truth.newest.status.n_alerts, 0);
	model_fini(&model);
}

static void test_catalogue(void **state)
{
	for (size_t i = 0; i < array_length(rows); i++) {
		play(&rows[i], false);
		play(&rows[i], true);
	}
}

static void test_initialised(void **state)
{
	struct model model;

	model_init(&model);
	model_receiver(&model, SEVERITY_INFO);
	model_run(&model, 60000, NULL);
	assert_string_equal(model.truth.mirror.phase, "Initialized");
	assert_alerts(&model, 0, "info+: New Deployment detected, initialization completed.\n");
	model_fini(&model);
}

/* 6.2: who asks for one severity gets the graver ones, too. */
static void test_severities(void **state)
{
	static const char failed[] = "error: Failed checks threshold reached 2\n";
	static const char waits[] = "warn: Canary is waiting for approval.\n";
	struct model model;

	model_init(&model);
	model_initialise(&model);
	model_receiver(&model, SEVERITY_ERROR);
	model_receiver(&model, SEVERITY_WARN);
	model_receiver(&model, SEVERITY_INFO);
	close_start(&model);
	model_run(&model, 60000, revision);
	assert_alerts(&model, 0, "");
	assert_alerts(&model, 1, waits);
	assert_alerts(&model, 2, waits);
	model.says[HOOK_CONFIRM_ROLLOUT] = HOOK_PASS;
	model.success_rate = 50;
	model.trace[0] = '\0';
	model_run(&model, 120000, NULL);
	assert_alerts(&model, 0, failed);
	assert_alerts(&model, 1, failed);
	assert_alerts(&model, 2,
	              "info+: New revision detected, progressing canary analysis.\n"
	              "error: Failed checks threshold reached 2\n");
	model_fini(&model);
}

/* Nobody asks: nothing is kept, nothing is written for it. */
static void test_nobody(void **state)
{
	struct model model;
	int n_saves;

	model_init(&model);
	model_initialise(&model);
	model_run(&model, 120000, revision);
	n_saves = model.n_saves;
	assert_int_equal(model.n_alerts, 0);
	model_fini(&model);
	model_init(&model);
	model_receiver(&model, SEVERITY_ERROR);
	model_initialise(&model);
	model_run(&model, 120000, revision);
	assert_int_equal(model.n_alerts, 0);
	assert_int_equal(model.n_saves, n_saves);
	model_fini(&model);
}

/* A receiver that takes the request and is silent: the run goes its way, and back. */
static void test_D_53_a_silent_receiver_delays_no_retreat(void **state)
{
	struct model heard;
	struct model silent;

	model_init(&heard);
	model_initialise(&heard);
	model_receiver(&heard, SEVERITY_INFO);
	heard.success_rate = 50;
	model_run(&heard, 120000, revision);
	model_init(&silent);
	model_initialise(&silent);
	model_receiver(&silent, SEVERITY_INFO);
	silent.success_rate = 50;
	silent.ear = NULL;
	model_run(&silent, 120000, revision);
	assert_string_equal(silent.truth.mirror.phase, "Failed");
	assert_int_equal(silent.truth.newest.status.times.finished.ms,
	                 heard.truth.newest.status.times.finished.ms);
	assert_int_equal(silent.n_alerts, 1);
	assert_int_equal(silent.truth.newest.status.n_alerts, 2);
	model_fini(&silent);
	model_fini(&heard);
}

/* One that was given up is told as an Event, once, and the next run does not wait for it. */
static void test_given_up(void **state)
{
	static const struct model_event next[] = {{0, apply_v3}, {0}};
	struct model model;

	model_init(&model);
	model_initialise(&model);
	model_receiver(&model, SEVERITY_INFO);
	model.ear = "alert provider on-call.shop error: not found";
	model_run(&model, 120000, revision);
	assert_string_equal(model.truth.mirror.phase, "Succeeded");
	assert_int_equal(count(model.trace, "W alert provider on-call.shop error: not found\n"), 2);
	assert_alerts(&model, 0, STARTED FINISHED);
	assert_int_equal(model.truth.newest.status.n_alerts, 0);
	model_run(&model, 120000, next);
	assert_int_equal(model.truth.newest.number, 3);
	assert_string_equal(model.truth.mirror.phase, "Succeeded");
	model_fini(&model);
}

/* What was not told is in the Release: the next agent tells it, and the next run waits for that. */
static void test_told_after_a_restart(void **state)
{
	static const struct model_event next[] = {{0, apply_v3}, {0}};
	struct model model;

	model_init(&model);
	model_initialise(&model);
	model_receiver(&model, SEVERITY_ERROR);
	model.success_rate = 50;
	model.ear = NULL;
	model_run(&model, 120000, revision);
	assert_int_equal(model.truth.newest.status.n_alerts, 1);
	model_run(&model, 120000, next);
	assert_int_equal(model.truth.newest.number, 2); /* the last one was not told yet */
	model.ear = "";
	model.hung[2] = (struct effect){0};
	model.restart_at = model.n_decisions + 1;
	model.trace[0] = '\0';
	model.success_rate = 100;
	model_run(&model, 120000, NULL);
	assert_alerts(&model, 0, "error: Failed checks threshold reached 2\n");
	assert_int_equal(model.truth.newest.number, 3);
	assert_string_equal(model.truth.mirror.phase, "Succeeded");
	model_fini(&model);
}

/* A receiver that was edited away is waited for no more; one that is new hears what is kept. */
static void test_edited_receivers(void **state)
{
	struct model model;

	model_init(&model);
	model_initialise(&model);
	model_receiver(&model, SEVERITY_ERROR);
	model.success_rate = 50;
	model.ear = NULL;
	model_run(&model, 120000, revision);
	assert_int_equal(model.truth.newest.status.n_alerts, 1);
	model.spec.alerts[0].receiver = 77;
	model.ear = "";
	model.hung[2] = (struct effect){0};
	model.trace[0] = '\0';
	model_run(&model, 60000, NULL);
	assert_alerts(&model, 0, "error: Failed checks threshold reached 2\n");
	assert_int_equal(model.truth.newest.status.n_alerts, 0);
	model.ear = NULL;
	model_run(&model, 120000, (const struct model_event[]){{0, apply_v3}, {0}});
	model.spec.n_alerts = 0;
	model_run(&model, 60000, NULL);
	assert_int_equal(model.truth.newest.status.n_alerts, 0);
	model_fini(&model);
}

/* More than are kept while nobody listens: the oldest give way. */
static void test_the_oldest_give_way(void **state)
{
	struct model model;

	model_init(&model);
	model_initialise(&model);
	model_receiver(&model, SEVERITY_INFO);
	model.ear = NULL;
	model.spec.threshold = 1000;
	model.spec.step_weight = 1;
	close_traffic(&model);
	model_run(&model, 20000, revision);
	for (int i = 0; i < ALERTS_MAX + 2; i++) {
		/* Each step is let in once and then held: told anew. */
		model.says[HOOK_CONFIRM_TRAFFIC_INCREASE] = HOOK_PASS;
		model_run(&model, 10000, NULL);
		model.says[HOOK_CONFIRM_TRAFFIC_INCREASE] = HOOK_FAIL;
		model_run(&model, 20000, NULL);
	}
	assert_int_equal(model.truth.newest.status.n_alerts, ALERTS_MAX);
	assert_string_equal(model.truth.newest.status.alerts[0].text,
	                    "Canary traffic increase is waiting for approval.");
	for (size_t i = 1; i < ALERTS_MAX; i++)
		assert_true(model.truth.newest.status.alerts[i].id >
		            model.truth.newest.status.alerts[i - 1].id);
	model_fini(&model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_catalogue),
		cmocka_unit_test(test_initialised),
		cmocka_unit_test(test_severities),
		cmocka_unit_test(test_nobody),
		cmocka_unit_test(test_D_53_a_silent_receiver_delays_no_retreat),
		cmocka_unit_test(test_given_up),
		cmocka_unit_test(test_told_after_a_restart),
		cmocka_unit_test(test_edited_receivers),
		cmocka_unit_test(test_the_oldest_give_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
