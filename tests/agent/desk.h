/* A real loop with a real client, a server inside it, and questions whose answers are kept. */
#ifndef TESTS_AGENT_DESK_H
#define TESTS_AGENT_DESK_H

#include "agent/http_curl.h"
#include "agent/loop_ev.h"
#include "tests/agent/loopback.h"

struct desk {
	struct loop_ev *loop;
	struct http_curl *http;
	struct loopback server;
	struct alarm alarm; /* ends a test that hangs */
	size_t n_waited;    /* done calls still to come before the loop stops */
	bool is_late;
};

/* One call, and what came of it. */
struct asked {
	struct http_call call;
	struct desk *desk;
	int n_done;
	int n_bytes; /* calls of bytes */
	struct err error;
	int status;
	struct span retry_after;
	struct buf body;  /* of the reply, or of the stream */
	bool is_refusing; /* bytes returns false */
	struct asked *cancels_on_bytes;
	struct asked *cancels_on_done;
	void (*then)(struct asked *asked); /* after done */
};

/* CREDENTIALS may be NULL, as may SERVE when the test needs no server. */
void desk_open(struct desk *desk, void (*serve)(struct visitor *visitor, const char *request));
void desk_shut(struct desk *desk);

/* Make the client, after the credentials. desk_open makes one without. */
void desk_client(struct desk *desk, struct credentials *credentials);

/* A request to the desk's server, or to an absolute URL when PATH is one. Five seconds, 1000 bytes.
 */
struct http_request desk_request(const struct desk *desk, enum http_method method, const char *path,
                                 char url[256]);

/* Start; the fields of *asked that say what to do are set before, its lane and `bytes` too. */
void desk_start(struct desk *desk, struct asked *asked, const struct http_request *request);

/* The same for a GET of PATH. */
void desk_get(struct desk *desk, struct asked *asked, const char *path);

/* Run until all that was started is done; false when that takes too long. */
bool desk_wait(struct desk *desk);

/* For asked->call.bytes. */
bool desk_on_bytes(struct http_call *call, const char *bytes, size_t length);

/* Free what it kept. */
void desk_forget(struct asked *asked);

#endif
