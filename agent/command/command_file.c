#include "agent/command/command_file.h"

#include "analysis/base/buf.h"
#include "providers/wire/document.h"
#include "providers/wire/tree.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PIECE 65536

struct walk {
	command_file_visit *visit;
	void *user;
	size_t n_files;
};

static bool refuse(struct err *err, const char *name)
{
	return err_set(err, ERR_SYSTEM, "%.200s: %s", name, strerror(errno));
}

static bool read_all(FILE *file, const char *name, struct buf *ret, struct err *err)
{
	char piece[PIECE];
	size_t length;

	while ((length = fread(piece, 1, sizeof(piece), file)) > 0) {
		if (!buf_add(ret, piece, length))
			return err_set(err, ERR_LIMIT, "%.200s: expected at most %d bytes", name,
			               COMMAND_FILE_BYTES_MAX);
	}
	return ferror(file) ? refuse(err, name) : true;
}

static bool visit_file(struct walk *walk, const char *name, bool is_found, struct err *err)
{
	bool is_stdin = strcmp(name, "-") == 0;
	struct buf bytes = {.max = COMMAND_FILE_BYTES_MAX};
	FILE *file = is_stdin ? stdin : fopen(name, "re");
	bool is_done;

	if (!file)
		return refuse(err, name);
	is_done = read_all(file, name, &bytes, err);
	if (!is_stdin)
		(void)fclose(file);
	is_done = is_done && walk->visit(walk->user,
	                                 &(struct command_file){
						 .name = name,
						 .bytes = buf_text(&bytes),
						 .length = bytes.length,
						 .is_found = is_found,
					 },
	                                 err);
	buf_fini(&bytes);
	return is_done;
}

static bool is_manifest(const char *name)
{
	static const char *const ends[] = {".yaml", ".yml", ".json"};

	for (size_t i = 0; i < array_length(ends); i++) {
		size_t length = strlen(ends[i]);

		if (strlen(name) > length && strcmp(name + strlen(name) - length, ends[i]) == 0)
			return true;
	}
	return false;
}

static int is_shown(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int compare(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static bool visit_folder(struct walk *walk, const char *name, int depth, struct err *err);

/* What is in a folder: another folder, or a file. */
static bool visit_entry(struct walk *walk, const char *name, int depth, struct err *err)
{
	struct stat status;

	if (stat(name, &status) != 0)
		return refuse(err, name);
	if (S_ISDIR(status.st_mode))
		return visit_folder(walk, name, depth + 1, err);
	if (!S_ISREG(status.st_mode) || !is_manifest(name))
		return true;
	if (walk->n_files++ == COMMAND_FILE_COUNT_MAX)
		return err_set(err, ERR_LIMIT, "%.200s: more than %d files", name,
		               COMMAND_FILE_COUNT_MAX);
	return visit_file(walk, name, true, err);
}

static bool visit_folder(struct walk *walk, const char *name, int depth, struct err *err)
{
	struct dirent **entries = NULL;
	bool is_done = true;
	int n_entries;

	if (depth > COMMAND_FILE_DEPTH_MAX)
		return err_set(err, ERR_LIMIT, "%.200s: more than %d folders inside each other",
		               name, COMMAND_FILE_DEPTH_MAX);
	n_entries = scandir(name, &entries, is_shown, compare);
	if (n_entries < 0)
		return refuse(err, name);
	for (int i = 0; i < n_entries; i++) {
		char *path = NULL;

		if (asprintf(&path, "%s%s%s", name, name[strlen(name) - 1] == '/' ? "" : "/",
		             entries[i]->d_name) < 0)
			abort();
		is_done = is_done && visit_entry(walk, path, depth, err);
		free(path);
		free(entries[i]);
	}
	free(entries);
	return is_done;
}

bool command_file_each(const char *word, command_file_visit *visit, void *user, struct err *err)
{
	struct walk walk = {.visit = visit, .user = user};
	struct stat status;

	if (strcmp(word, "-") != 0 && stat(word, &status) == 0 && S_ISDIR(status.st_mode))
		return visit_folder(&walk, word, 1, err);
	return visit_file(&walk, word, false, err);
}

struct reading {
	command_file_take *take;
	void *user;
};

static bool take_document(const struct reading *reading, json_t *document, struct err *err)
{
	const json_t *items = json_object_get(document, "items");

	if (!json_is_array(items))
		return reading->take(reading->user, document, err);
	for (size_t i = 0; i < json_array_size(items); i++) {
		if (!reading->take(reading->user, json_array_get(items, i), err))
			return false;
	}
	return true;
}

static bool read_documents(void *user, const struct command_file *file, struct err *err)
{
	CLEANUP(document_stream_freep)
	struct document_stream *stream = document_stream_new(file->bytes, file->length);

	for (;;) {
		CLEANUP(tree_freep) json_t *document = NULL;

		if (!document_stream_next(stream, &document, err))
			return err_wrap(err, "%.200s", file->name);
		if (!document)
			return true;
		if (!take_document(user, document, err))
			return err_wrap(err, "%.200s", file->name);
	}
}

bool command_file_objects(const char *word, command_file_take *take, void *user, struct err *err)
{
	struct reading reading = {.take = take, .user = user};

	return command_file_each(word, read_documents, &reading, err);
}
