/*
 * Evidence, as the witness sees it: what an agent writes was recorded before; a forward write only
 * when its record was on the disk, or a gap was marked for it. In the end, everything that agents
 * did to a Release is in the history of the one that did it, or stands there as a gap, and says
 * what the cluster says.
 */
#ifndef TESTS_SIMULATION_WITNESS_HISTORY_H
#define TESTS_SIMULATION_WITNESS_HISTORY_H

#include "agent/http.h"
#include "analysis/release.h"

#include <jansson.h>

struct sim_disk;
struct simulation;

/* A save of a Release that an agent began. */
struct witness_save {
	int agent;
	uint32_t life; /* of its disk */
	size_t index;  /* of its record there */
	char release[64];
	char uid[UID_MAX]; /* of the Release; "" until it is served */
	int64_t seq;
	enum release_phase phase;
	enum release_outcome outcome;
	bool is_served;
};

struct witness_history {
	struct witness_save *saves;
	size_t n_saves;
	size_t room;
};

/* The network of an agent, listened to: what it begins is held against its history. */
struct witness_line {
	struct http http; /* the first member */
	struct http *inner;
	struct simulation *simulation;
	int agent;
};

void witness_history_fini(struct witness_history *history);

/* The network to give to the agent, over INNER. */
struct http *witness_line_init(struct witness_line *line, struct simulation *simulation, int agent,
                               struct http *inner);

/* An agent's write of a Release was served; OBJECT is what it is now. */
void witness_history_served(struct simulation *simulation, const struct http_request *request,
                            const json_t *object);

/* It is all over: finish the disks, and compare. */
void witness_history_end(struct simulation *simulation);

#endif
