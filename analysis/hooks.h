/*
 * Asking hooks: each is a question of the plan, and its answer counts only for the check and the
 * run that it was asked in. Hooks of one type are asked one after another, in the order of the
 * spec.
 */
#ifndef ANALYSIS_HOOKS_H
#define ANALYSIS_HOOKS_H

#include "analysis/thought.h"

/*
 * What all hooks of a type say together. PASS: each said yes; of rollback hooks: one did. FAIL: one
 * said no, those behind it are not asked; of rollback hooks: each did. Where there are none, the
 * gates are open and nothing calls for a rollback. PENDING: not all of that is answered yet.
 */
struct hooks_answer {
	enum hook_result result;
	size_t index; /* the hook that decides it, or that is to be asked */
};

/* The spec has hooks of that type. */
bool hooks_has(const struct canary_spec *spec, enum hook_type type);

/* The question that hook INDEX is, in the present run. */
uint64_t hooks_question(const struct thought *thought, size_t index);

/* What is known of the hooks of TYPE, for the check due at CHECK. */
struct hooks_answer hooks_heard(const struct thought *thought, enum hook_type type,
                                struct instant check);

/* The same, and want the one that is to be asked. */
struct hooks_answer hooks_ask(struct thought *thought, enum hook_type type, struct instant check);

/* Hook INDEX stands in the Release with that result. */
bool hooks_was(const struct thought *thought, size_t index, enum hook_result result);

/* Put the answers of the check due at CHECK into a status that will be saved. An approved promotion
 * stays approved while the run goes on. */
void hooks_keep(const struct thought *thought, struct release_status *status, struct instant check);

/* Tell of each hook of TYPE that said yes, as STATUS was made to say, in Flagger's words; a gate
 * that a person opened or went past did not. Before hooks_use. */
void hooks_tell_passed(const struct thought *thought, enum hook_type type,
                       struct release_status *status);

/*
 * A rollback hook said yes: retreat, at once. False when none did.
 */
bool hooks_roll_back(struct thought *thought, struct instant check);

/* The gate that the run waits at, in the present process or as the Release has it; false: none. */
bool hooks_gate(const struct thought *thought, size_t *ret_index);

/* A person opens gate INDEX, for the next step; a promotion stays approved. */
void hooks_approve(const struct thought *thought, struct release_status *status, size_t index);

/* The step that the approvals were for is taken. */
void hooks_use(struct release_status *status);

#endif
