/* The kinds of workloads that people edit, in words. */
#ifndef ANALYSIS_TARGET_H
#define ANALYSIS_TARGET_H

#include "analysis/spec.h"

/* "Deployment", and in sentences "deployment". */
const char *target_kind_name(enum target_kind kind);
const char *target_kind_word(enum target_kind kind);

/* Find the kind of that name; false: there is none, *ret stays. */
bool target_kind_parse(const char *name, enum target_kind *ret);

#endif
