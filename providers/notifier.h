/*
 * Receivers of alerts, one table row per type: what is sent to each, as Flagger sends it. Who
 * receives what is the caller's business (providers/act_alert.c).
 */
#ifndef PROVIDERS_NOTIFIER_H
#define PROVIDERS_NOTIFIER_H

#include "analysis/severity.h"
#include "providers/http.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define NOTIFIER_FIELDS_MAX 8
#define NOTIFIER_REPLY_MAX  65536 /* bytes */

struct notifier_field {
	const char *name;
	const char *value;
};

struct notifier_message {
	enum severity severity;
	const char *subject; /* "cart.shop" */
	const char *text;
	struct notifier_field fields[NOTIFIER_FIELDS_MAX];
	size_t n_fields;
};

/* Where to. Texts are borrowed; address, token and proxy are secrets. */
struct notifier_receiver {
	const char *type;    /* "slack" */
	const char *address; /* a webhook's URL */
	const char *token;   /* NULL: none */
	const char *channel;
	const char *username;
	const char *proxy; /* a URL; NULL: none */
};

/* One type. Names in the table are unique. */
struct notifier {
	const char *name;
	const char *color; /* of good news and warnings */
	const char *error_color;
	const char *path; /* what the address's path must end with; NULL: as it is */
	bool bears_token; /* the token is sent */
	/* The body, owned by the caller. */
	json_t *(*write)(const struct notifier *notifier, const struct notifier_receiver *receiver,
	                 const struct notifier_message *message);
};

/* The row of that type; NULL when there is none. */
const struct notifier *notifier_find(const char *type);

/* The type that was probably meant; NULL when none is near. */
const char *notifier_nearest(const char *type);

/* The types there are, for refusals: "slack, msteams, …". */
extern const char notifier_names[];

/*
 * Fill RET, whose texts live in the arena or in the receiver. ERR_INVALID: an unknown type, or an
 * address or a proxy that is no http or https URL; what is secret in it is not shown.
 */
bool notifier_ask(const struct notifier_receiver *receiver, const struct notifier_message *message,
                  struct arena *arena, struct http_request *ret, struct err *err);

#endif
