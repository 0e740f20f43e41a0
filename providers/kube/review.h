/*
 * Questions about a stranger: who a token belongs to (TokenReview), and what that person may do
 * (SubjectAccessReview). The API server knows both; we know neither.
 */
#ifndef PROVIDERS_KUBE_REVIEW_H
#define PROVIDERS_KUBE_REVIEW_H

#include "analysis/base/arena.h"
#include "providers/http.h"

#include <jansson.h>
#include <stdbool.h>

#define KUBE_REVIEW_TOKEN_MAX 8192 /* bytes */

/* What may be done: VERB with the Canaries of a namespace; NULL: of all. */
struct kube_review_access {
	const char *verb; /* "get" */
	const char *k8s_namespace;
};

/*
 * Ask who TOKEN belongs to. AUDIENCE: for whom it must have been made; NULL: for the API server.
 * All of REQUEST is filled; texts live in the arena, TOKEN must outlive it.
 */
void kube_review_token(struct http_request *request, struct arena *arena, const char *token,
                       const char *audience);

/* Ask whether USER, as kube_review_read_token gave it, may do that. */
void kube_review_access(struct http_request *request, struct arena *arena, const json_t *user,
                        const struct kube_review_access *access);

enum kube_review_verdict {
	KUBE_REVIEW_UNKNOWN, /* no answer; the text says why */
	KUBE_REVIEW_YES,
	KUBE_REVIEW_NO,
	KUBE_REVIEW_REFUSED, /* we may not ask; the text says why */
};

/* Whose token it is: *ret_user is the user as the API server tells it, owned by the caller, NULL
 * unless YES. TEXT is "" for YES and NO; of the latter for a token made for an AUDIENCE, too, that
 * the answer does not name. */
enum kube_review_verdict kube_review_read_token(const struct http_reply *reply,
                                                const char *audience, json_t **ret_user,
                                                char text[200]);

/* Whether it may be done. */
enum kube_review_verdict kube_review_read_access(const struct http_reply *reply, char text[200]);

#endif
