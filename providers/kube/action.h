/*
 * The Action resource (actions.serin.dev/v1alpha1): what a person asks for, and the answer. Its
 * spec never changes; the API server proves `requestedBy`.
 */
#ifndef PROVIDERS_KUBE_ACTION_H
#define PROVIDERS_KUBE_ACTION_H

#include "analysis/plan.h"

#include <jansson.h>

/* The name of the Canary that OBJECT is for; "" when it says none. */
const char *kube_action_canary(const json_t *object);

/* It has its answer. */
bool kube_action_is_answered(const json_t *object);

/*
 * Read OBJECT. What is wrong with it stands in RET->refusal, for the answer: a verb that we do not
 * know, a name or user that is longer than it can be, a number that is none. A reason is cut. Only
 * without name, UID or version, which no API server leaves out, it is false (ERR_INVALID).
 */
bool kube_action_read(const json_t *object, struct action_fact *ret, struct err *err);

/* What a command sends. All texts are borrowed; "" means none. */
struct kube_action {
	const char *name; /* "": the server makes one from canary and verb */
	const char *k8s_namespace;
	const char *canary;
	const char *canary_uid;
	const char *release; /* the newest one that was seen */
	const char *release_uid;
	enum verb verb;
	bool is_full;
	int to; /* 0: none */
	const char *why;
	const char *by;
};

/* ACTION as an object to be created; it goes with its Canary. */
json_t *kube_action_new(const struct kube_action *action);

/* The JSON patch for EFFECT_ANSWER on the status subresource: only if nobody answered before. */
json_t *kube_action_patch(const struct effect *effect);

#endif
