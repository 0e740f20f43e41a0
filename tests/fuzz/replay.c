/*
 * Replays the corpus of a fuzz target as a plain test: each file of the directory in argv[1], and
 * each beginning of each file, since a stranger's bytes may end anywhere. Under libFuzzer this file
 * is left out.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_MAX      (1024 * 1024)
#define BEGINNINGS_MAX 2048

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

/* In memory of exactly its size, so that the sanitizer sees one byte read too many. */
static void try_input(const uint8_t *bytes, size_t length)
{
	uint8_t *copy = malloc(length ? length : 1);

	if (!copy)
		abort();
	memcpy(copy, bytes, length);
	(void)LLVMFuzzerTestOneInput(copy, length);
	free(copy);
}

static void replay(const char *path)
{
	uint8_t *bytes = malloc(INPUT_MAX);
	FILE *file = fopen(path, "rb");
	size_t length;

	if (!bytes || !file)
		abort();
	length = fread(bytes, 1, INPUT_MAX, file);
	(void)fclose(file);
	try_input(bytes, length);
	for (size_t end = 0; end < length && end < BEGINNINGS_MAX; end++)
		try_input(bytes, end);
	free(bytes);
}

static int is_input(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

int main(int argc, char **argv)
{
	struct dirent **entries;
	char path[4096];
	int n_entries;

	if (argc != 2 || (n_entries = scandir(argv[1], &entries, is_input, alphasort)) < 0) {
		(void)fprintf(stderr, "usage: %s CORPUS-DIRECTORY\n", argv[0]);
		return 2;
	}
	printf("1..%d\n", n_entries);
	for (int i = 0; i < n_entries; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", argv[1], entries[i]->d_name);
		replay(path);
		printf("ok %d - %s\n", i + 1, entries[i]->d_name);
		(void)fflush(stdout);
		free(entries[i]);
	}
	free(entries);
	return 0;
}
