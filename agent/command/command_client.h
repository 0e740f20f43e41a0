/*
 * The cluster, for one command: requests that wait for their answer. Who we are is read as kubectl
 * reads it (agent/credentials.h). One client per call; it lives until the command ends.
 */
#ifndef AGENT_COMMAND_COMMAND_CLIENT_H
#define AGENT_COMMAND_COMMAND_CLIENT_H

#include "agent/command/command.h"
#include "providers/kube/api.h"

#include <jansson.h>

#define COMMAND_CLIENT_OBJECTS_MAX 20000 /* of one list; more is ERR_LIMIT */
#define COMMAND_CLIENT_LISTS_MAX   8
#define COMMAND_CLIENT_SECONDS     30 /* for one answer */

struct command_client;

/*
 * Connects to nothing yet. NULL and an error when there is no usable kubeconfig. CALL must outlive
 * it; its `lead` follows the server's clock: the header Date of each answer and, while a list is
 * followed, the newest time that the server noted in managedFields.
 */
struct command_client *command_client_new(struct command_call *call, struct err *err);

/* The same without a kubeconfig, for HTTP_PEER_URL only; it has no namespace. */
struct command_client *command_client_new_stranger(struct command_call *call, struct err *err);

/* Accepts NULL, returns NULL. */
struct command_client *command_client_free(struct command_client *client);

/* For CLEANUP(command_client_freep). */
void command_client_freep(struct command_client **client);

/* The namespace that the call is about: -n, else the context's, else "default"; NULL for -A. */
const char *command_client_namespace(const struct command_client *client);

/*
 * GET of a path ("/version"). *ret is NULL when the server says 404, and owned by the caller
 * otherwise. Every other answer that is no 2xx is ERR_STATUS with the server's sentence.
 */
bool command_client_get(struct command_client *client, const char *path, json_t **ret,
                        struct err *err);

/*
 * Any request, once; its timeout is set here. *ret is the answer's JSON, whatever its status, owned
 * by the caller; NULL: it is none.
 */
bool command_client_ask(struct command_client *client, struct http_request *request,
                        int *ret_status, json_t **ret, struct err *err);

/* One object; *ret is NULL when it is not there, and owned by the caller otherwise. */
bool command_client_find(struct command_client *client, const struct kube_ref *ref, json_t **ret,
                         struct err *err);

/* POST of BODY, which is taken, to a path; *ret is what was made, owned by the caller. */
bool command_client_post(struct command_client *client, const char *path, json_t *body,
                         json_t **ret, struct err *err);

/* Let time pass. */
void command_client_rest(struct command_client *client, struct span length);

/* A list, and what it is narrowed by; zero but for what is set. */
struct command_client_list {
	enum kube_kind kind;
	const char *k8s_namespace; /* NULL: all */
	const char *labels;        /* "serin.dev/canary=cart"; NULL: all */
	const char *fields;        /* "involvedObject.kind=Canary"; NULL: all */
	size_t max;                /* objects; 0: COMMAND_CLIENT_OBJECTS_MAX */
	json_t *items;             /* an array of objects; NULL: never read; freed by the owner */
	json_t *fresh;             /* the client's own */
};

/* Read all pages of a list anew. Items get kind and apiVersion. ERR_STATUS for a 404 too: the
 * resource does not exist there. */
bool command_client_read(struct command_client *client, struct command_client_list *list,
                         struct err *err);

/*
 * Read N_LISTS lists (at most COMMAND_CLIENT_LISTS_MAX), call `changed`, and again whenever an
 * object in one of them was made, changed or deleted, and each EVERY when not 0. Ends well when
 * `changed` returns false or on SIGINT or SIGTERM; a lost connection is taken up again.
 */
bool command_client_follow(struct command_client *client, struct command_client_list *lists,
                           size_t n_lists, struct span every, bool (*changed)(void *user),
                           void *user, struct err *err);

/* Give up the items. */
void command_client_list_fini(struct command_client_list *list);

#endif
