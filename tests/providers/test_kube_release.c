/* The Release resource: what is written can be read back; what we do not know is refused. */
#include "analysis/base/text.h"
#include "providers/kube/release.h"
#include "providers/kube/release_status.h"
#include "tests/providers/cart.h"
#include "tests/providers/merge.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define RELEASE                                                                              \
 "{'metadata': {'name': 'cart-17', 'namespace': 'shop', 'uid': 'r17', 'resourceVersion':"    \
 " '90'}, 'spec': {'canary': {'name': 'cart', 'uid': '" CART_UID                             \
 "'}, 'cause': 'revision',"                                                                  \
 " 'target': {'name': 'cart', 'replicas': 2}, 'primaryReplicas': 4, 'digest': 'abc',"        \
 " 'previous': 'cart-16', 'template': {}}, 'status': {'phase': 'Progressing', 'seq': 5,"     \
 " 'times': {'started': '2026-11-21T04:45:00.123Z', 'nextCheckAt': '2026-11-21T04:46:00Z'}," \
 " 'weight': {'from': 10, 'to': 20, 'mirror': false, 'seenShare': 0.19}, 'counters':"        \
 " {'iteration': 1, 'failedChecks': 2}, 'checks': [{'name': 'a', 'value': 1.5, 'max': 2,"    \
 " 'verdict': 'pass'}, {'name': 'b', 'verdict': 'no_data'}], 'notices': [{'id': '60', 'to':" \
 " 'event:warning', 'text': 't'}], 'reason': 'why'}}"

static void test_read(void **state)
{
	json_t *object = merge_parse(RELEASE);
	struct release release;
	struct err err;

	assert_true(kube_release_read(object, &release, &err));
	assert_string_equal(release.name, "cart-17");
	assert_int_equal(release.number, 17);
	assert_string_equal(release.uid, "r17");
	assert_string_equal(release.resource_version, "90");
	assert_string_equal(release.canary_uid, CART_UID);
	assert_int_equal(release.cause, CAUSE_REVISION);
	assert_string_equal(release.digest, "abc");
	assert_string_equal(release.previous, "cart-16");
	assert_int_equal(release.target_replicas, 2);
	assert_int_equal(release.primary_replicas, 4);
	assert_int_equal(release.status.phase, PHASE_PROGRESSING);
	assert_int_equal(release.status.seq, 5);
	assert_int_equal(release.status.times.started.ms, 1795236300123);
	assert_int_equal(release.status.times.next_check_at.ms, 1795236360000);
	assert_false(instant_is_set(release.status.times.finished));
	assert_int_equal(release.status.weight.from, 10);
	assert_int_equal(release.status.weight.to, 20);
	assert_true(release.status.weight.has_seen);
	assert_int_equal(release.status.iteration, 1);
	assert_int_equal(release.status.failed_checks, 2);
	assert_int_equal(release.status.n_checks, 2);
	assert_true(release.status.checks[0].has_value && release.status.checks[0].has_max);
	assert_false(release.status.checks[0].has_min || release.status.checks[1].has_value);
	assert_int_equal(release.status.checks[1].verdict, VERDICT_NO_DATA);
	assert_int_equal(release.status.n_notices, 1);
	assert_true(release.status.notices[0].is_warning);
	assert_int_equal(release.status.notices[0].id, 60);
	assert_int_equal(release.status.outcome, OUTCOME_NONE);
	assert_string_equal(release.status.reason, "why");
	json_decref(object);
}

/* One that was just created has no status: nobody has begun it. */
static void test_read_new(void **state)
{
	json_t *object = merge_text(RELEASE, "{'status': null}");
	struct release release;
	struct err err;

	assert_true(kube_release_read(object, &release, &err));
	assert_int_equal(release.status.phase, PHASE_NONE);
	assert_true(release_is_open(&release));
	json_decref(object);
}

#define TEN(x) x ", " x ", " x ", " x ", " x ", " x ", " x ", " x ", " x ", " x
#define CHECK  "{'name': 'a'}"
#define MARK   "{'uid': 'a', 'verb': 'pause', 'by': 'alice'}"
#define HOOK   "{'type': 'rollout', 'result': 'pass', 'question': '1'}"
#define NOTICE "{'id': '1', 'to': 'event', 'text': ''}"
#define ALERT  "{'id': '1', 'to': 'alert:warn', 'text': ''}"

static void test_refusals(void **state)
{
	static const struct {
		const char *patch;
		enum err_kind kind;
		const char *text;
	} rows[] = {
		/* words of a newer version: nothing must be decided from them */
		{"{'status': {'phase': 'Hesitating'}}", ERR_INVALID,
	         "release cart-17: status.phase: \"Hesitating\""},
		{"{'status': {'outcome': 'undone'}}", ERR_INVALID, "status.outcome: \"undone\""},
		{"{'status': {'ending': 'x'}}", ERR_INVALID, "status.ending: \"x\""},
		{"{'status': {'checks': [{'name': 'a', 'verdict': 'maybe'}]}}", ERR_INVALID,
	         "status.checks.verdict: \"maybe\""},
		{"{'spec': {'cause': 'dance'}}", ERR_INVALID,
	         "spec.cause: expected init, revision, config, retry, undo or adopted"},
		{"{'spec': {'action': {'uid': 'a', 'verb': 'dance', 'by': 'alice'}}}", ERR_INVALID,
	         "action.verb: \"dance\""},
		{"{'status': {'actions': [{'uid': 'a', 'verb': 'x', 'by': 'alice'}]}}", ERR_INVALID,
	         "action.verb: \"x\""},
		{"{'metadata': {'name': 'cart'}}", ERR_INVALID, "metadata.name"},
		{"{'metadata': {'name': 'cart-0'}}", ERR_INVALID, "metadata.name"},
		{"{'metadata': {'name': 'cart-99999999999'}}", ERR_INVALID, "metadata.name"},
		{"{'status': {'times': {'started': 'today'}}}", ERR_MALFORMED,
	         "status.times.started"},
		{"{'status': {'notices': [{'id': 'x'}]}}", ERR_INVALID, "status.notices.id"},
		{"{'status': {'hooks': [{'type': 'x', 'result': 'pass', 'question': '1'}]}}",
	         ERR_INVALID, "status.hooks.type: \"x\""},
		{"{'status': {'hooks': [{'type': 'rollout', 'result': 'x', 'question': '1'}]}}",
	         ERR_INVALID, "status.hooks.result: \"x\""},
		{"{'status': {'hooks': [{'type': 'rollout', 'result': 'pass', 'question': 'x'}]}}",
	         ERR_INVALID, "status.hooks.question: expected a number in hex, got \"x\""},
		/* limits */
		{"{'metadata': {'uid': '0123456789012345678901234567890123456789'}}", ERR_LIMIT,
	         "metadata/uid: more than 39 bytes"},
		{"{'spec': {'digest': '" TEN("0123456") "'}}", ERR_LIMIT, "spec/digest"},
		{"{'status': {'checks': [" TEN(CHECK) ", " TEN(CHECK) ", " TEN(
			 CHECK) ", " CHECK ", " CHECK ", " CHECK "]}}",
	         ERR_LIMIT, "status.checks: 33, at most 32 can be"},
		{"{'status': {'actions': [" TEN(MARK) "]}}", ERR_LIMIT,
	         "status.actions: 10, at most 8 can be"},
		{"{'status': {'actions': [{'uid': 'a', 'verb': 'pause', 'by': '" TEN(
			 TEN("0123")) "'}]}}",
	         ERR_LIMIT, "by: more than 343 bytes"},
		{"{'status': {'state': {'paused': {'action': '" TEN("012345678") "'}}}}", ERR_LIMIT,
	         "status.state.paused: action: more than 39 bytes"},
		{"{'status': {'hooks': [" TEN(HOOK) ", " TEN(HOOK) ", " TEN(
			 HOOK) ", " HOOK ", " HOOK ", " HOOK "]}}",
	         ERR_LIMIT, "status.hooks: 33, at most 32 can be"},
		{"{'status': {'notices': [" TEN(NOTICE) ", " NOTICE ", " NOTICE ", " NOTICE "]}}",
	         ERR_LIMIT, "status.notices: at most 12 events can be"},
		{"{'status': {'notices': [" ALERT ", " ALERT ", " ALERT ", " ALERT ", " ALERT
	         ", " ALERT ", " ALERT ", " ALERT ", " ALERT "]}}",
	         ERR_LIMIT, "status.notices: at most 8 alerts can be"},
		{"{'status': {'notices': [{'id': '1', 'to': 'alert:fatal'}]}}", ERR_INVALID,
	         "status.notices.to: \"alert:fatal\""},
		{"{'status': {'notices': [{'id': '1', 'to': 'alert:info:more'}]}}", ERR_INVALID,
	         "status.notices.to: \"alert:info:more\""},
		{"{'status': {'notices': [{'id': '1', 'to': 'alert:0123456789012345'}]}}",
	         ERR_INVALID, "status.notices.to: \"alert:0123456789012345\""},
	};

	for (size_t i = 0; i < array_length(rows); i++) {
		json_t *object = merge_text(RELEASE, rows[i].patch);
		struct release release = {.number = 99};
		struct err err = {0};

		assert_false(kube_release_read(object, &release, &err));
		if (!strstr(err.text, rows[i].text) || (i != 10 && err.kind != rows[i].kind))
			print_error("row %zu: %s\n", i, err.text);
		assert_non_null(strstr(err.text, rows[i].text));
		if (i != 10) /* a time's kind is instant_parse's to say */
			assert_int_equal(err.kind, rows[i].kind);
		assert_int_equal(release.number, 99);
		json_decref(object);
	}
}

static void test_refused_cookies(void **state)
{
	static const struct {
		const char *patch;
		enum err_kind kind;
		const char *text;
	} rows[] = {
		{"{'status': {'state': {'cookies': ['c=v']}}}", ERR_INVALID,
	         "status.state.cookies: \"c=v\" is no word"},
		{"{'status': {'state': {'cookies': [7]}}}", ERR_INVALID,
	         "status.state.cookies: \"\" is no word"},
		{"{'status': {'state': {'cookies': ['canary:c']}}}", ERR_INVALID,
	         "status.state.cookies: expected name=value, got \"c\""},
		{"{'status': {'state': {'cookies': ['primary:" TEN("0123456") "=v']}}}", ERR_LIMIT,
	         "status.state.cookies: expected a name of at most 64 and a value of at most 47"},
		{"{'status': {'state': {'cookies': ['primary:c=" TEN("01234") "']}}}", ERR_LIMIT,
	         "status.state.cookies: expected a name of at most 64 and a value of at most 47"},
	};

	for (size_t i = 0; i < array_length(rows); i++) {
		json_t *object = merge_text(RELEASE, rows[i].patch);
		struct release release;
		struct err err = {0};

		assert_false(kube_release_read(object, &release, &err));
		assert_non_null(strstr(err.text, rows[i].text));
		assert_int_equal(err.kind, rows[i].kind);
		json_decref(object);
	}
}

static struct release_status full_status(void)
{
	struct release_status status = {
		.phase = PHASE_RETREATING,
		.seq = 1234567890123,
		.iteration = 3,
		.failed_checks = 4,
		.n_checks = 2,
		.n_hooks = 2,
		.n_notices = 2,
		.n_alerts = 2,
		.ending = OUTCOME_ROLLED_BACK,
		.outcome = OUTCOME_CANCELLED,
	};

	status.times.started = (struct instant){1795236300123};
	status.times.next_check_at = (struct instant){1795236300124};
	status.times.not_ready_since = (struct instant){1795236300125};
	status.times.unmeasured_since = (struct instant){1795236300126};
	status.times.finished = (struct instant){1795236300127};
	status.weight.from = 40;
	status.weight.to = 0;
	status.weight.is_mirrored = true;
	status.weight.has_seen = true;
	status.weight.seen_share = 0.375;
	status.checks[0] = (struct check_result){
		.name = "error-rate",
		.has_value = true,
		.has_min = true,
		.has_max = true,
		.value = 1e300,
		.min = -1,
		.max = 0.1,
		.verdict = VERDICT_FAIL,
	};
	status.checks[1] = (struct check_result){.name = "b", .verdict = VERDICT_ERROR};
	status.hooks[0] = (struct hook_record){.type = HOOK_CONFIRM_PROMOTION,
	                                       .result = HOOK_FAIL,
	                                       .question = 0xfedcba9876543210,
	                                       .name = "gate"};
	status.hooks[1] = (struct hook_record){.type = HOOK_POST_ROLLOUT, .question = 7};
	status.notices[0] = (struct notice){.id = 60, .is_warning = true, .text = "a"};
	status.notices[1] = (struct notice){.id = 61, .text = "b"};
	status.alerts[0] = (struct notice){
		.id = 60, .severity = SEVERITY_INFO, .has_details = true, .text = "c"};
	status.alerts[1] = (struct notice){
		.id = 72, .is_warning = true, .severity = SEVERITY_ERROR, .text = "d"};
	status.cookies.canary = cookie_of("c.1", "0123");
	status.cookies.earlier = cookie_of("c", "4567");
	status.cookies.primary = (struct cookie){"p", "a=b:c"};
	status.is_taken_down = true;
	text_copy(status.reason, "because \"x\" \xc3\xa4");
	return status;
}

static void test_round(void **state)
{
	struct release_status status = full_status();
	struct release_status again;
	json_t *object = kube_release_status_write(&status);
	char *text = json_dumps(object, 0);
	json_t *served = json_loads(text, 0, NULL); /* through text, as the API server has it */
	struct err err;

	assert_true(kube_release_status_read(served, &again, &err));
	assert_memory_equal(&again, &status, sizeof(status));
	json_decref(object);
	json_decref(served);
	free(text);
}

/* What JSON cannot say is left out. */
static void test_not_finite(void **state)
{
	struct release_status status = {.n_checks = 1};
	json_t *object;
	const json_t *check;

	status.checks[0] = (struct check_result){.name = "a", .has_value = true, .value = HUGE_VAL};
	object = kube_release_status_write(&status);
	check = json_array_get(json_object_get(object, "checks"), 0);
	assert_null(json_object_get(check, "value"));
	json_decref(object);
}

static void test_new(void **state)
{
	struct cart cart;
	json_t *target = merge_parse(cart_deployment);
	struct effect effect = {
		.kind = EFFECT_CREATE_RELEASE,
		.number = 17,
		.cause = CAUSE_REVISION,
		.primary_replicas = 4,
		.digest = "abc",
		.release = "cart-16",
	};

	cart_init(&cart, "{}");
	json_object_set_new(json_object_get(target, "spec"), "template", merge_parse("{'a': 1}"));
	/* no owner reference: it feeds the teardown and goes last */
	cart_same(
		kube_release_new(&cart.world, &effect, target,
	                         json_object_get(json_object_get(target, "spec"), "template"),
	                         NULL),
		"{'apiVersion': 'serin.dev/v1alpha1', 'kind': 'Release', 'metadata': {'name':"
		" 'cart-17', 'namespace': 'shop', 'labels': {'serin.dev/canary': 'cart',"
		" 'serin.dev/canary-uid': '" CART_UID
		"'}, 'annotations':"
		" {'serin.dev/target-revision': '4'}}, 'spec': {'canary': {'name': 'cart', 'uid':"
		" '" CART_UID
		"'}, 'cause': 'revision', 'target': {'apiVersion': 'apps/v1',"
		" 'kind': 'Deployment', 'name': 'cart', 'uid': 'd1', 'generation': 7, 'replicas':"
		" 3}, 'primaryReplicas': 4, 'template': {'a': 1}, 'digest': 'abc', 'flaggerHash': '85748b7f68', 'previous':"
		" 'cart-16'}}");
	json_decref(target);
	cart_fini(&cart);
}

static void test_patch(void **state)
{
	static const struct {
		bool is_retreat;
		int64_t seq;
		const char *first;
		size_t n_steps;
	} rows[] = {
		/* forward: only what it was decided on */
		{false, 7,
	         "[{'op': 'test', 'path': '/metadata/uid', 'value': 'r17'}, {'op': 'test',"
	         " 'path': '/metadata/resourceVersion', 'value': '90'}]",
	         3},
		/* a retreat: any version, but never in the place of a write that was not seen */
		{true, 7,
	         "[{'op': 'test', 'path': '/metadata/uid', 'value': 'r17'}, {'op': 'test',"
	         " 'path': '/status/seq', 'value': 6}]",
	         3},
		/* a retreat from a Release without status: there is no seq to test */
		{true, 1,
	         "[{'op': 'test', 'path': '/metadata/uid', 'value': 'r17'}, {'op': 'test',"
	         " 'path': '/metadata/resourceVersion', 'value': '90'}]",
	         3},
	};
	struct cart cart;

	cart_init(&cart, "{}");
	for (size_t i = 0; i < array_length(rows); i++) {
		struct effect effect = {
			.kind = EFFECT_SAVE_RELEASE,
			.is_retreat = rows[i].is_retreat,
			.release_uid = "r17",
			.resource_version = "90",
			.status = full_status(),
		};
		json_t *patch;
		const json_t *last;
		const json_t *status;

		effect.status.seq = rows[i].seq;
		cart.world.anchor = (struct canary_anchor){
			.chain = "agent-1", .seq = rows[i].is_retreat ? 0 : 41, .hash = "ab"};
		patch = kube_release_patch(&cart.world, &effect);
		last = json_array_get(patch, rows[i].n_steps - 1);
		status = json_object_get(last, "value");

		assert_int_equal(json_array_size(patch), rows[i].n_steps);
		assert_string_equal(json_string_value(json_object_get(last, "path")), "/status");
		cart_same(json_incref(
				  json_object_get(json_object_get(status, "policy"), "generation")),
		          "3");
		assert_true(json_equal(json_object_get(json_object_get(status, "policy"), "spec"),
		                       json_object_get(cart.object, "spec")));
		assert_int_equal(json_array_size(json_object_get(status, "made")), 5);
		if (rows[i].is_retreat)
			assert_null(json_object_get(status, "anchor")); /* none is known */
		else
			cart_same(json_incref(json_object_get(status, "anchor")),
			          "{'chain': 'agent-1', 'seq': 41, 'hash': 'ab'}");
		json_array_remove(patch, rows[i].n_steps - 1);
		cart_same(patch, rows[i].first);
	}
	cart_fini(&cart);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),     cmocka_unit_test(test_read_new),
		cmocka_unit_test(test_refusals), cmocka_unit_test(test_refused_cookies),
		cmocka_unit_test(test_round),    cmocka_unit_test(test_not_finite),
		cmocka_unit_test(test_new),      cmocka_unit_test(test_patch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
