#include "agent/learn_scaler.h"

#include "agent/learn_slot.h"
#include "analysis/base/text.h"
#include "providers/kube/scaler.h"
#include "providers/kube/tree.h"

#include <string.h>

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
		learn_slot_bury(canary, &scaler->slot, scaler->uid);
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

static bool is_same(const struct canary_scaler *a, const struct canary_scaler *b)
{
	return a->kind == b->kind && (a->kind == SCALER_NONE || strcmp(a->name, b->name) == 0);
}

static struct canary_scaler named_by(const struct canary_spec *spec)
{
	struct canary_scaler named = {.kind = spec->scaler_kind};

	if (named.kind != SCALER_NONE)
		text_copy(named.name, spec->scaler);
	return named;
}

void learn_scaler_policy(struct canary *canary, const json_t *object)
{
	const json_t *spec = kube_tree_find(object, "status/policy/spec");

	if (spec)
		canary->policy_scaler = kube_scaler_named(kube_tree_find(spec, "autoscalerRef"));
}

void learn_scaler_edit(struct canary *canary, const struct canary_edition *old)
{
	struct canary_scaler before = named_by(&old->spec);
	struct canary_scaler now = named_by(&canary->edition->spec);

	if (is_same(&before, &now))
		return;
	if (before.kind != SCALER_NONE)
		canary->left_scaler = before;
	canary->facts.scaler = (struct scaler_fact){0};
	canary->facts.primary_scaler = (struct scaler_fact){0};
	keep(canary, NULL);
}

/* The one to leave; what an edit left comes first. */
static struct canary_scaler former_of(const struct canary *canary)
{
	struct canary_scaler now = named_by(&canary->edition->spec);

	if (canary->left_scaler.kind != SCALER_NONE && !is_same(&canary->left_scaler, &now))
		return canary->left_scaler;
	if (!is_same(&canary->policy_scaler, &now) &&
	    !is_same(&canary->policy_scaler, &canary->done_scaler))
		return canary->policy_scaler;
	return (struct canary_scaler){0};
}

void learn_scaler_note(struct canary *canary)
{
	struct former_scaler_fact *fact = &canary->facts.former_scaler;
	struct canary_scaler former = {0};

	if (canary->facts.has_spec)
		former = former_of(canary);
	if (!is_same(&former, &canary->edition->world.former_scaler))
		*fact = (struct former_scaler_fact){0};
	canary->edition->world.former_scaler = former;
	fact->kind = former.kind;
}

void learn_scaler_left(struct canary *canary)
{
	canary->done_scaler = canary->edition->world.former_scaler;
	canary->left_scaler = (struct canary_scaler){0};
	canary->facts.former_scaler = (struct former_scaler_fact){0};
}
