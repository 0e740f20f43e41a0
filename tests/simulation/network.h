/*
 * The weather between the agents and the API server, and of the server itself: what becomes of each
 * exchange, of each event of a watch, and what the server answers instead of the truth.
 */
#ifndef TESTS_SIMULATION_NETWORK_H
#define TESTS_SIMULATION_NETWORK_H

#include "agent/demo/sim_http.h"
#include "tests/simulation/faults.h"
#include "tests/simulation/people.h"

struct simulation;

/* A cache of the API server that lags: what it answers LISTs with that do not ask for the newest.
 */
struct network {
	uint64_t stale_revision;
	struct instant stale_until;
	/* The server refuses what is written about a canary: an admission webhook is down, or the
	 * machine died that the requests came from. */
	struct instant refused_until[FAULT_CANARIES_MAX];
	struct instant unmirrored_until[FAULT_CANARIES_MAX]; /* … about its Canary only */
	/* Somebody removes what an agent just wrote, before the reply is there. */
	struct alarm removal;
	int removed_canary;
	char removed_url[PEOPLE_URL_MAX];
};

void network_init(struct simulation *simulation);
void network_fini(struct simulation *simulation);

/* An agent starts: it may meet a cache that lags. */
void network_start(struct simulation *simulation);

/* For sim_http_options; USER is the simulation. Exchanges with others than the API server have no
 * fate here. */
struct sim_http_fate network_fate(void *user, const struct http_request *request, size_t n_others);
enum sim_http_stream network_stream(void *user, const struct http_request *request,
                                    struct span *ret_late);

/* For the server's hooks: instead of an effect, and instead of the reply after it. */
struct apiserver_fault network_before(struct simulation *simulation,
                                      const struct http_request *request);
struct apiserver_fault network_after(struct simulation *simulation,
                                     const struct http_request *request);

/* Opportunities for faults that belong to no request; called every now and then. */
void network_weather(struct simulation *simulation);

#endif
