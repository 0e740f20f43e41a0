/*
 * Why a canary stands where it stands: one sentence and the facts it rests on, from the objects of
 * the cluster alone. Pure: collecting is explain_collect.h.
 *
 * Glossary. *Cause*: a word for the sentence, for scripts. *Fact*: what an object says, in a line.
 */
#ifndef AGENT_COMMAND_EXPLAIN_H
#define AGENT_COMMAND_EXPLAIN_H

#include "analysis/base/arena.h"
#include "analysis/base/instant.h"

#include <jansson.h>
#include <stdbool.h>

#define EXPLAIN_FACTS_MAX   48
#define EXPLAIN_PODS_MAX    3   /* ailing pods of one Deployment that are told */
#define EXPLAIN_MISSING_MAX 8   /* what could not be read */
#define EXPLAIN_TEXT_MAX    512 /* bytes of a sentence or fact; longer ones are cut */

/* A Deployment and what it runs. */
struct explain_workload {
	const char *name;     /* "cart-primary"; NULL: the Canary names none */
	bool is_known;        /* it was asked for and answered */
	json_t *deployment;   /* NULL: there is none */
	json_t *replica_sets; /* lists of objects; NULL: not known */
	json_t *pods;
};

/* What is known of one canary; the trees are owned by it (explain_world_fini). */
struct explain_world {
	struct instant now;
	const char *name;
	const char *k8s_namespace;
	json_t *canary;
	json_t *releases; /* a list; NULL: not known */
	struct explain_workload target;
	struct explain_workload primary;
	const char *ingress_name; /* spec.ingressRef.name; NULL: none */
	bool is_ingress_known;
	json_t *ingress; /* the user's */
	json_t *route;   /* the canary's clone of it */
	bool is_lease_known;
	json_t *lease;
	const char *lease_name;                   /* "kube-system/flagger-leader-election" */
	const char *default_provider;             /* of a Canary that names none; NULL: not known */
	const char *missing[EXPLAIN_MISSING_MAX]; /* "pods: 403 Forbidden: …" */
	size_t n_missing;
	struct arena arena; /* of the texts above */
};

struct explain_fact {
	const char *about; /* "Release cart-3" */
	const char *text;
};

/* Texts live in the arena. */
struct explain_answer {
	struct arena arena;
	const char *cause; /* "image", "deadline", …: docs/commands.md */
	const char *sentence;
	struct explain_fact facts[EXPLAIN_FACTS_MAX];
	size_t n_facts;
};

/* Explain. WORLD has a canary. RET is zero before. */
void explain_answer(const struct explain_world *world, struct explain_answer *ret);

void explain_answer_fini(struct explain_answer *answer);
void explain_world_fini(struct explain_world *world);

/* The provider to read a Canary with that names none: the agent's default, else the one that serves
 * it as it is. For explain_*.c. */
const char *explain_provider(const struct explain_world *world);

/* Add a fact, made as by printf; dropped when there are EXPLAIN_FACTS_MAX. For explain_*.c. */
void explain_fact_add(struct explain_answer *answer, const char *about, const char *format, ...)
	PRINTF_LIKE(3, 4);

/* Set the sentence unless there is one already. For explain_*.c. */
void explain_say(struct explain_answer *answer, const char *cause, const char *format, ...)
	PRINTF_LIKE(3, 4);

/* How long ago THEN was: "45s", "3m", "2h5m", "4d3h"; "" when it is not set. */
#define EXPLAIN_AGE_MAX 32
const char *explain_age(struct instant now, struct instant then, char ret[EXPLAIN_AGE_MAX]);

#endif
