/*
 * What is beyond what is known has no say: a flow goes the same way whatever stands in arrays
 * behind their count, and in facts about objects that were not seen or are not there.
 */
#include "analysis/base/text.h"
#include "tests/analysis/happen.h"
#include "tests/analysis/model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void delete_target(struct model *model)
{
	model->truth.target = (struct workload_fact){.slot.state = FACT_ABSENT};
}

static void open_gates(struct model *model)
{
	for (enum hook_type type = HOOK_CONFIRM_ROLLOUT; type <= HOOK_EVENT; type++)
		model->says[type] = type == HOOK_ROLLBACK ? HOOK_FAIL : HOOK_PASS;
}

static void ask_abort(struct model *model)
{
	model_ask(model, VERB_ABORT, "it smells");
}

static void ask_pause(struct model *model)
{
	model_ask(model, VERB_PAUSE, "lunch");
}

static void ask_promote(struct model *model)
{
	model_ask(model, VERB_PROMOTE, "hurry");
}

static void ask_approve(struct model *model)
{
	model_ask(model, VERB_APPROVE, "fine");
}

static void ask_undo(struct model *model)
{
	model_ask(model, VERB_UNDO, "oh no");
}

static void given_nothing(struct model *model)
{
}

static void given_weights(struct model *model)
{
	model->spec.step_weight = 0;
	model->spec.step_weights[0] = 10;
	model->spec.step_weights[1] = 30;
	model->spec.n_step_weights = 2;
}

static void given_blue_green(struct model *model)
{
	model->spec.strategy = STRATEGY_BLUE_GREEN;
	model->spec.iterations = 2;
}

static void given_a_mesh(struct model *model)
{
	model->spec.route.names_primary = true;
	model->spec.route.mirrors = true;
	model->spec.mirror = true;
}

static void given_hooks(struct model *model)
{
	for (enum hook_type type = HOOK_CONFIRM_ROLLOUT; type <= HOOK_EVENT; type++)
		model_hook(model, type, NULL);
}

static void given_receivers(struct model *model)
{
	model_receiver(model, SEVERITY_INFO);
	model_receiver(model, SEVERITY_ERROR);
}

static void given_all(struct model *model)
{
	given_hooks(model);
	given_receivers(model);
}

static const struct flow {
	const char *name;
	void (*given)(struct model *model);
	struct model_event events[6];
	const char *phase; /* in which it ends */
} flows[] = {
	{"promoted", given_nothing, {{0, apply_v2}}, "Succeeded"},
	{"promoted by listed weights", given_weights, {{0, apply_v2}}, "Succeeded"},
	{"promoted, blue/green", given_blue_green, {{0, apply_v2}}, "Succeeded"},
	{"promoted in a mesh", given_a_mesh, {{0, apply_v2}}, "Succeeded"},
	{"promoted with hooks", given_all, {{0, apply_v2}}, "Succeeded"},
	{"gates open late",
         given_all,
         {{0, close_gates},
          {1, apply_v2},
          {60000, open_gates},
          {65000, close_gates},
          {120000, open_gates}},
         "Succeeded"},
	{"rolled back", given_all, {{0, apply_v2}, {20000, fail_checks}}, "Failed"},
	{"superseded", given_all, {{0, apply_v2}, {20000, apply_v3}}, "Succeeded"},
	{"reverted", given_all, {{0, apply_v2}, {20000, apply_v1}}, "Succeeded"},
	{"failed promotion", break_primary, {{0, apply_v2}}, "Failed"},
	{"the target goes", given_nothing, {{0, apply_v2}, {20000, delete_target}}, "Succeeded"},
	{"the primary goes", given_nothing, {{0, apply_v2}, {20000, delete_primary}}, "Succeeded"},
	{"the Canary goes", given_all, {{0, apply_v2}, {20000, delete_canary}}, "Progressing"},
	{"the Canary goes at rest", given_a_mesh, {{0, delete_canary}}, "Initialized"},
	{"aborted", given_all, {{0, apply_v2}, {20000, ask_abort}}, "Failed"},
	{"paused, and let through",
         given_all,
         {{0, apply_v2}, {9000, ask_pause}, {60000, ask_promote}},
         "Succeeded"},
	{"approved",
         given_all,
         {{0, close_gates},
          {1, apply_v2},
          {30000, ask_approve},
          {60000, ask_approve},
          {90000, open_gates}},
         "Succeeded"},
	{"undone", given_all, {{0, apply_v2}, {100000, ask_undo}}, "Succeeded"},
};

#define FLOW_MS 250000

/* Behind its count each array is full of what would matter. */
static void fill_spec(struct canary_spec *spec)
{
	for (size_t i = spec->n_hooks; i < SPEC_HOOKS_MAX; i++)
		spec->hooks[i] = (struct hook_spec){
			.name = "beyond",
			.type = HOOK_CONFIRM_ROLLOUT + i % HOOK_EVENT,
			.question = 1000 + i % 8,
		};
	for (size_t i = spec->n_checks; i < SPEC_CHECKS_MAX; i++)
		spec->checks[i] = (struct check_spec){
			.name = "beyond", .kind = CHECK_VALUE, .has_max = true, .max = -1};
	for (size_t i = spec->n_alerts; i < SPEC_ALERTS_MAX; i++)
		spec->alerts[i] =
			(struct alert_spec){.severity = SEVERITY_INFO, .receiver = 2000 + i};
	for (size_t i = spec->n_step_weights; i < SPEC_STEPS_MAX; i++)
		spec->step_weights[i] = (int)i % 100;
}

static void fill_status(struct release_status *status)
{
	for (size_t i = status->n_checks; i < SPEC_CHECKS_MAX; i++)
		status->checks[i] =
			(struct check_result){.name = "beyond", .verdict = VERDICT_FAIL};
	for (size_t i = status->n_hooks; i < SPEC_HOOKS_MAX; i++)
		status->hooks[i] = (struct hook_record){
			.type = HOOK_CONFIRM_ROLLOUT + i % HOOK_EVENT,
			.result = i % 2 ? HOOK_PASS : HOOK_PENDING,
			.question = 1000 + i % 8,
			.is_approved = true,
		};
	for (size_t i = status->n_notices; i < NOTICES_MAX; i++)
		status->notices[i] = (struct notice){.id = 1000000, .text = "beyond"};
	for (size_t i = status->n_alerts; i < ALERTS_MAX; i++)
		status->alerts[i] = (struct notice){
			.id = 1000000, .severity = SEVERITY_ERROR, .text = "beyond"};
	for (size_t i = status->n_actions; i < ACTIONS_KEPT_MAX; i++)
		status->actions[i] = (struct action_mark){.verb = VERB_ABORT, .uid = "action-1"};
}

static void fill_facts(struct facts *view)
{
	fill_status(&view->newest.status);
	for (size_t i = 1; i < SPEC_CHECKS_MAX; i++) /* the spec has one */
		view->samples[i] = (struct sample_fact){
			.check = view->newest.status.times.next_check_at,
			.kind = SAMPLE_VALUE,
			.value = 7,
		};
}

static void lie_of_workload(struct workload_fact *workload, const char *uid, int pods)
{
	struct fact_slot slot = workload->slot;

	if (slot.state == FACT_KNOWN)
		return;
	*workload = (struct workload_fact){.slot = slot,
	                                   .is_observed = true,
	                                   .replicas = pods,
	                                   .updated = pods,
	                                   .total = pods,
	                                   .ready = pods,
	                                   .available = pods,
	                                   .may_empty = true,
	                                   .ready_since = {1}};
	text_copy(workload->digest, "v9");
	text_copy(workload->release_uid, uid);
}

static void lie_of_service(struct service_fact *service, enum backend backend)
{
	struct fact_slot slot = service->slot;

	if (slot.state != FACT_KNOWN)
		*service = (struct service_fact){.slot = slot,
		                                 .backend = backend,
		                                 .is_exact = true,
		                                 .is_ours = true,
		                                 .since = {1}};
}

static void lie(struct facts *view, int pods, int weight, enum backend backend)
{
	struct fact_slot slot = view->route.slot;

	lie_of_workload(&view->target, "", pods);
	lie_of_workload(&view->primary, pods ? view->newest.uid : view->promoted.uid, pods);
	lie_of_service(&view->apex, backend);
	lie_of_service(&view->primary_service, backend);
	lie_of_service(&view->canary_service, backend);
	if (slot.state != FACT_KNOWN)
		view->route = (struct route_fact){.slot = slot,
		                                  .weight = weight,
		                                  .is_mirrored = weight == 0,
		                                  .is_exact = true,
		                                  .is_ours = true,
		                                  .is_made = true,
		                                  .since = {1},
		                                  .rival = {.edits = 99, .last = view->now}};
}

static void lie_of_pods(struct facts *view)
{
	lie(view, 3, 70, BACKEND_CANARY);
}

static void lie_of_none(struct facts *view)
{
	lie(view, 0, 0, BACKEND_PRIMARY);
}

static char *play(const struct flow *flow, bool is_forgetful, bool is_full,
                  void (*lies)(struct facts *view))
{
	struct model *model = malloc(sizeof(*model));
	char *trace;

	assert_non_null(model);
	model_init(model);
	model->lies = lies;
	model_initialise(model);
	model->trace[0] = '\0';
	flow->given(model);
	if (is_full)
		fill_spec(&model->spec);
	model->is_forgetful = is_forgetful;
	model_run(model, FLOW_MS, flow->events);
	if (strcmp(model->truth.mirror.phase, flow->phase) != 0)
		fail_msg("%s ends %s:\n%s", flow->name, model->truth.mirror.phase, model->trace);
	trace = strdup(model->trace);
	model_fini(model);
	free(model);
	return trace;
}

static void compare(bool is_forgetful, bool is_full, void (*lies)(struct facts *view))
{
	for (size_t i = 0; i < array_length(flows); i++) {
		char *plain = play(&flows[i], is_forgetful, false, NULL);
		char *other = play(&flows[i], is_forgetful, is_full, lies);

		if (strcmp(plain, other) != 0)
			fail_msg("%s:\n%s\nwith what is beyond:\n%s", flows[i].name, plain, other);
		free(plain);
		free(other);
	}
}

static void test_behind_the_count(void **state)
{
	compare(false, true, fill_facts);
	compare(true, true, fill_facts);
}

/* As many of all as there may be: nothing is looked for behind the last one. */
static void given_full(struct model *model)
{
	struct canary_spec *spec = &model->spec;

	for (size_t i = 0; i < SPEC_HOOKS_MAX; i++)
		model_hook(model, HOOK_CONFIRM_ROLLOUT + i % HOOK_EVENT, NULL);
	for (size_t i = 0; i < SPEC_ALERTS_MAX; i++)
		model_receiver(model, i % 2 ? SEVERITY_ERROR : SEVERITY_INFO);
	for (size_t i = 1; i < SPEC_CHECKS_MAX; i++)
		spec->checks[i] = spec->checks[0];
	spec->n_checks = SPEC_CHECKS_MAX;
	for (size_t i = 0; i < SPEC_STEPS_MAX; i++)
		spec->step_weights[i] = i < 98 ? 1 : (int)i;
	spec->n_step_weights = SPEC_STEPS_MAX;
}

static void test_full(void **state)
{
	static const struct flow full[] = {
		{"promoted", given_full, {{0, apply_v2}}, "Succeeded"},
		{"rolled back", given_full, {{0, apply_v2}, {20000, fail_checks}}, "Failed"},
		{"approved",
	         given_full,
	         {{0, close_gates}, {1, apply_v2}, {30000, ask_approve}, {60000, open_gates}},
	         "Succeeded"},
	};

	for (size_t i = 0; i < array_length(full); i++) {
		free(play(&full[i], false, false, NULL));
		free(play(&full[i], true, false, NULL));
	}
}

static void test_not_seen(void **state)
{
	compare(false, false, lie_of_pods);
	compare(false, false, lie_of_none);
	compare(true, false, lie_of_pods);
	compare(true, false, lie_of_none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_behind_the_count),
		cmocka_unit_test(test_not_seen),
		cmocka_unit_test(test_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
