/*
 * Who may read the API: the API server says whose a token is and what that person may do. Answers
 * are remembered for a short time, so a right that is taken away ends soon. Nothing waits.
 */
#ifndef AGENT_API_GATE_H
#define AGENT_API_GATE_H

#include "agent/http.h"
#include "agent/loop.h"
#include "providers/wire/digest.h"

#include <jansson.h>

struct api_gate;

#define API_GATE_OPEN_SECONDS 30  /* a yes is remembered for so long */
#define API_GATE_SHUT_SECONDS 5   /* and a no */
#define API_GATE_KNOWN_MAX    256 /* answers that are remembered; the oldest goes */
#define API_GATE_ASKED_MAX    16  /* questions under way; more: API_GATE_BUSY */
#define API_GATE_RATE         20  /* new questions a second, after a burst of twice that */

/* For whom tokens are made that are sent in Serin-Token. */
#define API_GATE_AUDIENCE "serin.dev"

enum api_gate_verdict {
	API_GATE_UNKNOWN,
	API_GATE_OPEN,
	API_GATE_STRANGER, /* nobody's token */
	API_GATE_SHUT,     /* somebody's, who may not */
	API_GATE_BUSY,     /* too many questions: later */
	API_GATE_MUTE,     /* the API server does not answer, or we may not ask it */
};

struct api_gate_answer {
	enum api_gate_verdict verdict;
	char who[256];  /* the user's name; "" when nobody's */
	char text[200]; /* of API_GATE_MUTE: why */
};

/* What is asked. Texts are borrowed for the call. */
struct api_gate_wish {
	const char *token;
	bool is_ours;              /* made for API_GATE_AUDIENCE, not for the API server */
	const char *k8s_namespace; /* NULL: all; then `list` is asked, else `get` */
};

/* A question under way, embedded in its owner: zero it and set `done`. */
struct api_gate_question {
	void (*done)(struct api_gate_question *question, const struct api_gate_answer *answer);
	/* Its own. */
	struct http_call call;
	struct api_gate *gate; /* NULL: not under way */
	struct arena arena;
	json_t *user;
	bool is_ours;
	char k8s_namespace[64]; /* "": all */
	char key[DIGEST_TEXT_SIZE];
	char who[256];
};

struct api_gate *api_gate_new(struct loop *loop, struct http *http);

/* Questions under way were cancelled before. Accepts NULL, returns NULL. */
struct api_gate *api_gate_free(struct api_gate *gate);

/* Ask. `done` is called once: at once, when the answer is known. */
void api_gate_ask(struct api_gate *gate, struct api_gate_question *question,
                  const struct api_gate_wish *wish);

/* No call of `done` follows; accepts a question that is not under way. */
void api_gate_cancel(struct api_gate_question *question);

#endif
