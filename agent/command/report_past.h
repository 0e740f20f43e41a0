/* Reports about what was: R03, R12, R14, R18. */
#ifndef AGENT_COMMAND_REPORT_PAST_H
#define AGENT_COMMAND_REPORT_PAST_H

#include "agent/command/report_list.h"

/*
 * A release as a row: namespace, canary, release, cause, started, finished, tookMs, from, to,
 * version, image, imageDigest, commit, repository, author, change, build, outcome, phase, reason,
 * strategy, provider, failedChecks, threshold, by, approvedBy, leadMs. Null is not known.
 */
json_t *report_past_row(const json_t *release, struct instant now, struct arena *arena);

/* What it is called: its version, else the tag of its image. "" when neither is known. */
const char *report_past_version(const json_t *release, struct arena *arena);

/* The release is of that canary; "" is any. */
bool report_past_is_of(const json_t *release, const char *canary);

/* It was promoted, checked or not. */
bool report_past_is_promoted(const json_t *release);

bool report_past_releases(const struct report_source *source, json_t *rows, struct err *err);
bool report_past_approvals(const struct report_source *source, json_t *rows, struct err *err);
bool report_past_delivery(const struct report_source *source, json_t *rows, struct err *err);

#endif
