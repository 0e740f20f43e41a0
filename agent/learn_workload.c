#include "agent/learn_workload.h"

#include "agent/learn_config.h"
#include "agent/learn_slot.h"
#include "analysis/base/text.h"
#include "providers/kube/owner.h"
#include "providers/kube/service.h"
#include "providers/kube/service_target.h"
#include "providers/kube/workload.h"

#include <string.h>

static void ask_anew(struct fact_slot *slot)
{
	slot->state = FACT_UNKNOWN;
	slot->failures = 0;
}

/* The label that tells the canary's pods from the primary's; Services must be compared anew when it
 * changes. While the target was not seen, the primary tells it. */
static void learn_label(struct canary *canary, const json_t *object, bool is_target)
{
	struct canary_world *world = &canary->edition->world;
	struct facts *facts = &canary->facts;
	char trimmed[sizeof(world->label_value)];
	const char *label;
	const char *value;
	struct err err = {0};

	if (!is_target && world->label[0] != '\0')
		return;
	if (!kube_workload_label(object, canary->host->options, &label, &value, &err))
		return; /* the target is refused, kube_workload_read says why */
	if (!is_target && !kube_workload_trim(value, trimmed, sizeof(trimmed)))
		return;
	value = is_target ? value : trimmed;
	if (strcmp(world->label, label) == 0 && strcmp(world->label_value, value) == 0)
		return;
	text_copy(world->label, label);
	text_copy(world->label_value, value);
	ask_anew(&facts->apex.slot);
	ask_anew(&facts->primary_service.slot);
	ask_anew(&facts->canary_service.slot);
}

/* Services with discovered ports are compared with the target's containers. */
static void learn_template(struct canary *canary, const json_t *object)
{
	struct canary_edition *edition = canary->edition;
	json_t *template = json_object_get(json_object_get(object, "spec"), "template");

	if (!kube_service_needs_template(&edition->world) ||
	    json_equal(template, edition->target_template))
		return;
	json_decref(edition->target_template);
	edition->target_template = json_deep_copy(template);
	edition->world.target_template = edition->target_template;
	canary->facts.apex.slot.state = FACT_UNKNOWN;
	canary->facts.primary_service.slot.state = FACT_UNKNOWN;
	canary->facts.canary_service.slot.state = FACT_UNKNOWN;
}

static void take(struct canary *canary, enum subject subject, const json_t *object)
{
	bool is_target = subject == SUBJECT_TARGET;
	struct workload_fact *workload = is_target ? &canary->facts.target : &canary->facts.primary;
	struct instant since = workload->ready_since;

	if (!object) {
		learn_slot_bury(canary, &workload->slot, workload->uid);
		*workload = (struct workload_fact){.slot = workload->slot};
		return;
	}
	if (learn_slot_is_gone(&workload->slot, object) ||
	    learn_slot_is_older(workload->uid, workload->resource_version, object))
		return;
	learn_label(canary, object, is_target);
	if (is_target)
		learn_template(canary, object);
	kube_workload_read(object, canary->host->options, is_target, workload);
	if (is_target)
		learn_config_refs(canary, object);
	workload->is_owned = !is_target && kube_owner_is_canary(object, canary->name);
	if (workload->ready > 0)
		workload->ready_since = instant_is_set(since) ? since : canary_now(canary);
	learn_slot_known(canary, &workload->slot);
}

void learn_workload(struct canary *canary, enum subject subject, const json_t *object)
{
	json_t *view;

	if (!object || canary->edition->spec.target_kind != TARGET_SERVICE) {
		take(canary, subject, object);
		return;
	}
	view = kube_service_target_view(&canary->edition->world, object);
	take(canary, subject, view);
	json_decref(view);
}
