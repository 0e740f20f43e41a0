#include "tests/simulation/sim_vfs.h"

#include "analysis/base/text.h"

#include <assert.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#define FILES_MAX   8
#define REGIONS_MAX 64
#define SECTOR      512

struct content {
	unsigned char *bytes;
	size_t length;
	size_t room;
};

/* A change since the last sync; LENGTH bytes follow the list's block at FROM, or it is a cut. */
struct change {
	bool is_cut; /* to OFFSET bytes */
	size_t offset;
	size_t length;
	size_t from;
};

struct file {
	char name[64]; /* "": none */
	struct content seen;
	struct content synced;
	struct content fresh; /* bytes of the changes, one after the other */
	struct change *changes;
	size_t n_changes;
	size_t changes_room;
	int n_handles;
	int n_exclusive;
	void *regions[REGIONS_MAX]; /* shared memory */
	int region_size;
};

struct sim_vfs {
	sqlite3_vfs base;
	sqlite3_vfs *real;
	char name[32];
	struct file files[FILES_MAX];
	enum sim_vfs_trouble trouble;
	uint64_t n_operations;
	uint64_t doom; /* the number of the operation that does not happen; 0: none */
};

/* What SQLite holds for an open file. */
struct handle {
	sqlite3_file base;
	struct sim_vfs *vfs;
	struct file *file;
	int lock;
	bool is_temporary;
	bool is_read_only;
};

static void grow(struct content *content, size_t length)
{
	if (length > content->room) {
		content->room = length * 2;
		content->bytes = realloc(content->bytes, content->room);
		if (!content->bytes)
			abort();
	}
}

static void content_write(struct content *content, const void *bytes, size_t length, size_t offset)
{
	grow(content, offset + length);
	if (offset > content->length)
		memset(content->bytes + content->length, 0, offset - content->length);
	memcpy(content->bytes + offset, bytes, length);
	if (offset + length > content->length)
		content->length = offset + length;
}

static void content_cut(struct content *content, size_t length)
{
	if (length < content->length)
		content->length = length;
}

static void content_copy(struct content *to, const struct content *from)
{
	to->length = 0;
	if (from->length > 0)
		content_write(to, from->bytes, from->length, 0);
}

static void note(struct file *file, struct change change, const void *bytes)
{
	if (file->n_changes == file->changes_room) {
		file->changes_room = file->changes_room * 2 + 16;
		file->changes = realloc(file->changes, file->changes_room * sizeof(change));
		if (!file->changes)
			abort();
	}
	change.from = file->fresh.length;
	if (change.length > 0)
		content_write(&file->fresh, bytes, change.length, change.from);
	file->changes[file->n_changes++] = change;
}

static void forget_changes(struct file *file)
{
	file->n_changes = 0;
	file->fresh.length = 0;
}

static void apply(struct file *file, const struct change *change, size_t at, size_t length)
{
	content_write(&file->synced, file->fresh.bytes + change->from + at, length,
	              change->offset + at);
}

static void file_free(struct file *file)
{
	assert(file->n_handles == 0);
	free(file->seen.bytes);
	free(file->synced.bytes);
	free(file->fresh.bytes);
	free(file->changes);
	*file = (struct file){.name = ""};
}

static struct file *file_find(struct sim_vfs *vfs, const char *name)
{
	for (int i = 0; i < FILES_MAX; i++) {
		if (strcmp(vfs->files[i].name, name) == 0)
			return &vfs->files[i];
	}
	return NULL;
}

/* Methods of open files ---------------------------------------------------------------------------
 */

static struct handle *handle_of(sqlite3_file *file)
{
	return (struct handle *)(void *)file;
}

/* May something change now? Counts it. */
static int may_change(const struct handle *handle, bool is_write)
{
	struct sim_vfs *vfs = handle->vfs;

	if (vfs->doom > 0 && vfs->n_operations >= vfs->doom)
		return SQLITE_IOERR;
	if (is_write && vfs->trouble == SIM_VFS_FULL)
		return SQLITE_FULL;
	if ((is_write && vfs->trouble == SIM_VFS_READ_ONLY) || handle->is_read_only)
		return SQLITE_IOERR_WRITE;
	vfs->n_operations++;
	return SQLITE_OK;
}

static void unmap(struct file *file)
{
	for (int i = 0; i < REGIONS_MAX; i++) {
		free(file->regions[i]);
		file->regions[i] = NULL;
	}
}

static int on_close(sqlite3_file *base)
{
	struct handle *handle = handle_of(base);

	if (handle->lock == SQLITE_LOCK_EXCLUSIVE)
		handle->file->n_exclusive--;
	if (--handle->file->n_handles == 0)
		unmap(handle->file);
	if (handle->is_temporary)
		file_free(handle->file);
	return SQLITE_OK;
}

static int on_read(sqlite3_file *base, void *bytes, int length, sqlite3_int64 offset)
{
	const struct content *seen = &handle_of(base)->file->seen;
	size_t from = (size_t)offset;
	size_t n = (size_t)length;
	size_t there = from < seen->length ? seen->length - from : 0;

	if (there > n)
		there = n;
	if (there > 0)
		memcpy(bytes, seen->bytes + from, there);
	memset((char *)bytes + there, 0, n - there);
	return there == n ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

static int on_write(sqlite3_file *base, const void *bytes, int length, sqlite3_int64 offset)
{
	struct handle *handle = handle_of(base);
	int code = may_change(handle, true);

	if (code != SQLITE_OK)
		return code;
	content_write(&handle->file->seen, bytes, (size_t)length, (size_t)offset);
	note(handle->file, (struct change){.offset = (size_t)offset, .length = (size_t)length},
	     bytes);
	return SQLITE_OK;
}

static int on_truncate(sqlite3_file *base, sqlite3_int64 size)
{
	struct handle *handle = handle_of(base);
	int code = may_change(handle, false);

	if (code != SQLITE_OK)
		return code;
	content_cut(&handle->file->seen, (size_t)size);
	note(handle->file, (struct change){.is_cut = true, .offset = (size_t)size}, NULL);
	return SQLITE_OK;
}

static int on_sync(sqlite3_file *base, int flags)
{
	struct handle *handle = handle_of(base);
	struct file *file = handle->file;
	int code = may_change(handle, false);

	(void)flags;
	if (code != SQLITE_OK)
		return code;
	for (size_t i = 0; i < file->n_changes; i++) {
		const struct change *change = &file->changes[i];

		if (change->is_cut)
			content_cut(&file->synced, change->offset);
		else
			apply(file, change, 0, change->length);
	}
	forget_changes(file);
	return SQLITE_OK;
}

static int on_size(sqlite3_file *base, sqlite3_int64 *ret)
{
	*ret = (sqlite3_int64)handle_of(base)->file->seen.length;
	return SQLITE_OK;
}

/* Only the exclusive lock keeps others away; more is not needed by one process at a time. */
static int on_lock(sqlite3_file *base, int level)
{
	struct handle *handle = handle_of(base);
	bool is_held = handle->file->n_exclusive > 0 && handle->lock != SQLITE_LOCK_EXCLUSIVE;

	if (is_held || (level == SQLITE_LOCK_EXCLUSIVE && handle->is_read_only))
		return SQLITE_BUSY;
	if (level == SQLITE_LOCK_EXCLUSIVE && handle->lock < level)
		handle->file->n_exclusive++;
	if (handle->lock < level)
		handle->lock = level;
	return SQLITE_OK;
}

static int on_unlock(sqlite3_file *base, int level)
{
	struct handle *handle = handle_of(base);

	if (handle->lock == SQLITE_LOCK_EXCLUSIVE && level < handle->lock)
		handle->file->n_exclusive--;
	if (level < handle->lock)
		handle->lock = level;
	return SQLITE_OK;
}

static int on_check(sqlite3_file *base, int *ret)
{
	*ret = handle_of(base)->file->n_exclusive > 0;
	return SQLITE_OK;
}

static int on_control(sqlite3_file *base, int operation, void *arg)
{
	(void)base;
	(void)operation;
	(void)arg;
	return SQLITE_NOTFOUND;
}

static int on_sector(sqlite3_file *base)
{
	(void)base;
	return SECTOR;
}

/* As the real one says: a torn write spoils nothing beside it. */
static int on_device(sqlite3_file *base)
{
	(void)base;
	return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static int on_map(sqlite3_file *base, int region, int size, int is_extended, void volatile **ret)
{
	struct file *file = handle_of(base)->file;

	if (region >= REGIONS_MAX)
		return SQLITE_IOERR_SHMMAP;
	if (!file->regions[region] && is_extended) {
		file->regions[region] = calloc(1, (size_t)size);
		if (!file->regions[region])
			abort();
	}
	*ret = file->regions[region];
	return SQLITE_OK;
}

static int on_map_lock(sqlite3_file *base, int offset, int n, int flags)
{
	(void)base;
	(void)offset;
	(void)n;
	(void)flags;
	return SQLITE_OK;
}

static void on_barrier(sqlite3_file *base)
{
	(void)base;
}

static int on_unmap(sqlite3_file *base, int is_last)
{
	if (is_last)
		unmap(handle_of(base)->file);
	return SQLITE_OK;
}

static const sqlite3_io_methods methods = {
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

/* Methods of the file system ----------------------------------------------------------------------
 */

static int on_open(sqlite3_vfs *base, sqlite3_filename name, sqlite3_file *opened, int flags,
                   int *ret_flags)
{
	struct sim_vfs *vfs = base->pAppData;
	struct handle *handle = handle_of(opened);
	struct file *file = name ? file_find(vfs, name) : NULL;
	bool is_read_only = vfs->trouble == SIM_VFS_READ_ONLY && name;

	memset(handle, 0, sizeof(*handle));
	if (!file) {
		if (!(flags & SQLITE_OPEN_CREATE) || is_read_only ||
		    (vfs->doom > 0 && vfs->n_operations >= vfs->doom))
			return SQLITE_CANTOPEN;
		file = file_find(vfs, "");
		assert(file);
		text_copy(file->name, name ? name : "(temporary)");
	}
	if (is_read_only)
		flags = (flags & ~(SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)) |
		        SQLITE_OPEN_READONLY;
	handle->vfs = vfs;
	handle->file = file;
	handle->is_temporary = !name;
	handle->is_read_only = (flags & SQLITE_OPEN_READONLY) != 0;
	handle->base.pMethods = &methods;
	file->n_handles++;
	if (ret_flags)
		*ret_flags = flags;
	return SQLITE_OK;
}

/* A name that is gone stays gone: directories are synced when something is removed from them. */
static int on_delete(sqlite3_vfs *base, const char *name, int is_synced)
{
	struct sim_vfs *vfs = base->pAppData;
	struct file *file = file_find(vfs, name);

	(void)is_synced;
	if (!file)
		return SQLITE_IOERR_DELETE_NOENT;
	if (vfs->trouble == SIM_VFS_READ_ONLY || (vfs->doom > 0 && vfs->n_operations >= vfs->doom))
		return SQLITE_IOERR_DELETE;
	vfs->n_operations++;
	file_free(file);
	return SQLITE_OK;
}

static int on_access(sqlite3_vfs *base, const char *name, int flags, int *ret)
{
	(void)flags;
	*ret = file_find(base->pAppData, name) != NULL;
	return SQLITE_OK;
}

static int on_path(sqlite3_vfs *base, const char *name, int size, char *ret)
{
	(void)base;
	(void)sqlite3_snprintf(size, ret, "%s", name);
	return SQLITE_OK;
}

static int on_sleep(sqlite3_vfs *base, int microseconds)
{
	(void)base;
	return microseconds;
}

struct sim_vfs *sim_vfs_new(const char *name)
{
	struct sim_vfs *vfs = calloc(1, sizeof(*vfs));

	if (!vfs)
		abort();
	vfs->real = sqlite3_vfs_find(NULL);
	text_copy(vfs->name, name);
	vfs->base = *vfs->real;
	vfs->base.zName = vfs->name;
	vfs->base.pNext = NULL;
	vfs->base.pAppData = vfs;
	vfs->base.szOsFile = (int)sizeof(struct handle);
	vfs->base.xOpen = on_open;
	vfs->base.xDelete = on_delete;
	vfs->base.xAccess = on_access;
	vfs->base.xFullPathname = on_path;
	vfs->base.xSleep = on_sleep;
	sqlite3_vfs_register(&vfs->base, 0);
	return vfs;
}

struct sim_vfs *sim_vfs_free(struct sim_vfs *vfs)
{
	if (!vfs)
		return NULL;
	sqlite3_vfs_unregister(&vfs->base);
	sim_vfs_wipe(vfs);
	free(vfs);
	return NULL;
}

void sim_vfs_trouble(struct sim_vfs *vfs, enum sim_vfs_trouble trouble)
{
	vfs->trouble = trouble;
}

void sim_vfs_doom(struct sim_vfs *vfs, uint64_t n)
{
	vfs->doom = vfs->n_operations + n;
	if (vfs->doom == 0)
		vfs->doom = vfs->n_operations = 1;
}

uint64_t sim_vfs_count(const struct sim_vfs *vfs)
{
	return vfs->n_operations;
}

bool sim_vfs_is_dirty(const struct sim_vfs *vfs)
{
	for (int i = 0; i < FILES_MAX; i++) {
		if (vfs->files[i].n_changes > 0)
			return true;
	}
	return false;
}

/* Of each change some sectors reached the disk. */
static void tear(struct file *file, struct dice *dice)
{
	for (size_t i = 0; i < file->n_changes; i++) {
		const struct change *change = &file->changes[i];

		if (change->is_cut && dice_chance(dice, 0.5))
			content_cut(&file->synced, change->offset);
		for (size_t at = 0; !change->is_cut && at < change->length;) {
			size_t to = at + SECTOR - (change->offset + at) % SECTOR;

			if (to > change->length)
				to = change->length;
			if (dice_chance(dice, 0.5))
				apply(file, change, at, to - at);
			at = to;
		}
	}
}

void sim_vfs_lose(struct sim_vfs *vfs, struct dice *dice, bool is_torn)
{
	vfs->doom = 0;
	for (int i = 0; dice && i < FILES_MAX; i++) {
		struct file *file = &vfs->files[i];

		if (file->n_changes == 0)
			continue;
		if (is_torn)
			tear(file, dice);
		forget_changes(file);
		content_copy(&file->seen, &file->synced);
	}
}

void sim_vfs_wipe(struct sim_vfs *vfs)
{
	for (int i = 0; i < FILES_MAX; i++)
		file_free(&vfs->files[i]);
}

void sim_vfs_stand_in(struct sim_vfs *vfs, bool is_on)
{
	sqlite3_vfs_register(is_on ? &vfs->base : vfs->real, 1);
}
