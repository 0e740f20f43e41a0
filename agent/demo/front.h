/*
 * A socket front for the API server: HTTP/1.1 on loopback, watches as chunked streams. It lives on
 * the caller's loop: whenever front_fd is readable, front_timeout is over, or the server was
 * changed past the front, call front_run.
 */
#ifndef AGENT_DEMO_FRONT_H
#define AGENT_DEMO_FRONT_H

#include "agent/demo/apiserver.h"

#include <stdint.h>

struct front;

struct front_options {
	struct apiserver *server; /* must outlive the front */
	uint16_t port;            /* 0: any */
	struct instant (*now)(void *user);
	void *user;
};

/* NULL and ERR_SYSTEM when the port cannot be had. */
struct front *front_new(const struct front_options *options, struct err *err);

/* Closes all connections; accepts NULL, returns NULL. */
struct front *front_free(struct front *front);

uint16_t front_port(const struct front *front);

int front_fd(const struct front *front);

/* How long the caller may sleep at most; negative: for ever. */
struct span front_timeout(const struct front *front);

/* Serve all that can be served now, and deliver what the watches are due. */
void front_run(struct front *front);

/* Wait for something to serve, at most so long, and serve it. */
void front_wait(struct front *front, struct span longest);

#endif
