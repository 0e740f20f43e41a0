#include "agent/history_aside.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TRIES_MAX  1000
#define SUFFIX_MAX 8

/* The time as a file name likes it: without '-' and ':'. */
static void time_format(struct instant at, char ret[INSTANT_TEXT_MAX])
{
	char text[INSTANT_TEXT_MAX];
	size_t n = 0;

	instant_format_seconds(at, text);
	for (const char *from = text; *from != '\0'; from++) {
		if (*from != '-' && *from != ':')
			ret[n++] = *from;
	}
	ret[n] = '\0';
}

/* Rename PATH with SUFFIX, if it is there. */
static bool part_move(const char *path, const char *aside, const char *suffix, struct err *err)
{
	char from[HISTORY_ASIDE_PATH_MAX + SUFFIX_MAX];
	char to[HISTORY_ASIDE_PATH_MAX + SUFFIX_MAX];

	snprintf(from, sizeof(from), "%s%s", path, suffix);
	snprintf(to, sizeof(to), "%s%s", aside, suffix);
	if (rename(from, to) == 0 || errno == ENOENT)
		return true;
	return err_set(err, ERR_SYSTEM, "cannot be moved aside to %s: %s", to, strerror(errno));
}

bool history_aside_move(const char *path, const char *word, struct instant at,
                        char ret[HISTORY_ASIDE_PATH_MAX], struct err *err)
{
	char aside[HISTORY_ASIDE_PATH_MAX];
	char time[INSTANT_TEXT_MAX];
	int length;

	time_format(at, time);
	length = snprintf(aside, sizeof(aside), "%s.%s-%s", path, word, time);
	for (int i = 2; length < (int)sizeof(aside) && access(aside, F_OK) == 0; i++) {
		if (i == TRIES_MAX)
			return err_set(err, ERR_LIMIT,
			               "cannot be moved aside: %d files like %s exist", i, aside);
		length = snprintf(aside, sizeof(aside), "%s.%s-%s-%d", path, word, time, i);
	}
	if (length >= (int)sizeof(aside))
		return err_set(err, ERR_LIMIT,
		               "cannot be moved aside: its path is longer than %d bytes",
		               HISTORY_ASIDE_PATH_MAX - 64);
	/* The log goes first: a log left behind would be played into the new file. */
	if (!part_move(path, aside, "-wal", err) || !part_move(path, aside, "-shm", err) ||
	    !part_move(path, aside, "", err))
		return false;
	memcpy(ret, aside, sizeof(aside));
	return true;
}
