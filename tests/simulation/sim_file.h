/*
 * The real file of the history, of one agent, on a file system in memory. Each time a process of
 * the agent is over, somebody looks at what it left: the chain must be whole, and nothing that was
 * acknowledged may be missing.
 */
#ifndef TESTS_SIMULATION_SIM_FILE_H
#define TESTS_SIMULATION_SIM_FILE_H

#include "agent/history_record.h"
#include "analysis/base/compiler.h"
#include "tests/simulation/sim_record.h"
#include "tests/simulation/sim_vfs.h"

struct sim_file;

typedef void sim_file_accuse(void *user, const char *format, ...) PRINTF_LIKE(2, 3);

struct sim_file *sim_file_new(const char *name, uint64_t seed, sim_file_accuse *accuse, void *user);

/* Accepts NULL, returns NULL. */
struct sim_file *sim_file_free(struct sim_file *file);

/*
 * A process begins. Looks at what the ones before it left of RECORDS: those that waited and are
 * there are synced from now on.
 */
void sim_file_start(struct sim_file *file, uint32_t boot, struct instant at,
                    struct sim_record *records, size_t n_records);

/* history_file_open and history_file_write under that trouble. */
bool sim_file_open(struct sim_file *file, enum sim_vfs_trouble trouble);
bool sim_file_write(struct sim_file *file, enum sim_vfs_trouble trouble,
                    struct history_record *batch);

/* The process ends in order. */
void sim_file_stop(struct sim_file *file);

/* It dies, maybe while it writes BATCH (may be NULL); sim_file_lose is to follow. */
void sim_file_crash(struct sim_file *file, enum sim_vfs_trouble trouble,
                    struct history_record *batch, struct dice *dice);

/* See sim_vfs.h. */
bool sim_file_is_dirty(const struct sim_file *file);
void sim_file_lose(struct sim_file *file, struct dice *dice, bool is_torn);

/* An empty disk. */
void sim_file_wipe(struct sim_file *file);

/* It is all over: close, and look at RECORDS. BOOT is the newest process that opened it. */
void sim_file_finish(struct sim_file *file, uint32_t boot, struct sim_record *records,
                     size_t n_records);

#endif
