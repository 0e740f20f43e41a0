/* Hooks, analysis.webhooks[]: the words for what they are for and for what came of them. */
#ifndef ANALYSIS_HOOK_H
#define ANALYSIS_HOOK_H

/* When a hook of analysis.webhooks[] is called, and what its answer does. */
enum hook_type {
	HOOK_NONE,
	HOOK_CONFIRM_ROLLOUT,          /* gate: a run waits before anything moves */
	HOOK_PRE_ROLLOUT,              /* before the first step; a no is a failed check */
	HOOK_ROLLOUT,                  /* at each check, before the metrics; a no fails it */
	HOOK_CONFIRM_TRAFFIC_INCREASE, /* gate: before each weight, and before the promotion */
	HOOK_CONFIRM_PROMOTION,        /* gate: before the promotion */
	HOOK_POST_ROLLOUT,             /* after the run; its answer is only told */
	HOOK_ROLLBACK,                 /* asked at each check; a yes is a retreat */
	HOOK_EVENT,                    /* told each notice */
};

enum hook_result {
	HOOK_PENDING, /* not answered yet */
	HOOK_PASS,
	HOOK_FAIL,
	HOOK_SKIPPED, /* not asked any more */
};

/* As they stand in resources ("confirm-rollout", "pass"); "" for none. */
const char *hook_type_name(enum hook_type type);
const char *hook_result_name(enum hook_result result);

/* The type with that name; HOOK_NONE when there is none. */
enum hook_type hook_type_find(const char *name);

/* The result with that name; HOOK_PENDING when there is none. */
enum hook_result hook_result_find(const char *name);

#endif
