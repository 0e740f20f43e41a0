#include "agent/history_record.h"

#include "analysis/base/compiler.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* One text to copy, most important first. */
struct piece {
	const char *from;
	const char **to;
	size_t max;
	size_t length;
};

/* How much of TEXT fits MAX bytes without breaking a character. */
static size_t text_fit(const char *text, size_t max, bool *is_cut)
{
	size_t length = strnlen(text, max + 1);

	if (length <= max)
		return length;
	*is_cut = true;
	length = max;
	while (length > 0 && ((unsigned char)text[length] & 0xC0U) == 0x80U)
		length--;
	return length;
}

static struct history_record *record_new(enum history_record_kind kind, size_t n_bytes)
{
	struct history_record *record = calloc(1, sizeof(*record) + n_bytes);

	if (!record)
		abort();
	record->kind = kind;
	record->size = sizeof(*record) + n_bytes;
	return record;
}

/* Measure the pieces within the limits; returns the bytes that they need with their NULs. */
static size_t pieces_measure(struct piece *pieces, size_t n_pieces, bool *is_cut)
{
	size_t budget = HISTORY_ROUND_MAX;
	size_t total = 0;

	for (size_t i = 0; i < n_pieces; i++) {
		size_t max = pieces[i].max < budget ? pieces[i].max : budget;

		if (!pieces[i].from)
			pieces[i].from = "";
		pieces[i].length = text_fit(pieces[i].from, max, is_cut);
		budget -= pieces[i].length;
		total += pieces[i].length + 1;
	}
	return total;
}

/* RECORD is zeroed, so each copy is followed by its NUL. */
static void pieces_copy(const struct piece *pieces, size_t n_pieces, struct history_record *record)
{
	char *to = record->text;

	for (size_t i = 0; i < n_pieces; i++) {
		memcpy(to, pieces[i].from, pieces[i].length);
		*pieces[i].to = to;
		to += pieces[i].length + 1;
	}
}

/* A record of KIND that has the texts of PIECES. */
static struct history_record *record_of(enum history_record_kind kind, struct piece *pieces,
                                        size_t n_pieces)
{
	bool is_cut = false;
	struct history_record *record = record_new(kind, pieces_measure(pieces, n_pieces, &is_cut));

	pieces_copy(pieces, n_pieces, record);
	record->is_cut = is_cut;
	return record;
}

struct history_record *history_record_round(const struct history_round *round)
{
	struct history_round copy = *round;
	struct piece pieces[] = {
		{round->uid, &copy.uid, HISTORY_RECORD_NAME_MAX, 0},
		{round->k8s_namespace, &copy.k8s_namespace, HISTORY_RECORD_NAME_MAX, 0},
		{round->canary, &copy.canary, HISTORY_RECORD_NAME_MAX, 0},
		{round->canary_uid, &copy.canary_uid, HISTORY_RECORD_NAME_MAX, 0},
		{round->release, &copy.release, HISTORY_RECORD_NAME_MAX, 0},
		{round->decide_version, &copy.decide_version, HISTORY_RECORD_NAME_MAX, 0},
		{round->reason, &copy.reason, HISTORY_RECORD_REASON_MAX, 0},
		{round->plan, &copy.plan, HISTORY_ROUND_MAX, 0},
		{round->facts, &copy.facts, HISTORY_ROUND_MAX, 0},
		{round->base, &copy.base, HISTORY_ROUND_MAX, 0},
		{round->spec, &copy.spec, HISTORY_ROUND_MAX, 0},
	};
	struct history_record *record =
		record_of(HISTORY_RECORD_ROUND, pieces, array_length(pieces));

	record->round = copy;
	return record;
}

struct history_record *history_record_effect(const struct history_effect *effect)
{
	struct history_effect copy = *effect;
	struct piece pieces[] = {
		{effect->round_uid, &copy.round_uid, HISTORY_RECORD_NAME_MAX, 0},
		{effect->key, &copy.key, HISTORY_RECORD_NAME_MAX, 0},
		{effect->result, &copy.result, HISTORY_RECORD_NAME_MAX, 0},
		{effect->detail, &copy.detail, HISTORY_ROUND_MAX, 0},
	};
	struct history_record *record =
		record_of(HISTORY_RECORD_EFFECT, pieces, array_length(pieces));

	record->effect = copy;
	return record;
}

struct history_record *history_record_split(const struct history_split *split)
{
	struct history_split copy = *split;
	struct piece pieces[] = {
		{split->api, &copy.api, HISTORY_RECORD_NAME_MAX, 0},
		{split->kind, &copy.kind, HISTORY_RECORD_NAME_MAX, 0},
		{split->k8s_namespace, &copy.k8s_namespace, HISTORY_RECORD_NAME_MAX, 0},
		{split->name, &copy.name, HISTORY_RECORD_NAME_MAX, 0},
		{split->uid, &copy.uid, HISTORY_RECORD_NAME_MAX, 0},
		{split->resource_version, &copy.resource_version, HISTORY_RECORD_NAME_MAX, 0},
		{split->author, &copy.author, HISTORY_RECORD_NAME_MAX, 0},
		{split->split, &copy.split, HISTORY_ROUND_MAX, 0},
	};
	struct history_record *record =
		record_of(HISTORY_RECORD_SPLIT, pieces, array_length(pieces));

	record->split = copy;
	return record;
}

struct history_record *history_record_gap(enum history_record_kind kind,
                                          const struct history_gap *gap)
{
	struct history_gap copy = *gap;
	struct piece pieces[] = {
		{gap->round_uid, &copy.round_uid, HISTORY_RECORD_NAME_MAX, 0},
		{gap->detail, &copy.detail, HISTORY_RECORD_REASON_MAX, 0},
	};
	struct history_record *record = record_of(kind, pieces, array_length(pieces));

	record->gap = copy;
	return record;
}

struct history_record *history_record_free(struct history_record *list)
{
	while (list) {
		struct history_record *next = list->next;

		free(list->refusal);
		free(list);
		list = next;
	}
	return NULL;
}

struct instant history_record_at(const struct history_record *record)
{
	switch (record->kind) {
	case HISTORY_RECORD_ROUND:
		return record->round.decided_at;
	case HISTORY_RECORD_EFFECT:
		return record->effect.at;
	case HISTORY_RECORD_SPLIT:
		return record->split.seen_at;
	case HISTORY_RECORD_NONE:
	case HISTORY_RECORD_AHEAD:
	case HISTORY_RECORD_LOST:
	case HISTORY_RECORD_REFUSED:
	case HISTORY_RECORD_MOVED:
	case HISTORY_RECORD_BEGAN:
		break;
	}
	return record->gap.until;
}

const char *history_record_round_uid(const struct history_record *record)
{
	switch (record->kind) {
	case HISTORY_RECORD_ROUND:
		return record->round.uid;
	case HISTORY_RECORD_EFFECT:
		return record->effect.round_uid;
	case HISTORY_RECORD_SPLIT:
		return "";
	case HISTORY_RECORD_NONE:
	case HISTORY_RECORD_AHEAD:
	case HISTORY_RECORD_LOST:
	case HISTORY_RECORD_REFUSED:
	case HISTORY_RECORD_MOVED:
	case HISTORY_RECORD_BEGAN:
		break;
	}
	return record->gap.round_uid;
}

const char *history_record_gap_text(enum history_record_kind kind)
{
	switch (kind) {
	case HISTORY_RECORD_AHEAD:
		return "ahead";
	case HISTORY_RECORD_LOST:
		return "lost";
	case HISTORY_RECORD_REFUSED:
		return "refused";
	case HISTORY_RECORD_MOVED:
		return "moved";
	case HISTORY_RECORD_BEGAN:
		return "began";
	case HISTORY_RECORD_NONE:
	case HISTORY_RECORD_ROUND:
	case HISTORY_RECORD_EFFECT:
	case HISTORY_RECORD_SPLIT:
		break;
	}
	assert(false); /* only gaps have one */
	return "";
}

const char *history_record_effect_text(enum history_kind kind)
{
	switch (kind) {
	case HISTORY_QUESTION:
		return "question";
	case HISTORY_CHANGE:
		return "change";
	case HISTORY_ANSWER:
		return "answer";
	case HISTORY_UNKNOWN:
		break;
	}
	return "unknown";
}

const char *history_record_split_text(enum history_split_result result)
{
	switch (result) {
	case HISTORY_SPLIT_OBSERVED:
		return "observed";
	case HISTORY_SPLIT_REMOVED:
		return "removed";
	case HISTORY_SPLIT_LEFT:
		return "left";
	case HISTORY_SPLIT_LISTED:
		return "listed";
	case HISTORY_SPLIT_NONE:
		break;
	}
	return "unknown";
}
