/* A history whose disk can be hung: records are taken and counted, acknowledgements come only while
 * it is not. */
#ifndef TESTS_SIMULATION_HUNG_HISTORY_H
#define TESTS_SIMULATION_HUNG_HISTORY_H

#include "agent/history.h"
#include "agent/loop.h"

#include <stdbool.h>
#include <stdio.h>

struct history *hung_history_new(struct loop *loop);
struct history *hung_history_free(struct history *history);

/* From now on nothing is acknowledged, or all is again. */
void hung_history_hang(struct history *history, bool is_hung);

/* Each record's texts are written to STREAM, too; NULL: to none. */
void hung_history_copy(struct history *history, FILE *stream);

/* Rounds taken, and rounds that went ahead of the disk. */
size_t hung_history_rounds(const struct history *history);
size_t hung_history_gaps(const struct history *history);

/* The facts of the last round before which another hand changed the route; NULL: none. */
const char *hung_history_edited(const struct history *history);

#endif
