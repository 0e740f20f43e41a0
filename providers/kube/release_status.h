/* status of a Release as wire; one part of release.c. */
#ifndef PROVIDERS_KUBE_RELEASE_STATUS_H
#define PROVIDERS_KUBE_RELEASE_STATUS_H

#include "analysis/release.h"

#include <jansson.h>

/* Read STATUS; NULL, or one just created: a run that nobody has begun. Errors as kube_release_read.
 */
bool kube_release_status_read(const json_t *status, struct release_status *ret, struct err *err);

/* An Action that a Release remembers; NULL: none. ERR_INVALID: a verb that we do not know;
 * ERR_LIMIT: a name that is longer than it can be. */
bool kube_release_status_action_read(const json_t *object, struct action_mark *ret,
                                     struct err *err);
json_t *kube_release_status_action_write(const struct action_mark *mark);

/* STATUS as a new object; what is none or not set is left out. */
json_t *kube_release_status_write(const struct release_status *status);

#endif
