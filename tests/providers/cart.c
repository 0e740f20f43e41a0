#include "tests/providers/cart.h"

#include "analysis/base/text.h"
#include "providers/traffic.h"
#include "tests/providers/merge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const selector_labels[] = {"app", "name", "app.kubernetes.io/name", NULL};

const char *const cart_canary =
	"{'apiVersion': 'flagger.app/v1beta1', 'kind': 'Canary', 'metadata': {'name': 'cart',"
	" 'namespace': 'shop', 'uid': '" CART_UID
	"', 'resourceVersion': '40', 'generation': 3},"
	" 'spec': {'provider': 'nginx', 'targetRef': {'apiVersion': 'apps/v1', 'kind':"
	" 'Deployment', 'name': 'cart'}, 'ingressRef': {'apiVersion': 'networking.k8s.io/v1',"
	" 'kind': 'Ingress', 'name': 'storefront'}, 'service': {'port': 80, 'targetPort': 8080},"
	" 'analysis': {'interval': '20s', 'threshold': 3, 'maxWeight': 60, 'stepWeight': 20}}}";

const char *const cart_deployment =
	"{'apiVersion': 'apps/v1', 'kind': 'Deployment', 'metadata': {'name': 'cart', 'namespace':"
	" 'shop', 'uid': 'd1', 'resourceVersion': '50', 'generation': 7, 'annotations':"
	" {'deployment.kubernetes.io/revision': '4'}}, 'spec': {'replicas': 3, 'selector':"
	" {'matchLabels': {'app': 'cart'}}, 'progressDeadlineSeconds': 600, 'strategy': {'type':"
	" 'RollingUpdate', 'rollingUpdate': {'maxUnavailable': '25%', 'maxSurge': '25%'}},"
	" 'template': {'metadata': {'labels': {'app': 'cart', 'tier': 'web'}}, 'spec':"
	" {'containers': [{'name': 'web', 'image': 'cart:2', 'ports': [{'name': 'web',"
	" 'containerPort': 8080, 'protocol': 'TCP'}, {'name': 'grpc', 'containerPort': 9000,"
	" 'protocol': 'TCP'}]}]}}}, 'status': {'observedGeneration': 7, 'replicas': 3,"
	" 'updatedReplicas': 2, 'readyReplicas': 2, 'availableReplicas': 1}}";

const char *const cart_service =
	"{'apiVersion': 'v1', 'kind': 'Service', 'metadata': {'name': 'cart', 'namespace': 'shop',"
	" 'uid': 's1', 'resourceVersion': '60', 'labels': {'app': 'cart', 'serin.dev/canary-uid': '" CART_UID
	"'}, 'annotations': {'kustomize.toolkit.fluxcd.io/reconcile': 'disabled',"
	" 'helm.toolkit.fluxcd.io/driftDetection': 'disabled'}}, 'spec': {'type': 'ClusterIP',"
	" 'clusterIP': '10.0.0.7', 'sessionAffinity': 'None', 'selector': {'app': 'cart-primary'},"
	" 'ports': [{'name': 'http', 'protocol': 'TCP', 'port': 80, 'targetPort': 8080}]}}";

const char *const cart_source =
	"{'metadata': {'name': 'storefront', 'namespace': 'shop', 'uid': 'i0', 'resourceVersion':"
	" '70', 'labels': {'app': 'storefront'}, 'annotations':"
	" {'nginx.ingress.kubernetes.io/proxy-body-size': '4m',"
	" 'kubectl.kubernetes.io/last-applied-configuration': '{}'}}, 'spec': {'ingressClassName':"
	" 'nginx', 'rules': [{'host': 'shop.example', 'http': {'paths': [{'path': '/cart',"
	" 'pathType': 'Prefix', 'backend': {'service': {'name': 'cart', 'port': {'number': 80}}}},"
	" {'path': '/help', 'pathType': 'Prefix', 'backend': {'service': {'name': 'help', 'port':"
	" {'number': 80}}}}]}}, {'host': 'bare.example'}]}}";

const char *const cart_clone =
	"{'metadata': {'name': 'storefront-canary', 'namespace': 'shop', 'uid': 'i1',"
	" 'resourceVersion': '71', 'labels': {'app': 'storefront', 'serin.dev/canary-uid': '" CART_UID
	"'}, 'annotations': {'nginx.ingress.kubernetes.io/proxy-body-size': '4m',"
	" 'kustomize.toolkit.fluxcd.io/reconcile': 'disabled',"
	" 'helm.toolkit.fluxcd.io/driftDetection': 'disabled',"
	" 'nginx.ingress.kubernetes.io/canary': 'true',"
	" 'nginx.ingress.kubernetes.io/canary-weight': '20'}, 'managedFields': [{'manager': 'serin',"
	" 'operation': 'Update', 'time': '2026-11-21T04:45:00Z', 'fieldsV1': {'f:metadata':"
	" {'f:annotations': {'f:nginx.ingress.kubernetes.io/canary-weight': {}}}}}]}, 'spec':"
	" {'ingressClassName': 'nginx', 'rules': [{'host': 'shop.example', 'http': {'paths':"
	" [{'path': '/cart', 'pathType': 'Prefix', 'backend': {'service': {'name': 'cart-canary',"
	" 'port': {'number': 80}}}}]}}]}}";

void cart_init(struct cart *cart, const char *patch)
{
	*cart = (struct cart){
		.options =
			{
				.selector_labels = selector_labels,
				.ingress_annotation_prefix = "nginx.ingress.kubernetes.io",
				.default_provider = "nginx",
				.metrics_server = "http://prometheus:9090",
				.field_manager = "serin",
			},
		.spec =
			{
				.name = "cart",
				.k8s_namespace = "shop",
				.target = "cart",
				.primary = "cart-primary",
				.provider = "nginx",
				.strategy = STRATEGY_CANARY,
			},
		.object = merge_text(cart_canary, patch),
	};
	cart->world = (struct canary_world){
		.options = &cart->options,
		.spec = &cart->spec,
		.object = cart->object,
		.uid = CART_UID,
		.apex = "cart",
		.primary_service = "cart-primary",
		.canary_service = "cart-canary",
		.ingress = "storefront",
		.ingress_clone = "storefront-canary",
		.traffic = traffic_find("nginx", NULL),
		.label = "app",
		.label_value = "cart",
	};
	cart->spec.route = cart->world.traffic->ability(&cart->spec);
}

void cart_fini(struct cart *cart)
{
	json_decref(cart->object);
	arena_fini(&cart->arena);
}

void cart_same(json_t *got, const char *want)
{
	json_t *wanted = merge_parse(want);

	if (!json_equal(got, wanted)) {
		char *is = json_dumps(got, JSON_INDENT(1) | JSON_SORT_KEYS);
		char *should = json_dumps(wanted, JSON_INDENT(1) | JSON_SORT_KEYS);

		print_error("got %s\nwanted %s\n", is ? is : "nothing", should);
		free(is);
		free(should);
		fail();
	}
	json_decref(got);
	json_decref(wanted);
}

static void check_request(const struct http_request *request, const struct cart_exchange *want)
{
	char line[1024];

	text_format(line, sizeof(line), "%s %s", http_method_name(request->method), request->url);
	assert_string_equal(line, want->request);
	assert_int_equal(request->peer, HTTP_PEER_KUBE);
	assert_int_equal(request->timeout.ms, request->method == HTTP_GET ? 10000 : 5000);
	assert_true(request->reply_max > 0);
	if (!want->body)
		return;
	if (want->body[0] == '\0') {
		assert_null(request->body);
		return;
	}
	assert_non_null(request->body);
	cart_same(json_loadb(request->body, request->body_length, 0, NULL), want->body);
}

enum talk_step cart_drive(struct cart *cart, struct act *act, const struct effect *effect,
                          const struct cart_exchange *script)
{
	struct err err = {0};
	struct http_reply reply;
	enum talk_step step;
	json_t *body;

	act_init(act, &cart->world, effect, &cart->arena);
	step = act->talk.next(&act->talk, NULL, &err);
	for (; script->request; script++) {
		assert_int_equal(step, TALK_SEND);
		check_request(&act->talk.request, script);
		reply = (struct http_reply){.status = script->status, .body = ""};
		if (script->status == 0)
			(void)err_set(&reply.error, ERR_TRANSPORT, "timed out");
		if (script->reply) {
			char *text;

			body = merge_parse(script->reply);
			text = json_dumps(body, 0);
			json_decref(body);
			reply.body = arena_text(&cart->arena, text);
			free(text);
		}
		reply.body_length = strlen(reply.body);
		step = act->talk.next(&act->talk, &reply, &err);
	}
	assert_int_not_equal(step, TALK_SEND);
	assert_int_not_equal(act->result.outcome, ACT_NONE);
	if (step == TALK_FAILED)
		assert_string_equal(err.text, act->result.text);
	return step;
}
