#include "tests/simulation/sim_derive.h"

#include "agent/derive.h"
#include "analysis/base/compiler.h"
#include "analysis/base/text.h"
#include "providers/wire/tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EACH                                                                         \
 4 /* one in so many, by the millisecond: deriving costs as much as an agent's round \
    */

static void derive_again(struct sim_derive *derive, const struct history_round *round,
                         const json_t *facts)
{
	char why[ERR_TEXT_MAX];

	if (!derive->derive)
		derive->derive = derive_new();
	if (derive_round(derive->derive, round, facts, false, why) == DERIVE_SAME)
		return;
	(void)fprintf(stderr, "round %s of %s is decided otherwise: %s\n%s\n%s\n", round->uid,
	              round->canary, why, round->plan, derive_plan(derive->derive));
	abort();
}

static struct history_facts_base *base_of(struct sim_derive *derive, const char *uid)
{
	size_t at = 0;

	while (at < SIM_DERIVE_ROWS && strcmp(derive->rows[at].uid, uid) != 0)
		at++;
	if (at == SIM_DERIVE_ROWS) {
		at = derive->next++ % SIM_DERIVE_ROWS;
		text_copy(derive->rows[at].uid, uid);
	}
	return &derive->rows[at].base;
}

bool sim_derive_round(struct sim_derive *derive, const struct history_round *round, char *why,
                      size_t size)
{
	CLEANUP(tree_freep) json_t *facts = NULL;
	bool is_beginning;
	bool is_last;

	if (!round->base || !*round->base)
		return true; /* some tests make up what is recorded */
	/* The last that a teardown takes away: then the agent forgets the Canary. */
	is_last = strcmp(round->reason, "the Canary is deleted: removing its Releases") == 0;
	if (is_last)
		sim_known_forget(&derive->known, round->canary_uid);
	is_beginning = strstr(round->plan, "\"create release\"") != NULL;
	if (round->decided_at.ms % EACH != 0 && !is_beginning)
		return true;
	if (!history_facts_read_next(base_of(derive, round->canary_uid), round->base, round->facts,
	                             &facts, NULL))
		abort();
	derive_again(derive, round, facts);
	if (is_beginning && !sim_known_begins(facts, round->plan, why, size))
		return false;
	return is_last || sim_known_note(&derive->known, round->canary_uid, facts, why, size);
}

void sim_derive_fini(struct sim_derive *derive)
{
	derive_free(derive->derive);
	for (size_t i = 0; i < SIM_DERIVE_ROWS; i++)
		history_facts_base_fini(&derive->rows[i].base);
	*derive = (struct sim_derive){0};
}
