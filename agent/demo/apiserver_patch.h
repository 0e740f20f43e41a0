/*
 * JSON patch (RFC 6902) and JSON merge patch (RFC 7396), with the refusals of the real server and
 * its two liberties: `replace` of a member that is not there adds it, `test` takes such a member
 * for null.
 */
#ifndef AGENT_DEMO_APISERVER_PATCH_H
#define AGENT_DEMO_APISERVER_PATCH_H

#include "analysis/base/err.h"

#include <jansson.h>

#define APISERVER_PATCH_OPERATIONS_MAX 10000

/*
 * Apply a JSON patch to a copy of the document and return it, a new reference, or NULL. The copy
 * shares with the document and the patch what it did not change: copy before you change it further.
 * ERR_MALFORMED: the patch is none (the server answers 400); ERR_LIMIT: more than
 * APISERVER_PATCH_OPERATIONS_MAX operations (413); ERR_INVALID: an operation does not apply, a
 * failed test among them (422).
 */
json_t *apiserver_patch_json(const json_t *document, const json_t *patch, struct err *err);

/* Apply a strategic merge patch to a copy of an object of a built-in resource; a new reference. */
json_t *apiserver_strategic_merge(const json_t *document, const json_t *patch);

/* Apply a merge patch to a copy of the document (NULL: nothing); a new reference. It shares as
 * above. The patch is only read. */
json_t *apiserver_patch_merge(const json_t *document, json_t *patch);

#endif
