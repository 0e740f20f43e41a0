/* Putting a database out of the way without losing it. */
#ifndef AGENT_HISTORY_ASIDE_H
#define AGENT_HISTORY_ASIDE_H

#include "analysis/base/err.h"
#include "analysis/base/instant.h"

#include <stdbool.h>

#define HISTORY_ASIDE_PATH_MAX 1024 /* bytes with the NUL */

/*
 * Rename the closed database at PATH, with its log, to "PATH.WORD-20261121T044500Z" (the time is
 * AT; "-2" and so on follows when that name is taken) and write the new name to RET.
 */
bool history_aside_move(const char *path, const char *word, struct instant at,
                        char ret[HISTORY_ASIDE_PATH_MAX], struct err *err);

#endif
