#include "providers/act_alert.h"

#include "analysis/base/text.h"
#include "analysis/target.h"
#include "providers/act_reply.h"
#include "providers/kube/alert_provider.h"
#include "providers/kube/canary_alert.h"
#include "providers/kube/tree.h"

#include <inttypes.h>
#include <string.h>

#define RETRY_AFTER_MAX 30 /* seconds: no more is granted to a receiver */
#define WORD_SHOWN      80 /* bytes of what a receiver said */
#define NOT_IMPLEMENTED 501
#define TOO_MANY        429

/* What was sent last. talk->step is this + STEPS * attempts that are over. */
enum step {
	STEP_NONE,
	STEP_PROVIDER,
	STEP_SECRET,
	STEP_POST,
	STEPS,
};

static int attempts_of(const struct act *act)
{
	return act->talk.step / STEPS;
}

static enum talk_step go(struct act *act, enum step step)
{
	act->talk.step = attempts_of(act) * STEPS + (int)step;
	return TALK_SEND;
}

static bool alert_of(const struct act *act, struct kube_alert *ret)
{
	return kube_canary_alert_find(act->world->object, act->world->options, act->effect->index,
	                              ret);
}

static struct kube_ref ref_of(const struct act *act, const struct kube_alert *alert)
{
	return (struct kube_ref){
		.kind = KUBE_ALERT_PROVIDER,
		.k8s_namespace = alert->k8s_namespace ? alert->k8s_namespace
	                                              : act->world->spec->k8s_namespace,
		.name = alert->provider,
	};
}

/* The end: WHAT says where it failed, in Flagger's words. */
static enum talk_step give_up(struct act *act, const char *what, const char *why)
{
	struct kube_alert alert;

	act->result.outcome = ACT_FAILED;
	if (!alert_of(act, &alert))
		text_copy(act->result.text, "the Canary has no such alert any more");
	else if (!alert.provider)
		text_format(act->result.text, sizeof(act->result.text), "alert notifier %s%s: %s",
		            act->world->options->notifier.type, what, why);
	else
		text_format(act->result.text, sizeof(act->result.text),
		            "alert provider %.100s.%.63s%s: %s", alert.provider,
		            ref_of(act, &alert).k8s_namespace, what, why);
	return TALK_DONE;
}

static enum talk_step begin(struct act *act);

/* The whole again, or the end. */
static enum talk_step again(struct act *act, const struct http_reply *reply, const char *what,
                            const char *why)
{
	int n_attempts = attempts_of(act) + 1;
	int64_t pause = (int64_t)1 << (n_attempts - 1);
	enum talk_step step;

	if (n_attempts >= ACT_ALERT_ATTEMPTS)
		return give_up(act, what,
		               arena_format(act->talk.arena, "%s (given up after %d attempts)", why,
		                            n_attempts));
	act->talk.step = n_attempts * STEPS;
	step = begin(act);
	act->talk.pause = span_seconds(pause);
	if (reply->error.kind == ERR_NONE && reply->retry_after.ms > act->talk.pause.ms)
		act->talk.pause = reply->retry_after.ms < span_seconds(RETRY_AFTER_MAX).ms
		                          ? reply->retry_after
		                          : span_seconds(RETRY_AFTER_MAX);
	return step;
}

/* What is told --------------------------------------------------------------------------------- */

static void add_field(struct notifier_message *message, const char *name, const char *value)
{
	if (*value)
		message->fields[message->n_fields++] =
			(struct notifier_field){.name = name, .value = value};
}

/* "5,10,50" */
static const char *steps_of(const struct canary_spec *spec, struct arena *arena)
{
	const char *steps = "";

	for (size_t i = 0; i < spec->n_step_weights; i++)
		steps = arena_format(arena, "%s%s%d", steps, i > 0 ? "," : "",
		                     spec->step_weights[i]);
	return steps;
}

/* maxWeight as it is written: 0 where it is not. */
static int max_of(const struct act *act)
{
	const json_t *object = act->world->object;
	const json_t *analysis = kube_tree_find(object, "spec/analysis");

	if (!analysis)
		analysis = kube_tree_find(object, "spec/canaryAnalysis");
	return kube_tree_whole(analysis, "maxWeight", 0);
}

static const char *routing_of(const struct act *act)
{
	const struct canary_spec *spec = act->world->spec;
	struct arena *arena = act->talk.arena;

	if (spec->strategy == STRATEGY_AB)
		return "A/B Testing";
	if (spec->strategy == STRATEGY_BLUE_GREEN)
		return "Blue/Green";
	if (spec->step_weight > 0)
		return arena_format(arena, "Weight step: %d max: %d", spec->step_weight,
		                    max_of(act));
	if (spec->n_step_weights > 0)
		return arena_format(arena, "Weight steps: %s max: %d", steps_of(spec, arena),
		                    max_of(act));
	return "";
}

static void message_of(const struct act *act, struct notifier_message *ret)
{
	const struct canary_spec *spec = act->world->spec;
	const struct notice *alert = &act->effect->notice;
	const char *cluster = act->world->options->cluster_name;
	struct arena *arena = act->talk.arena;

	*ret = (struct notifier_message){
		.severity = alert->severity,
		.subject = arena_format(arena, "%s.%s", spec->name, spec->k8s_namespace),
		.text = alert->text,
	};
	add_field(ret, "Cluster", cluster ? cluster : "");
	if (!alert->has_details)
		return;
	add_field(ret, "Target",
	          arena_format(arena, "%s/%s.%s", target_kind_name(spec->target_kind), spec->target,
	                       spec->k8s_namespace));
	add_field(ret, "Failed checks threshold", arena_format(arena, "%d", spec->threshold));
	add_field(ret, "Progress deadline",
	          arena_format(arena, "%" PRId64 "s", spec->progress_deadline.ms / 1000));
	add_field(ret, "Traffic routing", routing_of(act));
}

/* The conversation ----------------------------------------------------------------------------- */

static enum talk_step post(struct act *act, const struct notifier_receiver *receiver)
{
	struct notifier_message message;
	struct err err = {0};

	message_of(act, &message);
	if (!notifier_ask(receiver, &message, act->talk.arena, &act->talk.request, &err))
		return give_up(act, " error", err.text);
	return go(act, STEP_POST);
}

static enum talk_step begin(struct act *act)
{
	struct kube_alert alert;
	struct kube_ref ref;

	if (!alert_of(act, &alert))
		return give_up(act, "", "");
	if (!alert.provider)
		return post(act, &act->world->options->notifier);
	ref = ref_of(act, &alert);
	kube_api_get(&act->talk.request, act->talk.arena, &ref);
	return go(act, STEP_PROVIDER);
}

/* The object that REPLY brings is kept under KEY; false with the next step in *ret. */
static bool take(struct act *act, const struct kube_ref *ref, const struct http_reply *reply,
                 const char *key, enum talk_step *ret)
{
	const char *what =
		strcmp(key, "secret") == 0
			? arena_format(act->talk.arena, " secret %.100s error", ref->name)
			: " error";
	enum act_outcome outcome;
	json_t *object;
	char why[SENTENCE_MAX];

	outcome = act_reply_read(act, ref, reply, &object);
	if (outcome == ACT_OK) {
		act_reply_keep(act, key, object);
		return true;
	}
	text_copy(why, outcome == ACT_ABSENT ? "not found" : act->result.text);
	if (reply->error.kind != ERR_NONE || reply->status == TOO_MANY || reply->status >= 500)
		*ret = again(act, reply, what, arena_text(act->talk.arena, why));
	else
		*ret = give_up(act, what, arena_text(act->talk.arena, why));
	return false;
}

static enum talk_step on_provider(struct act *act, const struct kube_ref *ref,
                                  const struct http_reply *reply)
{
	struct kube_ref secret = {.kind = KUBE_SECRET, .k8s_namespace = ref->k8s_namespace};
	struct kube_alert_provider provider;
	struct err err = {0};
	enum talk_step step;

	if (!take(act, ref, reply, "provider", &step))
		return step;
	if (!kube_alert_provider_read(act_reply_kept(act, "provider"), act->talk.arena, &provider,
	                              &err))
		return give_up(act, " error", err.text);
	if (!provider.secret)
		return post(act, &provider.receiver);
	secret.name = provider.secret;
	kube_api_get(&act->talk.request, act->talk.arena, &secret);
	return go(act, STEP_SECRET);
}

static enum talk_step on_secret(struct act *act, const struct kube_ref *ref,
                                const struct http_reply *reply)
{
	struct kube_ref secret = {.kind = KUBE_SECRET, .k8s_namespace = ref->k8s_namespace};
	struct kube_alert_provider provider;
	struct err err = {0};
	enum talk_step step;

	if (!kube_alert_provider_read(act_reply_kept(act, "provider"), act->talk.arena, &provider,
	                              &err))
		return give_up(act, " error", err.text);
	secret.name = provider.secret;
	if (!take(act, &secret, reply, "secret", &step))
		return step;
	if (!kube_alert_provider_secret_read(act_reply_kept(act, "secret"), act->talk.arena,
	                                     &provider, &err))
		return give_up(
			act, arena_format(act->talk.arena, " secret %.100s error", provider.secret),
			err.text);
	return post(act, &provider.receiver);
}

/* Plain words on one line tell why; anything else may be what we sent. */
static bool is_plain(const char *word, size_t length)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ ,.'-_";

	return length > 0 && length <= WORD_SHOWN && strspn(word, letters) >= length;
}

/* The receiver's answer for people: its host is in what the transport says. */
static const char *word_of(const struct act *act, const struct http_reply *reply)
{
	size_t length;

	if (reply->error.kind != ERR_NONE)
		return reply->error.text;
	length = strcspn(reply->body, "\r\n");
	if (!is_plain(reply->body, length))
		return arena_format(act->talk.arena, "HTTP %d", reply->status);
	return arena_format(act->talk.arena, "HTTP %d: %.*s", reply->status, (int)length,
	                    reply->body);
}

static enum talk_step on_post(struct act *act, const struct http_reply *reply)
{
	const char *why;

	if (reply->error.kind == ERR_NONE && reply->status >= 200 && reply->status < 300) {
		act->result.outcome = ACT_OK;
		return TALK_DONE;
	}
	why = word_of(act, reply);
	if (reply->error.kind != ERR_NONE
	            ? reply->error.kind == ERR_TRANSPORT
	            : reply->status == TOO_MANY ||
	                      (reply->status >= 500 && reply->status != NOT_IMPLEMENTED))
		return again(act, reply, " send error", why);
	return give_up(act, " send error", why);
}

enum talk_step act_alert_next(struct talk *talk, const struct http_reply *reply, struct err *err)
{
	struct act *act = act_reply_owner(talk);
	struct kube_alert alert;
	struct kube_ref ref;

	if (!reply)
		return begin(act);
	if (talk->step % STEPS == STEP_POST)
		return on_post(act, reply);
	if (!alert_of(act, &alert))
		return give_up(act, "", "");
	ref = ref_of(act, &alert);
	return talk->step % STEPS == STEP_SECRET ? on_secret(act, &ref, reply)
	                                         : on_provider(act, &ref, reply);
}
