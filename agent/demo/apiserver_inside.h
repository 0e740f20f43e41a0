/* What the files of the API server share; for nobody else. */
#ifndef AGENT_DEMO_APISERVER_INSIDE_H
#define AGENT_DEMO_APISERVER_INSIDE_H

#include "agent/demo/apiserver.h"
#include "agent/demo/apiserver_select.h"

#include <jansson.h>
#include <stdint.h>

#define APISERVER_QUERY_MAX 32
#define APISERVER_TEXTS     512

struct apiserver_param {
	const char *name;
	const char *value;
};

/* Where a request goes. */
struct apiserver_route {
	struct apiserver_shelf *shelf;
	const char *namespace; /* NULL: all, or none for a cluster-wide resource */
	const char *name;      /* NULL: the collection */
	bool is_status;        /* the status subresource */
	struct apiserver_param query[APISERVER_QUERY_MAX];
	size_t n_query;
};

/* One request on its way. Functions that return bool have set the reply when they return false. */
struct apiserver_call {
	struct apiserver *server;
	const struct http_request *request;
	struct arena *arena;
	struct instant now;
	struct apiserver_route route;
	const char *manager;
	const char *agent;
	struct http_reply reply;
	uint64_t written; /* the revision of the write it made */
};

struct apiserver_shelf {
	const struct apiserver_resource *resource;
	json_t **objects; /* in order of namespace and name */
	size_t n_objects;
	size_t size;
};

struct apiserver_change {
	uint64_t revision;
	struct apiserver_shelf *shelf;
	json_t *before; /* NULL: created */
	json_t *after;  /* of a deletion: the last state under the deletion's revision */
	bool is_deletion;
};

struct apiserver_log {
	struct apiserver_entry *entries; /* a ring of options.log_max */
	size_t size;
	size_t count;
	size_t n_writes;
};

/* As what an object is shown. */
enum apiserver_form {
	APISERVER_WHOLE,
	APISERVER_ITEM,    /* of a list: of a built-in resource without kind and apiVersion */
	APISERVER_PARTIAL, /* only its metadata */
};

/* An object and its JSON; the reference keeps another from getting its address. */
struct apiserver_text {
	json_t *object;
	enum apiserver_form form;
	char *bytes;
	size_t length;
};

struct apiserver {
	struct apiserver_options options;
	struct apiserver_shelf *shelves; /* one for each resource */
	uint64_t revision;
	uint64_t compacted; /* changes up to here are forgotten */
	uint64_t n_rewinds;
	uint64_t lag; /* reads at resourceVersion=0 see this revision; 0: the newest */
	struct apiserver_change *changes;
	size_t n_changes;
	size_t changes_size;
	struct apiserver_watch *watches;
	bool is_pumping;
	struct apiserver_log log;
	struct apiserver_text texts[APISERVER_TEXTS]; /* written last */
	uint64_t random;
	uint32_t n_addresses; /* cluster addresses given to Services */
	struct instant clock; /* of the last request: ages in tables */
};

/* apiserver_url.c: read path and query; an unknown path is refused with 404. */
bool apiserver_url_parse(struct apiserver_call *call);
/* The value of a query parameter, NULL when it is not there. */
const char *apiserver_url_param(const struct apiserver_call *call, const char *name);
/* Is a boolean parameter set? */
bool apiserver_url_flag(const struct apiserver_call *call, const char *name);
/* The value of a request's header, NULL when it is not there. */
const char *apiserver_url_header(const struct http_request *request, const char *name);

/* apiserver_meta.c */
/* Texts in metadata; "" when absent. */
const char *apiserver_meta_text(const json_t *object, const char *field);
uint64_t apiserver_meta_revision(const json_t *object);
/* The metadata, which the object shares with no other from now on; it must be there. */
json_t *apiserver_meta_own(json_t *object);
bool apiserver_meta_has_finalizers(const json_t *object);
/* Fill the metadata of an object to be created. */
bool apiserver_meta_create(struct apiserver_call *call, json_t *object);
/* Check and complete the metadata of an object that replaces another. */
bool apiserver_meta_update(struct apiserver_call *call, const json_t *old, json_t *object);
/* Note in managedFields who wrote what: OLD became OBJECT. OLD is NULL for a new object. */
void apiserver_meta_manage(struct apiserver_call *call, const json_t *old, json_t *object);
/* The next generation when the change asks for one. */
void apiserver_meta_generation(const struct apiserver_resource *resource, const json_t *old,
                               json_t *object);
/* The next pseudo-random number. */
uint64_t apiserver_meta_random(struct apiserver *server);

/*
 * apiserver_fields.c: sets of fields as fieldsV1 has them, {} for a field held whole. Returned sets
 * are new references.
 */
/* What OLD, NULL for none, has not or has otherwise than NOW; NULL when there is nothing. */
json_t *apiserver_fields_changed(struct apiserver_call *call, const json_t *old, const json_t *now);
/* Either set's fields; SET may be NULL. */
json_t *apiserver_fields_join(json_t *set, json_t *more);
/* The fields of SET that OBJECT still has and nobody has TAKEN; NULL when none is left. */
json_t *apiserver_fields_keep(json_t *set, const json_t *taken, const json_t *object);

/* apiserver_defaults.c: what the server adds to built-in resources. old is NULL for a new object.
 */
void apiserver_defaults_fill(struct apiserver *server, const struct apiserver_resource *resource,
                             const json_t *old, json_t *object);

/* apiserver_validate.c: refuse what the server would refuse. old is NULL for a new object. */
bool apiserver_validate_object(struct apiserver_call *call, const json_t *old,
                               const json_t *object);

/* apiserver_write.c, apiserver_delete.c, apiserver_read.c: the verbs; each sets the reply. */
void apiserver_write_post(struct apiserver_call *call);
void apiserver_write_put(struct apiserver_call *call);
void apiserver_write_patch(struct apiserver_call *call);
void apiserver_delete_one(struct apiserver_call *call);
void apiserver_read_get(struct apiserver_call *call);
void apiserver_read_list(struct apiserver_call *call);
/* Does the caller want metadata only (Accept: …;as=PartialObjectMetadata…)? */
bool apiserver_read_is_partial(const struct http_request *request);
/* The metadata of an object as PartialObjectMetadata; a new reference. */
json_t *apiserver_read_partial(const json_t *object);
/* Answer with an object that never changes again; takes no reference. */
void apiserver_read_reply(struct apiserver_call *call, int status, const json_t *object);
/* Read resourceVersion; *ret is 0 when it is absent, empty or 0; *ret_is_set tells these apart. */
bool apiserver_read_revision(struct apiserver_call *call, uint64_t *ret, bool *ret_is_set);

/* apiserver_table.c */
/* Does the caller want a Table (Accept: …;as=Table…)? */
bool apiserver_table_asked(const struct http_request *request);
/* The objects as a Table; METADATA of the list, which is borrowed, as the objects; a new reference.
 */
json_t *apiserver_table_new(const struct apiserver_resource *resource, const json_t *metadata,
                            struct instant now, json_t *const *objects, size_t n_objects);

/* apiserver_discovery.c: answer for a path that lists groups or resources; false: it does not. */
bool apiserver_discovery_serve(struct apiserver_call *call, const char *path);

/* apiserver_store.c */
struct apiserver_shelf *apiserver_store_shelf(const struct apiserver *server, const char *plural);
json_t *apiserver_store_find(const struct apiserver_shelf *shelf, const char *namespace,
                             const char *name);
/* Store an object under the next revision (set in its metadata); takes the reference. */
uint64_t apiserver_store_put(struct apiserver *server, struct apiserver_shelf *shelf,
                             json_t *object);
/* Remove it; the returned reference is the last state under the deletion's revision. */
json_t *apiserver_store_remove(struct apiserver *server, struct apiserver_shelf *shelf,
                               const json_t *object);
/* The objects of a shelf as of a revision (not compacted, not ahead); borrowed, array in the arena.
 */
json_t **apiserver_store_snapshot(const struct apiserver *server,
                                  const struct apiserver_shelf *shelf, uint64_t revision,
                                  struct arena *arena, size_t *ret_n);
/* The first change after a revision, or NULL. */
const struct apiserver_change *apiserver_store_next(const struct apiserver *server,
                                                    uint64_t revision);
void apiserver_store_fini(struct apiserver *server);

/* apiserver_status.c: answer with a Status; all return false. */
bool apiserver_status_fail(struct apiserver_call *call, int code, const char *reason,
                           const char *format, ...) PRINTF_LIKE(4, 5);
bool apiserver_status_not_found(struct apiserver_call *call, const char *name);
bool apiserver_status_exists(struct apiserver_call *call, const char *name);
bool apiserver_status_conflict(struct apiserver_call *call, const char *name, const char *why);
/* 422; kind_of_cause is FieldValueInvalid, FieldValueRequired, …; text begins with its sentence. */
bool apiserver_status_invalid(struct apiserver_call *call, const char *name, const char *field,
                              const char *cause, const char *text);
/* Answer with the body the real server has for a bare status code. */
bool apiserver_status_plain(struct apiserver_call *call, int code, struct span retry_after);
/* A Status of kind Failure; a new reference. */
json_t *apiserver_status_body(int code, const char *reason, const char *message);
/* Answer with a body; takes the reference. */
void apiserver_status_reply(struct apiserver_call *call, int status, json_t *body);
/* "deployments.apps", "pods" */
const char *apiserver_status_resource(const struct apiserver_call *call);
/* "Deployment.apps", "Pod" */
const char *apiserver_status_kind(const struct apiserver_call *call);

/* apiserver_text.c */
/* The object in that form; a new reference. */
json_t *apiserver_text_shown(json_t *object, enum apiserver_form form);
/* The JSON of it, for an object that never changes again; valid until the next call. */
const struct apiserver_text *apiserver_text_of(struct apiserver *server, json_t *object,
                                               enum apiserver_form form);
void apiserver_text_fini(struct apiserver *server);

/* apiserver_log.c */
void apiserver_log_add(struct apiserver *server, const struct apiserver_entry *entry);

/* apiserver_watch.c */
void apiserver_watch_wake(struct apiserver *server);
void apiserver_watch_end_all(struct apiserver *server);

/* apiserver.c */
void apiserver_call_init(struct apiserver_call *call, struct apiserver *server,
                         const struct http_request *request, struct arena *arena,
                         struct instant now);

#endif
