/* The word that was probably meant: Damerau-Levenshtein distance. */
#ifndef PROVIDERS_WIRE_NEAREST_H
#define PROVIDERS_WIRE_NEAREST_H

#include <stddef.h>

#define NEAREST_WORD_MAX 63 /* bytes of a word; longer ones are near nothing */

/*
 * How many letters must be put in, left out, changed or swapped with their neighbour to make B of
 * A; upper and lower case are the same letter, but not for free when nothing else differs (then 1).
 * MAX + 1 when it is more than MAX or a word is too long.
 */
size_t nearest_distance(const char *a, const char *b, size_t max);

/*
 * A running search: *BEST is the nearest candidate so far (NULL at first), *DISTANCE its distance.
 * CANDIDATE takes its place when it is nearer to WORD, and near at all: a third of its letters, at
 * least one, at most three, and fewer than WORD has.
 */
void nearest_consider(const char *word, const char *candidate, const char **best, size_t *distance);

#endif
