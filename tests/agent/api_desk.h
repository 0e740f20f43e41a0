/*
 * What the tests of the API share: the API behind its real server, a cluster that the agent asks
 * through a simulated network, a history, and clients of all manners.
 */
#ifndef TESTS_AGENT_API_DESK_H
#define TESTS_AGENT_API_DESK_H

#include "agent/api.h"
#include "agent/api_feed.h"
#include "agent/history_clerk.h"
#include "agent/history_facts.h"
#include "agent/server.h"
#include "tests/agent/command_desk.h"
#include "tests/agent/desk.h"

#define API_DESK_START \
 1763712000000 /* 2025-11-21T08:00:00Z: when the release of the history began */

struct api_desk {
	struct desk desk; /* loop and client */
	struct command_desk *cluster;
	struct http http; /* the agent's way to it */
	struct history *history;
	struct history_clerk *clerk;
	struct api_feed *feed;
	struct api *api;
	struct server *server;
	struct history_facts_base base; /* what the facts of its rounds have in common */
	bool is_leading;
	/* What the API server says of tokens; "alice" may `get` in shop, "root" may all, "mallory"
	 * nothing, others are unknown. */
	int review_status; /* instead of an answer; 0: none */
	bool is_silent;    /* nothing is ever answered */
	bool has_no_audiences;
	size_t n_token_reviews;
	size_t n_access_reviews;
	char reviewed[512]; /* the body of the last one */
	char reply[512 * 1024];
};

struct api_desk_options {
	enum api_access access;
	const char *k8s_namespace; /* NULL: all */
};

/* In a file or in memory. */
struct api_desk *api_desk_new(const struct api_desk_options *options);
struct api_desk *api_desk_free(struct api_desk *desk);

/* Restart the API with other settings; the rest stays. */
void api_desk_restart(struct api_desk *desk, const struct api_desk_options *options);

/* The whole reply, head and body, to a request of this first line ("GET /metrics") with these
 * header lines, from 127.0.0.1; SOURCE: from another address. Valid until the next. */
const char *api_desk_ask(struct api_desk *desk, const char *line, const char *headers);
const char *api_desk_ask_from(struct api_desk *desk, const char *line, const char *headers,
                              const char *source);

/* Ask from here with a host that is here; the status, and the body in *ret_body. */
int api_desk_get(struct api_desk *desk, const char *path, const char **ret_body);

/* The status of a reply, its body, and the value of a header (cut at the line's end; "": none). */
int api_desk_status(const char *reply);
const char *api_desk_body(const char *reply);
void api_desk_header(const char *reply, const char *name, char ret[512]);

/* Write N_ROUNDS rounds of release "cart-2" of shop/cart, and one each of N_MORE other releases,
 * into the history. */
void api_desk_rounds(struct api_desk *desk, size_t n_rounds, size_t n_more);

/* Turn the loop for a moment. */
void api_desk_turn(struct api_desk *desk);

/* Of a test that wants the desk, for tokens, as its state. */
int api_desk_set_up(void **state);
int api_desk_tear_down(void **state);

#endif
