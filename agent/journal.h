/*
 * The record of a canary's rounds: what `decide` got and answered, what was begun and what came of
 * it, as JSON for the history. It only tells; nothing is read back.
 */
#ifndef AGENT_JOURNAL_H
#define AGENT_JOURNAL_H

#include "agent/canary.h"
#include "analysis/plan.h"

/* A plan that begins something: spec, facts and plan. ACKED is called when it is on disk. */
void journal_round(struct canary *canary, const struct plan *plan,
                   void (*acked)(void *user, const char *uid), void *user);

/* An effect of the round canary->round is begun. */
void journal_effect(struct canary *canary, const struct effect *effect);

/* An effect ended: RESULT, or NULL when it was cancelled. */
void journal_answer(struct canary *canary, struct flight *flight, const struct act_result *result);

/* Keep the plan's reason; a new one is logged once. */
void journal_reason(struct canary *canary, const struct plan *plan);

/* What stands beside the facts of a record: what another hand changed, … */
#define JOURNAL_EDITED "edited"

/* … and, in the first round of a run, its Release as it was made, with the rules that it began
 * under: template, configs by their digest and where it comes from are known from the history when
 * the cluster has it no more. */
#define JOURNAL_MADE "made"

/* The newest Release was seen, as served. */
void journal_release(struct canary *canary, const json_t *object);

/* Take off FACTS what stands beside them. */
void journal_strip(json_t *facts);

/* The plan as JSON, with a digest of all of it; owned by the caller. */
json_t *journal_plan(const struct plan *plan);

#endif
