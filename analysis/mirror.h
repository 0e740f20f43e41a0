/* What Canary.status should say: a function of the Releases, in Flagger's words. */
#ifndef ANALYSIS_MIRROR_H
#define ANALYSIS_MIRROR_H

#include "analysis/thought.h"

/* The status that the facts call for. */
struct mirror mirror_of(const struct canary_spec *spec, const struct facts *facts);

/* Flagger's phase, as hooks are told it. Lives as long as FACTS. */
const char *mirror_phase(const struct canary_spec *spec, const struct facts *facts);

/* Want Canary.status written when it differs, and the newest Release's notices delivered,
 * to event hooks, too. */
void mirror_keep(struct thought *thought);

#endif
