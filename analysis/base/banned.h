/*
 * Functions nobody calls here. The build includes this file first into everything it compiles, so
 * that one of them is a compile error, also by its address.
 *
 *   strcpy strcat strncpy strncat sprintf vsprintf   arena_format, buf_format, snprintf, memcpy
 *   strtok                                           hidden state: walk with strcspn
 *   atoi atof                                        cannot refuse: strtol, strtod with an end
 * pointer gmtime localtime ctime                           hidden state, and a clock's business:
 * instant.h sleep system popen                               stop the whole agent: an alarm, an
 * effect
 *
 * The system's headers come first, since they declare what is banned.
 */
#ifndef ANALYSIS_BASE_BANNED_H
#define ANALYSIS_BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Macros of a fortified libc under clang. */
#undef sprintf
#undef vsprintf

#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf
#pragma GCC poison strtok atoi atof
#pragma GCC poison gmtime localtime ctime
#pragma GCC poison sleep system popen

#endif
