/*
 * One thought of `decide`: the spec and the facts it looks at, and the plan it fills.
 *
 * The functions here are the vocabulary in which guards and phases are written. A wish is put into
 * the plan only when the effects on its subject are not resting after a failure; else the plan
 * wakes when the rest is over.
 */
#ifndef ANALYSIS_THOUGHT_H
#define ANALYSIS_THOUGHT_H

#include "analysis/plan.h"

/* What becomes of the Action that is next to be answered. */
enum ruling_kind {
	RULING_NONE,    /* there is no Action, or something must be known first */
	RULING_ACT,     /* it is to be carried out, by a write of the Release */
	RULING_DONE,    /* it was, or nothing needs to be done for it */
	RULING_REFUSED, /* the text says why */
};

struct ruling {
	enum ruling_kind kind;
	char text[SENTENCE_MAX]; /* the answer, of the last two */
};

struct thought {
	const struct canary_spec *spec;
	const struct facts *facts;
	struct plan *plan;
	bool is_newer;    /* the target has a revision that no Release knows */
	bool is_unsure;   /* … or so it may be: the comparison is not answered yet */
	bool is_reverted; /* the target has the promoted template again while a run of another one
	                     is open */
	struct ruling ruling;
};

/* Set the plan's reason; the first one stands. Returns true, so that a guard can return it. */
bool thought_because(struct thought *thought, const char *format, ...) PRINTF_LIKE(2, 3);

/* Nothing moves forward on pods of a template that was not compared yet; false, and why, where that
 * is so. */
bool thought_is_sure(struct thought *thought);

/* Look again at that time at the latest. */
void thought_wake(struct thought *thought, struct instant at);

/* Want an effect; a later wish to write the same subject in the same way replaces the earlier one.
 */
void thought_want(struct thought *thought, const struct effect *effect);

/* Want the subject to be read once, consistently. */
void thought_observe(struct thought *thought, enum subject subject);

/* Ask for what is unknown or failed about the subject; true when it is known or known to be absent.
 */
bool thought_knows(struct thought *thought, enum subject subject);

/* Time since an instant; 0 when it is not set. */
struct span thought_since(const struct thought *thought, struct instant instant);

/* DURATION has passed since FROM; else the plan wakes when it has. */
bool thought_passed(struct thought *thought, struct instant from, struct span duration);

/* The open run's status as it would be saved next: seq one higher, delivered notices dropped. */
struct release_status thought_next_status(const struct thought *thought);

/* Add a notice to a status that will be saved. */
void thought_notice(struct release_status *status, bool is_warning, const char *format, ...)
	PRINTF_LIKE(3, 4);

/* Save a status of the newest Release. */
void thought_save(struct thought *thought, const struct release_status *status, bool is_retreat);

/* No change of SUBJECT is on its way, which may yet take effect: pods that were asked for come, and
 * what ends here would leave them behind; or those of the run that begins go. */
bool thought_is_answered(struct thought *thought, enum subject subject);

/* The capacity that the primary, or the target while it is analysed, should have. */
int thought_run_replicas(const struct thought *thought);

/* What the newest Release says is known, and no save of it is on its way, which may end its run. */
bool thought_is_saved(struct thought *thought);

/* Want the target, or the primary, at REPLICAS; true when it is wanted so already. A target whose
 * template may be a newer revision keeps its pods until that is known. (KEDA scales the primary
 * itself.) */
bool thought_scaled(struct thought *thought, enum subject subject, int replicas);

/* The effect that makes the next Release, of the target's template; its configs are the caller's.
 */
struct effect thought_release(const struct thought *thought, enum release_cause cause);

#endif
