#include "agent/demo/demo_place.h"

#include "agent/demo/demo_manifests.h"
#include "analysis/base/compiler.h"
#include "analysis/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const history_suffixes[] = {"", "-wal", "-shm", "-agent"};

/* Make what is lacking of the path, from its top. */
static bool make_directories(struct demo_place *place, char *path, struct err *err)
{
	for (char *end = path + 1;; end++) {
		char kept = *end;

		if (kept != '/' && kept != '\0')
			continue;
		*end = '\0';
		if (mkdir(path, 0700) == 0)
			place->n_made++;
		else if (errno != EEXIST)
			return err_set(err, ERR_SYSTEM, "%.300s: %s", path, strerror(errno));
		*end = kept;
		if (kept == '\0')
			return true;
	}
}

static bool name_directory(struct demo_place *place, const char *directory, struct err *err)
{
	const char *state = getenv("XDG_STATE_HOME");
	const char *home = getenv("HOME");

	if (directory[0])
		text_copy(place->directory, directory);
	else if (state && state[0] == '/')
		text_format(place->directory, sizeof(place->directory), "%s/serin/demo", state);
	else if (home && home[0] == '/')
		text_format(place->directory, sizeof(place->directory),
		            "%s/.local/state/serin/demo", home);
	else
		return err_set(err, ERR_INVALID,
		               "neither $XDG_STATE_HOME nor $HOME is set: name a directory with "
		               "--dir");
	return true;
}

/* Commands that are shown at the end work from anywhere. */
static bool make_absolute(struct demo_place *place, struct err *err)
{
	char *path = realpath(place->directory, NULL);
	bool fits = path && strlen(path) < sizeof(place->directory);

	if (!path)
		return err_set(err, ERR_SYSTEM, "%.300s: %s", place->directory, strerror(errno));
	text_copy(place->directory, path);
	free(path);
	text_format(place->history, sizeof(place->history), "%s/history.db", place->directory);
	text_format(place->kubeconfig, sizeof(place->kubeconfig), "%s/kubeconfig",
	            place->directory);
	return fits || err_set(err, ERR_LIMIT, "the directory's path is too long");
}

static bool lock_directory(struct demo_place *place, struct err *err)
{
	place->lock = open(place->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (place->lock < 0)
		return err_set(err, ERR_SYSTEM, "%.300s: %s", place->directory, strerror(errno));
	if (flock(place->lock, LOCK_EX | LOCK_NB) == 0)
		return true;
	close(place->lock);
	place->lock = -1;
	return err_set(err, ERR_SYSTEM,
	               "another demo runs in %.300s: name another directory with --dir",
	               place->directory);
}

static void remove_history(const struct demo_place *place)
{
	char path[sizeof(place->history) + 16];

	for (size_t i = 0; i < array_length(history_suffixes); i++) {
		text_format(path, sizeof(path), "%s%s", place->history, history_suffixes[i]);
		(void)unlink(path);
	}
}

static void remove_directories(struct demo_place *place)
{
	char path[DEMO_PLACE_PATH_MAX];

	text_copy(path, place->directory);
	while (place->n_made > 0 && rmdir(path) == 0) {
		char *slash = strrchr(path, '/');

		*slash = '\0';
		place->n_made--;
	}
}

bool demo_place_open(struct demo_place *place, const char *directory, struct err *err)
{
	*place = (struct demo_place){.lock = -1};
	if (!name_directory(place, directory, err) ||
	    !make_directories(place, place->directory, err) || !make_absolute(place, err))
		return false;
	if (!lock_directory(place, err))
		return false;
	if (directory[0] && access(place->history, F_OK) == 0) {
		demo_place_close(place);
		return err_set(err, ERR_INVALID, "%.300s is there already: name another --dir",
		               place->history);
	}
	remove_history(place);
	return true;
}

bool demo_place_write_kubeconfig(const struct demo_place *place, uint16_t port, struct err *err)
{
	int file = open(place->kubeconfig, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int n_written = -1;

	if (file >= 0) {
		n_written = dprintf(file,
		                    "apiVersion: v1\n"
		                    "kind: Config\n"
		                    "current-context: demo\n"
		                    "clusters: [{name: demo, cluster: {server: "
		                    "'http://127.0.0.1:%u'}}]\n"
		                    "users: [{name: demo, user: {}}]\n"
		                    "contexts: [{name: demo, context: {cluster: demo, user: demo, "
		                    "namespace: %s}}]\n",
		                    port, DEMO_MANIFESTS_NAMESPACE);
		close(file);
	}
	return n_written > 0 ||
	       err_set(err, ERR_SYSTEM, "%.300s: %s", place->kubeconfig, strerror(errno));
}

void demo_place_remove_kubeconfig(const struct demo_place *place)
{
	(void)unlink(place->kubeconfig);
}

void demo_place_remove(struct demo_place *place)
{
	if (place->lock < 0)
		return;
	demo_place_remove_kubeconfig(place);
	remove_history(place);
	remove_directories(place);
}

void demo_place_close(struct demo_place *place)
{
	if (place->lock >= 0)
		close(place->lock);
	place->lock = -1;
}
