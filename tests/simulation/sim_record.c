#include "tests/simulation/sim_record.h"

#include "analysis/base/text.h"

#include <stdlib.h>
#include <string.h>

/* What follows NAME in flat JSON of our own making, or NULL. */
static const char *after(const char *json, const char *name)
{
	const char *at = strstr(json, name);

	return at ? at + strlen(name) : NULL;
}

/* The text that begins at FROM, up to its quote. */
static void copy_quoted(char *ret, size_t size, const char *from)
{
	size_t length = from ? strcspn(from, "\"") : 0;

	text_format(ret, size, "%.*s", (int)length, from ? from : "");
}

static enum effect_kind act_of(const char *text)
{
	for (int kind = EFFECT_OBSERVE; kind <= EFFECT_REMOVE_RELEASES; kind++) {
		if (strcmp(text, effect_kind_name((enum effect_kind)kind)) == 0)
			return (enum effect_kind)kind;
	}
	return EFFECT_NONE;
}

static uint64_t digest(const char *text)
{
	uint64_t sum = UINT64_C(0xCBF29CE484222325);

	for (; *text; text++)
		sum = (sum ^ (unsigned char)*text) * UINT64_C(0x100000001B3);
	return sum;
}

void sim_record_round(const struct history_round *round, struct sim_record *ret)
{
	*ret = (struct sim_record){.kind = HISTORY_RECORD_ROUND, .seq = round->release_seq};
	text_copy(ret->round, round->uid);
	text_copy(ret->canary, round->canary);
	text_copy(ret->release, round->release);
}

static void read_save(const char *detail, struct sim_record *ret)
{
	const char *seq = after(detail, "\"seq\":");
	char text[40];

	ret->seq = seq ? strtoll(seq, NULL, 10) : 0;
	copy_quoted(text, sizeof(text), after(detail, "\"phase\":\""));
	ret->phase = release_phase_find(text);
	copy_quoted(text, sizeof(text), after(detail, "\"outcome\":\""));
	ret->outcome = release_outcome_find(text);
}

void sim_record_effect(const struct history_effect *effect, struct sim_record *ret)
{
	char text[40];

	*ret = (struct sim_record){
		.kind = HISTORY_RECORD_EFFECT,
		.effect = effect->kind,
		.key = digest(effect->key),
	};
	text_copy(ret->round, effect->round_uid);
	ret->is_done = strcmp(effect->result, "ok") == 0;
	if (effect->kind != HISTORY_CHANGE)
		return;
	copy_quoted(text, sizeof(text), after(effect->detail, "\"kind\":\""));
	ret->act = act_of(text);
	copy_quoted(ret->release, sizeof(ret->release), after(effect->detail, "\"release\":\""));
	ret->is_retreat = strstr(effect->detail, "\"retreat\":true") != NULL;
	if (ret->act == EFFECT_SAVE_RELEASE)
		read_save(effect->detail, ret);
}

void sim_record_end(struct sim_record *records, size_t n_records, uint32_t boot,
                    const struct sim_record *answer)
{
	for (size_t i = n_records; i > 0; i--) {
		struct sim_record *record = &records[i - 1];

		if (record->boot != boot)
			return;
		if (record->effect == HISTORY_CHANGE && record->key == answer->key &&
		    strcmp(record->round, answer->round) == 0) {
			record->is_ended = true;
			record->is_done = answer->is_done;
			return;
		}
		if (record->kind == HISTORY_RECORD_ROUND &&
		    strcmp(record->round, answer->round) == 0)
			return;
	}
}
