/* What the tests of the commands share: a cluster behind real HTTP, a kubeconfig, and a screen. */
#ifndef TESTS_AGENT_COMMAND_DESK_H
#define TESTS_AGENT_COMMAND_DESK_H

#include "agent/command/command.h"
#include "agent/demo/apiserver.h"

#include <pthread.h>

#define COMMAND_DESK_NOW 1763712000000 /* 2025-11-21T08:00:00Z */

struct front;

struct command_desk {
	struct apiserver *server; /* under the lock */
	struct front *front;
	pthread_t thread;
	pthread_mutex_t lock;
	bool is_closing; /* under the lock */
	char folder[64];
	char kubeconfig[96];
	struct command_screen screen; /* of the next run */
	const char *file_variable;    /* what $KUBECONFIG says; NULL: kubeconfig */
	struct span lead;             /* of the server's clock before the command's machine's */
	struct span later;            /* at which the test writes */
	/* As an agent would, every Action is answered so ("accepted", "refused"); NULL: none runs.
	 */
	const char *answer;
	const char *answer_text;
	FILE *in;     /* where a person answers; NULL: nobody can */
	FILE *stream; /* where the next run writes, and closes; NULL: `out` */
	/* Of the last run. */
	enum command_exit status;
	char *out;
	char *trouble;
};

struct command_desk *command_desk_new(void);

/* The same with a server that knows these resources only; they must outlive it. */
struct command_desk *command_desk_new_with(const struct apiserver_resource *resources,
                                           size_t n_resources);

/* Accepts NULL, returns NULL. */
struct command_desk *command_desk_free(struct command_desk *desk);

/* The server is gone, and its connections are cut. */
void command_desk_cut(struct command_desk *desk);

/* Put a file into the folder; returns its path, valid until the next call. */
const char *command_desk_file(struct command_desk *desk, const char *name, const char *text,
                              char ret[160]);

/* Write to the cluster: single quotes stand for double ones; asserts that it was accepted. */
void command_desk_write(struct command_desk *desk, enum http_method method, const char *url,
                        const char *body);

/* The uid of an object. */
void command_desk_uid(struct command_desk *desk, const char *plural, const char *name,
                      char ret[64]);

/*
 * The usual cast in namespace shop: Canary cart in the middle of cart-3, after cart-1 was promoted
 * and cart-2 rolled back; Canary till at rest; Canary broken, which is refused.
 */
void command_desk_cast(struct command_desk *desk);

/* Run "status cart -n shop": words are parted by blanks; the program is "serin". */
void command_desk_run(struct command_desk *desk, const char *line);

/* The same under another name of the program. */
void command_desk_run_as(struct command_desk *desk, const char *program, const char *line);

/*
 * The same, while READ_ON(USER) runs in a thread of its own and reads what is written from
 * *RET_END, which is closed after it.
 */
void command_desk_stream(struct command_desk *desk, const char *line, void *(*read_on)(void *user),
                         void *user, int *ret_end);

/* Of a test that wants the desk with its cast as its state. */
int command_desk_set_up(void **state);
int command_desk_tear_down(void **state);

#endif
