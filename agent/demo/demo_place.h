/*
 * Where the demo keeps its files: history.db, and a kubeconfig while its server stays. One demo at
 * a time is at home in a directory. What it made it can take away again, and nothing else.
 */
#ifndef AGENT_DEMO_DEMO_PLACE_H
#define AGENT_DEMO_DEMO_PLACE_H

#include "analysis/base/err.h"

#include <stdbool.h>
#include <stdint.h>

#define DEMO_PLACE_PATH_MAX 3072

struct demo_place {
	char directory[DEMO_PLACE_PATH_MAX]; /* absolute */
	char history[DEMO_PLACE_PATH_MAX + 32];
	char kubeconfig[DEMO_PLACE_PATH_MAX + 32];
	int lock;   /* held on the directory; -1: none */
	int n_made; /* directories that were made, the deepest first */
};

/*
 * DIRECTORY "" means serin/demo in $XDG_STATE_HOME, else in ~/.local/state: there the files of the
 * last demo give way. A directory that was named and holds a history is refused. The place must be
 * closed, also after a failure.
 */
bool demo_place_open(struct demo_place *place, const char *directory, struct err *err);

/* A kubeconfig for the server on that port of 127.0.0.1. */
bool demo_place_write_kubeconfig(const struct demo_place *place, uint16_t port, struct err *err);

void demo_place_remove_kubeconfig(const struct demo_place *place);

/* Take all away that was made. */
void demo_place_remove(struct demo_place *place);

/* Let it go; the files stay. */
void demo_place_close(struct demo_place *place);

#endif
