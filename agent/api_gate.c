#include "agent/api_gate.h"

#include "analysis/base/buf.h"
#include "analysis/base/text.h"
#include "providers/kube/review.h"
#include "providers/kube/tree.h"

#include <stdlib.h>
#include <string.h>

#define MS_PER_SECOND 1000
#define BURST         (2 * API_GATE_RATE)

/* An answer that is remembered. */
struct known {
	char key[DIGEST_TEXT_SIZE]; /* of token, audience and namespace; "": none */
	struct api_gate_answer answer;
	int64_t until; /* uptime, ms */
};

struct api_gate {
	struct loop *loop;
	struct http *http;
	struct known known[API_GATE_KNOWN_MAX];
	size_t n_asked;
	int64_t credit; /* thousandths of a question */
	int64_t credited_at;
};

struct api_gate *api_gate_new(struct loop *loop, struct http *http)
{
	struct api_gate *gate = calloc(1, sizeof(*gate));

	if (!gate)
		abort();
	gate->loop = loop;
	gate->http = http;
	gate->credit = BURST * MS_PER_SECOND;
	gate->credited_at = loop_uptime(loop).ms;
	return gate;
}

struct api_gate *api_gate_free(struct api_gate *gate)
{
	free(gate);
	return NULL;
}

/* The key tells nobody the token. */
static void make_key(const struct api_gate_wish *wish, char ret[DIGEST_TEXT_SIZE])
{
	struct buf text = {.max = KUBE_REVIEW_TOKEN_MAX + 512};
	bool fits = buf_format(&text, "%s %s %s", wish->is_ours ? "ours" : "theirs", wish->token,
	                       wish->k8s_namespace ? wish->k8s_namespace : "*");

	digest_text(fits ? buf_text(&text) : "", ret);
	buf_fini(&text);
}

static struct known *find(struct api_gate *gate, const char *key)
{
	int64_t now = loop_uptime(gate->loop).ms;

	for (size_t i = 0; i < API_GATE_KNOWN_MAX; i++) {
		if (gate->known[i].until > now && strcmp(gate->known[i].key, key) == 0)
			return &gate->known[i];
	}
	return NULL;
}

static void remember(struct api_gate *gate, const char *key, const struct api_gate_answer *answer)
{
	int64_t seconds =
		answer->verdict == API_GATE_OPEN ? API_GATE_OPEN_SECONDS : API_GATE_SHUT_SECONDS;
	struct known *oldest = &gate->known[0];

	for (size_t i = 0; i < API_GATE_KNOWN_MAX; i++) {
		if (gate->known[i].until < oldest->until)
			oldest = &gate->known[i];
	}
	text_copy(oldest->key, key);
	oldest->answer = *answer;
	oldest->until = loop_uptime(gate->loop).ms + seconds * MS_PER_SECOND;
}

/* Is there room for one more question? */
static bool spend(struct api_gate *gate)
{
	int64_t now = loop_uptime(gate->loop).ms;

	gate->credit += (now - gate->credited_at) * API_GATE_RATE;
	gate->credited_at = now;
	if (gate->credit > BURST * MS_PER_SECOND)
		gate->credit = BURST * MS_PER_SECOND;
	if (gate->credit < MS_PER_SECOND || gate->n_asked >= API_GATE_ASKED_MAX)
		return false;
	gate->credit -= MS_PER_SECOND;
	return true;
}

/* Questions --------------------------------------------------------------------------------------
 */

static void forget(struct api_gate_question *question)
{
	http_cancel(&question->call);
	question->gate->n_asked--;
	question->gate = NULL;
	json_decref(question->user);
	question->user = NULL;
	arena_fini(&question->arena);
}

void api_gate_cancel(struct api_gate_question *question)
{
	if (question->gate)
		forget(question);
}

static void conclude(struct api_gate_question *question, enum api_gate_verdict verdict,
                     const char *text)
{
	struct api_gate_answer answer = {.verdict = verdict};
	struct api_gate *gate = question->gate;

	text_copy(answer.who, question->who);
	text_copy(answer.text, text);
	forget(question);
	if (verdict != API_GATE_MUTE)
		remember(gate, question->key, &answer);
	question->done(question, &answer);
}

static void on_access(struct http_call *call, const struct http_reply *reply)
{
	struct api_gate_question *question = container_of(call, struct api_gate_question, call);
	char text[200];

	switch (kube_review_read_access(reply, text)) {
	case KUBE_REVIEW_YES:
		conclude(question, API_GATE_OPEN, "");
		return;
	case KUBE_REVIEW_NO:
		conclude(question, API_GATE_SHUT, "");
		return;
	case KUBE_REVIEW_UNKNOWN:
	case KUBE_REVIEW_REFUSED:
		conclude(question, API_GATE_MUTE, text);
		return;
	}
}

static void send_question(struct api_gate_question *question, const struct http_request *request,
                          void (*done)(struct http_call *call, const struct http_reply *reply))
{
	question->call.done = done;
	question->call.lane = HTTP_LANE_READ;
	http_start(question->gate->http, &question->call, request);
}

static void on_token(struct http_call *call, const struct http_reply *reply)
{
	struct api_gate_question *question = container_of(call, struct api_gate_question, call);
	const char *audience = question->is_ours ? API_GATE_AUDIENCE : NULL;
	bool is_one = question->k8s_namespace[0] != '\0';
	const struct kube_review_access access = {
		.verb = is_one ? "get" : "list",
		.k8s_namespace = is_one ? question->k8s_namespace : NULL,
	};
	struct http_request request;
	char text[200];

	switch (kube_review_read_token(reply, audience, &question->user, text)) {
	case KUBE_REVIEW_YES:
		break;
	case KUBE_REVIEW_NO:
		conclude(question, API_GATE_STRANGER, "");
		return;
	case KUBE_REVIEW_UNKNOWN:
	case KUBE_REVIEW_REFUSED:
		conclude(question, API_GATE_MUTE, text);
		return;
	}
	text_copy(question->who, kube_tree_value(question->user, "username"));
	kube_review_access(&request, &question->arena, question->user, &access);
	send_question(question, &request, on_access);
}

void api_gate_ask(struct api_gate *gate, struct api_gate_question *question,
                  const struct api_gate_wish *wish)
{
	struct api_gate_answer busy = {.verdict = API_GATE_BUSY};
	struct http_request request;
	const struct known *known;

	make_key(wish, question->key);
	known = find(gate, question->key);
	if (known) {
		struct api_gate_answer answer = known->answer;

		question->done(question, &answer);
		return;
	}
	if (!spend(gate)) {
		question->done(question, &busy);
		return;
	}
	gate->n_asked++;
	question->gate = gate;
	question->is_ours = wish->is_ours;
	question->who[0] = '\0';
	text_copy(question->k8s_namespace, wish->k8s_namespace ? wish->k8s_namespace : "");
	kube_review_token(&request, &question->arena, arena_text(&question->arena, wish->token),
	                  wish->is_ours ? API_GATE_AUDIENCE : NULL);
	send_question(question, &request, on_token);
}
