#include "agent/credentials_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void remember(struct credentials_file *file, const struct stat *status)
{
	file->device = status->st_dev;
	file->inode = status->st_ino;
	file->changed = status->st_mtim;
	file->size_on_disk = status->st_size;
}

static char *allocate(size_t size)
{
	char *bytes = calloc(1, size);

	if (!bytes)
		abort();
	return bytes;
}

/* Until the end of the file or SIZE bytes; the length, or -1. */
static ssize_t read_fully(int fd, char *bytes, size_t size)
{
	size_t used = 0;

	while (used < size) {
		ssize_t length = read(fd, bytes + used, size - used);

		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0)
			return -1;
		if (length == 0)
			break;
		used += (size_t)length;
	}
	return (ssize_t)used;
}

static bool read_open(int fd, size_t max, struct credentials_file *file, struct err *err)
{
	struct stat status;
	ssize_t length;

	if (fstat(fd, &status) < 0)
		return err_set(err, ERR_SYSTEM, "%s: %s", file->path, strerror(errno));
	if (!S_ISREG(status.st_mode))
		return err_set(err, ERR_INVALID, "%s: expected a regular file", file->path);
	if ((size_t)status.st_size > max)
		return err_set(err, ERR_LIMIT, "%s: expected at most %zu bytes, got %lld",
		               file->path, max, (long long)status.st_size);
	remember(file, &status);
	file->size = (size_t)status.st_size + 1;
	file->bytes = allocate(file->size);
	length = read_fully(fd, file->bytes, file->size - 1);
	if (length < 0)
		return err_set(err, ERR_SYSTEM, "%s: %s", file->path, strerror(errno));
	file->length = (size_t)length;
	if (memchr(file->bytes, '\0', file->length))
		return err_set(err, ERR_MALFORMED, "%s: expected text, got a NUL byte", file->path);
	return true;
}

bool credentials_file_read(const char *path, size_t max, struct credentials_file *ret,
                           struct err *err)
{
	struct credentials_file file = {0};
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	bool is_fine;

	if (fd < 0)
		return err_set(err, ERR_SYSTEM, "%s: %s", path, strerror(errno));
	file.path = strdup(path);
	if (!file.path)
		abort();
	is_fine = read_open(fd, max, &file, err);
	(void)close(fd);
	if (is_fine)
		*ret = file;
	else
		credentials_file_fini(&file);
	return is_fine;
}

struct credentials_file credentials_file_copy(const char *bytes, size_t length)
{
	struct credentials_file file = {
		.bytes = allocate(length + 1),
		.length = length,
		.size = length + 1,
	};

	memcpy(file.bytes, bytes, length);
	return file;
}

void credentials_file_trim(struct credentials_file *file)
{
	while (file->length > 0 && strchr(" \t\r\n", file->bytes[file->length - 1]))
		file->bytes[--file->length] = '\0';
}

bool credentials_file_has_changed(const struct credentials_file *file)
{
	struct stat status;

	if (!file->path)
		return false;
	if (stat(file->path, &status) < 0)
		return true;
	return status.st_dev != file->device || status.st_ino != file->inode ||
	       status.st_size != file->size_on_disk ||
	       status.st_mtim.tv_sec != file->changed.tv_sec ||
	       status.st_mtim.tv_nsec != file->changed.tv_nsec;
}

/* jansson hands its texts out as const, but they are its own heap memory. */
static void wipe_text(json_t *value)
{
	const char *text = json_string_value(value);
	char *bytes;

	memcpy(&bytes, &text, sizeof(bytes));
	explicit_bzero(bytes, json_string_length(value));
}

void credentials_file_wipe_tree(json_t *root)
{
	const char *key;
	json_t *value;
	size_t index;

	json_object_foreach(root, key, value) credentials_file_wipe_tree(value);
	json_array_foreach(root, index, value) credentials_file_wipe_tree(value);
	if (json_is_string(root))
		wipe_text(root);
}

void credentials_file_fini(struct credentials_file *file)
{
	if (file->bytes)
		explicit_bzero(file->bytes, file->size);
	free(file->bytes);
	free(file->path);
	*file = (struct credentials_file){0};
}
