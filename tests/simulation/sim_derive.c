#include "tests/simulation/sim_derive.h"

#include "agent/derive.h"
#include "agent/history_facts.h"
#include "analysis/base/compiler.h"
#include "providers/wire/tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EACH                                                                         \
 4 /* one in so many, by the millisecond: deriving costs as much as an agent's round \
    */

static void derive_again(const struct history_round *round, const json_t *facts)
{
	char why[ERR_TEXT_MAX];
	struct derive *derive;

	derive = derive_new();
	if (derive_round(derive, round, facts, false, why) != DERIVE_SAME) {
		(void)fprintf(stderr, "round %s of %s is decided otherwise: %s\n%s\n%s\n",
		              round->uid, round->canary, why, round->plan, derive_plan(derive));
		abort();
	}
	derive_free(derive);
}

bool sim_derive_round(const struct history_round *round, struct sim_known *known, char *why,
                      size_t size)
{
	CLEANUP(tree_freep) json_t *facts = NULL;
	bool is_beginning;

	if (!round->base || !*round->base)
		return true; /* some tests make up what is recorded */
	is_beginning = strstr(round->plan, "\"create release\"") != NULL;
	if (round->decided_at.ms % EACH != 0 && !is_beginning)
		return true;
	(void)history_facts_read(round->base, round->facts, &facts, NULL);
	derive_again(round, facts);
	if (is_beginning && known && !sim_known_begins(facts, round->plan, why, size))
		return false;
	return !known || sim_known_note(known, round->canary_uid, facts, why, size);
}
