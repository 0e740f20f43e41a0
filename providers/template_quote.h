/* Texts, runes and numbers as Go writes them in source. Private to template_*.c. */
#ifndef PROVIDERS_TEMPLATE_QUOTE_H
#define PROVIDERS_TEMPLATE_QUOTE_H

#include "analysis/base/buf.h"
#include "providers/template_tree.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What a quoted text ("…", `…` or a rune '…', with its quotes) means: at most LENGTH bytes at ret,
 * their number in *ret_length. False when an escape is wrong.
 */
bool template_quote_read(const char *text, size_t length, char *ret, size_t *ret_length);

/* What a number means: a whole one or a real one. False when it is none or does not fit. */
bool template_quote_number(const char *text, size_t length, struct template_value *ret);

/* Append TEXT in double quotes with Go's escapes; false when the buffer is full. */
bool template_quote_write(const char *text, size_t length, struct buf *ret) MUST_USE;

/* The first character at TEXT (UTF-8; U+FFFD for what is none) and how many bytes it takes. */
uint32_t template_quote_rune(const char *text, size_t length, size_t *ret_used);

/* RUNE as UTF-8 (U+FFFD for what is none); returns the number of bytes. */
size_t template_quote_encode(uint32_t rune, char ret[4]);

#endif
