#include "agent/learn_slot.h"

#include "agent/flight.h"
#include "analysis/base/text.h"

#include <stdlib.h>
#include <string.h>

/* Failures of an item are forgotten when it was well for so long. */
#define FORGIVEN_MS 60000

const char *learn_slot_version(const json_t *object)
{
	const char *version = json_string_value(
		json_object_get(json_object_get(object, "metadata"), "resourceVersion"));

	return version ? version : "";
}

const char *learn_slot_uid(const json_t *object)
{
	const char *uid =
		json_string_value(json_object_get(json_object_get(object, "metadata"), "uid"));

	return uid ? uid : "";
}

bool learn_slot_is_older(const char *known_uid, const char *known_version, const json_t *object)
{
	if (known_version[0] == '\0' || strcmp(known_uid, learn_slot_uid(object)) != 0)
		return false;
	return strtoull(learn_slot_version(object), NULL, 10) < strtoull(known_version, NULL, 10);
}

void learn_slot_known(struct canary *canary, struct fact_slot *slot)
{
	struct instant now = canary_now(canary);

	slot->state = FACT_KNOWN;
	if (slot->failures > 0 && instant_between(slot->retry_at, now).ms > FORGIVEN_MS)
		slot->failures = 0;
	/* That it is seen does not make a write of it go through. */
	if (slot->failures == 0)
		slot->error[0] = '\0';
}

void learn_slot_bury(struct canary *canary, struct fact_slot *slot, const char *uid)
{
	slot->state = FACT_ABSENT;
	if (uid[0] == '\0')
		return;
	text_copy(slot->gone_uid, uid);
	for (size_t i = 0; i < canary->n_flights; i++) {
		const struct effect *effect = flight_effect(canary->flights[i]);

		if (effect->subject != SUBJECT_NONE &&
		    facts_slot(&canary->facts, effect->subject) == slot)
			flight_outrun(canary->flights[i]);
	}
}

bool learn_slot_is_gone(struct fact_slot *slot, const json_t *object)
{
	if (slot->gone_uid[0] == '\0' || strcmp(slot->gone_uid, learn_slot_uid(object)) != 0)
		return false;
	slot->state = FACT_UNKNOWN;
	return true;
}

void learn_slot_answered(struct fact_slot *slot)
{
	slot->gone_uid[0] = '\0';
}
