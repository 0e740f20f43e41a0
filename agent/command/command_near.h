/* Which of some names was probably meant. */
#ifndef AGENT_COMMAND_COMMAND_NEAR_H
#define AGENT_COMMAND_COMMAND_NEAR_H

#include <stddef.h>

#define COMMAND_NEAR_NAME_MAX 64 /* bytes; longer words are near to nothing */

/* Letters to insert, drop or replace to get from A to B, both shorter than COMMAND_NEAR_NAME_MAX.
 */
size_t command_near_distance(const char *a, const char *b);

/* The name nearest to WORD, NULL when none is near. NAMES may hold NULL. */
const char *command_near_find(const char *word, const char *const names[], size_t n_names);

#endif
