/*
 * The tables of what `decide` gets and answers. A new member of one of these structures needs a row
 * in its table, or the decision cannot be derived again: tests/providers/test_record.c says which.
 */
#ifndef PROVIDERS_RECORD_SHAPES_H
#define PROVIDERS_RECORD_SHAPES_H

#include "providers/record.h"

/* struct facts, struct canary_spec, struct effect, and parts of them that are used alone */
extern const struct record_shape record_facts_shape;
extern const struct record_shape record_spec_shape;
extern const struct record_shape record_plan_effect;
extern const struct record_shape record_release_shape;
extern const struct record_shape record_release_ref;
extern const struct record_shape record_release_status;
extern const struct record_shape record_release_notice;
extern const struct record_shape record_release_action;
extern const struct record_shape record_release_adoption;
extern const struct record_shape record_release_cookies;
extern const struct record_shape record_facts_cookies;
extern const struct record_shape record_facts_sample;

/* Words that more than one table has. */
extern const struct record_words record_spec_scalers;
extern const struct record_words record_release_outcomes;
extern const struct record_words record_release_causes;
extern const struct record_words record_release_verbs;
extern const struct record_words record_release_hooks;
extern const struct record_words record_release_results;
extern const struct record_words record_release_severities;
extern const struct record_words record_facts_backends;

#endif
