#include "tests/agent/slow_vfs.h"

#include <signal.h>
#include <string.h>

/* What SQLite holds for an open file; the real one's memory follows. */
struct slow_file {
	sqlite3_file base;
	struct slow_vfs *vfs;
	sqlite3_file *real;
};

static struct slow_file *slow_of(sqlite3_file *file)
{
	return (struct slow_file *)(void *)file;
}

static sqlite3_file *real_of(sqlite3_file *file)
{
	return slow_of(file)->real;
}

static struct slow_vfs *vfs_of(sqlite3_vfs *base)
{
	return base->pAppData;
}

static void count_open(struct slow_vfs *vfs, int by)
{
	pthread_mutex_lock(&vfs->lock);
	vfs->n_open += (unsigned)by;
	pthread_cond_broadcast(&vfs->changed);
	pthread_mutex_unlock(&vfs->lock);
}

static int on_close(sqlite3_file *file)
{
	int code = real_of(file)->pMethods->xClose(real_of(file));

	count_open(slow_of(file)->vfs, -1);
	return code;
}

static int on_read(sqlite3_file *file, void *bytes, int length, sqlite3_int64 offset)
{
	return real_of(file)->pMethods->xRead(real_of(file), bytes, length, offset);
}

static int failure_of(struct slow_vfs *vfs)
{
	int failure;

	pthread_mutex_lock(&vfs->lock);
	failure = vfs->failure;
	pthread_mutex_unlock(&vfs->lock);
	return failure;
}

static int on_write(sqlite3_file *file, const void *bytes, int length, sqlite3_int64 offset)
{
	struct slow_vfs *vfs = slow_of(file)->vfs;
	sqlite3_file *real = real_of(file);
	int failure = failure_of(vfs);

	if (failure != SQLITE_OK)
		return failure;
	if (vfs->n_bytes_left >= 0 && vfs->n_bytes_left < length) {
		real->pMethods->xWrite(real, bytes, (int)vfs->n_bytes_left, offset);
		raise(SIGKILL);
	}
	if (vfs->n_bytes_left >= 0)
		vfs->n_bytes_left -= length;
	return real->pMethods->xWrite(real, bytes, length, offset);
}

static int on_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	return real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int on_sync(sqlite3_file *file, int flags)
{
	struct slow_vfs *vfs = slow_of(file)->vfs;
	int failure;

	pthread_mutex_lock(&vfs->lock);
	vfs->n_hung++;
	pthread_cond_broadcast(&vfs->changed);
	while (vfs->is_hung)
		pthread_cond_wait(&vfs->changed, &vfs->lock);
	vfs->n_hung--;
	failure = vfs->failure;
	pthread_mutex_unlock(&vfs->lock);
	if (failure != SQLITE_OK)
		return failure;
	return real_of(file)->pMethods->xSync(real_of(file), flags);
}

static int on_size(sqlite3_file *file, sqlite3_int64 *ret)
{
	return real_of(file)->pMethods->xFileSize(real_of(file), ret);
}

static int on_lock(sqlite3_file *file, int level)
{
	return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int on_unlock(sqlite3_file *file, int level)
{
	return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int on_check(sqlite3_file *file, int *ret)
{
	return real_of(file)->pMethods->xCheckReservedLock(real_of(file), ret);
}

static int on_control(sqlite3_file *file, int operation, void *arg)
{
	return real_of(file)->pMethods->xFileControl(real_of(file), operation, arg);
}

static int on_sector(sqlite3_file *file)
{
	return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int on_device(sqlite3_file *file)
{
	return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int on_map(sqlite3_file *file, int region, int size, int is_extended, void volatile **ret)
{
	return real_of(file)->pMethods->xShmMap(real_of(file), region, size, is_extended, ret);
}

static int on_map_lock(sqlite3_file *file, int offset, int n, int flags)
{
	return real_of(file)->pMethods->xShmLock(real_of(file), offset, n, flags);
}

static void on_barrier(sqlite3_file *file)
{
	real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int on_unmap(sqlite3_file *file, int is_last)
{
	return real_of(file)->pMethods->xShmUnmap(real_of(file), is_last);
}

/* Version 2: with shared memory, which a reader beside the writer needs. */
static const sqlite3_io_methods slow_methods = {
	.iVersion = 2,
	.xClose = on_close,
	.xRead = on_read,
	.xWrite = on_write,
	.xTruncate = on_truncate,
	.xSync = on_sync,
	.xFileSize = on_size,
	.xLock = on_lock,
	.xUnlock = on_unlock,
	.xCheckReservedLock = on_check,
	.xFileControl = on_control,
	.xSectorSize = on_sector,
	.xDeviceCharacteristics = on_device,
	.xShmMap = on_map,
	.xShmLock = on_map_lock,
	.xShmBarrier = on_barrier,
	.xShmUnmap = on_unmap,
};

static int on_open(sqlite3_vfs *base, sqlite3_filename name, sqlite3_file *file, int flags,
                   int *ret_flags)
{
	struct slow_vfs *vfs = vfs_of(base);
	struct slow_file *slow = slow_of(file);
	int code;

	memset(slow, 0, sizeof(*slow));
	slow->vfs = vfs;
	slow->real = (sqlite3_file *)(void *)(slow + 1);
	pthread_mutex_lock(&vfs->lock);
	if (vfs->is_read_only)
		flags = (flags & ~(SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)) |
		        SQLITE_OPEN_READONLY;
	pthread_mutex_unlock(&vfs->lock);
	code = vfs->real->xOpen(vfs->real, name, slow->real, flags, ret_flags);
	if (slow->real->pMethods) {
		slow->base.pMethods = &slow_methods;
		count_open(vfs, 1);
	}
	return code;
}

void slow_vfs_init(struct slow_vfs *vfs, const char *name)
{
	memset(vfs, 0, sizeof(*vfs));
	vfs->real = sqlite3_vfs_find(NULL);
	vfs->base = *vfs->real;
	vfs->base.zName = name;
	vfs->base.pNext = NULL;
	vfs->base.pAppData = vfs;
	vfs->base.szOsFile = (int)sizeof(struct slow_file) + vfs->real->szOsFile;
	vfs->base.xOpen = on_open;
	vfs->n_bytes_left = -1;
	pthread_mutex_init(&vfs->lock, NULL);
	pthread_cond_init(&vfs->changed, NULL);
	sqlite3_vfs_register(&vfs->base, 0);
}

void slow_vfs_fini(struct slow_vfs *vfs)
{
	sqlite3_vfs_unregister(&vfs->base);
	pthread_cond_destroy(&vfs->changed);
	pthread_mutex_destroy(&vfs->lock);
}

void slow_vfs_hang(struct slow_vfs *vfs, bool is_hung)
{
	pthread_mutex_lock(&vfs->lock);
	vfs->is_hung = is_hung;
	pthread_cond_broadcast(&vfs->changed);
	pthread_mutex_unlock(&vfs->lock);
}

void slow_vfs_wait(struct slow_vfs *vfs)
{
	pthread_mutex_lock(&vfs->lock);
	while (vfs->n_hung == 0)
		pthread_cond_wait(&vfs->changed, &vfs->lock);
	pthread_mutex_unlock(&vfs->lock);
}

void slow_vfs_fail(struct slow_vfs *vfs, int failure)
{
	pthread_mutex_lock(&vfs->lock);
	vfs->failure = failure;
	pthread_mutex_unlock(&vfs->lock);
}

void slow_vfs_protect(struct slow_vfs *vfs, bool is_read_only)
{
	pthread_mutex_lock(&vfs->lock);
	vfs->is_read_only = is_read_only;
	pthread_mutex_unlock(&vfs->lock);
}

void slow_vfs_wait_closed(struct slow_vfs *vfs)
{
	pthread_mutex_lock(&vfs->lock);
	while (vfs->n_open > 0)
		pthread_cond_wait(&vfs->changed, &vfs->lock);
	pthread_mutex_unlock(&vfs->lock);
}
