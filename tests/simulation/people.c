#include "tests/simulation/people.h"

#include "analysis/base/text.h"
#include "tests/simulation/simulation.h"

#include <stdlib.h>

#define DEEDS_MIN 4
#define DEEDS_MAX 14

enum deed {
	DEED_PUSH,
	DEED_REVERT,
	DEED_DELETE,
	DEED_MAX,
};

static const int deed_weights[DEED_MAX] = {
	[DEED_PUSH] = 85,
	[DEED_REVERT] = 10,
	[DEED_DELETE] = 5,
};

static const int quality_weights[QUALITY_MAX] = {
	[QUALITY_GOOD] = 50, [QUALITY_SLOW] = 18, [QUALITY_FAILING] = 18,
	[QUALITY_STUCK] = 7, [QUALITY_WEAK] = 7,
};

static void write_target(struct simulation *simulation, const struct truth_canary *canary)
{
	char url[128];
	char body[256];

	text_format(url, sizeof(url), "/apis/apps/v1/namespaces/shop/deployments/%s", canary->name);
	text_format(
		body, sizeof(body),
		"{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"web\",\"image\":\"web:%s\"}]}}}}",
		truth_live(canary));
	simulation_write(simulation, "people", HTTP_PATCH, url, body);
}

static void create(struct simulation *simulation, struct truth_canary *canary)
{
	char *body = truth_resource(canary);

	canary->is_there =
		simulation_write(simulation, "people", HTTP_POST,
	                         "/apis/flagger.app/v1beta1/namespaces/shop/canaries", body);
	canary->is_leaving = false;
	truth_excuse(canary, "the Canary was made anew");
	free(body);
}

static void delete (struct simulation *simulation, struct truth_canary *canary)
{
	char url[128];

	text_format(url, sizeof(url), "/apis/flagger.app/v1beta1/namespaces/shop/canaries/%s",
	            canary->name);
	if (simulation_write(simulation, "people", HTTP_DELETE, url, NULL)) {
		canary->is_there = false;
		canary->is_leaving = true;
	}
}

static void act(struct simulation *simulation, int index)
{
	struct truth_canary *canary = &simulation->truth.canaries[index];
	struct dice *dice = &simulation->people.dice;
	int deed = dice_pick(dice, deed_weights, DEED_MAX);
	int quality = dice_pick(dice, quality_weights, QUALITY_MAX);

	if (!canary->is_there) {
		create(simulation, canary);
		return;
	}
	switch (deed) {
	case DEED_REVERT:
		truth_revert(canary, (int)dice_between(dice, 0, canary->n_tags - 1));
		truth_excuse(canary, "an earlier version came again");
		write_target(simulation, canary);
		break;
	case DEED_DELETE:
		delete (simulation, canary);
		break;
	default:
		truth_push(canary, (enum quality)quality);
		write_target(simulation, canary);
		break;
	}
}

/* Most wait until the run is over; some come in its midst. */
static struct span pause_before_next(struct people *people)
{
	return dice_chance(&people->dice, 0.25)
	               ? span_ms(dice_between(&people->dice, 100, 30000))
	               : span_ms(dice_between(&people->dice, 60000, 200000));
}

static void on_deed(struct alarm *alarm)
{
	struct people_team *team = container_of(alarm, struct people_team, next);
	struct simulation *simulation = team->simulation;

	if (team->n_left == 0 || !faults_deed(&simulation->faults, sim_loop_now(simulation->loop)))
		return;
	team->n_left--;
	act(simulation, team->canary);
	alarm_start(sim_loop_seam(simulation->loop), alarm, pause_before_next(&simulation->people));
}

static void settle(struct simulation *simulation, struct truth_canary *canary)
{
	char *deployment = truth_deployment(canary);
	char *ingress = truth_ingress(canary);

	simulation_write(simulation, "people", HTTP_POST,
	                 "/apis/apps/v1/namespaces/shop/deployments", deployment);
	simulation_write(simulation, "people", HTTP_POST,
	                 "/apis/networking.k8s.io/v1/namespaces/shop/ingresses", ingress);
	create(simulation, canary);
	free(deployment);
	free(ingress);
}

void people_init(struct simulation *simulation)
{
	struct people *people = &simulation->people;

	people->dice = dice_init(simulation->options.seed, "people");
	for (int i = 0; i < simulation->truth.n_canaries; i++) {
		struct people_team *team = &people->teams[i];

		settle(simulation, &simulation->truth.canaries[i]);
		team->simulation = simulation;
		team->canary = i;
		team->n_left = (int)dice_between(&people->dice, DEEDS_MIN, DEEDS_MAX);
		team->next.ring = on_deed;
		alarm_start(sim_loop_seam(simulation->loop), &team->next,
		            pause_before_next(people));
	}
}

void people_fini(struct simulation *simulation)
{
	for (int i = 0; i < FAULT_CANARIES_MAX; i++)
		alarm_cancel(&simulation->people.teams[i].next);
}

void people_weather(struct simulation *simulation)
{
	(void)simulation;
}

bool people_are_done(const struct simulation *simulation)
{
	for (int i = 0; i < simulation->truth.n_canaries; i++) {
		if (simulation->people.teams[i].n_left > 0)
			return false;
	}
	return true;
}
