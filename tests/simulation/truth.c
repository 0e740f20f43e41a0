#include "tests/simulation/truth.h"

#include "agent/demo/cluster.h"
#include "analysis/base/text.h"
#include "analysis/hook.h"
#include "analysis/rival.h"
#include "tests/simulation/front.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What an agent that is away, or a server that is, may add to a time that it measures. */
#define SLACK_MS 60000

/* The longest that two who fight about a route leave it as it is: D-61, stated here once more, for
 * an oracle that asks the agent's own formula would believe whatever it says. */
#define BORNE_MS_MAX 30000

static const char *const names[FAULT_CANARIES_MAX] = {"cart", "till", "menu", "desk",
                                                      "lamp", "bell", "shed", "yard"};

static const char *const qualities[QUALITY_MAX] = {
	[QUALITY_GOOD] = "good",   [QUALITY_SLOW] = "slow", [QUALITY_FAILING] = "failing",
	[QUALITY_STUCK] = "stuck", [QUALITY_WEAK] = "weak",
};

/* How the weight rises, or how often the canary is looked at. */
static void cast_steps(struct truth_canary *canary, struct dice *dice)
{
	static const int steps[] = {50, 30, 20};
	static const int lists[][TRUTH_STEPS_MAX] = {{50, 100, 0}, {5, 25, 60}, {40, 0, 0}};
	int64_t which = dice_between(dice, 0, 2);

	if (strcmp(canary->provider, "kubernetes") == 0 || dice_chance(dice, 0.12)) {
		canary->iterations = (int)dice_between(dice, 1, 3);
		return;
	}
	if (dice_chance(dice, 0.25)) {
		for (int i = 0; i < TRUTH_STEPS_MAX && lists[which][i] > 0; i++)
			canary->steps[canary->n_steps++] = lists[which][i];
		return;
	}
	canary->step = steps[which];
	canary->max = dice_chance(dice, 0.8) ? 60 : 100;
}

static void cast(struct truth_canary *canary, struct dice *dice, const char *name)
{
	static const int deadlines[] = {120, 300, 600};
	static const int intervals[] = {10, 30, 60};
	static const int odds[] = {75, 20, 5};

	*canary = (struct truth_canary){
		.space = dice_chance(dice, 0.7) ? "shop" : "mall",
		.provider = dice_chance(dice, 0.75) ? "nginx" : "kubernetes",
		.interval = intervals[dice_pick(dice, odds, 3)],
		.threshold = (int)dice_between(dice, 0, 3),
		.deadline = deadlines[dice_between(dice, 0, 2)],
		.replicas = (int)dice_between(dice, 1, 3),
		.asking = dice_chance(dice, 0.7)   ? TRUTH_ASK_BUILTIN
	                  : dice_chance(dice, 0.5) ? TRUTH_ASK_INLINE
	                                           : TRUTH_ASK_TEMPLATE,
		.skips = dice_chance(dice, 0.03),
		.target_port = 8080,
		.has_target = true,
		.foreign_replicas = -1,
		.promoted = -1,
	};
	canary->threshold_least = canary->threshold;
	canary->deadline_least = canary->deadline;
	text_copy(canary->name, name);
	text_format(canary->service, sizeof(canary->service), "%s%s", name,
	            dice_chance(dice, 0.2) ? "-web" : "");
	cast_steps(canary, dice);
	/* At weight 0 the controller sees no request of the canary's. */
	if (canary->iterations > 0 && strcmp(canary->provider, "nginx") == 0 &&
	    canary->asking == TRUTH_ASK_BUILTIN)
		canary->asking = TRUTH_ASK_INLINE;
}

/* One in eight gives pods no longer than a watch may be silent. */
static void cast_deadline(struct truth_canary *canary, struct dice *dice)
{
	if (!dice_chance(dice, 0.12))
		return;
	canary->deadline = 60;
	canary->deadline_least = 60;
}

/* Every fourth has hooks, each of the types with some chance. */
static unsigned cast_hooks(struct dice *dice)
{
	unsigned hooks = 0;

	if (!dice_chance(dice, 0.25))
		return 0;
	for (enum hook_type type = HOOK_CONFIRM_ROLLOUT; type <= HOOK_EVENT; type++) {
		if (dice_chance(dice, 0.4))
			hooks |= 1U << type;
	}
	return hooks;
}

/* Where routes are lists of rules, clients may be known by a cookie. */
static bool cast_cookies(const struct truth_canary *canary, struct dice *dice)
{
	return front_is_past_apex(canary) && !front_is_split(canary) && canary->iterations == 0 &&
	       dice_chance(dice, 0.4);
}

/* A pod on each of the cluster's nodes. */
static void cast_daemon(struct truth_canary *canary, struct dice *dice)
{
	if (!dice_chance(dice, 0.08))
		return;
	canary->is_daemon = true;
	canary->has_scaler = false;
	canary->replicas = CLUSTER_NODES;
}

void truth_init(struct truth *truth, uint64_t seed)
{
	struct dice dice = dice_init(seed, "truth");
	struct dice rollouts = dice_init(seed, "rollouts");
	struct dice meshes = dice_init(seed, "meshes");
	struct dice gateways = dice_init(seed, "gateways");
	struct dice splits = dice_init(seed, "splits");
	struct dice alerts = dice_init(seed, "alerts");
	struct dice hooks = dice_init(seed, "hooks");
	struct dice scalers = dice_init(seed, "scalers");
	struct dice daemons = dice_init(seed, "daemons");
	struct dice configs = dice_init(seed, "configs");
	struct dice cookies = dice_init(seed, "cookies");
	struct dice deadlines = dice_init(seed, "deadlines");

	*truth = (struct truth){.n_canaries = (int)dice_between(&dice, 2, FAULT_CANARIES_MAX)};
	for (int i = 0; i < truth->n_canaries; i++) {
		cast(&truth->canaries[i], &dice, names[i]);
		truth->canaries[i].empties = dice_chance(&rollouts, 0.12);
		if (front_is_weighed(&truth->canaries[i]) && dice_chance(&meshes, 0.1))
			truth->canaries[i].provider = "istio";
		if (front_is_weighed(&truth->canaries[i]) && dice_chance(&gateways, 0.08))
			truth->canaries[i].provider = "gatewayapi";
		if (front_is_weighed(&truth->canaries[i]) &&
		    !front_is_past_apex(&truth->canaries[i]) && dice_chance(&splits, 0.08))
			truth->canaries[i].provider = "smi:v1alpha2";
		truth->canaries[i].hooks = cast_hooks(&hooks);
		cast_deadline(&truth->canaries[i], &deadlines);
		truth->canaries[i].has_cookies = cast_cookies(&truth->canaries[i], &cookies);
		truth->canaries[i].has_scaler = dice_chance(&scalers, 0.12);
		truth->canaries[i].has_config = dice_chance(&configs, 0.15);
		cast_daemon(&truth->canaries[i], &daemons);
		truth->canaries[i].has_alerts = dice_chance(&alerts, 0.15);
		(void)truth_push(&truth->canaries[i], QUALITY_GOOD);
	}
}

void truth_alone(struct truth *truth, const struct truth_canary *canary)
{
	*truth = (struct truth){.canaries = {*canary}, .n_canaries = 1};
	truth->canaries[0].has_target = true;
	truth->canaries[0].foreign_replicas = -1;
	truth->canaries[0].promoted = -1;
	truth->canaries[0].threshold_least = canary->threshold;
	truth->canaries[0].deadline_least = canary->deadline;
	(void)truth_push(&truth->canaries[0], QUALITY_GOOD);
}

const char *truth_live(const struct truth_canary *canary)
{
	return canary->versions[canary->live].tag;
}

struct truth_version *truth_version_find(struct truth_canary *canary, const char *image_or_tag)
{
	const char *colon = strchr(image_or_tag, ':');
	const char *tag = colon ? colon + 1 : image_or_tag;

	for (int i = 0; i < canary->n_versions; i++) {
		if (strcmp(canary->versions[i].tag, tag) == 0)
			return &canary->versions[i];
	}
	return NULL;
}

enum quality truth_quality(const char *image_or_tag)
{
	const char *dash = strchr(image_or_tag, '-');

	for (int i = 0; dash && i < QUALITY_MAX; i++) {
		if (strcmp(dash + 1, qualities[i]) == 0)
			return (enum quality)i;
	}
	return QUALITY_GOOD;
}

const char *quality_name(enum quality quality)
{
	return qualities[quality];
}

bool truth_push(struct truth_canary *canary, enum quality quality)
{
	struct truth_version *version = &canary->versions[canary->n_versions];

	if (canary->n_versions == TRUTH_VERSIONS_MAX)
		return false;
	*version = (struct truth_version){0};
	canary->live = canary->n_versions++;
	text_format(version->tag, sizeof(version->tag), "%d-%s", canary->n_versions,
	            qualities[quality]);
	if (canary->skips)
		truth_may_pass(version, "the analysis is skipped");
	return true;
}

void truth_revert(struct truth_canary *canary, int version)
{
	canary->live = version;
	if (canary->skips)
		truth_may_pass(&canary->versions[version], "the analysis is skipped");
}

void truth_may_fail(struct truth_version *version, const char *why)
{
	if (!version || version->may_fail)
		return;
	version->may_fail = true;
	text_copy(version->excuse, why);
}

void truth_may_pass(struct truth_version *version, const char *why)
{
	if (!version || version->may_pass)
		return;
	version->may_pass = true;
	text_copy(version->excuse, why);
}

void truth_scaled(struct truth_canary *canary, int replicas)
{
	/* What is less than its least number an autoscaler makes more. */
	if (canary->has_scaler && replicas > 0)
		canary->foreign_replicas = TRUTH_ANY_REPLICAS;
	else if (canary->foreign_replicas != TRUTH_ANY_REPLICAS)
		canary->foreign_replicas = replicas;
}

void truth_meddled(struct truth_canary *canary, struct instant now)
{
	int64_t ms = 1000;

	if (instant_between(canary->meddled, now).ms >= RIVAL_MEMORY)
		canary->n_meddled = 0;
	canary->n_meddled++;
	canary->meddled = now;
	if (canary->n_meddled <= RIVAL_EDITS)
		return;
	for (int i = RIVAL_EDITS + 1; i < canary->n_meddled && ms < BORNE_MS_MAX; i++)
		ms *= 2;
	canary->borne_until = instant_after(now, span_ms(ms < BORNE_MS_MAX ? ms : BORNE_MS_MAX));
}

static void count(const struct truth_canary *canary, struct truth_version *version)
{
	if (version->n_fails > 0 && version->n_fails >= canary->threshold_least)
		truth_may_fail(version, "checks failed that its quality does not explain");
}

void truth_failed(struct truth_canary *canary, struct truth_version *version)
{
	if (!version)
		return;
	version->n_fails++;
	count(canary, version);
}

static int least(int a, int b)
{
	return a < b ? a : b;
}

static void judge_dark(const struct truth_canary *canary, struct truth_version *version,
                       struct instant now)
{
	if (instant_is_set(version->dark_since) &&
	    instant_between(version->dark_since, now).ms >= 1000 * (int64_t)canary->deadline_least)
		truth_may_fail(version, "no check was measured for as long as the deadline");
}

void truth_edited(struct truth_canary *canary, int threshold, int deadline, struct instant now)
{
	for (int i = 0; i < canary->n_versions; i++)
		judge_dark(canary, &canary->versions[i], now);
	if (!instant_is_set(canary->edited) ||
	    instant_between(canary->edited, now).ms >= TRUTH_SILENCE_MS) {
		canary->threshold_least = canary->threshold;
		canary->deadline_least = canary->deadline;
	}
	canary->edited = now;
	canary->threshold_least = least(canary->threshold_least, threshold);
	canary->deadline_least = least(canary->deadline_least, deadline);
	canary->threshold = threshold;
	canary->deadline = deadline;
	for (int i = 0; i < canary->n_versions; i++)
		count(canary, &canary->versions[i]);
}

void truth_unmeasured(struct truth_version *version, struct instant now)
{
	if (version && !instant_is_set(version->dark_since))
		version->dark_since = now;
}

void truth_measured(struct truth_version *version)
{
	if (version)
		version->dark_since = (struct instant){0};
}

void truth_ended(const struct truth_canary *canary, struct truth_version *version,
                 struct instant now)
{
	if (version)
		judge_dark(canary, version, now);
	truth_measured(version);
}

void truth_broken(struct truth_canary *canary, struct truth_version *version, struct instant now,
                  struct instant end)
{
	if (!instant_is_set(canary->broken_since))
		canary->broken_since = now;
	if (instant_between(canary->broken_since, end).ms + SLACK_MS >=
	    1000 * (int64_t)canary->deadline_least)
		truth_may_fail(version, "pods were not ready for as long as the deadline");
}

const char *truth_plural(const struct truth_canary *canary)
{
	return canary->is_daemon ? "daemonsets" : "deployments";
}

int truth_find(const struct truth *truth, const char *text)
{
	for (int i = 0; i < truth->n_canaries; i++) {
		if (strstr(text, truth->canaries[i].name))
			return i;
	}
	return -1;
}
