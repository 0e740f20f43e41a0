/* Compiler extensions, named once. Everything else in the tree is plain C17. */
#ifndef ANALYSIS_BASE_COMPILER_H
#define ANALYSIS_BASE_COMPILER_H

#include <stddef.h>

/* Run FREE(&variable) when the variable leaves its scope. */
#define CLEANUP(free) __attribute__((cleanup(free)))

/* Check a call as printf would; FMT and ARGS are 1-based positions. */
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

/* The result must not be dropped. */
#define MUST_USE __attribute__((warn_unused_result))

/* The structure of type TYPE whose member MEMBER is at PTR. */
#define container_of(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

/* The number of elements of an array (never of a pointer). */
#define array_length(array) (sizeof(array) / sizeof((array)[0]))

#endif
