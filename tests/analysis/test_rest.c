/* At rest: what is done next, and why, by what is known. Each row is one decision. */
#include "analysis/base/text.h"
#include "tests/analysis/decisions.h"
#include "tests/analysis/given_canary.h"
#include "tests/analysis/given_configs.h"
#include "tests/analysis/given_rest.h"
#include "tests/analysis/given_route.h"
#include "tests/analysis/given_run.h"
#include "tests/analysis/given_verb.h"
#include "tests/analysis/given_workload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void refused_before(struct model *model)
{
	text_copy(model->truth.mirror.refusal, "spec.service: no");
}

static void compared_with_another(struct model *model)
{
	text_copy(model->truth.change.digest, "v7");
	model->truth.change.kind = CHANGE_REAL;
}

static void target_pods(struct model *model)
{
	model->truth.target.replicas = 2;
	model->truth.target.ready = 2;
}

static void primary_half_available(struct model *model)
{
	model->truth.primary.available = 1;
}

static void many_releases(struct model *model)
{
	model->truth.n_releases = 13;
}

static void enough_releases(struct model *model)
{
	model->truth.n_releases = 12;
}

static void newest_none(struct model *model)
{
	model->truth.newest = (struct release){0};
	model->truth.promoted = (struct release_ref){0};
	model->truth.releases.state = FACT_ABSENT;
	model->truth.mirror = (struct mirror_fact){0};
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

static void target_v4(struct model *model)
{
	text_copy(model->truth.target.digest, "v4");
}

static void configs_changed_unread(struct model *model)
{
	configs_changed(model);
	model->truth.configs.slot.state = FACT_UNKNOWN;
}

static void reverts(struct model *model)
{
	model->spec.reverts = true;
}

static void has_finalizer(struct model *model)
{
	model->truth.has_finalizer = true;
}

static void canary_unseen(struct model *model)
{
	model->truth.canary.state = FACT_UNKNOWN;
}

/* The last notice is an Event already; an event hook was not told it. */
static void hook_untold(struct model *model)
{
	struct release *newest = &model->truth.newest;

	model_hook(model, HOOK_EVENT, NULL);
	newest->status.n_notices = 1;
	newest->status.notices[0].id = 12;
	text_copy(model->truth.notices_release, newest->uid);
	model->truth.notices_delivered = 12;
}

static void hook_deaf(struct model *model)
{
	hook_untold(model);
	model->truth.is_hook_deaf = true;
}

static const struct decision_row rows[] = {
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
         "New revision detected! Scaling up cart.shop",
         10000},
	{"… and none did", {target_v2, grown, configs_promoted}, "", "nothing to do", 10000},
	{"unseen", {target_unknown}, "see target", "the target was not seen yet"},
	{"not there", {target_absent}, "", "deployment cart.shop not found"},
	{"not there, nor the primary",
         {target_absent, primary_absent},
         "primary release-1 x2",
         "the primary gets the template of Release cart-1"},
	{"not there, the route raised",
         {target_absent, route_20},
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
	{"the spec is refused", {target_v2, compared, refused_told}, "", "nothing to do"},
	{"an edit waits", {target_v2, compared, moved}, "", "nothing to do"},
	{"the primary is gone",
         {primary_absent},
         "primary release-1 x2",
         "the primary gets the template of Release cart-1"},
	{"the primary is unseen", {primary_unknown}, "see primary", "the primary was not seen yet"},
	{"the primary is not ready",
         {target_v2, compared, primary_half_available},
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
	{"in a mesh: after the first run somebody sent the primary's requests to the canary",
         {mesh, primary_service_canary},
         "primary service primary",
         "the primary service is to select the primary's pods"},
	{"… or removed the primary's Service, while the target has pods",
         {mesh, primary_service_absent, target_pods},
         "primary service primary",
         "the primary service is to select the primary's pods"},
	{"the route was raised",
         {target_v2, compared, route_20},
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
	{"the first once more, clients on a primary that is gone",
         {first_superseded, primary_absent, target_half},
         "apex service canary; create release 2 init",
         "the apex service is to select the canary's pods"},
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
         "New revision detected! Scaling up cart.shop",
         10000},
	{"rolled back, and taken back",
         {rolled_back, compared, configs_promoted},
         "",
         "nothing to do",
         10000},
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
         "New revision detected!",
         10000},
	{"superseded by what only grew",
         {superseded, target_v3, grown, target_pods},
         "create release 3 revision",
         "New revision detected! Scaling up cart.shop"},
	{"a new revision, the primary unseen",
         {target_v2, compared, primary_unknown},
         "see primary",
         "the primary was not seen yet"},
	{"refused, a primary that is not ready",
         {refused_told, target_v2, compared, primary_half_available},
         "",
         ""},
	{"refused for another reason",
         {refused_told, refused_before},
         "write canary status Initialized: spec.analysis: no; notify spec.analysis: no",
         ""},
	{"superseded by what is promoted", {superseded}, "", "nothing to do"},
	{"… whose pods are left",
         {superseded, target_pods},
         "scale target 0",
         "scaling the target to 0"},
	{"… whose primary has none", {superseded, target_pods, primary_dead}, "", "nothing to do"},
	{"… not seen what it has",
         {superseded, target_pods, configs_promoted_unread},
         "see configs",
         "whether the target has a newer revision is not known yet"},
	{"promoted, with pods somebody wants", {target_pods}, "", "nothing to do"},
	{"rolled back, with pods", {rolled_back, target_pods}, "", "nothing to do"},
	{"undone", {undone}, "", "nothing to do"},
	{"undone, and a config changed",
         {undone, configs_changed},
         "compare templates",
         "nothing to do",
         10000},
	{"undone, and only defaults were added to what was before",
         {undone, configs, target_v4, grown, configs},
         "",
         "nothing to do",
         10000},
	{"… whose configs are not known",
         {undone, configs_changed_unread, target_v4, grown},
         "see configs",
         "nothing to do"},
	{"superseded by what was not compared yet",
         {superseded, target_v3, target_pods},
         "compare templates; write canary status Progressing",
         "nothing to do"},
	{"suspended, and the primary has no pod",
         {suspended, target_pods, primary_dead},
         "",
         "skipping canary run as object is suspended"},
	{"a hook was not told of the last run", {hook_untold}, "tell hook 0", "nothing to do"},
	{"… and a new revision waits for that",
         {hook_untold, target_v2, compared},
         "tell hook 0",
         "calling the hooks of the last run"},
	{"… but not for one that does not answer, which is told all the same",
         {hook_deaf},
         "tell hook 0",
         "nothing to do"},
	{"… when a new revision comes",
         {hook_deaf, target_v2, compared},
         "create release 2 revision",
         "New revision detected! Scaling up cart.shop"},
	{"a new revision comes while the target's pods are sent away: they would be its own",
         {target_v2, compared, target_written},
         "",
         "waiting for the answer to a change of the target"},
	{"a finalizer is asked for", {reverts}, "write finalizer on", "nothing to do"},
	{"… and is there", {reverts, has_finalizer}, "", "nothing to do"},
	{"… of a Canary that is not seen", {reverts, canary_unseen}, "see canary", "nothing to do"},
	{"a finalizer, and no spec", {no_spec, refused_told, has_finalizer}, "", ""},
	{"a finalizer, and no Release: it is not ours",
         {newest_none, target_absent, has_finalizer},
         "",
         "deployment cart.shop not found"},
};

static void test_rows(void **state)
{
	decisions_check(decisions_rest, rows, array_length(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
