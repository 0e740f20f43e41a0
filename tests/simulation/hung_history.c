#include "tests/simulation/hung_history.h"

#include "agent/history_record.h"
#include "analysis/base/compiler.h"
#include "analysis/base/text.h"
#include "tests/simulation/sim_derive.h"

#include <stdlib.h>
#include <string.h>

struct hung_history;

/* An acknowledgement on its way. */
struct ack {
	struct alarm alarm;
	struct hung_history *owner;
	void (*acked)(void *user, const char *uid);
	void *user;
	char uid[64];
	struct ack *next;
};

struct hung_history {
	struct history history; /* the first member */
	struct loop *loop;
	struct ack *acks;
	bool is_hung;
	size_t n_rounds;
	size_t n_gaps;
	char *edited;
	FILE *stream;
	struct sim_derive derive;
};

static void remove_ack(struct ack *ack)
{
	struct ack **link = &ack->owner->acks;

	while (*link != ack)
		link = &(*link)->next;
	*link = ack->next;
	alarm_cancel(&ack->alarm);
	free(ack);
}

static void on_ack(struct alarm *alarm)
{
	struct ack *ack = container_of(alarm, struct ack, alarm);
	struct ack copy = *ack;

	remove_ack(ack);
	copy.acked(copy.user, copy.uid);
}

static void on_round(struct history *history, const struct history_round *round,
                     void (*acked)(void *user, const char *uid), void *user)
{
	struct hung_history *hung = (struct hung_history *)(void *)history;
	struct ack *ack;
	char why[128];

	(void)sim_derive_round(&hung->derive, round, why, sizeof(why));
	hung->n_rounds++;
	if (round->facts && strstr(round->facts, "\"edited\":")) {
		free(hung->edited);
		hung->edited = strdup(round->facts);
	}
	if (hung->stream)
		fprintf(hung->stream, "%s\n%s\n%s\n%s\n", round->reason, round->spec, round->facts,
		        round->plan);
	if (hung->is_hung || !acked)
		return;
	ack = calloc(1, sizeof(*ack));
	if (!ack)
		abort();
	ack->owner = hung;
	ack->acked = acked;
	ack->user = user;
	text_copy(ack->uid, round->uid);
	ack->alarm.ring = on_ack;
	ack->next = hung->acks;
	hung->acks = ack;
	alarm_start(hung->loop, &ack->alarm, span_ms(1));
}

static void on_effect(struct history *history, const struct history_effect *effect)
{
	struct hung_history *hung = (struct hung_history *)(void *)history;

	if (hung->stream)
		fprintf(hung->stream, "%s %s %s\n", effect->key, effect->detail, effect->result);
}

static void on_split(struct history *history, const struct history_split *split)
{
	struct hung_history *hung = (struct hung_history *)(void *)history;

	if (hung->stream && split->result == HISTORY_SPLIT_LISTED)
		fprintf(hung->stream, "listed %s %s\n", split->kind, split->split);
	else if (hung->stream)
		fprintf(hung->stream, "split %s %s/%s %s %s %s\n", split->kind,
		        split->k8s_namespace, split->name, history_record_split_text(split->result),
		        split->author, split->split);
}

static void on_forget(struct history *history, void *user)
{
	struct hung_history *hung = (struct hung_history *)(void *)history;
	struct ack *next;

	for (struct ack *ack = hung->acks; ack; ack = next) {
		next = ack->next;
		if (ack->user == user)
			remove_ack(ack);
	}
}

static void on_gap(struct history *history, const char *round_uid, struct instant at)
{
	(void)round_uid;
	(void)at;
	((struct hung_history *)(void *)history)->n_gaps++;
}

static const char *on_state(struct history *history)
{
	return ((struct hung_history *)(void *)history)->is_hung ? "the disk has not answered"
	                                                         : "ok";
}

static const struct history_ops ops = {
	.round = on_round,
	.effect = on_effect,
	.split = on_split,
	.forget = on_forget,
	.gap = on_gap,
	.state = on_state,
};

void hung_history_copy(struct history *history, FILE *stream)
{
	((struct hung_history *)(void *)history)->stream = stream;
}

struct history *hung_history_new(struct loop *loop)
{
	struct hung_history *hung = calloc(1, sizeof(*hung));

	if (!hung)
		abort();
	hung->history.ops = &ops;
	hung->loop = loop;
	return &hung->history;
}

struct history *hung_history_free(struct history *history)
{
	struct hung_history *hung = (struct hung_history *)(void *)history;

	if (!hung)
		return NULL;
	while (hung->acks)
		remove_ack(hung->acks);
	sim_derive_fini(&hung->derive);
	free(hung->edited);
	free(hung);
	return NULL;
}

void hung_history_hang(struct history *history, bool is_hung)
{
	((struct hung_history *)(void *)history)->is_hung = is_hung;
}

size_t hung_history_rounds(const struct history *history)
{
	return ((const struct hung_history *)(const void *)history)->n_rounds;
}

size_t hung_history_gaps(const struct history *history)
{
	return ((const struct hung_history *)(const void *)history)->n_gaps;
}

const char *hung_history_edited(const struct history *history)
{
	return ((const struct hung_history *)(const void *)history)->edited;
}
