#include "providers/kube/api.h"

#include "analysis/base/text.h"
#include "providers/kube/tree.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define READ_TIMEOUT  span_seconds(10)
#define WRITE_TIMEOUT span_seconds(5)

struct resource {
	const char *version;
	const char *kind;
	const char *plural;
};

static const struct resource resources[] = {
	[KUBE_NONE] = {"", "", ""},
	[KUBE_CANARY] = {"flagger.app/v1beta1", "Canary", "canaries"},
	[KUBE_METRIC_TEMPLATE] = {"flagger.app/v1beta1", "MetricTemplate", "metrictemplates"},
	[KUBE_ALERT_PROVIDER] = {"flagger.app/v1beta1", "AlertProvider", "alertproviders"},
	[KUBE_RELEASE] = {"serin.dev/v1alpha1", "Release", "releases"},
	[KUBE_ACTION] = {"serin.dev/v1alpha1", "Action", "actions"},
	[KUBE_DEPLOYMENT] = {"apps/v1", "Deployment", "deployments"},
	[KUBE_DAEMON_SET] = {"apps/v1", "DaemonSet", "daemonsets"},
	[KUBE_SERVICE] = {"v1", "Service", "services"},
	[KUBE_INGRESS] = {"networking.k8s.io/v1", "Ingress", "ingresses"},
	[KUBE_VIRTUAL_SERVICE] = {"networking.istio.io/v1beta1", "VirtualService",
                                  "virtualservices"},
	[KUBE_DESTINATION_RULE] = {"networking.istio.io/v1beta1", "DestinationRule",
                                   "destinationrules"},
	[KUBE_HTTP_ROUTE] = {"gateway.networking.k8s.io/v1", "HTTPRoute", "httproutes"},
	[KUBE_HTTP_ROUTE_BETA] = {"gateway.networking.k8s.io/v1beta1", "HTTPRoute", "httproutes"},
	[KUBE_GRPC_ROUTE] = {"gateway.networking.k8s.io/v1", "GRPCRoute", "grpcroutes"},
	[KUBE_SPLIT_ALPHA1] = {"split.smi-spec.io/v1alpha1", "TrafficSplit", "trafficsplits"},
	[KUBE_SPLIT_ALPHA2] = {"split.smi-spec.io/v1alpha2", "TrafficSplit", "trafficsplits"},
	[KUBE_SPLIT_ALPHA3] = {"split.smi-spec.io/v1alpha3", "TrafficSplit", "trafficsplits"},
	[KUBE_EVENT] = {"v1", "Event", "events"},
	[KUBE_LEASE] = {"coordination.k8s.io/v1", "Lease", "leases"},
	[KUBE_SECRET] = {"v1", "Secret", "secrets"},
	[KUBE_CONFIG_MAP] = {"v1", "ConfigMap", "configmaps"},
	[KUBE_REPLICA_SET] = {"apps/v1", "ReplicaSet", "replicasets"},
	[KUBE_AUTOSCALER] = {"autoscaling/v2", "HorizontalPodAutoscaler",
                             "horizontalpodautoscalers"},
	[KUBE_SCALED_OBJECT] = {"keda.sh/v1alpha1", "ScaledObject", "scaledobjects"},
	[KUBE_NAMESPACE] = {"v1", "Namespace", "namespaces"},
};

const char *kube_api_version(enum kube_kind kind)
{
	return resources[kind].version;
}

const char *kube_api_kind(enum kube_kind kind)
{
	return resources[kind].kind;
}

const char *kube_api_plural(enum kube_kind kind)
{
	return resources[kind].plural;
}

/* TEXT with all but unreserved characters percent-encoded: one segment or value of an address. */
static const char *escape(struct arena *arena, const char *text)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
	static const char digits[] = "0123456789ABCDEF";
	char *escaped = arena_alloc(arena, strlen(text) * 3 + 1);
	char *at = escaped;

	for (; *text; text++) {
		unsigned char byte = (unsigned char)*text;

		if (strchr(plain, byte)) {
			*at++ = (char)byte;
			continue;
		}
		*at++ = '%';
		*at++ = digits[byte >> 4];
		*at++ = digits[byte & 15];
	}
	return escaped;
}

const char *kube_api_path(struct arena *arena, const struct kube_ref *ref)
{
	const char *version = kube_api_version(ref->kind);
	const char *root = strchr(version, '/') ? "/apis" : "/api";
	const char *path;

	assert(ref->kind != KUBE_NONE);
	if (ref->k8s_namespace)
		path = arena_format(arena, "%s/%s/namespaces/%s/%s", root, version,
		                    escape(arena, ref->k8s_namespace), kube_api_plural(ref->kind));
	else
		path = arena_format(arena, "%s/%s/%s", root, version, kube_api_plural(ref->kind));
	if (ref->name)
		path = arena_format(arena, "%s/%s", path, escape(arena, ref->name));
	if (ref->subresource)
		path = arena_format(arena, "%s/%s", path, ref->subresource);
	return path;
}

/* URL with "&KEY=VALUE", unless VALUE is NULL. */
static const char *with(struct arena *arena, const char *url, const char *key, const char *value)
{
	return value ? arena_format(arena, "%s&%s=%s", url, key, escape(arena, value)) : url;
}

const char *kube_api_list_url(struct arena *arena, const struct kube_ref *ref,
                              const struct kube_query *query)
{
	const char *url = arena_format(arena, "%s?limit=%d", kube_api_path(arena, ref),
	                               query->n_page > 0 ? query->n_page : KUBE_API_PAGE);

	url = with(arena, url, "labelSelector", query->labels);
	url = with(arena, url, "fieldSelector", query->fields);
	return with(arena, url, "continue", query->continue_token);
}

const char *kube_api_watch_url(struct arena *arena, const struct kube_ref *ref,
                               const struct kube_query *query, struct span length)
{
	const char *url =
		arena_format(arena, "%s?watch=1&allowWatchBookmarks=true&timeoutSeconds=%lld",
	                     kube_api_path(arena, ref), (long long)(length.ms / 1000));

	url = with(arena, url, "labelSelector", query->labels);
	url = with(arena, url, "fieldSelector", query->fields);
	return with(arena, url, "resourceVersion", query->resource_version);
}

/* A request without body. */
static void begin(struct http_request *request, enum http_method method, const char *url)
{
	*request = (struct http_request){
		.peer = HTTP_PEER_KUBE,
		.method = method,
		.url = url,
		.timeout = method == HTTP_GET ? READ_TIMEOUT : WRITE_TIMEOUT,
		.reply_max = KUBE_API_OBJECT_MAX,
	};
	http_request_add(request, "Accept", "application/json");
}

static void attach(struct http_request *request, struct arena *arena, const char *type,
                   json_t *body)
{
	char *text = json_dumps(body, JSON_COMPACT);

	if (!text)
		abort();
	json_decref(body);
	http_request_add(request, "Content-Type", type);
	request->body = arena_text(arena, text);
	request->body_length = strlen(text);
	free(text);
}

void kube_api_get(struct http_request *request, struct arena *arena, const struct kube_ref *ref)
{
	begin(request, HTTP_GET, kube_api_path(arena, ref));
}

void kube_api_list(struct http_request *request, struct arena *arena, const struct kube_ref *ref,
                   const struct kube_query *query)
{
	begin(request, HTTP_GET, kube_api_list_url(arena, ref, query));
	request->reply_max = KUBE_API_LIST_MAX;
}

void kube_api_list_metadata(struct http_request *request, struct arena *arena,
                            const struct kube_ref *ref, const struct kube_query *query)
{
	kube_api_list(request, arena, ref, query);
	request->n_headers = 0;
	http_request_add(request, "Accept",
	                 "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,"
	                 "application/json");
}

void kube_api_watch(struct http_request *request, struct arena *arena, const struct kube_ref *ref,
                    const struct kube_query *query, struct span length)
{
	begin(request, HTTP_GET, kube_api_watch_url(arena, ref, query, length));
	request->timeout = span_ms(0);
}

void kube_api_want_metadata(struct http_request *request)
{
	request->n_headers = 0;
	http_request_add(request, "Accept",
	                 "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,"
	                 "application/json");
}

void kube_api_create(struct http_request *request, struct arena *arena, const struct kube_ref *ref,
                     const char *manager, json_t *body)
{
	struct kube_ref list = *ref;

	list.name = NULL;
	begin(request, HTTP_POST,
	      arena_format(arena, "%s?fieldManager=%s", kube_api_path(arena, &list),
	                   escape(arena, manager)));
	attach(request, arena, "application/json", body);
}

void kube_api_patch(struct http_request *request, struct arena *arena, const struct kube_ref *ref,
                    const char *manager, enum kube_patch form, json_t *body)
{
	const char *type = form == KUBE_PATCH_JSON ? "application/json-patch+json"
	                                           : "application/merge-patch+json";

	begin(request, HTTP_PATCH,
	      arena_format(arena, "%s?fieldManager=%s", kube_api_path(arena, ref),
	                   escape(arena, manager)));
	attach(request, arena, type, body);
}

void kube_api_delete(struct http_request *request, struct arena *arena, const struct kube_ref *ref,
                     const char *uid)
{
	json_t *body = kube_tree_object();

	kube_tree_set_text(body, "apiVersion", "v1");
	kube_tree_set_text(body, "kind", "DeleteOptions");
	kube_tree_set_text(body, "propagationPolicy", "Background");
	if (uid[0] != '\0') {
		kube_tree_set(body, "preconditions", kube_tree_object());
		kube_tree_set_text(json_object_get(body, "preconditions"), "uid", uid);
	}
	begin(request, HTTP_DELETE, kube_api_path(arena, ref));
	attach(request, arena, "application/json", body);
}

static bool is_write(enum http_method method)
{
	return method != HTTP_GET;
}

/* "get", "list", "patch": as a Role names it. */
static const char *verb(enum http_method method, const struct kube_ref *ref)
{
	switch (method) {
	case HTTP_GET:
		return ref->name ? "get" : "list";
	case HTTP_POST:
		return "create";
	case HTTP_PUT:
		return "update";
	case HTTP_PATCH:
		return "patch";
	case HTTP_DELETE:
		return "delete";
	case HTTP_METHOD_NONE:
		break;
	}
	return "?";
}

/* "patch ingresses shop/storefront-canary" into RET. */
static void name_request(char ret[256], enum http_method method, const struct kube_ref *ref)
{
	text_format(ret, 256, "%s %s%s%s %.63s%s%.150s", verb(method, ref),
	            kube_api_plural(ref->kind), ref->subresource ? "/" : "",
	            ref->subresource ? ref->subresource : "",
	            ref->k8s_namespace ? ref->k8s_namespace : "*", ref->name ? "/" : "",
	            ref->name ? ref->name : "");
}

/* What to look at, for the refusals that have one usual cause. */
static const char *hint(int status, enum http_method method, const struct kube_ref *ref)
{
	if (status == 401)
		return "; check the agent's token";
	if (status == 403)
		return "; check the agent's Role";
	if (status == 404 && (method == HTTP_POST || !ref->name))
		return "; is the namespace there, and its resource definition installed?";
	return "";
}

static enum act_outcome outcome_of(enum http_method method, const struct kube_ref *ref, int status,
                                   const json_t *body)
{
	if (status == 404)
		return method == HTTP_POST || !ref->name ? ACT_FAILED : ACT_ABSENT;
	if (status == 409)
		return ACT_CONFLICT;
	if (status == 422 && method == HTTP_PATCH &&
	    json_array_size(kube_tree_find(body, "details/causes")) == 0)
		return ACT_CONFLICT;
	if (status >= 500 && is_write(method))
		return ACT_UNKNOWN;
	return ACT_FAILED;
}

/* A reply that says no. */
static void read_refusal(enum http_method method, const struct kube_ref *ref,
                         const struct http_reply *reply, struct kube_answer *ret)
{
	json_auto_t *body = json_loadb(reply->body, reply->body_length, 0, NULL);
	const char *reason = kube_tree_text(body, "reason");
	const char *message = kube_tree_text(body, "message");
	char request[256];

	name_request(request, method, ref);
	ret->outcome = outcome_of(method, ref, reply->status, body);
	ret->retry_after = reply->retry_after;
	text_format(ret->text, sizeof(ret->text), "%s: %d%s%.40s%s%.230s%s", request, reply->status,
	            reason[0] ? " " : "", reason, message[0] ? ": " : "", message,
	            hint(reply->status, method, ref));
}

void kube_api_read(enum http_method method, const struct kube_ref *ref,
                   const struct http_reply *reply, struct kube_answer *ret)
{
	json_error_t where;
	char request[256];

	*ret = (struct kube_answer){.outcome = is_write(method) ? ACT_UNKNOWN : ACT_FAILED};
	if (reply->error.kind != ERR_NONE) {
		name_request(request, method, ref);
		text_format(ret->text, sizeof(ret->text), "%s: %s", request, reply->error.text);
		return;
	}
	if (reply->status < 200 || reply->status > 299) {
		read_refusal(method, ref, reply, ret);
		return;
	}
	ret->object = json_loadb(reply->body, reply->body_length, 0, &where);
	if (!json_is_object(ret->object)) {
		json_decref(ret->object);
		ret->object = NULL;
		name_request(request, method, ref);
		text_format(ret->text, sizeof(ret->text),
		            "%s: %d with a body that is no object: %s", request, reply->status,
		            where.text);
		return;
	}
	ret->outcome = ACT_OK;
}
