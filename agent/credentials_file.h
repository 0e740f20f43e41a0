/* A small file with a secret in it: read whole, told apart from its successor, wiped in the end. */
#ifndef AGENT_CREDENTIALS_FILE_H
#define AGENT_CREDENTIALS_FILE_H

#include "analysis/base/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <time.h>

/* Of one reading: CA, certificate, key, token, password, namespace, beside kubeconfigs. */
#define CREDENTIALS_FILES_MAX (8 + CREDENTIALS_KUBECONFIGS_MAX)

/* That are merged into one. */
#define CREDENTIALS_KUBECONFIGS_MAX 32

struct credentials_file {
	char *path;  /* NULL: a copy of something else, which never changes */
	char *bytes; /* a NUL follows */
	size_t length;
	size_t size; /* as read, all of which is wiped */
	dev_t device;
	ino_t inode;
	struct timespec changed;
	off_t size_on_disk;
};

/* Read at most MAX bytes; more is ERR_LIMIT. The result belongs to the caller. */
bool credentials_file_read(const char *path, size_t max, struct credentials_file *ret,
                           struct err *err);

/* The same from memory. */
struct credentials_file credentials_file_copy(const char *bytes, size_t length);

/* Cut spaces and line ends off the end. */
void credentials_file_trim(struct credentials_file *file);

/* Whether another version of it is there now; also when it is gone. */
bool credentials_file_has_changed(const struct credentials_file *file);

/* Overwrite every text of a tree that nobody else holds, just before it is freed. */
void credentials_file_wipe_tree(json_t *root);

/* Wipe and free. */
void credentials_file_fini(struct credentials_file *file);

#endif
