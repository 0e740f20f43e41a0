/* Releases as a list: in which order people see them, and as docs/schema/history.json has them. */
#ifndef AGENT_COMMAND_COMMAND_RELEASES_H
#define AGENT_COMMAND_COMMAND_RELEASES_H

#include "agent/command/command_choice.h"

/* Keep the runs that CHOICE takes and, unless HAS_INIT, no initialisations: nothing was released by
 * them. */
void command_releases_keep(struct command_runs *runs, const struct command_choice *choice,
                           bool has_init, struct instant now);

/* Which of two runs is shown first: negative, A. The newest is, and one that has not started is
 * newer than all that have. */
int command_releases_compare(const struct command_run *a, const struct command_run *b);

/* Bring them into that order. */
void command_releases_sort(struct command_runs *runs);

/* {"releases": […]}, in the order that they have. */
json_t *command_releases_tree(const struct command_runs *runs);

/* The runs of such a document, as far as it tells of them; what it does not is unknown. Texts are
 * copied into the arena. */
struct command_runs command_releases_read(const json_t *tree, struct arena *arena);

#endif
