/* What stands of one canary, and how old what an agent knew of it can be. */
#ifndef TESTS_SIMULATION_WITNESS_WORLD_H
#define TESTS_SIMULATION_WITNESS_WORLD_H

#include "tests/simulation/simulation.h"

#include <jansson.h>

#define WITNESS_SLOW_MS    500   /* a request under way for longer is in trouble */
#define WITNESS_RENEWED_MS 8500  /* a Lease that was not renewed for longer allows no write */
#define WITNESS_JUMP_MS    70000 /* a clock that jumped in so long a time may be taken either way */
#define WITNESS_UNTOLD_MS  100000 /* so long a watch may be silent before it is opened anew */

/* How long a weight of the canary's provider must hold at least. */
struct span witness_world_hold(const struct truth_canary *canary);

/* The object NAME SUFFIX of that resource in the canary's namespace, valid until the next write, or
 * NULL. */
const json_t *witness_world_find(struct simulation *simulation, int canary, const char *plural,
                                 const char *name, const char *suffix);

/* The image in a pod template; "" for none. */
const char *witness_world_image(const json_t *template);

/* Read what stands now. */
void witness_world_read(struct simulation *simulation, int canary, struct witness_world *ret);

/* Take what stands as what was seen last, and note since when. */
void witness_world_note(struct simulation *simulation, int canary);

/* Whom the Lease names; -1: none of the agents. */
int witness_world_leader(struct simulation *simulation);

struct instant witness_world_now(struct simulation *simulation);

/*
 * Since when the leader was free to act on CANARY: it runs, may write, and none of its requests
 * failed or was slow. Not set: it is not free now. WITH_WATCH: and its watches told it what
 * happens; ONLY_RETREAT: of its requests only those matter that a retreat writes.
 */
struct instant witness_world_free(struct simulation *simulation, int canary, bool with_watch,
                                  bool only_retreat);

/* A Deployment or DaemonSet as served; NULL: there is none. */
void witness_world_workload(const json_t *object, struct witness_workload *ret);

/*
 * May the agent whose request is being served have known what has been so since SINCE? FLIGHT is
 * that request, NULL when its agent is gone or gave it up.
 */
bool witness_world_knew(struct simulation *simulation, int canary,
                        const struct witness_flight *flight, struct instant since);

/* … could know it by asking for it before it sent what FLIGHT is, whatever the watches told. */
bool witness_world_asked(struct simulation *simulation, int canary,
                         const struct witness_flight *flight, struct instant since);

/* Method and URL as one number. */
uint64_t witness_world_hash(const struct http_request *request);

/* The flight of a request that is being served; NULL: nobody waits for it. */
struct witness_flight *witness_world_flight(struct simulation *simulation, int agent,
                                            const struct http_request *request);

#endif
