/*
 * Those who are no agents: people who push, revert, edit, delete and recreate, tools that restore
 * what they own, and other hands (people_edit.c).
 */
#ifndef TESTS_SIMULATION_PEOPLE_H
#define TESTS_SIMULATION_PEOPLE_H

#include "agent/loop.h"
#include "tests/simulation/dice.h"
#include "tests/simulation/faults.h"
#include "tests/simulation/truth.h"

struct simulation;

enum deed {
	DEED_PUSH,
	DEED_REVERT,
	DEED_DELETE,
	DEED_EDIT,      /* of the Canary's analysis */
	DEED_SKIP,      /* skipAnalysis on or off */
	DEED_MOVE,      /* another target port: an edit of what a run stands on */
	DEED_SPOIL,     /* an invalid value, for a while */
	DEED_ANNOTATE,  /* of the target: labels and annotations that are no revision */
	DEED_REMOVE,    /* the target, for a while */
	DEED_CONFIGURE, /* other contents of what its pods mount */
	DEED_MAX,
};

/* Those who look after one canary. */
struct people_team {
	struct simulation *simulation;
	int canary;
	struct alarm next; /* their next deed */
	struct alarm mend; /* when what was broken for a while is mended */
	int n_left;        /* deeds before them */
	bool is_sorry;     /* their next deed takes the last push back: what is analysed is live */
	bool is_unlucky;   /* hardly anything that they push is good */
};

struct people {
	struct dice dice;
	struct dice edits;
	struct dice configs;
	struct people_team teams[FAULT_CANARIES_MAX];
	struct instant silent_until; /* a watch may be */
};

void people_init(struct simulation *simulation);
void people_fini(struct simulation *simulation);

/* One deed; of a push the quality says what. */
void people_act(struct simulation *simulation, int canary, enum deed deed, enum quality quality);

/* Opportunities for foreign edits; called every now and then. */
void people_weather(struct simulation *simulation);

/* A foreign edit of that kind, when it would make a difference; false otherwise. */
bool people_edit(struct simulation *simulation, enum fault kind, int canary);

/* Somebody removes an object that an agent made. */
void people_remove(struct simulation *simulation, int canary, const char *url);

/* What was broken or spoilt for a while is put right, of one canary and of all. */
void people_mend(struct simulation *simulation, int canary);
void people_mend_all(struct simulation *simulation);

/* … after that time, if not before. */
void people_mend_later(struct simulation *simulation, int canary, struct span time);

/* The team's next deed comes after that time: they saw something. */
void people_hasten(struct simulation *simulation, int canary, struct span time);

/* They take back what they pushed while another version was analysed, when they did. */
void people_repent(struct simulation *simulation, int canary, struct span time);

/* A fault struck: clocks that jump may end runs by their deadlines. */
void people_struck(struct simulation *simulation, enum fault kind);

/* They did all they wanted. */
bool people_are_done(const struct simulation *simulation);

/* The URL of an object of a canary's: "<name><SUFFIX>", or the collection for NULL. */
#define PEOPLE_URL_MAX 160
void people_url(const struct truth_canary *canary, const char *plural, const char *name,
                char ret[PEOPLE_URL_MAX]);

/* Write the target as it is meant to be. */
void people_apply_target(struct simulation *simulation, struct truth_canary *canary,
                         const char *who);

/* The version whose run is open, or NULL. */
struct truth_version *people_run_version(struct simulation *simulation, int canary);

#endif
