/*
 * What Flagger left, by proof: which template its primary runs, and whether the target still has
 * the one that Flagger saw last (docs/migrate.md).
 */
#ifndef PROVIDERS_KUBE_ADOPTION_H
#define PROVIDERS_KUBE_ADOPTION_H

#include "providers/canary_world.h"

#include <jansson.h>

/* One ConfigMap or Secret that the target refers to. */
struct kube_adoption_config {
	const json_t *reference; /* as kube_config_list has it */
	const json_t *source;    /* NULL: there is none, or it was not read */
	const json_t *copy;      /* Flagger's, of the primary; NULL: there is none */
	const json_t *tracked;   /* status.trackedConfigs of the Canary; NULL: none */
};

/* PRIMARY, a pod template, uses Flagger's copy of what REFERENCE refers to. */
bool kube_adoption_is_copied(const json_t *primary, const json_t *reference);

/*
 * The entry of a Release for it, as PRIMARY has it, in a new object. Its digest is that of the
 * source where the copy holds the same, else the copy's. *RET_IS_SEEN: Flagger saw the source as it
 * is.
 */
json_t *kube_adoption_entry(const struct canary_world *world, const json_t *primary,
                            const struct kube_adoption_config *config, bool *ret_is_seen);

/*
 * The template that PRIMARY, a pod template, was made from, in a new object: TARGET itself if that
 * gives PRIMARY with ENTRIES, else PRIMARY's own, undone. *RET_IS_SAME: the former. ERR_INVALID:
 * neither gives PRIMARY again. `world->label` must be known.
 */
bool kube_adoption_template(const struct canary_world *world, const json_t *target,
                            const json_t *primary, const json_t *entries, json_t **ret_template,
                            bool *ret_is_same, struct err *err);

/*
 * Flagger saw TARGET's template, as STATUS of the Canary says: its hash is lastAppliedSpec. Or, in
 * phase Failed, where Flagger takes in what is there at each check, nobody wrote it since then.
 */
bool kube_adoption_is_seen(const json_t *target, const json_t *status);

/* STATUS says what ADOPTION says. */
bool kube_adoption_is_same(const json_t *status, const struct adoption *adoption);

#endif
