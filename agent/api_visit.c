#include "agent/api_visit.h"

#include "analysis/base/text.h"
#include "providers/kube/tree.h"
#include "providers/wire/url.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JSON_TYPE     "application/json"
#define LINK_MAX      32768
#define BODY_MAX      (64 * 1024 * 1024)
#define RETRY_SECONDS 1

const char *api_visit_namespace(const struct api_visit *visit)
{
	return visit->k8s_namespace[0] ? visit->k8s_namespace : NULL;
}

const char *api_visit_argument(const struct api_visit *visit, const char *name)
{
	return server_exchange_query(visit->exchange, name);
}

bool api_visit_limit(struct api_visit *visit, size_t standard, size_t most, size_t *ret)
{
	const char *text = api_visit_argument(visit, "limit");
	char *end;
	long limit;

	*ret = standard;
	if (!text)
		return true;
	limit = strtol(text, &end, 10);
	if (*text && !*end && limit >= 1 && (size_t)limit <= most) {
		*ret = (size_t)limit;
		return true;
	}
	api_visit_refuse(visit, 400, "limit: expected a number from 1 to %zu, got \"%.40s\"", most,
	                 text);
	return false;
}

/* Answers ------------------------------------------------------------------------------------- */

static void answer(struct api_visit *visit, json_t *tree,
                   const struct server_exchange_answer *frame)
{
	char *text = json_dumps(tree, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
	struct buf body = {.max = BODY_MAX};
	struct server_exchange_answer whole = *frame;

	json_decref(tree);
	if (!text)
		abort();
	assert(!visit->is_answered);
	visit->is_answered = true;
	alarm_cancel(&visit->late);
	if (!buf_format(&body, "%s\n", text)) {
		buf_fini(&body);
		whole.status = 500;
		(void)!buf_format(&body, "{\"error\": \"the answer is larger than %d bytes\"}\n",
		                  BODY_MAX);
	}
	free(text);
	whole.type = JSON_TYPE;
	whole.body = &body;
	server_exchange_answer(visit->exchange, &whole);
}

/* The arguments that the next page repeats. */
static const char *const repeated[] = {"limit", "canary", "since", "result", "all"};

static bool add_argument(struct buf *link, const char *name, const char *value)
{
	return buf_format(link, "%s=", name) && url_escape(value, strlen(value), link) &&
	       buf_format(link, "&");
}

/* </path?limit=20&continue=TOKEN>; rel="next" */
static bool make_link(const struct api_visit *visit, const char *token, struct buf *link)
{
	bool fits = buf_format(link, "<%s?", server_exchange_path(visit->exchange));

	for (size_t i = 0; fits && i < array_length(repeated); i++) {
		const char *value = api_visit_argument(visit, repeated[i]);

		fits = !value || add_argument(link, repeated[i], value);
	}
	return fits && buf_format(link, "continue=") && url_escape(token, strlen(token), link) &&
	       buf_format(link, ">; rel=\"next\"");
}

void api_visit_answer(struct api_visit *visit, json_t *tree, const char *continue_token)
{
	CLEANUP(buf_fini) struct buf link = {.max = LINK_MAX};
	struct server_exchange_answer frame = {.status = 200};

	if (continue_token && !make_link(visit, continue_token, &link)) {
		json_decref(tree);
		api_visit_refuse(visit, 500, "the address of the next page is longer than %d bytes",
		                 LINK_MAX);
		return;
	}
	frame.link = continue_token ? buf_text(&link) : NULL;
	answer(visit, tree, &frame);
}

void api_visit_refuse(struct api_visit *visit, unsigned int status, const char *format, ...)
{
	struct server_exchange_answer frame = {.status = status};
	json_t *tree = kube_tree_object();
	char text[ERR_TEXT_MAX + 256];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	kube_tree_set_text(tree, "error", text);
	answer(visit, tree, &frame);
}

void api_visit_put_off(struct api_visit *visit, unsigned int status, json_t *tree)
{
	struct server_exchange_answer frame = {.status = status, .retry_seconds = RETRY_SECONDS};

	answer(visit, tree, &frame);
}
