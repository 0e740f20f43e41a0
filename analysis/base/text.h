/* Texts of fixed size. */
#ifndef ANALYSIS_BASE_TEXT_H
#define ANALYSIS_BASE_TEXT_H

#include "analysis/base/compiler.h"

#include <stddef.h>

/* Write text made as by printf into RET, cut at SIZE - 1 bytes, never in the middle of a UTF-8
 * character. */
void text_format(char *ret, size_t size, const char *format, ...) PRINTF_LIKE(3, 4);

/* Copy TEXT into the array RET, cut in the same way. */
#define text_copy(ret, text) text_cut((ret), sizeof(ret), (text))

/* Copy TEXT into RET, cut at SIZE - 1 bytes in the same way. */
void text_cut(char *ret, size_t size, const char *text);

#endif
