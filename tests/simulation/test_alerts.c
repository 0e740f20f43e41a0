/*
 * Whole agents with alerts: receivers that take them, refuse, hang and are not there; what is
 * secret of them; and the flow of a rollback once for each write and each kind of fault at it.
 */
#include "analysis/base/compiler.h"
#include "tests/simulation/flow.h"
#include "tests/simulation/stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define URL "/apis/flagger.app/v1beta1/namespaces/shop/alertproviders"
#define PROVIDER(name, spec)                                                         \
 "{\"apiVersion\":\"flagger.app/v1beta1\",\"kind\":\"AlertProvider\",\"metadata\":{" \
 "\"name\":\"" name "\",\"namespace\":\"shop\"},\"spec\":{\"type\":\"slack\"," spec "}}"
#define ENTRY(name, severity) \
 "{\"name\":\"a\",\"severity\":\"" severity "\",\"providerRef\":{\"name\":\"" name "\"}}"
#define STEPS(alerts) "\"stepWeight\":20,\"maxWeight\":40,\"alerts\":[" alerts "]"
#define CHAT          ENTRY("chat", "info")

static void put_provider(struct stage *stage)
{
	stage_write(stage, HTTP_POST, URL, PROVIDER("chat", "\"address\":\"http://hooks/chat\""));
}

/* An initialised Canary with those alerts, whose receiver answers STATUS from then on. */
static struct stage *begin(const char *analysis, int status)
{
	struct stage *stage = stage_new(1);

	put_provider(stage);
	flow_start(stage);
	stage_canary(stage, "nginx", analysis);
	assert_true(stage_run_to(stage, "Initialized", 60));
	stage_run(stage, 60);
	stage_hook(stage, "chat", status, "no_service");
	return stage;
}

static int weight(struct stage *stage)
{
	const json_t *route = stage_find(stage, "ingresses", "front-canary");
	const json_t *annotations =
		json_object_get(json_object_get(route, "metadata"), "annotations");
	const char *text = json_string_value(
		json_object_get(annotations, "nginx.ingress.kubernetes.io/canary-weight"));

	return text ? (int)strtol(text, NULL, 10) : 0;
}

static size_t n_events(struct stage *stage, const char *message)
{
	const json_t *event;
	size_t n = 0;

	for (size_t i = 0; (event = apiserver_at(stage_server(stage), "events", i)); i++)
		n += strcmp(json_string_value(json_object_get(event, "message")), message) == 0;
	return n;
}

static size_t count(const char *text, const char *part)
{
	size_t n = 0;

	for (const char *at = strstr(text, part); at; at = strstr(at + strlen(part), part))
		n++;
	return n;
}

/* Each once, to whom asked for one so grave; by a Secret, too. */
static void test_told(void **state)
{
	struct stage *stage = stage_new(1);

	put_provider(stage);
	stage_write(stage, HTTP_POST, "/api/v1/namespaces/shop/secrets",
	            "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"hook\","
	            "\"namespace\":\"shop\"},\"data\":{\"address\":\"aHR0cDovL2hvb2tzL21haWw=\"}}");
	stage_write(stage, HTTP_POST, URL, PROVIDER("mail", "\"secretRef\":{\"name\":\"hook\"}"));
	stage_deploy(stage, "v1");
	stage_start(stage, 0);
	stage_canary(stage, "nginx", STEPS(ENTRY("mail", "error") "," CHAT));
	assert_true(stage_run_to(stage, "Initialized", 60));
	stage_run(stage, 10);
	stage_push(stage, "v2");
	assert_true(stage_run_to(stage, "Succeeded", 200));
	stage_run(stage, 10);
	stage_metrics(stage, 50, 20);
	stage_push(stage, "v3");
	assert_true(stage_run_to(stage, "Failed", 200));
	stage_run(stage, 10);
	assert_string_equal(stage_hooks(stage),
	                    "chat New Deployment detected, initialization completed.\n"
	                    "chat New revision detected, progressing canary analysis.\n"
	                    "chat Canary analysis completed successfully, promotion finished.\n"
	                    "chat New revision detected, progressing canary analysis.\n"
	                    "chat Failed checks threshold reached 2\n"
	                    /* later, since its Secret is read before */
	                    "mail Failed checks threshold reached 2\n");
	stage_free(stage);
}

/* D-53: a receiver that hangs; the check that fails for the last time moves traffic at once, and
 * people read that it was given up. The next run does not wait for it for long. */
static void test_D_53_a_receiver_that_hangs(void **state)
{
	struct stage *stage = begin(STEPS(CHAT), 0);
	int ms = 0;

	stage_push(stage, "v2");
	while (weight(stage) < 20)
		stage_run(stage, 1);
	stage_metrics(stage, 50, 20);
	while (weight(stage) > 0 && ms++ < 300)
		stage_run_ms(stage, 100);
	assert_int_equal(weight(stage), 0);
	assert_true(instant_between(stage_answered(stage), sim_loop_now(stage_sim(stage))).ms <
	            1000);
	assert_true(stage_run_to(stage, "Failed", 60));
	stage_run(stage, 120);
	assert_true(n_events(stage,
	                     "alert provider chat.shop send error: no answer within 5s (given "
	                     "up after 3 attempts)") >= 1);
	stage_push(stage, "v3");
	stage_metrics(stage, 100, 20);
	assert_true(stage_run_to(stage, "Succeeded", 200));
	stage_free(stage);
}

/* Who says no, who is not there: an Event, and the run goes its way. */
static void test_refused(void **state)
{
	static const struct {
		const char *alerts;
		int status;
		const char *event;
	} rows[] = {
		{CHAT, 404, "alert provider chat.shop send error: HTTP 404: no_service"},
		{CHAT, 500,
	         "alert provider chat.shop send error: HTTP 500: no_service (given "
	         "up after 3 attempts)"},
		{ENTRY("nobody", "info"), 200, "alert provider nobody.shop error: not found"},
	};

	for (size_t i = 0; i < array_length(rows); i++) {
		char analysis[256];
		struct stage *stage;

		snprintf(analysis, sizeof(analysis), STEPS("%s"), rows[i].alerts);
		stage = begin(analysis, rows[i].status);
		stage_push(stage, "v2");
		assert_true(stage_run_to(stage, "Succeeded", 200));
		stage_run(stage, 60);
		/* Of the run's two alerts; and of the first one where nobody is. */
		assert_int_equal(n_events(stage, rows[i].event), i == 2 ? 3 : 2);
		stage_free(stage);
	}
}

/* Neither address nor token stand in any object but their own, nor in log or history, whether the
 * receiver takes the alert or not. */
static void test_secrets(void **state)
{
	static const int statuses[] = {200, 404, 500, 0};
	static const char *const plurals[] = {"releases",    "events",   "canaries",
	                                      "deployments", "services", "ingresses"};

	for (size_t i = 0; i < array_length(statuses); i++) {
		struct stage *stage = stage_new(1);
		char *told = NULL;
		size_t length = 0;
		FILE *stream = open_memstream(&told, &length);
		const json_t *object;

		stage_listen(stage, stream);
		stage_write(stage, HTTP_POST, "/api/v1/namespaces/shop/secrets",
		            "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":"
		            "\"hook\",\"namespace\":\"shop\"},\"data\":{\"address\":"
		            "\"aHR0cDovL2hvb2tzL3MzY3JldA==\",\"token\":\"czNjcmV0LXRva2Vu\"}}");
		stage_write(stage, HTTP_POST, URL,
		            PROVIDER("chat", "\"secretRef\":{\"name\":\"hook\"}"));
		stage_hook(stage, "s3cret", statuses[i], "<s3cret>");
		stage_deploy(stage, "v1");
		stage_start(stage, 0);
		stage_canary(stage, "nginx", STEPS(CHAT));
		assert_true(stage_run_to(stage, "Initialized", 60));
		stage_push(stage, "v2");
		assert_true(stage_run_to(stage, "Succeeded", 200));
		stage_run(stage, 60);
		stage_kill(stage, 0);
		fclose(stream);
		assert_non_null(strstr(told, "alert"));
		assert_null(strstr(told, "s3cret"));
		for (size_t k = 0; k < array_length(plurals); k++) {
			for (size_t n = 0;
			     (object = apiserver_at(stage_server(stage), plurals[k], n)); n++) {
				char *text = json_dumps(object, 0);

				assert_null(strstr(text, "s3cret"));
				free(text);
			}
		}
		free(told);
		stage_free(stage);
	}
}

/* A rollback, with a fault at a write: how often each alert came. */
static size_t run(enum stage_fault fault, size_t nth, char **ret_end, size_t ret_told[2])
{
	struct stage *stage = begin(STEPS(CHAT), 200);
	size_t n_writes;

	stage_fault(stage, fault, nth);
	stage_metrics(stage, 50, 20);
	stage_push(stage, "v2");
	assert_true(stage_run_to(stage, "Failed", 400));
	stage_run(stage, 120);
	n_writes = stage_writes(stage);
	*ret_end = stage_describe(stage);
	ret_told[0] = count(stage_hooks(stage), "chat New revision detected");
	ret_told[1] = count(stage_hooks(stage), "chat Failed checks threshold reached 2\n");
	stage_free(stage);
	return n_writes;
}

/* Each alert comes once, whichever write fails. An agent that is killed between a receiver's answer
 * and the save that says so has the next one tell it again: at most one of the two, once more. */
static void test_once_over_faults(void **state)
{
	char *end;
	size_t told[2];
	size_t n_writes = run(STAGE_FAULT_NONE, 0, &end, told);
	size_t n_twice = 0;
	size_t n_crashes = 0;

	assert_int_equal(told[0], 1);
	assert_int_equal(told[1], 1);
	for (enum stage_fault fault = STAGE_FAULT_CRASH; fault < STAGE_FAULT_MAX; fault++) {
		for (size_t nth = 1; nth <= n_writes; nth++) {
			bool is_crash = fault == STAGE_FAULT_CRASH;
			char *got;

			run(fault, nth, &got, told);
			assert_string_equal(got, end);
			assert_in_range(told[0], 1, is_crash ? 2 : 1);
			assert_in_range(told[1], 1, is_crash ? 2 : 1);
			assert_in_range(told[0] + told[1], 2, is_crash ? 3 : 2);
			n_crashes += is_crash;
			n_twice += told[0] + told[1] == 3;
			free(got);
		}
	}
	print_message("# %zu crashes, %zu alerts told twice\n", n_crashes, n_twice);
	assert_true(n_twice * 4 <= n_crashes);
	free(end);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_told),
		cmocka_unit_test(test_D_53_a_receiver_that_hangs),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_secrets),
		cmocka_unit_test(test_once_over_faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
