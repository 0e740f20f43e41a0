/* At rest: what a run waits for, before it begins: configs, and what is to be told. Each row is one
 * decision. */
#include "analysis/base/text.h"
#include "analysis/mirror.h"
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

static void compared(struct model *model)
{
	text_copy(model->truth.change.digest, model->truth.target.digest);
	model->truth.change.kind = CHANGE_REAL;
}

static void refused(struct model *model)
{
	text_copy(model->truth.refusal, "spec.analysis: no");
	text_copy(model->truth.refusal_reason, "InvalidSpec");
	text_copy(model->truth.mirror.refusal, "spec.analysis: no");
	text_copy(model->truth.mirror.refusal_reason, "InvalidSpec");
}

static void primary_absent(struct model *model)
{
	model->truth.primary = (struct workload_fact){.slot.state = FACT_ABSENT};
}

static void grown(struct model *model)
{
	compared(model);
	model->truth.change.kind = CHANGE_DEFAULTS;
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

static void configs_failed(struct model *model)
{
	configs_unread(model);
	model->truth.configs.slot.failures = 2;
	text_copy(model->truth.configs.slot.error, "configmap settings.shop not found");
}

static void configs_failed_again(struct model *model)
{
	configs_failed(model);
	model->truth.configs.slot.failures = 3;
}

static void configs_of_another(struct model *model)
{
	configs_changed(model);
	text_copy(model->truth.configs.template, "v7");
}

static void configs_not_tracked(struct model *model)
{
	configs_changed(model);
	model->truth.target.has_configs = false;
}

static void configs_read_long_ago(struct model *model)
{
	model->truth.configs.slot.read_at.ms -= 9999;
}

static void configs_read_longer_ago(struct model *model)
{
	model->truth.configs.slot.read_at.ms -= 10000;
}

static void interval_short(struct model *model)
{
	model->spec.interval = span_ms(2000);
}

static void interval_long(struct model *model)
{
	model->spec.interval = span_ms(30000);
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

static void notice(struct model *model)
{
	model->truth.newest.status.n_notices = 1;
	model->truth.newest.status.notices[0] = (struct notice){.id = 12, .text = "it ended"};
}

static void delivered(struct model *model)
{
	text_copy(model->truth.notices_release, model->truth.newest.uid);
	model->truth.notices_delivered = 12;
}

static void delivered_before(struct model *model)
{
	delivered(model);
	model->truth.notices_delivered = 11;
}

static void delivered_of_another(struct model *model)
{
	delivered(model);
	text_copy(model->truth.notices_release, "release-0");
}

static void events_fail(struct model *model)
{
	model->truth.events.failures = 1;
	model->truth.events.retry_at.ms = model->truth.now.ms + 1000;
}

static void post_rollout(struct model *model)
{
	model_hook(model, HOOK_POST_ROLLOUT, NULL);
	model->truth.newest.status.n_hooks = 1;
	model->truth.newest.status.hooks[0] = (struct hook_record){.type = HOOK_POST_ROLLOUT};
}

static void post_rollout_done(struct model *model)
{
	post_rollout(model);
	model->truth.newest.status.hooks[0].result = HOOK_PASS;
}

static void suspended(struct model *model)
{
	model->spec.suspend = true;
}

static void alert(struct model *model)
{
	model_receiver(model, SEVERITY_INFO);
	model->truth.newest.status.n_alerts = 1;
	model->truth.newest.status.alerts[0] =
		(struct notice){.id = 12, .severity = SEVERITY_WARN, .text = "it ended"};
}

static void alert_told(struct model *model)
{
	alert(model);
	text_copy(model->truth.alerts_release, model->truth.newest.uid);
	model->truth.alerts[0] = (struct alert_fact){.receiver = 2001, .told = 12};
}

static void alert_of_another(struct model *model)
{
	alert_told(model);
	text_copy(model->truth.alerts_release, "release-0");
}

static void alert_deaf(struct model *model)
{
	alert_told(model);
	model->truth.newest.status.alerts[0].id = 13;
	model->truth.alerts[0].is_deaf = true;
}

static void alert_behind(struct model *model)
{
	alert_deaf(model);
	model->truth.alerts[0].is_deaf = false;
}

static void quarantined(struct model *model)
{
	model->truth.is_quarantined = true;
}

static void ask_retry(struct model *model)
{
	model_ask(model, VERB_RETRY, "again");
}

static void ask_undo(struct model *model)
{
	struct earlier_fact *earlier = &model->truth.earlier;

	model_ask(model, VERB_UNDO, "oh no");
	text_copy(model->truth.promoted.previous, "cart-1");
	*earlier = (struct earlier_fact){.slot.state = FACT_KNOWN, .outcome = OUTCOME_PROMOTED};
	text_copy(earlier->ref.name, "cart-1");
	text_copy(earlier->ref.digest, "v1");
	text_copy(earlier->action, model->truth.action.uid);
}

static void failed_thrice(struct model *model)
{
	model->truth.configs.slot.failures = 3;
}

static void not_tracked(struct model *model)
{
	model->truth.target.has_configs = false;
}

static void event_hook(struct model *model)
{
	model_hook(model, HOOK_EVENT, NULL);
}

static void deleted(struct model *model)
{
	model->truth.is_deleted = true;
	model->truth.newest.status.ending = model->truth.newest.status.outcome;
}

static void no_spec(struct model *model)
{
	model->truth.has_spec = false;
	text_copy(model->truth.refusal, "spec: no");
	text_copy(model->truth.mirror.refusal, "spec: no");
}

static void quarantine_told(struct model *model)
{
	struct mirror mirror;

	quarantined(model);
	mirror = mirror_of(&model->spec, &model->truth);
	text_copy(model->truth.mirror.refusal, mirror.refusal);
	text_copy(model->truth.mirror.refusal_reason, mirror.refusal_reason);
}

static void configs_unread_red(struct model *model)
{
	configs_unread(model);
	text_copy(model->truth.configs.digest, "red");
}

static const struct row {
	const char *what;
	given *given[7];
	const char *plan;
	const char *because; /* how the reason begins */
} rows[] = {
	{"an event hook", {notice, event_hook}, "tell hook 0; notify it ended", ""},
	{"an event hook, in quarantine",
         {notice, event_hook, quarantine_told},
         "notify it ended",
         ""},
	{"an event hook, deleted",
         {rolled_back, target_v2, notice, event_hook, deleted},
         "notify it ended",
         "the Canary is deleted"},
	{"an event hook, no spec", {notice, event_hook, no_spec}, "notify it ended", ""},
	{"a hook of the last run, in quarantine", {post_rollout, quarantine_told}, "", ""},
	{"a hook of the last run, no spec", {post_rollout, no_spec}, "", ""},
	{"an alert, in quarantine, told", {alert, quarantine_told}, "", ""},
	{"an alert, deleted",
         {rolled_back, target_v2, alert, deleted},
         "",
         "the Canary is deleted"},
	{"only defaults, configs not read",
         {target_v2, grown, configs_unread_red},
         "see configs",
         "nothing to do"},
	{"configs that failed, and are known now",
         {configs_known, failed_thrice},
         "",
         "nothing to do"},
	{"configs that fail, and are not tracked any more",
         {configs_failed_again, not_tracked},
         "",
         "nothing to do"},
	{"a config changed",
         {configs_changed},
         "create release 2 config",
         "New revision detected! Scaling up cart.shop"},
	{"… and is not tracked", {configs_not_tracked}, "", "nothing to do"},
	{"… of another template", {configs_of_another}, "see configs", "nothing to do"},
	{"configs as they were", {configs_known}, "", "nothing to do"},
	{"read 9.999 s ago", {configs_known, configs_read_long_ago}, "", "nothing to do"},
	{"read 10 s ago", {configs_known, configs_read_longer_ago}, "see configs", "nothing to do"},
	{"… which is enough with a long interval",
         {configs_known, configs_read_longer_ago, interval_long},
         "",
         "nothing to do"},
	{"… and not too long with a short one",
         {configs_known, configs_read_long_ago, interval_short},
         "",
         "nothing to do"},
	{"configs not read yet", {configs_unread}, "see configs", "nothing to do"},
	{"configs not read yet, a new revision",
         {target_v2, compared, configs_unread},
         "see configs",
         "reading the ConfigMaps and Secrets that cart.shop refers to"},
	{"configs that fail",
         {target_v2, compared, configs_failed},
         "see configs",
         "a run waits: configmap settings.shop not found"},
	{"configs that fail again",
         {target_v2, compared, configs_failed_again},
         "see configs; write canary status Initialized: configmap settings.shop not found; notify configmap settings.shop not found",
         "a run waits: configmap settings.shop not found"},
	{"… and nothing new",
         {configs_failed_again},
         "see configs; write canary status Initialized: configmap settings.shop not found; notify configmap settings.shop not found",
         "nothing to do"},
	{"… which failed twice", {configs_failed}, "see configs", "nothing to do"},
	{"… of a run that is refused",
         {configs_failed_again, refused},
         "see configs",
         "nothing to do"},
	{"a notice", {notice}, "notify it ended", "nothing to do"},
	{"a notice, a new revision",
         {notice, target_v2, compared},
         "notify it ended",
         "telling how the last run ended"},
	{"… delivered",
         {notice, delivered, target_v2, compared},
         "create release 2 revision",
         "New revision detected! Scaling up cart.shop"},
	{"… not this one",
         {notice, delivered_before, target_v2, compared},
         "notify it ended",
         "telling how the last run ended"},
	{"… of another Release",
         {notice, delivered_of_another, target_v2, compared},
         "notify it ended",
         "telling how the last run ended"},
	{"… which cannot be told",
         {notice, events_fail, target_v2, compared},
         "create release 2 revision",
         "New revision detected! Scaling up cart.shop"},
	{"a hook of the last run that is not asked any more",
         {post_rollout, target_v2, compared},
         "save release Done promoted h1 started 1",
         "calling the hooks of the last run"},
	{"… that is done",
         {post_rollout_done, target_v2, compared},
         "create release 2 revision",
         "New revision detected! Scaling up cart.shop"},
	{"… while suspended",
         {post_rollout, suspended},
         "",
         "skipping canary run as object is suspended"},
	{"an alert", {alert}, "alert 0", "nothing to do"},
	{"an alert, a new revision",
         {alert, target_v2, compared},
         "alert 0",
         "alerting of the last run"},
	{"… that was told",
         {alert_told, target_v2, compared},
         "create release 2 revision",
         "New revision detected! Scaling up cart.shop"},
	{"… and nothing new",
         {alert_told},
         "save release Done promoted started 1",
         "nothing to do"},
	{"… of another Release",
         {alert_of_another, target_v2, compared},
         "alert 0",
         "alerting of the last run"},
	{"… nobody hears",
         {alert_deaf, target_v2, compared},
         "create release 2 revision; alert 0",
         "New revision detected! Scaling up cart.shop"},
	{"… somebody would hear",
         {alert_behind, target_v2, compared},
         "alert 0",
         "alerting of the last run"},
	{"an alert in quarantine",
         {alert, quarantined},
         "write canary status Initialized: the agent aborted twice while this canary was in hand; it is left alone until its spec changes; notify the agent aborted twice while this canary was in hand; it is left alone until its spec changes",
         "quarantined: the agent aborted twice while this canary was in hand"},
	{"a retry",
         {rolled_back, target_v2, ask_retry},
         "create release 3 retry",
         "retry wanted by alice: again"},
	{"a retry, a notice",
         {rolled_back, target_v2, notice, ask_retry},
         "notify it ended",
         "telling how the last run ended"},
	{"a retry, unread configs",
         {rolled_back, target_v2, configs_failed, ask_retry},
         "see configs; answer action: configmap settings.shop not found",
         "nothing to do"},
	{"an undo",
         {promoted, target_v2, ask_undo},
         "create release 3 undo",
         "undo wanted by alice: oh no"},
	{"an undo, a notice",
         {promoted, target_v2, notice, ask_undo},
         "notify it ended",
         "telling how the last run ended"},
	{"an undo, unread configs",
         {promoted, target_v2, configs_unread, ask_undo},
         "see configs",
         "reading the ConfigMaps and Secrets that cart.shop refers to"},
	{"an undo, configs that fail",
         {promoted, target_v2, configs_failed, ask_undo},
         "see configs; create release 3 undo",
         "undo wanted by alice: oh no"},
	{"an undo, no primary",
         {promoted, target_v2, primary_absent, ask_undo},
         "create release 3 undo",
         "undo wanted by alice: oh no"},
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
