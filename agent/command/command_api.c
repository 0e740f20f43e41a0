#include "agent/command/command_api.h"

#include "agent/api_gate.h"
#include "analysis/base/number.h"
#include "analysis/base/text.h"
#include "providers/kube/tree.h"
#include "providers/wire/tree.h"
#include "providers/wire/url.h"

#include <string.h>

#define SERVICE      "serin-api"
#define NAMESPACE    "serin"
#define READER       "serin-reader"
#define TOKEN_LIFE   600 /* seconds; the API server makes none shorter */
#define TRIES_MAX    10  /* the proxy takes any agent, and only the leader has evidence */
#define BODY_MAX     ((size_t)64 * 1024 * 1024)
#define PROXY_FORMAT "/api/v1/namespaces/%s/services/http:%s:http/proxy%s"

bool command_api_is_url(const char *where)
{
	return strncmp(where, "http://", 7) == 0 || strncmp(where, "https://", 8) == 0;
}

struct command_client *command_api_client(struct command_call *call, const char *where,
                                          struct err *err)
{
	return command_api_is_url(where) ? command_client_new_stranger(call, err)
	                                 : command_client_new(call, err);
}

const char *command_api_argument(struct command_api *api, const char *name, const char *value)
{
	CLEANUP(buf_fini) struct buf text = {.max = URL_TEXT_MAX};

	if (!value || !url_escape(value, strlen(value), &text))
		return "";
	return arena_format(&api->arena, "&%s=%s", name, buf_text(&text));
}

const char *command_api_path(struct command_api *api, const struct command_call *call,
                             const char *rest)
{
	const char *k8s_namespace = call->flags.k8s_namespace;

	if (!*k8s_namespace)
		k8s_namespace = command_client_namespace(api->client);
	if (!k8s_namespace || call->flags.is_everywhere)
		return arena_format(&api->arena, "/api/v1/%s", rest);
	return arena_format(&api->arena, "/api/v1/namespaces/%s/%s", k8s_namespace, rest);
}

/* "NAMESPACE/SERVICE" */
static bool read_place(struct command_api *api, const char *where, struct err *err)
{
	const char *slash = strchr(where, '/');

	if (!slash || slash == where || !slash[1] || strchr(slash + 1, '/'))
		return err_set(err, ERR_INVALID,
		               "--api: expected an address (http://…), NAMESPACE/SERVICE or auto, "
		               "got \"%.100s\"",
		               where);
	api->k8s_namespace = arena_copy(&api->arena, where, (size_t)(slash - where));
	api->service = arena_text(&api->arena, slash + 1);
	return true;
}

bool command_api_init(struct command_api *api, const struct command_call *call,
                      struct command_client *client, const char *where, struct err *err)
{
	const char *token = call->environment("SERIN_API_TOKEN");

	*api = (struct command_api){.client = client, .where = where};
	api->token = token && *token ? token : NULL;
	if (command_api_is_url(where))
		return url_check(where, err) || err_wrap(err, "--api");
	return strcmp(where, COMMAND_API_AUTO) == 0 || read_place(api, where, err);
}

void command_api_fini(struct command_api *api)
{
	arena_fini(&api->arena);
}

/* Answers ------------------------------------------------------------------------------------- */

/* One request; TOKEN goes into HEADER, which NULL leaves out. */
struct letter {
	enum http_peer peer;
	const char *url;
	const char *header;
	const char *token;
};

static bool send_letter(struct command_api *api, const struct letter *letter, int *ret_status,
                        json_t **ret, struct err *err)
{
	struct http_request request = {
		.peer = letter->peer,
		.method = HTTP_GET,
		.url = letter->url,
		.reply_max = BODY_MAX,
	};

	http_request_add(&request, "Accept", "application/json");
	if (letter->header)
		http_request_add(&request, letter->header, letter->token);
	return command_client_ask(api->client, &request, ret_status, ret, err);
}

/* A sentence of the agent, not of the API server's proxy. */
static bool is_agents(const json_t *body)
{
	return json_is_string(json_object_get(body, "error"));
}

static const char *sentence_of(const json_t *body)
{
	return is_agents(body) ? kube_tree_value(body, "error") : kube_tree_value(body, "message");
}

/* What an answer means. *RET is its body, and NULL unless it is what was asked for. */
static bool conclude(int status, const char *where, json_t **ret, struct err *err)
{
	bool is_agent = is_agents(*ret);

	if (status == 200 && *ret)
		return true;
	if (status == 200)
		return err_set(err, ERR_MALFORMED, "%s: it is not the agent's API", where);
	if (status != 404 || !is_agent)
		(void)err_set(err, ERR_STATUS, "the agent's API (%s): %d %.300s", where, status,
		              sentence_of(*ret));
	json_decref(*ret);
	*ret = NULL;
	return status == 404 && is_agent;
}

/* At an address ------------------------------------------------------------------------------- */

static bool ask_address(struct command_api *api, const char *path, json_t **ret, struct err *err)
{
	CLEANUP(buf_fini) struct buf token = {.max = URL_TEXT_MAX * 8};
	struct letter letter = {.peer = HTTP_PEER_URL};
	int status = 0;

	letter.url = arena_format(
		&api->arena, "%.*s%s",
		(int)(strlen(api->where) - (api->where[strlen(api->where) - 1] == '/')), api->where,
		path);
	if (api->token) {
		if (!buf_format(&token, "Bearer %s", api->token))
			return err_set(err, ERR_LIMIT, "$SERIN_API_TOKEN: longer than %zu bytes",
			               token.max);
		letter.header = "Authorization";
		letter.token = buf_text(&token);
	}
	if (!send_letter(api, &letter, &status, ret, err))
		return err_wrap(err, "the agent's API");
	return conclude(status, api->where, ret, err);
}

/* Through the proxy --------------------------------------------------------------------------- */

/* A token that opens the agent's API and nothing else. Made before it is asked for, since the
 * client takes a 401 for its own. */
static void mint(struct command_api *api)
{
	const char *path =
		arena_format(&api->arena, "/api/v1/namespaces/%s/serviceaccounts/" READER "/token",
	                     api->k8s_namespace);
	json_t *made = NULL;
	json_t *body = json_pack("{s:s,s:s,s:{s:[s],s:i}}", "apiVersion",
	                         "authentication.k8s.io/v1", "kind", "TokenRequest", "spec",
	                         "audiences", API_GATE_AUDIENCE, "expirationSeconds", TOKEN_LIFE);

	api->is_minted = true;
	if (!command_client_post(api->client, path, body, &made, &api->unminted))
		return;
	api->minted = arena_text(&api->arena, kube_tree_text(made, "status/token"));
	json_decref(made);
}

/* Another of the agents may answer the next time. */
static bool is_follower(int status, const json_t *body)
{
	return status == 503 && json_object_get(body, "leader") != NULL;
}

static bool ask_service(struct command_api *api, const char *path, int *ret_status, json_t **ret,
                        struct err *err)
{
	struct letter letter = {
		.peer = HTTP_PEER_KUBE,
		.url = arena_format(&api->arena, PROXY_FORMAT, api->k8s_namespace, api->service,
	                            path),
	};

	if (!api->is_minted)
		mint(api);
	letter.header = api->minted ? "Serin-Token" : NULL;
	letter.token = api->minted;
	for (int i = 0; i < TRIES_MAX; i++) {
		json_decref(*ret);
		*ret = NULL;
		if (!send_letter(api, &letter, ret_status, ret, err))
			return false;
		if (!is_follower(*ret_status, *ret))
			break;
	}
	if (*ret_status == 401 && is_agents(*ret) && !api->minted) {
		json_decref(*ret);
		*ret = NULL;
		return err_set(err, ERR_STATUS,
		               "the agent's API wants a token, and none could be made: %.300s",
		               api->unminted.text);
	}
	return true;
}

/* Its own right to look may be missing in one of the places. */
static bool is_elsewhere(int status, const json_t *body)
{
	return (status == 404 || status == 403) && !is_agents(body);
}

static bool miss(const char *own, const char *refusal, struct err *err)
{
	bool is_other = own && strcmp(own, NAMESPACE) != 0;

	if (*refusal)
		return err_set(err, ERR_STATUS,
		               "%.250s: the Role serin-evidence of manifests/components/api lets "
		               "ask the agent",
		               refusal);
	return err_set(err, ERR_STATUS,
	               "no Service " SERVICE " in namespace " NAMESPACE
	               "%s%s: "
	               "manifests/components/api has it; --api says where the agent's API is",
	               is_other ? " or " : "", is_other ? own : "");
}

/* Where manifests/ put it: in its own namespace, or in that of the canaries. */
static bool look_for_it(struct command_api *api, const char *path, int *ret_status, json_t **ret,
                        struct err *err)
{
	const char *own = command_client_namespace(api->client);
	const char *places[] = {NAMESPACE, own ? own : NAMESPACE};
	const char *refusal = "";

	api->service = SERVICE;
	for (size_t i = 0; i < array_length(places); i++) {
		json_decref(*ret);
		*ret = NULL;
		api->k8s_namespace = places[i];
		api->is_minted = false;
		api->minted = NULL;
		if (!ask_service(api, path, ret_status, ret, err))
			return false;
		if (!is_elsewhere(*ret_status, *ret))
			return true;
		if (*ret_status == 403)
			refusal = arena_text(&api->arena, sentence_of(*ret));
	}
	json_decref(*ret);
	*ret = NULL;
	api->service = NULL;
	return miss(own, refusal, err);
}

bool command_api_get(struct command_api *api, const char *path, json_t **ret, struct err *err)
{
	int status = 0;
	bool is_fine;

	*ret = NULL;
	if (command_api_is_url(api->where))
		return ask_address(api, path, ret, err);
	is_fine = api->service ? ask_service(api, path, &status, ret, err)
	                       : look_for_it(api, path, &status, ret, err);
	if (!is_fine)
		return false;
	return conclude(status,
	                arena_format(&api->arena, "%s/%s", api->k8s_namespace, api->service), ret,
	                err);
}

/* Evidence ------------------------------------------------------------------------------------ */

bool command_api_report(struct command_call *call, const char *where, const char *k8s_namespace,
                        const char *release, json_t **ret, struct err *err)
{
	CLEANUP(command_client_freep) struct command_client *client = NULL;
	struct command_api api;
	bool is_fine;

	*ret = NULL;
	client = command_api_client(call, where, err);
	if (!client)
		return false;
	if (!k8s_namespace)
		k8s_namespace = command_client_namespace(client);
	if (!k8s_namespace)
		return err_set(err, ERR_INVALID, "expected --namespace beside the address");
	is_fine = command_api_init(&api, call, client, where, err) &&
	          command_api_get(&api,
	                          arena_format(&api.arena, "/api/v1/namespaces/%s/releases/%s",
	                                       k8s_namespace, release),
	                          ret, err);
	command_api_fini(&api);
	return is_fine;
}

/* "request-duration: 6 samples, 380 to 620; histogram_quantile(…)" */
static const char *tell_check(const json_t *check, struct arena *arena)
{
	const json_t *samples = json_object_get(check, "samples");
	const char *query = kube_tree_value(check, "query");
	char least[NUMBER_TEXT_MAX] = "";
	char most[NUMBER_TEXT_MAX] = "";
	double low = 0;
	double high = 0;
	size_t n_values = 0;

	for (size_t i = 0; i < json_array_size(samples); i++) {
		const json_t *value = json_object_get(json_array_get(samples, i), "value");
		double number = json_number_value(value);

		if (!json_is_number(value))
			continue;
		low = n_values == 0 || number < low ? number : low;
		high = n_values == 0 || number > high ? number : high;
		n_values++;
	}
	number_format(low, least);
	number_format(high, most);
	return arena_format(arena, "%.60s: %zu sample%s%s%s%s%s%s%.300s",
	                    kube_tree_value(check, "name"), json_array_size(samples),
	                    json_array_size(samples) == 1 ? "" : "s", n_values ? ", " : "",
	                    n_values ? least : "", n_values ? " to " : "", n_values ? most : "",
	                    *query ? "; " : "", query);
}

size_t command_api_tell(struct command_call *call, const char *where, const char *k8s_namespace,
                        const char *release, struct arena *arena,
                        const char *ret[COMMAND_API_SENTENCES_MAX])
{
	CLEANUP(tree_freep) json_t *report = NULL;
	const json_t *checks;
	struct err err = {0};
	size_t n_told = 0;

	if (!command_api_report(call, where, k8s_namespace, release, &report, &err)) {
		ret[0] = arena_text(arena, err.text);
		return 1;
	}
	checks = json_object_get(report, "checks");
	for (size_t i = 0; i < json_array_size(checks) && n_told < COMMAND_API_SENTENCES_MAX; i++)
		ret[n_told++] = tell_check(json_array_get(checks, i), arena);
	if (n_told == 0)
		ret[n_told++] = arena_format(arena,
		                             report ? "no check of %s was measured yet"
		                                    : "the agent's history has nothing of %s",
		                             release);
	return n_told;
}
