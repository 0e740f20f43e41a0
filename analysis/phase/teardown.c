/*
 * The Canary is deleted: the target serves again before anything that was made goes (D-5). Nothing
 * of it is garbage collected with the Canary, so a restart half-way finds the rest and goes on. The
 * apex Service stays: clients use it; it selects the target again. A target whose template was
 * rolled back gets no client: the primary keeps serving until somebody puts the target right.
 */
#include "analysis/base/text.h"
#include "analysis/finalizer.h"
#include "analysis/phase/phase.h"
#include "analysis/primary.h"
#include "analysis/scaler.h"
#include "analysis/traffic.h"
#include "analysis/workload.h"

#include <string.h>

/* Want what was made as SUBJECT away; true when it is, or when it is not ours. */
static bool is_gone(struct thought *thought, enum subject subject, const struct fact_slot *slot,
                    const char *uid, bool is_ours)
{
	struct effect effect = {.kind = EFFECT_REMOVE, .subject = subject};

	if (!thought_knows(thought, subject))
		return false;
	if (slot->state == FACT_ABSENT || !is_ours)
		return true;
	text_copy(effect.release_uid, uid);
	thought_want(thought, &effect);
	thought_because(thought, "the Canary is deleted: removing its %s", subject_name(subject));
	return false;
}

/* The route is gone or given back, and what stood with it is gone, too. */
static bool is_route_gone(struct thought *thought)
{
	const struct route_fact *route = &thought->facts->route;
	bool is_ours = route->is_made || route->has_more;

	if (!thought->spec->route.weighs)
		return true;
	if (route->slot.state == FACT_ABSENT && route->has_more)
		return is_gone(thought, SUBJECT_ROUTE, &(struct fact_slot){.state = FACT_KNOWN}, "",
		               true);
	return is_gone(thought, SUBJECT_ROUTE, &route->slot, route->uid, is_ours);
}

/* Where routes lead past the apex, whoever sends requests may go by the one that was there a little
 * longer: what it leads to stays so long. */
static bool is_route_forgotten(struct thought *thought)
{
	const struct route_fact *route = &thought->facts->route;

	if (!thought->spec->route.weighs || !thought->spec->route.names_primary ||
	    thought_passed(thought, route->since, thought->spec->route.hold))
		return true;
	thought_because(thought,
	                "the Canary is deleted: waiting until the route is given back everywhere");
	return false;
}

/* A promotion may have left the primary half-way: it gets its proven template back, unless that
 * could take ready pods away. One that is kept gets it back even where it is ready. */
static void prove_primary(struct thought *thought, bool is_kept)
{
	const struct facts *facts = thought->facts;
	const struct workload_fact *primary = &facts->primary;
	char why[SENTENCE_MAX];

	if (facts->promoted.name[0] == '\0' || facts->newest.name[0] == '\0' ||
	    strcmp(primary->release_uid, release_id(&facts->newest)) != 0 ||
	    strcmp(primary->release_uid, release_ref_id(&facts->promoted)) == 0 ||
	    (primary->may_empty && workload_serves(primary)))
		return;
	if (is_kept || !workload_is_ready(primary, thought->spec->primary_ready_percent, why))
		(void)primary_runs_promoted(thought, PRIMARY_AS_BEFORE, false);
}

/* While the target is not ready clients need the primary. */
static void keep_primary(struct thought *thought)
{
	const struct facts *facts = thought->facts;

	prove_primary(thought, false);
	/* One of ours that selects nobody's pods: a hand that meddled left clients without. */
	if (workload_serves(&facts->primary) && facts->apex.slot.state == FACT_KNOWN &&
	    (!workload_serves(&facts->target) ||
	     (facts->apex.is_ours && facts->apex.backend == BACKEND_NONE)))
		(void)traffic_selects(thought, BACKEND_PRIMARY, false);
}

/* The primary is gone already. By another's hand it may be gone while the target still has the no
 * pods that its last run left it; so may the first one, once clients were led to it. */
static bool has_pods(struct thought *thought)
{
	const struct facts *facts = thought->facts;
	bool is_untouched =
		facts->promoted.name[0] == '\0' && facts->newest.status.phase != PHASE_FINALISING;

	return is_untouched || facts->target.replicas > 0 ||
	       thought_scaled(thought, SUBJECT_TARGET, thought_run_replicas(thought));
}

/* The target has the primary's capacity and is ready, or there is nothing left to bring back. */
static bool is_target_back(struct thought *thought)
{
	const struct facts *facts = thought->facts;
	int capacity = scaler_cap(thought, facts->primary.replicas);
	char why[SENTENCE_MAX];

	if (!scaler_turns(thought, true))
		return false;
	if (facts->target.slot.state == FACT_ABSENT)
		return true;
	if (facts->primary.slot.state == FACT_ABSENT)
		return has_pods(thought);
	if (facts->target.replicas < capacity && !thought_scaled(thought, SUBJECT_TARGET, capacity))
		return false;
	if (facts->target.slot.is_written)
		text_copy(why, "a change of it may be on its way");
	else if (workload_is_ready(&facts->target, thought->spec->canary_ready_percent, why))
		return true;
	keep_primary(thought);
	thought_because(thought, "the Canary is deleted: the target comes back first: %.200s", why);
	return false;
}

/* The target's template was judged and rolled back, and there is a primary that can go on serving.
 */
static bool is_target_bad(struct thought *thought)
{
	const struct facts *facts = thought->facts;
	enum release_outcome ending = facts->newest.status.ending;

	bool is_failed = (ending == OUTCOME_ROLLED_BACK || ending == OUTCOME_FAILED_PROMOTION) &&
	                 facts_is_newest(facts);

	/* So Flagger judged it. */
	if (release_is_found(&facts->newest) &&
	    strcmp(facts->newest.adoption.phase, "Failed") == 0 && facts_is_undone(facts))
		is_failed = !facts_is_promoted(facts);
	if (facts->target.slot.state != FACT_KNOWN || !workload_serves(&facts->primary) ||
	    !is_failed)
		return false;
	prove_primary(thought, true);
	traffic_selects(thought, BACKEND_PRIMARY, false);
	thought_because(
		thought,
		"the Canary is deleted, but %.80s.%.63s has a template that was rolled back: "
		"%.80s keeps serving until the target gets another one",
		thought->spec->target, thought->spec->k8s_namespace, thought->spec->primary);
	return true;
}

/* Services, then the primary; what somebody else made stays. */
static bool are_objects_gone(struct thought *thought)
{
	const struct facts *facts = thought->facts;
	/* Where nothing is promoted yet, it may be of an earlier first run that was superseded. */
	bool is_ours = facts->primary.release_uid[0] != '\0' &&
	               (facts->promoted.name[0] == '\0' ||
	                strcmp(facts->primary.release_uid, release_ref_id(&facts->promoted)) == 0 ||
	                strcmp(facts->primary.release_uid, release_id(&facts->newest)) == 0);
	bool is_clear = is_gone(thought, SUBJECT_CANARY_SERVICE, &facts->canary_service.slot,
	                        facts->canary_service.uid, facts->canary_service.is_ours);

	/* Of a target that is a Service the primary is it. */
	if (thought->spec->target_kind != TARGET_SERVICE)
		is_clear &= is_gone(thought, SUBJECT_PRIMARY_SERVICE, &facts->primary_service.slot,
		                    facts->primary_service.uid, facts->primary_service.is_ours);
	if (thought->spec->scaler_kind != SCALER_NONE)
		is_clear &= is_gone(thought, SUBJECT_PRIMARY_SCALER, &facts->primary_scaler.slot,
		                    facts->primary_scaler.uid, facts->primary_scaler.is_ours);
	is_clear &= is_gone(thought, SUBJECT_PRIMARY, &facts->primary.slot, facts->primary.uid,
	                    is_ours);
	return is_clear;
}

/* The apex Service is its owner's again, who may have had another selector. */
static bool is_apex_restored(const struct service_fact *apex)
{
	return apex->slot.state == FACT_ABSENT ||
	       (!apex->is_ours && apex->backend != BACKEND_PRIMARY);
}

/* The apex Service is the target's again, also of one that is deleted now and comes again: what it
 * selected so far is gone. Then it is given back as it was before it was taken over. */
static bool is_apex_back(struct thought *thought)
{
	const struct service_fact *apex = &thought->facts->apex;
	struct effect effect = {.kind = EFFECT_RESTORE, .subject = SUBJECT_APEX};

	if (apex->slot.state == FACT_KNOWN && apex->backend == BACKEND_PRIMARY &&
	    thought->facts->primary.slot.state != FACT_KNOWN &&
	    !traffic_selects(thought, BACKEND_CANARY, false))
		return false;
	if (apex->slot.state != FACT_KNOWN || !apex->is_ours ||
	    thought->facts->primary.slot.state == FACT_KNOWN)
		return true;
	thought_want(thought, &effect);
	thought_because(thought, "the Canary is deleted: giving its service back");
	return false;
}

/* The only Release is one of which nothing was made: it never got a status, which would also say
 * what its Canary's spec was. */
static bool is_never_begun(const struct facts *facts)
{
	return facts->newest.name[0] != '\0' && facts->n_releases == 1 &&
	       !instant_is_set(facts->newest.status.times.started);
}

/* Neither a Release nor a workload is left, as where the whole namespace goes: nothing is given
 * back. Where there is a workload and no Release, Flagger's garbage collection would take it. What
 * is unknown is read, as always. */
static void let_go(struct thought *thought)
{
	const struct facts *facts = thought->facts;

	if (facts->releases.state == FACT_ABSENT && facts->target.slot.state == FACT_ABSENT &&
	    facts->primary.slot.state == FACT_ABSENT)
		(void)finalizer_gone(thought);
}

void phase_teardown(struct thought *thought)
{
	const struct facts *facts = thought->facts;
	struct effect last = {.kind = EFFECT_REMOVE_RELEASES, .subject = SUBJECT_RELEASES};

	if (!facts->has_spec) {
		if (is_never_begun(facts))
			thought_want(thought, &last);
		return;
	}
	if (facts->newest.name[0] == '\0') {
		let_go(thought);
		return;
	}
	/* A run that was open ends here: its canary gets no request any more. */
	if (!traffic_weighs(thought, 0, true) || !thought_knows(thought, SUBJECT_TARGET) ||
	    !thought_knows(thought, SUBJECT_PRIMARY) || is_target_bad(thought))
		return;
	if (!is_target_back(thought) || !traffic_knows_apex(thought))
		return;
	if (facts->target.slot.state == FACT_KNOWN && facts->apex.slot.state == FACT_KNOWN &&
	    !is_apex_restored(&facts->apex) &&
	    (!traffic_selects(thought, BACKEND_CANARY, false) || !traffic_settled(thought)))
		return;
	if (!is_route_gone(thought) || !is_route_forgotten(thought))
		return;
	if (!are_objects_gone(thought) || !is_apex_back(thought) || !finalizer_gone(thought))
		return;
	thought_want(thought, &last);
	thought_because(thought, "the Canary is deleted: removing its Releases");
}
