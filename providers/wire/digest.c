#include "providers/wire/digest.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

const char *digest_sha256(const void *bytes, size_t length, char ret[DIGEST_TEXT_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned n_hash = 0;

	/* It fails only when memory runs out or the library is broken. */
	if (!EVP_Digest(bytes, length, hash, &n_hash, EVP_sha256(), NULL) || n_hash != 32)
		abort();
	for (size_t i = 0; i < n_hash; i++) {
		ret[2 * i] = digits[hash[i] >> 4];
		ret[2 * i + 1] = digits[hash[i] & 15];
	}
	ret[DIGEST_TEXT_SIZE - 1] = '\0';
	return ret;
}

const char *digest_text(const char *text, char ret[DIGEST_TEXT_SIZE])
{
	return digest_sha256(text, strlen(text), ret);
}
