/* At rest: what is done next, and why, by what is known. Each row is one decision. */
#include "analysis/base/text.h"
#include "tests/analysis/model.h"
#include "tests/analysis/model_tell.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

typedef void given(struct model *model);

static void target_v2(struct model *model)
{
	text_copy(model->truth.target.digest, "v2");
}

static void target_v3(struct model *model)
{
	text_copy(model->truth.target.digest, "v3");
}

static void refused_before(struct model *model)
{
	text_copy(model->truth.mirror.refusal, "spec.service: no");
}

static void compared(struct model *model)
{
	text_copy(model->truth.change.digest, model->truth.target.digest);
	model->truth.change.kind = CHANGE_REAL;
}

static void compared_with_another(struct model *model)
{
	text_copy(model->truth.change.digest, "v7");
	model->truth.change.kind = CHANGE_REAL;
}

static void grown(struct model *model)
{
	compared(model);
	model->truth.change.kind = CHANGE_DEFAULTS;
}

static void target_pods(struct model *model)
{
	model->truth.target.replicas = 2;
	model->truth.target.ready = 2;
}

static void target_absent(struct model *model)
{
	model->truth.target = (struct workload_fact){.slot.state = FACT_ABSENT};
}

static void target_unknown(struct model *model)
{
	model->truth.target.slot.state = FACT_UNKNOWN;
}

static void target_refused(struct model *model)
{
	text_copy(model->truth.target.refusal, "no labels");
}

static void refused(struct model *model)
{
	text_copy(model->truth.refusal, "spec.analysis: no");
	text_copy(model->truth.refusal_reason, "InvalidSpec");
	text_copy(model->truth.mirror.refusal, "spec.analysis: no");
	text_copy(model->truth.mirror.refusal_reason, "InvalidSpec");
}

static void moved(struct model *model)
{
	model->truth.is_moved = true;
}

static void primary_absent(struct model *model)
{
	model->truth.primary = (struct workload_fact){.slot.state = FACT_ABSENT};
}

static void primary_unknown(struct model *model)
{
	model->truth.primary.slot.state = FACT_UNKNOWN;
}

static void primary_half(struct model *model)
{
	model->truth.primary.available = 1;
}

static void primary_dead(struct model *model)
{
	model->truth.primary.available = 0;
	model->truth.primary.ready = 0;
}

static void service_absent(struct model *model)
{
	model->truth.canary_service = (struct service_fact){.slot.state = FACT_ABSENT};
}

static void route_raised(struct model *model)
{
	model->truth.route.weight = 20;
}

static void releases_unknown(struct model *model)
{
	model->truth.releases.state = FACT_UNKNOWN;
}

static void many_releases(struct model *model)
{
	model->truth.n_releases = 13;
}

static void enough_releases(struct model *model)
{
	model->truth.n_releases = 12;
}

static void configs_known(struct model *model)
{
	struct facts *facts = &model->truth;

	facts->target.has_configs = true;
	facts->configs.slot.state = FACT_KNOWN;
	facts->configs.slot.read_at = facts->now;
	text_copy(facts->configs.template, facts->target.digest);
	text_copy(facts->configs.digest, "blue");
	text_copy(facts->promoted.configs, "blue");
	text_copy(facts->newest.configs, "blue");
}

static void configs_changed(struct model *model)
{
	configs_known(model);
	text_copy(model->truth.configs.digest, "red");
}

static void configs_unread(struct model *model)
{
	configs_known(model);
	model->truth.configs.slot.state = FACT_UNKNOWN;
}

static void newest_none(struct model *model)
{
	model->truth.newest = (struct release){0};
	model->truth.promoted = (struct release_ref){0};
	model->truth.releases.state = FACT_ABSENT;
	model->truth.mirror = (struct mirror_fact){0};
}

static void newest_v2(struct model *model)
{
	struct facts *facts = &model->truth;

	facts->newest.number = 2;
	text_copy(facts->newest.name, "cart-2");
	text_copy(facts->newest.uid, "release-2");
	text_copy(facts->newest.digest, "v2");
	facts->newest.cause = CAUSE_REVISION;
	text_copy(facts->mirror.last_applied, "v2");
	text_copy(facts->mirror.phase, "Succeeded");
}

static void superseded(struct model *model)
{
	newest_v2(model);
	model->truth.newest.status.outcome = OUTCOME_SUPERSEDED;
}

static void cancelled(struct model *model)
{
	newest_v2(model);
	model->truth.newest.status.outcome = OUTCOME_CANCELLED;
}

static void rolled_back(struct model *model)
{
	newest_v2(model);
	model->truth.newest.status.outcome = OUTCOME_ROLLED_BACK;
	text_copy(model->truth.mirror.phase, "Failed");
}

static void promoted(struct model *model)
{
	newest_v2(model);
	model->truth.promoted = release_ref_of(&model->truth.newest);
	text_copy(model->truth.primary.release_uid, "release-2");
	text_copy(model->truth.mirror.last_promoted, "v2");
}

static void first_superseded(struct model *model)
{
	model->truth.newest.status.outcome = OUTCOME_SUPERSEDED;
	model->truth.promoted = (struct release_ref){0};
	text_copy(model->truth.mirror.phase, "Initializing");
	text_copy(model->truth.mirror.last_promoted, "");
}

static void undone(struct model *model)
{
	promoted(model);
	model->truth.newest.cause = CAUSE_UNDO;
	text_copy(model->truth.newest.handled, "v3");
	text_copy(model->truth.promoted.handled, "v3");
	text_copy(model->truth.target.digest, "v3");
	text_copy(model->truth.mirror.last_applied, "v3");
}

static const struct row {
	const char *what;
	given *given[6];
	const char *plan;
	const char *because; /* how the reason begins */
} rows[] = {
	{"nothing new", {NULL}, "", "nothing to do"},
	{"a new revision",
         {target_v2, compared},
         "create release 2 revision",
         "New revision detected! Scaling up cart.shop"},
	{"not compared yet", {target_v2}, "compare templates", "nothing to do"},
	{"compared with another",
         {target_v2, compared_with_another},
         "compare templates",
         "nothing to do"},
	{"only defaults were added", {target_v2, grown}, "", "nothing to do"},
	{"… and a config changed",
         {target_v2, grown, configs_changed},
         "create release 2 revision",
         "New revision detected! Scaling up cart.shop"},
	{"… and none did", {target_v2, grown, configs_known}, "", "nothing to do"},
	{"unseen", {target_unknown}, "see target", "the target was not seen yet"},
	{"not there", {target_absent}, "", "deployment cart.shop not found"},
	{"not there, nor the primary",
         {target_absent, primary_absent},
         "primary release-1 x2",
         "the primary gets the template of Release cart-1"},
	{"not there, the route raised",
         {target_absent, route_raised},
         "route 0!",
         "the route is to give the canary weight 0"},
	{"not there, nothing promoted",
         {target_absent, newest_none},
         "",
         "deployment cart.shop not found"},
	{"not served",
         {target_v2, compared, target_refused},
         "write canary status Initialized: no labels; notify no labels",
         "no labels"},
	{"the spec is refused", {target_v2, compared, refused}, "", "nothing to do"},
	{"an edit waits", {target_v2, compared, moved}, "", "nothing to do"},
	{"the primary is gone",
         {primary_absent},
         "primary release-1 x2",
         "the primary gets the template of Release cart-1"},
	{"the primary is unseen", {primary_unknown}, "see primary", "the primary was not seen yet"},
	{"the primary is not ready",
         {target_v2, compared, primary_half},
         "write canary status Initialized: a new revision waits until cart-primary.shop is ready; notify a new revision waits until cart-primary.shop is ready",
         "a new revision waits: primary cart-primary.shop not ready: waiting for rollout to finish: "},
	{"the primary has no pod",
         {target_v2, compared, primary_dead},
         "write canary status Initialized: a new revision waits until cart-primary.shop is ready; notify a new revision waits until cart-primary.shop is ready",
         "a new revision waits: primary cart-primary.shop not ready: waiting for rollout to finish: "},
	{"… and nothing is new", {primary_dead}, "", "nothing to do"},
	{"a Service is gone",
         {target_v2, compared, service_absent},
         "canary service canary",
         "the canary service is to select the canary's pods"},
	{"the route was raised",
         {target_v2, compared, route_raised},
         "route 0!",
         "the route is to give the canary weight 0"},
	{"the first",
         {newest_none, primary_absent},
         "create release 1 init",
         "New Deployment detected, starting initialization."},
	{"the first, unseen primary",
         {newest_none, primary_unknown},
         "see primary",
         "the primary was not seen yet"},
	{"a primary of Flagger's",
         {newest_none},
         "create release 1 init",
         "adopting cart.shop from Flagger"},
	{"the first once more",
         {first_superseded},
         "create release 2 init",
         "New Deployment detected, starting initialization."},
	{"the first once more, no primary",
         {first_superseded, primary_absent},
         "create release 2 init",
         "New Deployment detected, starting initialization."},
	{"unseen Releases",
         {target_v2, compared, releases_unknown},
         "see releases",
         "the releases was not seen yet"},
	{"more Releases than are kept",
         {many_releases},
         "remove releases",
         "removing old Releases"},
	{"… not seen",
         {many_releases, releases_unknown},
         "see releases",
         "the releases was not seen yet"},
	{"… but a run begins",
         {many_releases, target_v2, compared},
         "create release 2 revision",
         "New revision detected! Scaling up cart.shop"},
	{"as many as are kept", {enough_releases}, "", "nothing to do"},
	{"what was rolled back", {rolled_back, target_v2}, "", "nothing to do"},
	{"… with another config",
         {rolled_back, target_v2, configs_changed},
         "create release 3 config",
         "New revision detected! Scaling up cart.shop"},
	{"rolled back, and taken back",
         {rolled_back, compared, configs_known},
         "",
         "nothing to do"},
	{"superseded by itself",
         {superseded, target_v2},
         "create release 3 revision",
         "New revision detected! Scaling up cart.shop"},
	{"cancelled, and pushed again",
         {cancelled, target_v2},
         "create release 3 revision",
         "New revision detected! Scaling up cart.shop"},
	{"a config of what is promoted, after another that was rolled back",
         {rolled_back, configs_changed},
         "create release 3 config",
         "New revision detected!"},
	{"superseded by what only grew",
         {superseded, target_v3, grown, target_pods},
         "create release 3 revision",
         "New revision detected! Scaling up cart.shop"},
	{"a new revision, the primary unseen",
         {target_v2, compared, primary_unknown},
         "see primary",
         "the primary was not seen yet"},
	{"refused, a primary that is not ready",
         {refused, target_v2, compared, primary_half},
         "",
         ""},
	{"refused for another reason",
         {refused, refused_before},
         "write canary status Initialized: spec.analysis: no; notify spec.analysis: no",
         ""},
	{"superseded by what is promoted", {superseded}, "", "nothing to do"},
	{"… whose pods are left",
         {superseded, target_pods},
         "scale target 0",
         "scaling the target to 0"},
	{"… whose primary has none", {superseded, target_pods, primary_dead}, "", "nothing to do"},
	{"… not seen what it has",
         {superseded, target_pods, configs_unread},
         "see configs",
         "whether the target has a newer revision is not known yet"},
	{"promoted, with pods somebody wants", {target_pods}, "", "nothing to do"},
	{"rolled back, with pods", {rolled_back, target_pods}, "", "nothing to do"},
	{"undone", {undone}, "", "nothing to do"},
	{"undone, and a config changed",
         {undone, configs_changed},
         "compare templates",
         "nothing to do"},
};

static void put(struct model *model)
{
	struct facts *facts = &model->truth;

	model_init(model);
	model_initialise(model);
	facts->now.ms += 60000;
	facts->n_releases = 1;
	facts->newest.status.n_notices = 0;
}

static void test_rows(void **state)
{
	struct effect effects[PLAN_EFFECTS_MAX];
	struct plan plan = {.effects = effects};
	char text[MODEL_PLAN_MAX];

	for (size_t i = 0; i < array_length(rows); i++) {
		const struct row *row = &rows[i];
		struct model model;

		put(&model);
		for (size_t j = 0; row->given[j]; j++)
			row->given[j](&model);
		decide(&model.spec, &model.truth, &plan);
		if (strcmp(model_tell_plan(&plan, text), row->plan) != 0 ||
		    strncmp(plan.reason, row->because, strlen(row->because)) != 0)
			fail_msg("%s: %s (%s)\nexpected %s (%s)", row->what, text, plan.reason,
			         row->plan, row->because);
		model_fini(&model);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
