#include "providers/kube/review.h"

#include "providers/kube/api.h"
#include "providers/kube/tree.h"
#include "providers/wire/document.h"
#include "providers/wire/tree.h"

#include <stdlib.h>
#include <string.h>

#define TIMEOUT span_seconds(5)

/* A POST of BODY, which is taken. */
static void post(struct http_request *request, struct arena *arena, const char *url, json_t *body)
{
	char *text = json_dumps(body, JSON_COMPACT);

	json_decref(body);
	if (!text)
		abort();
	*request = (struct http_request){
		.peer = HTTP_PEER_KUBE,
		.method = HTTP_POST,
		.url = url,
		.body = arena_text(arena, text),
		.body_length = strlen(text),
		.timeout = TIMEOUT,
		.reply_max = KUBE_API_OBJECT_MAX,
	};
	free(text);
	http_request_add(request, "Accept", "application/json");
	http_request_add(request, "Content-Type", "application/json");
}

static json_t *review(const char *version, const char *kind, json_t *spec)
{
	json_t *body = kube_tree_object();

	kube_tree_set_text(body, "apiVersion", version);
	kube_tree_set_text(body, "kind", kind);
	kube_tree_set(body, "spec", spec);
	return body;
}

void kube_review_token(struct http_request *request, struct arena *arena, const char *token,
                       const char *audience)
{
	json_t *spec = kube_tree_object();
	json_t *audiences;

	kube_tree_set_text(spec, "token", token);
	if (audience) {
		audiences = kube_tree_list();
		kube_tree_append(audiences, json_string(audience));
		kube_tree_set(spec, "audiences", audiences);
	}
	post(request, arena, "/apis/authentication.k8s.io/v1/tokenreviews",
	     review("authentication.k8s.io/v1", "TokenReview", spec));
}

/* The user of one review is told by other names in the next. */
void kube_review_access(struct http_request *request, struct arena *arena, const json_t *user,
                        const struct kube_review_access *access)
{
	static const char *const parts[] = {"uid", "groups", "extra"};
	json_t *spec = kube_tree_object();
	json_t *attributes = kube_tree_object();

	kube_tree_set_text(spec, "user", kube_tree_value(user, "username"));
	for (size_t i = 0; i < array_length(parts); i++) {
		const json_t *part = json_object_get(user, parts[i]);

		if (part)
			kube_tree_set(spec, parts[i], json_deep_copy(part));
	}
	kube_tree_set_text(attributes, "verb", access->verb);
	kube_tree_set_text(attributes, "group", "flagger.app");
	kube_tree_set_text(attributes, "resource", "canaries");
	kube_tree_set_some(attributes, "namespace", access->k8s_namespace);
	kube_tree_set(spec, "resourceAttributes", attributes);
	post(request, arena, "/apis/authorization.k8s.io/v1/subjectaccessreviews",
	     review("authorization.k8s.io/v1", "SubjectAccessReview", spec));
}

/* The answer's status, borrowed from *ret_body; NULL: there is none, and why. */
static const json_t *read_status(const struct http_reply *reply, json_t **ret_body,
                                 enum kube_review_verdict *verdict, char text[200])
{
	struct err err = {0};

	*verdict = KUBE_REVIEW_UNKNOWN;
	if (reply->error.kind != ERR_NONE) {
		(void)snprintf(text, 200, "%.190s", reply->error.text);
		return NULL;
	}
	if (!document_read_json(reply->body, reply->body_length, KUBE_API_OBJECT_MAX, ret_body,
	                        &err)) {
		(void)snprintf(text, 200, "%d: %.180s", reply->status, err.text);
		return NULL;
	}
	if (reply->status < 200 || reply->status > 299) {
		if (reply->status == 401 || reply->status == 403)
			*verdict = KUBE_REVIEW_REFUSED;
		(void)snprintf(text, 200, "%d %.180s", reply->status,
		               kube_tree_value(*ret_body, "message"));
		return NULL;
	}
	return kube_tree_find(*ret_body, "status");
}

/* A server that does not know audiences leaves them out, and would take any token. */
static bool is_meant_for(const json_t *status, const char *audience)
{
	const json_t *audiences = json_object_get(status, "audiences");

	for (size_t i = 0; i < json_array_size(audiences); i++) {
		const char *one = json_string_value(json_array_get(audiences, i));

		if (one && strcmp(one, audience) == 0)
			return true;
	}
	return false;
}

enum kube_review_verdict kube_review_read_token(const struct http_reply *reply,
                                                const char *audience, json_t **ret_user,
                                                char text[200])
{
	CLEANUP(tree_freep) json_t *body = NULL;
	enum kube_review_verdict verdict;
	const json_t *status;
	json_t *user;

	*ret_user = NULL;
	text[0] = '\0';
	status = read_status(reply, &body, &verdict, text);
	if (!status)
		return verdict;
	user = json_object_get(status, "user");
	if (!json_is_true(json_object_get(status, "authenticated")) ||
	    !*kube_tree_value(user, "username") || (audience && !is_meant_for(status, audience)))
		return KUBE_REVIEW_NO;
	*ret_user = json_incref(user);
	return KUBE_REVIEW_YES;
}

enum kube_review_verdict kube_review_read_access(const struct http_reply *reply, char text[200])
{
	CLEANUP(tree_freep) json_t *body = NULL;
	enum kube_review_verdict verdict;
	const json_t *status;

	text[0] = '\0';
	status = read_status(reply, &body, &verdict, text);
	if (!status)
		return verdict;
	return json_is_true(json_object_get(status, "allowed")) &&
	                       !json_is_true(json_object_get(status, "denied"))
	               ? KUBE_REVIEW_YES
	               : KUBE_REVIEW_NO;
}
