/* SHA-256 of bytes. */
#ifndef PROVIDERS_WIRE_DIGEST_H
#define PROVIDERS_WIRE_DIGEST_H

#include <stddef.h>

#define DIGEST_TEXT_SIZE 65 /* 64 digits and the NUL */

/* Write the SHA-256 of LENGTH bytes as 64 lower-case hexadecimal digits into ret; returns ret. */
const char *digest_sha256(const void *bytes, size_t length, char ret[DIGEST_TEXT_SIZE]);

/* The same of a text. */
const char *digest_text(const char *text, char ret[DIGEST_TEXT_SIZE]);

#endif
