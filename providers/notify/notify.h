/* The rows of notifier.c's table; what each sends is its file's. */
#ifndef PROVIDERS_NOTIFY_NOTIFY_H
#define PROVIDERS_NOTIFY_NOTIFY_H

#include "providers/notifier.h"

#define NOTIFIER_SLACK_ROWS 3

extern const struct notifier notifier_slack[NOTIFIER_SLACK_ROWS]; /* and who takes the same */
extern const struct notifier notifier_msteams;
extern const struct notifier notifier_gchat;

#endif
