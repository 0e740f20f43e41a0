/* What people would apply to the demo's cluster. */
#ifndef AGENT_DEMO_DEMO_MANIFESTS_H
#define AGENT_DEMO_DEMO_MANIFESTS_H

#define DEMO_MANIFESTS_NAMESPACE "shop"
#define DEMO_MANIFESTS_NAME      "cart" /* the Deployment and its Canary */
#define DEMO_MANIFESTS_INGRESS   "storefront"
#define DEMO_MANIFESTS_IMAGE     "shop/cart" /* without its tag */

/* YAML documents, in the order of applying. */
extern const char *const demo_manifests;

#endif
