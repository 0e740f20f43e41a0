#include "agent/history_payload.h"

#include "agent/history_chain.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/*
 * A row read back may have been made longer by a stranger than any record can be: what does not fit
 * is left out, and the payload then differs from the one in the chain, as it should.
 */
static void put(struct buf *ret, const char *bytes, size_t length)
{
	if (!buf_add(ret, bytes, length))
		ret->max = ret->length; /* nothing after a hole */
}

static void put_escaped(struct buf *ret, unsigned char byte)
{
	static const char digits[] = "0123456789abcdef";
	char text[6] = {'\\', 'u', '0', '0', digits[byte >> 4U], digits[byte & 15U]};

	if (byte == '"' || byte == '\\') {
		text[1] = (char)byte;
		put(ret, text, 2);
	} else {
		put(ret, text, sizeof(text));
	}
}

static void put_text(struct buf *ret, const char *text)
{
	const char *start = text;

	put(ret, "\"", 1);
	for (; *text != '\0'; text++) {
		unsigned char byte = (unsigned char)*text;

		if (byte >= 0x20 && byte != '"' && byte != '\\')
			continue;
		put(ret, start, (size_t)(text - start));
		put_escaped(ret, byte);
		start = text + 1;
	}
	put(ret, start, (size_t)(text - start));
	put(ret, "\"", 1);
}

/* NAME brings its punctuation: "{" before the first, "," before the others. */
static void member_text(struct buf *ret, const char *name, const char *text)
{
	put(ret, name, strlen(name));
	put_text(ret, text);
}

static void member_digest(struct buf *ret, const char *name, const char *text)
{
	char digest[HISTORY_CHAIN_DIGEST_SIZE];

	history_chain_digest_text(text, digest);
	member_text(ret, name, digest);
}

static void member_number(struct buf *ret, const char *name, int64_t number)
{
	put(ret, name, strlen(name));
	if (!buf_format(ret, "%" PRId64, number))
		ret->max = ret->length;
}

static void begin(struct buf *ret)
{
	ret->max = HISTORY_PAYLOAD_MAX;
	buf_drop(ret, ret->length);
}

/* DIGEST NULL: of TEXT. */
static void member_given(struct buf *ret, const char *name, const char *digest, const char *text)
{
	if (digest)
		member_text(ret, name, digest);
	else
		member_digest(ret, name, text);
}

void history_payload_round(const struct history_round *round,
                           const struct history_payload_digests *digests, bool is_cut,
                           struct buf *ret)
{
	begin(ret);
	put(ret, "{", 1);
	if (*digests->base) { /* rounds from before there were any have no such member */
		member_text(ret, "\"base_sha256\":", digests->base);
		put(ret, ",", 1);
	}
	member_text(ret, "\"canary\":", round->canary);
	member_text(ret, ",\"canary_uid\":", round->canary_uid);
	member_number(ret, ",\"cut\":", is_cut);
	member_text(ret, ",\"decide_version\":", round->decide_version);
	member_number(ret, ",\"decided_at\":", round->decided_at.ms);
	member_given(ret, ",\"facts_sha256\":", digests->facts, round->facts);
	member_text(ret, ",\"namespace\":", round->k8s_namespace);
	member_digest(ret, ",\"plan_sha256\":", round->plan);
	member_text(ret, ",\"reason\":", round->reason);
	member_text(ret, ",\"release\":", round->release);
	member_number(ret, ",\"release_seq\":", round->release_seq);
	member_text(ret, ",\"spec_sha256\":", digests->spec);
	member_text(ret, ",\"uid\":", round->uid);
	put(ret, "}", 1);
}

void history_payload_effect(const char *uid, const char *kind, const struct history_effect *effect,
                            const char *detail_sha256, bool is_cut, struct buf *ret)
{
	begin(ret);
	member_number(ret, "{\"at\":", effect->at.ms);
	member_number(ret, ",\"cut\":", is_cut);
	member_given(ret, ",\"detail_sha256\":", detail_sha256, effect->detail);
	member_text(ret, ",\"key\":", effect->key);
	member_text(ret, ",\"kind\":", kind);
	member_text(ret, ",\"result\":", effect->result);
	member_text(ret, ",\"round\":", effect->round_uid);
	member_text(ret, ",\"uid\":", uid);
	put(ret, "}", 1);
}

void history_payload_split(const char *uid, const char *origin, const char *result,
                           const struct history_split *split, bool is_cut, struct buf *ret)
{
	begin(ret);
	member_text(ret, "{\"api\":", split->api);
	member_number(ret, ",\"applied_at\":", split->applied_at.ms);
	member_text(ret, ",\"author\":", split->author);
	member_number(ret, ",\"cut\":", is_cut);
	member_text(ret, ",\"kind\":", split->kind);
	member_text(ret, ",\"name\":", split->name);
	member_text(ret, ",\"namespace\":", split->k8s_namespace);
	member_text(ret, ",\"object_uid\":", split->uid);
	member_text(ret, ",\"origin\":", origin);
	member_text(ret, ",\"resource_version\":", split->resource_version);
	member_text(ret, ",\"result\":", result);
	member_number(ret, ",\"seen_at\":", split->seen_at.ms);
	member_digest(ret, ",\"split_sha256\":", split->split);
	member_text(ret, ",\"uid\":", uid);
	put(ret, "}", 1);
}

void history_payload_gap(const char *uid, const char *kind, const struct history_gap *gap,
                         struct buf *ret)
{
	begin(ret);
	member_text(ret, "{\"detail\":", gap->detail);
	member_number(ret, ",\"from\":", gap->from.ms);
	member_text(ret, ",\"kind\":", kind);
	member_number(ret, ",\"records\":", gap->n_records);
	member_text(ret, ",\"round\":", gap->round_uid);
	member_text(ret, ",\"uid\":", uid);
	member_number(ret, ",\"until\":", gap->until.ms);
	put(ret, "}", 1);
}

void history_payload_prune(const struct history_prune_row *prune, struct buf *ret)
{
	begin(ret);
	member_number(ret, "{\"answers\":", prune->n_answers);
	member_number(ret, ",\"at\":", prune->at.ms);
	member_text(ret, ",\"chain\":", prune->chain);
	member_number(ret, ",\"cutoff\":", prune->cutoff.ms);
	member_number(ret, ",\"first_seq\":", prune->first_seq);
	member_number(ret, ",\"last_seq\":", prune->last_seq);
	member_number(ret, ",\"rounds\":", prune->n_rounds);
	member_text(ret, ",\"sha256\":", prune->sha256);
	member_text(ret, ",\"uid\":", prune->uid);
	member_number(ret, ",\"until\":", prune->until.ms);
	put(ret, "}", 1);
}
