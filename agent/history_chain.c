#include "agent/history_chain.h"

#include "analysis/base/compiler.h"

#include <assert.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void hex_format(const unsigned char *bytes, size_t length, char *ret)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < length; i++) {
		ret[2 * i] = digits[bytes[i] >> 4U];
		ret[2 * i + 1] = digits[bytes[i] & 15U];
	}
	ret[2 * length] = '\0';
}

void history_chain_digest(const void *bytes, size_t length, char ret[HISTORY_CHAIN_DIGEST_SIZE])
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned n_digest = 0;

	if (EVP_Digest(bytes, length, digest, &n_digest, EVP_sha256(), NULL) != 1)
		abort(); /* out of memory, or a libcrypto without SHA-256 */
	assert(n_digest * 2 + 1 == HISTORY_CHAIN_DIGEST_SIZE);
	hex_format(digest, n_digest, ret);
}

void history_chain_digest_text(const char *text, char ret[HISTORY_CHAIN_DIGEST_SIZE])
{
	history_chain_digest(text, strlen(text), ret);
}

static void context_free(EVP_MD_CTX **context)
{
	EVP_MD_CTX_free(*context);
}

static void netstring_add(EVP_MD_CTX *context, const char *text)
{
	char length[32];
	int n = snprintf(length, sizeof(length), "%zu:", strlen(text));

	if (EVP_DigestUpdate(context, length, (size_t)n) != 1 ||
	    EVP_DigestUpdate(context, text, strlen(text)) != 1 ||
	    EVP_DigestUpdate(context, ",", 1) != 1)
		abort();
}

static void netstring_add_number(EVP_MD_CTX *context, int64_t number)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRId64, number);
	netstring_add(context, text);
}

void history_chain_hash(const struct history_chain_entry *entry,
                        char ret[HISTORY_CHAIN_DIGEST_SIZE])
{
	CLEANUP(context_free) EVP_MD_CTX *context = EVP_MD_CTX_new();
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned n_digest = 0;

	if (!context || EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1)
		abort();
	netstring_add(context, entry->chain);
	netstring_add_number(context, entry->seq);
	netstring_add_number(context, entry->ts);
	netstring_add(context, entry->actor);
	netstring_add(context, entry->action);
	netstring_add(context, entry->entity);
	netstring_add(context, entry->entity_uid);
	netstring_add(context, entry->payload_sha256);
	netstring_add(context, entry->prev_hash);
	if (EVP_DigestFinal_ex(context, digest, &n_digest) != 1)
		abort();
	hex_format(digest, n_digest, ret);
}
