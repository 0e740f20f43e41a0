#include "tests/analysis/model_scaler.h"

#include "analysis/base/text.h"
#include "tests/analysis/model_tell.h"

void model_autoscale(struct model *model, enum scaler_kind kind)
{
	model->spec.scaler_kind = kind;
	model->spec.scaler = "load";
	model->spec.primary_scaler = "load-primary";
	model->truth.scaler = (struct scaler_fact){
		.slot.state = FACT_KNOWN,
		.least = 1,
		.most = 10,
		.primary_least = 1,
		.primary_most = 10,
	};
	model->truth.primary_scaler.slot.state = FACT_ABSENT;
}

void model_scaler(struct model *model, const struct effect *effect)
{
	struct scaler_fact *primary = &model->truth.primary_scaler;
	char text[64];

	text_format(text, sizeof(text), "%s %d", subject_name(effect->subject), effect->replicas);
	model_write_down(model, effect->kind == EFFECT_SCALE ? "scale" : "scaler", text);
	if (effect->subject == SUBJECT_SCALER) {
		model->truth.scaler.is_pinned = effect->replicas == 0;
		return;
	}
	if (effect->kind == EFFECT_WRITE_SCALER) {
		primary->most = model->truth.scaler.primary_most;
		primary->is_exact = true;
		primary->is_ours = true;
	}
	primary->slot.state = FACT_KNOWN;
	primary->least = effect->replicas;
}

static bool put(struct workload_fact *workload, int replicas)
{
	if (workload->slot.state != FACT_KNOWN || workload->replicas == replicas)
		return false;
	workload->replicas = replicas;
	workload->updated = replicas;
	workload->total = replicas;
	workload->ready = replicas;
	workload->available = replicas;
	return true;
}

/* The target's ScaledObject: pinned, it holds it at no pods; else it wakes it up. */
static bool settle_target(struct model *model)
{
	const struct scaler_fact *scaler = &model->truth.scaler;
	const struct workload_fact *target = &model->truth.target;

	if (model->spec.scaler_kind != SCALER_KEDA || scaler->slot.state != FACT_KNOWN)
		return false;
	if (scaler->is_pinned)
		return put(&model->truth.target, 0);
	if (target->slot.state != FACT_KNOWN || target->replicas > 0)
		return false;
	model->n_woken++;
	return put(&model->truth.target, 1);
}

static bool settle_primary(struct model *model)
{
	const struct scaler_fact *primary = &model->truth.primary_scaler;
	int wanted = model->primary_load;

	if (wanted == 0 || primary->slot.state != FACT_KNOWN || model->primary_ready_ms != 0)
		return false;
	wanted = wanted > primary->most ? primary->most : wanted;
	wanted = wanted < primary->least ? primary->least : wanted;
	return put(&model->truth.primary, wanted);
}

bool model_scaler_settle(struct model *model)
{
	bool has_moved = settle_target(model);

	return settle_primary(model) || has_moved;
}
