/*
 * One request of the API from beginning to end: what is asked, who asks, and how it is answered.
 * The parts of api.c share it.
 */
#ifndef AGENT_API_VISIT_H
#define AGENT_API_VISIT_H

#include "agent/api.h"
#include "agent/api_gate.h"
#include "agent/server_exchange.h"

#include <jansson.h>

#define API_VISIT_NAME_MAX 254

struct api_stream;

struct api {
	struct api_settings settings;
	char k8s_namespace[64]; /* "": all are served */
	char boot[64];
	struct api_gate *gate;
	struct api_stream *streams;
	size_t n_streams;
	struct alarm beat; /* of the streams */
};

enum api_route {
	API_ROUTE_NONE,
	API_ROUTE_OPENAPI,
	API_ROUTE_CANARIES,
	API_ROUTE_CANARY,
	API_ROUTE_RELEASES,
	API_ROUTE_RELEASE,
	API_ROUTE_ROUNDS,
	API_ROUTE_EVENTS,
	API_ROUTE_SPLITS,
};

struct api_visit {
	struct api *api;
	struct server_exchange *exchange;
	enum api_route route;
	char k8s_namespace[64];        /* "": all */
	char name[API_VISIT_NAME_MAX]; /* of a canary or a release */
	struct api_gate_question question;
	struct alarm late;
	bool is_answered;
	/* Of the route: undo what is under way when the visit ends before its answer. */
	void (*leave)(struct api_visit *visit);
	void *work;
};

/* The namespace that is asked, or NULL for all. */
const char *api_visit_namespace(const struct api_visit *visit);

/* An argument of the query, or NULL. */
const char *api_visit_argument(const struct api_visit *visit, const char *name);

/* `limit`: STANDARD unless given. False: it was refused. */
bool api_visit_limit(struct api_visit *visit, size_t standard, size_t most, size_t *ret);

/* Answer with TREE, which is taken. CONTINUE_TOKEN: where the next page begins; NULL: there is
 * none. */
void api_visit_answer(struct api_visit *visit, json_t *tree, const char *continue_token);

/* Answer {"error": SENTENCE} with this status. */
void api_visit_refuse(struct api_visit *visit, unsigned int status, const char *format, ...)
	PRINTF_LIKE(3, 4);

/* The same, with more members; TREE is taken. Asks to come again soon. */
void api_visit_put_off(struct api_visit *visit, unsigned int status, json_t *tree);

#endif
