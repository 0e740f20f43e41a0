#include "tests/simulation/usurper.h"

#include "analysis/base/text.h"
#include "tests/simulation/simulation.h"

#include <string.h>

#define LEASE      "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/flagger-leader-election"
#define NAME       "flagger-0"
#define HOLD_MS    40000
#define RENEW_MS   3000
#define DURATION_S 15

static const json_t *find_lease(struct simulation *simulation)
{
	return apiserver_find(simulation->server, "leases", "kube-system",
	                      "flagger-leader-election");
}

static const char *text_of(const json_t *lease, const char *part, const char *field)
{
	const char *text = json_string_value(json_object_get(json_object_get(lease, part), field));

	return text ? text : "";
}

/* An edit of the Lease that names us, or another renewal. */
static bool claim(struct simulation *simulation, const char *who)
{
	char body[256];
	char now[INSTANT_TEXT_MAX];

	text_format(body, sizeof(body),
	            "{\"spec\":{\"holderIdentity\":\"" NAME
	            "\",\"leaseDurationSeconds\":%d,\"renewTime\":\"%.19s.000000Z\"}}",
	            DURATION_S, instant_format(sim_loop_now(simulation->loop), now));
	return simulation_write(simulation, who, HTTP_PATCH, LEASE, body);
}

static void begin(struct simulation *simulation)
{
	struct usurper *usurper = &simulation->usurper;
	struct dice *dice = &simulation->faults.dice;
	struct instant now = sim_loop_now(simulation->loop);

	usurper->until = instant_after(now, span_ms(dice_between(dice, 0, HOLD_MS)));
	usurper->renew_at = instant_after(now, span_ms(RENEW_MS));
}

/* It holds the Lease: renew it, until it has enough. */
static void hold(struct simulation *simulation, const json_t *lease)
{
	struct usurper *usurper = &simulation->usurper;
	struct instant now = sim_loop_now(simulation->loop);

	if (strcmp(text_of(lease, "spec", "holderIdentity"), NAME) != 0 ||
	    !instant_is_before(now, usurper->until) || simulation->faults.is_calm) {
		usurper->until = (struct instant){0};
		return;
	}
	if (instant_is_before(now, usurper->renew_at))
		return;
	usurper->renew_at = instant_after(now, span_ms(RENEW_MS));
	claim(simulation, NAME);
}

/* Since when has it been as it is? */
static void look(struct simulation *simulation, const json_t *lease)
{
	struct usurper *usurper = &simulation->usurper;
	const char *version = text_of(lease, "metadata", "resourceVersion");

	if (strcmp(version, usurper->seen) == 0)
		return;
	text_copy(usurper->seen, version);
	usurper->seen_at = sim_loop_now(simulation->loop);
}

static bool is_free(const struct simulation *simulation, const json_t *lease)
{
	const struct usurper *usurper = &simulation->usurper;
	int64_t duration = json_integer_value(
		json_object_get(json_object_get(lease, "spec"), "leaseDurationSeconds"));
	struct instant end = instant_after(usurper->seen_at, span_seconds(duration));

	return text_of(lease, "spec", "holderIdentity")[0] == '\0' ||
	       instant_is_before(end, sim_loop_now(simulation->loop));
}

/*
 * People do what no agent can know of before its next renewal: what the old holder writes within
 * its own time is not its fault.
 */
static void meddle(struct simulation *simulation, const json_t *lease)
{
	struct instant now = sim_loop_now(simulation->loop);

	simulation->witness.lease_excused_until = instant_after(now, span_seconds(DURATION_S));
	text_copy(simulation->witness.lease_excused, text_of(lease, "spec", "holderIdentity"));
	if (dice_chance(&simulation->faults.dice, 0.3))
		simulation_write(simulation, "people", HTTP_DELETE, LEASE, NULL);
	else if (claim(simulation, "people"))
		begin(simulation);
}

void usurper_weather(struct simulation *simulation)
{
	struct usurper *usurper = &simulation->usurper;
	struct instant now = sim_loop_now(simulation->loop);
	const json_t *lease = find_lease(simulation);

	if (!lease)
		return;
	if (instant_is_set(usurper->until)) {
		hold(simulation, lease);
		return;
	}
	look(simulation, lease);
	if (is_free(simulation, lease)) {
		if (faults_strike(&simulation->faults, FAULT_USURPED, -1, now) &&
		    claim(simulation, NAME))
			begin(simulation);
		return;
	}
	if (!instant_is_before(now, simulation->witness.lease_excused_until) &&
	    faults_strike(&simulation->faults, FAULT_USURPED, -1, now))
		meddle(simulation, lease);
}
