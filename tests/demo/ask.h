/* Ask the API server in one line, for tests. */
#ifndef TESTS_DEMO_ASK_H
#define TESTS_DEMO_ASK_H

#include "agent/demo/apiserver.h"

#include <jansson.h>

/*
 * Send a request and return the reply's body as JSON, a new reference (NULL when it is none). In
 * the body, single quotes stand for double ones. A PATCH that begins with '[' is a JSON patch, else
 * a merge patch. ret_status may be NULL.
 */
json_t *ask(struct apiserver *server, struct instant now, enum http_method method, const char *url,
            const char *body, int *ret_status);

/* The same, for its status alone. */
int ask_status(struct apiserver *server, struct instant now, enum http_method method,
               const char *url, const char *body);

/* The value at a path like "metadata.labels.app" or "items.0.kind", borrowed, or NULL. */
json_t *ask_at(const json_t *value, const char *path);

/* The text or number there; "" and -1 when there is none. */
const char *ask_text(const json_t *value, const char *path);
json_int_t ask_number(const json_t *value, const char *path);

/* For tests with a server of their own in *STATE; all of it happens at ASK_NOW. */

#define ASK_NOW ((struct instant){1763700000000})

#define ASK_CANARY(name, rest)                                                            \
 "{'apiVersion':'flagger.app/v1beta1','kind':'Canary','metadata':{'name':'" name "'" rest \
 "},'spec':{'a':1},'status':{'phase':'Forged'}}"

/* Deployment web. */
#define ASK_WEB                                                                          \
 "{'metadata':{'name':'web','labels':{'app':'web'}},'spec':{'replicas':2,'selector':{"   \
 "'matchLabels':{'app':'web'}},'template':{'metadata':{'labels':{'app':'web'}},'spec':{" \
 "'containers':[{'name':'c','image':'web:1'}]}}}}"

int ask_set_up(void **state);
int ask_tear_down(void **state);

/* GET, which must be answered with 200; a new reference. */
json_t *ask_get(void **state, const char *url);

/* PATCH; the status. */
int ask_patch(void **state, const char *url, const char *body);

/* POST, which must create. */
void ask_post(void **state, const char *url, const char *body);

#endif
