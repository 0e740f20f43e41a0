/* At rest: what a run waits for, before it begins: configs, and what is to be told. Each row is one
 * decision. */
#include "analysis/base/text.h"
#include "analysis/mirror.h"
#include "tests/analysis/decisions.h"
#include "tests/analysis/given_canary.h"
#include "tests/analysis/given_configs.h"
#include "tests/analysis/given_rest.h"
#include "tests/analysis/given_verb.h"
#include "tests/analysis/given_workload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void configs_missing(struct model *model)
{
	configs_promoted_unread(model);
	model->truth.configs.slot.failures = 2;
	text_copy(model->truth.configs.slot.error, "configmap settings.shop not found");
}

static void configs_missing_again(struct model *model)
{
	configs_missing(model);
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

static void post_rollout_pending(struct model *model)
{
	model_hook(model, HOOK_POST_ROLLOUT, NULL);
	model->truth.newest.status.n_hooks = 1;
	model->truth.newest.status.hooks[0] = (struct hook_record){.type = HOOK_POST_ROLLOUT};
}

static void post_rollout_done(struct model *model)
{
	post_rollout_pending(model);
	model->truth.newest.status.hooks[0].result = HOOK_PASS;
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

static void ask_undo_known(struct model *model)
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

static void deleted_when_over(struct model *model)
{
	model->truth.is_deleted = true;
	model->truth.newest.status.ending = model->truth.newest.status.outcome;
}

static void no_spec_told(struct model *model)
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

static void configs_changed_unread(struct model *model)
{
	configs_promoted_unread(model);
	text_copy(model->truth.configs.digest, "red");
}

static const struct decision_row rows[] = {
	{"an event hook", {notice, event_hook}, "tell hook 0; notify it ended", ""},
	{"an event hook, in quarantine",
         {notice, event_hook, quarantine_told},
         "notify it ended",
         ""},
	{"an event hook, deleted",
         {rolled_back, target_v2, notice, event_hook, deleted_when_over},
         "notify it ended",
         "the Canary is deleted"},
	{"an event hook, no spec", {notice, event_hook, no_spec_told}, "notify it ended", ""},
	{"a hook of the last run, in quarantine", {post_rollout_pending, quarantine_told}, "", ""},
	{"a hook of the last run, no spec", {post_rollout_pending, no_spec_told}, "", ""},
	{"an alert, in quarantine, told", {alert, quarantine_told}, "", ""},
	{"an alert, deleted",
         {rolled_back, target_v2, alert, deleted_when_over},
         "",
         "the Canary is deleted"},
	{"only defaults, configs not read",
         {target_v2, grown, configs_changed_unread},
         "see configs",
         "nothing to do"},
	{"configs that failed, and are known now",
         {configs_promoted, failed_thrice},
         "",
         "nothing to do",
         10000},
	{"configs that fail, and are not tracked any more",
         {configs_missing_again, not_tracked},
         "",
         "nothing to do"},
	{"a config changed",
         {configs_changed},
         "create release 2 config",
         "New revision detected! Scaling up cart.shop",
         10000},
	{"… and is not tracked", {configs_not_tracked}, "", "nothing to do"},
	{"… of another template", {configs_of_another}, "see configs", "nothing to do"},
	{"configs as they were", {configs_promoted}, "", "nothing to do", 10000},
	{"read 9.999 s ago", {configs_promoted, configs_read_long_ago}, "", "nothing to do", 1},
	{"read 10 s ago",
         {configs_promoted, configs_read_longer_ago},
         "see configs",
         "nothing to do"},
	{"… which is enough with a long interval",
         {configs_promoted, configs_read_longer_ago, interval_long},
         "",
         "nothing to do",
         20000},
	{"… and not too long with a short one",
         {configs_promoted, configs_read_long_ago, interval_short},
         "",
         "nothing to do",
         1},
	{"configs not read yet", {configs_promoted_unread}, "see configs", "nothing to do"},
	{"configs not read yet, a new revision",
         {target_v2, compared, configs_promoted_unread},
         "see configs",
         "reading the ConfigMaps and Secrets that cart.shop refers to"},
	{"configs that fail",
         {target_v2, compared, configs_missing},
         "see configs",
         "a run waits: configmap settings.shop not found"},
	{"configs that fail again",
         {target_v2, compared, configs_missing_again},
         "see configs; write canary status Initialized: configmap settings.shop not found; notify configmap settings.shop not found",
         "a run waits: configmap settings.shop not found"},
	{"… and nothing new",
         {configs_missing_again},
         "see configs; write canary status Initialized: configmap settings.shop not found; notify configmap settings.shop not found",
         "nothing to do"},
	{"… which failed twice", {configs_missing}, "see configs", "nothing to do"},
	{"… of a run that is refused",
         {configs_missing_again, refused_told},
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
         {post_rollout_pending, target_v2, compared},
         "save release Done promoted h1 started 1",
         "calling the hooks of the last run"},
	{"… that is done",
         {post_rollout_done, target_v2, compared},
         "create release 2 revision",
         "New revision detected! Scaling up cart.shop"},
	{"… while suspended",
         {post_rollout_pending, suspended},
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
         {rolled_back, target_v2, configs_missing, ask_retry},
         "see configs; answer action: configmap settings.shop not found",
         "nothing to do"},
	{"an undo",
         {promoted, target_v2, ask_undo_known},
         "create release 3 undo",
         "undo wanted by alice: oh no"},
	{"an undo, a notice",
         {promoted, target_v2, notice, ask_undo_known},
         "notify it ended",
         "telling how the last run ended"},
	{"an undo, unread configs",
         {promoted, target_v2, configs_promoted_unread, ask_undo_known},
         "see configs",
         "reading the ConfigMaps and Secrets that cart.shop refers to"},
	{"an undo, configs that fail",
         {promoted, target_v2, configs_missing, ask_undo_known},
         "see configs; create release 3 undo",
         "undo wanted by alice: oh no"},
	{"an undo, no primary",
         {promoted, target_v2, primary_absent, ask_undo_known},
         "create release 3 undo",
         "undo wanted by alice: oh no"},
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
