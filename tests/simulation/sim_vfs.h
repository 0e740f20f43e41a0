/*
 * A file system in memory for SQLite, which knows what was written and what was synced. A process
 * that dies leaves what it wrote; a power cut takes away what was not synced, wholly or, torn, in
 * parts of a sector.
 */
#ifndef TESTS_SIMULATION_SIM_VFS_H
#define TESTS_SIMULATION_SIM_VFS_H

#include "tests/simulation/dice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sim_vfs;

enum sim_vfs_trouble {
	SIM_VFS_WELL,
	SIM_VFS_FULL,      /* writes: SQLITE_FULL */
	SIM_VFS_READ_ONLY, /* writes: an I/O error; opening: for reading only */
};

/* An empty one, which SQLite knows by NAME (copied). */
struct sim_vfs *sim_vfs_new(const char *name);

/* Accepts NULL, returns NULL. All files must be closed. */
struct sim_vfs *sim_vfs_free(struct sim_vfs *vfs);

void sim_vfs_trouble(struct sim_vfs *vfs, enum sim_vfs_trouble trouble);

/*
 * The process dies after N more operations that change something: what follows changes nothing,
 * and fails, until sim_vfs_lose.
 */
void sim_vfs_doom(struct sim_vfs *vfs, uint64_t n);

/* How many operations changed something so far. */
uint64_t sim_vfs_count(const struct sim_vfs *vfs);

/* Is something written that is not synced? */
bool sim_vfs_is_dirty(const struct sim_vfs *vfs);

/*
 * The process is gone; its files are closed. When DICE is not NULL the power went too: what was
 * not synced is lost, or, when IS_TORN, a part of it.
 */
void sim_vfs_lose(struct sim_vfs *vfs, struct dice *dice, bool is_torn);

/* Remove all files, which must be closed. */
void sim_vfs_wipe(struct sim_vfs *vfs);

/* While it is on, files that name no file system are in this one. */
void sim_vfs_stand_in(struct sim_vfs *vfs, bool is_on);

#endif
