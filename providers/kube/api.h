/*
 * The API server's HTTP: addresses of the resources we use, requests, and what replies mean.
 *
 * Requests are for HTTP_PEER_KUBE: the agent adds address and credentials. Texts live in the arena.
 */
#ifndef PROVIDERS_KUBE_API_H
#define PROVIDERS_KUBE_API_H

#include "analysis/base/arena.h"
#include "providers/act.h"
#include "providers/http.h"

#include <jansson.h>

#define KUBE_API_OBJECT_MAX   ((size_t)4 * 1024 * 1024)  /* a reply with one object */
#define KUBE_API_LIST_MAX     ((size_t)64 * 1024 * 1024) /* a reply with one page */
#define KUBE_API_PAGE         500
#define KUBE_API_CONTINUE_MAX 8192

/* What we put on everything that we make or take over. */
#define KUBE_LABEL_UID    "serin.dev/canary-uid"
#define KUBE_LABEL_CANARY "serin.dev/canary"

enum kube_kind {
	KUBE_NONE,
	KUBE_CANARY,
	KUBE_METRIC_TEMPLATE,
	KUBE_ALERT_PROVIDER,
	KUBE_RELEASE,
	KUBE_ACTION,
	KUBE_DEPLOYMENT,
	KUBE_DAEMON_SET,
	KUBE_SERVICE,
	KUBE_INGRESS,
	KUBE_VIRTUAL_SERVICE,
	KUBE_DESTINATION_RULE,
	KUBE_HTTP_ROUTE,
	KUBE_HTTP_ROUTE_BETA, /* where no newer version is served */
	KUBE_GRPC_ROUTE,
	KUBE_SPLIT_ALPHA1, /* TrafficSplit */
	KUBE_SPLIT_ALPHA2,
	KUBE_SPLIT_ALPHA3,
	KUBE_EVENT,
	KUBE_LEASE,
	KUBE_SECRET,
	KUBE_CONFIG_MAP,
	KUBE_REPLICA_SET,
	KUBE_AUTOSCALER,    /* HorizontalPodAutoscaler */
	KUBE_SCALED_OBJECT, /* KEDA's */
	KUBE_NAMESPACE,     /* without one of its own */
	KUBE_MAX,
};

/* One object or, without name, a list of them. */
struct kube_ref {
	enum kube_kind kind;
	const char *k8s_namespace; /* NULL: all namespaces (lists only) */
	const char *name;          /* NULL: the list */
	const char *subresource;   /* "status"; NULL: none */
};

/* What a list or watch is narrowed by; NULL and 0: not. */
struct kube_query {
	const char *labels;           /* "serin.dev/canary=cart" */
	const char *fields;           /* "metadata.name=serin" */
	const char *continue_token;   /* of the page before */
	const char *resource_version; /* of a watch: begin there */
	int n_page;                   /* objects of one page; 0: KUBE_API_PAGE */
};

enum kube_patch {
	KUBE_PATCH_NONE,
	KUBE_PATCH_JSON,
	KUBE_PATCH_MERGE,
};

/* A reply, understood. */
struct kube_answer {
	enum act_outcome outcome; /* never ACT_NONE */
	json_t *object;           /* of ACT_OK; owned by whoever asked; NULL otherwise */
	struct span retry_after;  /* the server's wish; 0: none */
	char text[SENTENCE_MAX]; /* when not ACT_OK: "patch services shop/cart: 403 Forbidden: …" */
};

const char *kube_api_version(enum kube_kind kind); /* "apps/v1" */
const char *kube_api_kind(enum kube_kind kind);    /* "Deployment" */
const char *kube_api_plural(enum kube_kind kind);  /* "deployments" */

/* "/apis/apps/v1/namespaces/shop/deployments/cart" */
const char *kube_api_path(struct arena *arena, const struct kube_ref *ref);

/* Address of a page of at most so many objects. Without continue_token and resource_version
 * the answer is consistent: not older than the request. */
const char *kube_api_list_url(struct arena *arena, const struct kube_ref *ref,
                              const struct kube_query *query);

/* Address of a watch that the server ends after LENGTH, with bookmarks. */
const char *kube_api_watch_url(struct arena *arena, const struct kube_ref *ref,
                               const struct kube_query *query, struct span length);

/* Fill REQUEST, all of it. The body is taken. MANAGER is our name in managedFields. */
void kube_api_get(struct http_request *request, struct arena *arena, const struct kube_ref *ref);
void kube_api_list(struct http_request *request, struct arena *arena, const struct kube_ref *ref,
                   const struct kube_query *query);
/* The same list with nothing but the metadata of its objects, from servers that can. */
void kube_api_list_metadata(struct http_request *request, struct arena *arena,
                            const struct kube_ref *ref, const struct kube_query *query);
void kube_api_watch(struct http_request *request, struct arena *arena, const struct kube_ref *ref,
                    const struct kube_query *query, struct span length);
/* Let a watch bring metadata alone, from servers that can. */
void kube_api_want_metadata(struct http_request *request);
void kube_api_create(struct http_request *request, struct arena *arena, const struct kube_ref *ref,
                     const char *manager, json_t *body);
void kube_api_patch(struct http_request *request, struct arena *arena, const struct kube_ref *ref,
                    const char *manager, enum kube_patch form, json_t *body);

/* Deletes in the background; UID "" leaves the precondition out. */
void kube_api_delete(struct http_request *request, struct arena *arena, const struct kube_ref *ref,
                     const char *uid);

/*
 * What REPLY to a request of METHOD for REF means. A reply that did not arrive, and a 5xx, leaves a
 * write ACT_UNKNOWN and a question ACT_FAILED. A 422 is ACT_CONFLICT when a test of a JSON patch
 * failed and ACT_FAILED when the object was found invalid.
 */
void kube_api_read(enum http_method method, const struct kube_ref *ref,
                   const struct http_reply *reply, struct kube_answer *ret);

#endif
