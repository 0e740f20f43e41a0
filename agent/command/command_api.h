/*
 * The agent's API, for commands: at an address, or through the API server's proxy, which needs
 * nothing but the kubeconfig. There a token of two rights is made for it: it is for the agent only,
 * and for ten minutes.
 */
#ifndef AGENT_COMMAND_COMMAND_API_H
#define AGENT_COMMAND_COMMAND_API_H

#include "agent/command/command_client.h"

#define COMMAND_API_AUTO "auto" /* find it in the cluster */

/* What the flag --api says, in each command that has it. */
#define COMMAND_API_FLAG                                                                      \
 {                                                                                            \
  .name = "api", .value_name = "WHERE",                                                       \
  .help = "the agent's API: http://127.0.0.1:8080, NAMESPACE/SERVICE, or auto to look for it" \
 }

struct command_api {
	struct command_client *client;
	const char *where;  /* as given, or COMMAND_API_AUTO */
	const char *token;  /* for an address: $SERIN_API_TOKEN; NULL: none. Borrowed */
	struct arena arena; /* its own, as what follows */
	const char *k8s_namespace;
	const char *service; /* NULL: not found yet */
	bool is_minted;      /* it was tried */
	const char *minted;  /* a token; NULL: none could be made, */
	struct err unminted; /* for that reason */
};

/* Prepare to ask; WHERE and CALL outlive it. False: it is no such place (ERR_INVALID). To be ended
 * with command_api_fini. */
bool command_api_init(struct command_api *api, const struct command_call *call,
                      struct command_client *client, const char *where, struct err *err);
void command_api_fini(struct command_api *api);

/* WHERE is an address, so no kubeconfig is needed. */
bool command_api_is_url(const char *where);

/* A client for WHERE: of the cluster, or of none. */
struct command_client *command_api_client(struct command_call *call, const char *where,
                                          struct err *err);

/* "/api/v1/namespaces/shop/REST", or "/api/v1/REST" for all (the call's -A, or an address without
 * -n). Owned by the API's arena. */
const char *command_api_path(struct command_api *api, const struct command_call *call,
                             const char *rest);

/* "&since=7d", escaped; "" when VALUE is NULL. Owned by the API's arena. */
const char *command_api_argument(struct command_api *api, const char *name, const char *value);

/*
 * GET of a path of the API. *ret is NULL when the agent says that there is no such thing, and owned
 * by the caller otherwise. Failures say what is missing: the Service, the right, the agent.
 */
bool command_api_get(struct command_api *api, const char *path, json_t **ret, struct err *err);

/*
 * The report of a release (docs/schema/report.json), by a client of its own; *ret is NULL when the
 * agent knows no such release, and owned by the caller otherwise.
 */
bool command_api_report(struct command_call *call, const char *where, const char *k8s_namespace,
                        const char *release, json_t **ret, struct err *err);

/*
 * What evidence there is of a release, a sentence for each check, or one that says what is missing.
 * Returns how many; texts live in the arena.
 */
#define COMMAND_API_SENTENCES_MAX 16
size_t command_api_tell(struct command_call *call, const char *where, const char *k8s_namespace,
                        const char *release, struct arena *arena,
                        const char *ret[COMMAND_API_SENTENCES_MAX]);

#endif
