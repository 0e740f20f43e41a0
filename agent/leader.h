/* One Lease decides who writes. What to do about it is analysis/lease.h; this carries it out. */
#ifndef AGENT_LEADER_H
#define AGENT_LEADER_H

#include "agent/http.h"
#include "agent/loop.h"

struct leader;
struct log;

struct leader_settings {
	struct loop *loop;
	struct http *http;
	struct log *log;
	const char *k8s_namespace;
	const char *name; /* "flagger-leader-election": an original controller and this one exclude
	                     each other */
	const char *identity; /* unique for this process: "<host>_<random>" */
	void (*changed)(void *user, bool is_leading); /* from the loop; not called by leader_free */
	void *user;
};

/* Texts are copied; nothing is sent before leader_start. */
struct leader *leader_new(const struct leader_settings *settings);
struct leader *leader_free(struct leader *leader);

void leader_start(struct leader *leader);

/* The lease is ours now. */
bool leader_is_leading(struct leader *leader);

/* A write that takes as long as TIMEOUT is over before anybody else may take the lease. */
bool leader_may_write(struct leader *leader, struct span timeout);

/* A write that was begun under the lease may still arrive within TIMEOUT: it is not handed over
 * before. */
void leader_abandon(struct leader *leader, struct span timeout);

/* Hand the lease over; RELEASED is called once, from the loop, also when it could not be done. */
void leader_release(struct leader *leader, void (*released)(void *user), void *user);

/* Who holds it, for people; "" for nobody. */
const char *leader_holder(const struct leader *leader);

#endif
