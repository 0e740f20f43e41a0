#include "agent/learn_config.h"

#include "agent/journal.h"
#include "agent/learn.h"
#include "agent/learn_slot.h"
#include "analysis/base/text.h"
#include "providers/kube/config.h"
#include "providers/kube/tree.h"

#include <string.h>

void learn_config(struct canary *canary, const struct config_fact *configs)
{
	struct config_fact *fact = &canary->facts.configs;

	text_copy(fact->template, configs->template);
	text_copy(fact->digest, configs->digest);
	fact->slot.failures = 0;
	learn_slot_known(canary, &fact->slot);
	/* The target changed meanwhile, and its watch is late. */
	if (strcmp(fact->template, canary->facts.target.digest) != 0)
		learn_doubt(canary, SUBJECT_TARGET);
}

void learn_config_refs(struct canary *canary, const json_t *object)
{
	const struct workload_fact *target = &canary->facts.target;
	const json_t *template = kube_tree_find(object, "spec/template");

	if (target->has_configs && canary->config_refs &&
	    strcmp(canary->config_refs_of, target->digest) == 0)
		return;
	json_decref(canary->config_refs);
	canary->config_refs = NULL;
	text_copy(canary->config_refs_of, target->digest);
	if (target->has_configs)
		(void)kube_config_list(template, &canary->config_refs, NULL);
}

static bool is_of_kind(const json_t *reference, enum kube_kind kind)
{
	return strcmp(kube_tree_text(reference, "kind"), kube_api_kind(kind)) == 0;
}

/* The target refers to NAME (NULL: to any) of KIND. */
static bool refers(const struct canary *canary, enum kube_kind kind, const char *name)
{
	for (size_t i = 0; i < json_array_size(canary->config_refs); i++) {
		const json_t *reference = json_array_get(canary->config_refs, i);

		if (is_of_kind(reference, kind) &&
		    (!name || strcmp(kube_tree_text(reference, "name"), name) == 0))
			return true;
	}
	return false;
}

void learn_config_watch(struct canary *canary)
{
	static const enum kube_kind kinds[] = {KUBE_CONFIG_MAP, KUBE_SECRET};
	const struct canary_host *host = canary->host;
	bool is_watched = json_array_size(canary->config_refs) > 0;

	for (size_t i = 0; i < array_length(kinds); i++) {
		if (refers(canary, kinds[i], NULL))
			is_watched &= host->covers(host->user, canary->k8s_namespace, kinds[i]);
	}
	canary->facts.configs.is_watched = is_watched;
}

/* A look that is under way may have missed the change. */
static void cancel_look(struct canary *canary)
{
	size_t kept = 0;

	for (size_t i = 0; i < canary->n_flights; i++) {
		struct flight *flight = canary->flights[i];
		const struct effect *effect = flight_effect(flight);

		if (effect->kind != EFFECT_OBSERVE || effect->subject != SUBJECT_CONFIGS) {
			canary->flights[kept++] = flight;
			continue;
		}
		journal_answer(canary, flight, NULL);
		flight_free(flight);
	}
	canary->n_flights = kept;
}

void learn_config_change(struct canary *canary, enum kube_kind kind, const char *name)
{
	if (!refers(canary, kind, name))
		return;
	cancel_look(canary);
	learn_doubt(canary, SUBJECT_CONFIGS);
	canary_stir(canary);
}

void learn_config_failure(struct canary *canary, const struct effect *effect)
{
	if (effect->kind == EFFECT_CREATE_RELEASE || effect->kind == EFFECT_CREATE_PRIMARY ||
	    effect->kind == EFFECT_WRITE_PRIMARY)
		learn_doubt(canary, SUBJECT_CONFIGS);
}
