/* The spec, as decisions depend on it. Names are those that records have had from the first on. */
#include "analysis/base/compiler.h"
#include "analysis/spec.h"
#include "analysis/strategy.h"
#include "analysis/target.h"
#include "providers/record_shapes.h"

static const char *strategy_text(int value)
{
	return strategy_name((enum strategy)value);
}

static const char *check_text(int value)
{
	static const char *const texts[] = {[CHECK_NONE] = "",
	                                    [CHECK_SUCCESS_RATE] = "success-rate",
	                                    [CHECK_DURATION] = "duration",
	                                    [CHECK_VALUE] = "value"};

	return texts[value];
}

static const char *scaler_text(int value)
{
	static const char *const texts[] = {
		[SCALER_NONE] = "", [SCALER_HPA] = "hpa", [SCALER_KEDA] = "keda"};

	return texts[value];
}

/* Of records from before there were others: Deployments. */
static const char *target_text(int value)
{
	return value == TARGET_DEPLOYMENT ? "" : target_kind_word((enum target_kind)value);
}

static const struct record_words targets = {target_text, TARGET_SERVICE + 1};
const struct record_words record_spec_scalers = {scaler_text, SCALER_KEDA + 1};
static const struct record_words strategies = {strategy_text, STRATEGY_BLUE_GREEN + 1};
static const struct record_words checks = {check_text, CHECK_VALUE + 1};

#define OF(member)    RECORD_AT(struct check_spec, member)
#define THERE(member) .there = offsetof(struct check_spec, member) + 1
static const struct record_field check_fields[] = {
	{"name", RECORD_NAME, OF(name)},
	{"kind", RECORD_WORD, OF(kind), .words = &checks},
	{"hasMin", RECORD_FLAG, OF(has_min)},
	{"hasMax", RECORD_FLAG, OF(has_max)},
	{"min", RECORD_REAL, OF(min), THERE(has_min)},
	{"max", RECORD_REAL, OF(max), THERE(has_max)},
};
#undef OF
#undef THERE

static const struct record_shape check_shape = {"check_spec", sizeof(struct check_spec),
                                                array_length(check_fields), check_fields};

#define OF(member) RECORD_AT(struct hook_spec, member)
static const struct record_field hook_fields[] = {
	{"name", RECORD_NAME, OF(name)},
	{"type", RECORD_WORD, OF(type), .words = &record_release_hooks},
	{"question", RECORD_HEX, OF(question)},
	{"muted", RECORD_FLAG, OF(is_muted)},
};
#undef OF

static const struct record_shape hook_shape = {"hook_spec", sizeof(struct hook_spec),
                                               array_length(hook_fields), hook_fields};

#define OF(member) RECORD_AT(struct alert_spec, member)
static const struct record_field alert_fields[] = {
	{"severity", RECORD_WORD, OF(severity), .words = &record_release_severities},
	{"receiver", RECORD_HEX, OF(receiver)},
};
#undef OF

static const struct record_shape alert_shape = {"alert_spec", sizeof(struct alert_spec),
                                                array_length(alert_fields), alert_fields};

#define OF(member) RECORD_AT(struct route_ability, member)
static const struct record_field route_fields[] = {
	{"weighs", RECORD_FLAG, OF(weighs)},
	{"matches", RECORD_FLAG, OF(matches)},
	{"sticks", RECORD_FLAG, OF(sticks)},
	{"mirrors", RECORD_FLAG, OF(mirrors)},
	{"namesPrimary", RECORD_FLAG, OF(names_primary)},
	{"reach", RECORD_LONG, OF(reach)},
	{"hold", RECORD_LONG, OF(hold)},
};
#undef OF

static const struct record_shape route_shape = {"route_ability", sizeof(struct route_ability),
                                                array_length(route_fields), route_fields};

#define OF(member) RECORD_AT(struct affinity_spec, member)
static const struct record_field affinity_fields[] = {
	{"cookie", RECORD_NAME, OF(cookie)},
	{"primaryCookie", RECORD_NAME, OF(primary_cookie)},
};
#undef OF

static const struct record_shape affinity_shape = {"affinity_spec", sizeof(struct affinity_spec),
                                                   array_length(affinity_fields), affinity_fields};

#define OF(member)    RECORD_AT(struct canary_spec, member)
#define COUNT(member) .count = offsetof(struct canary_spec, member)
static const struct record_field spec_fields[] = {
	{"name", RECORD_NAME, OF(name)},
	{"namespace", RECORD_NAME, OF(k8s_namespace)},
	{"targetKind", RECORD_WORD, OF(target_kind), .words = &targets},
	{"target", RECORD_NAME, OF(target)},
	{"primary", RECORD_NAME, OF(primary)},
	{"provider", RECORD_NAME, OF(provider)},
	{"scalerKind", RECORD_WORD, OF(scaler_kind), .words = &record_spec_scalers},
	{"scaler", RECORD_NAME, OF(scaler)},
	{"primaryScaler", RECORD_NAME, OF(primary_scaler)},
	{"route", RECORD_PART, OF(route), .shape = &route_shape},
	{"suspend", RECORD_FLAG, OF(suspend)},
	{"reverts", RECORD_FLAG, OF(reverts)},
	{"skipAnalysis", RECORD_FLAG, OF(skip_analysis)},
	{"noDataFails", RECORD_FLAG, OF(no_data_fails)},
	{"strategy", RECORD_WORD, OF(strategy), .words = &strategies},
	{"mirror", RECORD_FLAG, OF(mirror)},
	{"affinity", RECORD_PART, OF(affinity), .shape = &affinity_shape},
	{"stepWeight", RECORD_INT, OF(step_weight)},
	{"maxWeight", RECORD_INT, OF(max_weight)},
	{"stepWeights", RECORD_INTS, OF(step_weights), COUNT(n_step_weights)},
	{"stepWeightPromotion", RECORD_INT, OF(step_weight_promotion)},
	{"iterations", RECORD_INT, OF(iterations)},
	{"threshold", RECORD_INT, OF(threshold)},
	{"interval", RECORD_LONG, OF(interval)},
	{"progressDeadline", RECORD_LONG, OF(progress_deadline)},
	{"primaryReadyPercent", RECORD_INT, OF(primary_ready_percent)},
	{"canaryReadyPercent", RECORD_INT, OF(canary_ready_percent)},
	{"checks", RECORD_COUNTED, OF(checks), .shape = &check_shape, COUNT(n_checks)},
	{"hooks", RECORD_COUNTED, OF(hooks), .shape = &hook_shape, COUNT(n_hooks)},
	{"alerts", RECORD_COUNTED, OF(alerts), .shape = &alert_shape, COUNT(n_alerts)},
};
#undef OF
#undef COUNT

const struct record_shape record_spec_shape = {"canary_spec", sizeof(struct canary_spec),
                                               array_length(spec_fields), spec_fields};
