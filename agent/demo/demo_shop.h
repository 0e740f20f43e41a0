/*
 * The demo's world as a value: the in-process API server with its controllers, users and their
 * NGINX, Prometheus, and over them the agent as it runs anywhere else, with its history in a real
 * file. In virtual time: nothing happens but in demo_shop_step.
 */
#ifndef AGENT_DEMO_DEMO_SHOP_H
#define AGENT_DEMO_DEMO_SHOP_H

#include "agent/demo/apiserver.h"
#include "agent/demo/demo_prometheus.h"
#include "agent/demo/demo_traffic.h"

#include <stdbool.h>

struct demo_shop;

struct demo_shop_options {
	struct instant start; /* of virtual time */
	uint64_t seed;
	const char *history; /* path of the SQLite file */
};

/* NULL when the history cannot be kept. */
struct demo_shop *demo_shop_new(const struct demo_shop_options *options, struct err *err);

/* Accepts NULL, returns NULL. */
struct demo_shop *demo_shop_free(struct demo_shop *shop);

/* Start the agent, and apply the manifests. */
bool demo_shop_open(struct demo_shop *shop, struct err *err);

/* Give the Deployment another version, as a person would. */
bool demo_shop_push(struct demo_shop *shop, const char *tag, struct err *err);

/* The next event; false when there is none before END (it is END then, or later already). */
bool demo_shop_step(struct demo_shop *shop, struct instant end);

/* The API server was written to from outside of a step. */
void demo_shop_stir(struct demo_shop *shop);

/* Let the history's file go until the next record; false when a record did not reach the disk. */
bool demo_shop_rest(struct demo_shop *shop);

struct instant demo_shop_now(const struct demo_shop *shop);
struct apiserver *demo_shop_server(const struct demo_shop *shop);
const struct demo_traffic *demo_shop_traffic(const struct demo_shop *shop);
const struct demo_prometheus *demo_shop_prometheus(const struct demo_shop *shop);

#endif
