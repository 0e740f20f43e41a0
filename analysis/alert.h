/*
 * Alerts: sentences for the receivers of analysis.alerts[]. They stand in the Release beside the
 * other notices until each receiver was told or given up, so a crash loses none; nothing waits for
 * them but the next run, and that not for a receiver that did not take the last one.
 */
#ifndef ANALYSIS_ALERT_H
#define ANALYSIS_ALERT_H

#include "analysis/thought.h"

/* Add an alert to a status that will be saved, if the spec has a receiver for it. The oldest gives
 * way where there are ALERTS_MAX. */
void alert_raise(const struct thought *thought, struct release_status *status,
                 enum severity severity, const char *format, ...) PRINTF_LIKE(4, 5);

/* The same of good news that also say what the Canary is: target, deadline, steps. */
void alert_introduce(const struct thought *thought, struct release_status *status,
                     const char *text);

/* Drop the alerts that all were told from a status that will be saved, and tell which receivers
 * were given up. */
void alert_drop(const struct thought *thought, struct release_status *status);

/* Want each receiver told the next alert it was not told yet. */
void alert_tell(struct thought *thought);

/* Save that all alerts were told, when nothing else is to be done. */
void alert_keep(struct thought *thought);

/* Each alert of the newest Release was told, or waits for a receiver that took no earlier one. */
bool alert_is_done(const struct thought *thought);

#endif
