/*
 * The HTTP API of an agent: canaries as they stand, releases with their evidence, and what happens
 * as it happens. It reads and never writes; docs/api.md and /openapi.json say what there is.
 *
 * Canaries and Releases are read from the API server when somebody asks, so nothing is kept and
 * nothing is asked while nobody does. Evidence comes from the history, by a thread of its own.
 */
#ifndef AGENT_API_H
#define AGENT_API_H

#include "agent/http.h"
#include "agent/loop.h"

#include <stdbool.h>

struct api;
struct api_feed;
struct history_clerk;
struct log;
struct server_exchange;

#define API_PATH_MAX         1024 /* bytes; longer: 414 */
#define API_ARGUMENT_MAX     8192 /* bytes of an argument's value; longer: 414 */
#define API_CANARIES         20   /* on a page, unless told */
#define API_CANARIES_MAX     50
#define API_RELEASES         50
#define API_RELEASES_MAX     500
#define API_ROUNDS           20
#define API_ROUNDS_MAX       100
#define API_BODY_MAX         (8 * 1024 * 1024) /* bytes of rounds on a page; then it ends early */
#define API_OBJECTS_MAX      5000              /* Releases beside one page of canaries; more: 503 */
#define API_STREAMS_MAX      32
#define API_STREAM_MINUTES   10 /* then it ends, and its reader asks again */
#define API_BEAT_SECONDS     15 /* between two signs of life */
#define API_PATIENCE_SECONDS 20 /* for an answer of the API server or the disk */

/* Who may read. */
enum api_access {
	API_ACCESS_OFF,      /* nobody: there is no API */
	API_ACCESS_LOOPBACK, /* who comes from this machine, or by port-forward */
	API_ACCESS_TOKEN,    /* they, and who has a token that may read the Canaries */
	API_ACCESS_STRICT,   /* who has such a token, from wherever */
	API_ACCESS_OPEN,     /* who can reach the port */
};

/* "off", "loopback", "token", "strict", "open". False: none of them. */
bool api_parse_access(const char *text, enum api_access *ret);

/* What is named outlives the API; texts are copied. */
struct api_settings {
	struct loop *loop;
	struct http *http;
	struct log *log;
	struct api_feed *feed;
	struct history_clerk *clerk; /* NULL: no evidence can be read */
	enum api_access access;
	const char *k8s_namespace; /* the only one that is served; NULL: all */
	const char *boot;          /* names this start; begins the ids of events */
	/* The lease is ours; who holds it, "" for nobody. */
	bool (*is_leading)(void *user);
	const char *(*holder)(void *user);
	void *user;
};

struct api *api_new(const struct api_settings *settings);

/* Its exchanges are gone, and the clerk is freed. Accepts NULL, returns NULL. */
struct api *api_free(struct api *api);

/* A request; server_settings.asked with the API as user. */
void api_asked(void *user, struct server_exchange *exchange);

#endif
