/* One canary for tests, "cart" in namespace "shop" on ingress "storefront", and its conversations.
 */
#ifndef TESTS_PROVIDERS_CART_H
#define TESTS_PROVIDERS_CART_H

#include "providers/act.h"
#include "providers/canary_world.h"

#include <jansson.h>

#define CART_UID "c0ffee00-0000-4000-8000-000000000001"

/* As served; ' stands for ". */
extern const char *const cart_canary;
extern const char *const cart_deployment;
extern const char *const cart_service; /* the apex as we make it, selecting the primary */
extern const char *const cart_source;  /* the user's Ingress */
extern const char *const cart_clone;   /* ours, weight 20 */

struct cart {
	struct provider_options options;
	struct canary_spec spec;
	struct canary_world world;
	struct arena arena;
	json_t *object;
};

/* The Canary with PATCH, a merge patch, laid over it. */
void cart_init(struct cart *cart, const char *patch);
void cart_fini(struct cart *cart);

/* Fail the test unless GOT, which is taken, is the JSON text WANT. */
void cart_same(json_t *got, const char *want);

/* One request that is expected, and its reply. */
struct cart_exchange {
	const char *request; /* "GET /api/v1/…"; NULL ends the list */
	const char *body;    /* as JSON; "" for none; NULL: whatever */
	int status;          /* 0: the reply is lost */
	const char *reply;   /* JSON */
};

/* Drive EFFECT through SCRIPT; fails the test at the first difference. Returns how the talk ended.
 */
enum talk_step cart_drive(struct cart *cart, struct act *act, const struct effect *effect,
                          const struct cart_exchange *script);

#endif
