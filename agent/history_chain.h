/*
 * The audit chain: what makes a later change of the evidence visible. Each entry's hash covers its
 * own fields and the hash before it; the payload is covered by its digest, so that old payloads may
 * be blanked in an archive copy.
 */
#ifndef AGENT_HISTORY_CHAIN_H
#define AGENT_HISTORY_CHAIN_H

#include <stddef.h>
#include <stdint.h>

#define HISTORY_CHAIN_DIGEST_SIZE 65 /* SHA-256 in lower-case hex, and a NUL */

/* What comes before the first entry of a chain. */
#define HISTORY_CHAIN_ORIGIN "0000000000000000000000000000000000000000000000000000000000000000"

/* One entry of a chain but for its hash. */
struct history_chain_entry {
	const char *chain; /* the writer's name */
	int64_t seq;       /* from 1, without gaps */
	int64_t ts;        /* milliseconds since 1970-01-01 UTC */
	const char *actor;
	const char *action;
	const char *entity; /* the table */
	const char *entity_uid;
	const char *payload_sha256;
	const char *prev_hash;
};

/* The SHA-256 of LENGTH bytes, in hex. */
void history_chain_digest(const void *bytes, size_t length, char ret[HISTORY_CHAIN_DIGEST_SIZE]);

/* The SHA-256 of a text, in hex. */
void history_chain_digest_text(const char *text, char ret[HISTORY_CHAIN_DIGEST_SIZE]);

/*
 * The hash of an entry: SHA-256 over the netstrings ("length:bytes,") of chain, seq, ts, actor,
 * action, entity, entity_uid, payload_sha256 and prev_hash, numbers in decimal.
 */
void history_chain_hash(const struct history_chain_entry *entry,
                        char ret[HISTORY_CHAIN_DIGEST_SIZE]);

#endif
