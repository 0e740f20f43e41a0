/*
 * A file system for SQLite that misbehaves on demand: syncs that hang until the test lets them go,
 * writes that fail, files that can only be read, and a process that dies in the middle of a write.
 */
#ifndef TESTS_AGENT_SLOW_VFS_H
#define TESTS_AGENT_SLOW_VFS_H

#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>

struct slow_vfs {
	sqlite3_vfs base;
	sqlite3_vfs *real;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool is_hung;      /* syncs wait while it is set */
	unsigned n_hung;   /* that wait now */
	unsigned n_open;   /* files */
	int failure;       /* what writes and syncs answer instead; SQLITE_OK: they work */
	bool is_read_only; /* files open for reading only */
	long n_bytes_left; /* written before the process kills itself in mid-write; < 0: it does not
	                    */
};

/* Register as NAME (which must outlive it) over the default file system. */
void slow_vfs_init(struct slow_vfs *vfs, const char *name);
void slow_vfs_fini(struct slow_vfs *vfs);

/* Let syncs hang from now on, or let them go. */
void slow_vfs_hang(struct slow_vfs *vfs, bool is_hung);

/* Wait until a sync hangs. */
void slow_vfs_wait(struct slow_vfs *vfs);

/* Wait until no file is open any more. */
void slow_vfs_wait_closed(struct slow_vfs *vfs);

/* Let writes fail with an SQLite code, or work again with SQLITE_OK. */
void slow_vfs_fail(struct slow_vfs *vfs, int failure);

/* Let files open for reading only. */
void slow_vfs_protect(struct slow_vfs *vfs, bool is_read_only);

#endif
