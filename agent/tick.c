#include "agent/tick.h"

#include "agent/journal.h"
#include "agent/learn.h"
#include "agent/learn_config.h"
#include "agent/learn_hook.h"
#include "agent/learn_rival.h"
#include "agent/learn_scaler.h"
#include "agent/learn_slot.h"
#include "agent/metrics.h"
#include "agent/poison.h"
#include "analysis/base/text.h"
#include "analysis/decide.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#define GATE_MS 1000 /* how long forward changes wait for the disk */

/* The effect under way that is the same as WANTED, or NULL. */
static struct flight *find(struct canary *canary, const struct effect *wanted)
{
	for (size_t i = 0; i < canary->n_flights; i++) {
		if (effect_is_same(flight_effect(canary->flights[i]), wanted))
			return canary->flights[i];
	}
	return NULL;
}

static bool is_wanted(const struct plan *plan, const struct effect *effect)
{
	for (size_t i = 0; i < plan->n_effects; i++) {
		if (effect_is_same(&plan->effects[i], effect))
			return true;
	}
	return false;
}

static bool has_kind(const struct plan *plan, enum effect_kind kind)
{
	for (size_t i = 0; i < plan->n_effects; i++) {
		if (plan->effects[i].kind == kind)
			return true;
	}
	return false;
}

/* A hook of the newest Release was called: when the world only comes first for a while, it is left
 * to its end instead of being called again. One at a time: a plan that calls another takes it back.
 */
static bool is_called_on(const struct canary *canary, const struct plan *plan,
                         const struct effect *effect)
{
	if (effect->kind != EFFECT_TELL_HOOK && effect->kind != EFFECT_ASK_HOOK)
		return false;
	return !canary->facts.is_deleted &&
	       strcmp(effect->release_uid, canary->facts.newest.uid) == 0 &&
	       !has_kind(plan, effect->kind);
}

/*
 * Cancel what the plan no longer wants. A write that left is only cancelled when another takes its
 * place, and its outcome is unknown then; else it is left to its end: mostly its effect was seen
 * before its reply came. True when an outcome became unknown.
 */
static bool cancel_unwanted(struct canary *canary, const struct plan *plan)
{
	size_t kept = 0;
	bool is_stale = false;

	for (size_t i = 0; i < canary->n_flights; i++) {
		struct flight *flight = canary->flights[i];

		if (is_wanted(plan, flight_effect(flight)) ||
		    is_called_on(canary, plan, flight_effect(flight)) ||
		    (flight_has_written(flight) &&
		     !plan_changes(plan, flight_effect(flight)->subject))) {
			canary->flights[kept++] = flight;
			continue;
		}
		if (flight_has_written(flight)) {
			learn_doubt(canary, flight_effect(flight)->subject);
			is_stale = true;
		}
		journal_answer(canary, flight, NULL);
		flight_free(flight);
	}
	canary->n_flights = kept;
	return is_stale;
}

static void learn(struct canary *canary, const struct flight *flight,
                  const struct act_result *result)
{
	const struct effect *effect = flight_effect(flight);

	if (result->object && !flight_is_outrun(flight))
		learn_slot_answered(facts_slot(&canary->facts, effect->subject));
	learn_result(canary, effect, result);
}

static void on_landed(void *user, struct flight *flight, const struct act_result *result)
{
	struct canary *canary = user;
	size_t at = 0;

	while (canary->flights[at] != flight)
		at++;
	canary->flights[at] = canary->flights[--canary->n_flights];
	journal_answer(canary, flight, result);
	if (flight_is_left(flight))
		facts_slot(&canary->facts, flight_effect(flight)->subject)->state = FACT_UNKNOWN;
	else
		learn(canary, flight, result);
	flight_free(flight);
	canary_stir(canary);
}

static void on_acked(void *user, const char *uid)
{
	tick_release(user, uid);
}

/* What the Releases written from now on witness: the evidence as far as it is on disk. */
static void take_anchor(struct canary *canary)
{
	struct canary_anchor *anchor = &canary->edition->world.anchor;
	struct history_anchor newest;

	if (!history_anchor(canary->host->history, &newest))
		return;
	text_copy(anchor->chain, newest.chain);
	text_copy(anchor->hash, newest.hash);
	anchor->seq = newest.seq;
}

void tick_release(struct canary *canary, const char *round)
{
	bool is_waiting = false;

	take_anchor(canary);
	for (size_t i = 0; i < canary->n_flights; i++) {
		struct flight *flight = canary->flights[i];

		if (!flight_is_gated(flight))
			continue;
		if (round && strcmp(flight_round(flight), round) != 0) {
			is_waiting = true;
			continue;
		}
		if (!round) {
			metrics_add(canary->host->metrics, METRIC_SERIN_HISTORY_GAPS_TOTAL,
			            METRIC_NO_LABELS, 1);
			history_gap(canary->host->history, flight_round(flight),
			            loop_now(canary->host->seams.loop));
		}
		flight_release(flight);
	}
	if (!is_waiting)
		alarm_cancel(&canary->gate);
}

static bool is_forward_change(const struct effect *effect)
{
	return !effect_is_question(effect) && !effect->is_retreat;
}

/* Start one effect; forward changes wait for the record. */
static void begin(struct canary *canary, const struct effect *effect)
{
	bool is_gated = is_forward_change(effect);
	struct flight *flight;

	take_anchor(canary);
	assert(canary->n_flights < CANARY_FLIGHTS_MAX);
	flight = flight_start(&canary->host->seams, &canary->edition->world, effect, is_gated,
	                      on_landed, canary);
	text_format(flight_round(flight), ROUND_UID_MAX, "%s", canary->round);
	learn_rival_wish(canary, effect);
	canary->flights[canary->n_flights++] = flight;
	if (is_gated && !canary->gate.loop)
		alarm_start(canary->host->seams.loop, &canary->gate, span_ms(GATE_MS));
}

/* Start what is not under way yet, as one recorded round. */
static void begin_new(struct canary *canary, const struct plan *plan)
{
	bool is_recorded = false;

	for (size_t i = 0; i < plan->n_effects; i++) {
		if (find(canary, &plan->effects[i]))
			continue;
		if (!is_recorded) {
			text_format(canary->round, sizeof(canary->round),
			            "%013" PRIx64 "-%06" PRIx64 "-%08" PRIx64,
			            (uint64_t)canary->facts.now.ms, canary->n_rounds++ & 0xFFFFFF,
			            loop_random(canary->host->seams.loop) & 0xFFFFFFFF);
			journal_round(canary, plan, on_acked, canary);
			is_recorded = true;
		}
		journal_effect(canary, &plan->effects[i]);
		begin(canary, &plan->effects[i]);
	}
}

static void sleep_until(struct canary *canary, struct instant wake)
{
	canary->wake = wake;
	if (!instant_is_set(wake)) {
		alarm_cancel(&canary->think);
		return;
	}
	alarm_start(canary->host->seams.loop, &canary->think,
	            instant_between(canary->facts.now, wake));
}

/* Deleted, and nothing of it is left: that none of its Releases is known proves nothing before they
 * were read. */
static bool is_finished(const struct canary *canary, const struct plan *plan)
{
	const struct facts *facts = &canary->facts;

	if (!facts->is_deleted || canary->n_flights > 0)
		return false;
	if (!facts->has_spec)
		return plan->n_effects == 0 && !instant_is_set(plan->wake);
	return facts->newest.name[0] == '\0' && facts->releases.state == FACT_ABSENT;
}

/* Which objects have writes that left and are not answered. */
static void note_writes(struct canary *canary)
{
	for (enum subject subject = SUBJECT_CANARY; subject < SUBJECT_MAX; subject++)
		facts_slot(&canary->facts, subject)->is_written = false;
	for (size_t i = 0; i < canary->n_flights; i++) {
		const struct effect *effect = flight_effect(canary->flights[i]);

		if (flight_has_written(canary->flights[i]) && effect->subject != SUBJECT_NONE)
			facts_slot(&canary->facts, effect->subject)->is_written = true;
	}
}

/* Where cookies are to be made: a value that nobody had yet, until it stands in a Release. */
static void draw(struct canary *canary)
{
	struct loop *loop = canary->host->seams.loop;
	struct facts *facts = &canary->facts;
	uint64_t high;
	uint64_t low;

	if (!canary->edition->spec.affinity.cookie ||
	    (facts->draw[0] && !cookie_is_drawn(&facts->newest.status.cookies, facts->draw)))
		return;
	high = loop_random(loop);
	low = loop_random(loop);
	text_format(facts->draw, sizeof(facts->draw), "%016" PRIx64 "%016" PRIx64, high, low);
}

/* An answer that came is learnt before anything is decided: whatever stirred the canary in the same
 * turn of the loop, it is not thrown away with its question. A write is never thrown away so: its
 * object is read again. */
static void land_answered(struct canary *canary)
{
	for (size_t i = 0; i < canary->n_flights;) {
		struct flight *flight = canary->flights[i];

		/* The last one takes the place of one that lands. */
		if (effect_is_question(flight_effect(flight)) && flight_is_over(flight))
			flight_land(flight);
		else
			i++;
	}
}

void tick_think(struct canary *canary)
{
	const struct canary_host *host = canary->host;
	struct plan plan = {.effects = host->scratch};

	if (!host->is_leading(host->user) || canary->is_partial || !canary->edition ||
	    canary_is_left(canary))
		return;
	land_answered(canary);
	canary_settle(canary);
	canary->facts.now = canary_now(canary);
	draw(canary);
	learn_config_watch(canary);
	learn_scaler_note(canary);
	learn_hook_step(canary);
	note_writes(canary);
	poison_enter(host->poison, canary->k8s_namespace, canary->name);
	decide(&canary->edition->spec, &canary->facts, &plan);
	metrics_add(host->metrics, METRIC_SERIN_DECISIONS_TOTAL, METRIC_NO_LABELS, 1);
	if (cancel_unwanted(canary, &plan)) {
		note_writes(canary);
		decide(&canary->edition->spec, &canary->facts, &plan);
	}
	poison_leave(host->poison);
	journal_reason(canary, &plan);
	sleep_until(canary, plan.wake);
	begin_new(canary, &plan);
	if (is_finished(canary, &plan))
		host->finished(host->fleet, canary);
}
