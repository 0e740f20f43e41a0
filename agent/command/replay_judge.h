/*
 * One recorded release judged anew by another policy. `decide` itself judges: it gets the facts of
 * each recorded check, with the new spec, and with the weight, the iteration and the counters where
 * the new policy would have them. What was not recorded is not guessed: then the end is unknown.
 */
#ifndef AGENT_COMMAND_REPLAY_JUDGE_H
#define AGENT_COMMAND_REPLAY_JUDGE_H

#include "agent/command/command_run.h"
#include "agent/command/replay_policy.h"
#include "agent/history_read.h"

#define REPLAY_JUDGE_CHECKS_MAX 2000 /* of one release; more is ERR_LIMIT */

enum replay_end {
	REPLAY_NONE,
	REPLAY_PROMOTED,
	REPLAY_ROLLED_BACK,
	REPLAY_UNKNOWN, /* what would tell was not recorded */
};

struct replay_verdict {
	enum replay_end end;
	struct instant at; /* of the check that tells; of an unknown end, the last one judged */
	int weight;        /* of the canary then, under the new policy */
	size_t n_checks;   /* judged */
	bool is_elsewhere; /* some samples were taken at another weight than they are judged for */
	bool is_assumed;   /* some query is not known to be the one that was asked */
	char reason[SENTENCE_MAX]; /* why it ends so, or what is not known */
};

/* "promoted", "rolled_back", "unknown" */
const char *replay_judge_word(enum replay_end end);

/* Judge RUN, which is over, by POLICY from the history DB. */
bool replay_judge(sqlite3 *db, const struct replay_policy *policy, const struct command_run *run,
                  struct replay_verdict *ret, struct err *err);

#endif
