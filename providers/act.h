/*
 * An effect of a plan as a conversation: which requests it takes, and what their replies mean. The
 * agent drives the talk (agent/flight.c) and hands the result to the facts.
 */
#ifndef PROVIDERS_ACT_H
#define PROVIDERS_ACT_H

#include "analysis/plan.h"
#include "providers/canary_world.h"
#include "providers/talk.h"

struct measure;

enum act_outcome {
	ACT_NONE,
	ACT_OK,
	ACT_ABSENT,   /* the object is not there (404) */
	ACT_CONFLICT, /* 409, or 422 of a failed JSON-patch test: read it once, decide again */
	ACT_UNKNOWN,  /* a write that may or may not have happened: timeout, lost reply, 5xx */
	ACT_FAILED,   /* no: text says why */
};

/* What an effect led to. Texts and objects live in the talk's arena or in the act. */
struct act_result {
	enum act_outcome outcome;
	json_t *object; /* the subject's object as the last reply shows it; NULL: none. Owned by the
	                   act */
	json_t *beside[TRAFFIC_BESIDE_MAX]; /* of a route: those beside it that were read or
	                                       written, as `object`; null: there is none */
	struct sample_fact sample;          /* of EFFECT_MEASURE and EFFECT_MEASURE_SHARE */
	enum hook_result hook;              /* of EFFECT_ASK_HOOK and EFFECT_TELL_HOOK */
	struct change_fact change;          /* of EFFECT_COMPARE */
	struct config_fact configs;         /* of EFFECT_OBSERVE of SUBJECT_CONFIGS */
	struct span retry_after;            /* the server's wish (429); 0: none */
	char query[2048];        /* of a measurement: the rendered query, cut; for the record */
	char text[SENTENCE_MAX]; /* why it failed, for people: verb, object, answer */
};

/* One effect under way. */
struct act {
	struct talk talk; /* the first member */
	const struct canary_world *world;
	const struct effect *effect;
	struct act_result result;
	json_t *read;            /* what earlier steps of the talk read; owned */
	struct measure *measure; /* of EFFECT_MEASURE; lives in the arena */
};

/*
 * Prepare the conversation for EFFECT. WORLD, EFFECT and ARENA must outlive the act. The talk's
 * TALK_DONE and TALK_FAILED both leave a result; an effect that needs no request is done at the
 * first call of next.
 */
void act_init(struct act *act, const struct canary_world *world, const struct effect *effect,
              struct arena *arena);

/* Give up what the act owns; accepts a zeroed act. */
void act_fini(struct act *act);

#endif
