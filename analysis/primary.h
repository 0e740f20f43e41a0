/* Which Release's template the primary runs: told by its annotation flagger-id, the Release's UID.
 */
#ifndef ANALYSIS_PRIMARY_H
#define ANALYSIS_PRIMARY_H

#include "analysis/thought.h"

struct primary_wish {
	const char *release; /* its name, and */
	const char *uid;
	int new_replicas; /* of a primary that must be made */
	int replicas;     /* of one that is there; 0: as they are */
	bool is_retreat;
};

/* The pods of a primary that gets the newest Release's template: the target's, and never fewer than
 * it had when the run began. */
int primary_capacity(const struct thought *thought);

/* Want the primary to run that Release's recorded template; true when it was seen to. */
bool primary_runs(struct thought *thought, const struct primary_wish *wish);

/* During a run: a primary that somebody deleted comes back at once, from the promoted Release. */
void primary_revive(struct thought *thought);

#endif
