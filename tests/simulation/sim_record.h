/* What the invariants need of a record of the history: little, so that it costs little. */
#ifndef TESTS_SIMULATION_SIM_RECORD_H
#define TESTS_SIMULATION_SIM_RECORD_H

#include "agent/history_record.h"
#include "analysis/plan.h"

#include <stdint.h>

enum sim_record_fate {
	SIM_RECORD_WAITING,
	SIM_RECORD_SYNCED,  /* it is on the disk */
	SIM_RECORD_DROPPED, /* too many waited */
	SIM_RECORD_LOST,    /* its process died before it was on the disk */
};

struct sim_record {
	enum history_record_kind kind;
	enum sim_record_fate fate;
	uint32_t boot;   /* the process that wrote it, from 1 */
	uint64_t number; /* in the order of that process; 0: dropped */
	char round[40];
	char canary[16];  /* of a round, and of its effects */
	char release[64]; /* of a round: the one in hand; of an effect: the one it writes */
	int64_t seq;      /* of a round: the one in hand; of a save: the one it writes */
	/* Of an effect. */
	struct instant at; /* in the simulation's time */
	enum history_kind effect;
	enum effect_kind act;
	uint64_t key; /* digest of its key */
	bool is_retreat;
	bool is_ended;                /* its answer was recorded */
	bool is_done;                 /* … and it was "ok" */
	bool has_left;                /* a first write of it left */
	enum release_phase phase;     /* of a save */
	enum release_outcome outcome; /* of a save */
	/* Of a round. */
	bool is_ahead; /* a gap was marked for it */
	bool is_acked;
	/* Of a gap of the kind "lost". */
	int64_t n_records;
};

/* The canary of an effect is left to the caller. */
void sim_record_round(const struct history_round *round, struct sim_record *ret);
void sim_record_effect(const struct history_effect *effect, struct sim_record *ret);

/* ANSWER came: the change of process BOOT that it answers is over. */
void sim_record_end(struct sim_record *records, size_t n_records, uint32_t boot,
                    const struct sim_record *answer);

#endif
