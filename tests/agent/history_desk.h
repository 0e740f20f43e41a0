/* What the tests of the history share: a directory, a file system that misbehaves, and a loop made
 * of a counter. */
#ifndef TESTS_AGENT_HISTORY_DESK_H
#define TESTS_AGENT_HISTORY_DESK_H

#include "agent/history_facts.h"
#include "agent/history_sqlite.h"
#include "tests/agent/slow_vfs.h"

#define DESK_ACKS_MAX 8192
#define DESK_EPOCH    1795236300000 /* when it is opened; round N is 10 * N ms later */

struct desk {
	char directory[64];
	char path[128];
	struct slow_vfs vfs;
	const char *chain;       /* of what is opened next; NULL: the usual one */
	struct history *history; /* or NULL */
	struct span keep;        /* retention of what is opened next; 0: for ever */
	unsigned n_starts;
	pthread_mutex_t lock;
	pthread_cond_t posted;
	unsigned n_posts; /* under the lock; not yet delivered */
	unsigned n_acks;
	char acks[DESK_ACKS_MAX][16];         /* uids, as they came */
	struct history_facts_base facts_base; /* of the decisions */
	bool is_in_call; /* an acknowledgement now would be one from inside a call */
};

/* A fresh directory; nothing is open. */
struct desk *history_desk_new(void);

/* Close what is open and remove the directory. */
void history_desk_free(struct desk *desk);

/* Open the history. */
void history_desk_open(struct desk *desk);

/* Close it with a minute of patience; returns how many records were not written. */
size_t history_desk_close(struct desk *desk);

/* Append round NUMBER, whose uid is "r" and five digits. */
void history_desk_round(struct desk *desk, unsigned number);

/* The same with a decision that `decide` takes, and all that it takes it from. */
void history_desk_decision(struct desk *desk, unsigned number);

/* Append an effect of round NUMBER. */
void history_desk_effect(struct desk *desk, unsigned number, enum history_kind kind,
                         const char *key);

/* Remove what is older than `keep` at DESK_EPOCH and AFTER, and wait until that has ended. */
void history_desk_prune(struct desk *desk, struct span after);

/* Turn the loop until N acknowledgements came in all. */
void history_desk_wait_acks(struct desk *desk, unsigned n);

/* Turn the loop until the state contains TEXT. */
void history_desk_wait_state(struct desk *desk, const char *text);

/* Run SQL on the closed file with an ordinary connection. */
void history_desk_exec(struct desk *desk, const char *sql);

/* The first column of the first row, as a number, from the closed file. */
long history_desk_number(struct desk *desk, const char *sql);

/* The file verifies, with N entries in its chain. */
void history_desk_check_intact(struct desk *desk, long n);

/* Of a test that wants the desk as its state. */
int history_desk_set_up(void **state);
int history_desk_tear_down(void **state);

#endif
