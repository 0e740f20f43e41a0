/*
 * Why the copy is consistent: the writer appends to the log and, at a checkpoint, copies pages that
 * are in the log into the file. It begins the log anew (with other salts in the header) only after
 * such a copy is complete. So when the log's header is the same before the file is read and after
 * the log is read, each page of the file that may have changed meanwhile is in the log, whose
 * version takes its place here; a page torn by the reading, too. When the header has changed, all
 * is read again.
 */
#include "agent/history_copy.h"

#include "analysis/base/compiler.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_SIZE   4096
#define TRIES       20
#define HEADER      32 /* bytes of the log's header */
#define FRAME       24 /* bytes of a frame's header */
#define FILE_HEADER 100
#define PAGE_MIN    512
#define PAGE_MAX    65536

struct bytes {
	unsigned char *at; /* of sqlite3_malloc64 */
	size_t length;
	size_t size;
};

/* The two words of a log's running checksum. */
struct sum {
	uint32_t a;
	uint32_t b;
};

static void bytes_fini(struct bytes *bytes)
{
	sqlite3_free(bytes->at);
	*bytes = (struct bytes){0};
}

static bool bytes_grow(struct bytes *bytes, size_t size)
{
	unsigned char *at;

	if (size <= bytes->size)
		return true;
	at = sqlite3_realloc64(bytes->at, size);
	if (!at)
		abort();
	memset(at + bytes->size, 0, size - bytes->size);
	bytes->at = at;
	bytes->size = size;
	return true;
}

static void closep(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

/* The whole file into RET; one that is not there is empty when IS_OPTIONAL. */
static bool file_read(const char *path, bool is_optional, struct bytes *ret, struct err *err)
{
	CLEANUP(closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat status;
	ssize_t n;

	ret->length = 0;
	if (fd < 0 && errno == ENOENT && is_optional)
		return true;
	if (fd < 0 || fstat(fd, &status) != 0)
		return err_set(err, ERR_SYSTEM, "%s", strerror(errno));
	if (!S_ISREG(status.st_mode))
		return err_set(err, ERR_INVALID, "expected a file");
	for (;;) {
		if (ret->length >= HISTORY_COPY_MAX)
			return err_set(err, ERR_LIMIT, "more than %zu bytes", HISTORY_COPY_MAX);
		if (ret->length == ret->size)
			(void)bytes_grow(ret, ret->length ? ret->length * 2
			                                  : (size_t)status.st_size + PAGE_MAX);
		n = read(fd, ret->at + ret->length, ret->size - ret->length);
		if (n < 0 && errno != EINTR)
			return err_set(err, ERR_SYSTEM, "%s", strerror(errno));
		if (n == 0)
			return true;
		ret->length += n > 0 ? (size_t)n : 0;
	}
}

static uint32_t word_big(const unsigned char *at)
{
	return (uint32_t)at[0] << 24U | (uint32_t)at[1] << 16U | (uint32_t)at[2] << 8U | at[3];
}

static uint32_t word_little(const unsigned char *at)
{
	return (uint32_t)at[3] << 24U | (uint32_t)at[2] << 16U | (uint32_t)at[1] << 8U | at[0];
}

static void sum_add(struct sum *sum, bool is_big, const unsigned char *at, size_t length)
{
	for (size_t i = 0; i + 8 <= length; i += 8) {
		sum->a += (is_big ? word_big(at + i) : word_little(at + i)) + sum->b;
		sum->b += (is_big ? word_big(at + i + 4) : word_little(at + i + 4)) + sum->a;
	}
}

/* The page size of a log whose header is whole; 0: there is nothing in it. */
static size_t log_page(const struct bytes *log, bool *ret_is_big, struct sum *ret_sum)
{
	uint32_t magic;
	size_t page;

	if (log->length < HEADER)
		return 0;
	magic = word_big(log->at);
	page = word_big(log->at + 8);
	if ((magic & 0xfffffffeU) != 0x377f0682U || page < PAGE_MIN || page > PAGE_MAX ||
	    (page & (page - 1)) != 0)
		return 0;
	*ret_is_big = (magic & 1U) != 0;
	*ret_sum = (struct sum){0};
	sum_add(ret_sum, *ret_is_big, log->at, 24);
	if (ret_sum->a != word_big(log->at + 24) || ret_sum->b != word_big(log->at + 28))
		return 0;
	return page;
}

/* How far the log counts: the end of its last whole transaction, and the pages after it. */
static size_t log_end(const struct bytes *log, size_t page, bool is_big, struct sum sum,
                      size_t *ret_n_pages)
{
	size_t end = HEADER;

	*ret_n_pages = 0;
	for (size_t at = HEADER; at + FRAME + page <= log->length; at += FRAME + page) {
		const unsigned char *frame = log->at + at;

		if (memcmp(frame + 8, log->at + 16, 8) != 0) /* of an earlier log */
			break;
		sum_add(&sum, is_big, frame, 8);
		sum_add(&sum, is_big, frame + FRAME, page);
		if (sum.a != word_big(frame + 16) || sum.b != word_big(frame + 20))
			break;
		if (word_big(frame + 4) == 0)
			continue;
		*ret_n_pages = word_big(frame + 4);
		end = at + FRAME + page;
	}
	return end;
}

/* Put what the log holds into the file's bytes. */
static bool merge(struct bytes *file, const struct bytes *log, struct err *err)
{
	bool is_big = false;
	struct sum sum = {0};
	size_t page = log_page(log, &is_big, &sum);
	size_t n_pages = 0;
	size_t end = page ? log_end(log, page, is_big, sum, &n_pages) : 0;

	if (n_pages > HISTORY_COPY_MAX / PAGE_MIN || n_pages * page > HISTORY_COPY_MAX)
		return err_set(err, ERR_LIMIT, "more than %zu bytes", HISTORY_COPY_MAX);
	if (n_pages > 0) {
		(void)bytes_grow(file, n_pages * page);
		file->length = n_pages * page;
	}
	for (size_t at = HEADER; page && at < end; at += FRAME + page) {
		size_t number = word_big(log->at + at);

		if (number >= 1 && number <= n_pages)
			memcpy(file->at + (number - 1) * page, log->at + at + FRAME, page);
	}
	return true;
}

/* The file and its log as they were at one moment. */
static bool read_both(const char *path, const char *log_path, struct bytes *file,
                      struct bytes *log, struct err *err)
{
	for (int i = 0; i < TRIES; i++) {
		unsigned char header[HEADER] = {0};
		struct bytes again = {0};
		bool is_read;
		bool is_same;

		if (!file_read(log_path, true, log, err))
			return false;
		memcpy(header, log->at ? log->at : header, log->length < HEADER ? 0 : HEADER);
		is_read = file_read(path, false, file, err) && file_read(log_path, true, log, err);
		is_same = is_read && (log->length < HEADER
		                              ? header[0] == 0
		                              : memcmp(header, log->at, HEADER) == 0);
		/* Without a log that counts, nothing may have moved: the file is read twice. */
		if (is_same && log->length < HEADER) {
			is_read = file_read(path, false, &again, err);
			is_same = is_read && again.length == file->length &&
			          memcmp(again.at, file->at, file->length) == 0;
			bytes_fini(&again);
		}
		if (!is_read)
			return false;
		if (is_same)
			return true;
	}
	return err_set(err, ERR_SYSTEM, "it changed each of the %d times it was read", TRIES);
}

/* A connection that owns the bytes. */
static bool connect(struct bytes *file, sqlite3 **ret_db, struct err *err)
{
	sqlite3 *db = NULL;
	int code = sqlite3_open_v2(":memory:", &db, SQLITE_OPEN_READWRITE, NULL);

	if (code == SQLITE_OK && file->length > 0) {
		code = sqlite3_deserialize(db, "main", file->at, (sqlite3_int64)file->length,
		                           (sqlite3_int64)file->size,
		                           SQLITE_DESERIALIZE_FREEONCLOSE |
		                                   SQLITE_DESERIALIZE_READONLY);
		*file = (struct bytes){0};
	}
	if (code == SQLITE_OK) {
		*ret_db = db;
		return true;
	}
	(void)sqlite3_close_v2(db);
	return err_set(err, ERR_SYSTEM, "%s", sqlite3_errstr(code));
}

bool history_copy_open(const char *path, sqlite3 **ret_db, struct err *err)
{
	CLEANUP(bytes_fini) struct bytes file = {0};
	CLEANUP(bytes_fini) struct bytes log = {0};
	char log_path[PATH_SIZE];

	if (strlen(path) + 5 > sizeof(log_path))
		return err_set(err, ERR_LIMIT, "a path of more than %d bytes", PATH_SIZE - 5);
	(void)snprintf(log_path, sizeof(log_path), "%s-wal", path);
	if (!read_both(path, log_path, &file, &log, err) || !merge(&file, &log, err))
		return false;
	if (file.length >= FILE_HEADER) {
		file.at[18] = 1; /* in memory there is no log: neither for writing … */
		file.at[19] = 1; /* … nor for reading */
	}
	return connect(&file, ret_db, err);
}
