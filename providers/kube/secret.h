/* Texts of a Secret's data. */
#ifndef PROVIDERS_KUBE_SECRET_H
#define PROVIDERS_KUBE_SECRET_H

#include "analysis/base/arena.h"
#include "analysis/base/err.h"
#include "providers/wire/field.h"

#include <jansson.h>
#include <stdbool.h>

#define KUBE_SECRET_TEXT_MAX 16384 /* bytes of one */

/*
 * The text under KEY; *ret is left alone when there is none or it is empty. It lives in the arena.
 * ERR_INVALID for what is no base64 or has control characters, ERR_LIMIT for a long one: errors
 * name the key and never show a value.
 */
bool kube_secret_read(const json_t *secret, const char *key, struct arena *arena, const char **ret,
                      struct err *err);

/*
 * The name of the Secret that OWNER's secretRef speaks of, in the arena; NULL: it has no secretRef.
 * ERR_INVALID, ERR_LIMIT with the path.
 */
bool kube_secret_ref_read(const struct field *owner, struct arena *arena, const char **ret,
                          struct err *err);

#endif
