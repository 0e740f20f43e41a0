/*
 * A conversation without I/O: one or more requests that together answer one question or make one
 * change.
 *
 * `next` is called first with reply NULL and fills `talk->request`; each reply leads to another
 * call, until the talk is done or failed. All texts of a request live in `talk->arena` or outlive
 * the talk. The driver (agent/flight.c) owns the arena and frees it after the end.
 */
#ifndef PROVIDERS_TALK_H
#define PROVIDERS_TALK_H

#include "providers/http.h"

enum talk_step {
	TALK_FAILED, /* err says why */
	TALK_SEND,   /* send talk->request, then call next with its reply */
	TALK_DONE,   /* the result is where the talk's owner put it */
};

struct talk {
	enum talk_step (*next)(struct talk *talk, const struct http_reply *reply, struct err *err);
	struct arena *arena;
	struct http_request request;
	struct span pause; /* TALK_SEND: wait for so long before it is sent */
	int step;          /* where the conversation is: the talk's own, 0 at the start */
};

#endif
