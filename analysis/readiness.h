/* Readiness against the agent's own deadline: since when something is not ready is kept in the
 * Release. */
#ifndef ANALYSIS_READINESS_H
#define ANALYSIS_READINESS_H

#include "analysis/thought.h"

enum readiness {
	READINESS_UNKNOWN, /* not seen; nothing to do but look */
	READINESS_READY,
	READINESS_WAITING, /* not ready; the deadline runs */
	READINESS_LATE,    /* not ready, and the deadline has passed; asked for after it */
};

/*
 * The readiness of the primary and, when WITH_CANARY, of the target and of the route, which is
 * ready when what routes has taken it in. RET_WHY (size SENTENCE_MAX)
 * says what is not ready. While waiting, `times.not_ready_since` of the Release is set by a save
 * and the plan wakes at the deadline; when ready again, a save clears it, and until that is
 * observed the answer is READINESS_WAITING.
 */
enum readiness readiness_check(struct thought *thought, bool with_canary, char *ret_why);

/*
 * Before the canary has pods, which the cluster refuses again and again, as admission does: that
 * counts as not ready, and the deadline runs. READINESS_UNKNOWN: it was not refused. RET_WHY has
 * the cluster's own words.
 */
enum readiness readiness_refused(struct thought *thought, char *ret_why);

/*
 * Before the canary's pods are asked for: the deadline is theirs. When something else took of it, a
 * route that was not ours or an agent that was away, it begins anew by a save;
 * until that is observed the answer is false, and they are not asked for.
 */
bool readiness_begins(struct thought *thought);

/*
 * Before a promotion makes a primary that is gone: the time that the one before it took is not its
 * own. A save forgets that time; until it is observed the answer is false, and none is made.
 */
bool readiness_forgets(struct thought *thought);

/* Before the canary has pods: the route was not taken in within the deadline. RET_WHY as above. */
bool readiness_is_route_late(struct thought *thought, char *ret_why);

#endif
