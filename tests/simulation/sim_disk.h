/*
 * The disk of one agent, and the history on it: what agent/history.h promises, in virtual time. It
 * outlives the processes of its agent. What the agent hands over waits in the real queue; the file
 * is either a list in memory, which is cheap, or the real one (agent/history_file.h) on a file
 * system in memory, where crashes can be looked at to the sector.
 */
#ifndef TESTS_SIMULATION_SIM_DISK_H
#define TESTS_SIMULATION_SIM_DISK_H

#include "agent/demo/sim_loop.h"
#include "agent/history.h"
#include "tests/simulation/faults.h"
#include "tests/simulation/sim_record.h"
#include "tests/simulation/truth.h"

struct sim_disk;

struct sim_disk_options {
	struct sim_loop *loop; /* the true time */
	struct faults *faults;
	const struct truth *truth; /* NULL: faults are counted for all canaries */
	uint64_t seed;
	const char *name; /* of the agent, copied */
	bool is_real;     /* the real file */
	bool is_lying;    /* acknowledges before it syncs: a bug to be found */
	/* Something that must never be. */
	void (*accuse)(void *user, const char *what);
	void *user;
};

struct sim_disk *sim_disk_new(const struct sim_disk_options *options);

/* Accepts NULL, returns NULL. */
struct sim_disk *sim_disk_free(struct sim_disk *disk);

/* A process begins, whose loop is LOOP: its history. The disk may be wiped before. */
struct history *sim_disk_start(struct sim_disk *disk, struct loop *loop);

/* It ends in order: writes what it can at once. */
void sim_disk_stop(struct sim_disk *disk);

/* It dies, or is left behind by the power. */
void sim_disk_crash(struct sim_disk *disk);

/* Every trouble ends. */
void sim_disk_mend(struct sim_disk *disk);

/*
 * It is all over: write what waits and look at what is on the disk. Records handed over afterwards
 * are not looked at.
 */
void sim_disk_finish(struct sim_disk *disk);

/* What was handed over since the disk was last wiped, in order. */
size_t sim_disk_count(const struct sim_disk *disk);
const struct sim_record *sim_disk_record(const struct sim_disk *disk, size_t index);

/* A write of the change INDEX left. */
void sim_disk_left(struct sim_disk *disk, size_t index);

/* Rounds handed over, ever. */
uint64_t sim_disk_rounds(const struct sim_disk *disk);

/* How often it was wiped. */
uint32_t sim_disk_life(const struct sim_disk *disk);

/* The newest process that is seen on the disk to have begun: what earlier ones lack was lost. */
uint32_t sim_disk_boot(const struct sim_disk *disk);

#endif
