/* Releases out of a history file: what an agent wrote down of each round, told as runs. */
#ifndef AGENT_COMMAND_COMMAND_EVIDENCE_H
#define AGENT_COMMAND_COMMAND_EVIDENCE_H

#include "agent/command/command_run.h"

struct sqlite3; /* of history_read_open */

#define COMMAND_EVIDENCE_RUNS_MAX 10000 /* releases of one file; more is ERR_LIMIT */

/* Whose rounds are read; NULL: any. */
struct command_evidence_filter {
	const char *k8s_namespace;
	const char *canary;
	const char *release;
};

/*
 * The releases that the rounds of the file at PATH tell of, in no order. Of each only the rounds
 * are looked at that tell how it began, was decided and ended; one that cannot be read is passed
 * over and counted in *ret_n_unreadable.
 */
bool command_evidence_read(const char *path, const struct command_evidence_filter *filter,
                           struct arena *arena, struct command_runs *ret, size_t *ret_n_unreadable,
                           struct err *err);

/* The same from a history that is open. */
bool command_evidence_read_open(struct sqlite3 *db, const struct command_evidence_filter *filter,
                                struct arena *arena, struct command_runs *ret,
                                size_t *ret_n_unreadable, struct err *err);

/* A check of a recorded spec beside its recorded sample: the value, its bounds and what they say.
 */
struct check_result command_evidence_check(const json_t *spec, const json_t *sample);

#endif
