/*
 * The target's pod template and the primary's form of it. What is analysed is what is promoted: the
 * primary's form is a pure function of the recorded template and configs.
 */
#ifndef PROVIDERS_KUBE_POD_TEMPLATE_H
#define PROVIDERS_KUBE_POD_TEMPLATE_H

#include "analysis/release.h"
#include "providers/canary_world.h"

#include <jansson.h>

#define KUBE_TEMPLATE_MAX     ((size_t)256 * 1024) /* bytes of canonical JSON */
#define KUBE_TEMPLATE_ID      "flagger-id"         /* annotation: the Release's UID */
#define KUBE_TEMPLATE_ID_PATH "/spec/template/metadata/annotations/flagger-id"
#define KUBE_TEMPLATE_TOOLKIT "toolkit.fluxcd.io" /* keys that contain it are never copied */
#define KUBE_TEMPLATE_SUFFIX  "-primary"
/* No node has this: a DaemonSet with it in its nodeSelector has no pods. */
#define KUBE_TEMPLATE_NOWHERE "flagger.app/scale-to-zero"

/*
 * The SHA-256, in hex, of TEMPLATE's canonical JSON: keys sorted, compact, without annotations of
 * serin.dev and flagger-id, and without what tells a DaemonSet to have no pods. ERR_LIMIT: more
 * than KUBE_TEMPLATE_MAX bytes.
 */
bool kube_pod_template_digest(const json_t *template, char ret[DIGEST_MAX], struct err *err);

/*
 * TEMPLATE as the primary has it; a new object. `world->label` must be known. Labels and
 * anti-affinity speak of the primary's pods, CONFIGS (a Release's entries; NULL: none) are the
 * copies, flagger-id is RELEASE_UID: the same call gives the same template.
 */
json_t *kube_pod_template_primary(const struct canary_world *world, const json_t *template,
                                  const json_t *configs, const char *release_uid);

/*
 * The template of a target whose primary has TEMPLATE, in a new object: what _primary does, undone,
 * but for config names, which stay those of the copies, and for what is never copied.
 */
json_t *kube_pod_template_target(const struct canary_world *world, const json_t *template);

/* Both are the same, but for our annotations. */
bool kube_pod_template_is_same(const json_t *a, const json_t *b);

/* LIVE holds everything of RECORDED unchanged, and perhaps more fields; our annotations do not
 * count. */
bool kube_pod_template_is_grown(const json_t *recorded, const json_t *live);

/* MAP without keys that contain toolkit.fluxcd.io; a new object. MAP may be NULL. */
json_t *kube_pod_template_filter(json_t *map);

#endif
