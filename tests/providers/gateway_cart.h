/* What the tests of provider gatewayapi share: a cart on a Gateway, and pieces of its route. */
#ifndef TESTS_PROVIDERS_GATEWAY_CART_H
#define TESTS_PROVIDERS_GATEWAY_CART_H

#include "tests/providers/cart.h"

#include <jansson.h>

#define FLUX                                            \
 "'kustomize.toolkit.fluxcd.io/reconcile': 'disabled'," \
 " 'helm.toolkit.fluxcd.io/driftDetection': 'disabled'"
#define UID  "'serin.dev/canary-uid': '" CART_UID "'"
#define REFS "'gatewayRefs': [{'name': 'public', 'namespace': 'gateways', 'sectionName': 'https'}]"
#define PARENT \
 "{'group': 'gateway.networking.k8s.io', 'kind': 'Gateway', 'namespace': 'gateways', 'name': 'public', 'sectionName': 'https'}"
#define CANARY "{'spec': {'provider': 'gatewayapi:v1', 'service': {" REFS "}}}"
#define ROOT   "'matches': [{'path': {'type': 'PathPrefix', 'value': '/'}}]"
#define REF(name, weight) \
 "{'group': '', 'kind': 'Service', 'name': '" name "', 'port': 80, 'weight': " #weight "}"
#define SPLIT(primary, canary) \
 "'backendRefs': [" REF("cart-primary", primary) ", " REF("cart-canary", canary) "]"
#define COPIES                                                                                \
 "{'type': 'RequestMirror', 'requestMirror': {'backendRef': {'group': '', 'kind': 'Service'," \
 " 'name': 'cart-canary', 'port': 80}}}"
#define BETA         "'analysis': {'match': [{'headers': {'x-beta': {'exact': '1'}}}]}"
#define RULES(rules) "{'parentRefs': [" PARENT "], 'rules': [" rules "]}"
#define OURS         ", 'labels': {" UID "}, 'annotations': {" FLUX "}"
#define STEP(rule, ref, name, weight)                                                        \
 "{'op': 'test', 'path': '/spec/rules/" #rule "/backendRefs/" #ref "/name', 'value': '" name \
 "'}, {'op': 'add', 'path': '/spec/rules/" #rule "/backendRefs/" #ref                        \
 "/weight', 'value': " #weight "}"

/* A cart with the Canary PATCH on this provider and STRATEGY; cart_fini. */
void gateway_cart_init(struct cart *cart, const char *patch, enum strategy strategy);

/* A live route from SPEC, with METADATA (", 'key': value") beside what each has; the caller's. */
json_t *gateway_cart_live(const char *metadata, const char *spec);

#endif
