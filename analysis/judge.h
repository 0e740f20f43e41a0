/* Values against bounds: the verdict of each check, and of all of them. */
#ifndef ANALYSIS_JUDGE_H
#define ANALYSIS_JUDGE_H

#include "analysis/facts.h"

/*
 * The verdict of one check (canary-controller contract, section 4.3): both bounds are inclusive; no
 * data is a verdict of its own unless the spec says that it fails. VERDICT_UNKNOWN while the sample
 * is none.
 */
enum verdict judge_sample(const struct canary_spec *spec, const struct check_spec *check,
                          const struct sample_fact *sample);

/* The value beside its bounds, as the Release keeps it. */
struct check_result judge_result(const struct canary_spec *spec, const struct check_spec *check,
                                 const struct sample_fact *sample);

/* What all checks that are due at CHECK say together. */
struct judgement {
	enum verdict verdict; /* fail as soon as one fails; else unknown while one is missing; else
	                         the worst */
	size_t worst;         /* the check that decides it */
};
struct judgement judge_all(const struct canary_spec *spec, const struct facts *facts,
                           struct instant check);

/* Why a check does not pass, in Flagger's words, into RET (size SENTENCE_MAX); "" when it passes.
 */
void judge_explain(const struct canary_spec *spec, const struct check_spec *check,
                   const struct sample_fact *sample, char *ret);

#endif
