/*
 * A Kubernetes API server as a value: requests in, replies and watch events out. No socket, no
 * clock, no randomness: the time is passed in, identifiers come from a seed. It answers as
 * kube-apiserver 1.35 does, for the resources and verbs the agent uses.
 *
 * Glossary. *Revision*: the number that each write increases, as etcd does; an object's
 * resourceVersion is the revision of its last write. *Change*: one write in the history, from which
 * watches, old LISTs and rewinds are made. *Shelf*: all objects of one resource.
 *
 * A watch from a revision that is yet to come is silent until then, as the real one is for its
 * first seconds.
 *
 * Left out: authentication, namespaces (every one exists), schemas of custom resources, apply
 * (415), deletecollection (405), protobuf; strategic merge patch knows one merge key, "name".
 */
#ifndef AGENT_DEMO_APISERVER_H
#define AGENT_DEMO_APISERVER_H

#include "providers/http.h"

#include <jansson.h>
#include <stdint.h>

struct apiserver;
struct apiserver_watch;

/* What moves metadata.generation. */
enum apiserver_generation {
	APISERVER_GENERATION_NONE,                /* the resource has none */
	APISERVER_GENERATION_SPEC,                /* a change outside metadata and status */
	APISERVER_GENERATION_SPEC_OR_ANNOTATIONS, /* Deployments: also their annotations */
};

struct apiserver_resource {
	const char *group; /* "" is core */
	const char *version;
	const char *plural;
	const char *kind;
	bool is_namespaced;
	bool is_custom;  /* by a CRD: items of a LIST carry kind and apiVersion, PUT needs a version
	                  */
	bool has_status; /* as a subresource; the main resource then ignores status */
	bool has_put_create;   /* PUT of a name that is not there creates it */
	bool has_version_need; /* PUT without resourceVersion is refused */
	enum apiserver_generation generation;
	const char *immutable; /* a field of the object that never changes ("spec"); NULL: none */
};

/* The resources the agent uses. */
extern const struct apiserver_resource apiserver_resources[];
extern const size_t apiserver_n_resources;

enum apiserver_fault_kind {
	APISERVER_FAULT_NONE,
	APISERVER_FAULT_STATUS, /* answer with this status instead */
	APISERVER_FAULT_LOST,   /* no reply arrives */
};

struct apiserver_fault {
	enum apiserver_fault_kind kind;
	int status;              /* 409, 422, 429, 500, …; the Status body is made from it */
	struct span retry_after; /* 0: not said */
};

/* The simulator's hand. Any member may be NULL. They may not call the server. */
struct apiserver_hooks {
	/* Before a request has any effect. */
	struct apiserver_fault (*before)(void *user, const struct http_request *request);
	/* When its effect has happened: a fault here is a reply that was lost or replaced. */
	struct apiserver_fault (*after)(void *user, const struct http_request *request,
	                                const struct http_reply *reply);
	/* Refuse an object (422 Invalid with the error's text); old is NULL for a new one. */
	bool (*admit)(void *user, const struct apiserver_resource *resource, const json_t *old,
	              const json_t *object, struct err *err);
	void *user;
};

struct apiserver_options {
	const struct apiserver_resource *resources; /* NULL: apiserver_resources; must outlive it */
	size_t n_resources;
	uint64_t seed;           /* of uids and generated names */
	uint64_t first_revision; /* before the first write; 0: 1000 */
	size_t history_max;      /* changes kept; older ones are compacted; 0: 10,000 */
	size_t log_max;          /* entries kept; 0: 65,536 */
	const char *person;      /* as whom all are known; NULL: nobody is, and nothing proven */
	size_t body_max;         /* bytes of a request's body; 0: 3 MiB */
	bool is_immediate;       /* deliver events as they happen; else by apiserver_pump */
	struct apiserver_hooks hooks;
};

/* The options may be NULL. */
struct apiserver *apiserver_new(const struct apiserver_options *options);

/* Accepts NULL, returns NULL. Watches must have been cancelled. */
struct apiserver *apiserver_free(struct apiserver *server);

/* Serve one request that is no watch. The reply's body is owned by the arena. */
struct http_reply apiserver_serve(struct apiserver *server, const struct http_request *request,
                                  struct arena *arena, struct instant now);

/* The same from inside the cluster: no hook is asked (but admit) and no entry logged. */
struct http_reply apiserver_serve_inside(struct apiserver *server,
                                         const struct http_request *request, struct arena *arena,
                                         struct instant now);

/* A write of somebody in the process, as JSON. */
struct apiserver_letter {
	enum http_method method;
	const char *url;
	const char *body; /* NULL: none */
	const char *type; /* NULL: a PATCH is a merge patch */
	const char *who;  /* User-Agent; NULL: nobody says */
};

/* Serve it from inside the cluster. */
struct http_reply apiserver_write_inside(struct apiserver *server,
                                         const struct apiserver_letter *letter, struct arena *arena,
                                         struct instant now);

/* Watches ----------------------------------------------------------------------------------------
 */

/*
 * Takes one JSON line with its newline; length 0: the server ended the stream, nothing follows. May
 * serve requests, open and cancel watches.
 */
typedef void apiserver_deliver(void *user, const char *bytes, size_t length);

/* Does the request open a watch? */
bool apiserver_watch_asked(const struct http_request *request);

/*
 * Open a watch. When it is refused, returns NULL and fills ret_reply (owned by the arena); else
 * ret_reply has status 200 and no body. The watch lives until apiserver_watch_cancel.
 */
struct apiserver_watch *apiserver_watch(struct apiserver *server,
                                        const struct http_request *request,
                                        apiserver_deliver *deliver, void *user,
                                        struct http_reply *ret_reply, struct arena *arena,
                                        struct instant now);

/* End and free it; accepts NULL, returns NULL. Nothing is delivered afterwards. */
struct apiserver_watch *apiserver_watch_cancel(struct apiserver_watch *watch);

/* Deliver its next line, if there is one; from inside its own delivery: nothing. */
bool apiserver_watch_step(struct apiserver_watch *watch);

/* Is the stream ended by the server? */
bool apiserver_watch_ended(const struct apiserver_watch *watch);

/* Deliver all there is to all watches. */
void apiserver_pump(struct apiserver *server);

/* A bookmark for each watch that allows them, behind what it has not got yet. */
void apiserver_bookmark(struct apiserver *server);

/* End the watches whose timeoutSeconds are over. Returns when the next one is, 0 for never. */
struct instant apiserver_tick(struct apiserver *server, struct instant now);

/* The simulator's other hand ----------------------------------------------------------------------
 */

/* The revision of the last write. */
uint64_t apiserver_revision(const struct apiserver *server);

/* Forget changes up to and including a revision: older watches and continue tokens get 410. */
void apiserver_compact(struct apiserver *server, uint64_t revision);

/*
 * Reads with resourceVersion=0 are answered as of this revision, like a cache that lags; 0 ends it.
 * A revision that was compacted is taken for the oldest one known.
 */
void apiserver_lag(struct apiserver *server, uint64_t revision);

/*
 * Go back to an earlier revision, like an etcd restore; later revisions are given out anew. All
 * watches end. False when it was compacted or lies ahead.
 */
bool apiserver_rewind(struct apiserver *server, uint64_t revision) MUST_USE;

/* An object as stored, valid until the next write, or NULL. namespace "" for a cluster-wide
 * resource. */
const json_t *apiserver_find(const struct apiserver *server, const char *plural,
                             const char *namespace, const char *name);

/* The INDEXth object of a resource in order of namespace and name, or NULL. */
const json_t *apiserver_at(const struct apiserver *server, const char *plural, size_t index);

/* The resource of that plural name, or NULL. */
const struct apiserver_resource *apiserver_resource_find(const struct apiserver *server,
                                                         const char *plural);

/* The INDEXth resource, or NULL. */
const struct apiserver_resource *apiserver_resource_at(const struct apiserver *server,
                                                       size_t index);

/* The writes one after the other, for controllers ------------------------------------------------
 */

/* Where a reader stands; zero: before the first. */
struct apiserver_cursor {
	uint64_t revision;
	uint64_t n_rewinds;
};

/* One write; valid until the next one. */
struct apiserver_news {
	const struct apiserver_resource *resource;
	const json_t *before; /* NULL: created */
	const json_t *after;  /* of a deletion: the last state */
	bool is_deletion;
};

enum apiserver_read {
	APISERVER_READ_NONE, /* there is no other write */
	APISERVER_READ_NEWS, /* one was read */
	APISERVER_READ_LOST, /* what came next is compacted or was rewound: look at everything */
};

/* Read the write behind the cursor and move it; ret is filled only for NEWS. */
enum apiserver_read apiserver_read_next(const struct apiserver *server,
                                        struct apiserver_cursor *cursor,
                                        struct apiserver_news *ret);

/* The log -----------------------------------------------------------------------------------------
 */

struct apiserver_entry {
	enum http_method method;
	const char *url;     /* with query */
	const char *manager; /* fieldManager, or the user agent up to its first slash */
	const char *agent;   /* user agent, "" when there was none */
	struct instant at;
	bool is_watch;
	bool is_lost;      /* no reply arrived; the effect may have happened */
	int status;        /* what was answered, or would have been */
	uint64_t revision; /* of the write it made; 0: it changed nothing */
};

/* Requests served since the start or the last clearing, watches included. */
size_t apiserver_count(const struct apiserver *server);

/* Those among them that changed something. */
size_t apiserver_count_writes(const struct apiserver *server);

/* The INDEXth of them, or NULL when it was dropped for newer ones. */
const struct apiserver_entry *apiserver_entry_find(const struct apiserver *server, size_t index);

void apiserver_log_clear(struct apiserver *server);

#endif
