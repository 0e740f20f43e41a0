#include "tests/simulation/people.h"

#include "analysis/base/text.h"
#include "tests/simulation/front.h"
#include "tests/simulation/simulation.h"

#include <stdlib.h>
#include <string.h>

#define SCALERS     "horizontalpodautoscalers"
#define DEEDS_MIN   4
#define DEEDS_MAX   14
#define UNLUCKY_MIN 18 /* deeds of a team with a bad month */
#define UNLUCKY_MAX 28
#define HASTE_MS    40

static const int deed_weights[DEED_MAX] = {
	[DEED_PUSH] = 64, [DEED_REVERT] = 9,   [DEED_DELETE] = 5,
	[DEED_EDIT] = 9,  [DEED_SKIP] = 2,     [DEED_MOVE] = 2,
	[DEED_SPOIL] = 3, [DEED_ANNOTATE] = 4, [DEED_REMOVE] = 2,
};

static const int quality_weights[QUALITY_MAX] = {
	[QUALITY_GOOD] = 50, [QUALITY_SLOW] = 18, [QUALITY_FAILING] = 18,
	[QUALITY_STUCK] = 7, [QUALITY_WEAK] = 7,
};

/* A month in which next to nothing succeeds: old promoted Releases stay the last ones. */
static const int bad_month_weights[QUALITY_MAX] = {
	[QUALITY_GOOD] = 8,  [QUALITY_SLOW] = 38, [QUALITY_FAILING] = 38,
	[QUALITY_STUCK] = 8, [QUALITY_WEAK] = 8,
};

void people_url(const struct truth_canary *canary, const char *plural, const char *name,
                char ret[PEOPLE_URL_MAX])
{
	const char *group =
		strcmp(plural, "services") == 0          ? "/api/v1"
		: strcmp(plural, "configmaps") == 0      ? "/api/v1"
		: strcmp(plural, "deployments") == 0     ? "/apis/apps/v1"
		: strcmp(plural, "daemonsets") == 0      ? "/apis/apps/v1"
		: strcmp(plural, SCALERS) == 0           ? "/apis/autoscaling/v2"
		: strcmp(plural, "ingresses") == 0       ? "/apis/networking.k8s.io/v1"
		: strcmp(plural, "virtualservices") == 0 ? "/apis/networking.istio.io/v1beta1"
		: strcmp(plural, "httproutes") == 0      ? "/apis/gateway.networking.k8s.io/v1"
		: strcmp(plural, "trafficsplits") == 0   ? "/apis/split.smi-spec.io/v1alpha2"
							 : "/apis/flagger.app/v1beta1";

	text_format(ret, PEOPLE_URL_MAX, "%s/namespaces/%s/%s%s%s", group, canary->space, plural,
	            name ? "/" : "", name ? name : "");
}

struct truth_version *people_run_version(struct simulation *simulation, int canary)
{
	const struct witness_run *run = &simulation->witness.runs[canary];

	if (run->outcome != OUTCOME_NONE || run->tag[0] == '\0' || run->is_init)
		return NULL;
	return truth_version_find(&simulation->truth.canaries[canary], run->tag);
}

/* A patch with what TEXT says, which is freed. */
static bool patch(struct simulation *simulation, const struct truth_canary *canary,
                  const char *plural, char *text, const char *who)
{
	char url[PEOPLE_URL_MAX];
	bool is_written;

	people_url(canary, plural, canary->name, url);
	is_written = simulation_write(simulation, who, HTTP_PATCH, url, text);
	free(text);
	return is_written;
}

static bool post(struct simulation *simulation, const struct truth_canary *canary,
                 const char *plural, char *text, const char *who)
{
	char url[PEOPLE_URL_MAX];
	bool is_written;

	people_url(canary, plural, NULL, url);
	is_written = simulation_write(simulation, who, HTTP_POST, url, text);
	free(text);
	return is_written;
}

void people_apply_target(struct simulation *simulation, struct truth_canary *canary,
                         const char *who)
{
	char *text = truth_workload(canary);

	if (canary->has_target) {
		(void)patch(simulation, canary, truth_plural(canary), text, who);
	} else if (post(simulation, canary, truth_plural(canary), text, who)) {
		canary->has_target = true;
	}
	truth_scaled(canary, canary->replicas);
}

/* People write the image, and leave the number of pods alone. */
static void write_image(struct simulation *simulation, struct truth_canary *canary)
{
	char url[PEOPLE_URL_MAX];
	char body[256];

	if (!canary->has_target) {
		people_apply_target(simulation, canary, "people");
		return;
	}
	people_url(canary, truth_plural(canary), canary->name, url);
	text_format(
		body, sizeof(body),
		"{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"web\",\"image\":\"web:%s\"}]}}}}",
		truth_live(canary));
	simulation_write(simulation, "people", HTTP_PATCH, url, body);
}

/* The first version that a Canary sees is not analysed. */
static void create(struct simulation *simulation, struct truth_canary *canary)
{
	canary->is_invalid = false;
	/* A teardown that is cut short gives the target pods; they stay until its next run. */
	canary->foreign_replicas = TRUTH_ANY_REPLICAS;
	if (!post(simulation, canary, "canaries", truth_resource(canary), "people"))
		return;
	canary->is_there = true;
	canary->is_leaving = false;
	truth_may_pass(&canary->versions[canary->live], "the Canary was made anew");
}

static void delete (struct simulation *simulation, struct truth_canary *canary)
{
	char url[PEOPLE_URL_MAX];

	people_url(canary, "canaries", canary->name, url);
	if (simulation_write(simulation, "people", HTTP_DELETE, url, NULL)) {
		canary->is_there = false;
		canary->is_leaving = true;
	}
}

static void write_spec(struct simulation *simulation, struct truth_canary *canary)
{
	(void)patch(simulation, canary, "canaries", truth_edit(canary), "people");
}

static void edit(struct simulation *simulation, struct truth_canary *canary)
{
	struct dice *dice = &simulation->people.dice;
	int threshold = canary->threshold;
	int deadline = canary->deadline;

	switch (dice_between(dice, 0, 4)) {
	case 0:
		threshold = (int)dice_between(dice, 0, 3);
		break;
	case 1:
		canary->interval = canary->interval == 10 ? 30 : 10;
		break;
	case 2:
		canary->step = canary->step > 0 ? (int)dice_between(dice, 15, 60) : 0;
		canary->max = canary->max > 0 ? (int)dice_between(dice, 30, 100) : 0;
		if (canary->iterations > 0)
			canary->iterations = (int)dice_between(dice, 1, 3);
		break;
	case 3:
		deadline = deadline == 120 ? 300 : 120;
		break;
	default:
		canary->asks_tightly = !canary->asks_tightly;
		break;
	}
	truth_edited(canary, threshold, deadline, sim_loop_now(simulation->loop));
	write_spec(simulation, canary);
}

static void skip(struct simulation *simulation, int index)
{
	struct truth_canary *canary = &simulation->truth.canaries[index];
	static const char why[] = "the analysis was skipped for a while";

	canary->skips = !canary->skips;
	canary->skips_until =
		instant_after(sim_loop_now(simulation->loop), span_ms(TRUTH_SILENCE_MS));
	truth_may_pass(&canary->versions[canary->live], why);
	truth_may_pass(people_run_version(simulation, index), why);
	write_spec(simulation, canary);
}

/* A revision comes while another is analysed: when it goes again before that run's retreat is on
 * record, what remains is a weight that was taken back, which ends as a rollback. */
static void excuse_analysed(struct simulation *simulation, int index)
{
	const struct truth_canary *canary = &simulation->truth.canaries[index];
	struct truth_version *analysed = people_run_version(simulation, index);

	if (analysed != &canary->versions[canary->live])
		truth_may_fail(analysed, "another revision came while it was analysed");
}

/* What is pushed while an agent may still believe that the analysis is skipped. */
static void excuse_skipped(struct simulation *simulation, struct truth_canary *canary)
{
	if (instant_is_before(sim_loop_now(simulation->loop), canary->skips_until))
		truth_may_pass(&canary->versions[canary->live],
		               "the analysis was skipped a moment ago");
}

static void annotate(struct simulation *simulation, const struct truth_canary *canary)
{
	char url[PEOPLE_URL_MAX];
	char body[160];
	int number = (int)dice_between(&simulation->people.dice, 1, 1000);

	people_url(canary, truth_plural(canary), canary->name, url);
	text_format(
		body, sizeof(body),
		"{\"metadata\":{\"labels\":{\"team\":\"t%d\"},\"annotations\":{\"note\":\"n%d\"}}}",
		number, number);
	if (canary->has_target)
		simulation_write(simulation, "people", HTTP_PATCH, url, body);
}

static void configure(struct simulation *simulation, int index)
{
	struct truth_canary *canary = &simulation->truth.canaries[index];
	char name[32];
	char url[PEOPLE_URL_MAX];
	char *text;

	canary->config++;
	truth_may_fail(people_run_version(simulation, index),
	               "its config changed while it was analysed");
	text = truth_config(canary);
	text_format(name, sizeof(name), "%s-env", canary->name);
	people_url(canary, "configmaps", name, url);
	simulation_write(simulation, "people", HTTP_PATCH, url, text);
	free(text);
}

static void remove_target(struct simulation *simulation, int index)
{
	struct truth_canary *canary = &simulation->truth.canaries[index];
	struct span time = span_ms(dice_between(&simulation->people.dice, 100, 30000));
	struct instant now = sim_loop_now(simulation->loop);
	char url[PEOPLE_URL_MAX];

	people_url(canary, truth_plural(canary), canary->name, url);
	if (!canary->has_target || !simulation_write(simulation, "people", HTTP_DELETE, url, NULL))
		return;
	canary->has_target = false;
	truth_may_fail(people_run_version(simulation, index),
	               "its target was removed: a retreat begun for that is finished");
	truth_broken(canary, people_run_version(simulation, index), now, instant_after(now, time));
	people_mend_later(simulation, index, time);
}

void people_mend_later(struct simulation *simulation, int canary, struct span time)
{
	struct alarm *alarm = &simulation->people.teams[canary].mend;

	if (!alarm->loop)
		alarm_start(sim_loop_seam(simulation->loop), alarm, time);
}

void people_act(struct simulation *simulation, int index, enum deed deed, enum quality quality)
{
	struct truth_canary *canary = &simulation->truth.canaries[index];
	struct dice *dice = &simulation->people.dice;

	if (!canary->is_there && deed != DEED_PUSH && deed != DEED_REVERT) {
		create(simulation, canary);
		return;
	}
	switch (deed) {
	case DEED_PUSH:
		if (!truth_push(canary, quality))
			return;
		excuse_skipped(simulation, canary);
		excuse_analysed(simulation, index);
		write_image(simulation, canary);
		return;
	case DEED_REVERT:
		truth_revert(canary, canary->promoted >= 0 && dice_chance(dice, 0.5)
		                             ? canary->promoted
		                             : (int)dice_between(dice, 0, canary->n_versions - 1));
		excuse_skipped(simulation, canary);
		excuse_analysed(simulation, index);
		write_image(simulation, canary);
		return;
	case DEED_DELETE:
		delete (simulation, canary);
		return;
	case DEED_EDIT:
		edit(simulation, canary);
		return;
	case DEED_SKIP:
		skip(simulation, index);
		return;
	case DEED_MOVE:
		canary->target_port = canary->target_port == 8080 ? 8081 : 8080;
		truth_may_fail(people_run_version(simulation, index),
		               "its Service was edited: a retreat begun for that is finished");
		write_spec(simulation, canary);
		return;
	case DEED_SPOIL:
		canary->is_invalid = true;
		write_spec(simulation, canary);
		people_mend_later(simulation, index, span_ms(dice_between(dice, 100, 60000)));
		return;
	case DEED_ANNOTATE:
		annotate(simulation, canary);
		return;
	case DEED_REMOVE:
		remove_target(simulation, index);
		return;
	case DEED_CONFIGURE:
		configure(simulation, index);
		return;
	case DEED_MAX:
		break;
	}
}

/* Most wait until the run is over; some come in its midst, some before it has begun. */
static struct span pause_before_next(struct simulation *simulation)
{
	struct dice *dice = &simulation->people.dice;
	double storm = simulation->options.storm > 0 ? simulation->options.storm : 1;

	if (dice_chance(dice, 0.05 * storm))
		return span_ms(dice_between(dice, 1, HASTE_MS));
	return dice_chance(dice, 0.25 * storm) ? span_ms(dice_between(dice, 100, 30000))
	                                       : span_ms(dice_between(dice, 40000, 160000));
}

/* What is analysed is live again. */
static void take_back(struct simulation *simulation, int index)
{
	struct truth_canary *canary = &simulation->truth.canaries[index];
	const struct truth_version *analysed = people_run_version(simulation, index);

	if (!analysed || analysed == &canary->versions[canary->live])
		return;
	truth_revert(canary, (int)(analysed - canary->versions));
	excuse_skipped(simulation, canary);
	write_image(simulation, canary);
}

static void on_deed(struct alarm *alarm)
{
	struct people_team *team = container_of(alarm, struct people_team, next);
	struct simulation *simulation = team->simulation;
	struct dice *dice = &simulation->people.dice;
	const struct truth_canary *canary = &simulation->truth.canaries[team->canary];
	int deed;
	int quality;

	if (team->n_left == 0 || !faults_deed(&simulation->faults, sim_loop_now(simulation->loop)))
		return;
	team->n_left--;
	if (team->is_sorry) {
		team->is_sorry = false;
		take_back(simulation, team->canary);
		alarm_start(sim_loop_seam(simulation->loop), alarm, pause_before_next(simulation));
		return;
	}
	deed = dice_pick(dice, deed_weights, DEED_MAX);
	quality = dice_pick(dice, team->is_unlucky ? bad_month_weights : quality_weights,
	                    QUALITY_MAX);
	/* They go on trying. */
	if (team->is_unlucky && (deed == DEED_DELETE || deed == DEED_REVERT))
		deed = DEED_PUSH;
	/* Whoever deleted a Canary mostly makes it anew. */
	if (!canary->is_there && dice_chance(dice, 0.8))
		deed = DEED_DELETE;
	/* Nobody skips analyses for long. */
	if (canary->skips && dice_chance(dice, 0.6))
		deed = DEED_SKIP;
	if (canary->has_config && dice_chance(&simulation->people.configs, 0.2))
		deed = DEED_CONFIGURE;
	people_act(simulation, team->canary, (enum deed)deed, (enum quality)quality);
	alarm_start(sim_loop_seam(simulation->loop), alarm, pause_before_next(simulation));
}

void people_hasten(struct simulation *simulation, int canary, struct span time)
{
	struct people_team *team = &simulation->people.teams[canary];

	if (team->n_left > 0 && !simulation->options.alone)
		alarm_start(sim_loop_seam(simulation->loop), &team->next, time);
}

void people_repent(struct simulation *simulation, int canary, struct span time)
{
	simulation->people.teams[canary].is_sorry = true;
	people_hasten(simulation, canary, time);
}

void people_mend(struct simulation *simulation, int index)
{
	struct truth_canary *canary = &simulation->truth.canaries[index];
	char name[40];
	char url[PEOPLE_URL_MAX];

	alarm_cancel(&simulation->people.teams[index].mend);
	if (canary->is_invalid) {
		canary->is_invalid = false;
		if (canary->is_there)
			write_spec(simulation, canary);
	}
	/* What nobody owns any more stands in the way: it is made anew. */
	if (canary->is_stripped) {
		canary->is_stripped = false;
		truth_meddled(canary, sim_loop_now(simulation->loop));
		text_format(name, sizeof(name), "%s-front-canary", canary->name);
		people_url(canary, "ingresses", name, url);
		simulation_write(simulation, "people", HTTP_DELETE, url, NULL);
	}
	if (!canary->has_target || canary->is_scaled_away)
		people_apply_target(simulation, canary, "people");
	canary->is_scaled_away = false;
	text_format(name, sizeof(name), "%s-primary", canary->name);
	if (instant_is_set(canary->broken_since)) {
		cluster_mend_pods(simulation->cluster, canary->space, canary->name);
		cluster_mend_pods(simulation->cluster, canary->space, name);
		simulation_stir(simulation);
	}
	canary->broken_since = (struct instant){0};
}

void people_mend_all(struct simulation *simulation)
{
	for (int i = 0; i < simulation->truth.n_canaries; i++)
		people_mend(simulation, i);
}

static void on_mend(struct alarm *alarm)
{
	struct people_team *team = container_of(alarm, struct people_team, mend);

	people_mend(team->simulation, team->canary);
}

static void settle(struct simulation *simulation, struct truth_canary *canary)
{
	(void)post(simulation, canary, truth_plural(canary), truth_workload(canary), "people");
	(void)post(simulation, canary, "ingresses", truth_ingress(canary), "people");
	if (canary->has_config)
		(void)post(simulation, canary, "configmaps", truth_config(canary), "people");
	if (canary->has_scaler)
		(void)post(simulation, canary, SCALERS, truth_scaler(canary), "people");
	if (canary->asking == TRUTH_ASK_TEMPLATE)
		(void)post(simulation, canary, "metrictemplates", truth_metric_template(canary),
		           "people");
	if (canary->has_alerts)
		(void)post(simulation, canary, "alertproviders", truth_alert_provider(canary),
		           "people");
	create(simulation, canary);
}

void people_init(struct simulation *simulation)
{
	struct people *people = &simulation->people;

	people->dice = dice_init(simulation->options.seed, "people");
	people->configs = dice_init(simulation->options.seed, "contents");
	people->edits = dice_init(simulation->options.seed, "edits");
	for (int i = 0; i < simulation->truth.n_canaries; i++) {
		struct people_team *team = &people->teams[i];

		team->simulation = simulation;
		team->canary = i;
		team->is_unlucky = dice_chance(&people->dice, 0.03);
		team->n_left = (int)(team->is_unlucky
		                             ? dice_between(&people->dice, UNLUCKY_MIN, UNLUCKY_MAX)
		                             : dice_between(&people->dice, DEEDS_MIN, DEEDS_MAX));
		team->next.ring = on_deed;
		team->mend.ring = on_mend;
		settle(simulation, &simulation->truth.canaries[i]);
		if (simulation->options.alone)
			continue;
		alarm_start(sim_loop_seam(simulation->loop), &team->next,
		            pause_before_next(simulation));
	}
}

void people_fini(struct simulation *simulation)
{
	for (int i = 0; i < FAULT_CANARIES_MAX; i++) {
		alarm_cancel(&simulation->people.teams[i].next);
		alarm_cancel(&simulation->people.teams[i].mend);
	}
}

/* A watch that is silent while pods are broken shows neither how they were well before, nor that
 * they are mended: together that may take all the deadline. */
static void excuse_unseen(struct simulation *simulation)
{
	simulation->people.silent_until =
		instant_after(sim_loop_now(simulation->loop), span_ms(TRUTH_SILENCE_MS));
	for (int i = 0; i < simulation->truth.n_canaries; i++) {
		if (instant_is_set(simulation->truth.canaries[i].broken_since))
			truth_may_fail(people_run_version(simulation, i),
			               "a watch was silent while pods were broken");
	}
}

void people_struck(struct simulation *simulation, enum fault kind)
{
	if (kind == FAULT_WATCH_SILENT || kind == FAULT_WATCH_LATE || kind == FAULT_PARTITION)
		excuse_unseen(simulation);
	if (kind != FAULT_SKEW && kind != FAULT_JUMP)
		return;
	for (int i = 0; i < simulation->truth.n_canaries; i++)
		truth_may_fail(people_run_version(simulation, i),
		               "a clock jumped over its deadline");
}

bool people_are_done(const struct simulation *simulation)
{
	for (int i = 0; i < simulation->truth.n_canaries; i++) {
		if (simulation->people.teams[i].n_left > 0)
			return false;
	}
	return true;
}
