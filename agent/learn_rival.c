#include "agent/learn_rival.h"

#include "agent/log.h"
#include "agent/metrics.h"
#include "analysis/base/text.h"
#include "analysis/rival.h"
#include "providers/kube/owner.h"

#include <inttypes.h>
#include <string.h>

void learn_rival_wish(struct canary *canary, const struct effect *effect)
{
	if (effect->kind != EFFECT_WRITE_ROUTE)
		return;
	canary->wish = (struct route_wish){
		.is_known = true, .weight = effect->weight, .is_mirrored = effect->is_mirrored};
}

static bool is_changed(const struct route_fact *before, const struct route_fact *now)
{
	return before->weight != now->weight || before->is_mirrored != now->is_mirrored ||
	       (before->is_exact && !now->is_exact);
}

/* It is as we wrote it last, or are writing it. */
static bool is_wished(const struct canary *canary, const struct route_fact *before)
{
	const struct route_fact *now = &canary->facts.route;
	const struct route_wish *wish = &canary->wish;

	if (!wish->is_known)
		return now->is_ours;
	return now->weight == wish->weight && now->is_mirrored == wish->is_mirrored &&
	       (now->is_exact || !before->is_exact);
}

static void count(struct canary *canary, const struct route_fact *before, const json_t *object)
{
	struct route_fact *route = &canary->facts.route;
	struct rival_fact *rival = &route->rival;
	struct instant now = canary_now(canary);
	char by[sizeof(rival->by)];

	if (!instant_is_set(rival->last) || instant_between(rival->last, now).ms >= RIVAL_MEMORY)
		rival->edits = 0;
	rival->edits++;
	rival->last = now;
	if (route->weight < before->weight && before->weight == canary->wish.weight &&
	    canary->wish.is_known)
		rival->lowered_seq = canary->facts.newest.status.seq;
	kube_owner_last_other(object, canary->host->options->field_manager, by, sizeof(by));
	text_copy(rival->by, by);
}

/* Of two objects what differs, into RET_A and RET_B; anything but objects is compared whole. */
static void differ(const json_t *a, const json_t *b, json_t *ret_a, json_t *ret_b)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)a, key, value)
	{
		json_t *other = json_object_get(b, key);

		if (json_equal(value, other))
			continue;
		if (json_is_object(value) && json_is_object(other)) {
			json_t *inner_a = json_object();
			json_t *inner_b = json_object();

			differ(value, other, inner_a, inner_b);
			json_object_set_new(ret_a, key, inner_a);
			json_object_set_new(ret_b, key, inner_b);
			continue;
		}
		json_object_set(ret_a, key, value);
		if (other)
			json_object_set(ret_b, key, other);
	}
	json_object_foreach((json_t *)(uintptr_t)b, key, value)
	{
		if (!json_object_get(a, key))
			json_object_set(ret_b, key, value);
	}
}

static json_t *side_of(const struct route_fact *route, json_t *object)
{
	json_t *side = json_pack("{si}", "weight", route->weight);

	if (route->is_mirrored)
		json_object_set_new(side, "mirrored", json_true());
	if (json_object_size(object) > 0)
		json_object_set(side, "object", object);
	json_decref(object);
	return side;
}

static void keep(struct canary *canary, const struct route_fact *before, const json_t *part)
{
	const struct route_fact *now = &canary->facts.route;
	json_t *was = json_object();
	json_t *is = json_object();

	if (canary->edition->route && part)
		differ(canary->edition->route, part, was, is);
	json_decref(canary->rival_edit);
	canary->rival_edit = json_pack("{sI ss si so so}", "at", (json_int_t)now->rival.last.ms,
	                               "by", now->rival.by, "edits", now->rival.edits, "before",
	                               side_of(before, was), "after", side_of(now, is));
}

static void tell(const struct canary *canary, const struct route_fact *before)
{
	const struct route_fact *now = &canary->facts.route;
	char sentence[SENTENCE_MAX];

	if (now->slot.state == FACT_ABSENT)
		text_format(sentence, sizeof(sentence),
		            "another writer removed the route; the canary's weight was %d",
		            before->weight);
	else if (before->weight == now->weight)
		text_format(sentence, sizeof(sentence),
		            "another writer changed the route; the canary's weight stays %d",
		            now->weight);
	else
		text_format(sentence, sizeof(sentence),
		            "another writer changed the canary's weight from %d to %d",
		            before->weight, now->weight);
	metrics_add(canary->host->metrics, METRIC_SERIN_FOREIGN_EDITS_TOTAL,
	            METRIC_LABELS(canary->edition->spec.target, canary->k8s_namespace), 1);
	log_event(canary->host->log, LOG_WARNING, "route.changed", sentence,
	          LOG_FIELDS({"canary", canary->name}, {"namespace", canary->k8s_namespace},
	                     {"by", now->rival.by}));
}

void learn_rival_compare(struct canary *canary, const struct route_fact *before,
                         const json_t *object, const json_t *part)
{
	struct route_fact *route = &canary->facts.route;

	route->rival = before->rival;
	if (before->slot.state != FACT_KNOWN || strcmp(before->uid, route->uid) != 0)
		return;
	if (before->weight != route->weight && is_wished(canary, before))
		route->rival.lowered_seq = 0;
	if (!is_changed(before, route) || is_wished(canary, before))
		return;
	count(canary, before, object);
	keep(canary, before, part);
	tell(canary, before);
}

void learn_rival_removed(struct canary *canary, const struct route_fact *before)
{
	canary->facts.route.rival = before->rival;
	if (before->slot.state != FACT_KNOWN || canary->facts.is_deleted)
		return;
	count(canary, before, NULL);
	/* It is made anew at once, with the weight that it had: nothing was lowered. */
	canary->facts.route.rival.lowered_seq = before->rival.lowered_seq;
	keep(canary, before, NULL);
	tell(canary, before);
}
