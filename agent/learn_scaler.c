#include "agent/learn_scaler.h"

#include "agent/learn_slot.h"
#include "providers/kube/scaler.h"

/* What the primary's is compared with; when it changes, that one is looked at anew. */
static void keep(struct canary *canary, const json_t *object)
{
	struct canary_edition *edition = canary->edition;
	json_t *part = object ? json_pack("{s:o*}", "spec",
	                                  json_deep_copy(json_object_get(object, "spec")))
	                      : NULL;

	if (part && json_equal(part, edition->scaler)) {
		json_decref(part);
		return;
	}
	json_decref(edition->scaler);
	edition->scaler = part;
	edition->world.scaler_object = part;
	if (part && canary->facts.primary_scaler.slot.state == FACT_KNOWN)
		canary->facts.primary_scaler.slot.state = FACT_UNKNOWN;
}

void learn_scaler(struct canary *canary, enum subject subject, const json_t *object)
{
	bool is_source = subject == SUBJECT_SCALER;
	struct scaler_fact *scaler =
		is_source ? &canary->facts.scaler : &canary->facts.primary_scaler;

	if (!object) {
		learn_slot_bury(&scaler->slot, scaler->uid);
		*scaler = (struct scaler_fact){.slot = scaler->slot};
		return;
	}
	if (learn_slot_is_gone(&scaler->slot, object) ||
	    learn_slot_is_older(scaler->uid, scaler->resource_version, object))
		return;
	kube_scaler_read(object, &canary->edition->world, subject, scaler);
	if (is_source)
		keep(canary, object);
	learn_slot_known(canary, &scaler->slot);
}
