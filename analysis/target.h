/* The kinds of workloads that people edit, in words. */
#ifndef ANALYSIS_TARGET_H
#define ANALYSIS_TARGET_H

#include "analysis/spec.h"

/* "Deployment", and in sentences "deployment". */
const char *target_kind_name(enum target_kind kind);
const char *target_kind_word(enum target_kind kind);

#endif
